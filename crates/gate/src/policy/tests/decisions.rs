//! Destinations, consent and reasons.

use super::*;

#[test]
fn the_strictest_destination_stands() {
    let text = r#"
        @id("ours") @title("Outside") @why("W") forbid (principal, action == Action::"reach", resource)
        unless { resource in Destination::"host:acme.com" || resource.kind == "path" || context.call.consent.approved };
        @id("paste") @title("Paste") @why("W") forbid (principal, action == Action::"reach", resource in Destination::"host:pastebin.com");
        @id("ssh") @title("Keys") @why("W") forbid (principal, action == Action::"reach", resource in Destination::"path:/home/ann/.ssh")
        unless { context.effects == ["read"] && context.server == Server::"mail" && context.call.consent.stepped_up };"#;
    let (policies, _) = with_mail(&loaded(&[(Layer::User, text)]));
    let arguments = json!({ "to": "a" });
    let judge = |places: &[(&'static str, &str)]| {
        let destinations: Vec<Destination> =
            places.iter().map(|(kind, value)| Destination { kind, value: (*value).into() }).collect();
        let judgement = policies.judge(&Facts { destinations: &destinations, ..facts("read-mail", &arguments) });
        (judgement.needed, ids(&judgement).join(" "))
    };
    assert_eq!(judge(&[("host", "files.acme.com"), ("address", "ann@acme.com")]), (Needed::Nothing, String::new()));
    assert_eq!(judge(&[("host", "acme.com"), ("host", "notacme.com")]), (Needed::Approve, "ours".into()));
    assert_eq!(judge(&[("address", "ann@x.PasteBin.com")]), (Needed::Never, "paste ours".into()));
    assert_eq!(judge(&[("path", "/home/ann/docs/../.ssh/id")]), (Needed::StepUp, "ssh".into()));
    let many: Vec<Destination> = (0..1001).map(|_| Destination { kind: "host", value: "acme.com".into() }).collect();
    assert_eq!(policies.judge(&Facts { destinations: &many, ..facts("read-mail", &arguments) }).needed, Needed::Never);
}

// Consent and reasons.

#[test]
fn reasons_come_strictest_first_and_once() {
    let schema = mail();
    let tool = PolicyTool { name: "buy", effects: &[Effect::Write, Effect::Send, Effect::Pay], input_schema: &schema };
    let (policies, _) = loaded(&[]).with_server("mail", &[tool]);
    let arguments = json!({ "to": "a" });
    let judgement = policies.judge(&facts("buy", &arguments));
    assert_eq!(judgement.needed, Needed::StepUp);
    assert_eq!(ids(&judgement), ["pay-needs-step-up", "write-needs-person", "send-needs-person"]);
    assert_eq!(judgement.reasons.iter().map(|r| r.rememberable).collect::<Vec<_>>(), [false, true, true]);
}

#[test]
fn exactly_what_was_given_is_judged_again() {
    let (policies, _) = with_mail(&loaded(&[]));
    let arguments = json!({ "to": "a" });
    let send = facts("send-mail", &arguments);
    assert!(policies.satisfies(&send, Consent::None).is_err());
    let given = policies.satisfies(&send, Consent::Approved).expect("a yes is enough");
    assert_eq!(ids(&given), ["send-needs-person"]);
    assert!(policies.satisfies(&send, Consent::SteppedUp).is_ok());
    // A reason that was not on the card shows up, for the caller to see.
    let findings = ["hidden_characters".to_owned()];
    let changed =
        policies.satisfies(&Facts { findings: &findings, ..send }, Consent::Approved).expect("a yes is enough");
    assert_eq!(ids(&changed), ["hidden-characters-need-person", "send-needs-person"]);
    let drifted = policies.satisfies(&Facts { drifted: true, ..send }, Consent::SteppedUp).expect_err("drift stops");
    assert_eq!((drifted.needed, ids(&drifted)[0]), (Needed::Never, "changed-tool-never-runs"));
}

#[test]
fn a_policy_against_consent_itself_is_heard() {
    let text = r#"@id("contrary") @title("T") @why("W") forbid (principal, action in Action::"read", resource)
        when { context.call.consent.approved };"#;
    let (policies, _) = with_mail(&loaded(&[(Layer::User, text)]));
    let arguments = json!({ "to": "a" });
    let read = facts("read-mail", &arguments);
    assert_eq!(policies.judge(&read).needed, Needed::Nothing);
    let judgement = policies.satisfies(&read, Consent::Approved).expect_err("approved is forbidden");
    assert_eq!((judgement.needed, ids(&judgement)), (Needed::Never, vec!["contrary"]));
}

#[test]
fn the_time_is_a_fact() {
    let text = r#"@id("late") @title("T") @why("W") forbid (principal, action in Action::"read", resource)
        when { context.call.time >= datetime("2026-11-22T00:00:00Z") };"#;
    let (policies, _) = with_mail(&loaded(&[(Layer::User, text)]));
    let arguments = json!({ "to": "a" });
    let at = |now_ms| policies.judge(&Facts { now_ms, ..facts("read-mail", &arguments) }).needed;
    assert_eq!((at(1_795_305_599_999), at(1_795_305_600_000)), (Needed::Nothing, Needed::Never));
}

#[test]
fn an_explanation_names_what_mattered_at_each_level() {
    let (policies, _) = with_mail(&loaded(&[]));
    let arguments = json!({ "to": "a" });
    let lines = policies.explain(&facts("send-mail", &arguments));
    assert_eq!(lines[0], "Unasked, the tool: denied.");
    assert!(lines[1].contains("send-needs-person (preset): Sending to others."), "{lines:?}");
    assert!(lines.contains(&"With a yes, the tool: allowed.".to_owned()), "{lines:?}");
}

#[test]
fn our_answer_is_that_of_cedars_own_authorizer() {
    // Where nothing fails and no managed list is kept, putting the answers together must agree with Cedar.
    let text = r#"@id("x") @title("T") @why("W") forbid (principal == Client::"desk", action in Action::"send", resource == Server::"mail")
        when { context.call.calls_last_hour > 5 || context.call.findings.contains("odd") } unless { context.call.consent.stepped_up };"#;
    let sources: Vec<Source> = Preset::Cautious.shipped().into_iter().chain([source(Layer::User, text)]).collect();
    let (policies, _) = with_mail(&Policies::load(&sources).expect("valid"));
    let all: String = sources.iter().map(|s| s.text.as_str()).collect();
    let cedar: cedar_policy::PolicySet = all.parse().expect("valid");
    for tool in ["read-mail", "send-mail", "drop-mail"] {
        for calls_last_hour in [1, 9] {
            for drifted in [false, true] {
                let arguments = json!({ "to": "a" });
                let facts = Facts { so_far: &calls(calls_last_hour), drifted, ..facts(tool, &arguments) };
                let hearing = Hearing::open(&policies, &facts).expect("it can be judged");
                for consent in [Consent::None, Consent::Approved, Consent::SteppedUp] {
                    for (question, answer) in hearing.answers(consent) {
                        let response = cedar_policy_core::authorizer::Authorizer::new().is_authorized(
                            question.request(&hearing.call, consent),
                            cedar.as_ref(),
                            &question.entities,
                        );
                        let allowed = response.decision == cedar_policy_core::authorizer::Decision::Allow;
                        assert_eq!(answer.allowed, allowed, "{tool} {calls_last_hour} {drifted} {consent:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn requests_are_what_the_lifted_schema_says() {
    let text = r#"@id("x") @title("T") @why("W") forbid (principal, action == mail::Action::"do", resource)
        when { context.input == context.input && context.call.time > datetime("2020-01-01") };"#;
    let schema = json!({ "type": "object", "required": ["s", "o"], "properties": {
        "s": { "type": "string" }, "n": { "type": "number" }, "i": { "type": "integer" }, "b": { "type": "boolean" },
        "d": { "type": "string", "format": "date-time" }, "ip": { "type": "string", "format": "ipv6" },
        "l": { "type": "array", "items": { "type": "array", "items": { "type": "string" } } },
        "o": { "type": "object", "required": ["in"], "properties": {
            "in": { "type": "object", "properties": { "deep": { "type": ["integer", "null"] } } } } },
        "objects": { "type": "array", "items": { "type": "object", "properties": { "a": { "type": "number" } } } }
    } });
    let tool = PolicyTool { name: "do", effects: &[Effect::Send], input_schema: &schema };
    let (policies, report) = loaded(&[(Layer::User, text)]).with_server("mail", &[tool]);
    assert_eq!(report, ServerReport::default());
    let (record, _) = shape::read_schema(&schema);
    let lifting = lift::Lifting { key: "do", effects: &[Effect::Send], input: &record };
    let schema = lift::lift("mail", &[lifting]).expect("it lifts");
    for arguments in [
        json!({ "s": "x", "n": 1.5, "i": 3, "b": true, "d": "2026-11-22T10:00:00.5+01:00", "ip": "::1",
            "l": [["a"], []], "o": { "in": { "deep": null } }, "objects": [{ "a": 1 }, {}] }),
        json!({ "s": "", "o": { "in": { "deep": 4 } } }),
    ] {
        let facts = facts("do", &arguments);
        let hearing = Hearing::open(&policies, &facts).expect("it can be judged");
        for (question, _) in hearing.answers(Consent::None) {
            let request = question.request(&hearing.call, Consent::None);
            let context = request.context().expect("a context").clone();
            let context = cedar_policy::Context::from(context);
            let action: cedar_policy::EntityUid = "mail::Action::\"do\"".parse().expect("an action");
            context.validate(&schema, &action).unwrap_or_else(|e| panic!("{arguments}: {e}"));
        }
    }
}
