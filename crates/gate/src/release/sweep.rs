//! The same value once more: what is withheld in one place of a message stands in no other, though there it may have no
//! label by which it would be known, or be written as URLs, JSON or base64 write it.

use super::json::encode;
use super::look::{Piece, What, merged};
use super::placeholder::percent;
use super::redact::{Leaf, is_json};
use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::collections::HashMap;
use std::ops::Range;

/// Shorter values stand everywhere by chance; a message that holds more values is not looked through for each.
const SHORT: usize = 6;
const MOST: usize = 5_000;

/// Adds to each text the pieces that are values of another.
pub(super) fn sweep(leaves: &mut [Leaf<'_>]) {
    let mut forms: HashMap<String, String> = HashMap::new();
    for leaf in leaves.iter() {
        for piece in &leaf.pieces {
            let (What::Data { class, .. }, Some(value)) = (&piece.what, leaf.text.get(piece.span.clone())) else {
                continue;
            };
            if value.len() < SHORT || forms.len() > MOST || forms.contains_key(value) {
                continue;
            }
            let escaped = encode(value);
            let escaped = escaped.get(1..escaped.len() - 1).unwrap_or_default().to_owned();
            for form in [percent(value), escaped, STANDARD_NO_PAD.encode(value), value.to_owned()] {
                forms.insert(form, class.clone());
            }
        }
    }
    if forms.is_empty() {
        return;
    }
    let mut forms: Vec<(String, String)> = forms.into_iter().collect();
    forms.sort();
    let finder =
        AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(forms.iter().map(|(form, _)| form));
    let Ok(finder) = finder else { return };
    for leaf in leaves {
        let mut more = Vec::new();
        for found in finder.find_iter(&*leaf.text) {
            let Some((_, class)) = forms.get(found.pattern().as_usize()) else { continue };
            let span = found.range();
            let known = leaf.pieces.iter().any(|p| p.span.start < span.end && span.start < p.span.end);
            if known || !(stands_alone(&leaf.text, &span) || class.starts_with("secret.")) {
                continue;
            }
            let quoted = is_number(&leaf.text, &span) && is_json(&leaf.text);
            more.push(Piece { span, what: What::Data { class: class.clone(), quoted } });
        }
        if !more.is_empty() {
            leaf.pieces.extend(more);
            leaf.pieces = merged(&leaf.text, std::mem::take(&mut leaf.pieces));
        }
    }
}

/// Whether no word or number goes on before or behind.
fn stands_alone(text: &str, span: &Range<usize>) -> bool {
    let part = |c: char| c.is_alphanumeric();
    let inside = text.get(span.clone()).unwrap_or_default();
    let before = text.get(..span.start).and_then(|t| t.chars().next_back()).is_some_and(part);
    let after = text.get(span.end..).and_then(|t| t.chars().next()).is_some_and(part);
    !(before && inside.starts_with(part) || after && inside.ends_with(part))
}

/// Whether what stands there is a number of JSON rather than a part of a text.
fn is_number(text: &str, span: &Range<usize>) -> bool {
    let before = text.get(..span.start).map(str::trim_ascii_end).and_then(|t| t.chars().next_back());
    let after = text.get(span.end..).map(str::trim_ascii_start).and_then(|t| t.chars().next());
    text.get(span.clone()).is_some_and(|t| t.bytes().all(|b| b.is_ascii_digit()))
        && before.is_some_and(|c| ":,[".contains(c))
        && after.is_some_and(|c| ",]}".contains(c))
}
