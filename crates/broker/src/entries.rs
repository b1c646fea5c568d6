//! The log as people read it: one line per entry, and everything about one.

use crate::policies::PolicyBook;
use crate::store::{Found, Named, Reach, Store, StoredEntry};
use serde_json::Value;
use wire::text::escaped;
use wire::view::{ActivityChoices, ActivityFilter, Effect, EntryDetail, EntryView, ExportRow};
use wire::{Fault, FaultCode};

mod story;

/// Entries that the filter wants, newest first.
pub(crate) async fn list(
    store: &Store,
    filter: &ActivityFilter,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<EntryView>, Fault> {
    let found = store.search(filter, Reach::Before(before.unwrap_or(i64::MAX)), limit).await?;
    Ok(found.iter().map(|found| line(found, filter.calls)).collect())
}

/// The same, oldest first, with their exact records.
pub(crate) async fn rows(
    store: &Store,
    filter: &ActivityFilter,
    after: i64,
    limit: u32,
) -> Result<Vec<ExportRow>, Fault> {
    let found = store.search(filter, Reach::After(after), limit).await?;
    let row = |found: Found| ExportRow {
        entry: line(&found, filter.calls),
        hash: hex::encode(&found.entry.hash),
        record: found.entry.record,
    };
    Ok(found.into_iter().map(row).collect())
}

/// What can be filtered by.
pub(crate) async fn choices(store: &Store) -> Result<ActivityChoices, Fault> {
    Ok(ActivityChoices { clients: store.named(Named::Client).await?, servers: store.named(Named::Server).await? })
}

/// One entry in a list: what it leaves out because its call's first entry says it stands in, too.
fn line(found: &Found, calls: bool) -> EntryView {
    let record = record(&found.entry);
    let mut line = view(found.entry.seq, &record);
    if line.call.is_none() {
        return line;
    }
    let first = view(0, &serde_json::from_str(&found.first).unwrap_or(Value::Null));
    let alone = calls.then(|| whole_call(&line, &first, &record)).flatten();
    for (own, first) in
        [(&mut line.client, first.client), (&mut line.server, first.server), (&mut line.tool, first.tool)]
    {
        if own.is_empty() {
            *own = first;
        }
    }
    if line.effects.is_empty() {
        line.effects = first.effects;
    }
    line.asked = first.kind == "asked";
    line.summary = alone.unwrap_or(line.summary);
    line
}

/// One sentence for a call whose last entry stands for all of them.
fn whole_call(last: &EntryView, first: &EntryView, record: &Value) -> Option<String> {
    let ours = record.get("initiator").and_then(Value::as_str) == Some("consentry");
    if ours && last.kind == "outcome" {
        let end = if last.result == "completed" { "" } else { "; it was shown nothing to compare" };
        let read = format!("{} on {}", escaped(&first.tool), escaped(&first.server));
        return Some(format!("Consentry itself read what is there now, by {read}, for a card{end}."));
    }
    let call = format!("{} called {} on {}", escaped(&first.client), escaped(&first.tool), escaped(&first.server));
    match (last.kind.as_str(), last.result.as_str()) {
        ("outcome", "completed") => Some(format!("{call}.")),
        ("outcome", "failed") => Some(format!("{call}; the server answered with an error.")),
        ("outcome", "not_sent") => Some(format!("{call}; it could not be sent.")),
        ("outcome", _) => Some(format!("{call}; whether it ran is unknown.")),
        ("intent", _) => Some(format!("{call}; no answer has come back yet.")),
        ("refused", "rejected") => Some(format!("You said no: {call}.")),
        ("refused", "expired") => Some(format!("Nobody answered in time: {call}.")),
        ("refused", "withdrawn") => Some(format!("Withdrawn before an answer: {call}.")),
        ("refused", _) => {
            let why = record.get("message").and_then(Value::as_str).unwrap_or_default();
            Some(format!("Blocked: {call}. {}", escaped(why)))
        }
        _ => None,
    }
}

/// One entry, whole.
pub(crate) async fn show(store: &Store, policies: &PolicyBook, seq: i64) -> Result<EntryDetail, Fault> {
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
    let whole = match record.get("call").and_then(Value::as_str) {
        None => match record.get("approval").and_then(Value::as_str) {
            None => vec![entry.clone()],
            Some(approval) => store.entries_about(approval).await?,
        },
        Some(call) => store.entries_of(call).await?,
    };
    let related = whole.iter().filter(|e| e.seq != seq).map(|e| view(e.seq, &self::record(e))).collect();
    let explained = match record.get("call").and_then(Value::as_str) {
        Some(call) => rejudged(store, call, policies).await?,
        None => Vec::new(),
    };
    let found = Found { first: whole.first().map_or_else(String::new, |first| first.record.clone()), entry };
    Ok(EntryDetail {
        entry: line(&found, false),
        bodies,
        hash: hex::encode(&found.entry.hash),
        previous: hex::encode(previous),
        related,
        story: story::tell(store, &whole, policies).await?,
        explained,
        record: found.entry.record,
    })
}

/// By sequence number, or the first of a call.
pub(crate) async fn find(store: &Store, policies: &PolicyBook, id: &str) -> Result<EntryDetail, Fault> {
    let seq = match id.parse() {
        Ok(seq) => seq,
        Err(_) => first_of(store, id).await?,
    };
    show(store, policies, seq).await
}

async fn first_of(store: &Store, call: &str) -> Result<i64, Fault> {
    let missing = || Fault::new(FaultCode::NotFound, format!("There is no call {}.", escaped(call)));
    store.entries_of(call).await?.first().map(|e| e.seq).ok_or_else(missing)
}

/// Why a call was decided as it was, from its entries.
pub(crate) async fn explain(store: &Store, policies: &PolicyBook, call: &str) -> Result<Vec<String>, Fault> {
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
    let now = rejudged(store, call, policies).await?;
    if !now.is_empty() {
        lines.push("Every rule that matters to it, as the rules are now:".to_owned());
        lines.extend(now.iter().map(|line| format!("  {line}")));
    }
    Ok(lines)
}

/// What the rules in force now make of a call, at every level of consent; nothing where the log no longer says enough.
async fn rejudged(store: &Store, call: &str, policies: &PolicyBook) -> Result<Vec<String>, Fault> {
    let past = store.past_call(call).await?;
    let lines = past.map(|past| crate::replay::explain(&past, &policies.current())).unwrap_or_default();
    Ok(lines.iter().map(|line| escaped(line)).collect())
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
        asked: kind == "asked",
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
        "intent" if text("initiator") == "consentry" => {
            let who = of("for_client");
            format!(
                "Consentry itself calls {tool} on {server}, to show what is there now on the card of a call of {who}."
            )
        }
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
        "edited" => format!("The person changed the call of {tool} on {server} before answering."),
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
            "spotlight" => format!("How what {server} says is set apart for the model: {}.", of("spotlight")),
            "client" => format!("{client} may use Consentry."),
            "new_chat" => format!("A new chat of {client}: what it was shown before counts no more."),
            "suspend" => format!("{client} was suspended: none of its calls runs."),
            "suspend_server" => format!("{server} was suspended: no call goes there."),
            "resume_server" => format!("{server} runs again."),
            "remove" => format!("{server} was taken away."),
            "policy" => "Policies changed.".into(),
            "protect" => format!("{client} uses {server} through Consentry."),
            "unprotect" => format!("{client} uses {server} without Consentry again."),
            "terms" => "The words that the person keeps to themselves were set.".into(),
            "own_domains" if of("name").is_empty() => "No domains are named as the person’s own.".into(),
            "own_domains" => format!("The person’s own domains: {}.", of("name")),
            "passphrase" => "A passphrase was chosen, to prove that it is the person.".into(),
            "preset" => format!("The preset {} was put in force, in place of {}.", of("preset"), of("before")),
            other => format!("Decided: {}.", escaped(other)),
        },
        "proved" if result == "proved" => format!("The person proved to be there, by {}.", means(text)),
        "proved" => format!("A proof by {} that the person is there was refused: {message}", means(text)),
        "void" => format!("A stored decision about {} carries no valid seal and does not count.", of("name")),
        "suspended" => match of("what").as_str() {
            "client" => format!("A rule suspended {client}: {message}."),
            "token" => format!("A rule gave the login at {server} back: {message}."),
            _ => format!("A rule suspended {server}: {message}."),
        },
        "tripped" => format!("{}: {message}", of("program")),
        "connected" => format!("{client} connected to {server}."),
        "disconnected" => format!("{client} left {server}."),
        "started" => "Consentry started.".into(),
        "stopped" => "Consentry stopped.".into(),
        other => escaped(other),
    }
}

fn means(text: &dyn Fn(&str) -> String) -> &'static str {
    if text("means") == "system" { "the system’s dialog" } else { "the passphrase" }
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
