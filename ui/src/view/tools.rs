//! Tools as a person weighs them: name, what each can do, whether it asks, and what its server claims.

use super::choosing::{self, Ticks};
use super::marks::{effects, icon, mark, tag};
use super::text::{Datamark, Foreign, excerpt};
use crate::fold::Budget;
use crate::words;
use leptos::prelude::*;
use wire::view::{PinState, ToolView, TrustView};

/// How many tools are drawn at first.
const TOOLS: usize = 30;

/// What stands above the tools: whether the program changed, and what the server tells the model.
pub(crate) fn head(trust: &TrustView) -> AnyView {
    let program = trust.program_changed.then(|| {
        let changed = tag("caution", "diff", "Program changed");
        view! { <p class="row">{changed}<span class="soft">"The file it runs is not the one you approved."</span></p> }
    });
    // Where they changed they stand above, word by word.
    let instructions = trust.instructions.as_ref().filter(|_| trust.instructions_change.is_none()).map(|text| {
        view! {
            <section class="stack">
                <h2 class="caption">"What it tells the model"</h2>
                <Datamark from="Written by the server, not verified" text=text.as_str() budget=Budget::DESCRIPTION />
            </section>
        }
    });
    view! { {program}{instructions} }.into_any()
}

/// How many there are, and in what order.
pub(crate) fn order(n: usize) -> String {
    let total = words::count(n, "tool", "tools");
    if n > 1 { format!("{total}, riskiest first") } else { total }
}

/// How many run and how many ask.
pub(crate) fn counts(running: u32, asking: u32) -> String {
    format!("{} without asking, {} each time under the rules in force.", runs(running), asks(asking))
}

fn runs(n: u32) -> String {
    if n == 1 { "1 runs".into() } else { format!("{n} run") }
}

fn asks(n: u32) -> String {
    if n == 1 { "1 asks".into() } else { format!("{n} ask") }
}

/// The tools in full; `pins` says beside each how it stands to what was approved.
pub(crate) fn list(tools: &[ToolView], pins: bool, ticks: Option<Ticks>) -> AnyView {
    if tools.is_empty() && !pins {
        return view! { <p class="soft">"It offers no tools."</p> }.into_any();
    }
    let (total, drawn) = (tools.len(), RwSignal::new(TOOLS));
    let tools = StoredValue::new(tools.to_vec());
    view! {
        <ul class="lines">
            {move || tools.with_value(|tools| {
                tools.iter().take(drawn.get()).map(|tool| in_full(tool, pins, ticks)).collect_view()
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

fn in_full(tool: &ToolView, pins: bool, ticks: Option<Ticks>) -> AnyView {
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
                    <span class="note">{standing(tool)}</span>
                </span>
                <span class="tags">{pin}{set_by_you(tool)}{effects(&tool.effects)}</span>
            </div>
            {ticks.map(|all| choosing::ticks(tool, all))}
            {findings.collect_view()}
            {description}
        </li>
    }
    .into_any()
}

fn standing(tool: &ToolView) -> &'static str {
    match (tool.left_out, tool.asks) {
        (true, _) => " left out: not listed, not callable",
        (false, true) => " asks",
        (false, false) => " runs without asking",
    }
}

fn set_by_you(tool: &ToolView) -> Option<AnyView> {
    (!tool.derived.is_empty()).then(|| tag("", "pencil", "Set by you"))
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
                    <span class="note">{standing(tool)}</span>
                </span>
                <span class="tags">{pin}{set_by_you(tool)}{effects(&tool.effects)}</span>
            </li>
        }
    };
    view! { <ul class="lines small">{tools.iter().map(line).collect_view()}</ul> }.into_any()
}
