//! Everything CI checks, the quick steps first; ends with how many tests passed.

use crate::build::{self, NATIVE, Profile, WASM};
use crate::gallery;
use crate::place::Place;
use crate::setup::{self, DENY, NEXTEST};
use crate::shell::{Steps, cargo, command, path_with, run, tee};
use crate::tidy;
use anyhow::{Result, bail};
use std::process::{Command, ExitCode};

/// Whether the machine is made ready first.
#[derive(PartialEq)]
pub(crate) enum SetUp {
    First,
    Skipped,
}

/// Checks everything, and prints how long each step took and how many tests ran.
pub(crate) fn test(place: &Place, steps: &mut Steps, set_up: SetUp) -> Result<ExitCode> {
    if set_up == SetUp::First {
        setup::setup(place, steps)?;
    }
    steps.step("formatting", || run(&mut cargo(&place.root, &["fmt", "--all", "--check"])))?;
    steps.step("tidy", || tidy::check(place))?;
    steps.step("licences, bans, sources", || deny(place))?;
    build::windows(place, steps, Profile::Debug)?;
    steps.step("clippy, windows", || clippy_windows(place))?;
    steps.step("clippy", || {
        let mut clippy = cargo(&place.root, &["clippy", "--quiet", "--all-targets"]);
        run(clippy.args(NATIVE).args(["--", "-D", "warnings"]))
    })?;
    steps.step("documentation", || documentation(place))?;
    steps.step("programs", || run(cargo(&place.root, &["build", "--quiet", "--bins"]).args(NATIVE)))?;
    let mut tally = steps.step("tests", || tests(place))?;
    tally.add(steps.step("pages in a browser", || pages(place))?);
    tally.add(steps.step("tests in documentation", || documentation_tests(place))?);
    steps.print();
    println!("\n{} tests ran\n{}", tally.passed + tally.failed, tally.line());
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn deny(place: &Place) -> Result<()> {
    let Some(program) = DENY.find(place) else { bail!("cargo-deny is missing: run `cargo xtask setup`") };
    // Advisories would need the network at every run.
    run(command(&place.root, &[program]).args(["--log-level", "error", "check", "licenses", "bans", "sources"]))
}

fn clippy_windows(place: &Place) -> Result<()> {
    let warnings = ["--", "-D", "warnings"];
    let mut clippy = cargo(&place.root, &["clippy", "--quiet", "--package", "consentry-ui", "--target", WASM]);
    run(clippy.arg("--target-dir").arg(place.ui_target()).args(warnings))?;
    let mut clippy = cargo(&place.root, &["clippy", "--quiet", "--package", "ui-bindgen", "--all-targets"]);
    run(clippy.arg("--target-dir").arg(place.ui_target()).args(warnings))
}

fn documentation(place: &Place) -> Result<()> {
    let mut doc = cargo(&place.root, &["doc", "--quiet", "--no-deps", "--document-private-items"]);
    run(doc.args(NATIVE).env("RUSTDOCFLAGS", "-D warnings"))
}

/// All tests: with nextest when the machine has it, else with cargo's own runner.
fn tests(place: &Place) -> Result<Tally> {
    let mut command = on_virtual_display(place);
    match NEXTEST.find(place) {
        Some(program) => command.arg(program).args(["nextest", "run", "--no-fail-fast", "--cargo-quiet"]),
        None => command.args(["cargo", "test", "--quiet", "--no-fail-fast", "--lib", "--bins", "--tests"]),
    };
    command.args(NATIVE).env("CONSENTRY_BIN_DIR", place.target.join(Profile::Debug.folder()));
    tallied(apart(&mut command, place))
}

/// What runs the program named next on a display of its own: tests and demo click, and must not click on the windows of
/// whoever runs them.
pub(crate) fn on_virtual_display(place: &Place) -> Command {
    let server = "-screen 0 1400x1000x24";
    command(&place.root, &["xvfb-run", "--auto-servernum", "--server-args", server])
}

/// Every page and card state in a real browser, one test each: it draws, nothing slides off, nobody is shut out.
fn pages(place: &Place) -> Result<Tally> {
    let Some(mut check) = gallery::check(place) else {
        println!("SKIPPED pages in a browser: there is none; run `cargo xtask setup`, or set CHROME to one");
        return Ok(Tally { skipped: 1, ..Tally::default() });
    };
    tallied(apart(&mut check, place))
}

fn documentation_tests(place: &Place) -> Result<Tally> {
    tallied(cargo(&place.root, &["test", "--quiet", "--doc"]).args(NATIVE))
}

/// The pinned parts first on PATH, and nothing of the desktop of whoever runs this: no bus, no keychain, no home.
pub(crate) fn apart<'command>(command: &'command mut Command, place: &Place) -> &'command mut Command {
    for variable in ["WAYLAND_DISPLAY", "CONSENTRY_HOME"] {
        command.env_remove(variable);
    }
    command
        .env("PATH", path_with(place.venv().join("bin")))
        .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
        .env("GDK_BACKEND", "x11")
        .env("NO_AT_BRIDGE", "1")
}

/// Runs tests and counts them; a run that fails without a failed test is an error of its own.
fn tallied(command: &mut Command) -> Result<Tally> {
    let (lines, success) = tee(command)?;
    let tally = Tally::of(&lines);
    if !success && tally.failed == 0 {
        bail!("the tests did not run to their end");
    }
    Ok(tally)
}

/// How tests ended.
#[derive(Debug, Default, PartialEq)]
struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Tally {
    /// From the closing lines of nextest (one) or cargo's own runner (one per binary).
    fn of(lines: &[String]) -> Self {
        let mut tally = Self::default();
        for line in lines {
            let plain = without_colour(line);
            let counted = match plain.trim_start() {
                line if line.starts_with("Summary [") => line.split_once("run:").map(|(_, counts)| counts),
                // Indented, it is what a failed test wrote, which nextest repeats and has counted.
                _ => plain.strip_prefix("test result:"),
            };
            for count in counted.into_iter().flat_map(|counts| counts.split([',', ';', '.', '('])) {
                tally.count(count);
            }
        }
        tally
    }

    fn count(&mut self, words: &str) {
        let mut words = words.split_whitespace();
        let (Some(Ok(number)), Some(what)) = (words.next().map(str::parse::<u64>), words.next()) else { return };
        match what {
            "passed" => self.passed += number,
            "failed" | "timed" | "exec" => self.failed += number,
            "skipped" | "ignored" => self.skipped += number,
            _ => {}
        }
    }

    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    fn line(&self) -> String {
        format!("{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

fn without_colour(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(lines: &[&str]) -> Tally {
        Tally::of(&lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn nextest_closing_lines_are_counted() {
        let coloured = "\u{1b}[1m     Summary\u{1b}[0m [   0.9s] \u{1b}[1m12\u{1b}[0m tests run: 9 passed (1 slow), 2 failed, 1 timed out, 4 skipped";
        assert_eq!(tally(&[coloured]), Tally { passed: 9, failed: 3, skipped: 4 });
        assert_eq!(
            tally(&["     Summary [ 0.012s] 1 test run: 1 passed, 0 skipped"]),
            Tally { passed: 1, ..Tally::default() }
        );
    }

    #[test]
    fn what_a_failed_test_wrote_is_not_counted_twice() {
        let lines = [
            "    test result: FAILED. 0 passed; 1 failed; 0 ignored",
            "     Summary [ 0.012s] 1 test run: 0 passed, 1 failed",
        ];
        assert_eq!(tally(&lines), Tally { failed: 1, ..Tally::default() });
    }

    #[test]
    fn closing_lines_of_cargos_own_runner_are_added_up() {
        let one = "test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        let two = "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!(tally(&[one, "noise: 7 passed", two]), Tally { passed: 5, failed: 2, skipped: 1 });
    }

    #[test]
    fn the_last_line_is_one_that_test_readers_know() {
        assert_eq!(Tally { passed: 3, failed: 0, skipped: 1 }.line(), "3 passed, 0 failed, 1 skipped");
    }
}
