//! From what the gate holds to what a person is shown. Words of ours, values of others in slots.

mod call;
mod difference;
mod inspect;
mod marks;
mod now;
pub(crate) mod origins;
mod parties;
mod paths;
mod remember;
mod so_far;
mod trust;

pub(crate) use call::{call, salient};
pub(crate) use inspect::inspect;
pub(crate) use now::{not_read, now};
pub(crate) use parties::know;
pub(crate) use paths::largest;
pub(crate) use remember::{choice as remember_choice, fields as grant_fields, grant, lifetime, lifetime_of};
pub(crate) use trust::{Proposal, effects_of, trust};

use crate::secrets;
use crate::upstream::{Configured, Program, Remote, Target, steers};
use gate::approval::Consent;
use gate::call::Destination;
use gate::client::Client;
use gate::inspect::{Excerpt, Finding, Severity};
use gate::policy::{FlowFacts, Needed, Policies};
use gate::provenance::SoFar;
use gate::tool::{Effect, Tool};
use serde_json::json;
use wire::text::escaped;
use wire::view::{
    ApprovalKind, ApprovalView, ClientView, ClientWaits, DestinationView, ExcerptView, FindingView, Level, PinState,
    Reason, RunView, SentencePart, ToolView, VariableView,
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

/// Looks where the paths of a card lead, and says first what is odd about its values.
pub(crate) async fn look(card: &mut ApprovalView, words: &[String]) {
    paths::look(&mut card.values, words).await;
    card.findings.extend(marks::findings(&card.values));
    card.findings.sort_by_key(|f| std::cmp::Reverse(f.severity));
}

/// What a card asks for, as the approval machine knows it.
pub(crate) fn level(card: &ApprovalView) -> gate::approval::Level {
    match card.level {
        wire::view::Level::StepUp => gate::approval::Level::StepUp,
        wire::view::Level::Approve => gate::approval::Level::Approve,
    }
}

fn how_many(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
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
        traced: false,
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
        now: None,
        edits: Vec::new(),
        leaves: Vec::new(),
    }
}

/// The card that asks whether a server may be used: its command run, or its URL asked.
pub(crate) fn run(server: &str, target: &Target, before: Option<Vec<String>>, moves: bool) -> ApprovalView {
    let mut view = match target {
        Target::Program(program) => start(server, program, before),
        Target::Remote(remote, _) => reach(server, remote, before),
    };
    if moves {
        view.sentence.push(rest(" With your yes, the secrets in its entry move from the file into the keychain."));
    }
    view
}

fn start(server: &str, program: &Program, before: Option<Vec<String>>) -> ApprovalView {
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
    if let Some(folder) = &program.command.cwd {
        view.sentence.extend([ours(" It runs in the folder "), slot(folder), ours(".")]);
    }
    view.reasons = vec![Reason {
        policy: "consentry.run".into(),
        title: "A program that nobody accepted yet".into(),
        why: "A server runs with all your rights and is not in a sandbox.".into(),
    }];
    view.run = Some(RunView {
        words: Configured::Program(program.command.clone()).words(),
        resolved: program.resolved.to_string_lossy().into_owned(),
        sha256: program.sha256.clone(),
        env: secrets::variables(&Configured::Program(program.command.clone())),
        before,
    });
    view.findings = program.command.env.keys().filter_map(|name| steering(name)).collect();
    view
}

/// What is to be said of a variable that decides what runs.
fn steering(name: &str) -> Option<FindingView> {
    let (class, severity, what) = steers(name)?.told();
    Some(FindingView {
        class: class.into(),
        severity,
        pointer: String::new(),
        message: format!("The variable `{}` {what}.", escaped(name)),
        excerpt: None,
    })
}

fn reach(server: &str, remote: &Remote, before: Option<Vec<String>>) -> ApprovalView {
    let mut view = blank(ApprovalKind::Run, server);
    let host = remote.url.host_str().unwrap_or_default();
    let what = if before.is_some() { "Use another address for " } else { "Use a new server, " };
    view.sentence = vec![ours(what), slot(server), ours(", at "), slot(host), ours(".")];
    view.sentence.push(rest(" What clients ask of it leaves this computer."));
    view.reasons = vec![Reason {
        policy: "consentry.run".into(),
        title: "A server elsewhere that nobody accepted yet".into(),
        why: "Whoever runs it sees what is sent to it, and decides what it answers.".into(),
    }];
    view.run = Some(RunView {
        words: vec![remote.url.to_string()],
        resolved: String::new(),
        sha256: String::new(),
        env: remote.headers.keys().map(|name| VariableView { name: name.clone(), value: None }).collect(),
        before,
    });
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
        findings: findings(tool),
        derived: if tool.derived == tool.effects {
            Vec::new()
        } else {
            tool.derived.iter().copied().map(effect).collect()
        },
        left_out: false,
    }
}

/// Whether a call of the tool, by a client that is known, can ask under these policies.
pub(crate) fn asks(tool: &Tool, alias: &str, policies: &Policies) -> bool {
    let plain = gate::policy::Facts {
        client: "",
        server: alias,
        tool: &tool.name,
        arguments: &json!({}),
        destinations: &[],
        findings: &[],
        carried: &[],
        client_known: true,
        drifted: false,
        names_protected: false,
        flow: &if tool.only_reads() { FlowFacts::default() } else { FlowFacts::worst() },
        so_far: &SoFar::default(),
        token: None,
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

/// What was found in a tool's definition.
fn findings(tool: &Tool) -> Vec<FindingView> {
    let definition: serde_json::Value = serde_json::from_slice(&tool.raw).unwrap_or_default();
    let text = |found: &Finding| definition.pointer(&found.pointer).and_then(serde_json::Value::as_str);
    tool.findings.iter().map(|found| finding(found, text(found))).collect()
}

/// How many findings of a result are kept.
const MOST_MARKS: usize = 32;

/// What is worth keeping of what was seen in a result, the worst first, each with the text that it is about.
pub(crate) fn marks_of(result: &[u8], findings: &[Finding]) -> Vec<FindingView> {
    let mut told: Vec<&Finding> = findings.iter().filter(|found| found.severity > Severity::Info).collect();
    if told.is_empty() {
        return Vec::new();
    }
    told.sort_by_key(|found| std::cmp::Reverse(found.severity));
    told.truncate(MOST_MARKS);
    let result: serde_json::Value = serde_json::from_slice(result).unwrap_or_default();
    let text = |found: &Finding| result.pointer(&found.pointer).and_then(serde_json::Value::as_str);
    told.into_iter().map(|found| finding(found, text(found))).collect()
}

/// A finding, with the text that it is about where that may be shown.
pub(crate) fn finding(finding: &Finding, text: Option<&str>) -> FindingView {
    let excerpt = text.zip(finding.span.as_ref()).and_then(|(text, span)| Excerpt::of(text, span));
    FindingView {
        class: finding.class.to_owned(),
        severity: match finding.severity {
            Severity::Info => wire::view::Severity::Info,
            Severity::Caution => wire::view::Severity::Caution,
            Severity::Danger => wire::view::Severity::Danger,
        },
        pointer: finding.pointer.clone(),
        message: finding.message.clone(),
        excerpt: excerpt.map(|e| ExcerptView { before: e.before, text: e.text, after: e.after }),
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
