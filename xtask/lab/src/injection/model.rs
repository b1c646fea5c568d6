//! Training by descent: of each text the sentence that weighs most learns, as in use it decides.

use super::rows::{Example, Set};
use gate::inspect::injection::features::{self, CLASS_WEIGHTS, MEANING_WEIGHTS, WORD_WEIGHTS};
use gate::inspect::injection::pack::Weights;
use gate::inspect::injection::reading::Reading;
use gate::inspect::injection::{FACT, Weighed, share, weigh};
use std::collections::HashMap;

const ROUNDS: usize = 7;
/// How many times it is trained, to take the mean.
const TIMES: u64 = 3;
const RATE: f32 = 0.25;

/// How fast the weights of words are drawn to nothing, and those of classes.
const WORD_DECAY: f32 = 2e-3;
const CLASS_DECAY: f32 = 2e-4;
const MEANING_DECAY: f32 = 5e-4;

/// How often of a hundred times words are left out in training, so that the classes learn to stand alone.
const WORDLESS: u64 = 10;

/// In how many sources a word must stand to count.
const SOURCES: u32 = 3;

/// Weights while they learn.
pub(crate) struct Model {
    pub(crate) bias: f32,
    classes: Vec<f32>,
    words: Vec<f32>,
    meanings: Vec<f32>,
    grown: Grown,
}

/// How far each weight has moved, in squares.
struct Grown {
    bias: f32,
    classes: Vec<f32>,
    words: Vec<f32>,
    meanings: Vec<f32>,
}

/// Numbers that look random, the same each time.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % end.max(1)
    }

    /// One of many.
    pub(crate) fn of<'a, T>(&mut self, many: &'a [T]) -> Option<&'a T> {
        many.get(usize::try_from(self.below(many.len() as u64)).unwrap_or(0))
    }
}

impl Model {
    fn new() -> Self {
        let nothing = |count| vec![0.0; count];
        let (classes, words, meanings) = (nothing(CLASS_WEIGHTS), nothing(WORD_WEIGHTS), nothing(MEANING_WEIGHTS));
        let grown = Grown {
            bias: 1.0,
            classes: vec![0.05; CLASS_WEIGHTS],
            words: vec![0.2; WORD_WEIGHTS],
            meanings: vec![0.1; MEANING_WEIGHTS],
        };
        Self { bias: -1.0, classes, words, meanings, grown }
    }

    /// Trains on what `chosen` lets through, a few times in other orders, and takes the mean.
    pub(crate) fn trained(examples: &[Example], set: Set, chosen: impl Fn(&Example) -> bool) -> Self {
        let mut models = (0..TIMES).map(|seed| Self::once(examples, set, &chosen, 17 + seed));
        let Some(mut mean) = models.next() else { return Self::new() };
        for model in models {
            mean.add(&model);
        }
        mean.scale(1.0 / TIMES as f32);
        mean
    }

    fn add(&mut self, other: &Self) {
        let add = |mine: &mut [f32], others: &[f32]| mine.iter_mut().zip(others).for_each(|(a, b)| *a += b);
        self.bias += other.bias;
        add(&mut self.classes, &other.classes);
        add(&mut self.words, &other.words);
        add(&mut self.meanings, &other.meanings);
    }

    fn scale(&mut self, by: f32) {
        self.bias *= by;
        [&mut self.classes, &mut self.words, &mut self.meanings].into_iter().flatten().for_each(|w| *w *= by);
    }

    fn once(examples: &[Example], set: Set, chosen: impl Fn(&Example) -> bool, seed: u64) -> Self {
        let mut order: Vec<&Example> =
            examples.iter().filter(|e| e.set == set && !e.reading.is_empty() && chosen(e)).collect();
        let counted = counted(&order);
        let weight = |positive| order.iter().filter(|e| e.positive == positive).map(|e| e.weight).sum::<f32>();
        let balance = (weight(false) / weight(true).max(1.0)).clamp(0.2, 5.0);
        let (mut model, mut chance, mut scratch) = (Self::new(), Chance::new(seed), Vec::new());
        for round in 0..ROUNDS {
            for i in (1..order.len()).rev() {
                order.swap(i, usize::try_from(chance.below(i as u64 + 1)).unwrap_or(0));
            }
            for e in &order {
                let worded = chance.below(100) >= WORDLESS;
                let weighed = weigh(&e.reading, |at| model.sentence(&e.reading, at, worded, &counted, &mut scratch));
                let weight = if e.positive { e.weight * balance } else { e.weight };
                model.learn(e, weighed.at, weight, worded, &counted, &mut scratch);
                // Of harmless texts another sentence learns too.
                if !e.positive && round < 3 {
                    let other = usize::try_from(chance.below(e.reading.len() as u64)).unwrap_or(0);
                    model.learn(e, other, weight * 0.3, worded, &counted, &mut scratch);
                }
            }
        }
        for (word, counts) in model.words.iter_mut().zip(&counted) {
            if !counts {
                *word = 0.0;
            }
        }
        model
    }

    fn sentence(&self, reading: &Reading, at: usize, worded: bool, counted: &[bool], scratch: &mut Vec<u32>) -> f32 {
        let facts = features::classes(reading, at, scratch);
        let (facts, combined) = scratch.split_at(facts);
        let sum = |numbers: &[u32]| numbers.iter().filter_map(|n| self.classes.get(*n as usize)).sum::<f32>();
        let mut total = self.bias + sum(facts) * FACT + sum(combined) * share(combined.len());
        if worded {
            let words = features::words(reading, at);
            let by_word: f32 = words
                .iter()
                .map(|n| *n as usize % WORD_WEIGHTS)
                .map(|n| if counted[n] { self.words[n] } else { 0.0 })
                .sum();
            total += by_word * share(words.len());
        }
        let meanings = features::meanings(reading, at);
        let by_meaning: f32 = meanings.iter().map(|n| self.meanings[*n as usize % MEANING_WEIGHTS]).sum();
        total + by_meaning * share(meanings.len())
    }

    fn learn(&mut self, e: &Example, at: usize, weight: f32, worded: bool, counted: &[bool], scratch: &mut Vec<u32>) {
        let score = self.sentence(&e.reading, at, worded, counted, scratch);
        let wanted = if e.positive { 1.0 } else { 0.0 };
        let slope = (1.0 / (1.0 + (-score).exp()) - wanted) * weight;
        if slope.abs() < 1e-3 {
            return;
        }
        self.grown.bias += slope * slope;
        self.bias -= RATE * slope / self.grown.bias.sqrt();
        let facts = features::classes(&e.reading, at, scratch);
        let x = share(scratch.len() - facts);
        for (i, n) in scratch.iter().map(|n| *n as usize).enumerate() {
            let x = if i < facts { FACT } else { x };
            step(&mut self.classes[n], &mut self.grown.classes[n], slope * x, CLASS_DECAY);
        }
        let meanings = features::meanings(&e.reading, at);
        let x = share(meanings.len());
        for n in meanings.iter().map(|n| *n as usize % MEANING_WEIGHTS) {
            step(&mut self.meanings[n], &mut self.grown.meanings[n], slope * x, MEANING_DECAY);
        }
        if worded {
            let words = features::words(&e.reading, at);
            let x = share(words.len());
            for n in words.iter().map(|n| *n as usize % WORD_WEIGHTS).filter(|n| counted[*n]) {
                step(&mut self.words[n], &mut self.grown.words[n], slope * x, WORD_DECAY);
            }
        }
    }

    /// What a text weighs.
    pub(crate) fn weigh(&self, reading: &Reading) -> Weighed {
        let (all, mut scratch) = (vec![true; WORD_WEIGHTS], Vec::new());
        weigh(reading, |at| self.sentence(reading, at, true, &all, &mut scratch))
    }

    /// The weights in one byte each.
    pub(crate) fn packed(&self) -> Weights {
        let (class_scale, classes) = bytes(&self.classes);
        let (word_scale, words) = bytes(&self.words);
        let (meaning_scale, meanings) = bytes(&self.meanings);
        Weights { class_scale, word_scale, meaning_scale, classes, words, meanings }
    }
}

fn step(weight: &mut f32, grown: &mut f32, slope: f32, decay: f32) {
    let slope = slope + decay * *weight;
    *grown += slope * slope;
    *weight -= RATE * slope / grown.sqrt();
}

fn bytes(weights: &[f32]) -> (f32, Vec<i8>) {
    let largest = weights.iter().fold(1e-6_f32, |m, w| m.max(w.abs()));
    let scale = largest / 127.0;
    (scale, weights.iter().map(|w| (w / scale).round().clamp(-127.0, 127.0) as i8).collect())
}

/// Which words stand in enough sources.
fn counted(examples: &[&Example]) -> Vec<bool> {
    let mut numbers: HashMap<&str, u8> = HashMap::new();
    let mut seen = vec![0u64; WORD_WEIGHTS];
    for e in examples {
        let next = u8::try_from(numbers.len() % 64).unwrap_or(0);
        let number = *numbers.entry(&e.source).or_insert(next);
        for at in 0..e.reading.len() {
            for n in features::words(&e.reading, at) {
                seen[*n as usize % WORD_WEIGHTS] |= 1 << number;
            }
        }
    }
    seen.iter().map(|s| s.count_ones() >= SOURCES).collect()
}
