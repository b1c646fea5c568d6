//! Choosing a preset: a decision, sealed, on record, and loosened only where decisions are taken.

use e2e::client::refusal;
use e2e::database::Database;
use e2e::{Broker, Home, Keyring, Say, Scene};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The preset that is in force.
fn in_force(home: &Home) -> String {
    let presets = home.json(&["policy", "preset"]).succeeded().values();
    let found = presets.iter().find(|preset| preset["in_force"] == true).expect("one is in force");
    found["name"].as_str().expect("a name").to_owned()
}

/// A home with a keychain, and a broker without a preset on its command line.
fn lasting(args: &[&str]) -> Option<(Keyring, Home, Broker)> {
    let mut home = Home::new();
    let keyring = Keyring::start(&mut home)?;
    let broker = Broker::start_with(&home, args);
    Some((keyring, home, broker))
}

const CLI: &[&str] = &["--decisions", "cli"];

/// Stops the broker, changes the database, starts it again.
fn forge(home: &Home, broker: &mut Broker, sql: &str) {
    broker.stop();
    assert!(Database::open(&home.database()).execute(sql) > 0, "{sql}");
    *broker = Broker::start_with(home, CLI);
}

#[test]
fn what_was_chosen_holds_at_once_and_after_a_restart() {
    let Some((_keyring, home, mut broker)) = lasting(CLI) else { return };
    assert_eq!(in_force(&home), "balanced");
    home.run(&["policy", "preset", "cautious"]).succeeded();
    assert_eq!(in_force(&home), "cautious");
    broker.stop();
    broker = Broker::start_with(&home, CLI);
    assert_eq!(in_force(&home), "cautious");
    home.run(&["policy", "preset", "balanced"]).succeeded();
    assert_eq!(in_force(&home), "balanced");
    let decided: Vec<Value> = home.audit().into_iter().filter(|entry| entry["kind"] == "decided").collect();
    assert_eq!(decided.len(), 2, "each choice is on record");
    let said = decided[1]["summary"].as_str().unwrap_or_default();
    assert!(said.contains("balanced was put in force, in place of cautious"), "{said}");
    home.run(&["policy", "preset", "reckless"]).refused();
    drop(broker);
}

#[test]
fn the_rules_of_the_chosen_preset_are_those_that_ask() {
    let scene = Scene::new();
    let person = scene.person(|_| Say::No);
    let asked_by = |policy: &str| {
        // Each call another one: what was just rejected is not asked about again.
        let mail = json!({"to": "ann@example.org", "subject": policy, "body": "b"});
        refusal(&scene.client().call("send_mail", mail));
        let question = person.seen().pop().expect("a question");
        assert_eq!(question["reasons"][0]["policy"], policy);
    };
    asked_by("send-needs-person");
    scene.home.run(&["policy", "preset", "balanced"]).succeeded();
    asked_by("balanced-new-destination");
    let rules = scene.home.json(&["policy", "list"]).succeeded().values();
    let rule = rules.iter().find(|rule| rule["id"] == "balanced-new-destination").expect("listed");
    assert_eq!((rule["layer"].as_str(), rule["demand"].as_str()), (Some("preset"), Some("approve")));
    let text = rule["text"].as_str().unwrap_or_default();
    assert!(text.contains("context.call.new_destination"), "{text}");
}

#[test]
fn the_control_socket_can_tighten_and_not_loosen() {
    let Some((_keyring, home, mut broker)) = lasting(&[]) else { return };
    assert_eq!(in_force(&home), "balanced");
    home.run(&["policy", "preset", "cautious"]).succeeded();
    let refused = home.run(&["policy", "preset", "balanced"]).refused();
    assert!(refused.stderr.contains("window"), "{}", refused.stderr);
    assert_eq!(in_force(&home), "cautious");
    broker.stop();
    broker = Broker::start_with(&home, &[]);
    assert_eq!(in_force(&home), "cautious", "what was tightened stays");
    drop(broker);
}

#[test]
fn a_preset_on_the_command_line_is_not_kept_and_hides_no_stricter_choice() {
    let Some((_keyring, home, mut broker)) = lasting(&[]) else { return };
    home.run(&["policy", "preset", "cautious"]).succeeded();
    broker.stop();
    broker = Broker::start_with(&home, &["--preset", "balanced"]);
    assert_eq!(in_force(&home), "balanced");
    // The same again would be no change of what is in force, and must not replace the stricter choice that is kept.
    home.run(&["policy", "preset", "balanced"]).succeeded();
    broker.stop();
    broker = Broker::start_with(&home, &[]);
    assert_eq!(in_force(&home), "cautious");
    drop(broker);
}

#[test]
fn a_forged_choice_is_void_and_the_stricter_preset_holds() {
    for sql in [
        "update decision set value = 'balanced' where kind = 'preset'",
        "update decision set decided_at = decided_at + 1 where kind = 'preset'",
        "update decision set mac = zeroblob(32) where kind = 'preset'",
    ] {
        let Some((_keyring, home, mut broker)) = lasting(CLI) else { return };
        home.run(&["policy", "preset", "cautious"]).succeeded();
        forge(&home, &mut broker, sql);
        assert_eq!(in_force(&home), "cautious", "{sql}");
        let void: Vec<Value> = home.audit().into_iter().filter(|entry| entry["kind"] == "void").collect();
        assert!(!void.is_empty(), "not reported: {sql}");
        assert_eq!(home.chain_faults(), Vec::<Value>::new());
    }
}

#[test]
fn a_choice_that_was_deleted_is_missed() {
    let Some((_keyring, home, mut broker)) = lasting(CLI) else { return };
    home.run(&["policy", "preset", "cautious"]).succeeded();
    forge(&home, &mut broker, "delete from decision where kind = 'preset'");
    assert_eq!(in_force(&home), "cautious");
    forge(&home, &mut broker, "delete from decision");
    assert_eq!(in_force(&home), "cautious", "an empty table is not the one that was sealed");
}

#[test]
fn an_older_choice_does_not_come_back() {
    let Some((_keyring, home, mut broker)) = lasting(CLI) else { return };
    home.run(&["policy", "preset", "cautious"]).succeeded();
    home.run(&["policy", "preset", "balanced"]).succeeded();
    broker.stop();
    let rows = Database::open(&home.database()).query("select kind, name, value, decided_at, hex(mac) from decision");
    broker = Broker::start_with(&home, CLI);
    home.run(&["policy", "preset", "cautious"]).succeeded();
    broker.stop();
    let mut database = Database::open(&home.database());
    database.execute("delete from decision");
    for row in rows {
        let [kind, name, value, at, mac] = row.as_slice() else { panic!("five columns") };
        database.execute(&format!("insert into decision values ('{kind}', '{name}', '{value}', {at}, x'{mac}')"));
    }
    drop(database);
    broker = Broker::start_with(&home, CLI);
    assert_eq!(in_force(&home), "cautious");
    drop(broker);
}

#[test]
fn a_mistake_in_a_policy_file_is_shown_with_file_line_and_rule() {
    let scene = Scene::new();
    let path = scene.home.policies().join("mine.cedar");
    let text = "@id(\"night\")\n@title(\"At night\")\n@why(\"So.\")\npermit (principal, action in Action::\"read\", resource);\n";
    std::fs::write(&path, text).expect("written");
    let until = Instant::now() + e2e::DEADLINE;
    let said = loop {
        let said = scene.home.run(&["policy", "list"]);
        if said.code != 0 {
            break said.stdout;
        }
        assert!(Instant::now() < until, "the mistake is not shown: {}", said.stdout);
        std::thread::sleep(Duration::from_millis(100));
    };
    assert!(said.contains("mine.cedar, line 1: policy night:") && said.contains("last good version"), "{said}");
}
