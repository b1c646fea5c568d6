//! Looking a call's values up in what was shown.

use super::Trust;
use super::common::{is_common, tells};
use super::fold::Folded;
use super::forms::{self, Shape};
use super::index::{Borders, Hit, Index};
use super::role::{Role, argument};
use super::source::{Match, Source, Standing, Traced};
use crate::call::scalars;
use crate::tool::{Tool, words};
use serde_json::Value;
use std::cell::Cell;
use std::sync::Arc;

/// Longer values are looked up by their beginning and their end.
const LONGEST: usize = 64 * 1024;
/// The most values of a call that are looked up; the others are of unknown origin.
const MOST: usize = 512;
/// How many look-ups one call may take.
const LOOKS: usize = 2_000;
/// How many sources are told of one value.
const TOLD: usize = 4;
/// How many bytes a piece of a long text has that tells where it is from.
const PIECE: usize = 24;
/// How many such pieces of one value are looked up.
const PIECES: usize = 32;
/// How near the names of arguments, or other values of the call, have to stand to a short value, in bytes.
const NEAR: usize = 96;

pub(super) struct Tracer<'a> {
    index: &'a Index,
    tool: &'a Tool,
    server: &'a str,
    /// Something was shown that is not in the index.
    blind: bool,
    /// Folded values of the call that are long enough to be told by.
    beside: Vec<Vec<u8>>,
    /// How many look-ups are left; after the last one origins are unknown.
    left: Cell<usize>,
}

impl<'a> Tracer<'a> {
    pub(super) fn new(index: &'a Index, tool: &'a Tool, server: &'a str, blind: bool, arguments: &Value) -> Self {
        let long = |value: &Value| Some(Folded::of(value.as_str()?).bytes).filter(|f| (8..200).contains(&f.len()));
        let beside = scalars(arguments).into_iter().filter_map(|(_, value)| long(value)).take(16).collect();
        Self { index, tool, server, blind, beside, left: Cell::new(LOOKS) }
    }

    /// Where this stands, as long as there are look-ups left.
    fn find(&self, needle: &[u8], borders: Borders, most: usize) -> Vec<Hit> {
        match self.left.get().checked_sub(1) {
            Some(left) => {
                self.left.set(left);
                self.index.find(needle, borders, most)
            }
            None => Vec::new(),
        }
    }

    /// Whether this stands anywhere.
    fn holds(&self, needle: &[u8]) -> bool {
        self.left.set(self.left.get().saturating_sub(1));
        self.index.holds(needle)
    }

    /// Every value with what is known of it.
    pub(super) fn trace(&self, arguments: &Value) -> Vec<Traced> {
        let all = scalars(arguments);
        let plenty = all.len() > MOST;
        let mut out: Vec<Traced> = Vec::with_capacity(all.len().min(MOST));
        for (nth, (pointer, value)) in all.into_iter().enumerate() {
            let role = Role::of(&pointer, value);
            out.push(match value {
                Value::Bool(_) | Value::Null => continue,
                _ if plenty && nth >= MOST => unknown(pointer, role),
                Value::String(text) => self.text(pointer, role, text),
                other => self.number(pointer, role, &other.to_string()),
            });
        }
        out
    }

    fn number(&self, pointer: String, role: Option<Role>, written: &str) -> Traced {
        let mut sources = Vec::new();
        let unsigned = written.trim_start_matches('-');
        for text in forms::readings(unsigned) {
            let needle = Folded::of(&text).bytes;
            self.take(self.find(&needle, Borders::Both, TOLD), Match::Respelled, &mut sources);
        }
        let digits = unsigned.bytes().filter(u8::is_ascii_digit).count();
        let common = digits < 5;
        self.settle(pointer, role, sources, (common, written), false)
    }

    fn text(&self, pointer: String, role: Option<Role>, text: &str) -> Traced {
        if text.len() > LONGEST {
            let (mut start, mut end) = (LONGEST / 2, text.len() - LONGEST / 2);
            while !text.is_char_boundary(start) {
                start -= 1;
            }
            while !text.is_char_boundary(end) {
                end += 1;
            }
            let first = self.text(pointer.clone(), role, &text[..start]);
            let last = self.text(pointer, role, &text[end..]);
            // What lies between was not looked up.
            let mut worse = if first.standing >= last.standing { first } else { last };
            worse.standing = worse.standing.max(Standing::Unknown);
            return worse;
        }
        let mut sources = Vec::new();
        let (plain, codes) = forms::read(text);
        let folded = Folded::of(&plain);
        let common = is_common(&folded.bytes, &plain, (self.server, self.tool));
        if folded.bytes.len() <= 1024 {
            let borders = if folded.bytes.len() < 8 { Borders::Both } else { Borders::Any };
            let hits = self.find(&folded.bytes, borders, TOLD);
            self.whole(hits, text, &mut sources);
            if sources.is_empty() && !common {
                self.disguised(&folded, &mut sources);
            }
        }
        let forms = forms::of(&plain);
        let mut carries = false;
        for form in &forms {
            let whole = form.span.len() * 10 >= plain.trim().len() * 8;
            let needle = Folded::of(&form.text).bytes;
            let small = needle.len() < 5 || form.shape == Shape::Number && needle.len() < 6;
            if small && !whole {
                continue;
            }
            let how = match form.shape {
                Shape::Code => Match::Coded,
                _ if whole => Match::Respelled,
                _ => Match::Part,
            };
            let hits = self.find(&needle, Borders::Any, TOLD);
            let link = matches!(form.shape, Shape::Url | Shape::Host | Shape::Address);
            carries |= link && !whole && hits.iter().any(|hit| hit.origin.trust == Trust::Untrusted);
            self.take(hits, how, &mut sources);
        }
        for code in codes {
            let needle = Folded::of(&code).bytes;
            if needle.len() >= 5 && needle.len() <= 1024 {
                self.take(self.find(&needle, Borders::Any, TOLD), Match::Coded, &mut sources);
            }
        }
        carries |= self.tokens(&plain, &mut sources);
        let path = (role == Some(Role::Path) || plain.starts_with(['/', '~'])) && !plain.contains(char::is_whitespace);
        if sources.is_empty() && !path {
            self.parts(&folded, if role.is_some() { PIECE / 2 } else { PIECE }, &mut sources);
        }
        // A folder that was named says nothing of a file in it.
        let named = !path || sources.is_empty() && self.names_file(&plain, &mut sources);
        if named && sources.is_empty() && role.is_some() && !common {
            self.assembled(&folded, &mut sources);
        }
        self.settle(pointer, role, sources, (common, &plain), carries)
    }

    fn whole(&self, hits: Vec<Hit>, text: &str, sources: &mut Vec<Source>) {
        for hit in hits {
            let exact = hit.how.is_none() && hit.text.get(hit.span.clone()).is_some_and(|there| text.contains(there));
            self.take(vec![hit], if exact { Match::Exact } else { Match::Respelled }, sources);
        }
    }

    fn take(&self, hits: Vec<Hit>, how: Match, sources: &mut Vec<Source>) {
        for hit in hits {
            let known = |other: &Source| Arc::ptr_eq(&other.origin, &hit.origin) && other.pointer == hit.pointer;
            if sources.len() < 2 * TOLD && !sources.iter().any(known) {
                sources.push(Source::new(hit, how));
            }
        }
    }

    /// Written backwards, or with the alphabet turned by half.
    fn disguised(&self, folded: &Folded, sources: &mut Vec<Source>) {
        if folded.bytes.len() < 8 || !folded.bytes.is_ascii() {
            return;
        }
        let back: Vec<u8> = folded.bytes.iter().rev().copied().collect();
        let turned: Vec<u8> = folded.bytes.iter().map(|b| turn(*b)).collect();
        for needle in [back, turned].iter().filter(|needle| **needle != folded.bytes) {
            self.take(self.find(needle, Borders::Any, TOLD), Match::Coded, sources);
        }
    }

    /// Numbers of accounts and the like in a longer text; whether there was one that somebody else wrote.
    fn tokens(&self, plain: &str, sources: &mut Vec<Source>) -> bool {
        let parts = |c: char| c.is_whitespace() || "=;,&?|'\"()<>[]{}".contains(c);
        let all = plain.split(parts).filter(|token| token.len() < plain.len() && (8..=64).contains(&token.len()));
        let odd = |token: &&str| token.bytes().filter(u8::is_ascii_digit).count() >= 2 && !token.contains("://");
        let mut carries = false;
        for token in all.filter(odd).take(PIECES) {
            let needle = Folded::of(token).bytes;
            let hits = if tells(&needle) { self.find(&needle, Borders::Both, TOLD) } else { Vec::new() };
            let account = needle.iter().filter(|b| b.is_ascii_digit()).count() >= 6;
            carries |= account && hits.iter().any(|hit| hit.origin.trust == Trust::Untrusted);
            self.take(hits, Match::Part, sources);
        }
        carries
    }

    /// Whether the name of the file that a path leads to stands anywhere; then that is a source.
    fn names_file(&self, path: &str, sources: &mut Vec<Source>) -> bool {
        let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let needle = Folded::of(name).bytes;
        let hits = if needle.len() >= 5 { self.find(&needle, Borders::Both, TOLD) } else { Vec::new() };
        // A file that the server itself lists is nobody's invention.
        let listed = hits.iter().any(|hit| hit.origin.trust == Trust::Names && &*hit.origin.server == self.server);
        let found = !hits.is_empty() && !listed;
        if found && needle.len() >= 8 {
            self.take(hits, Match::Part, sources);
        }
        found
    }

    /// Parts of a longer text, of so many bytes.
    fn parts(&self, folded: &Folded, piece: usize, sources: &mut Vec<Source>) {
        let words: Vec<usize> = folded.words().filter(|at| at + piece < folded.bytes.len()).collect();
        let step = words.len().div_ceil(PIECES).max(1);
        for at in words.into_iter().step_by(step) {
            if sources.len() >= TOLD {
                return;
            }
            let hits = self.find(&folded.bytes[at..at + piece], Borders::Any, TOLD);
            self.take(hits, Match::Part, sources);
        }
    }

    /// Put together from pieces that stand somewhere: the longest first, till nearly all of it is covered.
    fn assembled(&self, folded: &Folded, sources: &mut Vec<Source>) {
        let bytes = &folded.bytes;
        if !(8..=256).contains(&bytes.len()) {
            return;
        }
        let (mut at, mut covered, mut pieces) = (0, 0, Vec::new());
        while at + 4 <= bytes.len() && pieces.len() < 12 {
            let longest = self.longest(bytes, at);
            if longest == 0 {
                at += 1;
                // More than a tenth of it is nowhere.
                if (at - covered) * 10 > bytes.len() {
                    return;
                }
                continue;
            }
            covered += longest;
            pieces.push(at..at + longest);
            at += longest;
        }
        // Syllables are found everywhere.
        let told = pieces.iter().any(|piece| tells(&bytes[piece.clone()]));
        if pieces.len() < 2 || covered * 10 < bytes.len() * 9 || !told {
            return;
        }
        for piece in pieces {
            let borders = if piece.len() < 8 { short(piece.len()) } else { Borders::Any };
            let hits = self.find(&bytes[piece], borders, 1);
            self.take(hits, Match::Pieces, sources);
        }
    }

    /// The longest beginning of `bytes[at..]` that stands somewhere as words, four bytes at least.
    fn longest(&self, bytes: &[u8], at: usize) -> usize {
        let stands = |length: usize, borders| !self.find(&bytes[at..at + length], borders, 1).is_empty();
        let most = bytes.len() - at;
        // Short pieces are whole words.
        let word = || (4..8.min(most + 1)).rev().find(|length| stands(*length, short(*length))).unwrap_or(0);
        if most < 8 || !self.holds(&bytes[at..at + 8]) {
            return word();
        }
        // What stands somewhere does so with every beginning of it; so the longest is found by halving.
        let (mut low, mut high) = (8, most);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            match self.holds(&bytes[at..at + middle]) {
                true => low = middle,
                false => high = middle - 1,
            }
        }
        (8..=low).rev().find(|length| stands(*length, Borders::Any)).unwrap_or_else(word)
    }

    fn settle(
        &self,
        pointer: String,
        role: Option<Role>,
        mut sources: Vec<Source>,
        (common, text): (bool, &str),
        carries: bool,
    ) -> Traced {
        // A name that the server itself gave is one, wherever else it stands.
        let whole = |s: &Source| matches!(s.how, Match::Exact | Match::Respelled);
        let named = |s: &Source| s.origin.trust == Trust::Names && &*s.origin.server == self.server && whole(s);
        let standing = if sources.iter().any(named) {
            Standing::Named
        } else if sources.is_empty() {
            // What was not looked for everywhere may stand somewhere.
            if (self.blind || self.left.get() == 0) && !common { Standing::Unknown } else { Standing::Unseen }
        } else if common && !sources.iter().any(|source| self.has_context(source, &pointer, text)) {
            Standing::Common
        } else if sources.iter().any(|source| source.origin.trust == Trust::Untrusted) {
            Standing::Tainted
        } else {
            Standing::Named
        };
        sources.sort_by_key(|source| (source.origin.trust, source.how));
        sources.truncate(TOLD);
        Traced { pointer, role, standing, sources, carries }
    }

    /// Whether the name of the argument, or another value of the call, stands near a source.
    fn has_context(&self, source: &Source, pointer: &str, text: &str) -> bool {
        let around = Folded::of(source.around(NEAR)).bytes;
        let own = Folded::of(text).bytes;
        let holds = |needle: &[u8]| memchr::memmem::find(&around, needle).is_some();
        let by_name = words(argument(pointer)).iter().any(|word| word.len() >= 3 && holds(word.as_bytes()));
        by_name && source.origin.trust == Trust::Untrusted && !source.apart
            || self.beside.iter().any(|other| *other != own && holds(other))
    }
}

fn unknown(pointer: String, role: Option<Role>) -> Traced {
    Traced { pointer, role, standing: Standing::Unknown, sources: Vec::new(), carries: false }
}

/// Where a short piece begins and ends: the shortest are found quickly as one word only.
fn short(length: usize) -> Borders {
    if length < 6 { Borders::Word } else { Borders::Both }
}

fn turn(b: u8) -> u8 {
    if b.is_ascii_lowercase() { (b - b'a' + 13) % 26 + b'a' } else { b }
}
