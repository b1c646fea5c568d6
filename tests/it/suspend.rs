//! A client or a server that is suspended, by a person or by a rule: what is on its way is cancelled, what asks is
//! rejected, and no call runs.

use e2e::client::{error, refusal, went_well};
use e2e::{Broker, Home, Scene};
use serde_json::json;

/// A home with this rule of the person's own.
fn ruled(rule: &str) -> Home {
    let home = Home::new();
    std::fs::create_dir_all(home.policies()).expect("the folder");
    std::fs::write(home.policies().join("mine.cedar"), rule).expect("a policy");
    home
}

#[test]
fn a_suspended_client_runs_nothing_from_that_moment_on() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    let mut client = scene.client();
    assert!(went_well(&client.call("echo", json!({"text": "before"}))));
    let known = scene.home.json(&["client", "known"]).succeeded().values();
    let [program] = known.as_slice() else { panic!("{known:?}") };
    assert_eq!((&program["connected"], &program["suspended"]), (&json!(true), &json!(false)));
    // One call is on its way, one waits for a person.
    let on_its_way = client.begin("hold", json!({"name": "never"}));
    scene.server.wait_until_executed(2);
    let asked = client.begin("write_note", json!({"path": scene.note("a"), "text": "x"}));
    let question = watch.question("write_note");
    scene.home.run(&["client", "suspend", "no-such-program"]).refused();
    scene.home.run(&["client", "suspend", program["program"].as_str().expect("a program")]).succeeded();
    assert!(refusal(&client.reply(&on_its_way).value).contains("unknown"));
    let rejected = refusal(&client.reply(&asked).value);
    assert!(rejected.contains("suspended"), "{rejected}");
    assert!(!scene.home.waits(&question));
    // Nothing of it runs, be it the mildest, and on a new connection neither.
    assert!(!went_well(&client.call("echo", json!({"text": "after"}))));
    let mut again = e2e::McpClient::open(&scene.home, "notes");
    let hello =
        json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}});
    assert!(error(&again.ask("initialize", hello), 4100).contains("did not let this program"));
    assert_eq!(scene.server.executions("echo"), 1);
    assert_eq!(scene.home.json(&["client", "known"]).succeeded().values()[0]["suspended"], true);
    let decided = scene.home.audit().into_iter().rfind(|e| e["kind"] == "decided").expect("a record");
    assert_eq!(decided["result"], "suspend");
}

#[test]
fn a_suspended_server_is_called_by_nobody_until_that_is_lifted() {
    let mut scene = Scene::new();
    let mut watch = scene.watch();
    let mut client = scene.client();
    let on_its_way = client.begin("hold", json!({"name": "never"}));
    scene.server.wait_until_executed(1);
    let asked = client.begin("write_note", json!({"path": scene.note("a"), "text": "x"}));
    let question = watch.question("write_note");
    scene.home.run(&["server", "suspend", "no-such-server"]).refused();
    scene.home.run(&["server", "resume", "notes"]).refused();
    scene.home.run(&["server", "suspend", "notes"]).succeeded();
    assert!(refusal(&client.reply(&on_its_way).value).contains("unknown"));
    assert!(refusal(&client.reply(&asked).value).contains("suspended this server"));
    assert!(!scene.home.waits(&question));
    assert!(refusal(&client.call("echo", json!({"text": "x"}))).contains("is suspended"));
    // It outlives the broker, whatever became of the seal of its row.
    scene.broker.stop();
    scene.broker = Broker::start(&scene.home);
    assert_eq!(scene.home.json(&["server", "show", "notes"]).succeeded().value()["suspended"], "");
    scene.home.run(&["server", "resume", "notes"]).succeeded();
    assert!(scene.home.json(&["server", "show", "notes"]).succeeded().value()["suspended"].is_null());
    assert_eq!(scene.server.executions("echo"), 0);
}

#[test]
fn a_rule_suspends_a_program_that_makes_the_same_call_again_and_again() {
    let rule = r#"@id("loop") @title("In a loop") @why("w") @suspends("client") @after("3 in 10 minutes")
        forbid (principal, action in Action::"any_tool", resource) when { context.call.repeated > 4 };"#;
    let scene = Scene::within(ruled(rule), &[]);
    let mut client = scene.client();
    let same = json!({"text": "again"});
    for _ in 0..4 {
        assert!(went_well(&client.call("echo", same.clone())));
    }
    // Another call is none of the loop, and runs.
    assert!(went_well(&client.call("echo", json!({"text": "another"}))));
    for _ in 0..2 {
        assert!(refusal(&client.call("echo", same.clone())).contains("In a loop"));
    }
    let last = refusal(&client.call("echo", same));
    assert!(last.contains("suspended the client") && last.contains("3 calls within 10 minutes"), "{last}");
    // Nothing else of it runs either.
    assert!(!went_well(&client.call("echo", json!({"text": "yet another"}))));
    assert_eq!(scene.server.executions("echo"), 5);
    assert_eq!(scene.home.json(&["client", "known"]).succeeded().values()[0]["suspended"], true);
    let audit = scene.home.audit();
    let said = audit.iter().find(|e| e["kind"] == "suspended").expect("a record")["summary"].to_string();
    assert!(said.contains("A rule suspended") && said.contains("In a loop"), "{said}");
}

#[test]
fn a_rule_suspends_a_server_before_anybody_is_asked() {
    let rule = r#"@id("no-notes") @title("No notes here") @why("w") @suspends("server")
        forbid (principal, action in Action::"write", resource) unless { context.call.consent.approved };"#;
    let scene = Scene::within(ruled(rule), &[]);
    let mut client = scene.client();
    assert!(went_well(&client.call("echo", json!({"text": "x"}))));
    let refused = refusal(&client.call("write_note", json!({"path": scene.note("a"), "text": "x"})));
    assert!(refused.contains("suspended the server") && refused.contains("No notes here"), "{refused}");
    assert!(refusal(&client.call("echo", json!({"text": "x"}))).contains("is suspended"));
    assert_eq!(scene.server.executions("write_note"), 0);
    let why = scene.home.json(&["server", "show", "notes"]).succeeded().value()["suspended"].to_string();
    assert!(why.contains("a call ran into the rule “No notes here”"), "{why}");
    assert!(!scene.home.audit().iter().any(|e| e["kind"] == "asked"));
    scene.home.run(&["server", "resume", "notes"]).succeeded();
    assert!(went_well(&client.call("echo", json!({"text": "x"}))));
}
