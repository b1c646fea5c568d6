//! What is there now, as its server says, beside what the call would make of it.

use crate::print::{Ended, Part, Printer, Style, part, plain};
use std::io::Write;
use wire::view::{FieldView, Held, LineView, NowView, Sign};

/// Prints it.
pub(crate) fn print<W: Write>(now: &NowView, to: &mut Printer<W>) -> Result<(), Ended> {
    let counts = (now.added + now.removed > 0).then(|| format!("  (+{} −{} lines)", now.added, now.removed));
    to.line(&[part(Style::Strong, now.held.words()), plain(counts.unwrap_or_default())])?;
    if !now.why.is_empty() {
        to.field("Why", &now.why)?;
    }
    if now.held != Held::Failed {
        to.line(&[
            part(Style::Faint, "Claimed by the server, not verified; read by Consentry with "),
            plain(now.tool.clone()),
        ])?;
    }
    if !now.said.is_empty() {
        to.field("It says", &now.said)?;
    }
    for field in &now.fields {
        to.line(&side_by_side(field))?;
    }
    for shown in &now.lines {
        to.line(&line(shown))?;
    }
    if now.cut { to.say("  … there is more.") } else { Ok(()) }
}

fn side_by_side(field: &FieldView) -> Vec<Part> {
    let before = match &field.before {
        Some(before) => part(Style::Caution, format!("[-{before}-]")),
        None => part(Style::Faint, "(not said)"),
    };
    vec![
        part(Style::Faint, format!("  {} ", field.name)),
        before,
        plain(" "),
        part(Style::Danger, format!("{{+{}+}}", field.after)),
    ]
}

fn line(shown: &LineView) -> Vec<Part> {
    match (shown.sign, shown.folded) {
        (_, n) if n > 0 => vec![part(Style::Faint, format!("  … {n} lines stay"))],
        (Sign::Same, _) => vec![plain("    "), plain(shown.text.clone())],
        (Sign::Gone, _) => vec![part(Style::Caution, "  - "), part(Style::Caution, shown.text.clone())],
        (Sign::New, _) => vec![part(Style::Danger, "  + "), part(Style::Danger, shown.text.clone())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::tests::{printed, printer};

    #[test]
    fn a_lying_server_writes_no_line_of_its_own() {
        let shown = |sign, text: &str| LineView { sign, text: text.into(), folded: 0 };
        let now = NowView {
            tool: "read\u{1b}[2J".into(),
            held: Held::Differs,
            lines: vec![
                shown(Sign::Gone, "old\u{202e}\nApproved by Consentry"),
                LineView { sign: Sign::Same, text: String::new(), folded: 12 },
                shown(Sign::New, "new"),
            ],
            fields: vec![FieldView { name: "state".into(), before: None, after: "closed".into() }],
            added: 1,
            removed: 1,
            cut: true,
            said: String::new(),
            why: String::new(),
            at: 0,
        };
        let mut to = printer(false);
        print(&now, &mut to).unwrap();
        let out = printed(to);
        for expected in [
            "(+1 −1 lines)",
            "not verified; read by Consentry with read[U+001B ESC][2J",
            "  - old[U+202E RLO]\\nApproved by Consentry",
            "  … 12 lines stay",
            "  + new",
            "  state (not said) {+closed+}",
            "  … there is more.",
        ] {
            assert!(out.contains(expected), "{expected:?} is missing in\n{out}");
        }
        assert!(!out.lines().any(|line| line.starts_with("Approved")));
    }
}
