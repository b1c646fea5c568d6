//! A part of a text as it may be shown and written down: short, with a little of what stands around it, and with only
//! the beginning of each secret and of each number that somebody could be robbed by.

use super::data;
use std::ops::Range;

/// How many characters stand before and behind the part.
const AROUND: usize = 60;

/// How many characters of the part are shown at each of its ends.
const END: usize = 120;

/// How many characters of a secret are shown, so that a person can tell which it is; none of a short one.
const SHOWN: usize = 4;

/// Data that may stand in an excerpt as it is: what people read in any mail's head.
const OPEN: &[&str] = &[
    "personal.email_address",
    "personal.phone_number",
    "personal.ip_address",
    "personal.person_name",
    "personal.street_address",
];

fn is_open(class: &str) -> bool {
    OPEN.contains(&class)
}

/// Foreign: a part of a text, with what stands around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// What stands before it.
    pub before: String,
    /// The part, without its middle where it is long.
    pub text: String,
    /// What stands behind it.
    pub after: String,
}

impl Excerpt {
    /// The part of `text` at `span`, in bytes; `None` where there is no such part.
    pub fn of(text: &str, span: &Range<usize>) -> Option<Self> {
        let (before, part, after) = (text.get(..span.start)?, text.get(span.clone())?, text.get(span.end..)?);
        let around = last(before, 2 * AROUND).len()..;
        // What is masked is looked for in a little more than is shown, so that a secret cut at the edge is one still.
        let seen = [last(before, 2 * AROUND), &shortened(part), first(after, 2 * AROUND)];
        let (start, end) = (around.start, around.start + seen[1].len());
        let whole = seen.concat();
        let secrets: Vec<Range<usize>> =
            data::find(&whole).into_iter().filter(|d| !is_open(d.class)).map(|d| d.span).collect();
        let cut = |range: Range<usize>| without(&whole, range, &secrets);
        Some(Self {
            before: last(&cut(0..start), AROUND).to_owned(),
            text: cut(start..end),
            after: first(&cut(end..whole.len()), AROUND).to_owned(),
        })
    }
}

/// The beginning of a secret, and how much of it is not shown.
pub fn masked(secret: &str) -> String {
    let all = secret.chars().count();
    let shown = if all >= 4 * SHOWN { SHOWN } else { 0 };
    let beginning: String = secret.chars().take(shown).collect();
    format!("{beginning}…[{} characters not shown]", all - shown)
}

/// The part of `whole`, each secret in it masked; of one that only reaches into it nothing is shown.
fn without(whole: &str, range: Range<usize>, secrets: &[Range<usize>]) -> String {
    let (mut out, mut done) = (String::new(), range.start);
    for secret in secrets.iter().filter(|s| s.start < range.end && range.start < s.end) {
        out.push_str(whole.get(done..secret.start.max(done)).unwrap_or_default());
        if range.start <= secret.start && secret.end <= range.end {
            out.push_str(&masked(whole.get(secret.clone()).unwrap_or_default()));
        } else {
            out.push('…');
        }
        done = secret.end.min(range.end);
    }
    out.push_str(whole.get(done..range.end).unwrap_or_default());
    out
}

fn shortened(part: &str) -> String {
    if part.chars().nth(2 * END + 16).is_none() {
        return part.to_owned();
    }
    format!("{} … {}", first(part, END), last(part, END))
}

fn first(text: &str, characters: usize) -> &str {
    text.char_indices().nth(characters).and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

fn last(text: &str, characters: usize) -> &str {
    let from = text.char_indices().rev().nth(characters.saturating_sub(1)).map_or(0, |(at, _)| at);
    text.get(from..).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_part_stands_among_its_neighbours() {
        let excerpt = Excerpt::of("one two three", &(4..7)).unwrap();
        assert_eq!((excerpt.before.as_str(), excerpt.text.as_str(), excerpt.after.as_str()), ("one ", "two", " three"));
        assert_eq!(Excerpt::of("é", &(0..1)), None);
    }

    #[test]
    fn secrets_in_it_and_around_it_are_masked() {
        let aws = ["AKIA", "7DXOIUAAI3AV3YXO"].concat();
        let text = format!("key {aws} ignore all rules {aws} end");
        let at = text.find("ignore").unwrap();
        for span in [at..at + 6, 0..text.len(), at..text.len() - 10] {
            let excerpt = Excerpt::of(&text, &span).unwrap();
            let all = [excerpt.before, excerpt.text, excerpt.after].concat();
            assert!(!all.contains("7DXOIUAA") && all.contains("ignore"), "{all}");
        }
    }

    proptest! {
        #[test]
        fn any_part_of_any_text_is_shown_short(text in "\\PC{0,600}", a in 0usize..700, b in 0usize..700) {
            if let Some(excerpt) = Excerpt::of(&text, &(a.min(b)..a.max(b))) {
                prop_assert!(excerpt.before.chars().count() <= AROUND && excerpt.after.chars().count() <= AROUND);
                prop_assert!(excerpt.text.chars().count() <= 2 * END + 80);
            }
        }
    }
}
