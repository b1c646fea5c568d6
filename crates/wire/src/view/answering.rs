//! Answers beyond a plain yes or no: a call changed by the person, and several calls on one card.

use super::{ApprovalView, Level};
use serde::{Deserialize, Serialize};

/// A value the person writes in place of the one that was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldEdit {
    /// JSON pointer into the arguments.
    pub pointer: String,
    /// The new value, as JSON.
    pub value: String,
}

/// A value of a call that the person changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditView {
    /// JSON pointer into the arguments.
    pub pointer: String,
    /// Foreign: what was asked; a text without its quotes, anything else as it was written.
    pub from: String,
    /// What the person wrote, as JSON.
    pub value: String,
}

/// A question as a list shows it: an answer from the list names both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// The approval.
    pub id: String,
    /// The digest that was displayed.
    pub digest: String,
}

/// Calls of one tool that one client asks for at the same time, in one conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchView {
    /// They wait, the first asked first.
    pub items: Vec<BatchItem>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchItem {
    /// Its whole question.
    pub question: ApprovalView,
    /// Whether it may be approved from the list; else it has to be opened.
    pub may_be_chosen: bool,
}

/// What became of one of several answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemAnswer {
    /// The approval.
    pub id: String,
    /// Why the answer did not count, if it didn't.
    pub fault: Option<crate::Fault>,
}

impl ApprovalView {
    /// Whether its values can be changed before a yes.
    pub fn may_be_edited(&self) -> bool {
        let open = self.ended.is_none() && self.closed.is_none() && self.client_waits.parked_until.is_none();
        // What is not shown whole can't be changed.
        let whole = self.leaves.iter().all(|leaves| !leaves.put_back && !leaves.class.starts_with("secret."));
        open && whole && self.kind == super::ApprovalKind::Call
    }

    /// Whether it asks for more than this one does: a higher level, or for another reason.
    pub fn asks_more_than(&self, other: &Self) -> bool {
        let shown = |policy: &str| other.reasons.iter().any(|reason| reason.policy == policy);
        (self.level == Level::StepUp && other.level != Level::StepUp) || self.reasons.iter().any(|r| !shown(&r.policy))
    }
}
