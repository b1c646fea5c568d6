//! `consentry stop` and `consentry pause`: nothing runs, or nothing asks.

use crate::control::Control;
use crate::print::{Ended, Printer};
use std::io::Write;
use std::process::ExitCode;
use wire::control::Request;

/// Stops everything, or lifts that.
pub(crate) async fn stop<W: Write>(lift: bool, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    let (request, said) = match lift {
        true => (Request::LiftStop, "Calls run again."),
        false => (Request::StopAll, "Everything is stopped. Lift it in Consentry's window."),
    };
    Control::find().await?.order(&request).await?;
    done(&serde_json::json!({ "stopped": !lift }), said, printer)
}

/// Shows no prompts for so many minutes.
pub(crate) async fn pause<W: Write>(minutes: u32, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    Control::find().await?.order(&Request::Pause { minutes }).await?;
    let said = match minutes {
        0 => "Prompts are shown again.".to_owned(),
        minutes => format!("No prompts for {minutes} minutes. Questions wait in the inbox; nothing risky runs."),
    };
    done(&serde_json::json!({ "minutes": minutes }), &said, printer)
}

fn done<W: Write>(json: &serde_json::Value, said: &str, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    match printer.is_json() {
        true => printer.json(json)?,
        false => printer.say(said)?,
    }
    Ok(ExitCode::SUCCESS)
}
