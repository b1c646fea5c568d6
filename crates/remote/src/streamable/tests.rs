//! A session against servers that lie, stall and break off.

use super::*;
use crate::net::Reach;
use crate::testing::{Asked, Server, answer, events};
use futures_util::future::BoxFuture;
use reqwest::header::HeaderName;
use secrecy::{ExposeSecret, SecretString};
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const JSON: &str = "content-type: application/json\r\n";
const CALL: &str = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call"}"#;
const DONE: &str = r#"{"jsonrpc":"2.0", "id":7,"result":{"n":1.50}}"#;
const HELLO: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}"#;
const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

fn welcome(revision: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":0,"result":{{"protocolVersion":"{revision}"}}}}"#)
}

/// Quick enough for a test that waits for it, slow enough for a loaded machine.
fn quick() -> Pace {
    let (short, long) = (Duration::from_millis(300), Duration::from_secs(20));
    Pace { quiet: short, accept: short, retry: Duration::from_millis(1), linger: short, farewell: short, longest: long }
}

/// For tests in which nothing may time out.
fn patient() -> Pace {
    Pace { quiet: Duration::from_secs(60), accept: Duration::from_secs(60), ..quick() }
}

type Hearing = mpsc::Receiver<Said>;

fn open(pace: Pace, server: &Server, bearer: Option<Arc<dyn Bearer>>) -> (Arc<Session>, Hearing) {
    let endpoint = Endpoint::new(server.url.clone(), &[]).unwrap();
    let (said, hearing) = mpsc::channel(8);
    (Session::open_at(pace, Net::new(Reach::Own).unwrap(), endpoint, bearer, said).unwrap(), hearing)
}

async fn next(hearing: &mut Hearing) -> Said {
    tokio::time::timeout(Duration::from_secs(30), hearing.recv()).await.expect("something is said").expect("not silent")
}

async fn message(hearing: &mut Hearing) -> String {
    match next(hearing).await {
        Said::Message(raw) => String::from_utf8(raw.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}

async fn failed(hearing: &mut Hearing) -> Fault {
    match next(hearing).await {
        Said::Failed { id, fault } => {
            assert_eq!(&*id, "7");
            fault
        }
        other => panic!("{other:?}"),
    }
}

async fn send(session: &Arc<Session>, text: &str) -> Result<(), Fault> {
    session.send(Bytes::copy_from_slice(text.as_bytes())).await
}

/// What becomes of one call to a server that answers like this.
async fn fate<F, A>(pace: Pace, server: F) -> Fault
where
    F: Fn(Asked, TcpStream) -> A + Send + Sync + 'static,
    A: Future<Output = ()> + Send + 'static,
{
    let server = Server::start(server).await;
    let (session, mut hearing) = open(pace, &server, None);
    send(&session, CALL).await.unwrap();
    let fault = failed(&mut hearing).await;
    assert_eq!(server.asked().iter().filter(|asked| asked.method == "POST").count(), 1, "at most once");
    fault
}

fn unknown(fault: Fault) -> String {
    match fault {
        Fault::Unknown(why) => why,
        other => panic!("{other:?}"),
    }
}

fn not_sent(fault: Fault) -> String {
    match fault {
        Fault::NotSent(why) => why,
        other => panic!("{other:?}"),
    }
}

async fn initialize(session: &Arc<Session>, hearing: &mut Hearing) {
    send(session, HELLO).await.unwrap();
    message(hearing).await;
}

/// A server that shakes hands in `revision` and leaves the rest to `then`.
async fn polite<F, A>(revision: &'static str, id: &'static str, then: F) -> Server
where
    F: Fn(Asked, TcpStream) -> A + Send + Sync + 'static,
    A: Future<Output = ()> + Send + 'static,
{
    let then = Arc::new(then);
    Server::start(move |asked, stream| {
        let then = then.clone();
        async move {
            if asked.body.contains("initialize\"") {
                answer(stream, 200, &format!("{JSON}mcp-session-id: {id}\r\n"), &welcome(revision)).await;
            } else {
                then(asked, stream).await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_session_is_named_on_all_that_follows_and_ended() {
    let server = polite("2025-11-25", "abc-1", |asked, stream| async move {
        match asked.method.as_str() {
            "GET" => answer(stream, 405, "", "").await,
            "POST" if asked.body == CALL => answer(stream, 200, JSON, DONE).await,
            _ => answer(stream, 202, "", "").await,
        }
    })
    .await;
    let (session, mut hearing) = open(patient(), &server, None);
    initialize(&session, &mut hearing).await;
    assert!(matches!(send(&session, HELLO).await, Err(Fault::NotSent(_))), "one handshake");
    send(&session, INITIALIZED).await.unwrap();
    send(&session, CALL).await.unwrap();
    assert_eq!(message(&mut hearing).await, DONE, "byte for byte");
    session.close().await;
    assert!(matches!(next(&mut hearing).await, Said::Closed(_)));
    assert!(matches!(send(&session, CALL).await, Err(Fault::NotSent(_))));
    let asked = server.asked();
    assert_eq!(asked[0].header("mcp-session-id"), None);
    assert_eq!(asked[0].header("mcp-protocol-version"), None);
    assert_eq!(asked[0].header("accept"), Some("application/json, text/event-stream"));
    assert_eq!(asked[0].header("accept-encoding"), None);
    assert_eq!(asked[0].body, HELLO);
    for later in &asked[1..] {
        assert_eq!(later.header("mcp-session-id"), Some("abc-1"));
        assert_eq!(later.header("mcp-protocol-version"), Some("2025-11-25"));
    }
    assert_eq!(asked.last().unwrap().method, "DELETE");
}

#[tokio::test]
async fn the_oldest_revision_is_not_named() {
    let server = polite("2025-03-26", "a", |_, stream| answer_202(stream)).await;
    let (session, mut hearing) = open(patient(), &server, None);
    initialize(&session, &mut hearing).await;
    send(&session, r#"{"method":"x"}"#).await.unwrap();
    assert_eq!(server.asked()[1].header("mcp-protocol-version"), None);
    assert_eq!(revision_header("2025-06-18\r\nx: y"), None);
    assert_eq!(revision_header("9999-99-9x"), None);
}

async fn answer_202(stream: TcpStream) {
    answer(stream, 202, "", "").await;
}

#[tokio::test]
async fn a_session_id_of_other_characters_is_refused() {
    for id in ["a b", "a\tb", "\u{e9}", "", &"x".repeat(2_000)] {
        let headers = format!("{JSON}mcp-session-id: {id}\r\n");
        let server = Server::start(move |_, stream| {
            let headers = headers.clone();
            async move { answer(stream, 200, &headers, &welcome("2025-11-25")).await }
        })
        .await;
        let (session, mut hearing) = open(patient(), &server, None);
        send(&session, HELLO).await.unwrap();
        assert!(matches!(next(&mut hearing).await, Said::Failed { fault: Fault::Unknown(_), .. }), "{id}");
    }
}

#[tokio::test]
async fn a_stream_brings_messages_in_order_wherever_its_chunks_end() {
    let server = Server::start(|_, stream| async move {
        let mut stream = events(stream, "", "").await;
        let text = format!(
            ": hi\r\ndata: {{\"method\":\"a\"}}\r\n\r\ndata: {{\"id\":9,\ndata: \"result\":1}}\n\ndata:{DONE}\n\n"
        );
        for byte in text.bytes() {
            stream.write_all(&[byte]).await.unwrap();
            stream.flush().await.unwrap();
            tokio::task::yield_now().await;
        }
    })
    .await;
    let (session, mut hearing) = open(patient(), &server, None);
    send(&session, CALL).await.unwrap();
    assert_eq!(message(&mut hearing).await, "{\"method\":\"a\"}");
    assert_eq!(message(&mut hearing).await, "{\"id\":9,\n\"result\":1}", "an answer nobody waits for is passed on");
    assert_eq!(message(&mut hearing).await, DONE);
}

#[tokio::test]
async fn what_may_have_run_is_told_so() {
    let html = |status| {
        move |_, stream| answer_with(stream, status, "content-type: text/html\r\n", "<h1>\u{1b}[2J</h1>".to_owned())
    };
    let why = unknown(fate(patient(), html(502)).await);
    assert!(why.contains("502") && why.contains("text/html") && !why.contains('\u{1b}'), "{why}");
    unknown(fate(patient(), html(200)).await);
    unknown(fate(patient(), html(403)).await);
    unknown(fate(patient(), html(303)).await);
    unknown(fate(patient(), |_, stream| answer_202(stream)).await);
    unknown(fate(patient(), |_, stream| answer_with(stream, 200, JSON, "{\"id\":7".into())).await);
    unknown(fate(patient(), |_, stream| answer_with(stream, 200, "content-encoding: gzip\r\n", DONE.into())).await);
    unknown(fate(patient(), |_, stream| async move { drop(stream) }).await);
    unknown(fate(patient(), |_, stream| async move { drop(events(stream, "", ": hi\n\n").await) }).await);
    not_sent(fate(patient(), html(429)).await);
    let words = r#"{"id":null,"error":{"code":-32000,"message":"bad\u001b thing"}}"#;
    let why = not_sent(fate(patient(), move |_, stream| answer_with(stream, 400, JSON, words.into())).await);
    assert!(why.ends_with("bad[U+001B ESC] thing"), "{why}");
}

async fn answer_with(stream: TcpStream, status: u16, headers: &'static str, body: String) {
    answer(stream, status, headers, &body).await;
}

#[tokio::test]
async fn a_refusal_that_answers_is_passed_on() {
    let error = r#"{"id":7,"error":{"code":-32602,"message":"no"}}"#;
    let server = Server::start(move |_, stream| answer_with(stream, 400, JSON, error.into())).await;
    let (session, mut hearing) = open(patient(), &server, None);
    send(&session, CALL).await.unwrap();
    assert_eq!(message(&mut hearing).await, error);
}

#[tokio::test]
async fn a_server_that_stalls_or_floods_is_left() {
    let drip = |_, mut stream: TcpStream| async move {
        while stream.write_all(b"HTTP/1.1 200 OK\r\nx: ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    unknown(fate(quick(), drip).await);
    let silent = |_, stream| async move {
        let _open = events(stream, "", ": hi\n\n").await;
        pending::<()>().await;
    };
    assert!(unknown(fate(quick(), silent).await).contains("nothing"));
    let noise = |_, stream| async move {
        let mut stream = events(stream, "", "").await;
        while stream.write_all(b": noise\n\n").await.is_ok() {}
    };
    assert!(unknown(fate(patient(), noise).await).contains("too much"));
    let giant = |_, stream| async move {
        let mut stream = events(stream, "", "data: ").await;
        while stream.write_all(&[b'x'; 65_536]).await.is_ok() {}
    };
    assert!(unknown(fate(patient(), giant).await).contains("more than"));
    let declared = |_, mut stream: TcpStream| async move {
        let head = format!("HTTP/1.1 200 OK\r\n{JSON}content-length: 99999999\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        pending::<()>().await;
    };
    assert!(unknown(fate(patient(), declared).await).contains("more than"));
}

#[tokio::test]
async fn a_stream_is_kept_while_anything_comes() {
    let server = Server::start(|_, stream| async move {
        let mut stream = events(stream, "", "").await;
        for _ in 0..8 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            stream.write_all(b": alive\n\n").await.unwrap();
        }
        stream.write_all(format!("data: {DONE}\n\n").as_bytes()).await.unwrap();
    })
    .await;
    let (session, mut hearing) = open(quick(), &server, None);
    send(&session, CALL).await.unwrap();
    assert_eq!(message(&mut hearing).await, DONE, "longer than the time without a byte");
}

#[tokio::test]
async fn a_stream_that_breaks_is_resumed_behind_its_last_event() {
    let server = Server::start(|asked, stream| async move {
        match (asked.method.as_str(), asked.nth) {
            ("POST", _) => drop(events(stream, "", "id: e1\nretry: 150\ndata:\n\nid: e2\ndata: half").await),
            ("GET", 1) => answer(stream, 503, "", "").await,
            _ => drop(events(stream, "", &format!("id: e3\ndata: {DONE}\n\n")).await),
        }
    })
    .await;
    let (session, mut hearing) = open(patient(), &server, None);
    let since = std::time::Instant::now();
    send(&session, CALL).await.unwrap();
    assert_eq!(message(&mut hearing).await, DONE);
    assert!(since.elapsed() >= Duration::from_millis(300), "the server's pause is kept, twice");
    let asked = server.asked();
    assert_eq!(asked.iter().map(|a| a.method.as_str()).collect::<Vec<_>>(), ["POST", "GET", "GET"]);
    assert_eq!(asked[1].header("last-event-id"), Some("e1"));
    assert_eq!(asked[2].header("last-event-id"), Some("e1"));
}

#[tokio::test]
async fn resuming_ends() {
    let broken = |asked: Asked, stream| async move {
        let text = if asked.method == "POST" { "id: 1\ndata:\n\n" } else { "" };
        drop(events(stream, "", text).await);
    };
    unknown(fate(Pace { longest: Duration::ZERO, ..patient() }, broken).await);
    let refused = |asked: Asked, stream| async move {
        match asked.method.as_str() {
            "POST" => drop(events(stream, "", "id: 1\ndata:\n\n").await),
            _ => answer(stream, 405, "", "").await,
        }
    };
    unknown(fate(patient(), refused).await);
}

#[tokio::test]
async fn a_session_the_server_forgot_is_over_and_nothing_is_said_after() {
    let server = polite("2025-11-25", "abc", |asked, stream| async move {
        if asked.body.contains("\"id\":8") { answer(stream, 404, "", "").await } else { pending().await }
    })
    .await;
    let (session, mut hearing) = open(patient(), &server, None);
    initialize(&session, &mut hearing).await;
    send(&session, CALL).await.unwrap();
    while server.asked().len() < 2 {
        tokio::task::yield_now().await;
    }
    send(&session, &CALL.replace('7', "8")).await.unwrap();
    let mut ends = Vec::new();
    for _ in 0..2 {
        match next(&mut hearing).await {
            Said::Failed { id, fault } => ends.push((id.to_string(), matches!(fault, Fault::NotSent(_)))),
            other => panic!("{other:?}"),
        }
    }
    ends.sort();
    assert_eq!(ends, [("7".to_owned(), false), ("8".to_owned(), true)]);
    assert!(matches!(next(&mut hearing).await, Said::Closed(_)));
    drop(session);
    assert!(hearing.recv().await.is_none());
}

/// Has one token after another, for as long as there are any.
struct Tokens {
    all: Vec<&'static str>,
    at: AtomicUsize,
}

impl Bearer for Tokens {
    fn token<'a>(&'a self) -> BoxFuture<'a, Result<Option<SecretString>, String>> {
        let at = self.at.load(Ordering::SeqCst).min(self.all.len() - 1);
        Box::pin(async move { Ok(Some(self.all[at].into())) })
    }

    fn refused<'a>(&'a self, token: Option<&'a SecretString>, _: &'a Challenge) -> BoxFuture<'a, Result<bool, String>> {
        let at = self.at.fetch_add(1, Ordering::SeqCst);
        assert_eq!(token.unwrap().expose_secret(), self.all[at.min(self.all.len() - 1)]);
        Box::pin(async move { Ok(at + 1 < self.all.len()) })
    }
}

fn tokens(all: &[&'static str]) -> Option<Arc<dyn Bearer>> {
    Some(Arc::new(Tokens { all: all.to_vec(), at: AtomicUsize::new(0) }))
}

async fn guarded(status: u16) -> Server {
    Server::start(move |asked, stream| async move {
        if asked.header("authorization") == Some("Bearer good") {
            answer(stream, 200, JSON, DONE).await;
        } else {
            let says = "www-authenticate: Bearer error=\"insufficient_scope\", scope=\"a b\"\r\n";
            answer(stream, status, says, "").await;
        }
    })
    .await
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    for status in [401, 403] {
        let server = guarded(status).await;
        let (session, mut hearing) = open(patient(), &server, tokens(&["old", "good"]));
        send(&session, CALL).await.unwrap();
        assert_eq!(message(&mut hearing).await, DONE);
        let (session, mut hearing) = open(patient(), &server, tokens(&["old", "older", "good"]));
        send(&session, CALL).await.unwrap();
        let Fault::Unauthorized(challenge) = failed(&mut hearing).await else { panic!("it was not refused") };
        assert_eq!((challenge.status, challenge.scope.as_deref()), (status, Some("a b")));
        assert_eq!(server.asked().len(), 4, "no third try");
    }
}

#[tokio::test]
async fn a_redirect_is_followed_once_and_never_elsewhere() {
    let elsewhere = Server::start(|_, stream| answer_with(stream, 200, JSON, DONE.into())).await;
    let away = format!("location: {}\r\n", elsewhere.url);
    for status in [301, 302, 303, 307, 308] {
        let away = away.clone();
        let server = Server::start(move |_, stream| {
            let away = away.clone();
            async move { answer(stream, status, &away, "").await }
        })
        .await;
        let (session, mut hearing) = open(patient(), &server, tokens(&["good"]));
        send(&session, CALL).await.unwrap();
        failed(&mut hearing).await;
        assert_eq!(server.asked()[0].header("authorization"), Some("Bearer good"));
    }
    assert!(elsewhere.asked().is_empty(), "nothing went elsewhere");

    let server = Server::start(|asked, stream| async move {
        match asked.path.as_str() {
            "/mcp" => answer(stream, 307, "location: /mcp/\r\n", "").await,
            _ => answer(stream, 200, JSON, DONE).await,
        }
    })
    .await;
    let (session, mut hearing) = open(patient(), &server, None);
    send(&session, CALL).await.unwrap();
    assert_eq!(message(&mut hearing).await, DONE);
    assert_eq!(server.asked()[1].body, CALL);
    let circle = Server::start(|_, stream| answer_with(stream, 307, "location: /mcp\r\n", String::new())).await;
    let (session, mut hearing) = open(patient(), &circle, None);
    send(&session, CALL).await.unwrap();
    failed(&mut hearing).await;
    assert_eq!(circle.asked().len(), 2);
}

#[tokio::test]
async fn what_nobody_asked_for_is_heard_and_heard_again() {
    let server = polite("2025-11-25", "abc", |asked, stream| async move {
        match (asked.method.as_str(), asked.header("last-event-id")) {
            ("GET", None) => drop(events(stream, "", "retry: 1\nid: 1\ndata: {\"method\":\"a\"}\n\n").await),
            ("GET", Some(_)) => {
                let _open = events(stream, "", "data: {\"method\":\"b\"}\n\n").await;
                pending::<()>().await;
            }
            _ => answer(stream, 202, "", "").await,
        }
    })
    .await;
    let (session, mut hearing) = open(patient(), &server, None);
    initialize(&session, &mut hearing).await;
    send(&session, INITIALIZED).await.unwrap();
    assert_eq!(message(&mut hearing).await, "{\"method\":\"a\"}");
    assert_eq!(message(&mut hearing).await, "{\"method\":\"b\"}");
    assert_eq!(server.asked().last().unwrap().header("last-event-id"), Some("1"));
    session.close().await;
    assert!(matches!(next(&mut hearing).await, Said::Closed(_)));
}

#[tokio::test]
async fn closing_takes_no_longer_than_it_may() {
    let server = polite("2025-11-25", "abc", |_, _stream| pending()).await;
    let (session, mut hearing) = open(quick(), &server, None);
    initialize(&session, &mut hearing).await;
    send(&session, CALL).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), session.close()).await.unwrap();
    failed(&mut hearing).await;
    assert!(matches!(next(&mut hearing).await, Said::Closed(_)));
}

#[tokio::test]
async fn many_are_open_at_once_and_none_twice() {
    let server = Server::start(|_, _stream| pending()).await;
    let (session, _hearing) = open(patient(), &server, None);
    for id in 0..MOST_OPEN {
        send(&session, &format!("{{\"id\":{id},\"method\":\"x\"}}")).await.unwrap();
    }
    assert!(not_sent(send(&session, "{\"id\":0,\"method\":\"x\"}").await.unwrap_err()).contains("same id"));
    assert!(not_sent(send(&session, "{\"id\":-1,\"method\":\"x\"}").await.unwrap_err()).contains("too many"));
}

#[tokio::test]
async fn a_server_that_is_not_there_was_sent_nothing() {
    // A port that was just given back.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/mcp").parse().unwrap();
    let headers = [(HeaderName::from_static("authorization"), SecretString::from("Bearer mine"))];
    let endpoint = Endpoint::new(url, &headers).unwrap();
    let (said, mut hearing) = mpsc::channel(8);
    let net = Net::new(Reach::Own).unwrap();
    assert!(Session::open(net.clone(), endpoint.clone(), tokens(&["x"]), said.clone()).is_err(), "one token");
    let session = Session::open(net, endpoint, None, said).unwrap();
    assert!(!format!("{session:?}").contains("mine"));
    send(&session, CALL).await.unwrap();
    not_sent(failed(&mut hearing).await);
}
