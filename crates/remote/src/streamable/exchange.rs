//! One HTTP request and the head of its answer: headers, token, redirect, and what each status means.

use super::endpoint::secret_value;
use super::{Fault, Session, message};
use crate::challenge::Challenge;
use crate::net::{self, NetFault, shown};
use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use tokio::time::timeout;
use url::Url;
use wire::text::escaped;
use zeroize::Zeroizing;

/// The largest body of an answer that is no success.
const MAX_REFUSAL: usize = 64 * 1024;

/// The longest `Mcp-Session-Id`.
const MAX_SESSION_ID: usize = 1024;

/// What is asked of the server.
#[derive(Clone)]
pub(super) enum Verb {
    /// Take this message.
    Post(Bytes),
    /// Send what you have, behind this event where one is named.
    Get(Option<HeaderValue>),
}

impl Session {
    /// Sends a request and takes the head of the answer. A token the server refused is replaced once, and one redirect
    /// within the endpoint's origin is followed: in both cases the server did not take the message.
    pub(super) async fn exchange(&self, verb: &Verb, patience: Duration) -> Result<Response, Fault> {
        let mut url = self.endpoint.url().clone();
        let (mut is_redirected, mut is_retried) = (false, false);
        loop {
            if self.ended.is_cancelled() {
                return Err(Fault::NotSent("the session with the server is over".into()));
            }
            let token = self.token().await?;
            let (answer, in_session) = self.ask_once(verb, &url, token.as_ref(), patience).await?;
            let status = answer.status();
            if matches!(status.as_u16(), 307 | 308) && !is_redirected {
                url = target(&url, answer.headers())?;
                is_redirected = true;
                continue;
            }
            if status == StatusCode::NOT_FOUND && in_session && self.means_session(verb) {
                self.end("The server ended the session");
                return Err(Fault::NotSent("the server ended the session".into()));
            }
            let challenge = Challenge::read(status, answer.headers());
            if status == StatusCode::UNAUTHORIZED || challenge.wants_scopes() {
                // It is told each time: what a second refusal means is not ours to say.
                let is_worth_it = self.refused(token.as_ref(), &challenge).await?;
                if is_worth_it && !std::mem::replace(&mut is_retried, true) {
                    continue;
                }
                return Err(Fault::Unauthorized(Box::new(challenge)));
            }
            return Ok(answer);
        }
    }

    /// Whether 404 speaks of the session. To a server without a stream for what nobody asked for, GET is often a path
    /// it does not have, though it should say 405.
    fn means_session(&self, verb: &Verb) -> bool {
        !matches!(verb, Verb::Get(None)) || self.state().has_stream
    }

    async fn token(&self) -> Result<Option<SecretString>, Fault> {
        let Some(bearer) = &self.bearer else { return Ok(None) };
        tokio::select! {
            biased;
            () = self.stopped() => Err(Fault::NotSent("the session with the server is over".into())),
            token = bearer.token() => token.map_err(Fault::NotSent),
        }
    }

    async fn refused(&self, token: Option<&SecretString>, challenge: &Challenge) -> Result<bool, Fault> {
        let Some(bearer) = &self.bearer else { return Ok(false) };
        tokio::select! {
            biased;
            () = self.stopped() => Err(Fault::NotSent("the session with the server is over".into())),
            is_worth_it = bearer.refused(token, challenge) => is_worth_it.map_err(Fault::NotSent),
        }
    }

    async fn ask_once(
        &self,
        verb: &Verb,
        url: &Url,
        token: Option<&SecretString>,
        patience: Duration,
    ) -> Result<(Response, bool), Fault> {
        let (method, body) = match verb {
            Verb::Post(frame) => (Method::POST, Some(frame.clone())),
            Verb::Get(_) => (Method::GET, None),
        };
        let id = self.state().id.clone();
        let in_session = id.is_some();
        let mut request = self.request(method, url, token, id)?;
        request = match verb {
            Verb::Post(_) => {
                request.header(ACCEPT, "application/json, text/event-stream").header(CONTENT_TYPE, "application/json")
            }
            Verb::Get(behind) => {
                let request = request.header(ACCEPT, "text/event-stream");
                match behind {
                    Some(id) => request.header("last-event-id", id),
                    None => request,
                }
            }
        };
        if let Some(body) = body {
            request = request.body(body);
        }
        let answer = tokio::select! {
            biased;
            () = self.stopped() => return Err(Fault::Unknown("the session was closed before an answer came".into())),
            answer = timeout(patience, request.send()) => answer,
        };
        let answer = answer.map_err(|_| Fault::Unknown(quiet_for(patience)))?.map_err(|e| fault(net::fault(e)))?;
        let encoding = answer.headers().get(CONTENT_ENCODING);
        if encoding.is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity")) {
            // What is packed small can be without bound when it is unpacked, and was not asked for.
            return Err(Fault::Unknown("the server packed its answer, which it was not asked to".into()));
        }
        Ok((answer, in_session))
    }

    fn request(
        &self,
        method: Method,
        url: &Url,
        token: Option<&SecretString>,
        id: Option<HeaderValue>,
    ) -> Result<RequestBuilder, Fault> {
        let mut headers = self.endpoint.headers().clone();
        if let Some(token) = token {
            let text = Zeroizing::new(format!("Bearer {}", token.expose_secret()));
            let value = secret_value(&text).ok_or_else(|| Fault::NotSent("the token can't be sent".into()))?;
            headers.insert(AUTHORIZATION, value);
        }
        if let Some(id) = id {
            headers.insert("mcp-session-id", id);
        }
        if let Some(revision) = self.state().revision.clone() {
            headers.insert("mcp-protocol-version", revision);
        }
        Ok(self.net.request(method, url).map_err(fault)?.headers(headers))
    }

    /// Sends what wants no answer.
    pub(super) async fn notify(&self, frame: Bytes) -> Result<(), Fault> {
        let answer = self.exchange(&Verb::Post(frame), self.pace.accept).await?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(self.refusal(answer, None).await)
    }

    /// What an answer that is no success means. One that answers the request `key` is passed on all the same.
    pub(super) async fn refusal(&self, answer: Response, key: Option<&str>) -> Fault {
        let status = answer.status();
        let is_json = media_type(&answer) == "application/json";
        let mut text = format!("the server answered {status}");
        if !is_json && answer.headers().contains_key(CONTENT_TYPE) {
            text = format!("{text} with {}", escaped(&media_type(&answer)));
        }
        if is_json && let Ok(body) = self.body(answer, MAX_REFUSAL).await {
            for heard in message::messages(&body).unwrap_or_default() {
                if key.is_some() && heard.answers.as_deref() == key {
                    self.hear(heard).await;
                }
            }
            if let Some(words) = message::error_words(&body) {
                text = format!("{text}: {words}");
            }
        }
        // Only what is said before anything is done: a proxy may say 403 or 500 of an answer it did not like.
        match status.as_u16() {
            307 | 308 | 400 | 404 | 405 | 406 | 411 | 413 | 414 | 415 | 421 | 429 | 431 => Fault::NotSent(text),
            _ => Fault::Unknown(text),
        }
    }

    /// A whole body, of at most `most` bytes.
    pub(super) async fn body(&self, mut answer: Response, most: usize) -> Result<Bytes, Fault> {
        let too_long = || Fault::Unknown(format!("the server's answer has more than {most} bytes"));
        if answer.content_length().is_some_and(|length| length > most as u64) {
            return Err(too_long());
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = self.chunk(&mut answer, self.pace.quiet).await.map_err(Fault::Unknown)? {
            if body.len() + chunk.len() > most {
                return Err(too_long());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// What arrives next; an error says why nothing does.
    pub(super) async fn chunk(&self, answer: &mut Response, patience: Duration) -> Result<Option<Bytes>, String> {
        tokio::select! {
            biased;
            () = self.stopped() => Err("the session was closed before an answer came".into()),
            chunk = timeout(patience, answer.chunk()) => match chunk {
                Ok(chunk) => chunk.map_err(|e| format!("the server's answer broke off: {}", net::fault(e))),
                Err(_) => Err(quiet_for(patience)),
            },
        }
    }

    /// The session is over, or nobody hears it.
    pub(super) async fn stopped(&self) {
        tokio::select! {
            () = self.ended.cancelled() => {}
            () = self.said.closed() => self.end("Nobody hears what the server says"),
        }
    }

    /// Tells the server that the session is over.
    pub(super) async fn bid_farewell(&self, id: Option<HeaderValue>) {
        let told = async {
            let token = match &self.bearer {
                Some(bearer) => bearer.token().await.map_err(Fault::NotSent)?,
                None => None,
            };
            let request = self.request(Method::DELETE, self.endpoint.url(), token.as_ref(), id)?;
            request.send().await.map_err(|e| fault(net::fault(e)))
        };
        match timeout(self.pace.farewell, told).await {
            Ok(Ok(answer)) => tracing::debug!(status = answer.status().as_u16(), "the session was ended"),
            Ok(Err(why)) => tracing::debug!("the server could not be told that the session ended: {why}"),
            Err(_) => tracing::debug!("the server did not say in time that the session ended"),
        }
    }
}

fn quiet_for(patience: Duration) -> String {
    format!("the server sent nothing for {} seconds", patience.as_secs_f32())
}

fn fault(fault: NetFault) -> Fault {
    match fault {
        NetFault::Refused(why) => Fault::NotSent(why),
        NetFault::Unreachable(why) => Fault::NotSent(format!("the server can't be reached: {why}")),
        NetFault::Broken(why) => Fault::Unknown(format!("the connection to the server broke: {why}")),
    }
}

/// Where a redirect leads, within the origin: nothing of ours goes elsewhere.
fn target(from: &Url, headers: &HeaderMap) -> Result<Url, Fault> {
    let refuse = |why: String| Err(Fault::NotSent(format!("the server points elsewhere, and {why}")));
    let to = headers.get(LOCATION).and_then(|to| to.to_str().ok()).and_then(|to| from.join(to).ok());
    let Some(mut to) = to else { return refuse("does not say where".into()) };
    if to.origin() != from.origin() || !to.username().is_empty() || to.password().is_some() {
        return refuse(format!("{} is not asked", shown(&to)));
    }
    to.set_fragment(None);
    Ok(to)
}

/// The content type without its parameters, in small letters.
pub(super) fn media_type(answer: &Response) -> String {
    let value = answer.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let text = String::from_utf8_lossy(value.get(..value.len().min(200)).unwrap_or_default()).into_owned();
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// `Mcp-Session-Id` of the answer to the handshake: visible ASCII of bounded length, at most once.
pub(super) fn session_id(headers: &HeaderMap) -> Result<Option<HeaderValue>, Fault> {
    let mut all = headers.get_all("mcp-session-id").iter();
    let Some(id) = all.next() else { return Ok(None) };
    let bytes = id.as_bytes();
    let is_good = !bytes.is_empty() && bytes.len() <= MAX_SESSION_ID && bytes.iter().all(u8::is_ascii_graphic);
    if !is_good || all.next().is_some() {
        return Err(Fault::Unknown("the server named its session in a way that is not allowed".into()));
    }
    let mut id = id.clone();
    id.set_sensitive(true);
    Ok(Some(id))
}
