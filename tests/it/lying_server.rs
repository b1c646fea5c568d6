//! Servers that lie, stall, shout and die: nothing hangs, nothing else stops, and what is wrong is said.

use e2e::client::{refusal, text, went_well};
use e2e::{Broker, Fixture, Home, McpClient, Scene};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long a server may keep `server trust` waiting.
const TRUST_LIMIT: Duration = Duration::from_secs(35);

/// The call was answered well, and there was one answer.
fn answers_once(how: &str) {
    let scene = Scene::new();
    let mut client = scene.client();
    let id = client.begin("probe", json!({"how": how}));
    let reply = client.reply(&id);
    assert_eq!(text(&reply.value), "good", "{how}: {}", reply.raw);
    // What follows the answer has arrived once another call is answered.
    assert!(went_well(&client.call("echo", json!({"text": "next"}))));
    let others = client.settle();
    let stray: Vec<_> = others.iter().filter(|message| message.value.get("method").is_none()).collect();
    assert!(stray.is_empty(), "{how}: a second answer {stray:?}");
    assert!(!format!("{others:?}").contains("forged"), "{how}: {others:?}");
}

/// The call was answered with an error that names the server, others go on, the log has the outcome.
fn fails_clearly(how: &str) {
    let scene = Scene::new();
    let mut other = scene.client();
    let mut client = scene.client();
    let reply = client.call("probe", json!({"how": how}));
    let said = refusal(&reply);
    assert!(said.contains("notes"), "{how}: {said:?} does not name the server");
    assert_eq!(text(&other.call("echo", json!({"text": "others go on"}))), "others go on");
    assert_eq!(text(&scene.client().call("echo", json!({"text": "and new ones"}))), "and new ones");
    let entries = scene.home.audit();
    let intent = entries.iter().find(|entry| entry["kind"] == "intent" && entry["tool"] == "probe").expect("an intent");
    let outcome = entries.iter().find(|entry| entry["kind"] == "outcome" && entry["call"] == intent["call"]);
    let result = outcome.unwrap_or_else(|| panic!("{how}: no outcome in the log"))["result"].clone();
    assert!(result == "unknown" || result == "failed", "{how}: the log calls it {result}");
    assert_eq!(scene.home.chain_faults(), Vec::<Value>::new());
}

macro_rules! each {
    ($check:ident: $($name:ident = $how:literal),* $(,)?) => { $( #[test] fn $name() { $check($how); } )* };
}

each! { answers_once:
    an_answer_given_twice_is_passed_on_once = "answer_twice",
    an_answer_to_an_id_nobody_asked_is_dropped = "unknown_id",
    logs_on_stdout_are_not_the_answer = "stdout_logs",
    lines_that_are_no_json_are_skipped = "not_json",
    lines_that_are_no_messages_are_skipped = "scalar",
    notifications_nobody_knows_do_no_harm = "unknown_notification",
    a_flood_of_progress_drowns_nobody = "flood_progress",
    a_flood_of_logs_drowns_nobody = "flood_logs",
}

each! { fails_clearly:
    a_server_that_dies_in_a_call_is_named = "die",
    half_an_answer_is_none = "truncated",
    ten_thousand_levels_are_refused = "deep",
    duplicate_keys_in_a_result_are_refused = "duplicate_keys",
    two_results_in_one_answer_are_refused = "duplicate_results",
    an_answer_that_is_no_text_is_refused = "invalid_utf8",
    a_result_beside_an_error_is_refused = "result_and_error",
    an_answer_without_a_result_is_refused = "neither",
    an_answer_of_another_json_rpc_is_refused = "other_version",
}

#[test]
fn a_line_of_a_hundred_megabytes_is_refused_and_not_kept() {
    let scene = Scene::new();
    let mut other = scene.client();
    let said = refusal(&scene.client().call("probe", json!({"how": "huge_line"})));
    assert!(said.contains("notes"), "{said:?}");
    assert!(went_well(&other.call("echo", json!({"text": "others go on"}))));
    let peak = scene.broker.peak_memory();
    assert!(peak < 250, "the broker held {peak} MB");
}

#[test]
fn errors_of_a_server_are_passed_on() {
    let scene = Scene::new();
    let mut client = scene.client();
    let reply = client.call("probe", json!({"how": "error"}));
    assert_eq!(reply["error"]["code"], -32000, "{reply}");
    let reply = client.call("probe", json!({"how": "tool_error"}));
    assert_eq!((&reply["result"]["isError"], text(&reply)), (&json!(true), "it broke"));
}

#[test]
fn a_call_that_is_never_answered_holds_up_nobody_and_can_be_taken_back() {
    let scene = Scene::new();
    let mut client = scene.client();
    let id = client.begin("probe", json!({"how": "never"}));
    scene.server.wait_until_executed(1);
    assert!(went_well(&client.call("echo", json!({"text": "others go on"}))));
    client.cancel(&id);
    assert!(went_well(&client.call("echo", json!({"text": "and on"}))));
    client.leave();
    assert!(went_well(&scene.client().call("echo", json!({"text": "a new one"}))));
}

#[test]
fn the_client_of_a_dead_server_is_not_left_in_the_dark() {
    let scene = Scene::new();
    let mut client = scene.client();
    let waits = client.begin("hold", json!({"name": "open when it dies"}));
    scene.server.wait_until_executed(1);
    refusal(&client.call("probe", json!({"how": "die"})));
    refusal(&client.reply(&waits).value);
    // It may be started again or the connection may end, but a call must not hang.
    let id = client.begin("echo", json!({"text": "after"}));
    client.try_reply(&id);
}

#[test]
fn a_server_that_does_not_start_is_reported_with_what_it_said() {
    let home = Home::new();
    let broker = Broker::start(&home);
    let server = Fixture::lying(&home, "broken", &["exit_at_start"]);
    server.add(&home);
    let said = home.run(&["server", "trust", "broken"]).refused().stderr;
    assert!(said.contains("broken"), "{said:?}");
    let shown = home.run(&["server", "show", "broken"]).succeeded().stdout;
    assert!(shown.contains("licence"), "its own words are missing: {shown:?}");
    assert!(!shown.contains('\u{1b}') && !said.contains('\u{1b}'), "raw escapes in {shown:?}");
    drop(broker);
}

#[test]
fn programs_that_are_not_there_or_not_programs_are_reported() {
    let home = Home::new();
    let _broker = Broker::start(&home);
    let text = home.work().join("text");
    std::fs::write(&text, "not a program").expect("a file");
    for (name, program) in [("missing", "/nonexistent/server"), ("no-program", &*text.to_string_lossy())] {
        let added = home.run(&["server", "add", name, "--", program]);
        let said = if added.code == 0 { home.run(&["server", "trust", name]) } else { added };
        assert!(said.clone().refused().stderr.contains(program), "{said:?}");
    }
}

/// `server trust` fails in time, says which server, and leaves no process.
fn cannot_be_trusted(lies: &[&str]) {
    let home = Home::new();
    let _broker = Broker::start(&home);
    let server = Fixture::lying(&home, "stubborn", lies);
    server.add(&home);
    let began = Instant::now();
    let said = home.run(&["server", "trust", "stubborn"]).refused().stderr;
    assert!(began.elapsed() < TRUST_LIMIT, "{lies:?} took {:?}", began.elapsed());
    assert!(said.contains("stubborn"), "{lies:?}: {said:?}");
    assert_eq!(server.leftovers(Duration::from_secs(10)), Vec::<u32>::new(), "{lies:?}");
    let mut client = McpClient::open(&home, "stubborn");
    client.shake_hands("2025-06-18");
    assert!(client.tools().is_empty());
}

#[test]
fn a_server_that_never_greets_is_given_up() {
    cannot_be_trusted(&["never_initialize", "ignore_eof"]);
}

#[test]
fn a_server_that_refuses_the_handshake_is_given_up() {
    cannot_be_trusted(&["refuse_initialize"]);
}

#[test]
fn a_server_that_never_lists_is_given_up() {
    cannot_be_trusted(&["never_list"]);
}

#[test]
fn a_list_without_end_is_given_up() {
    cannot_be_trusted(&["endless_pages"]);
}

#[test]
fn a_server_of_an_unknown_revision_is_given_up() {
    cannot_be_trusted(&["revision=1999-01-01"]);
}

#[test]
fn a_name_that_nobody_could_read_is_not_taken() {
    cannot_be_trusted(&["endless_name"]);
}

#[test]
fn two_tools_of_one_name_cannot_be_told_apart() {
    cannot_be_trusted(&["same_name_twice"]);
}

#[test]
fn a_server_that_shouts_from_the_start_can_still_be_used() {
    let scene = Scene::lying(&["stdout_logs", "stderr_flood", "stderr_hostile"]);
    assert_eq!(text(&scene.client().call("echo", json!({"text": "hello"}))), "hello");
    let peak = scene.broker.peak_memory();
    assert!(peak < 250, "20 MB of stderr cost {peak} MB");
}

#[test]
fn a_server_with_very_many_tools_can_be_used() {
    let scene = Scene::lying(&["many_tools=500"]);
    let mut client = scene.client();
    assert_eq!(client.tools().len(), 508);
    assert!(went_well(&client.call("extra_499", json!({"text": "x"}))));
}

#[test]
fn a_dead_server_leaves_the_broker_and_its_other_servers_alone() {
    let scene = Scene::new();
    let other = Fixture::new(&scene.home, "other");
    other.add(&scene.home);
    other.trust(&scene.home);
    let mut at_other = McpClient::connect(&scene.home, "other");
    let open = at_other.begin("hold", json!({"name": "through it all"}));
    other.wait_until_executed(1);
    for how in ["die", "truncated", "deep"] {
        refusal(&scene.client().call("probe", json!({"how": how})));
    }
    other.tell(&["release=all"]);
    assert!(went_well(&at_other.reply(&open).value));
}
