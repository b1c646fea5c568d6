//! Trains the detectors and measures them: what `cargo xtask train-detector` and `cargo xtask eval` run.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line speaks on its standard streams")]

mod corpus;
mod eval;
mod hostile;
mod injection;
mod letters;
mod origins;
mod pairs;

use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
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
        ["eval", data, out] => eval::run(data.as_ref(), out.as_ref())?,
        ["pairs", data, out] => pairs::make(data.as_ref(), out.as_ref())?,
        ["speed", rest @ ..] => print!("{}", eval::fast(&Folders::of(rest)?.data)?),
        ["slow", "--seconds", seconds] => print!("{}", hostile::slow(seconds.parse()?, 1)?),
        ["slow", "--seconds", seconds, "--seed", seed] => print!("{}", hostile::slow(seconds.parse()?, seed.parse()?)?),
        ["fuzz", "--seconds", seconds, "--seed", seed, rest @ ..] => {
            print!("{}", hostile::fuzz(&Folders::of(rest)?.data, seconds.parse()?, seed.parse()?)?);
        }
        ["origins"] => print!("{}\n{}", origins::table(false), origins::speed()),
        ["origins", "--each"] => print!("{}", origins::table(true)),
        ["letters", data, out] => letters::make(data.as_ref(), out.as_ref())?,
        ["train-detector", rest @ ..] => print!("{}", train(&Folders::of(rest)?)?),
        ["eval-injection", rest @ ..] => print!("{}", evaluate(&Folders::of(rest)?)?),
        ["eval-data", rest @ .., "--each"] => eval::classes::run(&Folders::of(rest)?.data, true)?,
        ["eval-data", rest @ ..] => eval::classes::run(&Folders::of(rest)?.data, false)?,
        _ => bail!("no such command: {}", words.join(" ")),
    }
    Ok(())
}

/// Where the corpora and the detector's data are.
struct Folders {
    data: PathBuf,
    gate: PathBuf,
}

impl Folders {
    fn of(words: &[&str]) -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let data = match words {
            [] => root.join("../shared/data"),
            ["--data", folder] => PathBuf::from(folder),
            _ => bail!("only `--data DIR` is known here, not: {}", words.join(" ")),
        };
        Ok(Self { data, gate: root.join("crates/gate/data") })
    }
}

fn train(folders: &Folders) -> Result<String> {
    let (lexicon, pack) = (folders.gate.join("injection-lexicon.txt"), folders.gate.join("injection.bin"));
    injection::train::write(&folders.data, &lexicon, &pack)
}

fn evaluate(folders: &Folders) -> Result<String> {
    eval::detector::injection(&folders.data, &folders.gate.join("injection.bin"), true)
}
