//! One client attached to one server: ids, order, cancellation, and who may be answered what.
//!
//! Whatever a client sends is either a tool call, which walks the corridor, or answered here; nothing else passes.

mod opening;

use crate::corridor::{Asked, Corridor, Reply};
use crate::desk::Nudge;
use crate::mcp::{self, code};
use crate::servers::Trusted;
use crate::upstream::Upstream;
use bridge::frame::{Frame, FrameFault, Kind, Lines};
use bytes::Bytes;
use gate::call::{ConnectionId, Request};
use gate::client::Client;
use gate::release;
use opening::Opening;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// The most calls one connection may have open.
const MOST_OPEN: usize = 256;

/// How long open calls may take to be answered after their server is gone.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// How long open calls may take to be answered after the client closed its side; then they are cancelled.
const FAREWELL: Duration = Duration::from_secs(2);

/// What a connection can do now.
#[derive(Clone, Debug)]
pub(crate) enum Usable {
    /// It is being found out.
    Opening,
    /// A person has to say yes first; one sentence says to what.
    Waiting(String),
    /// It can't be used; one sentence says why.
    Failed(String),
    /// Calls go through.
    Ready(Arc<Live>),
}

/// A connection's own process of its server.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) trusted: Arc<Trusted>,
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) version: String,
    pub(crate) server_info: Option<Bytes>,
}

/// What a connection is made of.
pub(crate) struct Terms {
    pub(crate) id: ConnectionId,
    pub(crate) client: Client,
    pub(crate) conversation: Arc<str>,
    pub(crate) server: String,
}

/// One client attached to one server.
pub(crate) struct Connection {
    pub(crate) id: ConnectionId,
    pub(crate) client: Mutex<Arc<Client>>,
    pub(crate) conversation: Arc<str>,
    pub(crate) server: String,
    corridor: Arc<Corridor>,
    out: tokio::sync::Mutex<OwnedWriteHalf>,
    open: Mutex<HashMap<String, OpenCall>>,
    /// A call got its reply, or needs none.
    replied: Notify,
    usable: watch::Sender<Usable>,
    /// The client said `notifications/initialized`: it may be told things.
    initialized: AtomicBool,
    /// `initialize` came.
    begun: AtomicBool,
    gone: CancellationToken,
}

#[derive(Debug)]
struct OpenCall {
    cancel: CancellationToken,
    progress_token: Option<String>,
    /// The client cancelled: by the protocol no reply follows.
    silent: bool,
}

impl Connection {
    /// Serves a client until it leaves, its server ends, or the broker stops.
    pub(crate) async fn serve(
        terms: Terms,
        corridor: Arc<Corridor>,
        stream: Lines<OwnedReadHalf>,
        out: OwnedWriteHalf,
        stop: CancellationToken,
    ) {
        let connection = Arc::new(Self {
            id: terms.id,
            client: Mutex::new(Arc::new(terms.client)),
            conversation: terms.conversation,
            server: terms.server,
            corridor,
            out: tokio::sync::Mutex::new(out),
            open: Mutex::default(),
            replied: Notify::new(),
            usable: watch::Sender::new(Usable::Opening),
            initialized: AtomicBool::new(false),
            begun: AtomicBool::new(false),
            gone: stop.child_token(),
        });
        connection.read(stream).await;
        connection.replies(FAREWELL).await;
        connection.end().await;
    }

    fn open(&self) -> MutexGuard<'_, HashMap<String, OpenCall>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who asks: proved, with the name it gave itself in `initialize`.
    pub(crate) fn client(&self) -> Arc<Client> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn read(self: &Arc<Self>, mut lines: Lines<OwnedReadHalf>) {
        loop {
            let line = tokio::select! {
                line = lines.next() => line,
                () = self.gone.cancelled() => return,
            };
            match line {
                Ok(Some(line)) => match line.within_limit().and_then(Frame::parse) {
                    Ok(frame) => self.take(frame).await,
                    Err(fault) => self.fault(&fault).await,
                },
                Ok(None) | Err(_) => return,
            }
        }
    }

    async fn fault(&self, fault: &FrameFault) {
        let mut line = fault.reply().to_vec();
        line.push(b'\n');
        self.send(&line).await;
    }

    async fn take(self: &Arc<Self>, frame: Frame) {
        match frame.kind() {
            Kind::Request { id, method } => self.request(id, method, &frame).await,
            Kind::Notification { method } => self.notification(method, &frame),
            // We never ask a client anything, so this answers nothing.
            Kind::Response { .. } => {}
        }
    }

    async fn request(self: &Arc<Self>, id: &str, method: &str, frame: &Frame) {
        match method {
            "initialize" => self.initialize(id, frame).await,
            "ping" => self.send(&mcp::result(id, b"{}")).await,
            "tools/list" => self.list(id, frame).await,
            "tools/call" => self.call(id, frame).await,
            _ => self.send(&mcp::method_not_found(id, method)).await,
        }
    }

    fn notification(&self, method: &str, frame: &Frame) {
        match method {
            "notifications/initialized" => self.initialized.store(true, Ordering::Release),
            "notifications/cancelled" => {
                let Some((id, _)) = mcp::read_cancelled(frame.params().as_deref()) else { return };
                if let Some(call) = self.open().get_mut(&id) {
                    call.silent = true;
                    call.cancel.cancel();
                }
            }
            _ => {}
        }
    }

    /// Answered by us. The server is started first where it may be, so that the revision is the one it chose.
    async fn initialize(self: &Arc<Self>, id: &str, frame: &Frame) {
        let hello = match mcp::read_hello(frame.params().as_deref()) {
            Ok(hello) => hello,
            Err(why) => return self.send(&mcp::error(id, code::INVALID_PARAMS, &why)).await,
        };
        let version = mcp::negotiate(&hello.version);
        if let Some(name) = hello.name {
            let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
            let mut named = Client::clone(&client);
            // `--client` is what the person wrote into a configuration; a program's own word comes second.
            named.claimed.get_or_insert(name);
            *client = Arc::new(named);
        }
        if self.begun.swap(true, Ordering::AcqRel) {
            return self.send(&mcp::error(id, code::INVALID_REQUEST, "initialize was sent twice")).await;
        }
        Opening::begin(self, version);
        // The answer must not hold up what else the client sends; there is nothing it may send before, so this waits.
        let connection = self.clone();
        let id = id.to_owned();
        tokio::spawn(async move {
            let reply = match connection.settled().await {
                Usable::Ready(live) => mcp::result(
                    &id,
                    &mcp::initialize_result(
                        &live.version,
                        live.server_info.as_deref(),
                        connection.pinned_instructions().as_deref(),
                    ),
                ),
                Usable::Waiting(_) | Usable::Opening => mcp::result(&id, &mcp::initialize_result(version, None, None)),
                Usable::Failed(why) => mcp::error(&id, code::CONSENTRY, &why),
            };
            connection.send(&reply).await;
        });
    }

    fn pinned_instructions(&self) -> Option<String> {
        self.corridor.servers.pinned(&self.server).and_then(|listing| listing.instructions.clone())
    }

    /// What the connection can do, once that is known.
    async fn settled(&self) -> Usable {
        let mut usable = self.usable.subscribe();
        let settled = tokio::select! {
            settled = usable.wait_for(|u| !matches!(u, Usable::Opening)) => settled,
            () = self.gone.cancelled() => return Usable::Failed("Consentry is stopping.".into()),
        };
        settled.map_or_else(|_| Usable::Failed("The connection ended.".into()), |u| u.clone())
    }

    /// The pinned text of every tool that did not change; nothing while nothing is trusted.
    async fn list(&self, id: &str, frame: &Frame) {
        let cursor = frame.params().is_some_and(|p| {
            serde_json::from_slice::<serde_json::Value>(&p).is_ok_and(|p| p.get("cursor").is_some_and(|c| !c.is_null()))
        });
        if cursor {
            return self
                .send(&mcp::error(id, code::INVALID_PARAMS, "there is one page only, so no cursor is valid"))
                .await;
        }
        let reply = match &*self.usable.borrow() {
            Usable::Ready(live) => {
                let pinned = self.corridor.servers.pinned(&self.server);
                let tools = pinned.iter().flat_map(|listing| &listing.tools).filter(|t| live.upstream.lists(t));
                mcp::result(id, &mcp::listing(tools.map(|t| &t.raw)))
            }
            Usable::Failed(why) => mcp::error(id, code::CONSENTRY, why),
            Usable::Waiting(_) | Usable::Opening => mcp::result(id, &mcp::listing(std::iter::empty())),
        };
        self.send(&reply).await;
    }

    async fn call(self: &Arc<Self>, id: &str, frame: &Frame) {
        let live = match &*self.usable.borrow() {
            Usable::Ready(live) => Ok(live.clone()),
            Usable::Waiting(why) => Err(format!("The call did not run: {why}. Tell the user.")),
            Usable::Failed(why) => Err(why.clone()),
            Usable::Opening => Err("The call did not run: the server is not initialized yet.".into()),
        };
        let live = match live {
            Ok(live) => live,
            Err(why) => return self.send(&mcp::refused(id, &why)).await,
        };
        let request = match frame.params().map_or_else(|| Request::parse(Bytes::from_static(b"{}")), Request::parse) {
            Ok(request) => request,
            Err(fault) => {
                return self
                    .send(&mcp::error(id, code::INVALID_PARAMS, &wire::text::escaped(&fault.to_string())))
                    .await;
            }
        };
        let cancel = self.gone.child_token();
        let taken = {
            let mut open = self.open();
            if open.contains_key(id) {
                Err("this id is in use by a call that is still open")
            } else if open.len() >= MOST_OPEN {
                Err("too many calls are open on this connection")
            } else {
                let progress_token = request.progress_token.clone();
                open.insert(id.to_owned(), OpenCall { cancel: cancel.clone(), progress_token, silent: false });
                Ok(())
            }
        };
        if let Err(why) = taken {
            // A reply with the id would be taken for the reply of the call that has it.
            let id = if why.starts_with("this id") { "null" } else { id };
            return self.send(&mcp::error(id, code::INVALID_REQUEST, why)).await;
        }
        let client = self.client();
        let asked = Asked {
            connection: self.id,
            client,
            conversation: self.conversation.clone(),
            trusted: live.trusted.clone(),
            upstream: live.upstream.clone(),
            nudge: request.progress_token.clone().map(|token| self.nudge(token)),
            request,
            cancel,
        };
        tokio::spawn(self.clone().walk(id.to_owned(), asked));
    }

    async fn walk(self: Arc<Self>, id: String, asked: Asked) {
        // It holds much: in a box, the task around it is not moved about with all of it.
        let reply = Box::pin(self.corridor.walk(asked)).await;
        let line = match &reply {
            Reply::Result(released) => mcp::result(&id, released.bytes()),
            Reply::Error(released) => mcp::server_error(&id, released.bytes()),
            Reply::Refused(refusal) => mcp::refused(&id, &refusal.message),
        };
        let silent = self.open().remove(&id).is_none_or(|call| call.silent);
        if !silent {
            self.send(&line).await;
        }
        self.replied.notify_waiters();
    }

    /// Tells the client that a call waits for a person. Its progress hardly grows, so that the server's own comes after.
    fn nudge(self: &Arc<Self>, token: String) -> Box<Nudge> {
        let connection = self.clone();
        Box::new(move |nth| {
            let (connection, token) = (connection.clone(), token.clone());
            tokio::spawn(async move {
                let waits = connection.open().values().any(|c| !c.silent && c.progress_token.as_ref() == Some(&token));
                if waits {
                    let text = mcp::still_waiting(&token, nth);
                    connection.send(&mcp::notification("notifications/progress", Some(&text))).await;
                }
            });
        })
    }

    /// Progress of a call that is open goes on to the client, inspected; anything else is dropped.
    pub(crate) async fn progress(&self, params: Bytes) {
        let Some(token) = mcp::progress_token(&params) else { return };
        let open = self.open().values().any(|c| !c.silent && c.progress_token.as_deref() == Some(&token));
        if open {
            let Usable::Ready(live) = self.usable.borrow().clone() else { return };
            let to = (&*self.client(), &self.conversation);
            // Where nothing can be held back safely, nothing of it goes on.
            let released = self.corridor.release(params, release::Kind::Notification, &live.trusted, None, to).await;
            let Ok((released, marks)) = released else { return };
            self.corridor.told(to, &marks);
            let text = String::from_utf8_lossy(released.bytes());
            self.send(&mcp::notification("notifications/progress", Some(&text))).await;
        }
    }

    /// Tells the client that its tools are others now, once it may be told.
    pub(crate) async fn list_changed(&self) {
        if self.initialized.load(Ordering::Acquire) {
            self.send(&mcp::notification("notifications/tools/list_changed", None)).await;
        }
    }

    /// Whether the client finished the handshake.
    pub(crate) fn is_initialized(&self) -> bool {
        self.initialized.load(Ordering::Acquire)
    }

    /// The server is gone: open calls get their replies, then the client sees its end, as without us.
    pub(crate) async fn close_after_replies(&self) {
        self.replies(LAST_WORDS).await;
        self.gone.cancel();
    }

    /// Waits until every open call has its reply, the connection ends, or this long.
    async fn replies(&self, longest: Duration) {
        let answered = async {
            loop {
                let replied = self.replied.notified();
                if self.open().is_empty() {
                    return;
                }
                replied.await;
            }
        };
        tokio::select! {
            () = answered => {}
            () = self.gone.cancelled() => {}
            () = tokio::time::sleep(longest) => {}
        }
    }

    async fn send(&self, line: &[u8]) {
        let mut out = self.out.lock().await;
        if out.write_all(line).await.is_err() {
            self.gone.cancel();
        }
    }

    async fn end(self: Arc<Self>) {
        self.gone.cancel();
        let mut out = self.out.lock().await;
        let _ = out.shutdown().await;
    }
}

/// Splits a stream into what is read in lines and what is written.
pub(crate) fn halves(stream: UnixStream) -> (Lines<OwnedReadHalf>, OwnedWriteHalf) {
    let (read, write) = stream.into_split();
    (Lines::new(read), write)
}
