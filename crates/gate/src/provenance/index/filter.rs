//! Which runs of bytes a block may hold: sometimes one that it doesn't, never the other way.

use super::super::fold::Folded;

/// How many bytes a run has.
const RUN: usize = 5;
/// How many of a text's runs a filter is asked about.
const ASKED: usize = 24;
/// The longest word that is kept as a whole.
const WORD: usize = 12;
/// How many places a filter has: eight for each byte of a full block.
const PLACES: usize = 1 << 19;

/// What a filter is asked about.
pub(super) struct Asked(Vec<usize>);

impl Asked {
    pub(super) fn of(needle: &[u8]) -> Self {
        if needle.len() < RUN {
            return Self(vec![word(needle)]);
        }
        let runs = needle.len() - RUN + 1;
        let step = runs.div_ceil(ASKED);
        Self((0..runs).step_by(step).map(|at| run(&needle[at..at + RUN])).collect())
    }

    /// About a text that is one whole word.
    pub(super) fn of_word(needle: &[u8]) -> Self {
        let mut asked = Self::of(needle);
        if (RUN..=WORD).contains(&needle.len()) {
            asked.0.insert(0, word(needle));
        }
        asked
    }
}

/// The filter of the block that is being filled.
#[derive(Debug, Default)]
pub(super) struct Filter {
    /// Empty while there is nothing in the block.
    bits: Vec<u64>,
}

impl Filter {
    /// Takes what was folded behind `from`.
    pub(super) fn take(&mut self, folded: &Folded, from: usize) {
        if self.bits.is_empty() {
            self.bits = vec![0; PLACES / 64];
        }
        let bytes = &folded.bytes;
        let mut packed = 0_u64;
        for (nth, b) in bytes[from..].iter().enumerate() {
            packed = (packed << 8 | u64::from(*b)) & 0xFF_FFFF_FFFF;
            if nth + 1 >= RUN {
                self.set(mixed(packed));
            }
        }
        let mut last = None;
        for at in folded.words_from(from).chain([bytes.len()]) {
            if let Some(start) = last.filter(|start| at - start <= WORD) {
                self.set(word(&bytes[start..at]));
            }
            last = Some(at);
        }
    }

    fn set(&mut self, place: usize) {
        self.bits[place / 64] |= 1 << (place % 64);
    }

    pub(super) fn may_hold(&self, asked: &Asked) -> bool {
        !self.bits.is_empty() && asked.0.iter().all(|place| self.bits[place / 64] & (1 << (place % 64)) != 0)
    }

    pub(super) fn clear(&mut self) {
        self.bits.fill(0);
    }

    pub(super) fn footprint(&self) -> usize {
        self.bits.capacity() * 8
    }
}

/// The filters of several full blocks beside one another: one look tells of all of them.
#[derive(Debug)]
pub(super) struct Shelf {
    rows: Vec<u16>,
}

impl Default for Shelf {
    fn default() -> Self {
        Self { rows: vec![0; PLACES] }
    }
}

impl Shelf {
    /// How many blocks stand on one.
    pub(super) const WIDTH: usize = 16;

    /// Takes the filter of the block number `nth`.
    pub(super) fn put(&mut self, nth: usize, filter: &Filter) {
        for (word, bits) in filter.bits.iter().enumerate() {
            let mut bits = *bits;
            while bits != 0 {
                self.rows[word * 64 + bits.trailing_zeros() as usize] |= 1 << nth;
                bits &= bits - 1;
            }
        }
    }

    /// Which of the blocks may hold a text, one bit for each.
    pub(super) fn may_hold(&self, asked: &Asked) -> u16 {
        let mut mask = u16::MAX;
        for place in &asked.0 {
            mask &= self.rows[*place];
            if mask == 0 {
                break;
            }
        }
        mask
    }

    pub(super) fn footprint(&self) -> usize {
        self.rows.capacity() * 2
    }
}

fn run(bytes: &[u8]) -> usize {
    mixed(bytes.iter().fold(0_u64, |packed, b| packed << 8 | u64::from(*b)))
}

/// A whole word, told apart from the runs.
fn word(bytes: &[u8]) -> usize {
    let fold = |packed: u64, b: &u8| (packed ^ u64::from(*b)).wrapping_mul(0x0100_0000_01B3);
    mixed(bytes.iter().fold(0xCBF2_9CE4_8422_2325, fold))
}

fn mixed(packed: u64) -> usize {
    let spread = packed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((spread ^ spread >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 45) as usize & (PLACES - 1)
}
