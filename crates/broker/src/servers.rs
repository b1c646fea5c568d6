//! The servers: what `servers.json` proposes, what a person accepted, what is pinned, and what changed since.
//!
//! In force is what stands in the file *and* was accepted as it stands there. Everything else waits in the inbox.

mod choice;
mod decisions;
mod import;
mod running;
mod trust;
mod view;

pub(crate) use choice::Choice;
pub(crate) use import::Import;
pub(crate) use trust::read_tools;

use crate::accounts::Accounts;
use crate::audit_log::{AuditLog, Durability};
use crate::clock::now_ms;
use crate::desk::{Desk, by_word};
use crate::policies::PolicyBook;
use crate::servers_json;
use crate::store::Store;
use crate::upstream::{Configured, Target, Upstream};
use bytes::Bytes;
use choice::EFFECTS;
use gate::approval::{By, Yes};
use gate::audit::Record;
use gate::call::{Digest, Server};
use gate::tool::{Drift, Pin, Tool};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::{broadcast, watch};
use wire::Fault;
use wire::view::ApprovalKind;

const SERVER: &str = "server";
const PIN: &str = "pin";

/// By what right something that lets more run is decided.
#[derive(Debug)]
pub(crate) enum Authority {
    /// A person's yes to exactly this.
    Yes(Yes),
    /// A person did it in our window, or on a command line that decides.
    Person(By),
}

impl Authority {
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Yes(yes) => by_word(yes.by()),
            Self::Person(by) => by_word(*by),
        }
    }

    pub(crate) fn approval(&self) -> String {
        match self {
            Self::Yes(yes) => yes.approval().to_string(),
            Self::Person(_) => String::new(),
        }
    }
}

/// A server's tools as they were listed once.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) tools: Vec<Arc<Tool>>,
    pub(crate) instructions: Option<String>,
}

impl Listing {
    pub(crate) fn pin(&self) -> Pin {
        Pin::of(self.tools.iter().map(Arc::as_ref), self.instructions.as_deref())
    }

    pub(crate) fn tool(&self, name: &str) -> Option<&Arc<Tool>> {
        self.tools.iter().find(|t| t.name == name)
    }
}

/// The command of a server, accepted, as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Accepted {
    alias: String,
    command: Configured,
    /// The program's file and its hash, where it is a program.
    #[serde(default)]
    resolved: PathBuf,
    #[serde(default)]
    sha256: String,
    identity: String,
}

/// The pin of a server, as stored: raw definitions, so that what was approved can be served.
#[derive(Debug, Serialize, Deserialize)]
struct Pinned {
    tools: Vec<String>,
    instructions: Option<String>,
    /// Tools it offered that the person left out.
    #[serde(default)]
    left_out: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct Entry {
    /// As it stands in `servers.json`.
    configured: Option<Result<Configured, String>>,
    accepted: Option<Accepted>,
    pinned: Option<(Arc<Listing>, i64)>,
    drift: Drift,
    /// Its program is another than was accepted.
    program_changed: bool,
    /// Said by the last attempt to start or list it.
    fault: Option<String>,
    running: Vec<Weak<Upstream>>,
    stderr: Vec<String>,
    clients: BTreeMap<gate::call::ConnectionId, String>,
    /// A review is under way.
    reviewing: bool,
    /// Digests a person said no to; not asked again in this run.
    declined: BTreeSet<String>,
    /// What the person chose of its tools.
    choice: Choice,
    /// What the open trust question is about.
    asking: Option<Asking>,
}

/// A trust question: all that was listed, and the choice it is about.
#[derive(Clone, Debug)]
struct Asking {
    listed: Listing,
    kind: ApprovalKind,
    choice: Choice,
}

impl Entry {
    /// The accepted command, while the file still has the server.
    fn in_force(&self) -> Option<&Accepted> {
        self.configured.as_ref().and(self.accepted.as_ref())
    }
}

/// What a connection may use of a server now.
#[derive(Clone, Debug)]
pub(crate) struct Trusted {
    pub(crate) server: Arc<Server>,
    pub(crate) target: Target,
}

/// Where a server stands for a connection that wants it.
#[derive(Debug)]
pub(crate) enum Standing {
    /// No such server.
    Unknown,
    /// It can't be used; one sentence says why.
    Broken(String),
    /// A question waits for the person; one sentence says which.
    Waiting(String),
    /// Accepted and pinned.
    Trusted(Box<Trusted>),
}

/// All servers of one home.
pub(crate) struct Servers {
    file: PathBuf,
    store: Store,
    audit: AuditLog,
    desk: Arc<Desk>,
    policies: Arc<PolicyBook>,
    /// Logins at the servers that want one.
    accounts: Accounts,
    events: broadcast::Sender<wire::Event>,
    entries: Mutex<BTreeMap<String, Entry>>,
    file_fault: Mutex<Option<String>>,
    changed: watch::Sender<u64>,
    /// Reading the file and acting on it is one step; so is writing it.
    turn: tokio::sync::Mutex<()>,
}

impl Servers {
    /// Loads what was decided before, then the file.
    pub(crate) async fn open(
        file: PathBuf,
        store: Store,
        audit: AuditLog,
        desk: Arc<Desk>,
        policies: Arc<PolicyBook>,
        events: broadcast::Sender<wire::Event>,
    ) -> Result<Arc<Self>, Fault> {
        let changed = watch::Sender::new(0);
        let (tell, told) = (changed.clone(), events.clone());
        let accounts = Accounts::new(
            store.secrets().seal(),
            Arc::new(move || {
                tell.send_modify(|n| *n += 1);
                let _ = told.send(wire::Event::Servers);
            }),
        );
        let servers = Arc::new(Self {
            file,
            store,
            audit,
            desk,
            policies,
            accounts,
            events,
            entries: Mutex::default(),
            file_fault: Mutex::default(),
            changed,
            turn: tokio::sync::Mutex::default(),
        });
        servers.load().await?;
        servers.reread().await;
        Ok(servers)
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Told whenever something a connection depends on changed.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn touch(&self) {
        self.changed.send_modify(|n| *n += 1);
        let _ = self.events.send(wire::Event::Servers);
    }

    async fn load(&self) -> Result<(), Fault> {
        let servers = self.store.decisions(SERVER).await?;
        let pins = self.store.decisions(PIN).await?;
        let effects = self.store.decisions(EFFECTS).await?;
        for (kind, names) in [(SERVER, &servers.void), (PIN, &pins.void), (EFFECTS, &effects.void)] {
            for name in names {
                report_void(&self.audit, kind, name).await;
            }
        }
        let mut entries = self.entries();
        for row in servers.valid {
            if let Ok(accepted) = serde_json::from_str::<Accepted>(&row.value) {
                entries.entry(row.name).or_default().accepted = Some(accepted);
            }
        }
        for row in effects.valid {
            if let Some(entry) = entries.get_mut(&row.name) {
                entry.choice.effects = choice::unpack(&row.value);
            }
        }
        for row in pins.valid {
            let Some(entry) = entries.get_mut(&row.name).filter(|e| e.accepted.is_some()) else { continue };
            let Some(pinned) = serde_json::from_str::<Pinned>(&row.value).ok() else { continue };
            entry.choice.left_out = pinned.left_out.clone();
            let Some(listing) = unpack(pinned) else { continue };
            let listing = entry.choice.with_effects(&listing);
            if let Some(accepted) = &entry.accepted {
                self.policies.set_server(&accepted.alias, Some(listing.tools.clone()));
            }
            entry.pinned = Some((Arc::new(listing), row.decided_at));
        }
        Ok(())
    }

    /// Reads `servers.json` again. What only goes away applies at once; what is new or different is asked.
    pub(crate) async fn reread(self: &Arc<Self>) {
        let turn = self.turn.lock().await;
        let file = self.file.clone();
        let read = tokio::task::spawn_blocking(move || servers_json::read(&file)).await;
        let found = match read {
            Ok(Ok(found)) => found,
            Ok(Err(why)) => {
                tracing::warn!("{why}");
                *self.file_fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
                let _ = self.events.send(wire::Event::Servers);
                return;
            }
            Err(e) => return tracing::error!("servers.json could not be read: {e}"),
        };
        *self.file_fault.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let mut proposed = Vec::new();
        {
            let mut entries = self.entries();
            for entry in entries.values_mut() {
                entry.configured = None;
            }
            for (name, configured) in found {
                let entry = entries.entry(name.clone()).or_default();
                if let Ok(command) = &configured
                    && entry.accepted.as_ref().is_none_or(|a| a.command != *command)
                {
                    proposed.push((name, command.clone()));
                }
                entry.configured = Some(configured);
            }
            entries.retain(|_, e| e.configured.is_some() || e.accepted.is_some());
        }
        drop(turn);
        self.touch();
        self.withdraw_stale(&proposed).await;
        for (name, command) in proposed {
            self.propose(&name, command).await;
        }
    }

    /// Questions about commands that no longer stand in the file are over.
    async fn withdraw_stale(&self, proposed: &[(String, Configured)]) {
        let names: Vec<String> = self.entries().keys().cloned().collect();
        for name in names.iter().filter(|n| !proposed.iter().any(|(p, _)| p == *n)) {
            for id in self.desk.about_server(&[ApprovalKind::Run], name) {
                let _ = self.desk.step(id, gate::approval::Event::Withdraw).await;
            }
        }
    }

    /// Where `name` stands; asks what has to be asked. Never starts anything that was not accepted.
    pub(crate) async fn standing(self: &Arc<Self>, name: &str) -> Standing {
        let accepted = {
            let entries = self.entries();
            let Some(entry) = entries.get(name).filter(|e| e.configured.is_some()) else { return Standing::Unknown };
            match (entry.in_force(), &entry.configured) {
                (Some(accepted), _) => accepted.clone(),
                (None, Some(Err(why))) => return Standing::Broken(why.clone()),
                (None, _) => return Standing::Waiting("it waits for a yes in Consentry".into()),
            }
        };
        let target = match resolve(&accepted.command).await {
            Ok(target) => target,
            Err(why) => {
                self.set_fault(name, Some(why.clone()));
                return Standing::Broken(why);
            }
        };
        if target.identity().to_string() != accepted.identity {
            if let Some(entry) = self.entries().get_mut(name) {
                entry.program_changed = true;
            }
            self.propose(name, accepted.command).await;
            return Standing::Waiting("its program is another than was accepted; Consentry asks".into());
        }
        let pinned = self.entries().get(name).is_some_and(|e| e.pinned.is_some());
        match pinned {
            true => {
                let server = Arc::new(Server {
                    name: name.to_owned(),
                    alias: accepted.alias,
                    identity: target.identity(),
                    remote: matches!(target, Target::Remote(..)),
                });
                Standing::Trusted(Box::new(Trusted { server, target }))
            }
            false => {
                self.review_soon(name);
                Standing::Waiting("its tools wait for a yes in Consentry".into())
            }
        }
    }

    /// The pinned listing now.
    pub(crate) fn pinned(&self, name: &str) -> Option<Arc<Listing>> {
        let entries = self.entries();
        let entry = entries.get(name)?;
        entry.in_force()?;
        entry.pinned.as_ref().map(|(listing, _)| listing.clone())
    }

    /// The identity of a server and the digest of one of its tools, as pinned now.
    pub(crate) fn pin_of(&self, name: &str, tool: &str) -> Option<(Digest, Digest)> {
        let entries = self.entries();
        let entry = entries.get(name)?;
        let identity = entry.in_force()?.identity.parse().ok()?;
        let (listing, _) = entry.pinned.as_ref()?;
        listing.tool(tool).map(|tool| (identity, tool.digest))
    }

    /// What a connection found when it listed the server: keeps the difference, and asks about it.
    pub(crate) async fn compare(self: &Arc<Self>, name: &str, listed: Listing) {
        let drift = {
            let mut entries = self.entries();
            let Some(entry) = entries.get_mut(name) else { return };
            let Some((pinned, _)) = &entry.pinned else { return };
            let drift = pinned.pin().compare(&entry.choice.of(&listed).pin());
            entry.drift = drift.clone();
            drift
        };
        self.touch();
        if drift.needs_a_yes() {
            self.ask_trust(name, listed, ApprovalKind::Drift).await;
        }
    }
}

/// A row that fails its MAC: void, on record, and shown.
pub(crate) async fn report_void(audit: &AuditLog, kind: &str, name: &str) {
    tracing::warn!(kind, name = %wire::text::escaped(name), "a stored decision does not carry a valid seal and is void");
    let record = Record::new("void", now_ms()).with("decision", kind).with("name", name);
    let _ = audit.append(record, Durability::Process).await;
}

async fn resolve(configured: &Configured) -> Result<Target, String> {
    let configured = configured.clone();
    match tokio::task::spawn_blocking(move || Target::resolve(&configured)).await {
        Ok(target) => target,
        Err(_) => Err("the program could not be looked at".into()),
    }
}

fn unpack(pinned: Pinned) -> Option<Listing> {
    let definitions = pinned.tools.into_iter().map(Bytes::from).collect();
    let tools = gate::tool::parse_listing(definitions).ok()?;
    Some(Listing { tools: tools.into_iter().map(Arc::new).collect(), instructions: pinned.instructions })
}

fn run_digest(name: &str, target: &Target) -> Digest {
    Digest::of("consentry run 1", &[name.as_bytes(), &target.identity().0])
}
