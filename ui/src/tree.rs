//! JSON as a list of indented lines that a person reads: in the order of the bytes, doubled keys kept, numbers exactly
//! as written, strings without quotes. What is too deep or not JSON stays as it was written.

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// How far in, from 0.
    pub depth: usize,
    /// Foreign: what it is called.
    pub key: Key,
    /// What it is.
    pub leaf: Leaf,
}

/// How a line is called by what contains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// The value itself.
    Root,
    /// Its place in a list, from 1.
    Place(usize),
    /// Foreign: its name in an object.
    Name(String),
}

/// What a line holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// Foreign: a string, unescaped.
    Text(String),
    /// A number, `true`, `false` or `null`, as written.
    Word(String),
    /// A list or object whose members follow, one deeper; how many there are.
    List(usize),
    /// As [`Leaf::List`], with names.
    Object(usize),
    /// Foreign: JSON too deep to lay out, as written.
    Raw(String),
}

/// Nested deeper than this, JSON stays as it was written.
const DEEPEST: usize = 24;
/// Longer than this, laying it out helps nobody.
const LONGEST: usize = 256 * 1024;

/// The lines of a JSON text, or `None` when it isn't JSON or too long to be laid out.
pub fn rows(json: &str) -> Option<Vec<Row>> {
    if json.len() > LONGEST {
        return None;
    }
    let mut out = Vec::new();
    lay_out(serde_json::from_str(json).ok()?, 0, Key::Root, &mut out)?;
    Some(out)
}

fn lay_out(raw: &RawValue, depth: usize, key: Key, out: &mut Vec<Row>) -> Option<()> {
    let text = raw.get().trim();
    let leaf = match text.as_bytes().first()? {
        _ if depth > DEEPEST => Leaf::Raw(text.into()),
        b'{' => {
            let Members(members) = serde_json::from_str(text).ok()?;
            out.push(Row { depth, key, leaf: Leaf::Object(members.len()) });
            return members.into_iter().try_for_each(|(name, raw)| lay_out(raw, depth + 1, Key::Name(name), out));
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            out.push(Row { depth, key, leaf: Leaf::List(items.len()) });
            return items
                .into_iter()
                .enumerate()
                .try_for_each(|(i, raw)| lay_out(raw, depth + 1, Key::Place(i + 1), out));
        }
        // Half a surrogate pair is legal JSON and no string of ours: it stays as written.
        b'"' => serde_json::from_str(text).map_or_else(|_| Leaf::Raw(text.into()), Leaf::Text),
        _ => Leaf::Word(text.into()),
    };
    out.push(Row { depth, key, leaf });
    Some(())
}

/// The members of an object in order, doubled names included.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(depth: usize, key: Key, leaf: Leaf) -> Row {
        Row { depth, key, leaf }
    }

    #[test]
    fn order_doubled_keys_and_exact_numbers_are_kept() {
        let rows = rows(r#"{"b": 1.50, "a": 12345678901234567890123, "b": null}"#).unwrap();
        assert_eq!(
            rows,
            [
                row(0, Key::Root, Leaf::Object(3)),
                row(1, Key::Name("b".into()), Leaf::Word("1.50".into())),
                row(1, Key::Name("a".into()), Leaf::Word("12345678901234567890123".into())),
                row(1, Key::Name("b".into()), Leaf::Word("null".into())),
            ]
        );
    }

    #[test]
    fn escapes_are_undone_so_that_chips_can_show_them() {
        let rows = rows(r#"["\u202e\n"]"#).unwrap();
        assert_eq!(rows[1], row(1, Key::Place(1), Leaf::Text("\u{202e}\n".into())));
    }

    #[test]
    fn empty_things_are_rows() {
        assert_eq!(rows("[]").unwrap(), [row(0, Key::Root, Leaf::List(0))]);
        assert_eq!(rows("{}").unwrap(), [row(0, Key::Root, Leaf::Object(0))]);
        assert_eq!(rows("\"\"").unwrap(), [row(0, Key::Root, Leaf::Text(String::new()))]);
    }

    #[test]
    fn depth_is_bounded_and_nothing_is_lost() {
        let json = format!("{}1{}", "[".repeat(100), "]".repeat(100));
        let rows = rows(&json).unwrap();
        assert_eq!(rows.len(), DEEPEST + 2);
        assert!(matches!(&rows.last().unwrap().leaf, Leaf::Raw(raw) if raw.starts_with("[[") && raw.contains('1')));
    }

    #[test]
    fn half_a_surrogate_stays_as_written() {
        assert_eq!(rows(r#""\ud800""#).unwrap(), [row(0, Key::Root, Leaf::Raw(r#""\ud800""#.into()))]);
    }

    #[test]
    fn no_json_is_no_tree() {
        assert_eq!(rows("not json"), None);
        assert_eq!(rows(""), None);
        assert_eq!(rows("{\"a\":"), None);
    }
}
