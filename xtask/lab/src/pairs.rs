//! How people write names and words: which letter follows which, learnt from harmless texts. What is drawn at random
//! surprises by it.

use crate::corpus;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// Letters of either case, a digit, and whatever else.
const SIGNS: usize = 28;
const DIGIT: usize = 26;
const OTHER: usize = 27;

/// Writes the table: for each sign and the one after it, how surprising that is in quarters of a bit, from `0` upwards.
pub(crate) fn make(data: &Path, out: &Path) -> Result<()> {
    let mut words: BTreeMap<String, u32> = BTreeMap::new();
    for row in corpus::injections(data, "train")?.iter().filter(|r| !r.is_injection() && r.kind != "user_prompt") {
        let joined = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        for word in row.text.split(|c| !joined(c)).filter(|w| (3..=40).contains(&w.len()) && !drawn(w)) {
            *words.entry(word.to_owned()).or_default() += 1;
        }
    }
    let mut counts = [[0.3f64; SIGNS]; SIGNS];
    for (word, times) in &words {
        let weight = 1.0 + f64::from(*times).ln();
        let signs = signs(word);
        signs.windows(2).for_each(|pair| counts[pair[0]][pair[1]] += weight);
    }
    let mut table = String::new();
    for row in counts {
        let sum: f64 = row.iter().sum();
        table.extend(row.iter().map(|n| char::from(b'0' + (-(n / sum).log2() * 4.0).round().min(60.0) as u8)));
        table.push('\n');
    }
    std::fs::write(out, table).with_context(|| format!("{} can't be written", out.display()))
}

/// Keys and hashes teach nothing of words.
fn drawn(word: &str) -> bool {
    let digit = word.bytes().any(|b| b.is_ascii_digit());
    let hex = word.len() >= 16 && word.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    hex || digit && word.len() > 24 && !word.contains(['_', '.', '-'])
}

fn signs(word: &str) -> Vec<usize> {
    let mut out = vec![OTHER];
    let mut before = b' ';
    for b in word.bytes() {
        if b.is_ascii_uppercase() && before.is_ascii_lowercase() {
            out.push(OTHER);
        }
        out.push(match b {
            b'a'..=b'z' => usize::from(b - b'a'),
            b'A'..=b'Z' => usize::from(b - b'A'),
            b'0'..=b'9' => DIGIT,
            _ => OTHER,
        });
        before = b;
    }
    out.push(OTHER);
    out
}
