//! How much goes through: a call by itself, and with what went before it. Data that leaves piece by piece leaves all the
//! same, so policy is told sums.

use super::places::is_sender;
use super::role::Role;
use crate::call::{Call, scalars};
use crate::tool::Effect;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The most that one call counts as money: then no sum saturates, and what is taken back leaves the rest as it was.
const MOST_AMOUNT: i64 = 1 << 40;

/// How much of what went through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Volume {
    /// Records that the client was shown: elements of lists, lines of tables.
    #[serde(skip_serializing_if = "is_zero")]
    pub rows_seen: i64,
    /// Bytes of results that the client was shown.
    #[serde(skip_serializing_if = "is_zero")]
    pub bytes_seen: i64,
    /// Records that left for others.
    #[serde(skip_serializing_if = "is_zero")]
    pub rows_sent: i64,
    /// Bytes of arguments that left for others.
    #[serde(skip_serializing_if = "is_zero")]
    pub bytes_sent: i64,
    /// Whom it went to, each once.
    #[serde(skip_serializing_if = "is_zero")]
    pub recipients: i64,
    /// Money, in whole units of whatever currency, each call's rounded up.
    #[serde(skip_serializing_if = "is_zero")]
    pub amount: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// What went through before a call, or with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SoFar {
    /// Calls of this client in the last hour, this one included.
    pub calls_last_hour: i64,
    /// In this conversation, within a day.
    pub conversation: Volume,
    /// For this client, within an hour.
    pub hour: Volume,
    /// For this client, within a day.
    pub day: Volume,
}

impl Volume {
    /// What one call takes along, where it leaves for others or moves money, and whom it goes to, each as a number.
    pub(super) fn of(call: &Call, outward: bool) -> (Self, HashSet<u64>) {
        let pays = call.tool.effects.contains(&Effect::Pay);
        if !outward && !pays {
            return Default::default();
        }
        let arguments = &call.request.parsed;
        let recipients = recipients(call);
        let mut volume = Self { recipients: count(recipients.len()), ..Self::default() };
        if outward {
            volume.rows_sent = rows_of(arguments);
            volume.bytes_sent = count(call.request.arguments.len());
        }
        if pays {
            let amounts =
                scalars(arguments).into_iter().filter(|(at, value)| Role::of(at, value) == Some(Role::Amount));
            volume.amount = amounts.map(|(_, value)| whole(value)).fold(0, i64::saturating_add).min(MOST_AMOUNT);
        }
        (volume, recipients)
    }

    /// What a result shows.
    pub fn seen(result: &[u8]) -> Self {
        Self { rows_seen: rows_of_result(result), bytes_seen: count(result.len()), ..Self::default() }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            rows_seen: self.rows_seen.saturating_add(other.rows_seen),
            bytes_seen: self.bytes_seen.saturating_add(other.bytes_seen),
            rows_sent: self.rows_sent.saturating_add(other.rows_sent),
            bytes_sent: self.bytes_sent.saturating_add(other.bytes_sent),
            recipients: self.recipients.saturating_add(other.recipients),
            amount: self.amount.saturating_add(other.amount),
        }
    }

    /// This without that, never below nothing.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        let less = |a: i64, b: i64| a.saturating_sub(b).max(0);
        Self {
            rows_seen: less(self.rows_seen, other.rows_seen),
            bytes_seen: less(self.bytes_seen, other.bytes_seen),
            rows_sent: less(self.rows_sent, other.rows_sent),
            bytes_sent: less(self.bytes_sent, other.bytes_sent),
            recipients: less(self.recipients, other.recipients),
            amount: less(self.amount, other.amount),
        }
    }

    /// Each part with the name that policies know it by.
    pub fn parts(&self) -> [(&'static str, i64); 6] {
        [
            ("rows_seen", self.rows_seen),
            ("bytes_seen", self.bytes_seen),
            ("rows_sent", self.rows_sent),
            ("bytes_sent", self.bytes_sent),
            ("recipients", self.recipients),
            ("amount", self.amount),
        ]
    }
}

impl SoFar {
    /// With one more call.
    #[must_use]
    pub fn with(self, volume: Volume) -> Self {
        Self {
            calls_last_hour: self.calls_last_hour,
            conversation: self.conversation.plus(volume),
            hour: self.hour.plus(volume),
            day: self.day.plus(volume),
        }
    }

    /// Each span of time with the name that policies know it by.
    pub fn spans(&self) -> [(&'static str, &Volume); 3] {
        [("conversation", &self.conversation), ("hour", &self.hour), ("day", &self.day)]
    }
}

/// Whom a call names as the ones it goes to, in one spelling, however many they are.
fn recipients(call: &Call) -> HashSet<u64> {
    let mut out = HashSet::new();
    for (pointer, value) in scalars(&call.request.parsed) {
        if !matches!(Role::of(&pointer, value), Some(Role::Recipient | Role::Account)) || is_sender(&pointer) {
            continue;
        }
        let text = value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed);
        // A comma also stands within a name, `Lee, Ann <ann@example.org>`: where there are addresses, those count.
        let parts = || text.split([',', ';', '\n']).map(str::trim).filter(|part| !part.is_empty());
        let addressed = parts().any(|part| part.contains('@'));
        for part in parts().filter(|part| !addressed || part.contains('@')) {
            let inner = part.rsplit_once('<').and_then(|(_, tail)| tail.strip_suffix('>')).unwrap_or(part);
            let mut hasher = DefaultHasher::new();
            inner.trim_start_matches("mailto:").to_lowercase().hash(&mut hasher);
            out.insert(hasher.finish());
        }
    }
    out
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// An amount in whole units, rounded up. A sum that goes the other way is none the smaller for it.
fn whole(value: &Value) -> i64 {
    let number = match value {
        Value::String(text) => {
            let plain: String = text.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
            plain.parse().unwrap_or(0.0)
        }
        _ => value.as_f64().unwrap_or(0.0),
    };
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates, which is what a sum wants")]
    let whole = number.abs().ceil() as i64;
    whole
}

/// The records in a call's arguments: elements of the outermost lists, lines of tables in texts.
fn rows_of(value: &Value) -> i64 {
    match value {
        Value::Array(items) => {
            let listed = items.iter().filter(|item| !item.is_number() && !item.is_boolean() && !item.is_null()).count();
            // A list with one element may be a mere wrapping.
            if items.len() == 1 { count(listed).max(rows_of(&items[0])) } else { count(listed) }
        }
        Value::Object(map) => map.values().map(rows_of).fold(0, i64::saturating_add),
        Value::String(text) => rows_of_text(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// A tool's result, as far as records are counted in it.
#[derive(Deserialize)]
struct Shown<'a> {
    #[serde(borrow, default)]
    content: Vec<Block<'a>>,
    #[serde(borrow, default, rename = "structuredContent")]
    structured: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow, default)]
    text: Cow<'a, str>,
    #[serde(borrow, default)]
    resource: Option<Resource<'a>>,
}

#[derive(Deserialize)]
struct Resource<'a> {
    #[serde(borrow, default)]
    text: Cow<'a, str>,
}

/// The records in a result. What stands in it twice, as text and structured, counts once.
fn rows_of_result(result: &[u8]) -> i64 {
    let Ok(shown) = serde_json::from_slice::<Shown<'_>>(result) else { return rows_of_json(result) };
    let rows = |block: &Block<'_>| {
        let resource = block.resource.as_ref().map_or(0, |resource| rows_of_text(&resource.text));
        rows_of_text(&block.text).saturating_add(resource)
    };
    let texts = shown.content.iter().map(rows).fold(0, i64::saturating_add);
    texts.max(shown.structured.map_or(0, |raw| rows_of_json(raw.get().as_bytes())))
}

/// The records in a text: JSON, JSON line by line, or a table.
fn rows_of_text(text: &str) -> i64 {
    let text = text.trim();
    if text.starts_with(['[', '{']) {
        return rows_of_json(text.as_bytes());
    }
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let Some(first) = lines.next() else { return 0 };
    let cells = |line: &str, separator: u8| line.bytes().filter(|byte| *byte == separator).count();
    let separator =
        [(b'\t', 1), (b'|', 1), (b';', 1), (b',', 1)].into_iter().find(|(s, least)| cells(first, *s) >= *least);
    let Some((separator, _)) = separator else { return 0 };
    let wanted = cells(first, separator);
    let (mut like, mut all) = (1, 1);
    for line in lines {
        all += 1;
        like += i64::from(cells(line, separator) == wanted);
    }
    // Prose has commas too, but not the same number of them in every line.
    if all >= 3 && like * 5 >= all * 4 { like } else { 0 }
}

/// The elements of the outermost lists of a JSON text, and its values where it is several, one after the other. Numbers
/// alone are no records. Works on what is no JSON as well: then it counts something.
fn rows_of_json(json: &[u8]) -> i64 {
    let (mut rows, mut values) = (0i64, 0i64);
    let (mut depth, mut lists) = (0usize, Vec::new());
    let (mut quoted, mut escaped) = (false, false);
    for byte in json {
        if quoted {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
            continue;
        }
        let begins = matches!(byte, b'"' | b'{' | b'[');
        // Directly in a list that stands in no other list.
        rows += i64::from(begins && lists.len() == 1 && lists.last() == Some(&depth));
        match byte {
            b'"' => quoted = true,
            b'{' | b'[' => {
                values += i64::from(depth == 0);
                depth += 1;
                if *byte == b'[' {
                    lists.push(depth);
                }
            }
            b'}' | b']' => {
                if lists.last() == Some(&depth) {
                    lists.pop();
                }
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
    }
    rows.saturating_add(if values > 1 { values } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provenance::tests::call as call_of;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn records_are_elements_of_the_outermost_lists_and_lines_of_tables() {
        for (text, rows) in [
            (r#"[{"a":1,"tags":["x","y"]},{"a":2}]"#, 2),
            (r#"{"total":2,"items":[{"id":1},{"id":2},{"id":3}]}"#, 3),
            (r#"["a@example.org","b@example.org"]"#, 2),
            (r#"[[1,2],[3,4]]"#, 2),
            (r#"{"vector":[0.1,0.2,0.3]}"#, 0),
            ("{\"id\":1}\n{\"id\":2}\n{\"id\":3}", 3),
            ("name,mail\nann,a@x\nbob,b@x\neve,e@x", 4),
            ("| a | b |\n|---|---|\n| 1 | 2 |", 3),
            ("Dear Ann,\nthank you, all of you, for the parcel.\nIt came in one piece.", 0),
            ("fn main() {\n    let a = 1;\n}", 0),
            ("", 0),
        ] {
            assert_eq!(rows_of_text(text), rows, "{text}");
            let result = json!({"content": [{"type": "text", "text": text}]}).to_string();
            assert_eq!(Volume::seen(result.as_bytes()).rows_seen, rows, "{text}");
        }
        let both = json!({"content": [{"type": "text", "text": "[{},{}]"}], "structuredContent": {"r": [{}, {}]}});
        assert_eq!(Volume::seen(both.to_string().as_bytes()).rows_seen, 2, "what stands there twice counts once");
    }

    #[test]
    fn a_call_counts_only_what_leaves() {
        let arguments = json!({
            "to": ["Lee, Ann <ann@example.org>", "bob@example.org, BOB@example.org"], "cc": "eve@example.org;",
            "body": "id,mail\n1,a@x\n2,b@x", "from": "me@example.org"
        });
        let call = call_of("send_email", &[Effect::Send], arguments.clone());
        let (volume, _) = Volume::of(&call, true);
        assert_eq!((volume.recipients, volume.rows_sent), (3, 3 + 2));
        assert_eq!(volume.bytes_sent, count(arguments.to_string().len()));
        assert_eq!(Volume::of(&call, false).0, Volume::default());
    }

    #[test]
    fn amounts_are_whole_and_never_less_than_they_are() {
        for (amount, whole) in
            [(json!(12.5), 13), (json!(-40), 40), (json!("EUR 1200.10"), 1201), (json!(1e300), MOST_AMOUNT)]
        {
            let call = call_of("send_money", &[Effect::Pay], json!({"recipient": "Ann", "amount": amount}));
            assert_eq!(Volume::of(&call, false).0.amount, whole);
        }
    }

    #[test]
    fn recipients_are_counted_beyond_what_is_told_one_by_one() {
        let many: Vec<String> = (0..5_000).map(|n| format!("p{n}@example.org")).collect();
        let call = call_of("send_email", &[Effect::Send], json!({"to": many}));
        assert_eq!(Volume::of(&call, true).0.recipients, 5_000);
        let call = call_of("send_email", &[Effect::Send], json!({"to": many.join(",")}));
        assert_eq!(Volume::of(&call, true).0.recipients, 5_000);
    }

    proptest! {
        #[test]
        fn anything_is_counted(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(Volume::seen(&bytes).rows_seen >= 0);
            prop_assert!(rows_of_text(&String::from_utf8_lossy(&bytes)) >= 0);
        }

        #[test]
        fn sums_come_apart_again(a in 0..i64::MAX / 2, b in 0..i64::MAX / 2) {
            let (a, b) = (Volume { rows_sent: a, ..Volume::default() }, Volume { rows_sent: b, ..Volume::default() });
            prop_assert_eq!(a.plus(b).minus(b), a);
        }
    }
}
