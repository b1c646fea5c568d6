//! Letters that look like others: what is left when style, script and posture are taken away.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU8, Ordering};
use unicode_normalization::UnicodeNormalization;

/// Letters of phonetic writing that pass for small capitals, letters on their head, and Cyrillic ones that pass for Latin
/// by shape alone. The confusables of Unicode know none of them as the letter they are read as.
const ALIKE: &[(char, &str)] = &[
    ('a', "ᴀɐᗩ"),
    ('b', "ʙвƄ"),
    ('c', "ᴄɔ"),
    ('d', "ᴅδ"),
    ('e', "ᴇǝɛзэєЭЄƎ"),
    ('f', "ꜰɟғ"),
    ('g', "ɢƃᵷɡ"),
    ('h', "ʜɥнҺ"),
    ('i', "ɪᴉıιӏ"),
    ('j', "ᴊɾ"),
    ('k', "ᴋʞкκ"),
    ('l', "ʟןꞁ"),
    ('m', "ᴍɯм"),
    ('n', "ɴиИпηƞ"),
    ('o', "ᴏσ"),
    ('p', "ᴘρ"),
    ('q', "ꞯǫ"),
    ('r', "ʀɹʁяЯг"),
    ('s', "ꜱƨ"),
    ('t', "ᴛʇтτ"),
    ('u', "ᴜцυ"),
    ('v', "ᴠʌνѵ"),
    ('w', "ᴡʍшщωѡ"),
    ('x', "×χ"),
    ('y', "ʏʎчуγ"),
    ('z', "ᴢ"),
];

/// The same by the code of the other letter, 0 for none: a text may ask for each of its characters.
static BY_CODE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut table = vec![0; 0xA800];
    for (letter, others) in ALIKE {
        for other in others.chars() {
            if let (Some(place), Ok(letter)) = (table.get_mut(other as usize), u8::try_from(*letter)) {
                *place = letter;
            }
        }
    }
    table
});

/// The Latin letter that a letter of phonetic or Cyrillic writing is read as.
pub(super) fn alike(c: char) -> Option<char> {
    BY_CODE.get(c as usize).filter(|letter| **letter > 0).map(|letter| char::from(*letter))
}

/// Whether a letter beyond ASCII is one that ordinary words have no use for, but that passes for one they have.
pub(super) fn disguised(c: char) -> bool {
    matches!(c as u32, 0x0250..=0x02AF | 0x1D00..=0x1D7F | 0xA720..=0xA7FF | 0x018E | 0x01DD | 0x0183 | 0x05DF)
        && alike(c).is_some()
}

/// What was asked for already: a look into the tables of Unicode is slow. 0 is not known yet, 1 is none.
static ASCII: [AtomicU8; 1 << 17] = [const { AtomicU8::new(0) }; 1 << 17];

/// The ASCII letter or digit that is read for `c`, which is none itself. What lies beyond is ideographs.
pub(super) fn ascii(c: char) -> Option<char> {
    let known = ASCII.get(c as usize)?;
    let code = match known.load(Ordering::Relaxed) {
        0 => {
            let code = slowly(c).and_then(|a| u8::try_from(a).ok()).unwrap_or(1);
            known.store(code, Ordering::Relaxed);
            code
        }
        code => code,
    };
    (code > 1).then_some(char::from(code))
}

fn slowly(c: char) -> Option<char> {
    let mut text = [0; 4];
    let mut skeleton = unicode_security::skeleton(c.encode_utf8(&mut text));
    if let (Some(plain), None) = (skeleton.next().filter(char::is_ascii_alphanumeric), skeleton.next()) {
        // The prototype of every upright stroke is `l`; that of a large letter is an `I`.
        return Some(if plain == 'l' && c.is_uppercase() { 'I' } else { plain });
    }
    let lower = || c.to_lowercase().next().and_then(alike).map(|l| l.to_ascii_uppercase());
    alike(c).or_else(lower)
}

/// The plain form of a letter that is styled: full-width, mathematical, circled, squared, raised, a ligature.
pub(super) fn unstyled(c: char) -> Option<String> {
    let code = c as u32;
    let nth = |start: u32| char::from_u32(u32::from('A') + (code - start)).map(String::from);
    match code {
        0x1F150..=0x1F169 => return nth(0x1F150),
        0x1F170..=0x1F189 => return nth(0x1F170),
        0x02B0..=0x02FF | 0x1D2C..=0x1D6A | 0x2071 | 0x207F | 0x2090..=0x209C | 0x2100..=0x2121 | 0x2123..=0x214F => {}
        0x2460..=0x24EA | 0xFB00..=0xFB06 | 0xFF01..=0xFF5E | 0x1D400..=0x1D7FF | 0x1F100..=0x1F14F => {}
        _ => return None,
    }
    let plain: String = std::iter::once(c).nfkc().collect();
    let inner = plain.trim_start_matches('(').trim_end_matches([')', '.', ',']);
    let inner = if inner.is_empty() { plain.as_str() } else { inner };
    // Mathematics has Greek letters in its styles too.
    inner.chars().all(|c| c.is_ascii_graphic() || c.is_alphabetic()).then(|| inner.to_owned()).filter(|p| !p.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_likeness_is_found() {
        for (letter, others) in ALIKE {
            assert!(others.chars().all(|c| alike(c) == Some(*letter)), "{letter}");
        }
    }

    #[test]
    fn letters_are_read_for_what_they_pass_for() {
        for (c, plain) in
            [('ｉ', "i"), ('𝗴', "g"), ('ⓝ', "n"), ('🅾', "O"), ('🅡', "R"), ('⒠', "e"), ('ﬁ', "fi"), ('！', "!")]
        {
            assert_eq!(unstyled(c).as_deref(), Some(plain), "{c}");
        }
        for (c, plain) in [('о', "o"), ('І', "I"), ('а', "a"), ('ʀ', "r"), ('ɐ', "a"), ('И', "n"), ('Ⅼ', "L")] {
            assert_eq!(ascii(c).map(|a| a.to_string().to_lowercase()), Some(plain.to_lowercase()), "{c}");
        }
        assert_eq!(unstyled('日'), None);
        assert_eq!(unstyled('™'), None);
    }
}
