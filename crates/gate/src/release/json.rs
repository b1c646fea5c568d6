//! Raw JSON as a flat list of places, so that what changes can be spliced and every other byte stays as it came.

use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::ops::Range;

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Object,
    Array,
    Text,
    Number,
    /// `true`, `false` or `null`.
    Word,
}

/// One value. Its children follow it; the next that is not within it stands at `next`.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) sort: Sort,
    /// Where its bytes are; of a text with the quotes.
    pub(super) span: Range<usize>,
    /// Where the name is, with the quotes, if it is a member.
    pub(super) key: Option<Range<usize>>,
    pub(super) parent: usize,
    pub(super) next: usize,
    /// The how-manieth of its parent it is.
    nth: usize,
}

/// A document and its places, in the order of the text.
pub(super) struct Doc<'r> {
    pub(super) raw: &'r str,
    pub(super) nodes: Vec<Node>,
}

impl<'r> Doc<'r> {
    /// Reads a document; `None` where it is not JSON.
    pub(super) fn parse(raw: &'r [u8]) -> Option<Self> {
        let raw = std::str::from_utf8(raw).ok()?;
        serde_json::from_str::<IgnoredAny>(raw).ok()?;
        let mut doc = Self { raw, nodes: Vec::with_capacity(16) };
        doc.read()?;
        Some(doc)
    }

    /// Reads what is known to be JSON, and no deeper than serde_json goes.
    fn read(&mut self) -> Option<()> {
        let bytes = self.raw.as_bytes();
        let mut at = 0;
        let mut open: Vec<usize> = Vec::new();
        let mut counts: Vec<usize> = Vec::new();
        let mut key = None;
        while let Some(b) = bytes.get(at) {
            match b {
                b' ' | b'\t' | b'\r' | b'\n' | b':' | b',' => at += 1,
                b'}' | b']' => {
                    at += 1;
                    let closed = open.pop()?;
                    counts.pop();
                    let next = self.nodes.len();
                    let node = self.nodes.get_mut(closed)?;
                    (node.span.end, node.next) = (at, next);
                }
                _ => {
                    let end = match b {
                        b'"' => string_end(bytes, at)?,
                        b'{' | b'[' => at + 1,
                        _ => at + bytes.get(at..)?.iter().take_while(|b| !b" \t\r\n:,]}".contains(b)).count(),
                    };
                    let parent = open.last().copied();
                    let member = parent.and_then(|p| self.nodes.get(p)).is_some_and(|p| p.sort == Sort::Object);
                    if member && key.is_none() {
                        key = Some(at..end);
                        at = end;
                        continue;
                    }
                    let sort = match b {
                        b'"' => Sort::Text,
                        b'{' => Sort::Object,
                        b'[' => Sort::Array,
                        b't' | b'f' | b'n' => Sort::Word,
                        _ => Sort::Number,
                    };
                    let here = self.nodes.len();
                    let nth = counts.last_mut().map_or(0, |count| std::mem::replace(count, *count + 1));
                    let parent = parent.unwrap_or_default();
                    self.nodes.push(Node { sort, span: at..end, key: key.take(), parent, next: here + 1, nth });
                    if matches!(sort, Sort::Object | Sort::Array) {
                        open.push(here);
                        counts.push(0);
                    }
                    at = end;
                }
            }
        }
        (open.is_empty() && !self.nodes.is_empty()).then_some(())
    }

    pub(super) fn node(&self, at: usize) -> Option<&Node> {
        self.nodes.get(at)
    }

    /// The values right within one.
    pub(super) fn children(&self, of: usize) -> impl Iterator<Item = usize> + '_ {
        let end = self.node(of).map_or(0, |n| n.next);
        let mut at = of + 1;
        std::iter::from_fn(move || {
            let here = at;
            at = self.node(here).filter(|_| here < end)?.next;
            Some(here)
        })
    }

    /// The member of this name.
    pub(super) fn member(&self, of: usize, name: &str) -> Option<usize> {
        self.node(of).filter(|n| n.sort == Sort::Object)?;
        self.children(of).find(|child| self.key(*child).is_some_and(|key| key == name))
    }

    /// The name under which a value stands.
    pub(super) fn key(&self, at: usize) -> Option<Cow<'r, str>> {
        Some(decode(self.raw.get(self.node(at)?.key.clone()?)?))
    }

    /// What a text says.
    pub(super) fn text(&self, at: usize) -> Option<Cow<'r, str>> {
        let node = self.node(at).filter(|n| n.sort == Sort::Text)?;
        Some(decode(self.raw.get(node.span.clone())?))
    }

    /// What the member of this name says, if it is a text.
    pub(super) fn member_text(&self, of: usize, name: &str) -> Option<Cow<'r, str>> {
        self.text(self.member(of, name)?)
    }

    /// The bytes of a value.
    pub(super) fn raw(&self, at: usize) -> &'r str {
        self.node(at).and_then(|n| self.raw.get(n.span.clone())).unwrap_or_default()
    }

    /// The JSON pointer of a value.
    pub(super) fn pointer(&self, mut at: usize) -> String {
        let mut tokens = Vec::new();
        while let Some(node) = self.node(at).filter(|_| at > 0) {
            tokens.push(match self.key(at) {
                Some(key) => crate::call::token(&key),
                None => node.nth.to_string(),
            });
            at = node.parent;
        }
        tokens.iter().rev().flat_map(|token| ["/", token]).collect()
    }
}

/// Where the string that begins at `start` ends, with its quote.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            _ => at += 2,
        }
    }
}

/// What a string with its quotes says. Half a pair of surrogates, which is no character, is read as U+FFFD.
pub(super) fn decode(quoted: &str) -> Cow<'_, str> {
    decode_map(quoted).0
}

/// The same, and for each escape what is said and what is written right behind it, in offsets of both.
pub(super) fn decode_map(quoted: &str) -> (Cow<'_, str>, Vec<(usize, usize)>) {
    let inside = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    let mut map = Vec::new();
    if memchr::memchr(b'\\', inside.as_bytes()).is_none() {
        return (Cow::Borrowed(inside), map);
    }
    let mut out = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(rest.get(..at).unwrap_or_default());
        let escape = rest.get(at + 1..).unwrap_or_default();
        let (c, used) = escaped(escape);
        out.push(c);
        rest = escape.get(used..).unwrap_or_default();
        map.push((out.len(), 1 + inside.len() - rest.len()));
    }
    out.push_str(rest);
    (Cow::Owned(out), map)
}

/// The character that stands behind a backslash, and how many bytes spell it.
fn escaped(text: &str) -> (char, usize) {
    let unit = |text: &str| u16::from_str_radix(text.strip_prefix('u')?.get(..4)?, 16).ok();
    match text.as_bytes().first() {
        Some(b'n') => ('\n', 1),
        Some(b't') => ('\t', 1),
        Some(b'r') => ('\r', 1),
        Some(b'b') => ('\u{8}', 1),
        Some(b'f') => ('\u{c}', 1),
        Some(b'u') => {
            let Some(first) = unit(text) else { return (char::REPLACEMENT_CHARACTER, 1) };
            let second = text.get(5..).and_then(|t| unit(t.strip_prefix('\\')?));
            let mut pair = char::decode_utf16([first].into_iter().chain(second));
            match pair.next() {
                Some(Ok(c)) => (c, if c.len_utf16() == 2 { 11 } else { 5 }),
                _ => (char::REPLACEMENT_CHARACTER, 5),
            }
        }
        Some(_) => text.chars().next().map_or((char::REPLACEMENT_CHARACTER, 0), |c| (c, c.len_utf8())),
        None => (char::REPLACEMENT_CHARACTER, 0),
    }
}

/// A text as JSON writes it, with quotes.
pub(super) fn encode(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Pieces put in the place of others. A piece within one that goes as a whole goes with it.
#[derive(Default)]
pub(super) struct Splices {
    pieces: Vec<(Range<usize>, String)>,
}

impl Splices {
    pub(super) fn put(&mut self, at: Range<usize>, with: String) {
        self.pieces.push((at, with));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The text with the pieces in it.
    pub(super) fn apply(self, raw: &str) -> String {
        self.apply_within(raw, &(0..raw.len()))
    }

    /// A part of the text with the pieces in it that stand there.
    pub(super) fn apply_within(mut self, raw: &str, part: &Range<usize>) -> String {
        self.pieces.retain(|(at, _)| part.start <= at.start && at.end <= part.end);
        // Of pieces that begin together, what is put in between comes first, then the longest.
        self.pieces.sort_by_key(|(at, _)| (at.start, !at.is_empty(), std::cmp::Reverse(at.end)));
        let more: usize = self.pieces.iter().map(|(_, with)| with.len()).sum();
        let mut out = String::with_capacity(part.len() + more);
        let mut done = part.start;
        for (at, with) in &self.pieces {
            if at.start < done {
                continue;
            }
            out.push_str(raw.get(done..at.start).unwrap_or_default());
            out.push_str(with);
            done = at.end;
        }
        out.push_str(raw.get(done..part.end).unwrap_or_default());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn places_have_pointers_and_neighbours() {
        let raw = r#" { "a/b" : [1, {"~":"x\u0041\n"}, []], "c":{} , "d":-1.5e3 } "#;
        let doc = Doc::parse(raw.as_bytes()).unwrap();
        let pointers: Vec<_> = (0..doc.nodes.len()).map(|n| doc.pointer(n)).collect();
        assert_eq!(pointers, ["", "/a~1b", "/a~1b/0", "/a~1b/1", "/a~1b/1/~0", "/a~1b/2", "/c", "/d"]);
        assert_eq!(doc.children(0).collect::<Vec<_>>(), [1, 6, 7]);
        assert_eq!(doc.text(4).unwrap(), "xA\n");
        assert_eq!(doc.raw(7), "-1.5e3");
        assert_eq!(doc.raw(1), r#"[1, {"~":"x\u0041\n"}, []]"#);
        assert!(Doc::parse(b"{\"a\":1").is_none() && Doc::parse(b"").is_none());
    }

    #[test]
    fn half_a_pair_is_no_character() {
        assert_eq!(decode(r#""a\ud800b""#), "a\u{FFFD}b");
        assert_eq!(decode(r#""\ud83d\ude00""#), "😀");
        assert_eq!(decode(r#""\ud83d\u0041""#), "\u{FFFD}A");
    }

    #[test]
    fn a_piece_within_one_that_goes_goes_with_it() {
        let mut splices = Splices::default();
        splices.put(3..4, "x".into());
        splices.put(2..6, "y".into());
        splices.put(2..2, "z".into());
        assert_eq!(splices.apply("01234567"), "01zy67");
    }

    proptest! {
        #[test]
        fn texts_come_back_as_they_are(text in "\\PC{0,40}|[\\x00-\\x7f]{0,20}") {
            let raw = json!({"k": [&text, 1]}).to_string();
            let doc = Doc::parse(raw.as_bytes()).unwrap();
            prop_assert_eq!(doc.text(2).unwrap(), text.as_str());
            let encoded = encode(&text);
            prop_assert_eq!(decode(&encoded), text.as_str());
        }

        #[test]
        fn any_bytes_are_read_or_not(raw in "[\\[\\]{}\",:0-9a\\\\ utrefalsn-]{0,24}") {
            prop_assert_eq!(Doc::parse(raw.as_bytes()).is_some(), serde_json::from_str::<Value>(&raw).is_ok());
        }
    }
}
