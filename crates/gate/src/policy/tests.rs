//! Policies as a whole: loading, layers, servers, judging.

mod decisions;
mod servers;

use super::*;
use serde_json::{Value, json};
use std::sync::LazyLock;

fn source(layer: Layer, text: &str) -> Source {
    Source { layer, name: format!("{}.cedar", layer.word()), text: text.into() }
}

fn load(extra: &[(Layer, &str)]) -> Result<Policies, Vec<PolicyFault>> {
    let mut sources = Preset::Cautious.shipped();
    sources.extend(extra.iter().map(|(layer, text)| source(*layer, text)));
    Policies::load(&sources)
}

fn loaded(extra: &[(Layer, &str)]) -> Policies {
    load(extra).unwrap_or_else(|faults| panic!("{}", faults.iter().map(PolicyFault::to_string).collect::<String>()))
}

fn refused(extra: &[(Layer, &str)]) -> String {
    let faults = load(extra).expect_err("these policies must not load");
    faults.iter().map(PolicyFault::to_string).collect::<Vec<_>>().join("\n")
}

fn mail() -> Value {
    json!({ "type": "object", "required": ["to"], "properties": {
        "to": { "type": "string" }, "amount": { "type": "number" }, "many": { "type": ["string", "array"] } } })
}

/// A server `mail` that can look, send and delete.
fn with_mail(policies: &Policies) -> (Policies, ServerReport) {
    let schema = mail();
    let tool = |name, effects| PolicyTool { name, effects, input_schema: &schema };
    policies.with_server(
        "mail",
        &[tool("read-mail", &[Effect::Read]), tool("send-mail", &[Effect::Send]), tool("drop-mail", &[Effect::Delete])],
    )
}

static NO_FLOW: LazyLock<FlowFacts> = LazyLock::new(FlowFacts::default);
static FIRST: LazyLock<SoFar> = LazyLock::new(|| calls(1));

fn calls(calls_last_hour: i64) -> SoFar {
    SoFar { calls_last_hour, ..SoFar::default() }
}

fn facts<'a>(tool: &'a str, arguments: &'a Value) -> Facts<'a> {
    Facts {
        client: "desk",
        server: "mail",
        tool,
        arguments,
        destinations: &[],
        findings: &[],
        carried: &[],
        client_known: true,
        drifted: false,
        names_protected: false,
        flow: &NO_FLOW,
        so_far: &FIRST,
        token: None,
        now_ms: 1_795_363_200_000,
    }
}

fn ids(judgement: &Judgement) -> Vec<&str> {
    judgement.reasons.iter().map(|r| r.policy.as_str()).collect()
}

fn needed(policies: &Policies, tool: &str, arguments: Value) -> Needed {
    policies.judge(&facts(tool, &arguments)).needed
}

// The three traps.

#[test]
fn a_forbid_that_errors_denies() {
    // Strict validation can't see that this overflows; Cedar would skip the forbid and allow.
    let text = r#"@id("sum") @title("Sum") @why("Sums.")
        forbid (principal, action in Action::"read", resource)
        when { context.call.calls_last_hour + 9223372036854775807 < 0 };"#;
    let (policies, _) = with_mail(&loaded(&[(Layer::User, text)]));
    let arguments = json!({ "to": "a" });
    let judgement = policies.judge(&facts("read-mail", &arguments));
    assert_eq!(judgement.needed, Needed::Never);
    assert!(judgement.faults[0].contains("sum") && judgement.faults[0].contains("user.cedar"), "{judgement:?}");
    let quiet = policies.judge(&Facts { so_far: &calls(0), ..facts("read-mail", &arguments) });
    assert_eq!(quiet.needed, Needed::Nothing, "without the overflow it is evaluated");
}

#[test]
fn policies_are_named_by_their_id_annotation() {
    let arguments = json!({ "to": "a" });
    let (policies, _) = with_mail(&loaded(&[]));
    let judgement = policies.judge(&facts("send-mail", &arguments));
    assert_eq!(ids(&judgement), ["send-needs-person"]);
    assert_eq!(judgement.reasons[0].title, "Sending to others");
    assert_eq!(judgement.reasons[0].layer, Layer::Preset);

    let nameless = r#"@title("T") @why("W") forbid (principal, action in Action::"send", resource);"#;
    assert!(refused(&[(Layer::User, nameless)]).contains("@id"));
    let twice =
        r#"@id("pay-needs-step-up") @title("T") @why("W") forbid (principal, action in Action::"send", resource);"#;
    assert!(refused(&[(Layer::User, twice)]).contains("baseline.cedar"), "the other file is named");
}

#[test]
fn without_action_entities_nothing_is_permitted() {
    let (mut policies, _) = with_mail(&loaded(&[]));
    assert_eq!(needed(&policies, "read-mail", json!({ "to": "a" })), Needed::Nothing);
    let server = policies.servers.remove("mail").expect("it was added");
    let mut server = Arc::try_unwrap(server).expect("nobody else holds it");
    server.actions = Entities::new();
    policies.servers.insert("mail".into(), Arc::new(server));
    for tool in ["read-mail", "send-mail", "drop-mail"] {
        assert_eq!(needed(&policies, tool, json!({ "to": "a" })), Needed::Never, "{tool}");
    }
}

#[test]
fn an_empty_set_denies() {
    let (policies, _) = with_mail(&Policies::load(&[]).expect("an empty set is valid"));
    let arguments = json!({ "to": "a" });
    let judgement = policies.judge(&facts("read-mail", &arguments));
    assert_eq!((judgement.needed, judgement.reasons.len()), (Needed::Never, 0));
}

#[test]
fn a_tool_without_effects_is_never_permitted() {
    let schema = mail();
    let tool = PolicyTool { name: "odd", effects: &[], input_schema: &schema };
    let (policies, _) = loaded(&[]).with_server("mail", &[tool]);
    assert_eq!(needed(&policies, "odd", json!({})), Needed::Never);
}

// What loads and what doesn't.

#[test]
fn mistakes_are_told_with_file_line_and_policy() {
    for (text, expected) in [
        ("\n\nforbid (principal, action", vec!["user.cedar, line 3"]),
        (
            "@id(\"x\") @title(\"T\") @why(\"W\")\nforbid (principal, action in Action::\"send\", resource)\nwhen { context.call.nothing };",
            vec!["user.cedar, line 3", "policy x", "nothing"],
        ),
        (
            "@id(\"x\") @title(\"T\") @why(\"W\")\nforbid (principal, action in Action::\"sned\", resource);",
            vec!["user.cedar, line 2", "policy x", "sned"],
        ),
        (
            "@id(\"x\") @title(\"T\") @why(\"W\")\nforbid (principal, action in Action::\"send\", resource) when { context.input.to == \"a\" };",
            vec!["policy x", "to"],
        ),
        ("@id(\"x\")\nforbid (principal, action in Action::\"send\", resource);", vec!["policy x", "@title", "@why"]),
        ("@id(\"a b\") @title(\"T\") @why(\"W\")\nforbid (principal, action, resource);", vec!["@id"]),
        (
            "@id(\"x\") @title(\"T\") @why(\"W\")\nforbid (principal == ?principal, action, resource);",
            vec!["user.cedar, line 1", "policy x", "?principal"],
        ),
        (
            "@id(\"x\") @title(\"T\") @why(\"W\")\nforbid (principal, action in [a::Action::\"x\", b::Action::\"y\"], resource);",
            vec!["two servers"],
        ),
        (
            "@id(\"x\") @title(\"T\") @why(\"W\") @remember(\"always\")\nforbid (principal, action, resource);",
            vec!["never"],
        ),
    ] {
        let said = refused(&[(Layer::User, text)]);
        for part in expected {
            assert!(said.contains(part), "{part} is missing in: {said}");
        }
    }
}

#[test]
fn only_floor_and_managed_may_permit_and_never_everything() {
    let permit = r#"@id("p") permit (principal, action in Action::"any_tool", resource);"#;
    assert!(refused(&[(Layer::User, permit)]).contains("may only forbid"));
    assert!(refused(&[(Layer::Preset, permit)]).contains("may only forbid"));
    let bare = r#"@id("p") permit (principal, action, resource);"#;
    assert!(refused(&[(Layer::Managed, bare)]).contains("any_tool"));
    assert!(load(&[(Layer::Managed, permit)]).is_ok());
}

#[test]
fn every_mistake_is_told_at_once() {
    let said = refused(&[(Layer::User, "forbid (principal, action, resource);"), (Layer::Managed, "nonsense")]);
    assert!(said.contains("user.cedar") && said.contains("managed.cedar"), "{said}");
}

#[test]
fn the_digest_follows_the_text() {
    let text = r#"@id("x") @title("T") @why("W") forbid (principal, action in Action::"send", resource);"#;
    assert_eq!(loaded(&[(Layer::User, text)]).versions(), loaded(&[(Layer::User, text)]).versions());
    assert_ne!(loaded(&[(Layer::User, text)]).versions(), loaded(&[]).versions());
    assert_ne!(loaded(&[(Layer::User, text)]).versions(), loaded(&[(Layer::Managed, text)]).versions());
}

#[test]
fn presets_are_known_by_their_names() {
    for preset in [Preset::Cautious, Preset::Balanced] {
        assert_eq!(preset.to_string().parse(), Ok(preset));
        assert!(Policies::load(&preset.shipped()).is_ok(), "{preset}");
    }
    assert!("bold".parse::<Preset>().is_err());
}

// Layers.

#[test]
fn a_managed_list_is_not_opened_by_another_layer() {
    let list = r#"@id("m") permit (principal, action in Action::"read", resource);"#;
    let (policies, _) = with_mail(&loaded(&[(Layer::Managed, list)]));
    assert_eq!(needed(&policies, "read-mail", json!({ "to": "a" })), Needed::Nothing);
    // The floor permits every tool; apart from it, the managed layer does not.
    let arguments = json!({ "to": "a" });
    let judgement = policies.judge(&facts("send-mail", &arguments));
    assert_eq!(judgement.needed, Needed::Never);
    assert_eq!(ids(&judgement), ["managed", "send-needs-person"]);
}

#[test]
fn a_managed_list_of_destinations_leaves_tools_alone() {
    let list = r#"@id("m") permit (principal, action == Action::"reach", resource in Destination::"host:acme.com");"#;
    let (policies, _) = with_mail(&loaded(&[(Layer::Managed, list)]));
    let arguments = json!({ "to": "a" });
    let judge = |host: &str| {
        let destinations = [Destination { kind: "host", value: host.into() }];
        policies.judge(&Facts { destinations: &destinations, ..facts("read-mail", &arguments) }).needed
    };
    assert_eq!(needed(&policies, "read-mail", json!({ "to": "a" })), Needed::Nothing);
    assert_eq!((judge("files.acme.com"), judge("acme.com.evil.example")), (Needed::Nothing, Needed::Never));
}

#[test]
fn the_user_tightens_what_the_preset_lets_run() {
    let text = r#"@id("no-reading") @title("No reading") @why("I said so.")
        forbid (principal, action in Action::"read", resource) unless { context.call.consent.stepped_up };"#;
    let (policies, _) = with_mail(&loaded(&[(Layer::User, text)]));
    assert_eq!(needed(&policies, "read-mail", json!({ "to": "a" })), Needed::StepUp);
}
