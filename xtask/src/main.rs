//! `cargo xtask`: everything a person or CI does with this repository, from a fresh machine on.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line speaks on its standard streams")]

mod bench;
mod build;
mod demo;
mod eval;
mod gallery;
mod icons;
mod place;
mod setup;
mod shell;
mod test;
mod tidy;

use anyhow::{Result, bail};
use build::Profile;
use place::Place;
use shell::Steps;
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  setup              make this machine ready: system packages, wasm target, tools, parts of the tests
  build [--release]  the windows, then the programs
  test [--fast]      set up, then everything CI checks; --fast skips the set-up
  demo               set up, build, and play one real call through a real window
  bench [ROUNDS]     the corridor beside the direct connection and the floor, against its budgets
  bench origins      what tracing values and counting results costs, and which disguises it sees through
  bench card         from a request to its card on the screen, and the app while nothing happens
  eval [--data DIR]  what the detectors find, miss and flag for nothing on the corpora, into docs/eval.md
  gallery            a picture of every page and state, light, dark, large and narrow, into target/gallery
  tidy               rules of the house that no compiler checks
  train-detector [--data DIR]  train the injection detector again; corpora in ../shared/data unless said otherwise
  icons              draw the icons again from icons/*.svg";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match perform(&words) {
        Ok(code) => code,
        Err(fault) => {
            eprintln!("xtask: {fault:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(words: &[&str]) -> Result<ExitCode> {
    let place = Place::find()?;
    let mut steps = Steps::default();
    match words {
        ["setup"] => {
            setup::setup(&place, &mut steps)?;
            steps.print();
        }
        ["build"] => build::build(&place, &mut steps, Profile::Debug)?,
        ["build", "--release"] => build::build(&place, &mut steps, Profile::Release)?,
        ["test"] => return test::test(&place, &mut steps, test::SetUp::First),
        ["test", "--fast"] => return test::test(&place, &mut steps, test::SetUp::Skipped),
        ["demo"] => return demo::demo(&place, &mut steps),
        ["bench"] => bench::bench(&place, &mut steps, bench::ROUNDS)?,
        ["bench", "origins"] => bench::origins(&place)?,
        ["bench", "card"] => bench::card(&place, &mut steps)?,
        ["bench", rounds] => bench::bench(&place, &mut steps, rounds.parse()?)?,
        ["eval"] => eval::eval(&place, None)?,
        ["eval", "--data", data] => eval::eval(&place, Some(data))?,
        ["gallery"] => gallery::gallery(&place, &mut steps)?,
        ["tidy"] => return Ok(tidy::report(&place)),
        ["train-detector", rest @ ..] => {
            let words = ["run", "--release", "-p", "lab", "--", "train-detector"];
            shell::run(shell::cargo(&place.root, &words).args(rest))?;
        }
        ["icons"] => icons::draw(&place)?,
        [] | ["help" | "--help" | "-h"] => println!("{USAGE}"),
        _ => bail!("no such command: {}\n\n{USAGE}", words.join(" ")),
    }
    Ok(ExitCode::SUCCESS)
}
