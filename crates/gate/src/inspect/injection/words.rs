//! The words of a sentence, as hashes and as groups of like meaning, alone and in sequence.

use super::fold::stands_alone;
use super::lexicon::in_word;
use super::reading::{EMAIL, IDENTIFIER, URL};

/// A word's group of like meaning, by the hash of the word: open addressing, a power of two of places.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    places: Vec<(u32, u16)>,
}

/// What stands for a word that has no group, for a number, and for addresses: larger than any group.
const UNKNOWN: u16 = u16::MAX;
const NUMBER: u16 = u16::MAX - 1;
const ADDRESS: u16 = u16::MAX - 2;

impl Groups {
    /// Reads groups of words, one a line; sorted by hash, as they are packed.
    pub fn listed(text: &str) -> Vec<(u32, u16)> {
        let mut all: Vec<(u32, u16)> = Vec::new();
        for (line, group) in text.lines().zip(0..ADDRESS) {
            all.extend(line.split(' ').filter(|w| !w.is_empty()).map(|word| (hash(word.as_bytes()), group)));
        }
        all.sort_unstable();
        all.dedup_by_key(|(hash, _)| *hash);
        all
    }

    /// Ready to look up.
    pub(super) fn of(listed: &[(u32, u16)]) -> Self {
        if listed.is_empty() {
            return Self::default();
        }
        let mut places = vec![(0, UNKNOWN); (listed.len() * 2).next_power_of_two()];
        let mask = places.len() - 1;
        for (hash, group) in listed {
            let mut at = place(*hash) & mask;
            while places[at].1 != UNKNOWN {
                at = (at + 1) & mask;
            }
            places[at] = (*hash, *group);
        }
        Self { places }
    }

    fn get(&self, hash: u32) -> u16 {
        let mask = self.places.len().wrapping_sub(1);
        let mut at = place(hash) & mask;
        // Half of the places are free, so this ends.
        while let Some((known, group)) = self.places.get(at) {
            if *known == hash || *group == UNKNOWN {
                return *group;
            }
            at = (at + 1) & mask;
        }
        UNKNOWN
    }
}

fn place(hash: u32) -> usize {
    (hash.wrapping_mul(0x9E37_79B1) >> 12) as usize
}

/// The words of a text and their groups, as numbers of features.
#[derive(Debug, Default)]
pub(super) struct Grams {
    pub(super) words: Vec<u32>,
    pub(super) meanings: Vec<u32>,
}

/// What was read beside them.
#[derive(Clone, Copy, Default)]
pub(super) struct Words {
    pub(super) count: u32,
    pub(super) classes: u64,
}

/// Hashes of words, of pairs and of triples, and of their groups, into `grams`; `topic` hears of each longer word.
pub(super) fn read(folded: &str, groups: &Groups, grams: &mut Grams, mut topic: impl FnMut(usize)) -> Words {
    let bytes = folded.as_bytes();
    let mut words = Words::default();
    let (mut at, mut one, mut two) = (0, 0u32, 0u32);
    let (mut last, mut before, mut opens) = (UNKNOWN, UNKNOWN, true);
    while at < bytes.len() {
        if !in_word(bytes[at]) {
            opens |= matches!(bytes[at], b':' | b',' | b'*' | b'>' | b'-' | b'(' | b'"' | b'.' | b';');
            at += 1;
            continue;
        }
        let end = word_end(folded, at);
        let mut word = hash(&bytes[at..end]);
        let mut next = end;
        if bytes[at].is_ascii_digit() {
            word = 7;
        }
        match bytes.get(end) {
            Some(b':') if bytes[end..].starts_with(b"://") => {
                (word, next) = (11, stretch(folded, end));
                words.classes |= 1 << URL;
            }
            Some(b'@') => {
                let address = stretch(folded, end);
                if bytes[end..address].contains(&b'.') {
                    (word, next) = (13, address);
                    words.classes |= 1 << EMAIL;
                }
            }
            // Its parts are words.
            Some(b'_') => words.classes |= 1 << IDENTIFIER,
            _ => {}
        }
        if end - at >= 5 && next == end {
            topic(word as usize);
        }
        words.count += 1;
        grams.words.push(mix(1, word));
        if words.count > 1 {
            grams.words.push(mix(one, word));
        }
        if words.count > 2 {
            grams.words.push(mix(mix(two, one), word));
        }
        (two, one) = (one, word);
        let group = match word {
            7 => NUMBER,
            11 | 13 => ADDRESS,
            word => groups.get(word),
        };
        grams.mean([before, last, group], opens);
        (before, last, opens) = (last, group, false);
        at = next.max(at + 1);
    }
    words
}

fn word_end(folded: &str, at: usize) -> usize {
    let bytes = folded.as_bytes();
    let plain = bytes[at..].iter().position(|b| !b.is_ascii_alphanumeric()).map_or(bytes.len(), |n| at + n);
    if bytes.get(plain).is_none_or(u8::is_ascii) {
        return plain;
    }
    let rest = &folded[at..];
    match rest.chars().next() {
        // Each character of such a script is a word.
        Some(c) if stands_alone(c) => at + c.len_utf8(),
        _ => {
            at + rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || c as u32 >= 0x80) || stands_alone(c))
                .unwrap_or(rest.len())
        }
    }
}

/// Where the stretch without spaces and brackets ends that goes on at `from`.
fn stretch(folded: &str, from: usize) -> usize {
    let bytes = folded.as_bytes();
    let end = bytes[from..].iter().position(|b| matches!(b, b' ' | b'"' | b'\'' | b'>' | b')' | b'<' | b'(' | b','));
    end.map_or(bytes.len(), |end| from + end)
}

impl Grams {
    /// Adds what a word's group says: alone, where it opens something, behind the one or two words before.
    fn mean(&mut self, [before, last, group]: [u16; 3], opens: bool) {
        if group == UNKNOWN {
            return;
        }
        let group = u32::from(group);
        self.meanings.push(mix(31, group));
        if opens {
            self.meanings.push(mix(32, group));
        }
        if last != UNKNOWN {
            self.meanings.push(mix(mix(33, u32::from(last)), group));
        }
        if before != UNKNOWN {
            self.meanings.push(mix(mix(34, u32::from(before)), group));
        }
    }
}

pub(super) fn hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811C_9DC5, |h, b| (h ^ u32::from(*b)).wrapping_mul(0x0100_0193))
}

pub(super) fn mix(a: u32, b: u32) -> u32 {
    let h = (a.rotate_left(13) ^ b).wrapping_mul(0x9E37_79B1);
    let h = (h ^ (h >> 15)).wrapping_mul(0x85EB_CA77);
    h ^ (h >> 13)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_one_group_mean_the_same() {
        let groups = Groups::of(&Groups::listed("steal pilfer\nbread cake\n"));
        let read = |text: &str| {
            let mut grams = Grams::default();
            read(text, &groups, &mut grams, |_| ());
            grams.meanings
        };
        assert_eq!(read("steal the bread"), read("pilfer the cake"));
        assert_ne!(read("steal the bread"), read("bread the cake"));
        assert!(read("the").is_empty());
        assert_eq!(Groups::default().get(5), UNKNOWN);
    }

    #[test]
    fn the_parts_of_a_name_are_words() {
        let (mut grams, groups) = (Grams::default(), Groups::default());
        let words = read("steal_all_keys", &groups, &mut grams, |_| ());
        assert_eq!((words.count, words.classes), (3, 1 << IDENTIFIER));
    }
}
