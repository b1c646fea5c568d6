//! One call from request to reply, top to bottom. The file to read first.
//!
//! Ownership does the work: the call moves into the question or the permit, from there into the record, and only a
//! recorded permit goes to a server; only what was released goes back. Nothing can be approved and then swapped, and
//! nothing is sent twice on one permit. Each walk runs in a task of its own and is cancelled by message, never by
//! dropping it, so that it always reaches its record.

use crate::accounts::{LoginUses, ScopeNeeds};
use crate::approved::{Approved, reached};
use crate::audit_log::{AuditLog, Durability, Recorded};
use crate::came_back::{Marks, aside, came_back};
use crate::clients::Clients;
use crate::clock::now_ms;
use crate::desk::{Desk, Nudge, Patience};
use crate::edits;
use crate::grants::Grants;
use crate::looks::Looks;
use crate::mcp;
use crate::noted;
use crate::own_domains::OwnDomains;
use crate::policies::PolicyBook;
use crate::present;
use crate::recall::{Recall, Scope};
use crate::servers::{Servers, Trusted};
use crate::spotlights::Spotlights;
use crate::stop::Stop;
use crate::store::{Reached, Store};
use crate::suspensions::Suspensions;
use crate::terms::OwnTerms;
use crate::traffic::{Counted, Traffic};
use crate::upstream::{Answer, Sent, Upstream, UpstreamFault};
use crate::withheld::Conversations;
use gate::approval::{Level, Terms as Asking};
use gate::audit::Record;
use gate::call::{ApprovalId, Call, CallId, ConnectionId, GrantId, Request};
use gate::client::Client;
use gate::inspect;
use gate::permit::{Case, Circumstances, Permit, Question, Refusal, RefusalKind, Verdict, judge};
use gate::policy::Judgement;
use gate::provenance::SoFar;
use gate::release::{Kind, Released};
use gate::token::Token;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use wire::text::escaped;
use wire::view::ApprovalView;

/// The longest a server may take over one call. Clients give up long before; this only bounds what we keep.
const LONGEST_CALL: Duration = Duration::from_secs(30 * 60);

/// The borders between stages, in order: where a debug build can be told to die (`CONSENTRY_STOP_AT`).
pub const STAGES: &[&str] =
    &["resolved", "inspected", "asked", "permitted", "recorded", "forwarded", "answered", "released", "closed"];

/// One request of a client, with what its connection knows.
pub(crate) struct Asked {
    pub(crate) connection: ConnectionId,
    pub(crate) client: Arc<Client>,
    pub(crate) conversation: Arc<str>,
    pub(crate) trusted: Arc<Trusted>,
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) request: Request,
    pub(crate) cancel: CancellationToken,
    /// Tells the client that its call waits for a person, where it wants to know.
    pub(crate) nudge: Option<Box<Nudge>>,
}

/// What goes back to the client.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A server's result.
    Result(Released),
    /// A server's error.
    Error(Released),
    /// Why there is none.
    Refused(Refusal),
}

/// What every call passes through.
pub(crate) struct Corridor {
    pub(crate) policies: Arc<PolicyBook>,
    pub(crate) servers: Arc<Servers>,
    pub(crate) clients: Arc<Clients>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) audit: AuditLog,
    pub(crate) traffic: Traffic,
    /// What no argument may name: our own folders, socket and programs among it.
    pub(crate) protected: inspect::protected::Protected,
    /// How long a question waits.
    pub(crate) question_life: Duration,
    /// How long a client is kept waiting for the answer before it is told to come back.
    pub(crate) patience: Duration,
    pub(crate) stop: Stop,
    /// What rules suspend.
    pub(crate) suspensions: Suspensions,
    pub(crate) events: broadcast::Sender<wire::Event>,
    pub(crate) grants: Grants,
    /// What is there now, for questions that are open.
    pub(crate) looks: Looks,
    /// Whom calls went to before.
    pub(crate) store: Store,
    pub(crate) own_domains: OwnDomains,
    /// What the person keeps to themselves.
    pub(crate) own_terms: OwnTerms,
    /// Which clients used which logins before.
    pub(crate) logins: LoginUses,
    /// Which scopes tools need.
    pub(crate) needs: ScopeNeeds,
    /// How what servers say is set apart.
    pub(crate) spotlights: Spotlights,
    /// What models do not get to see.
    pub(crate) withheld: Conversations,
    /// What clients were shown.
    pub(crate) recall: Arc<Recall>,
    /// Where calls may go unasked, because a person approved one that went there.
    pub(crate) approved: Approved,
}

impl Corridor {
    /// Walks one call from request to reply. Every call gets one, and every one is on record.
    pub(crate) async fn walk(&self, asked: Asked) -> Reply {
        let begun = match self.stop.begin(asked.client.identity, &asked.trusted.server.name, &asked.cancel) {
            Ok(begun) => begun,
            Err(refusal) => return self.refuse(None, &asked, refusal).await,
        };
        let call = match self.resolve(&asked) {
            Ok(call) => call,
            Err(refusal) => return self.refuse(None, &asked, refusal).await,
        };
        border("resolved");
        let id = call.id;
        let case = match self.inspect(call).await {
            Ok(case) => case,
            Err(refusal) => return self.refuse(Some(id), &asked, refusal).await,
        };
        border("inspected");
        let scope = self.recall.scope(asked.client.identity, asked.conversation.clone());
        let (so_far, mut counted) = self.traffic.begin(&case, scope.clone(), now_ms());
        let now = self.circumstances(&case.call, so_far);
        let verdict = judge(case, &self.policies.current(), &now, &self.grants.held());
        let permit = match self.suspending(verdict, &asked, now.now_ms).await {
            Verdict::Allow(permit) => Ok(permit),
            // Asking is rare and holds much: in a box of its own it costs the other calls nothing.
            Verdict::Ask(question) => Box::pin(self.ask(question, &asked, so_far)).await,
            Verdict::Deny(refusal) => Err(refusal),
        };
        border("permitted");
        let approval = permit.as_ref().ok().and_then(Permit::approval);
        let reached = permit.as_ref().map(|permit| reached(permit.case())).unwrap_or_default();
        let changed = permit.as_ref().ok().and_then(Permit::changed).map(edits::note);
        let recorded = match permit {
            Ok(permit) => self.record(permit, &mut counted).await,
            Err(refusal) => return self.refuse(Some(id), &asked, refusal).await,
        };
        border("recorded");
        let (reply, marks) = match recorded {
            Ok(recorded) => {
                counted.keep(true);
                self.forward(recorded, id, &asked).await
            }
            Err(refusal) => return Reply::Refused(refusal),
        };
        if matches!(&reply, Reply::Refused(refusal) if refusal.kind == RefusalKind::NotSent) {
            counted.keep(false);
        }
        let reply = edits::told(reply, changed);
        border("released");
        drop(begun);
        let reply = self.close(id, approval, reached, (reply, marks), &scope).await;
        border("closed");
        reply
    }

    /// The tool as pinned; one that is gone, new or changed is not callable.
    pub(crate) fn resolve(&self, asked: &Asked) -> Result<Call, Refusal> {
        let name = &asked.request.name;
        let server = &asked.trusted.server;
        let shown = escaped(name);
        let listing = self.servers.pinned(&server.name).ok_or_else(|| {
            let why = format!("The server `{}` is no longer trusted in Consentry.", server.name);
            Refusal::new(RefusalKind::Untrusted, why)
        })?;
        let tool = listing.tool(name).cloned().ok_or_else(|| {
            let why = format!("The server `{}` has no trusted tool named `{shown}`.", server.name);
            Refusal::new(RefusalKind::Untrusted, why)
        })?;
        if !asked.upstream.lists(&tool) {
            let why = format!(
                "The tool `{shown}` is not what was approved. It stays blocked until a person has seen the change in Consentry."
            );
            return Err(Refusal::new(RefusalKind::Drifted, why));
        }
        Ok(Call {
            id: CallId(Uuid::now_v7()),
            connection: asked.connection,
            client: asked.client.clone(),
            conversation: asked.conversation.clone(),
            server: server.clone(),
            tool,
            request: asked.request.clone(),
        })
    }

    /// The call with the originals in the places of its placeholders, what is to be seen in it, and where it came from.
    async fn inspect(&self, call: Call) -> Result<Case, Refusal> {
        let held = self.withheld.of(&call.conversation)?;
        let case = aside(call.request.arguments.len(), move || Case::restored(call, &held.lock())).await??;
        self.traced(case).await
    }

    /// How things stand for this call.
    pub(crate) fn circumstances(&self, call: &Call, so_far: SoFar) -> Circumstances {
        Circumstances {
            token: self.token(call),
            client_known: self.clients.knows(&call.client),
            drifted: false,
            names_protected: self.protected.named_in(&call.request.parsed),
            so_far,
            now_ms: now_ms(),
        }
    }

    /// What is known of the token that would go along with a call.
    fn token(&self, call: &Call) -> Option<Token> {
        let server = call.server.identity;
        let token = self.servers.accounts().token(server)?;
        let first_use = !self.logins.knows(server, call.client.identity);
        // A token for nothing in particular may be used for whatever its server decides.
        let lacks = match token.scopes.is_empty() {
            true => Vec::new(),
            false => self.needs.lacking(server, &call.tool, &token.scopes),
        };
        Some(Token { first_use, lacks, ..token })
    }

    /// Puts the question to a person, and judges again with what was given.
    async fn ask(&self, question: Question, asked: &Asked, so_far: SoFar) -> Result<Permit, Refusal> {
        let case = question.case();
        let words = asked.trusted.target.command_words();
        let mut card = self.card(case, question.judgement(), words, so_far).await;
        card.now = self.offer_look(case, asked);
        let level = present::level(&card);
        let terms = Asking {
            id: ApprovalId(Uuid::now_v7()),
            digest: case.call.digest(),
            level,
            act: (level == Level::StepUp).then(|| present::salient(case)),
            lives_ms: Some(i64::try_from(self.question_life.as_millis()).unwrap_or(i64::MAX)),
        };
        self.traffic.asked(&case.call.server.name);
        let patience = Patience { longest: self.patience, cancel: &asked.cancel, nudge: asked.nudge.as_deref() };
        let behind = edits::behind(&question, words, so_far);
        let yes = self.desk.settle(terms, (card, behind), case.call.id, patience).await?;
        // A person may have changed the call: then it is the changed one that they said yes to.
        let question = match self.desk.changed(yes.approval()) {
            Some(draft) => question.edited(&draft)?,
            None => question,
        };
        // The tool may have changed, or its trust ended, while the question was open.
        let fresh = self.resolve(asked)?;
        if fresh.tool.digest != question.case().call.tool.digest {
            let why = "The tool changed while the question was open. Nothing was sent.";
            return Err(Refusal::new(RefusalKind::Drifted, why));
        }
        let by = yes.by();
        let remembered = question.remembered(&yes, GrantId(Uuid::now_v7()), now_ms());
        let now = self.circumstances(&question.case().call, so_far);
        let permit = question.settle(yes, &self.policies.current(), &now)?;
        // A person who changed a call did not say yes to where it was asked to go.
        if permit.changed().is_none() {
            self.approve_places(permit.case()).await;
        }
        let kept = match remembered {
            Ok(Some(grant)) => self.grants.keep(grant, by).await.map_err(|fault| fault.message),
            Ok(None) => Ok(()),
            Err(why) => Err(why),
        };
        if let Err(why) = kept {
            // The yes was for this call first; what can't be remembered is asked again.
            tracing::warn!("a yes could not be remembered: {why}");
        }
        Ok(permit)
    }

    /// The card of a call, as it was asked or as a person changed it, with all that is known of where it leads.
    pub(crate) async fn card(
        &self,
        case: &Case,
        judgement: &Judgement,
        words: &[String],
        so_far: SoFar,
    ) -> ApprovalView {
        let mut card = present::call(case, judgement, self.clients.knows(&case.call.client), so_far);
        present::look(&mut card, words).await;
        present::know(&mut card, &case.call.request.arguments, &self.store, &self.own_domains.all()).await;
        card
    }

    /// The intent, before anything goes out. Effects beyond reading wait for the disk.
    async fn record(&self, permit: Permit, counted: &mut Counted) -> Result<Recorded<Permit>, Refusal> {
        let case = permit.case();
        if permit.changed().is_some() {
            counted.change(case);
        }
        let durability = if case.call.tool.only_reads() { Durability::Process } else { Durability::Disk };
        let token = self.token(&case.call);
        let record = self.logins.noted(noted::intent(&permit, counted), token, case);
        self.may_plant(&permit);
        self.said(&permit).await;
        self.traffic.ran(&case.call.server.name);
        if let Some(grant) = permit.grant() {
            self.grants.used(grant);
        }
        self.audit.record(permit, record, durability).await
    }

    /// Sends it, once, and inspects what comes back.
    async fn forward(&self, permit: Recorded<Permit>, call: CallId, asked: &Asked) -> (Reply, Marks) {
        let refused = |refusal| (Reply::Refused(refusal), Marks::default());
        if asked.cancel.is_cancelled() {
            return refused(Refusal::new(RefusalKind::NotSent, "The client cancelled before anything was sent."));
        }
        let mut sent = match asked.upstream.forward(permit).await {
            Ok(sent) => sent,
            Err(fault) => return refused(self.unreachable(fault, asked)),
        };
        border("forwarded");
        let answer = self.wait(&mut sent, call, asked).await;
        border("answered");
        let (raw, kind) = match answer {
            Ok(Answer::Result(raw)) => (raw, Kind::Result),
            Ok(Answer::Error(raw)) => (raw, Kind::Error),
            Ok(Answer::Malformed(why)) => return refused(Refusal::new(RefusalKind::Unknown, why)),
            Err(refusal) => return refused(refusal),
        };
        let to = (&*asked.client, &asked.conversation);
        match self.release(raw, kind, &asked.trusted, Some((call, &asked.request.name)), to).await {
            Ok((released, marks)) if kind == Kind::Error => (Reply::Error(released), marks),
            Ok((released, marks)) => (Reply::Result(released), marks),
            Err(refusal) => refused(refusal),
        }
    }

    /// Why the server gave no answer; what it said that the tool needs is kept.
    fn unreachable(&self, fault: UpstreamFault, asked: &Asked) -> Refusal {
        match fault {
            UpstreamFault::NotSent(why) => Refusal::new(RefusalKind::NotSent, why),
            UpstreamFault::NeedsScopes { why, scopes } => {
                self.needs.saw(asked.trusted.server.identity, &asked.request.name, &scopes);
                Refusal::new(RefusalKind::NotSent, why)
            }
            UpstreamFault::Unknown(why) => Refusal::new(RefusalKind::Unknown, why),
        }
    }

    async fn wait(&self, sent: &mut Sent, call: CallId, asked: &Asked) -> Result<Answer, Refusal> {
        let late = tokio::time::sleep(LONGEST_CALL);
        let why = tokio::select! {
            answer = asked.upstream.answer(sent) => return answer.map_err(|fault| self.unreachable(fault, asked)),
            () = asked.cancel.cancelled() => match self.stop.is_on() {
                true => "The user stopped everything; whether the call ran is unknown: check the server.",
                false => "The client no longer waits; whether the call ran is unknown: check the server.",
            },
            () = late => "The server did not answer in 30 minutes; whether the call ran is unknown: check the server.",
        };
        tracing::debug!(%call, "gave up waiting");
        asked.upstream.cancel(sent, None).await;
        Err(Refusal::new(RefusalKind::Unknown, why))
    }

    /// The outcome, before the reply: a result that is not on record is withheld.
    async fn close(
        &self,
        call: CallId,
        approval: Option<ApprovalId>,
        reached: Vec<Reached>,
        (reply, marks): (Reply, Marks),
        scope: &Scope,
    ) -> Reply {
        let (result, released, message) = match &reply {
            Reply::Result(r) if mcp::is_error(r.bytes()) => ("failed", Some(r), ""),
            Reply::Result(r) => ("completed", Some(r), ""),
            Reply::Error(r) => ("failed", Some(r), ""),
            Reply::Refused(refusal) => (refusal.kind.word(), None, refusal.message.as_str()),
        };
        let record = Record::new("outcome", now_ms()).call(call).with("result", result).with("message", message);
        let record = came_back(record, released, &marks);
        let went = !matches!(&reply, Reply::Refused(refusal) if refusal.kind != RefusalKind::Unknown);
        let reached = if went { reached } else { Vec::new() };
        if released.is_some() {
            self.traffic.showed(scope, marks.volume, now_ms());
        }
        let recorded = self.audit.append_reaching(record, Durability::Process, reached).await;
        if let Some(approval) = approval {
            self.desk.note_outcome(approval, result);
        }
        match recorded {
            Ok(()) => reply,
            Err(refusal) => Reply::Refused(Refusal::new(
                RefusalKind::NotRecorded,
                format!(
                    "The call ran, but its outcome could not be recorded, so the result is withheld. {}",
                    refusal.message
                ),
            )),
        }
    }

    /// A call that did not go out.
    async fn refuse(&self, call: Option<CallId>, asked: &Asked, refusal: Refusal) -> Reply {
        // It did not run, so a log that can't be written changes nothing for the client; the log itself says so.
        let _ = self.audit.append(noted::refused(call, asked, &refusal), Durability::Process).await;
        Reply::Refused(refusal)
    }
}

/// A border between two stages. A debug build that was told to dies here as if by `kill -9`, so that tests can see
/// what is left.
pub(crate) fn border(stage: &'static str) {
    #[cfg(debug_assertions)]
    {
        use std::sync::LazyLock;
        static STOP_AT: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("CONSENTRY_STOP_AT").ok());
        if STOP_AT.as_deref() == Some(stage) {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        }
    }
    #[cfg(not(debug_assertions))]
    let _ = stage;
}
