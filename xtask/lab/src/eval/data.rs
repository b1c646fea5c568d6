//! Secrets and personal data found.

use super::{Table, percent};
use crate::corpus;
use anyhow::Result;
use gate::inspect::data;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

#[derive(Deserialize)]
struct Row {
    text: String,
    label: String,
    source: String,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Span {
    value: String,
}

/// One row for each source of each split: values found, whatever their class, and clean texts flagged.
pub(super) fn table(corpora: &Path) -> Result<Table> {
    let mut rows = Vec::new();
    for split in ["train", "dev"] {
        let mut sources: BTreeMap<String, [usize; 4]> = BTreeMap::new();
        for row in corpus::rows::<Row>(&corpora.join(format!("dlp_{split}.jsonl.xz")))? {
            let found = data::find(&row.text);
            let texts: Vec<&str> = found.iter().filter_map(|d| row.text.get(d.span.clone())).collect();
            let hit = |span: &&Span| texts.iter().any(|t| t.contains(span.value.as_str()) || span.value.contains(t));
            let [values, hits, clean, alarms] = sources.entry(row.source.clone()).or_default();
            let unmarked = row.spans.is_empty();
            // A text that holds one somewhere and marks nothing counts as one value.
            let somewhere = unmarked && row.label == "sensitive";
            *values += row.spans.len() + usize::from(somewhere);
            *hits += row.spans.iter().filter(hit).count() + usize::from(somewhere && !found.is_empty());
            *clean += usize::from(unmarked && !somewhere);
            *alarms += usize::from(unmarked && !somewhere && !found.is_empty());
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
