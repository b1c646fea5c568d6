//! Texts made to be hard on the inspection: pieces of every disguise, nested and repeated. `slow` looks for those that
//! take longest, `fuzz` for any that break a promise.

use crate::corpus;
use anyhow::{Result, ensure};
use gate::inspect::{self, Kind, data, injection, unicode};
use std::fmt::Write;
use std::hint::black_box;
use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

/// What hostile texts are made of.
const PIECES: &[&str] = &[
    "a",
    "e ",
    " ",
    "\n",
    "\t",
    "a ",
    "a-",
    "i g n o r e ",
    "1 ",
    "10 ",
    "69 ",
    "0x69 ",
    "105 ",
    "1,",
    "01",
    "110 ",
    "a1",
    "A",
    "aB",
    "aWdub3JlIGFs",
    "aWdub3JlIGFsbA==",
    "=",
    "==\n",
    "MFRGG",
    "deadbeef",
    "00",
    "6967",
    "snoitcurtsni ",
    "vtaber nyy ",
    "1gn0r3 4ll ",
    "zqxj",
    "h3ll0 ",
    "$1",
    "|",
    "!",
    "&",
    "&#105;",
    "&#x69",
    "&amp;",
    "&#",
    "%",
    "%25",
    "%69",
    "%C3%A9",
    "%C3",
    "\\",
    "\\u0069",
    "\\u00",
    "\\ud83d\\ude00",
    "\\x69",
    "\\x",
    "\\151",
    "\\U00000069",
    "\\u{69}",
    "=69",
    "=\n",
    "=C3=A9",
    "<",
    "<a ",
    "<!--",
    "-->",
    "<p hidden>",
    "</p>",
    "<b title=\"",
    "<span style=\"display:none\">",
    "[",
    "](",
    ")",
    "![](https://a.b/?x={y})",
    "[//]: # (",
    "]:",
    "[a](https://a.b)",
    "\u{1b}[8m",
    "\u{1b}]8;;https://a.b\u{7}",
    "\u{1b}]",
    "\u{1b}[",
    "\u{1b}",
    "\u{7}",
    "\u{8}",
    "\u{200B}",
    "a\u{200B}",
    "\u{200D}",
    "\u{AD}",
    "\u{E0061}",
    "\u{E0100}",
    "\u{FE0F}",
    "\u{FE01}",
    "\u{202E}",
    "\u{202C}",
    "\u{301}",
    "e\u{301}",
    "\u{336}",
    "раураl ",
    "р",
    "Привет ",
    "αβγ ",
    "ｉ",
    "𝐢",
    "ⓘ",
    "🅸",
    "🇩",
    "👩\u{200D}",
    "ɐ",
    "ɹ\n",
    "⠊",
    "ᴀ",
    "日",
    "한",
    "ا",
    "न्",
    "\u{20000}",
    "é",
    "\u{A0}",
    "\u{3164}",
    ".- ",
    "-",
    ".",
    "/ ",
    "_",
    "password=",
    "-----BEGIN ",
    "eyJ",
    "@",
    "a@b.c ",
    "://",
    "+49 ",
    "4111 ",
    "482913 ",
    "otp ",
    "backup code ",
    "mnemonic ",
    "kind: Secret\n",
    "\"kind\":\"Secret\"",
    "data:\n",
    "::",
    "ignore ",
    "all ",
    "previous ",
    "instructions ",
    "you ",
    "\"",
    "{",
    "}",
    "\"a\":",
    "'",
    "`",
    "#",
    "//",
    "\r\n",
    "\u{2028}",
    "\u{FEFF}",
    "\0",
];

/// A row of numbers that begins where it is told to.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % end.max(1)
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of.get(self.below(of.len())).copied().unwrap_or_default()
    }
}

/// A text as its recipe: what is repeated.
type Unit = String;

fn grown(unit: &str, size: usize) -> String {
    let mut text = unit.repeat(size / unit.len().max(1) + 1);
    let mut end = size;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

fn plain(size: usize) -> String {
    grown("The reader looks at this line and goes on, since nothing in it is odd or hidden. ", size)
}

/// Nanoseconds a byte, the best of `runs`.
fn cost(text: &str, runs: usize, work: fn(&str)) -> f64 {
    let once = || {
        let start = Instant::now();
        work(text);
        start.elapsed().as_nanos() as f64 / text.len() as f64
    };
    (0..runs).map(|_| once()).fold(f64::MAX, f64::min)
}

fn read(text: &str) {
    black_box(unicode::read(text));
}

fn whole(text: &str) {
    black_box(inspect::text(Kind::ToolDescription, text));
}

/// Looks for the units whose repetition takes longest to read, and to inspect, for as long as is said.
pub(crate) fn slow(seconds: u64, seed: u64) -> Result<String> {
    const SMALL: usize = 64 << 10;
    const LARGE: usize = 1 << 20;
    let mut out = String::from("# Slow texts\n");
    for (name, work) in [("read", read as fn(&str)), ("inspected", whole as fn(&str))] {
        let mut dice = Dice(seed | 1);
        let mut best: Vec<(f64, Unit)> =
            PIECES.iter().map(|p| (cost(&grown(p, SMALL), 1, work), (*p).into())).collect();
        let until = Instant::now() + Duration::from_secs(seconds / 2);
        while Instant::now() < until {
            best.sort_by(|a, b| b.0.total_cmp(&a.0));
            best.truncate(24);
            let parent = best[dice.below(best.len())].1.clone();
            let unit = changed(parent, &mut dice);
            if (1..=400).contains(&unit.len()) && !best.iter().any(|(_, u)| *u == unit) {
                best.push((cost(&grown(&unit, SMALL), 1, work), unit));
            }
        }
        let base = cost(&plain(LARGE), 5, work);
        best.sort_by(|a, b| b.0.total_cmp(&a.0));
        let grow = |(_, u): (f64, Unit)| (cost(&grown(&u, LARGE), 1, work), u);
        let mut rows: Vec<(f64, Unit)> = best.into_iter().take(10).map(grow).collect();
        rows.sort_by(|a, b| b.0.total_cmp(&a.0));
        writeln!(out, "\n## {name}: plain text {base:.2} ns a byte\n")?;
        for (cost, unit) in &rows {
            writeln!(out, "{:6.1} × {cost:7.1} ns  {unit:?}", cost / base)?;
        }
    }
    Ok(out)
}

/// Another unit, near this one.
fn changed(mut unit: Unit, dice: &mut Dice) -> Unit {
    let places: Vec<usize> = unit.char_indices().map(|(at, _)| at).chain([unit.len()]).collect();
    let at = places[dice.below(places.len())];
    let end = places[dice.below(places.len())].max(at);
    match dice.below(7) {
        0 | 1 => unit.insert_str(at, dice.one(PIECES)),
        2 => unit.push_str(dice.one(PIECES)),
        3 => unit.replace_range(at..end, ""),
        4 => unit.replace_range(at..end, dice.one(PIECES)),
        5 => unit = unit.repeat(1 + dice.below(6)),
        _ => unit = format!("{}{unit}{}", dice.one(PIECES), dice.one(PIECES)),
    }
    unit
}

/// Inspects changed rows of the corpora and what pieces make, for as long as is said.
pub(crate) fn fuzz(folder: &Path, seconds: u64, seed: u64) -> Result<String> {
    let mut rows: Vec<String> = corpus::injections(folder, "train")?.into_iter().map(|r| r.text).collect();
    rows.extend(corpus::data(folder, "train")?.into_iter().map(|r| r.text));
    let until = Instant::now() + Duration::from_secs(seconds);
    let (mut count, mut bytes) = (0usize, 0usize);
    let mut dice = Dice(seed | 1);
    while Instant::now() < until {
        let mut text = match dice.below(3) {
            0 => grown(dice.one(PIECES), 1 + dice.below(400)),
            _ => rows[dice.below(rows.len())].chars().take(4000).collect(),
        };
        for _ in 0..dice.below(8) {
            text = changed(text, &mut dice);
            if text.len() > 20_000 {
                text = grown(&text, 20_000);
            }
        }
        // What panics is printed with the text that did it.
        let caught = std::panic::catch_unwind(|| check(&text));
        match caught {
            Ok(checked) => checked.map_err(|fault| fault.context(format!("text {count}: {text:?}")))?,
            Err(_) => ensure!(false, "text {count} ends in a panic: {text:?}"),
        }
        count += 1;
        bytes += text.len();
    }
    Ok(format!("{count} texts of {:.1} MB held what was promised\n", bytes as f64 / 1e6))
}

/// Every span is one of the text, and what is read leads back to where it stood.
fn check(text: &str) -> Result<()> {
    let stands = |span: &Range<usize>| text.get(span.clone()).is_some();
    let reading = unicode::read(text);
    for span in reading.findings.iter().filter_map(|f| f.span.as_ref()).chain(reading.decoded.iter().map(|d| &d.span)) {
        ensure!(stands(span), "a finding of the reader stands at {span:?}");
    }
    let mut last = 0;
    let step = (reading.plain.len() / 64).max(1);
    for (at, c) in reading.plain.char_indices().step_by(step) {
        let range = at..at + c.len_utf8();
        let original = reading.original(&range);
        ensure!(stands(&original) && original.start >= last, "{range:?} stands at {original:?}");
        let again = reading.read(&original);
        ensure!(
            again.start <= range.start && range.end <= again.end,
            "{range:?} is at {original:?} and so at {again:?}"
        );
        last = original.start;
    }
    for datum in data::find(text) {
        ensure!(
            text.get(datum.span.clone()).is_some_and(|v| !v.is_empty()),
            "{} stands at {:?}",
            datum.class,
            datum.span
        );
    }
    for kind in [Kind::ToolDescription, Kind::ToolOutput, Kind::Argument] {
        let judged = injection::judge(kind, text);
        ensure!(stands(&judged.span) && (0.0..=1.0).contains(&judged.score), "judged {judged:?}");
    }
    let inspected = inspect::text(Kind::ToolDescription, text);
    ensure!((0.0..=1.0).contains(&inspected.injection), "a score of {}", inspected.injection);
    ensure!(inspected.findings.iter().filter_map(|f| f.span.as_ref()).all(stands), "{:?}", inspected.findings);
    let mut end = 0;
    for datum in &inspected.data {
        ensure!(stands(&datum.span) && datum.span.start >= end && !datum.span.is_empty(), "{datum:?} behind {end}");
        end = datum.span.end;
    }
    black_box(inspected.redacted(text));
    Ok(())
}
