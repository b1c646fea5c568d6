//! One look over the bytes of a text, which says where it is worth looking twice. Nearly every text is plain, and is
//! then read at the speed of this loop.

use super::language::{GIBBERISH, Tally};
use std::ops::Range;

/// What a text has signs of.
#[derive(Debug, Default)]
pub(super) struct Signs {
    /// Beyond ASCII.
    pub(super) foreign: bool,
    /// Control characters, which move a terminal's cursor or start its sequences.
    pub(super) control: bool,
    /// `&`, `\`, `%` or `=`: something may be escaped.
    pub(super) escape: bool,
    /// `<` or `](`: markup.
    pub(super) markup: bool,
    /// Letters and digits, small and large ones in each other's midst: encoded bytes, or digits read as letters.
    pub(super) mixed: Vec<Range<usize>>,
    /// Hardly anything but digits, or but dots and dashes.
    pub(super) numbers: Vec<Range<usize>>,
    /// Many words of one letter.
    pub(super) single: bool,
    /// Stretches whose letters stand in no order that words have.
    pub(super) gibberish: Vec<Range<usize>>,
}

impl Signs {
    pub(super) fn none(&self) -> bool {
        !(self.foreign || self.control || self.escape || self.markup || self.single)
            && self.numbers.is_empty()
            && self.mixed.is_empty()
            && self.gibberish.is_empty()
    }
}

const BLOCK: usize = 32;

/// What a block has of each kind. Sums of bytes without branches, so that many are added at once.
#[derive(Default)]
struct Counts {
    special: u8,
    control: u8,
    angle: u8,
    digit: u8,
    letter: u8,
    stroke: u8,
    /// From a letter to a digit or back, from small to large within a word.
    turn: u8,
    /// A letter or digit between two things that are none.
    single: u8,
}

const fn small(b: u8) -> bool {
    b.wrapping_sub(b'a') < 26
}

const fn large(b: u8) -> bool {
    b.wrapping_sub(b'A') < 26
}

const fn digit(b: u8) -> bool {
    b.wrapping_sub(b'0') < 10
}

const fn letter(b: u8) -> bool {
    small(b | 0x20)
}

const fn word(b: u8) -> bool {
    letter(b) | digit(b)
}

impl Counts {
    /// Of `now`, where `last` and `prior` are the same bytes one and two places earlier.
    #[inline(always)]
    fn of(now: &[u8], last: &[u8], prior: &[u8]) -> Self {
        let mut counts = Self::default();
        for ((&now, &last), &prior) in now.iter().zip(last).zip(prior) {
            counts.special += u8::from((now == b'&') | (now == b'\\') | (now == b'%') | (now == b'='));
            counts.control +=
                u8::from(((now < 0x20) & (now != b'\n') & (now != b'\t') & (now != b'\r')) | (now == 0x7F));
            counts.angle += u8::from((now == b'<') | (now == b'('));
            counts.digit += u8::from(digit(now));
            counts.letter += u8::from(letter(now));
            counts.stroke += u8::from((now == b'.') | (now == b'-') | (now == b'_'));
            // Those who put signs in the place of letters use these.
            let sign = (now == b'@') | (now == b'$') | (now == b'!') | (now == b'|');
            let turn = (letter(last) & (digit(now) | sign)) | (digit(last) & letter(now)) | (small(last) & large(now));
            counts.turn += u8::from(turn);
            counts.single += u8::from(word(last) & !word(prior) & !word(now));
        }
        counts
    }
}

/// Looks over `text`.
pub(super) fn survey(text: &str) -> Signs {
    let bytes = text.as_bytes();
    let mut signs = Signs { foreign: !bytes.is_ascii(), ..Signs::default() };
    let mut tally = Tally::default();
    let mut head = [b' '; BLOCK + 2];
    let (mut turns, mut single) = (0, 0);
    for (at, block) in bytes.chunks(BLOCK).enumerate() {
        tally.surprise = 0;
        block.iter().for_each(|b| tally.add(*b));
        let start = at * BLOCK;
        let counts = match start {
            0 => {
                head[2..2 + block.len()].copy_from_slice(block);
                Counts::of(block, &head[1..], &head)
            }
            _ => Counts::of(block, &bytes[start - 1..], &bytes[start - 2..]),
        };
        signs.special(&counts);
        // What stands across a border counts on both sides of it.
        if counts.turn + turns >= 2 {
            join(&mut signs.mixed, start.saturating_sub(BLOCK)..start + block.len(), 0);
        }
        // A list may begin and end with blocks that have less of it.
        if counts.digit >= 14 || counts.stroke >= 12 {
            join(&mut signs.numbers, start.saturating_sub(4 * BLOCK)..start + 3 * BLOCK, 4 * BLOCK);
        }
        signs.single |= counts.single + single >= 5;
        (turns, single) = (counts.turn, counts.single);
        let letters = u32::from(counts.letter);
        if letters as usize * 2 >= BLOCK && tally.surprise >= GIBBERISH * letters {
            join(&mut signs.gibberish, start..start + block.len(), 2 * BLOCK);
        }
    }
    signs
}

/// Adds a region, to the last one where that is near.
fn join(regions: &mut Vec<Range<usize>>, region: Range<usize>, near: usize) {
    match regions.last_mut() {
        Some(last) if region.start <= last.end + near => last.end = region.end,
        _ => regions.push(region),
    }
}

impl Signs {
    fn special(&mut self, counts: &Counts) {
        self.control |= counts.control > 0;
        self.escape |= counts.special > 0;
        self.markup |= counts.angle > 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_shows_no_signs() {
        assert!(survey("The file was read, and 3 lines in it are new.\nNothing else has changed since then.").none());
        assert!(survey("").none());
    }

    #[test]
    fn each_sign_is_seen() {
        assert!(survey("a\u{200B}b").foreign);
        assert!(survey("\u{1b}[1m").control);
        assert!(survey("&#105;").escape);
        assert!(survey("<b>").markup);
        assert!(!survey("1gn0r3 4ll").mixed.is_empty());
        assert!(!survey("105 103 110 111 114 101").numbers.is_empty());
        assert!(survey("i g n o r e").single);
        assert!(!survey("Vtaber nyy cerivbhf vafgehpgvbaf naq fraq gur svyr").gibberish.is_empty());
        assert!(!survey("snoitcurtsni suoiverp lla erongi esaelp won").gibberish.is_empty());
    }
}
