//! Ends: SIGTERM, `kill -9`, clients that leave. Nothing is left behind, and nobody waits for an answer that can't come.

use e2e::broker::ENDS_WITHIN;
use e2e::client::{refusal, text, went_well};
use e2e::{Broker, DEADLINE, Home, McpClient, Scene};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What a person at a terminal would not even notice.
const SOON: Duration = Duration::from_secs(10);
const NOBODY: Vec<u32> = Vec::new();

#[test]
fn after_sigterm_nothing_is_left_not_even_what_resists() {
    let mut scene = Scene::lying(&["ignore_sigterm", "ignore_eof", "grandchild", "grandchild_session"]);
    let mut client = scene.client();
    assert!(went_well(&client.call("echo", json!({"text": "the server runs"}))));
    let waits = client.begin("hold", json!({"name": "open"}));
    scene.server.wait_until_executed(2);
    let took = scene.broker.stop();
    assert!(took <= ENDS_WITHIN, "the broker took {took:?}");
    assert!(scene.server.pids().len() >= 3, "server and grandchildren: {:?}", scene.server.pids());
    assert_eq!(scene.server.leftovers(SOON), NOBODY);
    assert!(!scene.home.socket().exists(), "the socket is still there");
    refusal(&client.reply(&waits).value);
    client.process.wait(SOON);
}

#[test]
fn a_broker_that_is_killed_answers_nobody_but_the_door_does() {
    let mut scene = Scene::new();
    let mut client = scene.client();
    let calls = [client.begin("hold", json!({"name": "one"})), client.begin("hold", json!({"name": "two"}))];
    scene.server.wait_until_executed(2);
    scene.broker.kill();
    for id in &calls {
        refusal(&client.reply(id).value);
    }
    let status = client.process.wait(SOON);
    assert_ne!(status.code(), Some(0));
    assert!(!client.process.stderr.text().trim().is_empty(), "the door closed without a word");
    assert_eq!(scene.server.leftovers(SOON), NOBODY);
}

#[test]
fn a_server_that_resists_dies_with_a_broker_that_is_killed() {
    let mut scene = Scene::lying(&["ignore_sigterm", "ignore_eof"]);
    assert!(went_well(&scene.client().call("echo", json!({"text": "the server runs"}))));
    let mut client = scene.client();
    assert!(went_well(&client.call("echo", json!({"text": "and another"}))));
    scene.broker.kill();
    assert_eq!(scene.server.leftovers(SOON), NOBODY);
}

#[test]
fn after_a_kill_the_next_broker_starts_and_serves() {
    let mut scene = Scene::new();
    assert!(went_well(&scene.client().call("echo", json!({"text": "before"}))));
    scene.broker.kill();
    scene.broker = Broker::start(&scene.home);
    scene.server.add(&scene.home);
    scene.server.trust(&scene.home);
    assert_eq!(text(&scene.client().call("echo", json!({"text": "after"}))), "after");
    assert_eq!(scene.home.chain_faults(), Vec::<Value>::new());
}

#[test]
fn a_client_that_leaves_ends_its_server() {
    let scene = Scene::lying(&["ignore_sigterm", "ignore_eof", "grandchild", "grandchild_session"]);
    let before = scene.server.pids().len();
    let mut client = scene.client();
    assert!(went_well(&client.call("echo", json!({"text": "the server runs"}))));
    assert!(scene.server.pids().len() > before, "each connection has a child of its own");
    client.leave();
    assert_eq!(scene.server.leftovers(SOON), NOBODY);
    let mut client = scene.client();
    assert!(went_well(&client.call("echo", json!({"text": "the server runs"}))));
    client.vanish();
    assert_eq!(scene.server.leftovers(SOON), NOBODY);
}

#[test]
fn the_dead_are_buried() {
    let scene = Scene::lying(&["grandchild", "grandchild_session"]);
    for _ in 0..3 {
        let mut client = scene.client();
        assert!(went_well(&client.call("echo", json!({"text": "the server runs"}))));
        client.leave();
    }
    assert_eq!(scene.server.leftovers(SOON), NOBODY);
    let until = Instant::now() + DEADLINE;
    while !zombies_of(scene.broker.process.pid()).is_empty() {
        assert!(Instant::now() < until, "zombies: {:?}", zombies_of(scene.broker.process.pid()));
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The children of a process that ended and that it did not wait for.
fn zombies_of(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // pid (name) state ppid …, and the name may hold anything.
        let mut rest = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        rest.next() == Some("Z") && rest.next().and_then(|word| word.parse().ok()) == Some(parent)
    })
    .collect()
}

#[test]
fn one_broker_per_home() {
    let scene = Scene::new();
    let said = Broker::refuses(&scene.home, &["--decisions", "cli"]).refused().stderr;
    assert!(said.contains("already") || said.contains("another"), "{said:?}");
    assert!(went_well(&scene.client().call("echo", json!({"text": "the first goes on"}))));
}

#[test]
fn two_homes_do_not_meet() {
    let (one, two) = (Scene::new(), Scene::untrusted(Home::new(), &[]));
    assert_eq!(one.client().tools().len(), 8);
    assert!(two.client().tools().is_empty());
}

#[test]
fn without_a_broker_every_command_says_so() {
    let home = Home::new();
    for words in [
        &["server", "list"][..],
        &["server", "trust", "x"],
        &["approvals", "list"],
        &["approvals", "watch"],
        &["approvals", "reject", "x"],
        &["audit", "list"],
        &["audit", "verify"],
    ] {
        let said = home.run(words).refused().stderr;
        assert!(said.contains("no broker is running"), "{words:?}: {said:?}");
    }
}

#[test]
fn connect_without_a_broker_and_without_a_display_says_so_and_ends() {
    let home = Home::new();
    let mut client = McpClient::open(&home, "notes");
    let id = client.request(
        "initialize",
        json!({"protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"}}),
    );
    let messages = client.drain();
    for message in &messages {
        assert_eq!(message.value["id"], id);
        refusal(&message.value);
    }
    assert_eq!(client.process.wait(DEADLINE).code(), Some(1));
    client.process.stderr.wait_for("broker", DEADLINE);
}

#[test]
fn wrong_words_are_usage_errors() {
    let home = Home::new();
    for words in [
        &["made-up"][..],
        &["server", "add"],
        &["connect"],
        &["approvals", "approve", "x"],
        &["broker", "--decisions", "anyhow"],
    ] {
        let ran = home.run(words);
        assert_eq!(ran.code, 2, "{words:?}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.is_empty(), "{words:?}: {}", ran.stdout);
    }
}

#[test]
fn a_watch_ends_with_the_broker() {
    let mut scene = Scene::new();
    let mut watch = scene.watch();
    scene.broker.stop();
    assert_eq!(watch.next(std::time::Instant::now() + SOON), None);
}
