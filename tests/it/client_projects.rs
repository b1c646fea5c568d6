//! Files of projects, folders to run in, a home of one's own, and what only a client can fill in.

use e2e::client::went_well;
use e2e::{Broker, Fixture, Home, McpClient};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

fn put(file: &Path, value: &Value) -> String {
    fs::create_dir_all(file.parent().expect("a folder")).expect("made");
    let text = serde_json::to_string_pretty(value).expect("JSON");
    fs::write(file, &text).expect("written");
    text
}

fn read(file: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(file).expect("there")).expect("JSON")
}

#[test]
fn files_of_projects_are_found_protected_and_put_back() {
    let home = Home::new();
    let program = Fixture::new(&home, "notes").words()[0].clone();
    let (known, given) = (home.work().join("known"), home.work().join("given"));
    let settings = json!({"projects": {known.to_string_lossy(): {"history": []}, "/nonexistent/x": {}}});
    put(&home.work().join(".claude.json"), &settings);
    let shared = known.join(".mcp.json");
    let text = put(&shared, &json!({"mcpServers": {"notes": {"command": program}}}));
    let own = given.join(".vscode/mcp.json");
    let own_text = put(
        &own,
        &json!({"servers": {"mine": {"command": program, "args": ["${workspaceFolder}"]}, "other": {"command": program}}}),
    );
    let _broker = Broker::start(&home);
    let scanned = home.json(&["client", "scan"]).succeeded().values();
    let of = |file: &Path| scanned.iter().find(|view| view["file"] == file.to_string_lossy().as_ref());
    assert_eq!(of(&shared).expect("found")["project"], known.to_string_lossy().as_ref());
    assert!(of(&own).is_none(), "nobody named this folder");

    let folder = given.to_string_lossy().into_owned();
    home.run(&["client", "protect", "--all", "--project", &folder]).succeeded();
    assert_eq!(read(&shared)["mcpServers"]["notes"]["args"][0], "connect");
    assert_eq!(read(&own)["servers"]["mine"]["command"], program.as_str(), "what can't be filled in is left alone");
    assert_eq!(read(&own)["servers"]["other"]["args"][0], "connect");
    home.run(&["client", "unprotect", "--all", "--project", &folder]).succeeded();
    assert_eq!(fs::read_to_string(&shared).expect("there"), text);
    assert_eq!(fs::read_to_string(&own).expect("there"), own_text);
    let missing = home.run(&["client", "scan", "--project", "/nonexistent/folder"]).refused();
    assert!(missing.stderr.contains("/nonexistent/folder"), "{}", missing.stderr);
}

#[test]
fn a_server_runs_in_its_own_folder_and_its_client_finds_this_home() {
    let home = Home::new();
    let words = Fixture::new(&home, "notes").words();
    let folder = home.root().join("own folder");
    fs::create_dir(&folder).expect("a folder");
    let quoted = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
    fs::write(folder.join("server.sh"), format!("pwd > '{}/where'\nexec {quoted}\n", home.root().display()))
        .expect("written");
    let file = home.work().join(".config/Code/User/mcp.json");
    let entry = json!({"type": "stdio", "command": "sh", "args": ["server.sh"], "cwd": folder});
    let text = put(&file, &json!({"servers": {"notes": entry}}));
    let _broker = Broker::start(&home);
    home.run(&["client", "protect", "vscode"]).succeeded();
    let entry = &read(&file)["servers"]["notes"];
    assert_eq!(entry["cwd"], json!(folder), "what is not ours stays");
    assert_eq!(entry["env"], json!({"CONSENTRY_HOME": home.path()}));
    assert_eq!(read(&home.servers_json())["mcpServers"]["notes"]["cwd"], json!(folder));
    home.run(&["server", "trust", "notes"]).succeeded();
    assert!(went_well(&McpClient::connect(&home, "notes").call("echo", json!({"text": "hello"}))));
    let noted = fs::read_to_string(home.root().join("where")).expect("it ran");
    assert_eq!(fs::canonicalize(noted.trim()).expect("a folder"), fs::canonicalize(&folder).expect("a folder"));
    home.run(&["client", "unprotect", "vscode"]).succeeded();
    assert_eq!(fs::read_to_string(&file).expect("there"), text);
}

#[test]
fn what_is_left_alone_says_why_and_stays_byte_for_byte() {
    let home = Home::new();
    let program = Fixture::new(&home, "notes").words()[0].clone();
    let file = home.work().join(".cursor/mcp.json");
    let text = put(
        &file,
        &json!({"mcpServers": {
            "remote": {"url": "https://h.example/mcp", "headers": {"X": "${env:X}"}},
            "input": {"command": program, "env": {"TOKEN": "${input:token}"}},
            "folder": {"command": program, "cwd": "${workspaceFolder}"},
        }}),
    );
    let _broker = Broker::start(&home);
    let views = home.json(&["client", "protect", "cursor"]).succeeded().values();
    let why = |server: &str| {
        let view = views.iter().find(|view| view["server"] == server).expect("told");
        assert_eq!(view["outcome"], "not_yet");
        view["why"].as_str().unwrap_or_default().to_owned()
    };
    assert!(why("remote").contains("${env:X}"), "{}", why("remote"));
    assert!(why("input").contains("${input:token}"), "{}", why("input"));
    assert!(why("folder").contains("cwd"), "{}", why("folder"));
    assert_eq!(fs::read_to_string(&file).expect("there"), text);
}
