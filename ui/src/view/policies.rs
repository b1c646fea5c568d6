//! Policies: the rules in force in plain words, the presets, and what is wrong with the files on disk.

use super::marks::{back, effects, icon, mark, tag};
use super::presets::Presets;
use super::replay::TryOut;
use super::shell::{Heard, trouble};
use super::text::{Foreign, excerpt};
use crate::backend::{self, call};
use crate::fold::Budget;
use crate::words;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::Policies;
use wire::view::{Demand, PoliciesView, RuleView};

/// The groups, in the order in which a person can do something about them.
const LAYERS: [&str; 4] = ["managed", "user", "preset", "floor"];

pub(crate) type Fetched = RwSignal<Option<Result<PoliciesView, Fault>>>;

/// What stands beside the list.
#[derive(Clone, PartialEq, Eq)]
enum Beside {
    Presets,
    TryOut,
    Rule(String),
}

type Pane = super::pane::Pane<Beside>;

/// The page.
#[component]
pub(crate) fn PoliciesPage() -> impl IntoView {
    let fetched: Fetched = RwSignal::new(None);
    let heard = Heard::here();
    Effect::new(move |_| {
        heard.policies.track();
        heard.servers.track();
        spawn_local(async move { fetched.set(Some(call(Policies {}).await)) });
    });
    let pane = Pane::addressed(named, Beside::Presets);
    let counts = move || match fetched.get() {
        Some(Ok(view)) => words::count(
            view.rules.iter().filter(|rule| rule.demand != Demand::Permits).count(),
            "rule in force",
            "rules in force",
        ),
        _ => String::new(),
    };
    view! {
        <header class="head"><h1>"Policies"</h1><span class="note">{counts}</span></header>
        {move || fetched.get().and_then(Result::err).map(|fault| view! { <div class="detail">{trouble(&fault)}</div> })}
        <div class="split list-m" class:open=move || pane.open.get()>
            <section class="list" aria-label="Rules">
                {move || fetched.get().and_then(Result::ok).map(|view| list(&view, pane))}
            </section>
            <section class="detail" aria-label="Rule">
                {back("All rules", move || pane.open.set(false))}
                {move || match pane.shown.get() {
                    Beside::Presets => view! { <Presets fetched /> }.into_any(),
                    Beside::TryOut => view! { <TryOut /> }.into_any(),
                    Beside::Rule(id) => found(fetched, &id),
                }}
            </section>
        </div>
    }
}

/// The rule that the address names: `#policies/send-needs-person`.
fn named() -> Option<Beside> {
    backend::hash().strip_prefix("policies/").map(str::to_owned).filter(|id| !id.is_empty()).map(Beside::Rule)
}

fn list(view: &PoliciesView, pane: Pane) -> AnyView {
    let in_force = view.presets.iter().find(|preset| preset.in_force);
    let preset = in_force.map(|preset| words::pages::preset(&preset.name).0).unwrap_or_default();
    let current = move || (pane.shown.get() == Beside::Presets).then_some("true");
    let asks = in_force.map(|p| match view.tools {
        0 => "No tools are pinned yet".to_owned(),
        tools => format!("{} of {} ask", p.asks, words::count(tools as usize, "tool", "tools")),
    });
    view! {
        {faults(view)}
        <h2 class="caption">"How much is asked"</h2>
        <button class="item" type="button" aria-current=current on:click=move |_| pane.open(Beside::Presets)>
            {icon("sliders")}
            <span class="t">"Preset: "{preset}</span>
            <span class="m"><span>{asks}</span></span>
        </button>
        <button class="item" type="button" aria-current=move || (pane.shown.get() == Beside::TryOut).then_some("true")
            on:click=move |_| pane.open(Beside::TryOut)>
            {icon("refresh")}
            <span class="t">"Try it on past calls"</span>
            <span class="m"><span>"What a draft would change"</span></span>
        </button>
        {LAYERS.map(|layer| group(view, layer, pane)).collect_view()}
    }
    .into_any()
}

/// What is wrong on disk, with file, line and rule. The words may quote what stands in the file.
fn faults(view: &PoliciesView) -> Option<AnyView> {
    if view.faults.is_empty() {
        return None;
    }
    let fault = |fault: &String| view! { <p><Foreign text=fault.as_str() budget=Budget::VALUE class="" /></p> };
    Some(
        view! {
            <div class="fault" role="alert">
                {icon("alert")}
                <div class="stack"><b>"Your rules on disk have a mistake"</b>{view.faults.iter().map(fault).collect_view()}</div>
            </div>
        }
        .into_any(),
    )
}

fn group(view: &PoliciesView, layer: &'static str, pane: Pane) -> Option<AnyView> {
    let (heading, note) = words::pages::layer(layer);
    let rules: Vec<&RuleView> =
        view.rules.iter().filter(|rule| rule.layer == layer && rule.demand != Demand::Permits).collect();
    if rules.is_empty() && layer != "user" {
        return None;
    }
    let none = rules.is_empty().then(|| {
        view! {
            <p class="note none">
                "None yet. Write rules in Cedar into "<code>{excerpt(&view.folder, Budget::NAME, "")}</code>
                "; they are read at once. “consentry policy check” finds mistakes before."
            </p>
        }
    });
    Some(
        view! {
            <h2 class="caption">{heading}<span class="note">{note}</span></h2>
            {rules.into_iter().map(|rule| item(rule, pane)).collect_view()}{none}
        }
        .into_any(),
    )
}

fn item(rule: &RuleView, pane: Pane) -> AnyView {
    let (id, this) = (rule.id.clone(), Beside::Rule(rule.id.clone()));
    let current = move || (pane.shown.get() == this).then_some("true");
    let (class, name, word) = words::pages::demand(rule.demand);
    let asleep = rule.dormant.then(|| mark("", "pause", "Sleeps"));
    view! {
        <button class="item" type="button" aria-current=current on:click=move |_| pane.open(Beside::Rule(id.clone()))>
            {icon("scale")}
            <span class="t">{excerpt(&rule.title, Budget { characters: 90, lines: 2 }, "")}</span>
            <span class="m">{mark(class, name, word)}{asleep}</span>
        </button>
    }
    .into_any()
}

fn found(fetched: Fetched, id: &str) -> AnyView {
    let Some(Ok(view)) = fetched.get() else { return ().into_any() };
    match view.rules.iter().find(|rule| rule.id == id) {
        Some(rule) => whole(rule),
        None => view! {
            <h2 class="say">"This rule is no longer in force."</h2>
            <p class="soft">"What it did stands in Activity. Another preset, or a change of your files, took it away."</p>
        }
        .into_any(),
    }
}

fn whole(rule: &RuleView) -> AnyView {
    let (class, name, word) = words::pages::demand(rule.demand);
    let (layer, note) = words::pages::layer(&rule.layer);
    let (when, then) = words::pages::rule(rule);
    let what = (!rule.effects.is_empty()).then(|| view! { <dt>"Effects"</dt><dd>{effects(&rule.effects)}</dd> });
    let tools = (rule.server.is_some()).then(|| {
        let tool = |tool: &String| view! { <li><Foreign text=tool.as_str() budget=Budget::NAME class="v" /></li> };
        view! { <dt>"Tools"</dt><dd><ul class="stack">{rule.actions.iter().map(tool).collect_view()}</ul></dd> }
    });
    let server = rule.server.as_ref().map(|server| {
        let sleeps = rule.dormant.then(|| view! { <span class="note">" is not there now, so the rule sleeps"</span> });
        view! { <dt>"Server"</dt><dd><Foreign text=server.as_str() budget=Budget::NAME class="v" />{sleeps}</dd> }
    });
    view! {
        <div>
            <p class="row wrap">{tag(class, name, word)}<span class="note">{layer}": "{note}</span></p>
            <h2 class="say"><Foreign text=rule.title.as_str() budget=Budget::DESCRIPTION class="" /></h2>
        </div>
        <p class="soft"><Foreign text=rule.why.as_str() budget=Budget::VALUE class="" /></p>
        <section class="stack">
            <h3 class="caption">"In words"</h3>
            <dl class="in-words"><dt>"When"</dt><dd>{when}</dd><dt>"Then"</dt><dd>{then}</dd>{what}{server}{tools}</dl>
        </section>
        <details class="fold">
            <summary>{icon("chev")}"The same in Cedar"</summary>
            <div class="code cedar"><Foreign text=rule.text.as_str() class="v prose" /></div>
            <p class="note">
                <code>{excerpt(&rule.id, Budget::NAME, "")}</code>", "
                {excerpt(&rule.file, Budget::NAME, "")}{format!(", line {}", rule.line)}
            </p>
        </details>
    }
    .into_any()
}
