//! What a draft of the rules would change of past calls, in words.

use crate::print::{Ended, Printer, moment, word};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use wire::control::Draft;
use wire::view::{Demand, ReplayChange, ReplayView};
use wire::{Fault, FaultCode};

/// The draft that was named.
pub(super) fn draft(policy: Option<&Path>, preset: Option<String>) -> Result<Draft, Fault> {
    let Some(path) = policy else { return Ok(Draft::Preset(preset.unwrap_or_default())) };
    let text = std::fs::read_to_string(path)
        .map_err(|e| Fault::new(FaultCode::NotFound, format!("{} can't be read: {e}.", path.display())))?;
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Draft::Policy { file, text })
}

/// Prints the counts, then each call that would come out otherwise.
pub(super) fn print<W: Write>(view: &ReplayView, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    if printer.is_json() {
        printer.json(view)?;
        return Ok(ExitCode::SUCCESS);
    }
    printer.say(&format!("{} past calls were judged again.", view.calls))?;
    for (count, what) in [
        (view.added, "would ask that ran unasked"),
        (view.gone, "would run unasked that asked"),
        (view.blocked, "would not run, whatever you say"),
        (view.unblocked, "could run that could not"),
        (view.stricter_or_milder, "would ask for more, or for less, than they did"),
    ] {
        if count > 0 {
            printer.say(&format!("  {count} {what}"))?;
        }
    }
    for (why, count) in &view.skipped {
        printer.say(&format!("  {count} could not be judged again: {why}"))?;
    }
    let row = |change: &ReplayChange| {
        let tool = format!("{} of {}", change.tool, change.server);
        let turn = format!("{} → {}", demand(change.before), demand(change.after));
        vec![change.seq.to_string(), moment(change.at), change.client.clone(), tool, turn, change.policies.join(", ")]
    };
    let rows: Vec<_> = view.changes.iter().map(row).collect();
    printer.table(&["ENTRY", "WHEN", "CLIENT", "CALL", "NEEDED", "RULES"], &rows, "Nothing would change.")?;
    if view.more > 0 {
        printer.say(&format!("and {} more", view.more))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn demand(demand: Demand) -> String {
    match demand {
        Demand::Permits => "nothing".into(),
        other => word(&other),
    }
}
