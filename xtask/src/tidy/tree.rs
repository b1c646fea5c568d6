//! The text files of the repository, as git would see them.

use anyhow::Result;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that are built or fetched, never written by us.
const OTHERS: &[&str] = &[".git", "target", "dist", "node_modules", ".venv", "__pycache__"];

/// A text file; its path is relative to the repository.
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl File {
    pub(super) fn is_rust(&self) -> bool {
        self.path.extension().is_some_and(|extension| extension == "rs")
    }

    /// Nothing but tests: these may reach for whatever shows what they claim.
    pub(super) fn is_test(&self) -> bool {
        self.path.ends_with("tests.rs") || self.path.components().any(|part| part.as_os_str() == "tests")
    }

    /// Written by a package manager, which puts in it what it needs.
    pub(super) fn is_lock(&self) -> bool {
        ["Cargo.lock", "package-lock.json"].iter().any(|name| self.path.ends_with(name))
    }
}

/// All of them, in order of their paths.
pub(super) fn files(root: &Path) -> Result<Vec<File>> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            // In a work tree of its own, `.git` is a file.
            let ours = !OTHERS.iter().any(|other| entry.file_name() == *other);
            if kind.is_dir() && ours {
                folders.push(entry.path());
            } else if kind.is_file()
                && ours
                && let Ok(text) = String::from_utf8(fs::read(entry.path())?)
            {
                let path = entry.path();
                files.push(File { path: path.strip_prefix(root).map(Path::to_owned).unwrap_or(path), text });
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}
