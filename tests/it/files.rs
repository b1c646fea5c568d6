//! Files that are broken, unreadable, too new or full: a clear message with the file's name, and nothing runs unseen.

use e2e::client::{refusal, went_well};
use e2e::database::Database;
use e2e::{Broker, Home, Running, Say, Scene, is_root, skip};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

const CLI: &[&str] = &["--decisions", "cli", "--preset", "cautious"];

/// What `server list` and `doctor` say.
fn reports(home: &Home) -> String {
    let ran = [home.run(&["server", "list"]), home.run(&["doctor"])];
    ran.iter().map(|ran| format!("{}{}", ran.stdout, ran.stderr)).collect()
}

/// Waits until one of them says something about a file or a server.
fn is_reported(home: &Home, name: &str) -> String {
    let until = Instant::now() + e2e::DEADLINE;
    loop {
        let said = reports(home);
        if said.contains(name) {
            return said;
        }
        assert!(Instant::now() < until, "nobody says that {name} is broken: {said}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_broken_servers_json_leaves_the_last_good_one_in_force() {
    for broken in ["{\"mcpServers\": {", "[]", "{\"mcpServers\": []}", "\u{0}\u{0}", "\""] {
        is_broken(broken);
    }
}

#[test]
fn an_emptied_servers_json_is_a_broken_one() {
    is_broken("");
}

fn is_broken(content: &str) {
    let scene = Scene::new();
    let mut client = scene.client();
    let good = std::fs::read_to_string(scene.home.servers_json()).expect("servers.json");
    assert!(!reports(&scene.home).contains("servers.json"), "a good file is reported");
    std::fs::write(scene.home.servers_json(), content).expect("written");
    is_reported(&scene.home, "servers.json");
    assert!(went_well(&client.call("echo", json!({"text": "who was connected goes on"}))), "{content:?}");
    assert!(went_well(&scene.client().call("echo", json!({"text": "who comes, too"}))), "{content:?}");
    std::fs::write(scene.home.servers_json(), good).expect("written");
    assert!(went_well(&scene.client().call("echo", json!({"text": "mended"}))));
}

#[test]
fn a_broken_servers_json_at_the_start_is_named() {
    let home = Home::new();
    std::fs::create_dir_all(home.path().join("config")).expect("a folder");
    std::fs::write(home.servers_json(), "{\"mcpServers\": {\n  \"notes\": oops").expect("written");
    let _broker = Broker::start(&home);
    let said = is_reported(&home, "servers.json");
    assert!(said.contains("line 2"), "the line is missing: {said}");
}

#[test]
fn an_unreadable_servers_json_is_named() {
    let home = Home::new();
    // Root reads everything: a folder in the file's place can't be read by anybody.
    std::fs::create_dir_all(home.servers_json()).expect("a folder");
    let _broker = Broker::start(&home);
    is_reported(&home, "servers.json");
}

#[test]
fn one_broken_entry_does_not_stop_the_others() {
    let scene = Scene::new();
    let text = std::fs::read_to_string(scene.home.servers_json()).expect("servers.json");
    let mut servers: Value = serde_json::from_str(&text).expect("JSON");
    servers["mcpServers"]["no-command"] = json!({"args": ["x"], "future": true});
    std::fs::write(scene.home.servers_json(), servers.to_string()).expect("written");
    is_reported(&scene.home, "no-command");
    assert!(went_well(&scene.client().call("echo", json!({"text": "goes on"}))));
}

#[test]
fn a_broken_policy_is_named_and_opens_nothing() {
    let scene = Scene::new();
    std::fs::create_dir_all(scene.home.policies()).expect("a folder");
    for (name, text) in [
        ("broken.cedar", "permit (principal, action, resource"),
        ("untyped.cedar", "permit (principal, action, resource) when { context.no.such.thing };"),
        ("unknown.cedar", "forbid (principal, action in Action::\"nothing_like_it\", resource);"),
    ] {
        let path = scene.home.policies().join(name);
        std::fs::write(&path, text).expect("written");
        is_reported(&scene.home, name);
        let checked = scene.home.run(&["policy", "check", &path.to_string_lossy()]);
        assert_eq!(checked.code, 1, "{name}: {}", checked.stdout);
        assert!(format!("{}{}", checked.stdout, checked.stderr).contains(name), "{checked:?}");
        still_asks(&scene);
        std::fs::remove_file(path).expect("removed");
    }
}

#[test]
fn a_broken_policy_at_the_start_opens_nothing() {
    let home = Home::new();
    std::fs::create_dir_all(home.policies()).expect("a folder");
    std::fs::write(home.policies().join("broken.cedar"), "permit (").expect("written");
    let scene = Scene::within(home, &[]);
    is_reported(&scene.home, "broken.cedar");
    still_asks(&scene);
}

#[test]
fn a_policy_for_a_server_that_is_not_there_does_no_harm() {
    let scene = Scene::new();
    std::fs::create_dir_all(scene.home.policies()).expect("a folder");
    let text =
        "@id(\"later\") @title(\"t\") @why(\"w\") forbid (principal, action in absent::Action::\"x\", resource);";
    std::fs::write(scene.home.policies().join("later.cedar"), text).expect("written");
    still_asks(&scene);
    assert!(went_well(&scene.client().call("echo", json!({"text": "goes on"}))));
}

/// A write asks, and a no keeps it from running; a read runs.
fn still_asks(scene: &Scene) {
    let before = scene.server.executions("send_mail");
    let person = scene.person(|_| Say::No);
    let mut client = scene.client();
    assert!(went_well(&client.call("echo", json!({"text": "hello"}))));
    // Another call each time: the same one would be rejected unasked.
    let subject = format!("{:?}", std::time::Instant::now());
    refusal(&client.call("send_mail", json!({"to": "a@example.org", "subject": subject, "body": "b"})));
    assert!(person.seen().iter().any(|question| question["tool"] == "send_mail"), "nobody was asked");
    assert_eq!(scene.server.executions("send_mail"), before);
}

/// The broker refuses to start and names the database; the file stays as it is.
fn refuses_database(prepare: impl Fn(&Path)) -> String {
    let mut scene = Scene::new();
    scene.broker.stop();
    let database = scene.home.database();
    prepare(&database);
    let before = std::fs::read(&database).ok();
    let said = Broker::refuses(&scene.home, CLI).refused().stderr;
    assert!(said.contains("consentry.db"), "{said:?} does not name the file");
    assert_eq!(std::fs::read(&database).ok(), before, "a database that was not understood was changed");
    said
}

#[test]
fn a_database_that_is_none_is_refused() {
    refuses_database(|path| {
        remove_journals(path);
        std::fs::write(path, b"this is no database, but it is long enough to look like a file of one. ".repeat(200))
            .expect("written");
    });
}

#[test]
fn a_torn_database_is_refused() {
    refuses_database(|path| {
        remove_journals(path);
        let mut bytes = std::fs::read(path).expect("the database");
        let half = bytes.len() / 2;
        bytes[100..half].fill(0xAA);
        std::fs::write(path, bytes).expect("written");
    });
}

#[test]
fn a_folder_in_the_place_of_the_database_is_refused() {
    refuses_database(|path| {
        remove_journals(path);
        std::fs::remove_file(path).expect("removed");
        std::fs::create_dir(path).expect("a folder");
    });
}

#[test]
fn a_database_of_a_newer_version_is_refused_and_kept() {
    let said = refuses_database(|path| {
        let mut database = Database::open(path);
        database.execute(
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
             values (99991231000000, 'from the future', true, x'00', 1)",
        );
        database.execute("pragma wal_checkpoint(truncate)");
    });
    assert!(said.contains("newer"), "{said:?}");
}

fn remove_journals(path: &Path) {
    for end in ["-wal", "-shm"] {
        let mut journal = path.as_os_str().to_owned();
        journal.push(end);
        let _ = std::fs::remove_file(journal);
    }
}

/// A broker whose `data` folder is a small disk of its own, in a mount namespace that ends with it.
fn on_a_small_disk(home: &Home) -> Option<Broker> {
    if !is_root() {
        skip("mounting needs root");
        return None;
    }
    // In a chroot `/` is no mount point, and its propagation can't be closed off.
    let alone = home.command("unshare").args(["--mount", "--propagation", "private", "true"]).output();
    if !alone.is_ok_and(|ran| ran.status.success()) {
        skip("a mount namespace of its own can't be made here");
        return None;
    }
    std::fs::create_dir_all(home.path().join("data")).expect("a folder");
    let script = "mount -t tmpfs -o size=1536k,mode=0700 tmpfs \"$CONSENTRY_HOME/data\" || exit 77; exec \"$0\" \"$@\"";
    let mut command = home.command("unshare");
    command.args(["--mount", "--propagation", "private", "sh", "-c", script]).arg(e2e::binary("consentry"));
    command.arg("broker").args(CLI);
    let mut broker = Broker { process: Running::spawn("the broker", &mut command) };
    if broker.process.try_wait(Duration::from_millis(300)).is_some_and(|status| status.code() != Some(1)) {
        skip(&format!("a namespace with a disk of its own can't be made: {}", broker.process.stderr.text()));
        return None;
    }
    broker.wait_until_ready();
    Some(broker)
}

#[test]
fn on_a_full_disk_no_call_runs() {
    let home = Home::new();
    let Some(broker) = on_a_small_disk(&home) else { return };
    let server = e2e::Fixture::new(&home, "notes");
    server.add(&home);
    server.trust(&home);
    let mut client = e2e::McpClient::connect(&home, "notes");
    assert!(went_well(&client.call("echo", json!({"text": "there is room"}))));
    // The namespace's view of the disk, filled to its last byte.
    let disk = format!("/proc/{}/root{}", broker.process.pid(), home.path().join("data").display());
    let filler = Path::new(&disk).join("filler");
    let mut size = 1 << 20;
    while size >= 512 {
        let mut bytes = std::fs::read(&filler).unwrap_or_default();
        bytes.extend(std::iter::repeat_n(b'x', size));
        if std::fs::write(&filler, &bytes).is_err() {
            size /= 2;
        }
    }
    let before = server.executed().len();
    let mut refused = 0;
    for n in 0..200 {
        let reply = client.call("echo", json!({"text": format!("{n} {}", "x".repeat(4_000))}));
        if !went_well(&reply) {
            refused += 1;
            let said = refusal(&reply);
            assert!(said.to_lowercase().contains("log") || said.contains("consentry.db"), "{said:?}");
        }
    }
    assert!(refused > 0, "200 calls were recorded on a full disk");
    let ran = server.executed().len() - before;
    assert!(ran + refused <= 200 + 1, "{ran} ran and {refused} were refused: some ran without their intent");
    std::fs::remove_file(&filler).expect("room again");
    assert!(went_well(&client.call("echo", json!({"text": "there is room again"}))), "it must recover");
    assert_eq!(home.chain_faults(), Vec::<Value>::new());
    let executed = server.executed().iter().filter(|call| call["tool"] == "echo").count();
    let intents = home.audit().iter().filter(|entry| entry["kind"] == "intent").count();
    assert!(executed <= intents, "{executed} executed, {intents} announced");
}

#[test]
fn a_database_that_vanishes_while_the_broker_runs_lets_nothing_run_unseen() {
    let scene = Scene::new();
    let mut client = scene.client();
    assert!(went_well(&client.call("echo", json!({"text": "before"}))));
    // Another process overwrites it: what is on disk is no longer what was written.
    let bytes = std::fs::read(scene.home.database()).expect("the database");
    remove_journals(&scene.home.database());
    std::fs::write(scene.home.database(), vec![0; bytes.len()]).expect("overwritten");
    let before = scene.server.executed().len();
    let reply = client.call("echo", json!({"text": "after"}));
    if went_well(&reply) {
        // Accepted only if the record can be read back.
        let listed = scene.home.json(&["audit", "list"]);
        assert!(listed.code == 0 && listed.stdout.contains("intent"), "it ran and left no record: {listed:?}");
    } else {
        refusal(&reply);
        assert_eq!(scene.server.executed().len(), before);
    }
}

#[test]
fn a_socket_folder_that_is_not_ours_is_refused() {
    let home = Home::new();
    std::fs::create_dir_all(home.path()).expect("a folder");
    std::fs::write(home.path().join("run"), "a file").expect("written");
    let said = Broker::refuses(&home, CLI).refused().stderr;
    assert!(said.contains("run"), "{said:?}");
}

#[test]
fn a_stopped_broker_is_stopped_in_time_even_when_it_cannot_write() {
    let home = Home::new();
    let Some(mut broker) = on_a_small_disk(&home) else { return };
    broker.process.signal(Signal::TERM);
    broker.process.wait(Duration::from_secs(8));
}
