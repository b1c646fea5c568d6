//! Grants that could take the place of questions that were always answered alike, each with what it would have spared and
//! what it was held against. Nothing is remembered before the person says so.

use super::clock::moment;
use super::fetched::listed;
use super::marks::icon;
use super::shell::trouble;
use super::text::excerpt;
use crate::backend::call;
use crate::fold::Budget;
use crate::words;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::time::Duration;
use wire::Fault;
use wire::command::{AcceptSuggestion, DeclineSuggestion, Suggestions};
use wire::view::{Lifetime, SuggestionView};

/// So long nothing is taken for an answer after the list changed: what a hand was about to press may have moved.
const STILL: Duration = Duration::from_millis(700);
/// How many past questions are told by their time.
const TOLD: usize = 6;

/// The list; nothing where nothing is suggested.
#[component]
pub(crate) fn Suggested() -> impl IntoView {
    let (found, fault) = listed(Suggestions {});
    let done = Callback::new(move |done: Result<(), Fault>| drop(fault.try_set(done.err())));
    let still = RwSignal::new(false);
    Effect::new(move |before: Option<Option<TimeoutHandle>>| {
        found.track();
        still.set(false);
        if let Some(before) = before.flatten() {
            before.clear();
        }
        let settle = move || {
            let _page_is_gone = still.try_set(true);
        };
        set_timeout_with_handle(settle, STILL).ok()
    });
    let any = Memo::new(move |_| !found.with(Vec::is_empty) || fault.with(Option::is_some));
    move || {
        any.get().then(|| {
            view! {
                <section class="grants" aria-label="Could be remembered">
                    <h2 class="caption">"Could be remembered"<span class="note">"you always answered alike"</span></h2>
                    {move || fault.get().map(|fault| trouble(&fault))}
                    <For each=move || found.get() key=|one| (one.id.clone(), one.count, one.rejected) let:one>{suggestion(one, still, done)}</For>
                </section>
            }
        })
    }
}

fn suggestion(one: SuggestionView, still: RwSignal<bool>, done: Callback<Result<(), Fault>>) -> AnyView {
    let name = |text: &str| excerpt(text, Budget { characters: 60, lines: 1 }, "slot");
    let fields = one.fields.iter().map(|(field, may)| {
        view! { <li><span class="mono">{wire::text::escaped(field)}</span>": "{words::phrase(may)}</li> }
    });
    let asked = one.covers.iter().take(TOLD).enumerate().map(|(at, past)| {
        let between = if at > 0 { ", " } else { "" };
        view! { {between}<a class="num" href=format!("#activity/{}", past.seq)>{moment(past.at)}</a> }
    });
    let rule = |(at, title): (usize, &String)| {
        let between = if at > 0 { "; " } else { "" };
        view! { {between}{excerpt(title, Budget { characters: 120, lines: 1 }, "")} }
    };
    let rules = one.rules.iter().enumerate().map(rule).collect_view();
    let count = one.count as usize;
    let more = count.saturating_sub(TOLD.min(one.covers.len()));
    let more = (more > 0).then(|| format!(" and {more} more"));
    let chosen = RwSignal::new(one.lifetimes.first().copied().unwrap_or(Lifetime::Quarter));
    let pick = move |event| {
        let word = event_target_value(&event);
        if let Some(lifetime) = Lifetime::ALL.into_iter().find(|lifetime| words::lifetime(*lifetime) == word) {
            chosen.set(lifetime);
        }
    };
    let lifetimes = one.lifetimes.iter().map(|lifetime| view! { <option>{words::lifetime(*lifetime)}</option> });
    let (accepted, declined) = (one.id.clone(), one.id.clone());
    let accept = move |_| {
        let (id, lifetime) = (accepted.clone(), chosen.get_untracked());
        spawn_local(async move { done.run(call(AcceptSuggestion { id, lifetime }).await) });
    };
    let decline = move |_| {
        let id = declined.clone();
        spawn_local(async move { done.run(call(DeclineSuggestion { id }).await) });
    };
    view! {
        <article class="panel suggested">
            <p class="t">
                "You approved "{words::count(count, "like call", "like calls")}". "{name(&one.client)}" could use "
                {name(&one.tool)}" of "{name(&one.server)}" without asking, with"
            </p>
            <ul class="soft">{fields.collect_view()}</ul>
            <p class="soft">{icon("clock")}" Would have spared you the questions of "{asked.collect_view()}{more}</p>
            <p class="soft">{icon("check")}" "{words::pages::held_against(one.rejected)}</p>
            <p class="note">{icon("scale")}" Answers: "{rules}". Where more than one value may stand, what somebody else wrote is still asked about."</p>
            <p class="row wrap">
                <label class="row">
                    <span class="note">"Remember for"</span>
                    <select on:change=pick>{lifetimes.collect_view()}</select>
                </label>
                <button class="btn small" type="button" prop:disabled=move || !still.get() on:click=accept>"Remember"</button>
                <button class="btn small bare" type="button" on:click=decline>"Don’t suggest this"</button>
            </p>
        </article>
    }
    .into_any()
}
