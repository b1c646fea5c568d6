//! Rust source as the rules see it: without comments, without the words inside literals, without its tests.

/// What is left of a file.
pub(super) struct Source {
    /// How many lines it has before its test module.
    pub(super) lines: usize,
    /// The code of each of these lines; comments and literals are blank.
    pub(super) code: Vec<String>,
}

impl Source {
    pub(super) fn read(text: &str) -> Self {
        let own = match text.find("\n#[cfg(test)]\nmod tests {") {
            Some(end) => &text[..=end],
            None => text,
        };
        let code: Vec<String> = blanked(own).lines().map(str::to_owned).collect();
        Self { lines: own.lines().count(), code }
    }
}

/// Whether `code` names `path` as a whole: `std::fs` is not named by `std::fstat`.
pub(super) fn names(code: &str, path: &str) -> bool {
    code.match_indices(path).any(|(at, _)| {
        let before = code[..at].chars().next_back().is_none_or(|character| !in_word(character));
        let after = code[at + path.len()..].chars().next().is_none_or(|character| !in_word(character));
        before && after
    })
}

/// Whether `code` names the crate `name`: neither a variable nor a module of that name, as in `crate::name::thing`.
pub(super) fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let first = !code[..at].ends_with(|character| in_word(character) || character == ':');
        let after = &code[at + name.len()..];
        first && (after.starts_with("::") || (code[..at].ends_with("use ") && after.starts_with([';', ' '])))
    })
}

fn in_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The text with comments and the insides of string and character literals left out; its line breaks stay.
fn blanked(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = skipped(rest, kept.chars().next_back());
        let (left_out, next) = rest.split_at(if skipped == 0 { first.len_utf8() } else { skipped });
        if skipped == 0 {
            kept.push(first);
        } else {
            kept.push(' ');
            kept.extend(left_out.chars().filter(|character| *character == '\n'));
        }
        rest = next;
    }
    kept
}

/// How many bytes at the start of `rest` are a comment or a literal; `before` is the character before it.
fn skipped(rest: &str, before: Option<char>) -> usize {
    let within_word = before.is_some_and(in_word);
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block(rest);
    }
    if rest.starts_with('"') {
        return quoted(rest, 1, '"');
    }
    // A lifetime is a quote without its partner.
    if rest.starts_with("'\\") || (rest.starts_with('\'') && rest.chars().nth(2) == Some('\'')) {
        return quoted(rest, 1, '\'');
    }
    let hashes = rest.strip_prefix("r").map(|raw| raw.len() - raw.trim_start_matches('#').len());
    match hashes {
        Some(hashes) if !within_word && rest[1 + hashes..].starts_with('"') => {
            let end = format!("\"{}", "#".repeat(hashes));
            let start = hashes + 2;
            rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len())
        }
        _ => 0,
    }
}

fn block(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn quoted(rest: &str, start: usize, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in rest[start..].char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return start + at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str, name: &str) -> bool {
        Source::read(text).code.iter().any(|line| names_crate(line, name))
    }

    #[test]
    fn code_is_seen_and_words_are_not() {
        assert!(named("use tokio::net;\n", "tokio"));
        assert!(!named("// tokio\n/* tokio /* nested */ tokio */ //! tokio\n", "tokio"));
        assert!(!named("let a = \"tokio \\\" tokio\"; let b = r#\"tokio \" tokio\"#;", "tokio"));
        assert!(!named("let tokio = tokio_like::a(not_tokio::b, crate::tokio::c);", "tokio"));
        assert!(named("let q = '\"'; tokio::spawn(f)", "tokio"));
        assert!(named("fn f<'a>(x: &'a str) { tokio::spawn(x) }", "tokio"));
    }

    #[test]
    fn tests_at_the_end_count_for_nothing() {
        let source = Source::read("//! A.\nfn a() {}\n\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n");
        assert_eq!(source.lines, 3);
        assert!(!source.code.iter().any(|line| names(line, "std::fs")));
    }

    #[test]
    fn lines_keep_their_numbers() {
        let source = Source::read("//! A.\nlet s = \"one\ntwo\";\nstd::fs::read(s);\n");
        assert!(names(&source.code[3], "std::fs"));
    }
}
