//! Personal data: what has a check of its own anywhere, what has none only where a label or its form makes it sure.

use super::Datum;
use super::checks::{card, iban_length, mod97, national};
use regex::Regex;
use std::net::Ipv6Addr;
use std::sync::LazyLock;

/// How far before a number its label may stand, in bytes.
const LABEL: usize = 40;

/// Labels of national numbers, and the country whose check they call for.
const NATIONAL: &[(&str, &str)] = &[
    ("bsn", "nl"),
    ("burgerservice", "nl"),
    ("pesel", "pl"),
    ("personnummer", "se"),
    ("tfn", "au"),
    ("tax file", "au"),
    ("social insurance", "ca"),
    ("sin:", "ca"),
    ("sin ", "ca"),
    ("aadhaar", "in"),
    ("ahv", "ch"),
    ("avs", "ch"),
    ("nif", "pt"),
    ("contribuinte", "pt"),
    ("fødselsnummer", "no"),
    ("fodselsnummer", "no"),
    ("rijksregister", "be"),
    ("registre national", "be"),
    ("sécurité sociale", "fr"),
    ("nir", "fr"),
    ("steuer", "de"),
    ("cpf", "br"),
    ("cnpj", "br"),
    ("주민", "kr"),
    ("rrn", "kr"),
    ("cpr", "dk"),
    ("id number", "za"),
];

/// Adds every piece of personal data in `text`.
pub(super) fn find(text: &str, out: &mut Vec<Datum>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(b) = bytes.get(at) {
        match b {
            b'@' => out.extend(email(bytes, at)),
            b'0'..=b'9' => {
                at = numbers(text, at, out);
                continue;
            }
            b':' if bytes.get(at + 1) == Some(&b':') || at > 0 && bytes[at - 1].is_ascii_hexdigit() => {
                if let Some(found) = ipv6(text, at) {
                    at = found.span.end;
                    out.push(found);
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
}

fn email(bytes: &[u8], at: usize) -> Option<Datum> {
    let local = |b: &u8| b.is_ascii_alphanumeric() || b"._%+-".contains(b) || *b >= 0x80;
    let start = at - bytes[at.saturating_sub(64)..at].iter().rev().take_while(|b| local(b)).count();
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
    let picture = [&b"png"[..], b"jpg", b"svg", b"webp", b"gif"].contains(&top);
    let named =
        top.len() >= 2 && top.iter().all(u8::is_ascii_alphabetic) && top.len() < domain.len() && domain[0] != b'.';
    (!user.is_empty() && named && !machine && !url && !picture)
        .then_some(Datum { class: "pii:email", span: start..end })
}

fn ipv6(text: &str, at: usize) -> Option<Datum> {
    let bytes = text.as_bytes();
    let part = |b: &u8| b.is_ascii_hexdigit() || *b == b':' || *b == b'.';
    let start = at - bytes[at.saturating_sub(40)..at].iter().rev().take_while(|b| part(b)).count();
    let end = at + bytes[at..].iter().take(46).take_while(|b| part(b)).count();
    let before = start.checked_sub(1).map(|i| bytes[i]);
    let bound = |b: Option<u8>| !b.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80);
    let word = text.get(start..end)?.trim_end_matches('.');
    let groups = word.split(':').filter(|g| !g.is_empty()).count();
    let digits = word.bytes().any(|b| b.is_ascii_digit());
    (groups >= 3 && digits && bound(before) && bound(bytes.get(end).copied()) && word.parse::<Ipv6Addr>().is_ok())
        .then_some(Datum { class: "pii:ip", span: start..start + word.len() })
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
    let label = text[text.floor_char_boundary(at.saturating_sub(LABEL))..at].to_lowercase();
    let class = if digits.len() < 7 {
        None
    } else if NATIONAL.iter().any(|(word, country)| label.contains(word) && national(country, &digits)) {
        Some("pii:national_id")
    } else if !minus && card(&digits) && separated_evenly(&bytes[at..end]) && card_context(&label, &bytes[at..end]) {
        Some("pii:card")
    } else {
        None
    };
    if let Some(class) = class {
        out.push(Datum { class, span: at..end });
        return end;
    }
    if let Some(found) = phone(text, at, &label, minus) {
        let end = found.span.end.max(run);
        out.push(found);
        return end;
    }
    run
}

/// Digits with single separators between groups, and where they end.
fn grouped(bytes: &[u8], at: usize) -> (usize, Vec<u8>) {
    let mut digits = Vec::new();
    let mut end = at;
    let mut i = at;
    while let Some(b) = bytes.get(i).filter(|_| i < at + 32) {
        match b {
            b'0'..=b'9' => {
                digits.push(b - b'0');
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

/// Bare digits that pass as a card by chance, ids and times in milliseconds, stand behind a label of their own.
fn card_context(label: &str, number: &[u8]) -> bool {
    const OTHERS: [&str; 9] = ["_id", "id\"", "time", "sku", "isbn", "serial", "size", "hash", "tracking"];
    let near = label.rsplit([',', '\n', ';', '{']).next().unwrap_or(label);
    number.contains(&b' ') || !OTHERS.iter().any(|w| near.contains(w)) || near.contains("card")
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
    (bound && mod97(&compact)).then_some(Datum { class: "pii:iban", span: start..i })
}

/// Dotted quads and American social security numbers.
fn shaped(text: &str, at: usize, run: usize, minus: bool) -> Option<Datum> {
    let bytes = text.as_bytes();
    let bound = |end: usize| !bytes.get(end).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'-');
    if bytes.get(run) == Some(&b'.') && run - at <= 3 {
        let end = at + bytes[at..].iter().take(16).take_while(|b| b.is_ascii_digit() || **b == b'.').count();
        let word = text.get(at..end)?.trim_end_matches('.');
        let label = text.get(text.floor_char_boundary(at.saturating_sub(14))..at)?.to_ascii_lowercase();
        let version = ["version", "ver ", "rev", "v ", "==", "release"].iter().any(|w| label.contains(w));
        let ip = word.parse::<std::net::Ipv4Addr>().ok()?;
        let vague = ip.is_unspecified() || ip.is_loopback() || ip.is_broadcast() || ip.octets()[0] == 0;
        let good = !version && !vague && !minus && bound(at + word.len());
        return good.then_some(Datum { class: "pii:ip", span: at..at + word.len() });
    }
    let word = bytes.get(at..at + 11).filter(|w| run - at == 3 && w[3] == b'-' && w[6] == b'-')?;
    let digits = [0, 1, 2, 4, 5, 7, 8, 9, 10].iter().all(|i| word[*i].is_ascii_digit());
    let given = &word[..3] != b"000"
        && &word[..3] != b"666"
        && word[0] != b'9'
        && &word[4..6] != b"00"
        && &word[7..] != b"0000";
    (digits && given && bound(at + 11) && !minus).then_some(Datum { class: "pii:us_ssn", span: at..at + 11 })
}

static PHONE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(?:\+|00)?\(?[0-9]{1,5}\)?(?:[ ./-]?\(?[0-9]{1,8}\)?){1,6}(?:\s?(?:x|ext\.?)\s?[0-9]{1,6})?").ok()
});

fn phone(text: &str, at: usize, label: &str, minus: bool) -> Option<Datum> {
    let lead = label.len() - label.trim_end_matches(['+', '(']).len();
    let start = at.checked_sub(lead.min(2))?;
    let found = PHONE.as_ref()?.find(text.get(start..text.floor_char_boundary(start + 40))?)?;
    let word = found.as_str();
    let digits = word.split(['x', 'e']).next()?.bytes().filter(u8::is_ascii_digit).count();
    let end = start + word.len();
    let bound = !text.as_bytes().get(end).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let near = label.rsplit([',', '\n', ';', '{', '|']).next().unwrap_or(label);
    let labelled = ["phone", "tel", "mobile", "cell", "fax", "call", "contact", "whatsapp", "number is"]
        .iter()
        .any(|w| near.contains(w));
    let groups: Vec<usize> = word.split(|c: char| !c.is_ascii_digit()).map(str::len).filter(|n| *n > 0).collect();
    let american = matches!(groups[..], [3, 3, 4, ..] | [1, 3, 3, 4, ..]) && word.bytes().any(|b| b"-(.)".contains(&b));
    let split = groups.len() >= 2;
    let good = match digits {
        8..=15 if word.starts_with('+') => true,
        10..=14 if american => true,
        7..=15 if labelled => split || word.starts_with('0') || near.contains("phone"),
        _ => false,
    };
    (good && bound && !minus).then_some(Datum { class: "pii:phone", span: start..end })
}
