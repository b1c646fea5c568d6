//! What a server is talked to through: the pipes of its process, or HTTP.

use super::{Child, PATIENCE};
use bytes::Bytes;
use remote::oauth::Scopes;
use remote::streamable::{self, Session};
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;

/// The way to a server.
#[derive(Debug)]
pub(super) enum Way {
    /// A process of ours.
    Pipes { stdin: tokio::sync::Mutex<ChildStdin>, child: Child },
    /// A session with a URL.
    Http(Arc<Session>),
}

/// Why a message got no further; the end of a sentence about the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WayFault {
    /// The server did not take it.
    NotSent(String),
    /// It did not take it, for want of these scopes.
    NeedsScopes(Scopes),
    /// It may have.
    Unknown(String),
}

impl From<streamable::Fault> for WayFault {
    fn from(fault: streamable::Fault) -> Self {
        match fault {
            streamable::Fault::NotSent(why) => {
                Self::NotSent(format!("could not be asked ({why}); the call did not run"))
            }
            streamable::Fault::Unknown(why) => {
                Self::Unknown(format!("broke off ({why}); whether the call ran is unknown: check the server"))
            }
            streamable::Fault::Unauthorized(challenge) if challenge.wants_scopes() => {
                Self::NeedsScopes(Scopes::parse(challenge.scope.as_deref().unwrap_or_default()))
            }
            streamable::Fault::Unauthorized(_) => {
                Self::NotSent("asks you to log in; the call did not run. Log in to it in Consentry's window".into())
            }
        }
    }
}

impl Way {
    /// Sends one message, which ends with a newline.
    pub(super) async fn send(&self, line: Vec<u8>) -> Result<(), WayFault> {
        let (stdin, child) = match self {
            Self::Http(session) => return Ok(session.send(Bytes::from(line)).await?),
            Self::Pipes { stdin, child } => (stdin, child),
        };
        let written = tokio::time::timeout(PATIENCE, async { stdin.lock().await.write_all(&line).await });
        let why = match written.await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(e)) => e.to_string(),
            Err(_) => {
                // Half a message may be in the pipe: nothing that follows it would be understood.
                child.ask_to_end();
                format!("it took nothing for {} seconds", PATIENCE.as_secs())
            }
        };
        let what = format!("could not be written to ({why}); whether the call ran is unknown: check the server");
        Err(WayFault::Unknown(what))
    }

    /// Ends it: a process is asked to end, a session is given back.
    pub(super) fn ask_to_end(&self) {
        match self {
            Self::Pipes { child, .. } => child.ask_to_end(),
            Self::Http(session) => {
                let session = session.clone();
                tokio::spawn(async move { session.close().await });
            }
        }
    }
}
