//! Secrets and personal data: what is found, what is missed, what is taken for one, and how fast.

use crate::corpus::{self, DataRow, meet};
use anyhow::Result;
use gate::inspect::data::find;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

#[derive(Default)]
struct Tally {
    spans: u32,
    hit: u32,
    rows: u32,
    flagged: u32,
}

/// Reads both splits under `data` and prints what the detectors make of them.
pub(crate) fn run(data: &Path, verbose: bool) -> Result<()> {
    for split in ["train", "dev"] {
        measure(split, &corpus::data(data, split)?, verbose);
    }
    Ok(())
}

fn measure(split: &str, rows: &[DataRow], verbose: bool) {
    let mut classes: BTreeMap<(&str, &str), Tally> = BTreeMap::new();
    let mut clean: BTreeMap<&str, Tally> = BTreeMap::new();
    let (mut extra, mut clean_chars, mut bytes) = (BTreeMap::<&str, u32>::new(), 0, 0);
    let begun = Instant::now();
    let all: Vec<_> = rows.iter().map(|r| find(&r.text)).collect();
    let took = begun.elapsed().as_secs_f64();
    for (row, found) in rows.iter().zip(&all) {
        bytes += row.text.len();
        let places = row.places();
        for (span, place) in row.spans.iter().zip(&places) {
            let tally = classes.entry((&row.source, &span.class)).or_default();
            let hit = found.iter().any(|datum| meet(&datum.span, place));
            tally.spans += 1;
            tally.hit += u32::from(hit);
            if verbose && !hit && split == "train" {
                println!("miss {} {} {:?}", row.source, span.class, around(&row.text, place.start));
            }
        }
        for datum in found {
            if !places.iter().any(|place| meet(&datum.span, place)) {
                *extra.entry(datum.class).or_default() += 1;
            }
        }
        if row.is_unmarked() {
            // Somewhere in it is one: whether anything was found is all that can be said.
            let tally = classes.entry((&row.source, "SECRET:somewhere")).or_default();
            tally.spans += 1;
            tally.hit += u32::from(!found.is_empty());
        } else if row.is_clean() {
            let tally = clean.entry(&row.source).or_default();
            tally.rows += 1;
            tally.flagged += u32::from(!found.is_empty());
            clean_chars += row.text.chars().count();
            if verbose
                && split == "train"
                && let Some(d) = found.first()
            {
                println!("false {} {} {:?}", row.source, d.class, row.text.get(d.span.clone()));
            }
        }
    }
    println!("== {split}: {:.1} MB/s over {bytes} bytes", bytes as f64 / took / 1e6);
    let mut sources: BTreeMap<&str, Tally> = BTreeMap::new();
    for ((source, class), tally) in &classes {
        if class.starts_with("PII") || *source == "synth-secrets" {
            println!("{source} {class}: recall {}/{}", tally.hit, tally.spans);
        } else {
            let sum = sources.entry(source).or_default();
            sum.spans += tally.spans;
            sum.hit += tally.hit;
        }
    }
    for (source, tally) in &sources {
        println!("{source}: recall {}/{}", tally.hit, tally.spans);
    }
    let alarms: u32 = clean.values().map(|t| t.flagged).sum();
    for (source, tally) in &clean {
        println!("clean {source}: flagged {}/{}", tally.flagged, tally.rows);
    }
    println!(
        "clean: {:.1} flagged rows per million characters; outside marked spans: {extra:?}",
        f64::from(alarms) * 1e6 / clean_chars.max(1) as f64
    );
}

/// What stands around a place, to be read by whoever mends the detectors.
fn around(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or_default().chars().count().saturating_sub(60);
    text.chars().skip(before).take(140).collect()
}
