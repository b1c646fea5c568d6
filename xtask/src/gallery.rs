//! The built windows in a real browser with an app that is played: pictures of every page and state, and a check that
//! people who don't see, hear or point as most do can use them.

use crate::build::{self, Profile};
use crate::place::Place;
use crate::shell::{Steps, command, on_path, run};
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;

/// Browsers that can be driven, by the names of their programs.
const BROWSERS: [&str; 5] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];

/// Builds the windows and takes their pictures.
pub(crate) fn gallery(place: &Place, steps: &mut Steps) -> Result<()> {
    let browser = browser().context("no browser was found: run `cargo xtask setup`, or set CHROME to one")?;
    build::windows(place, steps, Profile::Debug)?;
    let out = place.target.join("gallery");
    steps.step("pictures", || run(play(place, "pictures", &browser).arg(&out)))?;
    println!("{}", out.join("index.html").display());
    Ok(())
}

/// The check of all pages; its last line counts like that of a test. `None` where there is no browser.
pub(crate) fn check(place: &Place) -> Option<Command> {
    Some(play(place, "check", &browser()?))
}

/// A browser on this machine: `CHROME`, else the first of the usual names.
pub(crate) fn browser() -> Option<PathBuf> {
    let named = std::env::var_os("CHROME").filter(|named| !named.is_empty()).map(PathBuf::from);
    named.or_else(|| BROWSERS.iter().find_map(|name| on_path(name)))
}

fn play(place: &Place, mode: &str, browser: &PathBuf) -> Command {
    let mut play = command(&place.root, &[place.venv().join("bin/node")]);
    play.arg(place.root.join("tests/gallery/main.mjs")).arg(mode).arg(&place.root).arg(browser);
    play
}
