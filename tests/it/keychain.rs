//! The key that vouches for what was accepted: in the keychain, or in memory where there is none.

use e2e::client::{refusal, went_well};
use e2e::{Broker, Fixture, Home, Keyring, McpClient, Scene};
use serde_json::json;

fn doctor(home: &Home) -> String {
    let ran = home.run(&["doctor"]);
    format!("{}{}", ran.stdout, ran.stderr)
}

#[test]
fn without_a_keychain_trust_lasts_for_this_run_and_doctor_says_so() {
    let mut scene = Scene::new();
    assert!(went_well(&scene.client().call("echo", json!({"text": "hello"}))));
    let said = doctor(&scene.home);
    assert!(said.to_lowercase().contains("keychain") && said.contains("this run only"), "{said}");
    scene.broker.stop();
    scene.broker = Broker::start(&scene.home);
    let mut client = McpClient::open(&scene.home, "notes");
    client.shake_hands("2025-06-18");
    assert!(client.tools().is_empty());
    refusal(&client.call("echo", json!({"text": "hello"})));
    assert_eq!(scene.server.executions("echo"), 1);
}

#[test]
fn with_a_keychain_trust_survives_a_restart() {
    let mut home = Home::new();
    let Some(_keyring) = Keyring::start(&mut home) else { return };
    let mut scene = Scene::within(home, &[]);
    let said = doctor(&scene.home);
    assert!(!said.contains("this run only"), "{said}");
    for _ in 0..2 {
        scene.broker.stop();
        scene.broker = Broker::start(&scene.home);
        let mut client = scene.client();
        assert_eq!(client.tools().len(), 8);
        assert!(went_well(&client.call("echo", json!({"text": "hello"}))));
    }
    scene.broker.kill();
    scene.broker = Broker::start(&scene.home);
    assert!(went_well(&scene.client().call("echo", json!({"text": "after a kill, too"}))));
}

#[test]
fn homes_do_not_share_their_keys() {
    let mut one = Home::new();
    let Some(keyring) = Keyring::start(&mut one) else { return };
    let mut scene = Scene::within(one, &[]);
    scene.broker.stop();
    // The same files in another home, with the same keychain: nothing of it is accepted there.
    let other = Home::new().with_env("DBUS_SESSION_BUS_ADDRESS", keyring.address());
    for part in ["config", "data"] {
        std::fs::create_dir_all(other.path().join(part)).expect("a folder");
    }
    for file in ["config/servers.json", "data/consentry.db", "data/consentry.db-wal"] {
        let _ = std::fs::copy(scene.home.path().join(file), other.path().join(file));
    }
    let _broker = Broker::start(&other);
    let mut client = McpClient::open(&other, "notes");
    client.shake_hands("2025-06-18");
    assert!(client.tools().is_empty(), "trust was carried over with a file");
    refusal(&client.call("echo", json!({"text": "hello"})));
    assert!(scene.server.executed().is_empty());
}

#[test]
fn a_keychain_that_goes_away_does_not_stop_a_running_broker() {
    let mut home = Home::new();
    let Some(keyring) = Keyring::start(&mut home) else { return };
    let scene = Scene::within(home, &[]);
    drop(keyring);
    assert!(went_well(&scene.client().call("echo", json!({"text": "hello"}))));
    // What can't be sealed is not decided; what was, holds.
    let other = Fixture::new(&scene.home, "other");
    let words = other.words();
    let mut add = vec!["server", "add", "other", "--"];
    add.extend(words.iter().map(String::as_str));
    let added = scene.home.run(&add);
    if added.code != 0 {
        assert!(added.refused().stderr.contains("keychain"));
        assert!(!std::fs::read_to_string(scene.home.servers_json()).expect("servers.json").contains("other"));
    }
    assert!(went_well(&scene.client().call("echo", json!({"text": "still"}))));
}
