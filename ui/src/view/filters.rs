//! What narrows the activity page: words, who, where, what, how it came out, when.

use super::marks::icon;
use crate::backend::{self, call};
use crate::words;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::time::Duration;
use wire::command::Choices;
use wire::view::{ActivityChoices, ActivityFilter, Effect as Can, Verdict};

/// How long typing may pause before it is searched for.
const PAUSE: Duration = Duration::from_millis(250);

const EFFECTS: [Can; 7] = [Can::Read, Can::Write, Can::Delete, Can::Send, Can::Execute, Can::Pay, Can::Privilege];

/// The page without any filter: one line per call.
pub(crate) fn everything() -> ActivityFilter {
    ActivityFilter { calls: true, ..ActivityFilter::default() }
}

/// The line of filters.
#[component]
pub(crate) fn Filters(filter: RwSignal<ActivityFilter>) -> impl IntoView {
    let choices = RwSignal::new(ActivityChoices::default());
    let refill = move || {
        spawn_local(async move {
            if let Ok(fresh) = call(Choices {}).await {
                choices.set(fresh);
            }
        });
    };
    refill();
    let typed = RwSignal::new(filter.get_untracked().text);
    let mut search = debounce(PAUSE, move |text: String| filter.update(|filter| filter.text = text));
    let clear = move |_| {
        typed.set(String::new());
        filter.set(everything());
    };
    // A log that was empty may have begun meanwhile.
    let refill_empty = move |_| {
        if choices.with_untracked(|choices| choices.servers.is_empty()) {
            refill();
        }
    };
    let choose_effect = move |name: Option<String>| {
        let named = |effect: &Can| name.as_deref() == Some(words::effect(*effect));
        filter.update(|f| f.effects = EFFECTS.into_iter().filter(named).collect());
    };
    let choose_verdict = move |name: Option<String>| {
        let named = |verdict: &Verdict| name.as_deref() == Some(words::pages::verdict(*verdict));
        filter.update(|f| f.verdicts = Verdict::ALL.into_iter().filter(named).collect());
    };
    view! {
        <search class="filters" aria-label="Filters" on:focusin=refill_empty>
            <label class="field search">
                {icon("search")}<span class="vh">"Search"</span>
                <input
                    id="search" type="text" autocomplete="off" spellcheck="false"
                    placeholder="Name, argument, reason" prop:value=typed
                    on:input=move |event| {
                        typed.set(event_target_value(&event));
                        search(event_target_value(&event));
                    }
                />
            </label>
            <Names label="Client" all="Any client" of=move || choices.get().clients
                chosen=move || filter.with(|f| f.clients.first().cloned())
                choose=move |name| filter.update(|f| f.clients = name.into_iter().collect()) />
            <Names label="Server" all="Any server" of=move || choices.get().servers
                chosen=move || filter.with(|f| f.servers.first().cloned())
                choose=move |name| filter.update(|f| f.servers = name.into_iter().collect()) />
            <Names label="The tool can" all="Any effect"
                of=move || EFFECTS.map(|effect| words::effect(effect).to_owned()).to_vec()
                chosen=move || filter.with(|f| f.effects.first().map(|effect| words::effect(*effect).to_owned()))
                choose=choose_effect />
            <Names label="How it came out" all="Any result"
                of=move || Verdict::ALL.map(|verdict| words::pages::verdict(verdict).to_owned()).to_vec()
                chosen=move || filter.with(|f| f.verdicts.first().map(|v| words::pages::verdict(*v).to_owned()))
                choose=choose_verdict />
            <When filter />
            <Show when=move || filter.with(|filter| *filter != everything())>
                <button class="btn small bare" type="button" on:click=clear>{icon("x")}"Clear"</button>
            </Show>
        </search>
    }
}

/// One choice among names, or none of them. Names of others are shown escaped and cut, as an option shows plain text.
#[component]
fn Names(
    label: &'static str,
    all: &'static str,
    of: impl Fn() -> Vec<String> + Send + Sync + 'static,
    chosen: impl Fn() -> Option<String> + Copy + Send + Sync + 'static,
    choose: impl Fn(Option<String>) + Copy + 'static,
) -> impl IntoView {
    let option = move |name: String| {
        let shown = short(&name);
        let (value, is) = (name.clone(), name);
        view! { <option value=value selected=move || chosen().as_deref() == Some(is.as_str())>{shown}</option> }
    };
    view! {
        <select
            class="select" class:set=move || chosen().is_some() aria-label=label
            prop:value=move || chosen().unwrap_or_default()
            on:change=move |event| choose(Some(event_target_value(&event)).filter(|name| !name.is_empty()))
        >
            <option value="" selected=move || chosen().is_none()>{all}</option>
            {move || of().into_iter().map(option).collect_view()}
        </select>
    }
}

fn short(name: &str) -> String {
    let shown = wire::text::escaped(name);
    if shown.chars().count() <= 40 {
        return shown;
    }
    let kept: String = shown.chars().take(36).collect();
    format!("{kept} (+{})", shown.chars().count() - 36)
}

/// The time: some days, or from one day to another.
#[component]
fn When(filter: RwSignal<ActivityFilter>) -> impl IntoView {
    let between = RwSignal::new(false);
    let (from, to) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let chosen = RwSignal::new(String::new());
    // Every filter was taken away elsewhere.
    Effect::new(move |was_bare: Option<bool>| {
        let bare = filter.with(|filter| *filter == everything());
        if bare && was_bare == Some(false) {
            chosen.set(String::new());
            between.set(false);
        }
        bare
    });
    let choose = move |value: String| {
        between.set(value == "between");
        let since = match value.as_str() {
            "today" => Some(backend::midnight(0)),
            "week" => Some(backend::midnight(6)),
            "month" => Some(backend::midnight(29)),
            _ => None,
        };
        // The days are still to be named.
        if value != "between" {
            filter.update(|f| (f.since, f.until) = (since, None));
        }
        chosen.set(value);
    };
    let dated = move || {
        let since = backend::day(&from.get_untracked(), 0);
        // The last day belongs to it.
        let until = backend::day(&to.get_untracked(), 1);
        filter.update(|f| (f.since, f.until) = (since, until));
    };
    view! {
        <select
            class="select" class:set=move || !chosen.get().is_empty() aria-label="When" prop:value=chosen
            on:change=move |event| choose(event_target_value(&event))
        >
            <option value="">"Any time"</option>
            <option value="today">"Today"</option>
            <option value="week">"Last 7 days"</option>
            <option value="month">"Last 30 days"</option>
            <option value="between">"From day to day…"</option>
        </select>
        <Show when=move || between.get()>
            <input type="date" aria-label="From this day" prop:value=from
                on:change=move |event| { from.set(event_target_value(&event)); dated(); } />
            <input type="date" aria-label="To this day" prop:value=to
                on:change=move |event| { to.set(event_target_value(&event)); dated(); } />
        </Show>
    }
}
