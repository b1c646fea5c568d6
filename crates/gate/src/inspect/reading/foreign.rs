//! One look over what is not ASCII: which stages have anything to do there. Most writing beyond ASCII is accents, other
//! scripts and pictures, and nothing has to be done about it.

use super::letters::{alike, ascii, disguised};
use std::sync::atomic::{AtomicU8, Ordering};

/// A letter of any script.
pub(super) const ALPHABETIC: u8 = 1;
/// Not ordinary: invisible, styled, a mark, a sign of direction.
const ODD: u8 = 2;
/// Passes for a Latin letter, and is none.
const ALIKE: u8 = 4;
const BRAILLE: u8 = 8;
/// A letter on its head.
const TURNED: u8 = 16;
const KNOWN: u8 = 128;

/// What each character is, as far as it was asked for: the tables of Unicode are slow.
static KINDS: [AtomicU8; 1 << 18] = [const { AtomicU8::new(0) }; 1 << 18];

/// What a character beyond ASCII is.
#[inline]
pub(super) fn kind(c: char) -> u8 {
    let Some(known) = KINDS.get(c as usize) else { return found(c) };
    match known.load(Ordering::Relaxed) {
        0 => {
            let kind = found(c);
            known.store(kind, Ordering::Relaxed);
            kind
        }
        kind => kind,
    }
}

fn found(c: char) -> u8 {
    let code = c as u32;
    let alphabetic = c.is_alphabetic();
    let latin = matches!(code, 0..=0x24F | 0x1E00..=0x1EFF);
    let alike = disguised(c) || (alphabetic && !latin && (alike(c).is_some() || ascii(c).is_some()));
    let bit = |is: bool, bit: u8| if is { bit } else { 0 };
    KNOWN
        | bit(alphabetic, ALPHABETIC)
        | bit(!ordinary(code), ODD)
        | bit(alike, ALIKE)
        | bit(matches!(code, 0x2801..=0x28FF), BRAILLE)
        | bit(super::signs::TURNED.contains(c), TURNED)
}

/// Whether nothing has to be done about a character by itself.
#[inline]
pub(super) fn plain(c: char) -> bool {
    kind(c) & ODD == 0
}

/// Whether a character beyond ASCII is a letter on its head.
pub(super) fn is_turned(c: char) -> bool {
    !c.is_ascii() && kind(c) & TURNED != 0
}

/// Letters, signs and pictures that nothing here has to look at.
fn ordinary(code: u32) -> bool {
    matches!(code,
        0xA1..=0xAC | 0xAE..=0x2AF | 0x370..=0x482 | 0x48A..=0x58F | 0x5D0..=0x5F4 | 0x620..=0x64A | 0x660..=0x6D3
        | 0x904..=0x10FF | 0x1200..=0x139F | 0x1E00..=0x1FFF | 0x2010..=0x2027 | 0x2030..=0x205E | 0x20A0..=0x20CF
        | 0x2150..=0x245F | 0x2500..=0x27FF | 0x2900..=0x2FFF | 0x3001..=0x3163 | 0x3165..=0xA4CF | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF | 0x1F300..=0x1F3F3 | 0x1F3F5..=0x1FAFF | 0x20000..=0x3FFFF)
}

/// The next byte that is not ASCII, many at a time.
pub(super) fn next(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    if !rest.first()?.is_ascii() {
        return Some(from);
    }
    let words = rest.chunks_exact(16).take_while(|w| w.is_ascii()).count() * 16;
    rest[words..].iter().position(|b| !b.is_ascii()).map(|p| from + words + p)
}

/// What a text beyond ASCII has.
#[derive(Debug, Default)]
pub(super) struct Foreign {
    pub(super) braille: bool,
    pub(super) turned: bool,
    pub(super) odd: bool,
    pub(super) alike: bool,
    /// Letters of another alphabet that stand apart.
    pub(super) single: bool,
}

/// Looks over `text`.
pub(super) fn look(text: &str) -> Foreign {
    let bytes = text.as_bytes();
    let (mut at, mut seen) = (0, 0u8);
    let (mut row, mut last) = (0, 0);
    let mut foreign = Foreign::default();
    let bare = |at: usize| bytes.get(at).is_none_or(|b| b.is_ascii() && !b.is_ascii_alphanumeric());
    while let Some(start) = next(bytes, at) {
        let Some(c) = text[start..].chars().next() else { break };
        at = start + c.len_utf8();
        let kind = kind(c);
        seen |= kind;
        // Ideographs are words of their own, letters are not.
        if kind & ALPHABETIC != 0 && (c as u32) < 0x590 && bare(at) && (start == 0 || bare(start - 1)) {
            row = if start - last <= 8 { row + 1 } else { 1 };
            last = at;
            foreign.single |= row >= 5;
        }
    }
    foreign.braille = seen & BRAILLE != 0;
    foreign.turned = seen & TURNED != 0;
    foreign.odd = seen & ODD != 0;
    foreign.alike = seen & ALIKE != 0;
    foreign
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_signs_is_looked_at_again() {
        let quiet = look("Ünïcödé, 日本語、한국어 – « texte » 👍");
        assert!(!(quiet.braille || quiet.turned || quiet.odd || quiet.alike || quiet.single), "{quiet:?}");
        assert!(look("а").alike && look("ᴀ").alike && look("a\u{200B}").odd && look("⠊").braille);
        assert!(look("ɐ").turned && look("и г н о р и р у й").single && !look("и в с").single);
    }
}
