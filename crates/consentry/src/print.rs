//! The only place that prints. Whatever goes out is escaped here, so that nothing an attacker wrote commands a terminal
//! or hides from a reader; JSON stays the same JSON, with hidden characters as `\u` escapes.

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};
use std::io::{self, IsTerminal, Write};
use wire::text::{escaped, is_hidden};
use wire::{Fault, FaultCode};

/// Why a command ended without doing what it was asked.
#[derive(Debug)]
pub(crate) enum Ended {
    /// It failed or was refused.
    Failed(Fault),
    /// Nobody reads our output any more.
    Closed,
}

impl From<Fault> for Ended {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::Closed;
        }
        Self::Failed(Fault::new(FaultCode::Internal, format!("The output could not be written: {error}.")))
    }
}

/// How a part of a line looks on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Strong,
    Faint,
    Caution,
    Danger,
}

impl Style {
    /// The terminal's code for it.
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "\x1b[1m",
            Self::Faint => "\x1b[2m",
            Self::Caution => "\x1b[33m",
            Self::Danger => "\x1b[31m",
        }
    }
}

/// A part of a line; ours or foreign makes no difference, both are escaped.
pub(crate) struct Part {
    style: Style,
    text: String,
}

/// Text in a style.
pub(crate) fn part(style: Style, text: impl Into<String>) -> Part {
    Part { style, text: text.into() }
}

/// Text as it is.
pub(crate) fn plain(text: impl Into<String>) -> Part {
    part(Style::Plain, text)
}

/// Standard output: words for a person, or JSON for a program.
pub(crate) struct Printer<W = io::Stdout> {
    json: bool,
    coloured: bool,
    out: W,
}

impl Printer {
    /// Prints to standard output; colours only for a terminal that wants them.
    pub(crate) fn new(json: bool) -> Self {
        let out = io::stdout();
        let coloured = out.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { json, coloured, out }
    }
}

impl<W: Write> Printer<W> {
    /// Whether a program reads.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// One JSON object on a line, flushed.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), Ended> {
        let mut line = Vec::new();
        value.serialize(&mut Serializer::with_formatter(&mut line, Visible)).map_err(|error| {
            Fault::new(FaultCode::Internal, format!("The answer could not be written as JSON: {error}."))
        })?;
        line.push(b'\n');
        self.out.write_all(&line)?;
        Ok(self.out.flush()?)
    }

    /// One line of words, flushed.
    pub(crate) fn line(&mut self, parts: &[Part]) -> Result<(), Ended> {
        let mut line = String::new();
        for part in parts {
            let code = if self.coloured { part.style.code() } else { "" };
            line.push_str(code);
            line.push_str(&escaped(&part.text));
            if !code.is_empty() {
                line.push_str("\x1b[0m");
            }
        }
        let mut line = line.trim_end().to_owned();
        line.push('\n');
        self.out.write_all(line.as_bytes())?;
        Ok(self.out.flush()?)
    }

    /// One line of plain words.
    pub(crate) fn say(&mut self, text: &str) -> Result<(), Ended> {
        self.line(&[plain(text)])
    }

    /// A name and what belongs to it, aligned with others.
    pub(crate) fn field(&mut self, name: &str, value: &str) -> Result<(), Ended> {
        self.line(&[part(Style::Faint, format!("{name:<12}")), plain(value)])
    }

    /// Rows under their headings, aligned. Without rows, `none` is said.
    pub(crate) fn table(&mut self, headings: &[&str], rows: &[Vec<String>], none: &str) -> Result<(), Ended> {
        if rows.is_empty() {
            return self.say(none);
        }
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| escaped(cell)).collect()).collect();
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            cells.chain(headings.get(column).map(|heading| heading.len())).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..headings.len()).map(width).collect();
        let aligned = |cells: &mut dyn Iterator<Item = &str>| {
            cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}  ")).collect::<String>()
        };
        self.line(&[part(Style::Faint, aligned(&mut headings.iter().copied()))])?;
        for row in &rows {
            // Escaped already: escaping does not change what it has escaped.
            self.say(&aligned(&mut row.iter().map(String::as_str)))?;
        }
        Ok(())
    }

    /// Why it failed, on standard error: a sentence, or for programs a JSON object.
    pub(crate) fn fault(&self, fault: &Fault) {
        let line = if self.json {
            let mut line = Vec::new();
            let written = fault.serialize(&mut Serializer::with_formatter(&mut line, Visible));
            written.map(|()| String::from_utf8_lossy(&line).into_owned()).unwrap_or_default()
        } else {
            format!("consentry: {}", escaped(&fault.message))
        };
        note(&line);
    }
}

/// A line on standard error, already escaped. Where nobody reads it, nothing is lost that we could save.
pub(crate) fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// JSON in which hidden characters are visible as escapes.
struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, hidden)) = rest.char_indices().find(|(_, c)| is_hidden(*c)) {
            let (before, after) = rest.split_at(at);
            CompactFormatter.write_string_fragment(writer, before)?;
            for unit in hidden.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &after[hidden.len_utf8()..];
        }
        CompactFormatter.write_string_fragment(writer, rest)
    }
}

/// A word or a line, not longer than this many characters.
pub(crate) fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(limit.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// A moment, in UTC: `2026-11-22 16:05:51`. `at` is milliseconds since 1970.
pub(crate) fn moment(at: i64) -> String {
    const SHOWN: &[time::format_description::BorrowedFormatItem<'_>] =
        time::macros::format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    let moment = time::OffsetDateTime::from_unix_timestamp(at.div_euclid(1000)).ok();
    moment.and_then(|moment| moment.format(SHOWN).ok()).unwrap_or_else(|| at.to_string())
}

/// How far a moment lies ahead: `in 1 min 20 s`. Times are milliseconds since 1970.
pub(crate) fn ahead(at: i64, now: i64) -> String {
    let seconds = (at - now).div_euclid(1000);
    match (seconds / 60, seconds % 60) {
        _ if seconds <= 0 => "now".into(),
        (0, seconds) => format!("in {seconds} s"),
        (minutes, 0) => format!("in {minutes} min"),
        (minutes, seconds) => format!("in {minutes} min {seconds} s"),
    }
}

/// Now, in milliseconds since 1970.
pub(crate) fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The word that `--json` uses for a value of a closed list.
pub(crate) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// A printer into memory.
    pub(crate) fn printer(json: bool) -> Printer<Vec<u8>> {
        Printer { json, coloured: false, out: Vec::new() }
    }

    /// What was printed.
    pub(crate) fn printed(printer: Printer<Vec<u8>>) -> String {
        String::from_utf8(printer.out).unwrap()
    }

    #[test]
    fn foreign_text_is_escaped_whichever_way_it_goes_out() {
        let hostile = "a\u{1b}[2J\u{202e}\n\u{9b}31m\u{e0041}b";
        let mut words = printer(false);
        words.say(hostile).unwrap();
        words.field("Tool", hostile).unwrap();
        words.table(&["TOOL"], &[vec![hostile.into()]], "none").unwrap();
        let mut lines = printer(true);
        lines.json(&json!({ "tool": hostile, hostile: 1 })).unwrap();
        let object = printed(lines);
        assert_eq!(serde_json::from_str::<Value>(&object).unwrap()["tool"], hostile, "the same value");
        for out in [printed(words), object] {
            assert!(!out.chars().any(|c| is_hidden(c) && c != '\n'), "{out:?}");
        }
    }

    #[test]
    fn tables_are_aligned() {
        let mut words = printer(false);
        let rows = [vec!["files".into(), "trusted".into()], vec!["a-longer-name".into(), "x".into()]];
        words.table(&["NAME", "TRUST"], &rows, "none").unwrap();
        words.table(&["NAME"], &[], "No servers.").unwrap();
        assert_eq!(printed(words), "NAME           TRUST\nfiles          trusted\na-longer-name  x\nNo servers.\n");
    }

    #[test]
    fn times_are_for_people() {
        assert_eq!(moment(1_763_827_551_123), "2025-11-22 16:05:51");
        assert_eq!(moment(i64::MAX), i64::MAX.to_string());
        assert_eq!(
            (ahead(80_000, 0), ahead(120_000, 0), ahead(1, 5)),
            ("in 1 min 20 s".into(), "in 2 min".into(), "now".into())
        );
    }

    #[test]
    fn a_reader_that_left_is_no_failure() {
        assert!(matches!(Ended::from(io::Error::from(io::ErrorKind::BrokenPipe)), Ended::Closed));
        assert!(matches!(Ended::from(io::Error::from(io::ErrorKind::StorageFull)), Ended::Failed(_)));
    }
}
