//! Rows written into the database by another program of the same user: void, reported, and nothing runs.

use e2e::client::{refusal, went_well};
use e2e::database::Database;
use e2e::{Broker, Home, Keyring, McpClient, Scene};
use serde_json::{Value, json};

/// A scene whose decisions survive a restart, and the keychain they rest on.
fn lasting() -> Option<(Keyring, Scene)> {
    let mut home = Home::new();
    let keyring = Keyring::start(&mut home)?;
    Some((keyring, Scene::within(home, &[])))
}

/// Stops the broker, changes the database, starts it again.
fn forge(scene: &mut Scene, change: impl FnOnce(&mut Database)) {
    scene.broker.stop();
    change(&mut Database::open(&scene.home.database()));
    scene.broker = Broker::start(&scene.home);
}

/// Nothing of the server can be used, and the log says which row is void.
fn is_void(scene: &Scene, server: &str) {
    let mut client = McpClient::open(&scene.home, server);
    client.shake_hands("2025-06-18");
    assert!(client.tools().is_empty(), "a forged row lists tools");
    refusal(&client.call("echo", json!({"text": "hello"})));
    assert!(scene.server.executed().is_empty());
    assert_eq!(scene.home.chain_faults(), Vec::<Value>::new());
    let entries = scene.home.audit();
    let void: Vec<&Value> = entries.iter().filter(|entry| entry["kind"] == "void").collect();
    assert!(void.iter().any(|entry| entry.to_string().contains(server)), "not reported: {void:?}");
}

#[test]
fn a_pin_with_another_text_is_void() {
    let Some((_keyring, mut scene)) = lasting() else { return };
    // The pin is made to fit what the server has become.
    scene.server.tell(&["echo=Another text."]);
    forge(&mut scene, |database| {
        let changed = database.execute(
            "update decision set value = replace(value, 'Gives back the text.', 'Another text.') where kind = 'pin'",
        );
        assert_eq!(changed, 1);
        assert!(!database.query("select 1 from decision where value like '%Another text.%'").is_empty());
    });
    is_void(&scene, "notes");
}

#[test]
fn a_command_that_was_changed_is_void() {
    let Some((_keyring, mut scene)) = lasting() else { return };
    forge(&mut scene, |database| {
        assert_eq!(
            database.execute("update decision set value = replace(value, 'seen', 'send') where kind = 'server'"),
            1
        );
    });
    is_void(&scene, "notes");
}

#[test]
fn another_time_another_kind_and_another_name_are_void() {
    for change in [
        "update decision set decided_at = decided_at + 1",
        "update decision set mac = zeroblob(32)",
        "update decision set mac = x''",
        "update decision set mac = (select mac from decision d where d.kind = 'server') where kind = 'pin'",
    ] {
        let Some((_keyring, mut scene)) = lasting() else { return };
        forge(&mut scene, |database| assert!(database.execute(change) > 0, "{change}"));
        is_void(&scene, "notes");
    }
}

#[test]
fn a_row_copied_to_another_server_is_void() {
    let Some((_keyring, mut scene)) = lasting() else { return };
    let text = std::fs::read_to_string(scene.home.servers_json()).expect("servers.json");
    let mut servers: Value = serde_json::from_str(&text).expect("JSON");
    servers["mcpServers"]["other"] = servers["mcpServers"]["notes"].clone();
    std::fs::write(scene.home.servers_json(), servers.to_string()).expect("written");
    forge(&mut scene, |database| {
        let copied = database.execute(
            "insert into decision (kind, name, value, decided_at, mac) \
             select kind, 'other', value, decided_at, mac from decision where name = 'notes'",
        );
        assert_eq!(copied, 2);
    });
    is_void(&scene, "other");
    let mut client = McpClient::connect(&scene.home, "notes");
    assert!(went_well(&client.call("echo", json!({"text": "the true row holds"}))));
}

#[test]
fn a_row_that_was_taken_back_does_not_count_again() {
    let Some((_keyring, mut scene)) = lasting() else { return };
    scene.broker.stop();
    let rows = |database: &mut Database| {
        database.query("select kind, name, value, decided_at, hex(mac) from decision order by kind")
    };
    let before = rows(&mut Database::open(&scene.home.database()));
    let file = std::fs::read(scene.home.servers_json()).expect("servers.json");
    scene.broker = Broker::start(&scene.home);
    scene.home.run(&["server", "remove", "notes"]).succeeded();
    std::fs::write(scene.home.servers_json(), file).expect("written back");
    forge(&mut scene, |database| {
        for row in &before {
            let value = row[2].replace('\'', "''");
            database.execute(&format!(
                "insert or replace into decision values ('{}', '{}', '{value}', {}, x'{}')",
                row[0], row[1], row[3], row[4]
            ));
        }
        assert_eq!(rows(database), before);
    });
    let mut client = McpClient::open(&scene.home, "notes");
    client.shake_hands("2025-06-18");
    assert!(client.tools().is_empty(), "a decision that was taken back counts again");
    refusal(&client.call("echo", json!({"text": "hello"})));
    assert!(scene.server.executed().is_empty());
}

#[test]
fn a_client_let_in_by_a_forged_row_is_still_asked_about() {
    let Some((_keyring, mut scene)) = lasting() else { return };
    scene.broker.stop();
    let mut database = Database::open(&scene.home.database());
    database.execute(
        "insert into decision values ('client', 'python3', '{}', 1, zeroblob(32)), \
         ('client', '0000000000000000000000000000000000000000000000000000000000000000', '{}', 1, x'00')",
    );
    drop(database);
    scene.broker = Broker::start_with(&scene.home, &["--preset", "cautious"]);
    let mut watch = scene.watch();
    let mut client = McpClient::open_under(&scene.home, "notes");
    client.shake_hands("2025-06-18");
    let question = watch.wait_for(|event| event["event"] == "pending");
    assert_eq!(question["kind"], "client");
    assert!(client.tools().is_empty());
    refusal(&client.call("echo", json!({"text": "hello"})));
    assert!(scene.server.executed().is_empty());
}

#[test]
fn rows_written_while_the_broker_runs_change_nothing() {
    let scene = Scene::untrusted(Home::new(), &[]);
    let mut database = Database::open(&scene.home.database());
    database.execute(
        "insert or replace into decision values ('pin', 'notes', '{\"tools\":[],\"instructions\":null}', 1, x'00')",
    );
    database.execute("update decision set mac = zeroblob(32)");
    let mut client = McpClient::open(&scene.home, "notes");
    client.shake_hands("2025-06-18");
    assert!(client.tools().is_empty());
    refusal(&client.call("echo", json!({"text": "hello"})));
    assert!(scene.server.executed().is_empty());
}

#[test]
fn a_changed_log_does_not_verify() {
    for change in [
        "update entry set record = replace(record, '\"completed\"', '\"failed\"') where record like '%\"outcome\"%'",
        "delete from entry where seq = 2",
        "update entry set hash = zeroblob(32) where seq = 3",
        "update body set bytes = x'7b7d'",
        "insert into body (id, sha256, bytes) values (-1, 'aa', x'7b7d')",
        "update body set id = -id, bytes = x'7b7d' where id = 1",
        "insert into entry select -1, record, hash, null from entry where seq = 1",
        "insert into entry select max(seq) + 1, '{\"kind\":\"answered\",\"answer\":\"approved\"}', zeroblob(32), null from entry",
    ] {
        let mut scene = Scene::new();
        assert!(went_well(&scene.client().call("echo", json!({"text": "hello"}))));
        scene.broker.stop();
        let mut database = Database::open(&scene.home.database());
        assert!(database.execute(change) > 0, "{change}");
        drop(database);
        scene.broker = Broker::start(&scene.home);
        let ran = scene.home.json(&["audit", "verify"]);
        assert_eq!(ran.code, 1, "{change}: {}", ran.stdout);
        assert!(!scene.home.chain_faults().is_empty(), "{change}");
    }
}
