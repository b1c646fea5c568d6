//! The foot of a card: Approve at the start, outlined; Reject at the end, solid; and, once answered, what became of it.

use super::answering::{Answering, Standing};
use super::clock::{Clock, moment};
use super::marks::{icon, tag};
use super::remember::Remember;
use crate::arming::{Gate, label};
use crate::backend;
use crate::clock::left;
use crate::words::{self, Answers};
use leptos::ev::{KeyboardEvent, MouseEvent};
use leptos::html::Button;
use leptos::prelude::*;
use std::time::Duration;
use wire::FaultCode;
use wire::view::{Answer, ApprovalKind, ApprovalView, EndedView, RememberView};

/// What a card's foot needs to know of the card.
#[derive(Clone)]
pub(crate) struct Foot {
    answers: Answers,
    kind: ApprovalKind,
    closed: Option<String>,
    remember: Option<RememberView>,
    delay_ms: u32,
    /// Whether there is a Later; without one, Esc rejects.
    later: bool,
}

impl Foot {
    pub(crate) fn of(view: &ApprovalView, high: bool) -> Self {
        let mut answers = words::answers(view);
        if !view.edits.is_empty() {
            answers.yes = "Approve changed call".into();
        }
        Self {
            answers,
            kind: view.kind,
            closed: view.closed.clone(),
            remember: view.remember.clone(),
            delay_ms: view.arms_after_ms,
            later: !high,
        }
    }
}

/// The decision, or the outcome in its place.
#[component]
pub(crate) fn Decision(
    foot: Foot,
    answering: Answering,
    /// Where Reject is, so that the window can put the focus there.
    reject: NodeRef<Button>,
    /// Whether part of the card is below the edge.
    #[prop(into)]
    below: Signal<bool>,
    /// Put the card away.
    on_later: Callback<()>,
    /// Leave the outcome.
    on_close: Callback<()>,
) -> impl IntoView {
    let kind = foot.kind;
    let over = Memo::new(move |_| answering.is_over());
    let hint = move || {
        (below.get() && !over.get()).then(|| view! { <div class="below"><span>{icon("down")}"More below"</span></div> })
    };
    view! {
        <footer class="decide">
            {hint}
            {move || {
                if over.get() {
                    view! { <Outcome answering kind on_close /> }.into_any()
                } else {
                    open(foot.clone(), answering, reject, on_later)
                }
            }}
        </footer>
    }
}

fn open(foot: Foot, answering: Answering, reject: NodeRef<Button>, on_later: Callback<()>) -> AnyView {
    let later = foot.later.then(|| {
        view! {
            <button class="btn bare later" type="button" on:click=move |_| on_later.run(())>
                "Later "<kbd class="kbd">"Esc"</kbd>
            </button>
        }
    });
    let escape = (!foot.later).then(|| view! { <kbd class="kbd">"Esc"</kbd> });
    let acts = if foot.later { "acts" } else { "acts no-later" };
    let no = foot.answers.no;
    view! {
        {note(&foot, answering)}
        {move || answering.fault.get().map(|fault| {
            let head = match fault.code {
                FaultCode::NoBroker => "On hold. No agent can act. ",
                FaultCode::ActMissing | FaultCode::ProofMissing => "Not approved. ",
                _ => "That did not work. ",
            };
            view! { <p class="fault" role="alert">{icon("alert")}<span><b>{head}</b>{fault.message}</span></p> }
        })}
        <div class=acts>
            {approve(&foot, answering)}
            {later}
            <button class="reject" type="button" node_ref=reject on:click=move |_| answering.reject()>
                {no}{escape}
            </button>
        </div>
    }
    .into_any()
}

/// Approve. A click that a script made, a held key, Enter and Space do not press it.
fn approve(foot: &Foot, answering: Answering) -> AnyView {
    let gate = Memo::new(move |_| answering.gate());
    let shut = move || gate.get() != Gate::Open;
    let class = move || if matches!(gate.get(), Gate::Counting(_)) { "approve arming" } else { "approve" };
    let delay = format!("{}ms", foot.delay_ms);
    let yes = foot.answers.yes.clone();
    let press = move |event: MouseEvent| {
        if event.is_trusted() {
            answering.approve();
        }
    };
    let hold_back = move |event: KeyboardEvent| {
        if matches!(event.key().as_str(), "Enter" | " ") {
            event.prevent_default();
        }
    };
    // Where both names are long, the hint gives way: the names must stay on one line.
    let room = foot.answers.yes.chars().count() + foot.answers.no.chars().count() <= 28;
    let chord = move || (room && gate.get() == Gate::Open).then(|| view! { <kbd class="kbd">"Ctrl ⏎"</kbd> });
    view! {
        <button
            class=class style=("--delay", delay) type="button" disabled=shut
            on:click=press on:keydown=hold_back on:keyup=hold_back
        >
            <span>{move || label(gate.get(), &yes)}</span>
            {chord}
        </button>
    }
    .into_any()
}

/// What people most often want to say with a no.
const REASONS: [&str; 3] = ["Wrong recipient.", "Not now.", "Ask me first."];

fn pick(words: &'static str, answering: Answering) -> AnyView {
    let set = move |_| answering.reason.set(Some(words.to_owned()));
    view! { <button class="btn small" type="button" on:click=set>{words}</button> }.into_any()
}

/// How far a yes reaches, or why there is none; and the words for the model.
fn note(foot: &Foot, answering: Answering) -> AnyView {
    let reach = match &foot.closed {
        Some(why) => {
            let closed = tag("danger", "stop", "Not offered");
            view! { <p class="row wrap">{closed}<span class="soft">{why.clone()}</span></p> }.into_any()
        }
        None => {
            let once = foot.answers.reach;
            let said = move || match answering.remember.get() {
                Some(choice) => format!("Approve also remembers it: {}.", words::lifetime(choice.lifetime)),
                None => once.to_owned(),
            };
            view! { <span class="note">{said}</span> }.into_any()
        }
    };
    let offer = foot.remember.clone().filter(|_| foot.closed.is_none());
    let offer = offer.map(|offer| view! { <Remember offer answering /> });
    let reasons = foot.kind == ApprovalKind::Call;
    let ask = move || {
        (reasons && answering.reason.get().is_none()).then(|| {
            view! {
                <button
                    class="btn bare small" type="button"
                    on:click=move |_| answering.reason.set(Some(String::new()))
                >
                    "Add a reason…"
                </button>
            }
        })
    };
    let asked = Memo::new(move |_| answering.reason.get().is_some());
    let field = move || {
        asked.get().then(|| {
            let input = NodeRef::<leptos::html::Input>::new();
            Effect::new(move |_| {
                if let Some(input) = input.get() {
                    let _unfocused = input.focus();
                }
            });
            view! {
                <label class="field">
                    <span class="note">"When rejecting, tell the agent:"</span>
                    <input
                        type="text" maxlength="300" node_ref=input
                        prop:value=move || answering.reason.get().unwrap_or_default()
                        on:input=move |event| answering.reason.set(Some(event_target_value(&event)))
                    />
                </label>
                <div class="row wrap">{REASONS.map(|words| pick(words, answering))}</div>
            }
        })
    };
    let client = move || (reasons && foot_open(answering)).then(|| client_line(answering));
    view! { {client}<div class="row wrap reach">{reach}<span class="push"></span>{offer}{ask}</div>{field} }.into_any()
}

fn foot_open(answering: Answering) -> bool {
    answering.standing.get().ended.is_none()
}

/// Whether the client still waits, and what a yes does if not.
fn client_line(answering: Answering) -> AnyView {
    let clock = Clock::here();
    let said = move || match answering.standing.get().client.until.map(|at| left(at.saturating_sub(clock.now()))) {
        Some(left) => format!("The client waits: {}. After that it has to ask again.", left.words),
        None => "The client gave up waiting. A yes runs nothing until it asks the same again.".to_owned(),
    };
    view! { <p class="note">{said}</p> }.into_any()
}

/// What stands where the decision stood.
#[component]
fn Outcome(answering: Answering, kind: ApprovalKind, on_close: Callback<()>) -> impl IntoView {
    let ended = move || outcome(answering.standing, answering.answered.get());
    move || {
        let ended = ended();
        let client = answering.standing.get().client;
        let parked = client.parked_until.is_some() || (kind == ApprovalKind::Call && client.until.is_none());
        let (class, name, head, more) = told(kind, &ended, parked);
        view! {
            <div class=format!("outcome {class}") role="status">
                {icon(name)}
                <p><b>{head}</b><br/><span class="note">{more}</span></p>
                <button class="btn small" type="button" on:click=move |_| on_close.run(())>"Close"</button>
            </div>
        }
    }
}

/// What the broker says of the end goes first, where it knows who answered; else what was answered here.
fn outcome(standing: Signal<Standing>, answered: Option<(Answer, i64)>) -> EndedView {
    let here = |answer, at| EndedView { answer, at, answered_by: String::new(), outcome: String::new() };
    match (answered, standing.get().ended) {
        (Some((answer, at)), ended) => ended.filter(|e| !e.answered_by.is_empty()).unwrap_or_else(|| here(answer, at)),
        (None, Some(ended)) => ended,
        (None, None) => here(Answer::Withdrawn, 0),
    }
}

/// How it ended, in words: CSS class, icon, head, what follows.
fn told(kind: ApprovalKind, ended: &EndedView, parked: bool) -> (&'static str, &'static str, &'static str, String) {
    let at = if ended.at > 0 { format!(" at {}", moment(ended.at)) } else { String::new() };
    let by = if ended.answered_by == "cli" { ", on the command line" } else { "" };
    let call = kind == ApprovalKind::Call;
    match (ended.answer, ended.outcome.as_str()) {
        (Answer::Approved, "unknown") => (
            "wait",
            "help",
            "It went out, no reply came.",
            format!("Approved{at}{by}. Look at the server before you try again."),
        ),
        (Answer::Approved, "failed") => {
            ("wait", "alert", "Approved, and it failed.", format!("The server said so{at}."))
        }
        (Answer::Approved, "completed") => {
            ("ok", "check", "Approved, this call only.", format!("The server confirmed it{at}{by}."))
        }
        (Answer::Approved, _) if call && parked => (
            "wait",
            "clock",
            "Approved, and not run yet.",
            format!("The client had given up. It runs only if the client asks the same again within 10 minutes{by}."),
        ),
        (Answer::Approved, _) if call => (
            "ok",
            "check",
            "Approved, this call only.",
            format!("Answered{at}{by}. What became of it stands in Activity."),
        ),
        (Answer::Approved, _) => ("ok", "check", "Approved.", format!("Answered{at}{by}.")),
        (Answer::Rejected, _) if call => {
            ("no", "x", "Rejected. Nothing was sent.", format!("Answered{at}{by}. The agent is told not to try again."))
        }
        (Answer::Rejected, _) => ("no", "x", "Rejected. Nothing changes.", format!("Answered{at}{by}.")),
        (Answer::Expired, _) => {
            ("", "clock", "Not run.", format!("Nobody answered in time{at}. If it is asked again, you will be too."))
        }
        (Answer::Unused, _) => (
            "",
            "clock",
            "Approved, never used.",
            format!("The client had given up and did not ask again in time{at}. Nothing was sent."),
        ),
        (Answer::Withdrawn, _) => (
            "",
            "x",
            "No longer asked.",
            format!("It was withdrawn or answered elsewhere{at}. Nothing waits for you here."),
        ),
    }
}

/// How long an outcome stays, and how much longer while the pointer rests on it. Never for good: another question may
/// wait behind it, and a pointer that rests on a window that was hidden never leaves it.
const LINGER: Duration = Duration::from_secs(2);

/// Runs `then` when an outcome has been on the screen long enough, or the window has gone.
pub(crate) fn linger(answering: Answering, resting: RwSignal<bool>, then: Callback<()>) {
    let over = Memo::new(move |_| answering.is_over());
    let leave = move || {
        if over.try_get_untracked() == Some(true) {
            then.run(());
        }
    };
    Effect::new(move |_| {
        if over.get() {
            let once_more = move || match resting.try_get_untracked() {
                Some(true) => set_timeout(leave, LINGER),
                _ => leave(),
            };
            set_timeout(once_more, LINGER);
        }
    });
    let hidden = window_event_listener_untyped("visibilitychange", move |_| {
        if !backend::is_visible() {
            leave();
        }
    });
    on_cleanup(move || hidden.remove());
}
