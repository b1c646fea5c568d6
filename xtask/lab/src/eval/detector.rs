//! The injection detector as it ships, on texts of sources it was not trained on, beside a linear model.

use crate::corpus::{self, Row};
use crate::injection::baseline::Baseline;
use crate::injection::figures::Scores;
use crate::injection::rows::{self, Set};
use anyhow::{Context, Result};
use gate::inspect::Kind;
use gate::inspect::injection::pack::{Pack, Parts};
use gate::inspect::injection::reading::Reading;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

/// The figures as a text: per kind and per source, the pack in `pack` beside the baseline trained on the same rows.
pub(crate) fn injection(data: &Path, pack: &Path, beside: bool) -> Result<String> {
    let bytes = std::fs::read(pack).with_context(|| format!("reading {}", pack.display()))?;
    let pack = Parts::from_bytes(&bytes).and_then(Pack::new).context("the pack can't be read")?;
    let rows = corpus::injections(data, "dev")?;
    let train = if beside { corpus::injections(data, "train")? } else { Vec::new() };
    let train = rows::examples(&pack.lexicon, train, false);
    let mut out = String::new();
    for (set, kind) in [(Set::Description, Kind::ToolDescription), (Set::Output, Kind::ToolOutput)] {
        table(&mut out, &pack, kind, &rows)?;
        if beside {
            let baseline = Baseline::trained(&train, set);
            let mut scores = Scores::default();
            for row in rows.iter().filter(|r| r.kind() == Some(kind)) {
                scores.add(row.is_injection(), baseline.score(&row.text));
            }
            writeln!(out, "  linear model over words: {}", summary(&scores))?;
        }
    }
    writeln!(out, "{}", speed(&rows))?;
    Ok(out)
}

fn summary(scores: &Scores) -> String {
    format!("AUC {:.3}, recall {:.3} at 1 %, {:.3} at 0.1 %", scores.auc(), scores.recall(0.01), scores.recall(0.001))
}

fn table(out: &mut String, pack: &Pack, kind: Kind, rows: &[Row]) -> Result<()> {
    let Some(head) = pack.head(kind) else { return Ok(()) };
    let mut scores = Scores::default();
    let mut sources: BTreeMap<(&str, String), (usize, usize)> = BTreeMap::new();
    for row in rows.iter().filter(|r| r.kind() == Some(kind)) {
        let total = pack.weigh(head, &Reading::of(&pack.lexicon, &row.text)).total(head);
        scores.add(row.is_injection(), total);
        let count = sources.entry((&row.label, rows::short(&row.source))).or_default();
        count.0 += 1;
        count.1 += usize::from(total >= head.threshold);
    }
    let (found, alarms) = scores.at(head.threshold);
    writeln!(out, "{kind:?}: {}; as shipped {found:.3} found, {alarms:.4} false alarms", summary(&scores))?;
    let registry: Vec<f32> = rows
        .iter()
        .filter(|r| r.source == "livemcpbench" && r.kind() == Some(kind))
        .map(|r| pack.weigh(head, &Reading::of(&pack.lexicon, &r.text)).total(head))
        .collect();
    let listed = Scores { harmless: registry, injections: scores.injections.clone() };
    writeln!(out, "  at 1 of 500 of a registry: {:.3}, at none {:.3}", listed.recall(0.002), listed.recall(0.0))?;
    for ((label, source), (all, flagged)) in sources {
        writeln!(out, "  {label:9} {source:30} {flagged:5} of {all:5} flagged")?;
    }
    Ok(())
}

/// How long 16 KB of ordinary text take.
fn speed(rows: &[Row]) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut text = String::new();
    for row in rows.iter().filter(|r| r.label == "benign") {
        text.push_str(&row.text);
        text.push('\n');
        if text.len() >= 16 << 10 {
            let mut end = 16 << 10;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
            texts.push(std::mem::take(&mut text));
        }
    }
    // The best of a few for each text: on a machine that others use too, the rest is theirs.
    let timed = |text: &String| {
        let start = Instant::now();
        std::hint::black_box(gate::inspect::injection::judge(Kind::ToolOutput, text));
        start.elapsed().as_micros()
    };
    let mut times: Vec<u128> = texts.iter().filter_map(|t| (0..7).map(|_| timed(t)).min()).collect();
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    format!("16 KB: median {} µs, p99 {} µs", at(50), at(99))
}
