//! The decisions that the main window's pages hold, and a flood, by the keyboard alone. What a key did is read from the
//! broker, the files and the log, not from the screen.

use e2e::client::{refusal, went_well};
use e2e::window::Page;
use e2e::{Fixture, Key, McpClient, Stage};
use serde_json::{Value, json};
use std::fs;

/// Goes to a page of the main window, and waits until this of it is there.
fn page<'a>(stage: &'a Stage, name: &str, shown: &str) -> Page<'a> {
    let main = stage.main();
    stage.press(&main, name);
    main.wait_until(&format!("the page {name}"), &format!("return document.querySelector({}) !== null", json!(shown)));
    main
}

/// Reaches a field and types into it.
fn fill(stage: &Stage, page: &Page<'_>, name: &str, text: &str) {
    stage.reach(page, name, &format!("e.name === {}", json!(name)));
    stage.display.write(text);
    let typed = format!("return document.activeElement.value === {}", json!(text));
    page.wait_until(&format!("{name} to hold what was typed"), &typed);
}

/// The records of this kind, oldest first, whole.
fn records(stage: &Stage, kind: &str) -> Vec<Value> {
    let entries = stage.home.audit().into_iter().filter(|entry| entry["kind"] == kind);
    let record = |entry: Value| {
        let shown = stage.home.json(&["audit", "show", &entry["seq"].to_string()]).succeeded().value();
        serde_json::from_str(shown["record"].as_str().expect("a record")).expect("a record is JSON")
    };
    entries.map(record).collect()
}

/// What was decided of this, and by whom.
fn decided(stage: &Stage, what: &str) -> Vec<Value> {
    let of = |record: &Value| record["decision"] == what;
    records(stage, "decided").into_iter().filter(of).map(|record| record["answered_by"].clone()).collect()
}

fn servers(stage: &Stage) -> Vec<(String, String)> {
    let word = |server: &Value, name: &str| server[name].as_str().unwrap_or_default().to_owned();
    let listed = stage.home.json(&["server", "list"]).succeeded().values();
    listed.iter().map(|server| (word(server, "name"), word(server, "trust"))).collect()
}

fn trust(stage: &Stage, name: &str) -> Option<String> {
    servers(stage).into_iter().find(|(known, _)| known == name).map(|(_, trust)| trust)
}

fn mail(subject: &str) -> Value {
    json!({"to": "ann@example.org", "subject": subject, "body": "See below."})
}

/// Puts the card on the prompt away and opens the question in the inbox.
fn from_inbox<'a>(stage: &'a Stage, question: &Value) -> Page<'a> {
    let prompt = stage.read_card(question);
    stage.display.key(Key::Escape);
    prompt.wait_until_gone();
    let main = page(stage, "Inbox", ".list button.item");
    stage.reach(&main, "the question in the list", "e.matches('.list button.item:not(.done)')");
    stage.display.key(Key::Enter);
    let shown = "return document.querySelector('[data-approval]')?.dataset.approval === ID";
    main.wait_until("the card", &shown.replace("ID", &question["id"].to_string()));
    main.wait_until_armed();
    main
}

#[test]
fn a_server_is_added_reviewed_and_used() {
    let Some((stage, _client)) = Stage::ready() else { return };
    let files = Fixture::new(&stage.home, "files");
    let words = files.words();
    let ran = decided(&stage, "run").len();
    let main = page(&stage, "Servers", "table");
    stage.press(&main, "Add server");
    main.wait_until("the form", "return document.querySelector('form') !== null");
    fill(&stage, &main, "name", "files");
    fill(&stage, &main, "command", &words.join(" "));
    stage.press(&main, "Add this server");
    stage.wait_until("the server to be known", |_| trust(&stage, "files").is_some());
    // What was typed is what runs, nothing more was asked for it, and nothing of it is trusted.
    let kept: Value =
        serde_json::from_str(&fs::read_to_string(stage.home.servers_json()).expect("there")).expect("JSON");
    let entry = &kept["mcpServers"]["files"];
    assert_eq!((&entry["command"], &entry["args"]), (&json!(words[0]), &json!(words[1..])));
    assert_eq!(decided(&stage, "run")[ran..], [json!("window")], "the command is a decision on record");
    assert_eq!(stage.home.waiting(), Vec::<Value>::new());
    assert_eq!(trust(&stage, "files").as_deref(), Some("untrusted"));
    assert!(files.pids().is_empty(), "it ran before anybody asked for it");
    // Its tools are asked about once they are looked at.
    main.wait_until("the server's page", "return /Review tools/.test(document.body.innerText)");
    stage.press(&main, "Review tools");
    let question = stage.home.question("trust");
    assert_eq!(question["server"], "files");
    stage.approve_by_key(&question);
    stage.wait_until("the server to be trusted", |_| trust(&stage, "files").as_deref() == Some("trusted"));
    assert_eq!(decided(&stage, "trust").last(), Some(&json!("window")));
    // The program was let in before, and not for one server.
    let mut client = McpClient::open_under(&stage.home, "files");
    client.shake_hands("2025-06-18");
    assert!(went_well(&client.call("echo", json!({"text": "hello"}))));
    assert_eq!((files.executions("echo"), stage.server.executions("echo")), (1, 0));
}

#[test]
fn a_clients_entry_is_protected_and_put_back() {
    let Some((stage, _client)) = Stage::ready() else { return };
    let program = Fixture::new(&stage.home, "mail").words()[0].clone();
    let file = stage.home.work().join(".cursor/mcp.json");
    let before = "{\r\n\t\"theme\" : \"dark\",\r\n\t\"mcpServers\": {\r\n\t\t\"mail\" : { \"timeout\": 1.50, \"command\": \"@\",\r\n\
                  \t\t  \"args\": [\"--log\", \"l\"],  \"env\": { \"TOKEN\": \"hunter2-never-shown\" } }}}\r\n"
        .replace('@', &program);
    fs::create_dir_all(file.parent().expect("a folder")).expect("made");
    fs::write(&file, &before).expect("written");
    let now = || fs::read_to_string(&file).expect("the client's file");
    let main = page(&stage, "Clients", ".list button.item");
    // Opens the entry, asks for the change, reads the difference, and says yes to it.
    let change = |verb: &str, done: &str| {
        stage.reach(&main, "the entry", "e.matches('.list button.item') && e.textContent.includes('mail')");
        stage.display.key(Key::Enter);
        let offered = format!("e.matches('.detail button') && e.textContent === {}", json!(format!("{verb}…")));
        stage.reach(&main, verb, &offered);
        stage.display.key(Key::Enter);
        main.wait_until("the difference", "return document.querySelector('.change .difference') !== null");
        let shown = main.run("return document.querySelector('.detail').innerText");
        let shown = shown.as_str().expect("text").to_owned();
        let at_first = now();
        stage.press(&main, &format!("{verb} 1 server"));
        main.wait_until(done, &format!("return document.body.innerText.includes({})", json!(done)));
        assert_ne!(now(), at_first, "{verb} changed nothing");
        stage.press(&main, "Back to the list");
        shown
    };
    let shown = change("Protect", "1 server guarded from now on.");
    assert!(shown.contains("connect") && shown.contains(&program), "{shown}");
    assert!(!shown.contains("hunter2"), "a secret is shown: {shown}");
    let guarded: Value = serde_json::from_str(&now()).expect("JSON");
    assert_eq!(guarded["mcpServers"]["mail"]["args"], json!(["connect", "mail", "--client", "cursor"]));
    assert_eq!((&guarded["theme"], &guarded["mcpServers"]["mail"]["timeout"]), (&json!("dark"), &json!(1.5)));
    assert!(!now().contains("hunter2"), "the secret still lies open");
    assert_eq!(trust(&stage, "mail").as_deref(), Some("untrusted"), "guarded is not trusted");
    assert_eq!(decided(&stage, "protect"), [json!("window")]);
    let shown = change("Unprotect", "1 server put back as before.");
    assert!(!shown.contains("hunter2"), "a secret is shown: {shown}");
    assert_eq!(now(), before, "not the bytes that were there");
    assert_eq!(trust(&stage, "mail"), None);
    assert_eq!(decided(&stage, "unprotect"), [json!("window")]);
}

#[test]
fn a_domain_becomes_ones_own_and_is_given_up() {
    let Some((stage, mut client)) = Stage::ready() else { return };
    let own = || stage.home.json(&["domain", "list"]).succeeded().value()["own"].clone();
    // What the card of a mail says of its recipient, to the broker and on the screen.
    let mut said = |subject: &str| {
        let asked = client.begin("send_mail", mail(subject));
        let question = stage.home.question("call");
        let marks = question["values"][0]["marks"].as_array().cloned().unwrap_or_default();
        let party = marks.into_iter().find(|mark| mark["mark"] == "party").expect("a recipient");
        let prompt = stage.read_card(&question);
        let words = prompt.run("return document.querySelector('.values').innerText");
        stage.reach(&prompt, "Reject", "e.matches('button.reject')");
        stage.answer(&question, Key::Enter);
        refusal(&client.reply(&asked).value);
        prompt.close_card();
        prompt.wait_until_gone();
        (party["inside"].clone(), words.as_str().expect("text").contains("Inside your domains"))
    };
    assert_eq!(said("before"), (Value::Null, false));
    let main = page(&stage, "Settings", "[name='own-domains']");
    fill(&stage, &main, "own-domains", "example.org");
    stage.press(&main, "Save domains");
    stage.wait_until("the domain to be one's own", |_| own() == json!(["example.org"]));
    assert_eq!(said("while it is mine"), (json!(true), true));
    let main = page(&stage, "Settings", "[name='own-domains']");
    stage.reach(&main, "the field", "e.name === 'own-domains'");
    stage.display.key(Key::End);
    stage.display.keys(&[Key::Backspace; "example.org".len()]);
    stage.press(&main, "Save domains");
    stage.wait_until("the domain to be given up", |_| own() == json!([]));
    assert_eq!(said("after"), (Value::Null, false));
    assert_eq!(decided(&stage, "own_domains"), [json!("window"), json!("window")]);
    assert!(stage.server.executed().is_empty());
}

#[test]
fn a_policy_file_that_loosens_is_rejected_and_approved() {
    let Some((stage, mut client)) = Stage::ready() else { return };
    let rule = "@id(\"no-echo\") @title(\"No echo\") @why(\"Not today.\")\n\
                forbid (principal, action == notes::Action::\"echo\", resource);\n";
    let file = stage.home.policies().join("mine.cedar");
    let holds = |home: &e2e::Home| {
        let rules = home.json(&["policy", "list"]).succeeded().values();
        rules.iter().any(|rule| rule["id"] == "no-echo")
    };
    fs::create_dir_all(stage.home.policies()).expect("a folder");
    fs::write(&file, rule).expect("written");
    // What only forbids more is in force at once.
    stage.wait_until("the rule to be in force", holds);
    refusal(&client.call("echo", json!({"text": "forbidden"})));
    // What lets more run is a question: a no keeps the rule.
    fs::write(&file, "// nothing is forbidden\n").expect("written");
    let question = stage.home.question("policy");
    assert!(question["difference"].to_string().contains("no-echo"), "{question}");
    let main = from_inbox(&stage, &question);
    let difference = "return document.querySelector('[data-approval] .difference')?.innerText ?? ''";
    let shown = main.run(difference).as_str().expect("text").to_owned();
    assert!(shown.contains("-") && shown.contains("no-echo"), "{shown}");
    stage.reach(&main, "the card's Reject", "e.matches('[data-approval] button.reject')");
    stage.answer(&question, Key::Enter);
    assert!(holds(&stage.home));
    refusal(&client.call("echo", json!({"text": "still forbidden"})));
    // Another change is another question, and a yes takes the rule away.
    fs::write(&file, "// nothing at all is forbidden\n").expect("written");
    let question = stage.home.question("policy");
    let main = from_inbox(&stage, &question);
    stage.reach(&main, "the card's Reject", "e.matches('[data-approval] button.reject')");
    stage.answer(&question, Key::ControlEnter);
    stage.wait_until("the rule to go", |home| !holds(home));
    assert!(went_well(&client.call("echo", json!({"text": "allowed"}))));
    assert_eq!(stage.server.executions("echo"), 1);
    assert_eq!(decided(&stage, "policy"), [Value::Null, json!("window")], "the one that loosened was a person's");
    let answers: Vec<Value> = records(&stage, "answered")
        .into_iter()
        .filter(|record| record["question"] == "policy")
        .map(|record| record["answer"].clone())
        .collect();
    assert_eq!(answers, [json!("rejected"), json!("approved")]);
}

#[test]
fn a_flood_is_rejected_by_one_key() {
    let Some((stage, mut client)) = Stage::ready() else { return };
    let mut asked = vec![client.begin("send_mail", mail("mail 0"))];
    let question = stage.home.question("call");
    let prompt = stage.read_card(&question);
    asked.extend((1..8).map(|n| client.begin("send_mail", mail(&format!("mail {n}")))));
    stage.wait_until("all to be asked", |home| home.waiting().len() == 8);
    // The card that is there stays under the person's hand; put away, it gives way to the flood, not to the next.
    prompt.wait_until("the flood to be known", "return /of 8 waiting/.test(document.body.innerText)");
    stage.display.key(Key::Escape);
    prompt.wait_until("the flood", "return document.querySelector('.flood') !== null");
    assert_eq!(prompt.run("return document.querySelector('button.approve')"), Value::Null, "no yes to a flood");
    stage.reach(&prompt, "Reject all", "e.matches('.flood button.reject')");
    assert_eq!(stage.home.waiting().len(), 8);
    stage.display.key(Key::Enter);
    for id in &asked {
        refusal(&client.reply(id).value);
    }
    assert_eq!(stage.home.waiting(), Vec::<Value>::new());
    assert!(stage.server.executed().is_empty());
    let answered = records(&stage, "answered").into_iter().filter(|record| record["question"] == "call");
    let answers: Vec<_> = answered.map(|record| (record["answer"].clone(), record["answered_by"].clone())).collect();
    assert_eq!(answers, vec![(json!("rejected"), json!("window")); 8]);
    // What is asked afterwards is a question like any other.
    prompt.wait_until_gone();
    let after = client.begin("send_mail", mail("after"));
    stage.approve_by_key(&stage.home.question("call"));
    assert!(went_well(&client.reply(&after).value));
    assert_eq!(stage.server.executions("send_mail"), 1);
}
