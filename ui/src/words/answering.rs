//! Words for changing a call and for lists of calls.

use wire::text::escaped;
use wire::view::SentencePart;

/// A text with line feeds for all its line breaks, as fields of a page have them.
pub fn one_line_break(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Whether all line breaks of a text are those of Windows.
pub fn breaks_as_windows(text: &str) -> bool {
    text.contains("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n'])
}

/// A sentence as one short line without marks, values of others escaped.
pub fn plain_sentence(parts: &[SentencePart]) -> String {
    let part = |part: &SentencePart| match part {
        SentencePart::Ours(ours) => ours.clone(),
        SentencePart::Slot(foreign) => escaped(&foreign.chars().take(48).collect::<String>()),
        SentencePart::Rest(_) => String::new(),
    };
    parts.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_are_kept_where_they_are_all_of_one_kind() {
        assert!(breaks_as_windows("a\r\nb\r\n") && !breaks_as_windows("a\r\nb\n") && !breaks_as_windows("a\nb"));
        assert_eq!(one_line_break("a\r\nb\rc\n"), "a\nb\nc\n");
    }

    #[test]
    fn a_sentence_for_a_label_shows_no_hidden_characters() {
        let parts = [SentencePart::Ours("Write ".into()), SentencePart::Slot("a\u{202e}b".into())];
        assert_eq!(plain_sentence(&parts), "Write a[U+202E RLO]b");
    }
}
