//! The control socket: one JSON object per line each way. It reads, rejects, revokes and stops; the verbs that decide
//! answer [`crate::FaultCode::NotHere`] unless the broker was started with `--decisions cli`, or a proof comes along that
//! the person is there.

use crate::Fault;
use crate::proof::{Given, ProofView, Secret};
use crate::view::{
    ActivityFilter, Answer, ApprovalView, AttentionView, ClientChange, ClientChangeView, ClientFileView, ClientPlaces,
    Effect, EntryDetail, EntryRef, EntryView, ExportRow, FieldEdit, GrantView, KnownClientView, Lifetime,
    LoginPlanView, NowView, PlaceApprovedView, PoliciesView, RememberChoice, ReplayView, ServersView, StatusView,
    SuggestionView, ThreatView, ToolView, UnguardedView, VerifyView,
};
use serde::{Deserialize, Serialize};

/// A draft of the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Draft {
    /// Another preset, by its name.
    Preset(String),
    /// A policy file, beside the person's own or in place of the one of that name.
    Policy {
        /// Its name.
        file: String,
        /// What is in it, in Cedar.
        text: String,
    },
}

/// What was agreed with whoever guards a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoginTerms {
    /// Who we are there, where somebody registered us.
    pub client_id: Option<String>,
    /// The secret that goes with it.
    pub client_secret: Option<Secret>,
    /// Where the browser has to come back to on this machine.
    pub callback_port: Option<u16>,
    /// The only scopes that may be asked for; all where there is none.
    pub scopes: Vec<String>,
}

/// What a control peer asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum Request {
    /// The broker's state.
    Status,
    /// The servers.
    Servers,
    /// What waits.
    Approvals,
    /// One approval, waiting or ended lately.
    Approval {
        /// Its id.
        id: String,
    },
    /// A stream of [`Watched`], until the peer leaves.
    Watch,
    /// Says no.
    Reject {
        /// The approval.
        id: String,
        /// Words for the model.
        reason: Option<String>,
    },
    /// Newest entries first.
    AuditList {
        /// Only entries with a lower sequence number.
        before: Option<i64>,
        /// At most this many.
        limit: u32,
        /// Which entries are wanted.
        #[serde(default)]
        filter: ActivityFilter,
    },
    /// One entry, by sequence number, or the first of a call, by its id.
    AuditShow {
        /// `17`, or a call's id.
        id: String,
    },
    /// Recomputes the whole chain.
    AuditVerify,
    /// Takes a server away.
    RemoveServer {
        /// Its name.
        name: String,
    },
    /// Past calls judged again under a draft of the rules.
    Replay {
        /// The draft.
        draft: Draft,
        /// Only calls since then, in milliseconds since 1970-01-01 UTC.
        since: Option<i64>,
    },
    /// Why a call was decided as it was.
    Explain {
        /// The call's id.
        call: String,
    },
    /// The grants.
    Grants,
    /// Grants that could take the place of questions that are always answered alike.
    Suggestions,
    /// Decision: remembers what was suggested.
    AcceptSuggestion {
        /// Its id.
        id: String,
        /// How long.
        lifetime: Lifetime,
    },
    /// Does not suggest this again.
    DeclineSuggestion {
        /// Its id.
        id: String,
    },
    /// The places that a person approved calls to go to, by server.
    ApprovedPlaces,
    /// Approves one no longer.
    ForgetPlace {
        /// The server.
        server: String,
        /// Its kind.
        kind: String,
        /// Which.
        value: String,
    },
    /// What questions took of the person's attention.
    Attention {
        /// Since then, in milliseconds since 1970-01-01 UTC; else in the last week.
        since: Option<i64>,
    },
    /// What a client could be made to do with all that it uses.
    Threats {
        /// What proves the client.
        identity: String,
    },
    /// Takes a grant back.
    RevokeGrant {
        /// Its id.
        id: String,
    },
    /// Stops everything.
    StopAll,
    /// No prompt and no notification for so many minutes; 0 ends it.
    Pause {
        /// Minutes.
        minutes: u32,
    },
    /// The configuration files of clients.
    Clients {
        /// Where to look.
        places: ClientPlaces,
    },
    /// What a change of clients' entries would do, entry by entry. Writes nothing.
    PlanClients {
        /// The change.
        change: ClientChange,
        /// The clients; none means all.
        clients: Vec<String>,
        /// Only these entries; none means all of those clients.
        #[serde(default)]
        entries: Vec<EntryRef>,
        /// Where their files are.
        places: ClientPlaces,
    },
    /// The programs that call tools.
    KnownClients,
    /// None of a program's calls runs any more.
    SuspendClient {
        /// What proves it.
        identity: String,
    },
    /// No call goes to a server any more.
    SuspendServer {
        /// The server.
        name: String,
    },
    /// Decision: lifts that.
    ResumeServer {
        /// The server.
        name: String,
    },
    /// What a program was shown counts no more: its next chat begins clean.
    NewChat {
        /// What proves it.
        identity: String,
    },
    /// Ends the broker, so that the app can take over.
    HandOver,
    /// How the person could prove to be there now.
    ProofMeans,
    /// Any decision, with the proof that the person is there: taken by every broker.
    Proved {
        /// The proof.
        given: Given,
        /// The decision.
        request: Box<Request>,
    },
    /// Decision: chooses the passphrase that proves it.
    ChoosePassphrase {
        /// The one of now, if there is one.
        current: Option<Secret>,
        /// The one from now on.
        new: Secret,
    },
    /// Decision: says yes.
    Approve {
        /// The approval.
        id: String,
        /// The digest that was displayed.
        digest: String,
        /// What is to be remembered of it.
        #[serde(default)]
        remember: Option<RememberChoice>,
        /// Values that are changed before; where the changed call asks for more, it is asked anew.
        #[serde(default)]
        set: Vec<FieldEdit>,
    },
    /// Decision: adds or changes a server and approves its command.
    AddServer {
        /// Its name.
        name: String,
        /// The words of its command.
        words: Vec<String>,
        /// Its environment.
        env: Vec<(String, String)>,
    },
    /// Decision: adds or changes a server that is reached over HTTP.
    AddRemote {
        /// Its name.
        name: String,
        /// Its URL.
        url: String,
        /// What every request to it carries.
        headers: Vec<(String, String)>,
        /// What was agreed with whoever guards it.
        #[serde(default)]
        login: LoginTerms,
    },
    /// Decision: finds out what a login at a server would be.
    PlanLogin {
        /// The server.
        name: String,
    },
    /// Decision: begins the login that was planned. The answer says what to open in a browser.
    LogIn {
        /// The server.
        name: String,
        /// The plan.
        plan: String,
        /// What is asked for, of what it offers.
        scopes: Vec<String>,
    },
    /// Gives the tokens for a server back and forgets them.
    LogOut {
        /// The server.
        name: String,
    },
    /// Decision: lifts what [`Request::StopAll`] did.
    LiftStop,
    /// Decision: puts Consentry between clients and their servers, or takes it away again, entry by entry.
    ChangeClients {
        /// The change.
        change: ClientChange,
        /// The clients; none means all.
        clients: Vec<String>,
        /// Only these entries; none means all of those clients.
        #[serde(default)]
        entries: Vec<EntryRef>,
        /// Where their files are.
        places: ClientPlaces,
    },
    /// Decision: starts the server, lists it, pins its tools.
    TrustServer {
        /// Its name.
        name: String,
        /// Tools to leave out: neither listed nor callable.
        #[serde(default)]
        except: Vec<String>,
        /// What tools can do, where the person knows better.
        #[serde(default)]
        effects: Vec<(String, Vec<Effect>)>,
    },
    /// Decision: asks an open trust question again, with another choice of tools and effects.
    ChooseTools {
        /// The approval that is open.
        id: String,
        /// Tools to leave out.
        except: Vec<String>,
        /// What tools can do, where the person knows better.
        effects: Vec<(String, Vec<Effect>)>,
    },
    /// Sets how what a server says is set apart for the model. More is taken from anyone; less is a decision.
    SetSpotlight {
        /// The server.
        name: String,
        /// `off`, `delimit`, `datamark` or `encode`.
        how: String,
    },
    /// Sets what a tool can do. More is taken from anyone; less is a decision.
    SetEffects {
        /// The server.
        name: String,
        /// The tool.
        tool: String,
        /// All that it can do.
        effects: Vec<Effect>,
    },
    /// Entries with their exact records, oldest first.
    AuditExport {
        /// Only entries with a higher sequence number.
        after: i64,
        /// At most this many.
        limit: u32,
        /// Which entries are wanted.
        filter: ActivityFilter,
    },
    /// The rules in force.
    Policies,
    /// Puts a preset in force. A stricter one is free; one that lets more run is a decision.
    ChoosePreset {
        /// `cautious` or `balanced`.
        preset: String,
    },
    /// Decision: has the server of an open question say what is there now, once per question.
    LookNow {
        /// The approval that is open.
        id: String,
    },
    /// The words that the person keeps to themselves.
    OwnTerms,
    /// Decision: sets them.
    SetOwnTerms {
        /// All of them: each a word or phrase, or a regular expression between slashes.
        terms: Vec<String>,
    },
    /// The domains that are the person's own.
    OwnDomains,
    /// Decision: sets them.
    SetOwnDomains {
        /// All of them.
        domains: Vec<String>,
    },
    /// Entries of clients that go around Consentry and that nobody has said anything about yet.
    Unguarded,
    /// Decision: such an entry may go on as it is; it is not told again.
    LeaveEntry {
        /// The entry.
        entry: EntryRef,
    },
}

/// What comes back: one line per request, and for streams one per item, then [`Reply::End`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", content = "value", rename_all = "snake_case")]
pub enum Reply {
    /// Done, nothing to say.
    Done,
    /// It failed or was refused.
    Fault(Fault),
    /// The state.
    Status(StatusView),
    /// The servers.
    Servers(ServersView),
    /// The approvals.
    Approvals(Vec<ApprovalView>),
    /// One approval.
    Approval(Box<ApprovalView>),
    /// How the person could prove to be there.
    ProofMeans(ProofView),
    /// The grants.
    Grants(Vec<GrantView>),
    /// Approved places.
    Places(Vec<PlaceApprovedView>),
    /// What could be remembered.
    Suggestions(Vec<SuggestionView>),
    /// What questions took.
    Attention(AttentionView),
    /// What a client could be made to do.
    Threats(Box<ThreatView>),
    /// One event of a watch.
    Watched(Watched),
    /// Entries.
    Entries(Vec<EntryView>),
    /// One entry.
    Entry(Box<EntryDetail>),
    /// The chain.
    Verified(VerifyView),
    /// The tools that were pinned.
    Trusted(Vec<ToolView>),
    /// The programs that call tools.
    KnownClients(Vec<KnownClientView>),
    /// The files of clients.
    Clients(Vec<ClientFileView>),
    /// What became of entries of clients' files, or would.
    ClientChanges(Vec<ClientChangeView>),
    /// The explanation, line by line; foreign text inside is escaped.
    Explained(Vec<String>),
    /// What a draft would change.
    Replayed(Box<ReplayView>),
    /// The stream is over.
    End,
    /// Entries on their way out.
    Exported(Vec<ExportRow>),
    /// The rules in force.
    Policies(Box<PoliciesView>),
    /// What is there now.
    Now(Box<NowView>),
    /// Domains.
    Domains(Vec<String>),
    /// The words that the person keeps to themselves.
    Terms(Vec<String>),
    /// What a login would be.
    LoginPlan(Box<LoginPlanView>),
    /// One sentence, or what to open.
    Said(String),
    /// Entries that go around Consentry.
    Unguarded(Vec<UnguardedView>),
}

/// A line of `approvals watch --json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Watched {
    /// An approval waits.
    Pending(Box<ApprovalView>),
    /// It ended.
    Ended {
        /// Its id.
        id: String,
        /// How.
        answer: Answer,
    },
}
