//! "Stop all": what is on its way is cancelled, what asks is rejected, and nothing runs until a person lifts it in our
//! window. It is stored as a decision, so that it outlives a restart and can't be taken out of the database unseen.

use crate::audit_log::{AuditLog, Durability};
use crate::clock::now_ms;
use crate::store::{Decision, Store};
use gate::approval::By;
use gate::audit::Record;
use gate::call::Digest;
use gate::permit::{Refusal, RefusalKind};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;
use wire::{Fault, FaultCode};

const KIND: &str = "stop";
const ALL: &str = "all";

/// Whether everything is stopped, and the calls that would have to be.
#[derive(Debug)]
pub(crate) struct Stop {
    store: Store,
    audit: AuditLog,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    on: bool,
    next: u64,
    /// With whose they are.
    calls: HashMap<u64, (Digest, CancellationToken)>,
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
        let on = !rows.valid.is_empty() || !rows.void.is_empty();
        Ok(Self { store, audit, state: Mutex::new(State { on, ..State::default() }) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether everything is stopped.
    pub(crate) fn is_on(&self) -> bool {
        self.state().on
    }

    /// A call begins.
    ///
    /// # Errors
    /// A refusal while everything is stopped.
    pub(crate) fn begin(&self, client: Digest, cancel: &CancellationToken) -> Result<Stoppable<'_>, Refusal> {
        let mut state = self.state();
        if state.on {
            let why = "The user stopped everything in Consentry, so the call did not run. Tell the user; they can lift \
                       it in Consentry's window.";
            return Err(Refusal::new(RefusalKind::Stopped, why));
        }
        state.next += 1;
        let number = state.next;
        state.calls.insert(number, (client, cancel.clone()));
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
            state.calls.values().map(|(_, call)| call.clone()).collect()
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
        for (_, call) in self.state().calls.values().filter(|(whose, _)| *whose == client) {
            call.cancel();
        }
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
