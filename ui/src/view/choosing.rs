//! Which of a server's tools are trusted, and what they can do where the person knows better. A choice is another
//! question: the broker shows a new card for it, with a digest of its own, and its delay begins again.

use super::marks::{icon, tag};
use super::tools;
use crate::backend::call;
use crate::words;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::collections::{BTreeMap, BTreeSet};
use wire::command::ChooseTools;
use wire::view::{ApprovalKind, Effect, PinState, ToolView, TrustView};

/// What the person has ticked so far.
#[derive(Clone, Copy)]
pub(crate) struct Ticks {
    left_out: RwSignal<BTreeSet<String>>,
    effects: RwSignal<BTreeMap<String, Vec<Effect>>>,
}

/// The tools of a trust question, and the choice among them.
#[component]
pub(crate) fn Choosing(id: String, trust: TrustView, kind: ApprovalKind) -> impl IntoView {
    let before: BTreeSet<String> = trust.tools.iter().filter(|t| t.left_out).map(|t| t.name.clone()).collect();
    let ticks = Ticks { left_out: RwSignal::new(before.clone()), effects: RwSignal::default() };
    let fault = RwSignal::new(None::<String>);
    let choosing = RwSignal::new(false);
    let changed = move || ticks.left_out.get() != before || !ticks.effects.get().is_empty();
    let changed = Memo::new(move |_| changed());
    let send = move |_| {
        let id = id.clone();
        let except = ticks.left_out.get_untracked().into_iter().collect();
        let effects = ticks.effects.get_untracked().into_iter().collect();
        spawn_local(async move {
            if let Err(why) = call(ChooseTools { id, except, effects }).await {
                fault.set(Some(why.message));
            }
        });
    };
    let send = StoredValue::new(send);
    let ask = move || {
        changed.get().then(|| {
            view! {
                <p class="row wrap">
                    <button class="btn small" type="button" on:click=move |event| send.with_value(|send| send(event))>
                        "Ask me about this choice"
                    </button>
                    <span class="note">"Nothing is trusted yet: a new card comes for what you chose."</span>
                </p>
            }
        })
    };
    let (same, shown): (Vec<ToolView>, Vec<ToolView>) =
        trust.tools.iter().cloned().partition(|t| kind == ApprovalKind::Drift && t.pin == PinState::Pinned);
    let drift = kind == ApprovalKind::Drift;
    let picking = move || Some(ticks).filter(|_| choosing.get());
    let folded = (!same.is_empty()).then(|| {
        let n = words::count(same.len(), "tool", "tools");
        let same = StoredValue::new(same);
        view! {
            <details class="fold"><summary>{icon("chev")}{n}" did not change"</summary>
                <div class="folded">{move || same.with_value(|same| tools::list(same, false, picking()))}</div>
            </details>
        }
    });
    let head = tools::head(&trust);
    let heading = if drift { "The tools " } else { "What it can do " };
    let order = tools::order(trust.tools.len());
    let shown = StoredValue::new(shown);
    // What changed stands above, word by word: it is listed again only to choose from it.
    let list =
        move || (!drift || choosing.get()).then(|| shown.with_value(|shown| tools::list(shown, drift, picking())));
    view! {
        {head}
        <section class="stack">
            <h2 class="caption">{heading}<span class="note">{order}</span>
                <button class="more push" type="button" on:click=move |_| choosing.update(|c| *c = !*c)>
                    {move || if choosing.get() { "Done choosing" } else { "Choose tools…" }}
                </button>
            </h2>
            {list}
            {folded}
            {ask}
            {move || fault.get().map(|why| view! { <p class="fault" role="alert">{icon("alert")}<span>{why}</span></p> })}
            <p class="note">{tools::counts(trust.runs, trust.asks)}</p>
        </section>
    }
}

/// The ticks of one tool: whether it is used, and what it can do.
pub(crate) fn ticks(tool: &ToolView, ticks: Ticks) -> AnyView {
    let (name, again) = (tool.name.clone(), tool.name.clone());
    let used = move || !ticks.left_out.with(|out| out.contains(&name));
    let toggle = move |_| {
        ticks.left_out.update(|out| {
            if !out.remove(&again) {
                out.insert(again.clone());
            }
        });
    };
    let effect = |effect: Effect| {
        let (name, again) = (tool.name.clone(), tool.name.clone());
        let (set, start) = (tool.effects.clone(), tool.effects.clone());
        let on = move || ticks.effects.with(|all| all.get(&name).unwrap_or(&set).contains(&effect));
        let flip = move |_| {
            ticks.effects.update(|all| {
                let now = all.entry(again.clone()).or_insert_with(|| start.clone());
                match now.iter().position(|e| *e == effect) {
                    // Every tool can do something.
                    Some(at) if now.len() > 1 => {
                        now.remove(at);
                    }
                    Some(_) => {}
                    None => now.push(effect),
                }
                if now.len() == start.len() && start.iter().all(|e| now.contains(e)) {
                    all.remove(&again);
                }
            });
        };
        view! { <label><input type="checkbox" prop:checked=on on:change=flip />{words::effect(effect)}</label> }
    };
    let fewer = {
        let (name, derived) =
            (tool.name.clone(), if tool.derived.is_empty() { tool.effects.clone() } else { tool.derived.clone() });
        move || {
            let now = ticks.effects.with(|all| all.get(&name).cloned());
            now.is_some_and(|now| derived.iter().any(|e| !now.contains(e)))
                .then(|| tag("caution", "alert", "Less than its definition says: calls may run that would ask"))
        }
    };
    view! {
        <div class="choose">
            <label class="use"><input type="checkbox" prop:checked=used on:change=toggle />"Agents may use this tool"</label>
            <details class="fold">
                <summary>{icon("chev")}"Set what it can do"</summary>
                <fieldset class="effects"><legend class="vh">"It can"</legend>{Effect::ALL.map(effect).collect_view()}</fieldset>
            </details>
            {fewer}
        </div>
    }
    .into_any()
}
