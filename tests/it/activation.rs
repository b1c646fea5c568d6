//! An answer that comes before a person can have read the card: by clicks, by keys, by a window that moves, grows or is
//! covered under the hand, by a held key, and by the page's own commands. None of them decides.

use e2e::client::{refusal, went_well};
use e2e::stage::PROMPT;
use e2e::window::Page;
use e2e::{DEADLINE, Key, McpClient, Stage};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A mail that is asked about, its request and its question.
fn mail(stage: &Stage, client: &mut McpClient, subject: &str) -> (Value, Value) {
    let asked = client.begin("send_mail", json!({"to": "ann@example.org", "subject": subject, "body": "See below."}));
    (asked, stage.home.question("call"))
}

/// Rejects what waits, so that the next card comes.
fn reject(stage: &Stage, client: &mut McpClient, asked: &Value, question: &Value) {
    stage.home.run(&["approvals", "reject", question["id"].as_str().unwrap()]).succeeded();
    refusal(&client.reply(asked).value);
    let prompt = stage.app.window("prompt");
    prompt.close_card();
    prompt.wait_until_gone();
}

/// The record in which the log says how the last question was answered.
fn answered(stage: &Stage) -> Value {
    let entries = stage.home.audit();
    let last = entries.iter().rev().find(|entry| entry["kind"] == "answered");
    let Some(seq) = last.and_then(|entry| entry["seq"].as_i64()) else { return Value::Null };
    let shown = stage.home.json(&["audit", "show", &seq.to_string()]).succeeded().value();
    serde_json::from_str(shown["record"].as_str().expect("a record")).expect("a record is JSON")
}

/// Calls a command of the app from the page, as a script in it would; what the app answers.
pub(crate) fn command(page: &Page<'_>, name: &str, command: &Value) -> Value {
    let script = format!(
        "window.told = null; \
         window.__TAURI_INTERNALS__.invoke({name}, {{command: {command}}}) \
         .then(() => {{ window.told = 'done'; }}, fault => {{ window.told = fault; }}); return true",
        name = json!(name),
    );
    page.run(&script);
    page.wait_until("the app's answer", "return window.told !== null");
    page.run("return window.told")
}

fn approve(page: &Page<'_>, question: &Value) -> Value {
    command(
        page,
        "approve",
        &json!({"id": question["id"], "digest": question["digest"], "act": null, "remember": null}),
    )
}

#[test]
fn clicks_and_keys_before_the_delay_decide_nothing() {
    let Some((stage, mut client)) = Stage::ready() else { return };
    let window = stage.display.window("Consentry");
    stage.display.focus(window);
    // The hand is on its way before the card is there: it clicks and types where Approve will be, from before it comes
    // until it opens.
    let (asked, question) = mail(&stage, &mut client, "hasty");
    let prompt = stage.app.window("prompt");
    let shown = stage.display.window(PROMPT);
    stage.display.focus(shown);
    let until = Instant::now() + DEADLINE;
    let mut tries = 0;
    loop {
        let armed = prompt.run(
            "const b = document.querySelector('button.approve'); if (!b) return null; \
             const r = b.getBoundingClientRect(); return [!b.disabled, r.x + r.width / 2, r.y + r.height / 2]",
        );
        // Open, or answered and gone by a press that came when it had just opened.
        if armed[0] == true || (tries > 0 && armed.is_null()) {
            break;
        }
        assert!(Instant::now() < until, "Approve never opened");
        if let (Some(x), Some(y)) = (armed[1].as_f64(), armed[2].as_f64()) {
            #[expect(clippy::cast_possible_truncation, reason = "a place on a small screen")]
            stage.display.click(shown, (x as i16, y as i16));
            stage.display.keys(&[Key::ControlEnter, Key::Plain('a'), Key::Plain('y')]);
            tries += 1;
        }
    }
    assert!(tries > 0, "the card was never tried early");
    // Had one of them counted, the call would have run.
    if stage.home.waits(&question) {
        assert_eq!(stage.server.executions("send_mail"), 0);
        // A press may be on its way still; it may count from now on, and then the log has to say so.
        let id = question["id"].as_str().expect("an id");
        if stage.home.run(&["approvals", "reject", id]).code == 0 {
            assert!(!went_well(&client.reply(&asked).value));
            return;
        }
    }
    // The last one may have come when Approve had just opened: then the log says that it was open.
    let entry = answered(&stage);
    let ms = |name: &str| entry[name].as_i64().unwrap_or_else(|| panic!("no {name} in {entry}"));
    assert!(ms("took_ms") - ms("visible_after_ms") >= 600, "{entry}");
    assert!(went_well(&client.reply(&asked).value));
}

#[test]
fn a_command_of_the_page_itself_counts_no_earlier_than_a_click() {
    let Some((stage, mut client)) = Stage::ready() else { return };
    let (asked, question) = mail(&stage, &mut client, "from a script");
    stage.card(&question);
    // From a window that does not show the card, and to a question that is shown nowhere yet.
    let told = approve(&stage.main(), &question);
    assert_ne!(told, "done", "another window said yes");
    // At once after the page says anew that the card is visible: the delay has just begun.
    let prompt = stage.app.window("prompt");
    for card in ["card_hidden", "card_visible"] {
        assert_eq!(command(&prompt, card, &json!({"id": question["id"]})), "done");
    }
    let told = approve(&prompt, &question);
    assert_eq!(told["code"], "too_early", "{told}");
    // Saying again and again that it is visible makes it no earlier.
    command(&prompt, "card_hidden", &json!({"id": question["id"]}));
    command(&prompt, "card_visible", &json!({"id": question["id"]}));
    for _ in 0..3 {
        command(&prompt, "card_visible", &json!({"id": question["id"]}));
    }
    assert_eq!(approve(&prompt, &question)["code"], "too_early");
    // Another digest never counts, however long the card was shown.
    prompt.wait_until_armed();
    let forged = json!({"id": question["id"], "digest": "0".repeat(64), "act": null, "remember": null});
    assert_ne!(command(&prompt, "approve", &forged), "done");
    // Events that a script makes press nothing.
    let script = "const b = document.querySelector('button.approve'); b.click(); \
                  b.dispatchEvent(new MouseEvent('click', {bubbles: true})); \
                  window.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', ctrlKey: true, bubbles: true})); \
                  return true";
    prompt.run(script);
    assert_eq!(stage.home.waiting().len(), 1, "a made-up event decided");
    reject(&stage, &mut client, &asked, &question);
    assert!(stage.server.executed().is_empty());
}

#[test]
fn high_risk_takes_two_seconds_and_the_act() {
    let Some((stage, mut client)) = Stage::ready() else { return };
    let asked = client.begin("pay", json!({"account": "DE89370400440532013000", "amount": 40}));
    let question = stage.home.question("call");
    assert_eq!(question["level"], "step_up");
    let prompt = stage.card(&question);
    // The page may say by itself that it is visible again, as soon as it was hidden: that is when the delay begins.
    let began = Instant::now();
    command(&prompt, "card_hidden", &json!({"id": question["id"]}));
    command(&prompt, "card_visible", &json!({"id": question["id"]}));
    loop {
        let told = approve(&prompt, &question);
        let early = began.elapsed() < Duration::from_millis(2_000);
        if told["code"] != "too_early" {
            assert!(!early, "decided after {:?}: {told}", began.elapsed());
            // Without the act it is no yes even then.
            assert_ne!(told, "done", "a yes without the act");
            break;
        }
        assert!(began.elapsed() < DEADLINE, "it never opened");
    }
    reject(&stage, &mut client, &asked, &question);
    assert!(stage.server.executed().is_empty());
}

#[test]
fn a_window_that_moves_grows_or_is_covered_begins_anew() {
    let Some((stage, mut client)) = Stage::ready() else { return };
    let (asked, question) = mail(&stage, &mut client, "under the hand");
    let prompt = stage.card(&question);
    let window = stage.display.window(PROMPT);
    let mut at = 40;
    let mut disturb = |how: &str| {
        prompt.wait_until_armed();
        at += 30;
        match how {
            "move" => stage.display.move_to(window, (at, 60)),
            "resize" => stage.display.resize(window, (560 + at.unsigned_abs(), 700)),
            _ => {
                let cover = stage.display.cover(window);
                prompt.wait_until("Approve to close under a cover", CLOSED);
                // For longer than the delay: what can't be seen does not count.
                assert!(!opens_within(&prompt, Duration::from_millis(900)), "it opened under a cover");
                let said = prompt.run("return document.querySelector('button.approve').textContent");
                assert!(said.as_str().is_some_and(|said| said.contains("uncover")), "{said}");
                assert_ne!(approve(&prompt, &question), "done", "a yes under a cover");
                stage.display.uncover(cover);
                return;
            }
        }
        prompt.wait_until("Approve to close again", CLOSED);
        let told = approve(&prompt, &question);
        assert_eq!(told["code"], "too_early", "after a {how}: {told}");
    };
    for how in ["move", "resize", "cover", "move"] {
        disturb(how);
    }
    prompt.wait_until_armed();
    assert!(stage.server.executed().is_empty());
    reject(&stage, &mut client, &asked, &question);
}

#[test]
fn a_held_key_decides_nothing() {
    let Some((stage, mut client)) = Stage::ready() else { return };
    let main = stage.display.window("Consentry");
    stage.display.focus(main);
    // Control and Enter are held from before the card comes until long after it has opened.
    let (mut asked, mut question) = (Value::Null, Value::Null);
    stage.display.hold(Key::ControlEnter, || {
        (asked, question) = mail(&stage, &mut client, "held");
        stage.card(&question);
        assert!(!is_answered(&stage, &question, Duration::from_millis(2_000)), "{}", answered(&stage));
    });
    // Enter and Space on Approve itself are no yes either: only the chord, or the pointer.
    let prompt = stage.card(&question);
    prompt.wait_until_armed();
    stage.reach(&prompt, "Approve", "e.matches('button.approve')");
    stage.display.keys(&[Key::Enter, Key::Space]);
    assert!(!is_answered(&stage, &question, Duration::from_millis(300)), "Enter on Approve said yes");
    assert!(stage.server.executed().is_empty());
    reject(&stage, &mut client, &asked, &question);
}

const CLOSED: &str = "return document.querySelector('button.approve')?.disabled === true";

/// Whether Approve opens while it must not.
fn opens_within(prompt: &Page<'_>, time: Duration) -> bool {
    let until = Instant::now() + time;
    while Instant::now() < until {
        if prompt.is_armed() {
            return true;
        }
    }
    false
}

/// Whether the question is answered while it must not be.
fn is_answered(stage: &Stage, question: &Value, time: Duration) -> bool {
    let until = Instant::now() + time;
    while Instant::now() < until {
        if !stage.home.waits(question) {
            return true;
        }
    }
    false
}
