//! Corpora: files of JSON lines, packed with xz.

use anyhow::{Context, Result, ensure};
use serde::de::DeserializeOwned;
use std::path::Path;
use std::process::{Command, Stdio};

/// The rows of `file`, unpacked by the system's `xz`.
pub(crate) fn rows<T: DeserializeOwned>(file: &Path) -> Result<Vec<T>> {
    let out = Command::new("xz")
        .args(["--decompress", "--stdout", "--"])
        .arg(file)
        .stderr(Stdio::inherit())
        .output()
        .context("`xz` can't be run: install xz-utils")?;
    ensure!(out.status.success(), "{} can't be unpacked", file.display());
    let mut rows = Vec::new();
    for (at, line) in out.stdout.split(|b| *b == b'\n').enumerate().filter(|(_, l)| !l.is_empty()) {
        rows.push(serde_json::from_slice(line).with_context(|| format!("{}, line {}", file.display(), at + 1))?);
    }
    Ok(rows)
}
