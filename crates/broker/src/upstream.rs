//! One running server: what is sent to it, and who waits for which answer.
//!
//! A call goes out only as a [`Recorded<Permit>`]; everything else that goes out is ours: the handshake, listings,
//! answers to pings.

mod child;
mod hearing;
mod program;
mod steers;
mod target;
mod way;

pub(crate) use child::{Child, all_ended, end_adopted};
pub(crate) use program::{Command, Program};
pub(crate) use steers::steers;
pub(crate) use target::{Configured, Remote, Target, Text};

use crate::audit_log::Recorded;
use crate::mcp;
use crate::secrets::Filled;
use bridge::frame::Lines;
use bytes::Bytes;
use gate::permit::Permit;
use gate::tool::{Pin, Tool};
use remote::bearer::Bearer;
use remote::net::{Net, Reach};
use remote::oauth::Scopes;
use remote::streamable::{Endpoint, Session};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use way::{Way, WayFault};
use wire::text::escaped;

/// How long the handshake and a listing may take: Node servers need up to 2 s, Python ones up to 7 s.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The most tools one server may list.
const MOST_TOOLS: usize = 2_000;

/// A server's answer.
#[derive(Debug)]
pub(crate) enum Answer {
    /// `result`, as raw bytes.
    Result(Bytes),
    /// `error`, as raw bytes.
    Error(Bytes),
    /// The answer could not be taken; one sentence says why.
    Malformed(String),
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UpstreamFault {
    /// Nothing was sent.
    #[error("{0}")]
    NotSent(String),
    /// The server refused it for want of these scopes.
    #[error("{why}")]
    NeedsScopes {
        /// One sentence.
        why: String,
        /// As the server named them.
        scopes: Scopes,
    },
    /// It was sent, and what became of it is not known.
    #[error("{0}")]
    Unknown(String),
}

/// What a server says without having been asked.
#[derive(Debug)]
pub(crate) enum Unasked {
    /// `params` of `notifications/progress`.
    Progress(Bytes),
    /// Its tools may have changed.
    ListChanged,
    /// Its output ended; one sentence says how.
    Closed(String),
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Upstream {
    name: String,
    way: Way,
    pending: Mutex<Pending>,
    listed: Mutex<Option<Pin>>,
    next_id: AtomicU64,
}

#[derive(Debug, Default)]
struct Pending {
    waiting: HashMap<u64, oneshot::Sender<Result<Answer, UpstreamFault>>>,
    closed: Option<String>,
    /// Calls of our own that have had no answer, also those that nobody waits for any more.
    own: HashMap<u64, Instant>,
    /// Lines that were no message, messages nobody waited for, log messages: counted, dropped.
    noise: u64,
}

/// A call that is on its way.
#[derive(Debug)]
pub(crate) struct Sent {
    /// Its id towards the server.
    pub(crate) id: u64,
    answer: oneshot::Receiver<Result<Answer, UpstreamFault>>,
}

/// What a server said in the handshake.
#[derive(Clone, Debug)]
pub(crate) struct Initialized {
    /// The revision it chose.
    pub(crate) version: String,
    /// Its instructions for the model. Foreign.
    pub(crate) instructions: Option<String>,
    /// `serverInfo`, raw. Foreign.
    pub(crate) server_info: Option<Bytes>,
}

impl Upstream {
    /// Starts the program and reads what it says; `unasked` gets the rest.
    pub(crate) fn start(
        name: &str,
        program: &Program,
        secrets: &Filled,
        unasked: mpsc::Sender<Unasked>,
    ) -> Result<Arc<Self>, String> {
        let (child, stdin, stdout) = Child::spawn(name, program, secrets)?;
        let upstream = Self::through(name, Way::Pipes { stdin: tokio::sync::Mutex::new(stdin), child });
        tokio::spawn(upstream.clone().read(Lines::new(stdout), unasked));
        Ok(upstream)
    }

    /// Begins to talk to a URL. Nothing is sent yet.
    pub(crate) async fn reach(
        name: &str,
        remote: &Remote,
        filled: &Filled,
        bearer: Option<Arc<dyn Bearer>>,
        unasked: mpsc::Sender<Unasked>,
    ) -> Result<Arc<Self>, String> {
        let fault =
            |why: String| format!("The server `{}` can't be reached: {}.", escaped(name), why.trim_end_matches('.'));
        let reach = Reach::of(&remote.url).await.map_err(|e| fault(e.to_string()))?;
        let net = Net::new(reach).map_err(|e| fault(e.to_string()))?;
        let headers = &filled.remote().unwrap_or(remote).headers;
        let given = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let endpoint = Endpoint::with(remote.url.clone(), given).map_err(fault)?;
        let (tell, said) = mpsc::channel(64);
        let session = Session::open(net, endpoint, bearer, tell).map_err(fault)?;
        let upstream = Self::through(name, Way::Http(session));
        tokio::spawn(upstream.clone().hear(said, unasked));
        Ok(upstream)
    }

    fn through(name: &str, way: Way) -> Arc<Self> {
        Arc::new(Self {
            name: name.to_owned(),
            way,
            pending: Mutex::default(),
            listed: Mutex::default(),
            next_id: AtomicU64::new(1),
        })
    }

    /// The id of its process, where it is one.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child().map(Child::pid)
    }

    /// The last lines it wrote to stderr. Foreign.
    pub(crate) fn stderr(&self) -> Vec<String> {
        self.child().map(Child::stderr).unwrap_or_default()
    }

    /// Ends it: a process within seconds, a session at once.
    pub(crate) fn ask_to_end(&self) {
        self.way.ask_to_end();
    }

    /// Waits until its process has ended.
    pub(crate) async fn ended(&self) {
        if let Some(child) = self.child() {
            child.ended().await;
        }
    }

    fn child(&self) -> Option<&Child> {
        match &self.way {
            Way::Pipes { child, .. } => Some(child),
            Way::Http(_) => None,
        }
    }

    /// What this process lists, as it was last found out.
    pub(crate) fn set_listed(&self, pin: Pin) {
        *self.listed.lock().unwrap_or_else(PoisonError::into_inner) = Some(pin);
    }

    /// Whether this very process lists the tool exactly as it was pinned.
    pub(crate) fn lists(&self, tool: &Tool) -> bool {
        let listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        listed.as_ref().is_some_and(|pin| pin.tools.get(&tool.name) == Some(&tool.digest))
    }

    /// The handshake, with no client capabilities at all: nothing but tools goes through.
    pub(crate) async fn initialize(&self, version: &str) -> Result<Initialized, String> {
        let params = mcp::upstream_initialize(version);
        let result = self.ask("initialize", params.as_bytes()).await?;
        let initialized =
            mcp::read_initialized(&result).map_err(|e| self.blame(&format!("answered initialize with {e}")))?;
        self.send(mcp::notification("notifications/initialized", None)).await.map_err(|e| e.to_string())?;
        Ok(initialized)
    }

    /// All its tools' definitions, over all pages, each as raw bytes.
    pub(crate) async fn list(&self) -> Result<Vec<Bytes>, String> {
        let (mut tools, mut cursor) = (Vec::new(), None::<String>);
        for _ in 0..MOST_TOOLS {
            let params = cursor.as_ref().map_or_else(|| "{}".to_owned(), |c| format!(r#"{{"cursor":{c}}}"#));
            let result = self.ask("tools/list", params.as_bytes()).await?;
            let page = mcp::read_listing(&result).map_err(|e| self.blame(&format!("listed its tools with {e}")))?;
            tools.extend(page.tools);
            if tools.len() > MOST_TOOLS {
                return Err(self.blame(&format!("lists more than {MOST_TOOLS} tools")));
            }
            match page.next_cursor {
                Some(next) if cursor.as_ref() == Some(&next) => {
                    return Err(self.blame("lists its tools in pages that repeat"));
                }
                Some(next) => cursor = Some(next),
                None => return Ok(tools),
            }
        }
        Err(self.blame("lists its tools in too many pages"))
    }

    /// Sends a recorded call, once. The bytes of `params` are exactly those that were judged and shown.
    pub(crate) async fn forward(&self, permit: Recorded<Permit>) -> Result<Sent, UpstreamFault> {
        self.request("tools/call", &permit.get().case().call.request.params).await
    }

    /// The same, for a call of our own: whatever comes of it, the server's other calls go on.
    pub(crate) async fn forward_own(&self, permit: Recorded<Permit>) -> Result<Sent, UpstreamFault> {
        let sent = self.request("tools/call", &permit.get().case().call.request.params).await?;
        self.pending().own.insert(sent.id, Instant::now());
        Ok(sent)
    }

    /// The answer to a call.
    pub(crate) async fn answer(&self, sent: &mut Sent) -> Result<Answer, UpstreamFault> {
        (&mut sent.answer).await.unwrap_or_else(|_| {
            let why = self.pending().closed.clone().unwrap_or_default();
            Err(UpstreamFault::Unknown(self.blame(&format!(
                "ended before it answered{}; whether the call ran is unknown: check the server",
                if why.is_empty() { String::new() } else { format!(" ({why})") }
            ))))
        })
    }

    /// Tells the server that an answer is no longer wanted.
    pub(crate) async fn cancel(&self, sent: &Sent, reason: Option<&str>) {
        self.pending().waiting.remove(&sent.id);
        let mut params = serde_json::json!({"requestId": sent.id});
        if let Some(reason) = reason {
            params["reason"] = reason.into();
        }
        // A server that can't be told is ending anyway.
        let _ = self.send(mcp::notification("notifications/cancelled", Some(&params.to_string()))).await;
    }

    async fn ask(&self, method: &str, params: &[u8]) -> Result<Bytes, String> {
        let asked = async {
            let mut sent = self.request(method, params).await.map_err(|e| e.to_string())?;
            match self.answer(&mut sent).await {
                Ok(Answer::Result(result)) => Ok(result),
                Ok(Answer::Error(error)) => {
                    Err(self.blame(&format!("refused {method}: {}", escaped(&mcp::error_message(&error)))))
                }
                Ok(Answer::Malformed(why)) => Err(why),
                Err(fault) => match self.pending().closed.clone() {
                    Some(why) => Err(self.blame(&format!("ended before it answered {method}: {why}"))),
                    None => Err(fault.to_string()),
                },
            }
        };
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(result) => result,
            Err(_) => Err(self.blame(&format!("did not answer {method} in {} seconds", PATIENCE.as_secs()))),
        }
    }

    async fn request(&self, method: &str, params: &[u8]) -> Result<Sent, UpstreamFault> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (tell, answer) = oneshot::channel();
        {
            let mut pending = self.pending();
            if let Some(why) = &pending.closed {
                return Err(UpstreamFault::NotSent(
                    self.blame(&format!("is not running ({why}); the call did not run")),
                ));
            }
            pending.waiting.insert(id, tell);
        }
        if let Err(e) = self.send(mcp::request(id, method, params)).await {
            self.pending().waiting.remove(&id);
            return Err(e);
        }
        Ok(Sent { id, answer })
    }

    async fn send(&self, line: Vec<u8>) -> Result<(), UpstreamFault> {
        self.way.send(line).await.map_err(|fault| self.fault(fault))
    }

    fn fault(&self, fault: WayFault) -> UpstreamFault {
        match fault {
            WayFault::NotSent(what) => UpstreamFault::NotSent(self.blame(&what)),
            WayFault::NeedsScopes(scopes) => {
                let what = "asks for more rights than you gave it; the call did not run. Consentry's window says which";
                UpstreamFault::NeedsScopes { why: self.blame(what), scopes }
            }
            WayFault::Unknown(what) => UpstreamFault::Unknown(self.blame(&what)),
        }
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn blame(&self, what: &str) -> String {
        format!("The server `{}` {what}.", escaped(&self.name))
    }
}
