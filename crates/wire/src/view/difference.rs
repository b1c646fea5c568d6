//! How the tools of a server differ from those that were approved.

use super::{Effect, PinState};
use serde::{Deserialize, Serialize};

/// How much a change matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeClass {
    /// Spelling, order, punctuation.
    Harmless,
    /// Something else than before.
    Changed,
    /// It can do or takes more than before.
    Widened,
    /// New text speaks to the model, not about the tool.
    Steering,
}

/// How one tool differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolChangeView {
    /// Foreign.
    pub name: String,
    /// New, changed or gone.
    pub pin: PinState,
    /// The worst of its changes.
    pub class: ChangeClass,
    /// What it could do.
    pub before: Vec<Effect>,
    /// What it can do now.
    pub after: Vec<Effect>,
    /// Whether a plain call of it asked before; `None` for a new tool.
    pub asked: Option<bool>,
    /// Whether one asks now; `None` for one that is gone.
    pub asks: Option<bool>,
    /// What changed, the worst first.
    pub changes: Vec<ChangeView>,
}

/// One change of a definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeView {
    /// How much it matters.
    pub class: ChangeClass,
    /// `effects`, `description`, `title`, `argument`, `annotation` or `other`.
    pub place: String,
    /// Foreign: the argument, hint or member; empty where the place says all.
    pub name: String,
    /// Our words: what became of it.
    pub said: String,
    /// Foreign: what stood there.
    pub before: Option<String>,
    /// Foreign: what stands there now.
    pub after: Option<String>,
    /// Foreign: its text, word by word.
    pub words: Vec<WordView>,
    /// Our words: what is alarming in what is new.
    pub why: Vec<String>,
}

/// Foreign: words of a text before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordView {
    /// Whether they stayed.
    pub sign: Sign,
    /// They, with the blanks between them.
    pub text: String,
}

/// Whether words stayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// In both.
    Same,
    /// In the old text alone.
    Gone,
    /// In the new text alone.
    New,
}

/// How many tools run without asking, and how many ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountsView {
    /// Without asking.
    pub runs: u32,
    /// Each time.
    pub asks: u32,
}
