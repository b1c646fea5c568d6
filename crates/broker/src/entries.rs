//! The log as people read it: one line per entry, and everything about one.

use crate::store::{Store, StoredEntry};
use serde_json::Value;
use wire::text::escaped;
use wire::view::{Effect, EntryDetail, EntryView};
use wire::{Fault, FaultCode};

/// Entries, newest first.
pub(crate) async fn list(store: &Store, before: Option<i64>, limit: u32) -> Result<Vec<EntryView>, Fault> {
    let entries = store.entries(before, limit).await?;
    Ok(entries.iter().map(|e| view(e.seq, &record(e))).collect())
}

/// One entry, whole.
pub(crate) async fn show(store: &Store, seq: i64) -> Result<EntryDetail, Fault> {
    let missing = || Fault::new(FaultCode::NotFound, format!("There is no entry {seq}."));
    let (entry, previous) = store.entry(seq).await?.ok_or_else(missing)?;
    let record = record(&entry);
    let mut bodies = Vec::new();
    for (name, value) in record.as_object().into_iter().flatten() {
        let Some(sha256) = value.get("sha256").and_then(Value::as_str) else { continue };
        if let Some(bytes) = store.body(sha256).await? {
            bodies.push((name.clone(), String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    let related = match record.get("call").and_then(Value::as_str) {
        None => Vec::new(),
        Some(call) => {
            let entries = store.entries_of(call).await?;
            entries.iter().filter(|e| e.seq != seq).map(|e| view(e.seq, &self::record(e))).collect()
        }
    };
    Ok(EntryDetail {
        entry: view(seq, &record),
        record,
        bodies,
        hash: hex::encode(&entry.hash),
        previous: hex::encode(previous),
        related,
    })
}

/// By sequence number, or the first of a call.
pub(crate) async fn find(store: &Store, id: &str) -> Result<EntryDetail, Fault> {
    let seq = match id.parse() {
        Ok(seq) => seq,
        Err(_) => first_of(store, id).await?,
    };
    show(store, seq).await
}

async fn first_of(store: &Store, call: &str) -> Result<i64, Fault> {
    let missing = || Fault::new(FaultCode::NotFound, format!("There is no call {}.", escaped(call)));
    store.entries_of(call).await?.first().map(|e| e.seq).ok_or_else(missing)
}

/// Why a call was decided as it was, from its entries.
pub(crate) async fn explain(store: &Store, call: &str) -> Result<Vec<String>, Fault> {
    first_of(store, call).await?;
    let mut lines = Vec::new();
    for entry in store.entries_of(call).await? {
        let record = record(&entry);
        let text = |name: &str| record.get(name).and_then(Value::as_str).map(escaped).unwrap_or_default();
        lines.push(view(entry.seq, &record).summary);
        let list = |name: &str| {
            let items = record.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            items.iter().filter_map(Value::as_str).map(escaped).collect::<Vec<_>>().join(", ")
        };
        for (label, value) in [
            ("effects", list("effects")),
            ("policies", list("policies")),
            ("findings", list("findings")),
            ("consent", text("consent")),
            ("answered by", text("answered_by")),
            ("message", text("message")),
        ] {
            if !value.is_empty() {
                lines.push(format!("  {label}: {value}"));
            }
        }
    }
    Ok(lines)
}

fn record(entry: &StoredEntry) -> Value {
    serde_json::from_str(&entry.record).unwrap_or(Value::Null)
}

fn view(seq: i64, record: &Value) -> EntryView {
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let kind = text("kind");
    let result = match kind.as_str() {
        "intent" if text("consent") == "none" => "allowed".to_owned(),
        "intent" => "approved".into(),
        "answered" => text("answer"),
        "decided" => text("decision"),
        _ => text("result"),
    };
    EntryView {
        seq,
        at: record.get("at").and_then(Value::as_i64).unwrap_or_default(),
        call: record.get("call").and_then(Value::as_str).map(str::to_owned),
        client: text("client"),
        server: text("server"),
        tool: text("tool"),
        summary: summary(&kind, &result, &text),
        effects: effects(record),
        kind,
        result,
    }
}

fn effects(record: &Value) -> Vec<Effect> {
    record.get("effects").and_then(|e| serde_json::from_value(e.clone()).ok()).unwrap_or_default()
}

/// One sentence per entry; values of others are escaped.
fn summary(kind: &str, result: &str, text: &dyn Fn(&str) -> String) -> String {
    let of = |name: &str| escaped(&text(name));
    let (tool, server, client, message) = (of("tool"), of("server"), of("client"), of("message"));
    match kind {
        "intent" if result == "allowed" => format!("{client} called {tool} on {server}; no rule asks."),
        "intent" => format!("{client} called {tool} on {server}, with a person’s yes."),
        "outcome" => match result {
            "completed" => "The server answered.".into(),
            "failed" => "The server answered with an error.".into(),
            _ => format!("No answer came back: {message}"),
        },
        "refused" => format!("{client} wanted {tool} on {server}; it did not run: {message}"),
        "asked" if tool.is_empty() => format!("Asked the person about {}.", subject(text)),
        "asked" => format!("Asked the person whether {client} may call {tool} on {server}."),
        "answered" => match result {
            "approved" => "The person said yes.".into(),
            "rejected" => "The person said no.".into(),
            "expired" => "Nobody answered in time: no.".into(),
            _ => "The question was withdrawn: no.".into(),
        },
        "decided" => match result {
            "run" => format!("The command of {server} may run."),
            "trust" => format!("The tools of {server} are trusted as they are."),
            "effects" => format!("What {tool} of {server} can do was set by a person."),
            "client" => format!("{client} may use Consentry."),
            "remove" => format!("{server} was taken away."),
            "policy" => "Policies changed.".into(),
            other => format!("Decided: {}.", escaped(other)),
        },
        "void" => format!("A stored decision about {} carries no valid seal and does not count.", of("name")),
        "tripped" => format!("{}: {message}", of("program")),
        "connected" => format!("{client} connected to {server}."),
        "disconnected" => format!("{client} left {server}."),
        "started" => "Consentry started.".into(),
        "stopped" => "Consentry stopped.".into(),
        other => escaped(other),
    }
}

fn subject(text: &dyn Fn(&str) -> String) -> String {
    let server = escaped(&text("server"));
    match text("question").as_str() {
        "run" => format!("the command of {server}"),
        "trust" => format!("the tools of {server}"),
        "drift" => format!("what changed in {server}"),
        "client" => format!("the program {}", escaped(&text("client"))),
        _ => "changed policies".into(),
    }
}
