//! The process of a server: its own group, only the environment it was given, and nothing of it left behind.

use super::Program;
use crate::secrets::Filled;
use bridge::frame::{Line, LineBuffer};
use rustix::process::{Pid, Signal, WaitOptions};
use std::collections::VecDeque;
use std::process::Stdio;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::{oneshot, watch};

/// What every program gets beside what was configured: enough to find files and other programs.
const INHERITED: &[&str] = &["HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER"];

/// Marks every process that a server starts, so that those that outlive it are found.
const MARK: &str = "CONSENTRY_SERVER_RUN";

/// How long a server may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(2);

/// How much of stderr is kept: lines, and bytes of each.
const STDERR_LINES: usize = 100;
const STDERR_LINE: usize = 2_000;

/// How many servers run, so that stopping can wait for the last.
static RUNNING: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

/// Waits until every server has ended.
pub(crate) async fn all_ended() {
    // The sender is never dropped.
    let _ = RUNNING.subscribe().wait_for(|n| *n == 0).await;
}

/// A child process and all that it starts.
#[derive(Debug)]
pub(crate) struct Child {
    pid: u32,
    stop: Mutex<Option<oneshot::Sender<()>>>,
    ended: watch::Receiver<Option<String>>,
    stderr: Arc<Mutex<VecDeque<String>>>,
}

impl Child {
    /// Starts the program, with secrets that stand nowhere else but in its environment and among its arguments.
    pub(crate) fn spawn(
        name: &str,
        program: &Program,
        secrets: &Filled,
    ) -> Result<(Self, ChildStdin, ChildStdout), String> {
        let mark = uuid::Uuid::now_v7().to_string();
        let given = secrets.command().unwrap_or(&program.command);
        let mut command = tokio::process::Command::new(&program.resolved);
        command
            .args(given.words.iter().skip(1))
            .env_clear()
            .envs(INHERITED.iter().filter_map(|n| std::env::var_os(n).map(|v| (*n, v))))
            .envs(&given.env)
            .env(MARK, &mark)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        die_with_us(&mut command);
        if let Some(folder) = &program.command.cwd {
            command.current_dir(folder);
        }
        if let Some(word) = program.command.words.first() {
            command.arg0(word);
        }
        let fault = |e: std::io::Error| format!("{} can't be started: {e}", program.resolved.display());
        let mut child = command.spawn().map_err(fault)?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err("the server's pipes could not be opened".into());
        };
        let pid = child.id().unwrap_or_default();
        let (stop, stopped) = oneshot::channel();
        let (tell, ended) = watch::channel(None);
        let lines = Arc::new(Mutex::new(VecDeque::new()));
        tokio::spawn(keep_stderr(stderr, lines.clone()));
        RUNNING.send_modify(|n| *n += 1);
        tokio::spawn(watch_over(child, mark, stopped, tell));
        tracing::debug!(server = %wire::text::escaped(name), pid, "started");
        Ok((Self { pid, stop: Mutex::new(Some(stop)), ended, stderr: lines }, stdin, stdout))
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// The last lines it wrote to stderr. Foreign.
    pub(crate) fn stderr(&self) -> Vec<String> {
        self.stderr.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Waits until it has ended, and says how.
    pub(crate) async fn ended(&self) -> String {
        // A process that closed its output may go on; it is of no more use.
        self.ask_to_end();
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(how) => how.clone().unwrap_or_default(),
            Err(_) => "it ended".into(),
        }
    }

    /// Asks it to end: SIGTERM to its group, SIGKILL after the grace period.
    pub(crate) fn ask_to_end(&self) {
        let stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(stop) = stop {
            let _ = stop.send(());
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.ask_to_end();
    }
}

#[expect(unsafe_code, reason = "only a child can ask the kernel to be ended with its parent, between fork and exec")]
fn die_with_us(command: &mut tokio::process::Command) {
    // SAFETY: the closure makes one system call and allocates nothing.
    unsafe {
        command.pre_exec(|| {
            rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).map_err(std::io::Error::from)
        });
    }
}

async fn watch_over(
    mut child: tokio::process::Child,
    mark: String,
    stopped: oneshot::Receiver<()>,
    tell: watch::Sender<Option<String>>,
) {
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let signal = |signal| {
        if let Some(group) = group {
            // A group that is gone already is what was wanted.
            let _ = rustix::process::kill_process_group(group, signal);
        }
    };
    let status = tokio::select! {
        status = child.wait() => status,
        _ = stopped => {
            signal(Signal::TERM);
            match tokio::time::timeout(GRACE, child.wait()).await {
                Ok(status) => status,
                Err(_) => {
                    signal(Signal::KILL);
                    child.wait().await
                }
            }
        }
    };
    // What it started may have stayed, in its group or out of it.
    signal(Signal::KILL);
    end_adopted(Some(&mark));
    if let Some(group) = group {
        bury(group).await;
    }
    let how = match status {
        Ok(status) => status.to_string(),
        Err(e) => format!("its end could not be seen: {e}"),
    };
    let _ = tell.send(Some(how));
    RUNNING.send_modify(|n| *n = n.saturating_sub(1));
}

/// Takes leave of the dead of a group that came to us: without a parent that asks for them they would stay as zombies.
async fn bury(group: Pid) {
    // They were killed a moment ago; the kernel needs a few more.
    for _ in 0..100 {
        match rustix::process::waitpgid(group, WaitOptions::NOHANG) {
            Ok(Some(_)) => {}
            Ok(None) => tokio::time::sleep(Duration::from_millis(10)).await,
            Err(_) => return,
        }
    }
}

/// Ends processes that came to us because their parent, started by a server, ended: those with this mark, or (`None`,
/// when no server runs any more) with any.
pub(crate) fn end_adopted(mark: Option<&str>) {
    // A process that dies hands its own children on, so one look may not be enough.
    for _ in 0..8 {
        let adopted: Vec<Pid> = adopted(mark);
        if adopted.is_empty() {
            return;
        }
        for pid in adopted {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
            let _ = rustix::process::waitpid(Some(pid), WaitOptions::empty());
        }
    }
}

fn adopted(mark: Option<&str>) -> Vec<Pid> {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return Vec::new() };
    let children = tasks.flatten().filter_map(|t| std::fs::read_to_string(t.path().join("children")).ok());
    let pids: Vec<i32> =
        children.flat_map(|c| c.split_whitespace().filter_map(|p| p.parse().ok()).collect::<Vec<_>>()).collect();
    pids.into_iter()
        .filter_map(Pid::from_raw)
        .filter(|pid| {
            let environ = std::fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).unwrap_or_default();
            let found = environ.split(|b| *b == 0).find_map(|v| v.strip_prefix(MARK.as_bytes())?.strip_prefix(b"="));
            match mark {
                Some(mark) => found == Some(mark.as_bytes()),
                None => found.is_some(),
            }
        })
        .collect()
}

async fn keep_stderr(mut from: ChildStderr, keep: Arc<Mutex<VecDeque<String>>>) {
    let mut lines = LineBuffer::new(STDERR_LINE);
    let mut chunk = vec![0; 8 * 1024];
    loop {
        let n = match from.read(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(n) => n,
        };
        lines.extend(chunk.get(..n).unwrap_or_default());
        while let Some(line) = lines.next_line() {
            let text = match line {
                Line::Frame(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Line::TooLong { bytes } => format!("[a line of {bytes} bytes]"),
            };
            let mut keep = keep.lock().unwrap_or_else(PoisonError::into_inner);
            if keep.len() == STDERR_LINES {
                keep.pop_front();
            }
            keep.push_back(text);
        }
    }
}
