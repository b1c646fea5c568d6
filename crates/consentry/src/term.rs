//! `consentry term`: the words that the person keeps to themselves. No model gets to see them.

use crate::control::{Control, unexpected};
use crate::print::{Ended, Printer};
use clap::Subcommand;
use std::io::{BufRead, Write};
use std::process::ExitCode;
use wire::control::{Reply, Request};
use wire::{Fault, FaultCode};

#[derive(Debug, Subcommand)]
pub(crate) enum Words {
    /// Which words you keep to yourself
    List,
    /// Set them, all at once: one a line on standard input, a regular expression between slashes; a decision
    Set,
}

pub(crate) async fn run<W: Write>(words: Words, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    let mut control = Control::find().await?;
    if let Words::Set = words {
        // Not as arguments: every program of this computer could read them.
        let lines = std::io::stdin().lock().lines().collect::<Result<Vec<_>, _>>();
        let terms = lines.map_err(|_| Fault::new(FaultCode::Invalid, "Standard input holds no text."))?;
        control.order(&Request::SetOwnTerms { terms }).await?;
    }
    let terms = match control.ask(&Request::OwnTerms).await? {
        Reply::Terms(terms) => terms,
        other => return Err(unexpected(&other).into()),
    };
    match (printer.is_json(), terms.as_slice()) {
        (true, _) => printer.json(&serde_json::json!({ "own": terms }))?,
        (false, []) => printer.say("You keep no words to yourself.")?,
        (false, some) => some.iter().try_for_each(|term| printer.say(term))?,
    }
    Ok(ExitCode::SUCCESS)
}
