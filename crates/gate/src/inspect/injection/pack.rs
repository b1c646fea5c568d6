//! What was trained, as a file: a lexicon, weights and thresholds. Data with a version, so that it can be renewed
//! without a release; a file that is broken in any way is refused as a whole.
//!
//! Layout, numbers little-endian: magic, version, length and text of the lexicon, how many words have a group and per word
//! its hash and group, then per set of weights its scales and one signed byte a weight, then per kind which set, bias and thresholds; SHA-256 of all before it.

use super::features::{CLASS_WEIGHTS, MEANING_WEIGHTS, WORD_WEIGHTS};
use super::lexicon::Lexicon;
use sha2::{Digest, Sha256};

const MAGIC: &[u8; 8] = b"CONSINJ2";
/// A file larger than this is none of ours.
const LARGEST: usize = 4 << 20;
/// How many kinds a pack has heads for, in the order of [`super::super::Kind`], and how many sets of weights they share.
pub const HEADS: usize = 3;
/// See [`HEADS`].
pub const SETS: usize = 2;

/// One set of weights: what a sentence's classes and words weigh.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// One byte of `classes` is worth this much.
    pub class_scale: f32,
    /// One byte of `words` is worth this much.
    pub word_scale: f32,
    /// One byte of `meanings` is worth this much.
    pub meaning_scale: f32,
    /// By number of a class feature.
    pub classes: Vec<i8>,
    /// By hash of a word feature.
    pub words: Vec<i8>,
    /// By hash of a feature of groups of words.
    pub meanings: Vec<i8>,
}

/// How one kind of text is judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Head {
    /// Which set of weights.
    pub set: u8,
    /// Added to every sentence.
    pub bias: f32,
    /// Taken off for each doubling of the number of sentences: of many, one is odd by chance.
    pub length: f32,
    /// How much the second oddest sentence adds.
    pub second: f32,
    /// From here on a text is flagged.
    pub threshold: f32,
}

/// A pack as it was trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    /// Rises with each training that is shipped.
    pub version: u32,
    /// The lexicon's text.
    pub lexicon: String,
    /// Groups of words of like meaning: the hash of a word and its group, sorted by hash.
    pub groups: Vec<(u32, u16)>,
    /// The sets of weights.
    pub sets: Vec<Weights>,
    /// One for each kind.
    pub heads: Vec<Head>,
}

/// A pack ready to judge with.
#[derive(Debug)]
pub struct Pack {
    /// What was trained.
    pub parts: Parts,
    /// The lexicon, read.
    pub lexicon: Lexicon,
}

impl Parts {
    /// The file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend(self.version.to_le_bytes());
        out.extend(u32::try_from(self.lexicon.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend(self.lexicon.as_bytes());
        out.extend(u32::try_from(self.groups.len()).unwrap_or(u32::MAX).to_le_bytes());
        for (hash, group) in &self.groups {
            out.extend(hash.to_le_bytes());
            out.extend(group.to_le_bytes());
        }
        for set in &self.sets {
            for scale in [set.class_scale, set.word_scale, set.meaning_scale] {
                out.extend(scale.to_le_bytes());
            }
            out.extend(set.classes.iter().chain(&set.words).chain(&set.meanings).map(|w| w.to_le_bytes()[0]));
        }
        for head in &self.heads {
            out.push(head.set);
            for number in [head.bias, head.length, head.second, head.threshold] {
                out.extend(number.to_le_bytes());
            }
        }
        let digest = Sha256::digest(&out);
        out.extend(digest);
        out
    }

    /// Reads a file; `None` where anything about it is not as it must be.
    pub fn from_bytes(file: &[u8]) -> Option<Self> {
        if file.len() > LARGEST {
            return None;
        }
        let (body, digest) = file.split_at_checked(file.len().checked_sub(32)?)?;
        if Sha256::digest(body)[..] != *digest {
            return None;
        }
        let mut rest = Rest(body);
        if rest.take(MAGIC.len())? != MAGIC {
            return None;
        }
        let version = u32::from_le_bytes(rest.array()?);
        let length = u32::from_le_bytes(rest.array()?) as usize;
        let lexicon = std::str::from_utf8(rest.take(length)?).ok()?.to_owned();
        let groups = rest.groups()?;
        let sets = (0..SETS).map(|_| rest.weights()).collect::<Option<Vec<_>>>()?;
        let heads = (0..HEADS).map(|_| rest.head()).collect::<Option<Vec<_>>>()?;
        rest.0.is_empty().then_some(Self { version, lexicon, groups, sets, heads })
    }
}

impl Pack {
    /// Makes what was trained ready.
    pub fn new(parts: Parts) -> Option<Self> {
        let lexicon = Lexicon::parse(&parts.lexicon)?.with_groups(&parts.groups);
        Some(Self { parts, lexicon })
    }
}

struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array(&mut self) -> Option<[u8; 4]> {
        self.take(4)?.try_into().ok()
    }

    fn number(&mut self) -> Option<f32> {
        Some(f32::from_le_bytes(self.array()?)).filter(|n| n.is_finite() && n.abs() < 1e6)
    }

    fn weights(&mut self) -> Option<Weights> {
        let (class_scale, word_scale, meaning_scale) = (self.number()?, self.number()?, self.number()?);
        let mut signed = |n| Some(self.take(n)?.iter().map(|b| i8::from_le_bytes([*b])).collect());
        let (classes, words) = (signed(CLASS_WEIGHTS)?, signed(WORD_WEIGHTS)?);
        Some(Weights { class_scale, word_scale, meaning_scale, classes, words, meanings: signed(MEANING_WEIGHTS)? })
    }

    fn groups(&mut self) -> Option<Vec<(u32, u16)>> {
        let count = u32::from_le_bytes(self.array()?) as usize;
        let taken = self.take(count.checked_mul(6)?)?.chunks_exact(6);
        let groups: Vec<(u32, u16)> =
            taken.map(|c| (u32::from_le_bytes([c[0], c[1], c[2], c[3]]), u16::from_le_bytes([c[4], c[5]]))).collect();
        groups.is_sorted_by(|a, b| a.0 < b.0).then_some(groups)
    }

    fn head(&mut self) -> Option<Head> {
        let set = *self.take(1)?.first()?;
        let head = Head {
            set,
            bias: self.number()?,
            length: self.number()?,
            second: self.number()?,
            threshold: self.number()?,
        };
        (usize::from(set) < SETS).then_some(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts() -> Parts {
        let weights = Weights {
            class_scale: 0.5,
            word_scale: 0.25,
            meaning_scale: 0.125,
            classes: vec![3; CLASS_WEIGHTS],
            words: vec![-4; WORD_WEIGHTS],
            meanings: vec![5; MEANING_WEIGHTS],
        };
        let head = Head { set: 1, bias: -1.0, length: 0.1, second: 0.2, threshold: 0.5 };
        Parts {
            version: 7,
            lexicon: "@send\nen: send".into(),
            groups: vec![(3, 1), (9, 0)],
            sets: vec![weights; SETS],
            heads: vec![head; HEADS],
        }
    }

    fn sealed(mut body: Vec<u8>) -> Vec<u8> {
        let digest = Sha256::digest(&body);
        body.extend(digest);
        body
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(Parts::from_bytes(&parts().to_bytes()), Some(parts()));
    }

    #[test]
    fn a_file_with_its_sum_but_nonsense_in_it_is_refused() {
        let file = parts().to_bytes();
        let body = &file[..file.len() - 32];
        let mut longer = body.to_vec();
        longer.push(0);
        let mut set = body.to_vec();
        let head = set.len() - 17;
        set[head] = 9;
        let mut infinite = body.to_vec();
        let at = infinite.len() - 4;
        infinite[at..].copy_from_slice(&f32::NAN.to_le_bytes());
        let mut length = body.to_vec();
        length[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
        for body in [longer, set, infinite, length, body[..body.len() - 1].to_vec(), Vec::new()] {
            assert_eq!(Parts::from_bytes(&sealed(body)), None);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn one_changed_byte_or_a_cut_is_refused(at in 0usize..200_000, by in 1u8..=255) {
            let mut file = parts().to_bytes();
            let at = at % file.len();
            file[at] = file[at].wrapping_add(by);
            prop_assert_eq!(Parts::from_bytes(&file), None);
            prop_assert_eq!(Parts::from_bytes(&parts().to_bytes()[..at]), None);
        }

        #[test]
        fn anything_else_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert_eq!(Parts::from_bytes(&bytes), None);
            prop_assert_eq!(Parts::from_bytes(&sealed(bytes)), None);
        }
    }
}
