//! What the gate says about values, as a window is shown it.

use gate::meaning::Argument;
use gate::meaning::marks::{What, marks};
use gate::meaning::shell::Kind;
use serde_json::Value;
use wire::view::{ArgumentView, FindingView, Mark, MarkView, PathPlace, PieceKind, PieceView, Severity};

/// The marks of all values; lists say how many they hold.
pub(super) fn of(arguments: &[Argument]) -> Vec<MarkView> {
    let lists = arguments.iter().filter_map(|argument| {
        let Value::Array(items) = &argument.value else { return None };
        let pointer = format!("/{}", gate::call::token(&argument.name));
        let mark = Mark::Items { count: items.len() as u64 };
        (items.len() > 1).then_some(MarkView { pointer, mark })
    });
    lists.chain(marks(arguments).into_iter().map(|m| MarkView { pointer: m.pointer, mark: mark(m.what) })).collect()
}

/// What is odd enough about the values to stand at the top of the card.
pub(super) fn findings(values: &[ArgumentView]) -> Vec<FindingView> {
    let odd = |said: &MarkView| {
        let (class, message) = match &said.mark {
            Mark::Path { place: PathPlace::Outside, linked: true, .. } => {
                ("leads_outside", "A link leads out of the folder that the server was given.")
            }
            Mark::Path { place: PathPlace::Outside, .. } => {
                ("leads_outside", "The path is not in the folder that the server was given.")
            }
            Mark::Url { user: Some(_), .. } => {
                ("disguised_host", "What stands before the @ looks like a host and is none.")
            }
            Mark::Url { letters: Some(_), .. } => {
                ("disguised_host", "The host has letters that can look like those of another.")
            }
            _ => return None,
        };
        let (class, message) = (class.to_owned(), message.to_owned());
        Some(FindingView { class, severity: Severity::Caution, pointer: said.pointer.clone(), message, excerpt: None })
    };
    values.iter().flat_map(|v| &v.marks).filter_map(odd).take(16).collect()
}

fn mark(what: What) -> Mark {
    match what {
        What::Url(a) => Mark::Url {
            scheme: a.scheme,
            user: a.user,
            before: a.before,
            domain: a.domain,
            after: a.after,
            letters: a.letters,
            open: a.open,
        },
        What::Command(pieces) => Mark::Command {
            pieces: pieces.into_iter().map(|(text, kind)| PieceView { text, kind: piece(kind) }).collect(),
        },
        What::Base64 { text, bytes } => Mark::Base64 { text, bytes: bytes as u64 },
        What::Amount { currency, unit, maybe_hundredths } => {
            Mark::Amount { currency, unit: unit.map(str::to_owned), maybe_hundredths }
        }
    }
}

fn piece(kind: Kind) -> PieceKind {
    match kind {
        Kind::Program => PieceKind::Program,
        Kind::Word => PieceKind::Word,
        Kind::Joint => PieceKind::Joint,
        Kind::Redirection => PieceKind::Redirection,
        Kind::Substitution => PieceKind::Substitution,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate::meaning::arguments;

    #[test]
    fn what_disguises_itself_stands_at_the_top() {
        let marked = |json: &str| {
            let marks = of(&arguments(json.as_bytes()));
            let value = ArgumentView {
                pointer: "/url".into(),
                name: "url".into(),
                text: String::new(),
                kind: "string".into(),
                declared: true,
                marks,
            };
            findings(&[value]).into_iter().map(|f| f.class).collect::<Vec<_>>()
        };
        assert!(marked(r#"{"url": "https://a.example/x"}"#).is_empty());
        assert_eq!(marked(r#"{"url": "https://bank.example@evil.example/"}"#), ["disguised_host"]);
        assert_eq!(marked(r#"{"url": "https://xn--pple-43d.com/"}"#), ["disguised_host"]);
    }

    #[test]
    fn lists_say_how_many_they_hold() {
        let marks = of(&arguments(br#"{"a": [1, 2, 3], "b": [1]}"#));
        assert_eq!(marks, [MarkView { pointer: "/a".into(), mark: Mark::Items { count: 3 } }]);
    }
}
