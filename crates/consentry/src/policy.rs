//! `consentry policy`: check policy files, run their cases, explain a decision.

use crate::control::{Control, unexpected};
use crate::print::{Ended, Printer, Style, part, plain};
use broker::Home;
use clap::Subcommand;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use wire::control::{Reply, Request};

#[derive(Debug, Subcommand)]
pub(crate) enum Words {
    /// Check policy files; without a path, those of this home. Needs no broker
    Check {
        /// A file, or a folder of them
        paths: Vec<PathBuf>,
    },
    /// Why a call was decided as it was
    Explain {
        /// The call's id
        #[arg(value_name = "CALL-ID")]
        call: String,
    },
    /// Run cases (a request, its expected verdict and reasons) against the shipped policies. Needs no broker
    Test {
        /// The folder with the cases
        folder: PathBuf,
    },
}

pub(crate) async fn run<W: Write>(words: Words, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    match words {
        Words::Check { paths } => {
            // A home without a folder of policies has none, which is no mistake; a path that was named must be there.
            let own =
                || Home::find().map(|home| vec![home.policies()].into_iter().filter(|path| path.is_dir()).collect());
            let paths = if paths.is_empty() { own()? } else { paths };
            report(&broker::policy_check(&paths)?, "The policies are valid.", printer)
        }
        Words::Test { folder } => report(&broker::policy_test(&folder)?, "Every case came out as expected.", printer),
        Words::Explain { call } => match Control::find().await?.ask(&Request::Explain { call }).await? {
            Reply::Explained(lines) => {
                if printer.is_json() {
                    printer.json(&serde_json::json!({ "lines": lines }))?;
                } else {
                    lines.iter().try_for_each(|line| printer.say(line))?;
                }
                Ok(ExitCode::SUCCESS)
            }
            other => Err(unexpected(&other).into()),
        },
    }
}

/// One line per fault, and exit code 1 when there is one.
fn report<W: Write>(faults: &[String], fine: &str, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    if printer.is_json() {
        printer.json(&serde_json::json!({ "ok": faults.is_empty(), "faults": faults }))?;
    } else if faults.is_empty() {
        printer.say(fine)?;
    } else {
        faults.iter().try_for_each(|fault| printer.line(&[part(Style::Danger, "✗ "), plain(fault)]))?;
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
