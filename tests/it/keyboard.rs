//! Every decision by the keyboard alone: no pointer is touched. The keys are the X server's, as a keyboard's would be.

use e2e::client::{refusal, text, went_well};
use e2e::{Key, McpClient, Stage};
use serde_json::{Value, json};

fn mail(subject: &str) -> Value {
    json!({"to": "ann@example.org", "subject": subject, "body": "See below."})
}

fn ask(stage: &Stage, client: &mut McpClient, tool: &str, arguments: Value) -> (Value, Value) {
    let asked = client.begin(tool, arguments);
    (asked, stage.home.question("call"))
}

/// Leaves the outcome of a card, and waits until the prompt has gone.
fn leave(stage: &Stage) {
    let prompt = stage.app.window("prompt");
    prompt.close_card();
    prompt.wait_until_gone();
}

#[test]
fn first_use_and_the_choice_among_tools() {
    let Some(stage) = Stage::set() else { return };
    stage.approve_by_key(&stage.home.question("run"));
    // The tools: all but the one that pays.
    let question = stage.home.question("trust");
    let prompt = stage.read_card(&question);
    stage.press(&prompt, "Choose tools…");
    let pay = "e.type === 'checkbox' && e.closest('li, tr, details, .tool, section')?.textContent.includes('pay') \
               && e.closest('.use') && [...document.querySelectorAll('.use input')].indexOf(e) === \
               [...document.querySelectorAll('.use')].findIndex(u => { \
                 let n = u; while (n && !/\\bpay\\b/.test(n.textContent)) n = n.parentElement; \
                 return n && n.querySelectorAll('.use').length === 1; })";
    stage.reach(&prompt, "the tick of `pay`", pay);
    stage.display.key(Key::Space);
    stage.press(&prompt, "Ask me about this choice");
    stage.home.wait_until_answered(&question);
    prompt.close_card();
    stage.approve_by_key(&stage.home.question("trust"));
    let mut client = McpClient::let_in(&stage.home, "notes", |question| stage.approve_by_key(question));
    let tools = client.tools();
    assert_eq!(tools.len(), 7, "{tools:?}");
    assert!(!tools.contains(&"pay".to_owned()));
}

#[test]
fn a_call_is_approved_rejected_with_a_reason_put_off_and_given_time() {
    let Some((stage, mut client)) = Stage::ready() else { return };
    // Yes.
    let (asked, question) = ask(&stage, &mut client, "send_mail", mail("yes"));
    stage.approve_by_key(&question);
    assert!(went_well(&client.reply(&asked).value));
    leave(&stage);
    // No: Reject has the keys from the beginning.
    let (asked, question) = ask(&stage, &mut client, "send_mail", mail("no"));
    let prompt = stage.read_card(&question);
    stage.reach(&prompt, "Reject", "e.matches('button.reject')");
    stage.answer(&question, Key::Enter);
    refusal(&client.reply(&asked).value);
    leave(&stage);
    // No, with words for the model.
    let (asked, question) = ask(&stage, &mut client, "send_mail", mail("no, because"));
    let prompt = stage.read_card(&question);
    stage.press(&prompt, "Add a reason…");
    prompt.wait_until("the field to have the keys", "return document.activeElement.matches('input[type=text]')");
    stage.display.write("wrong address");
    stage.reach(&prompt, "Reject", "e.matches('button.reject')");
    stage.answer(&question, Key::Enter);
    let reply = client.reply(&asked).value;
    assert!(text(&reply).contains("wrong address"), "{reply}");
    leave(&stage);
    // More time, then later; then yes from the inbox.
    let (asked, question) = ask(&stage, &mut client, "send_mail", mail("later"));
    let prompt = stage.read_card(&question);
    stage.press(&prompt, "More time");
    let later = |question: &Value| question["expires_at"].as_i64();
    stage.wait_until("more time", |home| home.waiting().first().is_some_and(|now| later(now) > later(&question)));
    stage.display.key(Key::Escape);
    prompt.wait_until_gone();
    let main = stage.main();
    stage.press(&main, "Inbox");
    stage.reach(&main, "the question in the list", "e.matches('button.item') && e.closest('.list')");
    stage.display.key(Key::Enter);
    main.wait_until("the card", "return document.querySelector('[data-approval]') !== null");
    main.wait_until_armed();
    stage.reach(&main, "the card's Reject", "e.matches('[data-approval] button.reject')");
    stage.answer(&question, Key::ControlEnter);
    assert!(went_well(&client.reply(&asked).value));
    assert_eq!(stage.server.executions("send_mail"), 2);
}

#[test]
fn a_payment_is_read_picked_and_approved() {
    let Some((stage, mut client)) = Stage::ready() else { return };
    let (asked, question) = ask(&stage, &mut client, "pay", json!({"account": "DE89370400440532013000", "amount": 40}));
    assert_eq!(question["level"], "step_up");
    let prompt = stage.read_card(&question);
    stage.pick_value(&prompt, "DE89370400440532013000");
    // The first payment asks for a passphrase to be chosen.
    assert_eq!(prompt.run("return document.querySelectorAll('.proof input').length"), 2);
    stage.type_passphrase(&prompt, "correct horse");
    // It must be read to its end, by keys too.
    stage.reach(&prompt, "the whole question", "e.matches('.card-body')");
    stage.display.key(Key::End);
    prompt.wait_until_armed();
    stage.display.key(Key::ControlEnter);
    prompt.wait_until("the outcome", "return document.querySelector('.outcome') !== null");
    assert!(went_well(&client.reply(&asked).value), "the right value was not taken");
    leave(&stage);
    // Escape at high risk is a no.
    let (asked, question) = ask(&stage, &mut client, "pay", json!({"account": "DE89370400440532013000", "amount": 41}));
    let prompt = stage.read_card(&question);
    stage.answer(&question, Key::Escape);
    prompt.wait_until("the outcome", "return document.querySelector('.outcome') !== null");
    refusal(&client.reply(&asked).value);
    assert_eq!(stage.server.executions("pay"), 1);
}

#[test]
fn a_yes_is_remembered_and_revoked_and_everything_is_stopped_and_lifted() {
    let Some((stage, mut client)) = Stage::ready() else { return };
    let (asked, question) = ask(&stage, &mut client, "send_mail", mail("again"));
    let prompt = stage.read_card(&question);
    stage.press(&prompt, "Remember this…");
    prompt.wait_until("the choices", "return document.querySelector('fieldset.remember') !== null");
    prompt.wait_until_armed();
    stage.answer(&question, Key::ControlEnter);
    assert!(went_well(&client.reply(&asked).value));
    assert!(went_well(&client.call("send_mail", mail("again"))), "the same again runs unasked");
    leave(&stage);
    let main = stage.main();
    stage.press(&main, "Grants");
    main.wait_until("the grant", "return document.querySelector('ul.grants button') !== null");
    stage.press(&main, "Revoke");
    stage.wait_until("the grant to go", |home| home.json(&["grant", "list"]).succeeded().values().is_empty());
    let (asked, _question) = ask(&stage, &mut client, "send_mail", mail("again"));
    // Stop all rejects what waits; only this window lifts it.
    let main = stage.main();
    stage.press(&main, "Stop all");
    refusal(&client.reply(&asked).value);
    refusal(&client.call("echo", json!({"text": "stopped"})));
    stage.press(&main, "Let agents act again");
    main.wait_until("the stop to be lifted", "return document.querySelector('button.stop') !== null");
    assert!(went_well(&client.call("echo", json!({"text": "going on"}))));
    // The preset: looser takes two presses, stricter one.
    stage.press(&main, "Policies");
    main.wait_until("the presets", "return document.querySelector('.choice') !== null");
    let preset = |home: &e2e::Home| home.json(&["policy", "list"]).succeeded().stdout.clone();
    let before = preset(&stage.home);
    stage.reach(&main, "another preset", "e.matches('.choice button')");
    stage.key(&main, Key::Enter);
    let sure = "return document.querySelector('.choice .panel button') !== null";
    if main.run(sure) == true {
        stage.reach(&main, "the second press", "e.matches('.choice .panel button')");
        stage.display.key(Key::Enter);
    }
    stage.wait_until("another preset in force", |home| preset(home) != before);
}

#[test]
fn a_value_is_changed_before_the_yes() {
    let Some((stage, mut client)) = Stage::ready() else { return };
    let (asked, question) = ask(&stage, &mut client, "send_mail", mail("change me"));
    let prompt = stage.read_card(&question);
    stage.reach(
        &prompt,
        "the subject's Edit",
        "e.matches('.edit') && e.closest('.values > div')?.textContent.includes('subject')",
    );
    stage.display.key(Key::Enter);
    prompt.wait_until("the field to have the keys", "return document.activeElement.matches('.edit-form textarea')");
    stage.display.write(" soon");
    stage.press(&prompt, "Use this value");
    prompt.wait_until(
        "the changed card",
        "return /changed call/.test(document.querySelector('button.approve')?.textContent ?? '')",
    );
    prompt.wait_until_armed();
    stage.answer(&question, Key::ControlEnter);
    let reply = client.reply(&asked).value;
    assert!(went_well(&reply), "{reply}");
    let sent = &stage.server.executed()[0]["arguments"]["subject"];
    assert!(sent == "change me soon" || sent == " soonchange me", "{sent}");
    assert!(text(&reply).contains("Consentry"), "the model is told: {reply}");
}

#[test]
fn calls_that_wait_together_are_ticked_and_approved() {
    let Some((stage, mut client)) = Stage::ready() else { return };
    let note = |n: u32| json!({"path": stage.home.work().join(format!("{n}.txt")), "text": "a line"});
    let asked: Vec<Value> = (0..4).map(|n| client.begin("write_note", note(n))).collect();
    stage.wait_until("four questions", |home| home.waiting().len() == 4);
    let prompt = stage.app.window("prompt");
    stage.display.focus(stage.display.window(e2e::stage::PROMPT));
    prompt.wait_until("a card", "return document.querySelector('.card') !== null && document.hasFocus()");
    // The first may have been on the screen before the others came: then it is answered by itself.
    let listed = "return document.querySelectorAll('.batch-list input').length";
    if prompt.run(listed) == 0 {
        let first = prompt.run("return document.querySelector('[data-approval]').dataset.approval");
        let question = json!({"id": first});
        prompt.wait_until_armed();
        stage.answer(&question, Key::ControlEnter);
        prompt.wait_until("the list", "return document.querySelectorAll('.batch-list input').length > 1");
    }
    let listed = prompt.run(listed).as_u64().expect("a number");
    assert!(listed >= 2, "{listed}");
    for number in 0..2 {
        let it = format!("e === document.querySelectorAll('.batch-list input')[{number}]");
        stage.reach(&prompt, "a tick", &it);
        // A list that has just come takes no keys yet.
        let ticked = format!("return document.querySelectorAll('.batch-list input')[{number}].checked");
        while prompt.run(&ticked) != true {
            stage.key(&prompt, Key::Space);
        }
    }
    prompt.wait_until(
        "the delay to pass",
        "return /\\(2\\)/.test(document.querySelector('.batch .approve')?.textContent ?? '')",
    );
    prompt.wait_until("Approve to open", "return document.querySelector('.batch .approve')?.disabled === false");
    let before = stage.server.executions("write_note");
    stage.display.key(Key::ControlEnter);
    stage.server.wait_until_executed(before + 2);
    stage.press(&prompt, "Reject");
    for id in asked {
        client.reply(&id);
    }
    let first = usize::try_from(4 - listed).expect("few");
    assert_eq!(stage.server.executions("write_note"), first + 2, "exactly what was ticked");
}
