//! The place on this machine where the browser comes back to (RFC 8252 section 7.3).
//!
//! Everybody on this machine can knock, and every page in the browser can send it here. So only one request counts: a GET
//! of the exact path, to the exact host, with the state of this login. All others are turned away and waited past, each
//! in a task of its own with little room and time.

mod page;
mod visit;

pub(super) use visit::Params;

use super::OauthFault;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use subtle::ConstantTimeEq;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use url::Url;
use visit::{MAX_HEAD, Visit};

/// How long one connection may take, all in all.
const CONNECTION: Duration = Duration::from_secs(5);

/// The most connections at once.
const MOST: usize = 64;

/// Where the browser is to come back to on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    port: Option<u16>,
    path: String,
}

impl Redirect {
    /// A port that is free and a path that nobody can guess: for clients that register themselves.
    ///
    /// # Errors
    /// Where the operating system gives no randomness.
    pub fn fresh() -> Result<Self, OauthFault> {
        let mut bytes = [0_u8; 16];
        getrandom::fill(&mut bytes)
            .map_err(|_| OauthFault::Missing("the operating system gives no randomness".into()))?;
        Ok(Self { port: None, path: format!("/{}", hex::encode(bytes)) })
    }

    /// A path that is agreed with the authorization server, on any port that is free or on a fixed one.
    ///
    /// # Errors
    /// Where the path is none that stays as it is in a URL.
    pub fn agreed(port: Option<u16>, path: &str) -> Result<Self, OauthFault> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.' | b'~');
        let kept = Url::parse("http://127.0.0.1").and_then(|u| u.join(path)).is_ok_and(|u| u.path() == path);
        if !path.starts_with('/') || path.starts_with("//") || !path.bytes().all(plain) || !kept || path.len() > 256 {
            return Err(OauthFault::Refused("the path to come back to must be one such as /callback".into()));
        }
        Ok(Self { port, path: path.to_owned() })
    }
}

/// A listener that waits for one visit of the browser.
#[derive(Debug)]
pub struct Callback {
    listener: TcpListener,
    host: String,
    path: String,
    url: Url,
}

/// What a connection needs to know.
struct Gate {
    host: String,
    path: String,
    state: String,
    came: Mutex<Option<oneshot::Sender<Params>>>,
}

impl Callback {
    /// Listens, on this machine alone.
    ///
    /// # Errors
    /// [`OauthFault::Missing`] where the port is taken.
    pub async fn bind(redirect: &Redirect) -> Result<Self, OauthFault> {
        let taken = |e: std::io::Error| OauthFault::Missing(format!("nothing can listen for the browser: {e}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, redirect.port.unwrap_or(0))).await.map_err(taken)?;
        let host = listener.local_addr().map_err(taken)?.to_string();
        let url = Url::parse(&format!("http://{host}{}", redirect.path));
        let url = url.map_err(|_| OauthFault::Refused("the path to come back to is none".into()))?;
        Ok(Self { listener, host, path: redirect.path.clone(), url })
    }

    /// Where the browser is to come back to: what is registered, and what goes into the request.
    #[must_use]
    pub fn redirect_uri(&self) -> &Url {
        &self.url
    }

    /// Waits for the one visit that carries this state. Ends only with it.
    pub(super) async fn wait(self, state: &str) -> Params {
        let (came, mut visit) = oneshot::channel();
        let (host, path, state) = (self.host, self.path, state.to_owned());
        let gate = Arc::new(Gate { host, path, state, came: Mutex::new(Some(came)) });
        let mut open = JoinSet::new();
        loop {
            tokio::select! {
                Ok(params) = &mut visit => return params,
                Some(_) = open.join_next(), if !open.is_empty() => {}
                accepted = self.listener.accept(), if open.len() < MOST => match accepted {
                    Ok((stream, _)) => {
                        let gate = gate.clone();
                        open.spawn(async move {
                            // Whoever is too slow is not waited for.
                            let _ = tokio::time::timeout(CONNECTION, gate.receive(stream)).await;
                        });
                    }
                    // Out of descriptors, most likely: a moment later there are some.
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                },
            }
        }
    }
}

impl Gate {
    async fn receive(&self, mut stream: TcpStream) {
        let Ok(visit) = read(&mut stream, &self.host, &self.path).await else { return };
        let params = match visit {
            Visit::Returned(params) if bool::from(params.state.as_bytes().ct_eq(self.state.as_bytes())) => params,
            // A code that somebody else put there: it is not looked at.
            Visit::Returned(_) => return answer(&mut stream, &page::turned_away(400)).await,
            Visit::Wrong(status) => return answer(&mut stream, &page::turned_away(status)).await,
            Visit::More => return,
        };
        let came = self.came.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(came) = came else { return answer(&mut stream, &page::turned_away(404)).await };
        // Within this time the page is there, or the browser doesn't want it. The login goes on either way.
        let _ = tokio::time::timeout(Duration::from_secs(1), answer(&mut stream, &page::arrived())).await;
        let _ = came.send(params);
    }
}

async fn read<S: AsyncRead + Unpin>(stream: &mut S, host: &str, path: &str) -> std::io::Result<Visit> {
    let mut head = Vec::with_capacity(1024);
    loop {
        match visit::judge(&head, host, path) {
            Visit::More if head.len() >= MAX_HEAD => return Ok(Visit::Wrong(431)),
            Visit::More => {}
            settled => return Ok(settled),
        }
        let room = (MAX_HEAD - head.len()) as u64;
        if (&mut *stream).take(room).read_buf(&mut head).await? == 0 {
            return Ok(Visit::Wrong(400));
        }
    }
}

async fn answer<S: AsyncWrite + Unpin>(stream: &mut S, page: &str) {
    // Nobody needs to see the page: what counts has been read.
    let _ = stream.write_all(page.as_bytes()).await;
    let _ = stream.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_a_browser_would_change_is_not_agreed_to() {
        for bad in ["", "x", "//evil", "/a/../b", "/a?b", "/a#b", "/a b", "/\u{e9}", "/."] {
            assert!(Redirect::agreed(None, bad).is_err(), "{bad}");
        }
        assert!(Redirect::agreed(Some(4711), "/oauth/callback").is_ok());
        assert_ne!(Redirect::fresh().unwrap(), Redirect::fresh().unwrap());
    }

    async fn knock(url: &Url, request: &str) -> String {
        let mut stream = TcpStream::connect(url.socket_addrs(|| None).unwrap()[0]).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).await.unwrap();
        page
    }

    #[tokio::test]
    async fn only_the_exact_visit_counts_and_others_do_not_hold_it_up() {
        let callback = Callback::bind(&Redirect::fresh().unwrap()).await.unwrap();
        let url = callback.redirect_uri().clone();
        let (path, host) = (url.path().to_owned(), format!("127.0.0.1:{}", url.port().unwrap()));
        let address = url.socket_addrs(|| None).unwrap()[0];
        let waiting = tokio::spawn(async move { callback.wait("the state").await });
        // These say nothing, or never end.
        let mut silent = Vec::new();
        for _ in 0..20 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET / HT").await.unwrap();
            silent.push(stream);
        }
        let get = |path: &str, host: &str| format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let right = format!("{path}?code=c&state=the+state");
        for (request, status) in [
            (get("/elsewhere?code=c&state=the+state", &host), "404"),
            (get(&format!("{path}/?code=c&state=the+state"), &host), "404"),
            (get(&right, "evil.example"), "400"),
            (get(&right, &host.replace("127.0.0.1", "localhost")), "400"),
            (format!("POST {right} HTTP/1.1\r\nHost: {host}\r\n\r\n"), "405"),
            (format!("HEAD {right} HTTP/1.1\r\nHost: {host}\r\n\r\n"), "405"),
            (format!("GET {right} HTTP/1.1\r\n\r\n"), "400"),
            (format!("GET {right} HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n\r\n"), "400"),
            (get(&format!("{path}?code=evil&state=another"), &host), "400"),
            (get(&format!("{path}?code=evil"), &host), "400"),
            (get(&format!("{right}&code=evil"), &host), "400"),
            (get(&format!("/{}", "x".repeat(MAX_HEAD)), &host), "431"),
        ] {
            let page = knock(&url, &request).await;
            assert!(page.starts_with(&format!("HTTP/1.1 {status} ")), "{request:?} got {page:?}");
            assert!(!waiting.is_finished());
        }
        let page = knock(&url, &get(&right, &host)).await;
        assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("default-src 'none'") && !page.contains("script"));
        assert_eq!(waiting.await.unwrap().code.as_deref(), Some("c"));
        assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
    }
}
