//! What a person is shown, and what `--json` prints. Times are milliseconds since 1970-01-01 UTC.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What an approval is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalKind {
    /// One call of a tool.
    Call,
    /// Run this command: a new or changed entry of `servers.json`.
    Run,
    /// Trust these tools: the first listing of a server.
    Trust,
    /// The tools or the program of a trusted server changed.
    Drift,
    /// A program that never called before wants to use Consentry.
    Client,
    /// Policy files changed in a way that lets more run.
    Policy,
}

/// The consent an answer must carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// A plain yes.
    Approve,
    /// A yes with a deliberate act: high risk.
    StepUp,
}

/// What a tool can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Looks, changes nothing.
    Read,
    /// Changes or creates something.
    Write,
    /// Removes something.
    Delete,
    /// Data leaves to others.
    Send,
    /// Moves money or buys.
    Pay,
    /// Runs a program or code.
    Execute,
    /// Changes who may do what.
    Privilege,
}

impl Effect {
    /// The word used in policies and views.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
            Self::Send => "send",
            Self::Pay => "pay",
            Self::Execute => "execute",
            Self::Privilege => "privilege",
        }
    }
}

/// How loud a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Look here.
    Caution,
    /// Likely harm, or inspection itself failed.
    Danger,
}

/// What inspection saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingView {
    /// The class, such as `hidden_characters` or `undeclared_argument`.
    pub class: String,
    /// How loud.
    pub severity: Severity,
    /// JSON pointer into what was inspected; empty for the whole.
    pub pointer: String,
    /// One sentence of ours; foreign text inside it is already escaped.
    pub message: String,
}

/// A policy that made the question necessary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The policy's `@id`.
    pub policy: String,
    /// Its `@title`.
    pub title: String,
    /// Its `@why`.
    pub why: String,
}

/// Where a value came from. Empty until provenance is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvenanceView {
    /// JSON pointer into the arguments.
    pub pointer: String,
    /// The sources that were found.
    pub sources: Vec<SourceView>,
}

/// One place a value was seen before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceView {
    /// The call whose result held it.
    pub call: String,
    /// The server that was called.
    pub server: String,
    /// The tool that was called.
    pub tool: String,
    /// How it matched.
    #[serde(rename = "match")]
    pub matched: String,
    /// Foreign: the text around it.
    pub excerpt: String,
}

/// Who calls: what the operating system proved beside what the client says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientView {
    /// A short name for it: the proved program's file name.
    pub name: String,
    /// Foreign: the name it gives itself (`clientInfo`, `--client`), if any.
    pub claimed: Option<String>,
    /// The proved program's path.
    pub program: String,
    /// For interpreters: the script it runs.
    pub script: Option<String>,
    /// SHA-256 of the program, hex.
    pub sha256: String,
    /// Its process id.
    pub pid: u32,
    /// The programs above it, nearest first.
    pub parents: Vec<String>,
    /// Whether the person let this client in before.
    pub known: bool,
}

/// A host, address, path or the like that a call reaches.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DestinationView {
    /// `host`, `address` or `path`.
    pub kind: String,
    /// Foreign.
    pub value: String,
    /// JSON pointer of the argument that names it.
    pub pointer: String,
}

/// A part of the sentence at the top of a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SentencePart {
    /// Our words.
    Ours(String),
    /// Foreign: a value in a slot.
    Slot(String),
    /// Our words in regular weight: what can't be undone.
    Rest(String),
}

/// One argument of the call, in the order of the bytes that will be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArgumentView {
    /// JSON pointer.
    pub pointer: String,
    /// Foreign: the argument's name.
    pub name: String,
    /// Foreign: the value; a string without quotes, anything else as JSON.
    pub text: String,
    /// `string`, `number`, `boolean`, `null`, `array` or `object`.
    pub kind: String,
    /// Whether the tool's schema declares it.
    pub declared: bool,
}

/// The tool a call names, as pinned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolView {
    /// Foreign.
    pub name: String,
    /// Foreign: `title` or `annotations.title`.
    pub title: Option<String>,
    /// Foreign.
    pub description: String,
    /// What it can do.
    pub effects: Vec<Effect>,
    /// Whether a call of it runs without asking under the policies in force.
    pub asks: bool,
    /// Pinned, new or changed.
    pub pin: PinState,
    /// What inspection saw in its definition.
    pub findings: Vec<FindingView>,
}

/// How a definition stands to what was approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PinState {
    /// As approved.
    Pinned,
    /// Never approved.
    New,
    /// Changed since.
    Drifted,
    /// Approved, and no longer listed.
    Gone,
}

/// The command behind an approval of kind `run`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunView {
    /// The words of the command, program first. Foreign.
    pub words: Vec<String>,
    /// The file that will be run, resolved.
    pub resolved: String,
    /// SHA-256 of that file, hex; empty when it was not found.
    pub sha256: String,
    /// Names of the environment variables it is given; never their values.
    pub env: Vec<String>,
    /// The words in force until now, when this is a change.
    pub before: Option<Vec<String>>,
}

/// What an approval of kind `trust` or `drift` pins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustView {
    /// The tools, riskiest first.
    pub tools: Vec<ToolView>,
    /// Foreign: the server's own instructions for the model.
    pub instructions: Option<String>,
    /// How many run without asking under the policies in force.
    pub runs: u32,
    /// How many ask.
    pub asks: u32,
    /// Whether the program itself changed.
    pub program_changed: bool,
}

/// What the person has to do before a high-risk yes: pick the one value that is in the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActView {
    /// Our question: "Which account receives the money?"
    pub question: String,
    /// Foreign: the values to pick from, the true one among them.
    pub choices: Vec<String>,
}

/// An approval: one question and where it stands. Also the `pending` line of `approvals watch`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApprovalView {
    /// What it is about.
    pub kind: ApprovalKind,
    /// Its id.
    pub id: String,
    /// SHA-256 over what is asked, hex; an answer must name it.
    pub digest: String,
    /// The consent that is needed.
    pub level: Level,
    /// Who asks; empty for questions no client began.
    pub client: ClientView,
    /// The server's name in `servers.json`.
    pub server: String,
    /// Foreign: the tool; empty for other kinds.
    pub tool: String,
    /// The arguments as parsed; `{}` for other kinds.
    pub arguments: Value,
    /// The policies that ask, the strictest first.
    pub reasons: Vec<Reason>,
    /// What inspection saw, the worst first.
    pub findings: Vec<FindingView>,
    /// Where values came from.
    pub provenance: Vec<ProvenanceView>,
    /// The effects of the tool.
    pub effects: Vec<Effect>,
    /// What the call reaches.
    pub destinations: Vec<DestinationView>,
    /// When it expires; `None` waits for ever.
    pub expires_at: Option<i64>,
    /// When it was asked.
    pub asked_at: i64,
    /// The sentence of the card.
    pub sentence: Vec<SentencePart>,
    /// The arguments, in order.
    pub values: Vec<ArgumentView>,
    /// Foreign: the exact bytes of the arguments as they will be sent.
    pub arguments_text: String,
    /// The tool's definition as pinned.
    pub definition: Option<ToolView>,
    /// The command, for kind `run`.
    pub run: Option<RunView>,
    /// The tools, for kinds `trust` and `drift`.
    pub trust: Option<TrustView>,
    /// The difference, line by line with `+`/`-`, for kind `policy`.
    pub difference: Vec<String>,
    /// What must be done before Approve at level `step_up`.
    pub act: Option<ActView>,
    /// How long the card must be fully visible before Approve counts, in milliseconds.
    pub arms_after_ms: u32,
    /// Why Approve stays closed, when it does.
    pub closed: Option<String>,
    /// How it ended, when it did.
    pub ended: Option<EndedView>,
}

/// How an approval ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedView {
    /// `approved`, `rejected`, `expired` or `withdrawn`.
    pub answer: Answer,
    /// When.
    pub at: i64,
    /// `window`, `cli`, or empty when nobody answered.
    pub answered_by: String,
    /// What became of the call: `completed`, `failed`, `unknown`, or empty when it did not run.
    pub outcome: String,
}

/// How a question ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The person said yes.
    Approved,
    /// The person said no.
    Rejected,
    /// Nobody answered in time: counts as no.
    Expired,
    /// The client cancelled or left, or the broker stopped.
    Withdrawn,
}

/// The inbox page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InboxView {
    /// What waits, soonest to expire first.
    pub waiting: Vec<ApprovalView>,
    /// What ended lately, newest first.
    pub ended: Vec<ApprovalView>,
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
}

/// All that the log holds of one entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntryDetail {
    /// The line.
    pub entry: EntryView,
    /// The record the chain is computed over. Strings inside may be foreign.
    pub record: Value,
    /// Bodies kept beside the chain, by their name in the record: the arguments as sent, the card as shown.
    /// Absent when retention dropped them. Foreign.
    pub bodies: Vec<(String, String)>,
    /// The entry's hash, hex.
    pub hash: String,
    /// The hash of the entry before, hex.
    pub previous: String,
    /// The other entries of the same call.
    pub related: Vec<EntryView>,
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
