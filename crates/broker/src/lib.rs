//! What does. Connections, servers, disk and keys around the gate, which decides.
//!
//! [`start()`] gives two handles: a [`Broker`], which reads and tightens, and a [`Decider`], which lets more run. Only the
//! app's own process, or a broker started with decisions on the command line, holds a decider; the control socket gets
//! one only in the latter.

mod audit_log;
mod clients;
mod clock;
mod connection;
mod control;
mod corridor;
mod decide;
mod desk;
mod doctor;
mod door;
mod entries;
mod home;
mod mcp;
mod policies;
mod policy_files;
mod present;
mod servers;
mod servers_json;
mod start;
mod store;
mod traffic;
mod upstream;
mod vault;
mod watcher;

pub use corridor::STAGES;
pub use decide::Decider;
pub use doctor::without_broker as doctor_without_broker;
pub use gate::approval::By as AnsweredBy;
pub use gate::policy::Preset;
pub use home::Home;
pub use policies::{check_files as policy_check, run_cases as policy_test};
pub use start::{Decisions, Options, runtime, start};

use corridor::Corridor;
use gate::approval::Event;
use gate::call::ApprovalId;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use store::Store;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;
use wire::command::CurrentQuestionReply;
use wire::control::Watched;
use wire::view::{ApprovalView, EntryDetail, EntryView, InboxView, ServersView, StatusView, VerifyView};
use wire::{Fault, FaultCode};

/// A running broker. It reads, rejects, revokes and stops; it can't let anything run.
#[derive(Clone)]
pub struct Broker {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) home: Home,
    pub(crate) decisions: Decisions,
    pub(crate) keychain_fault: Option<String>,
    pub(crate) corridor: Arc<Corridor>,
    pub(crate) policy_files: Arc<policy_files::PolicyFiles>,
    pub(crate) store: Store,
    pub(crate) events: broadcast::Sender<wire::Event>,
    pub(crate) connections: door::Connections,
    pub(crate) stop: CancellationToken,
    pub(crate) stopped: watch::Sender<bool>,
    /// Cards the person put away; they stay in the inbox.
    pub(crate) put_away: Mutex<HashSet<String>>,
}

impl Broker {
    /// What changes, as it changes. A receiver that falls behind should fetch everything again.
    pub fn events(&self) -> broadcast::Receiver<wire::Event> {
        self.inner.events.subscribe()
    }

    /// Waits until the broker has stopped: SIGTERM, a hand-over, or [`Broker::stop`].
    pub async fn stopped(&self) {
        let mut stopped = self.inner.stopped.subscribe();
        // The sender lives in `inner`, which we hold.
        let _ = stopped.wait_for(|s| *s).await;
    }

    /// Stops: questions are withdrawn, servers ended, the log closed. Takes at most 5 s.
    pub async fn stop(&self) {
        self.inner.stop.cancel();
        self.stopped().await;
    }

    /// The inbox page.
    #[expect(clippy::unused_async, reason = "callers see one kind of interface, whatever is behind it")]
    pub async fn inbox(&self) -> InboxView {
        let desk = &self.inner.corridor.desk;
        InboxView { waiting: desk.waiting(), ended: desk.ended() }
    }

    /// The question to show now: the soonest to expire that was not put away.
    #[expect(clippy::unused_async, reason = "callers see one kind of interface, whatever is behind it")]
    pub async fn current_question(&self) -> CurrentQuestionReply {
        let waiting = self.inner.corridor.desk.waiting();
        let of = u32::try_from(waiting.len()).unwrap_or(u32::MAX);
        let away = self.inner.put_away.lock().unwrap_or_else(PoisonError::into_inner);
        let at = waiting.iter().position(|v| !away.contains(&v.id));
        let place = at.and_then(|i| u32::try_from(i + 1).ok()).unwrap_or(0);
        let question = at.and_then(|i| waiting.into_iter().nth(i));
        CurrentQuestionReply { act: question.as_ref().and_then(|q| q.act.clone()), question, place, of }
    }

    /// Puts a card away; the question stays in the inbox.
    #[expect(clippy::unused_async, reason = "callers see one kind of interface, whatever is behind it")]
    pub async fn later(&self, id: &str) {
        let open: HashSet<String> = self.inner.corridor.desk.waiting().into_iter().map(|v| v.id).collect();
        let mut away = self.inner.put_away.lock().unwrap_or_else(PoisonError::into_inner);
        away.retain(|id| open.contains(id));
        away.insert(id.to_owned());
    }

    /// One approval, waiting or ended lately.
    pub fn approval(&self, id: &str) -> Option<ApprovalView> {
        self.inner.corridor.desk.find(id)
    }

    /// What waits, and everything from now on.
    pub fn watch(&self) -> (Vec<ApprovalView>, broadcast::Receiver<Watched>) {
        self.inner.corridor.desk.watch()
    }

    /// Says no.
    ///
    /// # Errors
    /// `Gone` when the question has ended.
    pub async fn reject(&self, id: &str, reason: Option<String>, by: AnsweredBy) -> Result<(), Fault> {
        let reason = reason.map(|r| r.chars().take(500).collect());
        self.inner.corridor.desk.step(approval_id(id)?, Event::Reject { reason, by }).await
    }

    /// Entries of the log, newest first.
    ///
    /// # Errors
    /// `Storage` when the database can't be read.
    pub async fn activity(&self, before: Option<i64>, limit: u32) -> Result<Vec<EntryView>, Fault> {
        entries::list(&self.inner.store, before, limit.min(5_000)).await
    }

    /// One entry, whole.
    ///
    /// # Errors
    /// `NotFound`, or `Storage` when the database can't be read.
    pub async fn entry(&self, seq: i64) -> Result<EntryDetail, Fault> {
        entries::show(&self.inner.store, seq).await
    }

    /// One entry by its place, or the first of a call.
    ///
    /// # Errors
    /// As [`Broker::entry`].
    pub async fn find_entry(&self, id: &str) -> Result<EntryDetail, Fault> {
        entries::find(&self.inner.store, id).await
    }

    /// Recomputes the whole chain.
    ///
    /// # Errors
    /// `Storage` when the database can't be read.
    pub async fn verify(&self) -> Result<VerifyView, Fault> {
        self.inner.store.verify().await
    }

    /// Why a call was decided as it was, line by line; foreign text is escaped.
    ///
    /// # Errors
    /// `NotFound`, or `Storage` when the database can't be read.
    pub async fn explain(&self, call: &str) -> Result<Vec<String>, Fault> {
        entries::explain(&self.inner.store, call).await
    }

    /// The servers page.
    #[expect(clippy::unused_async, reason = "callers see one kind of interface, whatever is behind it")]
    pub async fn servers(&self) -> ServersView {
        self.inner.corridor.servers.view(&self.inner.corridor.traffic.by_server())
    }

    /// Takes a server away and ends its processes.
    ///
    /// # Errors
    /// `NotFound`, or `Storage` when it can't be written.
    pub async fn remove_server(&self, name: &str) -> Result<(), Fault> {
        self.inner.corridor.servers.remove(name).await
    }

    /// Sets what a trusted tool can do: more than before only.
    ///
    /// # Errors
    /// `NotHere` where something is taken away, `NotFound`, `Invalid`, or `Storage` when it can't be written.
    pub async fn raise_effects(&self, name: &str, tool: &str, effects: &[wire::view::Effect]) -> Result<(), Fault> {
        self.inner.corridor.servers.set_effects(name, tool, &present::effects_of(effects), None).await
    }

    /// The broker's state, and what `doctor` checks.
    pub async fn status(&self) -> StatusView {
        doctor::status(&self.inner).await
    }
}

pub(crate) fn approval_id(id: &str) -> Result<ApprovalId, Fault> {
    id.parse().map_err(|_| Fault::new(FaultCode::NotFound, "That is no approval's id."))
}
