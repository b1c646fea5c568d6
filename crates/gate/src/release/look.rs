//! What in a text has to be replaced: values that may not leave, and what is written like a placeholder.

use super::json::{Doc, Sort, decode_map};
use super::placeholder::breaks;
use super::withheld::Withheld;
use crate::inspect::data::{self, BESIDE, Datum, is_named_beside, named, named_number};
use std::borrow::Cow;
use std::ops::Range;

/// How deep JSON in texts of JSON is followed.
const DEPTH: usize = 4;

/// A stretch that has to be replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) span: Range<usize>,
    pub(super) what: What,
}

/// Why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A value of this class. A number in JSON needs quotes around what stands for it.
    Data { class: String, quoted: bool },
    /// A placeholder that a server sent, and what it becomes.
    Inert(String),
}

/// Whether data of a class is withheld.
pub(super) type Withholds<'a> = &'a dyn Fn(&str) -> bool;

/// The name that a value stands under: of its member, or beside it in `{"name": …, "value": …}`.
pub(super) fn label<'d>(doc: &Doc<'d>, at: usize) -> Cow<'d, str> {
    let Some(node) = doc.node(at).filter(|_| at > 0) else { return Cow::Borrowed("") };
    let Some(key) = doc.key(at) else { return label(doc, node.parent) };
    let beside = || BESIDE.iter().find_map(|name| doc.member_text(node.parent, name));
    is_named_beside(&key).then(beside).flatten().unwrap_or(key)
}

/// What has to be replaced in a text in which inspection saw `seen`, in order, none overlapping.
pub(super) fn pieces(text: &str, seen: &[Datum], withholds: Withholds<'_>, withheld: &Withheld) -> Vec<Piece> {
    let mut out = Vec::new();
    data_pieces(seen, withholds, &mut out);
    out.extend(breaks(text, withheld).into_iter().map(|(span, inert)| Piece { span, what: What::Inert(inert) }));
    inner(text, withholds, withheld, DEPTH, &mut out);
    merged(text, out)
}

fn data_pieces(seen: &[Datum], withholds: Withholds<'_>, out: &mut Vec<Piece>) {
    let kept = seen.iter().filter(|datum| withholds(datum.class));
    out.extend(kept.map(|datum| Piece {
        span: datum.span.clone(),
        what: What::Data { class: datum.class.to_string(), quoted: false },
    }));
}

/// A text that is JSON.
pub(super) fn as_json(text: &str) -> Option<Doc<'_>> {
    let first = text.trim_ascii_start().as_bytes().first();
    first.filter(|b| b"{[".contains(b)).and_then(|_| Doc::parse(text.as_bytes()))
}

/// The pieces of a text that is JSON, found in its own texts and numbers, so that it stays JSON.
fn inner(text: &str, withholds: Withholds<'_>, withheld: &Withheld, depth: usize, out: &mut Vec<Piece>) {
    if depth == 0 {
        return;
    }
    let Some(doc) = as_json(text) else { return };
    for at in 0..doc.nodes.len() {
        let Some(node) = doc.node(at) else { continue };
        let key = node.key.clone();
        if let Some(key) = key {
            inner_text(&doc, key, "", withholds, withheld, depth, out);
        }
        match node.sort {
            Sort::Text => {
                inner_text(&doc, node.span.clone(), &label(&doc, at), withholds, withheld, depth, out);
            }
            Sort::Number => {
                // What was seen of it in the text as a whole goes with it, and takes quotes.
                let touched = |p: &Piece| p.span.start < node.span.end && node.span.start < p.span.end;
                let earlier = out.iter().find(|p| touched(p)).and_then(|p| match &p.what {
                    What::Data { class, .. } => Some(class.clone()),
                    What::Inert(_) => None,
                });
                let found = named_number(&label(&doc, at), doc.raw(at)).into_iter().map(|d| d.class.to_string());
                if let Some(class) = found.filter(|class| withholds(class)).chain(earlier).next() {
                    out.retain(|p| !(node.span.start <= p.span.start && p.span.end <= node.span.end));
                    out.push(Piece { span: node.span.clone(), what: What::Data { class, quoted: true } });
                }
            }
            _ => {}
        }
    }
}

fn inner_text(
    doc: &Doc<'_>,
    quoted: Range<usize>,
    label: &str,
    withholds: Withholds<'_>,
    withheld: &Withheld,
    depth: usize,
    out: &mut Vec<Piece>,
) {
    let Some(written) = doc.raw.get(quoted.clone()).filter(|written| written.len() >= 6) else { return };
    let (text, map) = decode_map(written);
    let mut found = Vec::new();
    let mut seen = named(label, &text);
    if !map.is_empty() {
        seen.extend(data::find(&text));
        found.extend(breaks(&text, withheld).into_iter().map(|(span, inert)| Piece { span, what: What::Inert(inert) }));
    }
    data_pieces(&seen, withholds, &mut found);
    inner(&text, withholds, withheld, depth - 1, &mut found);
    for piece in merged(&text, found) {
        let place = |at: usize| quoted.start + map_back(&map, at);
        out.push(Piece { span: place(piece.span.start)..place(piece.span.end), ..piece });
    }
}

/// Where in a string as it is written an offset of what it says stands; `map` holds an entry behind each escape.
fn map_back(map: &[(usize, usize)], at: usize) -> usize {
    let before = map.partition_point(|(said, _)| *said <= at);
    let (said, written) = before.checked_sub(1).and_then(|i| map.get(i)).copied().unwrap_or((0, 1));
    written + (at - said)
}

/// In order and apart: of two that overlap there is one, over both; where it is a value, it is of the longer one's class.
pub(super) fn merged(text: &str, mut pieces: Vec<Piece>) -> Vec<Piece> {
    let rank = |p: &Piece| match p.what {
        What::Data { quoted, .. } => (2, quoted),
        What::Inert(_) => (1, false),
    };
    pieces.retain(|p| text.get(p.span.clone()).is_some_and(|t| !t.is_empty()));
    pieces.sort_by_key(|p| (p.span.start, std::cmp::Reverse(p.span.end), rank(p).0, !rank(p).1));
    let mut out: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match out.last_mut() {
            // What only looks like a value because of a placeholder around it is none.
            Some(Piece { span, what: What::Inert(_) }) if piece.span.end <= span.end => {}
            Some(last) if piece.span.start < last.span.end => {
                let longer = (rank(&piece).0, piece.span.len()) > (rank(last).0, last.span.len());
                let span = last.span.start..last.span.end.max(piece.span.end);
                let quoted = matches!(last.what, What::Data { quoted: true, .. }) && span == last.span;
                if longer {
                    last.what = piece.what;
                }
                if let What::Data { quoted: q, .. } = &mut last.what {
                    *q = quoted;
                }
                last.span = span;
            }
            _ => out.push(piece),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Vec<(String, String)> {
        let withheld = Withheld::new([1; 32]);
        let found = pieces(text, &data::find(text), &|_| true, &withheld);
        let told = |p: Piece| match p.what {
            What::Data { class, .. } => (class, text[p.span].to_owned()),
            What::Inert(inert) => (inert, text[p.span].to_owned()),
        };
        found.into_iter().map(told).collect()
    }

    #[test]
    fn a_value_is_known_by_the_name_that_it_stands_under() {
        let doc = Doc::parse(br#"[{"name":"DB_PASSWORD","value":"x"},{"password":["y"]}]"#).unwrap();
        assert_eq!((&*label(&doc, 3), &*label(&doc, 6)), ("DB_PASSWORD", "password"));
    }

    #[test]
    fn json_in_a_text_is_looked_through_as_json() {
        let text = r#"{"a":"anna\u0040post.example","card":4111111111111111,"n":{"j":"{\"password\":\"Tr0ub4dor\\u00263\"}"}}"#;
        assert_eq!(
            seen(text),
            [
                ("personal.email_address".to_owned(), r"anna\u0040post.example".to_owned()),
                ("personal.payment_card".to_owned(), "4111111111111111".to_owned()),
                ("secret.password".to_owned(), r"Tr0ub4dor\\u00263".to_owned()),
            ]
        );
    }
}
