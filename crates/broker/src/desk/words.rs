//! The desk's words: in the log, and to whoever answers.

use gate::approval::{By, NotCounted};
use wire::view::ApprovalKind;
use wire::{Fault, FaultCode};

/// No question is open under this id.
pub(crate) fn gone() -> Fault {
    Fault::new(FaultCode::Gone, "This question has ended, or there never was one with this id.")
}

/// Why an answer did not count.
pub(super) fn fault(why: NotCounted) -> Fault {
    match why {
        NotCounted::Over => Fault::new(FaultCode::Gone, "This question has ended: the answer came too late."),
        NotCounted::OtherDigest => {
            Fault::new(FaultCode::DigestMismatch, "The digest is not the one of this question. Nothing was approved.")
        }
        NotCounted::TooEarly => Fault::new(FaultCode::TooEarly, "The card was not visible long enough yet."),
        NotCounted::ActMissing => Fault::new(FaultCode::ActMissing, "Pick the value that is in the call first."),
        NotCounted::ProofMissing => Fault::new(
            FaultCode::ProofMissing,
            "This takes a proof that it is you, and none came. Nothing was approved.",
        ),
        NotCounted::NotHere => Fault::new(FaultCode::NotHere, "This can only say no. Approve in Consentry's window."),
        NotCounted::OneByOne => {
            Fault::new(FaultCode::NotHere, "This one can't be approved together with others. Open it and look at it.")
        }
        NotCounted::NotKept => Fault::new(FaultCode::Invalid, "A call that was changed is never remembered."),
        NotCounted::Taken => Fault::new(FaultCode::Gone, "Somebody waits for the answer already."),
    }
}

/// The word for who answered.
pub(crate) fn by_word(by: By) -> &'static str {
    match by {
        By::Window => "window",
        By::Cli | By::Proved => "cli",
        By::Tightening => "tightening",
        By::Rule => "rule",
    }
}

pub(super) fn kind_word(kind: ApprovalKind) -> &'static str {
    match kind {
        ApprovalKind::Call => "call",
        ApprovalKind::Run => "run",
        ApprovalKind::Trust => "trust",
        ApprovalKind::Drift => "drift",
        ApprovalKind::Client => "client",
        ApprovalKind::Policy => "policy",
    }
}
