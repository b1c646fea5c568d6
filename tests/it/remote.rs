//! Servers that are reached over HTTP: a real one, through the broker.

use e2e::client::{refusal, text, went_well};
use e2e::process::until;
use e2e::{Broker, Home, McpClient, Running, node};
use serde_json::json;
use std::net::{TcpListener, TcpStream};

/// The official reference server over HTTP, and the URL that it listens at.
pub(crate) fn everything(home: &Home, port: u16) -> (Running, String) {
    let script = e2e::package_dir().join("node_modules/@modelcontextprotocol/server-everything/dist/index.js");
    let node = node().filter(|_| script.exists()).expect("Node and the servers: run `cargo xtask setup`");
    let mut command = home.command(node);
    command.arg(script).arg("streamableHttp").env("PORT", port.to_string());
    let running = Running::spawn("server-everything", &mut command);
    until("the server to listen", || TcpStream::connect(("127.0.0.1", port)).is_ok().then_some(()));
    (running, format!("http://127.0.0.1:{port}/mcp"))
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port()
}

#[test]
fn a_server_over_http_is_pinned_gated_and_told_from_one_that_is_gone() {
    let home = Home::new();
    let _broker = Broker::start(&home);
    let port = free_port();
    let (mut server, url) = everything(&home, port);
    home.run(&["server", "add", "every", "--url", &url]).succeeded();
    // The file keeps the shape that clients know.
    let file = std::fs::read_to_string(home.servers_json()).expect("servers.json");
    let file: serde_json::Value = serde_json::from_str(&file).expect("JSON");
    assert_eq!(file["mcpServers"]["every"], json!({"type": "http", "url": url}));
    // Nothing is listed before a person has seen it.
    let mut early = McpClient::connect(&home, "every");
    assert!(early.tools().is_empty());
    home.run(&["server", "trust", "every"]).succeeded();
    let mut client = McpClient::connect(&home, "every");
    assert!(client.tools().contains(&"echo".to_owned()));
    let reply = client.call("echo", json!({"message": "over the road"}));
    assert!(text(&reply).contains("over the road"), "{reply}");
    // Several at once, each with its own answer.
    let asked: Vec<_> = (0..32).map(|n| client.begin("echo", json!({"message": format!("number {n}.")}))).collect();
    for (n, id) in asked.iter().enumerate() {
        let reply = client.reply(id).value;
        assert!(text(&reply).contains(&format!("number {n}.")), "{reply}");
    }
    server.kill();
    let reply = client.call("echo", json!({"message": "anybody there?"}));
    assert!(!went_well(&reply), "{reply}");
    assert!(refusal(&reply).contains("every"), "{reply}");
    drop(client);
    // The same address answers again: a new connection needs no new trust.
    let (_server, _) = everything(&home, port);
    let mut client = McpClient::connect(&home, "every");
    assert!(went_well(&client.call("echo", json!({"message": "back"}))));
    assert!(home.chain_faults().is_empty());
}

#[test]
fn a_url_that_must_not_be_asked_is_refused_with_the_reason() {
    let home = Home::new();
    let _broker = Broker::start(&home);
    for (url, why) in [
        ("http://mcp.example.com/mcp", "https"),
        ("https://user:pw@mcp.example.com/", "password"),
        ("file:///etc/passwd", "https"),
        ("https://mcp.example.com/#here", "fragment"),
    ] {
        let ran = home.run(&["server", "add", "bad", "--url", url]).refused();
        assert!(ran.stderr.contains(why), "{url}: {}", ran.stderr);
        assert!(!ran.stderr.contains("pw@"), "{}", ran.stderr);
    }
}

#[test]
fn a_url_written_into_the_file_waits_for_a_yes() {
    let home = Home::new();
    let _broker = Broker::start(&home);
    let file = json!({"mcpServers": {"far": {"type": "http", "url": "https://mcp.example.com/mcp"}}});
    std::fs::write(home.servers_json(), file.to_string()).expect("servers.json");
    let question = home.question("run");
    assert_eq!((&question["server"], &question["kind"]), (&json!("far"), &json!("run")));
    let mut client = McpClient::connect(&home, "far");
    assert!(client.tools().is_empty());
}
