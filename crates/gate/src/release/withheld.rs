//! What was held back in one conversation, and the placeholders that stand for it.

use super::placeholder::{Form, word};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::fmt;
use zeroize::Zeroizing;

/// How many originals are kept, how many bytes of them, and how many that went are remembered to have been there.
const MOST: usize = 20_000;
const MOST_BYTES: usize = 16 * 1024 * 1024;
const MOST_GONE: usize = 20_000;

/// Characters of a tag.
const TAG: usize = 10;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Originals held back in one conversation, by placeholder. In memory only, wiped when they go. It is bounded: when it
/// is full, the one that was longest of no use goes; its placeholder can then not be put back, which is said.
pub struct Withheld {
    key: Zeroizing<[u8; 32]>,
    /// By tag, in lower case: models change case.
    entries: HashMap<String, Entry>,
    /// By when they were last of use.
    order: BTreeMap<u64, String>,
    numbers: HashMap<(String, String), u32>,
    gone: VecDeque<String>,
    gone_set: HashSet<String>,
    bytes: usize,
    uses: u64,
    nonces: u64,
    most: (usize, usize),
}

struct Entry {
    class: String,
    from: Vec<String>,
    value: Zeroizing<String>,
    number: u32,
    tag: String,
    used: u64,
}

/// A value that was held back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Original<'a> {
    /// Its data class.
    pub class: &'a str,
    /// The servers that gave it, by name; at least one.
    pub from: &'a [String],
    /// The value itself.
    pub value: &'a str,
}

impl fmt::Debug for Original<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Original").field("class", &self.class).field("from", &self.from).finish_non_exhaustive()
    }
}

impl fmt::Debug for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Withheld").field("entries", &self.entries.len()).finish_non_exhaustive()
    }
}

/// What is known of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Here,
    /// It was given out, but its original had to make room.
    Gone,
    No,
}

/// Whether one conversation may see that two servers gave the same value. Of secrets and of numbers that name a person
/// or an account it may not: a server could ask whether a value it guesses was seen elsewhere.
fn shared(class: &str) -> bool {
    ["personal.email_address", "personal.phone_number", "personal.person_name"]
        .iter()
        .any(|open| class.strip_prefix(open).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

impl Withheld {
    /// Nothing held back yet. The key is random, of this conversation alone, and kept nowhere else.
    pub fn new(key: [u8; 32]) -> Self {
        Self {
            key: Zeroizing::new(key),
            entries: HashMap::new(),
            order: BTreeMap::new(),
            numbers: HashMap::new(),
            gone: VecDeque::new(),
            gone_set: HashSet::new(),
            bytes: 0,
            uses: 0,
            nonces: 0,
            most: (MOST, MOST_BYTES),
        }
    }

    /// What a placeholder stands for, however it is written.
    pub fn original(&self, placeholder: &str) -> Option<Original<'_>> {
        self.by_tag(&Form::only(placeholder)?.tag)
    }

    /// Whether nothing is held back.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many values are held back.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn by_tag(&self, tag: &str) -> Option<Original<'_>> {
        let entry = self.entries.get(&tag.to_ascii_lowercase())?;
        Some(Original { class: &entry.class, from: &entry.from, value: &entry.value })
    }

    pub(super) fn known(&self, tag: &str) -> Known {
        let tag = tag.to_ascii_lowercase();
        match () {
            () if self.entries.contains_key(&tag) => Known::Here,
            () if self.gone_set.contains(&tag) => Known::Gone,
            () => Known::No,
        }
    }

    /// Holds a value back.
    pub(super) fn withhold(&mut self, class: &str, server: &str, value: &str) -> Mark {
        let scope = if shared(class) { "" } else { server };
        let mut again = 0u32;
        let (tag, id) = loop {
            let tag = self.tag(&[b"tag", class.as_bytes(), scope.as_bytes(), value.as_bytes(), &again.to_be_bytes()]);
            let id = tag.to_ascii_lowercase();
            match self.entries.get(&id) {
                // Two values of one tag: hardly ever, but then they must not be one.
                Some(entry) if *entry.value != value || entry.class != class => again += 1,
                _ => break (tag, id),
            }
        };
        self.uses += 1;
        let uses = self.uses;
        if let Some(entry) = self.entries.get_mut(&id) {
            self.order.remove(&entry.used);
            entry.used = uses;
            self.order.insert(uses, id);
            if !entry.from.iter().any(|s| s == server) {
                entry.from.push(server.to_owned());
            }
            return Mark { word: word(class), number: entry.number, tag };
        }
        let word = word(class);
        let number = self.numbers.entry((word.clone(), scope.to_owned())).or_default();
        *number += 1;
        let number = *number;
        let mark = Mark { word, number, tag: tag.clone() };
        if value.len() > self.most.1 {
            self.forget(id);
            return mark;
        }
        self.bytes += value.len();
        let entry = Entry {
            class: class.to_owned(),
            from: vec![server.to_owned()],
            value: Zeroizing::new(value.to_owned()),
            number,
            tag,
            used: uses,
        };
        self.gone_set.remove(&id);
        self.order.insert(uses, id.clone());
        self.entries.insert(id, entry);
        self.make_room();
        mark
    }

    /// The placeholder of what is held back under a tag, as it was first written.
    pub(super) fn placeholder(&self, tag: &str) -> Option<String> {
        let entry = self.entries.get(&tag.to_ascii_lowercase())?;
        Some(Mark { word: word(&entry.class), number: entry.number, tag: entry.tag.clone() }.placeholder())
    }

    fn make_room(&mut self) {
        while self.entries.len() > self.most.0 || self.bytes > self.most.1 {
            let Some((_, id)) = self.order.pop_first() else { return };
            if let Some(entry) = self.entries.remove(&id) {
                self.bytes = self.bytes.saturating_sub(entry.value.len());
            }
            self.forget(id);
        }
    }

    fn forget(&mut self, id: String) {
        if self.gone_set.insert(id.clone()) {
            self.gone.push_back(id);
        }
        while self.gone.len() > MOST_GONE {
            if let Some(id) = self.gone.pop_front() {
                self.gone_set.remove(&id);
            }
        }
    }

    /// A word that a text doesn't hold and that nobody could foresee.
    pub(super) fn nonce(&mut self, text: &str) -> String {
        loop {
            self.nonces += 1;
            let nonce = self.tag(&[b"nonce", &self.nonces.to_be_bytes()]);
            if !text.contains(&nonce) {
                return nonce;
            }
        }
    }

    fn tag(&self, parts: &[&[u8]]) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.key.as_slice()) else { return "0".repeat(TAG) };
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        let digest = mac.finalize().into_bytes();
        let mut number = digest.iter().take(8).fold(0u64, |number, b| number << 8 | u64::from(*b));
        let mut tag = String::with_capacity(TAG);
        for _ in 0..TAG {
            tag.push(char::from(DIGITS[(number % 62) as usize]));
            number /= 62;
        }
        tag
    }
}

/// What a placeholder says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) word: String,
    pub(super) number: u32,
    pub(super) tag: String,
}

impl Mark {
    /// As it stands in texts.
    pub(super) fn placeholder(&self) -> String {
        format!("[{}:{}·{}]", self.word, self.number, self.tag)
    }

    /// As it stands where only an address is valid.
    pub(super) fn address(&self) -> String {
        format!("withheld-{}-{}@withheld.invalid", self.number, self.tag)
    }

    /// As it stands where only a URL is valid.
    pub(super) fn url(&self) -> String {
        format!("https://withheld.invalid/withheld-{}-{}", self.number, self.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMAIL: &str = "personal.email_address";
    const KEY: &str = "secret.aws_access_key";

    #[test]
    fn one_value_has_one_placeholder() {
        let mut withheld = Withheld::new([7; 32]);
        let first = withheld.withhold(EMAIL, "mail", "a@x.example");
        assert_eq!(withheld.withhold(EMAIL, "mail", "b@x.example").number, 2);
        assert_eq!(withheld.withhold(EMAIL, "crm", "a@x.example"), first, "an address may be known again");
        let original = withheld.original(&first.placeholder()).unwrap();
        assert_eq!((original.class, original.value), (EMAIL, "a@x.example"));
        assert_eq!(original.from, ["mail", "crm"]);
        assert!(!format!("{original:?} {withheld:?}").contains("a@x"));
        assert_ne!(Withheld::new([8; 32]).withhold(EMAIL, "mail", "a@x.example").tag, first.tag);
    }

    #[test]
    fn that_two_servers_hold_one_secret_is_not_shown() {
        let mut withheld = Withheld::new([7; 32]);
        let (a, b) = (withheld.withhold(KEY, "a", "AKIA1"), withheld.withhold(KEY, "b", "AKIA1"));
        assert_eq!((a.number, b.number), (1, 1));
        assert_ne!(a.tag, b.tag);
    }

    #[test]
    fn what_had_to_make_room_is_known_to_be_gone() {
        let mut withheld = Withheld { most: (2, 1000), ..Withheld::new([7; 32]) };
        let marks: Vec<Mark> = ["a", "b"].map(|v| withheld.withhold(EMAIL, "m", v)).into();
        withheld.withhold(EMAIL, "m", "a");
        withheld.withhold(EMAIL, "m", "c");
        assert_eq!(withheld.known(&marks[0].tag), Known::Here, "what was of use stays");
        assert_eq!(withheld.known(&marks[1].tag), Known::Gone);
        assert_eq!(withheld.known("0123456789"), Known::No);
        let big = withheld.withhold(EMAIL, "m", &"x".repeat(1001));
        assert_eq!(withheld.known(&big.tag), Known::Gone, "too long to be kept");
        assert!(withheld.withhold(EMAIL, "m", &"y".repeat(900)).number > 0 && withheld.bytes <= 1000);
    }
}
