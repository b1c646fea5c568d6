//! Logging in at a real authorization server, for a real MCP server that it guards.

use crate::remote::{everything, free_port};
use e2e::client::{refusal, text, went_well};
use e2e::process::{Lines, until};
use e2e::{Broker, DEADLINE, Home, Key, Keyring, McpClient, Person, Running, Say, Stage, node};
use serde_json::{Value, json};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Everything on the other side: who guards, the check of tokens, and the server behind it.
pub(crate) struct Elsewhere {
    authority: Running,
    guarded: Running,
    _server: Running,
    upstream: String,
    issuer: String,
    pub(crate) url: String,
}

/// Another server that the same authorization server guards.
pub(crate) struct Beside {
    _guarded: Running,
    pub(crate) url: String,
}

impl Beside {
    pub(crate) fn seen(&self) -> Value {
        get(&self.url.replace("/mcp", "/seen"))
    }
}

fn fixture(name: &str) -> PathBuf {
    e2e::package_dir().join("fixtures").join(name)
}

/// Starts a script of ours and reads the first line that it says.
fn script(home: &Home, name: &str, env: &[(&str, &str)]) -> (Running, Value) {
    let mut command = home.command(node().expect("Node: run `cargo xtask setup`"));
    command.arg(fixture(name)).envs(env.iter().copied());
    let mut running = Running::spawn(name, &mut command);
    let lines = Lines::read(name, running.stdout());
    let line = lines.next(Instant::now() + DEADLINE).unwrap_or_else(|| panic!("{name}: {}", running.stderr.text()));
    (running, serde_json::from_slice(&line).expect("JSON"))
}

impl Elsewhere {
    /// `writes` names the tools that need more than reading.
    pub(crate) fn start(home: &Home, writes: &str) -> Self {
        Self::start_with(home, writes, &[], &[])
    }

    /// The same, with what the authorization server and the check of tokens are told.
    pub(crate) fn start_with(home: &Home, writes: &str, authority: &[(&str, &str)], check: &[(&str, &str)]) -> Self {
        let (server, upstream) = everything(home, free_port());
        let (authority, said) = script(home, "authority.mjs", authority);
        let issuer = said["issuer"].as_str().expect("an issuer").to_owned();
        let env = [("UPSTREAM", upstream.as_str()), ("ISSUER", &issuer), ("WRITES", writes)];
        let (guarded, said) = script(home, "guarded.mjs", &[&env, check].concat());
        let url = said["url"].as_str().expect("a URL").to_owned();
        Self { authority, guarded, _server: server, upstream, issuer, url }
    }

    /// Another server behind the same authorization server.
    pub(crate) fn beside(&self, home: &Home) -> Beside {
        let env = [("UPSTREAM", self.upstream.as_str()), ("ISSUER", &self.issuer)];
        let (guarded, said) = script(home, "guarded.mjs", &env);
        Beside { _guarded: guarded, url: said["url"].as_str().expect("a URL").to_owned() }
    }

    pub(crate) fn seen(&self) -> Value {
        get(&self.url.replace("/mcp", "/seen"))
    }

    pub(crate) fn counts(&self) -> Value {
        get(&format!("{}/counts", self.origin()))
    }

    /// Every token that was given out.
    pub(crate) fn issued(&self) -> Vec<String> {
        let issued = get(&format!("{}/issued", self.origin()));
        let tokens = issued["tokens"].as_array().expect("tokens");
        tokens.iter().map(|t| t.as_str().expect("a token").to_owned()).collect()
    }

    fn origin(&self) -> String {
        self.issuer.split('/').take(3).collect::<Vec<_>>().join("/")
    }
}

fn get(url: &str) -> Value {
    use std::io::{Read, Write};
    let rest = url.strip_prefix("http://").expect("http");
    let (host, path) = rest.split_once('/').expect("a path");
    let mut stream = TcpStream::connect(host).expect("a connection");
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (start, end) = (answer.find('{').expect("JSON"), answer.rfind('}').expect("JSON"));
    serde_json::from_str(&answer[start..=end]).expect("JSON")
}

/// A broker with a keychain, and a server that wants a login, added as `far`.
pub(crate) fn guarded() -> (Home, Keyring, Broker, Elsewhere) {
    let mut home = Home::new();
    let keyring = Keyring::start(&mut home).expect("a keychain: see the line above");
    let broker = Broker::start(&home);
    let elsewhere = Elsewhere::start(&home, "get-sum");
    home.run(&["server", "add", "far", "--url", &elsewhere.url]).succeeded();
    (home, keyring, broker, elsewhere)
}

/// Logs in from the command line, with a browser that agrees or does not.
pub(crate) fn log_in(home: &Home, server: &str, scopes: &[&str], agrees: bool) -> Vec<Value> {
    let mut words = vec!["--json", "token", "login", server];
    for scope in scopes {
        words.extend(["--scope", scope]);
    }
    let mut login = Running::spawn("token login", &mut home.consentry(&words));
    let lines = Lines::read("token login", login.stdout());
    let mut said = Vec::new();
    while let Some(line) = lines.next(Instant::now() + DEADLINE) {
        let line: Value = serde_json::from_slice(&line).expect("JSON");
        if let Some(place) = line["open"].as_str() {
            let mut browser = home.command(node().expect("Node"));
            browser.arg(fixture("browser.mjs")).arg(place).env("SAYS", if agrees { "yes" } else { "no" });
            let mut browser = Running::spawn("browser", &mut browser);
            assert!(browser.wait(DEADLINE).success(), "{}", browser.stderr.text());
        }
        said.push(line);
    }
    said.push(json!({"stderr": login.stderr.whole(DEADLINE), "well": login.wait(DEADLINE).success()}));
    said
}

pub(crate) fn login_of(home: &Home, server: &str) -> Value {
    let servers = home.json(&["server", "list"]).values();
    servers.into_iter().find(|s| s["name"] == server).map(|s| s["login"].clone()).unwrap_or_default()
}

#[test]
fn a_guarded_server_is_logged_in_to_used_stepped_up_and_logged_out_of() {
    let (home, _keyring, broker, elsewhere) = guarded();
    // Nothing can be listed before the login, and the reason is said.
    let ran = home.run(&["server", "trust", "far"]).refused();
    assert!(ran.stderr.contains("log in"), "{}", ran.stderr);
    assert_eq!(login_of(&home, "far")["state"], "needed");

    let plan = home.json(&["token", "login", "far", "--plan"]).succeeded().value();
    assert_eq!((&plan["issuer"], &plan["url"]), (&json!(elsewhere.issuer), &json!(elsewhere.url)));
    // No more than the server asked for just now.
    assert_eq!(plan["scopes"].as_array().map(Vec::len), Some(1), "{plan}");
    assert_eq!(plan["scopes"][0]["name"], "mcp:read");
    let said = log_in(&home, "far", &[], true);
    assert_eq!(said.last().map(|s| s["well"].clone()), Some(json!(true)), "{said:?}");
    let login = login_of(&home, "far");
    assert_eq!((&login["state"], &login["scopes"]), (&json!("ready"), &json!(["mcp:read"])), "{login}");

    home.run(&["server", "trust", "far"]).succeeded();
    let _person = Person::start(&home, |_| Say::Yes);
    let mut client = McpClient::connect(&home, "far");
    let reply = client.call("echo", json!({"message": "with a token"}));
    assert!(text(&reply).contains("with a token"), "{reply}");
    // The log names the token that went along, and never holds it.
    let fingerprint = login["fingerprint"].as_str().expect("a name for the token").to_owned();
    let intent = home.audit().into_iter().find(|e| e["kind"] == "intent").expect("an intent");
    let shown = home.json(&["audit", "show", &intent["seq"].to_string()]).value().to_string();
    assert!(!fingerprint.is_empty() && shown.contains(&fingerprint), "{shown}");

    // A tool that needs more: it does not run, and exactly what is missing is asked for.
    let refused = refusal(&client.call("get-sum", json!({"a": 1, "b": 2})));
    assert!(refused.contains("more rights"), "{refused}");
    assert_eq!(login_of(&home, "far")["state"], "more");
    let plan = home.json(&["token", "login", "far", "--plan"]).succeeded().value();
    let told: Vec<(&str, bool)> = plan["scopes"]
        .as_array()
        .expect("scopes")
        .iter()
        .map(|s| (s["name"].as_str().expect("a name"), s["new"] == true))
        .collect();
    assert_eq!(told, [("mcp:read", false), ("mcp:write", true)]);
    // With it stands what it is for: the call that was refused without it.
    assert_eq!(plan["scopes"][1]["refused_without"], json!(["get-sum"]), "{plan}");
    let said = log_in(&home, "far", &[], true);
    assert_eq!(said.last().map(|s| s["well"].clone()), Some(json!(true)), "{said:?}");
    assert!(went_well(&client.call("get-sum", json!({"a": 1, "b": 2}))));

    // Logged out, the token is void where it came from, and goes nowhere any more.
    let ran = home.run(&["token", "revoke", "far"]).succeeded();
    assert!(ran.stdout.contains("void"), "{}", ran.stdout);
    assert!(elsewhere.counts()["revocations"].as_u64() >= Some(1), "{}", elsewhere.counts());
    let good = elsewhere.seen()["good"].clone();
    assert!(!went_well(&client.call("echo", json!({"message": "still there?"}))));
    assert_eq!(elsewhere.seen()["good"], good);
    assert!(home.chain_faults().is_empty());
    let issued = elsewhere.issued();
    assert!(issued.len() >= 4, "{} tokens", issued.len());
    hunt(&home, &issued, &broker);
    drop((elsewhere.authority, elsewhere.guarded));
}

/// No token stands anywhere but in the keychain: not in a file of the home, in what the broker said, or in what processes
/// were started with.
fn hunt(home: &Home, tokens: &[String], broker: &Broker) {
    let keychain = |path: &Path| path.components().any(|part| part.as_os_str() == "keyrings");
    let mut folders = vec![home.root().to_path_buf()];
    let mut looked = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
            let (path, kind) = (entry.path(), entry.file_type().expect("a kind"));
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && !keychain(&path) {
                let bytes = std::fs::read(&path).expect("a file");
                looked += 1;
                for token in tokens {
                    assert!(!contains(&bytes, token), "a token stands in {}", path.display());
                }
            }
        }
    }
    assert!(looked > 3, "only {looked} files were looked at");
    // Nothing of the broker's memory is written down where it falls over.
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", broker.process.pid())).expect("its limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit");
    assert_eq!(core.split_whitespace().filter(|word| *word == "0").count(), 2, "{core}");
    let said = broker.process.stderr.text();
    for process in std::fs::read_dir("/proc").expect("processes").flatten() {
        let words = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        let given = std::fs::read(process.path().join("environ")).unwrap_or_default();
        for token in tokens {
            assert!(!contains(&words, token) && !contains(&given, token), "a token stands in {:?}", process.path());
            assert!(!said.contains(token.as_str()), "the broker said a token");
        }
    }
}

fn contains(bytes: &[u8], token: &str) -> bool {
    bytes.windows(token.len()).any(|part| part == token.as_bytes())
}

#[test]
fn a_login_that_the_person_cancels_leaves_nothing_and_says_so() {
    let (home, _keyring, _broker, elsewhere) = guarded();
    home.run(&["server", "trust", "far"]).refused();
    let said = log_in(&home, "far", &[], false);
    let last = said.last().expect("an end");
    assert_eq!(last["well"], false, "{said:?}");
    assert!(last["stderr"].as_str().is_some_and(|e| e.contains("came to nothing")), "{last}");
    assert_eq!(login_of(&home, "far")["state"], "needed");
    assert_eq!(elsewhere.counts()["codes"], 0);
    // A client that waits for the login does not make us knock again and again.
    home.run(&["server", "trust", "far"]).refused();
    let knocks = || elsewhere.seen()["refused"].as_array().map_or(0, Vec::len);
    let mut waiting = McpClient::open(&home, "far");
    waiting.request(
        "initialize",
        json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}),
    );
    let before = knocks();
    for _ in 0..20 {
        home.run(&["server", "list"]).succeeded();
    }
    assert!(knocks() - before <= 4, "{} knocks", knocks() - before);
}

#[test]
fn what_was_agreed_with_an_issuer_holds_its_port_its_secret_and_the_scopes_that_may_be_asked_for() {
    let mut home = Home::new();
    let _keyring = Keyring::start(&mut home).expect("a keychain: see the line above");
    let _broker = Broker::start(&home);
    let port = free_port().to_string();
    // Tokens end soon, so that the secret is needed again to rotate them.
    let told = [("AGREED", port.as_str()), ("REGISTERS", "no"), ("LIFE", "2")];
    let elsewhere = Elsewhere::start_with(&home, "", &told, &[]);
    let terms = ["--client-id", "agreed", "--client-secret", "--callback-port", &port, "--scope", "mcp:read"];
    let words = [&["server", "add", "far", "--url", &elsewhere.url][..], &terms].concat();
    home.run_typing(&words, "a secret that was agreed\n").succeeded();
    let file = std::fs::read_to_string(home.servers_json()).expect("the file");
    assert!(file.contains("${keychain:client_secret-") && !file.contains("that was agreed"), "{file}");
    home.run(&["server", "trust", "far"]).refused();
    let plan = home.json(&["token", "login", "far", "--plan"]).succeeded().value();
    let offered: Vec<&Value> = plan["scopes"].as_array().expect("scopes").iter().map(|s| &s["name"]).collect();
    assert_eq!(offered, ["mcp:read"], "what may not be asked for is not offered");
    let said = log_in(&home, "far", &[], true);
    assert_eq!(said.last().map(|s| s["well"].clone()), Some(json!(true)), "{said:?}");
    home.run(&["server", "trust", "far"]).succeeded();
    let mut client = McpClient::connect(&home, "far");
    until("a token to rotate", || {
        assert!(went_well(&client.call("echo", json!({"message": "again"}))));
        (elsewhere.counts()["refreshes"].as_u64() >= Some(1)).then_some(())
    });
    // Another port is another proposal: it is not what the person said yes to.
    let moved = file.replace(&port, "8765");
    std::fs::write(home.servers_json(), moved).expect("written");
    assert_eq!(home.question("run")["server"], "far");
}

#[test]
fn a_server_that_is_removed_is_logged_out_of() {
    let (home, _keyring, _broker, elsewhere) = guarded();
    home.run(&["server", "trust", "far"]).refused();
    let said = log_in(&home, "far", &[], true);
    assert_eq!(said.last().map(|s| s["well"].clone()), Some(json!(true)), "{said:?}");
    home.run(&["server", "remove", "far"]).succeeded();
    until("the login to be given back", || (elsewhere.counts()["revocations"].as_u64() >= Some(1)).then_some(()));
    // Added anew, it knows of no login.
    home.run(&["server", "add", "far", "--url", &elsewhere.url]).succeeded();
    home.run(&["server", "trust", "far"]).refused();
    assert_eq!(login_of(&home, "far")["state"], "needed");
}

#[test]
fn without_a_keychain_there_is_no_login_and_no_token_on_disk() {
    let home = Home::new();
    let _broker = Broker::start(&home);
    let elsewhere = Elsewhere::start(&home, "get-sum");
    home.run(&["server", "add", "far", "--url", &elsewhere.url]).succeeded();
    let ran = home.run(&["token", "login", "far"]).refused();
    assert!(ran.stderr.contains("keychain"), "{}", ran.stderr);
}

#[test]
fn a_login_outlives_a_broker_that_is_killed() {
    let (home, _keyring, mut broker, elsewhere) = guarded();
    home.run(&["server", "trust", "far"]).refused();
    let said = log_in(&home, "far", &[], true);
    assert_eq!(said.last().map(|s| s["well"].clone()), Some(json!(true)), "{said:?}");
    home.run(&["server", "trust", "far"]).succeeded();
    for _ in 0..3 {
        broker.kill();
        broker = Broker::start(&home);
        let mut client = McpClient::connect(&home, "far");
        assert!(went_well(&client.call("echo", json!({"message": "still in"}))));
    }
    let counts = elsewhere.counts();
    assert_eq!((&counts["codes"], &counts["reuses"]), (&json!(1), &json!(0)), "one login, and no token used twice");
}

/// A browser of somebody who agrees, as the desktop would open it.
fn browser(home: &mut Home) {
    let path = home.root().join("browser.sh");
    let node = node().expect("Node: run `cargo xtask setup`");
    let text = format!("#!/bin/sh\nexec '{}' '{}' \"$1\"\n", node.display(), fixture("browser.mjs").display());
    std::fs::write(&path, text).expect("a script");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).expect("made executable");
    home.set_env("BROWSER", path.to_string_lossy());
}

#[test]
fn in_the_window_a_server_elsewhere_is_added_logged_in_to_stepped_up_and_left() {
    let Some(stage) = Stage::set_with(browser) else { return };
    drop(stage.let_in());
    let elsewhere = Elsewhere::start(&stage.home, "echo");
    let main = stage.main();
    let says = |what: &str| main.wait_until(what, &format!("return document.body.innerText.includes({})", json!(what)));
    let state = |wanted: &str| until(wanted, || (login_of(&stage.home, "far")["state"] == wanted).then_some(()));
    // Everything that the app tells this window from now on.
    main.run(
        "const ask = window.fetch; window.told = []; \
         window.fetch = async (...words) => { \
           const reply = await ask(...words); window.told.push(await reply.clone().text()); return reply; }; \
         return true",
    );
    let fill = |name: &str, text: &str| {
        stage.reach(&main, name, &format!("e.name === {}", json!(name)));
        stage.display.write(text);
        main.wait_until(name, &format!("return document.activeElement.value === {}", json!(text)));
    };
    stage.press(&main, "Servers");
    says("Add server");
    stage.press(&main, "Add server");
    says("Where it runs");
    fill("name", "far");
    stage.reach(&main, "where it runs", "e.name === 'where'");
    stage.display.key(Key::Down);
    fill("url", &elsewhere.url);
    stage.press(&main, "Add this server");
    says("Review tools");
    stage.press(&main, "Review tools");
    // Nothing was opened: first it is shown who asks for what.
    says("Login needed");
    assert_eq!(elsewhere.counts()["codes"], 0);
    stage.press(&main, "See what it asks for");
    says("Open the browser");
    for part in
        ["You log in at", "Read what you can read there", "mcp:read", "claimed, not verified", "This is not encrypted"]
    {
        says(part);
    }
    stage.press(&main, "Open the browser");
    state("ready");
    says("Logged in");
    stage.press(&main, "Review tools");
    stage.approve_by_key(&stage.home.question("trust"));

    let mut client = McpClient::open_under(&stage.home, "far");
    client.shake_hands("2025-06-18");
    let refused = refusal(&client.call("echo", json!({"message": "too early"})));
    assert!(refused.contains("more rights"), "{refused}");
    let main = stage.main();
    let says = |what: &str| main.wait_until(what, &format!("return document.body.innerText.includes({})", json!(what)));
    says("More rights needed");
    stage.press(&main, "See what it asks for");
    says("More rights for");
    says("mcp:write");
    stage.press(&main, "Open the browser");
    state("ready");
    assert!(went_well(&client.call("echo", json!({"message": "now"}))));

    says("Log out…");
    stage.press(&main, "Log out…");
    says("Stay logged in");
    stage.press(&main, "Log out");
    says("was told that the login is void");
    let good = elsewhere.seen()["good"].clone();
    assert!(!went_well(&client.call("echo", json!({"message": "no more"}))));
    assert_eq!(elsewhere.seen()["good"], good);
    let told = main.run("return window.told.join('\\n')");
    let told = told.as_str().expect("what the window was told");
    assert!(told.contains("mcp:write") && told.contains("fingerprint"), "it was not listened to: {told}");
    let issued = elsewhere.issued();
    assert!(issued.len() >= 4, "{} tokens", issued.len());
    assert!(issued.iter().all(|token| !told.contains(token.as_str())), "a token was told to a window");
    let answered: Vec<Value> = stage
        .home
        .audit()
        .iter()
        .filter(|e| e["kind"] == "decided")
        .map(|e| {
            stage
                .home
                .json(&["audit", "show", &e["seq"].to_string()])
                .value()
                .to_string()
                .contains("\\\"login\\\"")
                .into()
        })
        .collect();
    assert_eq!(answered.iter().filter(|is| **is == json!(true)).count(), 2, "two logins are on record as decided");
}
