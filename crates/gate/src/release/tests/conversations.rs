//! Whole conversations, made up at random: servers that give data in every kind of content, policies that let some of it
//! go some ways, and calls in which a model writes placeholders as models do.

use super::super::blocks;
use super::super::json::encode;
use super::super::placeholder::percent;
use super::*;
use crate::inspect::data;
use proptest::prelude::*;
use std::collections::HashSet;

const SERVERS: [&str; 3] = ["mail", "crm", "shop"];

/// Numbers that look random and come again for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) as usize) % below
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())]
    }

    fn word(&mut self, of: &[u8], length: usize) -> String {
        (0..length).map(|_| char::from(self.one_of(of))).collect()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Secret {
    class: String,
    value: String,
    /// A text in which it is known for what it is.
    said: String,
}

fn secret(dice: &mut Dice) -> Option<Secret> {
    const SMALL: &[u8] = b"abcdefghijkmnpqrstuvwxyz";
    const DIGITS: &[u8] = b"123456789";
    let (value, said) = match dice.roll(8) {
        0 => (format!("{}@{}.example", dice.word(SMALL, 7), dice.word(SMALL, 5)), "write to @ today"),
        1 => (format!("{}+{}@{}.example", dice.word(SMALL, 4), dice.word(SMALL, 3), dice.word(SMALL, 5)), "<@>"),
        2 => (luhn(format!("4{}", dice.word(DIGITS, 14))), "card @ was used"),
        3 => (format!("{}{}", "AKIA", dice.word(b"ABCDEFGHJKLMNPQRSTUVWXYZ234567", 16)), "id @, on"),
        4 => (format!("Tr0{}&{}!", dice.word(SMALL, 4), dice.word(DIGITS, 3)), "password=@"),
        5 => {
            (format!("{}-{}-{}", dice.word(b"1234", 3), dice.word(DIGITS, 2), dice.word(DIGITS, 4)), "ssn @ is on file")
        }
        6 => (format!("+49 30 {}", dice.word(DIGITS, 7)), "Tel. @"),
        _ => (format!("203.0.113.{}", 10 + dice.roll(200)), "ip: @ came"),
    };
    let said = said.replace('@', &value).replace("&#64;", "@");
    let found = data::find(&said);
    let [datum] = &found[..] else { return None };
    (said[datum.span.clone()] == value).then(|| Secret { class: datum.class.to_string(), value, said })
}

fn luhn(mut digits: String) -> String {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(nth, b)| (u32::from(b - b'0')) * if nth % 2 == 0 { 2 } else { 1 })
        .map(|n| n / 10 + n % 10)
        .sum();
    digits.push(char::from(b'0' + ((10 - sum % 10) % 10) as u8));
    digits
}

/// What must come out as it came in, byte for byte.
const UNTOUCHED: &str = r#""x/untouched" : [ 1.50e1 , "\u0041\/b" ,{ } ]"#;

/// A result that holds these, and the schema of what it promises.
fn result(dice: &mut Dice, secrets: &[Secret]) -> (String, Option<Value>) {
    let said: Vec<String> = secrets.iter().map(|s| s.said.clone()).collect();
    let text = format!("Notes:\n{}\nnothing else", said.join("\n"));
    let end = format!(r#""_meta" : {{{UNTOUCHED}}}"#);
    let (coded, text) = (STANDARD.encode(&text), encode(&text));
    let content = match dice.roll(10) {
        0 => format!(r#"{{"content":[{{"type":"text","text":{text}}}],{end}}}"#),
        1 => format!(
            r#"{{{end},"content":[{{"type":"text","text":"a b"}},{{"type":"resource","resource":{{"uri":"f:///x","text":{text}}}}}]}}"#
        ),
        2 => format!(r#"{{"content":[{{"type":"resource","resource":{{"uri":"f:///x","blob":"{coded}"}}}}],{end}}}"#),
        3 => format!(r#"{{"contents":[{{"uri":"f:///x","blob":"{coded}"}},{{"uri":"f:///y","text":{text}}}],{end}}}"#),
        4 => format!(r#"{{"messages":[{{"role":"user","content":{{"type":"text","text":{text}}}}}],{end}}}"#),
        5 => format!(
            r#"{{"content":[{{"type":"resource_link","uri":"f:///x","name":"n","description":{text}}}],{end}}}"#
        ),
        6 => format!(r#"{{"content":[{{"type":"image","mimeType":"image/png","data":"{coded}"}}],{end}}}"#),
        7 => format!(r#"{{"content":[],"_meta":{{{UNTOUCHED},{text}:{{"k":[{text}]}}}}}}"#),
        _ => return structured(dice, secrets, &said),
    };
    (content, None)
}

/// Structured content with its mirror.
fn structured(dice: &mut Dice, secrets: &[Secret], said: &[String]) -> (String, Option<Value>) {
    let (mut members, mut properties) = (serde_json::Map::new(), serde_json::Map::new());
    let mut required = vec!["count"];
    members.insert("count".into(), json!(7));
    members.insert("notes".into(), json!(said));
    properties.insert("notes".into(), json!({"type":"array","items":{"type":"string","minLength":1}}));
    for (secret, name) in secrets.iter().zip(["first", "second", "third", "fourth"]) {
        let short = secret.class.rsplit('.').next().unwrap_or_default();
        let (value, schema) = match short {
            "email_address" => (json!(secret.value), dice.one_of(&["email", "plain", "short"])),
            "payment_card" => (json!(secret.value.parse::<u64>().unwrap()), "number"),
            "us_ssn" => (json!(secret.value), dice.one_of(&["pattern", "plain"])),
            "ip_address" => (json!(secret.value), dice.one_of(&["ipv4", "plain"])),
            _ => (json!(secret.said), dice.one_of(&["plain", "const"])),
        };
        let schema = match schema {
            "email" => json!({"type":"string","format":"email"}),
            "ipv4" => json!({"type":"string","format":"ipv4"}),
            "number" => json!({"type":"integer","minimum":1000}),
            "pattern" => json!({"type":"string","pattern":"^[0-9]{3}-[0-9]{2}-[0-9]{4}$"}),
            "short" => json!({"type":"string","maxLength":24}),
            "const" => json!({"const":value}),
            _ => json!({"type":"string"}),
        };
        if dice.roll(2) == 0 {
            required.push(name);
        }
        members.insert(name.into(), value);
        properties.insert(name.into(), schema);
    }
    let schema = json!({"type":"object","properties":properties,"required":required});
    let mirror = match dice.roll(2) {
        0 => serde_json::to_string_pretty(&members).unwrap(),
        _ => serde_json::to_string(&members).unwrap(),
    };
    let members = Value::Object(members);
    let raw = format!(
        r#"{{"content":[{{"type":"text","text":{}}}],"structuredContent":{members},"_meta":{{{UNTOUCHED}}}}}"#,
        encode(&mirror)
    );
    (raw, (dice.roll(4) > 0).then_some(schema))
}

/// A value in the forms in which it would still be one.
fn forms(value: &str) -> [String; 4] {
    let json = encode(value);
    let coded = base64::engine::general_purpose::STANDARD_NO_PAD.encode(value);
    [value.to_owned(), json[1..json.len() - 1].to_owned(), percent(value), coded]
}

/// Every text of a message, decoded, files too.
fn texts(raw: &str) -> String {
    let doc = Doc::parse(raw.as_bytes()).unwrap();
    let mut out = raw.to_owned();
    for at in 0..doc.nodes.len() {
        for text in [doc.key(at), doc.text(at)].into_iter().flatten() {
            out.push('\n');
            out.push_str(&text);
            if let Some(blocks::File::Text(text)) = blocks::file(&text).filter(|_| text.len() > 16) {
                out.push_str(&text);
            }
        }
    }
    out
}

/// A placeholder as a model may write it, and what its original must then look like.
fn written(dice: &mut Dice, placeholder: &str) -> (String, fn(&str) -> String) {
    let same: fn(&str) -> String = str::to_owned;
    let html: fn(&str) -> String = |v| v.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let encoded: fn(&str) -> String = percent;
    match dice.roll(8) {
        0 => (placeholder.to_uppercase(), same),
        1 => (placeholder.replace('·', "."), same),
        2 => (placeholder.replace('·', ""), same),
        3 => (placeholder.replace('[', "\\[").replace(']', "\\]").replace('_', "\\_"), same),
        4 => (placeholder.replace('[', "&#91;").replace('·', "&middot;").replace(']', "&#93;"), html),
        5 => (percent(placeholder), encoded),
        6 => (placeholder.replace('·', "•"), same),
        _ => (placeholder.to_owned(), same),
    }
}

struct World {
    dice: Dice,
    withheld: Withheld,
    secrets: Vec<Secret>,
    /// Classes that the model may not see, and pairs of server and class that may go.
    hidden: HashSet<String>,
    may: HashSet<(&'static str, String)>,
    placeholders: Vec<String>,
    /// What servers were sent in place of a value.
    learnt: Vec<String>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed ^ 0x9E37_79B9_7F4A_7C15);
        let secrets: Vec<Secret> = (0..8).filter_map(|_| secret(&mut dice)).collect();
        let classes: HashSet<String> = secrets.iter().map(|s| s.class.clone()).collect();
        let mut classes: Vec<String> = classes.into_iter().collect();
        classes.sort();
        let hidden = classes.iter().filter(|_| dice.roll(4) > 0).cloned().collect();
        let pairs = SERVERS.into_iter().flat_map(|s| classes.iter().map(move |c| (s, c.clone())));
        let may = pairs.filter(|_| dice.roll(2) == 0).collect();
        let key = [dice.roll(256) as u8; 32];
        let (placeholders, learnt) = (Vec::new(), Vec::new());
        Self { withheld: Withheld::new(key), dice, secrets, hidden, may, placeholders, learnt }
    }

    /// A server gives something.
    fn give(&mut self) -> Result<(), TestCaseError> {
        let server = self.dice.one_of(&SERVERS);
        let mut chosen: Vec<Secret> = Vec::new();
        for _ in 0..1 + self.dice.roll(4) {
            let at = self.dice.roll(self.secrets.len());
            if !chosen.contains(&self.secrets[at]) {
                chosen.push(self.secrets[at].clone());
            }
        }
        let (raw, schema) = result(&mut self.dice, &chosen);
        let spotlights = [Spotlight::Off, Spotlight::Delimit, Spotlight::Datamark, Spotlight::Encode];
        let terms = Terms {
            server,
            kind: Kind::Result,
            trusted: self.dice.roll(2) == 0,
            spotlight: self.dice.one_of(&spotlights),
            output_schema: schema.as_ref(),
            withhold: &|class| self.hidden.contains(class),
        };
        let released = release(Bytes::from(raw.clone()), &terms, &mut self.withheld);
        let out = String::from_utf8(released.bytes().to_vec()).unwrap();
        let all = texts(&out);
        let hidden = chosen.iter().filter(|s| self.hidden.contains(&s.class));
        for form in hidden.clone().flat_map(|s| forms(&s.value)) {
            prop_assert!(!all.contains(&form), "{form} is in {out}\nof {raw}");
        }
        prop_assert!(out.contains(UNTOUCHED), "{out}");
        if let (Some(schema), Some(content)) = (&schema, parsed(&out).get("structuredContent")) {
            let validator = jsonschema::options().should_validate_formats(true).build(schema).unwrap();
            prop_assert!(validator.is_valid(content), "{out}\nof {raw}");
        }
        if hidden.count() == 0 && (terms.trusted || terms.spotlight == Spotlight::Off) {
            prop_assert!(released.withheld().is_empty());
            prop_assert!(released.bytes() == raw.as_bytes() || all.contains("Consentry: the "), "{out}\nof {raw}");
        }
        for held in released.withheld().iter().filter(|held| !held.placeholder.is_empty()) {
            let original = self.withheld.original(&held.placeholder);
            prop_assert!(original.is_some_and(|o| o.class == held.class), "{held:?}");
            let value = original.unwrap().value;
            let whole = self.secrets.iter().any(|s| forms(&s.value).iter().any(|form| form == value));
            prop_assert!(whole, "{} is not a whole value: {raw}", value);
            self.placeholders.push(held.placeholder.clone());
        }
        Ok(())
    }

    /// The model calls a server with something it was given.
    fn call(&mut self) -> Result<(), TestCaseError> {
        if self.placeholders.is_empty() {
            return Ok(());
        }
        let server = self.dice.one_of(&SERVERS);
        let placeholder = self.placeholders[self.dice.roll(self.placeholders.len())].clone();
        let (form, how) = match placeholder.starts_with('[') {
            true => written(&mut self.dice, &placeholder),
            false => (placeholder.clone(), (|v| v.to_owned()) as fn(&str) -> String),
        };
        let text = format!("to {form}, please");
        let raw = format!(r#"{{ {UNTOUCHED},"a":[{}],"n":1.0}}"#, encode(&text));
        let may = |original: &Original<'_>| self.may.contains(&(server, original.class.to_owned()));
        let restored =
            restore(raw.as_bytes(), &self.withheld, &mut |o| may(o)).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let original = self.withheld.original(&placeholder).unwrap();
        let out = std::str::from_utf8(&restored.bytes).unwrap();
        let rest = out.starts_with(&format!("{{ {UNTOUCHED}")) && out.ends_with(r#","n":1.0}"#);
        prop_assert!(rest, "{out}");
        let pointers: Vec<_> =
            restored.put_back.iter().chain(&restored.kept).map(|b| (&*b.pointer, &*b.class)).collect();
        prop_assert_eq!(pointers, [("/a/0", original.class)]);
        if may(&original) {
            let out = parsed(out);
            prop_assert_eq!(out["a"][0].as_str().unwrap(), format!("to {}, please", how(original.value)));
        } else {
            prop_assert_eq!(out, &raw);
            let all = texts(out);
            prop_assert!(forms(original.value).iter().all(|form| !all.contains(form)), "{out}");
            self.learnt.push(placeholder);
        }
        Ok(())
    }

    /// A server sends back what it learnt, or something made up.
    fn forge(&mut self) -> Result<(), TestCaseError> {
        let learnt = match self.learnt.is_empty() || self.dice.roll(4) == 0 {
            true => format!("[email:1·{}]", self.dice.word(b"abcdefghABCDEFGH0123", 10)),
            false => self.learnt[self.dice.roll(self.learnt.len())].clone(),
        };
        let (form, _) = match learnt.starts_with('[') {
            true => written(&mut self.dice, &learnt),
            false => (learnt.clone(), (|v| v.to_owned()) as fn(&str) -> String),
        };
        let raw =
            json!({"content":[{"type":"text","text":format!("as you said, {form}.")}],"structuredContent":{"a":form}});
        let server = self.dice.one_of(&SERVERS);
        let terms =
            Terms { server, withhold: &|class| self.hidden.contains(class), ..Terms::open(server, Kind::Result) };
        let released = release(Bytes::from(raw.to_string()), &terms, &mut self.withheld);
        let back = restore(released.bytes(), &self.withheld, &mut |_| true);
        let nothing = back.as_ref().is_ok_and(|back| back.put_back.is_empty() && back.bytes == released.bytes());
        prop_assert!(nothing, "{back:?} of {:?}", released.bytes());
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn nothing_goes_where_it_may_not_and_all_comes_back_where_it_may(seed in any::<u64>()) {
        let mut world = World::new(seed);
        prop_assume!(!world.secrets.is_empty());
        for _ in 0..6 {
            match world.dice.roll(4) {
                0 | 1 => world.give()?,
                2 => world.call()?,
                _ => world.forge()?,
            }
        }
    }
}
