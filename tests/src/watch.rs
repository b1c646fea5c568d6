//! The person: reads `approvals watch`, answers with the command line.

use crate::home::Home;
use crate::process::{DEADLINE, Lines, Running};
use serde_json::Value;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// `approvals watch --json`.
pub struct Watch {
    _process: Running,
    lines: Lines,
    kept: Vec<Value>,
}

impl Watch {
    /// Begins to watch.
    pub fn start(home: &Home) -> Self {
        let mut process = Running::spawn("approvals watch", &mut home.consentry(&["approvals", "watch", "--json"]));
        let lines = Lines::read("approvals watch", process.stdout());
        drop(process.stdin());
        Self { _process: process, lines, kept: Vec::new() }
    }

    /// The next event; `None` when the broker ended.
    pub fn next(&mut self, until: Instant) -> Option<Value> {
        let line = self.lines.next(until)?;
        let text = String::from_utf8_lossy(&line).into_owned();
        Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("watch wrote no JSON ({error}): {text:?}")))
    }

    /// Waits for an event; others that come first are kept.
    pub fn wait_for(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + DEADLINE;
        loop {
            if let Some(place) = self.kept.iter().position(&wanted) {
                return self.kept.remove(place);
            }
            let event = self.next(until).unwrap_or_else(|| panic!("the watch ended; kept: {:?}", self.kept));
            self.kept.push(event);
        }
    }

    /// The next question of this tool.
    pub fn question(&mut self, tool: &str) -> Value {
        self.wait_for(|event| event["event"] == "pending" && event["tool"] == tool)
    }

    /// How a question ended.
    pub fn end_of(&mut self, question: &Value) -> String {
        let event = self.wait_for(|event| event["event"] == "ended" && event["id"] == question["id"]);
        event["answer"].as_str().unwrap_or_else(|| panic!("no answer in {event}")).to_owned()
    }

    /// Events that come within a while, where none should.
    pub fn comes_within(&mut self, within: Duration) -> Vec<Value> {
        while let Some(line) = self.lines.poll(within) {
            self.kept.push(serde_json::from_slice(&line).unwrap_or(Value::Null));
        }
        std::mem::take(&mut self.kept)
    }
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Say {
    /// Yes, with the digest that was displayed.
    Yes,
    /// No.
    No,
    /// Nothing.
    Nothing,
}

/// `approvals approve ID --digest DIGEST`.
pub fn approve(home: &Home, question: &Value) -> Command {
    home.consentry(&["approvals", "approve", word(question, "id"), "--digest", word(question, "digest")])
}

/// `approvals reject ID`.
pub fn reject(home: &Home, question: &Value) -> Command {
    home.consentry(&["approvals", "reject", word(question, "id")])
}

fn word<'a>(question: &'a Value, field: &str) -> &'a str {
    question[field].as_str().unwrap_or_else(|| panic!("the question has no {field}: {question}"))
}

/// Somebody who answers every question, in the background, until dropped or the broker ends.
pub struct Person {
    seen: Arc<Mutex<Vec<Value>>>,
    process: Running,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Person {
    /// Begins to answer.
    pub fn start(home: &Home, mut answer: impl FnMut(&Value) -> Say + Send + 'static) -> Self {
        let mut process = Running::spawn("approvals watch", &mut home.consentry(&["approvals", "watch", "--json"]));
        let lines = Lines::read("approvals watch", process.stdout());
        drop(process.stdin());
        // The commands of the answers carry this home's environment into the thread.
        let template = home.command(crate::binary("consentry"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&seen);
        let thread = std::thread::spawn(move || {
            while let Some(line) = lines.poll(Duration::from_secs(3600)) {
                let Ok(event) = serde_json::from_slice::<Value>(&line) else { continue };
                if event["event"] != "pending" {
                    continue;
                }
                notes.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
                let (id, digest) = (event["id"].as_str().unwrap_or(""), event["digest"].as_str().unwrap_or(""));
                let words = match answer(&event) {
                    Say::Yes => vec!["approvals", "approve", id, "--digest", digest],
                    Say::No => vec!["approvals", "reject", id],
                    Say::Nothing => continue,
                };
                // A broker that was killed meanwhile takes no answer; the test sees that elsewhere.
                let _ = same(&template).args(words).output();
            }
        });
        Self { seen, process, thread: Some(thread) }
    }

    /// All questions so far.
    pub fn seen(&self) -> Vec<Value> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        self.process.signal(rustix::process::Signal::KILL);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Another command of the same program, folder and environment.
fn same(template: &Command) -> Command {
    let mut command = Command::new(template.get_program());
    command.env_clear().envs(template.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(folder) = template.get_current_dir() {
        command.current_dir(folder);
    }
    command
}
