//! The log on its way out: lines for a program, or a table for a spreadsheet that can't be made to compute anything.

use crate::entries;
use crate::store::Store;
use serde_json::Value;
use serde_json::value::RawValue;
use std::io::Write;
use std::path::{Path, PathBuf};
use wire::text::escaped;
use wire::view::{ActivityFilter, ExportFormat, ExportRow};
use wire::{Fault, FaultCode};

/// How many entries are read at once.
const PAGE: u32 = 1_000;

/// How many names are tried before giving up.
const MOST_NAMES: u32 = 1_000;

/// The first line of a table.
pub const HEADINGS: &str = "seq,time,kind,result,client,server,tool,effects,what,answered_by,rules,message,call,hash";

/// One row as a line of its format, without its end.
pub fn line(row: &ExportRow, format: ExportFormat) -> String {
    match format {
        ExportFormat::Jsonl => json(row),
        ExportFormat::Csv => table(row),
    }
}

/// The record stands inside as the exact text whose hash is given, so that the chain can be recomputed from the lines.
fn json(row: &ExportRow) -> String {
    #[derive(serde::Serialize)]
    struct Line<'a> {
        seq: i64,
        hash: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        record: Option<&'a RawValue>,
        /// What should be a record and is none, as text.
        #[serde(skip_serializing_if = "Option::is_none")]
        broken: Option<String>,
    }
    let record: Option<&RawValue> = serde_json::from_str(&row.record).ok().filter(|_| !row.record.contains('\n'));
    let broken = record.is_none().then(|| escaped(&row.record));
    serde_json::to_string(&Line { seq: row.entry.seq, hash: &row.hash, record, broken }).unwrap_or_default()
}

fn table(row: &ExportRow) -> String {
    let record: Value = serde_json::from_str(&row.record).unwrap_or(Value::Null);
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let rules = record.get("policies").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let rules: Vec<&str> = rules.iter().filter_map(Value::as_str).collect();
    let entry = &row.entry;
    let effects: Vec<&str> = entry.effects.iter().map(|effect| effect.word()).collect();
    let cells = [
        entry.seq.to_string(),
        moment(entry.at),
        entry.kind.clone(),
        entry.result.clone(),
        entry.client.clone(),
        entry.server.clone(),
        entry.tool.clone(),
        effects.join(" "),
        entry.summary.clone(),
        text("answered_by"),
        rules.join(" "),
        text("message"),
        entry.call.clone().unwrap_or_default(),
        row.hash.clone(),
    ];
    cells.iter().map(|text| cell(text)).collect::<Vec<_>>().join(",")
}

/// One cell. Foreign text is escaped, so that it holds no line break and nothing hidden; what a spreadsheet would take
/// for a formula begins with an apostrophe, which makes it text.
fn cell(text: &str) -> String {
    let formula = text.trim_start_matches([' ', '\u{feff}']).starts_with(['=', '+', '-', '@', '\t', '\r']);
    let shown = escaped(text);
    let shown = if formula { format!("'{shown}") } else { shown };
    let plain = !formula && !shown.contains([',', '"', ';', '\'']) && shown.trim() == shown;
    if plain { shown } else { format!("\"{}\"", shown.replace('"', "\"\"")) }
}

/// `2026-11-22T16:05:51.123Z`.
fn moment(at: i64) -> String {
    use time::format_description::BorrowedFormatItem;
    const SHOWN: &[BorrowedFormatItem<'_>] =
        time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    let moment = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000).ok();
    moment.and_then(|moment| moment.format(SHOWN).ok()).unwrap_or_else(|| at.to_string())
}

/// Writes the entries into a new file of this folder, whole or not at all, and says which.
pub(crate) async fn to_folder(
    store: &Store,
    folder: &Path,
    filter: &ActivityFilter,
    format: ExportFormat,
    now_ms: i64,
) -> Result<PathBuf, Fault> {
    let shown = folder.display().to_string();
    let fault = |e: &dyn std::fmt::Display| {
        Fault::new(FaultCode::Storage, format!("Nothing was exported: {shown} can't be written: {e}."))
    };
    let mut file =
        tempfile::Builder::new().prefix(".consentry-").suffix(".part").tempfile_in(folder).map_err(|e| fault(&e))?;
    let mut text = if format == ExportFormat::Csv { format!("{HEADINGS}\r\n") } else { String::new() };
    let mut after = 0;
    loop {
        let rows = entries::rows(store, filter, after, PAGE).await?;
        let last = rows.last().map(|row| row.entry.seq);
        for row in &rows {
            text.push_str(&line(row, format));
            text.push_str(if format == ExportFormat::Csv { "\r\n" } else { "\n" });
        }
        let written = tokio::task::spawn_blocking(move || file.write_all(text.as_bytes()).map(|()| file)).await;
        file = written.map_err(|e| fault(&e))?.map_err(|e| fault(&e))?;
        text = String::new();
        match last {
            Some(last) => after = last,
            None => break,
        }
    }
    let day = moment(now_ms).chars().take(10).collect::<String>();
    let folder = folder.to_owned();
    let kept = tokio::task::spawn_blocking(move || keep(file, &folder, &day, format)).await;
    kept.map_err(|e| fault(&e))?.map_err(|e| fault(&e))
}

/// Gives the file its name, the first that is free: nothing that is there is ever replaced.
fn keep(mut file: tempfile::NamedTempFile, folder: &Path, day: &str, format: ExportFormat) -> std::io::Result<PathBuf> {
    file.as_file().sync_all()?;
    for number in 1..=MOST_NAMES {
        let again = if number == 1 { String::new() } else { format!("-{number}") };
        let path = folder.join(format!("consentry-activity-{day}{again}.{}", format.ending()));
        match file.persist_noclobber(&path) {
            Ok(_) => return Ok(path),
            Err(taken) if taken.error.kind() == std::io::ErrorKind::AlreadyExists => file = taken.file,
            Err(other) => return Err(other.error),
        }
    }
    Err(std::io::Error::new(std::io::ErrorKind::AlreadyExists, "there are too many exports of this day already"))
}

/// The person's folder for downloads: what the desktop says, else `Downloads`, else the home itself.
pub(crate) fn downloads() -> Result<PathBuf, Fault> {
    let var = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home =
        var("HOME").ok_or_else(|| Fault::new(FaultCode::Invalid, "HOME is not set: there is nowhere to export to."))?;
    let config = var("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
    let named = std::fs::read_to_string(config.join("user-dirs.dirs")).unwrap_or_default();
    let folders = [named_folder(&named, &home), Some(home.join("Downloads"))];
    Ok(folders.into_iter().flatten().find(|folder| folder.is_dir()).unwrap_or(home))
}

/// `XDG_DOWNLOAD_DIR="$HOME/Downloads"`, as the desktop writes it.
fn named_folder(user_dirs: &str, home: &Path) -> Option<PathBuf> {
    let value = user_dirs.lines().find_map(|line| line.trim().strip_prefix("XDG_DOWNLOAD_DIR="))?;
    let value = value.trim().strip_prefix('"')?.strip_suffix('"')?;
    let path = match value.strip_prefix("$HOME/") {
        Some(inside) => home.join(inside),
        None => PathBuf::from(value),
    };
    // A folder that is the home itself means that there is none.
    (path.is_absolute() && path != *home).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::view::EntryView;

    fn row(tool: &str, record: &str) -> ExportRow {
        let entry = EntryView {
            seq: 7,
            at: 1_763_827_551_123,
            kind: "refused".into(),
            call: Some("c".into()),
            client: "node".into(),
            server: "files".into(),
            tool: tool.into(),
            result: "denied".into(),
            summary: "It did not run, \"so\".".into(),
            effects: vec![wire::view::Effect::Write],
            asked: false,
        };
        ExportRow { entry, record: record.into(), hash: "ab".into() }
    }

    #[test]
    fn a_line_holds_the_exact_record() {
        let record = r#"{"at":1,"big":12345678901234567890123,"z":1.10}"#;
        assert_eq!(
            line(&row("t", record), ExportFormat::Jsonl),
            format!(r#"{{"seq":7,"hash":"ab","record":{record}}}"#)
        );
        let broken = line(&row("t", "{\"a\":\n1}"), ExportFormat::Jsonl);
        assert!(!broken.contains('\n') && broken.contains("\"broken\":"), "{broken}");
    }

    #[test]
    fn a_cell_that_a_spreadsheet_would_compute_is_text() {
        for hostile in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =cmd|'/c calc'!A0", "\u{feff}=1"] {
            let shown = cell(hostile);
            assert!(shown.starts_with("\"'"), "{hostile:?} {shown}");
        }
        assert_eq!(cell("=1,\"x\""), "\"'=1,\"\"x\"\"\"");
        assert_eq!(cell("plain words"), "plain words");
        assert_eq!(cell("a\u{202e}b\nc"), "a[U+202E RLO]b\\nc", "one line, nothing hidden");
    }

    #[test]
    fn a_table_has_as_many_cells_as_headings() {
        let text = line(&row("a;b", r#"{"policies":["x","y"],"message":"no"}"#), ExportFormat::Csv);
        assert!(text.starts_with("7,2025-11-22T16:05:51.123Z,refused,denied,node,files,\"a;b\",write,"), "{text}");
        assert!(text.ends_with("\"It did not run, \"\"so\"\".\",,x y,no,c,ab"), "{text}");
        assert_eq!(HEADINGS.split(',').count(), 14);
    }

    #[test]
    fn nothing_that_is_there_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let mut names = Vec::new();
        for _ in 0..3 {
            let mut file = tempfile::NamedTempFile::new_in(folder.path()).unwrap();
            write!(file, "{}", names.len()).unwrap();
            let path = keep(file, folder.path(), "2026-11-22", ExportFormat::Csv).unwrap();
            names.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
        let day = "consentry-activity-2026-11-22";
        assert_eq!(names, [format!("{day}.csv"), format!("{day}-2.csv"), format!("{day}-3.csv")]);
        assert_eq!(std::fs::read_to_string(folder.path().join(&names[0])).unwrap(), "0");
    }

    #[tokio::test]
    async fn the_whole_record_goes_into_a_new_file() {
        let folder = tempfile::tempdir().unwrap();
        let seal = std::sync::Arc::new(crate::vault::Seal::in_memory());
        let store = Store::open(&folder.path().join("c.db"), seal).await.unwrap();
        let records = (1..=2_500).map(|at| gate::audit::Record::new("started", at).seal().0);
        let batch: Vec<_> = records
            .map(|record| crate::store::Sealed { record, call: None, bodies: Vec::new(), reached: Vec::new(), at: 0 })
            .collect();
        store.appender().await.unwrap().append_waiting(&batch, false).unwrap();
        let out = tempfile::tempdir().unwrap();
        let all = ActivityFilter::default();
        let first = to_folder(&store, out.path(), &all, ExportFormat::Jsonl, 0).await.unwrap();
        let again = to_folder(&store, out.path(), &all, ExportFormat::Csv, 0).await.unwrap();
        assert_eq!(first, out.path().join("consentry-activity-1970-01-01.jsonl"));
        let lines = std::fs::read_to_string(&first).unwrap();
        assert_eq!(lines.lines().count(), 2_500, "more than one page");
        assert!(lines.lines().nth(2_499).unwrap().contains("\"seq\":2500"));
        assert_eq!(std::fs::read_to_string(again).unwrap().lines().count(), 2_501, "and the headings");
        assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 2, "nothing half-written is left");
        let gone = out.path().join("gone");
        let refused = to_folder(&store, &gone, &all, ExportFormat::Csv, 0).await.unwrap_err();
        assert!(refused.message.contains("Nothing was exported"), "{refused}");
    }

    #[test]
    fn the_desktop_names_the_folder() {
        let home = Path::new("/home/ann");
        let of = |text: &str| named_folder(text, home);
        assert_eq!(of("# x\nXDG_DOWNLOAD_DIR=\"$HOME/Eingang\"\n"), Some("/home/ann/Eingang".into()));
        assert_eq!(of("XDG_DOWNLOAD_DIR=\"/srv/in\""), Some("/srv/in".into()));
        assert_eq!(of("XDG_DOWNLOAD_DIR=\"$HOME/\""), None);
        assert_eq!(of("XDG_DOWNLOAD_DIR=relative"), None);
    }
}
