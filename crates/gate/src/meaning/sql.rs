//! What a program of a database does, by its first word and the table that follows. Anything that isn't plain (several
//! statements, writing words anywhere in a reading one) is said to be that.

use super::Part;
use super::template::{say, short};

const WRITES: &[&str] = &[
    "insert", "update", "delete", "drop", "alter", "create", "truncate", "grant", "revoke", "merge", "replace", "call",
    "exec", "execute", "copy", "attach", "into", "vacuum", "do", "set", "load", "pragma", "outfile",
];

/// The sentence for a program, or `None` where it isn't one.
pub(super) fn phrase(sql: &str) -> Option<Vec<Part>> {
    let words = words(sql);
    let first = words.first()?.to_lowercase();
    if !["select", "with", "explain", "show", "describe"].contains(&first.as_str()) && !WRITES.contains(&first.as_str())
    {
        return None;
    }
    let mut parts = Vec::new();
    let statements = sql.split(';').filter(|s| !s.trim().is_empty()).count();
    if statements > 1 || sql.contains("--") || sql.contains("/*") {
        let what =
            if statements > 1 { format!("{statements} statements") } else { "a statement with a comment".into() };
        say(&mut parts, &format!("Run {what} in the database: "));
        parts.extend(short(sql.trim(), false));
        say(&mut parts, ".");
        return Some(parts);
    }
    let lower: Vec<String> = words.iter().map(|w| w.to_lowercase()).collect();
    let after = |key: &str| lower.iter().position(|w| w == key).and_then(|at| words.get(at + 1)).copied();
    let everywhere = if lower.iter().any(|w| w == "where") { "" } else { ", every row" };
    let writes = lower.iter().any(|w| WRITES.contains(&w.as_str()));
    let (verb, table, tail) = match first.as_str() {
        "select" | "show" | "describe" | "explain" | "with" if !writes => ("Read from the table ", after("from"), ""),
        "insert" => ("Add rows to the table ", after("into"), ""),
        "update" => ("Change rows of the table ", after("update"), everywhere),
        "delete" => ("Delete rows of the table ", after("from"), everywhere),
        "drop" | "truncate" => ("Delete all of ", words.last().copied(), ""),
        _ => ("Run in the database: ", None, ""),
    };
    say(&mut parts, if table.is_none() { "Run in the database: " } else { verb });
    parts.extend(short(table.unwrap_or(sql.trim()), table.is_some()));
    say(&mut parts, tail);
    say(&mut parts, ".");
    Some(parts)
}

fn words(sql: &str) -> Vec<&str> {
    let edge = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',' | ';' | '"' | '`' | '\'' | '[' | ']');
    sql.split(edge).filter(|w| !w.is_empty()).take(2_000).collect()
}
