//! How good the detectors are: `lab` measures, since only it is built with them.

use crate::place::Place;
use crate::shell::{cargo, run};
use anyhow::{Result, ensure};
use std::path::PathBuf;

/// Measures on the corpora in `data`, by default those beside the repository, and writes `docs/eval.md`.
pub(crate) fn eval(place: &Place, data: Option<&str>) -> Result<()> {
    let data = data.map_or_else(|| place.root.join("../shared/data"), PathBuf::from);
    ensure!(data.is_dir(), "no corpora in {}: say where they are with `--data DIR`", data.display());
    let mut command = cargo(&place.root, &["run", "--release", "--package", "lab", "--", "eval"]);
    run(command.arg(&data).arg(place.root.join("docs/eval.md")))
}
