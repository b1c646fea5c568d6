//! False alarms: benign texts that are flagged, and what for.

use super::{Split, Table, percent};
use gate::inspect::{self, Severity};
use std::collections::BTreeMap;

/// Texts, those that were flagged, and by which classes.
type Alarms<'class> = (usize, usize, BTreeMap<&'class str, usize>);

/// One row for each source of benign texts.
pub(super) fn table(splits: &[Split]) -> Table {
    let mut rows = Vec::new();
    for split in splits {
        let mut sources: BTreeMap<(&str, &str), Alarms<'_>> = BTreeMap::new();
        for row in split.rows.iter().filter(|r| !r.is_injection()) {
            let Some(judged) = row.kind() else { continue };
            let (all, flagged, why) = sources.entry((&row.kind, &row.source)).or_default();
            let inspected = inspect::text(judged, &row.text);
            *all += 1;
            *flagged += usize::from(inspected.flagged);
            for finding in inspected.findings.iter().filter(|f| f.severity > Severity::Info) {
                *why.entry(finding.class).or_default() += 1;
            }
        }
        rows.extend(sources.into_iter().map(|((kind, source), (all, flagged, why))| {
            let why: Vec<String> = why.iter().map(|(class, n)| format!("{class} {n}")).collect();
            vec![split.name.into(), kind.into(), source.into(), all.to_string(), percent(flagged, all), why.join(", ")]
        }));
    }
    Table {
        title: "False alarms",
        note: "Benign texts that are flagged, and findings in them that are more than information.",
        head: vec!["split", "kind", "source", "texts", "flagged", "findings"],
        rows,
    }
}
