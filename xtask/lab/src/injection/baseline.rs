//! What the detector is measured against: one linear model over words, pairs and triples, in windows of 500 bytes.

use super::model::Chance;
use super::rows::{Example, Set};

const WEIGHTS: usize = 1 << 18;
const WINDOW: usize = 500;

/// The linear model.
pub(crate) struct Baseline {
    bias: f32,
    weights: Vec<f32>,
    grown: Vec<f32>,
}

impl Baseline {
    /// Trained on the same rows, but for those that were made.
    pub(crate) fn trained(examples: &[Example], set: Set) -> Self {
        let mut rows: Vec<(Vec<u32>, f32)> = Vec::new();
        for e in examples.iter().filter(|e| e.set == set && !e.aside && !e.source.starts_with("made:")) {
            let label = if e.positive { 1.0 } else { 0.0 };
            rows.extend(windows(&e.text).map(|w| (w, label)));
        }
        let mut model = Self { bias: 0.0, weights: vec![0.0; WEIGHTS], grown: vec![0.1; WEIGHTS] };
        let mut chance = Chance::new(5);
        for _ in 0..4 {
            for _ in 0..rows.len() {
                let Some((window, label)) = chance.of(&rows) else { break };
                let x = 1.0 / (window.len().max(1) as f32).sqrt();
                let slope = 1.0 / (1.0 + (-model.window(window)).exp()) - label;
                model.bias -= 0.01 * slope;
                for n in window {
                    let slope = slope * x;
                    let n = *n as usize;
                    model.grown[n] += slope * slope;
                    model.weights[n] -= 0.3 * slope / model.grown[n].sqrt();
                }
            }
        }
        model
    }

    fn window(&self, window: &[u32]) -> f32 {
        let sum: f32 = window.iter().map(|n| self.weights[*n as usize]).sum();
        self.bias + sum / (window.len().max(1) as f32).sqrt()
    }

    /// What a text weighs.
    pub(crate) fn score(&self, text: &str) -> f32 {
        windows(text).map(|w| self.window(&w)).fold(-20.0, f32::max)
    }
}

fn windows(text: &str) -> impl Iterator<Item = Vec<u32>> {
    let lower = text.to_lowercase();
    let words: Vec<(usize, u32)> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(|w| {
            (
                w.as_ptr() as usize - lower.as_ptr() as usize,
                w.bytes().fold(5381, |h: u32, b| h.wrapping_mul(33) ^ u32::from(b)),
            )
        })
        .collect();
    let starts: Vec<usize> = (0..lower.len().max(1)).step_by(WINDOW / 2).collect();
    starts.into_iter().filter_map(move |start| {
        let from = words.partition_point(|(at, _)| *at < start);
        let to = words.partition_point(|(at, _)| *at < start + WINDOW);
        let part = &words[from..to];
        let mut out = Vec::with_capacity(part.len() * 3);
        for i in 0..part.len() {
            let mut hash = 0u32;
            for (_, word) in part[i..].iter().take(3) {
                hash = (hash.rotate_left(9) ^ word).wrapping_mul(0x9E37_79B1);
                out.push((hash ^ (hash >> 14)) % WEIGHTS as u32);
            }
        }
        (!out.is_empty()).then_some(out)
    })
}
