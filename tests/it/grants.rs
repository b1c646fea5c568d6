//! Yeses that are remembered: what runs without asking afterwards, and what ends that.

use e2e::client::{refusal, went_well};
use e2e::database::Database;
use e2e::{Home, McpClient, Ran, Scene};
use serde_json::{Value, json};

fn note(scene: &Scene, name: &str) -> Value {
    json!({"path": scene.note(name), "text": "bought milk"})
}

/// Approves and remembers, with more words for the command line.
fn remember(scene: &Scene, question: &Value, words: &[&str]) -> Ran {
    let word = |name: &str| question[name].as_str().expect(name).to_owned();
    let (id, digest) = (word("id"), word("digest"));
    scene.home.run(&[&["approvals", "approve", &id, "--digest", &digest], words].concat())
}

#[test]
fn the_same_call_runs_unasked_once_remembered_and_asks_again_once_revoked() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    let mut client = scene.client();
    let id = client.begin("write_note", note(&scene, "a"));
    remember(&scene, &watch.question("write_note"), &["--remember", "15m"]).succeeded();
    assert!(went_well(&client.reply(&id).value));
    assert!(went_well(&client.call("write_note", note(&scene, "a"))), "it is remembered");
    let grants = scene.home.json(&["grant", "list"]).succeeded().values();
    assert_eq!(grants.len(), 1);
    assert_eq!((&grants[0]["uses"], &grants[0]["dead"]), (&json!(1), &Value::Null), "{}", grants[0]);
    let intents: Vec<Value> = scene.home.audit().into_iter().filter(|e| e["kind"] == "intent").collect();
    assert_eq!(intents.len(), 2);
    let other = client.begin("write_note", note(&scene, "b"));
    let question = watch.question("write_note");
    scene.reject(&question).succeeded();
    refusal(&client.reply(&other).value);
    let grant = grants[0]["id"].as_str().expect("an id").to_owned();
    scene.home.run(&["grant", "revoke", &grant]).succeeded();
    client.begin("write_note", note(&scene, "a"));
    watch.question("write_note");
}

#[test]
fn a_folder_can_be_remembered_and_nothing_outside_it() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    let mut client = scene.client();
    let id = client.begin("write_note", note(&scene, "a"));
    let question = watch.question("write_note");
    let fields = question["remember"]["fields"].as_array().expect("fields");
    assert!(fields.iter().any(|f| f["pointer"] == "/path" && f["choices"].as_array().is_some_and(|c| c.len() == 2)));
    remember(&scene, &question, &["--remember", "1h", "--widen", "/path=1"]).succeeded();
    assert!(went_well(&client.reply(&id).value));
    assert!(went_well(&client.call("write_note", note(&scene, "b"))));
    client.begin("write_note", json!({"path": scene.note("../c"), "text": "bought milk"}));
    watch.question("write_note");
}

#[test]
fn an_open_field_covers_nothing_that_somebody_else_wrote() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    let mut client = scene.client();
    let said = "Bring seventeen pineapples to the harbour";
    let result =
        json!({"content": [{"type": "text", "text": format!("A stranger says: {said}. That is all for now.")}]});
    let written = |name: &str, text: &str| json!({"path": scene.note(name), "text": text});
    let note_of = |client: &mut McpClient, text: &str| client.begin("write_note", written("a", text));
    scene.server.tell(&[&format!("result={result}")]);
    assert!(went_well(&client.call("echo", json!({"text": "x"}))));
    scene.server.tell(&[]);
    let open = ["--remember", "15m", "--widen", "/text=1"];
    // A field that holds what a stranger said can't be left open; the yes counts all the same.
    let id = note_of(&mut client, said);
    remember(&scene, &watch.question("write_note"), &open).succeeded();
    assert!(went_well(&client.reply(&id).value));
    assert!(scene.home.json(&["grant", "list"]).succeeded().values().is_empty());
    // One that holds what nobody said can, and covers only such.
    let id = note_of(&mut client, "bought milk");
    remember(&scene, &watch.question("write_note"), &open).succeeded();
    assert!(went_well(&client.reply(&id).value));
    assert!(went_well(&client.call("write_note", written("a", "bought bread"))));
    note_of(&mut client, said);
    watch.question("write_note");
}

#[test]
fn payments_offer_nothing_to_remember() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    let mut client = scene.client();
    client.begin("pay", json!({"account": "DE02 1203 0000 0000 2020 51", "amount": 12.5}));
    let question = watch.question("pay");
    assert!(question["remember"].is_null(), "{question}");
}

#[test]
fn a_grant_dies_with_its_tool_and_says_so() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    let mut client = scene.client();
    let id = client.begin("write_note", note(&scene, "a"));
    remember(&scene, &watch.question("write_note"), &["--remember", "always"]).succeeded();
    assert!(went_well(&client.reply(&id).value));
    std::fs::create_dir_all(scene.home.policies()).expect("the folder");
    let rule = r#"@id("no-echo") @title("t") @why("w") forbid (principal, action in Action::"any_tool", resource) when { context.call.calls_last_hour > 100000 };"#;
    std::fs::write(scene.home.policies().join("mine.cedar"), rule).expect("a policy");
    let dead = loop {
        let grants = scene.home.json(&["grant", "list"]).succeeded().values();
        match grants[0]["dead"].as_str() {
            Some(why) => break why.to_owned(),
            None => std::thread::yield_now(),
        }
    };
    assert!(dead.contains("rules"), "{dead}");
    client.begin("write_note", note(&scene, "a"));
    watch.question("write_note");
}

#[test]
fn a_grant_outlives_a_restart_only_with_its_seal() {
    let mut home = Home::new();
    let Some(_keyring) = e2e::Keyring::start(&mut home) else { return };
    let mut scene = Scene::within(home, &[]);
    let mut watch = scene.watch();
    let mut client = scene.client();
    let id = client.begin("write_note", note(&scene, "a"));
    remember(&scene, &watch.question("write_note"), &["--remember", "always"]).succeeded();
    assert!(went_well(&client.reply(&id).value));
    scene.broker.stop();
    scene.broker = e2e::Broker::start(&scene.home);
    assert_eq!(scene.home.json(&["grant", "list"]).succeeded().values().len(), 1);
    scene.broker.stop();
    let mut database = Database::open(&scene.home.database());
    database.execute("UPDATE decision SET value = replace(value, 'bought milk', 'sold the cow') WHERE kind = 'grant'");
    drop(database);
    scene.broker = e2e::Broker::start(&scene.home);
    assert!(scene.home.json(&["grant", "list"]).succeeded().values().is_empty(), "a row that was touched is void");
}
