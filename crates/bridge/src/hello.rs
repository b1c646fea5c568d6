//! The first line a peer says: which door it wants, and what it says of itself.

use crate::frame::{Line, Lines, MAX_FRAME};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::io;
use std::time::Duration;
use tokio::io::AsyncRead;

/// The version of what is spoken behind the door. Both ends come from one build; another version means that one of them
/// was updated while the other still runs.
pub const VERSION: u32 = 1;

/// The longest first line, in bytes.
pub const MAX_HELLO: usize = 64 * 1024;

/// How long a peer may take to say it.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a peer wants. Everything in it is claimed; what is proved stands in [`crate::Peer`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "door", rename_all = "snake_case")]
pub enum Hello {
    /// A client's connection to one server; JSON-RPC frames follow.
    Mcp {
        /// [`VERSION`] of the peer.
        version: u32,
        /// The server's name in `servers.json`. Foreign.
        server: String,
        /// A label for the client. Foreign.
        client: Option<String>,
        /// The conversation it says it belongs to. Foreign.
        conversation: Option<String>,
    },
    /// The control interface; its requests follow, a line each.
    Control {
        /// [`VERSION`] of the peer.
        version: u32,
    },
}

/// Why a first line was not understood.
#[derive(Debug, thiserror::Error)]
pub enum HelloFault {
    /// The peer left without a word.
    #[error("The peer left before it said what it wants.")]
    Silent,
    /// The peer took too long.
    #[error("The peer did not say within {} seconds what it wants.", PATIENCE.as_secs())]
    Slow,
    /// Too long, or not a hello.
    #[error("The peer's first line is not one that Consentry understands.")]
    Unknown,
    /// Another version.
    #[error(
        "The peer speaks version {peer} of Consentry's local protocol, this broker version {VERSION}: restart the one that is older."
    )]
    Version {
        /// What the peer speaks.
        peer: u32,
    },
    /// The socket failed.
    #[error("The peer could not be read: {0}.")]
    Read(#[from] io::Error),
}

impl Hello {
    /// The line to send, with its line end.
    pub fn line(&self) -> Bytes {
        let mut line = serde_json::json!(self).to_string();
        line.push('\n');
        line.into()
    }

    /// Reads the first line of a peer, bounded in size and time; frames follow from the same `lines`.
    ///
    /// # Errors
    /// When the peer is silent, slow, not understood, or of another version.
    pub async fn read<R: AsyncRead + Unpin>(lines: &mut Lines<R>) -> Result<Self, HelloFault> {
        lines.set_limit(MAX_HELLO);
        let line = tokio::time::timeout(PATIENCE, lines.next()).await.map_err(|_| HelloFault::Slow)??;
        lines.set_limit(MAX_FRAME);
        match line {
            None => Err(HelloFault::Silent),
            Some(Line::TooLong { .. }) => Err(HelloFault::Unknown),
            Some(Line::Frame(bytes)) => {
                serde_json::from_slice::<Self>(&bytes).map_err(|_| HelloFault::Unknown)?.checked()
            }
        }
    }

    fn checked(self) -> Result<Self, HelloFault> {
        let (Self::Mcp { version, .. } | Self::Control { version }) = self;
        if version == VERSION { Ok(self) } else { Err(HelloFault::Version { peer: version }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mcp() -> Hello {
        Hello::Mcp { version: VERSION, server: "files".into(), client: Some("a\nb".into()), conversation: None }
    }

    #[tokio::test]
    async fn frames_follow_the_first_line() {
        let mut said = mcp().line().to_vec();
        assert_eq!(said.iter().filter(|byte| **byte == b'\n').count(), 1, "one line, whatever a label holds");
        said.extend_from_slice(b"{\"jsonrpc\":\"2.0\"}\n");
        let mut lines = Lines::new(&said[..]);
        assert_eq!(Hello::read(&mut lines).await.unwrap(), mcp());
        assert_eq!(lines.next().await.unwrap(), Some(Line::Frame(Bytes::from_static(b"{\"jsonrpc\":\"2.0\"}"))));
    }

    #[tokio::test]
    async fn what_is_not_a_hello_is_refused() {
        assert!(matches!(Hello::read(&mut Lines::new(&b""[..])).await, Err(HelloFault::Silent)));
        assert!(matches!(Hello::read(&mut Lines::new(&b"GET / HTTP/1.1\r\n"[..])).await, Err(HelloFault::Unknown)));
        let long = vec![b'x'; MAX_HELLO + 10];
        assert!(matches!(Hello::read(&mut Lines::new(&long[..])).await, Err(HelloFault::Unknown)));
        let other = Hello::Control { version: VERSION + 1 }.line();
        assert!(matches!(Hello::read(&mut Lines::new(&other[..])).await, Err(HelloFault::Version { .. })));
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_peer_is_not_waited_for() {
        let (_kept, silent) = tokio::io::duplex(64);
        assert!(matches!(Hello::read(&mut Lines::new(silent)).await, Err(HelloFault::Slow)));
    }
}
