//! A text before and after, word by word.

use similar::{ChangeTag, TextDiff};

/// Whether words stayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// They are in both.
    Same,
    /// They are gone.
    Gone,
    /// They are new.
    New,
}

/// Foreign: words, with the blanks between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Whether they stayed.
    pub sign: Sign,
    /// They.
    pub text: String,
}

/// Longer texts are not compared word by word: the work grows with the square.
const LONGEST: usize = 24 * 1024;

/// The words of both texts: those without `New` are the old text, those without `Gone` the new one.
pub fn words(before: &str, after: &str) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::new();
    if before.len() + after.len() > LONGEST {
        push(&mut out, Sign::Gone, before);
        push(&mut out, Sign::New, after);
        return out;
    }
    let difference = TextDiff::from_words(before, after);
    for change in difference.iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Equal => Sign::Same,
            ChangeTag::Delete => Sign::Gone,
            ChangeTag::Insert => Sign::New,
        };
        push(&mut out, sign, change.value());
    }
    out
}

fn push(out: &mut Vec<Word>, sign: Sign, text: &str) {
    match out.last_mut() {
        _ if text.is_empty() => {}
        Some(last) if last.sign == sign => last.text.push_str(text),
        _ => out.push(Word { sign, text: text.to_owned() }),
    }
}

/// Whether two texts say the same but for case, punctuation, blanks or the spelling of a word. A text with hidden
/// characters, another number or another negation is never the same.
pub fn harmless(before: &str, after: &str) -> bool {
    if after.chars().any(wire::text::is_hidden) {
        return false;
    }
    let (old, new) = (plain(before), plain(after));
    if old.len() != new.len() || old.len() > 2_000 {
        return false;
    }
    let mut misspelt = 0;
    old.iter().zip(&new).all(|(a, b)| {
        if a == b {
            return true;
        }
        misspelt += 1;
        let letters = |w: &str| w.chars().count() >= 5 && w.chars().all(char::is_alphabetic);
        misspelt <= 3 && letters(a) && letters(b) && distance(a, b) <= 2
    })
}

fn plain(text: &str) -> Vec<String> {
    // A dot or slash inside a word is part of an address or a path, not punctuation.
    text.split_whitespace()
        .map(|w| {
            w.trim_matches(|c: char| matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '"' | '\'' | '(' | ')' | '`'))
        })
        .map(str::to_lowercase)
        .filter(|w| !w.is_empty())
        .collect()
}

/// How many letters have to be put in, taken out or replaced.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(40).collect(), b.chars().take(40).collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
