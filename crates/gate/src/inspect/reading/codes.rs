//! Bytes written as letters or numbers: base64 in its alphabets, base32, hexadecimal, binary, octal, decimal, positions in
//! the alphabet, Morse, Braille. Whatever decodes to language is read.

use super::{Decoded, Notes, language};
use crate::inspect::Severity;
use std::ops::Range;

/// The shortest run that is taken for encoded bytes.
const SHORTEST: usize = 12;

/// Decodes what decodes. Whether it reads is for the caller to say, since codes are nested.
pub(super) fn tokens(text: &str, out: &mut Vec<Decoded>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let Some(skip) = bytes[at..].iter().position(|b| coded(*b)) else { break };
        let start = at + skip;
        let end = run(bytes, start);
        at = end + 1;
        // Words and paths have small letters alone; bytes in any code have others too.
        let varied = bytes[start..end].iter().any(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        if end - start >= SHORTEST && varied {
            token(&bytes[start..end], start..end, out);
        }
    }
}

/// Letters, digits and signs of either alphabet of base64.
fn coded(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
}

/// Where a run ends; lines of it that were wrapped are one.
fn run(bytes: &[u8], start: usize) -> usize {
    let stop = |from: usize| bytes[from..].iter().position(|b| !coded(*b)).map_or(bytes.len(), |p| from + p);
    let mut end = stop(start);
    let width = end - start;
    if width < 32 {
        return end;
    }
    loop {
        let mut next = end;
        // A quoted mail has a sign in front of each line.
        while next < bytes.len() && next - end < 4 && matches!(bytes[next], b'\n' | b'\r' | b' ' | b'>' | b'\t') {
            next += 1;
        }
        if next == end || !bytes[end..next].contains(&b'\n') || !bytes.get(next).is_some_and(|b| coded(*b)) {
            break;
        }
        let line = stop(next);
        if line - next > width || (line - next < width && bytes.get(line).is_some_and(|b| *b == b' ')) {
            break;
        }
        let short = line - next < width;
        end = line;
        if short {
            break;
        }
    }
    end
}

fn token(run: &[u8], span: Range<usize>, out: &mut Vec<Decoded>) {
    let solid: Vec<u8> = run.iter().copied().filter(|b| coded(*b)).collect();
    let solid = &solid[..];
    let mut push = |text: String, how: &'static str| out.push(Decoded { text, span: span.clone(), how: vec![how] });
    if solid.iter().all(u8::is_ascii_hexdigit) {
        if solid.iter().all(|b| matches!(b, b'0' | b'1')) && solid.len() >= 32 {
            return [8, 7].iter().find_map(|n| bits(solid, *n)).into_iter().for_each(|t| push(t, "binary"));
        }
        let even = &solid[..solid.len() & !1];
        if let Some(text) = hex::decode(even).ok().and_then(readable) {
            return push(text, "hexadecimal");
        }
    }
    let unpadded = &solid[..solid.iter().rposition(|b| *b != b'=').map_or(0, |p| p + 1)];
    let all = |digit: fn(&u8) -> bool| unpadded.iter().all(digit);
    let thirty_two = all(|b| matches!(b, b'A'..=b'Z' | b'2'..=b'7')) || all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'));
    if thirty_two && let Some(text) = base32(unpadded).and_then(readable) {
        return push(text, "base32");
    }
    if let Some(text) = base64(unpadded).and_then(readable) {
        return push(text, "base64");
    }
    // Padding that stands in front betrays one written backwards.
    if solid.first() == Some(&b'=') {
        let backwards: Vec<u8> = solid.iter().rev().copied().filter(|b| *b != b'=').collect();
        if let Some(text) = base64(&backwards).and_then(readable) {
            push(text, "base64 backwards");
        }
    }
}

fn bits(digits: &[u8], size: usize) -> Option<String> {
    let bytes = digits.chunks_exact(size).map(|b| b.iter().fold(0u8, |n, d| n << 1 | (d & 1))).collect();
    readable(bytes)
}

/// Four letters to three bytes, whatever the alphabet; stops where the first bytes can't be text.
fn base64(letters: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(letters.len() * 3 / 4);
    let (mut value, mut held) = (0u32, 0u32);
    for (at, letter) in letters.iter().enumerate() {
        let six = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => continue,
            _ => return None,
        };
        value = value << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((value >> held) as u8);
        }
        if matches!(at, 15 | 63) && !hopeful(&out) {
            return None;
        }
    }
    Some(out)
}

fn base32(letters: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(letters.len() * 5 / 8);
    let (mut value, mut held) = (0u32, 0u32);
    for letter in letters {
        let five = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => return None,
        };
        value = value << 5 | u32::from(five);
        held += 5;
        if held >= 8 {
            held -= 8;
            out.push((value >> held) as u8);
        }
    }
    Some(out)
}

/// Whether bytes may still become text: not all of them beyond what text has.
fn hopeful(bytes: &[u8]) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            text.bytes().filter(|b| b.is_ascii_control() && !b.is_ascii_whitespace()).count() * 4 <= bytes.len() * 3
        }
        Err(error) => error.error_len().is_none() || bytes.iter().skip(1).step_by(2).all(|b| *b == 0),
    }
}

/// The text that bytes are; in UTF-8, cut off at the end perhaps, or in UTF-16.
fn readable(bytes: Vec<u8>) -> Option<String> {
    let text = if bytes.len() >= 8 && bytes.iter().skip(1).step_by(2).take(8).all(|b| *b == 0) {
        String::from_utf16(&bytes.chunks_exact(2).map(|p| u16::from(p[0]) | u16::from(p[1]) << 8).collect::<Vec<_>>())
            .ok()?
    } else {
        match std::str::from_utf8(&bytes) {
            Ok(text) => text.to_owned(),
            Err(error) if error.error_len().is_none() => {
                std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()?.to_owned()
            }
            Err(_) => return None,
        }
    };
    let odd = text.chars().filter(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')).count();
    (odd * 20 <= text.len() && text.len() >= 6).then_some(text)
}

/// Lists of numbers, Morse and Braille.
pub(super) fn lists(text: &str, out: &mut Vec<Decoded>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at].is_ascii_hexdigit() && (at == 0 || !bytes[at - 1].is_ascii_alphanumeric()) {
            at = numbers(bytes, at, out);
        } else if matches!(bytes[at], b'.' | b'-') {
            at = morse(bytes, at, out);
        } else {
            at += 1;
        }
    }
}

/// A list of numbers with little between them; where it ends.
fn numbers(bytes: &[u8], start: usize, out: &mut Vec<Decoded>) -> usize {
    let (mut at, mut end) = (start, start);
    let mut list: Vec<&[u8]> = Vec::new();
    let mut gaps: Vec<&[u8]> = Vec::new();
    loop {
        // `0x69`, `\x69`, `U+0069`.
        match bytes.get(at..at + 2) {
            Some(b"0x" | b"0b" | b"U+" | b"0X") => at += 2,
            Some([b'x', _]) => at += 1,
            _ => {}
        }
        let length = bytes[at..].iter().take(10).take_while(|b| b.is_ascii_hexdigit()).count();
        if length == 0 || length > 8 || bytes.get(at + length).is_some_and(u8::is_ascii_alphanumeric) {
            break;
        }
        list.push(&bytes[at..at + length]);
        end = at + length;
        let gap = bytes[end..].iter().take(5).take_while(|b| !b.is_ascii_alphanumeric()).count();
        gaps.push(&bytes[end..end + gap]);
        at = end + gap;
        if gap == 0 || gap > 4 || at >= bytes.len() {
            break;
        }
    }
    if list.len() >= 8
        && let Some((text, how)) = spelt(&list, &gaps)
    {
        out.push(Decoded { text, span: start..end, how: vec![how] });
    }
    end.max(start + 1)
}

fn spelt(list: &[&[u8]], gaps: &[&[u8]]) -> Option<(String, &'static str)> {
    let all = |size: std::ops::RangeInclusive<usize>, digit: fn(&u8) -> bool| {
        list.iter().all(|n| size.contains(&n.len()) && n.iter().all(digit))
    };
    let parsed = |radix: u32| -> Option<Vec<u8>> {
        list.iter().map(|n| u8::from_str_radix(std::str::from_utf8(n).ok()?, radix).ok()).collect()
    };
    let how = if all(7..=8, |b| matches!(b, b'0' | b'1')) {
        (2, "binary")
    } else if all(3..=3, |b| matches!(b, b'0'..=b'7'))
        && list.iter().all(|n| n[0] <= b'1')
        && list.iter().any(|n| n[0] == b'1')
    {
        match parsed(10).and_then(readable).filter(|t| language::reads(t)) {
            Some(text) => return Some((text, "decimal codes")),
            None => (8, "octal codes"),
        }
    } else if all(1..=2, u8::is_ascii_digit) && parsed(10)?.iter().all(|n| (1..=26).contains(n)) && list.len() >= 12 {
        return Some((places(&parsed(10)?, gaps), "places in the alphabet")).filter(|(t, _)| language::reads(t));
    } else if all(1..=3, u8::is_ascii_digit)
        && parsed(10).is_some_and(|n| n.iter().all(|n| *n >= 9))
        && list.iter().any(|n| n.len() == 3)
    {
        (10, "decimal codes")
    } else if all(2..=2, u8::is_ascii_hexdigit) || all(4..=4, u8::is_ascii_hexdigit) {
        (16, "hexadecimal")
    } else {
        return None;
    };
    readable(parsed(how.0)?).map(|text| (text, how.1))
}

/// Numbers from 1 to 26 as letters, with a space where the gap is another than the first.
fn places(numbers: &[u8], gaps: &[&[u8]]) -> String {
    let usual = gaps.first().copied().unwrap_or_default();
    let mut text = String::new();
    for (number, gap) in numbers.iter().zip(gaps) {
        text.push(char::from(b'a' + number - 1));
        if *gap != usual {
            text.push(' ');
        }
    }
    if text.contains(' ') { text } else { language::spaced(&text) }
}

const MORSE: &[(&str, char)] = &[
    (".-", 'a'),
    ("-...", 'b'),
    ("-.-.", 'c'),
    ("-..", 'd'),
    (".", 'e'),
    ("..-.", 'f'),
    ("--.", 'g'),
    ("....", 'h'),
    ("..", 'i'),
    (".---", 'j'),
    ("-.-", 'k'),
    (".-..", 'l'),
    ("--", 'm'),
    ("-.", 'n'),
    ("---", 'o'),
    (".--.", 'p'),
    ("--.-", 'q'),
    (".-.", 'r'),
    ("...", 's'),
    ("-", 't'),
    ("..-", 'u'),
    ("...-", 'v'),
    (".--", 'w'),
    ("-..-", 'x'),
    ("-.--", 'y'),
    ("--..", 'z'),
    ("-----", '0'),
    (".----", '1'),
    ("..---", '2'),
    ("...--", '3'),
    ("....-", '4'),
    (".....", '5'),
    ("-....", '6'),
    ("--...", '7'),
    ("---..", '8'),
    ("----.", '9'),
    (".-.-.-", '.'),
    ("--..--", ','),
    ("..--..", '?'),
    ("---...", ':'),
    ("-....-", '-'),
    ("-..-.", '/'),
    (".--.-.", '@'),
];

/// Dots and dashes; where they end.
fn morse(bytes: &[u8], start: usize, out: &mut Vec<Decoded>) -> usize {
    let length = bytes[start..].iter().take_while(|b| matches!(b, b'.' | b'-' | b' ' | b'/' | b'|' | b'\n')).count();
    let end = start + length;
    let Ok(signs) = std::str::from_utf8(&bytes[start..end]) else { return end };
    let mut text = String::new();
    for word in signs.split(['/', '|', '\n']).flat_map(|w| w.split("   ")) {
        for sign in word.split_whitespace() {
            match MORSE.iter().find(|(code, _)| *code == sign) {
                Some((_, letter)) => text.push(*letter),
                None => return end,
            }
        }
        text.push(' ');
    }
    if text.trim().len() >= 6 && language::reads(text.trim()) {
        out.push(Decoded { text: text.trim().to_owned(), span: start..end, how: vec!["Morse code"] });
    }
    end.max(start + 1)
}

/// Patterns of Braille, which letters they are.
const BRAILLE: &str = "⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵";

/// Words in Braille, which a model reads like any other.
pub(super) fn braille(text: &str, out: &mut Vec<Decoded>) {
    let pattern = |c: char| matches!(c as u32, 0x2800..=0x28FF);
    let mut at = 0;
    while let Some(start) = text[at..].find(pattern).map(|p| at + p) {
        let length: usize = text[start..].chars().take_while(|c| pattern(*c) || *c == ' ').map(char::len_utf8).sum();
        let run = &text[start..start + length];
        at = start + length;
        let letter = |c: char| match BRAILLE.chars().position(|b| b == c) {
            Some(nth) => char::from(b'a' + nth as u8),
            None => ' ',
        };
        let plain: String = run.chars().map(letter).collect();
        if language::reads(plain.trim()) {
            out.push(Decoded { text: plain.trim().to_owned(), span: start..at, how: vec!["Braille"] });
        }
    }
}

/// Letters on their head, from a to z; where plain ones stand for others, the line is read from its end.
const TURNED: &str = "ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz";

/// Lines that stand on their head.
pub(super) fn turned(text: &str, out: &mut Vec<Decoded>) {
    let upright = |c: char| match TURNED.chars().position(|t| t == c) {
        Some(nth) => char::from(b'a' + nth as u8),
        None if c == 'ı' => 'i',
        None => c,
    };
    let mut say = |span: Range<usize>| {
        let plain: String = text[span.clone()].trim().chars().rev().map(upright).collect();
        if language::reads(&plain) {
            out.push(Decoded { text: plain, span, how: vec!["upside down"] });
        }
    };
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        // Lines that follow each other are one text, which ends where it began.
        if line.chars().filter(|c| !c.is_ascii() && TURNED.contains(*c)).take(4).count() < 4 {
            say(start..at);
            start = at + line.len();
        }
        at += line.len();
    }
    say(start..at);
}

/// Notes what decoded to language.
pub(super) fn note(decoded: &Decoded, notes: &mut Notes) {
    notes.add("encoded_text", Severity::Info, &decoded.span, "Text that was encoded.");
}
