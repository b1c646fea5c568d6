//! Where things are: the repository, what cargo builds, and what outlives a clone.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// The folders every command works with.
pub(crate) struct Place {
    /// The root of the repository.
    pub(crate) root: PathBuf,
    /// Cargo's target folder: `CARGO_TARGET_DIR`, else `target/` in the repository.
    pub(crate) target: PathBuf,
    /// Tools built from source once per machine, shared by all clones.
    pub(crate) cache: PathBuf,
}

impl Place {
    /// Finds the folders from the environment. Needs a home folder only for the cache.
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in no repository")?.to_owned();
        let target = folder_from("CARGO_TARGET_DIR").unwrap_or_else(|| root.join("target"));
        let cache = folder_from("XDG_CACHE_HOME")
            .or_else(|| folder_from("HOME").map(|home| home.join(".cache")))
            .context("neither XDG_CACHE_HOME nor HOME is set: there is nowhere to keep tools")?
            .join("consentry-ci");
        Ok(Self { target: root.join(target), root, cache })
    }

    /// Where the built windows lie; the app embeds them.
    pub(crate) fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// The windows are built apart: sharing a folder with native builds makes each wait for the other.
    pub(crate) fn ui_target(&self) -> PathBuf {
        self.target.join("ui")
    }

    /// The Python environment of the tests; Node lives in it too.
    pub(crate) fn venv(&self) -> PathBuf {
        self.root.join("tests/.venv")
    }
}

fn folder_from(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}
