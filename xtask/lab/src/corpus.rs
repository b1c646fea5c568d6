//! Corpora: files of JSON lines, packed with xz.

use anyhow::{Context, Result, ensure};
use gate::inspect::Kind;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};

/// A row of the corpus of injections.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Row {
    pub(crate) text: String,
    pub(crate) label: String,
    pub(crate) kind: String,
    pub(crate) source: String,
}

impl Row {
    pub(crate) fn is_injection(&self) -> bool {
        self.label == "injection"
    }

    /// What the text is to a model: whatever is no description came out of a tool, and prompts are nothing we judge.
    pub(crate) fn kind(&self) -> Option<Kind> {
        match self.kind.as_str() {
            "tool_description" => Some(Kind::ToolDescription),
            "user_prompt" => None,
            _ => Some(Kind::ToolOutput),
        }
    }
}

/// The rows of one split, `train` or `dev`, of the corpus of injections.
pub(crate) fn injections(data: &Path, split: &str) -> Result<Vec<Row>> {
    read(data, &format!("injection_{split}.jsonl.xz"))
}

/// A row of the corpus of secrets and personal data.
#[derive(Deserialize)]
pub(crate) struct DataRow {
    pub(crate) text: String,
    label: String,
    pub(crate) source: String,
    pub(crate) spans: Vec<Span>,
}

/// A value in a text, counted in characters.
#[derive(Deserialize)]
pub(crate) struct Span {
    #[serde(rename = "type")]
    pub(crate) class: String,
    start: usize,
    end: usize,
}

impl DataRow {
    /// Where its values stand, in bytes, in their order.
    pub(crate) fn places(&self) -> Vec<Range<usize>> {
        let starts: Vec<usize> = self.text.char_indices().map(|(at, _)| at).collect();
        let at = |n: usize| starts.get(n).copied().unwrap_or(self.text.len());
        self.spans.iter().map(|span| at(span.start)..at(span.end)).collect()
    }

    /// Whether it holds a value somewhere and marks none.
    pub(crate) fn is_unmarked(&self) -> bool {
        self.spans.is_empty() && self.label == "sensitive"
    }

    /// Whether it holds no value.
    pub(crate) fn is_clean(&self) -> bool {
        self.spans.is_empty() && !self.is_unmarked()
    }
}

/// Whether two stretches share anything.
pub(crate) fn meet(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

/// The rows of one split of the corpus of secrets and personal data.
pub(crate) fn data(data: &Path, split: &str) -> Result<Vec<DataRow>> {
    read(data, &format!("dlp_{split}.jsonl.xz"))
}

fn read<T: DeserializeOwned>(data: &Path, name: &str) -> Result<Vec<T>> {
    let file = data.join(name);
    rows(&file).with_context(|| format!("reading {}; `--data DIR` says where the corpora are", file.display()))
}

/// The rows of `file`, unpacked by the system's `xz`.
fn rows<T: DeserializeOwned>(file: &Path) -> Result<Vec<T>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_are_not_judged() {
        let row =
            |kind: &str| Row { text: String::new(), label: String::new(), kind: kind.into(), source: String::new() };
        assert_eq!(row("user_prompt").kind(), None);
        assert_eq!(row("web").kind(), Some(Kind::ToolOutput));
    }
}
