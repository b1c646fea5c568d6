//! What a server says: answers for those who wait, requests that we answer, and noise.

use super::{Answer, PATIENCE, Pending, Unasked, Upstream};
use crate::mcp;
use bridge::frame::{Frame, FrameFault, Kind, Line, Lines, MAX_FRAME};
use bytes::Bytes;
use remote::streamable::Said;
use std::sync::Arc;
use tokio::sync::mpsc;
use wire::text::escaped;

impl Upstream {
    /// What a URL says, until its session is over.
    pub(super) async fn hear(self: Arc<Self>, mut said: mpsc::Receiver<Said>, unasked: mpsc::Sender<Unasked>) {
        let why = loop {
            match said.recv().await {
                Some(Said::Message(bytes)) => match Frame::parse(on_one_line(bytes.clone())) {
                    Ok(frame) => self.take(frame, &unasked).await,
                    Err(fault) => self.take_fault(&fault, &bytes),
                },
                Some(Said::Failed { id, fault }) => {
                    let waiting = id.parse().ok().and_then(|id: u64| self.pending().waiting.remove(&id));
                    if let Some(tell) = waiting {
                        let _ = tell.send(Err(self.fault(fault.into())));
                    }
                }
                Some(Said::Closed(why)) => break why,
                None => break "its session is over".to_owned(),
            }
        };
        self.close(why, &unasked).await;
    }

    /// Nothing comes any more: everyone who waits is told.
    async fn close(&self, why: String, unasked: &mpsc::Sender<Unasked>) {
        {
            let mut pending = self.pending();
            pending.closed = Some(why.clone());
            // Dropping the senders tells everyone who waits.
            pending.waiting.clear();
        }
        let _ = unasked.send(Unasked::Closed(why)).await;
    }

    pub(super) async fn read(
        self: Arc<Self>,
        mut lines: Lines<tokio::process::ChildStdout>,
        unasked: mpsc::Sender<Unasked>,
    ) {
        let why = loop {
            match lines.next().await {
                Ok(Some(Line::Frame(line))) => match Frame::parse(line.clone()) {
                    Ok(frame) => self.take(frame, &unasked).await,
                    Err(fault) => self.take_fault(&fault, &line),
                },
                // Whose answer it was can't be told, so nobody may wait for it any longer.
                Ok(Some(Line::TooLong { bytes })) if self.was_for_us(bytes) => {}
                Ok(Some(Line::TooLong { bytes })) => {
                    self.ended().await;
                    break format!("it sent a message of {bytes} bytes; the limit is {MAX_FRAME}");
                }
                Ok(None) => match self.child() {
                    Some(child) => break child.ended().await,
                    None => break "its output ended".to_owned(),
                },
                Err(e) => break format!("its output can't be read: {e}"),
            }
        };
        self.close(why, &unasked).await;
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
                let _ = tell.send(Ok(answer));
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
                let _ = tell.send(Ok(Answer::Malformed(why)));
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
            let _ = tell.send(Ok(Answer::Malformed(why)));
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
}

/// What came over HTTP may stand on several lines, which clients on pipes can't be given. In JSON a line end stands
/// between values only, so a blank says the same.
fn on_one_line(message: Bytes) -> Bytes {
    if memchr::memchr2(b'\n', b'\r', &message).is_none() {
        return message;
    }
    message.iter().map(|b| if matches!(b, b'\n' | b'\r') { b' ' } else { *b }).collect()
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
    use super::{mentioned_id, on_one_line};
    use bytes::Bytes;

    #[test]
    fn what_came_on_several_lines_goes_on_as_one() {
        let message = Bytes::from_static(b"{\r\n \"id\": 1,\n \"result\": {\"a\": \"x\\ny\"}}");
        let line = on_one_line(message.clone());
        assert!(!line.contains(&b'\n') && line.len() == message.len());
        let read = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
        assert_eq!(read(&line), read(&message));
    }

    #[test]
    fn an_id_is_found_in_what_is_no_json() {
        assert_eq!(mentioned_id(b"{\"jsonrpc\":\"2.0\",\"id\": 12,\"result\":{\"x\":\"\xff"), Some(12));
        assert_eq!(mentioned_id(b"listening on 8080"), None);
        assert_eq!(mentioned_id(b"\"id\":"), None);
    }
}
