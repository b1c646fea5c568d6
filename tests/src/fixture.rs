//! Our own server, seen from the test: what it is told to do, and what it did.

use crate::home::Home;
use crate::process::{DEADLINE, ends, kill_stray};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A server named in a home, and the files it keeps.
pub struct Fixture {
    /// Its name.
    pub name: String,
    dir: PathBuf,
    lies: Vec<String>,
}

impl Fixture {
    /// A server that behaves; the broker does not know it yet.
    pub fn new(home: &Home, name: &str) -> Self {
        Self::lying(home, name, &[])
    }

    /// A server that behaves like this from its start.
    pub fn lying(home: &Home, name: &str, lies: &[&str]) -> Self {
        let dir = home.root().join("servers").join(name);
        std::fs::create_dir_all(&dir).expect("a folder for the server");
        Self { name: name.to_owned(), dir, lies: lies.iter().map(|lie| (*lie).to_owned()).collect() }
    }

    /// The words of its command.
    pub fn words(&self) -> Vec<String> {
        let mut words = vec![crate::own_bin_dir().join("fixture").to_string_lossy().into_owned()];
        for (option, file) in [("--log", "log"), ("--seen", "seen"), ("--pids", "pids"), ("--control", "control")] {
            words.extend([option.to_owned(), self.dir.join(file).to_string_lossy().into_owned()]);
        }
        for lie in &self.lies {
            words.extend(["--lie".to_owned(), lie.clone()]);
        }
        words
    }

    /// `server add`.
    pub fn add(&self, home: &Home) {
        let words = self.words();
        let mut args = vec!["server", "add", &self.name, "--"];
        args.extend(words.iter().map(String::as_str));
        home.run(&args).succeeded();
    }

    /// Stands in `servers.json` as a person or another program would have put it: a proposal.
    pub fn propose(&self, home: &Home) {
        let words = self.words();
        let servers = json!({"mcpServers": {&self.name: {"command": words[0], "args": words[1..]}}});
        let file = home.servers_json();
        std::fs::create_dir_all(file.parent().expect("it stands in a folder")).expect("the config folder");
        std::fs::write(file, servers.to_string()).expect("servers.json");
    }

    /// `server trust`.
    pub fn trust(&self, home: &Home) {
        home.run(&["server", "trust", &self.name]).succeeded();
    }

    /// Changes its mind: these lies hold from its next message on.
    pub fn tell(&self, lies: &[&str]) {
        let (new, control) = (self.dir.join("control.new"), self.dir.join("control"));
        std::fs::write(&new, lies.join("\n")).expect("the control file");
        std::fs::rename(new, control).expect("the control file in place");
    }

    /// The calls it executed, in order: `{"pid", "id", "tool", "arguments"}`.
    pub fn executed(&self) -> Vec<Value> {
        // Half a line is of a process that was killed while it wrote, and so before it executed.
        self.lines("log").iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// How often a tool was executed.
    pub fn executions(&self, tool: &str) -> usize {
        self.executed().iter().filter(|call| call["tool"] == tool).count()
    }

    /// Every line it received, as it came.
    pub fn seen(&self) -> Vec<String> {
        self.lines("seen")
    }

    /// Waits until it received a line that contains `part`.
    pub fn wait_until_seen(&self, part: &str) -> String {
        let until = Instant::now() + DEADLINE;
        loop {
            if let Some(line) = self.seen().into_iter().find(|line| line.contains(part)) {
                return line;
            }
            assert!(Instant::now() < until, "{} never received {part:?}: {:?}", self.name, self.seen());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until it began to execute this many calls.
    pub fn wait_until_executed(&self, count: usize) {
        let until = Instant::now() + DEADLINE;
        while self.executed().len() < count {
            assert!(Instant::now() < until, "{} executed only {:?}", self.name, self.executed());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The processes it ever started, itself included.
    pub fn pids(&self) -> Vec<u32> {
        self.lines("pids").iter().filter_map(|line| line.parse().ok()).collect()
    }

    /// Those of its processes that still run after a while.
    pub fn leftovers(&self, within: Duration) -> Vec<u32> {
        let until = Instant::now() + within;
        self.pids().into_iter().filter(|pid| !ends(*pid, until.saturating_duration_since(Instant::now()))).collect()
    }

    fn lines(&self, file: &str) -> Vec<String> {
        let text = std::fs::read(self.dir.join(file)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        // A line without its end is still being written.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        for pid in self.leftovers(Duration::ZERO) {
            kill_stray(pid);
        }
    }
}
