//! What may go back to a client: what a server sent, inspected, without what has to stay here, and set apart from what
//! the person says.
//!
//! [`release()`] is the one way. A value that may not reach the model becomes a placeholder, `[email:1·x7Kq2mPz9a]`, and
//! [`Withheld`] keeps the original; [`restore()`] puts it back into a later call, where it may go. Everything else stays
//! byte for byte as it came.

mod blocks;
mod json;
mod look;
mod outline;
mod placeholder;
mod redact;
mod restore;
mod said;
mod spotlight;
mod structured;
mod sweep;
mod withheld;

pub use restore::{PutBack, RestoreFault, Restored, restore};
pub use withheld::{Original, Withheld};

use crate::call::members;
use crate::edit;
use crate::inspect::{self, Finding, Severity};
use bytes::Bytes;
use json::Doc;
use serde_json::{Value, json};

/// What is to be released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The result of a request: a tool's, a prompt's, a resource's.
    Result,
    /// The error of a request.
    Error,
    /// The parameters of a notification, or of a request that the server makes.
    Notification,
    /// A list of what the server has.
    Listing,
}

/// How untrusted text is set apart for the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spotlight {
    /// Not at all.
    #[default]
    Off,
    /// Between a head and a tail of ours.
    Delimit,
    /// With a mark between its words.
    Datamark,
    /// As base64.
    Encode,
}

impl Spotlight {
    /// All of them, from weak to strong.
    pub const ALL: [Self; 4] = [Self::Off, Self::Delimit, Self::Datamark, Self::Encode];

    /// Its word, in the log and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Delimit => "delimit",
            Self::Datamark => "datamark",
            Self::Encode => "encode",
        }
    }

    /// The one that has this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|spotlight| spotlight.word() == word)
    }
}

/// On which terms something is released.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// The server that it came from, by name.
    pub server: &'a str,
    /// What it is.
    pub kind: Kind,
    /// Whether it holds known names only, which are not set apart.
    pub trusted: bool,
    /// How it is set apart where it is not trusted.
    pub spotlight: Spotlight,
    /// The schema that the tool promises its structured content to fit.
    pub output_schema: Option<&'a Value>,
    /// Whether data of a class may not reach the model.
    pub withhold: &'a dyn Fn(&str) -> bool,
}

impl<'a> Terms<'a> {
    /// Nothing is withheld and nothing set apart.
    pub fn open(server: &'a str, kind: Kind) -> Self {
        Self { server, kind, trusted: true, spotlight: Spotlight::Off, output_schema: None, withhold: &|_| false }
    }
}

/// A value that was withheld.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// JSON pointer of where it stood in what came.
    pub pointer: String,
    /// Its data class.
    pub class: String,
    /// What stands in its place; empty where it was left out.
    pub placeholder: String,
}

/// Proof that these very bytes may go to the client.
#[derive(Debug)]
pub struct Released {
    bytes: Bytes,
    findings: Vec<Finding>,
    withheld: Vec<Held>,
    uninspected: Vec<String>,
    spotlight: Spotlight,
}

impl Released {
    /// The bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// What inspection saw in what came, with JSON pointers into it and spans of the texts there. Names that were
    /// withheld stand in the pointers as placeholders.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What was withheld.
    pub fn withheld(&self) -> &[Held] {
        &self.withheld
    }

    /// How its texts were set apart.
    pub fn spotlight(&self) -> Spotlight {
        self.spotlight
    }

    /// What could not be inspected, in sentences.
    pub fn uninspected(&self) -> &[String] {
        &self.uninspected
    }
}

impl Released {
    /// The same result with a text of ours before what the server says in it. A result that has no list of contents
    /// stays as it is: it would no longer be what the protocol says.
    #[must_use]
    pub fn with_note(self, note: &str) -> Self {
        match before_content(&self.bytes, note) {
            Some(bytes) => Self { bytes: bytes.into(), ..self },
            None => self,
        }
    }
}

/// The bytes of a result with a block of text at the head of its `content`; the rest of them stays untouched.
fn before_content(result: &[u8], note: &str) -> Option<Vec<u8>> {
    let mut contents = members(result).ok()?.into_iter().filter(|(name, _)| name == "content");
    let content = contents.next().filter(|_| contents.next().is_none())?.1;
    let place = edit::place(result, content)?;
    let inside = content.get().strip_prefix('[')?;
    let block = serde_json::json!({"type": "text", "text": note}).to_string();
    let comma = if inside.trim_ascii_start().starts_with(']') { "" } else { "," };
    let (before, after) = (result.get(..=place.start)?, result.get(place.start + 1..)?);
    Some([before, block.as_bytes(), comma.as_bytes(), after].concat())
}

/// The longest message that is looked at, in bytes.
const LONGEST: usize = 128 * 1024 * 1024;

/// Inspects what a server sent and releases it on these terms. What can't be inspected is not released: a sentence of
/// ours goes in its place.
pub fn release(raw: Bytes, terms: &Terms<'_>, withheld: &mut Withheld) -> Released {
    if raw.len() > LONGEST {
        let why = format!("it is {} bytes long, and only {LONGEST} are inspected", raw.len());
        return instead(terms, "not_inspected", &why);
    }
    if !inspect::data::usable() {
        return instead(terms, "inspection_failed", "the tables of what has to stay here are broken");
    }
    match Doc::parse(&raw) {
        Some(doc) => redact::document(&raw, &doc, terms, withheld),
        None => instead(terms, "inspection_failed", "it is not JSON as the protocol has it"),
    }
}

/// What goes out in place of what could not be inspected.
fn instead(terms: &Terms<'_>, class: &'static str, why: &str) -> Released {
    let said = format!("Consentry held back what the server sent, for it could not be inspected: {why}.");
    let bytes = match terms.kind {
        Kind::Result => json!({"content": [{"type": "text", "text": said}], "isError": true}).to_string(),
        Kind::Error => json!({"code": -32603, "message": said}).to_string(),
        Kind::Notification | Kind::Listing => "{}".to_owned(),
    };
    let (pointer, message) = (String::new(), format!("The server's message could not be inspected: {why}."));
    let finding = Finding { class, severity: Severity::Danger, pointer, span: None, message };
    Released {
        bytes: bytes.into(),
        findings: vec![finding],
        withheld: Vec::new(),
        uninspected: vec![said],
        spotlight: Spotlight::Off,
    }
}

#[cfg(test)]
mod tests;
