//! `consentry audit`: the record of what happened, and whether it is whole.

use crate::control::{Control, unexpected};
use crate::print::{Ended, Printer, Style, moment, part, plain};
use clap::{Subcommand, ValueEnum};
use std::io::Write;
use std::process::ExitCode;
use wire::Fault;
use wire::control::{Reply, Request};
use wire::view::{ActivityFilter, CameBackView, EntryDetail, EntryView, ExportFormat, VerifyView};

mod filter;
pub(crate) use filter::moment as past_moment;

use filter::FilterWords;

/// How many entries are asked for at once.
const PAGE: u32 = 1000;

#[derive(Debug, Subcommand)]
pub(crate) enum Words {
    /// The entries, newest first
    List {
        /// At most this many
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
        /// Only entries before this one
        #[arg(long, value_name = "SEQ")]
        before: Option<i64>,
        #[command(flatten)]
        filter: FilterWords,
    },
    /// Every entry, oldest first, to standard output
    Export {
        /// As what: jsonl keeps the exact records, csv is for spreadsheets
        #[arg(long, value_enum, default_value_t = FormatWord::Jsonl)]
        format: FormatWord,
        #[command(flatten)]
        filter: FilterWords,
    },
    /// One entry, whole
    Show {
        /// Its number, or a call's id
        id: String,
    },
    /// Recompute the whole chain
    Verify,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum FormatWord {
    /// One JSON object per line
    Jsonl,
    /// A table, its first line the headings
    Csv,
}

pub(crate) async fn run<W: Write>(words: Words, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    let mut control = Control::find().await?;
    match words {
        Words::List { limit, before, filter } => list(&mut control, &filter.read(), limit, before, printer).await?,
        Words::Export { format, filter } => export(&mut control, &filter.read(), format, printer).await?,
        Words::Show { id } => match control.ask(&Request::AuditShow { id }).await? {
            Reply::Entry(entry) => show(&entry, printer)?,
            other => return Err(unexpected(&other).into()),
        },
        Words::Verify => match control.ask(&Request::AuditVerify).await? {
            Reply::Verified(found) => return verified(&found, printer),
            other => return Err(unexpected(&other).into()),
        },
    }
    Ok(ExitCode::SUCCESS)
}

/// Lists page by page, so that a long log is neither held here nor sent as one line.
async fn list<W: Write>(
    control: &mut Control,
    filter: &ActivityFilter,
    limit: u32,
    before: Option<i64>,
    printer: &mut Printer<W>,
) -> Result<(), Ended> {
    let (mut left, mut before) = (limit, before);
    let mut rows = Vec::new();
    while left > 0 {
        let asked = left.min(PAGE);
        let entries = page(control, filter, before, asked).await?;
        let last = entries.last().map(|entry| entry.seq);
        left -= u32::try_from(entries.len()).unwrap_or(u32::MAX).min(left);
        if printer.is_json() {
            entries.iter().try_for_each(|entry| printer.json(entry))?;
        } else {
            rows.extend(entries.iter().map(row));
        }
        match last {
            Some(last) if last > 1 && entries.len() >= asked as usize => before = Some(last),
            Some(_) | None => break,
        }
    }
    if printer.is_json() {
        return Ok(());
    }
    printer.table(&["SEQ", "TIME (UTC)", "KIND", "RESULT", "CLIENT", "WHAT"], &rows, none(filter))
}

fn none(filter: &ActivityFilter) -> &'static str {
    if *filter == ActivityFilter::default() { "The log is empty." } else { "Nothing in the log is like that." }
}

/// Passes on page by page what the broker gives, for as long as somebody reads.
async fn export<W: Write>(
    control: &mut Control,
    filter: &ActivityFilter,
    format: FormatWord,
    printer: &mut Printer<W>,
) -> Result<(), Ended> {
    let format = match format {
        FormatWord::Jsonl => ExportFormat::Jsonl,
        FormatWord::Csv => ExportFormat::Csv,
    };
    if format == ExportFormat::Csv {
        printer.say(broker::export::HEADINGS)?;
    }
    let mut after = 0;
    loop {
        let rows = match control.ask(&Request::AuditExport { after, limit: PAGE, filter: filter.clone() }).await? {
            Reply::Exported(rows) => rows,
            other => return Err(unexpected(&other).into()),
        };
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.entry.seq;
        for row in &rows {
            // Nothing in a line is hidden, so printing it changes no byte of it.
            printer.say(&broker::export::line(row, format))?;
        }
    }
}

async fn page(
    control: &mut Control,
    filter: &ActivityFilter,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<EntryView>, Fault> {
    match control.ask(&Request::AuditList { before, limit, filter: filter.clone() }).await? {
        Reply::Entries(entries) => Ok(entries),
        other => Err(unexpected(&other)),
    }
}

fn row(entry: &EntryView) -> Vec<String> {
    let what =
        if entry.summary.is_empty() { format!("{} {}", entry.server, entry.tool) } else { entry.summary.clone() };
    let time = moment(entry.at);
    vec![entry.seq.to_string(), time, entry.kind.clone(), entry.result.clone(), entry.client.clone(), what]
}

fn show<W: Write>(detail: &EntryDetail, printer: &mut Printer<W>) -> Result<(), Ended> {
    if printer.is_json() {
        return printer.json(detail);
    }
    let entry = &detail.entry;
    printer.line(&[part(Style::Strong, format!("Entry {}", entry.seq)), plain(format!("  {}", entry.summary))])?;
    printer.say("")?;
    printer.field("Time", &format!("{} UTC", moment(entry.at)))?;
    printer.field("Kind", &entry.kind)?;
    for (name, value) in [
        ("Result", entry.result.as_str()),
        ("Call", entry.call.as_deref().unwrap_or_default()),
        ("Client", &entry.client),
        ("Server", &entry.server),
        ("Tool", &entry.tool),
    ] {
        if !value.is_empty() {
            printer.field(name, value)?;
        }
    }
    if !entry.effects.is_empty() {
        let effects: Vec<&str> = entry.effects.iter().map(|effect| effect.word()).collect();
        printer.field("Effects", &effects.join(", "))?;
    }
    if let Some(story) = &detail.story {
        printer.say("")?;
        story.said.iter().try_for_each(|sentence| printer.say(sentence))?;
        for reason in &story.reasons {
            printer.field("Rule", &format!("{} ({}): {}", reason.title, reason.policy, reason.why))?;
        }
        came_back(&story.came_back, printer)?;
        printer.say("")?;
    }
    let record: serde_json::Value = serde_json::from_str(&detail.record).unwrap_or_default();
    for (name, value) in record.as_object().into_iter().flatten() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        printer.line(&[part(Style::Faint, format!("  {name}  ")), plain(text)])?;
    }
    for (name, body) in &detail.bodies {
        printer.line(&[part(Style::Faint, format!("  {name} (kept beside the chain)  ")), plain(body)])?;
    }
    printer.field("Hash", &detail.hash)?;
    printer.field("Before it", &detail.previous)?;
    for other in &detail.related {
        printer.field("Also", &format!("{} {} {}", other.seq, other.kind, other.summary))?;
    }
    Ok(())
}

/// What inspection made of the result.
fn came_back<W: Write>(came: &CameBackView, printer: &mut Printer<W>) -> Result<(), Ended> {
    for found in &came.findings {
        let part = found.excerpt.as_ref().map(|part| format!(" “{}”", part.text)).unwrap_or_default();
        printer.field("Seen in the result", &format!("{}{part}", found.message))?;
    }
    for (what, count) in &came.withheld {
        printer.field("Kept from the agent", &format!("{what} ({count})"))?;
    }
    if !came.set_apart.is_empty() {
        printer.field("Set apart", &came.set_apart)?;
    }
    came.uninspected.iter().try_for_each(|said| printer.field("Not inspected", said))
}

/// Exit code 1 when the chain does not hold.
fn verified<W: Write>(found: &VerifyView, printer: &mut Printer<W>) -> Result<ExitCode, Ended> {
    if printer.is_json() {
        printer.json(found)?;
    } else if found.faults.is_empty() {
        printer.say(&format!("{} entries, and the chain holds.", found.entries))?;
        printer.field("Head", &found.head)?;
        printer.say("Write the head down elsewhere: it proves later that nothing was cut off.")?;
    } else {
        for fault in &found.faults {
            printer.line(&[part(Style::Danger, "✗ "), plain(fault)])?;
        }
        printer.say(&format!("{} entries, {} {}.", found.entries, found.faults.len(), plural(found.faults.len())))?;
    }
    Ok(if found.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn plural(faults: usize) -> &'static str {
    if faults == 1 { "fault" } else { "faults" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::tests::scripted;
    use crate::print::tests::{printed, printer};
    use wire::view::ExportRow;

    fn entry(seq: i64) -> EntryView {
        let text = |text: &str| text.to_owned();
        EntryView {
            seq,
            at: 0,
            kind: text("intent"),
            call: None,
            client: text("node"),
            server: text("files"),
            tool: text("write\u{1b}[2J"),
            result: text("approved"),
            summary: String::new(),
            effects: vec![],
            asked: false,
        }
    }

    fn ask(before: Option<i64>) -> Request {
        Request::AuditList { before, limit: 1000, filter: ActivityFilter::default() }
    }

    #[tokio::test]
    async fn a_long_list_is_read_page_by_page() {
        let first = (3..=1002).rev().map(entry).collect();
        let (_folder, home, serving) = scripted(vec![Reply::Entries(first), Reply::Entries(vec![entry(2), entry(1)])]);
        let mut control = Control::open(&home).await.unwrap();
        let mut out = printer(true);
        list(&mut control, &ActivityFilter::default(), 5000, None, &mut out).await.unwrap();
        let seqs: Vec<i64> =
            printed(out).lines().map(|line| serde_json::from_str::<EntryView>(line).unwrap().seq).collect();
        assert!(seqs.iter().copied().eq((1..=1002).rev()));
        let asked = serving.await.unwrap();
        assert_eq!(asked, [ask(None), ask(Some(3))]);
    }

    #[tokio::test]
    async fn an_export_ends_with_the_first_empty_page() {
        let row = |seq: i64| ExportRow { entry: entry(seq), record: "{\"n\":1.10}".into(), hash: "ab".into() };
        let replies = vec![Reply::Exported(vec![row(1), row(4)]), Reply::Exported(vec![])];
        let (_folder, home, serving) = scripted(replies);
        let mut control = Control::open(&home).await.unwrap();
        let mut out = printer(false);
        export(&mut control, &ActivityFilter::default(), FormatWord::Jsonl, &mut out).await.unwrap();
        let line = |seq: i64| format!("{{\"seq\":{seq},\"hash\":\"ab\",\"record\":{{\"n\":1.10}}}}\n");
        assert_eq!(printed(out), line(1) + &line(4));
        let after = |after: i64| Request::AuditExport { after, limit: PAGE, filter: ActivityFilter::default() };
        assert_eq!(serving.await.unwrap(), [after(0), after(4)]);
    }

    #[test]
    fn a_broken_chain_is_a_failure() {
        let whole = VerifyView { entries: 2, head: "aa".into(), faults: vec![] };
        let broken = VerifyView { faults: vec!["Entry 2 was changed.".into()], ..whole.clone() };
        let mut out = printer(false);
        assert_eq!(format!("{:?}", verified(&whole, &mut out).unwrap()), format!("{:?}", ExitCode::SUCCESS));
        assert_eq!(format!("{:?}", verified(&broken, &mut out).unwrap()), format!("{:?}", ExitCode::FAILURE));
        assert!(printed(out).ends_with("✗ Entry 2 was changed.\n2 entries, 1 fault.\n"));
    }

    #[test]
    fn foreign_words_in_an_entry_are_escaped() {
        let mut out = printer(false);
        let record = serde_json::json!({"tool": "write\u{1b}[2J"}).to_string();
        let detail = EntryDetail {
            entry: entry(1),
            record,
            bodies: vec![("arguments".into(), "\u{202e}".into())],
            hash: String::new(),
            previous: String::new(),
            related: vec![],
            explained: Vec::new(),
            story: None,
        };
        show(&detail, &mut out).unwrap();
        let out = printed(out);
        assert!(!out.contains(['\u{1b}', '\u{202e}']) && out.contains("[U+202E RLO]"), "{out}");
    }
}
