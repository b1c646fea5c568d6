//! What a person may do with a question beyond answering its card: change what is asked, and answer it from a list.

use super::{Approval, By, Effect, Event, Level, Millis, NotCounted, State, Terms, Yes};
use crate::call::Digest;
use crate::tool::Effect as Tells;

/// What a question asks once a person changed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// What a yes is bound to from now on.
    pub digest: Digest,
    /// What is asked for from now on.
    pub level: Level,
    /// The value to be picked before a yes, at [`Level::StepUp`].
    pub act: Option<String>,
    /// Whether anything is another than the client asked; not so once all was undone.
    pub differs: bool,
}

/// Whether a yes may be given together with others, from a list of them: only where what happens can be taken back and
/// stays here.
pub fn may_be_listed(level: Level, effects: &[Tells]) -> bool {
    let mild = |effect: &Tells| matches!(effect, Tells::Read | Tells::Write);
    level == Level::Approve && !effects.is_empty() && effects.iter().all(mild)
}

impl Approval {
    /// The same, for a call that can do this: some may be answered from a list.
    pub fn with_effects(self, effects: &[Tells]) -> Self {
        Self { listable: may_be_listed(self.terms.level, effects), ..self }
    }

    /// Whether it may be answered from a list, together with others.
    pub fn is_listable(&self) -> bool {
        self.listable && self.terms.level == Level::Approve
    }

    /// Another call is asked from now on. It is another card: nobody has seen it yet.
    pub(super) fn change(&mut self, shown: Digest, now: Edited, by: By) -> Effect {
        if shown != self.terms.digest {
            return Effect::NotCounted(NotCounted::OtherDigest);
        }
        if matches!(by, By::Tightening | By::Rule) {
            return Effect::NotCounted(NotCounted::NotHere);
        }
        if let State::Waiting { visible_since, .. } = &mut self.state {
            *visible_since = None;
        }
        self.listed_since = None;
        self.edited = now.differs;
        self.terms = Terms { digest: now.digest, level: now.level, act: now.act, ..self.terms.clone() };
        Effect::Changed
    }

    /// A list shows it, or no longer does. One that shows another digest than is asked now does not show it.
    pub(super) fn list(&mut self, event: &Event, now: Millis) {
        self.listed_since = match event {
            Event::Listed(digest) if *digest == self.terms.digest => self.listed_since.or(Some(now)),
            _ => None,
        };
    }

    pub(super) fn weigh_listed(&self, digest: Digest, now: Millis) -> Result<Yes, NotCounted> {
        if digest != self.terms.digest {
            return Err(NotCounted::OtherDigest);
        }
        if !self.is_listable() {
            return Err(NotCounted::OneByOne);
        }
        if self.listed_since.is_none_or(|since| now - since < Self::arms_after(Level::Approve)) {
            return Err(NotCounted::TooEarly);
        }
        Ok(self.yes(digest, By::Window))
    }
}
