//! Everything that was shown, folded, in blocks that can be asked quickly whether they may hold a text: each has a
//! filter over the runs of five bytes in it, so that only blocks are searched that hold them all.

use super::Origin;
use super::fold::{Folded, narrow, place};
use super::forms::{self, Shape};
use memchr::memmem::Finder;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

/// A block takes no more once it holds so many folded bytes.
const BLOCK: usize = 64 * 1024;
/// A long text is cut into parts of so many bytes, which overlap.
const PART: usize = 32 * 1024;
const OVERLAP: usize = 512;
/// How many bytes a run has.
const RUN: usize = 5;
/// How many of a text's runs a filter is asked about.
const ASKED: usize = 24;

/// One text that was shown, or the values in it in another spelling.
#[derive(Debug)]
struct Piece {
    /// Where it begins among the folded bytes.
    at: u32,
    origin: Arc<Origin>,
    /// JSON pointer into what was shown.
    pointer: Arc<str>,
    text: Arc<str>,
    /// Where `text` begins in the whole of its text.
    base: u32,
    /// How it was written, where not plainly.
    how: Option<&'static str>,
}

#[derive(Debug, Default)]
struct Block {
    folded: Folded,
    pieces: Vec<Piece>,
    filter: Filter,
}

/// Where a text was found.
#[derive(Clone, Debug)]
pub(super) struct Hit {
    pub(super) origin: Arc<Origin>,
    pub(super) pointer: Arc<str>,
    pub(super) text: Arc<str>,
    /// Where in `text`.
    pub(super) span: Range<usize>,
    /// Where `text` begins in the whole of its text.
    pub(super) base: usize,
    pub(super) how: Option<&'static str>,
}

impl Hit {
    /// What stands around it, folded: this many bytes before and behind.
    pub(super) fn around(&self, bytes: usize) -> &str {
        let (mut start, mut end) =
            (self.span.start.saturating_sub(bytes), (self.span.end + bytes).min(self.text.len()));
        while !self.text.is_char_boundary(start) {
            start -= 1;
        }
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        &self.text[start..end]
    }
}

/// Where a text has to begin and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Borders {
    /// With words.
    Both,
    /// With a word, or anywhere where it is long.
    Any,
}

/// All blocks, the newest last.
#[derive(Debug, Default)]
pub(super) struct Index {
    blocks: VecDeque<Block>,
}

impl Index {
    /// Takes a text that was shown.
    pub(super) fn add(&mut self, origin: &Arc<Origin>, pointer: &Arc<str>, text: &str) {
        let (plain, codes) = forms::read(text);
        let mut from = 0;
        while from < plain.len() {
            let mut end = (from + PART).min(plain.len());
            while !plain.is_char_boundary(end) {
                end -= 1;
            }
            let part: Arc<str> = plain[from..end].into();
            self.part(origin, pointer, &part, from);
            if end == plain.len() {
                break;
            }
            from = end - OVERLAP;
            while !plain.is_char_boundary(from) {
                from -= 1;
            }
        }
        for code in codes {
            self.piece(origin, pointer, (&code.as_str().into(), 0), Some("in a code"), |folded, text| {
                folded.add(text, 0)
            });
        }
    }

    fn part(&mut self, origin: &Arc<Origin>, pointer: &Arc<str>, part: &Arc<str>, base: usize) {
        self.piece(origin, pointer, (part, base), None, |folded, text| folded.add(text, 0));
        let forms = forms::of(part);
        let others = |shapes: &'static [Shape]| forms.iter().filter(move |form| shapes.contains(&form.shape));
        for (shapes, how) in
            [(&[Shape::Host, Shape::Address, Shape::Number][..], None), (&[Shape::Code][..], Some("in a code"))]
        {
            if others(shapes).next().is_some() {
                self.piece(origin, pointer, (part, base), how, |folded, _| {
                    for form in others(shapes) {
                        let (at, before) = (folded.bytes.len(), folded.marks.len());
                        folded.add(&form.text, 0);
                        // Each leads back to where the value stands as it was written.
                        folded.marks.truncate(before);
                        folded.marks.push((narrow(at), narrow(form.span.start)));
                    }
                });
            }
        }
    }

    fn piece(
        &mut self,
        origin: &Arc<Origin>,
        pointer: &Arc<str>,
        (text, base): (&Arc<str>, usize),
        how: Option<&'static str>,
        fill: impl FnOnce(&mut Folded, &str),
    ) {
        if self.blocks.back().is_none_or(|block| block.folded.bytes.len() >= BLOCK) {
            self.blocks.push_back(Block::default());
        }
        let Some(block) = self.blocks.back_mut() else { return };
        let at = block.folded.bytes.len();
        fill(&mut block.folded, text);
        if block.folded.bytes.len() == at {
            return;
        }
        block.pieces.push(Piece {
            at: narrow(at),
            origin: origin.clone(),
            pointer: pointer.clone(),
            text: text.clone(),
            base: narrow(base),
            how,
        });
        block.filter.take(&block.folded, at);
    }

    /// Drops the oldest block; whether there was one beside the newest.
    pub(super) fn drop_oldest(&mut self) -> bool {
        self.blocks.len() > 1 && self.blocks.pop_front().is_some()
    }

    /// Drops blocks of which everything was shown before this moment.
    pub(super) fn drop_before(&mut self, at_ms: i64) {
        while self.blocks.front().and_then(|block| block.pieces.last()).is_some_and(|last| last.origin.at_ms < at_ms) {
            self.blocks.pop_front();
        }
    }

    /// How much memory it takes, in bytes, about.
    pub(super) fn footprint(&self) -> usize {
        self.blocks.iter().map(Block::footprint).sum()
    }

    /// Where a folded text stands, the newest first, at most `most` places of different origin.
    pub(super) fn find(&self, needle: &[u8], borders: Borders, most: usize) -> Vec<Hit> {
        let mut hits: Vec<Hit> = Vec::new();
        if needle.is_empty() {
            return hits;
        }
        let asked = Asked::of(needle);
        let finder = Finder::new(needle);
        for block in self.blocks.iter().rev().filter(|block| block.filter.may_hold(&asked)) {
            let mut found = 0;
            for at in finder.find_iter(&block.folded.bytes) {
                let Some(hit) = block.hit(at, needle.len(), borders) else { continue };
                found += 1;
                let known = |other: &Hit| Arc::ptr_eq(&other.origin, &hit.origin) && other.pointer == hit.pointer;
                if !hits.iter().any(known) {
                    hits.push(hit);
                }
                if hits.len() >= most || found >= 64 {
                    break;
                }
            }
            if hits.len() >= most {
                break;
            }
        }
        hits
    }

    /// Whether a folded text of at least five bytes stands anywhere.
    pub(super) fn holds(&self, needle: &[u8]) -> bool {
        let asked = Asked::of(needle);
        self.blocks.iter().any(|b| b.filter.may_hold(&asked) && memchr::memmem::find(&b.folded.bytes, needle).is_some())
    }
}

impl Block {
    fn footprint(&self) -> usize {
        // Parts are shared by the pieces that are made of them.
        let mut texts = 0;
        for (nth, piece) in self.pieces.iter().enumerate() {
            let again = nth > 0 && Arc::ptr_eq(&piece.text, &self.pieces[nth - 1].text);
            texts += if again { 0 } else { piece.text.len() + piece.pointer.len() };
        }
        self.folded.bytes.capacity()
            + self.folded.starts.capacity() * 8
            + self.folded.marks.capacity() * 8
            + self.pieces.capacity() * size_of::<Piece>()
            + self.filter.bits.capacity() * 8
            + texts
    }

    fn hit(&self, at: usize, length: usize, borders: Borders) -> Option<Hit> {
        let nth = self.pieces.partition_point(|piece| piece.at as usize <= at).checked_sub(1)?;
        let piece = &self.pieces[nth];
        let end = self.pieces.get(nth + 1).map_or(self.folded.bytes.len(), |next| next.at as usize);
        let (begins, ends) = (self.folded.is_border(at), self.folded.is_border(at + length));
        let stands = match borders {
            Borders::Both => begins && ends,
            Borders::Any => length >= 12 || begins && (length >= 8 || ends),
        };
        if !stands || at + length > end {
            return None;
        }
        let start = self.back(piece, at);
        let stop = self.back(piece, at + length - 1);
        let stop = stop + piece.text[stop..].chars().next().map_or(0, char::len_utf8);
        Some(Hit {
            origin: piece.origin.clone(),
            pointer: piece.pointer.clone(),
            text: piece.text.clone(),
            span: start..stop.max(start),
            base: piece.base as usize,
            how: piece.how,
        })
    }

    /// Where in the piece's text a folded byte comes from.
    fn back(&self, piece: &Piece, at: usize) -> usize {
        let marks = &self.folded.marks;
        let nth = marks.partition_point(|(folded, _)| *folded as usize <= at);
        let Some((folded, from)) = nth.checked_sub(1).map(|nth| marks[nth]) else { return 0 };
        let from = from as usize;
        piece.text.get(from..).map_or(0, |text| from + place(text, at - folded as usize)).min(piece.text.len())
    }
}

/// Which runs of bytes a block holds; sometimes one that it doesn't, never the other way.
#[derive(Debug, Default)]
struct Filter {
    bits: Vec<u64>,
}

/// What a filter is asked about.
struct Asked(Vec<u64>);

impl Asked {
    fn of(needle: &[u8]) -> Self {
        if needle.len() < RUN {
            return Self(vec![short(needle)]);
        }
        let runs = needle.len() - RUN + 1;
        let step = runs.div_ceil(ASKED);
        Self((0..runs).step_by(step).map(|at| run(&needle[at..at + RUN])).collect())
    }
}

impl Filter {
    /// Takes what was folded behind `from`.
    fn take(&mut self, folded: &Folded, from: usize) {
        let needed = (folded.bytes.len() / 8).next_power_of_two().max(32);
        let from = if needed > self.bits.len() {
            // It grows by doubling, and is made anew.
            self.bits = vec![0; needed];
            0
        } else {
            // Runs may reach over the border of what was there; they are no harm.
            from.saturating_sub(RUN)
        };
        for at in from..(folded.bytes.len() + 1).saturating_sub(RUN) {
            self.set(run(&folded.bytes[at..at + RUN]));
        }
        for at in from..folded.bytes.len() {
            if folded.is_border(at)
                && let Some(length) = (1..RUN).find(|length| folded.is_border(at + length))
            {
                self.set(short(&folded.bytes[at..at + length]));
            }
        }
    }

    fn set(&mut self, hash: u64) {
        let bit = self.place(hash);
        self.bits[bit / 64] |= 1 << (bit % 64);
    }

    fn may_hold(&self, asked: &Asked) -> bool {
        !self.bits.is_empty()
            && asked.0.iter().all(|hash| {
                let bit = self.place(*hash);
                self.bits[bit / 64] & (1 << (bit % 64)) != 0
            })
    }

    fn place(&self, hash: u64) -> usize {
        // A power of two, and the high bits of the hash are the good ones.
        (hash >> 32) as usize & (self.bits.len() * 64 - 1)
    }
}

fn run(bytes: &[u8]) -> u64 {
    let packed = bytes.iter().fold(0_u64, |packed, b| packed << 8 | u64::from(*b));
    mixed(packed)
}

/// A word that is shorter than a run, told apart from the runs.
fn short(bytes: &[u8]) -> u64 {
    let packed = bytes.iter().fold(bytes.len() as u64, |packed, b| packed << 8 | u64::from(*b));
    mixed(packed | 1 << 56)
}

fn mixed(packed: u64) -> u64 {
    let spread = packed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (spread ^ spread >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}
