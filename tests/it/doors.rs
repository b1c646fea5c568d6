//! The socket itself: who may open it, and what happens to whoever says something else than it understands.

use e2e::client::went_well;
use e2e::{DEADLINE, Scene};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

fn open(scene: &Scene) -> UnixStream {
    let stream = UnixStream::connect(scene.home.socket()).expect("the socket");
    stream.set_read_timeout(Some(DEADLINE)).expect("a deadline");
    stream.set_write_timeout(Some(DEADLINE)).expect("a deadline");
    stream
}

/// Says something and reads until the broker closes; a connection that stays open stops the test at its deadline.
fn say(scene: &Scene, bytes: &[u8]) -> String {
    let mut stream = open(scene);
    // The broker may hang up before everything was said.
    let _ = stream.write_all(bytes);
    let mut heard = Vec::new();
    if let Err(error) = stream.read_to_end(&mut heard) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
    }
    String::from_utf8_lossy(&heard).into_owned()
}

/// A control conversation that has begun.
fn control(scene: &Scene) -> (UnixStream, BufReader<UnixStream>) {
    let mut stream = open(scene);
    stream.write_all(b"{\"door\":\"control\",\"version\":1}\n").expect("a hello");
    let reader = BufReader::new(stream.try_clone().expect("the other half"));
    (stream, reader)
}

fn line(reader: &mut BufReader<UnixStream>) -> Option<Value> {
    let mut line = String::new();
    let read = reader.read_line(&mut line).unwrap_or(0);
    (read > 0).then(|| serde_json::from_str(&line).expect("JSON"))
}

fn goes_on(scene: &Scene) {
    assert!(went_well(&scene.client().call("echo", json!({"text": "others go on"}))));
    scene.home.run(&["server", "list"]).succeeded();
}

#[test]
fn what_is_kept_is_for_this_user_alone() {
    let scene = Scene::new();
    goes_on(&scene);
    for (path, most) in [
        (scene.home.socket(), 0o600),
        (scene.home.path().join("run"), 0o700),
        (scene.home.path().join("data"), 0o700),
        (scene.home.path().join("config"), 0o700),
        (scene.home.database(), 0o600),
        (scene.home.path().join("data/consentry.db-wal"), 0o600),
        (scene.home.servers_json(), 0o600),
    ] {
        let mode = std::fs::metadata(&path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!(mode & !most, 0, "{} has mode {mode:o}", path.display());
    }
}

#[test]
fn whoever_does_not_say_what_it_wants_is_turned_away() {
    let scene = Scene::new();
    for hello in [
        &b""[..],
        b"\n\n\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"{\"door\":\"back\",\"version\":1}\n",
        b"{\"door\":\"control\"}\n",
        b"{\"door\":\"control\",\"version\":4294967295}\n",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"echo\",\"arguments\":{\"text\":\"x\"}}}\n",
        &[0xff; 4096],
        &vec![b'a'; 1_000_000],
    ] {
        say(&scene, hello);
    }
    goes_on(&scene);
    assert_eq!(scene.server.executed().len(), 1);
}

#[test]
fn rubbish_on_the_control_socket_is_refused_clearly() {
    let scene = Scene::new();
    for rubbish in [
        &b"not JSON\n"[..],
        b"{}\n",
        b"[]\n",
        b"{\"verb\":\"made_up\"}\n",
        b"{\"verb\":\"approve\"}\n",
        b"{\"verb\":\"audit_list\",\"before\":\"x\",\"limit\":-1}\n",
        b"\xff\xfe\n",
    ] {
        let (mut stream, mut reader) = control(&scene);
        stream.write_all(rubbish).expect("said");
        let reply = line(&mut reader).unwrap_or_else(|| panic!("closed without a word: {rubbish:?}"));
        assert_eq!(reply["reply"], "fault", "{reply}");
        assert!(reply["value"]["message"].as_str().is_some_and(|said| said.len() > 10), "{reply}");
    }
    let (mut stream, mut reader) = control(&scene);
    let _ = stream.write_all(&vec![b'['; 100_000_000]).and_then(|()| stream.write_all(b"\n"));
    if let Some(reply) = line(&mut reader) {
        assert_eq!(reply["reply"], "fault", "{reply}");
    }
    goes_on(&scene);
    let peak = scene.broker.peak_memory();
    assert!(peak < 250, "the broker held {peak} MB");
}

#[test]
fn a_request_without_its_end_is_none() {
    let scene = Scene::new();
    let (mut stream, _reader) = control(&scene);
    stream.write_all(b"{\"verb\":\"remove_server\",\"name\":\"notes\"").expect("said");
    drop(stream);
    goes_on(&scene);
}

#[test]
fn many_silent_peers_do_not_keep_others_out_for_long() {
    let scene = Scene::new();
    let mut client = scene.client();
    let crowd: Vec<UnixStream> = (0..300).filter_map(|_| UnixStream::connect(scene.home.socket()).ok()).collect();
    assert!(went_well(&client.call("echo", json!({"text": "who was there goes on"}))));
    // Nobody may stay silent for long; then there is room again.
    let until = std::time::Instant::now() + DEADLINE;
    while scene.home.run(&["server", "list"]).code != 0 {
        assert!(std::time::Instant::now() < until, "the crowd keeps everybody out");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    goes_on(&scene);
    drop(crowd);
}

#[test]
fn the_control_socket_has_no_way_around_the_digest() {
    let scene = Scene::new();
    let mut watch = scene.watch();
    let mut client = scene.client();
    client.begin("send_mail", json!({"to": "ann@example.org", "subject": "s", "body": "b"}));
    let question = watch.question("send_mail");
    for digest in [json!(""), json!("*"), json!(question["id"]), json!("0".repeat(64))] {
        let (mut stream, mut reader) = control(&scene);
        let request = json!({"verb": "approve", "id": question["id"], "digest": digest});
        stream.write_all(format!("{request}\n").as_bytes()).expect("said");
        assert_eq!(line(&mut reader).expect("a reply")["reply"], "fault");
    }
    assert!(scene.server.executed().is_empty());
}
