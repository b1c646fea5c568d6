//! The table of letters: how surprising each letter is behind two others, counted over the benign texts of the training
//! corpus and its requests in many languages, each source held to a share so that English doesn't drown the rest.

use crate::corpus;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// Bytes of one source that are counted.
const SHARE: usize = 150_000;

/// Counts, and writes the table to `out`.
pub(crate) fn make(data: &Path, out: &Path) -> Result<()> {
    let rows = corpus::injections(data, "train")?;
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut counts = vec![0f64; 27 * 27 * 27];
    for row in rows {
        let many = row.source == "yanismiraoui" || row.source.starts_with("tldr-");
        let prose =
            row.label == "benign" && matches!(row.kind.as_str(), "tool_description" | "web" | "user_prompt" | "email");
        let bytes = seen.entry(row.source.clone()).or_default();
        if !(many || prose) || *bytes > SHARE {
            continue;
        }
        *bytes += row.text.len();
        // A text whose letters are few languages' own weighs more where there is little of it.
        let weight = if many { 3.0 } else { 1.0 };
        let (mut a, mut b) = (0usize, 0usize);
        for byte in row.text.bytes() {
            let c = if byte.is_ascii_alphabetic() { usize::from(byte & 31) } else { 0 };
            counts[(a * 27 + b) * 27 + c] += weight;
            (a, b) = (b, c);
        }
    }
    std::fs::write(out, table(&counts)).with_context(|| format!("{} can't be written", out.display()))
}

/// Sixteenths of a bit, smoothed by how common a letter is behind the one before it.
fn table(counts: &[f64]) -> Vec<u8> {
    let mut pairs = vec![0f64; 27 * 27];
    let mut single = [0f64; 27];
    for (index, count) in counts.iter().enumerate() {
        pairs[index % 729] += count;
        single[index % 27] += count;
    }
    let total: f64 = single.iter().sum();
    let one = |c: usize| (single[c] + 1.0) / (total + 27.0);
    let two = |b: usize, c: usize| {
        let all: f64 = pairs[b * 27..b * 27 + 27].iter().sum();
        (pairs[b * 27 + c] + 8.0 * one(c)) / (all + 8.0)
    };
    (0..counts.len())
        .map(|index| {
            let (b, c) = (index / 27 % 27, index % 27);
            let start = index - c;
            let all: f64 = counts[start..start + 27].iter().sum();
            let likely = (counts[index] + 24.0 * two(b, c)) / (all + 24.0);
            (-likely.log2() * 16.0).round().clamp(0.0, 255.0) as u8
        })
        .collect()
}
