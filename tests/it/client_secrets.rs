//! Secrets of clients' entries: in the keychain and nowhere else, given to their own server when it starts, and back in
//! the client's file when the person wants it so.

use crate::logins::Elsewhere;
use crate::remote::{everything, free_port};
use e2e::client::went_well;
use e2e::database::Database;
use e2e::{Broker, DEADLINE, Fixture, Home, Keyring, McpClient, Ran};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

const SECRET: &str = "hunter2-Never-Shown-0815";

/// A server that notes which environment and folder it was started in, and then is the usual one.
struct Probe {
    script: PathBuf,
    noted: PathBuf,
}

impl Probe {
    fn new(home: &Home) -> Self {
        let folder = home.root().join("probe");
        fs::create_dir_all(&folder).expect("a folder");
        let (script, noted) = (folder.join("server.sh"), folder.join("noted"));
        let words = Fixture::new(home, "notes").words().iter().map(|word| format!("'{word}'")).collect::<Vec<_>>();
        let said = r#"printf '%s %s%s' "$TOKEN" "$LEVEL" "${2:+ $2}""#;
        let text = format!("{said} > '{}'\nexec {}\n", noted.display(), words.join(" "));
        fs::write(&script, text).expect("a script");
        Self { script, noted }
    }

    fn entry(&self) -> Value {
        let args = json!([self.script, "--api-key", SECRET]);
        json!({"command": "sh", "args": args, "env": {"TOKEN": SECRET, "LEVEL": "debug"}})
    }

    fn was_given(&self) -> String {
        fs::read_to_string(&self.noted).unwrap_or_default()
    }
}

fn with_keychain() -> Option<(Home, Keyring)> {
    let mut home = Home::new();
    let keyring = Keyring::start(&mut home)?;
    Some((home, keyring))
}

fn cursor(home: &Home, servers: &Value) -> (PathBuf, String) {
    let file = home.work().join(".cursor/mcp.json");
    fs::create_dir_all(file.parent().expect("a folder")).expect("made");
    let text = serde_json::to_string_pretty(&json!({ "mcpServers": servers })).expect("JSON");
    fs::write(&file, &text).expect("written");
    (file, text)
}

/// Every file below Consentry's own folder in which a text stands.
fn holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for inside in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = inside.path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else if fs::read(&path).is_ok_and(|held| String::from_utf8_lossy(&held).contains(text)) {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_protected_secret_stands_in_the_keychain_alone_and_its_server_gets_it() {
    let Some((home, _keyring)) = with_keychain() else { return };
    let probe = Probe::new(&home);
    let (file, text) = cursor(&home, &json!({"notes": probe.entry()}));
    let mut broker = Broker::start(&home);
    home.run(&["client", "protect", "cursor"]).succeeded();
    let servers = fs::read_to_string(home.servers_json()).expect("servers.json");
    let env = &serde_json::from_str::<Value>(&servers).expect("JSON")["mcpServers"]["notes"]["env"];
    assert!(env["TOKEN"].as_str().is_some_and(|kept| kept.starts_with("${keychain:TOKEN-")), "{servers}");
    assert_eq!(env["LEVEL"], "debug", "what is no secret stays to be read");
    assert!(servers.contains("${keychain:argument-"), "{servers}");
    home.run(&["server", "trust", "notes"]).succeeded();
    assert!(went_well(&McpClient::connect(&home, "notes").call("echo", json!({"text": "hello"}))));
    assert_eq!(probe.was_given(), format!("{SECRET} debug {SECRET}"));

    // After a restart, too: the reference is all that was kept.
    broker.stop();
    assert_eq!(holding(&home.path(), SECRET), Vec::<PathBuf>::new());
    assert!(!broker.process.stderr.text().contains(SECRET));
    fs::remove_file(&probe.noted).expect("removed");
    let broker = Broker::start(&home);
    assert!(went_well(&McpClient::connect(&home, "notes").call("echo", json!({"text": "hello"}))));
    assert_eq!(probe.was_given(), format!("{SECRET} debug {SECRET}"));
    let told = home.json(&["server", "show", "notes"]).succeeded().stdout
        + &home.json(&["audit", "list"]).succeeded().stdout
        + &home.json(&["client", "scan"]).succeeded().stdout;
    assert!(told.contains("TOKEN") && !told.contains(SECRET), "{told}");

    home.run(&["client", "unprotect", "cursor"]).succeeded();
    assert_eq!(fs::read_to_string(&file).expect("there"), text);
    assert_eq!(holding(&home.path(), SECRET), Vec::<PathBuf>::new());
    assert!(!broker.process.stderr.text().contains(SECRET));
}

#[test]
fn without_a_keychain_no_secret_is_taken_over() {
    let home = Home::new();
    let probe = Probe::new(&home);
    let (file, text) = cursor(&home, &json!({"notes": probe.entry()}));
    let _broker = Broker::start(&home);
    for args in [&["client", "protect", "cursor", "--dry-run"][..], &["client", "protect", "cursor"]] {
        let refused = home.run(args).refused();
        assert!(refused.stderr.contains("keychain") && refused.stderr.contains("left alone"), "{}", refused.stderr);
    }
    assert_eq!(fs::read_to_string(&file).expect("there"), text);
    assert!(!home.servers_json().exists());
    assert_eq!(holding(&home.path(), SECRET), Vec::<PathBuf>::new());
}

#[test]
fn a_keychain_that_is_gone_keeps_the_server_from_starting() {
    let Some((home, keyring)) = with_keychain() else { return };
    let probe = Probe::new(&home);
    cursor(&home, &json!({"notes": probe.entry()}));
    let _broker = Broker::start(&home);
    home.run(&["client", "protect", "cursor"]).succeeded();
    home.run(&["server", "trust", "notes"]).succeeded();
    fs::remove_file(&probe.noted).expect("removed");
    drop(keyring);
    let refused = home.run(&["server", "trust", "notes"]).refused();
    assert!(refused.stderr.contains("was not started") && refused.stderr.contains("TOKEN"), "{}", refused.stderr);
    assert!(refused.stderr.contains("keychain and try again") || refused.stderr.contains("start the keychain"));
    assert_eq!(probe.was_given(), "", "it ran without its secret");
}

#[test]
fn no_other_server_is_given_a_secret_it_refers_to() {
    let Some((home, _keyring)) = with_keychain() else { return };
    let probe = Probe::new(&home);
    cursor(&home, &json!({"notes": probe.entry()}));
    let _broker = Broker::start(&home);
    home.run(&["client", "protect", "cursor"]).succeeded();
    let text = fs::read_to_string(home.servers_json()).expect("servers.json");
    let mut servers: Value = serde_json::from_str(&text).expect("JSON");
    servers["mcpServers"]["thief"] = servers["mcpServers"]["notes"].clone();
    fs::write(home.servers_json(), servers.to_string()).expect("edited");
    let until = std::time::Instant::now() + e2e::DEADLINE;
    while home.json(&["server", "list"]).succeeded().values().len() < 2 {
        assert!(std::time::Instant::now() < until, "the edit was not seen");
    }
    let refused = home.run(&["server", "trust", "thief"]).refused();
    assert!(refused.stderr.contains("not put there for it"), "{}", refused.stderr);
    assert_eq!(probe.was_given(), "");
}

#[test]
fn a_secret_is_typed_or_piped_and_never_an_argument() {
    let Some((home, _keyring)) = with_keychain() else { return };
    let probe = Probe::new(&home);
    let broker = Broker::start(&home);
    let script = probe.script.to_string_lossy().into_owned();
    let mut adding = home
        .consentry(&["server", "add", "notes", "--secret", "TOKEN", "--", "sh", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("started");
    adding.stdin.take().expect("stdin").write_all(format!("{SECRET}\n").as_bytes()).expect("written");
    assert!(adding.wait().expect("ended").success());
    home.run(&["server", "trust", "notes"]).succeeded();
    assert_eq!(probe.was_given(), format!("{SECRET} "));
    assert_eq!(holding(&home.path(), SECRET), Vec::<PathBuf>::new());
    assert!(!broker.process.stderr.text().contains(SECRET));
    let rows = Database::open(&home.database()).query("select value from decision where kind = 'server'");
    assert!(rows[0][0].contains("${keychain:TOKEN-"), "{rows:?}");
}

#[test]
fn what_was_kept_for_want_of_a_keychain_moves_there_when_there_is_one() {
    let mut home = Home::new();
    let program = Fixture::new(&home, "notes").words()[0].clone();
    let (file, text) = cursor(&home, &json!({"notes": {"command": program, "note": "a mark that is looked for"}}));
    let mut broker = Broker::start(&home);
    home.run(&["client", "protect", "cursor"]).succeeded();
    broker.stop();
    assert_eq!(holding(&home.path().join("data"), "a mark that is looked for").len(), 1);
    let Some(_keyring) = Keyring::start(&mut home) else { return };
    let mut broker = Broker::start(&home);
    home.run(&["client", "scan"]).succeeded();
    broker.stop();
    assert_eq!(holding(&home.path(), "a mark that is looked for"), Vec::<PathBuf>::new());
    let _broker = Broker::start(&home);
    home.run(&["client", "unprotect", "cursor"]).succeeded();
    assert_eq!(fs::read_to_string(&file).expect("there"), text);
}

#[test]
fn a_secret_that_was_written_into_our_file_moves_into_the_keychain_with_the_yes() {
    for trusts in [false, true] {
        let Some((home, _keyring)) = with_keychain() else { return };
        let probe = Probe::new(&home);
        let _broker = Broker::start(&home);
        let file = json!({"mcpServers": {"notes": probe.entry()}, "mine": "stays"});
        fs::write(home.servers_json(), file.to_string()).expect("written");
        let question = home.question("run");
        assert!(question["sentence"].to_string().contains("into the keychain"), "{question}");
        if !trusts {
            let approved = Ran::of("approve", &mut e2e::watch::approve(&home, &question), DEADLINE);
            approved.succeeded();
        }
        home.run(&["server", "trust", "notes"]).succeeded();
        assert_eq!(probe.was_given(), format!("{SECRET} debug {SECRET}"));
        let held: Value = serde_json::from_slice(&fs::read(home.servers_json()).expect("the file")).expect("JSON");
        let token = held["mcpServers"]["notes"]["env"]["TOKEN"].as_str().expect("a reference");
        assert!(token.starts_with("${keychain:TOKEN-"), "{token}");
        assert_eq!((&held["mine"], &held["mcpServers"]["notes"]["env"]["LEVEL"]), (&json!("stays"), &json!("debug")));
        assert_eq!(holding(&home.path(), SECRET), Vec::<PathBuf>::new());
    }
}

#[test]
fn a_server_at_an_address_is_taken_over_with_its_secret_and_put_back() {
    let Some((home, _keyring)) = with_keychain() else { return };
    let (_server, url) = everything(&home, free_port());
    let checked = Elsewhere::start(&home, "");
    let (file, text) = cursor(
        &home,
        &json!({
            "far": {"url": url, "headers": {"X-Team": "a"}},
            "checked": {"type": "http", "url": checked.url, "headers": {"Authorization": format!("Bearer {SECRET}")}},
        }),
    );
    let _broker = Broker::start(&home);
    let told = home.run(&["client", "protect", "cursor", "--dry-run"]).succeeded().stdout;
    assert!(told.contains("far") && !told.contains(SECRET), "{told}");
    home.run(&["client", "protect", "cursor"]).succeeded();
    let now: Value = serde_json::from_str(&fs::read_to_string(&file).expect("there")).expect("JSON");
    let far = &now["mcpServers"]["far"];
    assert_eq!((&far["args"][0], &far["args"][1]), (&json!("connect"), &json!("far")), "{now}");
    assert!(far.get("url").is_none() && far.get("headers").is_none(), "{now}");
    home.run(&["server", "trust", "far"]).succeeded();
    assert!(went_well(&McpClient::connect(&home, "far").call("echo", json!({"message": "hello"}))));
    // The secret is in the keychain, and still goes to that server and to nobody else.
    assert_eq!(holding(&home.path(), SECRET), Vec::<PathBuf>::new());
    home.run(&["server", "trust", "checked"]).refused();
    assert_eq!(checked.seen()["tokens"], json!([SECRET]));
    home.run(&["client", "unprotect", "cursor"]).succeeded();
    assert_eq!(fs::read_to_string(&file).expect("there"), text);
    assert!(home.json(&["server", "list"]).succeeded().values().is_empty());
    assert_eq!(holding(&home.path(), SECRET), Vec::<PathBuf>::new());
}
