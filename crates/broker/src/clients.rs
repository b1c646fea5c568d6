//! Which programs the person let in. A grant of entry binds to what was proved, never to a name.

use crate::audit_log::{AuditLog, Durability};
use crate::clock::now_ms;
use crate::desk::Desk;
use crate::present;
use crate::servers::{Authority, report_void};
use crate::store::{Decision, Store};
use gate::approval::{Ending, Level, Terms};
use gate::audit::Record;
use gate::call::{ApprovalId, Digest};
use gate::client::Client;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use wire::Fault;
use wire::view::ApprovalKind;

const CLIENT: &str = "client";

/// The clients of one home.
pub(crate) struct Clients {
    store: Store,
    audit: AuditLog,
    desk: Arc<Desk>,
    /// With decisions on the command line every program of this user is known by its label.
    everyone: bool,
    state: Mutex<State>,
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    known: HashSet<Digest>,
    declined: HashSet<Digest>,
}

impl Clients {
    /// Loads who was let in before.
    pub(crate) async fn open(
        store: Store,
        audit: AuditLog,
        desk: Arc<Desk>,
        everyone: bool,
    ) -> Result<Arc<Self>, Fault> {
        let rows = store.decisions(CLIENT).await?;
        for name in &rows.void {
            report_void(&audit, CLIENT, name).await;
        }
        let known = rows.valid.iter().filter_map(|r| r.name.parse().ok()).collect();
        let state = Mutex::new(State { known, declined: HashSet::new() });
        Ok(Arc::new(Self { store, audit, desk, everyone, state, changed: watch::Sender::new(0) }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Told whenever somebody was let in or turned away.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Whether the person let this program in.
    pub(crate) fn knows(&self, client: &Client) -> bool {
        self.everyone || self.state().known.contains(&client.identity)
    }

    /// Whether the person turned it away in this run.
    pub(crate) fn declined(&self, client: &Client) -> bool {
        self.state().declined.contains(&client.identity)
    }

    /// Asks about a program, once.
    pub(crate) async fn ask(self: &Arc<Self>, client: &Arc<Client>) {
        let digest = Digest::of("consentry client 1", &[&client.identity.0]);
        if self.knows(client) || self.declined(client) || self.desk.about(ApprovalKind::Client, digest).is_some() {
            return;
        }
        let id = ApprovalId(uuid::Uuid::now_v7());
        let terms = Terms { id, digest, level: Level::Approve, act: None, lives_ms: None };
        let Ok(asked) = self.desk.ask(terms, present::stranger(client), None).await else { return };
        let (clients, client) = (self.clone(), client.clone());
        tokio::spawn(async move {
            match asked.ending.await {
                Ok(Ending::Approved(yes)) if yes.digest() == digest => {
                    if let Err(fault) = clients.let_in(&client, &Authority::Yes(yes)).await {
                        tracing::error!("a client could not be let in: {fault}");
                    }
                }
                Ok(Ending::Rejected { .. }) => {
                    clients.state().declined.insert(client.identity);
                }
                Ok(Ending::Approved(_) | Ending::Expired | Ending::Unused | Ending::Withdrawn) | Err(_) => {}
            }
            clients.changed.send_modify(|n| *n += 1);
        });
    }

    async fn let_in(&self, client: &Client, by: &Authority) -> Result<(), Fault> {
        let record = Record::new("decided", now_ms())
            .with("decision", CLIENT)
            .with("client", client.name())
            .with("program", client.program.clone())
            .with("script", client.script.clone().unwrap_or_default())
            .with("sha256", client.sha256.clone())
            .with("identity", client.identity.to_string())
            .with("answered_by", by.word())
            .with("approval", by.approval());
        self.audit
            .append(record, Durability::Disk)
            .await
            .map_err(|refusal| Fault::new(wire::FaultCode::Storage, refusal.message))?;
        let value = serde_json::json!({"program": client.program, "script": client.script}).to_string();
        let decision = Decision { name: client.identity.to_string(), value, decided_at: now_ms() };
        self.store.decide(CLIENT, &decision).await?;
        self.state().known.insert(client.identity);
        Ok(())
    }
}
