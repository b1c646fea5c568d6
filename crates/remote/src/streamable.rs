//! One session with an MCP server over Streamable HTTP, of the revisions with a handshake (2025-03-26 to 2025-11-25).
//!
//! Bytes in, bytes out: a message is looked at for its method and id and never written anew. Each message is sent at most
//! once. It is sent again only where the server said that it did not take it: it refused the token, or pointed to
//! another path. What may have run is told as [`Fault::Unknown`], and the owner decides.
//!
//! Every request that [`Session::send`] took gets exactly one end: a [`Said::Message`] that answers it or a
//! [`Said::Failed`]. There is no limit on how long an answer takes while the server sends anything at all; after
//! five minutes without a byte the stream is given up, and resumed where the server numbered its events.

mod endpoint;
mod events;
mod exchange;
mod message;
mod stream;

pub use crate::bearer::Bearer;
pub use crate::challenge::Challenge;
pub use endpoint::Endpoint;

use crate::net::Net;
use bytes::Bytes;
use message::Outgoing;
use reqwest::header::HeaderValue;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The longest message in either direction, in bytes.
pub const MAX_MESSAGE: usize = 16 * 1024 * 1024;

/// The most requests that may be open at once.
pub const MOST_OPEN: usize = 256;

/// The oldest revision that wants `MCP-Protocol-Version` on what follows the handshake.
const NAMES_REVISION: &str = "2025-06-18";

/// What a server says, and what became of what it was sent.
#[derive(Debug)]
pub enum Said {
    /// One JSON-RPC message, as its bytes came; there may be line ends in it, between its parts.
    Message(Bytes),
    /// The request with this id (as it was written) will get no answer.
    Failed {
        /// The id, as JSON.
        id: Box<str>,
        /// Why.
        fault: Fault,
    },
    /// The session is over; one sentence says why. Nothing follows.
    Closed(String),
}

/// Why there is no answer. Each text is a sentence without its full stop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Certain: the server did not take it.
    #[error("{0}")]
    NotSent(String),
    /// It was sent, and what became of it is not known.
    #[error("{0}")]
    Unknown(String),
    /// It needs a login or more scopes, and was certainly not taken.
    #[error("the server wants a login")]
    Unauthorized(Box<Challenge>),
}

/// How long what may take.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// Without a byte, or until the first one.
    quiet: Duration,
    /// Until a notification or an answer is taken.
    accept: Duration,
    /// Between a stream's end and coming back, where the server names nothing.
    retry: Duration,
    /// At most, between two tries to come back.
    longest: Duration,
    /// After its answer, for a stream to end by itself, so that its connection can be used again.
    linger: Duration,
    /// For the server to end the session.
    farewell: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            quiet: Duration::from_secs(300),
            accept: Duration::from_secs(30),
            retry: Duration::from_secs(1),
            longest: Duration::from_secs(60),
            linger: Duration::from_millis(500),
            farewell: Duration::from_secs(2),
        }
    }
}

/// A session with one server. Ends with [`Session::close`], or when the server ends it or nobody hears what it says.
pub struct Session {
    net: Net,
    endpoint: Endpoint,
    bearer: Option<Arc<dyn Bearer>>,
    said: mpsc::Sender<Said>,
    pace: Pace,
    state: Mutex<State>,
    ended: CancellationToken,
    tasks: TaskTracker,
}

#[derive(Default)]
struct State {
    /// What is open, by its id as [`message::key`] spells it.
    open: HashMap<String, Open>,
    /// `Mcp-Session-Id`. Whoever has it can speak in our name, so it is kept like a secret.
    id: Option<HeaderValue>,
    /// `MCP-Protocol-Version`.
    revision: Option<HeaderValue>,
    is_initialized: bool,
    is_listening: bool,
    /// The stream for what nobody asked for came about, so that 404 to it means the session.
    has_stream: bool,
    is_over: bool,
}

#[derive(Clone, Debug)]
struct Open {
    id: Box<str>,
    is_handshake: bool,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Session {
    /// A session; nothing is sent yet. `said` gets what the server says, and is to be emptied: what it can't take holds
    /// up the server.
    ///
    /// # Errors
    /// One sentence where a token is configured as a header though somebody else is to give it.
    pub fn open(
        net: Net,
        endpoint: Endpoint,
        bearer: Option<Arc<dyn Bearer>>,
        said: mpsc::Sender<Said>,
    ) -> Result<Arc<Self>, String> {
        Self::open_at(Pace::default(), net, endpoint, bearer, said)
    }

    fn open_at(
        pace: Pace,
        net: Net,
        endpoint: Endpoint,
        bearer: Option<Arc<dyn Bearer>>,
        said: mpsc::Sender<Said>,
    ) -> Result<Arc<Self>, String> {
        if bearer.is_some() && endpoint.authorizes() {
            return Err("The header authorization can't be configured for a server one logs in to.".into());
        }
        let (state, ended, tasks) = (Mutex::default(), CancellationToken::new(), TaskTracker::new());
        Ok(Arc::new(Self { net, endpoint, bearer, said, pace, state, ended, tasks }))
    }

    /// Sends one message. A request is on its way when this returns, and others may follow at once; what becomes of it
    /// is said. A notification or an answer has been taken by the server when this returns.
    ///
    /// # Errors
    /// The message was not taken, or it is not known whether it was. A request fails here only before it is sent, and
    /// then nothing is said of it.
    pub async fn send(self: &Arc<Self>, frame: Bytes) -> Result<(), Fault> {
        if frame.len() > MAX_MESSAGE {
            return Err(Fault::NotSent(format!("the message has more than {MAX_MESSAGE} bytes")));
        }
        let Outgoing { id, method } = Outgoing::read(&frame).map_err(Fault::NotSent)?;
        let Some(id) = id else {
            self.notify(frame).await?;
            if method.as_deref() == Some("notifications/initialized") {
                self.start_listening();
            }
            return Ok(());
        };
        let key = message::key(&id).ok_or_else(|| Fault::NotSent("its id is none".into()))?;
        let open = Open { id, is_handshake: method.as_deref() == Some("initialize") };
        let mut state = self.state();
        self.admit(&state, &key, &open)?;
        state.open.insert(key.clone(), open.clone());
        // Under the lock, so that the end of the session waits for it.
        self.tasks.spawn(self.clone().carry(frame, key, open));
        Ok(())
    }

    /// Ends the session: what is open fails, its streams are left, and the server is told. Takes 2 seconds at most.
    pub async fn close(&self) {
        let id = self.state().id.clone();
        self.end("The session was closed");
        if id.is_some() {
            self.bid_farewell(id).await;
        }
    }

    fn admit(&self, state: &State, key: &str, open: &Open) -> Result<(), Fault> {
        let refuse = |why: &str| Err(Fault::NotSent(why.to_owned()));
        if state.is_over || self.said.is_closed() {
            return refuse("the session with the server is over");
        }
        if state.open.contains_key(key) {
            return refuse("a request with the same id is open");
        }
        if state.open.len() >= MOST_OPEN {
            return refuse("too many requests are open");
        }
        if open.is_handshake && (state.is_initialized || state.open.values().any(|other| other.is_handshake)) {
            return refuse("the session has had its handshake");
        }
        Ok(())
    }

    /// The life of one request.
    async fn carry(self: Arc<Self>, frame: Bytes, key: String, open: Open) {
        let ended = self.ask(frame, &key, &open).await;
        if self.state().open.remove(&key).is_none() {
            return;
        }
        let silent = || Fault::Unknown("the server gave no answer".into());
        let fault = ended.err().unwrap_or_else(silent);
        self.say(Said::Failed { id: open.id, fault }).await;
    }

    async fn say(&self, said: Said) {
        if self.said.send(said).await.is_err() {
            self.end("Nobody hears what the server says");
        }
    }

    /// Passes a message of the server's on. What it says of our session is noted before.
    async fn hear(&self, heard: message::Heard) {
        {
            let mut state = self.state();
            let answered = heard.answers.as_ref().and_then(|key| state.open.remove(key));
            if answered.is_some_and(|open| open.is_handshake) {
                state.is_initialized = heard.is_result;
                if heard.is_result {
                    state.revision = message::revision(&heard.raw).and_then(|revision| revision_header(&revision));
                } else {
                    state.id = None;
                }
            }
        }
        self.say(Said::Message(heard.raw)).await;
    }

    fn is_open(&self, key: &str) -> bool {
        self.state().open.contains_key(key)
    }

    /// The session is over, once. Says so when everything that was open has failed.
    fn end(&self, why: &str) {
        {
            let mut state = self.state();
            if std::mem::replace(&mut state.is_over, true) {
                return;
            }
            state.id = None;
            self.tasks.close();
        }
        self.ended.cancel();
        let (tasks, said, why) = (self.tasks.clone(), self.said.clone(), why.to_owned());
        tokio::spawn(async move {
            tasks.wait().await;
            // Nobody hears it where the receiver is gone.
            let _ = said.send(Said::Closed(why)).await;
        });
    }

    fn start_listening(self: &Arc<Self>) {
        let mut state = self.state();
        if !state.is_over && !std::mem::replace(&mut state.is_listening, true) {
            self.tasks.spawn(self.clone().listen());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The header for a revision that wants it. What is no date is the owner's to refuse, and is not sent back.
fn revision_header(revision: &str) -> Option<HeaderValue> {
    let is_date = revision.len() == NAMES_REVISION.len()
        && revision.bytes().enumerate().all(|(at, b)| if matches!(at, 4 | 7) { b == b'-' } else { b.is_ascii_digit() });
    if is_date && revision >= NAMES_REVISION { HeaderValue::from_str(revision).ok() } else { None }
}

#[cfg(test)]
mod tests;
