//! What the detector is trained on and measured with.

use super::templates;
use crate::corpus::Row;
use gate::inspect::injection::lexicon::Lexicon;
use gate::inspect::injection::reading::Reading;

/// How many parts sources are dealt into, to leave each part out once.
pub(crate) const PARTS: usize = 5;

/// Which set of weights a text belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    Description,
    Output,
}

/// One text, read.
pub(crate) struct Example {
    pub(crate) set: Set,
    pub(crate) positive: bool,
    pub(crate) source: String,
    pub(crate) part: usize,
    pub(crate) weight: f32,
    pub(crate) reading: Reading,
    pub(crate) text: String,
    /// Trained on only, never counted: prompts, and texts of the other kind.
    pub(crate) aside: bool,
}

/// The rows to train on: those of the corpus and those made from templates, with a weight by how common a source is.
pub(crate) fn examples(lexicon: &Lexicon, corpus: Vec<Row>, made: bool) -> Vec<Example> {
    let mut rows = if made { templates::made(&corpus) } else { Vec::new() };
    rows.extend(corpus);
    let mut out = Vec::new();
    for row in rows {
        let positive = row.is_injection();
        let example = |set, aside, reading, weight, text| Example {
            set,
            positive,
            part: part(&row.source, &row.text),
            source: short(&row.source),
            weight,
            reading,
            text,
            aside,
        };
        let read = || Reading::of(lexicon, &row.text);
        match row.kind.as_str() {
            "tool_description" => {
                out.push(example(Set::Description, false, read(), 1.0, row.text.clone()));
                if !positive {
                    out.push(example(Set::Output, true, read(), 0.3, String::new()));
                }
            }
            "user_prompt" if positive && !row.source.starts_with("garak") && row.source != "giskard" => {
                out.push(example(Set::Output, true, read(), 0.3, String::new()));
            }
            "user_prompt" => {}
            _ => out.push(example(Set::Output, false, read(), 1.0, row.text.clone())),
        }
    }
    balance(&mut out);
    out
}

/// A source with many rows counts less per row, and both labels of a set count the same.
fn balance(examples: &mut [Example]) {
    use std::collections::HashMap;
    let mut counts: HashMap<(bool, bool, String), f32> = HashMap::new();
    for e in examples.iter() {
        *counts.entry((e.set == Set::Output, e.positive, e.source.clone())).or_default() += 1.0;
    }
    for e in examples.iter_mut() {
        let count = counts.get(&(e.set == Set::Output, e.positive, e.source.clone())).copied().unwrap_or(1.0);
        e.weight *= (400.0 / count).sqrt().clamp(0.25, 2.0);
    }
}

/// Sources that are one collection under many names.
pub(crate) fn short(source: &str) -> String {
    if source.starts_with("tldr-") { "tldr".into() } else { source.into() }
}

/// The part a source is left out with. Sources that share texts are in one part.
pub(crate) fn part(source: &str, text: &str) -> usize {
    match source {
        "bipia" | "bipia-email" | "synth-tool-poison" => 0,
        "composed" | "evasion" | "evasion-lookalike" | "s-labs" | "neuralchemy-core" | "yanismiraoui"
        | "intentprobe" | "bfcl" => 1,
        "embedded-request" | "toolalpaca" => 2,
        "awesome-mcp-registry" => 4,
        // Harmless orders have no like elsewhere: some are always seen.
        "synth-tool-imperative" => text.bytes().map(usize::from).sum::<usize>() % PARTS,
        // Made texts are never left out: what they teach is measured on the others.
        made if made.starts_with("made:") => PARTS,
        _ => short(source).bytes().map(usize::from).sum::<usize>() % PARTS,
    }
}
