//! What is known of where a value came from, and the places where it stands.

use super::Origin;
use super::common::stands_apart;
use super::index::Hit;
use super::role::Role;
use std::ops::Range;
use std::sync::Arc;

/// How a value was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Match {
    /// It stands there, letter for letter.
    Exact,
    /// It stands there in another spelling.
    Respelled,
    /// One of the two is in a code.
    Coded,
    /// A part of it stands there.
    Part,
    /// It is put together from pieces that stand there.
    Pieces,
}

impl Match {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Respelled => "respelled",
            Self::Coded => "coded",
            Self::Part => "part",
            Self::Pieces => "pieces",
        }
    }
}

/// One place that a value may come from.
#[derive(Clone, Debug)]
pub struct Source {
    /// What was shown.
    pub origin: Arc<Origin>,
    /// JSON pointer into it.
    pub pointer: Arc<str>,
    /// Where in the text there, as it is read, in bytes.
    pub offset: usize,
    /// How it was recognised.
    pub how: Match,
    /// Whether it stands there as a link or a field of its own, not in a sentence.
    pub apart: bool,
    /// The text there, and where in it the value stands.
    text: Arc<str>,
    span: Range<usize>,
}

impl Source {
    pub(super) fn new(hit: Hit, how: Match) -> Self {
        let how = if hit.how.is_some() && how != Match::Pieces { Match::Coded } else { how };
        let apart = stands_apart(&hit.text, &hit.span);
        let offset = hit.base + hit.span.start;
        Self { origin: hit.origin, pointer: hit.pointer, offset, how, apart, text: hit.text, span: hit.span }
    }

    /// The text around it, of so many bytes before and behind.
    pub(super) fn around(&self, bytes: usize) -> &str {
        let start = self.text.floor_char_boundary(self.span.start.saturating_sub(bytes));
        let end = self.text.ceil_char_boundary((self.span.end + bytes).min(self.text.len()));
        &self.text[start..end]
    }

    /// Foreign: the value as it stands there, with what stands around it.
    pub fn excerpt(&self) -> Option<crate::inspect::Excerpt> {
        crate::inspect::Excerpt::of(&self.text, &self.span)
    }
}

/// What is known of where a value came from, from harmless to not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Nothing that was shown holds it: the person, the model or a tool of the client's own.
    Unseen,
    /// It is a name that the server itself gave.
    Named,
    /// So short or so common that it says nothing where it stands.
    Common,
    /// It may have been shown and forgotten, or was shown where it could not be read.
    Unknown,
    /// Untrusted text holds it.
    Tainted,
}

impl Standing {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unseen => "unseen",
            Self::Named => "named",
            Self::Common => "common",
            Self::Unknown => "unknown",
            Self::Tainted => "tainted",
        }
    }

    /// Whether it counts as suspicious.
    pub fn is_suspect(self) -> bool {
        self >= Self::Unknown
    }
}

/// One value of a call with what is known of it.
#[derive(Clone, Debug)]
pub struct Traced {
    /// JSON pointer of the value.
    pub pointer: String,
    /// What it decides.
    pub role: Option<Role>,
    /// What is known.
    pub standing: Standing,
    /// Where it stands, the newest first.
    pub sources: Vec<Source>,
    /// It carries a link, an address or an account of untrusted origin in a longer text.
    pub carries: bool,
}
