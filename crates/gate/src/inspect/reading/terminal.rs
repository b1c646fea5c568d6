//! Sequences that command a terminal: what they hide, overwrite or link to. A model reads the text between them.

use super::map::Rewrite;
use super::{Decoded, Notes};
use crate::inspect::Severity;
use std::ops::Range;

/// Takes the sequences out, and notes those that make a person see something else than stands there.
pub(super) fn strip(text: &str, rewrite: &mut Rewrite<'_>, notes: &mut Notes) {
    let bytes = text.as_bytes();
    let mut link: Option<(String, usize, Range<usize>)> = None;
    let mut concealed: Option<usize> = None;
    let mut at = 0;
    while let Some(found) = bytes.get(at..).and_then(|rest| rest.iter().position(|b| is_control(*b))) {
        let start = at + found;
        let Some(sequence) = read(bytes, start) else {
            at = start + 1;
            continue;
        };
        let span = start..sequence.end;
        at = span.end;
        match sequence.what {
            What::Style => {
                let hides = hides(sequence.body);
                if let Some(from) = concealed.filter(|_| !hides) {
                    conceal(text, from..span.start, notes);
                    concealed = None;
                } else if hides && concealed.is_none() {
                    concealed = Some(span.end);
                }
            }
            What::Moves => notes.add(
                "terminal_control",
                Severity::Info,
                &span,
                "A sequence that moves a terminal's cursor or erases what stood there.",
            ),
            What::Link(target) => {
                if let Some((open, from, whole)) = link.take() {
                    linked(text, &open, from..span.start, whole.start..span.end, notes);
                }
                if !target.is_empty() {
                    link = Some((target, span.end, span.clone()));
                }
            }
            What::Clipboard => notes.add(
                "terminal_control",
                Severity::Danger,
                &span,
                "A sequence that writes to the clipboard of whoever shows this in a terminal.",
            ),
            What::Other => notes.add("terminal_control", Severity::Info, &span, "A sequence that commands a terminal."),
            What::Control => notes.add("hidden_characters", Severity::Info, &span, "A control character."),
        }
        rewrite.replace(span, "");
    }
    if let Some(from) = concealed {
        conceal(text, from..text.len(), notes);
    }
}

/// Line ends and tabs are ordinary.
fn is_control(byte: u8) -> bool {
    (byte < 0x20 && !matches!(byte, b'\n' | b'\t' | b'\r')) || byte == 0x7F
}

struct Sequence<'t> {
    what: What,
    body: &'t [u8],
    end: usize,
}

enum What {
    Style,
    Moves,
    Link(String),
    Clipboard,
    Other,
    Control,
}

/// The longest sequence that is taken for one; without this, every start could look through the whole rest.
const LONGEST: usize = 4096;

fn read(bytes: &[u8], start: usize) -> Option<Sequence<'_>> {
    if bytes[start] != 0x1B {
        return Some(Sequence { what: What::Control, body: &[], end: start + 1 });
    }
    let rest = &bytes[start + 1..bytes.len().min(start + LONGEST)];
    match rest.first()? {
        b'[' => {
            let last = rest[1..].iter().position(|b| matches!(b, 0x40..=0x7E) || *b >= 0x80 || *b < 0x20)?;
            let body = &rest[1..1 + last];
            let what = match rest[1 + last] {
                b'm' => What::Style,
                b'A'..=b'H' | b'J' | b'K' | b'f' | b's' | b'u' | b'S' | b'T' => What::Moves,
                0x80.. | ..0x20 => return Some(Sequence { what: What::Other, body, end: start + 2 + last }),
                _ => What::Other,
            };
            Some(Sequence { what, body, end: start + 3 + last })
        }
        b']' | b'P' | b'_' | b'^' | b'X' => {
            let last = rest.iter().position(|b| matches!(b, 0x07 | 0x1B))?;
            let body = &rest[1..last];
            let closed =
                if rest[last] == 0x1B && rest.get(last + 1) == Some(&b'\\') { 2 } else { usize::from(rest[last] == 7) };
            let what = match (rest[0], body) {
                (b']', [b'8', b';', link @ ..]) => {
                    let target = link.iter().position(|b| *b == b';').map_or(&[][..], |p| &link[p + 1..]);
                    What::Link(String::from_utf8_lossy(target).into_owned())
                }
                (b']', [b'5', b'2', b';', ..]) => What::Clipboard,
                _ => What::Other,
            };
            Some(Sequence { what, body, end: start + 1 + last + closed })
        }
        0x80.. => Some(Sequence { what: What::Control, body: &[], end: start + 1 }),
        _ => Some(Sequence { what: What::Other, body: &[], end: start + 2 }),
    }
}

/// Concealed, or black on black.
fn hides(body: &[u8]) -> bool {
    let text = std::str::from_utf8(body).unwrap_or_default();
    let codes = || text.split(';');
    // What follows 38 and 48 names a colour, and 8 is one of them.
    let colour = codes().any(|c| matches!(c, "38" | "48"));
    (!colour && codes().any(|c| c == "8")) || (codes().any(|c| c == "30") && codes().any(|c| c == "40"))
}

fn conceal(text: &str, span: Range<usize>, notes: &mut Notes) {
    let hidden = text.get(span.clone()).unwrap_or_default();
    if hidden.chars().filter(|c| c.is_alphabetic()).count() >= 3 {
        notes.add("terminal_hidden", Severity::Caution, &span, "Text that a terminal would not show.");
        notes.decoded.push(Decoded { text: bare(hidden), span, how: vec!["concealed in a terminal"] });
    }
}

/// What stands between the sequences. With them, what is concealed in what is concealed would be read over and over.
fn bare(hidden: &str) -> String {
    let bytes = hidden.as_bytes();
    let (mut out, mut done) = (String::with_capacity(hidden.len()), 0);
    while let Some(found) = bytes.get(done..).and_then(|rest| rest.iter().position(|b| is_control(*b))) {
        let start = done + found;
        out.push_str(hidden.get(done..start).unwrap_or_default());
        done = read(bytes, start).map_or(start + 1, |sequence| sequence.end);
    }
    out.push_str(hidden.get(done..).unwrap_or_default());
    out
}

fn linked(text: &str, target: &str, shown: Range<usize>, span: Range<usize>, notes: &mut Notes) {
    if super::markup::misleads(text.get(shown).unwrap_or_default(), target) {
        notes.add("misleading_link", Severity::Caution, &span, "A link that shows one address and leads to another.");
    }
}
