//! How well values are traced back: what is found of values that somebody disguised, what is said of values that are
//! nobody's, and what all of it costs.

mod disguises;
mod speed;

pub(crate) use speed::speed;

use disguises::{Case, FAMILIES, NOISE, cases};
use gate::call::{Call, CallId, ConnectionId, Digest, Request, Server};
use gate::client::Client;
use gate::provenance::{Memory, Origin, Seen, Standing, Trust};
use gate::tool::{Effect, Tool};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::sync::Arc;
use uuid::Uuid;

const NOW: i64 = 1_800_000_000_000;

/// A call of a tool that sends, with these arguments.
pub(crate) fn call(arguments: &Value) -> Option<Call> {
    let definition = json!({"name": "send", "description": "Sends it.", "inputSchema": {"type": "object"}});
    let tool = Tool::parse(definition.to_string().into()).ok()?.with_effects(vec![Effect::Send]);
    let params = json!({"name": "send", "arguments": arguments}).to_string();
    Some(Call {
        id: CallId(Uuid::nil()),
        connection: ConnectionId(Uuid::nil()),
        client: Arc::new(Client {
            program: "agent".into(),
            sha256: String::new(),
            script: None,
            identity: Digest([1; 32]),
            pid: 1,
            start_time: 1,
            parents: Vec::new(),
            claimed: None,
        }),
        conversation: "talk".into(),
        server: Arc::new(Server {
            name: "desk".into(),
            alias: "desk".into(),
            identity: Digest([2; 32]),
            remote: false,
        }),
        tool: Arc::new(tool),
        request: Request::parse(params.into()).ok()?,
    })
}

/// Shows a text, as the result of a tool of this server.
pub(crate) fn show(memory: &mut Memory, server: &str, text: &str) {
    let origin = Origin {
        call: None,
        pinned: false,
        server: server.into(),
        tool: Some("read".into()),
        trust: Trust::Untrusted,
        open: false,
        at_ms: NOW,
    };
    memory.remember(origin, &result(text), Seen::default());
}

/// A text as a server's result.
fn result(text: &str) -> Vec<u8> {
    json!({"content": [{"type": "text", "text": text}]}).to_string().into_bytes()
}

/// Whether the value of a case is said to come from untrusted text, or to carry something that does.
fn found(case: &Case) -> bool {
    let mut memory = Memory::default();
    for (nth, text) in case.shown.iter().enumerate() {
        let server = if case.apart { format!("server{nth}") } else { "desk".to_owned() };
        show(&mut memory, &server, text);
    }
    is_traced(&memory, case)
}

fn is_traced(memory: &Memory, case: &Case) -> bool {
    let arguments = json!({case.argument: case.value});
    let Some(call) = call(&arguments) else { return false };
    memory.trace(&call, NOW).iter().any(|t| t.standing == Standing::Tainted || t.carries)
}

/// The cases of one memory: all of them were shown before so many bytes of something else.
fn buried(cases: &[Case], bytes: usize) -> (Vec<Case>, Vec<Case>) {
    let mut memory = Memory::default();
    for text in cases.iter().flat_map(|case| &case.shown).chain(&disguises::noise(bytes)) {
        show(&mut memory, "desk", text);
    }
    cases.iter().cloned().partition(|case| is_traced(&memory, case))
}

/// What is found of each family: its name, how many were found, and of how many.
fn shares(noise: usize) -> Vec<(&'static str, usize, Vec<Case>)> {
    let all = cases();
    let of = |family: &'static str| {
        let cases: Vec<Case> = all.iter().filter(|case| case.family == family).cloned().collect();
        let (hit, missed) = if family == NOISE { buried(&cases, noise) } else { cases.into_iter().partition(found) };
        (family, hit.len(), missed)
    };
    FAMILIES.iter().map(|family| of(family)).collect()
}

/// The table for people.
pub(crate) fn table(each: bool) -> String {
    let mut out = String::from("| disguise | cases | found |\n|---|--:|--:|\n");
    let (mut hits, mut total) = (0, 0);
    for (family, hit, missed) in shares(disguises::BURIED) {
        let all = hit + missed.len();
        (hits, total) = (hits + hit, total + all);
        let _ = writeln!(out, "| {family} | {all} | {:.0} % |", percent(hit, all));
        if each {
            for case in missed {
                let _ = writeln!(out, "  missed: {:?} of {:?}", case.value, case.shown);
            }
        }
    }
    let _ = writeln!(out, "| all | {total} | {:.0} % |", percent(hits, total));
    out
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disguised_values_are_traced_back() {
        // Unoptimised, the whole of it takes long.
        let shares = shares(disguises::BURIED / 8);
        let all: usize = shares.iter().map(|(_, hit, missed)| hit + missed.len()).sum();
        assert!(all >= 200, "{all}");
        for (family, hit, missed) in shares {
            // What stands in no text in any form is known not to be found.
            let floor = if family.starts_with("said in other words") { 0.0 } else { 90.0 };
            let share = percent(hit, hit + missed.len());
            assert!(share >= floor, "{family}: {share} %, missed {:?}", missed.first());
        }
    }
}
