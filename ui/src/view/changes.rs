//! What changed since a server's tools were approved: per tool, riskiest first, text word by word.

use super::marks::{effects, icon, mark, tag};
use super::text::{Compared, Foreign, excerpt};
use crate::fold::Budget;
use crate::words;
use leptos::prelude::*;
use wire::view::{ChangeClass, ChangeView, CountsView, PinState, ToolChangeView, TrustView};

/// How many changed tools are drawn at first.
const TOOLS: usize = 20;

/// The difference; nothing where there is none.
#[component]
pub(crate) fn Changes(trust: TrustView) -> impl IntoView {
    let now = CountsView { runs: trust.runs, asks: trust.asks };
    let counts = trust.before.map(|before| counts(before, now));
    let instructions = trust.instructions_change.as_ref().map(|change| {
        view! {
            <section class="stack">
                <h2 class="caption">"What it tells the model"</h2>
                {alarm(&change.why)}
                <Compared words=change.words.clone() from="Written by the server, not verified" />
            </section>
        }
    });
    let (gone, changed): (Vec<_>, Vec<_>) = trust.changes.iter().cloned().partition(|c| c.pin == PinState::Gone);
    let (total, drawn) = (changed.len(), RwSignal::new(TOOLS));
    let changed = StoredValue::new(changed);
    let list = (total > 0).then(|| {
        view! {
            <section class="stack">
                <h2 class="caption">"What changed "<span class="note">{order(total)}</span></h2>
                <ul class="lines">
                    {move || changed.with_value(|all| all.iter().take(drawn.get()).map(tool).collect_view())}
                </ul>
                <Show when=move || drawn.get() < total>
                    <button class="more" type="button" on:click=move |_| drawn.update(|n| *n *= 4)>
                        {move || format!("+{}", words::count(total - drawn.get(), "tool", "tools"))}
                    </button>
                </Show>
                <p class="note row wrap">
                    <span><del>"struck"</del>": was there before"</span><span><ins>"underlined"</ins>": is new"</span>
                </p>
            </section>
        }
    });
    let gone = (!gone.is_empty()).then(|| {
        let name = |c: &ToolChangeView| view! { <li>{excerpt(&c.name, Budget::NAME, "v")}</li> };
        view! {
            <p class="note">{words::count(gone.len(), "tool is", "tools are")}" no longer offered:"</p>
            <ul class="row wrap">{gone.iter().map(name).collect_view()}</ul>
        }
    });
    view! { {counts}{instructions}{list}{gone} }
}

fn order(n: usize) -> String {
    let total = words::count(n, "tool", "tools");
    if n > 1 { format!("{total}, riskiest first") } else { total }
}

fn counts(before: CountsView, now: CountsView) -> AnyView {
    let line = |what: &'static str, before: u32, now: u32| {
        let class = if now > before && what == RUNS { "tag caution" } else { "tag" };
        let now = if before == now { format!("{now}, as before") } else { format!("{before} before, {now} now") };
        view! { <dt>{what}</dt><dd><span class=class>{now}</span></dd> }
    };
    view! {
        <dl class="facts">
            {line(RUNS, before.runs, now.runs)}
            {line("Tools that ask", before.asks, now.asks)}
        </dl>
    }
    .into_any()
}

const RUNS: &str = "Tools that run without asking";

fn tool(change: &ToolChangeView) -> AnyView {
    let (pin_class, pin_icon, pin_word) = words::pin(change.pin);
    let asks = match (change.asked, change.asks) {
        (Some(true), Some(false)) => Some(tag("caution", "alert", "Asked before, runs without asking now")),
        (Some(false), Some(true)) => Some(tag("", "info", "Ran without asking, asks now")),
        (None, Some(false)) => Some(tag("caution", "alert", "Runs without asking")),
        (None, Some(true)) => Some(tag("", "info", "Asks")),
        _ => None,
    };
    let can = (change.before != change.after).then(|| {
        let before = if change.before.is_empty() {
            ().into_any()
        } else {
            view! { {effects(&change.before)}" becomes " }.into_any()
        };
        view! { <p class="row wrap"><span class="note">"It can "</span>{before}{effects(&change.after)}</p> }
    });
    let (harmless, rest): (Vec<&ChangeView>, Vec<&ChangeView>) =
        change.changes.iter().filter(|c| c.place != "effects").partition(|c| c.class == ChangeClass::Harmless);
    let harmless = (!harmless.is_empty()).then(|| {
        let n = words::count(harmless.len(), "change of spelling or order", "changes of spelling or order");
        view! {
            <details class="fold"><summary>{icon("chev")}{n}</summary>
                <div class="folded"><ul class="stack">{harmless.into_iter().map(one).collect_view()}</ul></div>
            </details>
        }
    });
    view! {
        <li class="tool">
            <div class="head-line">
                <span class="name"><Foreign text=change.name.as_str() budget=Budget::NAME class="v" /></span>
                <span class="tags">{tag(pin_class, pin_icon, pin_word)}{class(change)}{asks}</span>
            </div>
            {can}
            <ul class="stack">{rest.into_iter().map(one).collect_view()}</ul>
            {harmless}
        </li>
    }
    .into_any()
}

fn class(change: &ToolChangeView) -> Option<AnyView> {
    match change.class {
        // That it is new says it.
        ChangeClass::Widened if change.pin == PinState::New => None,
        ChangeClass::Harmless => Some(mark("ok", "check", "Spelling only")),
        ChangeClass::Changed => None,
        ChangeClass::Widened => Some(tag("caution", "plus", "Can do more")),
        ChangeClass::Steering => Some(tag("danger", "stop", "Speaks to the model")),
    }
}

fn alarm(why: &[String]) -> Option<AnyView> {
    let line = |why: &String| view! { <div class="finding danger">{icon("stop")}<b>{why.clone()}</b></div> };
    (!why.is_empty()).then(|| why.iter().map(line).collect_view().into_any())
}

fn one(change: &ChangeView) -> AnyView {
    let place = match change.place.as_str() {
        "description" => "Its description ",
        "title" => "Its title ",
        "argument" => "The argument ",
        "annotation" => "The hint ",
        _ => "The member ",
    };
    let name = (!change.name.is_empty()).then(|| excerpt(&change.name, Budget::NAME, "v"));
    let value = |said: &'static str, text: &Option<String>| {
        text.as_ref().map(|text| {
            let text = excerpt(text, Budget { characters: 200, lines: 3 }, "v");
            view! { <span class="note">{said}</span>{text}" " }
        })
    };
    let words = (!change.words.is_empty())
        .then(|| view! { <Compared words=change.words.clone() from="Written by the server, not verified" /> });
    view! {
        <li>
            <p>{place}{name}" "{change.said.clone()}". "{value("before: ", &change.before)}{value("now: ", &change.after)}</p>
            {alarm(&change.why)}
            {words}
        </li>
    }
    .into_any()
}
