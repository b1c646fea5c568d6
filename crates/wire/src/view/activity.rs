//! The activity page: what can be searched for, the story of one call, and what an export writes.

use super::{ApprovalView, Effect, EntryView, FindingView, Reason};
use serde::{Deserialize, Serialize};

/// What became of a call, as a person would look for it. A call can be of two kinds: one that was approved may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It ran, and no rule asked.
    Ran,
    /// A person was asked and said yes.
    Approved,
    /// A person was asked and said no, or nobody answered.
    Rejected,
    /// It was refused unasked.
    Refused,
    /// It went out, and an error came back, or it could not be sent.
    Failed,
    /// It went out, and nobody knows what became of it.
    Unknown,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Ran, Self::Approved, Self::Rejected, Self::Refused, Self::Failed, Self::Unknown];

    /// The word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ran => "ran",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// Which entries are wanted. What is empty filters nothing; several of one kind are alternatives. Entries of a call are
/// found by what any entry of the same call says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActivityFilter {
    /// Words that stand in a name, an argument, a message or a reason; small and capital letters are the same.
    pub text: String,
    /// Clients, by short name.
    pub clients: Vec<String>,
    /// Servers.
    pub servers: Vec<String>,
    /// Effects of the tool: at least one of these.
    pub effects: Vec<Effect>,
    /// What became of the call.
    pub verdicts: Vec<Verdict>,
    /// Not before this moment.
    pub since: Option<i64>,
    /// Before this moment.
    pub until: Option<i64>,
    /// One entry per call, the last; what belongs to no call stays.
    pub calls: bool,
}

/// What can be chosen from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityChoices {
    /// Clients that stand in the log.
    pub clients: Vec<String>,
    /// Servers that stand in the log.
    pub servers: Vec<String>,
}

/// The story of one call or one question, put together from its entries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StoryView {
    /// What happened, in sentences of ours; foreign text inside is escaped.
    pub said: Vec<String>,
    /// The rules that asked or refused, with the words they had then where a card was shown, else with today's.
    pub reasons: Vec<Reason>,
    /// Who answered: `window`, `cli`, `tightening`, `rule`, or empty.
    pub answered_by: String,
    /// Foreign: what the person wrote with a no.
    pub reason: String,
    /// The moments, in order.
    pub steps: Vec<StepView>,
    /// The card as it was seen.
    pub card: Option<Box<ApprovalView>>,
    /// What inspection made of what came back.
    #[serde(default)]
    pub came_back: CameBackView,
}

/// What inspection made of a result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CameBackView {
    /// What was seen in it, the worst first.
    pub findings: Vec<FindingView>,
    /// What the agent did not get, in words of ours, and how many.
    pub withheld: Vec<(String, u32)>,
    /// What was not inspected, in sentences of ours.
    pub uninspected: Vec<String>,
    /// How it was set apart for the model, in words of ours; empty where it was not.
    pub set_apart: String,
}

impl CameBackView {
    /// Whether there is nothing to say.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// One moment of a story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepView {
    /// Which.
    pub step: Step,
    /// When.
    pub at: i64,
}

/// The moments a call can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The question was put.
    Asked,
    /// Its card was fully visible for the first time.
    Visible,
    /// It was answered, or ended unanswered.
    Answered,
    /// The call went out.
    Sent,
    /// It was over.
    Done,
}

/// How an export is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// One JSON object per line, with the exact record.
    #[default]
    Jsonl,
    /// A table for a spreadsheet.
    Csv,
}

impl ExportFormat {
    /// The ending of its files.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
        }
    }
}

/// One entry on its way out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExportRow {
    /// The line.
    pub entry: EntryView,
    /// The exact text the chain is computed over.
    pub record: String,
    /// Its hash, hex.
    pub hash: String,
}
