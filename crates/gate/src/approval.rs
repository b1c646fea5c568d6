//! The life of one question: events in, effects out. No clock and no waiting here; the desk drives it.

use crate::call::{ApprovalId, Digest};

/// Milliseconds since 1970-01-01 UTC.
pub type Millis = i64;

/// What the person gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Consent {
    /// Nothing was asked.
    None,
    /// A plain yes.
    Approved,
    /// A yes with a deliberate act.
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

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A person, in one of our windows: the activation delay holds.
    Window,
    /// The command line of a broker that was started to take decisions there.
    Cli,
    /// Something that may only tighten: a reject from the command line of any broker, a notification.
    Tightening,
}

/// What happens to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Its card is fully visible.
    Visible,
    /// Its card is hidden, covered, moved or resized.
    Hidden,
    /// A yes to what has this digest, with the act that was done.
    Approve { digest: Digest, act: Option<String>, by: By },
    /// A no.
    Reject { reason: Option<String>, by: By },
    /// The person wants more time.
    MoreTime,
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
    /// What the card shows of it changed: the time left.
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
    /// Only a window or a deciding command line may say yes.
    NotHere,
}

/// Evidence that a person said yes to exactly one thing. Made only here; moved, never copied, so it is used once.
#[derive(Debug, PartialEq, Eq)]
pub struct Yes {
    approval: ApprovalId,
    digest: Digest,
    consent: Consent,
    by: By,
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
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Waiting { expires_at: Option<Millis>, visible_since: Option<Millis> },
    Ended,
}

impl Approval {
    /// A question that begins now, and when to wake it.
    pub fn ask(terms: Terms, now: Millis) -> (Self, Vec<Effect>) {
        let expires_at = terms.lives_ms.map(|l| now.saturating_add(l));
        let wake = expires_at.map(Effect::WakeAt).into_iter().collect();
        (Self { terms, state: State::Waiting { expires_at, visible_since: None } }, wake)
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
            State::Ended => None,
        }
    }

    /// What it asks.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// One event. The first answer that counts ends it; everything later is [`NotCounted::Over`] or nothing.
    pub fn step(&mut self, event: Event, now: Millis) -> Vec<Effect> {
        let State::Waiting { expires_at, visible_since } = &mut self.state else {
            return match event {
                Event::Approve { .. } | Event::Reject { .. } | Event::MoreTime => {
                    vec![Effect::NotCounted(NotCounted::Over)]
                }
                Event::Visible | Event::Hidden | Event::Withdraw | Event::Tick => Vec::new(),
            };
        };
        // Time is looked at before the event: a yes that comes after the end is too late even if no tick came yet.
        if expires_at.is_some_and(|e| now >= e) {
            let late = matches!(event, Event::Approve { .. } | Event::MoreTime);
            let mut effects = self.end(Ending::Expired);
            if late {
                effects.push(Effect::NotCounted(NotCounted::Over));
            }
            return effects;
        }
        match event {
            Event::Visible => {
                visible_since.get_or_insert(now);
                Vec::new()
            }
            Event::Hidden => {
                *visible_since = None;
                Vec::new()
            }
            Event::MoreTime => {
                let Some(expires) = expires_at else { return Vec::new() };
                *expires = now.saturating_add(self.terms.lives_ms.unwrap_or_default());
                vec![Effect::WakeAt(*expires), Effect::Changed]
            }
            Event::Tick => expires_at.map(Effect::WakeAt).into_iter().collect(),
            Event::Withdraw => self.end(Ending::Withdrawn),
            Event::Reject { reason, by } => self.end(Ending::Rejected { reason, by }),
            Event::Approve { digest, act, by } => {
                let visible_since = *visible_since;
                match self.weigh(digest, act.as_deref(), by, visible_since, now) {
                    Ok(yes) => self.end(Ending::Approved(yes)),
                    Err(why) => vec![Effect::NotCounted(why)],
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
        if digest != self.terms.digest {
            return Err(NotCounted::OtherDigest);
        }
        match by {
            By::Tightening => return Err(NotCounted::NotHere),
            By::Cli => {}
            By::Window => {
                let armed = visible_since.is_some_and(|since| now - since >= Self::arms_after(self.terms.level));
                if !armed {
                    return Err(NotCounted::TooEarly);
                }
                if self.terms.level == Level::StepUp && self.terms.act.as_deref() != act {
                    return Err(NotCounted::ActMissing);
                }
            }
        }
        let consent = match self.terms.level {
            Level::Approve => Consent::Approved,
            Level::StepUp => Consent::SteppedUp,
        };
        Ok(Yes { approval: self.terms.id, digest, consent, by })
    }

    fn end(&mut self, ending: Ending) -> Vec<Effect> {
        self.state = State::Ended;
        vec![Effect::Ended(ending)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    const DIGEST: Digest = Digest([7; 32]);

    fn asked(level: Level) -> Approval {
        let act = (level == Level::StepUp).then(|| "DE89".to_owned());
        let terms = Terms { id: ApprovalId(Uuid::nil()), digest: DIGEST, level, act, lives_ms: Some(120_000) };
        Approval::ask(terms, 0).0
    }

    fn approve(by: By) -> Event {
        Event::Approve { digest: DIGEST, act: None, by }
    }

    fn ended(effects: &[Effect]) -> &Ending {
        match effects {
            [Effect::Ended(ending)] => ending,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn it_wakes_when_it_expires() {
        let (_, effects) = Approval::ask(asked(Level::Approve).terms().clone(), 5);
        assert_eq!(effects, [Effect::WakeAt(120_005)]);
    }

    #[test]
    fn a_yes_before_the_card_was_visible_long_enough_does_not_count() {
        let mut a = asked(Level::Approve);
        assert_eq!(a.step(approve(By::Window), 10), [Effect::NotCounted(NotCounted::TooEarly)]);
        a.step(Event::Visible, 100);
        assert_eq!(a.step(approve(By::Window), 699), [Effect::NotCounted(NotCounted::TooEarly)]);
        let effects = a.step(approve(By::Window), 700);
        let Ending::Approved(yes) = ended(&effects) else { panic!() };
        assert_eq!((yes.digest(), yes.consent(), yes.by()), (DIGEST, Consent::Approved, By::Window));
    }

    #[test]
    fn being_seen_twice_does_not_restart_but_being_hidden_does() {
        let mut a = asked(Level::Approve);
        a.step(Event::Visible, 0);
        a.step(Event::Visible, 500);
        a.step(Event::Hidden, 590);
        a.step(Event::Visible, 595);
        assert_eq!(a.step(approve(By::Window), 1_000), [Effect::NotCounted(NotCounted::TooEarly)]);
        assert!(matches!(ended(&a.step(approve(By::Window), 1_195)), Ending::Approved(_)));
    }

    #[test]
    fn high_risk_wants_two_seconds_and_the_act() {
        let mut a = asked(Level::StepUp);
        a.step(Event::Visible, 0);
        let with = |act: &str| Event::Approve { digest: DIGEST, act: Some(act.into()), by: By::Window };
        assert_eq!(a.step(with("DE89"), 1_999), [Effect::NotCounted(NotCounted::TooEarly)]);
        assert_eq!(a.step(approve(By::Window), 2_000), [Effect::NotCounted(NotCounted::ActMissing)]);
        assert_eq!(a.step(with("DE88"), 2_000), [Effect::NotCounted(NotCounted::ActMissing)]);
        let effects = a.step(with("DE89"), 2_001);
        let Ending::Approved(yes) = ended(&effects) else { panic!() };
        assert_eq!(yes.consent(), Consent::SteppedUp);
    }

    #[test]
    fn another_digest_never_counts() {
        let mut a = asked(Level::Approve);
        let other = Event::Approve { digest: Digest([8; 32]), act: None, by: By::Cli };
        assert_eq!(a.step(other, 0), [Effect::NotCounted(NotCounted::OtherDigest)]);
        assert!(matches!(ended(&a.step(approve(By::Cli), 1)), Ending::Approved(_)));
    }

    #[test]
    fn it_is_answered_once() {
        let mut a = asked(Level::Approve);
        a.step(approve(By::Cli), 0);
        assert_eq!(a.step(approve(By::Cli), 1), [Effect::NotCounted(NotCounted::Over)]);
        assert_eq!(a.step(Event::Reject { reason: None, by: By::Cli }, 1), [Effect::NotCounted(NotCounted::Over)]);
        assert_eq!(a.step(Event::MoreTime, 1), [Effect::NotCounted(NotCounted::Over)]);
        assert_eq!(a.step(Event::Withdraw, 1), []);
        assert_eq!(a.step(Event::Tick, 1), []);
    }

    #[test]
    fn a_no_ends_it_whoever_says_it() {
        for by in [By::Window, By::Cli, By::Tightening] {
            let mut a = asked(Level::StepUp);
            let effects = a.step(Event::Reject { reason: Some("not this".into()), by }, 0);
            assert_eq!(*ended(&effects), Ending::Rejected { reason: Some("not this".into()), by });
        }
    }

    #[test]
    fn what_may_only_tighten_can_not_say_yes() {
        let mut a = asked(Level::Approve);
        a.step(Event::Visible, 0);
        assert_eq!(a.step(approve(By::Tightening), 5_000), [Effect::NotCounted(NotCounted::NotHere)]);
    }

    #[test]
    fn it_expires_and_a_late_yes_is_too_late_even_without_a_tick() {
        let mut a = asked(Level::Approve);
        assert_eq!(a.step(Event::Tick, 119_999), [Effect::WakeAt(120_000)]);
        assert_eq!(
            a.step(approve(By::Cli), 120_000),
            [Effect::Ended(Ending::Expired), Effect::NotCounted(NotCounted::Over)]
        );
    }

    #[test]
    fn more_time_counts_from_now_and_an_old_tick_is_harmless() {
        let mut a = asked(Level::Approve);
        assert_eq!(a.step(Event::MoreTime, 100_000), [Effect::WakeAt(220_000), Effect::Changed]);
        assert_eq!(a.step(Event::Tick, 120_000), [Effect::WakeAt(220_000)]);
        assert_eq!(*ended(&a.step(Event::Tick, 220_000)), Ending::Expired);
    }

    #[test]
    fn a_client_that_leaves_withdraws_it() {
        let mut a = asked(Level::Approve);
        assert_eq!(*ended(&a.step(Event::Withdraw, 3)), Ending::Withdrawn);
    }

    fn any_event() -> impl Strategy<Value = Event> {
        let by = prop_oneof![Just(By::Window), Just(By::Cli), Just(By::Tightening)];
        prop_oneof![
            Just(Event::Visible),
            Just(Event::Hidden),
            Just(Event::MoreTime),
            Just(Event::Withdraw),
            Just(Event::Tick),
            (any::<bool>(), by.clone()).prop_map(|(right, by)| Event::Approve {
                digest: if right { DIGEST } else { Digest([1; 32]) },
                act: None,
                by
            }),
            by.prop_map(|by| Event::Reject { reason: None, by }),
        ]
    }

    proptest! {
        #[test]
        fn whatever_happens_it_ends_at_most_once(events in prop::collection::vec((any_event(), 0i64..50_000), 0..40)) {
            let mut a = asked(Level::Approve);
            let (mut now, mut endings) = (0, 0);
            for (event, later) in events {
                now += later;
                endings += a.step(event, now).iter().filter(|e| matches!(e, Effect::Ended(_))).count();
            }
            prop_assert!(endings <= 1);
        }
    }
}
