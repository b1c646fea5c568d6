//! `consentry client threats`: what a program could be made to do with all that it uses.

use crate::print::{Ended, Printer, Style, part, plain};
use std::io::Write;
use wire::view::{CutView, ThreatView, ToolRef};

pub(super) fn print<W: Write>(view: &ThreatView, printer: &mut Printer<W>) -> Result<(), Ended> {
    if printer.is_json() {
        return printer.json(view);
    }
    printer.line(&[part(Style::Strong, view.client.clone())])?;
    if view.servers.is_empty() {
        printer.say("It has called nothing in the last 30 days.")?;
    }
    let legs =
        [("Reads your data", &view.private), ("Brings others’ text", &view.untrusted), ("Sends out", &view.outward)];
    for (what, tools) in legs.into_iter().filter(|_| !view.servers.is_empty()) {
        printer.field(what, &if tools.is_empty() { "nothing".to_owned() } else { listed(tools) })?;
    }
    if !view.others.is_empty() {
        printer.field("Could also use", &view.others.join(", "))?;
    }
    printer.say("")?;
    if view.together {
        let why = "All three together: a text that it reads can make it send out what it reads. The preset `balanced` asks \
                   whenever one chat has seen the first two and something would leave.";
        printer.line(&[part(Style::Caution, why)])?;
        for cut in &view.cuts {
            printer.line(&[plain(format!("  Without {}, {}.", listed(&cut.tools), gone(cut)))])?;
        }
    } else if !view.servers.is_empty() {
        printer.say(
            "The three are not together: by what it uses now, nothing it reads can make it send out what it reads.",
        )?;
    }
    Ok(())
}

fn listed(tools: &[ToolRef]) -> String {
    tools.iter().map(|tool| format!("{} of {}", tool.tool, tool.server)).collect::<Vec<_>>().join(", ")
}

fn gone(cut: &CutView) -> &'static str {
    match cut.leg.as_str() {
        "private" => "it reads nothing private",
        "untrusted" => "nobody else’s text reaches it",
        _ => "nothing can leave",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::tests::{printed, printer};

    #[test]
    fn the_three_and_what_cuts_them_are_said_with_foreign_names_escaped() {
        let tool = |server: &str, tool: &str| ToolRef { server: server.into(), tool: tool.into() };
        let mut view = ThreatView {
            client: "/usr/bin/agent".into(),
            servers: vec!["mail".into()],
            private: vec![tool("mail", "read")],
            untrusted: vec![tool("mail", "read")],
            outward: vec![tool("mail", "send\u{202e}")],
            together: true,
            cuts: vec![CutView { leg: "outward".into(), tools: vec![tool("mail", "send\u{202e}")] }],
            ..ThreatView::default()
        };
        let mut out = printer(false);
        print(&view, &mut out).unwrap();
        let out = printed(out);
        assert!(out.contains("Without send[U+202E RLO] of mail, nothing can leave."), "{out}");
        (view.together, view.cuts) = (false, Vec::new());
        view.outward.clear();
        let mut out = printer(false);
        print(&view, &mut out).unwrap();
        assert!(printed(out).contains("not together"));
    }
}
