//! Phone numbers: in the international form, in a form that only phones have, or where a label says so.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use std::ops::Range;
use std::sync::LazyLock;

/// How far before a number its label may stand, in bytes.
const LABEL: usize = 48;

/// What stands before a number, in small letters, back to where another thing ends.
pub(super) struct Near {
    bytes: [u8; LABEL],
    from: usize,
    to: usize,
    /// Which kinds of labels are in it, once that was asked.
    kinds: Option<u8>,
}

impl Near {
    /// A label of a phone.
    pub(super) const PHONE: u8 = 1;
    /// One that says phone itself.
    pub(super) const SURE: u8 = 2;
    /// A label of a card.
    pub(super) const CARD: u8 = 4;
    /// A label of something else that is counted or named.
    pub(super) const OTHER: u8 = 8;
    /// One of those that are named by long numbers.
    pub(super) const THING: u8 = 16;

    /// The last part of the line, or of the line above where nothing else stands on this one.
    pub(super) fn before(text: &str, at: usize) -> Self {
        let mut near = Self::last(text, at, LABEL);
        let line = &near.bytes[near.from..near.to];
        let end = line.len() - line.iter().rev().take_while(|b| b" \n\r\t\"'+(".contains(b)).count();
        let cut = line[..end].iter().rposition(|b| b",\n;{|".contains(b)).map_or(0, |n| n + 1);
        near.from += cut;
        near
    }

    /// The last `most` bytes.
    pub(super) fn last(text: &str, at: usize, most: usize) -> Self {
        let from = &text.as_bytes()[at.saturating_sub(most.min(LABEL))..at];
        let mut bytes = [b' '; LABEL];
        bytes[..from.len()].copy_from_slice(from);
        bytes.make_ascii_lowercase();
        Self { bytes, from: 0, to: from.len(), kinds: None }
    }

    /// Whether a label of this kind is in it.
    pub(super) fn has(&mut self, kind: u8) -> bool {
        let line = &self.bytes[self.from..self.to];
        let kinds = *self.kinds.get_or_insert_with(|| kinds(line));
        kinds & kind != 0
    }

    /// Whether one of its words begins with this on the line that it ends in.
    pub(super) fn begins(&self, word: &str) -> bool {
        let all = &self.bytes[self.from..self.to];
        let line = all.iter().rposition(|b| *b == b'\n').map_or(all, |at| &all[at + 1..]);
        let mut at = line.windows(word.len()).enumerate().filter(|(_, w)| *w == word.as_bytes());
        at.any(|(at, _)| at == 0 || !line[at - 1].is_ascii_alphabetic())
    }
}

/// Labels, and their kinds.
const LABELS: &[(u8, &[&str])] = &[
    (Near::PHONE | Near::SURE, &["phone", "tel"]),
    (
        Near::PHONE,
        &[
            "mobil",
            "cell",
            "fax",
            "call",
            "contact",
            "whatsapp",
            "number is",
            "answering at",
            "messages to",
            "reach",
            "ring ",
            "sms",
            "text me",
            "handy",
            "móvil",
            "celular",
            "numéro",
            "rufnummer",
            "dial",
        ],
    ),
    (
        Near::CARD,
        &["card", "karte", "carte", "tarjeta", "cartão", "carta ", "visa", "maestro", "amex", " cc ", " cc:", "\"cc"],
    ),
    (
        Near::OTHER,
        &[
            "id", "order", "sku", "account", "acct", "serial", "ref", "isbn", "invoice", "zip", "code", "hash", "time",
            "count", "konto", "version", "size", "port", "offset", "amount", "total", "price", "index", "0x", "token",
            "key",
        ],
    ),
    (Near::THING, &["_id", "id\"", "id:", "id=", "time", "sku", "isbn", "serial", "size", "hash", "tracking", "phone"]),
];

/// The automaton of all labels, and the kind of each.
static WORDS: LazyLock<Option<(AhoCorasick, Vec<u8>)>> = LazyLock::new(|| {
    let words = LABELS.iter().flat_map(|(_, words)| *words);
    let kinds = LABELS.iter().flat_map(|(kind, words)| words.iter().map(|_| *kind)).collect();
    let automaton = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(words).ok()?;
    Some((automaton, kinds))
});

fn kinds(line: &[u8]) -> u8 {
    // Without the table every label may be there.
    let Some((automaton, kinds)) = WORDS.as_ref() else { return u8::MAX };
    automaton.find_overlapping_iter(line).fold(0, |all, hit| all | kinds[hit.pattern().as_usize()])
}

const BEHIND: &[&str] = &["office", "fax", "mobile", "home", "cell", "work", "(mobile", "(office", "(home", "(fax"];

/// A number as it is written: its groups, and where it ends.
struct Written {
    start: usize,
    end: usize,
    groups: [usize; 8],
    count: usize,
    digits: usize,
    /// Signs between the groups, of which phones have more than others.
    signs: bool,
    dots: bool,
}

fn written(bytes: &[u8], at: usize) -> Written {
    let lead = bytes[..at].iter().rev().take(2).take_while(|b| b"+(".contains(b)).count();
    let mut w =
        Written { start: at - lead, end: at, groups: [0; 8], count: 0, digits: 0, signs: lead > 0, dots: false };
    let mut i = at;
    while w.count < w.groups.len() && i < at + 40 {
        let run = bytes[i..].iter().take(16).take_while(|b| b.is_ascii_digit()).count();
        if run == 0 {
            break;
        }
        w.groups[w.count] = run;
        w.count += 1;
        w.digits += run;
        w.end = i + run;
        // One sign, or one beside a bracket: `(0)`, `) `, `-`.
        let gap = bytes[w.end..].iter().take(3).take_while(|b| b" ./-()".contains(b)).count();
        let gap = match &bytes[w.end..w.end + gap] {
            [b')', b' ', b' '] => break,
            [b' ', b' ', ..] | [b'-', b'-', ..] | [b'.', b' ', ..] => break,
            between => {
                w.signs |= between.iter().any(|b| b"-()".contains(b));
                w.dots |= between.contains(&b'.') || between.contains(&b'/');
                gap
            }
        };
        if gap == 0 || !bytes.get(w.end + gap).is_some_and(u8::is_ascii_digit) {
            w.end += usize::from(bytes.get(w.end) == Some(&b')') && lead > 0 && w.count == 1 && gap > 1);
            break;
        }
        i = w.end + gap;
    }
    w
}

/// The number at `at`, where it is one for a phone.
pub(super) fn find(text: &str, at: usize, near: &mut Near) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let w = written(bytes, at);
    let groups = &w.groups[..w.count];
    // Digits one by one are something else.
    if !(7..=15).contains(&w.digits) || w.count > 3 && groups.iter().filter(|n| **n == 1).count() > 2 {
        return None;
    }
    let plus = bytes[w.start] == b'+' || at > 0 && bytes[at - 1] == b'+';
    let end = extension(bytes, w.end);
    if bytes.get(end).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80) {
        return None;
    }
    let american = matches!(groups, [3, 3, 4] | [1, 3, 3, 4] | [3, 3, 3, 4]) && (w.signs || w.dots);
    let zero = bytes[at] == b'0' && bytes.get(at + 1).is_some_and(|b| b.is_ascii_digit());
    let trunk = zero && bytes[at + 1] != b'0' && (9..=12).contains(&w.digits) && !w.dots;
    let patterned = super::random::patterned(&bytes[at..w.end]);
    let form = match () {
        () if plus => w.digits >= 8,
        () if american => w.digits >= 10 && (w.count < 4 || bytes[at] == b'1' || bytes[at] == b'0'),
        // A trunk prefix and groups: in words, numbers don't begin with a naught.
        () if trunk && w.count > 1 => (2..=5).contains(&groups[0]) && w.count <= 5 && !near.has(Near::OTHER),
        () if trunk => field(bytes, w.start, end) && !near.has(Near::OTHER),
        () => false,
    };
    let good = form && !patterned || {
        let labelled = near.has(Near::PHONE) || behind(bytes, end);
        labelled && (w.count > 1 || zero || near.has(Near::SURE))
    };
    good.then_some(w.start..end)
}

/// Where an extension ends, `x123` or ` ext. 123`, or the number itself.
fn extension(bytes: &[u8], at: usize) -> usize {
    let gap = usize::from(bytes.get(at) == Some(&b' '));
    let rest = &bytes[(at + gap).min(bytes.len())..];
    let mark = match rest {
        [b'e', b'x', b't', b'.', b' ', ..] => 5,
        [b'e', b'x', b't', b'.' | b' ', ..] => 4,
        [b'x', ..] => 1,
        _ => return at,
    };
    let digits = rest[mark..].iter().take(7).take_while(|b| b.is_ascii_digit()).count();
    if (1..7).contains(&digits) { at + gap + mark + digits } else { at }
}

/// Whether a word behind the number says what it is.
fn behind(bytes: &[u8], at: usize) -> bool {
    let rest = &bytes[at.min(bytes.len())..(at + 12).min(bytes.len())];
    let gap = rest.iter().take(2).take_while(|b| b" -".contains(b)).count();
    gap > 0
        && BEHIND
            .iter()
            .any(|word| rest.get(gap..gap + word.len()).is_some_and(|have| have.eq_ignore_ascii_case(word.as_bytes())))
}

/// Whether the number is all that stands in its field.
fn field(bytes: &[u8], start: usize, end: usize) -> bool {
    let before = bytes[..start].iter().rev().find(|b| **b != b' ');
    let after = bytes[end..].iter().find(|b| **b != b' ');
    let spaced = bytes.get(end).is_none_or(|b| b" \n|\"'<;,.\t\r".contains(b));
    spaced
        && before.is_none_or(|b| b"\n|\"'>:;\t,\r".contains(b) || b.is_ascii_alphabetic())
        && after.is_none_or(|b| b"\n|\"'<;,.\t\r".contains(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Option<&str> {
        let at = text.bytes().position(|b| b.is_ascii_digit())?;
        find(text, at, &mut Near::before(text, at)).map(|s| &text[s])
    }

    #[test]
    fn phones_are_known_by_their_forms_and_labels() {
        for (text, want) in [
            ("+49 30 901820", "+49 30 901820"),
            ("0141 496 0420", "0141 496 0420"),
            ("02 22 43 03 34", "02 22 43 03 34"),
            ("(08959) 92669", "(08959) 92669"),
            ("001-218-606-9730x11246", "001-218-606-9730x11246"),
            ("Phone:\n467 3395", "467 3395"),
            ("They're not answering at 699 956 915", "699 956 915"),
            ("416 60 039 office", "416 60 039"),
            ("| 0388866906 |", "0388866906"),
            ("(415) 555-2671", "(415) 555-2671"),
        ] {
            assert_eq!(seen(text), Some(want), "{text}");
        }
        for text in [
            "2024-01-15",
            "699 956 915",
            "\"order_id\": \"0388866906\"",
            "0123456789",
            "01 02 03 04 05 06 07",
            "1.2.3.4",
        ] {
            assert_eq!(seen(text), None, "{text}");
        }
    }
}
