//! Who is calling: what the operating system says of the process at the other end, beside what it says of itself.
//!
//! The steps, in order; the first that fails refuses the peer:
//! 1. The socket names the process and the user that connected (`SO_PEERCRED`). Another user is refused.
//! 2. A process descriptor pins that process: while it has not ended, its number can't be given to another.
//! 3. Its start time, program, command line and session are read from `/proc`.
//! 4. The programs above it are read the same way up to the first process, each link checked again after reading.
//! 5. The descriptor says that the process still lives and its start time is still the same. So all that was read is of
//!    this process.
//! 6. The program is hashed through `/proc/<pid>/exe`, which is the file that runs and not what stands at its path now.
//!    A program that was deleted or replaced since it started is refused.
//!
//! What this does not prove: a process may replace its program (`exec`) between connecting and step 3, and programs of
//! the same user can trace or imitate one another. These are proofs for the record and for telling clients apart, not
//! walls between programs of one user.

mod launcher;
mod program;

pub use program::ProvedClient;

use crate::platform;
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use tokio::net::UnixStream;

/// A process on this machine, as read at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// When it started, in clock ticks since boot: with the number, one instance.
    pub start_time: u64,
    /// The program it runs; `None` where the system does not tell us (another user's process).
    pub exe: Option<PathBuf>,
    /// Its words. Foreign: a process can change them.
    pub cmdline: Vec<String>,
}

impl Process {
    /// The instance: number and start time.
    pub fn instance(&self) -> (u32, u64) {
        (self.pid, self.start_time)
    }

    /// A short name for it: the file name of its program, or else of its first word.
    pub fn name(&self) -> String {
        let path = self.exe.as_deref().or_else(|| self.cmdline.first().map(Path::new));
        let name = path.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        name.unwrap_or_else(|| format!("process {}", self.pid))
    }
}

/// The process at the other end of a connection, proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its number.
    pub pid: u32,
    /// Its user, which is ours.
    pub uid: u32,
    /// When it started, in clock ticks since boot.
    pub start_time: u64,
    /// The program it runs.
    pub exe: PathBuf,
    /// Its words. Foreign.
    pub cmdline: Vec<String>,
    /// Its session (`setsid`), by the number of the process that leads it; 0 where that process lives outside our
    /// process namespace (a container), so that sessions can't be told apart.
    pub session_id: u32,
    /// The systemd scope or service it runs in, or empty: `app-gnome-editor-4711.scope`.
    pub scope: String,
    /// The processes above it, nearest first.
    pub ancestors: Vec<Process>,
}

/// Why a peer is not let in.
#[derive(Debug, thiserror::Error)]
pub enum PeerFault {
    /// Another user's process.
    #[error("A connection from another user (uid {uid}) was refused.")]
    OtherUser {
        /// Whose.
        uid: u32,
    },
    /// It runs in another process namespace, so the system has no number for it here.
    #[error("A connection was refused: the program that made it runs in another container.")]
    Elsewhere,
    /// It ended, or became another process, while it was looked at.
    #[error("A connection was refused: the program that made it (process {pid}) ended before it could be proved.")]
    Gone {
        /// Its number.
        pid: u32,
    },
    /// The file of its program is gone.
    #[error(
        "A connection was refused: the program {} (process {pid}) was deleted or replaced since it started. Restart it.",
        exe.display()
    )]
    Deleted {
        /// Its number.
        pid: u32,
        /// What the system says its program was.
        exe: PathBuf,
    },
    /// The system does not tell.
    #[error("A connection was refused: the {what} of process {pid} could not be read ({source}).")]
    Unreadable {
        /// Its number.
        pid: u32,
        /// What.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// Nothing above `consentry connect` can be proved.
    #[error(
        "A connection was refused: the program that started `consentry connect` (process {pid}) has ended or belongs to \
         another user."
    )]
    NoClient {
        /// The number of `consentry connect`.
        pid: u32,
    },
    /// No proof on this operating system.
    #[error("A connection was refused: this version of Consentry can prove callers on Linux only.")]
    Unsupported,
}

impl Peer {
    /// Proves the peer of a connected socket.
    ///
    /// # Errors
    /// When a step fails; the connection must then be closed.
    pub fn prove(socket: &UnixStream) -> Result<Self, PeerFault> {
        platform::prove(socket)
    }

    /// The instance: number and start time.
    pub fn instance(&self) -> (u32, u64) {
        (self.pid, self.start_time)
    }

    /// Whether the peer is one of these processes or runs below one of them.
    pub fn descends_from(&self, instances: &HashSet<(u32, u64)>) -> bool {
        instances.contains(&self.instance())
            || self.ancestors.iter().any(|process| instances.contains(&process.instance()))
    }

    /// Whether the peer belongs to this session, as far as the system tells sessions apart.
    pub fn shares_session(&self, session: u32) -> bool {
        session != 0 && self.session_id == session
    }

    /// The client behind the peer: where the peer runs one of `own_binaries` (`consentry connect`), the nearest program
    /// above it that is no shell or launcher; else the peer itself.
    ///
    /// Reads and hashes files: call it on a thread that may block.
    ///
    /// # Errors
    /// When the client has ended, its program was deleted, or can't be read.
    pub fn client(&self, own_binaries: &[PathBuf]) -> Result<ProvedClient, PeerFault> {
        program::prove(self, own_binaries)
    }

    /// The peer as a process like those above it.
    fn process(&self) -> Process {
        let (pid, start_time) = self.instance();
        Process { pid, start_time, exe: Some(self.exe.clone()), cmdline: self.cmdline.clone() }
    }
}

/// The session this process belongs to, in the terms of [`Peer::session_id`].
///
/// # Errors
/// When the system does not tell.
pub fn own_session() -> Result<u32, PeerFault> {
    platform::own_session()
}

#[cfg(test)]
mod tests;
