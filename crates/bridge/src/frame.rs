//! Raw frames: JSON-RPC messages that are looked at once and forwarded byte for byte.
//!
//! A [`Frame`] keeps the bytes it was read from and remembers where in them its id, params, result and error stand. What
//! two readers of one text could understand differently is refused here, once, so that nobody later has to ask which
//! reading was inspected and which was forwarded: invalid UTF-8, a key that stands twice in one object (at any level,
//! however it is spelled), nesting deeper than [`MAX_DEPTH`], batches.

mod fault;
mod lines;
mod strict;

pub use fault::{FaultKind, FrameFault, error_reply};
pub use lines::{Line, LineBuffer, Lines, write_line};

use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::fmt;
use std::ops::Range;

/// The longest line that is read as a frame, in bytes.
pub const MAX_FRAME: usize = 16 * 1024 * 1024;

/// How deeply objects and arrays may nest in a frame, the message itself included.
pub const MAX_DEPTH: usize = 64;

/// The longest id, in bytes as written: ids are kept while a call is open.
pub const MAX_ID: usize = 1024;

/// One JSON-RPC message and the bytes it came as. Cloning is cheap: the bytes are shared. Its `Debug` shows no content,
/// which may be secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    raw: Bytes,
    method: Option<Box<str>>,
    id: Option<Range<usize>>,
    params: Option<Range<usize>>,
    result: Option<Range<usize>>,
    error: Option<Range<usize>>,
}

/// What kind of message a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    /// Wants an answer.
    Request {
        /// The id as written, quotes included.
        id: &'a str,
        /// The method.
        method: &'a str,
    },
    /// Wants none.
    Notification {
        /// The method.
        method: &'a str,
    },
    /// Is an answer.
    Response {
        /// The id as written, quotes included.
        id: &'a str,
        /// Whether it carries `error` instead of `result`.
        error: bool,
    },
}

impl Frame {
    /// Reads one line, without its line end, as a frame.
    ///
    /// # Errors
    /// A [`FrameFault`] that says which rule was broken and carries the id where one could be read, so that a reply can
    /// be made.
    pub fn parse(raw: Bytes) -> Result<Self, FrameFault> {
        let Ok(text) = std::str::from_utf8(&raw) else {
            return Err(FrameFault::new(FaultKind::NotUtf8));
        };
        let kind = match text.bytes().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => strict::check(text),
            Some(b'[') => Err(FaultKind::Batch),
            _ => Err(FaultKind::NotAnObject),
        };
        if let Err(kind) = kind {
            return Err(FrameFault::with_id(kind, lone_id(text)));
        }
        let envelope: Envelope<'_> =
            serde_json::from_str(text).map_err(|error| FrameFault::new(FaultKind::NotJson(error.to_string())))?;
        let method = envelope.check()?;
        let span = |value: Option<&RawValue>| value.map(|value| span(text, value.get()));
        let (id, params) = (span(envelope.id), span(envelope.params));
        let (result, error) = (span(envelope.result), span(envelope.error));
        Ok(Self { raw, method, id, params, result, error })
    }

    /// The bytes, exactly as they were read.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The kind of message, with its id and method.
    pub fn kind(&self) -> Kind<'_> {
        match (self.id(), self.method()) {
            (Some(id), Some(method)) => Kind::Request { id, method },
            (None, Some(method)) => Kind::Notification { method },
            (id, None) => Kind::Response { id: id.unwrap_or_default(), error: self.error.is_some() },
        }
    }

    /// The id as written: `7`, or `"a"` with its quotes. `None` for notifications.
    pub fn id(&self) -> Option<&str> {
        let range = self.id.clone()?;
        std::str::from_utf8(self.raw.get(range)?).ok()
    }

    /// The method, decoded. `None` for responses.
    pub fn method(&self) -> Option<&str> {
        self.method.as_deref()
    }

    /// The bytes of `params`.
    pub fn params(&self) -> Option<Bytes> {
        self.params.clone().map(|range| self.raw.slice(range))
    }

    /// The bytes of `result`.
    pub fn result(&self) -> Option<Bytes> {
        self.result.clone().map(|range| self.raw.slice(range))
    }

    /// The bytes of `error`.
    pub fn error(&self) -> Option<Bytes> {
        self.error.clone().map(|range| self.raw.slice(range))
    }

    /// Where `params` stands in [`Frame::raw`], for an edit by splicing.
    pub fn params_range(&self) -> Option<Range<usize>> {
        self.params.clone()
    }

    /// The message with another id; every other byte stays. A notification has no id and stays as it is.
    ///
    /// `new_id_raw` is JSON: `7` or `"a"`.
    pub fn with_id(&self, new_id_raw: &str) -> Bytes {
        match &self.id {
            Some(range) => self.spliced(range.clone(), new_id_raw.as_bytes()),
            None => self.raw.clone(),
        }
    }

    /// The message with the bytes at `range` replaced; a range outside the message is taken to its end.
    pub fn spliced(&self, range: Range<usize>, with: &[u8]) -> Bytes {
        let end = range.end.min(self.raw.len());
        let start = range.start.min(end);
        let mut out = BytesMut::with_capacity(self.raw.len() - (end - start) + with.len());
        out.put_slice(&self.raw[..start]);
        out.put_slice(with);
        out.put_slice(&self.raw[end..]);
        out.freeze()
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.raw.len();
        f.debug_struct("Frame").field("kind", &self.kind()).field("bytes", &bytes).finish_non_exhaustive()
    }
}

/// The members of a message that we look at; others travel along unseen.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    method: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    error: Option<&'a RawValue>,
}

impl Envelope<'_> {
    /// Checks that this is exactly one of request, notification and response, and decodes the method.
    fn check(&self) -> Result<Option<Box<str>>, FrameFault> {
        let id = match self.id.map(|id| id.get()) {
            Some(id) if !is_id(id) => {
                return Err(FrameFault::new(FaultKind::NotJsonRpc("its id must be a short string or an integer")));
            }
            id => id.map(str::to_owned),
        };
        let fault = |why| FrameFault::with_id(FaultKind::NotJsonRpc(why), id.clone());
        let version = self.jsonrpc.and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
        if version.as_deref() != Some("2.0") {
            return Err(fault("it must say \"jsonrpc\": \"2.0\""));
        }
        let Some(method) = self.method else {
            return match (id.is_some(), self.result.is_some(), self.error.is_some()) {
                (true, true, false) | (true, false, true) => Ok(None),
                (false, ..) => Err(fault("it has neither a method nor an id")),
                (true, ..) => Err(fault("it must have a method, or exactly one of result and error")),
            };
        };
        if self.result.is_some() || self.error.is_some() {
            return Err(fault("it has a method beside a result or an error"));
        }
        serde_json::from_str(method.get()).map(Some).map_err(|_| fault("its method must be a string"))
    }
}

/// Reads a member that is there, also when it is `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// Whether raw JSON is an id that MCP allows: a string, or a number without fraction and exponent.
fn is_id(raw: &str) -> bool {
    let integer = |raw: &str| {
        let digits = raw.strip_prefix('-').unwrap_or(raw);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    raw.len() <= MAX_ID && (raw.starts_with('"') || integer(raw))
}

/// The id of a message that is refused for another reason, where it has exactly one and it is usable.
fn lone_id(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Id<'a> {
        #[serde(borrow, default, deserialize_with = "present")]
        id: Option<&'a RawValue>,
    }
    if !text.trim_ascii_start().starts_with('{') {
        return None;
    }
    let id = serde_json::from_str::<Id<'_>>(text).ok()?.id?.get();
    (is_id(id) && serde_json::from_str::<serde::de::IgnoredAny>(id).is_ok()).then(|| id.to_owned())
}

/// Where `part`, a slice of `whole`, stands in it.
fn span(whole: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr().addr() - whole.as_ptr().addr();
    start..start + part.len()
}

#[cfg(test)]
mod tests;
