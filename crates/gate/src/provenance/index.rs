//! Everything that was shown, folded, in blocks that can be asked quickly whether they may hold a text: filters over the
//! runs of five bytes in them tell which blocks hold them all, and only those are searched.

mod filter;

use super::Origin;
use super::fold::{Folded, narrow, place};
use super::forms::{self, Shape};
use filter::{Asked, Filter, Shelf};
use memchr::memmem::Finder;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

/// A block takes no more once it holds so many folded bytes.
const BLOCK: usize = 64 * 1024;
/// A long text is cut into parts of so many bytes, which overlap.
const PART: usize = 32 * 1024;
const OVERLAP: usize = 512;

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
    /// What the texts of its pieces take, in bytes; parts are shared by the pieces that are made of them.
    texts: usize,
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

/// Where a text has to begin and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Borders {
    /// With words.
    Both,
    /// With one word.
    Word,
    /// With a word, or anywhere where it is long.
    Any,
}

/// All blocks: those that are full on shelves, and the one that is being filled.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The newest last.
    shelves: VecDeque<(Shelf, Vec<Block>)>,
    /// What the shelves take, in bytes: it is asked for with each message, and they are many.
    shelved: usize,
    open: Block,
    filter: Filter,
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
        if self.open.folded.bytes.len() >= BLOCK {
            self.shelve();
        }
        let block = &mut self.open;
        let at = block.folded.bytes.len();
        fill(&mut block.folded, text);
        if block.folded.bytes.len() == at {
            return;
        }
        if block.pieces.last().is_none_or(|last| !Arc::ptr_eq(&last.text, text)) {
            block.texts += text.len() + pointer.len();
        }
        block.pieces.push(Piece {
            at: narrow(at),
            origin: origin.clone(),
            pointer: pointer.clone(),
            text: text.clone(),
            base: narrow(base),
            how,
        });
        self.filter.take(&block.folded, at);
    }

    /// Puts the full block on a shelf.
    fn shelve(&mut self) {
        let mut block = std::mem::take(&mut self.open);
        block.folded.shrink();
        block.pieces.shrink_to_fit();
        if self.shelves.back().is_none_or(|(_, blocks)| blocks.len() == Shelf::WIDTH) {
            let shelf = Shelf::default();
            self.shelved += shelf.footprint();
            self.shelves.push_back((shelf, Vec::new()));
        }
        if let Some((shelf, blocks)) = self.shelves.back_mut() {
            self.shelved += block.footprint();
            shelf.put(blocks.len(), &self.filter);
            blocks.push(block);
        }
        self.filter.clear();
    }

    /// Drops the oldest shelf, or the block that is being filled where there is no other; whether there was anything.
    pub(super) fn drop_oldest(&mut self) -> bool {
        if self.drop_shelf() {
            return true;
        }
        let any = !self.open.pieces.is_empty();
        self.open = Block::default();
        self.filter.clear();
        any
    }

    /// Drops the oldest shelf; whether there was one.
    fn drop_shelf(&mut self) -> bool {
        let Some((shelf, blocks)) = self.shelves.pop_front() else { return false };
        self.shelved -= shelf.footprint() + blocks.iter().map(Block::footprint).sum::<usize>();
        true
    }

    /// Drops shelves of which everything was shown before this moment.
    pub(super) fn drop_before(&mut self, at_ms: i64) {
        let is_old = |block: &Block| block.pieces.last().is_none_or(|last| last.origin.at_ms < at_ms);
        while self.shelves.front().is_some_and(|(_, blocks)| blocks.last().is_some_and(is_old)) {
            self.drop_shelf();
        }
        if self.shelves.is_empty() && !self.open.pieces.is_empty() && is_old(&self.open) {
            self.drop_oldest();
        }
    }

    /// How much memory it takes, in bytes, about.
    pub(super) fn footprint(&self) -> usize {
        self.shelved + self.open.footprint() + self.filter.footprint()
    }

    /// The blocks that may hold a text, the newest first.
    fn candidates<'a>(&'a self, asked: &'a Asked) -> impl Iterator<Item = &'a Block> {
        let open = self.filter.may_hold(asked).then_some(&self.open);
        let shelved = self.shelves.iter().rev().flat_map(|(shelf, blocks)| {
            let mask = shelf.may_hold(asked);
            (0..blocks.len()).rev().filter(move |n| mask >> n & 1 == 1).map(|n| &blocks[n])
        });
        open.into_iter().chain(shelved)
    }

    /// Where a folded text stands, the newest first, at most `most` places of different origin.
    pub(super) fn find(&self, needle: &[u8], borders: Borders, most: usize) -> Vec<Hit> {
        let mut hits: Vec<Hit> = Vec::new();
        if needle.is_empty() {
            return hits;
        }
        let asked = if borders == Borders::Word { Asked::of_word(needle) } else { Asked::of(needle) };
        let finder = Finder::new(needle);
        for block in self.candidates(&asked) {
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
        self.candidates(&asked).any(|block| memchr::memmem::find(&block.folded.bytes, needle).is_some())
    }
}

impl Block {
    fn footprint(&self) -> usize {
        self.folded.bytes.capacity()
            + self.folded.starts.capacity() * 8
            + self.folded.marks.capacity() * 8
            + self.pieces.capacity() * size_of::<Piece>()
            + self.texts
    }

    fn hit(&self, at: usize, length: usize, borders: Borders) -> Option<Hit> {
        let nth = self.pieces.partition_point(|piece| piece.at as usize <= at).checked_sub(1)?;
        let piece = &self.pieces[nth];
        let end = self.pieces.get(nth + 1).map_or(self.folded.bytes.len(), |next| next.at as usize);
        let (begins, ends) = (self.folded.is_border(at), self.folded.is_border(at + length));
        let stands = match borders {
            Borders::Both => begins && ends,
            Borders::Word => begins && ends && (at + 1..at + length).all(|at| !self.folded.is_border(at)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_takes_is_what_a_recount_gives() {
        let (server, trust) = ("mail".into(), super::super::Trust::Untrusted);
        let origin = Origin { call: None, pinned: false, server, tool: None, trust, open: false, at_ms: 1 };
        let origin = Arc::new(origin);
        let (pointer, mut index) = (Arc::from("/text"), Index::default());
        let recount = |index: &Index| {
            let shelves = index.shelves.iter();
            shelves.map(|(shelf, blocks)| shelf.footprint() + blocks.iter().map(Block::footprint).sum::<usize>()).sum()
        };
        for n in 0..3_000 {
            index.add(&origin, &pointer, &format!("{n} ").repeat(400));
            if n % 500 == 499 {
                let counted: usize = recount(&index);
                assert_eq!(index.shelved, counted);
            }
        }
        assert!(index.shelves.len() > 1);
        while index.drop_oldest() {
            assert_eq!(index.shelved, recount(&index));
        }
        assert_eq!(index.shelved, 0);
    }
}
