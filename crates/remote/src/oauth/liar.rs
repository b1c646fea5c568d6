//! A server for tests that says whatever it is told to, and remembers what it was asked.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// What was asked.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) target: String,
    pub(super) body: String,
}

impl Asked {
    /// The fields of a form.
    pub(super) fn form(&self) -> HashMap<String, String> {
        url::form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }

    /// The path without the query.
    pub(super) fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }
}

/// What is answered.
pub(super) enum Reply {
    Json(u16, Value),
    Raw(String),
    /// The connection ends without an answer.
    Gone,
    /// Nothing, for ever.
    Never,
    /// A body that goes on and on.
    Endless,
}

type Say = dyn Fn(Asked, Url) -> BoxFuture<'static, Reply> + Send + Sync;

pub(super) struct Liar {
    pub(super) url: Url,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Liar {
    /// Answers with what `say` says to each request; it also gets this server's own URL.
    pub(super) async fn start(say: impl Fn(&Asked, &Url) -> Reply + Send + Sync + 'static) -> Self {
        Self::slow(move |asked, url| std::future::ready(say(&asked, &url)).boxed()).await
    }

    /// The same, where the answer takes something first.
    pub(super) async fn slow(say: impl Fn(Asked, Url) -> BoxFuture<'static, Reply> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let (asked, say): (Arc<Mutex<Vec<Asked>>>, Arc<Say>) = (Arc::default(), Arc::new(say));
        let (log, own) = (asked.clone(), url.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, say.clone(), log.clone(), own.clone()));
            }
        });
        Self { url, asked }
    }

    pub(super) fn at(&self, path: &str) -> Url {
        self.url.join(path).unwrap()
    }

    /// All requests so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Those to one path.
    pub(super) fn asked_at(&self, path: &str) -> Vec<Asked> {
        self.asked().into_iter().filter(|a| a.path() == path).collect()
    }
}

async fn answer(mut stream: TcpStream, say: Arc<Say>, log: Arc<Mutex<Vec<Asked>>>, own: Url) {
    let Some(asked) = read(&mut stream).await else { return };
    log.lock().unwrap().push(asked.clone());
    let text = match say(asked, own).await {
        Reply::Json(status, value) => {
            let body = value.to_string();
            let head = format!("HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nConnection: close\r\n");
            format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())
        }
        Reply::Raw(text) => text,
        Reply::Gone => return,
        Reply::Never => return std::future::pending().await,
        Reply::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n").await;
            while stream.write_all(&[b' '; 8192]).await.is_ok() {}
            return;
        }
    };
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
            if body.len() >= length.unwrap_or(0) {
                let target = head.split(' ').nth(1)?.to_owned();
                return Some(Asked { target, body: body.to_owned() });
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
