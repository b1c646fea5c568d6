//! Characters written as escapes: HTML entities, `\u0069`, `\x69`, `%69`, `=69` of mails. Read in place.

use super::Notes;
use super::map::Rewrite;
use crate::inspect::Severity;
use memchr::{memchr_iter, memchr3};
use std::ops::Range;

/// A character and where its escape ends; a line's end that only a mail has is none.
type Read = Option<(Option<char>, usize)>;

/// Puts characters in the place of their escapes.
pub(super) fn unescape(text: &str, rewrite: &mut Rewrite<'_>, notes: &mut Notes) {
    let bytes = text.as_bytes();
    let mail = is_mail(bytes);
    let mut needless: Option<Range<usize>> = None;
    let mut letters = 0usize;
    let mut at = 0;
    let next = |at: usize| match mail {
        true => bytes[at..].iter().position(|b| matches!(b, b'&' | b'\\' | b'%' | b'=')),
        false => memchr3(b'&', b'\\', b'%', &bytes[at..]),
    };
    while let Some(found) = next(at) {
        let start = at + found;
        let read = match bytes[start] {
            b'&' => entity(text, start),
            b'\\' => backslash(bytes, start),
            b'%' => percent(bytes, start, b'%'),
            _ if bytes.get(start + 1) == Some(&b'\n') => Some((None, start + 2)),
            _ if bytes.get(start + 1..start + 3) == Some(b"\r\n") => Some((None, start + 3)),
            _ => percent(bytes, start, b'='),
        };
        let Some((with, end)) = read.filter(|(with, _)| with.is_none_or(|c| !c.is_control() || c == '\n')) else {
            at = start + 1;
            continue;
        };
        at = end;
        if with.is_some_and(|c| c.is_ascii_alphanumeric()) {
            letters += 1;
            needless.get_or_insert(start..end).end = end;
        }
        let mut buffer = [0; 4];
        rewrite.replace(start..end, with.map_or("", |c| c.encode_utf8(&mut buffer)));
    }
    if let Some(span) = needless.filter(|_| letters >= 6) {
        let severity = if letters >= 16 { Severity::Caution } else { Severity::Info };
        notes.add(
            "escaped_letters",
            severity,
            &span,
            "Ordinary letters written as escapes, which nobody needs but to hide them.",
        );
    }
}

/// Whether `=` is an escape here: quoted-printable has it in front of two large hex digits or a line's end, never else.
fn is_mail(bytes: &[u8]) -> bool {
    let (mut escapes, mut others) = (0usize, 0usize);
    for at in memchr_iter(b'=', bytes) {
        let large = |b: &u8| b.is_ascii_digit() || matches!(b, b'A'..=b'F');
        match bytes.get(at + 1..at + 3) {
            Some([b'\n', _] | b"\r\n") => escapes += 1,
            Some(pair) if pair.iter().all(large) => escapes += 1,
            _ => others += 1,
        }
    }
    escapes >= 2 && others * 8 <= escapes
}

fn entity(text: &str, start: usize) -> Read {
    let bytes = text.as_bytes();
    let end =
        (start + 1..bytes.len().min(start + 12)).find(|i| !bytes[*i].is_ascii_alphanumeric() && bytes[*i] != b'#')?;
    let name = text.get(start + 1..end)?;
    // Browsers and models read a number without its semicolon too.
    let closed = end + usize::from(bytes[end] == b';');
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return Some((Some(char::from_u32(code)?), closed));
    }
    let named = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "colon" => ':',
        "period" => '.',
        "comma" => ',',
        "sol" => '/',
        "bsol" => '\\',
        "lpar" => '(',
        "rpar" => ')',
        "NewLine" => '\n',
        "Tab" => ' ',
        "shy" | "zwnj" | "zwj" => '\u{AD}',
        "ZeroWidthSpace" => '\u{200B}',
        _ => return None,
    };
    (closed > end).then_some((Some(named), closed))
}

fn hex(bytes: &[u8]) -> Option<u32> {
    bytes.iter().all(u8::is_ascii_hexdigit).then_some(())?;
    u32::from_str_radix(std::str::from_utf8(bytes).ok()?, 16).ok()
}

fn backslash(bytes: &[u8], start: usize) -> Read {
    let one = |code: u32, end: usize| Some((Some(char::from_u32(code)?), end));
    match bytes.get(start + 1)? {
        b'u' if bytes.get(start + 2) == Some(&b'{') => {
            let close = start + 3 + bytes[start + 3..bytes.len().min(start + 10)].iter().position(|b| *b == b'}')?;
            one(hex(bytes.get(start + 3..close).filter(|d| !d.is_empty())?)?, close + 1)
        }
        b'u' => {
            let high = hex(bytes.get(start + 2..start + 6)?)?;
            // A pair of surrogates is one character.
            if let (0xD800..=0xDBFF, Some([b'\\', b'u', low @ ..])) = (high, bytes.get(start + 6..start + 12)) {
                let low = hex(low).filter(|l| (0xDC00..=0xDFFF).contains(l))?;
                return one(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00), start + 12);
            }
            one(high, start + 6)
        }
        b'U' => one(hex(bytes.get(start + 2..start + 10)?)?, start + 10),
        b'x' => percent_with(bytes, start, |bytes, at| {
            (bytes.get(at..at + 2)? == b"\\x").then_some(())?;
            Some((hex(bytes.get(at + 2..at + 4)?)? as u8, at + 4))
        }),
        b'0'..=b'3' => percent_with(bytes, start, |bytes, at| {
            let [b'\\', a, b, c] = bytes.get(at..at + 4)? else { return None };
            let octal = [a, b, c].iter().all(|d| matches!(d, b'0'..=b'7'));
            octal.then_some((((a & 3) << 6) | ((b & 7) << 3) | (c & 7), at + 4))
        }),
        _ => None,
    }
}

fn percent(bytes: &[u8], start: usize, sign: u8) -> Read {
    percent_with(bytes, start, |bytes, at| {
        (*bytes.get(at)? == sign).then_some(())?;
        Some((hex(bytes.get(at + 1..at + 3)?)? as u8, at + 3))
    })
}

/// One character from escaped bytes, of which it may need several.
fn percent_with(bytes: &[u8], start: usize, next: impl Fn(&[u8], usize) -> Option<(u8, usize)>) -> Read {
    let (mut raw, mut at) = ([0; 4], start);
    for held in 0..4 {
        (raw[held], at) = next(bytes, at)?;
        if let Ok(text) = std::str::from_utf8(&raw[..=held]) {
            return Some((text.chars().next(), at));
        }
    }
    None
}
