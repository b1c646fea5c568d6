//! Where the values of a call came from.

use super::ExcerptView;
use serde::{Deserialize, Serialize};

/// Where a value came from: one that stands somewhere in what the conversation was shown, or that may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvenanceView {
    /// JSON pointer into the arguments.
    pub pointer: String,
    /// `tainted`, `unknown` (it may have been shown and forgotten), `common` (too common to tell), `named` (a name of the
    /// server's own) or `unseen`.
    pub standing: String,
    /// It decides who gets something, where it goes, what is run or how much.
    pub decides: bool,
    /// The sources that were found, the most suspicious first.
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
    /// `untrusted`, `web`, `description` or `names`.
    pub trust: String,
    /// When it was shown, in milliseconds since 1970-01-01 UTC.
    pub at: i64,
    /// Foreign: the value there with the text around it.
    pub excerpt: String,
    /// Foreign: the same in its parts.
    pub parts: ExcerptView,
}
