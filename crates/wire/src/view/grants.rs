//! Remembered yeses, as they are offered, chosen and shown.

use super::SentencePart;
use serde::{Deserialize, Serialize};

/// How long a yes is remembered, from short to long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifetime {
    /// 15 minutes.
    Quarter,
    /// One hour.
    Hour,
    /// As long as the conversation.
    Conversation,
    /// Until it is revoked, or what it rests on changes.
    Always,
}

impl Lifetime {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Quarter, Self::Hour, Self::Conversation, Self::Always];
}

/// What could be remembered of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberView {
    /// Every field of the arguments.
    pub fields: Vec<RememberField>,
    /// How long it may be remembered.
    pub lifetimes: Vec<Lifetime>,
}

/// One field, with what may be said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberField {
    /// JSON pointer.
    pub pointer: String,
    /// Foreign: the last part of the pointer.
    pub name: String,
    /// From narrow to wide; the first is the value itself.
    pub choices: Vec<Vec<SentencePart>>,
}

/// What the person chose to remember.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberChoice {
    /// How long.
    pub lifetime: Lifetime,
    /// JSON pointer and the number of the choice; fields that are not named keep their value.
    pub fields: Vec<(String, u32)>,
}

/// A remembered yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantView {
    /// Its id.
    pub id: String,
    /// The client's name.
    pub client: String,
    /// The server's name in `servers.json`.
    pub server: String,
    /// Foreign: the tool.
    pub tool: String,
    /// Each field by name, and what may stand in it.
    pub fields: Vec<(String, Vec<SentencePart>)>,
    /// The policies it answers.
    pub policies: Vec<String>,
    /// When it was made.
    pub made_at: i64,
    /// When it ends.
    pub until: Option<i64>,
    /// Whether it ends with its conversation.
    pub conversation: bool,
    /// How often it was used since the broker started.
    pub uses: u32,
    /// When last.
    pub last_used: Option<i64>,
    /// Why it counts no more, if so.
    pub dead: Option<String>,
}
