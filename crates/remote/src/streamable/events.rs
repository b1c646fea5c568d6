//! Server-sent events, read as they come (HTML standard, section 9.2.6), within bounds.
//!
//! Our own reader: the ones to be had keep whatever a server sends. Here one event is bounded, comments are not kept,
//! and a server that sends nothing but noise is left.

use bytes::{Bytes, BytesMut};
use memchr::memchr2;
use std::time::{Duration, Instant};

/// The most lines that are no message's data, in a minute, since the last message.
const MOST_NOISE_LINES: usize = 2_000;

/// The most bytes of such lines.
const MOST_NOISE_BYTES: usize = 1024 * 1024;

const MINUTE: Duration = Duration::from_secs(60);

/// The longest event id that can be sent back.
const MAX_EVENT_ID: usize = 1024;

/// Reads one stream, and those that resume it.
#[derive(Debug)]
pub(super) struct Events {
    most: usize,
    line: BytesMut,
    data: BytesMut,
    has_data: bool,
    is_message: bool,
    in_comment: bool,
    after_cr: bool,
    at_start: bool,
    id: Vec<u8>,
    last_id: Vec<u8>,
    retry: Option<Duration>,
    noise: Noise,
}

#[derive(Debug)]
struct Noise {
    since: Instant,
    lines: usize,
    bytes: usize,
}

impl Noise {
    fn none() -> Self {
        Self { since: Instant::now(), lines: 0, bytes: 0 }
    }

    fn add(&mut self, lines: usize, bytes: usize) -> Result<(), String> {
        if self.since.elapsed() > MINUTE {
            *self = Self::none();
        }
        self.lines += lines;
        self.bytes += bytes;
        if self.lines > MOST_NOISE_LINES || self.bytes > MOST_NOISE_BYTES {
            return Err("the server sends too much that is no message".into());
        }
        Ok(())
    }
}

impl Events {
    /// A reader that takes messages of at most `most` bytes.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            line: BytesMut::new(),
            data: BytesMut::new(),
            has_data: false,
            is_message: true,
            in_comment: false,
            after_cr: false,
            at_start: true,
            id: Vec::new(),
            last_id: Vec::new(),
            retry: None,
            noise: Noise::none(),
        }
    }

    /// Takes what arrived; `out` gets the data of the events that ended in it.
    pub(super) fn feed(&mut self, mut chunk: &[u8], out: &mut Vec<Bytes>) -> Result<(), String> {
        while !chunk.is_empty() {
            if std::mem::take(&mut self.after_cr)
                && let [b'\n', rest @ ..] = chunk
            {
                chunk = rest;
                continue;
            }
            let Some(end) = memchr2(b'\r', b'\n', chunk) else { return self.take(chunk) };
            let (line, rest) = chunk.split_at(end);
            self.take(line)?;
            self.after_cr = rest.first() == Some(&b'\r');
            chunk = rest.get(1..).unwrap_or_default();
            self.end_line(out)?;
        }
        Ok(())
    }

    /// The id to resume behind, where there is one that can be sent.
    pub(super) fn last_id(&self) -> Option<&[u8]> {
        Some(self.last_id.as_slice()).filter(|id| !id.is_empty() && id.len() <= MAX_EVENT_ID)
    }

    /// How long the server wants us to wait before we come back.
    pub(super) fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// A message was among what was read: what stood around it was no noise.
    pub(super) fn heard(&mut self) {
        self.noise = Noise::none();
    }

    /// What was read was no message.
    pub(super) fn in_vain(&mut self, data: &[u8]) -> Result<(), String> {
        self.noise.add(1, data.len())
    }

    /// Another stream goes on where this one broke off: half an event is forgotten.
    pub(super) fn restart(&mut self) {
        self.line.clear();
        self.id.clone_from(&self.last_id);
        self.forget();
        (self.in_comment, self.after_cr, self.at_start) = (false, false, true);
    }

    fn take(&mut self, part: &[u8]) -> Result<(), String> {
        if self.line.is_empty() && !self.in_comment && part.first() == Some(&b':') {
            self.in_comment = true;
        }
        if self.in_comment {
            return self.noise.add(0, part.len());
        }
        // The field's name and the line ends add a little to what the data has.
        if self.line.len() + self.data.len() + part.len() > self.most + 16 {
            return Err(format!("the server sent a message of more than {} bytes", self.most));
        }
        self.line.extend_from_slice(part);
        Ok(())
    }

    fn end_line(&mut self, out: &mut Vec<Bytes>) -> Result<(), String> {
        if std::mem::take(&mut self.in_comment) {
            self.at_start = false;
            return self.noise.add(1, 0);
        }
        let line = self.line.split();
        let mut line: &[u8] = &line;
        if std::mem::take(&mut self.at_start) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        if line.is_empty() {
            return self.end_event(out);
        }
        let colon = memchr::memchr(b':', line).unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        if name != b"data" {
            self.noise.add(1, line.len())?;
        }
        match name {
            b"data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.extend_from_slice(b"\n");
                }
                self.data.extend_from_slice(value);
            }
            b"event" => self.is_message = matches!(value, b"" | b"message"),
            b"id" if !value.contains(&0) => self.id = value.to_vec(),
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                let millis = std::str::from_utf8(value).ok().and_then(|digits| digits.parse().ok());
                self.retry = Some(Duration::from_millis(millis.unwrap_or(u64::MAX)));
            }
            _ => {}
        }
        Ok(())
    }

    fn end_event(&mut self, out: &mut Vec<Bytes>) -> Result<(), String> {
        self.last_id.clone_from(&self.id);
        let data = self.data.split().freeze();
        let (is_message, len) = (self.is_message && !data.is_empty(), data.len());
        self.forget();
        if !is_message {
            return self.noise.add(1, len);
        }
        if len > self.most {
            return Err(format!("the server sent a message of more than {} bytes", self.most));
        }
        out.push(data);
        Ok(())
    }

    fn forget(&mut self) {
        self.data.clear();
        (self.has_data, self.is_message) = (false, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(events: &mut Events, text: &[u8]) -> Vec<String> {
        let mut out = Vec::new();
        events.feed(text, &mut out).unwrap();
        out.iter().map(|data| String::from_utf8_lossy(data).into_owned()).collect()
    }

    const MANY: &str = "\u{feff}id: 1\rdata:\r\n\r\ndata: a\r\ndata:b\rdata\n\n: noise\n\revent: ping\ndata: no\n\nevent:message\nid:\u{e9}2\nretry: 70\ndata:  c\n\nid: 3\ndata: unfinished\n";

    #[test]
    fn every_kind_of_line_is_understood() {
        let mut events = Events::new(100);
        assert_eq!(read(&mut events, MANY.as_bytes()), ["a\nb\n", " c"]);
        assert_eq!(events.last_id(), Some("\u{e9}2".as_bytes()), "the id of an event that did not end is none");
        assert_eq!(events.retry(), Some(Duration::from_millis(70)));
        events.restart();
        assert_eq!(read(&mut events, "\u{feff}data: d\n\n".as_bytes()), ["d"]);
        assert_eq!(events.last_id(), Some("\u{e9}2".as_bytes()));
        read(&mut events, b"id\nid: a\0b\nretry: 1x\n\n");
        assert_eq!(events.last_id(), None, "an empty id takes the last one back");
    }

    #[test]
    fn a_giant_event_and_endless_noise_are_refused() {
        let mut out = Vec::new();
        let mut events = Events::new(100);
        events.feed(format!("data: {}\n\n", "x".repeat(100)).as_bytes(), &mut out).unwrap();
        assert_eq!(out.len(), 1);
        assert!(events.feed(format!("data: {}\n\n", "x".repeat(101)).as_bytes(), &mut out).is_err());
        assert!(Events::new(100).feed("data: xxxxxxxxx\n".repeat(20).as_bytes(), &mut out).is_err());
        assert!(Events::new(100).feed(&[b'x'; 200], &mut out).is_err(), "a line without end");
        assert!(Events::new(100).feed(":\n".repeat(MOST_NOISE_LINES + 1).as_bytes(), &mut out).is_err());
        assert!(Events::new(100).feed("\n".repeat(MOST_NOISE_LINES + 1).as_bytes(), &mut out).is_err());
        let comment = format!(":{}", "x".repeat(MOST_NOISE_BYTES));
        assert!(Events::new(100).feed(comment.as_bytes(), &mut out).is_err(), "a comment without end");
        assert_eq!(out.len(), 1);
    }

    proptest! {
        #[test]
        fn where_chunks_end_changes_nothing(
            text in prop_oneof![Just(MANY.to_owned()), "(data: ?|id:|event|:|retry: 1|\r|\n|\r\n|\u{feff}|x|é){0,60}"],
            cuts in proptest::collection::vec(0usize..200, 0..20),
        ) {
            let mut whole = Events::new(10_000);
            let expected = read(&mut whole, text.as_bytes());
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let mut parts = Events::new(10_000);
            let mut found = Vec::new();
            for pair in cuts.windows(2) {
                found.extend(read(&mut parts, &text.as_bytes()[pair[0]..pair[1]]));
            }
            prop_assert_eq!(found, expected);
            prop_assert_eq!(parts.last_id(), whole.last_id());
            prop_assert_eq!(parts.retry(), whole.retry());
        }
    }
}
