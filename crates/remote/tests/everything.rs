//! A session with a real server: `@modelcontextprotocol/server-everything` over Streamable HTTP.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops on a broken expectation")]

use bytes::Bytes;
use remote::net::{Net, Reach};
use remote::streamable::{Endpoint, Said, Session};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;
use url::Url;

const PATIENCE: Duration = Duration::from_secs(60);

fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests")
}

/// The server, on a port that was free a moment ago; it ends with the test.
async fn start() -> (Child, Url) {
    let folder = tests_folder();
    let node = folder.join(".venv/bin/node");
    let script = folder.join("node_modules/@modelcontextprotocol/server-everything/dist/index.js");
    assert!(node.exists() && script.exists(), "`cargo xtask setup` brings Node and the servers");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut child = Command::new(node)
        .arg(script)
        .arg("streamableHttp")
        .env("PORT", port.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let ready = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains("listening") {
                return true;
            }
        }
        false
    };
    assert!(timeout(PATIENCE, ready).await.unwrap(), "the server starts");
    // What it goes on to say is read, so that it never waits for us.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, format!("http://127.0.0.1:{port}/mcp").parse().unwrap())
}

struct Peer {
    session: Arc<Session>,
    hearing: mpsc::Receiver<Said>,
}

impl Peer {
    async fn send(&self, message: &Value) {
        self.session.send(Bytes::from(message.to_string())).await.unwrap();
    }

    async fn next(&mut self) -> Value {
        match timeout(PATIENCE, self.hearing.recv()).await.unwrap().unwrap() {
            Said::Message(raw) => serde_json::from_slice(&raw).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The answer to a request, and how many notifications of progress came before it.
    async fn ask(&mut self, request: &Value) -> (Value, usize) {
        self.send(request).await;
        let mut progress = 0;
        loop {
            let said = self.next().await;
            progress += usize::from(said["method"] == "notifications/progress");
            if said["id"] == request["id"] && said.get("method").is_none() {
                return (said, progress);
            }
        }
    }
}

fn call(id: usize, tool: &str, arguments: &Value) -> Value {
    let params = json!({"name": tool, "arguments": arguments, "_meta": {"progressToken": id}});
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})
}

async fn connect(url: &Url) -> Peer {
    let (said, hearing) = mpsc::channel(64);
    let endpoint = Endpoint::new(url.clone(), &[]).unwrap();
    let session = Session::open(Net::new(Reach::Own).unwrap(), endpoint, None, said).unwrap();
    let mut peer = Peer { session, hearing };
    let info = json!({"name": "test", "version": "1"});
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info});
    let (hello, _) = peer.ask(&json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})).await;
    assert_eq!(hello["result"]["protocolVersion"], "2025-11-25");
    peer.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
    peer
}

#[tokio::test]
async fn a_real_server_is_spoken_with_from_handshake_to_farewell() {
    let (_child, url) = start().await;
    let mut peer = connect(&url).await;
    let (list, _) = peer.ask(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})).await;
    let tools = list["result"]["tools"].as_array().unwrap();
    assert!(tools.iter().any(|tool| tool["name"] == "echo"), "{list}");

    let (echo, _) = peer.ask(&call(2, "echo", &json!({"message": "grüße"}))).await;
    assert!(echo["result"]["content"][0]["text"].as_str().unwrap().contains("grüße"), "{echo}");

    let long = json!({"duration": 1, "steps": 4});
    let (done, progress) = peer.ask(&call(3, "trigger-long-running-operation", &long)).await;
    assert!(done["result"]["content"][0]["text"].as_str().unwrap().contains("completed"), "{done}");
    assert_eq!(progress, 4, "one a step, before the answer");

    let since = std::time::Instant::now();
    let mut open: HashSet<u64> = HashSet::new();
    for id in 100..132 {
        peer.send(&call(id, "trigger-long-running-operation", &json!({"duration": 1, "steps": 1}))).await;
        open.insert(id as u64);
    }
    while !open.is_empty() {
        let said = peer.next().await;
        if said.get("result").is_some() {
            assert!(open.remove(&said["id"].as_u64().unwrap()), "each is answered once: {said}");
        }
    }
    assert!(since.elapsed() < Duration::from_secs(16), "32 calls of a second each run side by side");

    peer.session.close().await;
    loop {
        match timeout(PATIENCE, peer.hearing.recv()).await.unwrap() {
            Some(Said::Closed(_)) => break,
            Some(Said::Message(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(peer.session.send(Bytes::from_static(b"{\"method\":\"x\"}")).await.is_err());
    drop(peer.session);
    assert!(timeout(PATIENCE, peer.hearing.recv()).await.unwrap().is_none(), "nothing follows");
}

#[tokio::test]
async fn a_real_server_that_ended_says_so() {
    let (mut child, url) = start().await;
    let mut peer = connect(&url).await;
    peer.send(&call(7, "trigger-long-running-operation", &json!({"duration": 60, "steps": 60}))).await;
    while peer.next().await["method"] != "notifications/progress" {}
    child.kill().await.unwrap();
    loop {
        match timeout(PATIENCE * 5, peer.hearing.recv()).await.unwrap().unwrap() {
            Said::Failed { id, fault } => {
                assert_eq!(&*id, "7");
                assert!(matches!(fault, remote::streamable::Fault::Unknown(_)), "it may have run: {fault}");
                return;
            }
            Said::Message(_) => {}
            other @ Said::Closed(_) => panic!("{other:?}"),
        }
    }
}
