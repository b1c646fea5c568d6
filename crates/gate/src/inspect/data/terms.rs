//! Terms that a person or an admin adds: customer numbers, names of projects.

use super::Datum;
use aho_corasick::{AhoCorasick, MatchKind};
use regex::{Regex, RegexBuilder};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Mutex;
use unicode_normalization::UnicodeNormalization;

/// How many terms there may be, how long one is, and how large its automaton.
const MOST_TERMS: usize = 2048;
const MOST_PATTERNS: usize = 64;
const LONGEST: usize = 512;
const LARGEST: usize = 256 * 1024;
/// How many values of terms one text may hold apart.
const MOST_FOUND: usize = 10_000;
/// How many names of classes this process may ever be given.
const MOST_CLASSES: usize = 4096;

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// These letters as a word of their own, in either case.
    Literal(String),
    /// A regular expression.
    Pattern(String),
}

/// Why terms can't be used; each a sentence for the person who wrote them.
#[derive(Debug, thiserror::Error)]
pub enum TermFault {
    /// A class has no proper name.
    #[error(
        "the class `{0}` needs a name of small letters, digits and `_`, parted by dots, such as `company.customer_number`"
    )]
    Class(String),
    /// The detectors' own classes can't be added to.
    #[error("the class `{0}` is one of Consentry's own: choose another name")]
    Taken(String),
    /// The pattern can't be compiled.
    #[error("the pattern for `{class}` can't be used: {why}")]
    Pattern {
        /// Whose.
        class: String,
        /// What is wrong.
        why: String,
    },
    /// The term is empty, or would be found everywhere.
    #[error("the term for `{0}` would be found everywhere: it needs at least three letters or digits")]
    Empty(String),
    /// There are too many, or one is too long.
    #[error(
        "there are too many terms, or one is too long: at most {MOST_TERMS}, {MOST_PATTERNS} of them patterns, of {LONGEST} bytes"
    )]
    TooMany,
}

/// Compiled terms.
#[derive(Debug, Default)]
pub struct Terms {
    literals: Option<AhoCorasick>,
    /// The class of each literal.
    classes: Vec<&'static str>,
    patterns: Vec<(&'static str, Regex)>,
}

impl Terms {
    /// Compiles a list of classes and what is of them.
    pub fn new(list: &[(String, Term)]) -> Result<Self, TermFault> {
        let patterns = list.iter().filter(|(_, t)| matches!(t, Term::Pattern(_))).count();
        if list.len() > MOST_TERMS || patterns > MOST_PATTERNS {
            return Err(TermFault::TooMany);
        }
        let mut terms = Self::default();
        let mut words = Vec::new();
        for (class, term) in list {
            let (Term::Literal(written) | Term::Pattern(written)) = term;
            if written.len() > LONGEST {
                return Err(TermFault::TooMany);
            }
            let name = class_name(class)?;
            match term {
                Term::Literal(word) if word.chars().filter(|c| c.is_alphanumeric()).count() < 3 => {
                    return Err(TermFault::Empty(class.clone()));
                }
                Term::Literal(word) => {
                    for spelled in spellings(word) {
                        terms.classes.push(name);
                        words.push(spelled);
                    }
                }
                Term::Pattern(pattern) => terms.patterns.push((name, compiled(class, pattern)?)),
            }
        }
        if !words.is_empty() {
            let built =
                AhoCorasick::builder().ascii_case_insensitive(true).match_kind(MatchKind::Standard).build(&words);
            terms.literals = Some(built.map_err(|_| TermFault::TooMany)?);
        }
        Ok(terms)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty() && self.patterns.is_empty()
    }

    /// Adds every value of a term in `text`.
    pub(super) fn find(&self, text: &str, out: &mut Vec<Datum>) {
        if let Some(literals) = &self.literals {
            // All of them, not the longest: one that runs on into a word must not hide the shorter one within.
            let hits = literals.find_overlapping_iter(text).filter(|hit| alone(text, hit.start(), hit.end()));
            found(hits.map(|hit| (self.classes[hit.pattern().as_usize()], hit.range())), text, out);
        }
        for (class, pattern) in &self.patterns {
            let hits = pattern.find_iter(text).filter(|hit| !hit.is_empty());
            found(hits.map(|hit| (*class, hit.range())), text, out);
        }
    }
}

/// Adds what was found; where it is more than is kept, the rest of the text is one value.
fn found(hits: impl Iterator<Item = (&'static str, Range<usize>)>, text: &str, out: &mut Vec<Datum>) {
    for (nth, (class, span)) in hits.enumerate() {
        if nth == MOST_FOUND {
            out.push(Datum { class, span: span.start..text.len() });
            return;
        }
        out.push(Datum { class, span });
    }
}

/// The ways a word is written: letters beyond ASCII have their cases, and may be put together of several characters.
fn spellings(word: &str) -> BTreeSet<String> {
    if word.is_ascii() {
        return BTreeSet::from([word.to_owned()]);
    }
    let cases = [word.to_owned(), word.to_lowercase(), word.to_uppercase()];
    cases.iter().flat_map(|word| [word.nfc().collect(), word.nfd().collect(), word.clone()]).collect()
}

fn compiled(class: &str, pattern: &str) -> Result<Regex, TermFault> {
    let fault = |why: String| TermFault::Pattern { class: wire::text::escaped(class).to_string(), why };
    let regex = RegexBuilder::new(pattern)
        .size_limit(LARGEST)
        .dfa_size_limit(LARGEST)
        .build()
        .map_err(|e| fault(wire::text::escaped(&e.to_string()).to_string()))?;
    let all = ["", "a", " ", "the", "0"].iter().any(|t| regex.find(t).is_some());
    if all { Err(TermFault::Empty(class.to_owned())) } else { Ok(regex) }
}

/// Whether no letter or digit runs into the word.
fn alone(text: &str, start: usize, end: usize) -> bool {
    let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let edge = |c: Option<char>, own: Option<char>| !(letter(c) && letter(own));
    edge(text[..start].chars().next_back(), text[start..].chars().next())
        && edge(text[end..].chars().next(), text[..end].chars().next_back())
}

static CLASSES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// The one copy of a class's name. Names are kept for good: they are few, and written by people.
fn class_name(class: &str) -> Result<&'static str, TermFault> {
    let part = |p: &str| {
        p.starts_with(|c: char| c.is_ascii_lowercase())
            && p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    if class.len() > 64 || !class.split('.').all(part) {
        return Err(TermFault::Class(wire::text::escaped(class).to_string()));
    }
    if super::words::known(class) {
        return Err(TermFault::Taken(class.to_owned()));
    }
    let mut classes = CLASSES.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(known) = classes.get(class) {
        return Ok(known);
    }
    if classes.len() >= MOST_CLASSES {
        return Err(TermFault::TooMany);
    }
    let kept: &'static str = Box::leak(class.to_owned().into_boxed_str());
    classes.insert(kept);
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(class: &str, word: &str) -> (String, Term) {
        (class.into(), Term::Literal(word.into()))
    }

    fn pattern(class: &str, word: &str) -> (String, Term) {
        (class.into(), Term::Pattern(word.into()))
    }

    #[test]
    fn terms_are_found_as_words_and_by_pattern() {
        let terms = Terms::new(&[
            literal("company.project", "Blue Heron"),
            pattern("company.customer_number", r"\bKD-\d{5}\b"),
        ])
        .unwrap();
        let text = "project blue heron of KD-12345, not blue herons or KD-123456; a@post.example";
        let found: Vec<_> =
            super::super::find_with(text, &terms).into_iter().map(|d| (d.class, &text[d.span])).collect();
        let want = [
            ("company.project", "blue heron"),
            ("company.customer_number", "KD-12345"),
            ("personal.email_address", "a@post.example"),
        ];
        assert_eq!(found, want);
    }

    #[test]
    fn no_way_of_writing_a_term_lets_it_through() {
        let terms = Terms::new(&[
            literal("company.project", "Blue Heron"),
            literal("company.project", "Blue Heron X"),
            literal("company.place", "Bürgstadt"),
        ])
        .unwrap();
        let shown = |text: &str| {
            let found = super::super::find_with(text, &terms);
            found.into_iter().map(|d| text[d.span].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(shown("the Blue Heron Xavier"), ["Blue Heron"]);
        assert_eq!(shown("the Blue Heron X and"), ["Blue Heron X"]);
        assert_eq!(
            shown("in BÜRGSTADT, b\u{fc}rgstadt, Bu\u{308}rgstadt"),
            ["BÜRGSTADT", "bürgstadt", "Bu\u{308}rgstadt"]
        );
        let many = "blue heron ".repeat(MOST_FOUND + 50);
        let left: usize =
            many.len() - super::super::find_with(&many, &terms).iter().map(|d| d.span.len()).sum::<usize>();
        assert!(left <= MOST_FOUND, "only what lies between the first ones is left: {left}");
    }

    #[test]
    fn what_can_not_be_used_is_said() {
        for (list, word) in [
            (vec![literal("Company", "abc")], "needs a name"),
            (vec![literal("a..b", "abc")], "needs a name"),
            (vec![literal("secret.password", "abc")], "own"),
            (vec![literal("a.b", "x")], "everywhere"),
            (vec![pattern("a.b", ".*")], "everywhere"),
            (vec![pattern("a.b", "(")], "can't be used"),
            (vec![pattern("a.b", r"(\w{200}){200}")], "can't be used"),
            (vec![literal("a.b", "abc"); 3000], "too many"),
        ] {
            let fault = Terms::new(&list).unwrap_err().to_string();
            assert!(fault.contains(word), "{fault}");
        }
        assert!(Terms::new(&[]).unwrap().is_empty());
    }
}
