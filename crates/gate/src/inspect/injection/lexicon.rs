//! Words of many languages as classes of meaning, found in one pass over a text.

use super::fold::{append, stands_alone};
use super::trie::Trie;
use super::words::Groups;

/// The classes in the order of their numbers. A pack's lexicon names them; the code knows some by number.
pub(super) const CLASSES: [&str; 37] = [
    "assistant",
    "you",
    "user",
    "send",
    "run",
    "read",
    "say",
    "destroy",
    "pay",
    "override",
    "prior",
    "instructions",
    "newtask",
    "conceal",
    "authority",
    "urgent",
    "secret",
    "money",
    "thing",
    "external",
    "tool",
    "condition",
    "reason",
    "delimiter",
    "role",
    "prefer",
    "report",
    "not",
    "please",
    "question",
    "people",
    "harm",
    "machine",
    "doc",
    "local",
    "self",
    "verb",
];

/// More words than this are no lexicon of ours.
const MOST_WORDS: usize = 20_000;

/// The lexicon, ready to search with.
#[derive(Debug)]
pub struct Lexicon {
    words: Trie,
    entries: Vec<Entry>,
    groups: Groups,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    class: u8,
    /// Whether a word must begin, and end, where the entry does.
    begins: bool,
    ends: bool,
}

impl Lexicon {
    /// Reads a lexicon; `None` where it isn't one.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut patterns, mut entries, mut class) = (Vec::new(), Vec::new(), None);
        for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
            if let Some(name) = line.strip_prefix('@') {
                class = Some(u8::try_from(CLASSES.iter().position(|c| *c == name)?).ok()?);
                continue;
            }
            let (_, words) = line.split_once(": ")?;
            for word in words.split(',').map(str::trim).filter(|w| !w.is_empty()) {
                let (pattern, entry) = entry(word, class?)?;
                patterns.push(pattern);
                entries.push(entry);
            }
        }
        if patterns.is_empty() || patterns.len() > MOST_WORDS {
            return None;
        }
        let words = Trie::of(&patterns);
        Some(Self { words, entries, groups: Groups::default() })
    }

    /// With groups of words of like meaning, as [`Groups::listed`] gives them.
    pub fn with_groups(self, listed: &[(u32, u16)]) -> Self {
        Self { groups: Groups::of(listed), ..self }
    }

    pub(super) fn groups(&self) -> &Groups {
        &self.groups
    }

    /// Calls `found` with class, start and end of every word in the folded text, in the order of their starts. Only where
    /// a word begins, or at a sign, can an ASCII entry stand; others may stand inside.
    pub(super) fn search(&self, folded: &str, mut found: impl FnMut(u8, usize, usize)) {
        let bytes = folded.as_bytes();
        let mut inside = false;
        for (start, byte) in bytes.iter().enumerate() {
            let continues = std::mem::replace(&mut inside, in_word(*byte));
            // In the middle of an ASCII word, or of a character.
            if (continues && byte.is_ascii_alphanumeric()) || (0x80..0xC0).contains(byte) || *byte == b' ' {
                continue;
            }
            self.words.walk(&bytes[start..], |pattern, length| {
                let Some(entry) = self.entries.get(pattern) else { return };
                let end = start + length;
                let ends = bytes.get(end).is_none_or(|b| !in_word(*b));
                if (!continues || !entry.begins) && (ends || !entry.ends) {
                    found(entry.class, start, end);
                }
            });
        }
    }
}

fn entry(word: &str, class: u8) -> Option<(String, Entry)> {
    let inner = word.trim_matches('*');
    let mut pattern = String::new();
    append(inner, &mut pattern);
    let pattern = pattern.trim().to_owned();
    let (first, last) = (pattern.chars().next()?, pattern.chars().next_back()?);
    let plain = |c: char| c.is_alphanumeric() && !stands_alone(c);
    let entry =
        Entry { class, begins: !word.starts_with('*') && plain(first), ends: !word.ends_with('*') && plain(last) };
    Some((pattern, entry))
}

/// Whether a byte of folded text belongs to a word.
pub(super) fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(lexicon: &Lexicon, text: &str) -> Vec<&'static str> {
        let mut seen = Vec::new();
        lexicon.search(text, |class, _, _| seen.push(CLASSES[usize::from(class)]));
        seen
    }

    #[test]
    fn words_stems_and_stretches() {
        let lexicon = Lexicon::parse("@send\nen: send, mail*\n@override\nzh: 忽略\nar: *تجاهل*").unwrap();
        assert_eq!(classes(&lexicon, "send mailing"), ["send", "send"]);
        assert!(classes(&lexicon, "resend sender email").is_empty());
        assert_eq!(classes(&lexicon, "请忽略它"), ["override"]);
        assert_eq!(classes(&lexicon, "وتجاهلوا"), ["override"]);
    }

    #[test]
    fn what_is_no_lexicon_is_refused() {
        for text in ["", "en: send", "@nothing\nen: send", "@send\nsend", "@send\n"] {
            assert!(Lexicon::parse(text).is_none(), "{text:?}");
        }
    }
}
