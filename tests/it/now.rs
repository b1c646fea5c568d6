//! What is there now, beside what a call would make of it: read by Consentry itself, once, and only where no rule asks.

use e2e::client::{text, went_well};
use e2e::{Broker, Home, McpClient, Scene, Watch, node, skip};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const FILES: &[&str] = &["files"];

fn id(question: &Value) -> &str {
    question["id"].as_str().expect("an id")
}

fn look(home: &Home, question: &Value) -> Value {
    home.json(&["approvals", "now", id(question)]).succeeded().value()
}

/// One of the two texts of a difference without folds: what stays, and what has this sign.
fn side(now: &Value, sign: &str) -> String {
    let lines = now["lines"].as_array().expect("lines");
    assert!(lines.iter().all(|line| line["folded"] == 0), "{now}");
    let of = lines.iter().filter(|line| line["sign"] == "same" || line["sign"] == sign);
    of.map(|line| format!("{}\n", line["text"].as_str().expect("a text"))).collect()
}

/// What the log has of our own reads.
fn own_reads(home: &Home) -> Vec<Value> {
    let entries = home.audit();
    let ours = entries.iter().filter(|entry| entry["kind"] == "intent" && entry["client"] == "Consentry");
    ours.map(|entry| {
        let shown = home.json(&["audit", "show", &entry["seq"].to_string()]).succeeded().value();
        serde_json::from_str(shown["record"].as_str().expect("a record")).expect("JSON")
    })
    .collect()
}

/// Begins a call of `write_file` on a file that holds something.
fn asked(scene: &Scene, watch: &mut Watch, client: &mut McpClient) -> Value {
    let path = scene.note("file");
    std::fs::write(&path, "one\ntwo\n").expect("a file");
    client.begin("write_file", json!({"path": path, "content": "one\nthree\n"}));
    watch.question("write_file")
}

#[test]
fn the_difference_is_the_real_change_of_a_real_server() {
    let home = Home::new();
    let _broker = Broker::start(&home);
    let script = e2e::package_dir().join("node_modules/@modelcontextprotocol/server-filesystem/dist/index.js");
    let Some(node) = node().filter(|_| script.exists()) else { return skip("the real server is not installed") };
    let folder = home.work().to_string_lossy().into_owned();
    let (node, script) = (node.to_string_lossy(), script.to_string_lossy());
    home.run(&["server", "add", "fs", "--", &*node, &*script, folder.as_str()]).succeeded();
    home.run(&["server", "trust", "fs"]).succeeded();
    let mut watch = Watch::start(&home);
    let mut client = McpClient::connect(&home, "fs");
    let (old, new) = (format!("{folder}/old.txt"), format!("{folder}/new.txt"));
    let before = "first\nsecond\nthird\n";
    std::fs::write(&old, before).expect("a file");

    for (tool, arguments) in [
        ("write_file", json!({"path": old, "content": "first\n2nd\nthird\nfourth\n"})),
        ("edit_file", json!({"path": old, "edits": [{"oldText": "second", "newText": "2nd\nhalf"}]})),
    ] {
        std::fs::write(&old, before).expect("a file");
        let call = client.begin(tool, arguments);
        let question = watch.question(tool);
        assert_eq!(question["now"]["tool"], "read_text_file");
        let now = look(&home, &question);
        assert_eq!((&now["held"], side(&now, "gone").as_str()), (&json!("differs"), before), "{tool}");
        let digest = question["digest"].as_str().expect("a digest");
        home.run(&["approvals", "approve", id(&question), "--digest", digest]).succeeded();
        assert!(went_well(&client.reply(&call).value), "{tool}");
        assert_eq!(side(&now, "new"), std::fs::read_to_string(&old).expect("the file"), "{tool}");
        assert_eq!((&now["added"], &now["removed"]), (&json!(2), &json!(1)), "{tool}");
    }

    client.begin("write_file", json!({"path": new, "content": "all new\n"}));
    let question = watch.question("write_file");
    let now = look(&home, &question);
    assert_eq!((&now["held"], &now["added"]), (&json!("new"), &json!(1)), "{now}");

    client.begin("move_file", json!({"source": old, "destination": format!("{folder}/else.txt")}));
    assert_eq!(look(&home, &watch.question("move_file"))["held"], "free");
    client.begin("write_file", json!({"path": "/etc/hostname", "content": "x"}));
    let refused = look(&home, &watch.question("write_file"));
    assert_eq!(refused["held"], "refused", "what the server refuses to read is not new: {refused}");
}

#[test]
fn it_is_read_when_asked_for_once_and_on_record_as_ours() {
    let scene = Scene::lying(FILES);
    let (mut watch, mut client) = (scene.watch(), scene.client());
    let question = asked(&scene, &mut watch, &mut client);
    assert_eq!(question["now"], json!({"tool": "read_file"}));
    assert_eq!(scene.server.executions("read_file"), 0, "nothing is read before somebody asks");
    let first = look(&scene.home, &question);
    assert_eq!((&first["held"], &first["added"], &first["removed"]), (&json!("differs"), &json!(1), &json!(1)));
    std::fs::write(scene.note("file"), "changed since").expect("written");
    assert_eq!(look(&scene.home, &question), first, "a second look is the first");
    assert_eq!(scene.server.executions("read_file"), 1);

    let [read] = own_reads(&scene.home).try_into().expect("one read of ours");
    assert_eq!((&read["initiator"], &read["for_question"]), (&json!("consentry"), &question["id"]));
    assert_eq!(
        (&read["tool"], &read["consent"], &read["effects"]),
        (&json!("read_file"), &json!("none"), &json!(["read"]))
    );
    let entries = scene.home.audit();
    let outcome = entries.iter().find(|e| e["call"] == read["call"] && e["kind"] == "outcome").expect("an outcome");
    assert_eq!(outcome["result"], "completed");
    let listed = scene.home.run(&["audit", "list"]).succeeded().stdout;
    assert!(listed.contains("Consentry itself calls read_file on notes"), "{listed}");
    assert_eq!(scene.home.chain_faults(), Vec::<Value>::new());

    let shown = scene.home.run(&["approvals", "show", id(&question)]).succeeded().stdout;
    assert!(shown.contains("consentry approvals now"), "{shown}");
    scene.reject(&question).succeeded();
    scene.home.run(&["approvals", "now", id(&question)]).refused();
}

fn rule(scene: &Scene) {
    std::fs::create_dir_all(scene.home.policies()).expect("a folder");
    let text = "@id(\"reads\") @title(\"Reading\") @why(\"Ask me.\")\n\
                forbid (principal, action in Action::\"read\", resource) unless { context.call.consent.approved };\n";
    std::fs::write(scene.home.policies().join("reads.cedar"), text).expect("a policy");
    let until = Instant::now() + e2e::DEADLINE;
    while !scene.home.json(&["policy", "list"]).stdout.contains("\"reads\"") {
        assert!(Instant::now() < until, "the rule is not in force");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn nothing_is_read_where_a_rule_asks_for_reads() {
    let scene = Scene::lying(FILES);
    let (mut watch, mut client) = (scene.watch(), scene.client());
    let before = asked(&scene, &mut watch, &mut client);
    assert_eq!(before["now"]["tool"], "read_file");
    rule(&scene);
    let said = scene.home.run(&["approvals", "now", id(&before)]).refused().stderr;
    assert!(said.contains("A rule asks"), "it is judged again when it is made: {said}");
    client.begin("write_file", json!({"path": scene.note("file"), "content": "other"}));
    let after = watch.question("write_file");
    assert_eq!(after["now"], Value::Null);
    scene.home.run(&["approvals", "now", id(&after)]).refused();
    assert_eq!(scene.server.executions("read_file"), 0);
    assert_eq!(own_reads(&scene.home), Vec::<Value>::new());
}

#[test]
fn nothing_is_read_with_a_tool_that_can_do_more() {
    let scene = Scene::lying(&["files", "says_of_reading=Deletes the file when it was read."]);
    let (mut watch, mut client) = (scene.watch(), scene.client());
    let question = asked(&scene, &mut watch, &mut client);
    assert_eq!(question["now"], Value::Null);
    scene.home.run(&["approvals", "now", id(&question)]).refused();
    let scene = Scene::lying(FILES);
    let (mut watch, mut client) = (scene.watch(), scene.client());
    scene.home.run(&["server", "effects", "notes", "read_file=read,send"]).succeeded();
    assert_eq!(asked(&scene, &mut watch, &mut client)["now"], Value::Null, "the person's word on effects counts");
    assert_eq!(scene.server.executions("read_file"), 0);
}

#[test]
fn nothing_is_read_while_it_is_quiet() {
    let scene = Scene::lying(FILES);
    let (mut watch, mut client) = (scene.watch(), scene.client());
    let question = asked(&scene, &mut watch, &mut client);
    scene.home.run(&["pause", "5"]).succeeded();
    scene.home.run(&["approvals", "now", id(&question)]).refused();
    scene.home.run(&["pause", "0"]).succeeded();
    assert_eq!(scene.server.executions("read_file"), 0);
    assert_eq!(look(&scene.home, &question)["held"], "differs");
}

#[test]
fn a_flood_reads_nothing() {
    let scene = Scene::lying(FILES);
    let (mut watch, mut client) = (scene.watch(), scene.client());
    let mut last = Value::Null;
    for n in 0..8 {
        client.begin("write_file", json!({"path": scene.note("file"), "content": n.to_string()}));
        last = watch.question("write_file");
    }
    scene.home.run(&["approvals", "now", id(&last)]).refused();
    assert_eq!(scene.server.executions("read_file"), 0);
}

#[test]
fn a_server_that_stalls_or_lies_harms_nothing() {
    for (lie, held) in [
        ("never", "failed"),
        ("late", "failed"),
        ("huge", "failed"),
        ("large", "failed"),
        ("hostile", "differs"),
        ("refuses", "refused"),
    ] {
        let scene = Scene::lying(FILES);
        scene.server.tell(&["files", &format!("read={lie}")]);
        let (mut watch, mut client) = (scene.watch(), scene.client());
        let question = asked(&scene, &mut watch, &mut client);
        let begun = Instant::now();
        let now = look(&scene.home, &question);
        assert!(begun.elapsed() < Duration::from_secs(10), "{lie}: it took {:?}", begun.elapsed());
        assert_eq!(now["held"], held, "{lie}: {now}");
        assert_eq!(now["why"] == "", held != "failed", "{lie}: {now}");
        let told = scene.home.run(&["approvals", "now", id(&question)]).succeeded().stdout;
        assert!(!told.contains(['\u{1b}', '\u{202e}']), "{lie}: {told:?}");
        assert!(!told.lines().any(|line| line.starts_with("Approved")), "{lie}: {told}");
        // The call itself, and what comes after it, are none the worse.
        scene.approve(&question).succeeded();
        assert_eq!(text(&client.wait_for(|m| m.get("result").is_some()).value), "written", "{lie}");
        assert_eq!(text(&client.call("echo", json!({"text": "and on"}))), "and on", "{lie}");
        assert!(scene.broker.peak_memory() < 250, "{lie}: the broker held {} MB", scene.broker.peak_memory());
        assert_eq!(scene.home.chain_faults(), Vec::<Value>::new());
    }
}

#[test]
fn the_client_that_left_can_not_be_read_for() {
    let scene = Scene::lying(FILES);
    let (mut watch, mut client) = (scene.watch(), scene.client());
    let question = asked(&scene, &mut watch, &mut client);
    client.leave();
    // Whether its server is gone already or just going, nothing is read.
    let ran = scene.home.json(&["approvals", "now", id(&question)]);
    assert!(ran.code == 1 || ran.value()["held"] == "failed", "{ran:?}");
    assert_eq!(scene.server.executions("read_file"), 0);
    // Another client of the same program asks for itself.
    let mut other = scene.client();
    assert!(went_well(&other.call("echo", json!({"text": "goes on"}))));
}
