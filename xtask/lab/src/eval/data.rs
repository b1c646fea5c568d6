//! Secrets and personal data: how much of each class is found, how much of what is found is one, and how fast.

use super::{Table, percent};
use crate::corpus::{self, DataRow, meet};
use anyhow::Result;
use gate::inspect::data::{self, Datum};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

/// What the types of the corpora are called here, and how much of each is to be found, in percent.
const TYPES: &[(&str, &str, &str, &str)] = &[
    ("PII:CREDIT_CARD", "personal, checked", "personal.payment_card", "98"),
    ("PII:IBAN_CODE", "personal, checked", "personal.iban", "98"),
    ("PII:US_SSN", "personal, checked", "personal.national_id.us_ssn", "98"),
    ("PII:EMAIL_ADDRESS", "personal, checked", "personal.email_address", "98"),
    ("PII:IP_ADDRESS", "personal, checked", "personal.ip_address", "98"),
    ("PII:PHONE_NUMBER", "phone", "personal.phone_number", "85"),
    ("PII:PERSON", "personal, in context", "personal.person_name", "–"),
    ("PII:STREET_ADDRESS", "personal, in context", "personal.street_address", "–"),
    ("PII:US_DRIVER_LICENSE", "personal, in context", "personal.driver_license", "–"),
];

/// What was counted of one class in one source.
#[derive(Default)]
struct Tally {
    values: usize,
    hit: usize,
    /// Findings of the class, and those of them that meet a value of it.
    found: usize,
    right: usize,
}

/// The group, the class and the goal of a type of the corpora; `None` where nothing is looked for.
fn class_of(source: &str, kind: &str) -> Option<(&'static str, String, &'static str)> {
    if let Some(name) = kind.strip_prefix("SECRET:") {
        return Some(match source {
            "synth-secrets" => ("synthetic", format!("secret ({name})"), "95"),
            "synth-gitleaks" => ("synthetic", "secret".into(), "95"),
            _ => ("provider examples", "secret".into(), "90"),
        });
    }
    let (_, group, class, goal) = TYPES.iter().find(|(t, ..)| *t == kind)?;
    Some((group, (*class).into(), goal))
}

/// Whether a finding is of the class that a row of the table is about.
fn is_of(datum: &Datum, class: &str) -> bool {
    let class = class.split(' ').next().unwrap_or(class);
    datum.class == class || datum.class.strip_prefix(class).is_some_and(|rest| rest.starts_with('.'))
}

/// One row for each class in each source, then the clean texts.
pub(super) fn table(corpora: &Path) -> Result<Table> {
    let mut rows = Vec::new();
    for split in ["train", "dev"] {
        rows.extend(measured(split, &corpus::data(corpora, split)?));
    }
    Ok(Table {
        title: "Secrets and personal data",
        note: "Values of which at least a part was found; of the findings of the class, those that meet a value of it (`–` where a \
               source marks no values); and clean texts in which something was found.",
        head: vec!["split", "group", "source", "class", "values", "found", "precision", "goal"],
        rows,
    })
}

/// The rows of one split.
pub(super) fn measured(split: &str, texts: &[DataRow]) -> Vec<Vec<String>> {
    let mut tallies: BTreeMap<(&str, &str, String, &str), Tally> = BTreeMap::new();
    let mut clean: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for row in texts {
        let found = data::find(&row.text);
        let places = row.places();
        if row.is_clean() {
            let [texts, flagged] = clean.entry(&row.source).or_default();
            *texts += 1;
            *flagged += usize::from(!found.is_empty());
            continue;
        }
        if row.is_unmarked() {
            // Somewhere in it is one: whether anything was found is all that can be said.
            let tally = tallies.entry(("provider examples", &row.source, "secret".into(), "90")).or_default();
            tally.values += 1;
            tally.hit += usize::from(found.iter().any(|d| d.class.starts_with("secret.")));
            continue;
        }
        let mut seen = Vec::new();
        for (span, place) in row.spans.iter().zip(&places) {
            let Some((group, class, goal)) = class_of(&row.source, &span.class) else { continue };
            let tally = tallies.entry((group, &row.source, class.clone(), goal)).or_default();
            tally.values += 1;
            tally.hit += usize::from(found.iter().any(|datum| meet(&datum.span, place)));
            if !seen.contains(&class) {
                let of = found.iter().filter(|d| is_of(d, &class));
                let same = |kind: &str| {
                    class_of(&row.source, kind).is_some_and(|(_, c, _)| c.split(' ').next() == class.split(' ').next())
                };
                let marked: Vec<_> =
                    row.spans.iter().zip(&places).filter(|(s, _)| same(&s.class)).map(|(_, p)| p).collect();
                let right = |d: &&Datum| marked.iter().any(|place| meet(&d.span, place));
                tally.found += of.clone().count();
                tally.right += of.filter(right).count();
                seen.push(class);
            }
        }
    }
    let mut rows: Vec<Vec<String>> = tallies
        .into_iter()
        .map(|((group, source, class, goal), t)| {
            let goal = if goal == "–" { goal.into() } else { format!("≥ {goal} %") };
            let found = percent(t.hit, t.values);
            let precision = percent(t.right, t.found);
            vec![split.into(), group.into(), source.into(), class, t.values.to_string(), found, precision, goal]
        })
        .collect();
    rows.extend(clean.into_iter().map(|(source, [texts, flagged])| {
        let goal = if source.ends_with("-neg") || source == "fake-leaks" { "near misses" } else { "≤ 0.5 %" };
        let all = "anything".to_owned();
        let group = "clean rows flagged".into();
        vec![
            split.into(),
            group,
            source.into(),
            all,
            texts.to_string(),
            percent(flagged, texts),
            "–".into(),
            goal.into(),
        ]
    }));
    rows
}

/// Texts made to be slow: a megabyte each of what may begin something.
pub(super) fn hostile() -> Vec<(String, String)> {
    let pieces = [
        "1 ",
        "1",
        "12-",
        "0",
        "@",
        "a@",
        "=",
        "\"",
        "'\"",
        ":",
        "::",
        "a:",
        "://",
        "://a:b@",
        "password",
        "password=",
        "password: ",
        "password = \"",
        "key",
        "token ",
        "secret=\"a",
        "AKIA",
        "eyJ",
        "eyJ.",
        "sk-",
        "ghp_",
        "s.",
        ".s",
        "b.r.",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----",
        "LS0tLS1CRUdJTi",
        "bearer ",
        "basic ",
        " -u ",
        "name",
        "name: ",
        "Dear A",
        "Mr. Mr. ",
        " St",
        "1 A St ",
        " rue ",
        "calle ",
        "straße",
        "born ",
        "dob",
        "passport ",
        "ssn ",
        "sin ",
        "+1 ",
        "(1",
        "0 1",
        "4111 ",
        "%7C",
        "|",
        "/1",
        "-us",
        "AZDO",
        "NRAL",
        "_mmk",
        ".atlasv1.",
        "é",
        "日本",
        "\u{0}",
        "\\\"",
        "<password>",
        "psexec",
        "NetworkCredential(",
        "machine ",
        "0123456789abcdef",
        "A",
        "a1B2",
        "DE89",
        "authorization: ",
        "aZ9/",
        "1.2.3.4 ",
        "fe80::1 ",
        "9.9.",
        "pass",
        "_key",
        "github",
    ];
    let texts = pieces.iter().map(|piece| ((*piece).to_owned(), piece.repeat(1_000_000 / piece.len())));
    texts.collect()
}

/// How fast values are looked for.
pub(super) fn speed() -> Table {
    let prose = "The reader looks at this line and goes on, since nothing in it is odd or hidden. ".repeat(12_000);
    let rate = |text: &str| {
        let run = || {
            let start = Instant::now();
            black_box(data::find(black_box(text)));
            text.len() as f64 / 1e6 / start.elapsed().as_secs_f64()
        };
        (0..5).map(|_| run()).fold(0.0, f64::max)
    };
    let plain = rate(&prose);
    let mut slow: Vec<(f64, String)> = hostile().into_iter().map(|(name, text)| (rate(&text), name)).collect();
    slow.sort_by(|a, b| a.0.total_cmp(&b.0));
    let row = |name: String, rate: f64| vec![name, format!("{rate:.0}"), format!("{:.1}", plain / rate)];
    let mut rows = vec![row("plain prose".into(), plain)];
    rows.extend(
        slow.into_iter().take(8).map(|(rate, name)| row(format!("`{}` again and again", name.escape_debug()), rate)),
    );
    Table {
        title: "Speed of looking for values",
        note: "MB/s of one thread on the machine that measured, which may have been busy; the slowest of many texts made to be slow.",
        head: vec!["text", "MB/s", "times slower than prose"],
        rows,
    }
}
