//! Calls that belong together, on one card: those of one client, conversation, server and tool that wait at once.
//!
//! Each has its own digest and its own answer. The card only lists them, and what has effects that can't be taken back,
//! or asks for more than a plain yes, has to be opened and answered by itself.

use super::{Desk, Open, State};
use crate::clock::now_ms;
use gate::approval::Event;
use gate::call::{ApprovalId, Digest};
use std::sync::Arc;
use wire::Fault;
use wire::view::{ApprovalKind, BatchItem, BatchView};

impl Desk {
    /// The calls that wait together with this one, itself among them; none where it waits alone.
    pub(crate) fn batch_of(&self, id: &str) -> Option<BatchView> {
        let state = self.state();
        let id: ApprovalId = id.parse().ok()?;
        let group = state.group(state.open.get(&id)?)?;
        let mut of: Vec<&Open> = state.open.values().filter(|open| state.group(open) == Some(group)).collect();
        of.sort_by_key(|open| (open.view.asked_at, open.approval.terms().id));
        let item = |open: &&Open| BatchItem { question: open.view.clone(), may_be_chosen: open.approval.is_listable() };
        (of.len() > 1).then(|| BatchView { items: of.iter().map(item).collect() })
    }

    /// A card that lists exactly these is fully visible from now on. A card with another list is another card, and the
    /// delay of all that it lists begins.
    pub(crate) fn list(&self, items: &[(ApprovalId, Digest)]) {
        let mut state = self.state();
        if state.listing != items {
            state.unlist();
            state.listing = items.to_vec();
        }
        for (id, digest) in items {
            if let Some(open) = state.open.get_mut(id) {
                open.step(Event::Listed(*digest), now_ms());
                open.seen_at.get_or_insert(now_ms());
            }
        }
    }

    /// No card lists anything any more.
    pub(crate) fn unlist(&self) {
        self.state().unlist();
    }

    /// Says yes to one of these, as it was listed.
    pub(crate) async fn approve_listed(self: &Arc<Self>, (id, digest): (ApprovalId, Digest)) -> Result<(), Fault> {
        self.step(id, Event::ApproveListed(digest)).await
    }
}

impl State {
    fn group(&self, open: &Open) -> Option<Digest> {
        let waits = open.view.kind == ApprovalKind::Call && !open.parked && !self.is_folded(&open.view);
        open.behind.as_ref().filter(|_| waits).map(|behind| behind.group)
    }

    pub(super) fn unlist(&mut self) {
        self.listing.clear();
        for open in self.open.values_mut() {
            open.step(Event::Unlisted, now_ms());
        }
    }
}

#[cfg(test)]
mod tests;
