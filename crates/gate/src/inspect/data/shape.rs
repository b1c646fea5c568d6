//! Forms of keys: a few stretches of letters, each of a set and a length. Matching walks once and never goes back.
//!
//! A form is written like a regular expression of literals, sets in brackets and counts in braces; round brackets stand
//! around the value. `\w` is a letter, digit or `_`; `\a` a letter or digit; `\d` a digit; `\h` a lower hexadecimal
//! digit; `\u` base 64 for URLs, `\b` the plain one; `\x` a hexadecimal digit of either case.

use std::ops::Range;

/// Bytes of ASCII.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Set(u128);

impl Set {
    fn has(self, b: u8) -> bool {
        b < 128 && self.0 >> b & 1 == 1
    }

    fn add(&mut self, from: u8, to: u8) {
        (from..=to.min(127)).for_each(|b| self.0 |= 1 << b);
    }

    fn named(sign: u8) -> Self {
        let mut set = Self(0);
        match sign {
            b'd' => set.add(b'0', b'9'),
            b'h' | b'x' => {
                set.add(b'0', b'9');
                set.add(b'a', b'f');
                if sign == b'x' {
                    set.add(b'A', b'F');
                }
            }
            b'a' | b'w' | b'u' | b'b' => {
                set.add(b'0', b'9');
                set.add(b'a', b'z');
                set.add(b'A', b'Z');
                let more: &[u8] = match sign {
                    b'w' => b"_",
                    b'u' => b"_-",
                    b'b' => b"+/",
                    _ => b"",
                };
                more.iter().for_each(|b| set.add(*b, *b));
            }
            literal => set.add(literal, literal),
        }
        set
    }
}

/// A stretch: bytes of a set, at least and at most so many.
#[derive(Clone, Debug)]
struct Part {
    set: Set,
    least: usize,
    most: usize,
}

/// A form of a key.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    parts: Vec<Part>,
    /// Which parts are the value.
    value: Range<usize>,
    /// Whether no brackets stand in it.
    pub(super) whole: bool,
}

impl Shape {
    /// `None` where `form` is not written as it should be; a test holds that all of ours are.
    pub(super) fn parse(form: &str) -> Option<Self> {
        let mut parts: Vec<Part> = Vec::new();
        let (mut start, mut end) = (None, None);
        let mut rest = form.as_bytes();
        while let Some((b, more)) = rest.split_first() {
            rest = more;
            let set = match b {
                b'(' => {
                    start = Some(parts.len());
                    continue;
                }
                b')' => {
                    end = Some(parts.len());
                    continue;
                }
                b'{' => {
                    let (count, after) = split(rest, b'}')?;
                    let count = std::str::from_utf8(count).ok()?;
                    let (least, most) = count.split_once(',').unwrap_or((count, count));
                    let last = parts.last_mut()?;
                    (last.least, last.most) = (least.parse().ok()?, most.parse().ok()?);
                    rest = after;
                    continue;
                }
                b'[' => {
                    let (inside, after) = split(rest, b']')?;
                    rest = after;
                    bracket(inside)?
                }
                b'\\' => {
                    let (sign, after) = rest.split_first()?;
                    rest = after;
                    Set::named(*sign)
                }
                literal => {
                    let mut set = Set(0);
                    set.add(*literal, *literal);
                    set
                }
            };
            parts.push(Part { set, least: 1, most: 1 });
        }
        let value = start.unwrap_or(0)..end.unwrap_or(parts.len());
        (start.is_some() == end.is_some()).then_some(Self { parts, value, whole: start.is_none() })
    }

    /// Where the value stands in `bytes`, which begin with it; whatever goes on in the same letters is another thing.
    pub(super) fn at(&self, bytes: &[u8]) -> Option<Range<usize>> {
        let (mut at, mut from, mut to) = (0, 0, None);
        let mut last = Set(0);
        for (i, part) in self.parts.iter().enumerate() {
            if i == self.value.start {
                from = at;
            }
            let run = bytes[at.min(bytes.len())..].iter().take(part.most).take_while(|b| part.set.has(**b)).count();
            if run < part.least {
                return None;
            }
            at += run;
            if run > 0 {
                last = part.set;
            }
            if i + 1 == self.value.end {
                to = Some(at);
            }
        }
        let goes_on = bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || last.has(*b));
        let closed = self.value.end < self.parts.len() || !goes_on;
        closed.then_some(from..to.unwrap_or(at))
    }

    /// Whether whatever is long in it has one length.
    pub(super) fn is_exact(&self) -> bool {
        let long = |p: &&Part| p.most >= 12;
        self.parts.iter().any(|p| p.least >= 12) && self.parts.iter().filter(long).all(|p| p.least == p.most)
    }

    /// How many bytes before `end` are of its only part; `None` where there are too few or too many.
    pub(super) fn before(&self, bytes: &[u8], end: usize) -> Option<usize> {
        let part = self.parts.first()?;
        let run = bytes[..end].iter().rev().take(part.most + 1).take_while(|b| part.set.has(**b)).count();
        (part.least..=part.most).contains(&run).then_some(run)
    }
}

/// What stands before the first `sign`, and after it.
fn split(bytes: &[u8], sign: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|b| *b == sign)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

fn bracket(inside: &[u8]) -> Option<Set> {
    let mut set = Set(0);
    let mut rest = inside;
    loop {
        rest = match rest {
            [] => return (set.0 != 0).then_some(set),
            [b'\\', sign, more @ ..] => {
                set.0 |= Set::named(*sign).0;
                more
            }
            [from, b'-', to, more @ ..] if from < to => {
                set.add(*from, *to);
                more
            }
            [b, more @ ..] => {
                set.add(*b, *b);
                more
            }
        };
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Numbers that look drawn, the same in each run.
    pub(in crate::inspect::data) struct Dice(pub(in crate::inspect::data) u64);

    impl Dice {
        pub(in crate::inspect::data) fn below(&mut self, n: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 20) as usize % n
        }
    }

    impl Shape {
        /// One that fits, as short as may be or a little longer; `cut` leaves its last byte out of the longest part.
        pub(in crate::inspect::data) fn sample(&self, dice: &mut Dice, cut: bool) -> String {
            let longest = (0..self.parts.len()).max_by_key(|i| self.parts[*i].least).unwrap_or(0);
            let mut out = String::new();
            for (i, part) in self.parts.iter().enumerate() {
                let letters: Vec<u8> = (33..127).chain([b' ']).filter(|b| part.set.has(*b)).collect();
                let n = part.least + (part.most - part.least).min(2) * usize::from(!cut);
                let n = n - usize::from(cut && i == longest);
                out.extend((0..n).map(|_| char::from(letters[dice.below(letters.len())])));
            }
            out
        }

        pub(in crate::inspect::data) fn least(&self) -> usize {
            self.parts.iter().map(|p| p.least).sum()
        }
    }

    #[test]
    fn forms_are_read_and_matched() {
        let shape = Shape::parse(r"\d{2,3}-(\h{4})!").unwrap();
        assert_eq!(shape.at(b"12-0af9!x"), Some(3..7));
        assert_eq!(shape.at(b"1-0af9!"), None);
        let fixed = Shape::parse(r"[A-Z0-9]{4}").unwrap();
        assert_eq!(fixed.at(b"AB12."), Some(0..4));
        assert_eq!(fixed.at(b"AB123"), None, "longer than the form allows");
        assert_eq!(Shape::parse(r"\d{6,10}").unwrap().before(b"x12345678:", 9), Some(8));
        for wrong in ["[", "{2}", "a{x}", "(a", "[]"] {
            assert!(Shape::parse(wrong).is_none(), "{wrong}");
        }
    }
}
