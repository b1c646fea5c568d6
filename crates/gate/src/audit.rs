//! The record of what happened: entries in a hash chain over canonical JSON, bodies beside it by their hash.

use crate::call::Digest;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// The hash before the first entry.
pub const GENESIS: [u8; 32] = [0; 32];

/// JSON in one form only: keys sorted by bytes, no space, and characters that can't be seen escaped, so that a record
/// can be printed as it is. Numbers as serde_json writes them.
pub fn canonical(value: &Value) -> String {
    let mut out = String::with_capacity(256);
    write_canonical(value, &mut out);
    out
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => {
            let _ = write!(out, "{n}");
        }
        Value::String(s) => write_string(s, out),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut members: Vec<(&str, &Value)> = map.iter().map(|(k, v)| (k.as_str(), v)).collect();
            members.sort_unstable_by_key(|(k, _)| k.as_bytes());
            write_members(members.into_iter(), out);
        }
    }
}

/// An object whose members are in order already.
fn write_members<'a>(members: impl Iterator<Item = (&'a str, &'a Value)>, out: &mut String) {
    out.push('{');
    for (i, (key, value)) in members.enumerate() {
        if i > 0 {
            out.push(',');
        }
        write_string(key, out);
        out.push(':');
        write_canonical(value, out);
    }
    out.push('}');
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    // Nearly all text needs no escape at all.
    if text.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\') {
        out.push_str(text);
        out.push('"');
        return;
    }
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(c),
            c if wire::text::is_hidden(c) => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A body that is kept beside the chain: the arguments as sent, the card as shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Its hash, lower-case hex: what the record names it by.
    pub sha256: String,
    /// Its bytes.
    pub bytes: bytes::Bytes,
}

/// One entry before it has its place in the chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Milliseconds since 1970-01-01 UTC.
    pub at: i64,
    /// `intent`, `outcome`, `refused`, `asked`, `answered`, …
    pub kind: &'static str,
    /// The call it belongs to.
    pub call: Option<crate::call::CallId>,
    fields: Vec<(&'static str, Value)>,
    bodies: Vec<Body>,
}

impl Record {
    /// An entry of this kind at this time.
    pub fn new(kind: &'static str, at: i64) -> Self {
        Self { at, kind, call: None, fields: Vec::with_capacity(20), bodies: Vec::new() }
    }

    /// The call it belongs to.
    #[must_use]
    pub fn call(mut self, call: crate::call::CallId) -> Self {
        self.call = Some(call);
        self
    }

    /// A field of the record; `null`, `""`, `[]` and `{}` are left out.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let empty = match &value {
            Value::Null => true,
            Value::String(s) => s.is_empty(),
            Value::Array(a) => a.is_empty(),
            Value::Object(o) => o.is_empty(),
            Value::Bool(_) | Value::Number(_) => false,
        };
        if !empty {
            self.fields.push((name, value));
        }
        self
    }

    /// A body beside the chain; the record holds its hash and size.
    #[must_use]
    pub fn with_body(mut self, name: &'static str, bytes: bytes::Bytes) -> Self {
        let sha256 = hex::encode(Sha256::digest(&bytes));
        self.fields.push((name, serde_json::json!({"bytes": bytes.len(), "sha256": sha256})));
        self.bodies.push(Body { sha256, bytes });
        self
    }

    /// The canonical text the chain is computed over, and the bodies beside it.
    pub fn seal(mut self) -> (String, Vec<Body>) {
        self.fields.push(("at", self.at.into()));
        self.fields.push(("kind", self.kind.into()));
        if let Some(call) = self.call {
            self.fields.push(("call", call.to_string().into()));
        }
        // What was said last stands, as in any object.
        self.fields.reverse();
        self.fields.sort_by_key(|(name, _)| *name);
        self.fields.dedup_by_key(|(name, _)| *name);
        let mut text = String::with_capacity(1024);
        write_members(self.fields.iter().map(|(name, value)| (*name, value)), &mut text);
        (text, self.bodies)
    }
}

/// The hash of the entry at `seq` (from 1) whose predecessor has hash `previous`.
pub fn link(previous: &[u8; 32], seq: i64, record: &str) -> [u8; 32] {
    Digest::of("consentry entry 1", &[previous, &seq.to_be_bytes(), record.as_bytes()]).0
}

/// Recomputes a chain entry by entry.
#[derive(Debug)]
pub struct Verifier {
    previous: [u8; 32],
    seq: i64,
    faults: Vec<String>,
}

impl Default for Verifier {
    fn default() -> Self {
        Self { previous: GENESIS, seq: 0, faults: Vec::new() }
    }
}

impl Verifier {
    /// The next entry, in order. After a fault the stored hash is taken, so that one change is reported once.
    pub fn read(&mut self, seq: i64, record: &str, hash: &[u8]) {
        self.seq = self.seq.saturating_add(1);
        if seq != self.seq {
            let due = self.seq;
            self.fault(match seq < due {
                true => format!("entry {seq} stands where none was written"),
                false => format!("entry {due} is missing: the next one is {seq}"),
            });
            self.seq = seq;
        }
        let expected = link(&self.previous, seq, record);
        if expected != hash {
            self.fault(format!("entry {seq} is not what was written: its hash does not follow from the one before"));
        } else if !is_canonical(record) {
            self.fault(format!("entry {seq} is not in canonical form"));
        }
        self.previous = hash.try_into().unwrap_or(expected);
    }

    /// Something else that does not fit, such as a body whose hash is another.
    pub fn fault(&mut self, what: String) {
        if self.faults.len() < 100 {
            self.faults.push(what);
        }
    }

    /// How many entries, the last hash, and what is wrong.
    pub fn finish(self) -> (i64, [u8; 32], Vec<String>) {
        (self.seq, self.previous, self.faults)
    }
}

fn is_canonical(record: &str) -> bool {
    serde_json::from_str::<Value>(record).is_ok_and(|v| canonical(&v) == record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn chain(records: &[&str]) -> Vec<(i64, String, [u8; 32])> {
        let mut previous = GENESIS;
        let mut out = Vec::new();
        for (i, record) in records.iter().enumerate() {
            let seq = i as i64 + 1;
            previous = link(&previous, seq, record);
            out.push((seq, (*record).to_owned(), previous));
        }
        out
    }

    fn faults(entries: &[(i64, String, [u8; 32])]) -> Vec<String> {
        let mut verifier = Verifier::default();
        for (seq, record, hash) in entries {
            verifier.read(*seq, record, hash);
        }
        verifier.finish().2
    }

    #[test]
    fn entries_at_the_ends_of_all_numbers_are_faults() {
        let mut entries = chain(&["{}"]);
        entries.insert(0, (i64::MIN, "{}".into(), [0; 32]));
        entries.push((i64::MAX, "{}".into(), [0; 32]));
        entries.push((i64::MAX, "{}".into(), [0; 32]));
        let said = faults(&entries);
        assert!(said.iter().any(|fault| fault.contains("stands where none was written")), "{said:?}");
        assert!(said.iter().any(|fault| fault.contains("the next one is 9223372036854775807")), "{said:?}");
    }

    #[test]
    fn a_chain_holds_until_one_byte_changes() {
        let good = chain(&[r#"{"a":1}"#, r#"{"a":2}"#, r#"{"a":3}"#]);
        assert!(faults(&good).is_empty());
        let mut changed = good.clone();
        changed[1].1 = r#"{"a":9}"#.into();
        assert_eq!(faults(&changed).len(), 1);
        let mut cut = good.clone();
        cut.remove(1);
        assert_eq!(faults(&cut).len(), 2, "a gap, and a hash that does not follow");
        let mut swapped = good.clone();
        swapped.swap(0, 1);
        assert!(!faults(&swapped).is_empty());
    }

    #[test]
    fn records_say_what_they_hold_and_hide_nothing() {
        let (text, bodies) = Record::new("intent", 5)
            .with("tool", "a\u{202E}b")
            .with("empty", "")
            .with_body("arguments", bytes::Bytes::from_static(b"{}"))
            .seal();
        assert!(text.starts_with(r#"{"arguments":{"bytes":2,"sha256":"44136fa3"#), "{text}");
        assert!(text.ends_with(r#""at":5,"kind":"intent","tool":"a\u202eb"}"#), "{text}");
        assert!(bodies[0].sha256.starts_with("44136fa3"));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::hash_map(any::<String>(), inner, 0..6)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn canonical_form_keeps_the_value_and_is_one(value in any_json()) {
            let text = canonical(&value);
            let back: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&back, &value);
            prop_assert!(is_canonical(&text));
            prop_assert!(!text.chars().any(wire::text::is_hidden));
        }
    }

    #[test]
    fn key_order_does_not_matter() {
        assert_eq!(canonical(&json!({"b":1,"a":[{"d":1,"c":2}]})), r#"{"a":[{"c":2,"d":1}],"b":1}"#);
    }
}
