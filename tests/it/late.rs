//! Answers that come after the client gave up, questions that come in floods, and stopping it all.

use e2e::client::{refusal, text, went_well};
use e2e::{Home, Scene};
use serde_json::{Value, json};

fn mail(subject: &str) -> Value {
    json!({"to": "ann@example.org", "subject": subject, "body": "See below."})
}

/// A broker that keeps clients waiting for a second only.
fn impatient() -> Scene {
    Scene::within(Home::new().with_env("CONSENTRY_PATIENCE_SECONDS", "1"), &[])
}

#[test]
fn a_client_is_told_to_come_back_and_then_gets_its_answer_once() {
    let scene = impatient();
    let mut watch = scene.watch();
    let mut client = scene.client();
    let first = client.call("send_mail", mail("one"));
    assert!(refusal(&first).starts_with("Waiting for approval"), "{first}");
    let question = watch.question("send_mail");
    scene.approve(&question).succeeded();
    assert!(scene.server.executed().is_empty(), "a late yes runs nothing by itself");
    let other = client.call("send_mail", mail("another"));
    assert!(refusal(&other).starts_with("Waiting for approval"), "another call has another question: {other}");
    let again = client.call("send_mail", mail("one"));
    assert!(went_well(&again), "{again}");
    let spent = client.call("send_mail", mail("one"));
    assert!(refusal(&spent).starts_with("Waiting for approval"), "a yes is used once: {spent}");
    assert_eq!(scene.server.executed().len(), 1);
    let entries = scene.home.audit();
    let kinds: Vec<&str> = entries.iter().filter_map(|e| e["kind"].as_str()).collect();
    assert!(kinds.contains(&"joined") && kinds.contains(&"resumed"), "{kinds:?}");
    scene.home.run(&["audit", "verify"]).succeeded();
}

#[test]
fn a_client_that_numbers_its_calls_gets_its_late_answer_and_is_remembered() {
    let scene = impatient();
    let (mut watch, mut client) = (scene.watch(), scene.client());
    let mut calls = 0;
    // As Claude Code and VS Code do: another number each time, also where the call is the same.
    let mut call = |client: &mut e2e::McpClient, subject: &str| {
        calls += 1;
        let numbers = json!({"claudecode/toolUseId": format!("toolu_{calls}"), "vscode.requestId": format!("r-{calls}"),
            "traceparent": format!("00-0af7651916cd43dd8448eb211c80319c-{calls:016x}-01"), "progressToken": calls});
        let params = json!({"name": "send_mail", "arguments": mail(subject), "_meta": numbers});
        let id = client.request("tools/call", params);
        client.reply(&id).value
    };
    assert!(refusal(&call(&mut client, "one")).starts_with("Waiting for approval"));
    let question = watch.question("send_mail");
    let word = |name: &str| question[name].as_str().expect(name).to_owned();
    let (id, digest) = (word("id"), word("digest"));
    scene.home.run(&["approvals", "approve", &id, "--digest", &digest, "--remember", "15m"]).succeeded();
    assert!(went_well(&call(&mut client, "one")), "the late yes");
    assert!(went_well(&call(&mut client, "one")), "what was remembered");
    assert!(refusal(&call(&mut client, "two")).starts_with("Waiting for approval"), "another call is another one");
    assert_eq!(scene.server.executed().len(), 2);
}

#[test]
fn a_client_that_wants_to_know_is_told_that_it_waits() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    let mut client = scene.client();
    let params = json!({"name": "send_mail", "arguments": mail("slow"), "_meta": {"progressToken": "p1"}});
    client.request("tools/call", params);
    let question = watch.question("send_mail");
    let progress = client.notification("notifications/progress").value;
    assert_eq!(progress["params"]["progressToken"], "p1");
    assert!(progress["params"]["message"].as_str().is_some_and(|m| m.contains("Consentry")), "{progress}");
    scene.reject(&question).succeeded();
}

#[test]
fn a_rejected_call_is_rejected_again_unasked() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    let mut client = scene.client();
    let id = client.begin("send_mail", mail("no"));
    scene.reject(&watch.question("send_mail")).succeeded();
    refusal(&client.reply(&id).value);
    let said = refusal(&client.call("send_mail", mail("no")));
    assert!(said.contains("do not retry"), "{said}");
    assert!(scene.home.waiting().is_empty(), "nobody was asked");
    assert!(scene.server.executed().is_empty());
}

#[test]
fn stop_all_cancels_rejects_and_outlives_a_restart() {
    let mut home = Home::new();
    let Some(_keyring) = e2e::Keyring::start(&mut home) else { return };
    let mut scene = Scene::within(home, &[]);
    let mut watch = scene.watch();
    let mut client = scene.client();
    let held = client.begin("hold", json!({"name": "forever"}));
    scene.server.wait_until_executed(1);
    let asks = client.begin("send_mail", mail("waits"));
    let question = watch.question("send_mail");
    scene.home.run(&["stop"]).succeeded();
    assert_eq!(watch.end_of(&question), "rejected");
    refusal(&client.reply(&asks).value);
    let cut = refusal(&client.reply(&held).value);
    assert!(cut.contains("stopped everything"), "{cut}");
    let read = refusal(&client.call("echo", json!({"text": "a read"})));
    assert!(read.contains("stopped everything"), "even a read: {read}");
    scene.broker.stop();
    scene.broker = e2e::Broker::start(&scene.home);
    let mut client = scene.client();
    assert!(refusal(&client.call("echo", json!({"text": "still"}))).contains("stopped everything"));
    scene.home.run(&["stop", "--lift"]).succeeded();
    assert_eq!(text(&client.call("echo", json!({"text": "again"}))), "again");
}

#[test]
fn only_a_broker_that_decides_here_lifts_a_stop() {
    let scene = Scene::new();
    let _client = scene.client();
    let windows = Home::new();
    let _broker = e2e::Broker::start_with(&windows, &[]);
    windows.run(&["stop"]).succeeded();
    windows.run(&["stop", "--lift"]).refused();
}

#[test]
fn a_flood_is_one_card_and_can_be_rejected_at_once() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    let mut client = scene.client();
    for n in 0..9 {
        client.begin("send_mail", mail(&format!("mail {n}")));
        watch.question("send_mail");
    }
    assert_eq!(scene.home.waiting().len(), 9);
    scene.home.run(&["pause", "5"]).succeeded();
    scene.home.run(&["stop"]).succeeded();
    assert!(scene.home.waiting().is_empty());
    assert!(scene.server.executed().is_empty());
}
