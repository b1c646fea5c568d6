//! What tracing costs: taking in what is shown, looking the values of a call up, and memory.

use super::disguises::noise;
use super::{NOW, call, result, show};
use gate::provenance::{Memory, Volume};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// How much is shown, in bytes.
const SHOWN: usize = 10 * 1024 * 1024;
/// How often each look-up is done.
const ROUNDS: usize = 400;

/// The figures, beside their budgets.
pub(crate) fn speed() -> String {
    let texts = noise(SHOWN);
    let mut memory = Memory::default();
    let began = Instant::now();
    let mut slowest = Duration::ZERO;
    for text in &texts {
        let one = Instant::now();
        show(&mut memory, "desk", text);
        slowest = slowest.max(one.elapsed());
    }
    let took = began.elapsed();
    let mut out = String::new();
    let results: Vec<Vec<u8>> = texts.iter().map(|text| result(text)).collect();
    let began = Instant::now();
    let rows: i64 = results.iter().map(|result| std::hint::black_box(Volume::seen(result)).rows_seen).sum();
    let counting = results.iter().map(Vec::len).sum::<usize>() as f64 / began.elapsed().as_secs_f64() / 1e6;
    let rate = SHOWN as f64 / took.as_secs_f64() / 1e6;
    let _ = writeln!(out, "taking in 10 MB in results of 16 KB: {rate:.0} MB/s, the slowest result {slowest:.1?}");
    let _ = writeln!(out, "counting the records in them: {counting:.0} MB/s ({rows} found)");
    let _ = writeln!(out, "memory for 10 MB: {:.1} MB", memory.footprint() as f64 / 1e6);
    for (what, arguments) in [("nothing of it was shown", strange()), ("all of it was shown", familiar(&texts))] {
        let bytes = arguments.to_string().len();
        let Some(call) = call(&arguments) else { continue };
        let mut times: Vec<Duration> = (0..ROUNDS)
            .map(|_| {
                let one = Instant::now();
                std::hint::black_box(memory.trace(&call, NOW));
                one.elapsed()
            })
            .collect();
        times.sort_unstable();
        let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
        let _ = writeln!(
            out,
            "look-up of {bytes} bytes of arguments, {what}: p50 {:.0?}, p99 {:.0?} (budget 1 ms)",
            at(50),
            at(99)
        );
    }
    out
}

/// 2 KB of arguments as an e-mail has them.
fn strange() -> Value {
    let body = "Dear colleague, the figures of the last quarter are attached, as we agreed on Thursday. ".repeat(19);
    json!({
        "to": ["ann@halden.example", "Bo Lund <bo.lund@halden.example>"], "subject": "Figures of the third quarter",
        "body": body, "attachment": "/home/jo/reports/2026/q3-final.pdf", "amount": 12_450.5, "reference": "INV-2026-00471",
        "callback": "https://hooks.halden.example/in?token=4711"
    })
}

/// As much, of texts that were shown.
fn familiar(texts: &[String]) -> Value {
    let part = |nth: usize, at: usize, bytes: usize| {
        let text = &texts[nth % texts.len()];
        text[at..at + bytes].trim().to_owned()
    };
    json!({
        "to": [part(3, 100, 24), part(99, 200, 24)], "subject": part(200, 300, 40), "body": part(300, 400, 1600),
        "attachment": part(400, 500, 40), "reference": part(500, 600, 16), "callback": part(600, 700, 48)
    })
}
