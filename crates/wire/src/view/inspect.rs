//! What inspection makes of a text that somebody pasted.

use super::FindingView;
use serde::{Deserialize, Serialize};

/// What a text is to the model that would read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextKind {
    /// What a tool returned: a page, a mail, a document.
    #[default]
    ToolOutput,
    /// A tool's description.
    ToolDescription,
    /// A value that a model puts into a call.
    Argument,
}

/// What inspection makes of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InspectView {
    /// How much it looks like orders to an assistant, in hundredths.
    pub injection: u8,
    /// Whether it would be marked.
    pub flagged: bool,
    /// What was seen, in the order of the text.
    pub findings: Vec<FindingView>,
    /// Foreign: what a model reads, where that is something else than what is written.
    pub reads: Option<String>,
    /// Texts that are hidden in it.
    pub hidden: Vec<HiddenView>,
    /// Values of data classes: in words of ours, and how many.
    pub data: Vec<(String, u32)>,
    /// Foreign: the text as a model would get it, where something would be withheld.
    pub redacted: Option<String>,
}

/// A text that is hidden in another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HiddenView {
    /// How, in words of ours, the outermost first.
    pub how: Vec<String>,
    /// Foreign: what it says.
    pub text: String,
}
