//! Calls that a person changes before a yes: what is sent is what they wrote, and everybody is told.

use e2e::client::{refusal, went_well};
use e2e::{Home, Ran, Scene};
use serde_json::{Value, json};

/// Approves with more words for the command line.
fn approve_with(scene: &Scene, question: &Value, words: &[&str]) -> Ran {
    let word = |name: &str| question[name].as_str().expect(name).to_owned();
    let (id, digest) = (word("id"), word("digest"));
    scene.home.run(&[&["approvals", "approve", &id, "--digest", &digest], words].concat())
}

fn set(pointer: &str, value: &str) -> String {
    format!("{pointer}={}", Value::from(value))
}

#[test]
fn a_changed_write_writes_what_the_person_wrote_and_the_log_has_both() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    let mut client = scene.client();
    let path = scene.note("a");
    let id = client.begin("write_note", json!({"path": path, "text": "the model’s words"}));
    let question = watch.question("write_note");
    approve_with(&scene, &question, &["--set", &set("/text", "my words")]).succeeded();
    let reply = client.reply(&id).value;
    assert!(went_well(&reply), "{reply}");
    let content = reply["result"]["content"].as_array().expect("content");
    let note = content[0]["text"].as_str().expect("a note");
    assert!(note.starts_with("[Note from Consentry") && note.contains("`text`"), "{note}");
    assert!(!note.contains("my words"), "the model is told which value, not what it is now: {note}");
    assert_eq!(content.len(), 2, "the server's own words follow: {reply}");
    let written = std::fs::read_to_string(&path).expect("the note");
    assert_eq!(written.trim_end(), "my words");
    assert_eq!(scene.logged("intent", "arguments")["text"], "my words");
    assert_eq!(scene.logged("intent", "arguments_asked")["text"], "the model’s words");
    assert_eq!(scene.logged("asked", "card")["values"][1]["text"], "the model’s words");
    assert_eq!(scene.logged("edited", "card")["edits"][0]["from"], "the model’s words");
    scene.home.run(&["audit", "verify"]).succeeded();
}

#[test]
fn a_change_to_what_is_protected_is_refused_and_the_question_stands() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    let mut client = scene.client();
    let id = client.begin("write_note", json!({"path": scene.note("a"), "text": "x"}));
    let question = watch.question("write_note");
    let ours = scene.home.servers_json().to_string_lossy().into_owned();
    let said = approve_with(&scene, &question, &["--set", &set("/path", &ours)]).refused().stderr;
    assert!(said.contains("may not run") && said.contains("Nothing was changed"), "{said}");
    assert!(scene.server.executed().is_empty());
    let waiting = scene.home.waiting();
    assert_eq!(waiting[0]["digest"], question["digest"], "it asks what it asked");
    scene.approve(&question).succeeded();
    let reply = client.reply(&id).value;
    assert_eq!(reply["result"]["content"].as_array().map(Vec::len), Some(1), "nothing was changed: {reply}");
}

#[test]
fn a_change_that_can_not_stand_in_the_call_is_refused() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    let mut client = scene.client();
    client.begin("write_note", json!({"path": scene.note("a"), "text": "x"}));
    let question = watch.question("write_note");
    for (setting, why) in [
        ("/text=7", "has to stay one"),
        ("/absent=\"x\"", "no value at"),
        ("/text=[\"x\"]", "in quotes"),
        ("=\"x\"", "no value at"),
    ] {
        let said = approve_with(&scene, &question, &["--set", setting]).refused().stderr;
        assert!(said.contains(why), "{setting}: {said}");
    }
    let both = approve_with(&scene, &question, &["--set", &set("/text", "y"), "--remember", "15m"]);
    assert_eq!(both.code, 2, "a changed call is never remembered: {}", both.stderr);
    assert!(scene.server.executed().is_empty());
    assert_eq!(scene.home.waiting()[0]["digest"], question["digest"]);
}

#[test]
fn a_late_yes_to_a_changed_call_is_given_to_the_same_call_asked_again() {
    let scene = Scene::within(Home::new().with_env("CONSENTRY_PATIENCE_SECONDS", "1"), &[]);
    let mut watch = scene.watch();
    let mut client = scene.client();
    let path = scene.note("a");
    let asked = json!({"path": path, "text": "the model’s words"});
    let first = client.call("write_note", asked.clone());
    assert!(refusal(&first).starts_with("Waiting for approval"), "{first}");
    let question = watch.question("write_note");
    approve_with(&scene, &question, &["--set", &set("/text", "my words")]).succeeded();
    assert!(scene.server.executed().is_empty(), "a late yes runs nothing by itself");
    let again = client.call("write_note", asked.clone());
    assert!(went_well(&again), "{again}");
    assert!(again["result"]["content"][0]["text"].as_str().is_some_and(|note| note.contains("changed this call")));
    assert_eq!(std::fs::read_to_string(&path).expect("the note").trim_end(), "my words");
    let spent = client.call("write_note", asked);
    assert!(refusal(&spent).starts_with("Waiting for approval"), "a yes is used once: {spent}");
    assert_eq!(scene.server.executed().len(), 1);
}

#[test]
fn a_high_risk_call_can_be_changed_and_asks_as_much_as_before() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    let mut client = scene.client();
    let id = client.begin("pay", json!({"account": "DE89370400440532013000", "amount": 150.0}));
    let question = watch.question("pay");
    approve_with(&scene, &question, &["--set", "/amount=15.00"]).succeeded();
    assert!(went_well(&client.reply(&id).value));
    let edited = scene.logged("edited", "card");
    assert_eq!((&edited["level"], &edited["edits"][0]["value"]), (&json!("step_up"), &json!("15.00")));
    assert!(edited["arguments_text"].as_str().is_some_and(|text| text.contains("15.00")), "as it was written");
}
