//! Plays one real call through a real window, on a bus and a display of its own.

use crate::build::{self, Profile};
use crate::place::Place;
use crate::setup;
use crate::shell::Steps;
use crate::test::{apart, on_virtual_display};
use anyhow::{Context, Result};
use std::process::ExitCode;

/// Sets up, builds, plays; the code is the demo's.
pub(crate) fn demo(place: &Place, steps: &mut Steps) -> Result<ExitCode> {
    setup::setup(place, steps)?;
    build::build(place, steps, Profile::Debug)?;
    let programs = place.target.join(Profile::Debug.folder());
    let status = steps.step("demo", || {
        let mut demo = on_virtual_display(place);
        demo.args(["dbus-run-session", "--"]).arg(programs.join("demo"));
        apart(&mut demo, place).env("CONSENTRY_BIN_DIR", &programs);
        demo.status().context("xvfb-run could not be started: run `cargo xtask setup`")
    })?;
    steps.print();
    println!("\nthe demo ended with {status}");
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
