//! What goes through piece by piece: sums over time decide, whatever single calls look like.

use e2e::client::{refusal, went_well};
use e2e::{Broker, Keyring, Scene};
use serde_json::{Value, json};

fn mail(to: &[String]) -> Value {
    json!({"to": to.join(", "), "subject": "Newsletter", "body": "Hello"})
}

fn people(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|n| format!("p{n}@example.org")).collect()
}

fn rule<'a>(question: &'a Value, policy: &str) -> Option<&'a Value> {
    question["reasons"].as_array().expect("reasons").iter().find(|rule| rule["policy"] == policy)
}

const BULK: &str = "bulk-export-needs-step-up";

#[test]
fn many_recipients_in_small_calls_need_a_deliberate_yes_over_a_restart_too() {
    let mut home = e2e::Home::new();
    let _keyring = Keyring::start(&mut home).expect("a keychain: see the line above");
    let mut scene = Scene::balanced_in(home);
    let mut client = scene.client();
    let asks = |scene: &Scene, client: &mut e2e::McpClient, to: &[String]| {
        let asked = client.begin("send_mail", mail(to));
        (scene.home.question("call"), asked)
    };
    for from in [0, 9, 18] {
        let (question, asked) = asks(&scene, &mut client, &people(from, from + 9));
        assert!(rule(&question, BULK).is_none() || from == 18, "{question}");
        if from == 18 {
            // 27 in the hour.
            assert_eq!(question["level"], "step_up", "{question}");
            let why = rule(&question, BULK).expect("the rule")["why"].as_str().expect("why").to_owned();
            assert!(why.contains("In the last hour, this call included: 27 recipients;"), "{why}");
            scene.reject(&question).succeeded();
            refusal(&client.reply(&asked).value);
        } else {
            scene.approve(&question).succeeded();
            assert!(went_well(&client.reply(&asked).value));
        }
    }
    // What was rejected went to nobody; who got one before is no other recipient.
    for (from, to) in [(0, 9), (30, 37)] {
        let (question, asked) = asks(&scene, &mut client, &people(from, to));
        assert!(rule(&question, BULK).is_none(), "at most 25 in the hour: {question}");
        scene.approve(&question).succeeded();
        assert!(went_well(&client.reply(&asked).value));
    }
    // A broker that was killed knows what went out before: the log says so.
    drop(client);
    scene.broker.kill();
    scene.broker = Broker::start_with(&scene.home, &["--decisions", "cli", "--preset", "balanced"]);
    let mut client = scene.client();
    let (question, asked) = asks(&scene, &mut client, &people(40, 41));
    let why = rule(&question, BULK).expect("the rule")["why"].as_str().expect("why").to_owned();
    assert!(why.contains("26 recipients"), "25 others, each once, whatever was restarted: {why}");
    scene.approve(&question).succeeded();
    assert!(went_well(&client.reply(&asked).value));
    assert_eq!(scene.server.executions("send_mail"), 5);
}

#[test]
fn calls_at_once_are_summed_before_any_of_them_ran() {
    let scene = Scene::balanced();
    let (mut watch, mut client) = (scene.watch(), scene.client());
    let questions: Vec<Value> = (0..4)
        .map(|n| {
            client.begin("send_mail", mail(&people(n * 9, n * 9 + 9)));
            watch.question("send_mail")
        })
        .collect();
    let bulk: Vec<bool> = questions.iter().map(|question| rule(question, BULK).is_some()).collect();
    assert_eq!(bulk, [false, false, true, true], "9, 18, 27 and 36 recipients");
}

#[test]
fn a_list_that_is_too_long_to_be_told_is_counted_whole() {
    let scene = Scene::balanced();
    let mut client = scene.client();
    client.begin("send_mail", mail(&people(0, 3_000)));
    let question = scene.home.question("call");
    let why = rule(&question, BULK).expect("the rule")["why"].as_str().expect("why").to_owned();
    assert!(why.contains("3,000 recipients"), "{why}");
}

#[test]
fn what_the_server_calls_its_own_and_what_was_approved_before_count_all_the_same() {
    let scene = Scene::balanced();
    let (mut watch, mut client) = (scene.watch(), scene.client());
    let to = vec!["ann@example.org".to_owned()];
    scene.answer(&mut watch, &mut client, ("send_mail", mail(&to)), true);
    // To somebody whom the person knows, but all there is.
    let rows: Vec<Value> = (0..300).map(|id| json!({"id": id})).collect();
    let body = format!("Here you are:\n```json\n{}\n```", serde_json::to_string(&rows).expect("JSON"));
    let asked = client.begin("send_mail", json!({"to": "ann@example.org", "subject": "All", "body": body}));
    let question = watch.question("send_mail");
    let why = rule(&question, BULK).expect("the rule")["why"].as_str().expect("why").to_owned();
    assert!(why.contains("300 records"), "{why}");
    scene.reject(&question).succeeded();
    refusal(&client.reply(&asked).value);
}

#[test]
fn reading_everything_page_by_page_is_asked_about_in_the_end() {
    let scene = Scene::balanced();
    let (mut watch, mut client) = (scene.watch(), scene.client());
    let rows: Vec<Value> = (0..4_000).map(|id| json!({"id": id})).collect();
    let page = json!({"content": [{"type": "text", "text": serde_json::to_string(&rows).expect("JSON")}]});
    scene.server.tell(&[&format!("result={page}")]);
    for n in 0..3 {
        assert!(went_well(&client.call("echo", json!({"text": format!("page {n}")}))), "page {n}");
    }
    scene.server.tell(&[]);
    let asked = client.begin("echo", json!({"text": "page 3"}));
    let question = watch.question("echo");
    let why = rule(&question, "bulk-read-needs-person").expect("the rule")["why"].as_str().expect("why").to_owned();
    assert!(why.contains("12,000 records"), "{why}");
    scene.reject(&question).succeeded();
    refusal(&client.reply(&asked).value);
    let read: Vec<Value> = scene
        .home
        .audit()
        .into_iter()
        .filter(|entry| entry["kind"] == "outcome" && entry["result"] == "completed")
        .collect();
    assert_eq!(read.len(), 3);
}
