//! The values that stand in a text, compared as what they are: hosts, addresses and numbers in one spelling each, and
//! what codes stand for. Both sides of a comparison go through here: what was shown, and what a call carries.

use crate::inspect::unicode;
use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::borrow::Cow;
use std::ops::Range;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Shape {
    /// A URL, as it is written.
    Url,
    /// A host.
    Host,
    /// An e-mail address.
    Address,
    /// A number.
    Number,
    /// What a code stands for.
    Code,
}

/// A value in its one spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) shape: Shape,
    pub(super) text: String,
    /// Where it stands, in bytes.
    pub(super) span: Range<usize>,
}

/// The shortest code that is read.
const CODE: usize = 8;
/// Longer runs without a space are no value.
const LONGEST: usize = 16 * 1024;
/// Longer ones are no link and no address.
const LINK: usize = 2048;
/// The longest name of a host that is read, in any of its forms.
const HOST: usize = 1024;
/// The most values of one text.
const MOST: usize = 4096;

const fn lenient() -> GeneralPurposeConfig {
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true)
}
const PLAIN: GeneralPurpose = GeneralPurpose::new(&STANDARD, lenient());
const FOR_URLS: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, lenient());

/// A text as it is read, with what is written in codes in it.
pub(super) fn read(text: &str) -> (Cow<'_, str>, Vec<String>) {
    let reading = unicode::read(text);
    let mut codes: Vec<String> = reading.decoded.into_iter().map(|decoded| decoded.text).collect();
    // Numbers that spell letters, where the text has nothing else.
    codes.extend(spelled(text));
    (reading.plain, codes)
}

/// `97 116 116`, `0x61,0x74`: letters by their numbers.
fn spelled(text: &str) -> Option<String> {
    let mut out = String::new();
    for part in text.trim_matches(['[', ']', ' ']).split([',', ' ', ';']).filter(|part| !part.is_empty()) {
        let number = part.strip_prefix("0x").map_or_else(|| part.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok());
        out.push(number.and_then(char::from_u32).filter(|c| !c.is_control())?);
        if out.len() > LONGEST {
            return None;
        }
    }
    (out.len() >= 4).then_some(out)
}

/// Every value in a text that has a spelling of its own.
pub(super) fn of(text: &str) -> Vec<Form> {
    let mut out = Vec::new();
    let mut spelling: Option<(Range<usize>, usize)> = None;
    for word in words(text) {
        let (from, part) = (word.start, &text[word.clone()]);
        spelling = match (is_letter_number(part), spelling.take()) {
            (true, Some((run, count))) => Some((run.start..word.end, count + 1)),
            (true, None) => Some((word, 1)),
            (false, run) => {
                out.extend(run.and_then(|run| spelt(text, run)));
                None
            }
        };
        if part.len() > LONGEST || out.len() > MOST {
            continue;
        }
        let (digit, short) = (part.bytes().any(|b| b.is_ascii_digit()), part.len() <= LINK);
        if short && memchr::memchr(b'@', part.as_bytes()).is_some() {
            address(part, from, &mut out);
        }
        if short && (part.contains("://") || memchr::memchr(b'.', part.as_bytes()).is_some()) {
            link(part, from, &mut out);
        }
        if digit {
            number(part, from, &mut out);
        }
        if part.len() >= CODE {
            codes(part, from, &mut out);
        }
    }
    out.extend(spelling.and_then(|run| spelt(text, run)));
    out
}

/// Whether a word is the number of a letter, as in `97` or `0x61,`.
fn is_letter_number(part: &str) -> bool {
    let digits = part.trim_end_matches([',', ';']);
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    (2..=3).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_hexdigit())
        && part.as_bytes().first().is_some_and(u8::is_ascii_digit)
}

/// What a run of so many numbers spells.
fn spelt(text: &str, (run, count): (Range<usize>, usize)) -> Option<Form> {
    let text = spelled(&text[run.clone()]).filter(|_| count >= 6)?;
    Some(Form { shape: Shape::Code, text, span: run })
}

/// Runs without spaces, quotes and brackets.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let parts = |c: char| {
        c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '`')
    };
    let mut at = 0;
    text.split(parts).filter_map(move |part| {
        // Every part is followed by the one character it ends at.
        let start = at;
        at = start + part.len() + text[start + part.len()..].chars().next().map_or(0, char::len_utf8);
        (!part.is_empty()).then_some(start..start + part.len())
    })
}

fn address(part: &str, from: usize, out: &mut Vec<Form>) {
    let part = part.trim_start_matches("mailto:");
    for piece in part.split([',', ';']) {
        let Some((local, domain)) = piece.rsplit_once('@') else { continue };
        let domain = domain.split(['?', '&', '/']).next().unwrap_or_default().trim_end_matches(['.', ',', '!', ':']);
        let local = local.rsplit([':', '/', '=']).next().unwrap_or(local);
        if let Some(domain) = host(domain).filter(|_| !local.is_empty()) {
            let text = format!("{}@{domain}", local.to_lowercase());
            out.push(Form { shape: Shape::Address, text, span: from..from + part.len() });
        }
    }
}

/// A host in its one spelling: letters beyond ASCII as IDNA has them, numbers as the address that they are.
fn host(text: &str) -> Option<String> {
    let host = url::Host::parse(Some(text.trim_end_matches('.')).filter(|text| text.len() <= HOST)?).ok()?;
    let domain = match host {
        url::Host::Domain(domain) => domain,
        url::Host::Ipv4(address) => return Some(address.to_string()),
        url::Host::Ipv6(address) => return Some(address.to_string()),
    };
    (domain.contains('.') && domain.len() <= 253).then_some(domain)
}

/// A URL, or what a browser would make one of.
fn link(part: &str, from: usize, out: &mut Vec<Form>) {
    let end = part.trim_end_matches(['.', ',', ';', ':', '!', '?']).len();
    let word = &part[..end];
    let (scheme, start) = match word.find("://") {
        Some(at) => {
            let name = word[..at].bytes().rev().take_while(u8::is_ascii_alphanumeric).count();
            (true, at - name)
        }
        None => (false, 0),
    };
    let word = &word[start..];
    let named = if scheme { url::Url::parse(word).ok().and_then(|url| host(url.host_str()?)) } else { bare(word) };
    let Some(name) = named else { return };
    let span = from + start..from + end;
    out.push(Form { shape: Shape::Url, text: word.to_owned(), span: span.clone() });
    out.push(Form { shape: Shape::Host, text: name, span });
}

/// `www.example.org/x`, `example.org`: a host of a known suffix.
fn bare(word: &str) -> Option<String> {
    let name = word.split(['/', '?', '#', ':']).next()?;
    let known = name.contains('.')
        && !name.contains('@')
        && name.len() >= 4
        && psl::suffix(name.to_lowercase().as_bytes()).is_some_and(|suffix| suffix.is_known());
    let domain = host(name).filter(|_| known || name.to_lowercase().starts_with("www."))?;
    // `main.rs`, `notes.md` and `a.py` are files before they are hosts.
    let file = word == name && FILES.split_whitespace().any(|end| name.rsplit('.').next() == Some(end));
    (!file).then_some(domain)
}

const FILES: &str = "rs md py sh pl so zip mov app java cc ps ai";

/// `1,200.00`, `1.200,00` and `1200` are one number. One with a single group of three can be read two ways: both.
fn number(part: &str, from: usize, out: &mut Vec<Form>) {
    let bytes = part.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len()
            && (bytes[at].is_ascii_digit()
                || b".,_".contains(&bytes[at]) && bytes.get(at + 1).is_some_and(u8::is_ascii_digit))
        {
            at += 1;
        }
        let word = &part[start..at];
        let inside = start > 0 && (bytes[start - 1].is_ascii_alphanumeric())
            || bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
        if !inside && word.len() <= 40 && word.bytes().any(|b| !b.is_ascii_digit()) {
            for text in readings(word) {
                out.push(Form { shape: Shape::Number, text, span: from + start..from + at });
            }
        }
    }
}

/// What a number with separators can mean: its digits, and those behind the point where they are not all zero.
pub(super) fn readings(word: &str) -> Vec<String> {
    let last = word.rfind(['.', ',']);
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let plain = |whole: &str, behind: &str| {
        let (whole, behind) = (digits(whole), behind.trim_end_matches('0').to_owned());
        let whole = whole.trim_start_matches('0');
        let whole = if whole.is_empty() { "0" } else { whole };
        if behind.is_empty() { whole.to_owned() } else { format!("{whole}.{behind}") }
    };
    let Some(last) = last else { return vec![plain(word, "")] };
    let (before, behind) = (&word[..last], &word[last + 1..]);
    let mut out = Vec::new();
    // Dots and commas that come again part thousands.
    let again = before.contains(&word[last..=last]);
    if !again {
        out.push(plain(before, behind));
    }
    if again || behind.len() == 3 {
        out.push(plain(word, ""));
    }
    out
}

/// Base64, hexadecimal and base32 that stand for text.
fn codes(part: &str, from: usize, out: &mut Vec<Form>) {
    let coded = |b: &u8| b.is_ascii_alphanumeric() || b"+/-_=".contains(b);
    let bytes = part.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let run = bytes[at..].iter().take_while(|b| coded(b)).count();
        let word = &part[at..at + run];
        if run >= CODE
            && let Some(text) = decoded(word)
        {
            out.push(Form { shape: Shape::Code, text, span: from + at..from + at + run });
        }
        at += run.max(1);
        while at < bytes.len() && !part.is_char_boundary(at) {
            at += 1;
        }
    }
}

/// What one run in a code stands for, codes within codes followed.
fn decoded(word: &str) -> Option<String> {
    let mut text = once(word)?;
    for _ in 0..3 {
        match once(text.trim()) {
            Some(deeper) => text = deeper,
            None => break,
        }
    }
    Some(text)
}

fn once(word: &str) -> Option<String> {
    if word.len() < CODE || !word.is_ascii() {
        return None;
    }
    // A word of one case is a word.
    let digit = word.bytes().any(|b| b.is_ascii_digit());
    let mixed =
        digit || word.bytes().skip(1).any(|b| b.is_ascii_uppercase()) && word.bytes().any(|b| b.is_ascii_lowercase());
    if !mixed && word.bytes().any(|b| b.is_ascii_lowercase()) {
        return None;
    }
    let hex = (word.len().is_multiple_of(2) && digit).then(|| hex::decode(word).ok()).flatten();
    let text = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).ok()?;
        let told = text.chars().filter(|c| c.is_alphanumeric()).count() * 2 >= text.chars().count();
        (text.len() >= 4 && told && !text.chars().any(|c| c.is_control() && !c.is_whitespace())).then_some(text)
    };
    hex.and_then(text)
        .or_else(|| PLAIN.decode(word).ok().and_then(text))
        .or_else(|| FOR_URLS.decode(word).ok().and_then(text))
        .or_else(|| base32(word).and_then(text))
}

/// RFC 4648, section 6.
fn base32(word: &str) -> Option<Vec<u8>> {
    let (mut out, mut held, mut bits) = (Vec::with_capacity(word.len() * 5 / 8), 0_u32, 0);
    for b in word.trim_end_matches('=').bytes() {
        let value = match b.to_ascii_uppercase() {
            b @ b'A'..=b'Z' => b - b'A',
            b @ b'2'..=b'7' => b - b'2' + 26,
            _ => return None,
        };
        held = (held << 5) | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(text: &str) -> Vec<(Shape, String)> {
        of(text).into_iter().filter(|f| f.shape != Shape::Code).map(|f| (f.shape, f.text)).collect()
    }

    #[test]
    fn one_value_has_one_spelling() {
        let host = |text: &str| forms(text).into_iter().find(|(s, _)| *s == Shape::Host).map(|(_, t)| t);
        for text in ["http://evil.example/x", "HTTP://EVIL.example:80", "see (https://evil.example)."] {
            assert_eq!(host(text).as_deref(), Some("evil.example"), "{text}");
        }
        assert_eq!(host("http://bücher.example"), host("http://xn--bcher-kva.example"));
        assert_eq!(host("http://3232235777/"), Some("192.168.1.1".into()));
        assert_eq!(host("http://0xC0A80101/x"), Some("192.168.1.1".into()));
        assert_eq!(host("www.Secure-Systems-252.com,"), Some("www.secure-systems-252.com".into()));
        assert_eq!(host("in main.rs and notes.md, e.g. here"), None);
        let address = vec![(Shape::Address, "ann@example.org".to_owned())];
        assert_eq!(
            forms("Ann <Ann@Example.ORG>").into_iter().filter(|f| f.0 == Shape::Address).collect::<Vec<_>>(),
            address
        );
    }

    #[test]
    fn numbers_lose_their_separators() {
        for (written, read) in [
            ("1,200.00", &["1200"][..]),
            ("1.200,00", &["1200"]),
            ("1,200", &["1.2", "1200"]),
            ("1,200,000", &["1200000"]),
            ("98.70", &["98.7"]),
            ("0.5", &["0.5"]),
            ("1_000_000", &["1000000"]),
        ] {
            let found: Vec<_> = forms(&format!("pay {written}!")).into_iter().map(|(_, t)| t).collect();
            assert_eq!(found, read, "{written}");
        }
        assert!(forms("v1.2.3b and abc123").is_empty());
    }

    #[test]
    fn codes_are_read_and_words_are_not() {
        let codes =
            |text: &str| of(text).into_iter().filter(|f| f.shape == Shape::Code).map(|f| f.text).collect::<Vec<_>>();
        for code in [
            "YXR0YWNrZXJAZXZpbC5leGFtcGxl",
            "61747461636b6572406576696c2e6578616d706c65",
            "MF2HIYLDNNSXEQDFOZUWYLTFPBQW24DMMU======",
        ] {
            assert_eq!(codes(&format!("to {code} now")), ["attacker@evil.example"], "{code}");
        }
        assert!(codes("documentation internationalization HELLOWORLD 20241122").is_empty());
        assert_eq!(spelled("97 116 116 97").as_deref(), Some("atta"));
        assert_eq!(spelled("1 2"), None);
    }
}
