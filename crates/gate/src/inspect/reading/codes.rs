//! Bytes written as letters or numbers: base64 in its alphabets, base32, hexadecimal, binary, octal, decimal, positions in
//! the alphabet. Whatever decodes to language is read.

use super::{Decoded, Notes, language, signs};
use crate::inspect::Severity;
use std::borrow::Cow;
use std::ops::Range;

/// The shortest run that is taken for encoded bytes.
const SHORTEST: usize = 12;

/// Decodes what decodes. Whether it reads is for the caller to say, since codes are nested.
pub(super) fn tokens(text: &str, out: &mut Vec<Decoded>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    // A run that is long enough has no other byte in the next few: they are looked at from behind, so that most bytes of
    // ordinary words are never looked at.
    while let Some(ahead) = bytes.get(at..at + SHORTEST) {
        if let Some(other) = ahead.iter().rposition(|b| !coded(*b)) {
            at += other + 1;
            continue;
        }
        let start = at;
        let end = run(bytes, start);
        at = end + 1;
        // Words and paths have small letters alone; bytes in any code have others too.
        if bytes[start..end].iter().any(|b| b.is_ascii_digit() || b.is_ascii_uppercase()) {
            token(&bytes[start..end], start..end, out);
        }
    }
}

/// Letters, digits and signs of either alphabet of base64.
#[inline(always)]
fn coded(byte: u8) -> bool {
    const CODED: [bool; 256] = {
        let mut table = [false; 256];
        let mut at = 0;
        while at < 256 {
            let byte = at as u8;
            table[at] = byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=');
            at += 1;
        }
        table
    };
    CODED[byte as usize]
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

/// What a run decodes to. Nearly none does, and its first bytes say so before anything is kept of it.
fn token(run: &[u8], span: Range<usize>, out: &mut Vec<Decoded>) {
    let mut solid = Cow::Borrowed(run);
    if !run.iter().all(|b| coded(*b)) {
        solid = run.iter().copied().filter(|b| coded(*b)).collect();
    }
    let solid = &solid[..];
    let mut push = |text: String, how: &'static str| out.push(Decoded { text, span: span.clone(), how: vec![how] });
    if solid.iter().all(u8::is_ascii_hexdigit) {
        if solid.iter().all(|b| matches!(b, b'0' | b'1')) && solid.len() >= 32 {
            return [8, 7].iter().find_map(|n| bits(solid, *n)).into_iter().for_each(|t| push(t, "binary"));
        }
        let even = &solid[..solid.len() & !1];
        let mut head = [0; 12];
        let first = even.len().min(24);
        let hopes = hex::decode_to_slice(&even[..first], &mut head[..first / 2]).is_ok() && hopeful(&head[..first / 2]);
        if hopes && let Some(text) = hex::decode(even).ok().and_then(readable) {
            return push(text, "hexadecimal");
        }
    }
    let unpadded = &solid[..solid.iter().rposition(|b| *b != b'=').map_or(0, |p| p + 1)];
    let all = |digit: fn(&u8) -> bool| unpadded.iter().all(digit);
    let thirty_two = all(|b| matches!(b, b'A'..=b'Z' | b'2'..=b'7')) || all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'));
    if thirty_two
        && starts(unpadded, 5, five)
        && let Some(text) = decoded(unpadded, 5, five).and_then(readable)
    {
        return push(text, "base32");
    }
    if starts(unpadded, 6, six)
        && let Some(text) = decoded(unpadded, 6, six).and_then(readable)
    {
        return push(text, "base64");
    }
    // Padding that stands in front betrays one written backwards.
    if solid.first() == Some(&b'=') {
        let backwards: Vec<u8> = solid.iter().rev().copied().filter(|b| *b != b'=').collect();
        if starts(&backwards, 6, six)
            && let Some(text) = decoded(&backwards, 6, six).and_then(readable)
        {
            push(text, "base64 backwards");
        }
    }
}

fn bits(digits: &[u8], size: usize) -> Option<String> {
    let bytes = digits.chunks_exact(size).map(|b| b.iter().fold(0u8, |n, d| n << 1 | (d & 1))).collect();
    readable(bytes)
}

/// Six bits of base64, whatever the alphabet; padding within is passed over.
fn six(letter: u8) -> Option<u8> {
    Some(match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

fn five(letter: u8) -> Option<u8> {
    Some(match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a',
        b'2'..=b'7' => letter - b'2' + 26,
        _ => return None,
    })
}

/// Bytes of letters that hold a few bits each, one after the other.
fn unpacked(letters: &[u8], size: u32, bits: fn(u8) -> Option<u8>, mut each: impl FnMut(u8)) -> Option<()> {
    let (mut value, mut held) = (0u32, 0u32);
    for letter in letters.iter().filter(|l| **l != b'=') {
        value = value << size | u32::from(bits(*letter)?);
        held += size;
        if held >= 8 {
            held -= 8;
            each((value >> held) as u8);
        }
    }
    Some(())
}

/// Whether the first letters may begin a text.
fn starts(letters: &[u8], size: u32, bits: fn(u8) -> Option<u8>) -> bool {
    let (mut head, mut length) = ([0; 12], 0);
    let read = unpacked(&letters[..letters.len().min(16)], size, bits, |byte| {
        head[length] = byte;
        length += 1;
    });
    read.is_some() && hopeful(&head[..length])
}

fn decoded(letters: &[u8], size: u32, bits: fn(u8) -> Option<u8>) -> Option<Vec<u8>> {
    // What only begins like a text is left soon.
    if letters.len() > 64 {
        let (mut head, mut length) = ([0; 48], 0);
        unpacked(&letters[..64], size, bits, |byte| {
            head[length] = byte;
            length += 1;
        })?;
        hopeful(&head[..length]).then_some(())?;
    }
    let mut out = Vec::with_capacity(letters.len() * size as usize / 8);
    unpacked(letters, size, bits, |byte| out.push(byte))?;
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

/// What a list of numbers or of Morse signs begins with.
const LISTED: [bool; 256] = {
    let mut table = [false; 256];
    let mut at = 0;
    while at < 128 {
        let byte = at as u8;
        table[at] = byte.is_ascii_hexdigit() || byte == b'.' || byte == b'-';
        at += 1;
    }
    table
};

/// Lists of numbers, and Morse, that begin in one of `regions`.
pub(super) fn lists(text: &str, regions: &[Range<usize>], out: &mut Vec<Decoded>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    for region in regions {
        at = at.max(region.start);
        while let Some(skip) = bytes.get(at..region.end.min(bytes.len())).and_then(|r| r.iter().position(listed)) {
            at += skip;
            if bytes[at].is_ascii_hexdigit() {
                at = if at == 0 || !bytes[at - 1].is_ascii_alphanumeric() { numbers(bytes, at, out) } else { at + 1 };
            } else {
                at = signs::morse(bytes, at, out);
            }
        }
    }
}

fn listed(byte: &u8) -> bool {
    LISTED[usize::from(*byte)]
}

/// The fewest numbers that make a list.
const LIST: usize = 8;

/// A list of numbers with little between them; where it ends.
fn numbers(bytes: &[u8], start: usize, out: &mut Vec<Decoded>) -> usize {
    let mut end = start;
    let mut count = 0;
    each_number(bytes, start, |number, _| {
        count += 1;
        end = number.end;
    });
    if count >= LIST {
        let (mut list, mut gaps) = (Vec::with_capacity(count), Vec::with_capacity(count));
        each_number(bytes, start, |number, gap| {
            list.push(&bytes[number]);
            gaps.push(&bytes[gap]);
        });
        if let Some((text, how)) = spelt(&list, &gaps) {
            out.push(Decoded { text, span: start..end, how: vec![how] });
        }
    }
    end.max(start + 1)
}

/// Where each number of a list stands, and what follows it.
fn each_number(bytes: &[u8], start: usize, mut each: impl FnMut(Range<usize>, Range<usize>)) {
    let mut at = start;
    loop {
        // `0x69`, `\x69`, `U+0069`.
        match bytes.get(at..at + 2) {
            Some(b"0x" | b"0b" | b"U+" | b"0X") => at += 2,
            Some([b'x', _]) => at += 1,
            _ => {}
        }
        let length = bytes[at..].iter().take(10).take_while(|b| b.is_ascii_hexdigit()).count();
        if length == 0 || length > 8 || bytes.get(at + length).is_some_and(u8::is_ascii_alphanumeric) {
            return;
        }
        let end = at + length;
        let gap = bytes[end..].iter().take(5).take_while(|b| !b.is_ascii_alphanumeric()).count();
        each(at..end, end..end + gap);
        at = end + gap;
        if gap == 0 || gap > 4 || at >= bytes.len() {
            return;
        }
    }
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

/// Notes what decoded to language.
pub(super) fn note(decoded: &Decoded, notes: &mut Notes) {
    notes.add("encoded_text", Severity::Info, &decoded.span, "Text that was encoded.");
}
