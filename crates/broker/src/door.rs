//! Who comes in: every peer proved, sent to the door it asked for.

use crate::connection::{self, Connection};
use crate::control::{self, Rights};
use crate::start::own_binaries;
use crate::{Broker, Inner};
use bridge::endpoint::{AcceptFault, Listener};
use bridge::frame::Lines;
use bridge::{Hello, Peer, ProvedClient, write_line};
use gate::call::{ConnectionId, Digest};
use gate::client::Client;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use wire::text::escaped;
use wire::{Fault, FaultCode};

/// The most peers at once, of both doors.
const MOST_PEERS: usize = 256;

/// The connections that are open.
#[derive(Default)]
pub(crate) struct Connections {
    open: Mutex<HashMap<ConnectionId, Attached>>,
    closed: Notify,
}

/// Who is behind a connection.
#[derive(Clone, Debug)]
pub(crate) struct Attached {
    /// The client's process.
    pub(crate) instance: (u32, u64),
    /// What proves it, and what it runs.
    pub(crate) identity: Digest,
    pub(crate) program: String,
    pub(crate) script: Option<String>,
    /// `consentry connect`'s own session, which is its client's.
    pub(crate) session: u32,
    pub(crate) name: String,
    pub(crate) server: String,
}

impl Connections {
    fn open(&self) -> MutexGuard<'_, HashMap<ConnectionId, Attached>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everyone who is connected.
    pub(crate) fn all(&self) -> Vec<Attached> {
        self.open().values().cloned().collect()
    }

    /// Waits until the last one has left.
    pub(crate) async fn drained(&self) {
        loop {
            let closed = self.closed.notified();
            if self.open().is_empty() {
                return;
            }
            closed.await;
        }
    }
}

/// Opens the socket and serves whoever comes.
pub(crate) fn open(broker: &Broker, decides: bool, believe_conversations: bool) -> Result<JoinHandle<()>, Fault> {
    let path = broker.inner.home.socket();
    let listener = Listener::bind(&path)
        .map_err(|e| Fault::new(FaultCode::Storage, format!("{} can't be opened: {e}.", path.display())))?;
    let broker = broker.clone();
    Ok(tokio::spawn(async move {
        let room = Arc::new(tokio::sync::Semaphore::new(MOST_PEERS));
        let door = Arc::new(Door { broker, decides, believe_conversations, own: own_binaries() });
        loop {
            let accepted = listener.accept().await;
            let Ok(place) = room.clone().try_acquire_owned() else {
                tracing::warn!("too many peers at once; one was turned away");
                continue;
            };
            match accepted {
                Ok((stream, peer)) => {
                    let door = door.clone();
                    tokio::spawn(async move {
                        door.receive(stream, peer).await;
                        drop(place);
                    });
                }
                Err(AcceptFault::Peer(fault)) => tracing::warn!("{}", escaped(&fault.to_string())),
                Err(AcceptFault::Socket(e)) => {
                    tracing::error!("the socket fails: {e}");
                    // Out of file descriptors, most likely: others have to leave first.
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }))
}

struct Door {
    broker: Broker,
    /// Whether decisions are taken on the command line, without a proof.
    decides: bool,
    believe_conversations: bool,
    own: Vec<PathBuf>,
}

impl Door {
    async fn receive(&self, stream: UnixStream, peer: Peer) {
        let (mut lines, mut out) = connection::halves(stream);
        match Hello::read(&mut lines).await {
            Ok(Hello::Mcp { server, client, conversation, .. }) => {
                match self.attach(&peer, server, client, conversation).await {
                    Ok((terms, attached)) => self.serve(terms, attached, lines, out).await,
                    Err(why) => {
                        tracing::warn!("{}", escaped(&why));
                        let _ = out.write_all(&crate::mcp::error("null", crate::mcp::code::CONSENTRY, &why)).await;
                    }
                }
            }
            Ok(Hello::Control { .. }) => {
                let rights = match self.tripped(&peer) {
                    None => Rights::new(&self.broker, &peer, self.decides),
                    Some(why) => {
                        tracing::warn!(pid = peer.pid, "{why}");
                        let record = gate::audit::Record::new("tripped", crate::clock::now_ms())
                            .with("program", peer.exe.to_string_lossy().into_owned())
                            .with("pid", peer.pid)
                            .with("message", why);
                        let audit = &self.broker.inner.corridor.audit;
                        let _ = audit.append(record, crate::audit_log::Durability::Process).await;
                        Rights::None(why)
                    }
                };
                control::serve(&self.broker, &rights, lines, out).await;
            }
            Err(fault) => {
                tracing::debug!("{}", escaped(&fault.to_string()));
                let reply = wire::control::Reply::Fault(Fault::new(FaultCode::Invalid, fault.to_string()));
                let _ = write_line(&mut out, &serde_json::to_vec(&reply).unwrap_or_default()).await;
            }
        }
    }

    async fn attach(
        &self,
        peer: &Peer,
        server: String,
        label: Option<String>,
        conversation: Option<String>,
    ) -> Result<(connection::Terms, Attached), String> {
        let (who, own) = (peer.clone(), self.own.clone());
        let proved = tokio::task::spawn_blocking(move || who.client(&own)).await;
        let proved = proved.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
        let claimed = label.map(|l| l.chars().take(120).collect());
        let client = client(&proved, claimed);
        let conversation = self.conversation(&client, conversation);
        let attached = Attached {
            instance: proved.instance,
            identity: client.identity,
            program: client.program.clone(),
            script: client.script.clone(),
            session: peer.session_id,
            name: client.name().to_owned(),
            server: server.clone(),
        };
        let id = ConnectionId(uuid::Uuid::now_v7());
        Ok((connection::Terms { id, client, conversation, server }, attached))
    }

    /// One client instance is one conversation; a name it gives may join connections of the same proved client.
    fn conversation(&self, client: &Client, claimed: Option<String>) -> Arc<str> {
        let who = if self.believe_conversations { "believed".to_owned() } else { client.identity.to_string() };
        match claimed {
            Some(claimed) => format!("{who}/{}", claimed.chars().take(120).collect::<String>()).into(),
            None => client.instance().into(),
        }
    }

    async fn serve(
        &self,
        terms: connection::Terms,
        attached: Attached,
        lines: Lines<tokio::net::unix::OwnedReadHalf>,
        out: tokio::net::unix::OwnedWriteHalf,
    ) {
        let inner: &Arc<Inner> = &self.broker.inner;
        let (id, server, name) = (terms.id, terms.server.clone(), attached.name.clone());
        let record = |kind| {
            gate::audit::Record::new(kind, crate::clock::now_ms())
                .with("connection", id.to_string())
                .with("server", server.clone())
                .with("client", name.clone())
        };
        let connected = record("connected")
            .with("client_identity", terms.client.identity.to_string())
            .with("client_pid", terms.client.pid)
            .with("program", terms.client.program.clone())
            .with("script", terms.client.script.clone().unwrap_or_default())
            .with("claimed", terms.client.claimed.clone().unwrap_or_default())
            .with("conversation", terms.conversation.as_ref());
        let audit = &inner.corridor.audit;
        // A log that can't be written refuses each call by itself; the handshake may go on and say so.
        let _ = audit.append(connected, crate::audit_log::Durability::Process).await;
        inner.connections.open().insert(id, attached);
        inner.corridor.servers.connected(&server, id, Some(name.clone()));
        Connection::serve(terms, inner.corridor.clone(), lines, out, inner.stop.clone()).await;
        inner.corridor.servers.connected(&server, id, None);
        let _ = audit.append(record("disconnected"), crate::audit_log::Durability::Process).await;
        inner.connections.open().remove(&id);
        inner.connections.closed.notify_waiters();
    }

    /// Whether a control peer is a connected client, a child of one, or a child of ours: a program that an agent may
    /// steer. A tripwire, not a wall; off where decisions are taken on the command line.
    fn tripped(&self, peer: &Peer) -> Option<&'static str> {
        if self.decides {
            return None;
        }
        let attached = self.broker.inner.connections.all();
        let clients: HashSet<(u32, u64)> = attached.iter().map(|a| a.instance).collect();
        if peer.descends_from(&clients) {
            return Some("A program that a connected client started may not use Consentry's control socket.");
        }
        let servers = self.broker.inner.corridor.servers.pids();
        if servers.contains(&peer.pid) || peer.ancestors.iter().any(|p| servers.contains(&p.pid)) {
            return Some("A program that a server started may not use Consentry's control socket.");
        }
        // Where our own session can't be read, every shared one counts.
        let own_session = bridge::peer::own_session().unwrap_or(0);
        if attached.iter().any(|a| peer.shares_session(a.session) && a.session != own_session) {
            return Some(
                "A program in the terminal session of a connected client may not use Consentry's control socket.",
            );
        }
        None
    }
}

fn client(proved: &ProvedClient, claimed: Option<String>) -> Client {
    Client {
        program: proved.program.to_string_lossy().into_owned(),
        sha256: hex::encode(proved.program_sha256),
        script: proved.script.clone(),
        identity: Digest(proved.identity()),
        pid: proved.instance.0,
        start_time: proved.instance.1,
        parents: proved.parents.clone(),
        claimed,
    }
}
