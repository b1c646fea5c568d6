//! Rules tried on past calls, and every decision explained from the log.

use e2e::client::went_well;
use e2e::{Home, Scene};
use serde_json::{Value, json};

const NO_MAIL: &str = r#"@id("no-mail-outside") @title("Mail to outside") @why("The recipient is not one of us.")
forbid (principal, action == Action::"reach", resource)
when { resource.kind == "address" && !(resource in Destination::"host:example.org") }
unless { context.call.consent.approved };
@id("never-pay-much") @title("A large sum") @why("More than a hundred is never paid.")
forbid (principal, action in Action::"pay", resource)
when { context has input && context.input has amount && context.input.amount.greaterThan(decimal("100.0")) };
"#;

fn replay(home: &Home, args: &[&str]) -> Value {
    home.json(&[&["policy", "replay"], args].concat()).succeeded().value()
}

fn counts(view: &Value) -> [u64; 6] {
    ["calls", "added", "gone", "blocked", "unblocked", "stricter_or_milder"]
        .map(|name| view[name].as_u64().expect("a count"))
}

/// Seven calls: three reads, a note, a mail that was approved, one that was rejected, a payment.
fn history(scene: &Scene) {
    let (mut watch, mut client) = (scene.watch(), scene.client());
    for _ in 0..3 {
        assert!(went_well(&client.call("echo", json!({"text": "x"}))));
    }
    let mail = |to: &str| json!({"to": to, "subject": "s", "body": "b"});
    for (tool, arguments, yes) in [
        ("write_note", json!({"path": scene.note("a"), "text": "t"}), true),
        ("send_mail", mail("ann@example.org"), true),
        ("send_mail", mail("eve@evil.example"), false),
        ("pay", json!({"account": "DE02120300000000202051", "amount": 250.0}), true),
    ] {
        scene.answer(&mut watch, &mut client, (tool, arguments), yes);
    }
}

#[test]
fn a_draft_is_played_against_the_log_and_says_what_it_would_change() {
    let scene = Scene::new();
    history(&scene);
    let same = replay(&scene.home, &["--preset", "cautious"]);
    assert_eq!(counts(&same), [7, 0, 0, 0, 0, 0], "{same}");
    // By flow the note would have run unasked; everything else went somewhere new, or is asked by the floor.
    let balanced = replay(&scene.home, &["--preset", "balanced"]);
    assert_eq!(counts(&balanced), [7, 0, 1, 0, 0, 0], "{balanced}");
    let gone = &balanced["changes"][0];
    assert_eq!(
        (&gone["tool"], &gone["before"], &gone["after"]),
        (&json!("write_note"), &json!("approve"), &json!("permits"))
    );
    // A rule of one's own: the large payment is blocked. The arguments come from the log, typed as they were.
    let draft = scene.home.work().join("draft.cedar");
    std::fs::write(&draft, NO_MAIL).expect("a draft");
    let draft = draft.to_string_lossy().into_owned();
    let own = replay(&scene.home, &["--policy", &draft]);
    assert_eq!(counts(&own), [7, 0, 0, 1, 0, 0], "{own}");
    assert_eq!(own["changes"][0]["policies"][0], "never-pay-much", "{own}");
    // Deterministic, and nothing was changed by it.
    assert_eq!(replay(&scene.home, &["--policy", &draft]), own);
    assert_eq!(replay(&scene.home, &["--preset", "cautious"]), same);
    assert_eq!(counts(&replay(&scene.home, &["--preset", "cautious", "--since", "2100-01-01"]))[0], 0);
    // In words; and a draft that is wrong says where.
    let said = scene.home.run(&["policy", "replay", "--policy", &draft]).succeeded().stdout;
    assert!(
        said.contains("7 past calls") && said.contains("1 would not run") && said.contains("pay of notes"),
        "{said}"
    );
    std::fs::write(scene.home.work().join("draft.cedar"), "forbid (principal, action, resource").expect("a draft");
    let wrong = scene.home.run(&["policy", "replay", "--policy", &draft]).refused();
    assert!(wrong.stderr.contains("draft.cedar, line 1"), "{}", wrong.stderr);
}

#[test]
fn a_decision_is_explained_at_every_level_of_consent() {
    let scene = Scene::new();
    history(&scene);
    let pay =
        scene.home.audit().into_iter().find(|e| e["kind"] == "intent" && e["tool"] == "pay").expect("the payment");
    let call = pay["call"].as_str().expect("a call");
    let said = scene.home.run(&["policy", "explain", call]).succeeded().stdout;
    for part in [
        "Unasked, the tool: denied.",
        "With a yes, the tool: denied.",
        "With a deliberate yes, the tool: allowed.",
        "forbidden by pay-needs-step-up (floor): Spending money.",
        "permitted by base-tools (floor)",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let detail = scene.home.json(&["audit", "show", &pay["seq"].to_string()]).value();
    assert_eq!(detail["explained"][0], "Unasked, the tool: denied.", "{detail}");
}
