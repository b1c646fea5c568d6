//! `consentry doctor`: what works here, what does not, and how to mend it. Needs no broker.

use crate::control::{Control, unexpected};
use crate::print::{Ended, Printer, Style, part, plain};
use broker::Home;
use serde::Serialize;
use std::io::Write;
use std::process::ExitCode;
use wire::control::{Reply, Request};
use wire::view::{CheckState, CheckView, StatusView};
use wire::{Fault, FaultCode};

/// What `doctor --json` prints.
#[derive(Serialize)]
struct Report {
    /// Whether a broker runs for this home.
    running: bool,
    /// Its state; without one, version and home only.
    #[serde(flatten)]
    status: StatusView,
}

pub(crate) async fn run<W: Write>(printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    let home = Home::find()?;
    let report = match status(&home).await {
        Ok(status) => Report { running: true, status },
        Err(fault) if fault.code == FaultCode::NoBroker => Report { running: false, status: without(&home) },
        Err(fault) => return Err(fault.into()),
    };
    print(&report, printer)?;
    Ok(ExitCode::SUCCESS)
}

async fn status(home: &Home) -> Result<StatusView, Fault> {
    match Control::open(home).await?.ask(&Request::Status).await? {
        Reply::Status(status) => Ok(status),
        other => Err(unexpected(&other)),
    }
}

fn without(home: &Home) -> StatusView {
    StatusView {
        version: env!("CARGO_PKG_VERSION").into(),
        home: home.data.to_string_lossy().into_owned(),
        checks: broker::doctor_without_broker(home),
        ..StatusView::default()
    }
}

fn print<W: Write>(report: &Report, printer: &mut Printer<W>) -> Result<(), Ended> {
    if printer.is_json() {
        return printer.json(report);
    }
    let status = &report.status;
    printer.line(&[part(Style::Strong, format!("Consentry {}", status.version))])?;
    printer.field("Home", &status.home)?;
    if report.running {
        let decisions = if status.decisions == "cli" { "on the command line" } else { "in the windows" };
        printer.field("Decisions", decisions)?;
        printer.field("Preset", &status.preset)?;
        let clients = if status.clients.is_empty() { "none".into() } else { status.clients.join(", ") };
        printer.field("Clients", &clients)?;
        printer.field("Waiting", &status.waiting.to_string())?;
    } else {
        printer.field("Broker", "no broker is running")?;
    }
    printer.say("")?;
    status.checks.iter().try_for_each(|check| print_check(check, printer))
}

fn print_check<W: Write>(check: &CheckView, printer: &mut Printer<W>) -> Result<(), Ended> {
    let (style, state) = match check.state {
        CheckState::Ok => (Style::Plain, "ok"),
        CheckState::Caution => (Style::Caution, "caution"),
        CheckState::Danger => (Style::Danger, "danger"),
    };
    printer.line(&[part(style, format!("{state:<9}")), part(Style::Strong, check.name.as_str())])?;
    printer.line(&[plain(format!("{:<9}{}", "", check.message))])?;
    if !check.remedy.is_empty() {
        printer.line(&[part(Style::Faint, format!("{:<9}→ {}", "", check.remedy))])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::tests::{printed, printer};

    #[test]
    fn without_a_broker_the_plain_words_are_said_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let report = Report { running: false, status: without(&Home::under(folder.path())) };
        let mut out = printer(false);
        print(&report, &mut out).unwrap();
        let out = printed(out);
        assert!(out.contains("no broker is running") && out.contains("can be you"), "{out}");
        let mut out = printer(true);
        print(&report, &mut out).unwrap();
        let object: serde_json::Value = serde_json::from_str(&printed(out)).unwrap();
        assert_eq!(object["running"], false);
        assert!(object["checks"].as_array().is_some_and(|checks| !checks.is_empty()));
    }
}
