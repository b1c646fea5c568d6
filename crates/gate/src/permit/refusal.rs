//! Why a call may not go out, or why its result may not come back.

use crate::policy::{Judgement, KeptFacts, Reason};

/// Why a call may not go out, or why its result may not come back: a value, not an error.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Which kind.
    pub kind: RefusalKind,
    /// One sentence for the model and the person.
    pub message: String,
    /// The policies behind it.
    pub reasons: Vec<Reason>,
    /// What was known of the call when policy refused it.
    pub facts: Option<Box<KeptFacts>>,
}

/// The kinds of refusal, as the log names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// The request itself can't be gated.
    Malformed,
    /// There is no such tool, or it is not trusted (yet).
    Untrusted,
    /// Its definition, or its server, is another than was approved.
    Drifted,
    /// A policy forbids it.
    Denied,
    /// The person said no.
    Rejected,
    /// Nobody answered in time.
    Expired,
    /// The question is open still; the client was told to ask again.
    Waiting,
    /// The person stopped everything.
    Stopped,
    /// The client cancelled or left.
    Withdrawn,
    /// Things changed while the question was open.
    Stale,
    /// The log could not be written.
    NotRecorded,
    /// The server failed, died or did not answer; the call may or may not have run.
    Unknown,
    /// The server was not there: the call did not run.
    NotSent,
}

impl RefusalKind {
    /// The word in the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Untrusted => "untrusted",
            Self::Drifted => "drifted",
            Self::Denied => "denied",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Waiting => "waiting",
            Self::Stopped => "stopped",
            Self::Withdrawn => "withdrawn",
            Self::Stale => "stale",
            Self::NotRecorded => "not_recorded",
            Self::Unknown => "unknown",
            Self::NotSent => "not_sent",
        }
    }
}

impl Refusal {
    /// A refusal of this kind, in one sentence.
    pub fn new(kind: RefusalKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), reasons: Vec::new(), facts: None }
    }

    pub(super) fn with(mut self, judgement: &Judgement) -> Self {
        self.reasons.clone_from(&judgement.reasons);
        self
    }

    pub(super) fn denied(judgement: &Judgement) -> Self {
        let why = match (judgement.faults.first(), judgement.reasons.first()) {
            (Some(fault), _) => format!("A policy could not be evaluated, so the call is refused: {fault}"),
            (None, Some(reason)) => format!("{}. {}", reason.title, reason.why),
            (None, None) => "No policy permits it.".to_owned(),
        };
        Self::new(RefusalKind::Denied, why).with(judgement)
    }

    /// The same, with what was known of the call.
    pub(super) fn knowing(mut self, facts: KeptFacts) -> Self {
        self.facts = Some(Box::new(facts));
        self
    }
}
