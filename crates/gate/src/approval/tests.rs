//! The machine, transition by transition.

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
    Event::Approve { digest: DIGEST, act: None, by, remember: None }
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
fn going_out_of_sight_takes_no_end_that_somebody_else_waits_for() {
    let mut a = asked(Level::Approve);
    assert!(a.step(Event::Hidden, 200_000).is_empty());
    assert_eq!(ended(&a.step(Event::Tick, 200_001)), &Ending::Expired);
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
    let with = |act: &str| Event::Approve { digest: DIGEST, act: Some(act.into()), by: By::Window, remember: None };
    assert_eq!(a.step(with("DE89"), 1_999), [Effect::NotCounted(NotCounted::TooEarly)]);
    assert_eq!(a.step(approve(By::Window), 2_000), [Effect::NotCounted(NotCounted::ActMissing)]);
    assert_eq!(a.step(with("DE88"), 2_000), [Effect::NotCounted(NotCounted::ActMissing)]);
    assert_eq!(a.step(with("DE89"), 2_001), [Effect::NotCounted(NotCounted::ProofMissing)], "anything could click");
    let proof = prepared(&a, By::Window, 2_001).unwrap().proved(Means::Passphrase, 2_500);
    let effects = a.approve_proved(proof, None, 2_600);
    let Ending::Approved(yes) = ended(&effects) else { panic!() };
    assert_eq!((yes.consent(), a.proved()), (Consent::SteppedUp, Some(Means::Passphrase)));
}

fn prepared(a: &Approval, by: By, now: Millis) -> Result<Prepared, NotCounted> {
    a.prepare(DIGEST, Some("DE89"), by, now)
}

#[test]
fn nothing_is_proved_before_the_card_is_armed_and_the_act_done() {
    let mut a = asked(Level::StepUp);
    assert_eq!(prepared(&a, By::Window, 5_000), Err(NotCounted::TooEarly));
    a.step(Event::Visible, 0);
    assert_eq!(prepared(&a, By::Window, 1_999), Err(NotCounted::TooEarly));
    assert_eq!(a.prepare(DIGEST, Some("DE88"), By::Window, 2_000), Err(NotCounted::ActMissing));
    assert_eq!(a.prepare(Digest([1; 32]), Some("DE89"), By::Window, 2_000), Err(NotCounted::OtherDigest));
    assert_eq!(a.prepare(DIGEST, None, By::Tightening, 2_000), Err(NotCounted::NotHere));
    // The system's dialog comes to the front and the card goes out of sight: what was ready stays so.
    let ready = prepared(&a, By::Window, 2_000).unwrap();
    a.step(Event::Hidden, 2_100);
    let effects = a.approve_proved(ready.proved(Means::System, 9_000), None, 9_001);
    assert!(matches!(ended(&effects), Ending::Approved(_)));
}

#[test]
fn a_proof_is_for_one_question_as_it_was_asked_and_for_a_minute() {
    let ready = |a: &mut Approval| {
        a.step(Event::Visible, 0);
        prepared(a, By::Window, 2_000).unwrap()
    };
    let not = |effects: Vec<Effect>, why| assert_eq!(effects, [Effect::NotCounted(why)]);
    let mut a = asked(Level::StepUp);
    let old = ready(&mut a).proved(Means::System, 2_000);
    not(a.approve_proved(old, None, 2_001 + PROOF_LIFE), NotCounted::ProofMissing);
    let ahead = ready(&mut a).proved(Means::System, 9_000);
    not(a.approve_proved(ahead, None, 8_999), NotCounted::ProofMissing);
    // The call was changed meanwhile: another digest.
    let before = ready(&mut a).proved(Means::System, 9_000);
    a.step(edit(8, Level::StepUp, true), 9_000);
    not(a.approve_proved(before, None, 9_001), NotCounted::OtherDigest);
    // Another question about the very same.
    let elsewhere = ready(&mut asked(Level::StepUp)).proved(Means::System, 9_000);
    let terms = Terms { id: ApprovalId(Uuid::from_u128(5)), ..asked(Level::StepUp).terms().clone() };
    not(Approval::ask(terms, 0).0.approve_proved(elsewhere, None, 9_001), NotCounted::OtherDigest);
    // One that ended while the person proved to be there.
    for end in [Event::Withdraw, Event::Reject { reason: None, by: By::Window }] {
        let mut gone = asked(Level::StepUp);
        let late = ready(&mut gone).proved(Means::System, 9_000);
        gone.step(end, 9_000);
        not(gone.approve_proved(late, None, 9_001), NotCounted::Over);
        assert_eq!(prepared(&gone, By::Window, 9_001), Err(NotCounted::Over));
    }
    let mut expired = asked(Level::StepUp);
    let late = ready(&mut expired).proved(Means::System, 119_000);
    not(expired.approve_proved(late, None, 120_000), NotCounted::Over);
}

#[test]
fn on_the_command_line_every_yes_takes_its_proof() {
    let mut a = asked(Level::Approve);
    assert_eq!(a.step(approve(By::Proved), 1), [Effect::NotCounted(NotCounted::ProofMissing)]);
    let ready = || a.prepare(DIGEST, None, By::Proved, 1).unwrap();
    let (proof, again) = (ready().proved(Means::Passphrase, 2), ready().proved(Means::Passphrase, 4));
    let effects = a.approve_proved(proof, None, 3);
    let Ending::Approved(yes) = ended(&effects) else { panic!() };
    assert_eq!((yes.consent(), yes.by()), (Consent::Approved, By::Proved));
    assert_eq!(a.approve_proved(again, None, 4), [Effect::NotCounted(NotCounted::Over)]);
}

#[test]
fn another_digest_never_counts() {
    let mut a = asked(Level::Approve);
    let other = Event::Approve { digest: Digest([8; 32]), act: None, by: By::Cli, remember: None };
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
fn a_question_outlives_the_client_and_a_late_yes_waits_for_it() {
    let mut a = asked(Level::Approve);
    assert_eq!(a.step(Event::Leave, 50_000), [Effect::WakeAt(50_000 + INBOX_LIFE), Effect::Changed]);
    assert!(!a.is_attended());
    assert_eq!(a.step(approve(By::Cli), 900_000), [Effect::WakeAt(900_000 + PARKED_LIFE), Effect::Parked(By::Cli)]);
    assert_eq!(a.parked_until(), Some(900_000 + PARKED_LIFE));
    assert_eq!(a.step(approve(By::Cli), 900_001), [Effect::NotCounted(NotCounted::Over)], "one yes is enough");
    assert!(matches!(ended(&a.step(Event::Return, 900_002)), Ending::Approved(_)));
    assert_eq!(a.step(Event::Return, 900_003), [Effect::NotCounted(NotCounted::Over)], "and it is used once");
}

#[test]
fn a_yes_that_nobody_comes_for_is_unused() {
    let mut a = asked(Level::Approve);
    a.step(Event::Leave, 0);
    a.step(approve(By::Cli), 10);
    assert_eq!(a.step(Event::Tick, 500), [Effect::WakeAt(10 + PARKED_LIFE)]);
    assert_eq!(
        a.step(Event::Return, 10 + PARKED_LIFE),
        [Effect::Ended(Ending::Unused), Effect::NotCounted(NotCounted::Over)]
    );
}

#[test]
fn a_parked_yes_can_be_taken_back() {
    let mut a = asked(Level::Approve);
    a.step(Event::Leave, 0);
    a.step(approve(By::Cli), 10);
    let no = Event::Reject { reason: None, by: By::Tightening };
    assert!(matches!(ended(&a.step(no, 11)), Ending::Rejected { .. }));
}

#[test]
fn who_comes_back_waits_as_long_as_anybody_and_only_one_waits() {
    let mut a = asked(Level::Approve);
    assert_eq!(a.step(Event::Return, 5), [Effect::NotCounted(NotCounted::Taken)]);
    a.step(Event::Leave, 10);
    assert_eq!(a.step(Event::Return, 1_000), [Effect::WakeAt(121_000), Effect::Changed]);
    assert!(matches!(ended(&a.step(approve(By::Cli), 1_001)), Ending::Approved(_)));
}

#[test]
fn being_withdrawn_ends_it() {
    let mut a = asked(Level::Approve);
    assert_eq!(*ended(&a.step(Event::Withdraw, 3)), Ending::Withdrawn);
}

fn any_event() -> impl Strategy<Value = Event> {
    let by = prop_oneof![Just(By::Window), Just(By::Cli), Just(By::Proved), Just(By::Tightening)];
    prop_oneof![
        Just(Event::Visible),
        Just(Event::Hidden),
        Just(Event::MoreTime),
        Just(Event::Withdraw),
        Just(Event::Tick),
        (any::<bool>(), by.clone()).prop_map(|(right, by)| Event::Approve {
            digest: if right { DIGEST } else { Digest([1; 32]) },
            act: None,
            by,
            remember: None,
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

/// What was asked, changed by a person who saw it.
fn edit(digest: u8, level: Level, differs: bool) -> Event {
    let act = (level == Level::StepUp).then(|| "DE75".to_owned());
    let now = Edited { digest: Digest([digest; 32]), level, act, differs };
    Event::Edit { shown: DIGEST, now, by: By::Window }
}

#[test]
fn a_changed_call_is_another_card_and_the_yes_is_for_what_it_shows() {
    let mut a = asked(Level::Approve);
    a.step(Event::Visible, 0);
    assert_eq!(a.step(edit(8, Level::Approve, true), 1_000), [Effect::Changed]);
    let yes = |digest: u8, remember| {
        let digest = Digest([digest; 32]);
        Event::Approve { digest, act: None, by: By::Window, remember }
    };
    assert_eq!(a.step(yes(7, None), 5_000), [Effect::NotCounted(NotCounted::OtherDigest)], "what was asked is gone");
    assert_eq!(a.step(yes(8, None), 5_000), [Effect::NotCounted(NotCounted::TooEarly)], "nobody saw it yet");
    a.step(Event::Visible, 5_000);
    let keep = Remember { lifetime: crate::grant::Lifetime::Hour, fields: std::collections::BTreeMap::new() };
    assert_eq!(a.step(yes(8, Some(keep)), 5_600), [Effect::NotCounted(NotCounted::NotKept)]);
    let effects = a.step(yes(8, None), 5_600);
    let Ending::Approved(yes) = ended(&effects) else { panic!() };
    assert_eq!(yes.digest(), Digest([8; 32]));
}

#[test]
fn a_change_may_ask_for_more_and_then_wants_its_own_act() {
    let mut a = asked(Level::Approve);
    a.step(edit(8, Level::StepUp, true), 0);
    a.step(Event::Visible, 0);
    let yes = |act: &str| {
        let (digest, act) = (Digest([8; 32]), Some(act.to_owned()));
        Event::Approve { digest, act, by: By::Window, remember: None }
    };
    assert_eq!(a.step(yes("DE75"), 1_999), [Effect::NotCounted(NotCounted::TooEarly)]);
    assert_eq!(a.step(yes("DE89"), 2_000), [Effect::NotCounted(NotCounted::ActMissing)]);
    assert_eq!(a.step(yes("DE75"), 2_000), [Effect::NotCounted(NotCounted::ProofMissing)]);
    let ready = a.prepare(Digest([8; 32]), Some("DE75"), By::Window, 2_000).unwrap();
    let effects = a.approve_proved(ready.proved(Means::Passphrase, 2_000), None, 2_000);
    let Ending::Approved(yes) = ended(&effects) else { panic!() };
    assert_eq!(yes.consent(), Consent::SteppedUp);
}

#[test]
fn only_who_saw_the_call_and_may_decide_changes_it() {
    let mut a = asked(Level::Approve);
    let tightening = Event::Edit {
        shown: DIGEST,
        now: Edited { digest: Digest([8; 32]), level: Level::Approve, act: None, differs: true },
        by: By::Tightening,
    };
    assert_eq!(a.step(tightening, 0), [Effect::NotCounted(NotCounted::NotHere)]);
    a.step(edit(8, Level::Approve, true), 0);
    assert_eq!(a.step(edit(9, Level::Approve, true), 0), [Effect::NotCounted(NotCounted::OtherDigest)]);
    assert_eq!(a.terms().digest, Digest([8; 32]));
    a.step(Event::Leave, 0);
    a.step(Event::Visible, 0);
    let yes = Event::Approve { digest: Digest([8; 32]), act: None, by: By::Window, remember: None };
    assert!(matches!(a.step(yes, 600)[..], [_, Effect::Parked(By::Window)]));
    let again = Event::Edit {
        shown: Digest([8; 32]),
        now: Edited { digest: DIGEST, level: Level::Approve, act: None, differs: false },
        by: By::Window,
    };
    assert_eq!(a.step(again, 700), [Effect::NotCounted(NotCounted::Over)], "a yes was given to what it was");
}

#[test]
fn a_list_answers_what_it_showed_for_long_enough_and_only_mild_calls() {
    use crate::tool::Effect as Tells;
    let listed = |level, effects: &[Tells]| {
        let mut a = asked(level).with_effects(effects);
        a.step(Event::Listed(DIGEST), 100);
        a
    };
    let mut a = listed(Level::Approve, &[Tells::Write]);
    assert_eq!(a.step(Event::ApproveListed(Digest([8; 32])), 900), [Effect::NotCounted(NotCounted::OtherDigest)]);
    assert_eq!(a.step(Event::ApproveListed(DIGEST), 699), [Effect::NotCounted(NotCounted::TooEarly)]);
    assert_eq!(
        a.step(approve(By::Window), 900),
        [Effect::NotCounted(NotCounted::TooEarly)],
        "its own card was not seen"
    );
    assert!(matches!(ended(&a.step(Event::ApproveListed(DIGEST), 700)), Ending::Approved(_)));
    for effect in [Tells::Delete, Tells::Send, Tells::Pay, Tells::Execute, Tells::Privilege] {
        let mut a = listed(Level::Approve, &[Tells::Write, effect]);
        assert_eq!(
            a.step(Event::ApproveListed(DIGEST), 9_000),
            [Effect::NotCounted(NotCounted::OneByOne)],
            "{effect:?}"
        );
    }
    let mut high = listed(Level::StepUp, &[Tells::Write]);
    assert_eq!(high.step(Event::ApproveListed(DIGEST), 9_000), [Effect::NotCounted(NotCounted::OneByOne)]);
    let mut unlisted = listed(Level::Approve, &[Tells::Write]);
    unlisted.step(Event::Unlisted, 800);
    assert_eq!(unlisted.step(Event::ApproveListed(DIGEST), 900), [Effect::NotCounted(NotCounted::TooEarly)]);
    unlisted.step(Event::Listed(Digest([8; 32])), 900);
    assert_eq!(unlisted.step(Event::ApproveListed(DIGEST), 9_000), [Effect::NotCounted(NotCounted::TooEarly)]);
}
