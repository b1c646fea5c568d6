//! Questions and answers: what is asked, what the person says, and what comes of it.

use e2e::client::{refusal, text, went_well};
use e2e::{Home, McpClient, Say, Scene};
use serde_json::{Value, json};

fn mail(to: &str) -> Value {
    json!({"to": to, "subject": "Minutes", "body": "See below."})
}

#[test]
fn reads_run_unattended_and_the_rest_asks() {
    let scene = Scene::new();
    let person = scene.person(|_| Say::No);
    let mut client = scene.client();
    assert!(went_well(&client.call("echo", json!({"text": "hello"}))));
    assert!(went_well(&client.call("slow", json!({"ms": 1}))));
    assert!(person.seen().is_empty(), "a read asked: {:?}", person.seen());
    for (tool, arguments, level, effect) in [
        ("write_note", json!({"path": scene.note("a"), "text": "t"}), "approve", "write"),
        ("send_mail", mail("ann@example.org"), "approve", "send"),
        ("delete_note", json!({"path": scene.note("a")}), "approve", "delete"),
        ("pay", json!({"account": "DE02 1203 0000 0000 2020 51", "amount": 12.5}), "step_up", "pay"),
    ] {
        refusal(&client.call(tool, arguments));
        let question = person.seen().pop().expect("a question");
        assert_eq!((question["tool"].as_str(), question["level"].as_str()), (Some(tool), Some(level)));
        assert!(question["effects"].as_array().is_some_and(|all| all.contains(&json!(effect))), "{question}");
        assert!(!question["reasons"].as_array().expect("reasons").is_empty(), "{question}");
    }
    assert_eq!(person.seen().len(), 4);
    assert_eq!(scene.server.executed().len(), 2, "only the reads ran");
}

#[test]
fn a_yes_runs_exactly_what_was_shown_and_once() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    let mut client = scene.client();
    let path = scene.note("note.txt");
    let id = client.begin("write_note", json!({"path": path, "text": "bought milk"}));
    let question = watch.question("write_note");
    assert_eq!(question["arguments"], json!({"path": path, "text": "bought milk"}));
    assert!(!std::path::Path::new(&path).exists(), "it ran before the answer");
    assert!(!client.has_reply(&id));
    scene.approve(&question).succeeded();
    assert_eq!(text(&client.reply(&id).value), "written");
    assert_eq!(watch.end_of(&question), "approved");
    assert_eq!(std::fs::read_to_string(&path).expect("the note"), "bought milk\n");
    assert_eq!(scene.server.executed().len(), 1);
}

#[test]
fn the_highest_level_can_be_given_from_the_command_line() {
    let scene = Scene::new();
    let _person = scene.person(|question| if question["level"] == "step_up" { Say::Yes } else { Say::No });
    let reply = scene.client().call("pay", json!({"account": "NL91 ABNA 0417 1643 00", "amount": 3}));
    assert_eq!(text(&reply), "paid 3 to NL91 ABNA 0417 1643 00");
}

#[test]
fn a_no_is_a_result_that_a_model_understands() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    let mut client = scene.client();
    let id = client.begin("send_mail", mail("ann@example.org"));
    let question = watch.question("send_mail");
    let id_word = question["id"].as_str().expect("an id");
    scene.home.run(&["approvals", "reject", id_word, "--reason", "Ann left the company"]).succeeded();
    let reply = client.reply(&id).value;
    assert_eq!(reply["result"]["isError"], true, "a refusal is a result, so that the model reads it: {reply}");
    let said = refusal(&reply);
    assert!(said.to_lowercase().contains("denied") && said.contains("do not retry"), "{said:?}");
    assert!(said.contains("Ann left the company"), "{said:?}");
    assert_eq!(watch.end_of(&question), "rejected");
    assert!(scene.server.executed().is_empty());
    scene.approve(&question).refused();
    assert!(scene.server.executed().is_empty());
}

#[test]
fn a_question_nobody_answers_is_a_no() {
    let scene = Scene::within(Home::new().with_env("CONSENTRY_QUESTION_SECONDS", "1"), &[]);
    let mut watch = scene.watch();
    let mut client = scene.client();
    let id = client.begin("send_mail", mail("ann@example.org"));
    let question = watch.question("send_mail");
    assert_eq!(watch.end_of(&question), "expired");
    let reply = client.reply(&id).value;
    assert_eq!(reply["result"]["isError"], true, "{reply}");
    refusal(&reply);
    assert!(scene.server.executed().is_empty());
}

#[test]
fn the_lines_of_the_watch_say_what_they_are_documented_to_say() {
    let scene = Scene::new();
    let mut early = scene.watch();
    let mut client = McpClient::open_with(&scene.home, &["notes", "--client", "my label"]);
    client.shake_hands("2025-06-18");
    client.begin("send_mail", mail("ann@example.org"));
    let question = early.question("send_mail");
    for (field, is) in [
        ("event", Value::is_string as fn(&Value) -> bool),
        ("kind", Value::is_string),
        ("id", Value::is_string),
        ("digest", Value::is_string),
        ("level", Value::is_string),
        ("client", Value::is_object),
        ("server", Value::is_string),
        ("tool", Value::is_string),
        ("arguments", Value::is_object),
        ("reasons", Value::is_array),
        ("findings", Value::is_array),
        ("provenance", Value::is_array),
        ("effects", Value::is_array),
        ("destinations", Value::is_array),
        ("expires_at", Value::is_i64),
    ] {
        assert!(is(&question[field]), "{field}: {}", question[field]);
    }
    assert_eq!((&question["kind"], &question["server"]), (&json!("call"), &json!("notes")));
    assert_eq!(question["digest"].as_str().map(str::len), Some(64));
    let reason = &question["reasons"][0];
    assert!(["policy", "title", "why"].iter().all(|field| reason[field].as_str().is_some_and(|s| !s.is_empty())));
    let destinations = question["destinations"].to_string();
    assert!(destinations.contains("ann@example.org"), "{destinations}");
    assert_eq!(question["client"]["claimed"], "my label", "{}", question["client"]);
    assert!(question["client"]["program"].as_str().is_some_and(|path| path.starts_with('/')), "{}", question["client"]);

    let late = scene.watch().question("send_mail");
    assert_eq!((&late["id"], &late["digest"]), (&question["id"], &question["digest"]), "what is pending comes first");
    let listed = scene.home.waiting();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["id"], question["id"]);
    let shown = scene.home.json(&["approvals", "show", question["id"].as_str().expect("an id")]).succeeded().value();
    assert_eq!(shown["digest"], question["digest"]);
}

#[test]
fn two_clients_are_asked_about_and_answered_apart() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    let (mut one, mut two) = (scene.client(), scene.client());
    let first = one.begin("send_mail", mail("one@example.org"));
    let question_one = watch.question("send_mail");
    let second = two.begin("send_mail", mail("two@example.org"));
    let question_two = watch.question("send_mail");
    assert_ne!(question_one["id"], question_two["id"]);
    scene.approve(&question_two).succeeded();
    assert!(went_well(&two.reply(&second).value));
    assert!(!one.has_reply(&first));
    scene.reject(&question_one).succeeded();
    refusal(&one.reply(&first).value);
    let executed = scene.server.executed();
    assert_eq!(executed.len(), 1);
    assert_eq!(executed[0]["arguments"]["to"], "two@example.org");
}

#[test]
fn a_yes_for_one_client_is_none_for_another() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    let (mut one, mut two) = (scene.client(), scene.client());
    one.begin("send_mail", mail("a@example.org"));
    let first = watch.question("send_mail");
    let id = two.begin("send_mail", mail("a@example.org"));
    let second = watch.question("send_mail");
    assert_ne!(first["id"], second["id"]);
    let (id_two, digest_one) = (second["id"].as_str().expect("an id"), first["digest"].as_str().expect("a digest"));
    if first["digest"] != second["digest"] {
        scene.home.run(&["approvals", "approve", id_two, "--digest", digest_one]).refused();
    }
    scene.approve(&first).succeeded();
    scene.server.wait_until_executed(1);
    assert!(!two.has_reply(&id));
    scene.reject(&second).succeeded();
    refusal(&two.reply(&id).value);
    assert_eq!(scene.server.executed().len(), 1);
}

#[test]
fn the_same_call_twice_at_once_is_two_questions() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    let mut client = scene.client();
    let ids = [client.begin("send_mail", mail("a@example.org")), client.begin("send_mail", mail("a@example.org"))];
    let questions = [watch.question("send_mail"), watch.question("send_mail")];
    assert_ne!(questions[0]["id"], questions[1]["id"]);
    scene.approve(&questions[0]).succeeded();
    scene.reject(&questions[1]).succeeded();
    let well = ids.iter().filter(|id| went_well(&client.reply(id).value)).count();
    assert_eq!((well, scene.server.executed().len()), (1, 1));
}

#[test]
fn a_client_that_leaves_leaves_its_question_behind() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    let mut client = scene.client();
    client.begin("send_mail", mail("ann@example.org"));
    let question = watch.question("send_mail");
    client.vanish();
    // What is still open when a client leaves may be answered for a moment.
    while !scene.home.waiting()[0]["client_waits"]["until"].is_null() {
        std::thread::yield_now();
    }
    scene.approve(&question).succeeded();
    assert!(scene.server.executed().is_empty(), "nobody waits for it");
    let mut back = scene.client();
    let reply = back.call("send_mail", mail("ann@example.org"));
    assert!(went_well(&reply), "the same program asks the same again: {reply}");
    assert_eq!(scene.server.executed().len(), 1);
    assert!(went_well(&scene.client().call("echo", json!({"text": "others go on"}))));
}

#[test]
fn a_client_that_leaves_in_the_middle_of_a_call_disturbs_nobody() {
    let scene = Scene::new();
    let mut other = scene.client();
    let mut client = scene.client();
    client.begin("hold", json!({"name": "left alone"}));
    scene.server.wait_until_executed(1);
    client.vanish();
    assert!(went_well(&other.call("echo", json!({"text": "others go on"}))));
    scene.server.tell(&["release=all"]);
    assert!(went_well(&other.call("echo", json!({"text": "and on"}))));
    let entries = scene.home.audit();
    let intent = entries.iter().find(|entry| entry["kind"] == "intent" && entry["tool"] == "hold").expect("an intent");
    let outcome = || {
        let entries = scene.home.audit();
        entries.into_iter().find(|entry| entry["kind"] == "outcome" && entry["call"] == intent["call"])
    };
    let until = std::time::Instant::now() + e2e::DEADLINE;
    while outcome().is_none() {
        assert!(std::time::Instant::now() < until, "the call has no outcome in the log");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn the_log_tells_the_whole_story_of_a_call() {
    let scene = Scene::new();
    let person = scene.person(|_| Say::Yes);
    assert!(went_well(&scene.client().call("send_mail", mail("ann@example.org"))));
    let entries = scene.home.audit();
    let intent = entries.iter().find(|entry| entry["kind"] == "intent").expect("an intent");
    let story: Vec<&str> = entries
        .iter()
        .filter(|entry| entry["call"] == intent["call"])
        .filter_map(|entry| entry["kind"].as_str())
        .collect();
    assert_eq!(story, ["asked", "answered", "intent", "outcome"]);
    let outcome = entries.iter().rfind(|entry| entry["kind"] == "outcome").expect("an outcome");
    assert_eq!(outcome["result"], "completed");
    let shown: Vec<Value> = entries
        .iter()
        .filter(|entry| entry["call"] == intent["call"])
        .map(|entry| scene.home.json(&["audit", "show", &entry["seq"].to_string()]).succeeded().value())
        .collect();
    let answered: Value = serde_json::from_str(shown[1]["record"].as_str().expect("the exact text")).expect("JSON");
    assert_eq!(answered["answered_by"], "cli", "{answered}");
    let question = &person.seen()[0];
    assert!(shown[0].to_string().contains(question["digest"].as_str().expect("a digest")), "{}", shown[0]);
    let arguments = mail("ann@example.org").to_string();
    assert!(format!("{:?}", shown[2]["bodies"]).contains("ann@example.org"), "{arguments} not in {}", shown[2]);
    let call = intent["call"].as_str().expect("a call");
    let explained = scene.home.run(&["policy", "explain", call]).succeeded().stdout;
    assert!(explained.contains("send"), "{explained}");
    assert_eq!(scene.home.chain_faults(), Vec::<Value>::new());
}

#[test]
fn refused_calls_are_in_the_log_too() {
    let scene = Scene::new();
    let _person = scene.person(|_| Say::No);
    refusal(&scene.client().call("send_mail", mail("ann@example.org")));
    let entries = scene.home.audit();
    let asked = entries.iter().find(|entry| entry["kind"] == "asked").expect("asked");
    let of_call: Vec<&Value> = entries.iter().filter(|entry| entry["call"] == asked["call"]).collect();
    assert!(of_call.iter().any(|entry| entry["result"] == "rejected"), "{of_call:?}");
    assert!(!of_call.iter().any(|entry| entry["kind"] == "intent"), "{of_call:?}");
}

#[test]
fn calls_that_reach_for_consentry_itself_are_denied_unasked() {
    let scene = Scene::new();
    let person = scene.person(|_| Say::Yes);
    let mut client = scene.client();
    for path in [
        scene.home.servers_json(),
        scene.home.database(),
        scene.home.socket(),
        scene.home.path().join("config/policies/x.cedar"),
        scene.home.work().join("../home/config/servers.json"),
        scene.home.path().join("config/./servers.json"),
        scene.home.path().join("config//servers.json"),
        format!("file://{}", scene.home.servers_json().display()).into(),
    ] {
        let path = path.to_string_lossy().into_owned();
        refusal(&client.call("write_note", json!({"path": path, "text": "{}"})));
    }
    assert!(person.seen().is_empty(), "{:?}", person.seen());
    assert!(scene.server.executed().is_empty());
}

#[test]
fn arguments_the_schema_does_not_allow_never_run_unattended() {
    let scene = Scene::new();
    let person = scene.person(|_| Say::No);
    let mut client = scene.client();
    for (tool, arguments) in [
        ("send_mail", json!({"to": "a@example.org"})),
        ("send_mail", json!({"to": ["a@example.org"], "subject": "s", "body": "b"})),
        ("pay", json!({"account": "x", "amount": "12"})),
        ("echo", json!({})),
        ("slow", json!({"ms": "soon"})),
    ] {
        let before = person.seen().len();
        refusal(&client.call(tool, arguments));
        for question in &person.seen()[before..] {
            assert!(question["findings"].to_string().contains("schema"), "not on the card: {question}");
        }
    }
    assert!(scene.server.executed().is_empty());
}

#[test]
fn an_argument_the_tool_does_not_declare_asks() {
    let scene = Scene::new();
    let person = scene.person(|_| Say::No);
    refusal(&scene.client().call("echo", json!({"text": "hello", "smuggled": "x"})));
    let question = person.seen().pop().expect("a question");
    assert!(question["findings"].to_string().contains("smuggled"), "{}", question["findings"]);
    assert!(scene.server.executed().is_empty());
}

#[test]
fn a_tool_nobody_pinned_is_refused() {
    let scene = Scene::new();
    let person = scene.person(|_| Say::Yes);
    let mut client = scene.client();
    for tool in ["late_guest", "ECHO", "echo ", "", "écho"] {
        refusal(&client.call(tool, json!({"text": "hello"})));
    }
    assert!(person.seen().is_empty());
    assert!(scene.server.executed().is_empty());
}
