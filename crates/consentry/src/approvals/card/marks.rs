//! What can be said about a value, under it.

use crate::print::{Ended, Part, Printer, Style, moment, part, plain};
use std::io::Write;
use wire::view::{ArgumentView, Found, Mark, PathPlace, PieceKind};

/// Prints the marks of a value, one a line.
pub(super) fn print<W: Write>(value: &ArgumentView, to: &mut Printer<W>) -> Result<(), Ended> {
    for said in &value.marks {
        let mut line = vec![plain("    ")];
        if said.pointer != value.pointer {
            line.push(part(Style::Faint, format!("{} ", said.pointer)));
        }
        line.extend(words(&said.mark));
        to.line(&line)?;
    }
    Ok(())
}

fn words(mark: &Mark) -> Vec<Part> {
    match mark {
        Mark::Path { leads_to, linked, found, place, root } => {
            path(leads_to.as_deref(), *linked, *found, *place, root.as_deref())
        }
        Mark::Url { user, domain, letters, open, .. } => {
            let mut line = vec![plain(format!("belongs to {domain}"))];
            if let Some(letters) = letters {
                line.push(part(Style::Caution, format!(", looks like {letters}")));
            }
            if user.is_some() {
                line.push(part(Style::Caution, ", what stands before @ is not the host"));
            }
            if *open {
                line.push(part(Style::Caution, ", not encrypted on the way"));
            }
            line
        }
        Mark::Command { pieces } => {
            let one = |piece: &wire::view::PieceView| {
                let style = match piece.kind {
                    PieceKind::Program => Style::Strong,
                    PieceKind::Word => Style::Plain,
                    PieceKind::Joint | PieceKind::Redirection | PieceKind::Substitution => Style::Caution,
                };
                part(style, format!("[{}] ", piece.text))
            };
            pieces.iter().map(one).collect()
        }
        Mark::Base64 { text, bytes } => {
            let rest = usize::try_from(*bytes).unwrap_or(usize::MAX).saturating_sub(text.len());
            let more = if rest > 0 { format!(" (+{rest} bytes)") } else { String::new() };
            vec![part(Style::Caution, "base64 of "), plain(format!("{text}{more}"))]
        }
        Mark::Amount { currency, unit, maybe_hundredths } => {
            let mut said = Vec::new();
            said.extend(currency.as_ref().map(|c| format!("in {c}")));
            said.extend(unit.as_ref().map(|u| format!("counted in {u}")));
            if *maybe_hundredths {
                said.push("a whole number: some services count in hundredths".into());
            }
            vec![plain(said.join(", "))]
        }
        Mark::Items { count } => vec![plain(format!("{count} items"))],
        Mark::Party { value, times, last_at, inside, like, .. } => {
            party(value, *times, *last_at, *inside, like.as_deref())
        }
    }
}

fn party(value: &str, times: Option<u64>, last_at: Option<i64>, inside: Option<bool>, like: Option<&str>) -> Vec<Part> {
    let mut line = vec![plain(format!("{value}: "))];
    line.push(match (times, last_at) {
        (None, _) => part(Style::Caution, "not known whether you used it before"),
        (Some(0), _) => part(Style::Caution, "first time"),
        (Some(n), Some(at)) => {
            plain(format!("seen {n} {}, last on {} UTC", if n == 1 { "time" } else { "times" }, moment(at)))
        }
        (Some(n), None) => plain(format!("seen {n} times")),
    });
    match inside {
        Some(true) => line.push(plain(", inside your domains")),
        Some(false) => line.push(part(Style::Caution, ", outside your domains")),
        None => {}
    }
    if let Some(like) = like {
        line.push(part(Style::Danger, format!(", looks like {like}, which you know; it is another")));
    }
    line
}

fn path(leads_to: Option<&str>, linked: bool, found: Found, place: PathPlace, root: Option<&str>) -> Vec<Part> {
    let found = match found {
        Found::File => "a file",
        Found::Folder => "a folder",
        Found::Other => "a device or socket",
        Found::Nothing => "nothing there",
        Found::NotLooked => "not looked at",
    };
    let mut line = Vec::new();
    if let Some(to) = leads_to {
        let head = if linked { part(Style::Caution, "a link, leads to ") } else { plain("is ") };
        line.extend([head, plain(format!("{to}, "))]);
    }
    line.push(plain(found));
    let root = root.unwrap_or_default();
    match place {
        PathPlace::Inside => line.push(plain(format!(", inside {root}"))),
        PathPlace::Outside => line.push(part(Style::Caution, format!(", outside {root}"))),
        PathPlace::Unknown => {}
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::tests::{printed, printer};
    use wire::view::{MarkView, PieceView};

    #[test]
    fn every_mark_has_its_words_and_hides_nothing() {
        let piece = |text: &str, kind| PieceView { text: text.into(), kind };
        let marks = [
            Mark::Path {
                leads_to: Some("/etc/\u{202e}shadow".into()),
                linked: true,
                found: Found::File,
                place: PathPlace::Outside,
                root: Some("/home/a".into()),
            },
            Mark::Url {
                scheme: "http://".into(),
                user: Some("bank@".into()),
                before: "www.".into(),
                domain: "evil.example".into(),
                after: "/".into(),
                letters: Some("\u{430}pple.example".into()),
                open: true,
            },
            Mark::Command { pieces: vec![piece("curl", PieceKind::Program), piece("|", PieceKind::Joint)] },
            Mark::Base64 { text: "rm \u{1b}[2J".into(), bytes: 90 },
            Mark::Amount { currency: Some("EUR".into()), unit: None, maybe_hundredths: true },
            Mark::Items { count: 3 },
            Mark::Party {
                kind: "address".into(),
                value: "a@exarnple.org\u{202e}".into(),
                times: Some(0),
                last_at: None,
                inside: Some(false),
                like: Some("example.org".into()),
            },
            Mark::Party {
                kind: "host".into(),
                value: "b.example".into(),
                times: Some(14),
                last_at: Some(0),
                inside: None,
                like: None,
            },
        ];
        let value = ArgumentView {
            pointer: "/a".into(),
            name: "a".into(),
            text: String::new(),
            kind: "string".into(),
            declared: true,
            marks: marks.into_iter().map(|mark| MarkView { pointer: "/a/0".into(), mark }).collect(),
        };
        let mut to = printer(false);
        print(&value, &mut to).unwrap();
        let out = printed(to);
        for expected in [
            "a link, leads to /etc/[U+202E RLO]shadow, a file, outside /home/a",
            "belongs to evil.example, looks like \u{430}pple.example, what stands before @ is not the host, not encrypted",
            "[curl] [|]",
            "base64 of rm [U+001B ESC][2J (+83 bytes)",
            "in EUR, a whole number",
            "/a/0 3 items",
            "a@exarnple.org[U+202E RLO]: first time, outside your domains, looks like example.org, which you know",
            "b.example: seen 14 times, last on 1970-01-01",
        ] {
            assert!(out.contains(expected), "{expected:?} is missing in\n{out}");
        }
    }
}
