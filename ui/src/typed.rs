//! The command line that a person types for a new server, cut into the exact words that would be run.

/// What was made of a typed command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// Nothing yet.
    Nothing,
    /// The words, program first. `note` says what a shell would have done with them and nobody will.
    Words {
        /// Exactly what is handed to the system.
        words: Vec<String>,
        /// What may surprise, or empty.
        note: &'static str,
    },
    /// It can't be cut into words, and why.
    Unclear(&'static str),
}

/// Cuts a line as a shell would quote it; runs nothing, expands nothing.
pub fn read(line: &str) -> Typed {
    if line.trim().is_empty() {
        return Typed::Nothing;
    }
    let Ok(words) = shell_words::split(line) else {
        return Typed::Unclear("A quote is opened and never closed.");
    };
    if words.first().is_none_or(String::is_empty) {
        return Typed::Unclear("The first word must be the program.");
    }
    let shell = |word: &str| {
        matches!(word, "|" | "||" | "&&" | ";" | "&")
            || word.starts_with(['>', '<', '~'])
            || word.contains(['$', '*', '`'])
    };
    let note = if words.iter().any(|word| shell(word)) {
        "No shell reads this line: signs such as ~ $ * | > are handed on as they stand."
    } else {
        ""
    };
    Typed::Words { words, note }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        match read(line) {
            Typed::Words { words, .. } => words,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn quotes_hold_words_together() {
        assert_eq!(words("npx -y 'a b' \"c d\" e\\ f"), ["npx", "-y", "a b", "c d", "e f"]);
    }

    #[test]
    fn shell_signs_are_kept_and_pointed_out() {
        assert!(matches!(read("sh ~/x | tee"), Typed::Words { note, .. } if !note.is_empty()));
        assert!(matches!(read("npx -y @scope/server@1.0 /srv"), Typed::Words { note: "", .. }));
    }

    #[test]
    fn what_is_no_command_says_so() {
        assert_eq!(read("   "), Typed::Nothing);
        assert!(matches!(read("npx 'open"), Typed::Unclear(_)));
        assert!(matches!(read("'' x"), Typed::Unclear(_)));
    }
}
