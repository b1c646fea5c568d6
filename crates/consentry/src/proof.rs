//! The proof that a person is at the command line, and `consentry passphrase`: chosen once, typed for each decision.

use crate::control::Control;
use crate::print::{Ended, Printer};
use clap::Subcommand;
use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use wire::control::Request;
use wire::proof::{Given, ProofView, Secret};
use wire::{Fault, FaultCode};
use zeroize::Zeroizing;

/// Whether passphrases are lines on standard input: said once, at the start.
static ON_STDIN: AtomicBool = AtomicBool::new(false);

#[derive(Debug, Subcommand)]
pub(crate) enum Words {
    /// Choose the passphrase that proves that it is you: for payments and the like, and for decisions on the command line
    Set,
}

/// Passphrases are read from standard input, one a line, rather than asked for on the terminal.
pub(crate) fn read_from_stdin() {
    ON_STDIN.store(true, Ordering::Relaxed);
}

pub(crate) async fn run<W: Write>(words: Words, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    let Words::Set = words;
    let mut control = Control::find().await?;
    let now = control.proof_means().await?;
    let current = now.passphrase.then(|| typed("Your passphrase of now: ")).transpose()?;
    let new = typed("New passphrase: ")?;
    if !on_stdin() && typed("The new one again: ")? != new {
        return Err(Fault::new(FaultCode::Invalid, "The two are not the same. Nothing was changed.").into());
    }
    let request = Request::ChoosePassphrase { current: current.clone(), new };
    match current {
        Some(passphrase) => control.order_proved(Given::Passphrase { passphrase }, request).await?,
        None => control.order(&request).await?,
    }
    printer.say("That is your passphrase now. Consentry asks for it before payments, and for decisions made here.")?;
    Ok(ExitCode::SUCCESS)
}

/// What the person gives, where there is one to ask and something to give.
pub(crate) fn given(means: &ProofView) -> Result<Option<Given>, Fault> {
    let attended = on_stdin() || std::io::stderr().is_terminal();
    match (attended, means) {
        (true, ProofView { passphrase: true, .. }) => {
            Ok(Some(Given::Passphrase { passphrase: typed("Your passphrase for Consentry: ")? }))
        }
        (true, ProofView { system: true, .. }) if !on_stdin() => Ok(Some(Given::System)),
        _ => Ok(None),
    }
}

fn on_stdin() -> bool {
    ON_STDIN.load(Ordering::Relaxed)
}

/// One passphrase, from the terminal without showing it, or a line of standard input.
fn typed(asked: &str) -> Result<Secret, Fault> {
    let unread =
        |error: std::io::Error| Fault::new(FaultCode::Invalid, format!("No passphrase could be read: {error}."));
    if !on_stdin() {
        return rpassword::prompt_password(asked).map(Secret::new).map_err(unread);
    }
    let mut line = Zeroizing::new(String::new());
    if std::io::stdin().lock().read_line(&mut line).map_err(unread)? == 0 {
        return Err(Fault::new(FaultCode::Invalid, "No passphrase came on standard input."));
    }
    Ok(Secret::new(line.trim_end_matches(['\n', '\r']).to_owned()))
}
