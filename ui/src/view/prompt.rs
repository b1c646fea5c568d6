//! The prompt window: one card, then the next, then nothing.

use super::answering::Standing;
use super::batch::Batch;
use super::card::{Card, Place};
use super::clock::Clock;
use super::flood::Flood;
use super::marks::icon;
use super::shell::Heard;
use crate::backend::{self, call};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::{CurrentQuestion, CurrentQuestionReply, Later};
use wire::view::{Answer, ApprovalView, BatchView, EndedView, FloodView};

/// What the window shows.
#[derive(Clone, Copy)]
struct Shown {
    /// The question; it stays until its outcome has been read, whatever comes in meanwhile.
    question: RwSignal<Option<ApprovalView>>,
    standing: RwSignal<Standing>,
    fault: RwSignal<Option<Fault>>,
    /// A server that asks too much, where no question is shown.
    flood: RwSignal<Option<FloodView>>,
    /// Calls that are shown together; the card stays as it was made until it is left.
    batch: RwSignal<Option<BatchView>>,
    /// What the broker says of them now.
    latest: RwSignal<Option<BatchView>>,
}

/// The whole window.
#[component]
pub(crate) fn Prompt() -> impl IntoView {
    Clock::provide();
    let heard = Heard::provide();
    let shown = Shown {
        question: RwSignal::new(None),
        standing: RwSignal::new(Standing::default()),
        fault: RwSignal::new(None),
        flood: RwSignal::new(None),
        batch: RwSignal::new(None),
        latest: RwSignal::new(None),
    };
    Effect::new(move |_| {
        heard.inbox.track();
        shown.look();
    });
    // Without the app's events nothing would ever be shown: better to say so.
    Effect::new(move |_| heard.deaf.with(|deaf| deaf.is_some().then(|| shown.fault.set(deaf.clone()))));
    let on_later =
        Callback::new(
            move |()| if shown.latest.get_untracked().is_some() { shown.go_back() } else { shown.put_away() },
        );
    let on_close = Callback::new(move |()| shown.go_on());
    let on_open = Callback::new(move |id: String| shown.open(&id));
    let on_leave = Callback::new(move |()| shown.leave());
    let on_all_later = Callback::new(move |ids| shown.put_all_away(ids));
    let batches = move || shown.batch.get().into_iter().collect::<Vec<_>>();
    let cards = move || shown.question.get().into_iter().collect::<Vec<_>>();
    view! {
        <main class="prompt">
            // Keyed, so that another question is another card from the ground up: nothing of the last one stays.
            <For each=cards key=|view| (view.id.clone(), view.digest.clone()) let:view>
                <Card view standing=shown.standing place=Place::Prompt on_later on_close />
            </For>
            <For each=batches key=key let:batch>
                <Batch batch latest=shown.latest on_open on_close=on_leave on_later=on_all_later />
            </For>
            {move || (shown.question.get().is_none() && shown.batch.get().is_none()).then(|| nothing(shown))}
        </main>
    }
}

/// Another list is another card.
fn key(batch: &BatchView) -> Vec<(String, String)> {
    batch.items.iter().map(|item| (item.question.id.clone(), item.question.digest.clone())).collect()
}

fn nothing(shown: Shown) -> AnyView {
    if let (None, Some(flood)) = (shown.fault.get(), shown.flood.get()) {
        let on_fault = Callback::new(move |fault| shown.fault.set(Some(fault)));
        return view! { <h1 class="vh">"Many questions wait"</h1><Flood flood on_fault /> }.into_any();
    }
    match shown.fault.get() {
        None => view! { <div class="empty">{icon("gate")}<h1>"Nothing waits for you."</h1></div> }.into_any(),
        Some(fault) => view! {
            <div class="empty" role="alert">
                {icon("offline")}
                <h1>"On hold. No agent can act."</h1>
                <p class="note">{fault.message}</p>
                <button class="btn" type="button" on:click=move |_| shown.look()>{icon("refresh")}"Try now"</button>
            </div>
        }
        .into_any(),
    }
}

impl Shown {
    /// Asks what to show. A card on the screen stays until it has ended and that has been seen.
    fn look(self) {
        spawn_local(async move {
            match call(CurrentQuestion {}).await {
                Ok(reply) => self.take(reply),
                Err(fault) => self.fault.set(Some(fault)),
            }
        });
    }

    fn take(self, reply: CurrentQuestionReply) {
        self.fault.set(None);
        let CurrentQuestionReply { question, place, of, flood, batch, .. } = reply;
        self.flood.set(flood);
        self.latest.set(batch.clone());
        if self.batch.with_untracked(Option::is_some) {
            return;
        }
        let same = |a: &ApprovalView, b: &ApprovalView| (&a.id, &a.digest) == (&b.id, &b.digest);
        let now = self.question.get_untracked();
        // The card that is shown may be one of a list whose first question the app has in mind.
        let of_list = batch.as_ref().zip(now.as_ref()).and_then(|(batch, now)| {
            batch.items.iter().map(|item| &item.question).find(|question| question.id == now.id).cloned()
        });
        match (now, of_list.or(question)) {
            (Some(now), Some(next)) if same(&now, &next) => {
                self.standing.set(Standing::of(&next, place, of));
            }
            // The person changed the call: the same question has another card now.
            (Some(now), Some(next)) if now.id == next.id => self.show(Some(next), place, of),
            // Answered, expired or withdrawn: the card says so first, then it gives way.
            (Some(now), _) => self.standing.update(|standing| {
                (standing.place, standing.of) = (0, 0);
                standing.ended.get_or_insert_with(|| ended(&now, standing.expires_at));
            }),
            (None, Some(_)) if batch.is_some() => self.batch.set(batch),
            (None, next) => self.show(next, place, of),
        }
    }

    fn show(self, question: Option<ApprovalView>, place: u32, of: u32) {
        self.standing.set(question.as_ref().map(|q| Standing::of(q, place, of)).unwrap_or_default());
        self.question.set(question);
    }

    /// The outcome has been read: the next question, or the window goes.
    fn go_on(self) {
        let Some(last) = self.question.get_untracked() else { return };
        spawn_local(async move {
            let reply = call(CurrentQuestion {}).await.unwrap_or_default();
            let next = reply.question.filter(|next| next.id != last.id);
            let none_left = next.is_none();
            self.flood.set(reply.flood);
            self.latest.set(reply.batch.clone());
            if reply.batch.is_some() && !none_left {
                self.show(None, 0, 0);
                return self.batch.set(reply.batch);
            }
            self.show(next, reply.place, reply.of);
            if none_left {
                self.tell_later(last.id).await;
            }
        });
    }

    /// One call of the list, whole.
    fn open(self, id: &str) {
        let list = self.batch.get_untracked();
        let items = list.as_ref().map(|batch| batch.items.as_slice()).unwrap_or_default();
        let Some(item) = items.iter().find(|item| item.question.id == id) else { return };
        self.batch.set(None);
        self.show(Some(item.question.clone()), 0, 0);
        self.look();
    }

    /// From one call back to the list.
    fn go_back(self) {
        self.show(None, 0, 0);
        self.look();
    }

    /// The list was answered, or there is a longer one.
    fn leave(self) {
        self.batch.set(None);
        self.latest.set(None);
        spawn_local(async move {
            match call(CurrentQuestion {}).await {
                Ok(reply) => {
                    let none_left = reply.question.is_none();
                    self.take(reply);
                    if none_left {
                        // The app takes the window away once nothing waits for it.
                        self.tell_later(String::new()).await;
                    }
                }
                Err(fault) => self.fault.set(Some(fault)),
            }
        });
    }

    /// All of a list stays in the inbox.
    fn put_all_away(self, ids: Vec<String>) {
        spawn_local(async move {
            for id in ids {
                if !self.tell_later(id).await {
                    return;
                }
            }
            self.leave();
        });
    }

    /// The question stays in the inbox; the app hides the window, or has another question for it.
    fn put_away(self) {
        let Some(last) = self.question.get_untracked() else { return };
        spawn_local(async move {
            if !self.tell_later(last.id).await {
                return;
            }
            if let Ok(reply) = call(CurrentQuestion {}).await {
                self.show(None, 0, 0);
                self.take(reply);
            }
        });
    }

    async fn tell_later(self, id: String) -> bool {
        match call(Later { id }).await {
            Ok(()) => true,
            Err(fault) => {
                self.fault.set(Some(fault));
                false
            }
        }
    }
}

/// How a question ended that is no longer asked and was not answered here. What is not known is not claimed.
fn ended(view: &ApprovalView, expires_at: Option<i64>) -> EndedView {
    let now = backend::now_ms();
    let answer = match expires_at.or(view.expires_at) {
        Some(at) if at <= now.saturating_add(1_000) => Answer::Expired,
        _ => Answer::Withdrawn,
    };
    EndedView { answer, at: now, answered_by: String::new(), outcome: String::new() }
}
