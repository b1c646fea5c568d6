//! Secrets and personal data found.

use super::{Table, percent};
use crate::corpus::{self, meet};
use anyhow::Result;
use gate::inspect::data;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

/// One row for each source of each split: values found, whatever their class, and clean texts flagged.
pub(super) fn table(corpora: &Path) -> Result<Table> {
    let mut rows = Vec::new();
    for split in ["train", "dev"] {
        let mut sources: BTreeMap<String, [usize; 4]> = BTreeMap::new();
        for row in corpus::data(corpora, split)? {
            let found = data::find(&row.text);
            let hit = |place: &Range<usize>| found.iter().any(|datum| meet(&datum.span, place));
            let [values, hits, clean, alarms] = sources.entry(row.source.clone()).or_default();
            // A text that holds one somewhere and marks nothing counts as one value.
            *values += row.spans.len() + usize::from(row.is_unmarked());
            *hits += row.places().iter().filter(|place| hit(place)).count();
            *hits += usize::from(row.is_unmarked() && !found.is_empty());
            *clean += usize::from(row.is_clean());
            *alarms += usize::from(row.is_clean() && !found.is_empty());
        }
        rows.extend(sources.into_iter().map(|(source, [values, hits, clean, alarms])| {
            vec![
                split.into(),
                source,
                values.to_string(),
                percent(hits, values),
                clean.to_string(),
                percent(alarms, clean),
            ]
        }));
    }
    Ok(Table {
        title: "Secrets and personal data",
        note: "Values of which at least a part was found, and clean texts in which something was.",
        head: vec!["split", "source", "values", "found", "clean texts", "flagged"],
        rows,
    })
}
