//! How good the detectors are: measured on the corpora, written to `docs/eval.md`. Each part is a function that returns
//! a table.

mod alarms;
pub(crate) mod classes;
mod data;
pub(crate) mod detector;
mod evasion;
mod injection;
mod speed;

use crate::corpus::{self, Row};
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;

/// Rows of one split.
struct Split {
    name: &'static str,
    rows: Vec<Row>,
}

/// Figures as they are printed.
pub(crate) struct Table {
    title: &'static str,
    /// What the figures mean.
    note: &'static str,
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn markdown(&self) -> String {
        let line = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
        let mut out = format!("## {}\n\n{}\n\n", self.title, self.note);
        out.push_str(&line(self.head.clone()));
        out.push_str(&line(self.head.iter().map(|_| "---").collect()));
        self.rows.iter().for_each(|row| out.push_str(&line(row.iter().map(String::as_str).collect())));
        out
    }
}

fn percent(part: usize, whole: usize) -> String {
    if whole == 0 { "–".into() } else { format!("{:.1} %", 100.0 * part as f64 / whole as f64) }
}

/// Measures everything, prints it, and writes it to `out`.
pub(crate) fn run(corpora: &Path, out: &Path) -> Result<()> {
    let split = |name: &'static str| -> Result<Split> { Ok(Split { name, rows: corpus::injections(corpora, name)? }) };
    let splits = [split("train")?, split("dev")?];
    let tables = [
        injection::table(&splits),
        data::table(corpora)?,
        data::speed(),
        evasion::table(&splits),
        alarms::table(&splits),
        speed::table(&splits),
    ];
    let mut page = format!(
        "# What the detectors find\n\nMeasured on {} at commit {} by `cargo xtask eval`. Rows of `train` were seen in training, \
         those of `dev` were not.\n",
        said("date", &["-u", "+%F"])?,
        said("git", &["rev-parse", "--short", "HEAD"])?,
    );
    for table in tables {
        page.push('\n');
        page.push_str(&table.markdown());
    }
    print!("{page}");
    if let Some(folder) = out.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(out, page).with_context(|| format!("{} can't be written", out.display()))
}

/// How fast texts are inspected, and nothing else.
pub(crate) fn fast(corpora: &Path) -> Result<String> {
    let split = |name: &'static str| -> Result<Split> { Ok(Split { name, rows: corpus::injections(corpora, name)? }) };
    Ok(speed::table(&[split("train")?, split("dev")?]).markdown())
}

fn said(program: &str, words: &[&str]) -> Result<String> {
    let out = Command::new(program).args(words).output().with_context(|| format!("`{program}` can't be run"))?;
    Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
}
