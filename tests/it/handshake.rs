//! The handshake: revisions, capabilities, and what is answered without asking the server.

use e2e::client::{REVISIONS, error, refusal};
use e2e::{Fixture, McpClient, Scene};
use serde_json::{Value, json};

#[test]
fn every_handshake_revision_is_spoken() {
    let scene = Scene::new();
    for revision in REVISIONS {
        let mut client = McpClient::open(&scene.home, "notes");
        let greeting = client.shake_hands(revision);
        assert_eq!(greeting["protocolVersion"], revision);
        let reply = client.call("echo", json!({"text": revision}));
        assert_eq!(e2e::client::text(&reply), revision);
    }
}

#[test]
fn a_revision_nobody_knows_is_answered_with_one_we_speak() {
    let scene = Scene::new();
    for revision in ["2099-01-01", "2026-07-28", "", "latest"] {
        let greeting = McpClient::open(&scene.home, "notes").shake_hands(revision);
        let spoken = greeting["protocolVersion"].as_str().unwrap_or_default();
        assert!(REVISIONS.contains(&spoken), "{revision:?} was answered with {spoken:?}");
    }
}

#[test]
fn a_server_of_the_oldest_revision_can_be_used() {
    let scene = Scene::lying(&["revision=2024-11-05"]);
    let mut client = McpClient::open(&scene.home, "notes");
    let greeting = client.shake_hands("2025-06-18");
    let spoken = greeting["protocolVersion"].as_str().unwrap_or_default();
    assert!(REVISIONS.contains(&spoken), "{spoken:?}");
    assert_eq!(e2e::client::text(&client.call("echo", json!({"text": "old"}))), "old");
}

#[test]
fn only_tools_are_offered_both_ways() {
    let scene = Scene::new();
    let greeting = McpClient::open(&scene.home, "notes").shake_hands("2025-11-25");
    let offered: Vec<&String> = greeting["capabilities"].as_object().into_iter().flat_map(|all| all.keys()).collect();
    assert_eq!(offered, ["tools"], "the server offers prompts, resources, logging and more; none may be shown");
    assert_eq!(greeting["capabilities"]["tools"]["listChanged"], true);
    for line in scene.server.seen().iter().filter(|line| line.contains("\"initialize\"")) {
        for capability in ["sampling", "roots", "elicitation"] {
            assert!(!line.contains(capability), "the server was told of {capability}: {line}");
        }
    }
}

#[test]
fn ping_is_answered_here() {
    let scene = Scene::new();
    let mut client = McpClient::open(&scene.home, "notes");
    assert_eq!(client.ask("ping", Value::Null)["result"], json!({}), "before the handshake, too");
    client.shake_hands("2025-06-18");
    client.call("echo", json!({"text": "the server runs"}));
    assert_eq!(client.ask("ping", json!({}))["result"], json!({}));
    assert!(!scene.server.seen().iter().any(|line| line.contains("ping")), "{:?}", scene.server.seen());
}

#[test]
fn a_client_of_two_eras_falls_back() {
    let scene = Scene::new();
    let mut client = McpClient::open(&scene.home, "notes");
    let meta = json!({"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}});
    error(&client.ask("server/discover", meta), -32601);
    client.shake_hands("2025-11-25");
    assert!(client.tools().contains(&"echo".to_owned()));
}

#[test]
fn what_is_not_for_this_slice_of_the_protocol_is_refused_and_not_forwarded() {
    let scene = Scene::new();
    let mut client = scene.client();
    client.call("echo", json!({"text": "the server runs"}));
    for method in [
        "resources/list",
        "resources/read",
        "resources/subscribe",
        "prompts/list",
        "prompts/get",
        "completion/complete",
        "logging/setLevel",
        "tasks/list",
        "tasks/get",
        "sampling/createMessage",
        "roots/list",
        "elicitation/create",
        "tools/call2",
        "Tools/Call",
        "made/up",
    ] {
        error(&client.ask(method, json!({"uri": "note://1", "name": "one"})), -32601);
        assert!(!scene.server.seen().iter().any(|line| line.contains(method)), "{method} reached the server");
    }
    client.notify("notifications/made_up", json!({"a": 1}));
    client.notify("notifications/roots/list_changed", Value::Null);
    client.settle();
    assert!(!scene.server.seen().iter().any(|line| line.contains("made_up") || line.contains("roots")));
}

#[test]
fn what_a_server_asks_is_refused_by_us_and_never_reaches_the_client() {
    let scene = Scene::new();
    let mut client = scene.client();
    for how in ["ask_sampling", "ask_roots", "ask_elicitation", "ask_invented"] {
        let reply = client.call("probe", json!({"how": how}));
        let answer: Value = serde_json::from_str(e2e::client::text(&reply)).expect("the answer the server got");
        assert_eq!(answer["error"]["code"], -32601, "{how}: {answer}");
    }
    let reply = client.call("probe", json!({"how": "ask_ping"}));
    let answer: Value = serde_json::from_str(e2e::client::text(&reply)).expect("the answer the server got");
    assert_eq!(answer["result"], json!({}), "{answer}");
    let others = client.settle();
    assert!(others.is_empty(), "the client was bothered with {others:?}");
}

#[test]
fn nothing_runs_before_the_handshake() {
    let scene = Scene::new();
    let mut client = McpClient::open(&scene.home, "notes");
    refusal(&client.call("echo", json!({"text": "too early"})));
    let listed = client.ask("tools/list", Value::Null);
    assert!(listed["error"].is_object() || listed["result"]["tools"] == json!([]), "listed too early: {listed}");
    assert!(scene.server.executed().is_empty());
    client.shake_hands("2025-06-18");
    assert_eq!(e2e::client::text(&client.call("echo", json!({"text": "now"}))), "now");
}

#[test]
fn batches_are_refused_whole() {
    let scene = Scene::new();
    for revision in REVISIONS {
        let mut client = McpClient::open(&scene.home, "notes");
        client.shake_hands(revision);
        let call = json!({"jsonrpc": "2.0", "id": 77, "method": "tools/call",
            "params": {"name": "echo", "arguments": {"text": "in a batch"}}});
        client.send(&json!([call, call]));
        let reply = client.wait_for(|message| message["error"].is_object());
        assert_eq!(reply.value["error"]["code"], -32600, "{revision}: {}", reply.raw);
        assert_eq!(e2e::client::text(&client.call("echo", json!({"text": "alone"}))), "alone");
    }
    assert_eq!(scene.server.executions("echo"), REVISIONS.len());
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let scene = Scene::new();
    let mut client = McpClient::open(&scene.home, "no-such-server");
    let reply = client.ask(
        "initialize",
        json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}),
    );
    let said = refusal(&reply);
    assert!(said.contains("no-such-server"), "{said:?} does not say which server");
    refusal(&client.call("echo", json!({"text": "hello"})));
}

#[test]
fn two_servers_are_two_worlds() {
    let scene = Scene::new();
    let other = Fixture::lying(&scene.home, "other", &["new_tool"]);
    other.add(&scene.home);
    other.trust(&scene.home);
    let mut at_notes = scene.client();
    let mut at_other = McpClient::connect(&scene.home, "other");
    assert!(at_other.tools().contains(&"late_guest".to_owned()));
    assert!(!at_notes.tools().contains(&"late_guest".to_owned()));
    at_other.call("echo", json!({"text": "for other"}));
    assert!(scene.server.executed().is_empty());
}
