//! The life of one card on the screen: it arms, it is answered once, it shows what became of it.

use super::clock::Clock;
use super::proof::Proof;
use super::shell::Heard;
use crate::arming::{Arming, Facts, Gate, gate};
use crate::backend::{self, call};
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::time::Duration;
use wire::command::{Approve, CardHidden, CardVisible, MoreTime, Reject};
use wire::view::{Answer, ApprovalView, ClientWaits, EndedView, Level, RememberChoice};
use wire::{Fault, FaultCode};

/// Where a card's question stands in the broker; the card itself never changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Standing {
    /// When it expires; `None` waits for ever.
    pub(crate) expires_at: Option<i64>,
    /// How it ended, when it did.
    pub(crate) ended: Option<EndedView>,
    /// Its place among those that wait, from 1; 0 when that is not said.
    pub(crate) place: u32,
    /// How many wait.
    pub(crate) of: u32,
    /// Where the client stands that asked.
    pub(crate) client: ClientWaits,
}

impl Standing {
    /// As the broker says.
    pub(crate) fn of(view: &ApprovalView, place: u32, of: u32) -> Self {
        Self { expires_at: view.expires_at, ended: view.ended.clone(), place, of, client: view.client_waits }
    }
}

/// Which question this is: what an answer has to name.
#[derive(Clone)]
struct Asked {
    id: String,
    digest: String,
    closed: bool,
    act: bool,
    high: bool,
}

/// The signals of one card. Copies share them; they go with the card.
#[derive(Clone, Copy)]
pub(crate) struct Answering {
    asked: StoredValue<Asked>,
    arming: RwSignal<Arming>,
    /// Counts what made the card arm anew; an answer of the broker to an earlier round is void.
    round: StoredValue<u32>,
    /// Whether the broker counts this card as visible.
    seen: StoredValue<bool>,
    beat: RwSignal<u32>,
    sending: RwSignal<bool>,
    /// Another window lies over this one.
    covered: RwSignal<bool>,
    /// The proof, where one is demanded.
    pub(crate) proof: Proof,
    /// The value picked, where an act is demanded.
    pub(crate) picked: RwSignal<Option<String>>,
    /// Part of the card has not been on the screen yet.
    pub(crate) unread: RwSignal<bool>,
    /// A value of the call is being changed.
    pub(crate) editing: RwSignal<bool>,
    /// What is to be remembered of a yes.
    pub(crate) remember: RwSignal<Option<RememberChoice>>,
    /// The words for the model, when the person wants to give a reason: `None` until asked for.
    pub(crate) reason: RwSignal<Option<String>>,
    /// What went wrong with the answer.
    pub(crate) fault: RwSignal<Option<Fault>>,
    /// What was answered here, and when.
    pub(crate) answered: RwSignal<Option<(Answer, i64)>>,
    /// Where the question stands.
    pub(crate) standing: Signal<Standing>,
}

impl Answering {
    /// A card that begins to be shown. It arms once it is on the screen, and tells the broker when it goes.
    pub(crate) fn begin(view: &ApprovalView, standing: Signal<Standing>, heard: Heard) -> Self {
        let asked = Asked {
            id: view.id.clone(),
            digest: view.digest.clone(),
            closed: view.closed.is_some(),
            act: view.act.is_some(),
            high: view.level == Level::StepUp,
        };
        let this = Self {
            unread: RwSignal::new(asked.high),
            asked: StoredValue::new(asked),
            arming: RwSignal::new(Arming::unseen(view.arms_after_ms)),
            round: StoredValue::new(0),
            seen: StoredValue::new(false),
            beat: RwSignal::new(0),
            sending: RwSignal::new(false),
            covered: RwSignal::new(false),
            proof: Proof::begin(),
            picked: RwSignal::new(None),
            editing: RwSignal::new(false),
            remember: RwSignal::new(None),
            reason: RwSignal::new(None),
            fault: RwSignal::new(None),
            answered: RwSignal::new(None),
            standing,
        };
        if view.ended.is_none() {
            this.follow(heard);
        }
        this
    }

    /// Arms now, and again whenever the window may have changed under the person's hand.
    fn follow(self, heard: Heard) {
        Effect::new(move |_| {
            heard.rearm.track();
            self.arm();
        });
        let visibility = window_event_listener_untyped("visibilitychange", move |_| {
            if backend::is_visible() { self.arm() } else { self.disarm() }
        });
        on_cleanup(move || {
            visibility.remove();
            self.disarm();
        });
    }

    /// What stands in the way of Approve; tracked.
    pub(crate) fn gate(self) -> Gate {
        self.beat.track();
        let asked = self.asked.get_value();
        let facts = Facts {
            closed: asked.closed,
            sending: self.sending.get(),
            covered: self.covered.get(),
            editing: self.editing.get(),
            unread: asked.high && self.unread.get(),
            act_missing: asked.act && self.picked.get().is_none(),
            proof_missing: asked.high && self.proof.is_missing(),
            proving: asked.high && self.proof.is_systems(),
        };
        gate(facts, &self.arming.get(), backend::now())
    }

    /// Whether the question has been answered or has ended; tracked.
    pub(crate) fn is_over(self) -> bool {
        // While an answer is on its way, that the question has ended is most likely its doing.
        self.answered.get().is_some() || (!self.sending.get() && self.standing.get().ended.is_some())
    }

    /// Whether this is a high-risk card.
    pub(crate) fn is_high(self) -> bool {
        self.asked.with_value(|asked| asked.high)
    }

    /// Says yes to what is shown, if nothing stands in the way.
    pub(crate) fn approve(self) {
        if untrack(|| self.gate() != Gate::Open || self.is_over()) {
            return;
        }
        let Asked { id, digest, .. } = self.asked.get_value();
        let (act, remember) = (self.picked.get_untracked(), self.remember.get_untracked());
        let (high, proof) = (self.is_high(), self.proof);
        self.send(Answer::Approved, async move {
            let given = if high { Some(proof.give().await?) } else { None };
            let sent = call(Approve { id, digest, act, remember, proof: given }).await;
            if high {
                proof.wipe();
            }
            sent
        });
    }

    /// Says no. Works at once, and as long as nothing else was said.
    pub(crate) fn reject(self) {
        // The system's dialog may be left unanswered.
        let proving = untrack(|| self.gate() == Gate::Proving);
        if untrack(|| (self.sending.get() && !proving) || self.is_over()) {
            return;
        }
        let id = self.asked.get_value().id;
        let reason = self.reason.get_untracked().filter(|words| !words.trim().is_empty());
        self.send(Answer::Rejected, async move { call(Reject { id, reason }).await });
    }

    /// Asks for two more minutes.
    pub(crate) fn more_time(self) {
        let id = self.asked.get_value().id;
        spawn_local(async move {
            if let Err(fault) = call(MoreTime { id }).await {
                self.fault.set(Some(fault));
            }
        });
    }

    fn send(self, answer: Answer, sent: impl Future<Output = Result<(), Fault>> + 'static) {
        self.sending.set(true);
        self.fault.set(None);
        spawn_local(async move {
            let result = sent.await;
            if self.round.try_get_value().is_none() {
                return;
            }
            self.sending.set(false);
            if self.answered.with_untracked(Option::is_some) {
                return;
            }
            let Err(fault) = result else {
                self.answered.set(Some((answer, backend::now_ms())));
                return;
            };
            match fault.code {
                // The broker saw the card later than we did, or saw it move: the delay runs again.
                FaultCode::TooEarly => self.arm(),
                FaultCode::ActMissing => {
                    self.picked.set(None);
                    self.arm();
                    self.fault.set(Some(fault));
                }
                _ => self.fault.set(Some(fault)),
            }
        });
    }

    /// Starts the delay again from the next time that the card is on the screen.
    fn arm(self) {
        let Some(round) = self.next_round() else { return };
        backend::after_paint(move || {
            if self.is_current(round) && backend::is_visible() && !untrack(|| self.sending.get() || self.is_over()) {
                spawn_local(self.tell_visible(round));
            }
        });
    }

    async fn tell_visible(self, round: u32) {
        let id = self.asked.get_value().id;
        if self.seen.get_value() {
            // That it was hidden in between is the broker's own knowledge too: if this fails, the next call says so.
            let _told = call(CardHidden { id: id.clone() }).await;
        }
        let told = call(CardVisible { id }).await;
        if !self.is_current(round) {
            return;
        }
        self.covered.set(matches!(&told, Err(fault) if fault.code == FaultCode::TooEarly));
        match told {
            // Ours starts when the broker has started: Approve never opens here first.
            Ok(()) => {
                self.seen.set_value(true);
                self.arming.update(|arming| arming.see(backend::now()));
                self.beat_until_open(round);
            }
            // The window says when it is free.
            Err(fault) if matches!(fault.code, FaultCode::Gone | FaultCode::TooEarly) => {}
            Err(fault) => self.fault.set(Some(fault)),
        }
    }

    fn disarm(self) {
        let Some(_) = self.next_round() else { return };
        if self.seen.get_value() {
            self.seen.set_value(false);
            let id = self.asked.get_value().id;
            spawn_local(async move {
                // The card is off the screen either way.
                let _told = call(CardHidden { id }).await;
            });
        }
    }

    fn next_round(self) -> Option<u32> {
        let round = self.round.try_get_value()? + 1;
        self.round.set_value(round);
        self.arming.update(Arming::hide);
        Some(round)
    }

    fn is_current(self, round: u32) -> bool {
        self.round.try_get_value() == Some(round)
    }

    /// Renews the words of Approve each time a second of the delay has gone.
    fn beat_until_open(self, round: u32) {
        let Some(left) = self.arming.get_untracked().left(backend::now()) else { return };
        let step = if left <= 0.0 { return self.beat.update(|n| *n += 1) } else { left % 1000.0 };
        let wait = if step <= 0.0 { 1000.0 } else { step };
        // A timer may come a little early; a few milliseconds later costs nobody anything.
        set_timeout(
            move || {
                if self.is_current(round) {
                    self.beat.update(|n| *n += 1);
                    self.beat_until_open(round);
                }
            },
            Duration::from_secs_f64((wait + 4.0) / 1000.0),
        );
    }
}

/// How long is left on this card; tracked.
pub(crate) fn time_left(standing: Signal<Standing>) -> Option<i64> {
    standing.get().expires_at.map(|at| at.saturating_sub(Clock::here().now()))
}
