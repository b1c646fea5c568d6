//! A yes that takes a proof: what else it takes is looked at first, while the card is on the screen; then the person proves
//! to be there, and only then does it count.

use super::words::{fault, gone};
use super::{Desk, State};
use crate::clock::now_ms;
use gate::approval::{By, Prepared, Proof};
use gate::call::{ApprovalId, Digest};
use gate::grant::Remember;
use std::sync::Arc;
use wire::Fault;
use wire::control::Watched;

impl Desk {
    /// Whether a yes would count, but for its proof.
    ///
    /// # Errors
    /// Why not: as for an answer.
    pub(crate) fn prepare(&self, id: ApprovalId, digest: Digest, act: Option<&str>, by: By) -> Result<Prepared, Fault> {
        let state = self.state();
        let open = state.open.get(&id).ok_or_else(gone)?;
        open.approval.prepare(digest, act, by, now_ms()).map_err(fault)
    }

    /// A yes with its proof.
    ///
    /// # Errors
    /// Why it does not count.
    pub(crate) async fn approve_proved(
        self: &Arc<Self>,
        id: ApprovalId,
        proof: Proof,
        remember: Option<Remember>,
    ) -> Result<(), Fault> {
        let now = now_ms();
        let stepped = |state: &mut State| {
            state.step_by(id, |open| {
                let effects = open.approval.approve_proved(proof, remember, now);
                open.settled_by(&effects);
                effects
            })
        };
        let outcome = stepped(&mut self.state()).ok_or_else(gone)?;
        self.carry_out(id, outcome).await
    }

    /// Waits until this question has ended.
    pub(crate) async fn ended_meanwhile(&self, id: ApprovalId) {
        let (waiting, mut watched) = self.watch();
        let id = id.to_string();
        if !waiting.iter().any(|view| view.id == id) {
            return;
        }
        loop {
            match watched.recv().await {
                Ok(Watched::Ended { id: ended, .. }) if ended == id => return,
                // Whatever was missed, the machine has the last word.
                Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
                Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
            }
        }
    }
}
