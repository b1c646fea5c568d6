//! What changed since a server's tools were approved, in words.

use crate::print::{Ended, Part, Printer, Style, part, plain, word};
use std::io::Write;
use wire::view::{ChangeClass, ChangeView, Effect, Sign, ToolChangeView, TrustView};

/// Prints what changed, riskiest first; nothing where nothing did.
pub(super) fn print<W: Write>(trust: &TrustView, to: &mut Printer<W>) -> Result<(), Ended> {
    if let Some(before) = trust.before {
        to.field("Before", &format!("ran without asking: {}, asked: {}", before.runs, before.asks))?;
    }
    if trust.changes.is_empty() && trust.instructions_change.is_none() {
        return Ok(());
    }
    to.say("")?;
    to.line(&[part(Style::Faint, "What changed")])?;
    if let Some(change) = &trust.instructions_change {
        to.line(&[part(Style::Strong, "  Its instructions for the model")])?;
        one(change, to)?;
    }
    trust.changes.iter().try_for_each(|change| tool(change, to))
}

fn tool<W: Write>(change: &ToolChangeView, to: &mut Printer<W>) -> Result<(), Ended> {
    let mut line = vec![part(Style::Strong, format!("  {}", change.name)), plain(format!("  {}", word(&change.pin)))];
    line.extend(class(change.class));
    to.line(&line)?;
    if change.before != change.after {
        to.say(&format!("    can: {} → {}", effects(&change.before), effects(&change.after)))?;
    }
    let asks = |asks: bool| if asks { "asks" } else { "runs without asking" };
    match (change.asked, change.asks) {
        (Some(before), Some(now)) if before != now => {
            to.say(&format!("    calls: {} → {}", asks(before), asks(now)))?;
        }
        (None, Some(now)) => to.say(&format!("    calls: {}", asks(now)))?,
        _ => {}
    }
    change.changes.iter().filter(|c| c.place != "effects").try_for_each(|change| one(change, to))
}

fn effects(effects: &[Effect]) -> String {
    if effects.is_empty() { "nothing".into() } else { effects.iter().map(|e| e.word()).collect::<Vec<_>>().join(", ") }
}

fn class(class: ChangeClass) -> Option<Part> {
    match class {
        ChangeClass::Harmless => Some(plain("  spelling or order only")),
        ChangeClass::Changed => None,
        ChangeClass::Widened => Some(part(Style::Caution, "  can do more")),
        ChangeClass::Steering => Some(part(Style::Danger, "  speaks to the model")),
    }
}

fn one<W: Write>(change: &ChangeView, to: &mut Printer<W>) -> Result<(), Ended> {
    let mut head = vec![plain(format!("    {} {} {}", change.place, change.name, change.said))];
    for (said, value) in [("before", &change.before), ("now", &change.after)] {
        if let Some(value) = value {
            head.push(plain(format!("  {said}: {value}")));
        }
    }
    to.line(&head)?;
    for why in &change.why {
        to.line(&[part(Style::Danger, format!("      {why}"))])?;
    }
    if change.words.is_empty() {
        return Ok(());
    }
    // Without colours, too, it must show which words are new.
    let piece = |word: &wire::view::WordView| match word.sign {
        Sign::Same => part(Style::Faint, word.text.clone()),
        Sign::Gone => part(Style::Caution, format!("[-{}-]", word.text)),
        Sign::New => part(Style::Danger, format!("{{+{}+}}", word.text)),
    };
    let mut line = vec![plain("      claimed, not verified: ")];
    line.extend(change.words.iter().map(piece));
    to.line(&line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::tests::{printed, printer};
    use wire::view::{CountsView, PinState, WordView};

    #[test]
    fn a_difference_is_whole_and_marked() {
        let words = vec![
            WordView { sign: Sign::Same, text: "Sends".into() },
            WordView { sign: Sign::New, text: " silently\u{202e}".into() },
        ];
        let change = ChangeView {
            class: ChangeClass::Steering,
            place: "description".into(),
            name: String::new(),
            said: "says something else".into(),
            before: None,
            after: None,
            words,
            why: vec!["It asks that something be kept from you.".into()],
        };
        let trust = TrustView {
            tools: vec![],
            instructions: None,
            runs: 1,
            asks: 2,
            program_changed: false,
            changes: vec![ToolChangeView {
                name: "mail".into(),
                pin: PinState::Drifted,
                class: ChangeClass::Steering,
                before: vec![Effect::Read],
                after: vec![Effect::Read, Effect::Send],
                asked: Some(false),
                asks: Some(true),
                changes: vec![change],
            }],
            instructions_change: None,
            before: Some(CountsView { runs: 2, asks: 1 }),
        };
        let mut to = printer(false);
        print(&trust, &mut to).unwrap();
        let out = printed(to);
        for expected in [
            "ran without asking: 2, asked: 1",
            "mail  drifted  speaks to the model",
            "can: read → read, send",
            "calls: runs without asking → asks",
            "It asks that something be kept from you.",
            "claimed, not verified: Sends{+ silently[U+202E RLO]+}",
        ] {
            assert!(out.contains(expected), "{expected:?} is missing in\n{out}");
        }
    }
}
