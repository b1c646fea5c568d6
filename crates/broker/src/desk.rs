//! The open questions. Drives the approval machine of the gate: its timers, its record in the log, its answers.

use crate::audit_log::{AuditLog, Durability};
use crate::clock::now_ms;
use gate::approval::{Approval, By, Effect, Ending, Event, NotCounted, Terms};
use gate::audit::Record;
use gate::call::{ApprovalId, CallId, Digest};
use gate::permit::Refusal;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{broadcast, oneshot};
use wire::control::Watched;
use wire::view::{Answer, ApprovalKind, ApprovalView, EndedView};
use wire::{Fault, FaultCode};

/// How many ended approvals the inbox remembers.
const REMEMBERED: usize = 50;

/// How many questions may wait at once; more are refused unasked. (One card for a flood comes with folding.)
const MOST_WAITING: usize = 200;

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
}

#[derive(Debug)]
struct Open {
    approval: Approval,
    view: ApprovalView,
    call: Option<CallId>,
    settle: oneshot::Sender<Ending>,
}

/// A question that was put on the desk.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Its id.
    pub(crate) id: ApprovalId,
    /// How it ends; a closed channel means that the desk is gone, which is a no.
    pub(crate) ending: oneshot::Receiver<Ending>,
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
        mut view: ApprovalView,
        call: Option<CallId>,
    ) -> Result<Asked, Refusal> {
        if self.state().open.len() >= MOST_WAITING {
            let why = format!("{MOST_WAITING} questions wait already, so this one was refused unasked.");
            return Err(Refusal::new(gate::permit::RefusalKind::Denied, why));
        }
        let now = now_ms();
        let id = terms.id;
        let (approval, effects) = Approval::ask(terms, now);
        view.id = id.to_string();
        view.digest = approval.terms().digest.to_string();
        view.arms_after_ms = u32::try_from(Approval::arms_after(approval.terms().level)).unwrap_or(u32::MAX);
        view.asked_at = now;
        view.expires_at = approval.expires_at();
        let card = serde_json::to_vec(&view).unwrap_or_default();
        let mut record = Record::new("asked", now)
            .with("approval", view.id.clone())
            .with("question", kind_word(view.kind))
            .with("level", serde_json::json!(view.level))
            .with("digest", view.digest.clone())
            .with("server", view.server.clone())
            .with("tool", view.tool.clone())
            .with("client", view.client.name.clone())
            .with("effects", view.effects.iter().map(|effect| effect.word()).collect::<Vec<_>>())
            .with("policies", view.reasons.iter().map(|r| r.policy.clone()).collect::<Vec<_>>())
            .with_body("card", card.into());
        record.call = call;
        self.audit.append(record, Durability::Process).await?;
        let (settle, ending) = oneshot::channel();
        {
            let mut state = self.state();
            state.open.insert(id, Open { approval, view: view.clone(), call, settle });
            let _ = self.watched.send(Watched::Pending(Box::new(view)));
        }
        let _ = self.events.send(wire::Event::Inbox);
        self.follow(id, effects);
        Ok(Asked { id, ending })
    }

    /// An event for one question.
    ///
    /// # Errors
    /// Why an answer did not count.
    pub(crate) async fn step(self: &Arc<Self>, id: ApprovalId, event: Event) -> Result<(), Fault> {
        let gone = || Fault::new(FaultCode::Gone, "This question has ended, or there never was one with this id.");
        let (ended, rest) = {
            let mut state = self.state();
            let open = state.open.get_mut(&id).ok_or_else(gone)?;
            let effects = open.approval.step(event, now_ms());
            open.view.expires_at = open.approval.expires_at();
            let (mut ended, mut rest) = (None, Vec::new());
            for effect in effects {
                match effect {
                    Effect::Ended(ending) => ended = state.open.remove(&id).map(|open| (open, ending)),
                    other => rest.push(other),
                }
            }
            (ended, rest)
        };
        if let Some((open, ending)) = ended {
            self.close(open, ending).await;
        }
        let not_counted = rest.iter().find_map(|e| if let Effect::NotCounted(why) = e { Some(*why) } else { None });
        if rest.contains(&Effect::Changed) {
            let _ = self.events.send(wire::Event::Inbox);
        }
        self.follow(id, rest);
        not_counted.map_or(Ok(()), |why| Err(fault(why)))
    }

    fn follow(self: &Arc<Self>, id: ApprovalId, effects: Vec<Effect>) {
        for effect in effects {
            if let Effect::WakeAt(at) = effect {
                let desk = self.clone();
                tokio::spawn(async move {
                    let wait = u64::try_from(at - now_ms()).unwrap_or(0);
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                    let _ = Box::pin(desk.step(id, Event::Tick)).await;
                });
            }
        }
    }

    /// The log first, then whoever waits: an answer that is not on record is no answer.
    async fn close(&self, open: Open, ending: Ending) {
        let now = now_ms();
        let (answer, by, reason) = match &ending {
            Ending::Approved(yes) => (Answer::Approved, by_word(yes.by()), None),
            Ending::Rejected { reason, by } => (Answer::Rejected, by_word(*by), reason.clone()),
            Ending::Expired => (Answer::Expired, "", None),
            Ending::Withdrawn => (Answer::Withdrawn, "", None),
        };
        let mut view = open.view;
        let mut record = Record::new("answered", now)
            .with("approval", view.id.clone())
            .with("question", kind_word(view.kind))
            .with("answer", serde_json::json!(answer))
            .with("answered_by", by)
            .with("reason", reason.unwrap_or_default())
            .with("took_ms", now - view.asked_at)
            .with("digest", view.digest.clone())
            .with("server", view.server.clone())
            .with("tool", view.tool.clone())
            .with("client", view.client.name.clone());
        record.call = open.call;
        let id = view.id.clone();
        view.ended = Some(EndedView { answer, at: now, answered_by: by.into(), outcome: String::new() });
        let recorded = self.audit.append(record, Durability::Disk).await;
        {
            let mut state = self.state();
            state.ended.push_front(view);
            state.ended.truncate(REMEMBERED);
        }
        let ending = if recorded.is_ok() { ending } else { Ending::Withdrawn };
        let _ = open.settle.send(ending);
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
        for open in self.state().open.values_mut() {
            open.approval.step(Event::Hidden, now_ms());
        }
    }

    /// What waits now, and everything from now on.
    pub(crate) fn watch(&self) -> (Vec<ApprovalView>, broadcast::Receiver<Watched>) {
        let state = self.state();
        let watched = self.watched.subscribe();
        let mut views: Vec<_> = state.open.values().map(|o| o.view.clone()).collect();
        views.sort_by_key(|v| v.asked_at);
        (views, watched)
    }

    /// Ends every question, because the broker stops.
    pub(crate) async fn withdraw_all(self: &Arc<Self>) {
        let ids: Vec<_> = self.state().open.keys().copied().collect();
        for id in ids {
            let _ = self.step(id, Event::Withdraw).await;
        }
    }
}

fn fault(why: NotCounted) -> Fault {
    match why {
        NotCounted::Over => Fault::new(FaultCode::Gone, "This question has ended: the answer came too late."),
        NotCounted::OtherDigest => {
            Fault::new(FaultCode::DigestMismatch, "The digest is not the one of this question. Nothing was approved.")
        }
        NotCounted::TooEarly => Fault::new(FaultCode::TooEarly, "The card was not visible long enough yet."),
        NotCounted::ActMissing => Fault::new(FaultCode::ActMissing, "Pick the value that is in the call first."),
        NotCounted::NotHere => Fault::new(FaultCode::NotHere, "This can only say no. Approve in Consentry's window."),
    }
}

/// The word for who answered.
pub(crate) fn by_word(by: By) -> &'static str {
    match by {
        By::Window => "window",
        By::Cli => "cli",
        By::Tightening => "tightening",
    }
}

fn kind_word(kind: ApprovalKind) -> &'static str {
    match kind {
        ApprovalKind::Call => "call",
        ApprovalKind::Run => "run",
        ApprovalKind::Trust => "trust",
        ApprovalKind::Drift => "drift",
        ApprovalKind::Client => "client",
        ApprovalKind::Policy => "policy",
    }
}
