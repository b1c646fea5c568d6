//! The open questions. Drives the approval machine of the gate: its timers, its record in the log, its answers.

mod batches;
mod calls;
mod edits;
mod proofs;
mod words;

pub(crate) use calls::{Nudge, Patience};
pub(crate) use edits::Behind;
pub(crate) use words::{by_word, gone};

use crate::audit_log::{AuditLog, Durability};
use crate::clock::now_ms;
use gate::approval::{Approval, By, Effect, Ending, Event, Terms};
use gate::audit::Record;
use gate::call::{ApprovalId, CallId, Digest};
use gate::edit::Draft;
use gate::permit::{Refusal, RefusalKind};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{broadcast, oneshot};
use wire::control::Watched;
use wire::view::{Answer, ApprovalKind, ApprovalView, EndedView};
use wire::{Fault, FaultCode};
use words::{fault, kind_word};

/// How many ended approvals the inbox remembers.
const REMEMBERED: usize = 50;

/// How many questions may wait at once; more are refused unasked.
const MOST_WAITING: usize = 200;

/// How many of them may be about calls of one server.
const MOST_OF_A_SERVER: usize = 50;

/// The open questions of one broker.
#[derive(Debug)]
pub(crate) struct Desk {
    state: Mutex<State>,
    audit: AuditLog,
    events: broadcast::Sender<wire::Event>,
    watched: broadcast::Sender<Watched>,
}

#[derive(Debug, Default)]
struct State {
    open: HashMap<ApprovalId, Open>,
    ended: VecDeque<ApprovalView>,
    /// Calls a person said no to, and until when that answers the same call.
    rejected: HashMap<Digest, i64>,
    /// The servers of questions that are on their way into the log, and onto the desk after that.
    coming: Vec<String>,
    /// Servers whose questions are folded into one card.
    folded: HashSet<String>,
    /// Folded servers whose questions the person opened one by one.
    opened: HashSet<String>,
    /// Calls that were changed, and whose yes is on its way to whoever waits.
    changed: HashMap<ApprovalId, Draft>,
    /// What a card lists that is on the screen, in order.
    listing: Vec<(ApprovalId, Digest)>,
}

#[derive(Debug)]
struct Open {
    approval: Approval,
    view: ApprovalView,
    call: Option<CallId>,
    /// When its card was first fully visible.
    seen_at: Option<i64>,
    /// Who waits for the answer; nobody once the client gave up.
    settle: Option<oneshot::Sender<Ending>>,
    /// Its yes is on record already, and waits for the client.
    parked: bool,
    /// The call, where it is about one.
    behind: Option<Behind>,
    /// Its yes was one to a list.
    listed: bool,
}

impl Open {
    /// One event, and the view brought up to date.
    fn step(&mut self, event: Event, now: i64) -> Vec<Effect> {
        if event == Event::Visible {
            self.seen_at.get_or_insert(now);
        }
        let listed = matches!(event, Event::ApproveListed(_));
        let effects = self.approval.step(event, now);
        self.listed |= listed && !effects.iter().any(|effect| matches!(effect, Effect::NotCounted(_)));
        self.settled_by(&effects);
        effects
    }

    /// The view brought up to date, after a step that led to these.
    fn settled_by(&mut self, effects: &[Effect]) {
        self.view.expires_at = self.approval.expires_at();
        self.view.client_waits.parked_until = self.approval.parked_until();
        if !self.approval.is_attended() {
            self.view.client_waits.until = None;
            self.settle = self.settle.take().filter(|_| effects.iter().any(|e| matches!(e, Effect::Ended(_))));
        }
    }
}

/// A question that was put on the desk.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Its id.
    pub(crate) id: ApprovalId,
    /// How it ends; a closed channel means that the desk is gone, which is a no.
    pub(crate) ending: oneshot::Receiver<Ending>,
}

/// What an event led to.
type Outcome = (Option<(Open, Ending)>, Vec<Effect>);

impl State {
    /// Keeps a place for a question that is about to be asked.
    fn make_room(&mut self, view: &ApprovalView) -> Result<(), Refusal> {
        let all = self.open.len() + self.coming.len();
        let asked = self.open.values().filter(|o| o.view.kind == ApprovalKind::Call).map(|o| &o.view.server);
        let of_server = asked.chain(&self.coming).filter(|server| **server == view.server).count();
        let full = match view.kind {
            ApprovalKind::Call if of_server >= MOST_OF_A_SERVER => format!("{of_server} questions about this server"),
            _ if all >= MOST_WAITING => format!("{all} questions"),
            _ => {
                self.coming.push(view.server.clone());
                return Ok(());
            }
        };
        Err(Refusal::new(RefusalKind::Denied, format!("{full} wait already, so this one was refused unasked.")))
    }

    fn arrived(&mut self, server: &str) {
        if let Some(at) = self.coming.iter().position(|coming| coming == server) {
            self.coming.swap_remove(at);
        }
    }

    /// One event for one question, which leaves the desk when it ends.
    fn step(&mut self, id: ApprovalId, event: Event, now: i64) -> Option<Outcome> {
        self.step_by(id, |open| open.step(event, now))
    }

    fn step_by(&mut self, id: ApprovalId, step: impl FnOnce(&mut Open) -> Vec<Effect>) -> Option<Outcome> {
        let effects = step(self.open.get_mut(&id)?);
        let (mut ended, mut rest) = (None, Vec::new());
        for effect in effects {
            match effect {
                Effect::Ended(ending) => ended = self.open.remove(&id).map(|open| (open, ending)),
                other => rest.push(other),
            }
        }
        Some((ended, rest))
    }
}

impl Desk {
    /// An empty desk.
    pub(crate) fn new(audit: AuditLog, events: broadcast::Sender<wire::Event>) -> Arc<Self> {
        let (watched, _) = broadcast::channel(1024);
        Arc::new(Self { state: Mutex::default(), audit, events, watched })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while holding it; if it did, the questions are still what they were.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a question on the desk, once the log has it.
    ///
    /// # Errors
    /// A refusal when the log can't be written, or too many questions wait already.
    pub(crate) async fn ask(
        self: &Arc<Self>,
        terms: Terms,
        view: ApprovalView,
        call: Option<CallId>,
    ) -> Result<Asked, Refusal> {
        self.ask_about(terms, view, call, None).await
    }

    async fn ask_about(
        self: &Arc<Self>,
        terms: Terms,
        mut view: ApprovalView,
        call: Option<CallId>,
        behind: Option<Behind>,
    ) -> Result<Asked, Refusal> {
        self.state().make_room(&view)?;
        let now = now_ms();
        let id = terms.id;
        let (approval, effects) = Approval::ask(terms, now);
        let approval = approval.with_effects(&crate::present::effects_of(&view.effects));
        view.id = id.to_string();
        view.digest = approval.terms().digest.to_string();
        view.arms_after_ms = u32::try_from(Approval::arms_after(approval.terms().level)).unwrap_or(u32::MAX);
        view.asked_at = now;
        view.expires_at = approval.expires_at();
        let card = serde_json::to_vec(&view).unwrap_or_default();
        let mut record = about("asked", now, &view)
            .with("level", serde_json::json!(view.level))
            .with("effects", view.effects.iter().map(|effect| effect.word()).collect::<Vec<_>>())
            .with("policies", view.reasons.iter().map(|r| r.policy.clone()).collect::<Vec<_>>())
            .with_body("card", card.into());
        if let Some(behind) = &behind {
            record = record
                .with("client_identity", behind.client.to_string())
                .with("server_identity", behind.pinned.0.to_string())
                .with("pin", behind.pinned.1.to_string())
                .with_body("facts", behind.facts.clone());
        }
        record.call = call;
        let recorded = self.audit.append(record, Durability::Process).await;
        let (settle, ending) = oneshot::channel();
        {
            let mut state = self.state();
            state.arrived(&view.server);
            recorded?;
            let open = Open {
                approval,
                view: view.clone(),
                call,
                seen_at: None,
                settle: Some(settle),
                parked: false,
                behind,
                listed: false,
            };
            state.open.insert(id, open);
            state.fold();
            let _ = self.watched.send(Watched::Pending(Box::new(view)));
        }
        let _ = self.events.send(wire::Event::Inbox);
        self.follow(id, &effects);
        Ok(Asked { id, ending })
    }

    /// An event for one question.
    ///
    /// # Errors
    /// Why an answer did not count.
    pub(crate) async fn step(self: &Arc<Self>, id: ApprovalId, event: Event) -> Result<(), Fault> {
        let outcome = self.state().step(id, event, now_ms()).ok_or_else(gone)?;
        self.carry_out(id, outcome).await
    }

    /// Does what an event led to.
    async fn carry_out(self: &Arc<Self>, id: ApprovalId, (ended, rest): Outcome) -> Result<(), Fault> {
        if let Some((open, ending)) = ended {
            self.close(open, ending).await;
        }
        for effect in &rest {
            match effect {
                Effect::Parked(by) => self.park(id, *by).await?,
                Effect::Changed => {
                    let _ = self.events.send(wire::Event::Inbox);
                }
                Effect::WakeAt(_) | Effect::NotCounted(_) | Effect::Ended(_) => {}
            }
        }
        self.follow(id, &rest);
        let not_counted = rest.iter().find_map(|e| if let Effect::NotCounted(why) = e { Some(*why) } else { None });
        not_counted.map_or(Ok(()), |why| Err(fault(why)))
    }

    fn follow(self: &Arc<Self>, id: ApprovalId, effects: &[Effect]) {
        for effect in effects {
            if let Effect::WakeAt(at) = *effect {
                let desk = self.clone();
                tokio::spawn(async move {
                    let wait = u64::try_from(at - now_ms()).unwrap_or(0);
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                    let _ = Box::pin(desk.step(id, Event::Tick)).await;
                });
            }
        }
    }

    /// A yes for a client that gave up goes on record when it is given; one that can't be recorded is none.
    async fn park(self: &Arc<Self>, id: ApprovalId, by: By) -> Result<(), Fault> {
        let Some((record, ended_id)) = self.state().open.get_mut(&id).map(|open| {
            open.parked = true;
            (answered(open, Answer::Approved, by_word(by), None).with("parked", true), open.view.id.clone())
        }) else {
            return Ok(());
        };
        if let Err(refusal) = self.audit.append(record, Durability::Disk).await {
            let _ = Box::pin(self.step(id, Event::Withdraw)).await;
            return Err(Fault::new(FaultCode::Storage, refusal.message));
        }
        let _ = self.watched.send(Watched::Ended { id: ended_id, answer: Answer::Approved });
        let _ = self.events.send(wire::Event::Inbox);
        Ok(())
    }

    /// The log first, then whoever waits: an answer that is not on record is no answer.
    async fn close(&self, open: Open, ending: Ending) {
        let (answer, by, reason) = match &ending {
            Ending::Approved(yes) => (Answer::Approved, by_word(yes.by()), None),
            Ending::Rejected { reason, by } => (Answer::Rejected, by_word(*by), reason.clone()),
            Ending::Expired => (Answer::Expired, "", None),
            Ending::Unused => (Answer::Unused, "", None),
            Ending::Withdrawn => (Answer::Withdrawn, "", None),
        };
        let record = match &ending {
            // Its yes is on record since it was given; now the client came for it.
            Ending::Approved(_) if open.parked => {
                let mut record = about("resumed", now_ms(), &open.view);
                record.call = open.call;
                record
            }
            _ => answered(&open, answer, by, reason),
        };
        let recorded = self.audit.append(record, Durability::Disk).await;
        let mut view = open.view.clone();
        let id = view.id.clone();
        view.ended = Some(EndedView { answer, at: now_ms(), answered_by: by.into(), outcome: String::new() });
        {
            let mut state = self.state();
            if matches!(ending, Ending::Rejected { .. }) && view.kind == ApprovalKind::Call {
                state.reject(open.asked());
            }
            if matches!(ending, Ending::Approved(_)) && recorded.is_ok() {
                state.hand_over(&open);
            }
            state.ended.push_front(view);
            state.ended.truncate(REMEMBERED);
            state.fold();
        }
        let ending = if recorded.is_ok() { ending } else { Ending::Withdrawn };
        if let Some(settle) = open.settle
            && settle.send(ending).is_err()
        {
            let _nobody_came_for_it = self.changed(open.approval.terms().id);
        }
        let _ = self.watched.send(Watched::Ended { id, answer });
        let _ = self.events.send(wire::Event::Inbox);
    }

    /// What becomes of a call whose question ended, for the inbox.
    pub(crate) fn note_outcome(&self, id: ApprovalId, outcome: &str) {
        let id = id.to_string();
        let mut state = self.state();
        if let Some(ended) = state.ended.iter_mut().find(|v| v.id == id).and_then(|v| v.ended.as_mut()) {
            ended.outcome = outcome.to_owned();
        }
        drop(state);
        let _ = self.events.send(wire::Event::Inbox);
    }

    /// What waits, the soonest to expire first.
    pub(crate) fn waiting(&self) -> Vec<ApprovalView> {
        let mut views: Vec<_> = self.state().open.values().map(|o| o.view.clone()).collect();
        views.sort_by_key(|v| (v.expires_at.unwrap_or(i64::MAX), v.asked_at, v.id.clone()));
        views
    }

    /// What ended lately, newest first.
    pub(crate) fn ended(&self) -> Vec<ApprovalView> {
        self.state().ended.iter().cloned().collect()
    }

    /// How many wait.
    pub(crate) fn count(&self) -> usize {
        self.state().open.len()
    }

    /// One approval, waiting or ended lately.
    pub(crate) fn find(&self, id: &str) -> Option<ApprovalView> {
        let state = self.state();
        let open = id.parse().ok().and_then(|id: ApprovalId| state.open.get(&id)).map(|o| o.view.clone());
        open.or_else(|| state.ended.iter().find(|v| v.id == id).cloned())
    }

    /// The open question of this kind about exactly this, if there is one.
    pub(crate) fn about(&self, kind: ApprovalKind, digest: Digest) -> Option<ApprovalId> {
        let state = self.state();
        state.open.iter().find(|(_, o)| o.view.kind == kind && o.approval.terms().digest == digest).map(|(id, _)| *id)
    }

    /// The open questions of this kind about this server.
    pub(crate) fn about_server(&self, kinds: &[ApprovalKind], server: &str) -> Vec<ApprovalId> {
        let state = self.state();
        let of = |o: &&Open| kinds.contains(&o.view.kind) && o.view.server == server;
        state.open.iter().filter(|(_, o)| of(o)).map(|(id, _)| *id).collect()
    }

    /// Every card that is visible counts as hidden until its window says otherwise.
    pub(crate) fn rearm(&self) {
        let mut state = self.state();
        state.unlist();
        for open in state.open.values_mut() {
            open.step(Event::Hidden, now_ms());
        }
    }

    /// What waits now, and everything from now on.
    pub(crate) fn watch(&self) -> (Vec<ApprovalView>, broadcast::Receiver<Watched>) {
        let state = self.state();
        let watched = self.watched.subscribe();
        let mut views: Vec<_> = state.open.values().filter(|o| !o.parked).map(|o| o.view.clone()).collect();
        views.sort_by_key(|v| v.asked_at);
        (views, watched)
    }

    /// How many questions have no answer yet.
    pub(crate) fn unanswered(&self) -> usize {
        self.state().open.values().filter(|o| !o.parked).count()
    }

    /// Ends every question, because the broker stops.
    pub(crate) async fn withdraw_all(self: &Arc<Self>) {
        let ids: Vec<_> = self.state().open.keys().copied().collect();
        for id in ids {
            let _ = self.step(id, Event::Withdraw).await;
        }
    }
}

/// What every entry about a question says.
fn about(kind: &'static str, now: i64, view: &ApprovalView) -> Record {
    Record::new(kind, now)
        .with("approval", view.id.clone())
        .with("question", kind_word(view.kind))
        .with("digest", view.digest.clone())
        .with("server", view.server.clone())
        .with("tool", view.tool.clone())
        .with("client", view.client.name.clone())
}

fn answered(open: &Open, answer: Answer, by: &str, reason: Option<String>) -> Record {
    let (now, view) = (now_ms(), &open.view);
    let mut record = about("answered", now, view)
        .with("answer", serde_json::json!(answer))
        .with("answered_by", by)
        .with("proved", open.approval.proved().map(gate::approval::Means::word))
        .with("reason", reason.unwrap_or_default())
        .with("took_ms", now - view.asked_at)
        .with("visible_after_ms", open.seen_at.map(|at| at - view.asked_at))
        .with("edited", view.edits.iter().map(|edit| edit.pointer.clone()).collect::<Vec<_>>())
        .with("listed", open.listed.then_some(true))
        .with("retries", (view.client_waits.retries > 0).then_some(view.client_waits.retries));
    record.call = open.call;
    record
}

#[cfg(test)]
mod tests;
