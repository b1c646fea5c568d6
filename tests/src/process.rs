//! Child processes that cannot outlive a test, and waits that cannot outlast it.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, kill_process_group, pidfd_open};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long anything may take that should be quick: generous, because many tests share few cores.
pub const DEADLINE: Duration = Duration::from_secs(40);

/// How often something is looked at again that nothing tells of.
const GLANCE: Duration = Duration::from_millis(25);

/// Looks again and again until there is something; stops the test when that takes longer than [`DEADLINE`].
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let limit = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < limit, "waited too long for {what}");
        std::thread::sleep(GLANCE);
    }
}

/// A child in a process group of its own; the group is killed when the value goes.
pub struct Running {
    name: String,
    child: Child,
    /// What it wrote to stderr so far.
    pub stderr: Written,
}

impl Running {
    /// Starts a program with all three streams piped; stderr is read all the time.
    pub fn spawn(name: impl Into<String>, command: &mut Command) -> Self {
        let name = name.into();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
        let stderr = Written::read(child.stderr.take().expect("stderr is piped"));
        Self { name, child, stderr }
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its standard input; it can be taken once.
    pub fn stdin(&mut self) -> ChildStdin {
        self.child.stdin.take().expect("stdin was not taken before")
    }

    /// Its standard output; it can be taken once.
    pub fn stdout(&mut self) -> ChildStdout {
        self.child.stdout.take().expect("stdout was not taken before")
    }

    /// Sends a signal to the process alone.
    pub fn signal(&self, signal: Signal) {
        let _ = kill_process(pid(self.child.id()), signal);
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end; stops the test when that takes longer than `within`.
    pub fn wait(&mut self, within: Duration) -> ExitStatus {
        if let Some(status) = self.try_wait(within) {
            return status;
        }
        panic!("{} did not end within {within:?}; its stderr: {}", self.name, self.stderr.text());
    }

    /// Waits for its end, for so long.
    pub fn try_wait(&mut self, within: Duration) -> Option<ExitStatus> {
        if let Ok(Some(status)) = self.child.try_wait() {
            return Some(status);
        }
        if ends(self.child.id(), within) { self.child.wait().ok() } else { None }
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.wait(DEADLINE);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = kill_process_group(pid(self.child.id()), Signal::KILL);
        let _ = self.child.wait();
        if std::thread::panicking() {
            let text = self.stderr.text();
            if !text.is_empty() {
                let tail: String = text.chars().rev().take(3_000).collect::<Vec<_>>().into_iter().rev().collect();
                eprintln!("--- stderr of {}:\n{tail}", self.name);
            }
        }
    }
}

/// Waits until a process is no more (a zombie is no more), for so long. A process that is not a child will do.
pub fn ends(process: u32, within: Duration) -> bool {
    let Ok(fd) = pidfd_open(pid(process), PidfdFlags::empty()) else { return true };
    let limit = Timespec::try_from(within).ok();
    let mut fds = [PollFd::new(&fd, PollFlags::IN)];
    matches!(poll(&mut fds, limit.as_ref()), Ok(ready) if ready > 0)
}

/// Kills a process that is not a child of ours: one that a server under test left behind.
pub fn kill_stray(process: u32) {
    let _ = kill_process(pid(process), Signal::KILL);
}

fn pid(process: u32) -> Pid {
    i32::try_from(process).ok().and_then(Pid::from_raw).expect("a process id")
}

/// Text that a child writes, readable while it grows.
#[derive(Clone, Default)]
pub struct Written(Arc<(Mutex<Stream>, Condvar)>);

#[derive(Default)]
struct Stream {
    bytes: Vec<u8>,
    ended: bool,
}

impl Written {
    /// Reads a stream to its end, in a thread of its own.
    pub fn read(mut stream: impl Read + Send + 'static) -> Self {
        let written = Self::default();
        let sink = written.clone();
        std::thread::spawn(move || {
            let mut piece = [0; 8192];
            loop {
                let count = stream.read(&mut piece).unwrap_or(0);
                let mut state = sink.0.0.lock().unwrap_or_else(PoisonError::into_inner);
                state.bytes.extend_from_slice(&piece[..count]);
                state.ended = count == 0;
                sink.0.1.notify_all();
                if state.ended {
                    return;
                }
            }
        });
        written
    }

    /// All of it until now.
    pub fn text(&self) -> String {
        self.until(Duration::ZERO, |_| false).0
    }

    /// All of it, once the stream has ended; what there is if it does not end in time.
    pub fn whole(&self, within: Duration) -> String {
        self.until(within, |stream| !stream.ended).0
    }

    /// Waits until it contains `part`; stops the test when it ends without, or takes too long.
    pub fn wait_for(&self, part: &str, within: Duration) {
        let lacks = |stream: &Stream| !String::from_utf8_lossy(&stream.bytes).contains(part);
        let (text, _) = self.until(within, |stream| lacks(stream) && !stream.ended);
        assert!(text.contains(part), "{part:?} was not said within {within:?}, only: {text}");
    }

    /// Waits while `unfinished`; the text, and whether the time ran out.
    fn until(&self, within: Duration, mut unfinished: impl FnMut(&Stream) -> bool) -> (String, bool) {
        let guard = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.0.1.wait_timeout_while(guard, within, |stream| unfinished(stream));
        let (guard, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        (String::from_utf8_lossy(&guard.bytes).into_owned(), waited.timed_out())
    }
}

/// The lines of a stream, each with a deadline.
pub struct Lines {
    name: String,
    receiver: Receiver<Vec<u8>>,
}

impl Lines {
    /// Reads lines in a thread of its own, so that the writer never blocks on us.
    pub fn read(name: impl Into<String>, stream: impl Read + Send + 'static) -> Self {
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            loop {
                let mut line = Vec::new();
                match stream.read_until(b'\n', &mut line) {
                    Ok(1..) if sender.send(line).is_ok() => {}
                    _ => return,
                }
            }
        });
        Self { name: name.into(), receiver }
    }

    /// The next line; `None` at the end of the stream; stops the test at the deadline.
    pub fn next(&self, until: Instant) -> Option<Vec<u8>> {
        match self.receiver.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("{} said nothing more in time", self.name),
        }
    }

    /// The next line if there is one by then.
    pub fn poll(&self, within: Duration) -> Option<Vec<u8>> {
        self.receiver.recv_timeout(within).ok()
    }
}
