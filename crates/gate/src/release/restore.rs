//! Originals put back into the arguments of a call.

use super::json::{Doc, Splices, decode, encode};
use super::placeholder::{Form, find};
use super::withheld::{Known, Original, Withheld};
use bytes::Bytes;
use std::borrow::Cow;
use std::ops::Range;
use wire::text::escaped;

/// A placeholder in a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutBack {
    /// JSON pointer of the text that it stands in; of the member, where it stands in a name.
    pub pointer: String,
    /// The placeholder, as we wrote it.
    pub placeholder: String,
    /// The data class of what it stands for.
    pub class: String,
    /// The servers that gave the value.
    pub from: Vec<String>,
}

/// A call's arguments with originals in them.
#[derive(Clone)]
pub struct Restored {
    /// The arguments as they may go out. What no placeholder stood in is as it was, byte for byte.
    pub bytes: Bytes,
    /// What was put back.
    pub put_back: Vec<PutBack>,
    /// What may not go there, and so goes out as a placeholder.
    pub kept: Vec<PutBack>,
}

impl std::fmt::Debug for Restored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The bytes hold originals.
        let mut shown = f.debug_struct("Restored");
        shown.field("put_back", &self.put_back).field("kept", &self.kept).finish_non_exhaustive()
    }
}

/// Why a call can't go out: sentences that the model can use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreFault {
    /// The arguments are not JSON.
    #[error("the arguments could not be read")]
    Unreadable,
    /// A placeholder that was never given out in this conversation.
    #[error(
        "the placeholder {placeholder} at {pointer} is not one of this conversation: copy it exactly as it stands in the result, or ask the user for the value"
    )]
    Unknown {
        /// Where it stands, escaped.
        pointer: String,
        /// As it was written, escaped.
        placeholder: String,
    },
    /// A placeholder whose original had to make room for others.
    #[error(
        "what the placeholder {placeholder} at {pointer} stands for is no longer kept: read it again from where it came, and use the new placeholder"
    )]
    Gone {
        /// Where it stands, escaped.
        pointer: String,
        /// As it was written, escaped.
        placeholder: String,
    },
}

/// Arguments with originals put back where `may` lets them go. It is asked for each placeholder; what it forbids stays
/// a placeholder. What is put back is not looked through again.
///
/// # Errors
/// A placeholder that can't be put back, whoever made it: then the call must not run.
pub fn restore(
    arguments: &[u8],
    withheld: &Withheld,
    may: &mut dyn FnMut(&Original<'_>) -> bool,
) -> Result<Restored, RestoreFault> {
    let doc = Doc::parse(arguments).ok_or(RestoreFault::Unreadable)?;
    let mut restored = Restored { bytes: Bytes::new(), put_back: Vec::new(), kept: Vec::new() };
    let mut splices = Splices::default();
    for at in 0..doc.nodes.len() {
        let key = doc.node(at).and_then(|n| n.key.clone());
        let place = doc.node(at).map_or(0..0, |n| n.span.clone());
        let key = key.and_then(|key| Some((decode(doc.raw.get(key.clone())?), key)));
        let texts: [Option<(Cow<'_, str>, Range<usize>)>; 2] = [key, doc.text(at).map(|text| (text, place))];
        for (text, place) in texts.into_iter().flatten() {
            let forms = find(&text);
            if forms.is_empty() {
                continue;
            }
            let forms = forms.into_iter().map(|(form, _)| form);
            if let Some(new) = one(&text, forms, withheld, may, &mut restored, &|| doc.pointer(at))? {
                splices.put(place, encode(&new));
            }
        }
    }
    restored.bytes = match splices.is_empty() {
        true => Bytes::copy_from_slice(arguments),
        false => splices.apply(doc.raw).into(),
    };
    Ok(restored)
}

/// One text with originals in it; `None` where it stays as it is.
fn one(
    text: &str,
    forms: impl Iterator<Item = Form>,
    withheld: &Withheld,
    may: &mut dyn FnMut(&Original<'_>) -> bool,
    restored: &mut Restored,
    pointer: &dyn Fn() -> String,
) -> Result<Option<String>, RestoreFault> {
    let mut new = String::new();
    let mut done = 0;
    for form in forms {
        let Some(original) = withheld.by_tag(&form.tag) else {
            let written = text.get(form.span.clone()).unwrap_or_default();
            let (pointer, placeholder) = (escaped(&pointer()), escaped(written));
            match withheld.known(&form.tag) {
                Known::Gone => return Err(RestoreFault::Gone { pointer, placeholder }),
                _ if form.sure => return Err(RestoreFault::Unknown { pointer, placeholder }),
                // Ordinary text is written so too.
                _ => continue,
            }
        };
        let note = PutBack {
            pointer: pointer(),
            placeholder: withheld.placeholder(&form.tag).unwrap_or_default(),
            class: original.class.to_owned(),
            from: original.from.to_vec(),
        };
        if !may(&original) {
            restored.kept.push(note);
            continue;
        }
        new.push_str(text.get(done..form.span.start).unwrap_or_default());
        new.push_str(&form.write(original.value));
        done = form.span.end;
        restored.put_back.push(note);
    }
    if done == 0 {
        return Ok(None);
    }
    new.push_str(text.get(done..).unwrap_or_default());
    Ok(Some(new))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMAIL: &str = "personal.email_address";

    fn withheld() -> (Withheld, String) {
        let mut withheld = Withheld::new([3; 32]);
        let mark = withheld.withhold(EMAIL, "mail", "a \"b\"&c@x.example");
        (withheld, mark.placeholder())
    }

    fn restored(arguments: &str, withheld: &Withheld) -> String {
        let restored = restore(arguments.as_bytes(), withheld, &mut |_| true).unwrap();
        String::from_utf8(restored.bytes.to_vec()).unwrap()
    }

    #[test]
    fn originals_come_back_as_the_place_wants_them_written() {
        let (withheld, p) = withheld();
        let tag = p.get(p.len() - 11..p.len() - 1).unwrap();
        assert_eq!(
            restored(&format!(r#"{{ "to" :"{p}","n":1.0}}"#), &withheld),
            r#"{ "to" :"a \"b\"&c@x.example","n":1.0}"#
        );
        assert_eq!(
            restored(&format!(r#"["x {p}y{p}"]"#), &withheld),
            r#"["x a \"b\"&c@x.exampleya \"b\"&c@x.example"]"#
        );
        assert_eq!(restored(&format!(r#"{{"{p}":1}}"#), &withheld), r#"{"a \"b\"&c@x.example":1}"#);
        let url = format!(r#"["https://h/?q=%5Bemail%3A1%C2%B7{tag}%5D#x"]"#);
        assert_eq!(restored(&url, &withheld), r#"["https://h/?q=a%20%22b%22%26c%40x.example#x"]"#);
        let html = format!(r#"["<b>&#91;email:1&middot;{tag}&#93;"]"#);
        assert_eq!(restored(&html, &withheld), r#"["<b>a &quot;b&quot;&amp;c@x.example"]"#);
        let loose = format!(r#"["\\[EMAIL:1 {}\\]"]"#, tag.to_uppercase());
        assert_eq!(restored(&loose, &withheld), r#"["a \"b\"&c@x.example"]"#);
        let json = format!(r#"["{{\"to\":\"\\u005bemail:1\\u00b7{tag}\\u005d\"}}"]"#);
        assert_eq!(restored(&json, &withheld), r#"["{\"to\":\"a \\\"b\\\"&c@x.example\"}"]"#);
    }

    #[test]
    fn what_may_not_go_stays_a_placeholder_and_is_told() {
        let (withheld, p) = withheld();
        let arguments = format!(r#"{{"a":["{p}"]}}"#);
        let restored = restore(arguments.as_bytes(), &withheld, &mut |o| o.class != EMAIL).unwrap();
        assert_eq!(restored.bytes, arguments);
        let kept = PutBack { pointer: "/a/0".into(), placeholder: p, class: EMAIL.into(), from: vec!["mail".into()] };
        assert_eq!((restored.put_back, restored.kept), (vec![], vec![kept]));
    }

    #[test]
    fn a_placeholder_of_elsewhere_stops_the_call() {
        let (withheld, p) = withheld();
        let forged = restore(br#"{"a":"[email:1\u00b7AAAAAAAAAA]"}"#, &withheld, &mut |_| true).unwrap_err();
        assert!(forged.to_string().contains("[email:1·AAAAAAAAAA] at /a is not one"), "{forged}");
        let other = restore(format!("[\"{p}\"]").as_bytes(), &Withheld::new([4; 32]), &mut |_| true);
        assert!(matches!(other, Err(RestoreFault::Unknown { .. })));
        let code = r#"{"a":"x[step:1 javascript]"}"#;
        assert_eq!(restored(code, &withheld), code);
        assert_eq!(restore(b"{", &withheld, &mut |_| true).unwrap_err(), RestoreFault::Unreadable);
    }

    #[test]
    fn what_is_put_back_is_not_looked_through() {
        let mut withheld = Withheld::new([3; 32]);
        let inner = withheld.withhold(EMAIL, "m", "x@y.example").placeholder();
        let outer = withheld.withhold("secret.assigned", "m", &inner).placeholder();
        assert_eq!(restored(&format!("[\"{outer}\"]"), &withheld), format!("[\"{inner}\"]"));
    }
}
