//! Starting and stopping: the lock, the store, the log, the doors, in that order, and back.

use crate::accounts::{LoginUses, ScopeNeeds};
use crate::approved::Approved;
use crate::audit_log::{AuditLog, Durability};
use crate::clients::Clients;
use crate::clock::now_ms;
use crate::corridor::Corridor;
use crate::decide::Decider;
use crate::desk::Desk;
use crate::grants::Grants;
use crate::home::Home;
use crate::looks::Looks;
use crate::own_domains::OwnDomains;
use crate::person::{Person, Subject};
use crate::policy_files::PolicyFiles;
use crate::recall::Recall;
use crate::servers::Servers;
use crate::spotlights::Spotlights;
use crate::stop::Stop;
use crate::store::Store;
use crate::suspensions::Suspensions;
use crate::terms::OwnTerms;
use crate::traffic::Traffic;
use crate::vault::Seal;
use crate::withheld::Conversations;
use crate::{AnsweredBy, Broker, Inner, client_files, control, door, upstream, watcher};
use gate::audit::Record;
use gate::inspect::protected::Protected;
use gate::policy::Preset;
use serde_json::Value;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wire::{Fault, FaultCode};

/// How long a headless broker may take to hand over.
const HAND_OVER: Duration = Duration::from_secs(10);

/// How long stopping may take, all in all.
const STOP: Duration = Duration::from_secs(4);

/// How long a question waits for its answer (design: 2 minutes with a connected client).
const QUESTION_LIFE: Duration = Duration::from_secs(120);

/// Many clients give up after a minute; a clear answer comes before that.
const PATIENCE: Duration = Duration::from_secs(50);

/// Where decisions are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decisions {
    /// Only in the windows of the app that hosts this broker.
    Windows,
    /// On the command line too: for headless machines and tests. Never stored.
    CommandLine,
}

/// How a broker is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its folders.
    pub home: Home,
    /// The preset; none takes the one that was chosen in the window, else `balanced`.
    pub preset: Option<Preset>,
    /// Where decisions are taken.
    pub decisions: Decisions,
    /// Whether `--conversation` is believed and starts clean: for tests.
    pub believe_conversations: bool,
    /// Whether a broker that already runs is asked to hand over: what the app does.
    pub take_over: bool,
}

/// The runtime a broker belongs on: one thread, so that no call hops between threads on its way. What computes or
/// blocks for long (hashing programs, waiting for the disk) goes to threads beside it.
///
/// # Errors
/// When the operating system gives no event queue.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Starts a broker: one per home.
///
/// # Errors
/// `Storage` when folders, lock or database can't be used, `Internal` when another broker keeps the home.
pub async fn start(options: Options) -> Result<(Broker, Decider), Fault> {
    let home = options.home.clone();
    home.make()?;
    let lock = take_lock(&home, options.take_over).await?;
    // Only now: the broker that hands over has to see which program asks it.
    harden();
    let seal = Arc::new(Seal::open(&home.data).await);
    let store = Store::open(&home.database(), seal.clone()).await?;
    if let Err(fault) = store.seal_originals().await {
        // They stay where they are, readable by this user alone, until the keychain takes them.
        tracing::warn!("{}", fault.message);
    }
    let (events, _) = broadcast::channel(256);
    let unfinished = store.unfinished().await?;
    let (audit, writer) = AuditLog::start(store.appender().await?, events.clone());
    recover(&audit, unfinished, &options).await?;

    // First: whatever else is found void, a stop is one still.
    let stop = Stop::open(store.clone(), audit.clone()).await?;
    let desk = Desk::new(audit.clone(), events.clone());
    let everyone = options.decisions == Decisions::CommandLine;
    let clients = Clients::open(store.clone(), audit.clone(), desk.clone(), everyone).await?;
    let (policies, policy_files) =
        PolicyFiles::open(home.policies(), options.preset, store.clone(), audit.clone(), desk.clone(), events.clone())
            .await?;
    let servers = Servers::open(
        home.servers_json(),
        store.clone(),
        audit.clone(),
        desk.clone(),
        policies.clone(),
        events.clone(),
    )
    .await?;
    policy_files.reread().await;
    let grants = Grants::open(store.clone(), audit.clone(), events.clone()).await?;
    let protected = Protected::new(&own_paths(&home)).map_err(|why| {
        Fault::new(FaultCode::Internal, format!("What arguments may not name can't be looked for: {why}."))
    })?;
    let own_terms = OwnTerms::open(store.clone(), audit.clone()).await?;
    let own_domains = OwnDomains::open(store.clone(), audit.clone()).await?;
    let person = Person::open(store.clone(), audit.clone()).await?;
    let logins = LoginUses::open(store.clone()).await?;
    let needs = ScopeNeeds::open(store.clone()).await?;
    let spotlights = Spotlights::open(store.clone(), audit.clone()).await?;
    let recall = Arc::new(Recall::open(store.clone(), options.believe_conversations).await?);
    let scope = |client, conversation: &str| recall.scope(client, conversation);
    let replay = |at, record: &serde_json::Value| recall.replay(at, record);
    let traffic = Traffic::open(&store, crate::clock::now_ms(), scope, replay).await?;
    let approved = Approved::open(store.clone(), &audit).await?;
    let corridor = Arc::new(Corridor {
        spotlights,
        looks: Looks::new(),
        store: store.clone(),
        own_domains,
        own_terms,
        logins,
        needs,
        withheld: Conversations::default(),
        recall,
        approved,
        protected,
        question_life: question_life(),
        patience: patience(),
        traffic,
        stop,
        suspensions: Suspensions::default(),
        events: events.clone(),
        grants,
        policies,
        servers,
        clients,
        desk,
        audit,
    });
    let inner = Arc::new(Inner {
        home,
        decisions: options.decisions,
        keychain_fault: seal.fault().map(str::to_owned),
        corridor,
        policy_files,
        store,
        person,
        events,
        connections: door::Connections::default(),
        stop: CancellationToken::new(),
        stopped: watch::Sender::new(false),
        put_away: Mutex::default(),
        attention: tokio::sync::Mutex::default(),
        quiet_until: Mutex::default(),
        client_turn: tokio::sync::Mutex::default(),
        news: client_files::News::default(),
    });
    let broker = Broker { inner: inner.clone() };
    let here = options.decisions == Decisions::CommandLine;
    let by = if here { AnsweredBy::Cli } else { AnsweredBy::Window };
    let decider = Decider::new(inner.clone(), by, Subject::own());
    let doors = door::open(&broker, here, options.believe_conversations)?;
    // A home without a place for clients' files has none to look at.
    let clients = client_files::here().ok().map(|places| client_files::watch(&inner, places));
    let watching = (watcher::watch(&inner)?, clients);
    tokio::spawn(run_until_stopped(inner, doors, watching, writer, lock));
    Ok((broker, decider))
}

/// What other programs of this user may not do to us, as far as the kernel offers it: read our memory, or keep what our
/// servers started.
fn harden() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{
            DumpableBehavior, Resource, Rlimit, set_child_subreaper, set_dumpable_behavior, setrlimit,
        };
        // What is in memory must not be written to disk when a process falls over: ours, or a server's, which gets secrets.
        if let Err(e) = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }) {
            tracing::warn!("core dumps can't be turned off: {e}");
        }
        if let Err(e) = set_child_subreaper(Some(rustix::process::getpid())) {
            tracing::warn!("what servers start can't be followed: {e}");
        }
        if let Err(e) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            tracing::warn!("memory can't be closed to other programs: {e}");
        }
    }
}

async fn take_lock(home: &Home, take_over: bool) -> Result<File, Fault> {
    if let Some(lock) = home.lock()? {
        return Ok(lock);
    }
    let taken =
        || Fault::new(FaultCode::Internal, format!("Another Consentry already runs for {}.", home.data.display()));
    if !take_over {
        return Err(taken());
    }
    control::ask_to_hand_over(home).await?;
    let until = tokio::time::Instant::now() + HAND_OVER;
    while tokio::time::Instant::now() < until {
        if let Some(lock) = home.lock()? {
            return Ok(lock);
        }
        // The other process gives no sign but the lock itself.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(taken())
}

/// What the last run left open: calls whose fate nobody wrote down are said to be unknown, and never sent again.
async fn recover(audit: &AuditLog, unfinished: Vec<crate::store::StoredEntry>, options: &Options) -> Result<(), Fault> {
    let storage = |refusal: gate::permit::Refusal| Fault::new(FaultCode::Storage, refusal.message);
    for entry in &unfinished {
        let record: Value = serde_json::from_str(&entry.record).unwrap_or_default();
        let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let Ok(call) = text("call").parse() else { continue };
        let outcome = Record::new("outcome", now_ms())
            .call(call)
            .with("result", "unknown")
            .with("server", text("server"))
            .with("tool", text("tool"))
            .with(
                "message",
                "Consentry ended while the call was on its way; whether it ran is unknown: check the server.",
            );
        audit.append(outcome, Durability::Process).await.map_err(storage)?;
    }
    let started = Record::new("started", now_ms())
        .with("version", env!("CARGO_PKG_VERSION"))
        .with("decisions", if options.decisions == Decisions::CommandLine { "cli" } else { "windows" })
        .with("unfinished", unfinished.len());
    audit.append(started, Durability::Disk).await.map_err(storage)
}

fn question_life() -> Duration {
    #[cfg(debug_assertions)]
    if let Some(seconds) = std::env::var("CONSENTRY_QUESTION_SECONDS").ok().and_then(|s| s.parse().ok()) {
        return Duration::from_secs(seconds);
    }
    QUESTION_LIFE
}

/// How long a client is kept waiting for an answer before it is told to come back.
fn patience() -> Duration {
    #[cfg(debug_assertions)]
    if let Some(seconds) = std::env::var("CONSENTRY_PATIENCE_SECONDS").ok().and_then(|s| s.parse().ok()) {
        return Duration::from_secs(seconds);
    }
    PATIENCE
}

/// Our folders, socket and programs, as an argument would name them.
fn own_paths(home: &Home) -> Vec<String> {
    let mut paths: Vec<PathBuf> = vec![home.config.clone(), home.data.clone(), home.run.clone()];
    paths.extend(own_binaries());
    let real: Vec<PathBuf> = paths.iter().filter_map(|p| p.canonicalize().ok()).collect();
    paths.extend(real);
    let mut texts: Vec<String> = paths.iter().map(|p| p.to_string_lossy().into_owned()).collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}

/// The programs of this build, beside the one that runs.
pub(crate) fn own_binaries() -> Vec<PathBuf> {
    let Ok(own) = std::env::current_exe() else { return Vec::new() };
    ["consentry", "consentry-desktop"].iter().map(|n| own.with_file_name(n)).chain([own.clone()]).collect()
}

/// SIGTERM, SIGINT, or somebody in this process.
async fn asked_to_stop(stop: &CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut term), Ok(mut int)) => tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
            () = stop.cancelled() => {}
        },
        _ => stop.cancelled().await,
    }
}

async fn run_until_stopped(
    inner: Arc<Inner>,
    doors: JoinHandle<()>,
    watching: (watcher::Watching, Option<client_files::Watching>),
    writer: JoinHandle<()>,
    lock: File,
) {
    asked_to_stop(&inner.stop).await;
    inner.stop.cancel();
    let ordered = async {
        doors.abort();
        drop(watching);
        inner.corridor.desk.withdraw_all().await;
        inner.connections.drained().await;
        upstream::all_ended().await;
        let record = Record::new("stopped", now_ms());
        let _ = inner.corridor.audit.append(record, Durability::Disk).await;
        inner.store.close().await;
    };
    if tokio::time::timeout(STOP, ordered).await.is_err() {
        tracing::warn!("stopping took too long; what was on its way is recorded as unknown at the next start");
    }
    upstream::end_adopted(None);
    writer.abort();
    drop(lock);
    inner.stopped.send_replace(true);
}
