//! The life of one question: events in, effects out. No clock and no waiting here; the desk drives it.

mod proof;
mod together;

pub use proof::{Means, PROOF_LIFE, Prepared, Proof};
pub use together::{Edited, may_be_listed};

use crate::call::{ApprovalId, Digest};
use crate::grant::Remember;

/// Milliseconds since 1970-01-01 UTC, or so many milliseconds.
pub type Millis = i64;

/// How long a question stays open once the client that asked gave up waiting.
pub const INBOX_LIFE: Millis = 30 * 60_000;

/// How long a yes waits for a client that gave up and may ask again. It never runs anything by itself.
pub const PARKED_LIFE: Millis = 10 * 60_000;

/// How long a no answers the same call again, unasked.
pub const NO_LASTS: Millis = 10 * 60_000;

/// What the person gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Consent {
    /// Nothing was asked.
    None,
    /// A plain yes.
    Approved,
    /// A yes with a deliberate act, and a proof that the person is there.
    SteppedUp,
}

/// Which consent the question asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// [`Consent::Approved`].
    Approve,
    /// [`Consent::SteppedUp`].
    StepUp,
}

impl Level {
    /// What a yes to it gives.
    fn consent(self) -> Consent {
        match self {
            Self::Approve => Consent::Approved,
            Self::StepUp => Consent::SteppedUp,
        }
    }
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A person, in one of our windows: the activation delay holds.
    Window,
    /// The command line of a broker that was started to take decisions there.
    Cli,
    /// The command line of any broker, where a proof comes along that the person is there.
    Proved,
    /// Something that may only tighten: a reject from the command line of any broker, a notification.
    Tightening,
    /// A rule of the policies in force, which may only tighten too.
    Rule,
}

/// What happens to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Its card is fully visible.
    Visible,
    /// Its card is hidden, covered, moved or resized.
    Hidden,
    /// A card that lists it among others, with this digest, is fully visible.
    Listed(Digest),
    /// That card is hidden, covered, moved, resized or lists something else.
    Unlisted,
    /// A yes to what has this digest, with the act that was done and what is to be remembered.
    Approve { digest: Digest, act: Option<String>, by: By, remember: Option<Remember> },
    /// A yes in one of our windows to what was listed with this digest, together with others.
    ApproveListed(Digest),
    /// What is asked was changed by a person who saw what has the digest `shown`.
    Edit { shown: Digest, now: Edited, by: By },
    /// A no.
    Reject { reason: Option<String>, by: By },
    /// The person wants more time.
    MoreTime,
    /// Whoever asked no longer waits for the answer.
    Leave,
    /// The same is asked again, after whoever asked had left.
    Return,
    /// The client cancelled or left, the broker stops, or the policy now forbids.
    Withdraw,
    /// Time went by.
    Tick,
}

/// What has to be done about it.
#[derive(Debug, PartialEq, Eq)]
pub enum Effect {
    /// Come back with [`Event::Tick`] at this time.
    WakeAt(Millis),
    /// It is over.
    Ended(Ending),
    /// The answer does not count; the question stands.
    NotCounted(NotCounted),
    /// A yes counted, and waits for whoever asked to ask again.
    Parked(By),
    /// What the card shows of it changed: the time left, who waits.
    Changed,
}

/// How a question ends.
#[derive(Debug, PartialEq, Eq)]
pub enum Ending {
    /// Yes, with the evidence.
    Approved(Yes),
    /// No.
    Rejected {
        /// Words for the model.
        reason: Option<String>,
        /// Who said it.
        by: By,
    },
    /// Nobody answered in time.
    Expired,
    /// A yes came after the client had given up, and the client did not ask again in time.
    Unused,
    /// It no longer matters.
    Withdrawn,
}

/// Why an answer does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotCounted {
    /// It ended before.
    Over,
    /// It names another digest.
    OtherDigest,
    /// The card was not fully visible for long enough.
    TooEarly,
    /// The act is missing or wrong.
    ActMissing,
    /// The proof that the person is there is missing, or too old.
    ProofMissing,
    /// Only a window or a deciding command line may say yes.
    NotHere,
    /// Somebody waits for the answer already.
    Taken,
    /// It has to be looked at and answered by itself.
    OneByOne,
    /// A changed call is never remembered.
    NotKept,
}

/// Evidence that a person said yes to exactly one thing. Made only here; moved, never copied, so it is used once.
#[derive(Debug, PartialEq, Eq)]
pub struct Yes {
    approval: ApprovalId,
    digest: Digest,
    consent: Consent,
    by: By,
    remember: Option<Remember>,
}

impl Yes {
    /// The approval that gave it.
    pub fn approval(&self) -> ApprovalId {
        self.approval
    }

    /// What it is for.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What was given.
    pub fn consent(&self) -> Consent {
        self.consent
    }

    /// Who gave it.
    pub fn by(&self) -> By {
        self.by
    }

    /// What is to be remembered.
    pub fn remember(&self) -> Option<&Remember> {
        self.remember.as_ref()
    }
}

/// What a question is about, for as long as it lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Its id.
    pub id: ApprovalId,
    /// What a yes is bound to.
    pub digest: Digest,
    /// What is asked for.
    pub level: Level,
    /// The value to be picked before a yes, at [`Level::StepUp`].
    pub act: Option<String>,
    /// How long it waits; `None` waits for ever.
    pub lives_ms: Option<Millis>,
}

/// One question.
#[derive(Debug)]
pub struct Approval {
    terms: Terms,
    state: State,
    /// Whether a yes may be given from a list.
    listable: bool,
    /// Since when a card is visible that lists it.
    listed_since: Option<Millis>,
    /// Whether a person changed what is asked.
    edited: bool,
    /// How its yes was proved.
    proved: Option<Means>,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Waiting {
        /// Whether whoever asked still waits.
        attended: bool,
        expires_at: Option<Millis>,
        visible_since: Option<Millis>,
    },
    /// A yes that nobody waited for.
    Parked {
        yes: Yes,
        until: Millis,
    },
    Ended,
}

impl Approval {
    /// A question that begins now, and when to wake it.
    pub fn ask(terms: Terms, now: Millis) -> (Self, Vec<Effect>) {
        let expires_at = terms.lives_ms.map(|l| now.saturating_add(l));
        let wake = expires_at.map(Effect::WakeAt).into_iter().collect();
        let state = State::Waiting { attended: true, expires_at, visible_since: None };
        (Self { terms, state, listable: false, listed_since: None, edited: false, proved: None }, wake)
    }

    /// How long a card of this level must be visible before a yes counts (design: 600 ms, 2 s for high risk).
    pub fn arms_after(level: Level) -> Millis {
        match level {
            Level::Approve => 600,
            Level::StepUp => 2_000,
        }
    }

    /// When it expires, while it waits.
    pub fn expires_at(&self) -> Option<Millis> {
        match self.state {
            State::Waiting { expires_at, .. } => expires_at,
            State::Parked { .. } | State::Ended => None,
        }
    }

    /// Until when a yes waits for whoever asked to come back.
    pub fn parked_until(&self) -> Option<Millis> {
        match self.state {
            State::Parked { until, .. } => Some(until),
            State::Waiting { .. } | State::Ended => None,
        }
    }

    /// Whether whoever asked still waits.
    pub fn is_attended(&self) -> bool {
        matches!(self.state, State::Waiting { attended: true, .. })
    }

    /// What it asks.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// One event. The first answer that counts settles it; every later one is [`NotCounted::Over`] or nothing.
    pub fn step(&mut self, event: Event, now: Millis) -> Vec<Effect> {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Ended => late(&event),
            State::Parked { yes, until } => self.parked(yes, until, event, now),
            State::Waiting { attended, expires_at, visible_since } => {
                self.state = State::Waiting { attended, expires_at, visible_since };
                self.waiting(event, now)
            }
        }
    }

    fn waiting(&mut self, event: Event, now: Millis) -> Vec<Effect> {
        if matches!(event, Event::Listed(_) | Event::Unlisted) {
            self.list(&event, now);
            return Vec::new();
        }
        let State::Waiting { attended, expires_at, visible_since } = &mut self.state else { return Vec::new() };
        // That nobody sees it ends nothing: whoever says so may not be the one who takes the end.
        if matches!(event, Event::Hidden) {
            *visible_since = None;
            return Vec::new();
        }
        // Time is looked at before the event: a yes that comes after the end is too late even if no tick came yet.
        if expires_at.is_some_and(|e| now >= e) {
            let mut effects = self.end(Ending::Expired);
            effects.extend(late(&event));
            return effects;
        }
        match event {
            Event::Visible => {
                visible_since.get_or_insert(now);
                Vec::new()
            }
            // Looked at above.
            Event::Hidden | Event::Listed(_) | Event::Unlisted => Vec::new(),
            Event::Edit { shown, now: edited, by } => vec![self.change(shown, edited, by)],
            Event::ApproveListed(digest) => {
                let attended = *attended;
                let answer = self.weigh_listed(digest, now);
                self.give(answer, None, attended, now)
            }
            Event::MoreTime | Event::Leave | Event::Return => {
                match event {
                    Event::Return if *attended => return vec![Effect::NotCounted(NotCounted::Taken)],
                    Event::Leave => *attended = false,
                    Event::Return => *attended = true,
                    _ => {}
                }
                let Some(lives) = self.terms.lives_ms else { return vec![Effect::Changed] };
                let expires = now.saturating_add(if *attended { lives } else { INBOX_LIFE });
                *expires_at = Some(expires);
                vec![Effect::WakeAt(expires), Effect::Changed]
            }
            Event::Tick => expires_at.map(Effect::WakeAt).into_iter().collect(),
            Event::Withdraw => self.end(Ending::Withdrawn),
            Event::Reject { reason, by } => self.end(Ending::Rejected { reason, by }),
            Event::Approve { digest, act, by, remember } => {
                let (attended, visible_since) = (*attended, *visible_since);
                let answer = match self.edited && remember.is_some() {
                    true => Err(NotCounted::NotKept),
                    false => self.weigh(digest, act.as_deref(), by, visible_since, now),
                };
                self.give(answer, remember, attended, now)
            }
        }
    }

    /// A yes that counts ends it, or waits for whoever asked.
    fn give(
        &mut self,
        answer: Result<Yes, NotCounted>,
        remember: Option<Remember>,
        attended: bool,
        now: Millis,
    ) -> Vec<Effect> {
        match answer {
            Ok(yes) if attended => self.end(Ending::Approved(Yes { remember, ..yes })),
            Ok(yes) => {
                let (yes, by) = (Yes { remember, ..yes }, yes.by);
                let until = now.saturating_add(PARKED_LIFE);
                self.state = State::Parked { yes, until };
                vec![Effect::WakeAt(until), Effect::Parked(by)]
            }
            Err(why) => vec![Effect::NotCounted(why)],
        }
    }

    fn parked(&mut self, yes: Yes, until: Millis, event: Event, now: Millis) -> Vec<Effect> {
        if now >= until {
            let mut effects = self.end(Ending::Unused);
            effects.extend(late(&event));
            return effects;
        }
        match event {
            Event::Return => self.end(Ending::Approved(yes)),
            // A yes that was not used yet can be taken back.
            Event::Reject { reason, by } => self.end(Ending::Rejected { reason, by }),
            Event::Withdraw => self.end(Ending::Withdrawn),
            other => {
                self.state = State::Parked { yes, until };
                match other {
                    Event::Tick => vec![Effect::WakeAt(until)],
                    Event::Approve { .. } | Event::ApproveListed(_) | Event::Edit { .. } | Event::MoreTime => {
                        late(&other)
                    }
                    _ => Vec::new(),
                }
            }
        }
    }

    fn weigh(
        &self,
        digest: Digest,
        act: Option<&str>,
        by: By,
        visible_since: Option<Millis>,
        now: Millis,
    ) -> Result<Yes, NotCounted> {
        self.check(digest, act, by, visible_since, now)?;
        if self.takes_proof(by) {
            return Err(NotCounted::ProofMissing);
        }
        Ok(self.yes(digest, by))
    }

    fn end(&mut self, ending: Ending) -> Vec<Effect> {
        self.state = State::Ended;
        vec![Effect::Ended(ending)]
    }
}

/// What an event does to a question that is over.
fn late(event: &Event) -> Vec<Effect> {
    match event {
        Event::Approve { .. }
        | Event::ApproveListed(_)
        | Event::Edit { .. }
        | Event::Reject { .. }
        | Event::MoreTime
        | Event::Return => vec![Effect::NotCounted(NotCounted::Over)],
        Event::Visible
        | Event::Hidden
        | Event::Listed(_)
        | Event::Unlisted
        | Event::Leave
        | Event::Withdraw
        | Event::Tick => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
