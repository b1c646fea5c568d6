//! Builds the windows into `dist/`, then the programs: the app embeds the windows, so they come first.

use crate::place::Place;
use crate::shell::{Steps, cargo, command, run};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// The target of the windows.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// Everything that runs natively. One choice for building, linting and testing: another one would unify the features of
/// dependencies otherwise, and build them again.
pub(crate) const NATIVE: &[&str] = &["--workspace", "--exclude", "ui-bindgen"];

/// What stands in `ui/` but is no part of what the web view loads.
const SOURCES: &[&str] = &["src", "tests", "Cargo.toml"];

/// How much the compiler does.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Profile {
    Debug,
    Release,
}

impl Profile {
    /// The folder cargo builds into.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Profile::Debug => "debug",
            Profile::Release => "release",
        }
    }

    fn flags(self) -> &'static [&'static str] {
        match self {
            Profile::Debug => &[],
            Profile::Release => &["--release"],
        }
    }
}

/// The windows, then every program.
pub(crate) fn build(place: &Place, steps: &mut Steps, profile: Profile) -> Result<()> {
    windows(place, steps, profile)?;
    steps.step("programs", || {
        let mut build = cargo(&place.root, &["build", "--bins"]);
        run(build.args(NATIVE).args(profile.flags()))
    })?;
    println!("in {}", place.target.join(profile.folder()).display());
    Ok(())
}

/// The windows alone.
pub(crate) fn windows(place: &Place, steps: &mut Steps, profile: Profile) -> Result<()> {
    let bindgen = steps.step("ui-bindgen", || ui_bindgen(place))?;
    steps.step("windows", || {
        let mut build =
            cargo(&place.root, &["build", "--package", "consentry-ui", "--bin", "consentry-ui", "--target", WASM]);
        run(build.args(profile.flags()).arg("--target-dir").arg(place.ui_target()))?;
        let wasm = place.ui_target().join(WASM).join(profile.folder()).join("consentry-ui.wasm");
        assemble(place, &bindgen, &wasm)
    })
}

/// Builds the tool for the host, in the windows' folder.
fn ui_bindgen(place: &Place) -> Result<PathBuf> {
    let mut build = cargo(&place.root, &["build", "--package", "ui-bindgen"]);
    run(build.arg("--target-dir").arg(place.ui_target()))?;
    Ok(place.ui_target().join("debug/ui-bindgen"))
}

/// Puts together what the web view loads, beside the old one, then swaps: a build that fails leaves the old one whole.
fn assemble(place: &Place, bindgen: &Path, wasm: &Path) -> Result<()> {
    let fresh = place.ui_target().join("dist");
    if fresh.exists() {
        fs::remove_dir_all(&fresh)?;
    }
    fs::create_dir_all(&fresh)?;
    for entry in fs::read_dir(place.root.join("ui"))? {
        let entry = entry?;
        if !SOURCES.iter().any(|source| entry.file_name() == *source) {
            copy(&entry.path(), &fresh.join(entry.file_name()))?;
        }
    }
    run(&mut command(&place.root, &[bindgen, wasm, fresh.as_path()]))?;
    publish(&fresh, &place.dist())
}

/// Writes only what changed: the app's build looks at the times of these files.
fn publish(fresh: &Path, dist: &Path) -> Result<()> {
    fs::create_dir_all(dist)?;
    for entry in fs::read_dir(dist)? {
        let entry = entry?;
        if !fresh.join(entry.file_name()).exists() {
            remove(&entry.path())?;
        }
    }
    for entry in fs::read_dir(fresh)? {
        let entry = entry?;
        let (from, to) = (entry.path(), dist.join(entry.file_name()));
        if from.is_dir() {
            publish(&from, &to)?;
        } else if fs::read(&to).ok().as_deref() != Some(fs::read(&from)?.as_slice()) {
            fs::copy(&from, &to).with_context(|| format!("{} could not be written", to.display()))?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        fs::copy(from, to)?;
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.with_context(|| format!("{} could not be removed", path.display()))
}
