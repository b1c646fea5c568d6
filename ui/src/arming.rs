//! When Approve opens, and what it says until then. The broker keeps the same delay and has the last word; this is the
//! half that a person sees.

/// The activation delay of one card. Times are milliseconds of any one clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arming {
    delay: f64,
    visible_since: Option<f64>,
}

impl Arming {
    /// A card that nobody has seen yet and that opens after `delay_ms` of being fully visible.
    pub fn unseen(delay_ms: u32) -> Self {
        Self { delay: f64::from(delay_ms), visible_since: None }
    }

    /// The card is fully visible from `now` on. Said again, it starts again.
    pub fn see(&mut self, now: f64) {
        self.visible_since = Some(now);
    }

    /// The card is covered, moved or gone: what was counted is void.
    pub fn hide(&mut self) {
        self.visible_since = None;
    }

    /// Milliseconds until it opens; `None` while the card is not visible.
    pub fn left(&self, now: f64) -> Option<f64> {
        // A clock that jumps backwards must not shorten the wait.
        self.visible_since.map(|since| (self.delay - (now - since).max(0.0)).max(0.0))
    }
}

/// Control and Enter, pressed afresh. Not every web view says that a key repeats, so the event can't be asked: a held
/// Control that was pressed elsewhere never comes down here, and a held Enter comes down again without it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Chord {
    fresh: bool,
}

impl Chord {
    /// Control came down.
    pub fn begin(&mut self) {
        self.fresh = true;
    }

    /// The window lost the keys: what happens to them now is not seen.
    pub fn lose(&mut self) {
        self.fresh = false;
    }

    /// Enter came down with Control. Whether that is the first time since Control did.
    pub fn complete(&mut self) -> bool {
        std::mem::take(&mut self.fresh)
    }
}

/// What stands between the person and a yes, the first obstacle only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// The question can't be approved at all; the card says why.
    Closed,
    /// The answer is on its way.
    Sending,
    /// The card is not fully visible.
    Unseen,
    /// Another window lies over it.
    Covered,
    /// It opens in so many seconds, at least 1.
    Counting(u32),
    /// A field of the call is being changed.
    Editing,
    /// High risk: part of the call has not been scrolled into view.
    Unread,
    /// High risk: the deliberate act has not been done.
    ActMissing,
    /// High risk: the person has not proved to be there.
    ProofMissing,
    /// The system asks the person, in a dialog of its own.
    Proving,
    /// Approve works.
    Open,
}

/// What the gate is worked out from, beside the arming.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The broker keeps Approve closed.
    pub closed: bool,
    /// An answer is on its way.
    pub sending: bool,
    /// Another window lies over the card.
    pub covered: bool,
    /// A field of the call is being changed.
    pub editing: bool,
    /// The card must be read to its end and was not.
    pub unread: bool,
    /// An act is demanded and was not done.
    pub act_missing: bool,
    /// A proof is demanded and none is given.
    pub proof_missing: bool,
    /// The answer waits for the system's dialog.
    pub proving: bool,
}

/// The first thing in the way of Approve.
pub fn gate(facts: Facts, arming: &Arming, now: f64) -> Gate {
    if facts.closed {
        return Gate::Closed;
    }
    if facts.sending {
        return if facts.proving { Gate::Proving } else { Gate::Sending };
    }
    if facts.editing {
        return Gate::Editing;
    }
    match arming.left(now) {
        None if facts.covered => Gate::Covered,
        None => Gate::Unseen,
        Some(left) if left > 0.0 => Gate::Counting(seconds(left)),
        Some(_) if facts.unread => Gate::Unread,
        Some(_) if facts.act_missing => Gate::ActMissing,
        Some(_) if facts.proof_missing => Gate::ProofMissing,
        Some(_) => Gate::Open,
    }
}

/// The words on the Approve button, whose own name is `name`.
pub fn label(gate: Gate, name: &str) -> String {
    match gate {
        Gate::Closed => "Approve is closed".into(),
        Gate::Sending => "Sending your answer".into(),
        Gate::Unseen => "Approve in a moment".into(),
        Gate::Covered => "Approve: uncover this window first".into(),
        Gate::Counting(1) => "Approve in 1 second".into(),
        Gate::Counting(n) => format!("Approve in {n} seconds"),
        Gate::Editing => "Approve: finish your change first".into(),
        Gate::Unread => "Approve: read to the end first".into(),
        Gate::ActMissing => "Approve: pick the value first".into(),
        Gate::ProofMissing => "Approve: prove that it is you first".into(),
        Gate::Proving => "Answer the system’s dialog".into(),
        Gate::Open => name.into(),
    }
}

fn seconds(ms: f64) -> u32 {
    // At most the broker's delay, a few seconds: no value is lost.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a small positive range")]
    let whole = (ms / 1000.0).ceil().clamp(1.0, 3600.0) as u32;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen_at(t: f64) -> Arming {
        let mut arming = Arming::unseen(600);
        arming.see(t);
        arming
    }

    #[test]
    fn an_unseen_card_never_opens() {
        assert_eq!(gate(Facts::default(), &Arming::unseen(0), 1e12), Gate::Unseen);
    }

    #[test]
    fn it_opens_after_the_delay_and_not_before() {
        let arming = seen_at(1000.0);
        assert_eq!(gate(Facts::default(), &arming, 1000.0), Gate::Counting(1));
        assert_eq!(gate(Facts::default(), &arming, 1599.0), Gate::Counting(1));
        assert_eq!(gate(Facts::default(), &arming, 1600.0), Gate::Open);
    }

    #[test]
    fn seeing_it_again_starts_again() {
        let mut arming = seen_at(0.0);
        arming.hide();
        assert_eq!(gate(Facts::default(), &arming, 10_000.0), Gate::Unseen);
        arming.see(10_000.0);
        assert_eq!(gate(Facts::default(), &arming, 10_100.0), Gate::Counting(1));
    }

    #[test]
    fn a_clock_that_jumps_back_shortens_nothing() {
        assert_eq!(gate(Facts::default(), &seen_at(5_000.0), 1_000.0), Gate::Counting(1));
    }

    #[test]
    fn two_seconds_count_down() {
        let mut arming = Arming::unseen(2000);
        arming.see(0.0);
        let words = |now| label(gate(Facts::default(), &arming, now), "Approve this payment");
        assert_eq!(words(10.0), "Approve in 2 seconds");
        assert_eq!(words(1_200.0), "Approve in 1 second");
        assert_eq!(words(2_000.0), "Approve this payment");
    }

    #[test]
    fn a_covered_card_says_so_and_counts_from_when_it_is_free() {
        let facts = Facts { covered: true, ..Facts::default() };
        assert_eq!(gate(facts, &Arming::unseen(600), 1e6), Gate::Covered);
        assert_eq!(gate(Facts::default(), &seen_at(1e6), 1e6 + 10.0), Gate::Counting(1));
    }

    #[test]
    fn a_held_chord_is_pressed_once_and_one_held_from_elsewhere_never() {
        let mut chord = Chord::default();
        assert!(!chord.complete());
        chord.begin();
        assert!(chord.complete());
        assert!(!chord.complete());
        chord.begin();
        chord.lose();
        assert!(!chord.complete());
    }

    #[test]
    fn obstacles_come_in_order_and_a_closed_card_stays_closed() {
        let arming = seen_at(0.0);
        let all = Facts { closed: true, sending: true, unread: true, act_missing: true, ..Facts::default() };
        assert_eq!(gate(all, &arming, 1e6), Gate::Closed);
        assert_eq!(gate(Facts { closed: false, ..all }, &arming, 1e6), Gate::Sending);
        assert_eq!(gate(Facts { closed: false, sending: false, ..all }, &arming, 1e6), Gate::Unread);
        assert_eq!(gate(Facts { editing: true, ..Facts::default() }, &arming, 1e6), Gate::Editing);
        assert_eq!(gate(Facts { act_missing: true, ..Facts::default() }, &arming, 1e6), Gate::ActMissing);
        let unproved = Facts { proof_missing: true, ..Facts::default() };
        assert_eq!(gate(Facts { act_missing: true, ..unproved }, &arming, 1e6), Gate::ActMissing);
        assert_eq!(gate(unproved, &arming, 1e6), Gate::ProofMissing);
        assert_eq!(gate(Facts { sending: true, proving: true, ..unproved }, &arming, 1e6), Gate::Proving);
    }
}
