//! What a person chooses of a server: tools left out, and effects they know better.

use e2e::client::{refusal, went_well};
use e2e::database::Database;
use e2e::{Broker, Home, Keyring, McpClient, Scene};
use serde_json::{Value, json};

fn shown(scene: &Scene) -> Value {
    scene.home.json(&["server", "show", "notes"]).succeeded().value()
}

fn tool(scene: &Scene, name: &str) -> Value {
    let shown = shown(scene);
    let found = shown["tools"].as_array().expect("tools").iter().find(|t| t["name"] == name).cloned();
    found.unwrap_or_else(|| panic!("{name} is not in {shown}"))
}

fn decided(scene: &Scene, decision: &str) -> Value {
    let entries = scene.home.audit();
    let place =
        entries.iter().find(|e| e["kind"] == "decided" && e.to_string().contains(decision)).expect("a decision");
    let seq = place["seq"].to_string();
    record(&scene.home.json(&["audit", "show", &seq]).succeeded().value())
}

/// The record of an entry, which is shown as its exact text.
fn record(entry: &Value) -> Value {
    serde_json::from_str(entry["record"].as_str().expect("a record")).expect("JSON")
}

#[test]
fn a_tool_that_was_left_out_is_neither_listed_nor_callable() {
    let scene = Scene::untrusted(Home::new(), &[]);
    scene.home.run(&["server", "trust", "notes", "--except", "pay", "--except", "send_mail"]).succeeded();
    let mut watch = scene.watch();
    let mut client = scene.client();
    let tools = client.tools();
    assert!(tools.contains(&"echo".to_owned()) && !tools.contains(&"pay".to_owned()), "{tools:?}");
    refusal(&client.call("pay", json!({"account": "A", "amount": 1})));
    refusal(&client.call("send_mail", json!({"to": "a@example.org", "subject": "s", "body": "b"})));
    assert!(went_well(&client.call("echo", json!({"text": "hello"}))));
    assert_eq!(scene.server.executions("pay") + scene.server.executions("send_mail"), 0);
    assert_eq!(shown(&scene)["left_out"], json!(["pay", "send_mail"]));
    assert_eq!(shown(&scene)["trust"], "trusted", "what was left out has not drifted");
    let record = decided(&scene, "trust");
    assert_eq!(record["left_out"], json!(["pay", "send_mail"]));
    assert!(!record["tools"].to_string().contains("pay"), "{record}");
    drop(client);
    scene.client().tools();
    let asked = watch.comes_within(std::time::Duration::from_millis(300));
    assert!(!asked.iter().any(|e| e["kind"] == "drift"), "{asked:?}");
    scene.server.trust(&scene.home);
    assert!(scene.client().tools().contains(&"pay".to_owned()), "trusting all takes it back in");
}

#[test]
fn a_tool_that_is_not_listed_can_not_be_left_out() {
    let scene = Scene::untrusted(Home::new(), &[]);
    let said = scene.home.run(&["server", "trust", "notes", "--except", "nonesuch"]).refused().stderr;
    assert!(said.contains("nonesuch"), "{said:?}");
    let said = scene.home.run(&["server", "trust", "notes", "--effects", "echo=teleport"]).refused().stderr;
    assert!(said.contains("privilege"), "{said:?}");
    assert_eq!(shown(&scene)["trust"], "untrusted");
}

#[test]
fn effects_that_were_set_decide_what_asks() {
    let scene = Scene::untrusted(Home::new(), &[]);
    let words = ["server", "trust", "notes", "--effects", "slow=read,send", "--effects", "write_note=read"];
    scene.home.run(&words).succeeded();
    let slow = tool(&scene, "slow");
    assert_eq!((&slow["effects"], &slow["asks"]), (&json!(["read", "send"]), &json!(true)));
    assert_eq!(slow["derived"], json!(["read"]));
    assert_eq!(tool(&scene, "write_note")["asks"], json!(false));
    let mut client = scene.client();
    let mut watch = scene.watch();
    assert!(went_well(&client.call("write_note", json!({"path": scene.note("n"), "text": "x"}))));
    let id = client.begin("slow", json!({"ms": 1}));
    let question = watch.question("slow");
    assert_eq!(question["effects"], json!(["read", "send"]));
    scene.approve(&question).succeeded();
    assert!(went_well(&client.reply(&id).value));
    let record = decided(&scene, "trust");
    assert_eq!(record["effects_set"], json!(["slow=read,send", "write_note=read"]));
}

#[test]
fn a_tool_that_drifts_loses_the_effects_that_were_set() {
    let scene = Scene::untrusted(Home::new(), &[]);
    scene.home.run(&["server", "trust", "notes", "--effects", "echo=read,send"]).succeeded();
    let mut watch = scene.watch();
    scene.server.tell(&["echo=Another text."]);
    let mut client = scene.client();
    client.tools();
    let question = watch.wait_for(|event| event["event"] == "pending" && event["kind"] == "drift");
    let change = &question["trust"]["changes"][0];
    assert_eq!((&change["before"], &change["after"]), (&json!(["read", "send"]), &json!(["read"])));
    assert_eq!(
        (&change["asked"], &change["asks"]),
        (&json!(true), &json!(false)),
        "the card says that it asks no more"
    );
    scene.approve(&question).succeeded();
    client.notification("notifications/tools/list_changed");
    let echo = tool(&scene, "echo");
    assert_eq!((&echo["effects"], &echo["derived"]), (&json!(["read"]), &json!([])));
    // Nor do they come back with the old definition.
    scene.server.tell(&[]);
    scene.server.trust(&scene.home);
    assert_eq!(tool(&scene, "echo")["effects"], json!(["read"]));
}

#[test]
fn another_choice_is_another_question() {
    let scene = Scene::untrusted(Home::new(), &[]);
    let mut watch = scene.watch();
    let mut client = scene.client();
    assert!(client.tools().is_empty());
    let first = watch.wait_for(|event| event["event"] == "pending" && event["kind"] == "trust");
    let id = first["id"].as_str().expect("id");
    let words = ["approvals", "choose", id, "--except", "pay", "--effects", "slow=read,send"];
    scene.home.run(&words).succeeded();
    assert_eq!(watch.end_of(&first), "withdrawn");
    let second = watch.wait_for(|event| event["event"] == "pending" && event["kind"] == "trust");
    assert_ne!(first["digest"], second["digest"]);
    let digest = first["digest"].as_str().expect("digest");
    let second_id = second["id"].as_str().expect("id");
    scene.home.run(&["approvals", "approve", second_id, "--digest", digest]).refused();
    assert!(client.tools().is_empty());
    let pay = second["trust"]["tools"].as_array().expect("tools").iter().find(|t| t["name"] == "pay").expect("pay");
    assert_eq!(pay["left_out"], json!(true));
    scene.approve(&second).succeeded();
    client.notification("notifications/tools/list_changed");
    let tools = client.tools();
    assert!(tools.contains(&"slow".to_owned()) && !tools.contains(&"pay".to_owned()), "{tools:?}");
    assert_eq!(tool(&scene, "slow")["effects"], json!(["read", "send"]));
}

#[test]
fn a_forged_override_is_void() {
    let mut home = Home::new();
    let Some(_keyring) = Keyring::start(&mut home) else { return };
    let mut scene = Scene::within(home, &[]);
    let pin = decided_pin(&scene, "write_note");
    scene.broker.stop();
    let value = json!({"write_note": {"pin": pin, "effects": ["read"]}}).to_string();
    Database::open(&scene.home.database())
        .execute(&format!("insert into decision values ('effects', 'notes', '{value}', 1, zeroblob(32))"));
    scene.broker = Broker::start(&scene.home);
    let write = tool(&scene, "write_note");
    assert_eq!((&write["effects"], &write["asks"]), (&json!(["write"]), &json!(true)));
    let mut watch = scene.watch();
    let mut client = scene.client();
    let id = client.begin("write_note", json!({"path": scene.note("n"), "text": "x"}));
    let question = watch.question("write_note");
    scene.reject(&question).succeeded();
    refusal(&client.reply(&id).value);
    let void = scene.home.audit().into_iter().find(|e| e["kind"] == "void").expect("it is reported");
    assert!(void.to_string().contains("notes"), "{void}");
}

#[test]
fn an_override_that_was_changed_voids_what_was_decided() {
    let mut home = Home::new();
    let Some(_keyring) = Keyring::start(&mut home) else { return };
    let mut scene = Scene::untrusted(home, &[]);
    scene.home.run(&["server", "trust", "notes", "--effects", "slow=read,send"]).succeeded();
    scene.broker.stop();
    let changed = Database::open(&scene.home.database())
        .execute("update decision set value = replace(value, ',\"send\"', '') where kind = 'effects'");
    assert_eq!(changed, 1);
    scene.broker = Broker::start(&scene.home);
    let mut client = McpClient::open(&scene.home, "notes");
    client.shake_hands("2025-06-18");
    assert!(client.tools().is_empty(), "what asked must not run because a row was broken");
    refusal(&client.call("slow", json!({"ms": 1})));
    assert!(scene.server.executed().is_empty());
}

#[test]
fn effects_last_and_where_windows_decide_they_can_only_grow() {
    let mut home = Home::new();
    let Some(_keyring) = Keyring::start(&mut home) else { return };
    let mut scene = Scene::untrusted(home, &[]);
    scene.home.run(&["server", "trust", "notes", "--except", "pay", "--effects", "slow=read,send"]).succeeded();
    scene.broker.stop();
    scene.broker = Broker::start_with(&scene.home, &["--preset", "cautious"]);
    assert_eq!(tool(&scene, "slow")["effects"], json!(["read", "send"]));
    assert_eq!(shown(&scene)["left_out"], json!(["pay"]));
    let said = scene.home.run(&["server", "effects", "notes", "slow=read"]).refused().stderr;
    assert!(said.contains("window"), "{said:?}");
    scene.home.run(&["server", "effects", "notes", "echo=read,send,pay"]).succeeded();
    assert_eq!(tool(&scene, "echo")["effects"], json!(["read", "send", "pay"]));
    assert_eq!(tool(&scene, "slow")["effects"], json!(["read", "send"]));
}

/// The digest of one tool's definition as pinned, from the log of a call.
fn decided_pin(scene: &Scene, name: &str) -> String {
    let mut watch = scene.watch();
    let mut client = scene.client();
    let id = client.begin(name, json!({"path": scene.note("n"), "text": "x"}));
    let question = watch.question(name);
    scene.approve(&question).succeeded();
    assert!(went_well(&client.reply(&id).value));
    let entries = scene.home.audit();
    let intent = entries.iter().find(|e| e["kind"] == "intent").expect("an intent");
    let seq = intent["seq"].to_string();
    let shown = scene.home.json(&["audit", "show", &seq]).succeeded().value();
    record(&shown)["pin"].as_str().expect("a pin").to_owned()
}
