//! Ids, concurrency, order, cancellation, progress, and bytes that stay what they were.

use e2e::Scene;
use e2e::client::{error, text, went_well};
use serde_json::{Value, json};
use std::time::Duration;

#[test]
fn ids_come_back_as_they_were_written() {
    let scene = Scene::new();
    let mut client = scene.client();
    for id in [
        "0",
        "-5",
        "9007199254740993",
        "18446744073709551615",
        "\"text\"",
        "\"\"",
        "\"7\"",
        "\"\\u0041 \\\"quoted\\\"\"",
        "\"кириллица\"",
    ] {
        let call = r#""method":"tools/call","params":{"name":"echo","arguments":{"text":"hello"}}"#;
        client.send_bytes(format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},{call}}}\n").as_bytes());
        let reply = client.wait_for(|message| message["result"].is_object());
        assert!(reply.raw.contains(&format!("\"id\":{id}")), "{id} came back as {}", reply.raw);
        assert_eq!(text(&reply.value), "hello");
    }
}

#[test]
fn ids_that_cannot_be_one_are_refused() {
    let scene = Scene::new();
    let mut client = scene.client();
    for id in ["null", "true", "[1]", "{}", "1.5", "1e3"] {
        let call = r#""method":"tools/call","params":{"name":"echo","arguments":{"text":"hello"}}"#;
        client.send_bytes(format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},{call}}}\n").as_bytes());
        let reply = client.wait_for(|message| message["error"].is_object());
        error(&reply.value, -32600);
    }
    assert!(scene.server.executed().is_empty());
    assert_eq!(text(&client.call("echo", json!({"text": "fine"}))), "fine");
}

#[test]
fn replies_come_in_the_order_they_are_ready() {
    let scene = Scene::new();
    let mut client = scene.client();
    let first = client.begin("hold", json!({"name": "first"}));
    let second = client.begin("hold", json!({"name": "second"}));
    scene.server.wait_until_executed(2);
    scene.server.tell(&["release=second"]);
    assert_eq!(text(&client.reply(&second).value), "second");
    assert!(!client.has_reply(&first));
    scene.server.tell(&["release=all"]);
    assert_eq!(text(&client.reply(&first).value), "first");
}

#[test]
fn a_hundred_calls_at_once_each_get_their_own_answer() {
    let scene = Scene::new();
    let mut clients = [scene.client(), scene.client()];
    let open: Vec<(usize, Value, String)> = (0..100)
        .map(|n| {
            let said = format!("number {n}");
            let id = clients[n % 2].begin("echo", json!({"text": said}));
            (n % 2, id, said)
        })
        .collect();
    for (which, id, said) in open.iter().rev() {
        assert_eq!(text(&clients[*which].reply(id).value), said);
    }
    assert_eq!(scene.server.executions("echo"), 100);
}

#[test]
fn a_call_taken_back_before_the_answer_never_runs() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    let mut client = scene.client();
    let id = client.begin("send_mail", json!({"to": "a@example.org", "subject": "s", "body": "b"}));
    let question = watch.question("send_mail");
    client.cancel(&id);
    client.settle();
    let waits = scene.home.waiting();
    assert_eq!(waits.len(), 1, "the question outlives the client's patience");
    assert!(waits[0]["client_waits"]["until"].is_null(), "{}", waits[0]);
    scene.approve(&question).succeeded();
    client.settle();
    assert!(!client.has_reply(&id), "a cancelled request wants no reply");
    assert!(scene.server.executed().is_empty(), "a late yes runs nothing by itself");
}

#[test]
fn a_call_taken_back_while_it_runs_is_passed_on() {
    let scene = Scene::new();
    let mut client = scene.client();
    let id = client.begin("hold", json!({"name": "long"}));
    scene.server.wait_until_executed(1);
    let forwarded = scene.server.executed()[0]["id"].clone();
    client.cancel(&id);
    let line = scene.server.wait_until_seen("notifications/cancelled");
    let notification: Value = serde_json::from_str(&line).expect("a notification");
    assert_eq!(notification["params"]["requestId"], forwarded, "the id must be the one the server knows");
    assert_eq!(text(&client.call("echo", json!({"text": "on we go"}))), "on we go");
    assert_eq!(scene.server.executions("hold"), 1);
}

#[test]
fn a_server_that_answers_a_cancelled_call_confuses_nobody() {
    let scene = Scene::new();
    let mut client = scene.client();
    scene.server.tell(&["answer_cancelled"]);
    let id = client.begin("hold", json!({"name": "long"}));
    scene.server.wait_until_executed(1);
    client.cancel(&id);
    scene.server.wait_until_seen("notifications/cancelled");
    for n in 0..10 {
        let said = format!("after {n}");
        assert_eq!(text(&client.call("echo", json!({"text": said}))), said);
    }
}

#[test]
fn cancelling_what_is_not_open_changes_nothing() {
    let scene = Scene::new();
    let mut client = scene.client();
    for id in [json!(4711), json!("never"), json!(null), json!({"a": 1})] {
        client.cancel(&id);
    }
    client.notify("notifications/cancelled", json!({}));
    client.notify("notifications/cancelled", Value::Null);
    assert_eq!(text(&client.call("echo", json!({"text": "still here"}))), "still here");
}

#[test]
fn progress_reaches_the_one_who_asked() {
    let scene = Scene::new();
    let (mut asks, mut other) = (scene.client(), scene.client());
    for token in [json!("my token"), json!(42)] {
        let name = token.to_string();
        let id = asks.request(
            "tools/call",
            json!({"name": "hold", "arguments": {"name": name},
            "_meta": {"progressToken": token}}),
        );
        let progress = asks.notification("notifications/progress");
        assert_eq!(progress.value["params"]["progressToken"], token, "{}", progress.raw);
        assert_eq!(progress.value["params"]["progress"], 1);
        scene.server.tell(&["release=all"]);
        assert!(went_well(&asks.reply(&id).value));
        scene.server.tell(&[]);
    }
    assert!(other.settle().is_empty(), "the other client must hear nothing of it");
}

#[test]
fn what_nobody_changed_is_forwarded_byte_for_byte() {
    let scene = Scene::new();
    let mut client = scene.client();
    let params = r#"{ "name" : "echo" ,"arguments":{ "text" : "\u0041\/ 1.10 \ud83d\ude00" } }"#;
    client.send_bytes(
        format!("{{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"tools/call\",\"params\":{params}}}\n").as_bytes(),
    );
    assert_eq!(text(&client.reply(&json!("x")).value), "A/ 1.10 😀");
    let line = scene.server.wait_until_seen("tools/call");
    assert!(line.contains(params), "the server got {line}");

    let id = client.begin("probe", json!({"how": "unknown_fields"}));
    let reply = client.reply(&id);
    let result = r#"{"content":[{"type":"text","text":"good","odd":0.30000000000000004}],"future":{"z":1,"a":2}}"#;
    assert!(reply.raw.contains(result), "the client got {}", reply.raw);
}

#[test]
fn log_notifications_are_dropped() {
    let scene = Scene::new();
    let mut client = scene.client();
    assert!(went_well(&client.call("probe", json!({"how": "flood_logs"}))));
    let others = client.settle();
    assert!(!others.iter().any(|message| message.raw.contains("notifications/message")), "{}", others.len());
}

#[test]
fn a_slow_call_holds_up_nobody() {
    let scene = Scene::new();
    let mut client = scene.client();
    let slow = client.begin("hold", json!({"name": "slow"}));
    scene.server.wait_until_executed(1);
    for n in 0..20 {
        assert!(went_well(&client.call("echo", json!({"text": n.to_string()}))));
    }
    assert!(!client.has_reply(&slow));
    scene.server.tell(&["release=all"]);
    assert!(went_well(&client.reply(&slow).value));
    assert!(client.arrives_within(Duration::from_millis(50)).is_empty());
}
