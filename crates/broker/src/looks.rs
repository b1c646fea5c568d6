//! What is there now that a call would change: a read that Consentry makes itself, when the person at the card asks for it.
//!
//! It goes the way of any call: resolved, pinned, inspected, judged with no consent at all and without grants, recorded,
//! and only then sent; the record says that it is ours and for which question. It is made at most once per question, is
//! bounded in time and size, and what comes back decides nothing.

use crate::audit_log::{Durability, Recorded};
use crate::clock::now_ms;
use crate::corridor::{Asked, Corridor};
use crate::desk::Desk;
use crate::mcp;
use crate::noted::about;
use crate::present;
use crate::servers::Trusted;
use crate::upstream::{Answer, Upstream};
use bytes::Bytes;
use gate::audit::Record;
use gate::call::{CallId, ConnectionId, Digest, Request};
use gate::client::Client;
use gate::meaning::now::{self, Becomes, Look, compare, found};
use gate::permit::{Case, Permit, Verdict, judge};
use gate::provenance::SoFar;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::{OnceCell, Semaphore};
use tokio_util::sync::CancellationToken;
use wire::view::{ApprovalKind, NowOffer, NowView};

/// How long a server may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// The largest answer that is looked at, in bytes: a text twice, as some servers send it, and its escapes.
const ANSWER: usize = 1 << 20;
/// The largest file on this computer that is asked for, in bytes.
const FILE: u64 = 256 * 1024;
/// How many reads may be on their way at once.
const AT_ONCE: usize = 2;
/// How long a question may take from here onto the desk.
const ON_ITS_WAY: Duration = Duration::from_secs(30);

/// The reads that could be made for open questions.
#[derive(Debug)]
pub(crate) struct Looks {
    state: Mutex<HashMap<Digest, Entry>>,
    places: Semaphore,
}

#[derive(Clone, Debug)]
struct Entry {
    plan: Arc<Plan>,
    came: Arc<OnceCell<NowView>>,
    offered: Instant,
}

/// One read: as whom, where, and what.
#[derive(Debug)]
struct Plan {
    connection: ConnectionId,
    client: Arc<Client>,
    conversation: Arc<str>,
    trusted: Arc<Trusted>,
    /// Its connection owns it; a question that waits longer keeps nothing alive.
    upstream: Weak<Upstream>,
    look: Look,
}

impl Looks {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::default(), places: Semaphore::new(AT_ONCE) }
    }

    fn state(&self) -> MutexGuard<'_, HashMap<Digest, Entry>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a plan for as long as its question is open. What was read for the same question stays what it is.
    fn keep(&self, digest: Digest, plan: Plan, desk: &Desk) {
        let mut state = self.state();
        let open = |digest: &Digest| desk.about(ApprovalKind::Call, *digest).is_some();
        state.retain(|digest, entry| entry.offered.elapsed() < ON_ITS_WAY || open(digest));
        let came = state.get(&digest).filter(|_| open(&digest)).map(|entry| entry.came.clone()).unwrap_or_default();
        state.insert(digest, Entry { plan: Arc::new(plan), came, offered: Instant::now() });
    }
}

impl Corridor {
    /// Whether what is there now can be asked for at the card of this call, and by which tool.
    pub(crate) fn offer_look(&self, case: &Case, asked: &Asked) -> Option<NowOffer> {
        let call = &case.call;
        let listing = self.servers.pinned(&call.server.name)?;
        let arguments = gate::meaning::arguments(&call.request.arguments);
        let look = now::look(&call.tool, &arguments, &listing.tools)?;
        let plan = Plan {
            connection: asked.connection,
            client: asked.client.clone(),
            conversation: asked.conversation.clone(),
            trusted: asked.trusted.clone(),
            upstream: Arc::downgrade(&asked.upstream),
            look,
        };
        // Judged now so that nothing is offered that would be refused, and again when it is made.
        self.may_look(&plan.asked(&asked.upstream)?).ok()?;
        let offer = NowOffer { tool: plan.look.tool.name.clone() };
        self.looks.keep(call.digest(), plan, &self.desk);
        Some(offer)
    }

    /// What is there now, read once per question. `None` where there is nothing to read for it.
    ///
    /// # Errors
    /// Why nothing was sent: it may be asked for again.
    pub(crate) async fn look_now(self: &Arc<Self>, digest: Digest, approval: &str) -> Option<Result<NowView, String>> {
        let entry = self.looks.state().get(&digest).cloned()?;
        let (corridor, approval) = (self.clone(), approval.to_owned());
        // In a task of its own: a window that goes away must not take the record with it.
        let looked = tokio::spawn(async move {
            let looked = entry.came.get_or_try_init(|| corridor.make_look(&entry.plan, &approval)).await;
            looked.cloned()
        });
        looked.await.ok()
    }

    /// The permit of a read: nothing but reading, and allowed with nobody's consent.
    fn may_look(&self, asked: &Asked) -> Result<Permit, String> {
        let call = self.resolve(asked).map_err(|refusal| refusal.message)?;
        if !call.tool.only_reads() {
            return Err("The tool can do more than read.".into());
        }
        // No grant stands in: nobody gave one for a read of ours.
        let case = Case::inspect(call);
        let now = self.circumstances(&case.call, SoFar::default());
        match judge(case, &self.policies.current(), &now, &[]) {
            Verdict::Allow(permit) => Ok(permit),
            Verdict::Ask(_) => Err("A rule asks a person before this tool may be called.".into()),
            Verdict::Deny(refusal) => Err(refusal.message),
        }
    }

    /// Makes the read. An error means that nothing was sent.
    async fn make_look(&self, plan: &Plan, approval: &str) -> Result<NowView, String> {
        let tool = &plan.look.tool.name;
        let _place = self.looks.places.try_acquire().map_err(|_| "Other reads are still on their way.")?;
        if let Some(bytes) = present::largest(&plan.look.paths).await.filter(|bytes| *bytes > FILE) {
            return Err(format!("The file has {bytes} bytes; only up to {FILE} are compared."));
        }
        let gone = || "The client is no longer connected to this server, so nothing was read.".to_owned();
        let upstream = plan.upstream.upgrade().ok_or_else(gone)?;
        let asked = plan.asked(&upstream).ok_or("The read can’t be put into words.")?;
        let _begun = self
            .stop
            .begin(asked.client.identity, &asked.trusted.server.name, &asked.cancel)
            .map_err(|refusal| refusal.message)?;
        let permit = self.may_look(&asked)?;
        let call = permit.case().call.id;
        let record = about(Record::new("intent", now_ms()), permit.case())
            .with("client", "Consentry")
            .with("for_client", plan.client.name())
            .with("initiator", "consentry")
            .with("for_question", approval)
            .with("consent", "none");
        let recorded = self.audit.record(permit, record, Durability::Process).await.map_err(|r| r.message)?;
        let answer = exchange(&upstream, recorded, &asked.cancel).await;
        Ok(match self.close_look(call, answer).await {
            Ok(bytes) if bytes.len() > ANSWER => {
                present::not_read(tool, "The server’s answer is too large to be compared.")
            }
            Ok(bytes) => {
                let becomes = &plan.look.becomes;
                let found = found(&bytes, matches!(becomes, Becomes::Fields(..)));
                present::now(tool, compare(found, becomes))
            }
            Err(why) => present::not_read(tool, &why),
        })
    }

    /// The outcome, before anybody is shown it.
    async fn close_look(&self, call: CallId, answer: Result<Answer, String>) -> Result<Bytes, String> {
        let (result, answer) = match answer {
            Ok(Answer::Result(raw)) if mcp::is_error(&raw) => ("failed", Ok(raw)),
            Ok(Answer::Result(raw)) => ("completed", Ok(raw)),
            Ok(Answer::Error(_)) => ("failed", Err("The server answered with an error.".to_owned())),
            Ok(Answer::Malformed(why)) | Err(why) => ("unknown", Err(why)),
        };
        let record = Record::new("outcome", now_ms())
            .call(call)
            .with("initiator", "consentry")
            .with("result", result)
            .with("bytes", answer.as_ref().map_or(0, Bytes::len))
            .with("message", answer.as_ref().err().cloned().unwrap_or_default());
        self.audit.append(record, Durability::Process).await.map_err(|refusal| refusal.message)?;
        answer
    }
}

/// Sends the read and waits a little for its answer.
async fn exchange(
    upstream: &Arc<Upstream>,
    recorded: Recorded<Permit>,
    cancel: &CancellationToken,
) -> Result<Answer, String> {
    let until = tokio::time::Instant::now() + PATIENCE;
    // A message that is half written spoils all that follow, so sending is never broken off.
    let sending = {
        let upstream = upstream.clone();
        tokio::spawn(async move { upstream.forward_own(recorded).await })
    };
    let late = || format!("The server did not answer within {} seconds.", PATIENCE.as_secs());
    let mut sent = match tokio::time::timeout_at(until, sending).await {
        Err(_) => return Err(late()),
        Ok(Err(_)) => return Err("The read could not be sent.".into()),
        Ok(Ok(sent)) => sent.map_err(|fault| fault.to_string())?,
    };
    let answered = tokio::select! {
        answer = upstream.answer(&mut sent) => answer.map_err(|fault| fault.to_string()),
        () = cancel.cancelled() => Err("Everything was stopped.".into()),
        () = tokio::time::sleep_until(until) => Err(late()),
    };
    if answered.is_err() {
        upstream.cancel(&sent, None).await;
    }
    answered
}

impl Plan {
    /// The read as the corridor takes it.
    fn asked(&self, upstream: &Arc<Upstream>) -> Option<Asked> {
        let name = serde_json::to_string(&self.look.tool.name).ok()?;
        let arguments = std::str::from_utf8(&self.look.arguments).ok()?;
        let params = Bytes::from(format!(r#"{{"name":{name},"arguments":{arguments}}}"#));
        Some(Asked {
            connection: self.connection,
            client: self.client.clone(),
            conversation: self.conversation.clone(),
            trusted: self.trusted.clone(),
            upstream: upstream.clone(),
            request: Request::parse(params).ok()?,
            cancel: CancellationToken::new(),
            nudge: None,
        })
    }
}
