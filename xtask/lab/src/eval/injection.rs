//! Injections found, source by source.

use super::{Split, Table, percent};
use gate::inspect;
use std::collections::BTreeMap;

#[derive(Default)]
struct Scores {
    injections: Vec<f32>,
    benign: Vec<f32>,
    flagged: usize,
}

/// One row for each kind of each split, then for each source with injections; false alarms are those of the kind.
pub(super) fn table(splits: &[Split]) -> Table {
    let mut rows = Vec::new();
    for split in splits {
        let mut kinds: BTreeMap<&str, Scores> = BTreeMap::new();
        let mut sources: BTreeMap<(&str, &str), Scores> = BTreeMap::new();
        for row in split.rows.iter().filter(|r| r.kind != "user_prompt") {
            let inspected = inspect::text(row.kind(), &row.text);
            for scores in [kinds.entry(&row.kind).or_default(), sources.entry((&row.kind, &row.source)).or_default()] {
                if row.is_injection() {
                    scores.flagged += usize::from(inspected.flagged);
                    scores.injections.push(inspected.injection);
                } else {
                    scores.benign.push(inspected.injection);
                }
            }
        }
        kinds.values_mut().for_each(|scores| scores.benign.sort_by(|a, b| b.total_cmp(a)));
        for (kind, scores) in &kinds {
            rows.push(line(split.name, kind, "all", scores, scores));
            let own = sources.iter().filter(|((k, _), s)| k == kind && !s.injections.is_empty());
            rows.extend(own.map(|((_, source), s)| line(split.name, kind, source, s, scores)));
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

fn line(split: &str, kind: &str, source: &str, scores: &Scores, kin: &Scores) -> Vec<String> {
    let all = scores.injections.len();
    let at = |share: f64| {
        let Some(bar) = kin.benign.get((kin.benign.len() as f64 * share) as usize) else { return "–".into() };
        percent(scores.injections.iter().filter(|s| *s > bar).count(), all)
    };
    vec![
        split.into(),
        kind.into(),
        source.into(),
        all.to_string(),
        at(0.01),
        at(0.001),
        area(&scores.injections, &kin.benign).map_or("–".into(), |a| format!("{a:.3}")),
        percent(scores.flagged, all),
    ]
}

/// How often an injection scores above a benign text; ties count half. `benign` is sorted, the highest first.
fn area(injections: &[f32], benign: &[f32]) -> Option<f64> {
    let below = |score: f32| {
        let over = benign.partition_point(|b| *b > score);
        let even = benign.partition_point(|b| *b >= score);
        (benign.len() - even) as f64 + (even - over) as f64 / 2.0
    };
    let pairs = injections.len() as f64 * benign.len() as f64;
    (pairs > 0.0).then(|| injections.iter().map(|s| below(*s)).sum::<f64>() / pairs)
}
