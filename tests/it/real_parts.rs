//! Servers and clients that other people wrote.

use e2e::client::{REVISIONS, refusal, text, went_well};
use e2e::process::Lines;
use e2e::{Broker, DEADLINE, Fixture, Home, McpClient, Person, Ran, Running, Say, node, python, skip};
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A real server of `node_modules`, added and trusted. `None`, with the reason printed, where it is not installed.
fn real_server(home: &Home, package: &str, arguments: &[&str]) -> Option<()> {
    let script = e2e::package_dir().join("node_modules/@modelcontextprotocol").join(package).join("dist/index.js");
    let Some(node) = node().filter(|_| script.exists()) else {
        skip(&format!("Node or {} is not there: run `cargo xtask setup`", script.display()));
        return None;
    };
    let (node, script) = (node.to_string_lossy().into_owned(), script.to_string_lossy().into_owned());
    let words = [&["server", "add", package, "--", &node, &script], arguments].concat();
    home.run(&words).succeeded();
    home.run(&["server", "trust", package]).succeeded();
    Some(())
}

fn python_client() -> Option<PathBuf> {
    let found = python();
    if found.is_none() {
        skip("there is no Python with the MCP client: run `cargo xtask setup`");
    }
    found
}

#[test]
fn server_filesystem_reads_unasked_and_writes_after_a_yes() {
    let home = Home::new();
    let _broker = Broker::start(&home);
    let folder = home.work().to_string_lossy().into_owned();
    let Some(()) = real_server(&home, "server-filesystem", &[&folder]) else { return };
    std::fs::write(home.work().join("old.txt"), "read me").expect("a file");
    let person =
        Person::start(&home, |question| if question["arguments"]["content"] == "wanted" { Say::Yes } else { Say::No });
    let mut client = McpClient::connect(&home, "server-filesystem");
    assert!(client.tools().contains(&"write_file".to_owned()));
    let read = client.call("read_text_file", json!({"path": format!("{folder}/old.txt")}));
    assert_eq!(text(&read), "read me");
    assert!(person.seen().is_empty(), "a read asked: {:?}", person.seen());
    let wanted = client.call("write_file", json!({"path": format!("{folder}/new.txt"), "content": "wanted"}));
    assert!(went_well(&wanted), "{wanted}");
    assert_eq!(std::fs::read_to_string(home.work().join("new.txt")).expect("the file"), "wanted");
    refusal(&client.call("write_file", json!({"path": format!("{folder}/not.txt"), "content": "unwanted"})));
    assert!(!home.work().join("not.txt").exists());
    assert_eq!(person.seen().len(), 2);
    let outside = client.call("read_text_file", json!({"path": "/etc/hostname"}));
    assert!(!went_well(&outside), "the server's own fence still stands: {outside}");
}

#[test]
fn server_everything_is_spoken_to_in_every_revision() {
    let home = Home::new();
    let mut broker = Broker::start(&home);
    let Some(()) = real_server(&home, "server-everything", &[]) else { return };
    let _person = Person::start(&home, |_| Say::Yes);
    for revision in REVISIONS {
        let mut client = McpClient::open(&home, "server-everything");
        let greeting = client.shake_hands(revision);
        assert_eq!(
            greeting["capabilities"].as_object().map(|all| all.keys().collect::<Vec<_>>()),
            Some(vec![&"tools".to_owned()])
        );
        assert!(client.tools().contains(&"echo".to_owned()), "{revision}");
        let reply = client.call("echo", json!({"message": revision}));
        assert!(text(&reply).contains(revision), "{reply}");
    }
    // It does not end with its input: the broker has to see to it.
    assert!(broker.stop() < Duration::from_secs(8));
}

#[test]
fn the_python_client_works_through_the_door() {
    let Some(python) = python_client() else { return };
    let home = Home::new();
    let _broker = Broker::start(&home);
    let server = Fixture::new(&home, "notes");
    server.add(&home);
    server.trust(&home);
    let _person =
        Person::start(
            &home,
            |question| if question["arguments"]["to"] == "yes@example.org" { Say::Yes } else { Say::No },
        );
    let mut command = home.command(python);
    command.arg(e2e::package_dir().join("clients/session.py")).arg(e2e::binary("consentry")).args(["connect", "notes"]);
    let mut session = Running::spawn("session.py", &mut command);
    let (mut input, lines) = (session.stdin(), Lines::read("session.py", session.stdout()));
    let next = |key: &str| loop {
        let line = lines
            .next(Instant::now() + DEADLINE)
            .unwrap_or_else(|| panic!("the client ended: {}", session.stderr.text()));
        let line: Value = serde_json::from_slice(&line).expect("JSON");
        if line.get(key).is_some() {
            break line;
        }
    };
    assert!(next("ready")["ready"].as_array().is_some_and(|tools| tools.len() == 8));
    for (to, refused) in [("yes@example.org", false), ("no@example.org", true)] {
        let call = json!({"tool": "send_mail", "arguments": {"to": to, "subject": "s", "body": "b"}});
        writeln!(input, "{call}").expect("a call");
        let result = next("is_error");
        assert_eq!(result["is_error"], refused, "{result}");
    }
    assert_eq!(server.executed().len(), 1);
}

#[test]
fn the_python_client_that_knows_two_eras_falls_back() {
    let Some(python) = python_client() else { return };
    let home = Home::new();
    let _broker = Broker::start(&home);
    let server = Fixture::new(&home, "notes");
    server.add(&home);
    server.trust(&home);
    let mut command = home.command(python);
    command.arg(e2e::package_dir().join("clients/auto.py")).args(["echo", "{\"text\": \"hello\"}"]);
    command.arg(e2e::binary("consentry")).args(["connect", "notes"]);
    let line = Ran::of("auto.py", &mut command, DEADLINE).succeeded().value();
    assert_eq!((&line["revision"], &line["text"]), (&json!("2025-11-25"), &json!("hello")), "{line}");
}
