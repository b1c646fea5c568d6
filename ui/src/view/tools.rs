//! Tools as a person weighs them: name, what each can do, whether it asks, and what its server claims.

use super::marks::{effects, icon, mark, tag};
use super::text::{Datamark, Foreign, excerpt};
use crate::fold::Budget;
use crate::words;
use leptos::prelude::*;
use wire::view::{ApprovalKind, PinState, ToolView, TrustView};

/// How many tools are drawn at first.
const TOOLS: usize = 30;

/// What a yes to kind `trust` or `drift` pins.
pub(crate) fn trust(trust: &TrustView, kind: ApprovalKind) -> AnyView {
    let total = words::count(trust.tools.len(), "tool", "tools");
    let order = if trust.tools.len() > 1 { format!("{total}, riskiest first") } else { total };
    let program = trust.program_changed.then(|| {
        let changed = tag("caution", "diff", "Program changed");
        view! { <p class="row">{changed}<span class="soft">"The file it runs is not the one you approved."</span></p> }
    });
    let instructions = trust.instructions.as_ref().map(|text| {
        view! {
            <section class="stack">
                <h2 class="caption">"What it tells the model"</h2>
                <Datamark from="Written by the server, not verified" text=text.as_str() budget=Budget::DESCRIPTION />
            </section>
        }
    });
    let counts = format!("{} without asking, {} each time", runs(trust.runs), asks(trust.asks));
    view! {
        {program}
        {instructions}
        <section class="stack">
            <h2 class="caption">"What it can do "<span class="note">{order}</span></h2>
            {list(&trust.tools, kind == ApprovalKind::Drift)}
            <p class="note">{counts}" under the rules in force."</p>
        </section>
    }
    .into_any()
}

fn runs(n: u32) -> String {
    if n == 1 { "1 runs".into() } else { format!("{n} run") }
}

fn asks(n: u32) -> String {
    if n == 1 { "1 asks".into() } else { format!("{n} ask") }
}

/// The tools in full; `pins` says beside each how it stands to what was approved.
fn list(tools: &[ToolView], pins: bool) -> AnyView {
    if tools.is_empty() {
        return view! { <p class="soft">"It offers no tools."</p> }.into_any();
    }
    let (total, drawn) = (tools.len(), RwSignal::new(TOOLS));
    let tools = StoredValue::new(tools.to_vec());
    view! {
        <ul class="lines">
            {move || tools.with_value(|tools| {
                tools.iter().take(drawn.get()).map(|tool| in_full(tool, pins)).collect_view()
            })}
        </ul>
        <Show when=move || drawn.get() < total>
            <button class="more" type="button" on:click=move |_| drawn.update(|n| *n *= 4)>
                {move || format!("+{}", words::count(total - drawn.get(), "tool", "tools"))}
            </button>
        </Show>
    }
    .into_any()
}

fn in_full(tool: &ToolView, pins: bool) -> AnyView {
    let pin = (pins && tool.pin != PinState::Pinned).then(|| {
        let (class, name, word) = words::pin(tool.pin);
        tag(class, name, word)
    });
    let findings = tool.findings.iter().take(3).map(|finding| {
        let (class, name) = words::severity(finding.severity);
        view! {
            <div class=format!("finding {class}")>
                {icon(name)}<b>{words::class(&finding.class)}</b><p>{finding.message.clone()}</p>
            </div>
        }
    });
    let description = if tool.description.trim().is_empty() {
        view! { <span class="note">"It has no description."</span> }.into_any()
    } else {
        let text = tool.description.as_str();
        view! { <Datamark from="Claimed by the server, not verified" text budget=Budget::DESCRIPTION /> }.into_any()
    };
    let title = tool.title.as_ref().filter(|title| **title != tool.name).map(|title| {
        view! { <span class="note">" called "{excerpt(title, Budget { characters: 60, lines: 1 }, "claim")}</span> }
    });
    view! {
        <li class="tool">
            <div class="head-line">
                <span class="name">
                    <Foreign text=tool.name.as_str() budget=Budget::NAME class="v" />{title}
                    <span class="note">{if tool.asks { " asks" } else { " runs without asking" }}</span>
                </span>
                <span class="tags">{pin}{effects(&tool.effects)}</span>
            </div>
            {findings.collect_view()}
            {description}
        </li>
    }
    .into_any()
}

/// The tools in one line each, for the page of servers.
pub(crate) fn in_short(tools: &[ToolView]) -> AnyView {
    let line = |tool: &ToolView| {
        let pin = (tool.pin != PinState::Pinned).then(|| {
            let (class, name, word) = words::pin(tool.pin);
            mark(class, name, word)
        });
        view! {
            <li class="short">
                <span class="name">
                    {excerpt(&tool.name, Budget { characters: 60, lines: 1 }, "v")}
                    <span class="note">{if tool.asks { " asks" } else { " runs without asking" }}</span>
                </span>
                <span class="tags">{pin}{effects(&tool.effects)}</span>
            </li>
        }
    };
    view! { <ul class="lines small">{tools.iter().map(line).collect_view()}</ul> }.into_any()
}
