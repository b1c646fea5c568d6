//! One running server: what is sent to it, and who waits for which answer.
//!
//! A call goes out only as a [`Recorded<Permit>`]; everything else that goes out is ours: the handshake, listings,
//! answers to pings.

mod child;
mod program;

pub(crate) use child::{Child, all_ended, end_adopted};
pub(crate) use program::{Command, Program};

use crate::audit_log::Recorded;
use crate::mcp;
use crate::secrets::Filled;
use bridge::frame::{Frame, FrameFault, Kind, Line, Lines, MAX_FRAME};
use bytes::Bytes;
use gate::permit::Permit;
use gate::tool::{Pin, Tool};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;
use tokio::sync::{mpsc, oneshot};
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
    stdin: tokio::sync::Mutex<ChildStdin>,
    pending: Mutex<Pending>,
    listed: Mutex<Option<Pin>>,
    next_id: AtomicU64,
    child: Child,
}

#[derive(Debug, Default)]
struct Pending {
    waiting: HashMap<u64, oneshot::Sender<Answer>>,
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
    answer: oneshot::Receiver<Answer>,
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
        let upstream = Arc::new(Self {
            name: name.to_owned(),
            stdin: tokio::sync::Mutex::new(stdin),
            pending: Mutex::default(),
            listed: Mutex::default(),
            next_id: AtomicU64::new(1),
            child,
        });
        tokio::spawn(upstream.clone().read(Lines::new(stdout), unasked));
        Ok(upstream)
    }

    /// Its process.
    pub(crate) fn child(&self) -> &Child {
        &self.child
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
        (&mut sent.answer).await.map_err(|_| {
            let why = self.pending().closed.clone().unwrap_or_default();
            UpstreamFault::Unknown(self.blame(&format!(
                "ended before it answered{}; whether the call ran is unknown: check the server",
                if why.is_empty() { String::new() } else { format!(" ({why})") }
            )))
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
                Err(_) => {
                    let why = self.pending().closed.clone().unwrap_or_else(|| "its output ended".into());
                    Err(self.blame(&format!("ended before it answered {method}: {why}")))
                }
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
        let written = tokio::time::timeout(PATIENCE, async { self.stdin.lock().await.write_all(&line).await });
        let why = match written.await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(e)) => e.to_string(),
            Err(_) => {
                // Half a message may be in the pipe: nothing that follows it would be understood.
                self.child.ask_to_end();
                format!("it took nothing for {} seconds", PATIENCE.as_secs())
            }
        };
        let what = format!("could not be written to ({why}); whether the call ran is unknown: check the server");
        Err(UpstreamFault::Unknown(self.blame(&what)))
    }

    async fn read(self: Arc<Self>, mut lines: Lines<tokio::process::ChildStdout>, unasked: mpsc::Sender<Unasked>) {
        let why = loop {
            match lines.next().await {
                Ok(Some(Line::Frame(line))) => match Frame::parse(line.clone()) {
                    Ok(frame) => self.take(frame, &unasked).await,
                    Err(fault) => self.take_fault(&fault, &line),
                },
                // Whose answer it was can't be told, so nobody may wait for it any longer.
                Ok(Some(Line::TooLong { bytes })) if self.was_for_us(bytes) => {}
                Ok(Some(Line::TooLong { bytes })) => {
                    self.child.ended().await;
                    break format!("it sent a message of {bytes} bytes; the limit is {MAX_FRAME}");
                }
                Ok(None) => break self.child.ended().await,
                Err(e) => break format!("its output can't be read: {e}"),
            }
        };
        {
            let mut pending = self.pending();
            pending.closed = Some(why.clone());
            // Dropping the senders tells everyone who waits.
            pending.waiting.clear();
        }
        let _ = unasked.send(Unasked::Closed(why)).await;
    }

    async fn take(&self, frame: Frame, unasked: &mpsc::Sender<Unasked>) {
        match frame.kind() {
            Kind::Response { id, .. } => {
                let waiting = id.parse().ok().and_then(|id: u64| {
                    let mut pending = self.pending();
                    pending.own.remove(&id);
                    pending.waiting.remove(&id)
                });
                let Some(tell) = waiting else { return self.noise() };
                let answer = match (frame.result(), frame.error()) {
                    (Some(result), None) => Answer::Result(result),
                    (None, Some(error)) => Answer::Error(error),
                    _ => Answer::Malformed(self.blame("sent an answer that is neither result nor error")),
                };
                let _ = tell.send(answer);
            }
            Kind::Request { id, method } => {
                let reply = if method == "ping" { mcp::result(id, b"{}") } else { mcp::method_not_found(id, method) };
                let _ = self.send(reply).await;
            }
            Kind::Notification { method } => match method {
                "notifications/progress" => {
                    if let Some(params) = frame.params() {
                        // A server that floods loses progress messages, never answers.
                        let _ = unasked.try_send(Unasked::Progress(params));
                    }
                }
                "notifications/tools/list_changed" => {
                    let _ = unasked.send(Unasked::ListChanged).await;
                }
                _ => self.noise(),
            },
        }
    }

    /// A line that is no acceptable message: a call that waits for it fails, anything else is noise.
    fn take_fault(&self, fault: &FrameFault, line: &[u8]) {
        let id = fault.id.as_deref().and_then(|id| id.parse::<u64>().ok()).or_else(|| mentioned_id(line));
        let waiting = id.and_then(|id| self.pending().waiting.remove(&id));
        match waiting {
            Some(tell) => {
                let why = self.blame(&format!("sent an answer that can't be taken: {fault}"));
                let _ = tell.send(Answer::Malformed(why));
            }
            None => self.noise(),
        }
    }

    /// A line that is too long names nobody. Where a call of our own was sent lately, and before all that wait, it is
    /// taken for the answer to that: nobody else has to pay for what we asked.
    fn was_for_us(&self, bytes: u64) -> bool {
        let mut pending = self.pending();
        let Pending { waiting, own, .. } = &mut *pending;
        own.retain(|_, sent| sent.elapsed() < PATIENCE);
        let Some(id) = own.keys().min().copied() else { return false };
        if waiting.keys().any(|waiting| *waiting < id) {
            return false;
        }
        own.remove(&id);
        if let Some(tell) = waiting.remove(&id) {
            let why = self.blame(&format!("sent an answer of {bytes} bytes; the limit is {MAX_FRAME}"));
            let _ = tell.send(Answer::Malformed(why));
        }
        true
    }

    fn noise(&self) {
        let mut pending = self.pending();
        pending.noise += 1;
        if pending.noise.is_power_of_two() {
            tracing::debug!(server = %escaped(&self.name), lines = pending.noise, "the server says things that are no answers");
        }
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn blame(&self, what: &str) -> String {
        format!("The server `{}` {what}.", escaped(&self.name))
    }
}

/// The first `"id":` with a number in a line that is no message: good enough to end somebody's waiting, and for
/// nothing else.
fn mentioned_id(line: &[u8]) -> Option<u64> {
    let head = line.get(..line.len().min(4096))?;
    let at = memchr::memmem::find(head, b"\"id\":")? + 5;
    let rest = head.get(at..)?.trim_ascii_start();
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    std::str::from_utf8(rest.get(..digits)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::mentioned_id;

    #[test]
    fn an_id_is_found_in_what_is_no_json() {
        assert_eq!(mentioned_id(b"{\"jsonrpc\":\"2.0\",\"id\": 12,\"result\":{\"x\":\"\xff"), Some(12));
        assert_eq!(mentioned_id(b"listening on 8080"), None);
        assert_eq!(mentioned_id(b"\"id\":"), None);
    }
}
