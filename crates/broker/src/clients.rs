//! Which programs the person let in. A grant of entry binds to what was proved, never to a name.

use crate::Broker;
use crate::audit_log::{AuditLog, Durability};
use crate::clock::now_ms;
use crate::desk::{Desk, by_word};
use crate::present;
use crate::servers::{Authority, report_void};
use crate::store::{Decision, Store};
use gate::approval::{By, Ending, Level, Terms};
use gate::audit::Record;
use gate::call::{ApprovalId, Digest};
use gate::client::Client;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use wire::view::{ApprovalKind, KnownClientView};
use wire::{Fault, FaultCode};

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
    known: HashMap<Digest, Known>,
    /// Whom the person turned away, or suspended, in this run.
    declined: HashSet<Digest>,
}

/// What was let in, and when.
#[derive(Clone, Debug)]
struct Known {
    program: String,
    script: Option<String>,
    at: i64,
}

impl Known {
    fn of(decision: &Decision) -> Self {
        let value: serde_json::Value = serde_json::from_str(&decision.value).unwrap_or_default();
        let text = |name: &str| value.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
        Self { program: text("program").unwrap_or_default(), script: text("script"), at: decision.decided_at }
    }
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
        let known = rows.valid.iter().filter_map(|r| Some((r.name.parse().ok()?, Known::of(r)))).collect();
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
        let state = self.state();
        !state.declined.contains(&client.identity) && (self.everyone || state.known.contains_key(&client.identity))
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
        self.state().known.insert(client.identity, Known::of(&decision));
        Ok(())
    }

    /// Lets a program in no longer. It holds at once, whether or not it can be stored.
    pub(crate) async fn put_out(&self, identity: Digest, by: By) -> Result<(), Fault> {
        let known = {
            let mut state = self.state();
            state.declined.insert(identity);
            state.known.remove(&identity)
        };
        // Its connections close now, before anything has to wait or can fail.
        self.changed.send_modify(|n| *n += 1);
        let record = Record::new("decided", now_ms())
            .with("decision", "suspend")
            .with("client", known.as_ref().map(|known| known.program.clone()).unwrap_or_default())
            .with("identity", identity.to_string())
            .with("answered_by", by_word(by));
        let recorded = self.audit.append(record, Durability::Disk).await;
        self.store.undecide(CLIENT, &identity.to_string()).await?;
        recorded.map_err(|refusal| Fault::new(FaultCode::Storage, refusal.message))
    }
}

impl Broker {
    /// The programs that call tools: those that were let in, and those that are connected.
    pub fn known_clients(&self) -> Vec<KnownClientView> {
        let state = self.inner.corridor.clients.state();
        let attached = self.inner.connections.all();
        let mut all: BTreeMap<String, KnownClientView> = BTreeMap::new();
        for (identity, known) in &state.known {
            let Known { program, script, at } = known.clone();
            let identity = identity.to_string();
            let view = KnownClientView {
                identity: identity.clone(),
                program,
                script,
                let_in_at: Some(at),
                connected: false,
                suspended: false,
            };
            all.insert(identity, view);
        }
        for client in attached {
            let identity = client.identity.to_string();
            let suspended = state.declined.contains(&client.identity);
            let view = all.entry(identity.clone()).or_insert_with(|| KnownClientView {
                identity,
                program: client.program.clone(),
                script: client.script.clone(),
                let_in_at: None,
                connected: false,
                suspended,
            });
            view.connected = true;
        }
        all.into_values().collect()
    }

    /// The program that this proves.
    pub(crate) fn known_client(&self, identity: &str) -> Result<KnownClientView, Fault> {
        self.known_clients().into_iter().find(|client| client.identity == identity).ok_or_else(unknown)
    }

    /// Suspends a program: what it has on its way is cancelled, its questions are rejected, and none of its calls runs
    /// until it is asked about anew, after the next start.
    ///
    /// # Errors
    /// `NotFound`, or `Storage` when it can't be written: it holds until the broker ends.
    pub async fn suspend_client(&self, identity: &str, by: By) -> Result<(), Fault> {
        let known = self.known_client(identity)?;
        let digest = identity.parse().map_err(|_| unknown())?;
        self.inner.corridor.suspend_client(digest, (&known.program, known.script.as_deref()), by).await
    }
}

fn unknown() -> Fault {
    Fault::new(FaultCode::NotFound, "No program is known by that. See `consentry client known`.")
}
