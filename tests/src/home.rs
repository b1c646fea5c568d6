//! A home of one's own for each test, and the command line run in it.

use crate::process::{DEADLINE, Running, Written, until};
use serde_json::Value;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A temporary `CONSENTRY_HOME` and an environment that holds nothing of the machine's own session.
pub struct Home {
    dir: TempDir,
    env: Vec<(String, String)>,
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Home {
    /// An empty home, without a keychain.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("consentry-test-").tempdir().expect("a temporary folder");
        for part in ["home", "work", "xdg"] {
            std::fs::create_dir(dir.path().join(part)).expect("a folder in it");
        }
        let xdg = dir.path().join("xdg");
        std::fs::set_permissions(&xdg, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("a private folder");
        Self { dir, env: Vec::new() }
    }

    /// Adds a variable to the environment of everything started here.
    #[must_use]
    pub fn with_env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set_env(name, value);
        self
    }

    /// Changes a variable for everything started from now on.
    pub fn set_env(&mut self, name: &str, value: impl Into<String>) {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.into()));
    }

    /// Takes a variable away again.
    pub fn unset_env(&mut self, name: &str) {
        self.env.retain(|(known, _)| known != name);
    }

    /// The temporary folder that holds everything of this test.
    pub fn root(&self) -> &Path {
        self.dir.path()
    }

    /// `CONSENTRY_HOME`.
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// A folder for the files of servers and clients, apart from Consentry's own.
    pub fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// `config/servers.json`.
    pub fn servers_json(&self) -> PathBuf {
        self.path().join("config/servers.json")
    }

    /// `config/policies`.
    pub fn policies(&self) -> PathBuf {
        self.path().join("config/policies")
    }

    /// `data/consentry.db`.
    pub fn database(&self) -> PathBuf {
        self.path().join("data/consentry.db")
    }

    /// `run/broker.sock`.
    pub fn socket(&self) -> PathBuf {
        self.path().join("run/broker.sock")
    }

    /// A program in this home's environment.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.work())
            .env("LANG", "C.UTF-8")
            .env("CONSENTRY_HOME", self.path())
            .env("XDG_RUNTIME_DIR", self.dir.path().join("xdg"))
            .env("XDG_DATA_HOME", self.dir.path().join("xdg"))
            // No bus, hence no keychain, unless the test brings its own.
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
            .current_dir(self.work())
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// `consentry ARGS…`, not yet started.
    pub fn consentry<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = self.command(crate::binary("consentry"));
        command.args(args);
        command
    }

    /// Runs `consentry ARGS…` to its end.
    pub fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Ran {
        let words: Vec<String> = args.iter().map(|word| word.as_ref().to_string_lossy().into_owned()).collect();
        Ran::of(&format!("consentry {}", words.join(" ")), &mut self.consentry(args), DEADLINE)
    }

    /// The same, with this typed or piped in.
    pub fn run_typing(&self, args: &[&str], input: &str) -> Ran {
        Ran::typing(&format!("consentry {}", args.join(" ")), &mut self.consentry(args), input, DEADLINE)
    }

    /// Runs it with `--json`, placed before a `--` that begins another command line.
    pub fn json(&self, args: &[&str]) -> Ran {
        let split = args.iter().position(|word| *word == "--").unwrap_or(args.len());
        let mut words = args[..split].to_vec();
        words.push("--json");
        words.extend(&args[split..]);
        self.run(&words)
    }

    /// The approvals that wait now.
    pub fn waiting(&self) -> Vec<Value> {
        self.json(&["approvals", "list"]).succeeded().values()
    }

    /// A question of this kind, once one waits.
    pub fn question(&self, kind: &str) -> Value {
        let what = format!("a question of the kind {kind}");
        let limit = Instant::now() + DEADLINE;
        until(&what, || {
            let asked = self.waiting().into_iter().find(|question| question["kind"] == kind);
            assert!(asked.is_some() || Instant::now() < limit, "waited too long for {what}; {}", self.last_words());
            asked
        })
    }

    /// What the broker says of its servers, and did last.
    fn last_words(&self) -> String {
        let entries = self.audit();
        let last = entries.iter().rev().take(6).map(|entry| format!("\n{entry}")).collect::<String>();
        format!("its servers are {}; the log says, last first:{last}", self.json(&["server", "list"]).stdout)
    }

    /// Waits until a question waits no longer.
    pub fn wait_until_answered(&self, question: &Value) {
        until("a question to be answered", || (!self.waits(question)).then_some(()));
    }

    /// Whether a question waits now.
    pub fn waits(&self, question: &Value) -> bool {
        self.waiting().iter().any(|waiting| waiting["id"] == question["id"])
    }

    /// Whether this variable was set for everything started here.
    pub fn has_env(&self, name: &str) -> bool {
        self.env.iter().any(|(known, _)| known == name)
    }

    /// All entries of the audit log, oldest first.
    pub fn audit(&self) -> Vec<Value> {
        let mut entries = self.json(&["audit", "list", "--limit", "100000"]).succeeded().values();
        entries.sort_by_key(|entry| entry["seq"].as_i64());
        entries
    }

    /// What `audit verify` has to complain about; empty when the chain holds.
    pub fn chain_faults(&self) -> Vec<Value> {
        let ran = self.json(&["audit", "verify"]);
        let report = ran.value();
        report["faults"].as_array().cloned().unwrap_or_else(|| panic!("no faults listed in {report}"))
    }
}

/// A command that ran to its end.
#[derive(Clone, Debug)]
pub struct Ran {
    /// What it was.
    pub name: String,
    /// Its exit code; -1 after a signal.
    pub code: i32,
    /// All it wrote to stdout.
    pub stdout: String,
    /// All it wrote to stderr.
    pub stderr: String,
}

impl Ran {
    /// Runs a command to its end; stops the test when that takes too long.
    pub fn of(name: &str, command: &mut Command, within: Duration) -> Self {
        Self::typing(name, command, "", within)
    }

    /// The same, with this on its standard input.
    pub fn typing(name: &str, command: &mut Command, input: &str, within: Duration) -> Self {
        let mut running = Running::spawn(name, command);
        // One that ends before it read everything has no need of it.
        let _ = running.stdin().write_all(input.as_bytes());
        let stdout = Written::read(running.stdout());
        let status = running.wait(within);
        Self {
            name: name.to_owned(),
            code: status.code().unwrap_or(-1),
            stdout: stdout.whole(DEADLINE),
            stderr: running.stderr.whole(DEADLINE),
        }
    }

    /// Itself, if it succeeded.
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, 0, "{} failed: {}{}", self.name, self.stderr, self.stdout);
        self
    }

    /// Itself, if it was refused or failed (exit code 1) with a sentence on stderr.
    pub fn refused(self) -> Self {
        assert_eq!(self.code, 1, "{} should have been refused: {}{}", self.name, self.stderr, self.stdout);
        assert!(!self.stderr.trim().is_empty(), "{} was refused without a word", self.name);
        self
    }

    /// Its stdout as one JSON value.
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{}: not JSON ({error}): {:?} {:?}", self.name, self.stdout, self.stderr))
    }

    /// Its stdout as JSON lines.
    pub fn values(&self) -> Vec<Value> {
        let parse = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{}: not JSON ({error}): {line:?}", self.name))
        };
        self.stdout.lines().filter(|line| !line.trim().is_empty()).map(parse).collect()
    }
}
