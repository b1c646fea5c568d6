//! A client that is suspended: what it has on its way is cancelled, what it asks is rejected, and no call of it runs.

use e2e::Scene;
use e2e::client::{error, refusal, went_well};
use serde_json::json;

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
