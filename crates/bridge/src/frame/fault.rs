//! Why a line is no frame, said so that it can be answered.

use super::{MAX_DEPTH, MAX_FRAME};
use bytes::Bytes;
use serde_json::json;

/// A line that is not taken as a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct FrameFault {
    /// Which rule was broken.
    pub kind: FaultKind,
    /// The id as written, where one could be read: whoever sent it waits for an answer.
    pub id: Option<String>,
}

/// The rule that a line broke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// Longer than the limit; the rest was skipped.
    #[error("The message was refused: it has {bytes} bytes, the limit is {limit}.", limit = MAX_FRAME)]
    TooLong {
        /// How many bytes the line had.
        bytes: u64,
    },
    /// Not text.
    #[error("The message was refused: it is not valid UTF-8.")]
    NotUtf8,
    /// Broken or cut JSON.
    #[error("The message was refused: it is not valid JSON ({0}).")]
    NotJson(String),
    /// JSON, or text, that is no object.
    #[error("The message was refused: it is not a JSON object.")]
    NotAnObject,
    /// Nested beyond the limit.
    #[error("The message was refused: it nests deeper than {limit} levels.", limit = MAX_DEPTH)]
    TooDeep,
    /// One object names a key twice.
    #[error("The message was refused: the key \"{}\" stands twice in one object.", shown(key))]
    DuplicateKey {
        /// The key, decoded. Foreign.
        key: String,
    },
    /// An array of messages.
    #[error("The message was refused: batches of messages are not supported.")]
    Batch,
    /// JSON, and no message.
    #[error("The message was refused: it is not a JSON-RPC 2.0 message, {0}.")]
    NotJsonRpc(&'static str),
}

impl FrameFault {
    /// A fault of a line whose id is not known.
    pub fn new(kind: FaultKind) -> Self {
        Self { kind, id: None }
    }

    /// A fault of a line with an id, if it has one.
    pub fn with_id(kind: FaultKind, id: Option<String>) -> Self {
        Self { kind, id }
    }

    /// The fault of a line that was skipped because of its length.
    pub fn too_long(bytes: u64) -> Self {
        Self::new(FaultKind::TooLong { bytes })
    }

    /// The JSON-RPC code: -32700 for what is no JSON, -32600 for the rest.
    pub fn code(&self) -> i32 {
        match self.kind {
            FaultKind::NotUtf8 | FaultKind::NotJson(_) => -32700,
            FaultKind::TooLong { .. }
            | FaultKind::NotAnObject
            | FaultKind::TooDeep
            | FaultKind::DuplicateKey { .. }
            | FaultKind::Batch
            | FaultKind::NotJsonRpc(_) => -32600,
        }
    }

    /// The error message to send back, without a line end; its id is null when none could be read.
    pub fn reply(&self) -> Bytes {
        error_reply(self.id.as_deref(), self.code(), &self.to_string())
    }
}

/// A JSON-RPC error message, without a line end. `id` is raw JSON; without one it is `null`.
pub fn error_reply(id: Option<&str>, code: i32, message: &str) -> Bytes {
    let id = id.unwrap_or("null");
    let error = json!({ "code": code, "message": message });
    Bytes::from(format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{error}}}"))
}

/// A foreign key, short and without anything that a terminal or a reader could trip over.
fn shown(key: &str) -> String {
    const SHOWN: usize = 64;
    let mut out: String = key.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if key.chars().nth(SHOWN).is_some() {
        out.push('…');
    }
    out
}
