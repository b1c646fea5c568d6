//! Processes as Linux shows them: peer credentials, process descriptors and `/proc`.

use crate::peer::{Peer, PeerFault, Process};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use tokio::net::UnixStream;

/// More processes above one another than any machine has.
const MAX_ANCESTORS: usize = 64;

/// How much of a command line is read, in bytes: as much as the system lets one program be given.
const MAX_CMDLINE: u64 = 2 * 1024 * 1024;

/// The steps of [`crate::peer`] up to the fifth.
pub(crate) fn prove(socket: &UnixStream) -> Result<Peer, PeerFault> {
    let credentials =
        socket.peer_cred().map_err(|source| PeerFault::Unreadable { pid: 0, what: "credentials", source })?;
    let uid = credentials.uid();
    if uid != rustix::process::geteuid().as_raw() {
        return Err(PeerFault::OtherUser { uid });
    }
    // The number of a process outside our namespace is 0: nothing can be read of it.
    let pid = credentials.pid().filter(|pid| *pid > 0).and_then(Pid::from_raw).ok_or(PeerFault::Elsewhere)?;
    let pinned = Pinned::open(pid)?;
    let pid = pid.as_raw_pid().unsigned_abs();
    let stat = Stat::read(pid)?;
    let exe = link(pid, "exe").map_err(|source| PeerFault::Unreadable { pid, what: "program", source })?;
    let cmdline = cmdline(pid).map_err(|source| PeerFault::Unreadable { pid, what: "command line", source })?;
    let scope = scope(pid);
    let ancestors = ancestors(pid, &stat)?;
    let again = Stat::read(pid)?;
    if !pinned.lives() || again.start_time != stat.start_time {
        return Err(PeerFault::Gone { pid });
    }
    let (start_time, session_id) = (stat.start_time, stat.session);
    Ok(Peer { pid, uid, start_time, exe, cmdline, session_id, scope, ancestors })
}

/// What the system calls a program that was started from memory and never had a place on disk. Its bytes can be hashed
/// all the same.
const IN_MEMORY: &str = "/memfd:";

/// The file that a process runs, open, and its path. Refused when the file was deleted or replaced since.
pub(crate) fn open_program(process: &Process) -> Result<(PathBuf, File), PeerFault> {
    let pid = process.pid;
    let unreadable = |source| PeerFault::Unreadable { pid, what: "program", source };
    let path = link(pid, "exe").map_err(unreadable)?;
    let file = File::open(format!("/proc/{pid}/exe")).map_err(unreadable)?;
    if Stat::read(pid)?.start_time != process.start_time {
        return Err(PeerFault::Gone { pid });
    }
    let in_memory = path.as_os_str().as_bytes().starts_with(IN_MEMORY.as_bytes());
    if file.metadata().map_err(unreadable)?.nlink() == 0 && !in_memory {
        return Err(PeerFault::Deleted { pid, exe: path });
    }
    Ok((path, file))
}

/// The folder a process works in now.
pub(crate) fn folder_of(process: &Process) -> Option<PathBuf> {
    link(process.pid, "cwd").ok()
}

/// The session this process belongs to.
pub(crate) fn own_session() -> Result<u32, PeerFault> {
    Stat::read(std::process::id()).map(|stat| stat.session)
}

/// A process that can't be mistaken for another while this is held.
struct Pinned(OwnedFd);

impl Pinned {
    fn open(pid: Pid) -> Result<Self, PeerFault> {
        let number = pid.as_raw_pid().unsigned_abs();
        pidfd_open(pid, PidfdFlags::empty()).map(Self).map_err(|error| match error {
            rustix::io::Errno::SRCH => PeerFault::Gone { pid: number },
            error => PeerFault::Unreadable { pid: number, what: "descriptor", source: error.into() },
        })
    }

    /// Whether it still runs: the descriptor becomes readable when it ends.
    fn lives(&self) -> bool {
        let mut fds = [PollFd::from_borrowed_fd(self.0.as_fd(), PollFlags::IN)];
        matches!(poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })), Ok(0))
    }
}

/// The fields we need of `/proc/<pid>/stat`.
#[derive(Clone, Copy)]
struct Stat {
    parent: u32,
    session: u32,
    start_time: u64,
}

impl Stat {
    fn read(pid: u32) -> Result<Self, PeerFault> {
        let text = fs::read(format!("/proc/{pid}/stat")).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => PeerFault::Gone { pid },
            _ => PeerFault::Unreadable { pid, what: "state", source: error },
        })?;
        Self::parse(&text).ok_or_else(|| {
            let source = io::Error::new(io::ErrorKind::InvalidData, "an unknown format");
            PeerFault::Unreadable { pid, what: "state", source }
        })
    }

    /// The second field is the program's name in parentheses and may hold anything, so fields are counted from the last
    /// parenthesis on: state, parent, group, session, …, the twenty-second is the start time.
    fn parse(text: &[u8]) -> Option<Self> {
        let after_name = text.get(memchr::memrchr(b')', text)? + 1..)?;
        let mut fields = std::str::from_utf8(after_name).ok()?.split_ascii_whitespace().skip(1);
        let parent = fields.next()?.parse().ok()?;
        let session = fields.nth(1)?.parse().ok()?;
        let start_time = fields.nth(15)?.parse().ok()?;
        Some(Self { parent, session, start_time })
    }
}

/// The processes above one, nearest first.
fn ancestors(pid: u32, stat: &Stat) -> Result<Vec<Process>, PeerFault> {
    let mut above = Vec::new();
    let (mut child, mut child_stat) = (pid, *stat);
    while child_stat.parent != 0 && above.len() < MAX_ANCESTORS {
        let Some((process, parent_stat)) = parent_of(child, &mut child_stat)? else { break };
        child = process.pid;
        child_stat = parent_stat;
        above.push(process);
    }
    Ok(above)
}

/// Reads the parent of a process, and checks afterwards that it still is: a parent that ends hands its children on, and
/// its number may go to a stranger. `None` when the child itself ended: nothing above it is certain then.
fn parent_of(child: u32, child_stat: &mut Stat) -> Result<Option<(Process, Stat)>, PeerFault> {
    const TRIES: usize = 3;
    for _ in 0..TRIES {
        let pid = child_stat.parent;
        let read = Stat::read(pid).map(|stat| (read_process(pid, stat.start_time), stat));
        let again = match Stat::read(child) {
            Ok(again) if again.start_time == child_stat.start_time => again,
            Ok(_) | Err(PeerFault::Gone { .. }) => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let unchanged = again.parent == pid;
        *child_stat = again;
        match read {
            Ok(found) if unchanged => return Ok(Some(found)),
            Err(fault) if unchanged => return Err(fault),
            Ok(_) | Err(_) if again.parent == 0 => return Ok(None),
            Ok(_) | Err(_) => {}
        }
    }
    Err(PeerFault::Gone { pid: child })
}

/// What can be read of a process; other users' processes keep their program to themselves.
fn read_process(pid: u32, start_time: u64) -> Process {
    Process { pid, start_time, exe: link(pid, "exe").ok(), cmdline: cmdline(pid).unwrap_or_default() }
}

fn link(pid: u32, name: &str) -> io::Result<PathBuf> {
    fs::read_link(Path::new("/proc").join(pid.to_string()).join(name))
}

fn cmdline(pid: u32) -> io::Result<Vec<String>> {
    let mut text = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(File::open(format!("/proc/{pid}/cmdline"))?, MAX_CMDLINE), &mut text)?;
    let text = text.strip_suffix(b"\0").unwrap_or(&text);
    if text.is_empty() {
        return Ok(Vec::new());
    }
    Ok(text.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect())
}

/// The last part of the control group's path, where it names a scope or a service.
fn scope(pid: u32) -> String {
    let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    let unified = text.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or_default();
    let name = Path::new(unified).components().next_back().map(|part| part.as_os_str().as_bytes()).unwrap_or_default();
    if name.ends_with(b".scope") || name.ends_with(b".service") {
        return String::from_utf8_lossy(name).into_owned();
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_name_can_not_shift_the_fields() {
        let tail = "S 41 42 43 34816 42 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2";
        for name in ["sh", "a b", "x) S 1 1 1 (y", "))"] {
            let stat = Stat::parse(format!("40 ({name}) {tail}").as_bytes()).unwrap();
            assert_eq!((stat.parent, stat.session, stat.start_time), (41, 43, 987_654), "{name}");
        }
        assert!(Stat::parse(b"40 (sh) S 41").is_none());
        assert!(Stat::parse(b"").is_none());
    }

    #[test]
    fn the_words_of_a_program_are_split_at_their_ends() {
        let words = cmdline(std::process::id()).unwrap();
        assert_eq!(words, std::env::args().collect::<Vec<_>>());
    }

    #[test]
    fn a_process_that_ended_does_not_live() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pinned = Pinned::open(Pid::from_child(&child)).unwrap();
        assert!(pinned.lives());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!pinned.lives());
    }
}
