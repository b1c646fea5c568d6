//! Injections found, source by source.

use super::{Split, Table, percent};
use crate::injection::figures::Scores;
use gate::inspect;
use std::collections::BTreeMap;

/// Scores of texts, and how many injections among them were flagged.
#[derive(Default)]
struct Tally {
    scores: Scores,
    flagged: usize,
}

/// One row for each kind of each split, then for each source with injections; false alarms are those of the kind.
pub(super) fn table(splits: &[Split]) -> Table {
    let mut rows = Vec::new();
    for split in splits {
        let mut kinds: BTreeMap<&str, Tally> = BTreeMap::new();
        let mut sources: BTreeMap<(&str, &str), Tally> = BTreeMap::new();
        for row in &split.rows {
            let Some(judged) = row.kind() else { continue };
            let inspected = inspect::text(judged, &row.text);
            for tally in [kinds.entry(&row.kind).or_default(), sources.entry((&row.kind, &row.source)).or_default()] {
                tally.scores.add(row.is_injection(), inspected.injection);
                tally.flagged += usize::from(row.is_injection() && inspected.flagged);
            }
        }
        kinds.values_mut().for_each(|tally| tally.scores.harmless.sort_by(|a, b| b.total_cmp(a)));
        for (kind, all) in kinds {
            rows.push(line(split.name, kind, "all", &all, &all.scores.harmless));
            let own = sources.iter().filter(|((k, _), s)| *k == kind && !s.scores.injections.is_empty());
            rows.extend(own.map(|((_, source), tally)| line(split.name, kind, source, tally, &all.scores.harmless)));
        }
    }
    Table {
        title: "Injections",
        note: "Recall where 1 % and 0.1 % of the benign texts of the same kind are flagged, the area under the curve, and \
               recall at the thresholds that are shipped.",
        head: vec!["split", "kind", "source", "texts", "at 1 %", "at 0.1 %", "AUC", "shipped"],
        rows,
    }
}

/// `benign` are the scores of all benign texts of the kind, the highest first.
fn line(split: &str, kind: &str, source: &str, tally: &Tally, benign: &[f32]) -> Vec<String> {
    let injections = &tally.scores.injections;
    let at = |share: f64| {
        let Some(bar) = benign.get((benign.len() as f64 * share) as usize) else { return "–".into() };
        percent(injections.iter().filter(|s| *s > bar).count(), injections.len())
    };
    let scores = Scores { harmless: benign.to_vec(), injections: injections.clone() };
    let area = (!benign.is_empty() && !injections.is_empty()).then(|| format!("{:.3}", scores.auc()));
    vec![
        split.into(),
        kind.into(),
        source.into(),
        injections.len().to_string(),
        at(0.01),
        at(0.001),
        area.unwrap_or_else(|| "–".into()),
        percent(tally.flagged, injections.len()),
    ]
}
