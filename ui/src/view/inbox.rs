//! The inbox: what waits, what was answered lately, and the whole of the one that is picked.

use super::answering::Standing;
use super::attention::Attention;
use super::body::sentence_in_list;
use super::card::{Card, Place};
use super::clock::{Clock, moment};
use super::flood::Flood;
use super::marks::{back, icon, mark, tag};
use super::shell::{Heard, how_to_connect, trouble};
use super::text::excerpt;
use super::unguarded::Unguarded;
use crate::backend::call;
use crate::clock::left;
use crate::fold::Budget;
use crate::words;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::Inbox;
use wire::view::{Answer, ApprovalView, InboxView, Level};

/// The page.
#[component]
pub(crate) fn InboxPage() -> impl IntoView {
    let inbox = RwSignal::new(None::<Result<InboxView, Fault>>);
    let picked = RwSignal::new(None::<String>);
    let heard = Heard::here();
    Effect::new(move |_| {
        heard.inbox.track();
        spawn_local(async move {
            let fresh = call(Inbox {}).await;
            if let (None, Ok(view)) = (picked.get_untracked(), &fresh) {
                picked.set(view.waiting.first().or(view.ended.first()).map(|first| first.id.clone()));
            }
            inbox.set(Some(fresh));
        });
    });
    let state = Memo::new(move |_| inbox.with(|inbox| State::of(inbox.as_ref())));
    let counts = move || match inbox.get() {
        Some(Ok(view)) => format!("{} waiting", view.waiting.len()),
        _ => String::new(),
    };
    view! {
        <header class="head"><h1>"Inbox"</h1><span class="note">{counts}</span></header>
        <Unguarded />
        <Attention />
        {move || match state.get() {
            State::Loading => ().into_any(),
            State::Failed => inbox.get_untracked().and_then(Result::err).map(|fault| {
                view! { <div class="detail">{trouble(&fault)}</div> }
            }).into_any(),
            State::Empty => empty(),
            State::Listed => view! { <Listed inbox picked /> }.into_any(),
        }}
    }
}

/// Which of its looks the page has: only a change of these draws it from the ground up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Loading,
    Failed,
    Empty,
    Listed,
}

impl State {
    fn of(inbox: Option<&Result<InboxView, Fault>>) -> Self {
        match inbox {
            None => Self::Loading,
            Some(Err(_)) => Self::Failed,
            Some(Ok(view)) if view.waiting.is_empty() && view.ended.is_empty() => Self::Empty,
            Some(Ok(_)) => Self::Listed,
        }
    }
}

type Fetched = RwSignal<Option<Result<InboxView, Fault>>>;

fn empty() -> AnyView {
    view! {
        <div class="detail blank">
            <h2 class="say">"Nothing waits for you."</h2>
            <p class="soft">
                "When an agent wants to do something that your rules leave to you, it is asked here "
                "and in a window of its own."
            </p>
            {how_to_connect()}
        </div>
    }
    .into_any()
}

/// The list, and the card of the question that is picked.
#[component]
fn Listed(inbox: Fetched, picked: RwSignal<Option<String>>) -> impl IntoView {
    let view = Memo::new(move |_| inbox.with(|inbox| inbox.clone().and_then(Result::ok).unwrap_or_default()));
    let shown = move || {
        let id = picked.get();
        view.with(|view| all(view).find(|question| Some(&question.id) == id.as_ref()).cloned())
    };
    let on_later = Callback::new(move |()| picked.set(None));
    view! {
        <div class="split list-m" class:open=move || picked.get().is_some()>
            <section class="list" aria-label="Questions">
                {move || view.with(|view| view.floods.iter().map(|flood| {
                    view! { <Flood flood=flood.clone() on_fault=Callback::new(|_| ()) /> }
                }).collect_view())}
                <h2 class="caption">"Waiting"<span class="note">"soonest first"</span></h2>
                {move || view.with(|view| items(&view.waiting, picked, "Nothing waits for you."))}
                {move || view.with(|view| away(view, picked))}
                <h2 class="caption">"Answered lately"</h2>
                {move || view.with(|view| {
                    let answered: Vec<_> = view.ended.iter().filter(|q| !unanswered(q)).cloned().collect();
                    items(&answered, picked, "Nothing yet.")
                })}
            </section>
            <div class="pane">
                {back("All questions", move || picked.set(None))}
                <For each=move || shown().into_iter() key=|view| (view.id.clone(), view.digest.clone()) let:question>
                    {{
                        let id = question.id.clone();
                        let standing = Memo::new(move |_| view.with(|view| standing(view, &id)));
                        view! { <Card view=question standing=standing place=Place::Inbox on_later on_close=on_later /> }
                    }}
                </For>
                {move || picked.get().is_none().then(|| view! {
                    <div class="empty">{icon("inbox")}<p class="soft">"Pick a question to see all of it."</p></div>
                })}
            </div>
        </div>
    }
}

/// What ended without anybody at the screen.
fn away(view: &InboxView, picked: RwSignal<Option<String>>) -> Option<AnyView> {
    let missed: Vec<_> = view.ended.iter().filter(|q| unanswered(q)).cloned().collect();
    (!missed.is_empty()).then(|| {
        view! {
            <h2 class="caption">"While you were away"</h2>
            {items(&missed, picked, "")}
        }
        .into_any()
    })
}

fn unanswered(question: &ApprovalView) -> bool {
    question.ended.as_ref().is_some_and(|ended| matches!(ended.answer, Answer::Expired | Answer::Unused))
}

fn all(view: &InboxView) -> impl Iterator<Item = &ApprovalView> {
    view.waiting.iter().chain(&view.ended)
}

/// Where the question stands; one that is in neither list any more keeps its last word.
fn standing(view: &InboxView, id: &str) -> Standing {
    let found = all(view).find(|question| question.id == id);
    found.map(|question| Standing::of(question, 0, 0)).unwrap_or_default()
}

fn items(questions: &[ApprovalView], picked: RwSignal<Option<String>>, none: &'static str) -> AnyView {
    if questions.is_empty() {
        return view! { <p class="note none">{none}</p> }.into_any();
    }
    questions.iter().map(|question| item(question, picked)).collect_view().into_any()
}

fn item(question: &ApprovalView, picked: RwSignal<Option<String>>) -> AnyView {
    let (id, current) = (question.id.clone(), question.id.clone());
    let current = move || (picked.get().as_deref() == Some(current.as_str())).then_some("true");
    let who = if question.client.name.is_empty() { question.server.as_str() } else { question.client.name.as_str() };
    let who = excerpt(who, Budget { characters: 40, lines: 1 }, "");
    let high =
        (question.level == Level::StepUp && question.ended.is_none()).then(|| mark("danger", "stop", "High risk"));
    let found = (!question.findings.is_empty() && question.ended.is_none())
        .then(|| mark("caution", "alert", words::count(question.findings.len(), "finding", "findings")));
    let again = (question.client_waits.retries > 0)
        .then(|| mark("", "refresh", format!("asked {} times", question.client_waits.retries.saturating_add(1))));
    let (class, name, end) = match &question.ended {
        None if question.client_waits.parked_until.is_some() => {
            ("item", "check", mark("ok", "check", "Approved; the client has to ask again"))
        }
        None => ("item", words::kind_icon(question), waits(question.expires_at)),
        Some(ended) => {
            let (class, name, word) = match ended.answer {
                Answer::Approved => ("ok", "check", "Approved"),
                Answer::Rejected => ("danger", "x", "Rejected"),
                Answer::Expired => ("", "clock", "Expired"),
                Answer::Unused => ("", "clock", "Approved, not used"),
                Answer::Withdrawn => ("", "x", "Withdrawn"),
            };
            let said = format!("{word} {}", moment(ended.at));
            ("item done", name, view! { <span class=format!("mark {class}")>{said}</span> }.into_any())
        }
    };
    view! {
        <button class=class type="button" aria-current=current on:click=move |_| picked.set(Some(id.clone()))>
            {icon(name)}
            <span class="t">{sentence_in_list(&question.sentence)}</span>
            <span class="m"><span>{who}</span>{high}{found}{again}{end}</span>
        </button>
    }
    .into_any()
}

fn waits(expires_at: Option<i64>) -> AnyView {
    let clock = Clock::here();
    let Some(at) = expires_at else { return mark("", "pause", "Waits for you") };
    (move || {
        let left = left(at.saturating_sub(clock.now()));
        if left.short { tag("caution", "clock", left.words) } else { mark("", "clock", left.words) }
    })
    .into_any()
}
