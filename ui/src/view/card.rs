//! A card: one question, the whole of it, and the answer. The same in the prompt and in the inbox.

use super::answering::{Answering, Standing, time_left};
use super::body;
use super::changes::Changes;
use super::choosing::Choosing;
use super::clock::{Clock, moment};
use super::decision::{Decision, Foot, linger};
use super::edit::Editing;
use super::facts;
use super::keyboard::{Keyboard, Wish};
use super::leaves::leaves;
use super::marks::{icon, mark, tag};
use super::now::Now;
use super::origins::Origins;
use super::proof::ProofFields;
use super::shell::Heard;
use super::text::excerpt;
use super::values;
use crate::backend::{self, Sizes};
use crate::clock::{announcement, left, took};
use crate::fold::Budget;
use crate::words;
use leptos::ev::KeyboardEvent;
use leptos::html::{Button, Div};
use leptos::prelude::*;
use wire::view::{ApprovalKind, ApprovalView, Level};

/// Where a card stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Alone in the prompt: its keys work wherever the focus is.
    Prompt,
    /// In the inbox: its keys work while the focus is in it.
    Inbox,
}

/// One question. A card never changes in place: for another question, another card is made.
#[component]
pub(crate) fn Card(
    view: ApprovalView,
    #[prop(into)] standing: Signal<Standing>,
    place: Place,
    /// The person wants to see it later.
    on_later: Callback<()>,
    /// The outcome has been read.
    on_close: Callback<()>,
) -> impl IntoView {
    let high = view.level == Level::StepUp;
    let answering = Answering::begin(&view, standing, Heard::here());
    Editing::offer(&view, answering);
    let (reject, pane, whole) = (NodeRef::<Button>::new(), NodeRef::<Div>::new(), NodeRef::<Div>::new());
    let below = reading(pane, whole, answering);
    let resting = RwSignal::new(false);
    let keyboard = Keyboard::begin();
    if place == Place::Prompt {
        keep_focus(reject);
        linger(answering, resting, on_close);
        let keys =
            window_event_listener(leptos::ev::keydown, move |event| answer(keyboard, &event, answering, on_later));
        on_cleanup(move || keys.remove());
    }
    let on_key = move |event: KeyboardEvent| {
        if place == Place::Inbox {
            answer(keyboard, &event, answering, on_later);
        }
    };
    let class = move || {
        let past = if answering.is_over() { " past" } else { "" };
        format!("card{}{past}", if high { " high" } else { "" })
    };
    let role = if place == Place::Prompt { "alertdialog" } else { "region" };
    let foot = Foot::of(&view, high);
    view! {
        <section
            class=class role=role aria-labelledby="say" aria-describedby="why" data-approval=view.id.clone()
            on:keydown=on_key on:pointerenter=move |_| resting.set(true) on:pointerleave=move |_| resting.set(false)
        >
            <Bar kind=words::bar(&view) high asked_at=view.asked_at answering place />
            <div
                // Keys scroll it: a card that must be read to its end can be, without a pointer.
                class="card-body" tabindex="0" role="group" aria-label="The whole question" node_ref=pane
                on:scroll=move |_| below.1.run(())
            >
                <div class="card-read" node_ref=whole>
                    {body(&view, high)}
                    {now(&view, answering)}
                    {act(&view, answering)}
                    {proof(high && view.ended.is_none() && view.closed.is_none(), answering)}
                    {facts::whole(&view)}
                </div>
            </div>
            <Decision foot answering reject below=below.0 on_later on_close />
        </section>
    }
}

fn body(view: &ApprovalView, high: bool) -> AnyView {
    let subject = match view.kind {
        ApprovalKind::Call => view! { {leaves(&view.leaves)}{values::values(&view.values, Origins { traced: view.traced, all: &view.provenance })}{values::tally(view)} }.into_any(),
        ApprovalKind::Run => view.run.as_ref().map(facts::run).into_any(),
        ApprovalKind::Trust | ApprovalKind::Drift => {
            match &view.trust {
                Some(trust) => view! { <Changes trust=trust.clone() /><Choosing id=view.id.clone() trust=trust.clone() kind=view.kind /> }.into_any(),
                None => ().into_any(),
            }
        }
        ApprovalKind::Client => facts::client(&view.client),
        ApprovalKind::Policy => facts::difference(&view.difference),
    };
    view! { {body::say(view, "say", high)}{body::why(view)}{body::route(view)}{subject} }.into_any()
}

/// What is there now, where it can be asked for.
fn now(view: &ApprovalView, answering: Answering) -> Option<AnyView> {
    let offer = view.now.clone().filter(|_| view.ended.is_none())?;
    Some(view! { <Now id=view.id.clone() offer answering /> }.into_any())
}

/// The one act that a high-risk yes takes: pick the value that is in the call.
fn act(view: &ApprovalView, answering: Answering) -> Option<AnyView> {
    let act = view.act.clone()?;
    let pick = move |choice: String| {
        let (picked, shown) = (choice.clone(), excerpt(&choice, Budget::NAME, ""));
        view! {
            <label>
                <input
                    type="radio" name="act"
                    prop:checked=move || answering.picked.get().as_deref() == Some(choice.as_str())
                    on:change=move |_| answering.picked.set(Some(picked.clone()))
                />
                {shown}
            </label>
        }
    };
    Some(
        view! {
            <fieldset class="act" disabled=move || answering.is_over()>
                <legend class="caption">{act.question}</legend>
                <div class="picks">{act.choices.into_iter().map(pick).collect_view()}</div>
            </fieldset>
        }
        .into_any(),
    )
}

/// What shows that it is the person who says yes.
fn proof(wanted: bool, answering: Answering) -> Option<AnyView> {
    wanted.then(|| {
        view! { <ProofFields proof=answering.proof over=Signal::derive(move || answering.is_over()) /> }.into_any()
    })
}

/// Brand or risk, place among those that wait, time left, and more of it.
#[component]
fn Bar(kind: &'static str, high: bool, asked_at: i64, answering: Answering, place: Place) -> impl IntoView {
    let standing = answering.standing;
    let brand = if high {
        view! { <span class="brand">{icon("stop")}"High risk"</span> }.into_any()
    } else {
        view! { <span class="brand">{icon("gate")}"Consentry"</span> }.into_any()
    };
    let what = move || {
        let Standing { place, of, .. } = standing.get();
        let waiting = (of > 0).then(|| format!("{place} of {of} waiting"));
        let kind = (!high && !kind.is_empty()).then(|| kind.to_owned());
        [kind, waiting].into_iter().flatten().map(|said| view! { <span>{said}</span> }).collect_view()
    };
    let time = move || match answering.answered.get().map(|(_, at)| at).or(standing.get().ended.map(|e| e.at)) {
        Some(at) => {
            let took = took(at - asked_at);
            view! { <span class="mark push num" title=moment(at)>{format!("Ended after {took}")}</span> }.into_any()
        }
        None => left_mark(time_left(standing)),
    };
    let more = move || {
        (!answering.is_over() && standing.get().expires_at.is_some()).then(|| {
            view! {
                <button class="btn small bare" type="button" on:click=move |_| answering.more_time()>
                    "More time"
                </button>
            }
        })
    };
    view! {
        <header class="card-bar" class:inside=move || place == Place::Inbox>{brand}{what}{time}{more}</header>
        <Announced answering />
    }
}

fn left_mark(ms: Option<i64>) -> AnyView {
    let Some(ms) = ms else {
        return view! { <span class="push">{mark("", "pause", "Waits for you")}</span> }.into_any();
    };
    let left = left(ms);
    let shown = if left.short { tag("caution", "clock", left.words) } else { mark("", "clock", left.words) };
    view! { <span class="push num">{shown}</span> }.into_any()
}

/// The time left, read aloud at a minute, at 30 and at 10 seconds.
#[component]
fn Announced(answering: Answering) -> impl IntoView {
    let said = RwSignal::new("");
    let clock = Clock::here();
    Effect::new(move |before: Option<Option<i64>>| {
        let expires_at = answering.standing.get().expires_at.filter(|_| !answering.is_over());
        let after = expires_at.map(|at| at.saturating_sub(clock.now()));
        if let (Some(Some(before)), Some(after)) = (before, after)
            && let Some(words) = announcement(before, after)
        {
            said.set(words);
        }
        after
    });
    view! { <span class="vh" role="status" aria-live="polite">{said}</span> }
}

/// Whether part of the card is below the edge, and a way to look again. Reaching the end once is enough for a
/// high-risk card to count as read.
fn reading(pane: NodeRef<Div>, whole: NodeRef<Div>, answering: Answering) -> (Signal<bool>, Callback<()>) {
    let below = RwSignal::new(false);
    let look = move || {
        let Some(pane) = pane.get_untracked() else { return };
        let more = pane.scroll_height() - pane.scroll_top() - pane.client_height() > 6;
        below.set(more);
        if !more {
            answering.unread.set(false);
        }
    };
    // Folds open and windows change their size; nothing is looked at while nothing moves.
    let following = StoredValue::new_local(None);
    Effect::new(move |_| {
        if let (Some(pane), Some(whole)) = (pane.get(), whole.get()) {
            let moved = move || {
                if below.try_get_untracked().is_some() {
                    look();
                }
            };
            following.set_value(Sizes::follow(&[&pane, &whole], moved));
        }
    });
    (below.into(), Callback::new(move |()| look()))
}

/// Reject has the focus first, and again when the person comes to a window in which nothing has it.
fn keep_focus(reject: NodeRef<Button>) {
    let focus = move || {
        if let Some(Some(button)) = reject.try_get_untracked() {
            let _unfocusable = button.focus();
        }
    };
    Effect::new(move |_| {
        if reject.get().is_some() {
            focus();
        }
    });
    // The window may be told late that it has the keys: by then the person may be typing a reason.
    let activated = window_event_listener(leptos::ev::focus, move |_| {
        if !backend::has_focus_inside() {
            focus();
        }
    });
    on_cleanup(move || activated.remove());
}

/// Ctrl Enter approves once armed, Esc puts the card away or, at high risk, rejects.
fn answer(keyboard: Keyboard, event: &KeyboardEvent, answering: Answering, on_later: Callback<()>) {
    // A field that is being changed has its own keys.
    if untrack(|| answering.is_over() || answering.editing.get()) {
        return;
    }
    match keyboard.heard(event) {
        Some(Wish::Approve) => answering.approve(),
        Some(Wish::Away) if answering.is_high() => answering.reject(),
        Some(Wish::Away) => on_later.run(()),
        None => {}
    }
}
