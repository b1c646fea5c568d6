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
    let mut client = McpClient::open_under(&stage.home, "notes");
    let hello =
        json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let id = client.request("initialize", hello);
    stage.approve_by_key(&stage.home.question("client"));
    client.reply(&id);
    client.notify("notifications/initialized", Value::Null);
    let mut tools = client.tools();
    while tools.is_empty() {
        client.notification("notifications/tools/list_changed");
        tools = client.tools();
    }
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
    stage.reach(&prompt, "the choice of a value", "e.matches('.act input[type=radio]')");
    // The right one among the choices: arrows pick.
    let right = "const said = document.querySelector('.act input:checked')?.closest('label')?.textContent ?? ''; \
                 return said.trim() === '40' || said.replaceAll(' ', '').includes('DE89370400440532013000')";
    stage.display.key(Key::Space);
    let mut tries = 0;
    while prompt.run(right) != true && tries < 12 {
        stage.display.key(Key::Down);
        tries += 1;
    }
    // It must be read to its end, by keys too.
    stage.reach(&prompt, "the whole question", "e.matches('.card-body')");
    stage.display.key(Key::End);
    prompt.wait_until_armed();
    stage.answer(&question, Key::ControlEnter);
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
    stage.display.key(Key::Enter);
    let sure = "return document.querySelector('.choice .panel button') !== null";
    if main.run(sure) == true {
        stage.reach(&main, "the second press", "e.matches('.choice .panel button')");
        stage.display.key(Key::Enter);
    }
    stage.wait_until("another preset in force", |home| preset(home) != before);
}
