//! A draft of the rules, tried on the calls of the log. Nothing is changed by it.

use super::marks::{icon, tag};
use super::option::option;
use super::shell::trouble;
use super::text::excerpt;
use crate::backend::{self, call};
use crate::fold::Budget;
use crate::words;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::Replay;
use wire::control::Draft;
use wire::view::{Demand, ReplayChange, ReplayView};

/// A day, in milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// From when on calls are played: the word for it, and how many days.
const SPANS: [(&str, Option<i64>); 3] =
    [("The last day", Some(1)), ("The last 30 days", Some(30)), ("All there are", None)];

/// What is tried.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tried {
    Balanced,
    Cautious,
    Own,
}

/// What a rule of one's own looks like.
const EXAMPLE: &str = "@id(\"no-mail-outside\") @title(\"Mail to outside\") @why(\"The recipient is not one of us.\")\n\
    forbid (principal, action == Action::\"reach\", resource)\n\
    when { resource.kind == \"address\" && !(resource in Destination::\"host:example.org\") }\n\
    unless { context.call.consent.approved };";

/// The form, and what came of it.
#[component]
pub(crate) fn TryOut() -> impl IntoView {
    let (tried, days) = (RwSignal::new(Tried::Balanced), RwSignal::new(Some(30)));
    let (text, busy) = (RwSignal::new(String::new()), RwSignal::new(false));
    let found = RwSignal::new(None::<Result<ReplayView, Fault>>);
    let play = move |_| {
        let draft = match tried.get_untracked() {
            Tried::Balanced => Draft::Preset("balanced".into()),
            Tried::Cautious => Draft::Preset("cautious".into()),
            Tried::Own => Draft::Policy { file: "draft.cedar".into(), text: text.get_untracked() },
        };
        let since = days.get_untracked().map(|days: i64| backend::now_ms() - days * DAY);
        busy.set(true);
        spawn_local(async move {
            let played = call(Replay { draft, since }).await;
            // The page may be gone by now.
            if busy.try_set(false).is_none() {
                found.set(Some(played));
            }
        });
    };
    let drafts = [
        (Tried::Balanced, "Balanced", "Asks by where values come from and where they go"),
        (Tried::Cautious, "Cautious", "Asks about everything that is more than looking"),
        (Tried::Own, "A rule of your own", "Beside the rules in force; in Cedar"),
    ];
    view! {
        <h2 class="say">"Try it on past calls"</h2>
        <p class="soft">"The calls in Activity are judged again as a draft would judge them. Nothing is changed, and nothing is sent."</p>
        <fieldset class="plain"><legend class="caption">"What to try"</legend>{drafts.map(|one| option("draft", tried, one)).collect_view()}</fieldset>
        <Show when=move || tried.get() == Tried::Own>
            <textarea class="lines-field wide" name="draft-text" rows="7" spellcheck="false" aria-label="The rule, in Cedar"
                placeholder=EXAMPLE prop:value=move || text.get()
                on:input=move |event| text.set(event_target_value(&event))></textarea>
        </Show>
        <fieldset class="plain"><legend class="caption">"On which calls"</legend>{SPANS.map(|(name, this)| option("span", days, (this, name, ""))).collect_view()}</fieldset>
        <button class="btn lead" type="button" on:click=play
            disabled=move || busy.get() || tried.get() == Tried::Own && text.with(|text| text.trim().is_empty())>
            {icon("refresh")}"Play"
        </button>
        <div aria-live="polite">
            {move || match found.get() {
                None => ().into_any(),
                Some(Err(fault)) => trouble(&fault),
                Some(Ok(view)) => outcome(&view),
            }}
        </div>
    }
}

fn outcome(view: &ReplayView) -> AnyView {
    let many = |n: u64, one: &'static str, more: &'static str| {
        words::count(usize::try_from(n).unwrap_or(usize::MAX), one, more)
    };
    let counts: Vec<AnyView> = [
        (view.added, "", "chat", "would ask that ran unasked"),
        (view.gone, "caution", "alert", "would run unasked that asked"),
        (view.blocked, "danger", "stop", "would not run, whatever you say"),
        (view.unblocked, "caution", "alert", "could run that could not"),
        (view.stricter_or_milder, "", "sliders", "would ask for more, or for less, than they did"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, class, name, what)| {
        view! { <li class="row wrap">{tag(class, name, many(count, "call", "calls"))}<span>{what}</span></li> }
            .into_any()
    })
    .collect();
    let same = counts.is_empty().then(|| view! { <p>"Nothing would change."</p> });
    let skipped = |(why, count): &(String, u64)| {
        view! { <p class="note">{many(*count, "call", "calls")}" could not be judged again: "{why.clone()}"."</p> }
    };
    let more =
        (view.more > 0).then(|| view! { <p class="note">"And "{many(view.more, "other call", "other calls")}"."</p> });
    view! {
        <section class="stack">
            <h3>{many(view.calls, "past call", "past calls")}" judged again"</h3>
            {same}<ul class="stack counts">{counts}</ul>
            {view.skipped.iter().map(skipped).collect_view()}
            <ul class="stack turned">{view.changes.iter().map(change).collect_view()}</ul>
            {more}
        </section>
    }
    .into_any()
}

/// One call that would come out otherwise.
fn change(change: &ReplayChange) -> AnyView {
    let at = backend::local(change.at);
    let when = format!("{}, {}", at.date_words(), at.minute_words());
    let why = change.titles.first().map(|title| excerpt(title, Budget { characters: 160, lines: 1 }, ""));
    view! {
        <li>
            <p class="row wrap">
                <a href=format!("#activity/{}", change.seq)>{excerpt(&change.tool, Budget::NAME, "v")}</a>
                <span class="soft">"of "{excerpt(&change.server, Budget::NAME, "")}", by "{excerpt(&change.client, Budget::NAME, "")}</span>
                <span class="note num">{when}</span>
            </p>
            <p class="row wrap">
                <span class="note">{needed(change.before)}</span>{icon("chev")}<b>{needed(change.after)}</b>
                <span class="soft">{why}</span>
            </p>
        </li>
    }
    .into_any()
}

fn needed(demand: Demand) -> &'static str {
    match demand {
        Demand::Permits => "Ran unasked",
        Demand::Approve => "Asks",
        Demand::StepUp => "Asks, with a deliberate act",
        Demand::Never => "Blocked",
    }
}
