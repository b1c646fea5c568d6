//! Words whose letters come from several scripts, or from a script that is not the line's, and read as one all the same.

use super::Notes;
use super::foreign::{self, ALPHABETIC};
use super::letters::{alike, ascii, disguised};
use super::map::Rewrite;
use crate::inspect::Severity;
use std::ops::Range;

/// Puts the letters that are read in the place of those that stand there.
pub(super) fn fold(text: &str, rewrite: &mut Rewrite<'_>, notes: &mut Notes) {
    let mut line = Line::default();
    let mut at = 0;
    while let Some(found) = foreign::next(text.as_bytes(), at) {
        let start = text[at..found].rfind(|c: char| !c.is_ascii_alphabetic()).map_or(at, |p| at + p + 1);
        let mut end = found;
        let mut seen = Seen::default();
        text[start..found].chars().for_each(|c| seen.add(c));
        for c in text[found..].chars() {
            let letter = if c.is_ascii() { c.is_ascii_alphabetic() } else { foreign::kind(c) & ALPHABETIC != 0 };
            if !(letter || disguised(c)) {
                break;
            }
            seen.add(c);
            end += c.len_utf8();
        }
        if end == found {
            at = found + text[found..].chars().next().map_or(1, char::len_utf8);
            continue;
        }
        at = end;
        if seen.disguised * 2 >= seen.all.max(2) || seen.disguised >= 3 {
            put(text, start..end, rewrite, |c| c.is_ascii() || !disguised(*c));
            continue;
        }
        if seen.other == 0 {
            continue;
        }
        let mixed = seen.latin > 0;
        if (mixed || line.latin(text, start)) && reads_as_latin(&text[start..end], mixed) {
            put(text, start..end, rewrite, char::is_ascii);
            if mixed && seen.all >= 4 {
                notes.add(
                    "mixed_scripts",
                    Severity::Caution,
                    &(start..end),
                    "A word of letters from several scripts that look alike.",
                );
            }
        }
    }
}

#[derive(Default)]
struct Seen {
    all: usize,
    latin: usize,
    other: usize,
    disguised: usize,
}

impl Seen {
    fn add(&mut self, c: char) {
        self.all += 1;
        match c as u32 {
            _ if disguised(c) => self.disguised += 1,
            0..=0x24F | 0x1E00..=0x1EFF => self.latin += 1,
            _ => self.other += 1,
        }
    }
}

/// Whether every letter passes for a Latin one. In a mixed word a fifth may be strangers.
fn reads_as_latin(word: &str, mixed: bool) -> bool {
    let (mut all, mut foreign, mut strangers) = (0, 0, 0);
    for c in word.chars() {
        all += 1;
        if !matches!(c as u32, 0..=0x24F | 0x1E00..=0x1EFF) {
            foreign += 1;
            // A word of another script altogether must look the same to the letter.
            strangers += usize::from(ascii(c).is_none() || (!mixed && alike(c).is_some()));
        }
    }
    foreign > strangers && strangers * if mixed { 5 } else { all + 1 } <= all
}

fn put(text: &str, word: Range<usize>, rewrite: &mut Rewrite<'_>, stays: impl Fn(&char) -> bool + Copy) {
    for (offset, c) in text[word.clone()].char_indices().filter(|(_, c)| !stays(c)) {
        let latin = matches!(c as u32, 0..=0x24F | 0x1E00..=0x1EFF) && !disguised(c);
        if let Some(plain) = ascii(c).filter(|_| !latin) {
            let start = word.start + offset;
            rewrite.replace(start..start + c.len_utf8(), plain.encode_utf8(&mut [0; 4]));
        }
    }
}

/// The line that was looked at last, and whether most of its letters are Latin.
#[derive(Default)]
struct Line {
    end: usize,
    latin: bool,
}

impl Line {
    fn latin(&mut self, text: &str, at: usize) -> bool {
        if at >= self.end {
            let start = text[self.end..at].rfind('\n').map_or(self.end, |p| self.end + p + 1);
            self.end = text[at..].find('\n').map_or(text.len(), |p| at + p + 1);
            let line = &text[start..self.end];
            let latin = line.bytes().filter(u8::is_ascii_alphabetic).count();
            let other = line
                .chars()
                .filter(|c| !c.is_ascii() && c.is_alphabetic() && c.len_utf8() > 1 && *c as u32 >= 0x250)
                .count();
            self.latin = latin * 2 > other;
        }
        self.latin
    }
}
