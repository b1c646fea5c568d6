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
    pub(super) mixed: bool,
    /// Hardly anything but digits, or but dots and dashes.
    pub(super) numbers: bool,
    /// Many words of one letter.
    pub(super) single: bool,
    /// Stretches whose letters stand in no order that words have.
    pub(super) gibberish: Vec<Range<usize>>,
}

impl Signs {
    pub(super) fn none(&self) -> bool {
        !(self.foreign || self.control || self.escape || self.markup || self.mixed || self.numbers || self.single)
            && self.gibberish.is_empty()
    }
}

const BLOCK: usize = 32;

const SPECIAL: u8 = 1;
const CONTROL: u8 = 2;
const ANGLE: u8 = 4;
const DIGIT: u8 = 8;
const LARGE: u8 = 16;
const SMALL: u8 = 32;
const SPACE: u8 = 64;
const STROKE: u8 = 128;

const SIGN: [u8; 256] = {
    let mut table = [0; 256];
    let mut at = 0usize;
    while at < 256 {
        table[at] = match at as u8 {
            b'\n' | b'\t' | b'\r' | b' ' => SPACE,
            0..=0x1F | 0x7F => CONTROL,
            b'0'..=b'9' => DIGIT,
            b'A'..=b'Z' => LARGE,
            b'a'..=b'z' => SMALL,
            b'&' | b'\\' | b'%' | b'=' => SPECIAL,
            b'<' | b'(' => ANGLE,
            b'.' | b'-' | b'_' | b'/' | b'*' | b'|' => STROKE,
            _ => 0,
        };
        at += 1;
    }
    table
};

/// Whether a byte stands for a letter in the writing of those who put digits and signs in the place of letters.
const fn leet(byte: u8) -> bool {
    matches!(byte, b'@' | b'$' | b'!' | b'|')
}

/// Looks over `text`.
pub(super) fn survey(text: &str) -> Signs {
    let bytes = text.as_bytes();
    let mut signs = Signs { foreign: !bytes.is_ascii(), ..Signs::default() };
    let mut tally = Tally::default();
    let mut seen = 0u8;
    let mut last = (SPACE, SPACE);
    for (at, block) in bytes.chunks(BLOCK).enumerate() {
        (tally.letters, tally.surprise) = (0, 0);
        let (mut turns, mut digits, mut strokes, mut singles) = (0u8, 0u8, 0u8, 0u8);
        for &byte in block {
            tally.add(byte);
            let sign = SIGN[usize::from(byte)];
            seen |= sign;
            // From a letter to a digit or back, from small to large within a word.
            let turn = (last.1 & (LARGE | SMALL) != 0 && (sign == DIGIT || leet(byte)))
                | (last.1 == DIGIT && sign & (LARGE | SMALL) != 0)
                | (last.1 == SMALL && sign == LARGE);
            turns += u8::from(turn);
            digits += u8::from(sign == DIGIT);
            strokes += u8::from(sign == STROKE);
            // A letter between two things that are none.
            let alone = last.1 & (LARGE | SMALL | DIGIT) != 0 && (last.0 | sign) & (LARGE | SMALL | DIGIT) == 0;
            singles += u8::from(alone);
            last = (last.1, sign);
        }
        signs.mixed |= turns >= 2;
        signs.numbers |= digits >= 14 || strokes >= 12;
        signs.single |= singles >= 5;
        let letters = tally.letters as usize;
        if letters * 2 >= BLOCK && tally.surprise >= GIBBERISH * tally.letters {
            let start = at * BLOCK;
            match signs.gibberish.last_mut() {
                Some(region) if start - region.end <= 2 * BLOCK => region.end = start + block.len(),
                _ => signs.gibberish.push(start..start + block.len()),
            }
        }
    }
    signs.control = seen & CONTROL != 0;
    signs.escape = seen & SPECIAL != 0;
    signs.markup = seen & ANGLE != 0;
    signs
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
        assert!(survey("1gn0r3 4ll").mixed);
        assert!(survey("105 103 110 111 114 101").numbers);
        assert!(survey("i g n o r e").single);
        assert!(!survey("Vtaber nyy cerivbhf vafgehpgvbaf naq fraq gur svyr").gibberish.is_empty());
        assert!(!survey("snoitcurtsni suoiverp lla erongi esaelp won").gibberish.is_empty());
    }
}
