//! Forged answers: none of them makes a call run.

use e2e::client::{refusal, went_well};
use e2e::process::until;
use e2e::{Broker, DEADLINE, Fixture, Home, Keyring, McpClient, Ran, Say, Scene, Watch, is_root, skip};
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;

fn mail() -> Value {
    json!({"to": "ann@example.org", "subject": "Minutes", "body": "See below."})
}

/// A scene with one question that waits.
fn asked() -> (Scene, Watch, McpClient, Value, Value) {
    let scene = Scene::new();
    let mut watch = scene.watch();
    let mut client = scene.client();
    let id = client.begin("send_mail", mail());
    let question = watch.question("send_mail");
    (scene, watch, client, id, question)
}

#[test]
fn another_digest_answers_nothing() {
    let (scene, _watch, mut client, id, question) = asked();
    let digest = question["digest"].as_str().expect("a digest");
    let word = question["id"].as_str().expect("an id");
    let last = if digest.ends_with('0') { "1" } else { "0" };
    for forged in [
        "0".repeat(64),
        format!("{}{last}", &digest[..63]),
        digest[..63].to_owned(),
        String::new(),
        format!("{digest}0"),
        digest.to_uppercase().replace(|c: char| c.is_ascii_digit(), "0"),
    ] {
        scene.home.run(&["approvals", "approve", word, "--digest", &forged]).refused();
        assert!(scene.server.executed().is_empty(), "{forged}");
    }
    assert_eq!(scene.home.waiting().len(), 1, "the question still stands");
    assert!(!client.has_reply(&id));
    scene.approve(&question).succeeded();
    assert!(went_well(&client.reply(&id).value));
}

#[test]
fn the_digest_of_another_question_answers_nothing() {
    let (scene, mut watch, mut client, _, first) = asked();
    client.begin("write_note", json!({"path": scene.note("x"), "text": "t"}));
    let second = watch.question("write_note");
    let (id, digest) = (second["id"].as_str().expect("an id"), first["digest"].as_str().expect("a digest"));
    scene.home.run(&["approvals", "approve", id, "--digest", digest]).refused();
    scene.home.run(&["approvals", "approve", "0190a0a0-0000-7000-8000-000000000000", "--digest", digest]).refused();
    scene.home.run(&["approvals", "approve", "../../x", "--digest", digest]).refused();
    assert!(scene.server.executed().is_empty());
}

#[test]
fn an_answer_counts_once() {
    let (scene, _watch, mut client, id, question) = asked();
    scene.approve(&question).succeeded();
    assert!(went_well(&client.reply(&id).value));
    for _ in 0..3 {
        scene.approve(&question).refused();
    }
    assert_eq!(scene.server.executed().len(), 1);
}

#[test]
fn many_answers_at_once_count_once() {
    let (scene, _watch, mut client, id, question) = asked();
    let mut commands: Vec<_> = (0..8)
        .map(|_| {
            e2e::watch::approve(&scene.home, &question).stderr(std::process::Stdio::null()).spawn().expect("a command")
        })
        .collect();
    let good = commands.iter_mut().filter_map(|child| child.wait().ok()).filter(|status| status.success()).count();
    assert_eq!(good, 1, "one yes is taken");
    assert!(went_well(&client.reply(&id).value));
    assert_eq!(scene.server.executed().len(), 1);
}

#[test]
fn an_answer_after_the_end_counts_for_nothing() {
    let scene = Scene::within(Home::new().with_env("CONSENTRY_QUESTION_SECONDS", "1"), &[]);
    let mut watch = scene.watch();
    let mut client = scene.client();
    let id = client.begin("send_mail", mail());
    let question = watch.question("send_mail");
    assert_eq!(watch.end_of(&question), "expired");
    scene.approve(&question).refused();
    refusal(&client.reply(&id).value);
    assert!(scene.server.executed().is_empty());
}

#[test]
fn one_byte_more_is_another_call() {
    let (scene, mut watch, mut client, id, question) = asked();
    scene.approve(&question).succeeded();
    assert!(went_well(&client.reply(&id).value));
    let mut digests = vec![question["digest"].clone()];
    // The same value, spelled with one byte more; then another value; then the very same again.
    for arguments in [
        r#"{"to":"ann@example.org","subject":"Minutes", "body":"See below."}"#,
        r#"{"to":"ann@example.org","subject":"Minutes","body":"See below,"}"#,
        r#"{"to":"ann@example.org","subject":"Minutes","body":"See below."}"#,
    ] {
        let line = format!(
            r#"{{"jsonrpc":"2.0","id":"next","method":"tools/call","params":{{"name":"send_mail","arguments":{arguments}}}}}"#
        );
        client.send_bytes(format!("{line}\n").as_bytes());
        let question = watch.question("send_mail");
        scene.reject(&question).succeeded();
        refusal(&client.reply(&json!("next")).value);
        digests.push(question["digest"].clone());
    }
    assert_ne!(digests[0], digests[1], "the digest is over the bytes");
    assert_ne!(digests[0], digests[2]);
    assert_eq!(scene.server.executed().len(), 1, "a yes is good for one call");
}

#[test]
fn another_user_answers_nothing() {
    let Some(stranger) = Stranger::new() else { return };
    let (scene, _watch, mut client, id, question) = asked();
    let (word, digest) = (question["id"].as_str().expect("an id"), question["digest"].as_str().expect("a digest"));
    for open in [false, true] {
        if open {
            // Even where somebody opened the folders and the socket to all.
            for path in [scene.home.root(), &scene.home.path(), &scene.home.path().join("run")] {
                std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("opened");
            }
            std::fs::set_permissions(scene.home.socket(), std::os::unix::fs::PermissionsExt::from_mode(0o666))
                .expect("opened");
        }
        for words in [
            &["approvals", "approve", word, "--digest", digest][..],
            &["approvals", "reject", word],
            &["approvals", "list"],
            &["server", "list"],
            &["audit", "list"],
        ] {
            let ran = stranger.run(&scene.home, words);
            assert_eq!(ran.code, 1, "{words:?}: {ran:?}");
            assert!(ran.stdout.is_empty(), "a stranger was told {:?}", ran.stdout);
        }
        let mut door = McpClient::over(&mut stranger.command(&scene.home, &["connect", "notes"]));
        let hello =
            json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}});
        let id = door.request("initialize", hello);
        let heard = door.drain();
        assert!(heard.iter().all(|message| message.value["error"].is_object()), "a stranger was told {heard:?}");
        // The door may close before it has read the request, if it says so.
        let answered = heard.iter().any(|message| message.value["id"] == id);
        assert!(answered || !door.process.stderr.whole(DEADLINE).trim().is_empty(), "closed without a word");
        assert_eq!(door.leave().code(), Some(1));
    }
    assert!(scene.server.executed().is_empty());
    assert!(!client.has_reply(&id));
    assert_eq!(scene.home.waiting().len(), 1);
}

/// Another, unprivileged user of this machine, with a copy of the command line that it may run.
struct Stranger(tempfile::TempDir);

impl Stranger {
    fn new() -> Option<Self> {
        if !is_root() || Command::new("setpriv").arg("--version").output().is_err() {
            skip("becoming another user needs root and setpriv");
            return None;
        }
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("opened");
        std::fs::copy(e2e::binary("consentry"), dir.path().join("consentry")).expect("a copy");
        let stranger = Self(dir);
        if stranger.run(&Home::new(), &["--version"]).code != 0 {
            skip("another user can't run programs here");
            return None;
        }
        Some(stranger)
    }

    fn run(&self, home: &Home, words: &[&str]) -> Ran {
        Ran::of("consentry, as another user", &mut self.command(home, words), DEADLINE)
    }

    fn command(&self, home: &Home, words: &[&str]) -> Command {
        let mut command = home.command("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
        command.arg(self.0.path().join("consentry")).args(words).current_dir("/");
        command
    }
}

/// A broker that takes no decisions from the command line, over a home where one did before.
fn without_decisions(scene: &mut Scene) {
    scene.broker.stop();
    scene.broker = Broker::start_with(&scene.home, &["--preset", "cautious"]);
}

#[test]
fn a_broker_without_that_mode_takes_no_decision_from_the_command_line() {
    let mut home = Home::new();
    let Some(_keyring) = Keyring::start(&mut home) else { return };
    let mut scene = Scene::within(home, &[]);
    without_decisions(&mut scene);
    let mut watch = scene.watch();
    let mut client = McpClient::open_under(&scene.home, "notes");
    client.shake_hands("2025-06-18");
    client.begin("send_mail", mail());
    let question = watch.wait_for(|event| event["event"] == "pending");
    let refused = scene.approve(&question).refused();
    assert!(refused.stderr.contains("window"), "{:?} does not say where", refused.stderr);
    let words = scene.server.words();
    let mut add = vec!["server", "add", "another", "--"];
    add.extend(words.iter().map(String::as_str));
    scene.home.run(&add).refused();
    scene.home.run(&["server", "trust", "notes"]).refused();
    assert!(scene.server.executed().is_empty());
    // Tightening is free.
    scene.reject(&question).succeeded();
    scene.home.run(&["server", "remove", "notes"]).succeeded();
}

#[test]
fn a_child_of_a_connected_client_is_refused_at_the_control_socket() {
    let mut home = Home::new();
    let Some(_keyring) = Keyring::start(&mut home) else { return };
    let mut scene = Scene::within(home, &[]);
    without_decisions(&mut scene);
    // A client with a shell: it connects, then its child tries the command line.
    let consentry = e2e::binary("consentry");
    let script = "import json, os, subprocess, sys\n\
        door = subprocess.Popen([sys.argv[1], 'connect', 'notes'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n\
        door.stdin.write(b'{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{},\"clientInfo\":{\"name\":\"agent\",\"version\":\"1\"}}}\\n')\n\
        door.stdin.flush()\n\
        door.stdout.readline()\n\
        tries = [['approvals', 'list'], ['audit', 'list'], ['server', 'remove', 'notes']]\n\
        for words in tries:\n\
        \x20   for wrap in ([], ['sh', '-c', '\"$@\"', 'sh'], ['setsid', '-w']):\n\
        \x20       ran = subprocess.run(wrap + [sys.argv[1]] + words, capture_output=True, text=True)\n\
        \x20       print(json.dumps({'words': words, 'code': ran.returncode, 'out': ran.stdout, 'err': ran.stderr}), flush=True)\n";
    let mut command = scene.home.command("python3");
    command.args(["-c", script]).arg(&consentry);
    let ran = Ran::of("an agent", &mut command, DEADLINE).succeeded();
    let tries = ran.values();
    assert_eq!(tries.len(), 9);
    for tried in &tries {
        assert_eq!((&tried["code"], &tried["out"]), (&json!(1), &json!("")), "{tried}");
    }
    let servers = scene.home.json(&["server", "list"]).succeeded().values();
    assert!(servers.iter().any(|server| server["name"] == "notes"), "the agent removed the server");
    assert!(scene.home.audit().iter().any(|entry| entry.to_string().contains("control")), "it is not in the log");
}

#[test]
fn a_loosened_policy_written_into_our_files_is_only_a_proposal() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    std::fs::create_dir_all(scene.home.policies()).expect("a folder");
    let loose = "@id(\"anything-goes\") @title(\"Anything\") @why(\"Because.\")\n\
        permit (principal, action in Action::\"any_tool\", resource);\n";
    std::fs::write(scene.home.policies().join("loose.cedar"), loose).expect("written");
    let mut client = scene.client();
    client.begin("send_mail", mail());
    watch.question("send_mail");
    assert!(scene.server.executed().is_empty());
    // Also after a restart.
    let mut scene = scene;
    scene.broker.stop();
    scene.broker = Broker::start(&scene.home);
    scene.server.add(&scene.home);
    scene.server.trust(&scene.home);
    let mut watch = scene.watch();
    let mut client = scene.client();
    client.begin("send_mail", mail());
    watch.question("send_mail");
    assert!(scene.server.executed().is_empty());
}

#[test]
fn a_policy_that_only_tightens_is_in_force_at_once() {
    let scene = Scene::new();
    std::fs::create_dir_all(scene.home.policies()).expect("a folder");
    std::fs::write(scene.home.policies().join("tight.cedar"), TIGHT).expect("written");
    let person = scene.person(|_| Say::Yes);
    let until = std::time::Instant::now() + DEADLINE;
    let mut client = scene.client();
    let before = loop {
        let reply = client.call("send_mail", mail());
        if !went_well(&reply) {
            break scene.server.executions("send_mail");
        }
        assert!(std::time::Instant::now() < until, "the policy is not in force");
        std::thread::sleep(Duration::from_millis(100));
    };
    let asked = person.seen().len();
    let said = refusal(&client.call("send_mail", mail()));
    assert!(said.contains("No mail") || said.contains("Not from here"), "{said:?} does not say why");
    assert_eq!((scene.server.executions("send_mail"), person.seen().len()), (before, asked), "forbidden means unasked");
    assert!(went_well(&client.call("echo", json!({"text": "reads go on"}))));
}

const TIGHT: &str = "@id(\"no-mail\") @title(\"No mail\") @why(\"Not from here.\")\n\
    forbid (principal, action in Action::\"send\", resource);\n";

/// A scene in which mail is forbidden by a file that was accepted.
fn mail_forbidden(home: Home) -> Scene {
    let scene = Scene::within(home, &[]);
    std::fs::create_dir_all(scene.home.policies()).expect("a folder");
    std::fs::write(scene.home.policies().join("tight.cedar"), TIGHT).expect("written");
    let _person = scene.person(|_| Say::No);
    let until = std::time::Instant::now() + DEADLINE;
    let mut client = scene.client();
    // Not the mail of the tests: what was rejected once is rejected again unasked.
    let other = json!({"to": "b@example.org", "subject": "before", "body": "b"});
    while !refusal(&client.call("send_mail", other.clone())).contains("No mail") {
        assert!(std::time::Instant::now() < until, "the policy is not in force");
        std::thread::sleep(Duration::from_millis(100));
    }
    scene
}

#[test]
fn a_policy_that_is_taken_away_stays_in_force_until_a_yes() {
    let scene = mail_forbidden(Home::new());
    let mut watch = scene.watch();
    std::fs::remove_file(scene.home.policies().join("tight.cedar")).expect("removed");
    let question = watch.wait_for(|event| event["event"] == "pending" && event["kind"] == "policy");
    assert!(question["difference"].to_string().contains("no-mail"), "{}", question["difference"]);
    let mut client = scene.client();
    refusal(&client.call("send_mail", mail()));
    assert!(scene.server.executed().is_empty());
    scene.approve(&question).succeeded();
    let _person = scene.person(|_| Say::Yes);
    let until = std::time::Instant::now() + DEADLINE;
    while !went_well(&client.call("send_mail", mail())) {
        assert!(std::time::Instant::now() < until, "the policy is still in force after the yes");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_policy_taken_away_while_nobody_looked_stays_in_force_too() {
    let mut home = Home::new();
    let Some(_keyring) = Keyring::start(&mut home) else { return };
    let mut scene = mail_forbidden(home);
    scene.broker.stop();
    std::fs::remove_file(scene.home.policies().join("tight.cedar")).expect("removed");
    scene.broker = Broker::start(&scene.home);
    let person = scene.person(|question| if question["kind"] == "call" { Say::Yes } else { Say::Nothing });
    refusal(&scene.client().call("send_mail", mail()));
    assert!(scene.server.executed().is_empty());
    assert!(!person.seen().iter().any(|question| question["kind"] == "call"), "{:?}", person.seen());
}

#[test]
fn a_new_server_written_into_our_files_never_runs_without_a_yes() {
    let mut scene = Scene::new();
    let new = Fixture::new(&scene.home, "sneaked-in");
    scene.broker.stop();
    let text = std::fs::read_to_string(scene.home.servers_json()).expect("servers.json");
    let mut servers: Value = serde_json::from_str(&text).expect("JSON");
    servers["mcpServers"]["sneaked-in"] = json!({"command": new.words()[0], "args": new.words()[1..], "trusted": true});
    std::fs::write(scene.home.servers_json(), servers.to_string()).expect("written");
    scene.broker = Broker::start(&scene.home);
    let mut client = McpClient::open(&scene.home, "sneaked-in");
    client.shake_hands("2025-06-18");
    assert!(client.tools().is_empty());
    refusal(&client.call("echo", json!({"text": "hello"})));
    assert!(new.pids().is_empty(), "a command nobody approved was run");
}

#[test]
fn a_variable_that_makes_a_program_run_other_code_is_shown_with_its_value() {
    let mut scene = Scene::new();
    let new = Fixture::new(&scene.home, "sneaked-in");
    scene.broker.stop();
    let text = std::fs::read_to_string(scene.home.servers_json()).expect("servers.json");
    let mut servers: Value = serde_json::from_str(&text).expect("JSON");
    let env = json!({"NODE_OPTIONS": "--require=/tmp/x.js", "MAIL_TOKEN": "hunter2hunter2"});
    servers["mcpServers"]["sneaked-in"] = json!({"command": new.words()[0], "args": new.words()[1..], "env": env});
    std::fs::write(scene.home.servers_json(), servers.to_string()).expect("written");
    scene.broker = Broker::start(&scene.home);
    let mut client = McpClient::open(&scene.home, "sneaked-in");
    client.shake_hands("2025-06-18");
    let question = until("the question about it", || {
        scene
            .home
            .waiting()
            .into_iter()
            .find(|question| question["kind"] == "run" && question["server"] == "sneaked-in")
    });
    let given =
        [json!({"name": "MAIL_TOKEN", "value": null}), json!({"name": "NODE_OPTIONS", "value": "--require=/tmp/x.js"})];
    assert_eq!(question["run"]["env"], json!(given), "{question}");
    let finding = &question["findings"][0];
    assert_eq!((&finding["class"], &finding["severity"]), (&json!("runs_other_code"), &json!("danger")));
    let shown = scene.home.run(&["approvals", "show", question["id"].as_str().expect("id")]).succeeded().stdout;
    assert!(shown.contains("NODE_OPTIONS=--require=/tmp/x.js") && shown.contains("NODE_OPTIONS` can make"), "{shown}");
    assert!(shown.contains("MAIL_TOKEN (value hidden)") && !shown.contains("hunter2"), "{shown}");
    assert!(new.pids().is_empty());
}
