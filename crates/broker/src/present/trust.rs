//! The card that asks whether tools may be used: a server's first, and one about what changed.

use super::{asks, blank, difference, effect, how_many, ours, rest, slot, tool};
use crate::servers::Listing;
use gate::inspect::description;
use gate::policy::Policies;
use gate::tool::difference::{Class, HIDES, OTHER_TOOL, Place, added, compare, text_change};
use gate::tool::{Change, Drift, Effect, Tool};
use std::cmp::Reverse;
use std::collections::BTreeSet;
use wire::text::escaped;
use wire::view::{
    ApprovalKind, ApprovalView, ChangeView, CountsView, FindingView, PinState, Reason, SentencePart, Severity,
    ToolChangeView, ToolView, TrustView,
};

/// What a trust question is about.
pub(crate) struct Proposal<'a> {
    /// Trust or drift.
    pub(crate) kind: ApprovalKind,
    /// The server's name.
    pub(crate) server: &'a str,
    /// Its alias in policies.
    pub(crate) alias: &'a str,
    /// All it lists now, with the effects as they would be.
    pub(crate) listed: &'a Listing,
    /// What the person leaves out of it.
    pub(crate) left_out: &'a BTreeSet<String>,
    /// What is pinned now.
    pub(crate) pinned: Option<&'a Listing>,
    /// How the chosen tools differ from that.
    pub(crate) drift: &'a Drift,
    /// The policies as they would be.
    pub(crate) policies: &'a Policies,
    /// The policies in force.
    pub(crate) in_force: &'a Policies,
    /// The names of other servers' trusted tools, each with its server.
    pub(crate) elsewhere: &'a [(String, String)],
}

/// The card that asks whether tools may be used.
pub(crate) fn trust(of: &Proposal<'_>) -> ApprovalView {
    let mut view = blank(of.kind, of.server);
    let mut tools: Vec<ToolView> = of.listed.tools.iter().map(|t| listed(of, t)).collect();
    tools.sort_by_key(|t| {
        let changed = matches!(t.pin, PinState::New | PinState::Drifted);
        (t.left_out, Reverse(changed), Reverse(t.effects.last().copied()))
    });
    let changes = changes(of);
    let instructions_change = instructions(of);
    let after = counts(tools.iter().filter(|t| !t.left_out).map(|t| t.asks));
    let before = of.pinned.map(|p| counts(p.tools.iter().map(|t| asks(t, of.alias, of.in_force))));
    view.sentence = match of.kind {
        ApprovalKind::Drift => drifted(of, &changes),
        _ => {
            let left_out = of.left_out.len();
            let mut sentence = vec![
                ours("Let agents use "),
                slot(of.server),
                ours(format!(", with {}.", how_many(tools.len() - left_out.min(tools.len()), "tool"))),
                rest(format!(" {} run without asking, {} ask.", after.runs, after.asks)),
            ];
            if left_out > 0 {
                sentence.push(rest(format!(" {} left out.", how_many(left_out, "tool"))));
            }
            sentence
        }
    };
    let title = match of.kind {
        ApprovalKind::Drift if of.drift.is_none() => "You asked to see its tools",
        ApprovalKind::Drift => "Not what you trusted before",
        _ => "A server you have not used yet",
    };
    view.reasons = vec![Reason {
        policy: "consentry.trust".into(),
        title: title.into(),
        why: "What a server says of its tools is read by the model and can steer it.".into(),
    }];
    view.findings = findings(of, &changes, instructions_change.as_ref());
    view.trust = Some(TrustView {
        tools,
        instructions: of.listed.instructions.clone(),
        runs: after.runs,
        asks: after.asks,
        program_changed: false,
        changes,
        instructions_change,
        before,
    });
    view
}

fn listed(of: &Proposal<'_>, t: &Tool) -> ToolView {
    let pin = match of.drift.tools.get(&t.name) {
        _ if of.kind == ApprovalKind::Trust => PinState::New,
        None => PinState::Pinned,
        Some(Change::New) => PinState::New,
        Some(Change::Changed) => PinState::Drifted,
        Some(Change::Gone) => PinState::Gone,
    };
    let mut view = tool(t, pin, asks(t, of.alias, of.policies));
    view.left_out = of.left_out.contains(&t.name);
    view
}

fn counts(asks: impl Iterator<Item = bool>) -> CountsView {
    asks.fold(CountsView::default(), |mut counts, asks| {
        let n = if asks { &mut counts.asks } else { &mut counts.runs };
        *n = n.saturating_add(1);
        counts
    })
}

/// How each tool differs, riskiest first.
fn changes(of: &Proposal<'_>) -> Vec<ToolChangeView> {
    let names: Vec<&str> = of.listed.tools.iter().map(|t| t.name.as_str()).collect();
    let others = |name: &str| names.iter().copied().filter(|n| *n != name).collect::<Vec<_>>();
    let mut out: Vec<ToolChangeView> = of
        .drift
        .tools
        .iter()
        .filter(|_| of.kind == ApprovalKind::Drift)
        .filter_map(|(name, change)| {
            let old = of.pinned.and_then(|p| p.tool(name));
            let new = of.listed.tool(name);
            let asked = old.map(|t| asks(t, of.alias, of.in_force));
            let asks = new.map(|t| asks(t, of.alias, of.policies));
            let (pin, difference) = match (change, old, new) {
                (Change::Gone, Some(old), _) => (PinState::Gone, gone(old)),
                (_, Some(old), Some(new)) => (PinState::Drifted, compare(old, new, &others(name))),
                (_, None, Some(new)) => (PinState::New, added(new, &others(name))),
                _ => return None,
            };
            Some(difference::tool(name, pin, difference, asked, asks))
        })
        .collect();
    out.sort_by_key(|c| (c.pin == PinState::Gone, Reverse(c.class), Reverse(c.after.last().copied()), c.name.clone()));
    out
}

fn gone(old: &Tool) -> gate::tool::difference::ToolDifference {
    let before = old.effects.clone();
    gate::tool::difference::ToolDifference { class: Class::Harmless, before, after: Vec::new(), changes: Vec::new() }
}

fn instructions(of: &Proposal<'_>) -> Option<ChangeView> {
    let before = of.pinned?.instructions.as_deref().unwrap_or_default();
    let after = of.listed.instructions.as_deref().unwrap_or_default();
    text_change(Place::Other, "", before, after, &[]).map(difference::change)
}

/// One tool that can do more is worth its own sentence; several are counted.
fn drifted(of: &Proposal<'_>, changes: &[ToolChangeView]) -> Vec<SentencePart> {
    let changed: Vec<&ToolChangeView> = changes.iter().filter(|c| c.pin != PinState::Gone).collect();
    let stays = " It stays blocked until you say yes.";
    if let ([only], false) = (changed.as_slice(), of.drift.instructions) {
        let more: Vec<&str> = only.after.iter().filter(|e| !only.before.contains(e)).map(|e| can(*e)).collect();
        let what = match (only.pin, more.as_slice()) {
            (PinState::New, _) => " is new.".to_owned(),
            (_, []) => " changed.".to_owned(),
            (_, more) => format!(" can now also {}.", more.join(" and ")),
        };
        return vec![
            ours("The tool "),
            slot(&only.name),
            ours(" of "),
            slot(of.server),
            ours(what),
            rest(if only.pin == PinState::New {
                stays
            } else {
                " You trusted it as it was. It stays blocked until you say yes."
            }),
        ];
    }
    if of.drift.is_none() {
        return vec![
            ours("Choose what agents may use of "),
            slot(of.server),
            ours("."),
            rest(" Nothing changed since you trusted it."),
        ];
    }
    let also = if of.drift.instructions { " and its instructions changed." } else { " changed." };
    let mut sentence = match changed.len() {
        0 => vec![ours("What "), slot(of.server), ours(" tells the model changed.")],
        n => vec![ours(format!("{} of ", how_many(n, "tool"))), slot(of.server), ours(also)],
    };
    sentence.push(rest(" What changed stays blocked until you say yes."));
    sentence
}

fn can(effect: wire::view::Effect) -> &'static str {
    use wire::view::Effect as E;
    match effect {
        E::Read => "read",
        E::Write => "change things",
        E::Delete => "delete",
        E::Send => "send data to others",
        E::Execute => "run programs",
        E::Pay => "pay",
        E::Privilege => "change who may do what",
    }
}

/// What inspection saw in the chosen tools, and new text that speaks to the model, the worst first.
fn findings(of: &Proposal<'_>, changes: &[ToolChangeView], instructions: Option<&ChangeView>) -> Vec<FindingView> {
    let chosen = of.listed.tools.iter().filter(|t| !of.left_out.contains(&t.name));
    let mut out: Vec<FindingView> = Vec::new();
    let mut steering = |what: String, why: &[String], severity: Severity| {
        let message = format!("{what}: {}", why.join(" "));
        let (class, pointer) = ("steers_the_model".to_owned(), String::new());
        out.push(FindingView { class, severity, pointer, message, excerpt: None });
    };
    for change in changes.iter().filter(|c| c.pin != PinState::Gone) {
        let why: Vec<String> =
            change.changes.iter().flat_map(|c| c.why.iter().cloned()).collect::<BTreeSet<_>>().into_iter().collect();
        if !why.is_empty() {
            steering(escaped(&change.name), &why, Severity::Danger);
        }
    }
    if of.kind == ApprovalKind::Trust {
        let names: Vec<&str> = of.listed.tools.iter().map(|t| t.name.as_str()).collect();
        for t in of.listed.tools.iter().filter(|t| !of.left_out.contains(&t.name)) {
            let others: Vec<&str> = names.iter().copied().filter(|n| *n != t.name).collect();
            let changes = added(t, &others).changes;
            let why: Vec<&str> = changes.iter().flat_map(|c| &c.why).copied().filter(|w| *w != OTHER_TOOL).collect();
            // What is said from the start may be honest advice; two signs at once, or one that hides, hardly are.
            let hides = why.contains(&HIDES);
            if hides || why.len() > 1 {
                let why: Vec<String> = why.into_iter().map(str::to_owned).collect();
                steering(escaped(&t.name), &why, if hides { Severity::Danger } else { Severity::Caution });
            }
        }
    }
    if let Some(change) = instructions.filter(|c| !c.why.is_empty()) {
        steering("Its instructions".into(), &change.why, Severity::Danger);
    }
    for t in chosen.clone().filter(|t| of.pinned.is_none_or(|pinned| pinned.tool(&t.name).is_none())) {
        // The same name is common and can be seen; one that only looks the same is there to be mistaken.
        let letters = |name: &str| name.to_lowercase().replace(['_', '-', '.', ' '], "");
        let passes =
            |(_, other): &&(String, String)| letters(other) != letters(&t.name) && description::shadows(&t.name, other);
        if let Some((server, other)) = of.elsewhere.iter().find(passes) {
            let (tool, other, server) = (escaped(&t.name), escaped(other), escaped(server));
            out.push(FindingView {
                class: "name_of_another".to_owned(),
                severity: Severity::Caution,
                pointer: String::new(),
                message: format!("`{tool}` can be taken for `{other}`, a tool of the server `{server}`."),
                excerpt: None,
            });
        }
    }
    for (t, mut view) in chosen.flat_map(|t| super::findings(t).into_iter().map(move |view| (t, view))) {
        view.message = format!("{}: {}", escaped(&t.name), view.message);
        out.push(view);
    }
    out.sort_by_key(|f| Reverse(f.severity));
    out
}

/// Effects, from their words.
pub(crate) fn effects_of(view: &[wire::view::Effect]) -> Vec<Effect> {
    let mut out: Vec<Effect> = Effect::ALL.into_iter().filter(|e| view.contains(&effect(*e))).collect();
    out.sort_unstable();
    out
}
