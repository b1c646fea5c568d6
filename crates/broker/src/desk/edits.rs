//! Questions about calls that the person changes before a yes: the same question, with another card and another digest.

use super::{Desk, about, by_word, fault, gone};
use crate::audit_log::Durability;
use crate::clock::now_ms;
use crate::present::level;
use bytes::Bytes;
use gate::approval::{Approval, By, Edited, Effect, Event};
use gate::call::{ApprovalId, Digest};
use gate::edit::Draft;
use gate::provenance::SoFar;
use std::sync::Arc;
use wire::control::Watched;
use wire::view::{ApprovalKind, ApprovalView};
use wire::{Fault, FaultCode};

/// What stands behind the card of a call.
#[derive(Clone, Debug)]
pub(crate) struct Behind {
    /// What calls have in common that are shown together.
    pub(crate) group: Digest,
    /// The call as it may be changed.
    pub(crate) draft: Option<Box<Draft>>,
    /// The words of the server's command.
    pub(crate) words: Vec<String>,
    /// How much went through before it was asked.
    pub(crate) so_far: SoFar,
    /// The client's identity.
    pub(crate) client: Digest,
    /// The server's identity, and the tool as pinned.
    pub(crate) pinned: (Digest, Digest),
    /// What policies were told of the call, as the log keeps it.
    pub(crate) facts: Bytes,
}

fn too_late() -> Fault {
    Fault::new(FaultCode::Gone, "This question has ended: the change came too late.")
}

impl Desk {
    /// The call as it may be changed, and what else stands behind its question, if that has this digest.
    pub(crate) fn behind(&self, id: ApprovalId, shown: Digest) -> Result<(Draft, Behind), Fault> {
        let state = self.state();
        let open = state.open.get(&id).filter(|open| !open.parked).ok_or_else(gone)?;
        if open.approval.terms().digest != shown {
            return Err(fault(gate::approval::NotCounted::OtherDigest));
        }
        let mut behind = open.behind.clone();
        let draft = behind.as_mut().and_then(|behind| behind.draft.take());
        let both = draft.map(|draft| *draft).zip(behind);
        both.ok_or_else(|| {
            Fault::new(FaultCode::Invalid, "Only a call whose values are all shown can be changed before a yes.")
        })
    }

    /// Puts a changed call in the place of the one that has the digest `shown`, once the log has it.
    pub(crate) async fn revise(
        self: &Arc<Self>,
        id: ApprovalId,
        shown: Digest,
        draft: Draft,
        card: ApprovalView,
        by: By,
    ) -> Result<ApprovalView, Fault> {
        let mut card = self.revised(id, card)?;
        let digest = draft.case().call.digest();
        card.digest = digest.to_string();
        let pointers: Vec<_> = draft.changes().iter().map(|change| change.pointer.clone()).collect();
        let mut record = about("edited", now_ms(), &card)
            .with("asked_digest", draft.asked().to_string())
            .with("edited", pointers)
            .with("edited_by", by_word(by))
            .with_body("arguments", draft.case().shown_arguments().clone())
            .with_body("card", serde_json::to_vec(&card).unwrap_or_default().into());
        record.call = Some(draft.case().call.id);
        let written = self.audit.append(record, Durability::Process).await;
        written.map_err(|refusal| Fault::new(FaultCode::Storage, refusal.message))?;
        let level = level(&card);
        let differs = !draft.changes().is_empty();
        let act = card.act.as_ref().map(|_| crate::present::salient(draft.case()));
        let event = Event::Edit { shown, now: Edited { digest, level, act, differs }, by };
        let outcome = {
            let mut state = self.state();
            let outcome = state.step(id, event, now_ms()).ok_or_else(too_late)?;
            let counted = outcome.0.is_none() && !outcome.1.iter().any(|e| matches!(e, Effect::NotCounted(_)));
            if let Some(open) = state.open.get_mut(&id).filter(|_| counted) {
                let (client_waits, expires_at) = (open.view.client_waits, open.view.expires_at);
                open.view = ApprovalView { client_waits, expires_at, ..card.clone() };
                open.seen_at = None;
                if let Some(behind) = &mut open.behind {
                    behind.draft = Some(Box::new(draft));
                }
                let _ = self.watched.send(Watched::Pending(Box::new(open.view.clone())));
            }
            outcome
        };
        self.carry_out(id, outcome).await?;
        Ok(card)
    }

    /// The new card, with what belongs to the question and not to the call.
    fn revised(&self, id: ApprovalId, card: ApprovalView) -> Result<ApprovalView, Fault> {
        let state = self.state();
        let now = &state.open.get(&id).ok_or_else(too_late)?.view;
        Ok(ApprovalView {
            id: now.id.clone(),
            asked_at: now.asked_at,
            expires_at: now.expires_at,
            client_waits: now.client_waits,
            arms_after_ms: u32::try_from(Approval::arms_after(level(&card))).unwrap_or(u32::MAX),
            ..card
        })
    }

    /// The changed call that a yes was given to, once, for whoever got the yes.
    pub(crate) fn changed(&self, id: ApprovalId) -> Option<Draft> {
        self.state().changed.remove(&id)
    }
}

impl super::State {
    /// A yes to a changed call is on its way to whoever waits: what was changed goes with it.
    pub(super) fn hand_over(&mut self, open: &super::Open) {
        let draft = open.behind.as_ref().and_then(|behind| behind.draft.as_deref());
        if let Some(draft) = draft.filter(|draft| !draft.changes().is_empty() && open.settle.is_some()) {
            self.changed.insert(open.approval.terms().id, draft.clone());
        }
    }
}

impl super::Open {
    /// What makes a call the same as this one: the digest as it was asked, whatever a person changed since.
    pub(super) fn asked(&self) -> Digest {
        let draft = self.behind.as_ref().and_then(|behind| behind.draft.as_deref());
        draft.map_or(self.approval.terms().digest, Draft::asked)
    }

    /// Whether a person changed it.
    pub(super) fn is_edited(&self) -> bool {
        !self.view.edits.is_empty() && self.view.kind == ApprovalKind::Call
    }
}
