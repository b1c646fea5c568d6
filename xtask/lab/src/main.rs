//! Trains the detectors and measures them: what `cargo xtask train-detector` and `cargo xtask eval` run.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line speaks on its standard streams")]

mod corpus;
mod eval;

use anyhow::{Result, bail};
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match perform(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("lab: {fault:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(words: &[&str]) -> Result<()> {
    match words {
        ["rows", file] => println!("{}", corpus::rows::<serde_json::Value>(file.as_ref())?.len()),
        ["eval-data", rest @ ..] => {
            let data =
                rest.iter().position(|w| *w == "--data").and_then(|at| rest.get(at + 1)).unwrap_or(&"../shared/data");
            eval::data::run(data.as_ref(), rest.contains(&"--each"))?;
        }
        _ => bail!("no such command: {}", words.join(" ")),
    }
    Ok(())
}
