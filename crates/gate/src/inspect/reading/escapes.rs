//! Characters written as escapes: HTML entities, `\u0069`, `\x69`, `%69`, `=69` of mails. Read in place.

use super::Notes;
use super::map::Rewrite;
use crate::inspect::Severity;
use std::ops::Range;

/// Puts characters in the place of their escapes.
pub(super) fn unescape(text: &str, rewrite: &mut Rewrite<'_>, notes: &mut Notes) {
    let bytes = text.as_bytes();
    let mail = is_mail(bytes);
    let mut needless: Option<Range<usize>> = None;
    let mut letters = 0usize;
    let mut at = 0;
    while at < bytes.len() {
        let Some(found) = bytes[at..].iter().position(|b| matches!(b, b'&' | b'\\' | b'%' | b'=')) else { break };
        let start = at + found;
        let read = match bytes[start] {
            b'&' => entity(text, start),
            b'\\' => backslash(bytes, start),
            b'%' => percent(bytes, start, b'%'),
            _ if mail && matches!(bytes.get(start + 1), Some(b'\n')) => Some((String::new(), start + 2)),
            _ if mail && bytes.get(start + 1..start + 3) == Some(b"\r\n") => Some((String::new(), start + 3)),
            _ if mail => percent(bytes, start, b'='),
            _ => None,
        };
        let Some((with, end)) = read.filter(|(with, _)| with.chars().all(|c| !c.is_control() || c == '\n')) else {
            at = start + 1;
            continue;
        };
        at = end;
        let plain = with.chars().filter(char::is_ascii_alphanumeric).count();
        if plain > 0 {
            letters += plain;
            needless.get_or_insert(start..end).end = end;
        }
        rewrite.replace(start..end, &with);
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
    for (at, _) in bytes.iter().enumerate().filter(|(_, b)| **b == b'=') {
        let large = |b: &u8| b.is_ascii_digit() || matches!(b, b'A'..=b'F');
        match bytes.get(at + 1..at + 3) {
            Some([b'\n', _] | b"\r\n") => escapes += 1,
            Some(pair) if pair.iter().all(large) => escapes += 1,
            _ => others += 1,
        }
    }
    escapes >= 2 && others * 8 <= escapes
}

fn entity(text: &str, start: usize) -> Option<(String, usize)> {
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
        return Some((char::from_u32(code)?.to_string(), closed));
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
    (closed > end).then(|| (named.to_string(), closed))
}

fn hex(bytes: &[u8]) -> Option<u32> {
    bytes.iter().all(u8::is_ascii_hexdigit).then_some(())?;
    u32::from_str_radix(std::str::from_utf8(bytes).ok()?, 16).ok()
}

fn backslash(bytes: &[u8], start: usize) -> Option<(String, usize)> {
    let one = |code: u32, end: usize| Some((char::from_u32(code)?.to_string(), end));
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

fn percent(bytes: &[u8], start: usize, sign: u8) -> Option<(String, usize)> {
    percent_with(bytes, start, |bytes, at| {
        (*bytes.get(at)? == sign).then_some(())?;
        Some((hex(bytes.get(at + 1..at + 3)?)? as u8, at + 3))
    })
}

/// One character from escaped bytes, of which it may need several.
fn percent_with(
    bytes: &[u8],
    start: usize,
    next: impl Fn(&[u8], usize) -> Option<(u8, usize)>,
) -> Option<(String, usize)> {
    let mut at = start;
    let mut raw: Vec<u8> = Vec::with_capacity(4);
    while let Some((byte, end)) = next(bytes, at) {
        raw.push(byte);
        at = end;
        if let Ok(text) = std::str::from_utf8(&raw) {
            return Some((text.to_owned(), at));
        }
        if raw.len() == 4 {
            break;
        }
    }
    None
}
