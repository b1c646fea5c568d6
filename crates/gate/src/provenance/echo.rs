//! What a result only says back: "Sent to ann@example.org" tells nothing of Ann that the call did not say itself. A value
//! that came from somebody stands in what they said as well, so leaving its echo out hides nothing.

use crate::call::{Request, scalars};
use memchr::memmem;
use serde_json::Value;
use std::borrow::Cow;

/// The most values of one call, and how long they are, in bytes. Shorter ones are common words.
const MOST: usize = 32;
const SHORTEST: usize = 4;
const LONGEST: usize = 512;
/// The longest request, and the longest text that is looked through, in bytes: what says back what was done is short.
const TEXT: usize = 64 * 1024;

/// The values that a call handed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said(Vec<String>);

impl Said {
    /// Those of this request; none where it is long.
    pub fn of(request: &Request) -> Self {
        if request.arguments.len() > TEXT {
            return Self::default();
        }
        Self::in_arguments(&request.parsed)
    }

    fn in_arguments(arguments: &Value) -> Self {
        let text = |(_, value): (String, &Value)| match value {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let fits = |text: &String| (SHORTEST..=LONGEST).contains(&text.len());
        let mut said: Vec<String> = scalars(arguments).into_iter().filter_map(text).filter(fits).take(MOST).collect();
        // One may stand within another.
        said.sort_unstable_by_key(|text| std::cmp::Reverse(text.len()));
        Self(said)
    }

    /// A text without what was said, where it stands by itself. In the middle of a longer word it is part of another one.
    pub(super) fn left_out<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        if text.len() > TEXT {
            return text;
        }
        for said in &self.0 {
            let mut rest = String::new();
            let mut done = 0;
            for at in memmem::find_iter(text.as_bytes(), said) {
                let end = at + said.len();
                let (Some(before), Some(between), Some(after)) = (text.get(..at), text.get(done..at), text.get(end..))
                else {
                    continue;
                };
                if ends_word(before) && begins_word(after) {
                    rest.push_str(between);
                    rest.push(' ');
                    done = end;
                }
            }
            if done > 0 {
                rest.push_str(text.get(done..).unwrap_or_default());
                text = Cow::Owned(rest);
            }
        }
        text
    }
}

/// Whether nothing before a place belongs to what stands there.
fn ends_word(before: &str) -> bool {
    before.chars().next_back().is_none_or(|c| !belongs(c) && !".:".contains(c))
}

/// Whether nothing behind a place belongs to what stands there. A sentence may end with it.
fn begins_word(after: &str) -> bool {
    let mut after = after.chars();
    match after.next() {
        Some('.' | ':' | '?') => after.next().is_none_or(char::is_whitespace),
        first => first.is_none_or(|c| !belongs(c)),
    }
}

fn belongs(c: char) -> bool {
    // What can't be seen may stand within a word too.
    let separates = c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>');
    !(separates || matches!(c, ',' | ';' | '!' | '“' | '”' | '‘' | '’' | '«' | '»'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn left(arguments: &Value, text: &str) -> String {
        Said::in_arguments(arguments).left_out(text).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_was_said_is_left_out_where_it_stands_by_itself() {
        let mail = json!({"to": "ann@example.org", "subject": "Lunch on Friday", "n": 12_345, "x": "a"});
        for (text, rest) in [
            ("Sent to ann@example.org.", "Sent to ."),
            ("\"Lunch on Friday\" went to <ann@example.org>, 12345", "\" \" went to < >,"),
            ("ann@example.org", ""),
            ("joann@example.org", "joann@example.org"),
            ("ann@example.org.evil.example", "ann@example.org.evil.example"),
            ("https://evil.example/?q=ann@example.org", "https://evil.example/?q=ann@example.org"),
            ("ann@example.org\u{200b}x", "ann@example.org\u{200b}x"),
            ("Lunch on Fridays, a plan for 123456", "Lunch on Fridays, a plan for 123456"),
        ] {
            assert_eq!(left(&mail, text), rest, "{text}");
        }
        let inside = json!({"path": "/home/ann/notes", "file": "/home/ann/notes/a.md"});
        assert_eq!(left(&inside, "wrote /home/ann/notes/a.md in /home/ann/notes"), "wrote in");
    }

    #[test]
    fn what_is_long_is_looked_for_as_it_is() {
        let long = format!("{} ann@example.org", "x ".repeat(TEXT));
        assert_eq!(Said::in_arguments(&json!({"to": "ann@example.org"})).left_out(&long), long);
    }
}
