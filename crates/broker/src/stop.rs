//! "Stop all", and servers that are suspended: what is on its way is cancelled, what asks is rejected, and nothing runs
//! until a person lifts it in our window. It is stored as a decision, so that it outlives a restart and can't be taken out
//! of the database unseen.

use crate::audit_log::{AuditLog, Durability};
use crate::clock::now_ms;
use crate::store::{Decision, Store};
use gate::approval::By;
use gate::audit::Record;
use gate::call::Digest;
use gate::permit::{Refusal, RefusalKind};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;
use wire::text::escaped;
use wire::{Fault, FaultCode};

const KIND: &str = "stop";
const ALL: &str = "all";
/// Before the name of a suspended server.
const SERVER: &str = "server ";

/// What is stopped, and the calls that would have to be.
#[derive(Debug)]
pub(crate) struct Stop {
    store: Store,
    audit: AuditLog,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    on: bool,
    /// Servers that are suspended, each with why.
    servers: BTreeMap<String, String>,
    next: u64,
    calls: HashMap<u64, OnItsWay>,
}

/// A call that is on its way.
#[derive(Debug)]
struct OnItsWay {
    client: Digest,
    server: String,
    cancel: CancellationToken,
}

/// A call that a stop cancels, for as long as this is held.
#[derive(Debug)]
pub(crate) struct Stoppable<'a> {
    stop: &'a Stop,
    number: u64,
}

impl Drop for Stoppable<'_> {
    fn drop(&mut self) {
        self.stop.state().calls.remove(&self.number);
    }
}

impl Stop {
    /// As it was left.
    pub(crate) async fn open(store: Store, audit: AuditLog) -> Result<Self, Fault> {
        let rows = store.decisions(KIND).await?;
        // A row whose seal does not hold was put there by somebody else; stopping is free, so it counts.
        let mut state = State::default();
        let void = rows.void.into_iter().map(|name| (name, String::new()));
        for (name, why) in rows.valid.into_iter().map(|row| (row.name, row.value)).chain(void) {
            match name.strip_prefix(SERVER) {
                Some(server) => drop(state.servers.insert(server.to_owned(), why)),
                None => state.on = true,
            }
        }
        Ok(Self { store, audit, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether everything is stopped.
    pub(crate) fn is_on(&self) -> bool {
        self.state().on
    }

    /// Why this server is suspended, if it is.
    pub(crate) fn suspended(&self, server: &str) -> Option<String> {
        self.state().servers.get(server).cloned()
    }

    /// A call begins.
    ///
    /// # Errors
    /// A refusal while everything is stopped, or this server is.
    pub(crate) fn begin(
        &self,
        client: Digest,
        server: &str,
        cancel: &CancellationToken,
    ) -> Result<Stoppable<'_>, Refusal> {
        let mut state = self.state();
        if state.on {
            let why = "The user stopped everything in Consentry, so the call did not run. Tell the user; they can lift \
                       it in Consentry's window.";
            return Err(Refusal::new(RefusalKind::Stopped, why));
        }
        if state.servers.contains_key(server) {
            let why = format!(
                "The server `{}` is suspended in Consentry, so the call did not run. Tell the user; they can lift it in \
                 Consentry's window.",
                escaped(server)
            );
            return Err(Refusal::new(RefusalKind::Stopped, why));
        }
        state.next += 1;
        let number = state.next;
        state.calls.insert(number, OnItsWay { client, server: server.to_owned(), cancel: cancel.clone() });
        Ok(Stoppable { stop: self, number })
    }

    /// Stops everything. It holds at once, whether or not it can be stored.
    ///
    /// # Errors
    /// `Storage` when it can't be written: it holds until the broker ends.
    pub(crate) async fn stop(&self, by: By) -> Result<(), Fault> {
        let calls: Vec<CancellationToken> = {
            let mut state = self.state();
            state.on = true;
            state.calls.values().map(|call| call.cancel.clone()).collect()
        };
        for call in &calls {
            call.cancel();
        }
        let record =
            Record::new("stopped", now_ms()).with("answered_by", crate::desk::by_word(by)).with("calls", calls.len());
        let recorded = self.audit.append(record, Durability::Disk).await;
        let decision = Decision { name: ALL.into(), value: "on".into(), decided_at: now_ms() };
        self.store.decide(KIND, &decision).await?;
        recorded.map_err(|refusal| Fault::new(FaultCode::Storage, refusal.message))
    }

    /// Cancels what this client has on its way.
    pub(crate) fn cancel(&self, client: Digest) {
        self.state().calls.values().filter(|call| call.client == client).for_each(|call| call.cancel.cancel());
    }

    /// Cancels what is on its way to this server.
    pub(crate) fn cancel_at(&self, server: &str) {
        self.state().calls.values().filter(|call| call.server == server).for_each(|call| call.cancel.cancel());
    }

    /// Suspends a server: from now on nothing goes there, until it is lifted.
    pub(crate) fn suspend(&self, server: &str, why: &str) {
        self.state().servers.insert(server.to_owned(), why.to_owned());
    }

    /// Writes down that a server is suspended, so that it stays so.
    ///
    /// # Errors
    /// `Storage` when it can't be written: it holds until the broker ends.
    pub(crate) async fn keep_suspended(&self, server: &str, why: &str, by: By) -> Result<(), Fault> {
        let record = Record::new("decided", now_ms())
            .with("decision", "suspend_server")
            .with("server", server)
            .with("why", why)
            .with("answered_by", crate::desk::by_word(by));
        let recorded = self.audit.append(record, Durability::Disk).await;
        let name = format!("{SERVER}{server}");
        self.store.decide(KIND, &Decision { name, value: why.to_owned(), decided_at: now_ms() }).await?;
        recorded.map_err(|refusal| Fault::new(FaultCode::Storage, refusal.message))
    }

    /// Lets a suspended server run again: a decision.
    ///
    /// # Errors
    /// `NotFound` where it is not suspended, `Storage` when it can't be written: it stays so.
    pub(crate) async fn resume(&self, server: &str, by: By) -> Result<(), Fault> {
        if self.suspended(server).is_none() {
            return Err(Fault::new(FaultCode::NotFound, format!("The server `{}` is not suspended.", escaped(server))));
        }
        let record = Record::new("decided", now_ms())
            .with("decision", "resume_server")
            .with("server", server)
            .with("answered_by", crate::desk::by_word(by));
        let storage = |refusal: Refusal| Fault::new(FaultCode::Storage, refusal.message);
        self.audit.append(record, Durability::Disk).await.map_err(storage)?;
        self.store.undecide(KIND, &format!("{SERVER}{server}")).await?;
        self.state().servers.remove(server);
        Ok(())
    }

    /// Lifts it: a decision.
    ///
    /// # Errors
    /// `Storage` when it can't be written: it stays stopped.
    pub(crate) async fn lift(&self, by: By) -> Result<(), Fault> {
        let record = Record::new("decided", now_ms())
            .with("decision", "lift_stop")
            .with("answered_by", crate::desk::by_word(by));
        let storage = |refusal: Refusal| Fault::new(FaultCode::Storage, refusal.message);
        self.audit.append(record, Durability::Disk).await.map_err(storage)?;
        self.store.undecide(KIND, ALL).await?;
        self.state().on = false;
        Ok(())
    }
}
