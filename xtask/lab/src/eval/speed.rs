//! How fast texts are inspected.

use super::{Split, Table};
use gate::inspect::{self, Kind, unicode};
use std::hint::black_box;
use std::time::Instant;

/// Megabytes a second on this machine, the best of three runs.
pub(super) fn table(splits: &[Split]) -> Table {
    let prose = "The reader looks at this line and goes on, since nothing in it is odd or hidden. ".repeat(20_000);
    let kind = |name: &str| -> Vec<&str> {
        splits.iter().flat_map(|s| &s.rows).filter(|r| r.kind == name).map(|r| r.text.as_str()).take(3000).collect()
    };
    let hard =
        ["a\u{200B}", "раураl ", "&#105;", "%25", "aWdub3JlIGFs ", "105 ", "1gn0r3 4ll ", "snoitcurtsni ", "a ", "ｉ"];
    let hard: Vec<String> = hard.iter().map(|piece| piece.repeat(300_000 / piece.len())).collect();
    let cell = |speed: f64| format!("{speed:.0}");
    let mut rows = Vec::new();
    for (name, texts) in [
        ("plain prose", vec![prose.as_str()]),
        ("tool outputs", kind("tool_output")),
        ("descriptions", kind("tool_description")),
        ("documents", kind("web")),
        ("code", kind("code")),
        ("made to be slow", hard.iter().map(String::as_str).collect()),
    ] {
        let read = best(&texts, |text| drop(black_box(unicode::read(text))));
        let data = best(&texts, |text| drop(black_box(inspect::data::find(text))));
        let judged = best(&texts, |text| drop(black_box(inspect::injection::judge(Kind::ToolOutput, text))));
        let all = best(&texts, |text| drop(black_box(inspect::text(Kind::ToolOutput, text))));
        rows.push(vec![name.into(), cell(read), cell(data), cell(judged), cell(all)]);
    }
    Table {
        title: "Speed",
        note: "MB/s of one thread on the machine that measured, which may have been busy.",
        head: vec!["texts", "read", "looked through for data", "judged", "inspected"],
        rows,
    }
}

fn best(texts: &[&str], work: impl Fn(&str)) -> f64 {
    let bytes: usize = texts.iter().map(|t| t.len()).sum();
    let run = || {
        let start = Instant::now();
        texts.iter().for_each(|text| work(text));
        bytes as f64 / 1e6 / start.elapsed().as_secs_f64()
    };
    (0..3).map(|_| run()).fold(0.0, f64::max)
}
