//! The proof that the person is there: before payments in the window, and for decisions on the command line. By the
//! passphrase, and by the real polkit.

use crate::activation::command;
use e2e::client::{refusal, went_well};
use e2e::polkit::Polkit;
use e2e::{Broker, DEADLINE, Fixture, Home, Key, Keyring, McpClient, Ran, Running, Stage};
use serde_json::{Value, json};
use std::io::Write;

const RIGHT: &str = "correct horse";
const IBAN: &str = "DE89370400440532013000";

/// `consentry ARGS… --passphrase-stdin`, with these lines on stdin.
fn proved(home: &Home, args: &[&str], lines: &[&str]) -> Ran {
    let words = [&["--passphrase-stdin"], args].concat();
    let mut running = Running::spawn("consentry", &mut home.consentry(&words));
    let mut stdin = running.stdin();
    for line in lines {
        let _ = writeln!(stdin, "{line}");
    }
    drop(stdin);
    let stdout = e2e::process::Written::read(running.stdout());
    let code = running.wait(DEADLINE).code().unwrap_or(-1);
    Ran { name: args.join(" "), code, stdout: stdout.whole(DEADLINE), stderr: running.stderr.whole(DEADLINE) }
}

/// What the log says of proofs: by what, and what came of it.
fn proofs(home: &Home) -> Vec<(String, String)> {
    let entries = home.audit().into_iter().filter(|entry| entry["kind"] == "proved");
    let word = |record: &Value, name: &str| record[name].as_str().unwrap_or_default().to_owned();
    entries.map(|entry| record(home, &entry)).map(|record| (word(&record, "means"), word(&record, "result"))).collect()
}

/// The record of an entry.
fn record(home: &Home, entry: &Value) -> Value {
    let detail = home.json(&["audit", "show", &entry["seq"].to_string()]).succeeded().value();
    serde_json::from_str(detail["record"].as_str().expect("text")).expect("JSON")
}

#[test]
fn a_payment_in_the_window_takes_the_passphrase_and_nothing_else_will_do() {
    let Some((stage, mut client)) = Stage::ready() else { return };
    // Chosen at the first payment, on the card.
    let asked = client.begin("pay", json!({"account": IBAN, "amount": 40}));
    let question = stage.home.question("call");
    let prompt = stage.read_card(&question);
    stage.pick_value(&prompt, IBAN);
    let closed = "return document.querySelector('button.approve').disabled";
    assert_eq!(prompt.run(closed), true, "without a proof");
    // A script of the page can't do without either: the app asks for the proof itself.
    let yes = |proof: &Value| json!({"id": question["id"], "digest": question["digest"], "act": IBAN, "remember": null, "proof": proof});
    assert_eq!(command(&prompt, "approve", &yes(&Value::Null))["code"], "proof_missing");
    let guess = json!({"means": "passphrase", "passphrase": "guess"});
    assert_eq!(command(&prompt, "approve", &yes(&guess))["code"], "proof_missing", "none was chosen");
    assert_eq!(command(&prompt, "approve", &yes(&json!({"means": "system"})))["code"], "proof_missing", "no polkit");
    stage.type_passphrase(&prompt, RIGHT);
    stage.reach(&prompt, "the whole question", "e.matches('.card-body')");
    stage.display.key(Key::End);
    prompt.wait_until_armed();
    stage.answer(&question, Key::ControlEnter);
    assert!(went_well(&client.reply(&asked).value));
    // The same proof again is worth nothing: that question is over.
    let right = json!({"means": "passphrase", "passphrase": RIGHT});
    assert_eq!(command(&prompt, "approve", &yes(&right))["code"], "gone");
    prompt.close_card();
    prompt.wait_until_gone();
    // From now on it is asked for: a wrong one is refused in words, and the right one counts.
    let asked = client.begin("pay", json!({"account": IBAN, "amount": 41}));
    let question = stage.home.question("call");
    let prompt = stage.read_card(&question);
    stage.pick_value(&prompt, IBAN);
    stage.type_passphrase(&prompt, "wrong horse");
    stage.reach(&prompt, "the whole question", "e.matches('.card-body')");
    stage.display.key(Key::End);
    prompt.wait_until_armed();
    stage.display.key(Key::ControlEnter);
    let refused = "return /not your passphrase/.test(document.querySelector('.decide .fault')?.textContent ?? '')";
    prompt.wait_until("a word about the wrong one", refused);
    assert_eq!(stage.server.executions("pay"), 1);
    assert!(stage.home.waits(&question));
    assert_eq!(prompt.run("return document.querySelector('.proof input').value"), "", "it stays on the screen");
    stage.type_passphrase(&prompt, RIGHT);
    prompt.wait_until_armed();
    stage.answer(&question, Key::ControlEnter);
    assert!(went_well(&client.reply(&asked).value));
    assert_eq!(stage.server.executions("pay"), 2);
    let answered = stage.home.audit().into_iter().rfind(|e| e["kind"] == "answered").expect("an answer");
    assert_eq!(record(&stage.home, &answered)["proved"], "passphrase");
    assert_eq!(proofs(&stage.home).into_iter().filter(|(_, result)| result == "proved").count(), 2);
    // It stands nowhere.
    let found = Ran::of("grep", stage.home.command("grep").args(["-rlaF", RIGHT]).arg(stage.home.path()), DEADLINE);
    assert_eq!(found.stdout, "", "the passphrase is on disk");
}

#[test]
fn decisions_on_the_command_line_take_the_passphrase() {
    let mut home = Home::new();
    let Some(_keyring) = Keyring::start(&mut home) else { return };
    let server = Fixture::new(&home, "notes");
    let mut broker = Broker::start(&home);
    assert!(proved(&home, &["passphrase", "set"], &["short"]).refused().stderr.contains("at least 8"));
    proved(&home, &["passphrase", "set"], &[RIGHT]).succeeded();
    server.add(&home);
    server.trust(&home);
    broker.stop();
    // A broker as it is started by everybody.
    let mut broker = Broker::start_with(&home, &["--preset", "cautious"]);
    let said = home.run(&["server", "trust", "notes"]).refused().stderr;
    assert!(said.contains("passphrase"), "{said}");
    proved(&home, &["server", "trust", "notes"], &["wrong"]).refused();
    proved(&home, &["server", "trust", "notes"], &[RIGHT]).succeeded();
    let mut client = McpClient::let_in(&home, "notes", |question| {
        let (id, digest) = (question["id"].as_str().expect("an id"), question["digest"].as_str().expect("a digest"));
        proved(&home, &["approvals", "approve", id, "--digest", digest], &[RIGHT]).succeeded();
    });
    let asked = client.begin("pay", json!({"account": IBAN, "amount": 40}));
    let question = home.question("call");
    let (id, digest) = (question["id"].as_str().expect("an id"), question["digest"].as_str().expect("a digest"));
    let approve = ["approvals", "approve", id, "--digest", digest];
    home.run(&approve).refused();
    // Whoever has no proof changes nothing of the card either.
    let changed = [&approve[..], &["--set", "/amount=4000"]].concat();
    proved(&home, &changed, &["wrong"]).refused();
    assert_eq!(home.waiting()[0]["digest"], question["digest"], "the card is what it was");
    let other = "0".repeat(64);
    proved(&home, &["approvals", "approve", id, "--digest", &other], &[RIGHT]).refused();
    assert!(server.executed().is_empty());
    proved(&home, &approve, &[RIGHT]).succeeded();
    assert!(went_well(&client.reply(&asked).value));
    let late = proved(&home, &approve, &[RIGHT]).refused().stderr;
    assert!(late.contains("ended"), "{late}");
    assert_eq!(server.executions("pay"), 1);
    // Guessing is slow, and a restart does not begin anew.
    for _ in 0..3 {
        proved(&home, &["stop", "--lift"], &["guess"]).refused();
    }
    let wait = proved(&home, &["stop", "--lift"], &[RIGHT]).refused().stderr;
    assert!(wait.contains("Too many wrong passphrases"), "{wait}");
    client.leave();
    broker.stop();
    let _broker = Broker::start_with(&home, &[]);
    let wait = proved(&home, &["stop", "--lift"], &[RIGHT]).refused().stderr;
    assert!(wait.contains("Too many wrong passphrases"), "{wait}");
    // Without one that is known, none is chosen either.
    proved(&home, &["passphrase", "set"], &["guess", "another horse"]).refused();
}

#[test]
fn polkit_asks_the_person_and_only_its_yes_counts() {
    let mut home = Home::new();
    let Some(polkit) = Polkit::start(&mut home) else { return };
    home.set_env("CONSENTRY_PROOF_SECONDS", "4");
    let mut broker = polkit.command(&home, "consentry", &["broker", "--preset", "cautious"]);
    let broker = Running::spawn("the broker", &mut broker);
    broker.stderr.wait_for("the broker is ready", DEADLINE);
    let lifting = ["stop", "--lift"];
    let stopped = Ran::of("stop", &mut polkit.command(&home, "consentry", &["stop"]), DEADLINE);
    stopped.succeeded();
    let is_stopped = || {
        let doctor = Ran::of("doctor", &mut polkit.command(&home, "consentry", &["--json", "doctor"]), DEADLINE);
        doctor.value()["stopped"] == true
    };
    // Cancelled, a wrong password, nobody there in time: no proof, and a sentence about each.
    for (how, why) in [("cancel", "not convinced"), ("", "in time")] {
        let (mut running, mut agent) = polkit.on_terminal(&home, &lifting);
        let stdout = e2e::process::Written::read(running.stdout());
        let dialog = agent.asked();
        assert_eq!(dialog.action, "app.consentry.confirm-command");
        assert!(dialog.message.contains("entered that command yourself"), "{}", dialog.message);
        if how.is_empty() {
            assert_eq!(agent.asked().action, "cancelled", "the dialog goes when it is too late");
        } else {
            agent.answer(how);
        }
        let code = running.wait(DEADLINE).code();
        let said = stdout.whole(DEADLINE);
        assert_eq!(code, Some(1), "{how}: {said}");
        assert!(said.contains(why) || said.contains("closed"), "{how}: {said}");
        assert!(is_stopped(), "{how} lifted it");
    }
    polkit.confirmed(&home, &lifting);
    assert!(!is_stopped());
    // It was for that one decision: the next is asked for anew.
    Ran::of("stop", &mut polkit.command(&home, "consentry", &["stop"]), DEADLINE).succeeded();
    let (mut running, mut agent) = polkit.on_terminal(&home, &lifting);
    assert_eq!(agent.asked().action, "app.consentry.confirm-command");
    agent.answer("wrong");
    assert_eq!(running.wait(DEADLINE).code(), Some(1));
    // Who asks in vain again and again waits, and no dialog comes.
    for _ in 0..2 {
        let (mut running, mut agent) = polkit.on_terminal(&home, &lifting);
        agent.asked();
        agent.answer("cancel");
        running.wait(DEADLINE);
    }
    let (mut running, _agent) = polkit.on_terminal(&home, &lifting);
    let stdout = e2e::process::Written::read(running.stdout());
    assert_eq!(running.wait(DEADLINE).code(), Some(1));
    assert!(stdout.whole(DEADLINE).contains("in vain too often"));
}

fn words(words: &[String; 5]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

#[test]
fn a_payment_is_made_with_polkits_proof_and_not_twice() {
    let mut home = Home::new();
    let Some(polkit) = Polkit::start(&mut home) else { return };
    let server = Fixture::new(&home, "notes");
    polkit.give_away_anew(&home);
    let mut broker = polkit.command(&home, "consentry", &["broker", "--preset", "cautious"]);
    let broker = Running::spawn("the broker", &mut broker);
    broker.stderr.wait_for("the broker is ready", DEADLINE);
    let command: Vec<String> = server.words();
    let program = polkit.bin().join("fixture").to_string_lossy().into_owned();
    let mut add = vec!["server", "add", "notes", "--", program.as_str()];
    add.extend(command[1..].iter().map(String::as_str));
    polkit.confirmed(&home, &add);
    polkit.confirmed(&home, &["server", "trust", "notes"]);
    let waiting = || {
        let list = &mut polkit.command(&home, "consentry", &["--json", "approvals", "list"]);
        Ran::of("approvals list", list, DEADLINE).succeeded().values()
    };
    let question = |kind: &str| e2e::process::until(kind, || waiting().into_iter().find(|asked| asked["kind"] == kind));
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let approve = |question: &Value| {
        let (id, digest) = (text(&question["id"]), text(&question["digest"]));
        ["approvals".to_owned(), "approve".into(), id, "--digest".into(), digest]
    };
    let mut client = McpClient::over(&mut polkit.client(&home, "notes"));
    let hello =
        json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}});
    let shaking = client.request("initialize", hello);
    polkit.confirmed(&home, &words(&approve(&question("client"))));
    client.reply(&shaking);
    client.notify("notifications/initialized", Value::Null);
    // Until it was let in it saw no tools.
    while client.tools().is_empty() {
        client.notification("notifications/tools/list_changed");
    }
    let asked = client.begin("pay", json!({"account": IBAN, "amount": 40}));
    let payment = approve(&question("call"));
    assert_eq!(question("call")["level"], "step_up");
    polkit.confirmed(&home, &words(&payment));
    assert!(went_well(&client.reply(&asked).value));
    let (mut again, _agent) = polkit.on_terminal(&home, &words(&payment));
    assert_eq!(again.wait(DEADLINE).code(), Some(1), "a yes is used once");
    let asked = client.begin("pay", json!({"account": IBAN, "amount": 41}));
    let second = question("call");
    let (mut running, mut agent) = polkit.on_terminal(&home, &words(&approve(&second)));
    let dialog = agent.asked();
    let reject =
        &mut polkit.command(&home, "consentry", &["approvals", "reject", second["id"].as_str().expect("an id")]);
    Ran::of("approvals reject", reject, DEADLINE).succeeded();
    assert_eq!(agent.asked().action, "cancelled", "the dialog goes with its question");
    drop(dialog);
    assert_eq!(running.wait(DEADLINE).code(), Some(1));
    refusal(&client.reply(&asked).value);
    assert_eq!(server.executions("pay"), 1);
}

#[test]
fn on_a_terminal_it_is_asked_for_and_not_shown() {
    let mut home = Home::new();
    let Some(_keyring) = Keyring::start(&mut home) else { return };
    let mut broker = Broker::start(&home);
    proved(&home, &["passphrase", "set"], &[RIGHT]).succeeded();
    broker.stop();
    let _broker = Broker::start_with(&home, &[]);
    home.run(&["stop"]).succeeded();
    let line = format!("{} stop --lift", e2e::binary("consentry").display());
    let mut terminal = Running::spawn("script", home.command("script").args(["-qefc", &line, "/dev/null"]));
    let (mut stdin, stdout) = (terminal.stdin(), e2e::process::Written::read(terminal.stdout()));
    stdout.wait_for("passphrase", DEADLINE);
    writeln!(stdin, "{RIGHT}").expect("a terminal");
    assert_eq!(terminal.wait(DEADLINE).code(), Some(0), "{}", stdout.text());
    assert!(!stdout.text().contains(RIGHT), "{}", stdout.text());
    let mut client = McpClient::open(&home, "nobody");
    refusal_or_error(&mut client);
}

/// Calls run again: what is refused is refused for another reason than the stop.
fn refusal_or_error(client: &mut McpClient) {
    client.shake_hands("2025-06-18");
    let said = refusal(&client.call("echo", json!({"text": "x"})));
    assert!(!said.contains("stopped"), "{said}");
}
