//! Clients that send rubbish, too much of it, or leave: refused clearly, executed never, and the others go on.

use e2e::client::{Message, error, refusal, text, went_well};
use e2e::{McpClient, Say, Scene};
use serde_json::{Value, json};

const CALL: &str = r#""method":"tools/call","params":{"name":"echo","arguments":{"text":"smuggled"}}"#;

/// Sends one bad line: an error comes back or the door says why it closes; nothing is executed; others go on.
fn is_refused(line: &[u8]) {
    let scene = Scene::new();
    let mut other = scene.client();
    let mut client = scene.client();
    client.send_bytes(line);
    client.send_bytes(b"\n");
    let shown = String::from_utf8_lossy(&line[..line.len().min(200)]).into_owned();
    let replies = client.survives().unwrap_or_else(|| panic!("{shown}: closed: {}", client.process.stderr.text()));
    let errors: Vec<&Message> = replies.iter().filter(|message| message.value["error"].is_object()).collect();
    assert_eq!(errors.len(), 1, "{shown}: {replies:?}");
    refusal(&errors[0].value);
    assert!(went_well(&client.call("echo", json!({"text": "the same client goes on"}))), "{shown}");
    assert!(went_well(&other.call("echo", json!({"text": "so do others"}))), "{shown}");
    assert_eq!(scene.server.executed().len(), 2, "{shown}");
}

#[test]
fn what_is_no_json() {
    is_refused(b"this is not JSON");
    is_refused(format!("{{\"jsonrpc\":\"2.0\",\"id\":5,{CALL}").as_bytes());
    is_refused(format!("{{\"jsonrpc\":\"2.0\",\"id\":5,{CALL}}} trailing").as_bytes());
}

#[test]
fn what_is_no_utf8() {
    let line = [
        br#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"echo","arguments":{"text":""#,
        &b"\xff\xfe"[..],
        b"\"}}}",
    ];
    is_refused(&line.concat());
}

#[test]
fn what_is_no_message() {
    is_refused(b"42");
    is_refused(b"{}");
    is_refused(format!("{{\"id\":5,{CALL}}}").as_bytes());
    is_refused(format!("{{\"jsonrpc\":\"1.0\",\"id\":5,{CALL}}}").as_bytes());
    is_refused(br#"{"jsonrpc":"2.0","id":5,"method":7}"#);
    is_refused(format!("{{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{{}},{CALL}}}").as_bytes());
}

#[test]
fn what_two_readers_could_read_differently() {
    is_refused(format!("{{\"jsonrpc\":\"2.0\",\"id\":5,\"id\":6,{CALL}}}").as_bytes());
    is_refused(format!("{{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"ping\",{CALL}}}").as_bytes());
    is_refused(br#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"echo","name":"slow","arguments":{"text":"x"}}}"#);
    is_refused(br#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"echo","arguments":{"text":"x","te\u0078t":"y"}}}"#);
}

#[test]
fn ten_thousand_levels() {
    let deep = ["[".repeat(10_000), "]".repeat(10_000)].concat();
    let head = r#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"echo","arguments":{"text":"#;
    is_refused(format!("{head}{deep}}}}}}}").as_bytes());
    is_refused("[".repeat(10_000).as_bytes());
}

#[test]
fn a_hundred_megabytes() {
    let scene = Scene::new();
    let mut other = scene.client();
    let mut client = scene.client();
    let head = br#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"echo","arguments":{"text":""#;
    client.send_bytes(head);
    let piece = vec![b'a'; 1_000_000];
    for _ in 0..100 {
        client.send_bytes(&piece);
    }
    client.send_bytes(b"\"}}}\n");
    // The door may close on such a client, if it says why.
    match client.survives() {
        Some(replies) => assert!(replies.iter().any(|message| message.value["error"].is_object()), "{replies:?}"),
        None => assert!(!client.process.stderr.text().trim().is_empty(), "closed without a word"),
    }
    assert!(went_well(&other.call("echo", json!({"text": "others go on"}))));
    assert_eq!(scene.server.executed().len(), 1);
    let peak = scene.broker.peak_memory();
    assert!(peak < 250, "the broker held {peak} MB");
}

#[test]
fn calls_that_name_nothing_callable() {
    let scene = Scene::new();
    let mut client = scene.client();
    for params in [
        Value::Null,
        json!([]),
        json!({}),
        json!({"name": 5}),
        json!({"name": null, "arguments": {}}),
        json!({"name": "echo", "arguments": [1]}),
        json!({"name": "echo", "arguments": "text"}),
        json!({"name": "echo", "arguments": {"text": "x"}, "_meta": 5}),
    ] {
        refusal(&client.ask("tools/call", params));
    }
    assert!(scene.server.executed().is_empty());
    assert!(went_well(&client.call("echo", json!({"text": "fine"}))));
}

#[test]
fn call_notifications_run_nothing() {
    let scene = Scene::new();
    let mut client = scene.client();
    client.send_bytes(format!("{{\"jsonrpc\":\"2.0\",{CALL}}}\n").as_bytes());
    client.settle();
    assert!(went_well(&client.call("echo", json!({"text": "asked for"}))));
    assert_eq!(scene.server.executed().len(), 1, "a call without an id was executed");
}

#[test]
fn answers_nobody_asked_for_reach_nobody() {
    let scene = Scene::new();
    let mut client = scene.client();
    client.call("echo", json!({"text": "the server runs"}));
    for id in [json!(1), json!("server-1"), json!("made up")] {
        client.send(&json!({"jsonrpc": "2.0", "id": id, "result": {"forged": true}}));
        client.send(&json!({"jsonrpc": "2.0", "id": id, "error": {"code": 1, "message": "forged"}}));
    }
    assert!(went_well(&client.call("echo", json!({"text": "on we go"}))));
    assert!(!scene.server.seen().iter().any(|line| line.contains("forged")), "{:?}", scene.server.seen());
}

#[test]
fn empty_lines_and_foreign_line_ends_do_no_harm() {
    let scene = Scene::new();
    let mut client = scene.client();
    client.send_bytes(b"\n\r\n   \n");
    client.send_bytes(format!("{{\"jsonrpc\":\"2.0\",\"id\":\"crlf\",{CALL}}}\r\n").as_bytes());
    assert_eq!(text(&client.reply(&json!("crlf")).value), "smuggled");
    assert!(client.settle().is_empty());
}

#[test]
fn a_second_handshake_changes_nothing() {
    let scene = Scene::new();
    let mut client = scene.client();
    let reply = client.ask(
        "initialize",
        json!({"protocolVersion": "2024-11-05", "capabilities": {},
        "clientInfo": {"name": "somebody else", "version": "1"}}),
    );
    assert!(reply["result"].is_object() || reply["error"].is_object());
    assert!(went_well(&client.call("echo", json!({"text": "on we go"}))));
}

#[test]
fn an_id_used_again_while_it_is_open_is_refused() {
    let scene = Scene::new();
    let mut client = scene.client();
    let id = json!("the same");
    let call = |name: &str| json!({"name": "hold", "arguments": {"name": name}});
    client.request_as(&id, "tools/call", call("one"));
    scene.server.wait_until_executed(1);
    client.request_as(&id, "tools/call", call("two"));
    // A reply with the id would be taken for the reply of the first.
    let reply = client.wait_for(|message| message["error"].is_object()).value;
    error(&reply, -32600);
    assert_eq!(reply["id"], Value::Null);
    assert_eq!(scene.server.executed().len(), 1, "the second was executed");
    scene.server.tell(&["release=all"]);
    assert_eq!(text(&client.reply(&id).value), "one", "the first is answered all the same");
    assert!(went_well(&client.call("echo", json!({"text": "on we go"}))));
}

#[test]
fn an_id_used_again_after_its_answer_gets_another_answer() {
    let scene = Scene::new();
    let mut client = scene.client();
    for said in ["one", "two", "three"] {
        client.request_as(&json!(7), "tools/call", json!({"name": "echo", "arguments": {"text": said}}));
        assert_eq!(text(&client.reply(&json!(7)).value), said);
    }
}

#[test]
fn a_client_that_floods_and_does_not_read_holds_up_nobody() {
    let scene = Scene::new();
    let mut other = scene.client();
    let mut client = scene.client();
    let ids: Vec<Value> = (0..3_000).map(|n| client.begin("echo", json!({"text": n.to_string()}))).collect();
    assert!(went_well(&other.call("echo", json!({"text": "others go on"}))));
    for id in &ids {
        let reply = client.reply(id).value;
        if reply["error"].is_object() || reply["result"]["isError"] == true {
            refusal(&reply);
        }
    }
}

#[test]
fn a_client_that_floods_with_questions_is_bounded() {
    let scene = Scene::new();
    let mut other = scene.client();
    let mut client = scene.client();
    let mail = |n: usize| json!({"to": format!("{n}@example.org"), "subject": "s", "body": "b"});
    let ids: Vec<Value> = (0..200).map(|n| client.begin("send_mail", mail(n))).collect();
    assert!(went_well(&other.call("echo", json!({"text": "others go on"}))));
    let person = scene.person(|_| Say::No);
    for id in &ids {
        refusal(&client.reply(id).value);
    }
    drop(person);
    assert_eq!(scene.server.executions("send_mail"), 0);
}

#[test]
fn half_a_message_at_the_end_is_none() {
    let scene = Scene::new();
    let mut client = scene.client();
    client.send_bytes(br#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"echo","argu"#);
    client.leave();
    assert!(scene.server.executed().is_empty());
    assert!(went_well(&scene.client().call("echo", json!({"text": "others go on"}))));
}

#[test]
fn a_client_that_leaves_at_once_disturbs_nobody() {
    let scene = Scene::new();
    for _ in 0..10 {
        McpClient::open(&scene.home, "notes").vanish();
        McpClient::open(&scene.home, "notes").leave();
        let mut client = McpClient::open(&scene.home, "notes");
        client.request("initialize", json!({"protocolVersion": "2025-06-18"}));
        client.vanish();
    }
    assert!(went_well(&scene.client().call("echo", json!({"text": "others go on"}))));
}
