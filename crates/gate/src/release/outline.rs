//! What is said of a text of which most may not leave: how it is built and how much of what it holds, but no value of it.

use super::json::{Doc, Sort};
use super::look::{Piece, What, as_json};
use crate::inspect::data;
use std::collections::BTreeMap;

/// A text is outlined where this many of its values would be withheld, and more than half of its lines or values.
const MANY: usize = 10;

/// How many names of members are told, and how long each may be.
const NAMES: usize = 24;
const NAME: usize = 40;

/// An outline of `text`, if so much of it would be withheld that it says little without.
pub(super) fn instead(text: &str, pieces: &[Piece]) -> Option<String> {
    let held: Vec<&Piece> = pieces.iter().filter(|p| matches!(p.what, What::Data { .. })).collect();
    if held.len() < MANY {
        return None;
    }
    let doc = as_json(text);
    let (holds, all) = match &doc {
        Some(doc) => (held.len(), doc.nodes.iter().filter(|n| matches!(n.sort, Sort::Text | Sort::Number)).count()),
        None => lines(text, &held),
    };
    if holds * 2 <= all {
        return None;
    }
    let mut out = format!(
        "Consentry held this text back, for most of it may not leave: it holds {}. Its length is {} characters in {} lines.",
        counted(pieces),
        text.chars().count(),
        text.lines().count()
    );
    if let Some(doc) = doc {
        out.push_str(&shape(&doc));
    }
    Some(out)
}

/// How many lines are withheld for the most part, and how many there are.
fn lines(text: &str, held: &[&Piece]) -> (usize, usize) {
    let (mut start, mut holds, mut all, mut next) = (0, 0, 0, 0);
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        let mut inside = 0;
        while let Some(piece) = held.get(next).filter(|p| p.span.start < end) {
            inside += piece.span.end.min(end).saturating_sub(piece.span.start.max(start));
            if piece.span.end > end {
                break;
            }
            next += 1;
        }
        let length = line.trim().len();
        all += usize::from(length > 0);
        holds += usize::from(length > 0 && inside * 2 > length);
        start = end;
    }
    (holds, all)
}

/// How many values of which class.
pub(super) fn counted(pieces: &[Piece]) -> String {
    let mut classes: BTreeMap<&str, usize> = BTreeMap::new();
    for piece in pieces {
        if let What::Data { class, .. } = &piece.what {
            *classes.entry(class).or_default() += 1;
        }
    }
    let told: Vec<String> = classes.iter().map(|(class, count)| format!("{count} × {class}")).collect();
    match told.is_empty() {
        true => "values that may not leave".to_owned(),
        false => told.join(", "),
    }
}

/// The names and types of a document's members, each once, names that are no plain words left out.
fn shape(doc: &Doc<'_>) -> String {
    let mut members: BTreeMap<String, (usize, &'static str)> = BTreeMap::new();
    let mut more = 0;
    for (at, node) in doc.nodes.iter().enumerate() {
        let Some(key) = doc.key(at) else { continue };
        let plain = key.len() <= NAME
            && key.chars().all(|c| c.is_ascii_alphabetic() || c == '_' || c == '-')
            && data::find(&key).is_empty();
        if !plain || members.len() >= NAMES && !members.contains_key(&*key) {
            more += 1;
            continue;
        }
        let kind = match node.sort {
            Sort::Object => "object",
            Sort::Array => "list",
            Sort::Text => "text",
            Sort::Number => "number",
            Sort::Word => "true, false or null",
        };
        members.entry(key.into_owned()).or_insert((0, kind)).0 += 1;
    }
    let top = match doc.node(0).map(|n| n.sort) {
        Some(Sort::Array) => format!(" It is JSON: a list of {}", doc.children(0).count()),
        _ => " It is JSON: an object".to_owned(),
    };
    let told: Vec<String> = members.iter().map(|(name, (n, kind))| format!("`{name}` ({n} × {kind})")).collect();
    let with = if told.is_empty() { String::new() } else { format!(" with the members {}", told.join(", ")) };
    let more = if more > 0 { format!(", and {more} other members") } else { String::new() };
    format!("{top}{with}{more}.")
}

#[cfg(test)]
mod tests {
    use super::super::look::pieces;
    use super::super::withheld::Withheld;
    use super::*;

    fn outline(text: &str) -> Option<String> {
        let pieces = pieces(text, &data::find(text), &|_| true, &Withheld::new([1; 32]));
        instead(text, &pieces)
    }

    #[test]
    fn a_text_that_is_mostly_data_is_told_in_outline() {
        let list: String = (0..30).map(|n| format!("anna{n}@post.example\n")).collect();
        let told = outline(&list).unwrap();
        assert!(told.contains("30 × personal.email_address") && told.contains("in 30 lines"), "{told}");
        let rows: Vec<String> = (0..30).map(|n| format!("{{\"mail\":\"anna{n}@post.example\",\"n\":1}}")).collect();
        assert_eq!(outline(&format!("[{}]", rows.join(","))), None, "half is no more than half");
        let rows: Vec<String> = (0..30).map(|n| format!("{{\"mail\":\"anna{n}@post.example\"}}")).collect();
        let told = outline(&format!("[{}]", rows.join(","))).unwrap();
        assert!(told.contains("a list of 30 with the members `mail` (30 × text)"), "{told}");
        let prose: String =
            (0..30).map(|n| format!("Please write to anna{n}@post.example about the lamp.\n")).collect();
        assert_eq!(outline(&prose), None);
        assert_eq!(outline("anna@post.example"), None);
    }
}
