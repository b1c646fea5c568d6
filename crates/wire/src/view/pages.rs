//! The pages of the main window, and what the command line lists.

use super::{ApprovalView, Effect, StoryView, ToolView};
use serde::{Deserialize, Serialize};

/// The inbox page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InboxView {
    /// What waits, soonest to expire first.
    pub waiting: Vec<ApprovalView>,
    /// What ended lately, newest first.
    pub ended: Vec<ApprovalView>,
    /// Servers that ask so much that their questions are one card.
    #[serde(default)]
    pub floods: Vec<FloodView>,
}

/// Questions of one server, folded into one card: all can be rejected at once, and approved only one by one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FloodView {
    /// The server's name in `servers.json`.
    pub server: String,
    /// How many of its questions wait.
    pub waiting: u32,
}

/// One line of the activity page and of `audit list`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntryView {
    /// Its place in the chain, from 1.
    pub seq: i64,
    /// When it was written.
    pub at: i64,
    /// `intent`, `outcome`, `refused`, `asked`, `answered`, `decided`, `connected`, `disconnected`, `started`, …
    pub kind: String,
    /// The call it belongs to, if any.
    pub call: Option<String>,
    /// The client's short name, or empty.
    pub client: String,
    /// The server, or empty.
    pub server: String,
    /// Foreign: the tool, or empty.
    pub tool: String,
    /// `allowed`, `approved`, `rejected`, `expired`, `denied`, `completed`, `failed`, `unknown`, …
    pub result: String,
    /// One sentence of ours; foreign text inside is escaped.
    pub summary: String,
    /// The tool's effects.
    pub effects: Vec<Effect>,
    /// Whether a person was asked about the call it belongs to.
    #[serde(default)]
    pub asked: bool,
}

/// All that the log holds of one entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntryDetail {
    /// The line.
    pub entry: EntryView,
    /// The record, as the exact text the chain is computed over: parsed and printed again it could be another. Strings
    /// inside may be foreign.
    pub record: String,
    /// Bodies kept beside the chain, by their name in the record: the arguments as sent, the card as shown.
    /// Absent when retention dropped them. Foreign.
    pub bodies: Vec<(String, String)>,
    /// The entry's hash, hex.
    pub hash: String,
    /// The hash of the entry before, hex.
    pub previous: String,
    /// The other entries of the same call.
    pub related: Vec<EntryView>,
    /// What happened to the call or the question, in plain words; none for entries that are about neither.
    #[serde(default)]
    pub story: Option<StoryView>,
    /// Every rule that matters at each level of consent, under the rules in force now, line by line; what belongs to a line
    /// is indented. Foreign text inside is escaped.
    #[serde(default)]
    pub explained: Vec<String>,
}

/// What `audit verify` found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyView {
    /// How many entries were read.
    pub entries: i64,
    /// The hash of the last one, hex: write it down elsewhere to prove later that nothing was cut off.
    pub head: String,
    /// What is wrong, one sentence each; empty when the chain holds.
    pub faults: Vec<String>,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServerView {
    /// Its name in `servers.json`.
    pub name: String,
    /// The words of its command, or its URL alone. Foreign.
    pub command: Vec<String>,
    /// Names of its environment variables.
    pub env: Vec<String>,
    /// `proposed`, `untrusted`, `trusted`, `drifted`, `broken`.
    pub trust: TrustState,
    /// How many of its processes run now.
    pub running: u32,
    /// Which clients are connected through it.
    pub clients: Vec<String>,
    /// The tools, as pinned or as last listed.
    pub tools: Vec<ToolView>,
    /// When it was trusted.
    pub trusted_at: Option<i64>,
    /// What is wrong with it, if anything: one sentence.
    pub fault: Option<String>,
    /// Foreign: the last lines it wrote to stderr.
    pub stderr: Vec<String>,
    /// Calls today: all, and those that asked.
    pub calls_today: (u32, u32),
    /// Foreign: tools it offers that the person left out.
    #[serde(default)]
    pub left_out: Vec<String>,
    /// Why it is suspended, if it is: a piece of a sentence, or nothing where a person did it.
    #[serde(default)]
    pub suspended: Option<String>,
    /// How what it says is set apart for the model: `off`, `delimit`, `datamark`, `encode`.
    #[serde(default)]
    pub spotlight: String,
    /// How the login there stands, where it has or wants one.
    #[serde(default)]
    pub login: Option<LoginView>,
}

/// How a login at a server stands. Never a token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginView {
    /// How it stands.
    pub state: LoginState,
    /// Why, where a person must do something: a sentence.
    pub why: String,
    /// Foreign: what the token may be used for; with `more`, what to ask for.
    pub scopes: Vec<String>,
    /// When the token ends.
    pub expires_at: Option<i64>,
    /// The token's name in the log.
    pub fingerprint: String,
    /// Foreign: what it may be used for though that was not ticked.
    #[serde(default)]
    pub beyond: Vec<String>,
    /// Foreign: whom the token says it is for, where that is not this server.
    #[serde(default)]
    pub for_others: Vec<String>,
    /// Why the last login came to nothing: a sentence.
    pub fault: Option<String>,
}

/// How far a login is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginState {
    /// The person must log in.
    #[default]
    Needed,
    /// The person must log in again, for more scopes.
    More,
    /// The browser is open for it.
    UnderWay,
    /// There is a token.
    Ready,
    /// There is none just now; Consentry tries again.
    Waiting,
}

/// What a person is shown before the browser opens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginPlanView {
    /// Which plan this is: a login is made as it was shown, or not at all.
    pub id: String,
    /// The server's name.
    pub server: String,
    /// Its URL, and the host in it.
    pub url: String,
    /// See `url`.
    pub host: String,
    /// Foreign: the authorization server, and the host in it.
    pub issuer: String,
    /// See `issuer`.
    pub issuer_host: String,
    /// Whether both hosts belong to one registered domain.
    #[serde(default)]
    pub same_owner: bool,
    /// Whether all of it goes over https.
    pub encrypted: bool,
    /// Foreign: what the server calls itself.
    pub claimed: Option<String>,
    /// What the token could be used for.
    pub scopes: Vec<ScopeView>,
    /// Whether this only adds to a login that there is.
    pub adds: bool,
}

/// Something a token can be used for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeView {
    /// Foreign: its name there.
    pub name: String,
    /// What it is for, in words of ours.
    pub words: String,
    /// Whether it reaches far.
    pub risky: bool,
    /// Whether a call was found to need it, beyond what there is.
    pub new: bool,
    /// Whether it is asked for unless the person says otherwise.
    pub ticked: bool,
    /// Foreign: the trusted tools whose definitions say that they need it.
    #[serde(default)]
    pub claimed_by: Vec<String>,
    /// Foreign: the tools of which the server refused a call for want of it.
    #[serde(default)]
    pub refused_without: Vec<String>,
}

/// How far a server is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrustState {
    /// In `servers.json`, its command not yet approved: never run.
    Proposed,
    /// May run, its tools not yet trusted: lists nothing.
    Untrusted,
    /// Pinned and unchanged.
    Trusted,
    /// Pinned, and something changed since.
    Drifted,
    /// Its entry can't be used; see `fault`.
    Broken,
}

/// The servers page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServersView {
    /// All of them, by name.
    pub servers: Vec<ServerView>,
    /// What is wrong with `servers.json` itself, if anything.
    pub fault: Option<String>,
    /// Where it is.
    pub file: String,
}

/// The broker's own state, for `doctor` and the foot of the window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StatusView {
    /// The broker's version.
    pub version: String,
    /// `windows` or `cli`: where decisions are taken.
    pub decisions: String,
    /// The preset in force.
    pub preset: String,
    /// Where it keeps its files.
    pub home: String,
    /// Connections open now.
    pub connections: u32,
    /// Clients connected now, by short name; those with a shell say so.
    pub clients: Vec<String>,
    /// How many approvals wait.
    pub waiting: u32,
    /// Whether the person stopped everything.
    #[serde(default)]
    pub stopped: bool,
    /// Until when no prompt shows, if that is so.
    #[serde(default)]
    pub quiet_until: Option<i64>,
    /// What was checked, in words.
    pub checks: Vec<CheckView>,
}

/// One thing `doctor` looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckView {
    /// What.
    pub name: String,
    /// `ok`, `caution` or `danger`.
    pub state: CheckState,
    /// What was found.
    pub message: String,
    /// What to do, or empty.
    pub remedy: String,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// Works.
    Ok,
    /// Works less well than it should.
    Caution,
    /// Does not work, or protects less than it seems.
    Danger,
}
