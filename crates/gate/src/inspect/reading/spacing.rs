//! Letters that stand apart: `i g n o r e`, `i-g-n-o-r-e`, one to a line. A reader puts them together.

use super::map::Rewrite;
use super::{Notes, language};
use crate::inspect::Severity;

/// The fewest letters in a row that are put together.
const FEWEST: usize = 5;

/// Puts words together whose letters stand apart.
pub(super) fn join(text: &str, rewrite: &mut Rewrite<'_>, notes: &mut Notes) {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut fresh = true;
    while let Some(byte) = bytes.get(at) {
        let (apart, end) = match byte.is_ascii() {
            true => (SEPARATES[usize::from(*byte)], at + 1),
            false => {
                let c = text[at..].chars().next().unwrap_or(' ');
                (separator(c), at + c.len_utf8())
            }
        };
        if apart {
            (at, fresh) = (end, true);
            continue;
        }
        let alone = fresh
            && match bytes.get(end) {
                Some(next) if next.is_ascii() => SEPARATES[usize::from(*next)],
                _ => text[end..].chars().next().is_none_or(separator),
            };
        if !alone {
            (at, fresh) = (end, false);
            continue;
        }
        let run = Run::read(text, at);
        if let Some(joined) = run.joined() {
            let span = at..run.end;
            let letters = joined.chars().filter(|c| c.is_alphabetic()).count();
            let severity = if letters >= 16 { Severity::Caution } else { Severity::Info };
            notes.add(
                "spaced_letters",
                severity,
                &span,
                "Words whose letters stand apart, so that searches don't find them.",
            );
            rewrite.replace(span, &joined);
        }
        (at, fresh) = (run.end, false);
    }
}

/// The same for ASCII.
const SEPARATES: [bool; 128] = {
    let mut table = [false; 128];
    let mut at = 0;
    while at < 128 {
        let byte = at as u8;
        table[at] = byte.is_ascii_whitespace()
            || byte == 0x0B
            || matches!(byte, b'-' | b'.' | b'_' | b'*' | b'|' | b'/' | b',' | b'~' | b'+' | b'=' | b':');
        at += 1;
    }
    table
};

fn separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '.' | '_' | '*' | '|' | '/' | ',' | '·' | '~' | '+' | '•' | '‑' | '–' | '=' | ':')
}

/// Letters in a row, each with what stands behind it.
struct Run<'t> {
    letters: Vec<(char, &'t str)>,
    end: usize,
}

impl<'t> Run<'t> {
    fn read(text: &'t str, start: usize) -> Self {
        let (mut letters, mut at, mut end) = (Vec::new(), start, start);
        while let Some(c) = text[at..].chars().next() {
            let after = at + c.len_utf8();
            let gap = text[after..].chars().take(8).take_while(|c| separator(*c)).map(char::len_utf8).sum::<usize>();
            let gap = &text[after..after + gap];
            let last = after + gap.len() == text.len();
            if gap.is_empty() && !last {
                break;
            }
            letters.push((c, gap));
            (at, end) = (after + gap.len(), after);
            if gap.chars().count() > 7 {
                break;
            }
        }
        Self { letters, end: end.max(start + 1) }
    }

    /// The words, where there are any.
    fn joined(&self) -> Option<String> {
        let alphabetic = self.letters.iter().filter(|(c, _)| c.is_alphabetic()).count();
        if self.letters.len() < FEWEST || alphabetic * 10 < self.letters.len() * 6 {
            return None;
        }
        let gaps = &self.letters[..self.letters.len() - 1];
        let mut kinds: Vec<(&str, usize)> = Vec::new();
        for (_, gap) in gaps {
            match kinds.iter().position(|(k, _)| k == gap) {
                Some(at) => kinds[at].1 += 1,
                None if kinds.len() < 6 => kinds.push((gap, 1)),
                None => return None,
            }
        }
        let (usual, often) = kinds.iter().max_by_key(|(_, n)| *n)?;
        if often * 2 < gaps.len() {
            return None;
        }
        let mut joined = String::with_capacity(self.letters.len());
        for (c, gap) in gaps {
            joined.push(*c);
            if gap != usual {
                joined.push_str(if gap.contains('\n') { "\n" } else { " " });
            }
        }
        joined.extend(self.letters.last().map(|(c, _)| *c));
        if kinds.len() == 1 && joined.len() >= 8 && joined.is_ascii() {
            joined = language::spaced(&joined);
        }
        let tally = language::tally(joined.bytes());
        let latin = tally.letters as usize * 2 >= alphabetic;
        (!latin || tally.mean().is_some_and(|mean| mean <= language::LANGUAGE + 4)).then_some(joined)
    }
}
