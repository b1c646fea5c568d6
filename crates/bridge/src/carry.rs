//! The client's end: frames between a client's stdio and the broker, as they are.
//!
//! Two threads with blocking reads, one for each direction: a frame costs one read and one write, and no hop. Each line
//! is looked at just far enough to know which of the client's requests are open. When the broker goes away each of them
//! gets an answer, and then it is over: a client never waits for a broker that is gone. A broker that turns the client
//! away says why in an error without an id, and closes; that reason is then the answer.

use crate::frame::{FrameFault, Line, LineBuffer, MAX_FRAME, error_reply};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The error code of an answer to a call whose fate is not known; outside the range that JSON-RPC keeps for itself.
pub const FATE_UNKNOWN: i32 = -31001;

/// How long open calls may still be answered after the client closed its input.
pub const DRAIN: Duration = Duration::from_secs(10);

/// The longest line taken from the broker, in bytes: a frame, with room for what the broker adds to one.
const MAX_FROM_BROKER: usize = 4 * MAX_FRAME;

/// How long a client that was turned away before it said anything may take to hear why.
const LAST_WORDS: Duration = Duration::from_secs(2);

const CHUNK: usize = 64 * 1024;

/// How carrying ended. In both cases every open request was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The client closed its end.
    ClientLeft,
    /// The broker closed its end, or died.
    BrokerGone,
}

/// Carries frames until one side leaves. `broker` is connected and has been told what the client wants; open requests
/// may still be answered for `drain` after the client closed its input.
///
/// Returns as soon as it is over. A thread may then still wait for the client's next line: the caller ends the process.
///
/// # Errors
/// When no thread can be started or the socket can't be shared.
pub fn carry<R, W>(from_client: R, to_client: W, broker: UnixStream, drain: Duration) -> io::Result<Ending>
where
    R: Read + Send + 'static,
    W: Write + Send + 'static,
{
    let desk = Arc::new(Desk::new(to_client));
    start_up(from_client, &desk, broker.try_clone()?, drain)?;
    Ok(carry_down(&desk, broker))
}

/// Tells a client that nobody is there for it: its first request, if one comes soon, is answered with `sentence`.
///
/// # Errors
/// When no thread can be started.
pub fn turn_away<R, W>(from_client: R, to_client: W, sentence: &str) -> io::Result<()>
where
    R: Read + Send + 'static,
    W: Write + Send + 'static,
{
    let desk = Arc::new(Desk::new(to_client));
    let farewell = Farewell::new(sentence);
    desk.open().gone = Some(farewell.clone());
    let (nobody, _) = UnixStream::pair()?;
    start_up(from_client, &desk, nobody, Duration::ZERO)?;
    last_words(&desk, Some(farewell));
    Ok(())
}

fn start_up<R, W>(from: R, desk: &Arc<Desk<W>>, broker: UnixStream, drain: Duration) -> io::Result<()>
where
    R: Read + Send + 'static,
    W: Write + Send + 'static,
{
    let up = Up { desk: Arc::clone(desk), broker, drain };
    thread::Builder::new().name("from-client".into()).spawn(move || up.run(from))?;
    Ok(())
}

/// What both directions share.
struct Desk<W> {
    open: Mutex<Open>,
    changed: Condvar,
    to_client: Mutex<W>,
}

#[derive(Default)]
struct Open {
    /// Requests without an answer, by their ids as written.
    ids: BTreeSet<Box<str>>,
    /// Whether the client ever asked for anything.
    asked: bool,
    client_left: bool,
    /// The broker is gone; what the client is told.
    gone: Option<Farewell>,
}

/// The answer to what is left open.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Farewell {
    code: i32,
    message: String,
}

impl Farewell {
    fn new(message: &str) -> Self {
        Self { code: FATE_UNKNOWN, message: message.to_owned() }
    }

    fn answer(&self, id: &str) -> Bytes {
        error_reply(Some(id), self.code, &self.message)
    }
}

impl<W: Write> Desk<W> {
    fn new(to_client: W) -> Self {
        Self { open: Mutex::default(), changed: Condvar::new(), to_client: Mutex::new(to_client) }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes whole lines to the client at once.
    fn tell(&self, lines: &[u8]) -> io::Result<()> {
        let mut out = self.to_client.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(lines)?;
        out.flush()
    }

    /// Answers every request that is still open.
    fn answer_open(&self, ids: BTreeSet<Box<str>>, farewell: &Farewell) {
        let mut lines = Vec::new();
        for id in ids {
            lines.extend_from_slice(&farewell.answer(&id));
            lines.push(b'\n');
        }
        if let Err(error) = self.tell(&lines) {
            tracing::debug!(%error, "the client did not take the last answers");
        }
    }
}

/// From the client to the broker.
struct Up<W> {
    desk: Arc<Desk<W>>,
    broker: UnixStream,
    drain: Duration,
}

impl<W: Write> Up<W> {
    fn run(mut self, mut from: impl Read) {
        let mut lines = LineBuffer::new(MAX_FRAME);
        let mut chunk = vec![0; CHUNK];
        let mut batch = Vec::with_capacity(CHUNK);
        loop {
            let read = match from.read(&mut chunk) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => 0,
            };
            lines.extend(&chunk[..read]);
            let mut next = lines.next_line();
            if next.is_none() && read == 0 {
                next = lines.last_line();
            }
            while let Some(line) = next {
                self.take(line, &mut batch);
                next = lines.next_line();
            }
            if let Err(error) = self.broker.write_all(&batch) {
                // The other direction sees the broker's end and answers what is open; what comes until then is taken.
                tracing::debug!(%error, "the broker takes nothing any more");
            }
            if read == 0 {
                break;
            }
            batch.clear();
        }
        self.finish();
    }

    /// Puts a line into the batch for the broker, or answers it here.
    fn take(&self, line: Line, batch: &mut Vec<u8>) {
        let line = match line {
            Line::Frame(line) => line,
            Line::TooLong { bytes } => return self.answer(&FrameFault::too_long(bytes).reply()),
        };
        match look(&line) {
            Some(Looked::Request { id }) => {
                let mut open = self.desk.open();
                open.asked = true;
                if let Some(farewell) = &open.gone {
                    // Under the lock, so that nobody ends the process before the answer is out.
                    self.answer(&farewell.answer(id));
                    self.desk.changed.notify_all();
                    return;
                }
                open.ids.insert(id.into());
            }
            // By the protocol no answer follows.
            Some(Looked::Cancelled { id }) => {
                self.desk.open().ids.remove(id);
            }
            Some(Looked::Answer { .. } | Looked::Refusal(_)) | None => {}
        }
        batch.extend_from_slice(&line);
        batch.push(b'\n');
    }

    fn answer(&self, reply: &[u8]) {
        let line = [reply, b"\n"].concat();
        if let Err(error) = self.desk.tell(&line) {
            tracing::debug!(%error, "the client did not take an answer");
        }
    }

    /// The client said its last: the broker hears that, and open calls get some time.
    fn finish(&self) {
        let mut open = self.desk.open();
        open.client_left = true;
        // Fails only when the broker is gone already, which the other direction notices.
        let _ = self.broker.shutdown(Shutdown::Write);
        let waiting = |open: &mut Open| !open.ids.is_empty() && open.gone.is_none();
        let waited = self.desk.changed.wait_timeout_while(open, self.drain, waiting);
        drop(waited);
        let _ = self.broker.shutdown(Shutdown::Both);
        self.desk.changed.notify_all();
    }
}

const BROKER_GONE: &str =
    "Consentry's broker stopped; whether the call ran is unknown, check the server before you try again.";
const CLIENT_LEFT: &str =
    "The client closed its input before the answer came; whether the call ran is unknown, check the server.";

/// From the broker to the client, until the broker or the client is gone.
fn carry_down<W: Write>(desk: &Desk<W>, mut broker: UnixStream) -> Ending {
    let mut lines = LineBuffer::new(MAX_FROM_BROKER);
    let mut chunk = vec![0; CHUNK];
    let mut batch = Vec::with_capacity(CHUNK);
    let mut refusal = None;
    loop {
        match broker.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => lines.extend(&chunk[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        }
        batch.clear();
        let mut answered: Vec<Box<str>> = Vec::new();
        while let Some(line) = lines.next_line() {
            let Line::Frame(line) = line else {
                tracing::error!("the broker sent a message beyond its own limit, which was dropped");
                continue;
            };
            let looked = look(&line);
            refusal = None;
            match looked {
                Some(Looked::Answer { id }) => answered.push(id.into()),
                Some(Looked::Refusal(farewell)) => refusal = Some(farewell),
                Some(Looked::Request { .. } | Looked::Cancelled { .. }) | None => {}
            }
            batch.extend_from_slice(&line);
            batch.push(b'\n');
        }
        if !batch.is_empty() && desk.tell(&batch).is_err() {
            return Ending::ClientLeft;
        }
        close(desk, &answered);
    }
    // A line that was cut is not passed on: its id is still open and gets a whole answer.
    last_words(desk, refusal)
}

/// The broker is gone: answers what is open, and a client that was turned away hears why on its first request.
fn last_words<W: Write>(desk: &Desk<W>, refusal: Option<Farewell>) -> Ending {
    let mut open = desk.open();
    let turned_away = refusal.is_some() && !open.asked && !open.client_left;
    let farewell = refusal.unwrap_or_else(|| Farewell::new(if open.client_left { CLIENT_LEFT } else { BROKER_GONE }));
    open.gone = Some(farewell.clone());
    let (ids, client_left) = (std::mem::take(&mut open.ids), open.client_left);
    desk.changed.notify_all();
    if turned_away {
        let silent = |open: &mut Open| !open.asked && !open.client_left;
        open = desk.changed.wait_timeout_while(open, LAST_WORDS, silent).unwrap_or_else(PoisonError::into_inner).0;
    }
    drop(open);
    desk.answer_open(ids, &farewell);
    if client_left { Ending::ClientLeft } else { Ending::BrokerGone }
}

/// Takes answered requests off the list.
fn close<W: Write>(desk: &Desk<W>, answered: &[Box<str>]) {
    if answered.is_empty() {
        return;
    }
    let mut open = desk.open();
    for id in answered {
        open.ids.remove(id);
    }
    if open.client_left && open.ids.is_empty() {
        desk.changed.notify_all();
    }
}

/// What carrying has to know of a line.
#[derive(Debug, PartialEq, Eq)]
enum Looked<'a> {
    /// Asks; the id as written.
    Request { id: &'a str },
    /// Answers; the id as written.
    Answer { id: &'a str },
    /// Takes a request back; the id as written.
    Cancelled { id: &'a str },
    /// Refuses everything: an error without an id.
    Refusal(Farewell),
}

/// Looks for an id. What has none, or is no message, is carried all the same: the broker judges it.
fn look(line: &[u8]) -> Option<Looked<'_>> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        id: Option<&'a RawValue>,
        #[serde(borrow)]
        method: Option<&'a RawValue>,
        #[serde(borrow)]
        params: Option<&'a RawValue>,
        #[serde(borrow)]
        error: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Cancelled<'a> {
        #[serde(rename = "requestId", borrow)]
        id: &'a RawValue,
    }
    if line.trim_ascii_start().first() != Some(&b'{') {
        return None;
    }
    let envelope: Envelope<'_> = serde_json::from_slice(line).ok()?;
    match (envelope.id.map(RawValue::get), envelope.method.map(RawValue::get)) {
        (Some(id), Some(_)) => Some(Looked::Request { id }),
        (Some(id), None) => Some(Looked::Answer { id }),
        (None, Some(r#""notifications/cancelled""#)) => {
            let cancelled: Cancelled<'_> = serde_json::from_str(envelope.params?.get()).ok()?;
            Some(Looked::Cancelled { id: cancelled.id.get() })
        }
        (None, Some(_)) => None,
        (None, None) => serde_json::from_str(envelope.error?.get()).ok().map(Looked::Refusal),
    }
}

#[cfg(test)]
mod tests;
