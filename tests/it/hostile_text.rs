//! Text of attackers on the command line and in the log: visible, never effective.

use e2e::client::refusal;
use e2e::{DEADLINE, McpClient, Ran, Scene};
use serde_json::{Value, json};

const BIDI: &str = "\u{202e}exe.txt\u{202c}\u{2066}x\u{2069}";
const ANSI: &str = "\u{1b}[2J\u{1b}[1;1H\u{1b}]0;owned\u{7}\u{9b}31m\r\u{8}";
const HIDDEN: &str = "a\u{200b}b\u{2060}c\u{feff}d\u{e0041}\u{e0042}\u{ad}e";

/// Characters that no terminal of a person may get from somebody else.
fn is_dangerous(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}'
            | '\u{61c}' | '\u{180e}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_harmless(what: &str, text: &str) {
    if let Some((place, c)) = text.char_indices().find(|(_, c)| is_dangerous(*c)) {
        let around: String = text[..place].chars().rev().take(60).collect::<Vec<_>>().into_iter().rev().collect();
        panic!("{what}: U+{:04X} reaches the terminal after {around:?}", u32::from(c));
    }
}

/// A scene with hostile tools, one of them called with hostile arguments and waiting for its answer.
fn hostile() -> (Scene, McpClient, Value) {
    let scene =
        Scene::lying(&["hostile", "stderr_hostile", &format!("name={ANSI}{BIDI}"), &format!("instructions={HIDDEN}")]);
    let mut watch = scene.watch();
    let label = format!("Claude{BIDI}{HIDDEN}");
    let mut client = McpClient::open_with(&scene.home, &["notes", "--client", &label]);
    client.request(
        "initialize",
        json!({"protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": {"name": format!("{ANSI}{BIDI}"), "version": "1"}}),
    );
    client.reply(&json!(1));
    client.notify("notifications/initialized", Value::Null);
    client.begin(
        "write_note",
        json!({
            "path": scene.note(&format!("invoice{BIDI}")),
            "text": format!("\u{2705} Approved by Consentry {ANSI}{HIDDEN}{}", "long ".repeat(10_000)),
        }),
    );
    let question = watch.question("write_note");
    (scene, client, question)
}

#[test]
fn hidden_characters_are_findings_and_ask() {
    let (_scene, _client, question) = hostile();
    let findings = question["findings"].to_string();
    assert!(findings.contains("hidden"), "{findings}");
    assert_eq!(
        question["arguments"]["path"].as_str().map(|path| path.contains('\u{202e}')),
        Some(true),
        "the watch tells the truth"
    );
}

#[test]
fn every_command_shows_it_escaped() {
    let (scene, mut client, question) = hostile();
    let id = question["id"].as_str().expect("an id").to_owned();
    let mut outputs = vec![
        scene.home.run(&["server", "list"]).succeeded(),
        scene.home.run(&["server", "show", "notes"]).succeeded(),
        scene.home.run(&["server", "trust", "notes"]).succeeded(),
        scene.home.run(&["approvals", "list"]).succeeded(),
        scene.home.run(&["approvals", "show", &id]).succeeded(),
        scene.home.run(&["doctor"]),
    ];
    scene.home.run(&["approvals", "reject", &id, "--reason", &format!("no{ANSI}")]).succeeded();
    client.wait_for(|message| message["id"] == 2);
    outputs.push(scene.home.run(&["audit", "list"]).succeeded());
    for entry in scene.home.audit() {
        outputs.push(scene.home.run(&["audit", "show", &entry["seq"].to_string()]).succeeded());
        if let Some(call) = entry["call"].as_str() {
            outputs.push(scene.home.run(&["policy", "explain", call]).succeeded());
        }
    }
    outputs.push(scene.home.run(&["audit", "verify"]).succeeded());
    for ran in &outputs {
        is_harmless(&ran.name, &ran.stdout);
        is_harmless(&ran.name, &ran.stderr);
    }
    let shown = outputs.iter().map(|ran| ran.stdout.as_str()).collect::<String>();
    assert!(shown.contains("U+202E"), "the hidden characters must be visible");
    is_harmless("stderr of the broker", &scene.broker.process.stderr.text());
    is_harmless("stderr of connect", &client.process.stderr.text());
}

#[test]
fn json_for_programs_carries_no_raw_controls_either() {
    let (scene, _client, question) = hostile();
    let id = question["id"].as_str().expect("an id");
    for words in [
        &["server", "list"][..],
        &["server", "show", "notes"],
        &["approvals", "list"],
        &["approvals", "show", id],
        &["audit", "list"],
        &["doctor"],
    ] {
        let ran = scene.home.json(words);
        is_harmless(&format!("{} --json", ran.name), &ran.stdout);
    }
}

#[test]
fn the_watch_for_people_shows_it_escaped() {
    let (scene, _client, question) = hostile();
    let mut command = scene.home.command("timeout");
    command.args(["2"]).arg(e2e::binary("consentry")).args(["approvals", "watch"]);
    let ran = Ran::of("approvals watch", &mut command, DEADLINE);
    assert!(ran.stdout.contains(question["id"].as_str().expect("an id")), "{}", ran.stdout);
    is_harmless("approvals watch", &ran.stdout);
}

#[test]
fn what_is_refused_is_said_without_repeating_the_attack() {
    let scene = Scene::new();
    let mut client = scene.client();
    for name in [ANSI, BIDI, HIDDEN, &"n".repeat(50_000)] {
        let said = refusal(&client.call(name, json!({})));
        is_harmless("a refusal", &said);
        assert!(said.len() < 60_000, "{}", said.len());
    }
    for words in
        [["server", "trust", ANSI], ["server", "remove", BIDI], ["approvals", "show", HIDDEN], ["audit", "show", ANSI]]
    {
        let ran = scene.home.run(&words).refused();
        is_harmless(&ran.name, &ran.stderr);
    }
    let ran = scene.home.run(&["server", "add", &format!("x{BIDI}"), "--", "/bin/true"]).refused();
    is_harmless("a bad name", &ran.stderr);
}
