//! A question in words, whole: on a terminal the person must see what the window would show.

mod changes;
mod marks;
pub(crate) mod now;

use crate::print::{Ended, Part, Printer, Style, ahead, moment, part, plain, shortened, word};
use std::io::Write;
use wire::view::{ApprovalView, RunView, SentencePart, Severity, ToolView, TrustView, VariableView};

/// The sentence at the top of the card; foreign words in it stand in quotes.
pub(super) fn sentence(view: &ApprovalView) -> String {
    phrase(&view.sentence)
}

/// A sentence of ours; foreign words in it stand in quotes.
pub(crate) fn phrase(parts: &[SentencePart]) -> String {
    let words = |part: &SentencePart| match part {
        SentencePart::Ours(text) | SentencePart::Rest(text) => text.clone(),
        SentencePart::Slot(text) => format!("“{}”", shortened(text, 80)),
    };
    parts.iter().map(words).collect()
}

/// Prints the card.
pub(super) fn print<W: Write>(view: &ApprovalView, now: i64, to: &mut Printer<W>) -> Result<(), Ended> {
    to.line(&[part(Style::Strong, sentence(view))])?;
    to.say("")?;
    who(view, to)?;
    if !view.server.is_empty() {
        to.field("Server", &view.server)?;
    }
    if !view.tool.is_empty() {
        to.field("Tool", &view.tool)?;
    }
    if !view.effects.is_empty() {
        let effects: Vec<&str> = view.effects.iter().map(|effect| effect.word()).collect();
        to.field("Effects", &effects.join(", "))?;
    }
    for destination in &view.destinations {
        to.field("Reaches", &format!("{} {}", destination.kind, destination.value))?;
    }
    arguments(view, to)?;
    leaves(view, to)?;
    if view.now.is_some() && view.ended.is_none() {
        to.field("There now", &format!("see it with `consentry approvals now {}`", view.id))?;
    }
    if let Some(run) = &view.run {
        command(run, to)?;
    }
    if let Some(trust) = &view.trust {
        tools(trust, to)?;
    }
    section("Difference", view.difference.iter().map(|line| vec![plain(line)]), to)?;
    let reason =
        |reason: &wire::view::Reason| vec![plain(format!("{} ({}): {}", reason.title, reason.policy, reason.why))];
    section("Why it asks", view.reasons.iter().map(reason), to)?;
    section("Findings", view.findings.iter().map(finding), to)?;
    let origin = |origin: &wire::view::ProvenanceView| {
        let source = |s: &wire::view::SourceView| {
            let tool = if s.tool.is_empty() { String::new() } else { format!("{} of ", s.tool) };
            format!("{tool}{} ({}, {}): “{}”", s.server, s.trust, s.matched, s.excerpt)
        };
        let sources: Vec<String> = origin.sources.iter().map(source).collect();
        let from = if sources.is_empty() { String::new() } else { format!(", from {}", sources.join("; ")) };
        vec![plain(format!("{}  {}{from}", origin.pointer, origin.standing))]
    };
    let field = |field: &wire::view::RememberField| {
        let choice = |(n, parts): (usize, &Vec<SentencePart>)| format!("{n}: {}", phrase(parts));
        let choices: Vec<String> = field.choices.iter().enumerate().map(choice).collect();
        vec![plain(format!("{}  {}", field.pointer, choices.join("; ")))]
    };
    section("A yes may be remembered with", view.remember.iter().flat_map(|r| &r.fields).map(field), to)?;
    section("Origin", view.provenance.iter().map(origin), to)?;
    to.say("")?;
    if let Some(why) = &view.closed {
        to.field("Closed", why)?;
    }
    end(view, now, to)
}

fn who<W: Write>(view: &ApprovalView, to: &mut Printer<W>) -> Result<(), Ended> {
    let client = &view.client;
    if client.program.is_empty() {
        return Ok(());
    }
    to.field("Client", &format!("{} (process {})", client.name, client.pid))?;
    to.field("Program", &client.program)?;
    if let Some(script) = &client.script {
        to.field("Script", script)?;
    }
    if !client.parents.is_empty() {
        to.field("Started by", &client.parents.join(" ← "))?;
    }
    if let Some(claimed) = &client.claimed {
        to.field("Says it is", &format!("“{claimed}”"))?;
    }
    Ok(())
}

fn arguments<W: Write>(view: &ApprovalView, to: &mut Printer<W>) -> Result<(), Ended> {
    let argument = |value: &wire::view::ArgumentView| {
        let mut line = vec![part(Style::Faint, format!("{} ", value.name)), plain(value.text.clone())];
        if !value.declared {
            line.push(part(Style::Caution, "  (not declared by the tool)"));
        }
        line
    };
    for (at, value) in view.values.iter().enumerate() {
        if at == 0 {
            to.say("")?;
            to.line(&[part(Style::Faint, "Arguments")])?;
        }
        let mut line = argument(value);
        line.insert(0, plain("  "));
        to.line(&line)?;
        marks::print(value, to)?;
    }
    if view.values.is_empty() && !view.arguments_text.is_empty() {
        to.field("Arguments", &view.arguments_text)?;
    }
    Ok(())
}

/// Secrets and personal data that would go along.
fn leaves<W: Write>(view: &ApprovalView, to: &mut Printer<W>) -> Result<(), Ended> {
    for one in &view.leaves {
        let from = one.from.join(", ");
        let how = match (one.put_back, one.from_there) {
            (false, _) => "written by the agent".to_owned(),
            (true, true) => "not seen by the agent; goes back where it came from".to_owned(),
            (true, false) => format!("not seen by the agent; given by {from}, another server"),
        };
        to.field("Goes along", &format!("{}, {}: {how}", one.shown, one.words))?;
    }
    Ok(())
}

fn command<W: Write>(run: &RunView, to: &mut Printer<W>) -> Result<(), Ended> {
    if let Some(before) = &run.before {
        to.field("Before", &words(before))?;
    }
    to.field("Command", &words(&run.words))?;
    to.field("Program", &run.resolved)?;
    to.field("SHA-256", if run.sha256.is_empty() { "the program was not found" } else { &run.sha256 })?;
    if !run.env.is_empty() {
        let one = |variable: &VariableView| match &variable.value {
            Some(value) => format!("{}={value}", variable.name),
            None => format!("{} (value hidden)", variable.name),
        };
        to.field("Variables", &run.env.iter().map(one).collect::<Vec<_>>().join(", "))?;
    }
    Ok(())
}

/// The words of a command as a shell would read them back.
pub(crate) fn words(words: &[String]) -> String {
    shell_words::join(words)
}

fn tools<W: Write>(trust: &TrustView, to: &mut Printer<W>) -> Result<(), Ended> {
    if trust.program_changed {
        to.line(&[part(Style::Caution, "The program itself changed.")])?;
    }
    to.field("Tools", &format!("runs without asking: {}, asks: {}", trust.runs, trust.asks))?;
    if let Some(instructions) = &trust.instructions {
        to.field("Instructions", instructions)?;
    }
    changes::print(trust, to)?;
    section("Tools", trust.tools.iter().map(tool), to)
}

fn tool(tool: &ToolView) -> Vec<Part> {
    let effects: Vec<&str> = tool.effects.iter().map(|effect| effect.word()).collect();
    let asks = match (tool.left_out, tool.asks) {
        (true, _) => "left out",
        (_, true) => "asks",
        (_, false) => "runs without asking",
    };
    let set = if tool.derived.is_empty() { "" } else { ", set by you" };
    vec![
        plain(format!("{} ", tool.name)),
        part(Style::Faint, format!("({}{set}; {asks}; {}) ", effects.join(", "), word(&tool.pin))),
        plain(tool.description.clone()),
    ]
}

fn finding(finding: &wire::view::FindingView) -> Vec<Part> {
    let style = match finding.severity {
        Severity::Info => Style::Plain,
        Severity::Caution => Style::Caution,
        Severity::Danger => Style::Danger,
    };
    vec![
        part(style, format!("{} ", word(&finding.severity))),
        plain(format!("{} {}", finding.pointer, finding.message)),
    ]
}

/// Lines under a heading; without lines, no heading.
fn section<W: Write>(heading: &str, lines: impl Iterator<Item = Vec<Part>>, to: &mut Printer<W>) -> Result<(), Ended> {
    for (at, mut line) in lines.enumerate() {
        if at == 0 {
            to.say("")?;
            to.line(&[part(Style::Faint, heading)])?;
        }
        line.insert(0, plain("  "));
        to.line(&line)?;
    }
    Ok(())
}

fn end<W: Write>(view: &ApprovalView, now: i64, to: &mut Printer<W>) -> Result<(), Ended> {
    to.field("Kind", &word(&view.kind))?;
    to.field(
        "Asks for",
        if view.level == wire::view::Level::StepUp { "a deliberate yes: high risk" } else { "a yes" },
    )?;
    to.field("Id", &view.id)?;
    to.field("Digest", &view.digest)?;
    match (&view.ended, view.expires_at) {
        (Some(ended), _) => {
            let by = if ended.answered_by.is_empty() { String::new() } else { format!(" by {}", ended.answered_by) };
            to.field("Ended", &format!("{}{by}, {} {}", word(&ended.answer), moment(ended.at), ended.outcome))
        }
        (None, Some(at)) => to.field("Expires", &ahead(at, now)),
        (None, None) => to.field("Expires", "never"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::print::tests::{printed, printer};
    use serde_json::json;
    use wire::view::{ApprovalKind, ArgumentView, ClientView, DestinationView, Effect, FindingView, Level, Reason};

    /// A hostile call that waits.
    pub(crate) fn question() -> ApprovalView {
        let slot = |text: &str| SentencePart::Slot(text.into());
        ApprovalView {
            kind: ApprovalKind::Call,
            id: "0190a0a0-0000-7000-8000-000000000000".into(),
            digest: "ab".repeat(32),
            level: Level::StepUp,
            client: ClientView {
                name: "node".into(),
                program: "/usr/bin/node".into(),
                pid: 7,
                ..ClientView::default()
            },
            server: "mail".into(),
            tool: "send\u{202e}mail".into(),
            arguments: json!({"to": "a@b.c"}),
            reasons: vec![Reason {
                policy: "send-needs-person".into(),
                title: "Sending".into(),
                why: "It leaves.".into(),
            }],
            findings: vec![FindingView {
                class: "hidden_characters".into(),
                severity: Severity::Danger,
                pointer: "/to".into(),
                message: "Hidden characters.".into(),
                excerpt: None,
            }],
            traced: false,
            provenance: vec![],
            effects: vec![Effect::Send],
            destinations: vec![DestinationView {
                kind: "address".into(),
                value: "a@b.c".into(),
                pointer: "/to".into(),
            }],
            expires_at: Some(80_000),
            asked_at: 0,
            sentence: vec![
                SentencePart::Ours("Send to ".into()),
                slot("a@b.c\u{1b}[31m"),
                SentencePart::Ours(".".into()),
            ],
            values: vec![ArgumentView {
                pointer: "/to".into(),
                name: "to".into(),
                text: "a@b.c\nApproved by Consentry".into(),
                kind: "string".into(),
                declared: false,
                marks: vec![],
            }],
            arguments_text: r#"{"to":"a@b.c"}"#.into(),
            definition: None,
            run: None,
            trust: None,
            difference: vec![],
            act: None,
            arms_after_ms: 2000,
            closed: None,
            ended: None,
            client_waits: wire::view::ClientWaits::default(),
            edits: Vec::new(),
            leaves: Vec::new(),
            remember: None,
            now: None,
        }
    }

    #[test]
    fn a_card_says_everything_and_hides_nothing() {
        let mut to = printer(false);
        print(&question(), 0, &mut to).unwrap();
        let card = printed(to);
        for expected in [
            "Send to “a@b.c[U+001B ESC][31m”.",
            "send[U+202E RLO]mail",
            "a@b.c\\nApproved by Consentry  (not declared by the tool)",
            "Sending (send-needs-person): It leaves.",
            "danger /to Hidden characters.",
            "address a@b.c",
            "high risk",
            "in 1 min 20 s",
            &"ab".repeat(32),
        ] {
            assert!(card.contains(expected), "{expected:?} is missing in\n{card}");
        }
        assert!(!card.lines().any(|line| line.starts_with("Approved by")), "foreign text begins no line");
    }

    #[test]
    fn a_command_is_shown_as_a_shell_reads_it() {
        assert_eq!(words(&["npx".into(), "a b".into(), "x".into()]), "npx 'a b' x");
    }
}
