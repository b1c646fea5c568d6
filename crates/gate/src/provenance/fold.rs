//! What texts are compared as: letters and digits alone, in one case, nothing invisible, look-alikes as what they look
//! like. `US13 3000-0121`, `us1330000121` and a text with marks between its words come to the same.

use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

/// How many folded bytes lie between two marks.
const STEP: usize = 64;

/// A folded text, and the way back.
#[derive(Clone, Debug, Default)]
pub(super) struct Folded {
    /// Letters and digits.
    pub(super) bytes: Vec<u8>,
    /// Where words begin, one bit for each byte.
    pub(super) starts: Vec<u64>,
    /// Places in the folded bytes beside those in the text, in order.
    pub(super) marks: Vec<(u32, u32)>,
}

impl Folded {
    /// Folds a text.
    pub(super) fn of(text: &str) -> Self {
        let mut folded = Self { bytes: Vec::with_capacity(text.len()), ..Self::default() };
        folded.add(text, 0);
        folded
    }

    /// Folds another text behind what is there, as words of its own; `at` is where it stands in the whole.
    pub(super) fn add(&mut self, text: &str, at: usize) {
        let (mut inside, mut marked) = (false, None);
        for (offset, c) in text.char_indices() {
            let before = self.bytes.len();
            if c.is_ascii() {
                if !c.is_ascii_alphanumeric() {
                    inside = false;
                    continue;
                }
                self.bytes.push((c as u8).to_ascii_lowercase());
            } else {
                // What can't be seen parts no words.
                if wire::text::is_hidden(c) {
                    continue;
                }
                foreign(c, &mut self.bytes);
                if self.bytes.len() == before {
                    inside &= unicode_properties::UnicodeGeneralCategory::general_category_group(c)
                        == unicode_properties::GeneralCategoryGroup::Mark;
                    continue;
                }
            }
            if !inside {
                self.start_at(before);
            }
            if !inside && marked.is_none_or(|last| before >= last + STEP) {
                marked = Some(before);
                self.marks.push((narrow(before), narrow(at + offset)));
            }
            inside = true;
        }
    }

    fn start_at(&mut self, at: usize) {
        if self.starts.len() <= at / 64 {
            self.starts.resize(at / 64 + 1, 0);
        }
        self.starts[at / 64] |= 1 << (at % 64);
    }

    /// Whether a word begins here, or everything ends.
    pub(super) fn is_border(&self, at: usize) -> bool {
        at >= self.bytes.len() || self.starts.get(at / 64).is_some_and(|bits| bits & (1 << (at % 64)) != 0)
    }

    /// Where words begin.
    pub(super) fn words(&self) -> impl Iterator<Item = usize> + '_ {
        self.words_from(0)
    }

    /// Where words begin, from this byte on.
    pub(super) fn words_from(&self, from: usize) -> impl Iterator<Item = usize> + '_ {
        let words = self.starts.iter().enumerate().skip(from / 64);
        words.flat_map(move |(nth, bits)| {
            let mut bits = if nth == from / 64 { bits & (u64::MAX << (from % 64)) } else { *bits };
            std::iter::from_fn(move || {
                let at = (bits != 0).then(|| nth * 64 + bits.trailing_zeros() as usize)?;
                bits &= bits - 1;
                Some(at)
            })
        })
    }

    /// Gives back what it does not need.
    pub(super) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.starts.shrink_to_fit();
        self.marks.shrink_to_fit();
    }
}

/// Where in `text` the folded byte number `at` of it comes from.
pub(super) fn place(text: &str, at: usize) -> usize {
    let mut bytes = Vec::new();
    for (offset, c) in text.char_indices() {
        match c {
            c if c.is_ascii_alphanumeric() => bytes.push(0),
            c if c.is_ascii() || wire::text::is_hidden(c) => {}
            c => foreign(c, &mut bytes),
        }
        if bytes.len() > at {
            return offset;
        }
    }
    text.len()
}

/// A character beyond ASCII: taken apart, without its accents, and as the letter it can be taken for.
fn foreign(c: char, out: &mut Vec<u8>) {
    for c in std::iter::once(c).nfkd().flat_map(char::to_lowercase) {
        if c.is_ascii() {
            if c.is_ascii_alphanumeric() {
                out.push(c as u8);
            }
        } else if c.is_alphanumeric() {
            let mut letter = [0; 4];
            let alike = skeleton(c.encode_utf8(&mut letter)).next().filter(char::is_ascii_alphabetic);
            match alike {
                Some(alike) => out.push(alike.to_ascii_lowercase() as u8),
                None => out.extend_from_slice(letter[..c.len_utf8()].as_ref()),
            }
        }
    }
}

/// Texts are cut long before they are this long.
pub(super) fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn folded(text: &str) -> String {
        String::from_utf8(Folded::of(text).bytes).unwrap()
    }

    #[test]
    fn spellings_of_one_value_fold_to_one() {
        for text in
            ["US13 3000-0121", "us13·3000·0121", "ＵＳ１３３００００１２１", "US13\u{200B}30000121", "ՍЅ1330000121"]
        {
            assert_eq!(folded(text), "us1330000121", "{text}");
        }
        assert_eq!(folded("Évil.éxample"), "evilexample");
        assert_eq!(folded("аttacker"), "attacker", "a Cyrillic letter");
        assert_eq!(folded("北京 x"), "北京x");
    }

    #[test]
    fn words_begin_where_they_did() {
        let folded = Folded::of("pay US13 to ann\u{200B}a.");
        assert_eq!(folded.words().collect::<Vec<_>>(), [0, 3, 7, 9]);
        assert!(folded.is_border(folded.bytes.len()) && !folded.is_border(1));
    }

    proptest! {
        #[test]
        fn every_place_leads_back(text in "\\PC{0,80}") {
            let folded = Folded::of(&text);
            prop_assert!(std::str::from_utf8(&folded.bytes).is_ok());
            for at in 0..folded.bytes.len() {
                prop_assert!(place(&text, at) < text.len());
            }
            prop_assert!(folded.marks.iter().all(|(_, place)| text.is_char_boundary(*place as usize)));
            let again = Folded::of(std::str::from_utf8(&folded.bytes).unwrap());
            prop_assert_eq!(again.bytes, folded.bytes, "folding what is folded changes nothing");
        }
    }
}
