//! What a card says before the values: the sentence, why it is asked, and the way the call takes.

use super::marks::{icon, mark};
use super::text::{Foreign, excerpt};
use crate::fold::Budget;
use crate::words;
use leptos::prelude::*;
use wire::view::{
    ApprovalKind, ApprovalView, ClientView, DestinationView, FindingView, PinState, SentencePart, Severity,
};

/// The sentence, in parts: our words, values in slots.
pub(crate) fn sentence(parts: &[SentencePart]) -> AnyView {
    let part = |part: &SentencePart| match part {
        SentencePart::Ours(ours) => ours.clone().into_any(),
        SentencePart::Slot(foreign) => {
            view! { <Foreign text=foreign.as_str() budget=Budget::NAME class="slot" /> }.into_any()
        }
        SentencePart::Rest(ours) => view! { <span class="rest">{ours.clone()}</span> }.into_any(),
    };
    parts.iter().map(part).collect_view().into_any()
}

/// The sentence where nothing in it can be pressed.
pub(crate) fn sentence_in_list(parts: &[SentencePart]) -> AnyView {
    let part = |part: &SentencePart| match part {
        SentencePart::Ours(ours) => ours.clone().into_any(),
        SentencePart::Slot(foreign) => excerpt(foreign, Budget { characters: 48, lines: 1 }, "slot"),
        SentencePart::Rest(_) => ().into_any(),
    };
    parts.iter().map(part).collect_view().into_any()
}

/// The headline. At high risk, the one figure it is about stands beside it.
pub(crate) fn say(view: &ApprovalView, id: &'static str, high: bool) -> AnyView {
    let says = sentence(&view.sentence);
    match words::salient(&view.sentence).filter(|_| high) {
        None => view! { <h1 class="say" id=id>{says}</h1> }.into_any(),
        Some(figure) => {
            let class = if figure.len() > 4 { "poster over" } else { "poster" };
            view! {
                <h1 class=class id=id>
                    <span class="count" aria-hidden="true">{figure.to_owned()}</span>
                    <span class="say">{says}</span>
                </h1>
            }
            .into_any()
        }
    }
}

/// One thing that the person should know first.
struct Why {
    severity: Severity,
    head: String,
    more: String,
}

/// At most two reasons, the worst first: findings of the same class are one, rules come after what is alarming.
pub(crate) fn why(view: &ApprovalView) -> AnyView {
    let mut all = found(&view.findings);
    all.extend(view.reasons.iter().map(|r| Why {
        severity: Severity::Info,
        head: r.title.clone(),
        more: r.why.clone(),
    }));
    all.sort_by_key(|why| std::cmp::Reverse(why.severity));
    let rest = all.len().saturating_sub(2);
    let Some(worst) = all.first().map(|why| why.severity) else { return ().into_any() };
    let class = match worst {
        Severity::Danger => "why bad",
        Severity::Caution => "why",
        Severity::Info => "why plain",
    };
    let line = |why: Why| {
        let (class, name) = words::severity(why.severity);
        let more = (!why.more.is_empty()).then(|| view! { <p>{why.more}</p> });
        view! { <div class=format!("finding {class}")>{icon(name)}<b>{why.head}</b>{more}</div> }
    };
    let rest = (rest > 0).then(|| {
        let more = words::count(rest, "more reason", "more reasons");
        view! { <p class="note">{more}" below, under “Whole call”."</p> }
    });
    view! { <div class=class id="why">{all.into_iter().take(2).map(line).collect_view()}{rest}</div> }.into_any()
}

fn found(findings: &[FindingView]) -> Vec<Why> {
    let mut out: Vec<(String, Why, usize)> = Vec::new();
    for finding in findings {
        match out.iter_mut().find(|(class, ..)| *class == finding.class) {
            Some((_, why, times)) => {
                why.severity = why.severity.max(finding.severity);
                *times += 1;
            }
            None => {
                let (severity, more) = (finding.severity, finding.message.clone());
                out.push((finding.class.clone(), Why { severity, head: words::class(&finding.class), more }, 1));
            }
        }
    }
    let fold = |(_, mut why, times): (String, Why, usize)| {
        if times > 1 {
            why.more = format!("In {times} places. The first: {}", why.more);
        }
        why
    };
    out.into_iter().map(fold).collect()
}

/// Who asks, through which server, to where: one box each, with the one mark that matters.
pub(crate) fn route(view: &ApprovalView) -> AnyView {
    let mut stops = Vec::new();
    if !view.client.program.is_empty() || !view.client.name.is_empty() {
        stops.push(asks(&view.client, view.kind));
    }
    if !view.server.is_empty() {
        stops.push(through(view));
    }
    if let Some(first) = view.destinations.first() {
        stops.push(to(first, view.destinations.len() - 1));
    }
    // A single stop is no way: what it would say stands in the sentence and below.
    if stops.len() < 2 { ().into_any() } else { view! { <div class="route">{stops}</div> }.into_any() }
}

fn stop(what: &'static str, name: &str, below: AnyView) -> AnyView {
    view! {
        <div>
            <span class="what">{what}</span>
            <span class="name">{excerpt(name, Budget { characters: 40, lines: 1 }, "")}</span>
            {below}
        </div>
    }
    .into_any()
}

fn asks(client: &ClientView, kind: ApprovalKind) -> AnyView {
    let known = if client.known {
        mark("ok", "check", "Proved, known")
    } else {
        mark("caution", "alert", "Proved, first time")
    };
    let claimed = client.claimed.as_ref().filter(|claimed| !words::same_name(claimed, &client.name)).map(|claimed| {
        let name = excerpt(claimed, Budget { characters: 30, lines: 1 }, "claim");
        view! { <span class="note">"Calls itself "{name}</span> }
    });
    let what = if kind == ApprovalKind::Client { "Wants in" } else { "Asks" };
    stop(what, &client.name, view! { {known}{claimed} }.into_any())
}

fn through(view: &ApprovalView) -> AnyView {
    let (what, state) = match (view.kind, view.definition.as_ref().map(|tool| tool.pin)) {
        (ApprovalKind::Call, Some(PinState::Pinned)) => ("Through", mark("ok", "check", "Pinned, unchanged")),
        (ApprovalKind::Call, Some(pin)) => {
            let (class, name, word) = words::pin(pin);
            ("Through", mark(class, name, word))
        }
        (ApprovalKind::Trust, _) => ("Server", mark("caution", "plus", "Not yet trusted")),
        (ApprovalKind::Drift, _) if view.trust.as_ref().is_some_and(|t| t.changes.is_empty()) => {
            ("Server", ().into_any())
        }
        (ApprovalKind::Drift, _) => ("Server", mark("caution", "diff", "Changed since you trusted it")),
        (ApprovalKind::Run, _) => ("Server", ().into_any()),
        _ => ("Through", ().into_any()),
    };
    let tool = (!view.tool.is_empty()).then(|| {
        let name = excerpt(&view.tool, Budget { characters: 60, lines: 1 }, "v");
        view! { <span class="note">"Tool "{name}</span> }
    });
    stop(what, &view.server, view! { {tool}{state} }.into_any())
}

fn to(first: &DestinationView, others: usize) -> AnyView {
    let kind = match first.kind.as_str() {
        "host" => mark("", "globe", "A host"),
        "address" => mark("", "send", "An address"),
        "path" => mark("", "file", "A path"),
        _ => ().into_any(),
    };
    let more = (others > 0).then(|| view! { <span class="note">{format!("and {others} more")}</span> });
    let name = excerpt(&first.value, Budget { characters: 60, lines: 1 }, "v");
    view! { <div><span class="what">"To"</span><span class="name">{name}</span>{kind}{more}</div> }.into_any()
}
