//! Personal data that only its label, its form or its neighbours make sure: names, street addresses, dates of birth,
//! passports and driving licences.

use super::labels::{Label, MONTHS, PARTICLES, is_thing};
use super::{Datum, national};
use std::ops::Range;

const NAME: &str = "personal.person_name";
const STREET: &str = "personal.street_address";

/// Adds what the label at `hit` announces.
pub(super) fn find(label: Label, text: &str, hit: Range<usize>, out: &mut Vec<Datum>) {
    let bytes = text.as_bytes();
    let inside =
        hit.start > 0 && bytes[hit.start - 1].is_ascii_alphanumeric() && bytes[hit.start].is_ascii_alphanumeric();
    let compound = matches!(label, Label::Street) || bytes[hit.start..hit.end].starts_with(b"name");
    if inside && !compound {
        return;
    }
    let found = match label {
        Label::Name => after(text, hit.end).and_then(|at| name(text, at, 1)).map(|s| (NAME, s)),
        Label::AnyName => any_name(text, hit).map(|s| (NAME, s)),
        Label::Title | Label::Salutation | Label::Saying => spoken(label, text, hit).map(|s| (NAME, s)),
        Label::Address => after(text, hit.end).and_then(|at| address(text, at)).map(|s| (STREET, s)),
        Label::Street => street(text, hit).map(|s| (STREET, s)),
        Label::Birth => date(text, hit.end, 24).map(|s| ("personal.date_of_birth", s)),
        Label::Passport => number(text, hit.end, 6..=9, 5).map(|s| ("personal.passport_number", s)),
        Label::National(at) => {
            let kind = &national::KINDS[at];
            national::find(kind, text, hit.end).map(|s| (kind.class, s))
        }
        Label::Licence => number(text, hit.end, 5..=18, 4).map(|s| ("personal.driver_license", s)),
    };
    out.extend(found.map(|(class, span)| Datum { class, span }));
}

fn tail(text: &str, at: usize, most: usize) -> &str {
    text.get(at..text.floor_char_boundary((at + most).min(text.len()))).unwrap_or_default()
}

/// Where the value behind a label begins: after `:` or `=`, with whatever quotes; `None` where no sign stands.
fn after(text: &str, at: usize) -> Option<usize> {
    let rest = tail(text, at, 48);
    // A label may go on: `Name of the patient:`, `address_line1":`.
    let word = rest.bytes().take(24).take_while(|b| b.is_ascii_alphanumeric() || b"_-/()".contains(b)).count();
    let close = rest[word..].bytes().take_while(|b| b"\"'`\\*] ".contains(b)).count();
    let sign = rest.as_bytes().get(word + close).filter(|b| **b == b':' || **b == b'=')?;
    let gap = rest[word + close + 1..].bytes().take_while(|b| b" \t\"'\\`>*\n\r".contains(b) && *sign != 0).count();
    Some(at + word + close + 1 + gap)
}

/// Words that begin with a capital, at least `least` of them; lower particles may stand between.
fn name(text: &str, at: usize, least: usize) -> Option<Range<usize>> {
    let rest = tail(text, at, 80);
    let (mut end, mut words, mut pos) = (0, 0, 0);
    for piece in rest.split_inclusive([' ', '\n', '"', '\'', '<', ',', '|', '\\', '\t', ';', '(', ')', '.']) {
        let word = piece.trim_end_matches([' ', '\n', '"', '\'', '<', ',', '|', '\\', '\t', ';', '(', ')', '.']);
        let capital = word.chars().next().is_some_and(char::is_uppercase);
        let letters = word.chars().all(|c| c.is_alphabetic() || c == '-' || c == '’');
        let humps = word.chars().skip(1).filter(|c| c.is_uppercase()).count() < 2 || word.contains('-');
        let lower = humps && word.chars().skip(1).any(char::is_lowercase);
        let initial = word.chars().count() == 1 && capital;
        let particle = words > 0 && PARTICLES.contains(&word);
        if capital && letters && (lower || initial) && !is_thing(word) {
            words += 1;
            end = pos + word.len();
        } else if !particle {
            break;
        }
        pos += piece.len();
        let follows = piece.ends_with(' ') || initial && piece.ends_with('.') || piece.ends_with('\'');
        if !follows || words >= 5 {
            break;
        }
    }
    let next = rest[end..].chars().next();
    let bound = !next.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '/' || c == ':' || c == '(');
    (words >= least && end >= 3 && bound).then(|| at..at + end)
}

/// `name` as a key of its own, where other personal data stands by.
fn any_name(text: &str, hit: Range<usize>) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let before = hit.start.checked_sub(1).map(|i| bytes[i]);
    if before.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-' || b == b'.') {
        return None;
    }
    if bytes.get(hit.end).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_') {
        return None;
    }
    let at = after(text, hit.end)?;
    let span = name(text, at, 2)?;
    let near = &text[text.floor_char_boundary(hit.start.saturating_sub(160))..hit.start];
    let near = format!("{near} {}", tail(text, span.end, 160)).to_lowercase();
    let person = [
        "email",
        "e-mail",
        "phone",
        "ssn",
        "birth",
        "dob",
        "iban",
        "card",
        "street",
        "gender",
        "age\"",
        "patient",
        "passport",
        "salary",
        "address\"",
        "address:",
        "@",
        "mobile",
    ];
    person.iter().any(|w| near.contains(w)).then_some(span)
}

fn spoken(label: Label, text: &str, hit: Range<usize>) -> Option<Range<usize>> {
    let first = text[hit.clone()].chars().next()?;
    let written = label == Label::Saying || first.is_uppercase();
    let span = name(text, hit.end, 1).filter(|_| written)?;
    let words = text[span.clone()].split(' ').count();
    let next = text[span.end..].chars().next();
    match label {
        // `Dear Anna,` and nothing else.
        Label::Salutation => (next.is_some_and(|c| ",!:\n".contains(c)) && words <= 3).then_some(span),
        // `name is` is said of things too.
        Label::Saying => {
            let before = text[..hit.start].trim_end().to_ascii_lowercase_ends();
            (before || words >= 2).then_some(span)
        }
        _ => Some(span),
    }
}

/// Whether a text ends in a word that makes the name a person's.
trait Own {
    fn to_ascii_lowercase_ends(&self) -> bool;
}

impl Own for str {
    fn to_ascii_lowercase_ends(&self) -> bool {
        let end = &self.as_bytes()[self.len().saturating_sub(3)..];
        [&b"my"[..], b"his", b"her"].iter().any(|w| end.to_ascii_lowercase().ends_with(w))
    }
}

/// A line that holds a house number and a name: `Müllerstr. 5`, `12, rue Haute`.
fn address(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = tail(text, at, 120);
    let length = rest.find(['"', '\n', '|', '<', '\\', '{', '}', '\t', ';']).unwrap_or(rest.len());
    let line = rest[..length].trim_end_matches([' ', ',', '.']);
    let digits = line.bytes().filter(u8::is_ascii_digit).count();
    let letters = line.chars().filter(|c| c.is_alphabetic()).count();
    let capital = line.split(' ').any(|w| w.chars().next().is_some_and(char::is_uppercase));
    let good = (1..=12).contains(&digits) && letters >= 4 && capital && line.contains(' ') && line.len() < 110;
    let other =
        line.contains(['@', '=', '_', '(', '$', '%', '*', '`']) || line.contains("://") || line.starts_with("0x");
    (good && !other).then(|| at..at + line.len())
}

/// A word for a street with its name and number.
fn street(text: &str, hit: Range<usize>) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let word = &text[hit.clone()];
    let leads = word.ends_with(' ')
        && !word.starts_with(' ')
        && !matches!(word, w if w.eq_ignore_ascii_case("weg ") || w.eq_ignore_ascii_case("allee ") || w.eq_ignore_ascii_case("platz "))
        || matches!(word.to_ascii_lowercase().as_str(), " rue " | " avenue " | " chemin ");
    if leads {
        return led(text, hit);
    }
    let ends = bytes.get(hit.end).copied();
    if word.starts_with(' ') {
        // `12 Long Street`, `9 Lawrence Ct.`
        let capital = bytes[hit.start + 1].is_ascii_uppercase();
        if !capital || ends.is_some_and(|b| b.is_ascii_alphanumeric() || b >= 0x80) {
            return None;
        }
        if !bytes[hit.start.saturating_sub(48)..hit.start].iter().any(u8::is_ascii_digit) {
            return None;
        }
        let head = text[text.floor_char_boundary(hit.start.saturating_sub(48))..hit.start]
            .split(['\n', '|', '"', '\\', ';', ':'])
            .next_back()?;
        let words: Vec<&str> = head.split(' ').collect();
        let number = words.iter().rposition(|w| w.bytes().next().is_some_and(|b| b.is_ascii_digit()))?;
        let named = &words[number + 1..];
        let capitals = named.iter().all(|w| w.chars().next().is_some_and(char::is_uppercase));
        let plain = words[number].len() <= 6
            && words[number].bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b',');
        let good = (1..=4).contains(&named.len()) && capitals && plain;
        let length: usize = words[number..].iter().map(|w| w.len() + 1).sum::<usize>() - 1;
        return good.then(|| hit.start - length..hit.end);
    }
    // `Hauptstraße 12`, `Berliner Allee 3a`
    let trimmed = word.trim_end();
    let at = hit.start + trimmed.len();
    let at = at + usize::from(bytes.get(at) == Some(&b' '));
    let number = bytes[at..].iter().take(5).take_while(|b| b.is_ascii_alphanumeric() || **b == b'/').count();
    let digits = bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut start = hit.start;
    for (i, c) in text[..hit.start].char_indices().rev().take(40) {
        if !(c.is_alphabetic() || c == '-') {
            break;
        }
        start = i;
    }
    let capital = text[start..].chars().next().is_some_and(char::is_uppercase);
    (digits && capital && number > 0).then(|| start..at + number)
}

/// `12, rue de la Paix`, `Calle Mayor 5`.
fn led(text: &str, hit: Range<usize>) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let before = text[..hit.start].trim_end_matches([' ', ',']);
    let number = before.bytes().rev().take(6).take_while(|b| b.is_ascii_alphanumeric()).count();
    let start = before.len() - number;
    let numbered = number > 0 && hit.start - before.len() <= 2 && bytes[start].is_ascii_digit();
    let mut words = 0;
    let mut end = hit.end;
    let mut last = false;
    for piece in tail(text, hit.end, 60).split_inclusive(' ') {
        let word = piece.trim_end_matches([' ', ',', '.', '"', '\n', ';', '|']);
        let plain = word.chars().all(|c| c.is_alphabetic() || c == '-' || c == '\'');
        let capital = word.chars().next().is_some_and(char::is_uppercase);
        let digits = !word.is_empty() && word.len() <= 5 && word.bytes().all(|b| b.is_ascii_digit());
        if !(plain && (capital || PARTICLES.contains(&word) || word == "los" || word == "las") || digits && words > 0) {
            break;
        }
        words += usize::from(capital);
        end += word.len();
        last = digits;
        if digits || piece.len() != word.len() + 1 {
            break;
        }
        end += 1;
    }
    let end = hit.start + text[hit.start..end].trim_end().len();
    let capital = bytes[hit.start..].iter().find(|b| **b != b' ').is_some_and(u8::is_ascii_uppercase);
    match () {
        () if words > 0 && numbered => Some(start..end),
        () if words > 0 && last && capital => Some(hit.start..end),
        () => None,
    }
}

/// A date within `most` bytes behind a label, whichever way it is written.
fn date(text: &str, at: usize, most: usize) -> Option<Range<usize>> {
    let rest = tail(text, at, most + 24);
    let first = rest.bytes().take(most).position(|b| b.is_ascii_digit() || b == b'\n' || b == b',' || b == b'}')?;
    let words = rest[..first].trim_end();
    // `14 July 1990`, and `July 14, 1990`, where the month stands before the day.
    let month = |w: &str| MONTHS.iter().any(|m| w.len() >= 3 && w.to_lowercase().starts_with(m));
    let start = words.rfind([' ', '"', ':']).map_or(0, |n| n + 1);
    let named = month(words.get(start..).unwrap_or_default());
    let from = if named { start } else { first };
    let body = &rest[first..];
    let mut end = 0;
    for (i, c) in body.char_indices() {
        let part = c.is_ascii_digit() || "./-".contains(c);
        let spaced = (c == ' ' || c == ',') && i < 16;
        let word = c.is_alphabetic() && i < 16;
        if !(part || spaced || word) {
            break;
        }
        if c.is_ascii_digit() {
            end = i + 1;
        }
        let year = body[..end].bytes().rev().take_while(u8::is_ascii_digit).count() == 4 && i > 5;
        if year {
            break;
        }
    }
    let written = &body[..end];
    let digits = written.bytes().filter(u8::is_ascii_digit).count();
    let groups = written.split(|c: char| !c.is_ascii_digit()).filter(|g| !g.is_empty()).count();
    let inner = written.split(|c: char| !c.is_alphabetic()).filter(|w| w.len() > 2).all(month);
    let long = written.len() <= 20 && (4..=8).contains(&digits);
    let good = long && inner && (groups == 3 || groups == 2 && (named || written.chars().any(char::is_alphabetic)));
    good.then(|| at + from..at + first + end)
}

/// A number of letters and digits behind its label.
fn number(text: &str, at: usize, lengths: std::ops::RangeInclusive<usize>, digits: usize) -> Option<Range<usize>> {
    let rest = tail(text, at, 64);
    let mut pos = 0;
    // No more than a few words of a label stand between.
    for piece in rest.split_inclusive([' ', ':', '=', '"', '#', '\'', ',', '\n', '.', '?', '|']).take(8) {
        let word = piece.trim_end_matches([' ', ':', '=', '"', '#', '\'', ',', '\n', '.', '?', '|']);
        let have = word.bytes().filter(u8::is_ascii_digit).count();
        let form = word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-');
        if have >= digits && form && lengths.contains(&word.len()) {
            return Some(at + pos..at + pos + word.len());
        }
        if have > 0 || piece.ends_with(['\n', ',']) {
            return None;
        }
        pos += piece.len();
    }
    None
}
