//! Real processes: this test binary runs itself as the programs it needs.

use super::*;
use std::os::unix::net::{UnixListener, UnixStream as StdStream};
use std::process::{Child, Command};

const SOCKET: &str = "BRIDGE_TEST_SOCKET";
const VIA: &str = "BRIDGE_TEST_VIA";

/// Not a test of its own: the other end of the tests below, chosen by the environment.
#[test]
fn stand_in() {
    if let Ok(shell_line) = std::env::var(VIA) {
        let mut shell = Command::new("sh").arg("-c").arg(shell_line).env_remove(VIA).spawn().unwrap();
        shell.wait().unwrap();
    } else if let Ok(path) = std::env::var(SOCKET) {
        let mut stream = StdStream::connect(path).unwrap();
        let _ = io::Read::read(&mut stream, &mut [0]);
    }
}

struct Scene {
    folder: tempfile::TempDir,
    listener: UnixListener,
    runtime: tokio::runtime::Runtime,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("s")).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { folder, listener, runtime }
    }

    /// Starts `program` as the stand-in; with `via`, it runs that shell line instead of connecting itself.
    fn start(&self, program: &Path, via: Option<&str>) -> Child {
        let mut command = Command::new(program);
        command.args(["--exact", "peer::tests::stand_in"]).env(SOCKET, self.folder.path().join("s"));
        command.stdout(std::process::Stdio::null());
        if let Some(line) = via {
            command.env(VIA, line);
        }
        command.spawn().unwrap()
    }

    fn connected(&self) -> UnixStream {
        let (stream, _) = self.listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        let _guard = self.runtime.enter();
        UnixStream::from_std(stream).unwrap()
    }

    /// The peer that connected, kept connected as long as the stream lives.
    fn accept(&self) -> (UnixStream, Peer) {
        let stream = self.connected();
        let peer = Peer::prove(&stream).unwrap();
        (stream, peer)
    }
}

fn own() -> PathBuf {
    std::env::current_exe().unwrap()
}

#[test]
fn a_peer_is_what_the_system_says() {
    let scene = Scene::new();
    let mut child = scene.start(&own(), None);
    let (stream, peer) = scene.accept();
    assert_eq!((peer.pid, &peer.exe), (child.id(), &own()));
    assert_eq!(peer.uid, rustix::process::geteuid().as_raw());
    assert_eq!(peer.session_id, own_session().unwrap(), "it did not begin a session of its own");
    assert_eq!(peer.ancestors[0].pid, std::process::id(), "its parent is this process");
    assert!(peer.cmdline.iter().any(|word| word == "peer::tests::stand_in"));

    let here = peer.ancestors[0].instance();
    assert!(peer.descends_from(&HashSet::from([here])));
    assert!(peer.descends_from(&HashSet::from([peer.instance()])));
    assert!(!peer.descends_from(&HashSet::from([(here.0, here.1 + 1)])), "the same number at another time");

    let client = peer.client(&[]).unwrap();
    assert_eq!(
        (client.instance, client.program.clone()),
        (peer.instance(), own()),
        "who connects itself is the client"
    );
    drop(stream);
    child.wait().unwrap();
}

#[test]
fn the_client_is_the_program_above_the_shell_above_connect() {
    let scene = Scene::new();
    let app = scene.folder.path().join("client-app");
    std::fs::copy(own(), &app).unwrap();
    let line = format!("env '{}' --exact peer::tests::stand_in >/dev/null; true", own().display());
    let mut child = scene.start(&app, Some(&line));
    let (stream, peer) = scene.accept();
    let client = peer.client(&[own()]).unwrap();
    assert_eq!(client.program, app);
    assert_eq!(client.instance.0, child.id());
    assert_eq!(client.name(), "client-app");
    assert_eq!(client.parents[0], own().to_string_lossy());

    std::fs::remove_file(&app).unwrap();
    assert!(matches!(peer.client(&[own()]), Err(PeerFault::Deleted { .. })), "a program that is gone proves nothing");
    drop(stream);
    child.wait().unwrap();
}

#[test]
fn a_peer_that_ended_is_refused() {
    let scene = Scene::new();
    let mut child = scene.start(&own(), None);
    let stream = scene.connected();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(matches!(Peer::prove(&stream), Err(PeerFault::Gone { .. })));
}

#[test]
fn a_session_led_from_another_namespace_is_shared_with_nobody() {
    let scene = Scene::new();
    let mut child = scene.start(&own(), None);
    let (stream, mut peer) = scene.accept();
    assert!(!peer.shares_session(peer.session_id + 1));
    peer.session_id = 7;
    assert!(peer.shares_session(7));
    peer.session_id = 0;
    assert!(!peer.shares_session(0), "two that can't be told are not the same");
    drop(stream);
    child.wait().unwrap();
}
