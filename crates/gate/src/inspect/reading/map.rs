//! Where what is read stands in what was sent: a text rewritten piece by piece, with a map between the offsets of both.

use std::ops::Range;

/// From here on, `copied` says whether bytes stand one for one, or a piece was put in place of another.
#[derive(Clone, Copy, Debug)]
struct Piece {
    plain: usize,
    original: usize,
    copied: bool,
}

/// Offsets of a rewritten text and of the one before it.
#[derive(Clone, Debug, Default)]
pub(super) struct Map {
    pieces: Vec<Piece>,
    plain: usize,
    original: usize,
}

impl Map {
    /// What of the text before stands behind `plain`.
    pub(super) fn back(&self, plain: &Range<usize>) -> Range<usize> {
        let start = self.piece(plain.start, |p| p.plain).map_or(0, |(piece, next)| match piece.copied {
            true => (piece.original + plain.start - piece.plain).min(next.original),
            false => piece.original,
        });
        if plain.is_empty() {
            return start..start;
        }
        let last = plain.end - 1;
        let end = self.piece(last, |p| p.plain).map_or(0, |(piece, next)| match piece.copied {
            true => (piece.original + last - piece.plain + 1).min(next.original),
            false => next.original,
        });
        start..end.max(start)
    }

    /// What became of `original`.
    pub(super) fn forth(&self, original: &Range<usize>) -> Range<usize> {
        let at = |offset: usize, end: bool| {
            self.piece(offset, |p| p.original).map_or(0, |(piece, next)| match (piece.copied, end) {
                (true, _) => (piece.plain + offset - piece.original).min(next.plain),
                (false, false) => piece.plain,
                (false, true) => {
                    if offset == piece.original {
                        piece.plain
                    } else {
                        next.plain
                    }
                }
            })
        };
        let start = at(original.start, false);
        start..at(original.end, true).max(start)
    }

    /// The piece that holds `offset`, and where the next begins.
    fn piece(&self, offset: usize, key: impl Fn(&Piece) -> usize) -> Option<(Piece, Piece)> {
        let after = self.pieces.partition_point(|p| key(p) <= offset);
        let end = Piece { plain: self.plain, original: self.original, copied: true };
        let next = self.pieces.get(after).copied().unwrap_or(end);
        Some((*self.pieces.get(after.checked_sub(1)?)?, next))
    }
}

/// A text on its way to being rewritten, from front to back.
pub(super) struct Rewrite<'t> {
    text: &'t str,
    out: String,
    pieces: Vec<Piece>,
    done: usize,
    changed: bool,
}

impl<'t> Rewrite<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, out: String::new(), pieces: Vec::new(), done: 0, changed: false }
    }

    /// Puts `with` in the place of `span`. Spans come in order; one that starts before the last ended is left out.
    pub(super) fn replace(&mut self, span: Range<usize>, with: &str) {
        if span.start < self.done || self.text.get(span.clone()).is_none() {
            return;
        }
        self.changed = true;
        self.copy(span.start);
        if !with.is_empty() {
            self.pieces.push(Piece { plain: self.out.len(), original: span.start, copied: false });
            self.out.push_str(with);
        }
        self.done = span.end;
    }

    fn copy(&mut self, until: usize) {
        if let Some(stretch) = self.text.get(self.done..until).filter(|s| !s.is_empty()) {
            self.pieces.push(Piece { plain: self.out.len(), original: self.done, copied: true });
            self.out.push_str(stretch);
        }
        self.done = until;
    }

    /// The new text and its map; `None` where nothing was changed.
    pub(super) fn finish(mut self) -> Option<(String, Map)> {
        if !self.changed {
            return None;
        }
        self.copy(self.text.len());
        let map = Map { plain: self.out.len(), original: self.text.len(), pieces: self.pieces };
        Some((self.out, map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_lead_back_and_forth() {
        let text = "ab--cd&amp;ef";
        let mut rewrite = Rewrite::new(text);
        rewrite.replace(2..4, "");
        rewrite.replace(6..11, "&");
        let (plain, map) = rewrite.finish().unwrap();
        assert_eq!(plain, "abcd&ef");
        assert_eq!(map.back(&(0..2)), 0..2);
        assert_eq!(map.back(&(2..4)), 4..6);
        assert_eq!(map.back(&(1..3)), 1..5, "what was taken out lies within");
        assert_eq!(map.back(&(4..5)), 6..11);
        assert_eq!(map.back(&(5..7)), 11..13);
        assert_eq!(map.forth(&(4..6)), 2..4);
        assert_eq!(map.forth(&(7..9)), 4..5, "a part of a piece is the piece");
        assert_eq!(map.forth(&(0..13)), 0..7);
        assert_eq!(map.forth(&(2..4)), 2..2);
    }
}
