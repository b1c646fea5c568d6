//! From what the gate holds to what a person is shown. Words of ours, values of others in slots.

mod remember;

pub(crate) use remember::{choice as remember_choice, grant};

use crate::servers::Listing;
use crate::upstream::Program;
use gate::approval::Consent;
use gate::call::{Destination, scalars};
use gate::client::Client;
use gate::inspect::{Finding, Severity};
use gate::permit::Case;
use gate::policy::{Judgement, Needed, Policies};
use gate::tool::{Change, Drift, Effect, Tool};
use serde_json::{Value, json};
use wire::view::{
    ActView, ApprovalKind, ApprovalView, ArgumentView, ClientView, ClientWaits, DestinationView, FindingView, Level,
    PinState, Reason, RunView, SentencePart, ToolView, TrustView,
};

fn ours(text: impl Into<String>) -> SentencePart {
    SentencePart::Ours(text.into())
}

fn slot(text: impl Into<String>) -> SentencePart {
    SentencePart::Slot(text.into())
}

fn rest(text: impl Into<String>) -> SentencePart {
    SentencePart::Rest(text.into())
}

pub(crate) fn blank(kind: ApprovalKind, server: &str) -> ApprovalView {
    ApprovalView {
        kind,
        id: String::new(),
        digest: String::new(),
        level: Level::Approve,
        client: ClientView::default(),
        server: server.to_owned(),
        tool: String::new(),
        arguments: json!({}),
        reasons: Vec::new(),
        findings: Vec::new(),
        provenance: Vec::new(),
        effects: Vec::new(),
        destinations: Vec::new(),
        expires_at: None,
        asked_at: 0,
        sentence: Vec::new(),
        values: Vec::new(),
        arguments_text: String::new(),
        definition: None,
        run: None,
        trust: None,
        difference: Vec::new(),
        act: None,
        arms_after_ms: 0,
        closed: None,
        ended: None,
        client_waits: ClientWaits::default(),
        remember: None,
    }
}

/// The card of a call.
pub(crate) fn call(case: &Case, judgement: &Judgement, client_known: bool) -> ApprovalView {
    let call = &case.call;
    let high = judgement.needed == Needed::StepUp;
    let mut view = blank(ApprovalKind::Call, &call.server.name);
    view.level = if high { Level::StepUp } else { Level::Approve };
    view.client = client(&call.client, client_known);
    view.tool.clone_from(&call.request.name);
    view.arguments = call.request.parsed.clone();
    view.reasons = judgement.reasons.iter().map(reason).collect();
    view.findings = case.findings.iter().map(finding).collect();
    view.effects = call.tool.effects.iter().copied().map(effect).collect();
    view.destinations = case.destinations.iter().map(destination).collect();
    view.sentence = sentence(case);
    view.values = values(&call.request.parsed, &call.tool);
    view.arguments_text = String::from_utf8_lossy(&call.request.arguments).into_owned();
    view.definition = Some(tool(&call.tool, PinState::Pinned, true));
    view.act = high.then(|| act(case));
    view.remember = gate::grant::offer(case, judgement).map(remember::offer);
    view
}

/// The value that must be picked before a high-risk yes: who gets it, else how much, else the first short text.
fn act(case: &Case) -> ActView {
    let truth = salient(case);
    let seed = case.call.digest().0;
    let mut choices = vec![truth.clone()];
    for round in 0..2usize {
        let decoy = altered(&truth, &seed[round * 8..]);
        if !choices.contains(&decoy) {
            choices.push(decoy);
        }
    }
    let shift = usize::from(seed[31]) % choices.len();
    choices.rotate_left(shift);
    ActView { question: "Which of these is in this call?".into(), choices }
}

/// The value the act is about.
pub(crate) fn salient(case: &Case) -> String {
    const FIRST: &[&str] = &["recipient", "account", "iban", "to", "payee", "amount", "user", "email", "id", "name"];
    let texts: Vec<(String, String)> = scalars(&case.call.request.parsed)
        .into_iter()
        .filter_map(|(pointer, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let fits = (2..=80).contains(&text.chars().count()) && !value.is_null() && !value.is_boolean();
            fits.then(|| (pointer.rsplit('/').next().unwrap_or_default().to_lowercase(), text))
        })
        .collect();
    let named = FIRST.iter().find_map(|f| texts.iter().find(|(name, _)| name == f));
    named.or(texts.first()).map_or_else(|| case.call.request.name.clone(), |(_, text)| text.clone())
}

/// The same kind of value, but another one: two of its letters or digits changed.
fn altered(truth: &str, seed: &[u8]) -> String {
    let mut chars: Vec<char> = truth.chars().collect();
    let places: Vec<usize> =
        chars.iter().enumerate().filter(|(_, c)| c.is_ascii_alphanumeric()).map(|(i, _)| i).collect();
    if places.is_empty() {
        return format!("{truth} {}", seed.first().copied().unwrap_or(7));
    }
    for (n, byte) in seed.iter().take(2).enumerate() {
        let place = places[(usize::from(*byte) + n * 3) % places.len()];
        let c = chars[place];
        let step = 1 + byte % 8;
        chars[place] = match c {
            '0'..='9' => char::from(b'0' + (c as u8 - b'0' + step) % 10),
            'a'..='z' => char::from(b'a' + (c as u8 - b'a' + step) % 26),
            'A'..='Z' => char::from(b'A' + (c as u8 - b'A' + step) % 26),
            other => other,
        };
    }
    chars.into_iter().collect()
}

/// What will happen, in one sentence. Templates per kind of schema come with the card as meaning.
fn sentence(case: &Case) -> Vec<SentencePart> {
    let call = &case.call;
    let (tool, server) = (slot(&call.request.name), slot(&call.server.name));
    let to = |kinds: &[&str]| case.destinations.iter().find(|d| kinds.contains(&d.kind)).map(|d| slot(&d.value));
    let strongest = call.tool.effects.last().copied().unwrap_or(Effect::Execute);
    let unclassified = call.tool.effects == [Effect::Write, Effect::Send, Effect::Execute];
    let (verb, target, tail) = match strongest {
        _ if unclassified => {
            ("Run a tool that could do anything", None, "What it does is not known, so treat it as lasting.")
        }
        Effect::Read => ("Read", to(&["path", "host", "address"]), ""),
        Effect::Write => ("Write", to(&["path", "host", "address"]), ""),
        Effect::Delete if call.tool.effects.contains(&Effect::Write) => {
            ("Write or replace", to(&["path"]), "What was there before may be gone.")
        }
        Effect::Delete => ("Delete", to(&["path", "address", "host"]), "It may not come back."),
        Effect::Send => ("Send to", to(&["address", "host"]), "It can’t be taken back."),
        Effect::Execute => ("Run a program", None, "It can do what you can do."),
        Effect::Pay => ("Pay", to(&["address"]), "It can’t be taken back."),
        Effect::Privilege => ("Change who may do what", None, "It lasts until someone changes it back."),
    };
    let mut parts = match target {
        Some(target) => vec![ours(format!("{verb} ")), target, ours(" with ")],
        None if strongest == Effect::Send => vec![ours("Send something out with ")],
        None if matches!(strongest, Effect::Write | Effect::Read | Effect::Delete) => {
            vec![ours(format!("{verb} something with "))]
        }
        None => vec![ours(format!("{verb}: "))],
    };
    parts.extend([tool, ours(" on "), server, ours(".")]);
    if !tail.is_empty() {
        parts.push(rest(format!(" {tail}")));
    }
    parts
}

fn values(arguments: &Value, tool: &Tool) -> Vec<ArgumentView> {
    let members = arguments.as_object().into_iter().flatten();
    members
        .map(|(name, value)| ArgumentView {
            pointer: format!("/{}", name.replace('~', "~0").replace('/', "~1")),
            name: name.clone(),
            text: value.as_str().map_or_else(|| serde_json::to_string_pretty(value).unwrap_or_default(), str::to_owned),
            kind: match value {
                Value::Null => "null",
                Value::Bool(_) => "boolean",
                Value::Number(_) => "number",
                Value::String(_) => "string",
                Value::Array(_) => "array",
                Value::Object(_) => "object",
            }
            .into(),
            declared: tool.declares(name),
        })
        .collect()
}

/// The card that asks whether a command may run.
pub(crate) fn run(server: &str, program: &Program, before: Option<Vec<String>>) -> ApprovalView {
    let mut view = blank(ApprovalKind::Run, server);
    view.sentence = match &before {
        None => vec![ours("Start a new server, "), slot(server), ours("."), rest(" It runs on this computer, as you.")],
        Some(_) => {
            vec![
                ours("Start a changed program for "),
                slot(server),
                ours("."),
                rest(" It runs on this computer, as you."),
            ]
        }
    };
    view.reasons = vec![Reason {
        policy: "consentry.run".into(),
        title: "A program that nobody accepted yet".into(),
        why: "A server runs with all your rights and is not in a sandbox.".into(),
    }];
    view.run = Some(RunView {
        words: program.command.words.clone(),
        resolved: program.resolved.to_string_lossy().into_owned(),
        sha256: program.sha256.clone(),
        env: program.command.env.keys().cloned().collect(),
        before,
    });
    view
}

/// The card that asks whether tools may be used.
pub(crate) fn trust(
    server: &str,
    alias: &str,
    listing: &Listing,
    drift: &Drift,
    kind: ApprovalKind,
    policies: &Policies,
) -> ApprovalView {
    let mut view = blank(kind, server);
    let mut tools: Vec<ToolView> = listing
        .tools
        .iter()
        .map(|t| {
            let pin = match drift.tools.get(&t.name) {
                _ if kind == ApprovalKind::Trust => PinState::New,
                None => PinState::Pinned,
                Some(Change::New) => PinState::New,
                Some(Change::Changed) => PinState::Drifted,
                Some(Change::Gone) => PinState::Gone,
            };
            tool(t, pin, asks(t, alias, policies))
        })
        .collect();
    tools.sort_by_key(|t| {
        let changed = matches!(t.pin, PinState::New | PinState::Drifted);
        (std::cmp::Reverse(changed), std::cmp::Reverse(t.effects.last().copied()))
    });
    let count = |asks: bool| u32::try_from(tools.iter().filter(|t| t.asks == asks).count()).unwrap_or(u32::MAX);
    let (asks, runs) = (count(true), count(false));
    let changed = drift.tools.values().filter(|c| **c != Change::Gone).count();
    let how_many = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    view.sentence = match kind {
        ApprovalKind::Drift => vec![
            ours(format!("{} of ", how_many(changed, "tool"))),
            slot(server),
            ours(if drift.instructions { " and its instructions changed." } else { " changed." }),
            rest(" The changed ones stay blocked until you say yes."),
        ],
        _ => vec![
            ours("Let agents use "),
            slot(server),
            ours(format!(", with {}.", how_many(tools.len(), "tool"))),
            rest(format!(" {runs} run without asking, {asks} ask.")),
        ],
    };
    view.reasons = vec![Reason {
        policy: "consentry.trust".into(),
        title: if kind == ApprovalKind::Drift {
            "Not what you trusted before"
        } else {
            "A server you have not used yet"
        }
        .into(),
        why: "What a server says of its tools is read by the model and can steer it.".into(),
    }];
    let mut findings: Vec<FindingView> = listing
        .tools
        .iter()
        .flat_map(|t| t.findings.iter().map(move |f| (t, f)))
        .map(|(t, f)| {
            let mut view = finding(f);
            view.message = format!("{}: {}", wire::text::escaped(&t.name), view.message);
            view
        })
        .collect();
    findings.sort_by_key(|f| std::cmp::Reverse(f.severity));
    view.findings = findings;
    view.trust =
        Some(TrustView { tools, instructions: listing.instructions.clone(), runs, asks, program_changed: false });
    view
}

/// The card that asks whether a program may connect.
pub(crate) fn stranger(who: &Client) -> ApprovalView {
    let mut view = blank(ApprovalKind::Client, "");
    view.client = client(who, false);
    view.sentence = vec![
        ours("Let "),
        slot(who.name()),
        ours(" use your servers through Consentry."),
        rest(" It has not connected before, or its program changed."),
    ];
    view.reasons = vec![Reason {
        policy: "consentry.client".into(),
        title: "A program Consentry does not know".into(),
        why: "What it calls itself proves nothing; its file and what started it do.".into(),
    }];
    view
}

/// The card that asks whether changed policies take effect.
pub(crate) fn policy(difference: Vec<String>) -> ApprovalView {
    let mut view = blank(ApprovalKind::Policy, "");
    view.sentence = vec![ours("Put changed policies in force."), rest(" They may let more run than before.")];
    view.reasons = vec![Reason {
        policy: "consentry.policy".into(),
        title: "Policy files were edited".into(),
        why: "What only forbids more applies at once; this takes something back.".into(),
    }];
    view.difference = difference;
    view
}

/// A client.
pub(crate) fn client(client: &Client, known: bool) -> ClientView {
    ClientView {
        name: client.name().to_owned(),
        claimed: client.claimed.clone(),
        program: client.program.clone(),
        script: client.script.clone(),
        sha256: client.sha256.clone(),
        pid: client.pid,
        parents: client.parents.clone(),
        known,
    }
}

/// A tool.
pub(crate) fn tool(tool: &Tool, pin: PinState, asks: bool) -> ToolView {
    ToolView {
        name: tool.name.clone(),
        title: tool.title.clone(),
        description: tool.description.clone(),
        effects: tool.effects.iter().copied().map(effect).collect(),
        asks,
        pin,
        findings: tool.findings.iter().map(finding).collect(),
    }
}

/// Whether a plain call of the tool, by a client that is known, asks under these policies.
pub(crate) fn asks(tool: &Tool, alias: &str, policies: &Policies) -> bool {
    let plain = gate::policy::Facts {
        client: "",
        server: alias,
        tool: &tool.name,
        arguments: &json!({}),
        destinations: &[],
        findings: &[],
        client_known: true,
        drifted: false,
        names_protected: false,
        new_destination: false,
        tainted_sensitive: false,
        tainted: &[],
        calls_last_hour: 1,
        now_ms: 0,
    };
    policies.judge(&plain).needed != Needed::Nothing
}

/// An effect.
pub(crate) fn effect(effect: Effect) -> wire::view::Effect {
    use wire::view::Effect as View;
    match effect {
        Effect::Read => View::Read,
        Effect::Write => View::Write,
        Effect::Delete => View::Delete,
        Effect::Send => View::Send,
        Effect::Pay => View::Pay,
        Effect::Execute => View::Execute,
        Effect::Privilege => View::Privilege,
    }
}

fn finding(finding: &Finding) -> FindingView {
    FindingView {
        class: finding.class.to_owned(),
        severity: match finding.severity {
            Severity::Info => wire::view::Severity::Info,
            Severity::Caution => wire::view::Severity::Caution,
            Severity::Danger => wire::view::Severity::Danger,
        },
        pointer: finding.pointer.clone(),
        message: finding.message.clone(),
    }
}

fn reason(reason: &gate::policy::Reason) -> Reason {
    Reason { policy: reason.policy.clone(), title: reason.title.clone(), why: reason.why.clone() }
}

fn destination(destination: &Destination) -> DestinationView {
    DestinationView {
        kind: destination.kind.into(),
        value: destination.value.clone(),
        pointer: destination.pointer.clone(),
    }
}

/// The word for a consent, as the log has it.
pub(crate) fn consent_word(consent: Consent) -> &'static str {
    match consent {
        Consent::None => "none",
        Consent::Approved => "approved",
        Consent::SteppedUp => "stepped_up",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoy_is_another_value_of_the_same_shape() {
        for truth in ["DE89370400440532013000", "150.00", "ann@example.org", "7"] {
            for seed in [[1u8, 2, 3], [9, 9, 9], [255, 0, 128]] {
                let decoy = altered(truth, &seed);
                assert_eq!(decoy.chars().count(), truth.chars().count(), "{truth} {decoy}");
            }
        }
        assert_ne!(altered("DE89370400440532013000", &[1, 2]), "DE89370400440532013000");
    }
}
