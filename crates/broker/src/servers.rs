//! The servers: what `servers.json` proposes, what a person accepted, what is pinned, and what changed since.
//!
//! In force is what stands in the file *and* was accepted as it stands there. Everything else waits in the inbox.

mod trust;

pub(crate) use trust::read_tools;

use crate::audit_log::{AuditLog, Durability};
use crate::clock::now_ms;
use crate::desk::{Desk, by_word};
use crate::policies::PolicyBook;
use crate::servers_json;
use crate::store::{Decision, Store};
use crate::upstream::{Command, Program, Upstream};
use bytes::Bytes;
use gate::approval::{By, Yes};
use gate::audit::Record;
use gate::call::{Digest, Server};
use gate::tool::{Change, Drift, Pin, Tool};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::{broadcast, watch};
use wire::view::{ApprovalKind, PinState, ServerView, ServersView, TrustState};
use wire::{Fault, FaultCode};

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
    command: Command,
    resolved: PathBuf,
    sha256: String,
    identity: String,
}

/// The pin of a server, as stored: raw definitions, so that what was approved can be served.
#[derive(Debug, Serialize, Deserialize)]
struct Pinned {
    tools: Vec<String>,
    instructions: Option<String>,
}

#[derive(Debug, Default)]
struct Entry {
    /// As it stands in `servers.json`.
    configured: Option<Result<Command, String>>,
    accepted: Option<Accepted>,
    pinned: Option<(Listing, i64)>,
    drift: Drift,
    /// Said by the last attempt to start or list it.
    fault: Option<String>,
    running: Vec<Weak<Upstream>>,
    stderr: Vec<String>,
    clients: BTreeMap<gate::call::ConnectionId, String>,
    /// A review is under way.
    reviewing: bool,
    /// Digests a person said no to; not asked again in this run.
    declined: BTreeSet<String>,
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
    pub(crate) program: Program,
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
    events: broadcast::Sender<wire::Event>,
    entries: Mutex<BTreeMap<String, Entry>>,
    file_fault: Mutex<Option<String>>,
    changed: watch::Sender<u64>,
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
        let servers = Arc::new(Self {
            file,
            store,
            audit,
            desk,
            policies,
            events,
            entries: Mutex::default(),
            file_fault: Mutex::default(),
            changed: watch::Sender::new(0),
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
        for (kind, names) in [(SERVER, &servers.void), (PIN, &pins.void)] {
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
        for row in pins.valid {
            let Some(entry) = entries.get_mut(&row.name).filter(|e| e.accepted.is_some()) else { continue };
            let Some(listing) = serde_json::from_str::<Pinned>(&row.value).ok().and_then(unpack) else { continue };
            if let Some(accepted) = &entry.accepted {
                self.policies.set_server(&accepted.alias, Some(listing.tools.clone()));
            }
            entry.pinned = Some((listing, row.decided_at));
        }
        Ok(())
    }

    /// Reads `servers.json` again. What only goes away applies at once; what is new or different is asked.
    pub(crate) async fn reread(self: &Arc<Self>) {
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
        self.touch();
        self.withdraw_stale(&proposed).await;
        for (name, command) in proposed {
            self.propose(&name, command).await;
        }
    }

    /// Questions about commands that no longer stand in the file are over.
    async fn withdraw_stale(&self, proposed: &[(String, Command)]) {
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
                (None, _) => return Standing::Waiting("its command waits for a yes in Consentry".into()),
            }
        };
        let program = match resolve(&accepted.command).await {
            Ok(program) => program,
            Err(why) => {
                self.set_fault(name, Some(why.clone()));
                return Standing::Broken(why);
            }
        };
        if program.identity.to_string() != accepted.identity {
            self.propose(name, accepted.command).await;
            return Standing::Waiting("its program is another than was accepted; Consentry asks".into());
        }
        let pinned = self.entries().get(name).is_some_and(|e| e.pinned.is_some());
        match pinned {
            true => {
                let server =
                    Arc::new(Server { name: name.to_owned(), alias: accepted.alias, identity: program.identity });
                Standing::Trusted(Box::new(Trusted { server, program }))
            }
            false => {
                self.review_soon(name);
                Standing::Waiting("its tools wait for a yes in Consentry".into())
            }
        }
    }

    /// The pinned listing now, and which of its tools drifted.
    pub(crate) fn pinned(&self, name: &str) -> Option<(Listing, Drift)> {
        let entries = self.entries();
        let entry = entries.get(name)?;
        entry.in_force()?;
        entry.pinned.as_ref().map(|(listing, _)| (listing.clone(), entry.drift.clone()))
    }

    /// Accepts a command.
    pub(crate) async fn accept(&self, name: &str, program: &Program, by: Authority) -> Result<(), Fault> {
        let alias = self.alias(name);
        let accepted = Accepted {
            alias,
            command: program.command.clone(),
            resolved: program.resolved.clone(),
            sha256: program.sha256.clone(),
            identity: program.identity.to_string(),
        };
        let record = Record::new("decided", now_ms())
            .with("decision", "run")
            .with("server", name)
            .with("program", program.resolved.to_string_lossy().into_owned())
            .with("sha256", program.sha256.clone())
            .with("answered_by", by.word())
            .with("approval", by.approval());
        self.decided(SERVER, name, &accepted, record).await?;
        {
            let mut entries = self.entries();
            let entry = entries.entry(name.to_owned()).or_default();
            entry.accepted = Some(accepted);
            entry.fault = None;
        }
        self.touch();
        Ok(())
    }

    /// Pins a listing.
    pub(crate) async fn pin(&self, name: &str, listing: Listing, by: Authority) -> Result<(), Fault> {
        let pinned = Pinned {
            tools: listing.tools.iter().map(|t| String::from_utf8_lossy(&t.raw).into_owned()).collect(),
            instructions: listing.instructions.clone(),
        };
        let record = Record::new("decided", now_ms())
            .with("decision", "trust")
            .with("server", name)
            .with("tools", listing.tools.iter().map(|t| t.name.clone()).collect::<Vec<_>>())
            .with("pin", listing.pin().digest().to_string())
            .with("answered_by", by.word())
            .with("approval", by.approval());
        let decided_at = self.decided(PIN, name, &pinned, record).await?;
        {
            let mut entries = self.entries();
            let entry = entries.entry(name.to_owned()).or_default();
            if let Some(accepted) = &entry.accepted {
                self.policies.set_server(&accepted.alias, Some(listing.tools.clone()));
            }
            entry.pinned = Some((listing, decided_at));
            entry.drift = Drift::default();
            entry.fault = None;
        }
        self.touch();
        Ok(())
    }

    async fn decided(&self, kind: &str, name: &str, value: &impl Serialize, record: Record) -> Result<i64, Fault> {
        // The log first: a decision that is not on record is none.
        self.audit
            .append(record, Durability::Disk)
            .await
            .map_err(|refusal| Fault::new(FaultCode::Storage, refusal.message))?;
        let value = serde_json::to_string(value).map_err(|e| Fault::new(FaultCode::Internal, e.to_string()))?;
        let decision = Decision { name: name.to_owned(), value, decided_at: now_ms() };
        self.store.decide(kind, &decision).await?;
        Ok(decision.decided_at)
    }

    /// Takes a server away: out of the file, its decisions, its processes, its questions.
    pub(crate) async fn remove(self: &Arc<Self>, name: &str) -> Result<(), Fault> {
        let entry = self
            .entries()
            .remove(name)
            .ok_or_else(|| Fault::new(FaultCode::NotFound, format!("There is no server named `{}`.", wire::text::escaped(name))))?;
        for upstream in entry.running.iter().filter_map(Weak::upgrade) {
            upstream.child().ask_to_end();
        }
        if let Some(accepted) = &entry.accepted {
            self.policies.set_server(&accepted.alias, None);
        }
        self.store.undecide(SERVER, name).await?;
        self.store.undecide(PIN, name).await?;
        servers_json::edit(&self.file, name, None)?;
        for id in self.desk.about_server(&[ApprovalKind::Run, ApprovalKind::Trust, ApprovalKind::Drift], name) {
            let _ = self.desk.step(id, gate::approval::Event::Withdraw).await;
        }
        let record = Record::new("decided", now_ms()).with("decision", "remove").with("server", name);
        let _ = self.audit.append(record, Durability::Process).await;
        self.touch();
        Ok(())
    }

    /// What a connection found when it listed the server: keeps the difference, and asks about it.
    pub(crate) async fn compare(self: &Arc<Self>, name: &str, listed: Listing) -> Drift {
        let drift = {
            let mut entries = self.entries();
            let Some(entry) = entries.get_mut(name) else { return Drift::default() };
            let Some((pinned, _)) = &entry.pinned else { return Drift::default() };
            let drift = pinned.pin().compare(&listed.pin());
            entry.drift = drift.clone();
            drift
        };
        self.touch();
        if drift.needs_a_yes() {
            self.ask_trust(name, listed, ApprovalKind::Drift).await;
        }
        drift
    }

    pub(crate) fn set_fault(&self, name: &str, fault: Option<String>) {
        if let Some(entry) = self.entries().get_mut(name) {
            entry.fault = fault;
        }
        let _ = self.events.send(wire::Event::Servers);
    }

    /// A process of this server runs.
    pub(crate) fn runs(&self, name: &str, upstream: &Arc<Upstream>) {
        if let Some(entry) = self.entries().get_mut(name) {
            entry.running.retain(|w| w.strong_count() > 0);
            entry.running.push(Arc::downgrade(upstream));
        }
        let _ = self.events.send(wire::Event::Servers);
    }

    /// It ended; what it wrote to stderr is kept.
    pub(crate) fn ended(&self, name: &str, upstream: &Arc<Upstream>) {
        if let Some(entry) = self.entries().get_mut(name) {
            entry.running.retain(|w| w.upgrade().is_some_and(|u| !Arc::ptr_eq(&u, upstream)));
            entry.stderr = upstream.child().stderr();
        }
        let _ = self.events.send(wire::Event::Servers);
    }

    /// A client is connected through this server, or (`None`) no longer.
    pub(crate) fn connected(&self, name: &str, id: gate::call::ConnectionId, client: Option<String>) {
        if let Some(entry) = self.entries().get_mut(name) {
            match client {
                Some(client) => entry.clients.insert(id, client),
                None => entry.clients.remove(&id),
            };
        }
        let _ = self.events.send(wire::Event::Servers);
    }

    /// The process ids of every running server.
    pub(crate) fn pids(&self) -> Vec<u32> {
        let entries = self.entries();
        entries.values().flat_map(|e| e.running.iter().filter_map(Weak::upgrade)).map(|u| u.child().pid()).collect()
    }

    /// An alias policies can name: ASCII, unique, kept for as long as the server is.
    fn alias(&self, name: &str) -> String {
        let entries = self.entries();
        if let Some(accepted) = entries.get(name).and_then(|e| e.accepted.as_ref()) {
            return accepted.alias.clone();
        }
        let base = gate::policy::alias(name);
        let taken = |alias: &str| entries.values().any(|e| e.accepted.as_ref().is_some_and(|a| a.alias == alias));
        let mut alias = base.clone();
        let mut n = 2;
        while taken(&alias) {
            alias = format!("{base}_{n}");
            n += 1;
        }
        alias
    }

    /// The servers page.
    pub(crate) fn view(&self, calls_today: &BTreeMap<String, (u32, u32)>) -> ServersView {
        let entries = self.entries();
        let servers = entries.iter().filter(|(_, e)| e.configured.is_some()).map(|(name, entry)| {
            self.view_one(name, entry, calls_today.get(name).copied().unwrap_or_default())
        });
        ServersView {
            servers: servers.collect(),
            fault: self.file_fault.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            file: self.file.to_string_lossy().into_owned(),
        }
    }

    fn view_one(&self, name: &str, entry: &Entry, calls_today: (u32, u32)) -> ServerView {
        let configured = entry.configured.as_ref();
        let command = match (entry.in_force(), configured) {
            (Some(accepted), _) => Some(&accepted.command),
            (None, Some(Ok(command))) => Some(command),
            _ => None,
        };
        let trust = match (entry.in_force(), &entry.pinned, configured) {
            (None, _, Some(Err(_))) => TrustState::Broken,
            (None, _, _) => TrustState::Proposed,
            (Some(_), None, _) => TrustState::Untrusted,
            (Some(_), Some(_), _) if entry.drift.needs_a_yes() => TrustState::Drifted,
            (Some(_), Some(_), _) => TrustState::Trusted,
        };
        let policies = self.policies.current();
        let alias = entry.accepted.as_ref().map(|a| a.alias.clone()).unwrap_or_default();
        let tools = entry.pinned.iter().flat_map(|(l, _)| &l.tools).map(|t| {
            let pin = match entry.drift.tools.get(&t.name) {
                None => PinState::Pinned,
                Some(Change::Changed | Change::New) => PinState::Drifted,
                Some(Change::Gone) => PinState::Gone,
            };
            crate::present::tool(t, pin, crate::present::asks(t, &alias, &policies))
        });
        let configured_fault = configured.and_then(|c| c.as_ref().err().cloned());
        let running: Vec<_> = entry.running.iter().filter_map(Weak::upgrade).collect();
        ServerView {
            name: name.to_owned(),
            command: command.map(|c| c.words.clone()).unwrap_or_default(),
            env: command.map(|c| c.env.keys().cloned().collect()).unwrap_or_default(),
            trust,
            running: u32::try_from(running.len()).unwrap_or(u32::MAX),
            clients: entry.clients.values().cloned().collect::<BTreeSet<_>>().into_iter().collect(),
            tools: tools.collect(),
            trusted_at: entry.pinned.as_ref().map(|(_, at)| *at),
            fault: configured_fault.or_else(|| entry.fault.clone()),
            stderr: running.last().map_or_else(|| entry.stderr.clone(), |u| u.child().stderr()),
            calls_today,
        }
    }
}

/// A row that fails its MAC: void, on record, and shown.
pub(crate) async fn report_void(audit: &AuditLog, kind: &str, name: &str) {
    tracing::warn!(kind, name = %wire::text::escaped(name), "a stored decision does not carry a valid seal and is void");
    let record = Record::new("void", now_ms()).with("decision", kind).with("name", name);
    let _ = audit.append(record, Durability::Process).await;
}

async fn resolve(command: &Command) -> Result<Program, String> {
    let command = command.clone();
    match tokio::task::spawn_blocking(move || Program::resolve(&command)).await {
        Ok(program) => program,
        Err(_) => Err("the program could not be looked at".into()),
    }
}

fn unpack(pinned: Pinned) -> Option<Listing> {
    let definitions = pinned.tools.into_iter().map(Bytes::from).collect();
    let tools = gate::tool::parse_listing(definitions).ok()?;
    Some(Listing { tools: tools.into_iter().map(Arc::new).collect(), instructions: pinned.instructions })
}

fn run_digest(name: &str, program: &Program) -> Digest {
    Digest::of("consentry run 1", &[name.as_bytes(), &program.identity.0])
}
