//! Characters that are not what is seen: invisible ones, tags, selectors that carry bytes, those that turn the direction
//! of text, marks heaped on letters, letters in costume. What ordinary writing needs stays as it is.

use super::letters::unstyled;
use super::map::Rewrite;
use super::{Decoded, Notes, foreign, language};
use crate::inspect::Severity;
use crate::inspect::unicode::belongs;
use std::ops::Range;
use unicode_normalization::char::{canonical_combining_class, compose};

/// Reads `text`, which is not all ASCII.
pub(super) fn read(text: &str, rewrite: &mut Rewrite<'_>, notes: &mut Notes) {
    let mut walk = Walk {
        text,
        rewrite,
        notes,
        unseen: Vec::new(),
        inside: 0,
        soft: 0,
        unseen_span: None,
        bytes: Vec::new(),
        bytes_span: None,
        marks: 0,
        marks_span: None,
        styled: 0,
        styled_span: None,
        open: Vec::new(),
    };
    let mut at = 0;
    while let Some(start) = foreign::next(text.as_bytes(), at) {
        let Some(c) = text[start..].chars().next() else { break };
        at = if foreign::plain(c) { start + c.len_utf8() } else { walk.one(start, c) };
    }
    walk.end();
}

struct Walk<'a, 't, 'r> {
    text: &'t str,
    rewrite: &'a mut Rewrite<'r>,
    notes: &'a mut Notes,
    /// Invisible characters, in order; some are the digits of a hidden number.
    unseen: Vec<char>,
    inside: usize,
    soft: usize,
    unseen_span: Option<Range<usize>>,
    /// What selectors spell.
    bytes: Vec<u8>,
    bytes_span: Option<Range<usize>>,
    marks: usize,
    marks_span: Option<Range<usize>>,
    styled: usize,
    styled_span: Option<Range<usize>>,
    /// Direction controls that are not closed yet.
    open: Vec<usize>,
}

fn grow(span: &mut Option<Range<usize>>, by: &Range<usize>) {
    match span {
        Some(span) => span.end = by.end,
        None => *span = Some(by.clone()),
    }
}

impl Walk<'_, '_, '_> {
    /// Looks at one character; where to go on.
    fn one(&mut self, start: usize, c: char) -> usize {
        let end = start + c.len_utf8();
        let (before, after) = (self.text[..start].chars().next_back(), self.text[end..].chars().next());
        match c as u32 {
            0xE0000..=0xE007F => return self.tags(start, before),
            0xFE00..=0xFE0F | 0xE0100..=0xE01EF => self.selector(start..end, c, before, after),
            0x202A..=0x202E | 0x2066..=0x2069 => self.direction(start..end, c),
            0x1F1E6..=0x1F1FF => return self.flags(start),
            0xA0 | 0x2000..=0x200A | 0x202F | 0x205F | 0x3000 | 0x1680 | 0x2800 => {
                self.rewrite.replace(start..end, " ")
            }
            0x2028 | 0x2029 | 0x85 => self.rewrite.replace(start..end, "\n"),
            _ if unseen(c) => {
                if !belongs(before, c, after) {
                    self.unseen(start..end, c, before, after);
                }
            }
            _ if canonical_combining_class(c) != 0 || matches!(c as u32, 0x0300..=0x036F) => {
                return self.marks(start, before);
            }
            _ => {
                if let Some(plain) = unstyled(c) {
                    self.styled += usize::from(plain.bytes().all(|b| b.is_ascii_alphabetic()));
                    grow(&mut self.styled_span, &(start..end));
                    self.rewrite.replace(start..end, &plain);
                }
            }
        }
        end
    }

    fn unseen(&mut self, span: Range<usize>, c: char, before: Option<char>, after: Option<char>) {
        let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic() || unseen(c));
        // At the start of a text it is the mark of its byte order.
        if span.start > 0 || c != '\u{FEFF}' {
            if c == '\u{AD}' {
                self.soft += 1;
            } else if letter(before) && letter(after) {
                self.inside += 1;
            }
            if self.unseen.len() < 1 << 16 {
                self.unseen.push(c);
            }
            grow(&mut self.unseen_span, &span);
        }
        self.rewrite.replace(span, "");
    }

    /// A run of tag characters: a flag of a region stays, anything else is text.
    fn tags(&mut self, start: usize, before: Option<char>) -> usize {
        let run = self.text[start..].chars().take_while(|c| matches!(*c as u32, 0xE0000..=0xE007F)).count();
        let end = start + run * 4;
        let spelt: String = self.text[start..end]
            .chars()
            .filter_map(|c| char::from_u32(c as u32 - 0xE0000))
            .filter(|c| c.is_ascii_graphic() || *c == ' ')
            .collect();
        let region = spelt.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if before == Some('\u{1F3F4}') && region && (4..=7).contains(&run) {
            return end;
        }
        let severity = if spelt.len() >= 3 { Severity::Danger } else { Severity::Caution };
        self.notes.add(
            "hidden_text",
            severity,
            &(start..end),
            "Text written in tag characters, which nobody sees and models read.",
        );
        if !spelt.is_empty() {
            self.notes.decoded.push(Decoded { text: spelt, span: start..end, how: vec!["tag characters"] });
        }
        self.rewrite.replace(start..end, "");
        end
    }

    fn selector(&mut self, span: Range<usize>, c: char, before: Option<char>, after: Option<char>) {
        let is_selector = |c: Option<char>| c.is_some_and(|c| matches!(c as u32, 0xFE00..=0xFE0F | 0xE0100..=0xE01EF));
        let code = c as u32;
        let alone = !is_selector(before) && !is_selector(after);
        // Pictures and ideographs have forms; letters have none.
        let fits = before.is_some_and(|b| match code {
            0xFE0E | 0xFE0F => !b.is_alphabetic() && !b.is_whitespace(),
            _ => !b.is_ascii(),
        });
        if alone && fits {
            return;
        }
        let byte = if code <= 0xFE0F { code - 0xFE00 } else { code - 0xE0100 + 16 };
        self.bytes.push(byte as u8);
        grow(&mut self.bytes_span, &span);
        self.rewrite.replace(span, "");
    }

    fn direction(&mut self, span: Range<usize>, c: char) {
        match c {
            '\u{202D}' | '\u{202E}' => {
                self.notes.add(
                    "turned_text",
                    Severity::Danger,
                    &span,
                    "A control that shows text in another order than it is stored in.",
                );
                self.open.push(span.start);
            }
            '\u{202C}' | '\u{2069}' => {
                self.open.pop();
            }
            _ => self.open.push(span.start),
        }
        self.rewrite.replace(span, "");
    }

    /// Letters of flags: pairs that stand as flags stay, others are letters.
    fn flags(&mut self, start: usize) -> usize {
        let flag = |c: char| matches!(c as u32, 0x1F1E6..=0x1F1FF);
        let run = self.text[start..].chars().take_while(|c| flag(*c)).count();
        let end = start + run * 4;
        if run == 2 {
            return end;
        }
        let letters: String =
            self.text[start..end].chars().filter_map(|c| char::from_u32(u32::from('a') + c as u32 - 0x1F1E6)).collect();
        if run % 2 == 1 || language::surprise(letters.bytes()).is_some_and(|s| run > 4 && s <= language::LANGUAGE) {
            self.styled += run;
            grow(&mut self.styled_span, &(start..end));
            self.rewrite.replace(start..end, &letters);
        }
        end
    }

    /// Marks on one letter: the first makes a letter with it where there is one; what is heaped on it goes.
    fn marks(&mut self, start: usize, before: Option<char>) -> usize {
        let is_mark =
            |c: char| canonical_combining_class(c) != 0 || matches!(c as u32, 0x0300..=0x036F | 0x20D0..=0x20FF);
        let (mut end, mut count, mut first) = (start, 0, None);
        for c in self.text[start..].chars().take_while(|c| is_mark(*c)) {
            first.get_or_insert(c);
            count += 1;
            end += c.len_utf8();
        }
        let Some(base) = before else { return end };
        let latin = base.is_ascii_alphanumeric();
        let whole = first.and_then(|mark| compose(base, mark));
        match whole {
            Some(letter) if latin && count <= 2 => {
                self.rewrite.replace(start - base.len_utf8()..end, &letter.to_string());
                return end;
            }
            _ if !latin && count <= 3 => return end,
            _ => {}
        }
        self.marks += count;
        grow(&mut self.marks_span, &(start..end));
        self.rewrite.replace(start..end, "");
        end
    }

    fn end(&mut self) {
        if let Some(span) = self.unseen_span.take() {
            self.number(&span);
            let dense = self.soft >= 12 && span.len() <= self.soft * 6;
            let (severity, message) = if self.inside >= 3 || dense {
                (Severity::Caution, "Invisible characters inside words.")
            } else {
                (Severity::Info, "Invisible characters.")
            };
            self.notes.add("hidden_characters", severity, &span, message);
        }
        if let Some(span) = self.bytes_span.take().filter(|_| self.bytes.len() >= 2) {
            let spelt = String::from_utf8_lossy(&self.bytes).into_owned();
            let shift: Vec<u8> = self.bytes.iter().map(|b| b.wrapping_add(0x20)).collect();
            let texts = [spelt, String::from_utf8_lossy(&shift).into_owned()];
            let text =
                texts.into_iter().find(|t| t.chars().all(|c| !c.is_control() || c == '\n') && !t.contains('\u{FFFD}'));
            let severity = if text.is_some() && self.bytes.len() >= 4 { Severity::Danger } else { Severity::Caution };
            self.notes.add(
                "hidden_text",
                severity,
                &span,
                "Bytes hidden in selectors of character forms, which nobody sees.",
            );
            if let Some(text) = text {
                self.notes.decoded.push(Decoded { text, span, how: vec!["variation selectors"] });
            }
        }
        if let Some(span) = self.marks_span.take().filter(|_| self.marks >= 8) {
            self.notes.add("stacked_marks", Severity::Caution, &span, "Letters under heaps of marks.");
        }
        if let Some(span) = self.styled_span.take().filter(|_| self.styled >= 8) {
            self.notes.add(
                "styled_letters",
                Severity::Info,
                &span,
                "Letters in another style, which searches don't find.",
            );
        }
        if let Some(start) = self.open.first() {
            let span = *start..self.text.len();
            self.notes.add("turned_text", Severity::Caution, &span, "A change of direction that is never ended.");
        }
    }

    /// Two kinds of invisible characters, over and over, are the digits of binary numbers.
    fn number(&mut self, span: &Range<usize>) {
        let mut kinds: Vec<(char, usize)> = Vec::new();
        for c in &self.unseen {
            match kinds.iter().position(|(k, _)| k == c) {
                Some(at) => kinds[at].1 += 1,
                None if kinds.len() < 8 => kinds.push((*c, 1)),
                None => {}
            }
        }
        kinds.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        let [(zero, _), (one, _), ..] = kinds[..] else { return };
        for (zero, one) in [(zero, one), (one, zero)] {
            let bits: Vec<u8> =
                self.unseen.iter().filter(|c| [zero, one].contains(c)).map(|c| u8::from(*c == one)).collect();
            for size in [8, 7, 16] {
                let text: String = bits
                    .chunks_exact(size)
                    .filter_map(|b| char::from_u32(b.iter().fold(0, |n, b| n << 1 | u32::from(*b))))
                    .collect();
                if text.chars().count() >= 4 && language::reads(&text) {
                    self.notes.add("hidden_text", Severity::Danger, span, "Text written in invisible characters.");
                    self.notes.decoded.push(Decoded { text, span: span.clone(), how: vec!["invisible digits"] });
                    return;
                }
            }
        }
    }
}

/// Characters without ink.
fn unseen(c: char) -> bool {
    matches!(c as u32,
        0xAD | 0x34F | 0x61C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F | 0x2060..=0x2065
        | 0x206A..=0x206F | 0x3164 | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A
        | 0xE0080..=0xE00FF | 0xE01F0..=0xE0FFF | 0x80..=0x84 | 0x86..=0x9F)
}
