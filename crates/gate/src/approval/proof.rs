//! A yes that a program can't give for the person: it takes a proof that the person is there, for exactly one question.

use super::{Approval, By, Effect, Level, Millis, NotCounted, State, Yes};
use crate::call::{ApprovalId, Digest};
use crate::grant::Remember;

/// How long a proof counts once it was given.
pub const PROOF_LIFE: Millis = 60_000;

/// How a person proved to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// By the passphrase that was chosen for Consentry.
    Passphrase,
    /// To the operating system, which asked by itself: polkit on Linux.
    System,
}

impl Means {
    /// As it stands in the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passphrase => "passphrase",
            Self::System => "system",
        }
    }
}

/// A yes that would count, but for its proof. Made only here, while everything else about it holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Prepared {
    approval: ApprovalId,
    digest: Digest,
    by: By,
}

impl Prepared {
    /// With the proof that was given at this time.
    pub fn proved(self, means: Means, at: Millis) -> Proof {
        Proof { prepared: self, means, at }
    }
}

/// A proof for exactly one yes. Moved, never copied, so it is used once.
#[derive(Debug, PartialEq, Eq)]
pub struct Proof {
    prepared: Prepared,
    means: Means,
    at: Millis,
}

impl Approval {
    /// Whether a yes to this would count now, were it proved. Between this and the proof the system's own dialog may lie
    /// over the card, so what holds now is not asked again.
    ///
    /// # Errors
    /// What else is in its way.
    pub fn prepare(&self, digest: Digest, act: Option<&str>, by: By, now: Millis) -> Result<Prepared, NotCounted> {
        let (_, visible_since) = self.waits(now).ok_or(NotCounted::Over)?;
        self.check(digest, act, by, visible_since, now)?;
        Ok(Prepared { approval: self.terms.id, digest, by })
    }

    /// A yes with its proof.
    pub fn approve_proved(&mut self, proof: Proof, remember: Option<Remember>, now: Millis) -> Vec<Effect> {
        let Some((attended, _)) = self.waits(now) else { return vec![Effect::NotCounted(NotCounted::Over)] };
        let Proof { prepared: Prepared { approval, digest, by }, means, at } = proof;
        let answer = match () {
            () if approval != self.terms.id || digest != self.terms.digest => Err(NotCounted::OtherDigest),
            () if !(0..=PROOF_LIFE).contains(&(now - at)) => Err(NotCounted::ProofMissing),
            () if self.edited && remember.is_some() => Err(NotCounted::NotKept),
            () => Ok(self.yes(digest, by)),
        };
        if answer.is_ok() {
            self.proved = Some(means);
        }
        self.give(answer, remember, attended, now)
    }

    /// While an answer still counts: whether whoever asked waits, and since when the card is visible.
    fn waits(&self, now: Millis) -> Option<(bool, Option<Millis>)> {
        match self.state {
            State::Waiting { attended, expires_at, visible_since } if expires_at.is_none_or(|end| now < end) => {
                Some((attended, visible_since))
            }
            _ => None,
        }
    }

    /// How its yes was proved, if it was.
    pub fn proved(&self) -> Option<Means> {
        self.proved
    }

    /// Whether a yes by this one takes a proof: whatever is high risk does, and so does all that is said outside of our
    /// windows, where a program could say it.
    pub(super) fn takes_proof(&self, by: By) -> bool {
        match by {
            By::Window => self.terms.level == Level::StepUp,
            By::Proved => true,
            By::Cli | By::Tightening | By::Rule => false,
        }
    }

    /// Everything about a yes but its proof.
    pub(super) fn check(
        &self,
        digest: Digest,
        act: Option<&str>,
        by: By,
        visible_since: Option<Millis>,
        now: Millis,
    ) -> Result<(), NotCounted> {
        if digest != self.terms.digest {
            return Err(NotCounted::OtherDigest);
        }
        match by {
            By::Tightening | By::Rule => Err(NotCounted::NotHere),
            By::Cli | By::Proved => Ok(()),
            By::Window => {
                let armed = visible_since.is_some_and(|since| now - since >= Self::arms_after(self.terms.level));
                if !armed {
                    return Err(NotCounted::TooEarly);
                }
                if self.terms.level == Level::StepUp && self.terms.act.as_deref() != act {
                    return Err(NotCounted::ActMissing);
                }
                Ok(())
            }
        }
    }

    /// The evidence, once all holds.
    pub(super) fn yes(&self, digest: Digest, by: By) -> Yes {
        Yes { approval: self.terms.id, digest, consent: self.terms.level.consent(), by, remember: None }
    }
}
