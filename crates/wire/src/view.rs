//! What a person is shown, and what `--json` prints. Times are milliseconds since 1970-01-01 UTC.

mod activity;
mod answering;
mod clients;
mod difference;
mod grants;
mod habits;
mod inspect;
mod marks;
mod now;
mod origins;
mod pages;
mod policies;
mod settings;

pub use activity::*;
pub use answering::*;
pub use clients::*;
pub use difference::*;
pub use grants::*;
pub use habits::*;
pub use inspect::*;
pub use marks::*;
pub use now::*;
pub use origins::*;
pub use pages::*;
pub use policies::*;
pub use settings::*;

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
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Read, Self::Write, Self::Delete, Self::Send, Self::Pay, Self::Execute, Self::Privilege];

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
    /// What it is about, where that can be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<ExcerptView>,
}

/// Foreign: a part of a text with a little of what stands around it. Values that must not be seen are masked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExcerptView {
    /// What stands before it.
    pub before: String,
    /// The part itself; long ones without their middle.
    pub text: String,
    /// What stands behind it.
    pub after: String,
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
    /// What can be said about it, or about values inside it.
    #[serde(default)]
    pub marks: Vec<MarkView>,
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
    /// Whether a plain call of it asks under the policies in force.
    pub asks: bool,
    /// Pinned, new or changed.
    pub pin: PinState,
    /// What inspection saw in its definition.
    pub findings: Vec<FindingView>,
    /// What it can do by its definition, where the person set something else; else empty.
    #[serde(default)]
    pub derived: Vec<Effect>,
    /// Whether it is left out: neither listed nor callable.
    #[serde(default)]
    pub left_out: bool,
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
    /// The environment variables it is given, or the headers.
    pub env: Vec<VariableView>,
    /// The words in force until now, when this is a change.
    pub before: Option<Vec<String>>,
}

/// A variable or header that a server is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariableView {
    /// Foreign.
    pub name: String,
    /// Foreign. Nothing where it is a secret, or may be one.
    pub value: Option<String>,
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
    /// How each tool differs from what was approved, riskiest first; what is the same is not in it.
    #[serde(default)]
    pub changes: Vec<ToolChangeView>,
    /// How the instructions for the model differ, where they do.
    #[serde(default)]
    pub instructions_change: Option<ChangeView>,
    /// How many ran and asked before.
    #[serde(default)]
    pub before: Option<CountsView>,
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
    /// Whether it was looked for where values came from; of cards from before that was done it is not known.
    #[serde(default)]
    pub traced: bool,
    /// Where values came from; of those that are not here nothing was shown.
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
    /// Where the client that asked stands.
    #[serde(default)]
    pub client_waits: ClientWaits,
    /// What of a yes could be remembered, if anything.
    #[serde(default)]
    pub remember: Option<RememberView>,
    /// That what is there now can be asked for, where a read of the same server shows it and no rule asks for that.
    #[serde(default)]
    pub now: Option<NowOffer>,
    /// What the person changed of the call; the card shows it as changed.
    #[serde(default)]
    pub edits: Vec<EditView>,
    /// Secrets and personal data that would leave with the call.
    #[serde(default)]
    pub leaves: Vec<LeavesView>,
}

/// A value of a data class that would leave with a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeavesView {
    /// The data class, such as `secret.aws_access_key`.
    pub class: String,
    /// What that is, in words of ours: `an AWS access key`.
    pub words: String,
    /// JSON pointer of the text it stands in.
    pub pointer: String,
    /// Foreign: the placeholder the agent wrote; or the value, of a secret only its beginning.
    pub shown: String,
    /// Whether the agent never saw it: the value itself is put in the placeholder's stead.
    pub put_back: bool,
    /// The servers that gave it, where that is known.
    pub from: Vec<String>,
    /// Whether it goes back to where it came from.
    pub from_there: bool,
}

/// Where the client stands that asked a question about a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientWaits {
    /// Until when it waits for the answer before it is told to come back; `None` when nobody waits.
    pub until: Option<i64>,
    /// How often it asked the same again.
    pub retries: u32,
    /// Until when a yes waits for it to ask again, where one was given. It runs nothing by itself.
    pub parked_until: Option<i64>,
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
    /// A yes that came after the client had given up, and that the client did not come back for.
    Unused,
    /// The client cancelled or left, or the broker stopped.
    Withdrawn,
}
