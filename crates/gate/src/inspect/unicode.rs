//! Characters that a person does not see.

pub use super::reading::{Decoded, Reading, read};
use unicode_properties::{GeneralCategoryGroup, UnicodeEmoji, UnicodeGeneralCategory};
use wire::text::{escaped, is_hidden};

/// The hidden characters of a text, as words for a sentence (at most three kinds), or `None`. Joiners inside emoji and
/// inside scripts that need them, and the break spaces of ordinary typography, are not hidden.
pub fn hidden(text: &str) -> Option<String> {
    if text.is_ascii() && !text.bytes().any(|b| (b < 0x20 && !matches!(b, b'\n' | b'\t' | b'\r')) || b == 0x7F) {
        return None;
    }
    let mut seen: Vec<char> = Vec::new();
    let mut more = 0usize;
    let mut previous: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if is_hidden(c) && !belongs(previous, c, chars.peek().copied()) && !seen.contains(&c) {
            if seen.len() < 3 { seen.push(c) } else { more += 1 }
        }
        previous = Some(c);
    }
    if seen.is_empty() {
        return None;
    }
    let mut words: Vec<String> =
        seen.iter().map(|c| escaped(&c.to_string()).trim_matches(['[', ']']).to_owned()).collect();
    if more > 0 {
        words.push(format!("and {more} more kinds"));
    }
    Some(words.join(", "))
}

/// Whether ordinary writing has this character here.
pub(super) fn belongs(previous: Option<char>, c: char, next: Option<char>) -> bool {
    // A sign such as the virama joins too: it is a mark, not a letter.
    let mark = |c: char| c.general_category_group() == GeneralCategoryGroup::Mark;
    let letter = |c: Option<char>| c.is_some_and(|c| !c.is_ascii() && (c.is_alphabetic() || mark(c)));
    let emoji = |c: Option<char>| c.is_some_and(|c| c.is_emoji_char() && !c.is_ascii());
    match c {
        '\r' => next == Some('\n'),
        // No-break, thin and ideographic spaces.
        '\u{A0}' | '\u{2009}' | '\u{202F}' | '\u{3000}' => true,
        // Joiners of Arabic and Indic scripts; of emoji, behind a variation selector or a skin tone too.
        '\u{200C}' => letter(previous) && letter(next),
        '\u{200D}' => {
            (letter(previous) && letter(next)) || ((emoji(previous) || previous == Some('\u{FE0F}')) && emoji(next))
        }
        // Marks of right-to-left text, only beside it.
        '\u{200E}' | '\u{200F}' => is_right_to_left(previous) || is_right_to_left(next),
        _ => false,
    }
}

fn is_right_to_left(c: Option<char>) -> bool {
    c.is_some_and(|c| matches!(c as u32, 0x0590..=0x08FF | 0xFB1D..=0xFDFF | 0xFE70..=0xFEFC))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_writing_is_silent() {
        for text in ["line\nline\r\nend\t.", "10\u{A0}000\u{202F}€", "👩‍👩‍👧 ❤️‍🔥", "می‌خواهم", "שלום\u{200F}, world", "क्‍ष"]
        {
            assert_eq!(hidden(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_hides_or_turns_text_is_named() {
        assert_eq!(hidden("a\u{202E}b").unwrap(), "U+202E RLO");
        assert_eq!(hidden("a\u{200D}b").unwrap(), "U+200D ZWJ");
        assert_eq!(hidden("\u{1b}[31m").unwrap(), "U+001B ESC");
        assert!(hidden("\u{E0041}").unwrap().contains("TAG"));
        assert!(hidden("\u{1}\u{2}\u{3}\u{4}\u{5}").unwrap().ends_with("and 2 more kinds"));
    }
}
