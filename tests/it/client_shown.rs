//! What a window writes into a client's file is what it showed: one entry, and exactly that change.

use e2e::{Broker, Fixture, Home};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

/// Asks the broker as a window does, and gives what came back.
fn ask(home: &Home, request: &Value) -> Value {
    let mut stream = UnixStream::connect(home.socket()).expect("the socket");
    stream.write_all(format!("{{\"door\":\"control\",\"version\":1}}\n{request}\n").as_bytes()).expect("said");
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).expect("an answer");
    let reply: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(reply["reply"], "client_changes", "{reply}");
    reply["value"].clone()
}

#[test]
fn only_what_was_shown_is_written_and_only_as_it_was_shown() {
    let home = Home::new();
    let program = Fixture::new(&home, "notes").words()[0].clone();
    let file = home.work().join(".cursor/mcp.json");
    fs::create_dir_all(file.parent().expect("a folder")).expect("made");
    let write = |arg: &str| {
        let entry = |arg: &str| json!({"command": program, "args": [arg]});
        let text = json!({"mcpServers": {"one": entry(arg), "two": entry("x")}}).to_string();
        fs::write(&file, &text).expect("written");
        text
    };
    write("first");
    let _broker = Broker::start(&home);
    let places = json!({"home": home.work(), "config": home.work().join(".config"), "codex": null, "claude": null});
    let request = |verb: &str, entries: &[Value]| json!({"verb": verb, "change": "protect", "clients": [], "entries": entries, "places": places});
    let shown = || {
        let plan = ask(&home, &request("plan_clients", &[]));
        let one =
            plan.as_array().expect("a list").iter().find(|view| view["server"] == "one").expect("planned").clone();
        assert_eq!(one["outcome"], "planned");
        let field = |name: &str| one[name].clone();
        json!({"client": field("client"), "file": field("file"), "place": field("place"), "server": "one", "digest": field("digest")})
    };
    let stale = shown();
    let text = write("second");
    let refused = ask(&home, &request("change_clients", std::slice::from_ref(&stale)));
    assert_eq!(refused[0]["outcome"], "failed", "{refused}");
    assert!(refused[0]["why"].as_str().is_some_and(|why| why.contains("since it was shown")), "{refused}");
    assert_eq!(fs::read_to_string(&file).expect("there"), text);
    assert!(home.json(&["server", "list"]).succeeded().values().is_empty());

    // Something else in the file may change meanwhile.
    let fresh = shown();
    fs::write(&file, text.replacen('{', "{\"theme\":\"dark\",", 1)).expect("written");
    let done = ask(&home, &request("change_clients", &[fresh]));
    assert_eq!((done.as_array().map(Vec::len), &done[0]["outcome"]), (Some(1), &json!("done")), "{done}");
    let now: Value = serde_json::from_str(&fs::read_to_string(&file).expect("there")).expect("JSON");
    assert_eq!(now["mcpServers"]["one"]["args"][0], "connect");
    assert_eq!(now["mcpServers"]["two"]["args"], json!(["x"]), "nobody said a word about it");
    assert_eq!(now["theme"], "dark");
}
