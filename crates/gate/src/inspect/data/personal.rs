//! Personal data that is known by its own form: addresses of mail and of machines, and numbers with checks.

use super::Datum;
use super::checks::{card, iban_length, mod97};
use super::phone::{self, Near};
use std::net::Ipv6Addr;

/// The most digits that one number has.
const DIGITS: usize = 24;

/// Adds every piece of personal data in `text`.
pub(super) fn find(text: &str, out: &mut Vec<Datum>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    // Whole stretches hold nothing that could begin one.
    while let Some(skipped) = bytes.get(at..).and_then(|rest| rest.iter().position(|b| STARTS[usize::from(*b)])) {
        at += skipped;
        match bytes[at] {
            b'@' => out.extend(email(bytes, at)),
            b':' => {
                let opens = bytes.get(at + 1) == Some(&b':') || at > 0 && bytes[at - 1].is_ascii_hexdigit();
                if let Some(found) = opens.then(|| ipv6(text, at)).flatten() {
                    at = found.span.end;
                    out.push(found);
                    continue;
                }
                // What is no address as a whole holds none.
                at += bytes[at..].iter().take(46).take_while(|b| **b == b':').count();
                continue;
            }
            _ => {
                at = numbers(text, at, out);
                continue;
            }
        }
        at += 1;
    }
}

/// Bytes at which something may be: digits, `@`, `:`.
static STARTS: [bool; 256] = {
    let mut table = [false; 256];
    let mut digit = b'0';
    while digit <= b'9' {
        table[digit as usize] = true;
        digit += 1;
    }
    table[b'@' as usize] = true;
    table[b':' as usize] = true;
    table
};

fn email(bytes: &[u8], at: usize) -> Option<Datum> {
    let local = |b: &u8| b.is_ascii_alphanumeric() || b"._%+-".contains(b) || *b >= 0x80;
    let mut start = at - bytes[at.saturating_sub(64)..at].iter().rev().take_while(|b| local(b)).count();
    // A local part that is longer is cut, not within a character.
    while matches!(bytes.get(start), Some(0x80..=0xBF)) {
        start += 1;
    }
    let host = bytes[at + 1..]
        .iter()
        .take(253)
        .take_while(|b| b.is_ascii_alphanumeric() || b".-".contains(b) || **b >= 0x80)
        .count();
    let mut end = at + 1 + host;
    while end > at + 1 && b".-".contains(&bytes[end - 1]) {
        end -= 1;
    }
    let domain = bytes.get(at + 1..end)?;
    let top = domain.rsplit(|b| *b == b'.').next()?;
    let user = &bytes[start..at];
    // `git@host:path` and `user:password@host` name no person.
    let machine =
        user == b"git" || bytes.get(end) == Some(&b':') && bytes.get(end + 1).is_some_and(u8::is_ascii_alphabetic);
    let url = start > 0 && bytes[start - 1] == b':' && bytes[..start].iter().rev().take(40).any(|b| *b == b'/');
    // `user:password@host:port` without a scheme.
    let login = start > 0 && bytes[start - 1] == b':' && bytes.get(end) == Some(&b':');
    let picture = [&b"png"[..], b"jpg", b"svg", b"webp", b"gif"].contains(&top);
    let named =
        top.len() >= 2 && top.iter().all(u8::is_ascii_alphabetic) && top.len() < domain.len() && domain[0] != b'.';
    (!user.is_empty() && named && !machine && !url && !login && !picture)
        .then_some(Datum { class: "personal.email_address", span: start..end })
}

fn ipv6(text: &str, at: usize) -> Option<Datum> {
    let bytes = text.as_bytes();
    let part = |b: &u8| b.is_ascii_hexdigit() || *b == b':' || *b == b'.';
    let start = at - bytes[at.saturating_sub(40)..at].iter().rev().take_while(|b| part(b)).count();
    let end = at + bytes[at..].iter().take(46).take_while(|b| part(b)).count();
    let before = start.checked_sub(1).map(|i| bytes[i]);
    let bound = |b: Option<u8>| !b.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80);
    if end - start > 45 {
        return None;
    }
    let word = text.get(start..end)?.trim_end_matches('.');
    let groups = word.split(':').filter(|g| !g.is_empty()).count();
    let digits = word.bytes().any(|b| b.is_ascii_digit());
    (groups >= 3 && digits && bound(before) && bound(bytes.get(end).copied()) && word.parse::<Ipv6Addr>().is_ok())
        .then_some(Datum { class: "personal.ip_address", span: start..start + word.len() })
}

/// Looks at what begins with the digit at `at`; returns where to go on.
fn numbers(text: &str, at: usize, out: &mut Vec<Datum>) -> usize {
    let bytes = text.as_bytes();
    let run = at + bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
    let before = at.checked_sub(1).map(|i| bytes[i]);
    if let Some(found) = iban(bytes, at) {
        let end = found.span.end;
        out.push(found);
        return end;
    }
    let inside = before.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80);
    // A number that a word, a path or a longer number runs into is no number of its own.
    if inside || before == Some(b'.') || (run - at > 19) {
        return run;
    }
    let (end, digits) = grouped(bytes, at);
    let next = bytes.get(end).copied();
    if next.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
        && bytes.get(run).is_some_and(u8::is_ascii_alphanumeric)
    {
        return run;
    }
    let minus = before == Some(b'-') && at > 1 && bytes[at - 2].is_ascii_alphanumeric();
    if let Some(found) = shaped(text, at, run, minus) {
        let end = found.span.end;
        out.push(found);
        return end;
    }
    // `(0113) 4960240`: a bracket parts what belongs together.
    let bracket = matches!(next, Some(b')' | b'(')) || next == Some(b' ') && bytes.get(end + 1) == Some(&b'(');
    // Digits one by one are something else.
    let single = run - at == 1 && digits.count > 1 && !bytes.get(at + 3).is_some_and(u8::is_ascii_digit);
    if digits.count < 7 && !(bracket && run - at > 1) || single {
        return run;
    }
    // `DE-4111…`: what a word with a hyphen runs into.
    if minus {
        return run;
    }
    let mut near = Near::before(text, at);
    let long = run - at >= 4;
    if let Some(end) = long.then(|| card_at(bytes, at, &digits, &mut near)).flatten() {
        out.push(Datum { class: "personal.payment_card", span: at..end });
        return end;
    }
    if let Some(span) = phone::find(text, at, &mut near) {
        let end = span.end.max(run);
        out.push(Datum { class: "personal.phone_number", span });
        return end;
    }
    run
}

/// Where the card that begins at `at` ends: with the number, or with one of its groups.
fn card_at(bytes: &[u8], at: usize, digits: &Digits, near: &mut Near) -> Option<usize> {
    let counts = (12..=digits.count.min(19)).rev();
    let whole = |n: &usize| !bytes.get(digits.ends[n - 1]).is_some_and(u8::is_ascii_digit);
    counts.filter(whole).map(|n| (digits.ends[n - 1], &digits.all[..n])).find_map(|(end, all)| {
        if !card(all, true) || !separated_evenly(&bytes[at..end]) {
            return None;
        }
        let labelled = near.has(Near::CARD);
        let spaced = bytes[at..end].contains(&b' ');
        // Bare digits that pass by chance, ids and times in milliseconds, stand behind a label of their own.
        (labelled || card(all, false) && (spaced || !near.has(Near::THING))).then_some(end)
    })
}

/// The digits of one number.
struct Digits {
    all: [u8; DIGITS],
    /// Where each of them ends.
    ends: [usize; DIGITS],
    count: usize,
}

/// Digits with single separators between groups, and where they end.
fn grouped(bytes: &[u8], at: usize) -> (usize, Digits) {
    let mut digits = Digits { all: [0; DIGITS], ends: [at; DIGITS], count: 0 };
    let mut end = at;
    let mut i = at;
    while let Some(b) = bytes.get(i).filter(|_| i < at + 32 && digits.count < DIGITS) {
        match b {
            b'0'..=b'9' => {
                digits.all[digits.count] = b - b'0';
                digits.ends[digits.count] = i + 1;
                digits.count += 1;
                end = i + 1;
            }
            b' ' | b'-' | b'.' | b'/' if end == i && bytes.get(i + 1).is_some_and(u8::is_ascii_digit) => {}
            _ => break,
        }
        i += 1;
    }
    (end, digits)
}

fn separated_evenly(number: &[u8]) -> bool {
    let mut signs = number.iter().filter(|b| !b.is_ascii_digit());
    let first = signs.next();
    matches!(first, None | Some(b' ' | b'-')) && signs.all(|s| Some(s) == first)
}

fn iban(bytes: &[u8], at: usize) -> Option<Datum> {
    let start = at.checked_sub(2)?;
    let country = bytes.get(start..at).filter(|c| c.iter().all(u8::is_ascii_alphabetic))?;
    if start > 0 && (bytes[start - 1].is_ascii_alphanumeric() || bytes[start - 1] == b'_') {
        return None;
    }
    let length = iban_length(country)?;
    let mut compact = Vec::with_capacity(length);
    let mut i = start;
    while compact.len() < length {
        match *bytes.get(i)? {
            b if b.is_ascii_alphanumeric() => compact.push(b),
            b' ' | b'-' if compact.len().is_multiple_of(4) && bytes[i - 1].is_ascii_alphanumeric() => {}
            _ => return None,
        }
        i += 1;
    }
    let bound = !bytes.get(i).is_some_and(u8::is_ascii_alphanumeric);
    (bound && mod97(&compact)).then_some(Datum { class: "personal.iban", span: start..i })
}

/// Dotted quads and American social security numbers.
fn shaped(text: &str, at: usize, run: usize, minus: bool) -> Option<Datum> {
    let bytes = text.as_bytes();
    let bound = |end: usize| !bytes.get(end).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'-');
    if bytes.get(run) == Some(&b'.') && run - at <= 3 {
        let end = at + bytes[at..].iter().take(16).take_while(|b| b.is_ascii_digit() || **b == b'.').count();
        let word = text.get(at..end)?.trim_end_matches('.');
        let label = Near::last(text, at, 14);
        let version = ["version", "ver ", "rev", "v ", "==", "release"].iter().any(|w| label.begins(w));
        let ip = word.parse::<std::net::Ipv4Addr>().ok()?;
        let vague = ip.is_unspecified() || ip.is_loopback() || ip.is_broadcast() || ip.octets()[0] == 0;
        let good = !version && !vague && !minus && bound(at + word.len());
        return good.then_some(Datum { class: "personal.ip_address", span: at..at + word.len() });
    }
    let word = bytes.get(at..at + 11).filter(|w| run - at == 3 && w[3] == b'-' && w[6] == b'-')?;
    let digits = [0, 1, 2, 4, 5, 7, 8, 9, 10].iter().all(|i| word[*i].is_ascii_digit());
    let given = &word[..3] != b"000"
        && &word[..3] != b"666"
        && word[0] != b'9'
        && &word[4..6] != b"00"
        && &word[7..] != b"0000";
    (digits && given && bound(at + 11) && !minus)
        .then_some(Datum { class: "personal.national_id.us_ssn", span: at..at + 11 })
}
