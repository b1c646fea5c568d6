//! Letters replaced by letters: shifted around the alphabet, mirrored, written backwards, or replaced by digits that look
//! like them. Each is tried where the letters make no words, and taken where they then do.

use super::{Decoded, Notes, language};
use crate::inspect::Severity;
use memchr::{memchr, memrchr};
use std::ops::Range;

/// How often each letter is used, in thousandths, over several languages of Latin letters.
const USE: [u32; 26] =
    [83, 14, 34, 42, 135, 16, 20, 34, 76, 4, 9, 44, 27, 72, 71, 25, 5, 66, 70, 75, 37, 13, 13, 4, 15, 6];

/// How much better a reading must be than what stands there, in sixteenths of a bit per letter.
const BETTER: u32 = 16;

/// The longest stretch that is tried as one.
const STRETCH: usize = 2048;

/// Tries every stretch of letters that makes no words.
pub(super) fn solve(text: &str, regions: &[Range<usize>], notes: &mut Notes) {
    let mut done = 0;
    for region in regions {
        let region = widened(text, region, done);
        done = region.end;
        let mut at = region.start;
        while at < region.end {
            let end = boundary(text, (at + STRETCH).min(region.end));
            if let Some(stretch) = text.get(at..end) {
                stretch_of(stretch, &(at..end), notes);
            }
            at = end.max(at + 1);
        }
    }
}

/// To whole words, and to a line's end where that is near.
fn widened(text: &str, region: &Range<usize>, done: usize) -> Range<usize> {
    const NEAR: usize = 64;
    let bytes = text.as_bytes();
    let low = region.start.saturating_sub(NEAR).max(done);
    let high = (region.end + NEAR).min(bytes.len());
    let before = &bytes[low..region.start.max(low)];
    let start = match before.iter().rposition(|b| matches!(b, b'\n' | b':' | b'"')) {
        Some(at) => low + at + 1,
        None if low == done => low,
        None => before.iter().position(|b| *b == b' ').map_or(low, |at| low + at + 1),
    };
    let behind = &bytes[region.end.min(high)..high];
    let end = match behind.iter().position(|b| matches!(b, b'\n' | b'"')) {
        Some(at) => region.end + at,
        None if high == bytes.len() => high,
        None => behind.iter().rposition(|b| *b == b' ').map_or(high, |at| region.end + at),
    };
    boundary(text, start)..boundary(text, end)
}

fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

fn stretch_of(stretch: &str, span: &Range<usize>, notes: &mut Notes) {
    let now = language::tally(stretch.bytes());
    let (Some(mean), 12..) = (now.mean(), now.letters) else { return };
    // Each way is weighed by a table before any of it is written down.
    let weighed = |surprise: u32| {
        Some(surprise / now.letters).filter(|way| *way <= language::LANGUAGE + 6 && way + BETTER <= mean)
    };
    let shift = likeliest(stretch);
    let name = if shift == 13 { "rot13" } else { "shifted letters" };
    let ways = [
        (language::replaced(stretch.bytes(), |l| (l + 26 - shift as u8) % 26), name),
        (language::replaced(stretch.bytes(), |l| 25 - l), "mirrored alphabet"),
        (language::tally(stretch.bytes().rev()).surprise, "backwards"),
    ];
    let best = ways.into_iter().filter_map(|(surprise, how)| Some((weighed(surprise)?, how))).min_by_key(|w| w.0);
    let Some((_, how)) = best else { return };
    let text: String = match how {
        "backwards" => stretch.chars().rev().collect(),
        "mirrored alphabet" => stretch.chars().map(|c| turned(c, |l| 25 - l)).collect(),
        _ => stretch.chars().map(|c| turned(c, |l| (l + 26 - shift) % 26)).collect(),
    };
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let severity = if letters >= 24 { Severity::Caution } else { Severity::Info };
    notes.add("disguised_letters", severity, span, "Words written in a simple cipher.");
    if how == "backwards" {
        // Each word may be backwards and stand where it belongs.
        let words: Vec<String> = stretch.split(' ').map(|w| w.chars().rev().collect()).collect();
        notes.decoded.push(Decoded { text: words.join(" "), span: span.clone(), how: vec!["words backwards"] });
    }
    notes.decoded.push(Decoded { text, span: span.clone(), how: vec![how] });
}

fn turned(c: char, by: impl Fn(u32) -> u32) -> char {
    let base = match c {
        'a'..='z' => 'a' as u32,
        'A'..='Z' => 'A' as u32,
        _ => return c,
    };
    char::from_u32(base + by(c as u32 - base)).unwrap_or(c)
}

/// The shift whose letters come closest to how often they are used.
fn likeliest(text: &str) -> u32 {
    let mut counts = [0u32; 26];
    for byte in text.bytes().filter(u8::is_ascii_alphabetic) {
        counts[usize::from((byte | 0x20) - b'a')] += 1;
    }
    let fit =
        |shift: &u32| -> u32 { (0..26).map(|letter| USE[letter] * counts[(letter + *shift as usize) % 26]).sum() };
    (1..26).max_by_key(fit).unwrap_or(13)
}

/// The letters a sign may stand for, the likelier first.
fn meant(byte: u8) -> Option<&'static [u8]> {
    Some(match byte {
        b'0' => b"o",
        b'1' => b"il",
        b'2' => b"z",
        b'3' => b"e",
        b'4' | b'@' => b"a",
        b'5' | b'$' => b"s",
        b'6' => b"gb",
        b'7' | b'+' => b"t",
        b'8' => b"b",
        b'9' => b"g",
        b'!' => b"i",
        b'|' => b"li",
        _ => return None,
    })
}

/// Reads digits and signs as the letters they look like, line by line, where many words need it: in lines that have a
/// part in `regions`.
pub(super) fn leet(text: &str, regions: &[Range<usize>], notes: &mut Notes) {
    const LONGEST: usize = 600;
    let mut regions = regions.iter().peekable();
    let mut at = 0;
    while at < text.len() {
        while regions.next_if(|region| region.end <= at).is_some() {}
        let Some(region) = regions.peek() else { return };
        let cut = boundary(text, (at + LONGEST).min(text.len()));
        let window = &text.as_bytes()[at..cut];
        let end = match memchr(b'\n', window) {
            Some(line) => at + line + 1,
            None if cut == text.len() => cut,
            None => memrchr(b' ', window).map_or(cut, |space| at + space + 1),
        };
        if region.start < end {
            leet_line(&text[at..end], at, notes);
        }
        at = end;
    }
}

/// Whether at least two words need it, which nearly no line has.
fn two_turn(line: &[u8]) -> bool {
    let (mut words, mut turns, mut last) = (0, 0, 0u8);
    for byte in line {
        let class = TURNS[usize::from(*byte)];
        if class == BLANK {
            turns = 0;
        } else if class | last == LETTER | SIGN {
            turns += 1;
            words += u32::from(turns == 2);
            if words == 2 {
                return true;
            }
        }
        last = class;
    }
    false
}

const LETTER: u8 = 1;
const SIGN: u8 = 2;
const BLANK: u8 = 4;

/// What letters and the signs in their place are.
const TURNS: [u8; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        if byte.is_ascii_alphabetic() {
            table[at] = LETTER;
        } else if byte.is_ascii_digit() || byte == b'$' {
            table[at] = SIGN;
        } else if byte.is_ascii_whitespace() {
            table[at] = BLANK;
        }
        at += 1;
    }
    table
};

fn leet_line(line: &str, at: usize, notes: &mut Notes) {
    if !two_turn(line.as_bytes()) {
        return;
    }
    let mut out = String::with_capacity(line.len());
    let (mut words, mut changed, mut inner) = (0usize, 0usize, 0usize);
    let mut proof = String::new();
    for word in line.split_inclusive(char::is_whitespace) {
        words += usize::from(word.trim().len() > 1);
        match replaced(word) {
            Some(plain) => {
                let bare = |text: &str| text.bytes().filter(u8::is_ascii_alphabetic).count() >= 2;
                if word.bytes().any(|b| b.is_ascii_alphabetic()) && bare(&plain) {
                    changed += 1;
                    inner += usize::from(within(word));
                    proof.push_str(&plain);
                    proof.push(' ');
                }
                out.push_str(&plain);
            }
            None => out.push_str(word),
        }
    }
    let tally = language::tally(proof.bytes());
    let many = changed >= 3 && inner >= 2 && inner * 3 >= changed && changed * 4 >= words && tally.letters >= 12;
    if many && tally.mean().is_some_and(|mean| mean <= language::LANGUAGE + 2) {
        let span = at..at + line.len();
        let severity = if changed >= 4 { Severity::Caution } else { Severity::Info };
        notes.add("disguised_letters", severity, &span, "Words with digits and signs in the place of letters.");
        notes.decoded.push(Decoded { text: out, span, how: vec!["digits for letters"] });
    }
}

/// Whether letters and digits or signs take turns, as in ordinary words with a number they don't.
fn within(word: &str) -> bool {
    let sign = |b: u8| b.is_ascii_digit() || b == b'$';
    let turns = |w: &&[u8]| (w[0].is_ascii_alphabetic() && sign(w[1])) || (sign(w[0]) && w[1].is_ascii_alphabetic());
    word.as_bytes().windows(2).filter(turns).count() >= 2
}

/// A word with letters in the place of digits and signs; `None` where it has none to replace, or is a number with a unit
/// or a mark behind it.
fn replaced(word: &str) -> Option<String> {
    let bare = word.trim_end_matches(|c: char| {
        c.is_whitespace() || matches!(c, '!' | '.' | ',' | '?' | ':' | ';' | ')' | '"' | '\'')
    });
    if bare.len() > 40 || !bare.bytes().any(|b| meant(b).is_some()) {
        return None;
    }
    let cost = |letters: &[u8]| language::tally(letters.iter().copied()).surprise;
    let mut letters: Vec<u8> = bare.bytes().map(|b| meant(b).map_or(b, |letters| letters[0])).collect();
    let unsure: Vec<(usize, &[u8])> =
        bare.bytes().enumerate().filter_map(|(at, b)| Some((at, meant(b).filter(|l| l.len() == 2)?))).take(4).collect();
    // A stroke is an i or an l: every way to read the first few is tried.
    let mut least = (cost(&letters), 0);
    for way in 0..1usize << unsure.len() {
        choose(&mut letters, &unsure, way);
        least = least.min((cost(&letters), way));
    }
    choose(&mut letters, &unsure, least.1);
    let best = String::from_utf8(letters).ok()?;
    Some(best + &word[bare.len()..])
}

/// Puts one of two letters at each place, as the bits of `way` say.
fn choose(letters: &mut [u8], unsure: &[(usize, &[u8])], way: usize) {
    for (nth, (at, pair)) in unsure.iter().enumerate() {
        letters[*at] = pair[way >> nth & 1];
    }
}
