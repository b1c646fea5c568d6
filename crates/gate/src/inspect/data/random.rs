//! What tells a value that was drawn at random from one that a person wrote: names and words surprise nobody, keys do.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use std::sync::LazyLock;

/// For each sign and the one behind it, how surprising that is in quarters of a bit; made by `lab pairs`.
static PAIRS: &[u8] = include_bytes!("../../../data/pairs.txt");
/// A line of the table: 26 letters, a digit, anything else, and the end of the line.
const LINE: usize = 29;
const OTHER: usize = 27;

/// How surprising a byte is behind another to one who knows how names are written, in bits for each byte; a name in
/// humps is read as its words.
pub(super) fn surprise(word: &[u8]) -> f32 {
    let (mut sum, mut from, mut before) = (0u32, OTHER, b' ');
    let mut step = |from: usize, to: usize| {
        sum += u32::from(PAIRS.get(from * LINE + to).copied().unwrap_or(b'0').saturating_sub(b'0'));
        to
    };
    for b in word {
        if b.is_ascii_uppercase() && before.is_ascii_lowercase() {
            from = step(from, OTHER);
        }
        from = step(from, sign(*b));
        before = *b;
    }
    step(from, OTHER);
    sum as f32 / 4.0 / word.len().max(1) as f32
}

fn sign(b: u8) -> usize {
    match b {
        b'a'..=b'z' => usize::from(b - b'a'),
        b'A'..=b'Z' => usize::from(b - b'A'),
        b'0'..=b'9' => 26,
        _ => OTHER,
    }
}

/// How many different bytes there are.
pub(super) fn distinct(text: &[u8]) -> u32 {
    let seen = text.iter().fold([0u64; 4], |mut seen, b| {
        seen[usize::from(*b >> 6)] |= 1 << (b & 63);
        seen
    });
    seen.iter().map(|s| s.count_ones()).sum()
}

/// Whether there are so few different bytes that nothing was drawn.
pub(super) fn flat(value: &[u8]) -> bool {
    distinct(value) <= 2 + value.len() as u32 / 24
}

/// Whether a value stands for another one by how it is built: a few signs only, or from end to end the alphabet or the
/// digits in their order. One that only begins so may well be in use.
pub(super) fn patterned(value: &[u8]) -> bool {
    // A step to the same sign or the next one, or over one sign: `aaaa`, `abcd`, `1234`, `a1b2c3`.
    let near = |a: u8, b: u8| b == a || b == a + 1 && a.is_ascii_alphanumeric();
    let steps = value.windows(2).filter(|w| near(w[0], w[1])).count();
    let leaps = value.windows(3).filter(|w| w[2] == w[0] + 1 && w[0].is_ascii_alphanumeric()).count();
    flat(value) || value.len() >= 6 && (steps * 20 >= value.len() * 17 || leaps * 20 >= value.len() * 15)
}

/// Whether it looks like hexadecimal that was drawn or computed.
pub(super) fn hex(value: &[u8]) -> bool {
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let one_case =
        !(value.iter().any(u8::is_ascii_lowercase) && value.iter().any(u8::is_ascii_uppercase)) || value.len() >= 32;
    value.iter().all(u8::is_ascii_hexdigit)
        && one_case
        && digits * 5 >= value.len()
        && digits < value.len()
        && distinct(value) >= 7
}

/// Whether it is written as a UUID that is not all one digit.
pub(super) fn uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_alphanumeric(),
        })
        && distinct(value) >= 8
}

/// Whether a word of at least `least` bytes looks drawn at random rather than written by a person.
pub(super) fn random(word: &str, least: usize) -> bool {
    let bytes = word.as_bytes();
    if bytes.len() < least || bytes.len() > 4096 || patterned(bytes) || word.contains("://") {
        return false;
    }
    if !bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"+/=_-.~!@#%^&*:|$?,;".contains(b)) {
        return false;
    }
    if hex(bytes) {
        return bytes.len() >= 16;
    }
    let core = bytes.len() - bytes.iter().rev().take_while(|b| **b == b'=').count();
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = bytes.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let bar = match bytes.len() {
        0..12 => 6.0,
        12..16 => 5.6,
        16..20 => 5.4,
        20..32 => 5.2,
        _ => 5.0,
    };
    // Numbers with a few letters, such as times and versions, surprise by their letters only.
    letters * 4 >= core && (digits > 0 || core >= 16) && letters + digits >= 8 && surprise(&bytes[..core]) >= bar
}

/// A list of words that a text is looked through for, in either case.
pub(super) struct Words(LazyLock<Option<AhoCorasick>>);

impl Words {
    /// Of a list that is parted by spaces.
    pub(super) const fn of(build: fn() -> Option<AhoCorasick>) -> Self {
        Self(LazyLock::new(build))
    }

    /// Whether one of them is in `text`.
    pub(super) fn found(&self, text: &str) -> bool {
        self.0.as_ref().is_none_or(|words| words.is_match(text))
    }
}

/// The automaton of a list.
pub(super) fn automaton(list: &str) -> Option<AhoCorasick> {
    let kind = Some(AhoCorasickKind::DFA);
    AhoCorasick::builder().ascii_case_insensitive(true).kind(kind).build(list.split_ascii_whitespace()).ok()
}

/// Parts of what stands for another value.
const PARTS: &str = "\
    example your xxx change placeholder redacted dummy process.env ${ {{ }} $( %s %( #{ {$ insert todo *** ... < \
    os.environ getenv env. env[ env( fixme replace enter_ enter- my_ my- _here -here -goes- _goes_ sample foobar \
    &lt; lorem vault_ secrets. config. self. this. test- test_ fake";
static STANDS_IN: Words = Words::of(|| automaton(PARTS));
/// Words that are no value of their own.
const WHOLE: &str = "\
    string password passwd pass secret token undefined required optional boolean none null true false user \
    username test testing hidden text admin root default value empty unknown anonymous guest localhost key \
    apikey pwd mysecret invalid valid wrong basic bearer encrypted object number integer p4ssw0rd new-password \
    current-password forgot reset confirm credentials";

/// Whether a value says of itself that it stands for another one.
pub(super) fn placeholder(value: &str) -> bool {
    let named = value.strip_prefix(['$', '%', '@']).is_some_and(|rest| {
        let rest = rest.trim_end_matches('%');
        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_' || b == b':')
    });
    let whole = || value.len() < 20 && WHOLE.split_ascii_whitespace().any(|w| w.eq_ignore_ascii_case(value));
    patterned(value.as_bytes()) || named || STANDS_IN.found(value) || whole()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        assert_eq!(PAIRS.len(), 28 * LINE);
    }

    #[test]
    fn what_is_drawn_is_told_from_what_is_written() {
        for word in [
            "k3J8sQ1mZp0Xw7",
            "iCqavshREuBJACKkDbqeapFP0biEEORXstswOYes",
            "iyfmob6xjrfmit67anxbot64umfx2clwx7dz5ynxi4q2z3",
            "951bc382db9abad29c68634761dd6e19",
            "sXLYqhjNQKrIzrwFXegCZMlSkCQkRWITx0JhjGpQ",
        ] {
            assert!(random(word, 12), "{word} {}", surprise(word.as_bytes()));
        }
        for word in [
            "getMasterUserPassword",
            "application/json; charset=utf-8",
            "some_very_long_identifier_name_2",
            "2024-01-01T10:00:00Z",
            "AbstractSingletonProxyFactoryBean",
            "a1b2c3d4e5f6g7h8i9j0",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "v0.0.0-20230822172742",
        ] {
            assert!(!random(word, 12), "{word} {}", surprise(word.as_bytes()));
        }
    }

    #[test]
    fn placeholders_are_known() {
        for text in
            ["<your-key>", "xxxxxxxx", "${API_KEY}", "$API_KEY", "my-example-key", "changeme", "%nothing%", "12345678"]
        {
            assert!(placeholder(text), "{text}");
        }
        assert!(!placeholder("k3J8sQ1mZp0"));
    }
}
