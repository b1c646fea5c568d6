//! The little language of the sentences: `{slot}` must be filled, `[ to {slot}]` is left out where it can't be.

use super::Part;
use super::slots::Found;

/// Fills a template, or `None` where a slot that must be filled can't be.
pub(super) fn fill(template: &str, found: &Found<'_>) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find(['[', '{']) {
        say(&mut parts, &rest[..at]);
        let optional = rest.as_bytes().get(at) == Some(&b'[');
        let (open, close) = if optional { ('[', ']') } else { ('{', '}') };
        let (inner, after) = rest[at..].strip_prefix(open)?.split_once(close)?;
        if optional {
            parts.extend(fill(inner, found).into_iter().flatten());
        } else {
            parts.extend(found.slot(inner)?);
        }
        rest = after;
    }
    say(&mut parts, rest);
    Some(parts)
}

/// Neighbouring words of ours are one part.
pub(super) fn say(parts: &mut Vec<Part>, words: &str) {
    match parts.last_mut() {
        _ if words.is_empty() => {}
        Some(Part::Ours(before)) => before.push_str(words),
        _ => parts.push(Part::Ours(words.to_owned())),
    }
}

/// Longer than this, a value is shortened in the sentence. Below it stands whole.
const LONG: usize = 84;
/// How much of a long text is kept.
const HEAD: usize = 64;
/// How much of the start and of the end of a long path or address is kept: both ends matter.
const ENDS: (usize, usize) = (20, 44);

/// A value for the sentence: whole, or the part that says most, with how much is left out.
pub(super) fn short(text: &str, both_ends: bool) -> Vec<Part> {
    let length = text.chars().count();
    if length <= LONG {
        return vec![Part::Slot(text.to_owned())];
    }
    let at = |n: usize| text.char_indices().nth(n).map_or(text.len(), |(at, _)| at);
    let slot = |piece: &str| Part::Slot(piece.to_owned());
    let left_out = |kept: usize| {
        let n = length - kept;
        format!("+{n} character{}", if n == 1 { "" } else { "s" })
    };
    if both_ends {
        let (head, tail) = ENDS;
        let middle = Part::Ours(format!(" ({}) ", left_out(head + tail)));
        vec![slot(&text[..at(head)]), middle, slot(&text[at(length - tail)..])]
    } else {
        vec![slot(&text[..at(HEAD)]), Part::Ours(format!(" ({})", left_out(HEAD)))]
    }
}
