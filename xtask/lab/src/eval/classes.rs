//! Secrets and personal data, for whoever mends the detectors: the table, what is missed, what is taken for one.

use super::{data, percent};
use crate::corpus::{self, DataRow, meet};
use anyhow::Result;
use gate::inspect::data::find;
use std::path::Path;

/// Reads both splits under `folder` and prints what the detectors make of them; with `each`, every miss and every false
/// finding of `train` too. Those of `dev` are only counted.
pub(crate) fn run(folder: &Path, each: bool) -> Result<()> {
    for split in ["train", "dev"] {
        let rows = corpus::data(folder, split)?;
        if each && split == "train" {
            rows.iter().for_each(missed);
        }
        data::measured(split, &rows).iter().for_each(|cells| println!("{}", cells.join(" | ")));
        let false_ones: Vec<&DataRow> = rows.iter().filter(|r| r.is_clean() && !find(&r.text).is_empty()).collect();
        let clean = rows.iter().filter(|r| r.is_clean()).count();
        println!("{split} | clean rows flagged | all | {}", percent(false_ones.len(), clean));
    }
    for cells in data::speed().rows {
        println!("{}", cells.join(" | "));
    }
    Ok(())
}

/// Prints what was missed in one text, and what was found in a clean one.
fn missed(row: &DataRow) {
    let found = find(&row.text);
    for (span, place) in row.spans.iter().zip(&row.places()) {
        if !found.iter().any(|datum| meet(&datum.span, place)) {
            println!("miss {} {} {:?}", row.source, span.class, around(&row.text, place.start));
        }
    }
    if let Some(d) = found.first().filter(|_| row.is_clean()) {
        println!("false {} {} {:?}", row.source, d.class, row.text.get(d.span.clone()));
    }
}

/// What stands around a place, to be read by whoever mends the detectors.
fn around(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or_default().chars().count().saturating_sub(60);
    text.chars().skip(before).take(140).collect()
}
