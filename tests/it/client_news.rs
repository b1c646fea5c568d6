//! A server that a client runs around Consentry is told when it comes and when it changes, and nothing is written for it.

use e2e::{Broker, DEADLINE, Fixture, Home};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

struct Scene {
    broker: Broker,
    home: Home,
    file: PathBuf,
    program: String,
}

impl Scene {
    /// A client that runs `old` before Consentry first looks.
    fn new() -> Self {
        let home = Home::new();
        let program = Fixture::new(&home, "notes").words()[0].clone();
        let file = home.work().join(".cursor/mcp.json");
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(&file, json!({"mcpServers": {"old": {"command": program}}}).to_string()).expect("written");
        let broker = Broker::start(&home);
        let scene = Self { broker, home, file, program };
        scene.until(|scene| scene.has_looked());
        scene
    }

    /// Whether the first look is over: from then on what comes is new.
    fn has_looked(&self) -> bool {
        let rows = e2e::database::Database::open(&self.home.database()).query("select count(*) from seen_entry");
        rows[0][0] != "0"
    }

    fn write(&self, servers: &Value) -> String {
        let text = json!({ "mcpServers": servers }).to_string();
        fs::write(&self.file, &text).expect("written");
        text
    }

    /// What is new, as `server` and whether it was changed.
    fn news(&self) -> Vec<(String, bool)> {
        let told = self.home.json(&["client", "new"]).succeeded().values();
        told.iter()
            .map(|v| (v["entry"]["server"].as_str().unwrap_or_default().to_owned(), v["changed"] == true))
            .collect()
    }

    fn until(&self, mut is: impl FnMut(&Self) -> bool) {
        let until = Instant::now() + DEADLINE;
        while !is(self) {
            assert!(Instant::now() < until, "it did not come about; new now: {:?}", self.news());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn told(&self, expected: &[(&str, bool)]) {
        let expected: Vec<_> = expected.iter().map(|(server, changed)| ((*server).to_owned(), *changed)).collect();
        self.until(|scene| scene.news() == expected);
    }
}

#[test]
fn what_comes_is_told_until_it_is_left_or_protected_and_again_when_it_changes() {
    let mut scene = Scene::new();
    let (old, new) = (json!({"command": scene.program}), json!({"command": scene.program, "args": ["--new"]}));
    assert_eq!(scene.news(), [], "what was there at the first look is known");
    let text = scene.write(&json!({"old": old, "new": new}));
    scene.told(&[("new", false)]);
    assert_eq!(fs::read_to_string(&scene.file).expect("there"), text, "nothing is written by itself");
    assert!(scene.home.run(&["client", "leave", "cursor", "old"]).refused().stderr.contains("client new"));
    scene.home.run(&["client", "leave", "cursor", "new"]).succeeded();
    assert_eq!(scene.news(), []);

    // What was said holds after a restart; another content is another entry.
    scene.broker.stop();
    scene.broker = Broker::start(&scene.home);
    let other = json!({"command": scene.program, "args": ["--other"]});
    scene.write(&json!({"old": other, "new": new}));
    scene.told(&[("old", true)]);
    scene.home.run(&["client", "protect", "cursor"]).succeeded();
    scene.told(&[]);

    // Somebody takes Consentry out again: that is told. A person who does it need not be told.
    scene.write(&json!({"old": old, "new": new}));
    scene.told(&[("new", true), ("old", true)]);
    scene.home.run(&["client", "protect", "cursor"]).succeeded();
    scene.told(&[]);
    scene.home.run(&["client", "unprotect", "cursor"]).succeeded();
    scene.write(&json!({"old": old, "new": new, "last": {"url": "https://h.example/x"}}));
    scene.told(&[("last", false)]);
}

#[test]
fn a_file_in_a_folder_that_was_not_there_is_seen() {
    let scene = Scene::new();
    let file = scene.home.work().join(".config/Code/User/mcp.json");
    fs::create_dir_all(file.parent().expect("a folder")).expect("made");
    fs::write(&file, json!({"servers": {"late": {"command": scene.program}}}).to_string()).expect("written");
    scene.told(&[("late", false)]);
    // Only one who decides may leave it.
    assert_eq!(scene.home.json(&["client", "new"]).succeeded().values()[0]["client"], "vscode");
}

#[test]
fn where_decisions_are_taken_in_windows_the_command_line_leaves_nothing() {
    let mut scene = Scene::new();
    scene.broker.stop();
    scene.broker = Broker::start_with(&scene.home, &[]);
    scene.write(&json!({"new": {"command": scene.program}}));
    scene.told(&[("new", false)]);
    assert!(scene.home.run(&["client", "leave", "cursor", "new"]).refused().stderr.contains("--decisions cli"));
    assert_eq!(scene.news().len(), 1);
}
