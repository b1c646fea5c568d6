//! Makes a machine that has Rust ready for everything else. Each part looks first whether it is there already.

mod parts;
mod system;
mod tools;
mod wasm;

use crate::place::Place;
use crate::shell::Steps;
use anyhow::Result;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

pub(crate) use tools::{DENY, NEXTEST};

/// Sets everything up; seconds when it has been done before.
pub(crate) fn setup(place: &Place, steps: &mut Steps) -> Result<()> {
    steps.step("system packages", || system::ensure(&place.root))?;
    steps.step("wasm target", || wasm::ensure(place))?;
    steps.step("parts of the tests", || parts::ensure(place))?;
    steps.step("tools", || tools::ensure(place))
}

/// A file that says from which content something was made: the same content need not be made again.
struct Stamp {
    file: PathBuf,
    content: String,
}

impl Stamp {
    /// The stamp of what lies in `folder` and was made from `sources`.
    fn of(folder: &Path, sources: &[&str]) -> Self {
        let mut hasher = DefaultHasher::new();
        sources.hash(&mut hasher);
        Self { file: folder.join(".made-from"), content: format!("{:016x}\n", hasher.finish()) }
    }

    fn stands(&self) -> bool {
        std::fs::read_to_string(&self.file).is_ok_and(|content| content == self.content)
    }

    fn put(&self) -> Result<()> {
        Ok(std::fs::write(&self.file, &self.content)?)
    }
}
