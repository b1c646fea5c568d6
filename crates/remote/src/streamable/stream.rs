//! The answers: bodies, event streams, streams that broke and are resumed, and the stream for what nobody asked for.

use super::events::Events;
use super::exchange::{Verb, media_type, session_id};
use super::{Fault, MAX_MESSAGE, Open, Session, message};
use bytes::Bytes;
use reqwest::header::HeaderValue;
use reqwest::{Response, StatusCode};
use std::sync::Arc;
use std::time::Duration;

/// How often in a row a stream is resumed that brings nothing: half a minute to a server that is gone.
const MOST_TRIES: u32 = 5;

/// The shortest time between two tries, whatever the server asks for.
const SHORTEST: Duration = Duration::from_millis(100);

const EVENT_STREAM: &str = "text/event-stream";

impl Session {
    /// Sends a request and hears what comes back, until it is answered. `Ok` says that there is no more to come.
    pub(super) async fn ask(&self, frame: Bytes, key: &str, open: &Open) -> Result<(), Fault> {
        let answer = self.exchange(&Verb::Post(frame), self.pace.quiet).await?;
        if !answer.status().is_success() {
            return Err(self.refusal(answer, Some(key)).await);
        }
        if open.is_handshake {
            let id = session_id(answer.headers())?;
            let mut state = self.state();
            if !state.is_over {
                state.id = id;
            }
        }
        match media_type(&answer).as_str() {
            EVENT_STREAM => self.follow(answer, key).await,
            "application/json" => {
                let body = self.body(answer, MAX_MESSAGE).await?;
                let heard = message::messages(&body);
                let heard = heard.ok_or_else(|| Fault::Unknown("the server's answer is no message".into()))?;
                for one in heard {
                    self.hear(one).await;
                }
                Ok(())
            }
            _ => Err(self.refusal(answer, None).await),
        }
    }

    /// Hears a request's stream, and those that resume it, until the request is answered.
    async fn follow(&self, mut answer: Response, key: &str) -> Result<(), Fault> {
        let mut events = Events::new(MAX_MESSAGE);
        let mut tries = 0;
        loop {
            let why = match self.read(&mut answer, &mut events, Some(key), self.pace.quiet).await? {
                Read::Answered => {
                    // Read to its end, the connection can be used again. What goes wrong now is nobody's loss.
                    let _ = self.read(&mut answer, &mut events, None, self.pace.linger).await;
                    return Ok(());
                }
                Read::Broken { why, brought } => {
                    tries = if brought { 0 } else { tries };
                    why
                }
            };
            if !self.is_open(key) {
                return Ok(());
            }
            answer = self.resume(&mut events, &mut tries, why).await?;
        }
    }

    /// Hears a stream until it ends, or until the request `until` is answered.
    async fn read(
        &self,
        answer: &mut Response,
        events: &mut Events,
        until: Option<&str>,
        patience: Duration,
    ) -> Result<Read, Fault> {
        let (mut brought, mut arrived) = (false, Vec::new());
        loop {
            let chunk = match self.chunk(answer, patience).await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => return Ok(Read::Broken { why: "the server ended its answer too early".into(), brought }),
                Err(why) => return Ok(Read::Broken { why, brought }),
            };
            let before = events.last_id().map(<[u8]>::to_vec);
            let fed = events.feed(&chunk, &mut arrived);
            brought |= !arrived.is_empty() || before.as_deref() != events.last_id();
            for data in arrived.drain(..) {
                let Some(heard) = message::messages(&data) else {
                    events.in_vain(&data).map_err(Fault::Unknown)?;
                    continue;
                };
                events.heard();
                for one in heard {
                    self.hear(one).await;
                }
            }
            fed.map_err(Fault::Unknown)?;
            if until.is_some_and(|key| !self.is_open(key)) {
                return Ok(Read::Answered);
            }
        }
    }

    /// A stream that goes on behind the last event, where there was one. The request may have run, whatever happens
    /// here, so every fault is [`Fault::Unknown`].
    async fn resume(&self, events: &mut Events, tries: &mut u32, why: String) -> Result<Response, Fault> {
        loop {
            let behind = events.last_id().and_then(|id| HeaderValue::from_bytes(id).ok());
            let asked = events.retry().unwrap_or(self.pace.retry).max(SHORTEST);
            let pause = asked.max(self.backed_off(*tries));
            if behind.is_none() || *tries >= MOST_TRIES || asked > self.pace.quiet || !self.pause(pause).await {
                return Err(Fault::Unknown(why));
            }
            *tries += 1;
            events.restart();
            match self.exchange(&Verb::Get(behind), self.pace.quiet).await {
                Ok(answer) if answer.status() == StatusCode::OK && media_type(&answer) == EVENT_STREAM => {
                    return Ok(answer);
                }
                Ok(answer) if may_pass(answer.status()) => {}
                Err(Fault::NotSent(_) | Fault::Unknown(_)) => {}
                Ok(_) | Err(Fault::Unauthorized(_)) => return Err(Fault::Unknown(why)),
            }
        }
    }

    /// Hears what the server says unasked, for as long as the session lasts. A server that has no such stream says so.
    pub(super) async fn listen(self: Arc<Self>) {
        let mut events = Events::new(MAX_MESSAGE);
        let mut tries = 0;
        loop {
            let behind = events.last_id().and_then(|id| HeaderValue::from_bytes(id).ok());
            match self.exchange(&Verb::Get(behind), self.pace.accept).await {
                Ok(mut answer) if answer.status() == StatusCode::OK && media_type(&answer) == EVENT_STREAM => {
                    self.state().has_stream = true;
                    // It may be quiet for as long as it likes: that the connection lives is seen below HTTP.
                    match self.read(&mut answer, &mut events, None, Duration::MAX).await {
                        Ok(Read::Broken { brought: true, .. }) => tries = 0,
                        Ok(_) => {}
                        Err(why) => tracing::warn!("the stream for what a server says unasked was left: {why}"),
                    }
                }
                Ok(answer) if may_pass(answer.status()) => {}
                Ok(answer) => {
                    tracing::debug!(status = answer.status().as_u16(), "the server says nothing unasked");
                    return;
                }
                Err(Fault::NotSent(_) | Fault::Unknown(_) | Fault::Unauthorized(_)) => {}
            }
            events.restart();
            let asked = events.retry().unwrap_or(self.pace.retry).max(SHORTEST);
            if !self.pause(asked.max(self.backed_off(tries))).await {
                return;
            }
            tries = tries.saturating_add(1);
        }
    }

    /// Twice as long after each try in vain.
    fn backed_off(&self, tries: u32) -> Duration {
        self.pace.retry.saturating_mul(1 << tries.min(16)).min(self.pace.longest)
    }

    /// Waits; false says that the session ended meanwhile.
    async fn pause(&self, pause: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.stopped() => false,
            () = tokio::time::sleep(pause) => true,
        }
    }
}

/// How reading a stream ended.
enum Read {
    Answered,
    Broken {
        why: String,
        /// Whether anything came that makes another try worth while.
        brought: bool,
    },
}

/// Whether a refusal may be one of the moment.
fn may_pass(status: StatusCode) -> bool {
    status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
}
