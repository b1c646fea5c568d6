//! Cargo's companions, built once per machine at a pinned version.

use crate::place::Place;
use crate::shell::{cargo, on_path, run};
use anyhow::Result;
use std::fs;
use std::path::PathBuf;

/// A program built from its own package when the machine has none.
pub(crate) struct Tool {
    name: &'static str,
    version: &'static str,
    features: &'static [&'static str],
}

/// Runs the tests, each in its own process.
pub(crate) const NEXTEST: Tool = Tool {
    name: "cargo-nextest",
    version: "0.9.151",
    features: &["--no-default-features", "--features", "default-no-update"],
};

/// Checks licences, banned crates and sources.
pub(crate) const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2", features: &[] };

impl Tool {
    /// The program: on PATH in whatever version, else our own.
    pub(crate) fn find(&self, place: &Place) -> Option<PathBuf> {
        on_path(self.name).or_else(|| Some(self.own(place)).filter(|file| file.is_file()))
    }

    fn own(&self, place: &Place) -> PathBuf {
        place.cache.join("tools").join(format!("{}-{}", self.name, self.version)).join("bin").join(self.name)
    }

    fn install(&self, place: &Place) -> Result<()> {
        let folder = place.cache.join("tools").join(format!("{}-{}", self.name, self.version));
        let build = place.cache.join("tools/build");
        let package = format!("{}@{}", self.name, self.version);
        let mut install = cargo(&place.root, &["install", "--quiet", "--locked", "--debug", &package]);
        // They run for seconds: a quick build serves better than a fast program.
        install
            .args(self.features)
            .arg("--root")
            .arg(folder)
            .env("CARGO_TARGET_DIR", &build)
            .env("CARGO_PROFILE_DEV_DEBUG", "0");
        run(&mut install)?;
        Ok(fs::remove_dir_all(build)?)
    }
}

pub(super) fn ensure(place: &Place) -> Result<()> {
    for tool in [&NEXTEST, &DENY] {
        if tool.find(place).is_none() {
            println!("building {} {}, once on this machine", tool.name, tool.version);
            tool.install(place)?;
        }
        if let Some(found) = tool.find(place) {
            println!("{}", found.display());
        }
    }
    Ok(())
}
