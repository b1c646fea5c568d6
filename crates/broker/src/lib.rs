//! What does. Connections, servers, disk and keys around the gate, which decides.
//!
//! [`start()`] gives two handles: a [`Broker`], which reads and tightens, and a [`Decider`], which lets more run. Only the
//! app's own process, or a broker started with decisions on the command line, decides freely; on the control socket of any
//! other each decision takes a proof that the person is there.

mod accounts;
mod approved;
mod attention;
mod audit_log;
mod came_back;
mod client_files;
mod clients;
mod clock;
mod connection;
mod control;
mod corridor;
mod decide;
mod desk;
mod doctor;
mod door;
mod edits;
mod entries;
pub mod export;
mod grants;
mod home;
mod inbox;
mod logins;
mod looks;
mod mcp;
mod noted;
mod own_domains;
mod person;
mod policies;
mod policy_files;
mod present;
mod recall;
mod replay;
mod rules;
mod secrets;
mod servers;
mod servers_json;
mod spotlights;
mod start;
mod stop;
mod store;
mod suggestions;
mod suspensions;
mod terms;
mod threats;
mod traffic;
mod upstream;
mod vault;
mod watcher;
mod withheld;

pub use client_files::{here as client_places, scan as client_scan};
pub use corridor::STAGES;
pub use decide::Decider;
pub use doctor::without_broker as doctor_without_broker;
pub use gate::approval::By as AnsweredBy;
pub use gate::policy::Preset;
pub use home::Home;
pub use policies::{check_files as policy_check, run_cases as policy_test};
pub use secrets::is_secret;
pub use start::{Decisions, Options, runtime, start};

use corridor::Corridor;
use gate::call::ApprovalId;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use store::Store;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;
use wire::control::Draft;
use wire::view::{
    ActivityChoices, ActivityFilter, EntryDetail, EntryView, ExportFormat, ExportRow, GrantView, InspectView,
    PoliciesView, ReplayView, ServersView, StatusView, TextKind, VerifyView,
};
use wire::{Fault, FaultCode};

/// How many entries are given at once.
const MOST_ENTRIES: u32 = 5_000;

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
    /// What the log says of questions.
    pub(crate) attention: tokio::sync::Mutex<attention::QuestionLog>,
    /// Until when no prompt shows; in memory, so that a restart ends it.
    pub(crate) quiet_until: Mutex<i64>,
    /// Whether the person is there, where that matters.
    pub(crate) person: person::Person,
    /// Files of clients are changed by one at a time.
    pub(crate) client_turn: tokio::sync::Mutex<()>,
    /// What is new in them.
    pub(crate) news: client_files::News,
}

impl Inner {
    /// Until when no prompt shows, if that is so now.
    pub(crate) fn quiet_until(&self) -> Option<i64> {
        let until = *self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner);
        (until > clock::now_ms()).then_some(until)
    }
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

    /// Every grant, newest first.
    pub fn grants(&self) -> Vec<GrantView> {
        let corridor = &self.inner.corridor;
        let policies = corridor.policies.current().versions();
        corridor.grants.views(|grant| {
            let pin = corridor.servers.pin_of(&grant.server_name, &grant.tool);
            grants::dead(grant, pin, policies)
        })
    }

    /// Takes a grant back: it counts for nothing from now on.
    ///
    /// # Errors
    /// `NotFound`, or `Storage` when it can't be written: it counts for nothing all the same until the broker ends.
    pub async fn revoke_grant(&self, id: &str, by: AnsweredBy) -> Result<(), Fault> {
        self.inner.corridor.grants.revoke(id, by).await
    }

    /// Stops everything: open calls are cancelled, questions rejected, logins given back, and nothing runs until it is
    /// lifted.
    ///
    /// # Errors
    /// `Storage` when it can't be written: it holds until the broker ends.
    pub async fn stop_all(&self, by: AnsweredBy) -> Result<(), Fault> {
        let corridor = &self.inner.corridor;
        let stopped = corridor.stop.stop(by).await;
        corridor.desk.reject_calls(|_| true, "I stopped everything.", by).await;
        self.give_logins_back();
        let _ = self.inner.events.send(wire::Event::Status);
        stopped
    }

    /// Whether the person stopped everything.
    pub fn is_stopped(&self) -> bool {
        self.inner.corridor.stop.is_on()
    }

    /// Suspends a server: what is on its way there is cancelled, questions about it are rejected, and no call goes there
    /// until that is lifted.
    ///
    /// # Errors
    /// `NotFound`, or `Storage` when it can't be written: it holds until the broker ends.
    pub async fn suspend_server(&self, name: &str, by: AnsweredBy) -> Result<(), Fault> {
        let corridor = &self.inner.corridor;
        if !corridor.servers.has(name) {
            let why = format!("There is no server `{}`.", wire::text::escaped(name));
            return Err(Fault::new(FaultCode::NotFound, why));
        }
        corridor.suspend_server(name, "", by).await
    }

    /// What rules suspended since this was asked last, a sentence each; names in it are escaped.
    pub fn suspensions(&self) -> Vec<String> {
        self.inner.corridor.suspensions.news()
    }

    /// Entries of the log, newest first.
    ///
    /// # Errors
    /// `Storage` when the database can't be read.
    pub async fn activity(
        &self,
        filter: &ActivityFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<EntryView>, Fault> {
        entries::list(&self.inner.store, filter, before, limit.min(MOST_ENTRIES)).await
    }

    /// What the log can be filtered by.
    ///
    /// # Errors
    /// `Storage` when the database can't be read.
    pub async fn choices(&self) -> Result<ActivityChoices, Fault> {
        entries::choices(&self.inner.store).await
    }

    /// Entries with their exact records, oldest first.
    ///
    /// # Errors
    /// `Storage` when the database can't be read.
    pub async fn export(&self, filter: &ActivityFilter, after: i64, limit: u32) -> Result<Vec<ExportRow>, Fault> {
        entries::rows(&self.inner.store, filter, after, limit.min(MOST_ENTRIES)).await
    }

    /// Writes entries into a new file in the person's folder for downloads, and says which.
    ///
    /// # Errors
    /// `Storage` when the database can't be read or the file can't be written.
    pub async fn export_to_downloads(&self, filter: &ActivityFilter, format: ExportFormat) -> Result<String, Fault> {
        let folder = export::downloads()?;
        let path = export::to_folder(&self.inner.store, &folder, filter, format, clock::now_ms()).await?;
        Ok(path.to_string_lossy().into_owned())
    }

    /// The rules in force, and what the presets would ask.
    pub fn policies(&self) -> PoliciesView {
        rules::view(&self.inner)
    }

    /// What inspection makes of a text that the person pasted, under the rules in force.
    ///
    /// # Errors
    /// `Invalid` for a text that is too long.
    pub async fn inspect(&self, kind: TextKind, text: String) -> Result<InspectView, Fault> {
        let policies = self.inner.corridor.policies.current();
        let inspect = move || present::inspect(kind, &text, |class| policies.withholds("", class));
        tokio::task::spawn_blocking(inspect)
            .await
            .unwrap_or_else(|e| Err(Fault::new(FaultCode::Internal, format!("The text could not be inspected: {e}."))))
    }

    /// The words that the person keeps to themselves, as typed.
    pub fn own_terms(&self) -> Vec<String> {
        self.inner.corridor.own_terms.all()
    }

    /// The domains that the person named as their own.
    pub fn own_domains(&self) -> Vec<String> {
        self.inner.corridor.own_domains.all()
    }

    /// Puts a stricter preset in force, or the same again. A looser one is a decision: [`Decider::choose_preset`].
    ///
    /// # Errors
    /// `NotHere` for a looser one, `Storage` when it can't be written.
    pub async fn tighten_preset(&self, preset: Preset) -> Result<(), Fault> {
        let in_force = self.inner.corridor.policies.preset();
        if preset == in_force {
            // Nothing is written: a choice that waits for the next start may be stricter than what is in force.
            return Ok(());
        }
        if policy_files::loosens(in_force, preset) {
            let why = "This preset asks less than the one in force. That is decided in Consentry's window.";
            return Err(Fault::new(FaultCode::NotHere, why));
        }
        self.inner.policy_files.choose(preset, AnsweredBy::Tightening).await
    }

    /// One entry, whole.
    ///
    /// # Errors
    /// `NotFound`, or `Storage` when the database can't be read.
    pub async fn entry(&self, seq: i64) -> Result<EntryDetail, Fault> {
        entries::show(&self.inner.store, &self.inner.corridor.policies, seq).await
    }

    /// One entry by its place, or the first of a call.
    ///
    /// # Errors
    /// As [`Broker::entry`].
    pub async fn find_entry(&self, id: &str) -> Result<EntryDetail, Fault> {
        entries::find(&self.inner.store, &self.inner.corridor.policies, id).await
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
        entries::explain(&self.inner.store, &self.inner.corridor.policies, call).await
    }

    /// Past calls judged again under a draft of the rules.
    ///
    /// # Errors
    /// `Invalid` for a draft that is wrong, `Storage` when the log can't be read.
    pub async fn replay(&self, draft: &Draft, since: Option<i64>) -> Result<ReplayView, Fault> {
        replay::replay(&self.inner.store, &self.inner.corridor.policies, draft, since).await
    }

    /// The servers page.
    #[expect(clippy::unused_async, reason = "callers see one kind of interface, whatever is behind it")]
    pub async fn servers(&self) -> ServersView {
        let corridor = &self.inner.corridor;
        let mut view = corridor.servers.view(&corridor.traffic.by_server());
        for server in &mut view.servers {
            server.suspended = corridor.stop.suspended(&server.name);
            corridor.spotlights.of(&server.name).word().clone_into(&mut server.spotlight);
        }
        view
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

    /// Sets what a server says more apart for the model than it was; a tightening.
    ///
    /// # Errors
    /// `NotHere` where it would be less, `NotFound`, `Invalid`, or `Storage` when it can't be written.
    pub async fn raise_spotlight(&self, server: &str, how: &str) -> Result<(), Fault> {
        self.inner.set_spotlight(server, how, None).await
    }

    /// The broker's state, and what `doctor` checks.
    pub async fn status(&self) -> StatusView {
        doctor::status(self).await
    }
}

pub(crate) fn approval_id(id: &str) -> Result<ApprovalId, Fault> {
    id.parse().map_err(|_| Fault::new(FaultCode::NotFound, "That is no approval's id."))
}
