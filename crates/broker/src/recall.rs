//! What every client was shown, so that the values of its calls can be traced: in memory only, and bounded. Over a restart
//! only stays what a client was exposed to, not the text of it.

use crate::came_back::aside;
use crate::clock::now_ms;
use crate::corridor::Corridor;
use crate::servers::Listing;
use crate::store::Store;
use bytes::Bytes;
use gate::call::{CallId, Digest};
use gate::client::Client;
use gate::permit::{Case, Permit, Refusal, Untraced};
use gate::provenance::{Exposure, Known, LIFE_MS, Memory, Origin, Place, Seen, Standing, Trust};
use gate::release::Released;
use gate::tool::Tool;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wire::Fault;

/// How much all memories take together, in bytes, and how many there are.
const MOST: usize = 128 * 1024 * 1024;
const MOST_MEMORIES: usize = 200;
/// The longest message that is taken in before it is passed on, in bytes.
const AT_ONCE: usize = 4096;
/// How often what a client was exposed to is written down, in milliseconds.
const NOTE_MS: i64 = 60_000;

/// One client's memory.
#[derive(Clone)]
pub(crate) struct Held(Arc<Inside>);

#[derive(Default)]
struct Inside {
    memory: Mutex<Memory>,
    /// What it takes, in bytes.
    size: AtomicUsize,
    turn: Arc<tokio::sync::Mutex<()>>,
    /// Listings that are in it.
    listed: Mutex<HashSet<Digest>>,
    /// What was written down last, and when.
    noted: Mutex<(Exposure, i64)>,
}

impl Held {
    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever comes first is first, also where it goes in aside.
    async fn turn(&self) -> tokio::sync::OwnedMutexGuard<()> {
        self.0.turn.clone().lock_owned().await
    }

    /// Takes what is shown.
    fn remember(&self, origin: Origin, shown: &[u8], seen: Seen) {
        let mut memory = self.lock();
        memory.remember(origin, shown, seen);
        self.0.size.store(memory.footprint(), Ordering::Relaxed);
    }
}

/// What counts as one conversation of a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Scope {
    pub(crate) client: Digest,
    /// None where all that the client does is one.
    pub(crate) conversation: Option<Arc<str>>,
}

/// All memories, the one used last at the end.
pub(crate) struct Recall {
    store: Store,
    /// Each conversation that a client names is one for itself.
    believe: bool,
    /// When this process started, as the system counts it.
    started: u64,
    all: Mutex<Vec<(Scope, Held)>>,
    /// Servers that a call with values of untrusted origin wrote to, and when last.
    written: Mutex<HashMap<String, i64>>,
    /// What is left of memories that are no more.
    gone: Mutex<HashMap<Scope, Gone>>,
}

/// What is left of a memory.
#[derive(Clone, Copy)]
struct Gone {
    exposure: Exposure,
    /// It was dropped in this run: what was in it may come up again.
    dropped: bool,
}

impl Recall {
    pub(crate) async fn open(store: Store, believe: bool) -> Result<Self, Fault> {
        let rows = store.exposures().await?.into_iter();
        let left = |(client, exposure): (String, Exposure)| {
            let scope = Scope { client: client.parse().ok()?, conversation: None };
            Some((scope, Gone { exposure, dropped: false }))
        };
        let gone = rows.filter_map(left).collect();
        let (all, gone) = (Mutex::default(), Mutex::new(gone));
        Ok(Self { store, believe, started: started(), all, written: Mutex::default(), gone })
    }

    /// What a record of the log says of the server that it is about.
    pub(crate) fn replay(&self, at: i64, record: &Value) {
        if let Some(server) = written(record) {
            self.note_written(server, at);
        }
    }

    /// Names that a server lists may be somebody else's from now on.
    fn note_written(&self, server: &str, at: i64) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let last = written.entry(server.to_owned()).or_insert(at);
        *last = at.max(*last);
    }

    fn is_written(&self, server: &str) -> bool {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.get(server).is_some_and(|at| now_ms() - at < LIFE_MS)
    }

    /// What counts as one conversation: all that a client does, or each that it names where those are believed.
    pub(crate) fn scope(&self, client: Digest, conversation: impl Into<Arc<str>>) -> Scope {
        Scope { client, conversation: self.believe.then(|| conversation.into()) }
    }

    /// The memory that a conversation of this client has: the client's own, so that what one conversation was shown counts
    /// in the next one, or the conversation's where those are believed.
    pub(crate) fn of(&self, client: &Client, conversation: &Arc<str>) -> Held {
        let scope = self.scope(client.identity, conversation.clone());
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = all.iter().rposition(|(name, _)| *name == scope) {
            let kept = all.remove(at);
            let held = kept.1.clone();
            all.push(kept);
            self.shrink(&mut all);
            return held;
        }
        let before = self.gone.lock().unwrap_or_else(PoisonError::into_inner).get(&scope).copied();
        let memory = match before {
            // A process that is older than this one may have been shown what is forgotten.
            Some(gone) if gone.dropped || client.start_time < self.started => {
                Memory::blind_before(now_ms(), gone.exposure)
            }
            Some(gone) => Memory::exposed(gone.exposure),
            None => Memory::default(),
        };
        let held = Held(Arc::new(Inside { memory: Mutex::new(memory), ..Inside::default() }));
        all.push((scope, held.clone()));
        self.shrink(&mut all);
        held
    }

    /// What a client was shown counts no more.
    pub(crate) async fn forget(&self, client: Digest) -> Result<(), Fault> {
        self.store.forget_exposure(&client.to_string()).await?;
        self.gone.lock().unwrap_or_else(PoisonError::into_inner).retain(|scope, _| scope.client != client);
        self.all.lock().unwrap_or_else(PoisonError::into_inner).retain(|(scope, _)| scope.client != client);
        Ok(())
    }

    /// Drops the memories that were used longest ago while all of them take too much.
    fn shrink(&self, all: &mut Vec<(Scope, Held)>) {
        let size = |all: &[(Scope, Held)]| all.iter().map(|(_, h)| h.0.size.load(Ordering::Relaxed)).sum::<usize>();
        while all.len() > 1 && (all.len() > MOST_MEMORIES || size(all) > MOST) {
            let (scope, held) = all.remove(0);
            let memory = held.0.memory.try_lock();
            let Ok(exposure) = memory.map(|memory| memory.exposure(now_ms())) else {
                // Something goes into it just now: nobody waits for that here, and it is not the oldest any more.
                all.push((scope, held));
                return;
            };
            let mut gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
            gone.insert(scope, Gone { exposure, dropped: true });
        }
    }

    /// Writes down what a client was exposed to, where that was not done for a while; what is new, before the client gets
    /// what it was exposed to, so that no end of ours loses it.
    async fn note(&self, client: Digest, held: &Held) {
        let now = now_ms();
        let exposure = held.lock().exposure(now);
        let is_new = {
            let mut noted = held.0.noted.lock().unwrap_or_else(PoisonError::into_inner);
            let facts = |e: &Exposure| [e.untrusted.is_some(), e.private.is_some(), e.flagged.is_some()];
            let is_new = facts(&noted.0) != facts(&exposure);
            if self.believe || !is_new && now - noted.1 < NOTE_MS {
                return;
            }
            *noted = (exposure, now);
            is_new
        };
        let store = self.store.clone();
        let write = async move {
            if let Err(fault) = store.note_exposure(&client.to_string(), exposure).await {
                tracing::warn!("what a client was shown could not be noted: {}", fault.message);
            }
        };
        match is_new {
            true => write.await,
            false => drop(tokio::spawn(write)),
        }
    }
}

impl Corridor {
    /// The case with what is known of where its values come from.
    ///
    /// # Errors
    /// A refusal where that could not be found out.
    pub(crate) async fn traced(&self, case: Untraced) -> Result<Case, Refusal> {
        let call = case.call();
        let held = self.recall.of(&call.client, &call.conversation);
        let (approved, own) = (self.approved.at(call.server.identity), self.own_domains.all());
        let bytes = call.request.arguments.len();
        // What was shown before is in it before anything is looked up.
        let _turn = held.turn().await;
        let trace = move || {
            let approved = |place: &Place| approved.holds(place);
            case.traced(&held.lock(), &Known { approved: &approved, own: &own }, now_ms())
        };
        aside(bytes, trace).await
    }

    /// Remembers what a server sent, before its client can act on it: where it is large, while the client gets it, for the
    /// client's next call waits until it is in.
    pub(crate) async fn remember(
        &self,
        (client, conversation): (&Client, &Arc<str>),
        raw: &Bytes,
        released: &Released,
        (server, tool): (&str, Option<&Tool>),
        call: Option<CallId>,
    ) {
        let seen = Seen {
            flagged: released.findings().iter().any(|finding| finding.class == "injection"),
            data: !released.withheld().is_empty(),
            unread: !released.uninspected().is_empty(),
        };
        let origin = Origin {
            call,
            pinned: false,
            server: server.into(),
            tool: tool.map(|tool| tool.name.as_str().into()),
            trust: match tool {
                Some(tool) if !self.recall.is_written(server) => gate::provenance::trust(tool, raw),
                _ => Trust::Untrusted,
            },
            open: tool.is_some_and(gate::provenance::is_open),
            at_ms: now_ms(),
        };
        let held = self.recall.of(client, conversation);
        let turn = held.turn().await;
        if raw.len() <= AT_ONCE {
            held.remember(origin, raw, seen);
            self.recall.note(client.identity, &held).await;
            return;
        }
        let (recall, identity, raw, into) = (self.recall.clone(), client.identity, raw.clone(), held.clone());
        let take = move || {
            into.remember(origin, &raw, seen);
            drop(turn);
        };
        drop(tokio::spawn(async move {
            if let Err(fault) = tokio::task::spawn_blocking(take).await {
                tracing::error!("what a client was shown could not be remembered: {fault}");
                held.lock().missed(now_ms());
            }
            recall.note(identity, &held).await;
        }));
    }

    /// A call goes out: where it carries what somebody else wrote, what its server lists may be theirs from now on.
    pub(crate) fn may_plant(&self, permit: &Permit) {
        let call = &permit.case().call;
        if !call.tool.only_reads() && !permit.facts().flow.tainted.is_empty() {
            self.recall.note_written(&call.server.name, now_ms());
        }
    }

    /// A call goes out: what it says that nothing had shown is the client's own.
    pub(crate) async fn said(&self, permit: &Permit) {
        let (call, traced) = (&permit.case().call, &permit.case().flow.traced);
        if traced.iter().any(|one| one.standing == Standing::Unseen) {
            let held = self.recall.of(&call.client, &call.conversation);
            let _turn = held.turn().await;
            held.lock().said(traced, &call.request.parsed);
        }
    }

    /// Remembers that a person approved where a call goes. Where that can't be kept, it is asked about again.
    pub(crate) async fn approve_places(&self, case: &Case) {
        if let Err(fault) = self.approved.keep(case.call.server.identity, &case.flow.places).await {
            tracing::warn!("where a call was approved to go could not be kept: {}", fault.message);
        }
    }

    /// What this client was shown of what the server offers, once for each listing.
    pub(crate) fn showed_listing(&self, client: &Client, conversation: &Arc<str>, server: &str, listing: &Listing) {
        let held = self.recall.of(client, conversation);
        if !held.0.listed.lock().unwrap_or_else(PoisonError::into_inner).insert(listing.pin().digest()) {
            return;
        }
        let origin = |tool: Option<&Tool>| Origin {
            call: None,
            pinned: true,
            server: server.into(),
            tool: tool.map(|tool| tool.name.as_str().into()),
            trust: Trust::Untrusted,
            open: false,
            at_ms: now_ms(),
        };
        for tool in &listing.tools {
            let texts = serde_json::json!({"title": tool.title, "description": tool.description});
            held.remember(origin(Some(tool)), texts.to_string().as_bytes(), Seen::default());
        }
        if let Some(instructions) = &listing.instructions {
            let texts = serde_json::json!({"instructions": instructions});
            held.remember(origin(None), texts.to_string().as_bytes(), Seen::default());
        }
    }
}

/// The server that an entry says was written to with values of untrusted origin.
fn written(record: &Value) -> Option<&str> {
    let suspect = |value: &Value| matches!(value["standing"].as_str(), Some("tainted" | "unknown"));
    let tainted = record["provenance"].as_array()?.iter().any(suspect);
    let writes = record["effects"].as_array()?.iter().any(|effect| effect != "read");
    let is_one = tainted && writes && record["kind"] == "intent";
    record["server"].as_str().filter(|_| is_one)
}

/// When this process started, in the system's own count; 0 where it can't be told, so that every client is older.
fn started() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    fields.split_whitespace().nth(19).and_then(|ticks| ticks.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::Seal;

    fn client(identity: u8, start_time: u64) -> Client {
        Client {
            program: "/usr/bin/agent".into(),
            sha256: String::new(),
            script: None,
            identity: Digest([identity; 32]),
            pid: 1,
            start_time,
            parents: Vec::new(),
            claimed: None,
        }
    }

    fn shown(text: &str) -> (Origin, Vec<u8>) {
        let (server, trust, at_ms) = ("s".into(), Trust::Untrusted, now_ms());
        (
            Origin { call: None, pinned: false, server, tool: None, trust, open: false, at_ms },
            serde_json::json!([text]).to_string().into(),
        )
    }

    const TEXT: &str = "a text of more than a few words that anybody may have written";

    async fn recall(folder: &tempfile::TempDir, believe: bool) -> Recall {
        let path = folder.path().join("consentry.db");
        Recall::open(Store::open(&path, Arc::new(Seal::in_memory())).await.unwrap(), believe).await.unwrap()
    }

    #[tokio::test]
    async fn one_memory_for_each_client_or_for_each_conversation_that_is_believed() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other): (Arc<str>, Arc<str>) = ("one".into(), "other".into());
        let all = recall(&folder, false).await;
        assert!(Arc::ptr_eq(&all.of(&client(1, 1), &one).0, &all.of(&client(1, 2), &other).0));
        assert!(!Arc::ptr_eq(&all.of(&client(1, 1), &one).0, &all.of(&client(2, 1), &one).0));
        let all = recall(&folder, true).await;
        assert!(!Arc::ptr_eq(&all.of(&client(1, 1), &one).0, &all.of(&client(1, 1), &other).0));
        assert!(!Arc::ptr_eq(&all.of(&client(1, 1), &one).0, &all.of(&client(2, 1), &one).0), "a name is nobody's own");
        let held = all.of(&client(1, 1), &one);
        all.forget(client(1, 1).identity).await.unwrap();
        assert!(!Arc::ptr_eq(&held.0, &all.of(&client(1, 1), &one).0), "a new chat ends all that it named");
    }

    #[tokio::test]
    async fn a_memory_that_had_to_go_leaves_what_its_client_was_exposed_to() {
        let folder = tempfile::tempdir().unwrap();
        let all = recall(&folder, true).await;
        let name = |n: usize| Arc::<str>::from(format!("talk {n}"));
        let first = all.of(&client(1, u64::MAX), &name(0));
        let (origin, text) = shown(TEXT);
        first.remember(origin, &text, Seen::default());
        for n in 1..=MOST_MEMORIES {
            all.of(&client(1, u64::MAX), &name(n));
        }
        let again = all.of(&client(1, u64::MAX), &name(0));
        assert!(!Arc::ptr_eq(&first.0, &again.0));
        assert!(again.lock().exposure(now_ms()).untrusted.is_some());
        assert!(all.of(&client(1, u64::MAX), &name(MOST_MEMORIES)).lock().exposure(now_ms()).untrusted.is_none());
    }

    #[tokio::test]
    async fn what_a_client_was_exposed_to_is_kept_and_a_new_chat_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        let talk: Arc<str> = "talk".into();
        let who = client(3, u64::MAX);
        let all = recall(&folder, false).await;
        let held = all.of(&who, &talk);
        let (origin, text) = shown(TEXT);
        held.remember(origin, &text, Seen::default());
        let exposure = held.lock().exposure(now_ms());
        all.store.note_exposure(&who.identity.to_string(), exposure).await.unwrap();
        let again = recall(&folder, false).await;
        assert!(again.of(&who, &talk).lock().exposure(now_ms()).private.is_some());
        again.forget(who.identity).await.unwrap();
        assert_eq!(again.of(&who, &talk).lock().exposure(now_ms()), Exposure::default());
        assert_eq!(recall(&folder, false).await.of(&who, &talk).lock().exposure(now_ms()), Exposure::default());
    }

    #[tokio::test]
    async fn names_of_a_server_are_suspended_once_somebody_elses_value_was_written_there() {
        let folder = tempfile::tempdir().unwrap();
        let all = recall(&folder, false).await;
        let entry = |standing: &str, effect: &str| {
            serde_json::json!({"kind": "intent", "server": "chat", "effects": [effect],
                "provenance": [{"pointer": "/name", "standing": standing, "sources": []}]})
        };
        assert_eq!(written(&entry("unseen", "write")), None);
        assert_eq!(written(&entry("tainted", "read")), None);
        assert_eq!(written(&entry("unknown", "privilege")), Some("chat"));
        all.replay(now_ms() - LIFE_MS, &entry("tainted", "write"));
        assert!(!all.is_written("chat"), "a day later it counts no more");
        all.note_written("chat", now_ms());
        all.note_written("chat", 5);
        assert!(all.is_written("chat") && !all.is_written("mail"));
    }
}
