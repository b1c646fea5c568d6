//! Whom a call goes to: for the first time or not, inside or outside, and whom it can be taken for.

use e2e::client::went_well;
use e2e::{McpClient, Scene, Watch};
use serde_json::{Value, json};

fn mail(to: &str, body: &str) -> Value {
    json!({"to": to, "subject": "s", "body": body})
}

fn ask(watch: &mut Watch, client: &mut McpClient, arguments: Value) -> (Value, Value) {
    let id = client.begin("send_mail", arguments);
    (id, watch.question("send_mail"))
}

/// The marks that say whom a call goes to.
fn parties(question: &Value) -> Vec<Value> {
    let values = question["values"].as_array().expect("values");
    let marks = values.iter().flat_map(|value| value["marks"].as_array().cloned().unwrap_or_default());
    marks.filter(|mark| mark["mark"] == "party").collect()
}

fn send(scene: &Scene, watch: &mut Watch, client: &mut McpClient, arguments: Value) -> Value {
    let (id, question) = ask(watch, client, arguments);
    scene.approve(&question).succeeded();
    assert!(went_well(&client.reply(&id).value));
    question
}

#[test]
fn first_time_then_seen_over_all_conversations() {
    let scene = Scene::new();
    let (mut watch, mut client) = (scene.watch(), scene.client());
    let first = send(&scene, &mut watch, &mut client, mail("ann@example.org", "see bo@evil.example"));
    let marks = parties(&first);
    assert_eq!(marks.len(), 1, "what is only mentioned is nobody the call goes to: {marks:?}");
    assert_eq!((&marks[0]["value"], &marks[0]["times"]), (&json!("ann@example.org"), &json!(0)));
    assert_eq!((&marks[0]["inside"], &marks[0]["like"]), (&Value::Null, &Value::Null), "no domain is the person's own");

    let mut other = scene.client();
    let (_, again) = ask(&mut watch, &mut other, mail("Ann <Ann@Example.org>, bo@evil.example", "b"));
    let marks = parties(&again);
    assert_eq!(marks[0]["times"], 1);
    assert!(marks[0]["last_at"].as_i64().is_some_and(|at| at > 1_700_000_000_000));
    assert_eq!(marks[1]["times"], 0, "a mention does not count");
    scene.reject(&again).succeeded();
    let (_, third) = ask(&mut watch, &mut client, mail("bo@evil.example", "c"));
    assert_eq!(parties(&third)[0]["times"], 0, "what was rejected does not count");
    let shown = scene.home.run(&["approvals", "show", third["id"].as_str().expect("id")]).succeeded().stdout;
    assert!(shown.contains("bo@evil.example: first time"), "{shown}");
}

#[test]
fn who_looks_like_another_is_said_to() {
    let scene = Scene::new();
    let (mut watch, mut client) = (scene.watch(), scene.client());
    send(&scene, &mut watch, &mut client, mail("ann@example.org", "b"));
    for to in ["ann@exarnple.org", "ann@examples.org", "ann@ex\u{430}mple.org"] {
        let (_, question) = ask(&mut watch, &mut client, mail(to, "b"));
        assert_eq!(parties(&question)[0]["like"], "example.org", "{to}: {question}");
        assert_eq!(question["findings"][0]["class"], "looks_like_another", "{to}");
        scene.reject(&question).succeeded();
    }
    let (_, itself) = ask(&mut watch, &mut client, mail("bo@example.org", "b"));
    assert_eq!(parties(&itself)[0]["like"], Value::Null);
    assert!(!itself["findings"].to_string().contains("looks_like_another"));
}

#[test]
fn inside_and_outside_are_said_once_domains_are_named() {
    let scene = Scene::new();
    let (mut watch, mut client) = (scene.watch(), scene.client());
    let set = scene.home.run(&["domain", "set", "Example.ORG", "x.example"]).succeeded().stdout;
    assert_eq!(set, "example.org\nx.example\n");
    scene.home.run(&["domain", "set", "com"]).refused();
    assert_eq!(scene.home.run(&["domain", "list"]).succeeded().stdout, set, "a refused change changes nothing");
    let (_, alike) = ask(&mut watch, &mut client, mail("a@exarnple.org", "b"));
    assert_eq!(parties(&alike)[0]["like"], "example.org", "also before anything went to it");
    let (_, question) = ask(&mut watch, &mut client, mail("a@mail.example.org, b@notexample.org", "b"));
    let inside: Vec<Value> = parties(&question).into_iter().map(|mark| mark["inside"].clone()).collect();
    assert_eq!(inside, [json!(true), json!(false)]);
    assert_eq!(question["level"], "approve", "a mark decides nothing");
    let entries = scene.home.audit();
    let decided = entries.iter().filter(|e| e["kind"] == "decided" && e["result"] == "own_domains");
    assert_eq!(decided.count(), 1);
}

#[test]
fn a_recipient_that_a_person_wrote_is_looked_at_like_one_that_was_asked_for() {
    let scene = Scene::new();
    let (mut watch, mut client) = (scene.watch(), scene.client());
    send(&scene, &mut watch, &mut client, mail("ann@example.org", "b"));
    let (id, question) = ask(&mut watch, &mut client, mail("ann@example.org", "c"));
    let word = |name: &str| question[name].as_str().expect(name).to_owned();
    let set = "/to=\"ann@exarnple.org\"";
    scene.home.run(&["approvals", "approve", &word("id"), "--digest", &word("digest"), "--set", set]).succeeded();
    assert!(went_well(&client.reply(&id).value));
    let card = scene.logged("edited", "card");
    let marks = parties(&card);
    assert_eq!((&marks[0]["times"], &marks[0]["like"]), (&json!(0), &json!("example.org")), "{card}");
    let findings = card["findings"].as_array().expect("findings");
    assert!(findings.iter().any(|finding| finding["class"] == "looks_like_another"), "{card}");
}
