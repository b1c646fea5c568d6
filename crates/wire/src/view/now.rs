//! What is there now that a call would change, as its own server says it. Asked for by the person, in a box of its own:
//! the card does not change by it, and nothing is decided by it.

use super::Sign;
use serde::{Deserialize, Serialize};

/// That what is there now can be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NowOffer {
    /// Foreign: the tool of the same server that would be called, which can only read.
    pub tool: String,
}

/// What the server says is there now, beside what the call would make of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NowView {
    /// Foreign: the tool that was called.
    pub tool: String,
    /// What it comes to.
    pub held: Held,
    /// Lines that go, come and stay; runs of those that stay are folded. Foreign.
    pub lines: Vec<LineView>,
    /// Fields before and after. Foreign.
    pub fields: Vec<FieldView>,
    /// How many lines are new.
    pub added: u64,
    /// How many go.
    pub removed: u64,
    /// Whether there are more lines than these.
    pub cut: bool,
    /// Foreign: the server's own words, where it gave nothing to compare.
    pub said: String,
    /// Our words: why nothing was read.
    pub why: String,
    /// When it was read, in milliseconds since 1970-01-01 UTC.
    pub at: i64,
}

/// What it comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// The call changes it.
    Differs,
    /// The call would leave it as it is.
    Same,
    /// The server says there is nothing; the call makes it.
    New,
    /// It goes.
    Goes,
    /// Something else takes its place.
    Replaced,
    /// The server says that nothing is in the way.
    Free,
    /// There is something; what the call makes of it can't be told.
    Unclear,
    /// The server says there is nothing that could be changed.
    Missing,
    /// It is no text.
    NoText,
    /// The server refused to say.
    Refused,
    /// The server's answer could not be understood.
    Unreadable,
    /// Nothing was read.
    Failed,
}

/// A line, or a run of lines that stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineView {
    /// Whether it stays.
    pub sign: Sign,
    /// Foreign; empty where it is folded.
    pub text: String,
    /// How many lines are folded here.
    #[serde(default)]
    pub folded: u64,
}

/// A field before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldView {
    /// Foreign.
    pub name: String,
    /// Foreign: what it holds, where the server says so.
    pub before: Option<String>,
    /// Foreign: what the call would put there.
    pub after: String,
}

impl Held {
    /// What it comes to, in one sentence of ours. What the server said of it may be wrong, so it is said as its word.
    pub fn words(self) -> &'static str {
        match self {
            Self::Differs => "The call changes what the server says is there.",
            Self::Same => "The server says it is like this already: the call would change nothing.",
            Self::New => "The server says there is nothing yet: the call would make it new.",
            Self::Goes => "This is what the server says is there. It would be gone.",
            Self::Replaced => "The server says there is something in that place already. It would be replaced.",
            Self::Free => "The server says there is nothing in that place yet.",
            Self::Unclear => {
                "This is what the server says is there. What the call would make of it can’t be told before."
            }
            Self::Missing => "The server says there is nothing that could be changed.",
            Self::NoText => "The server says there is something that is no text, so it can’t be compared.",
            Self::Refused => "The server did not show what is there.",
            Self::Unreadable => "The server’s answer could not be understood, so what is there is not known.",
            Self::Failed => "Nothing was read, so what is there now is not known.",
        }
    }
}
