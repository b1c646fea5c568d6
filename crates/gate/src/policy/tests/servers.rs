//! Servers, their tools, and typed arguments.

use super::*;

#[test]
fn any_tool_name_is_an_action_of_that_name() {
    let schema = json!({ "type": "object", "properties": {
        "__cedar": { "type": "string" }, "if": { "type": "string" }, "reply-to": { "type": "string" },
        "String": { "type": "object", "properties": { "Bool": { "type": "boolean" }, "attributes": { "type": "string" } } },
        "": { "type": "string" }, "ключ": { "type": "string" }, "a\"b\\c\n": { "type": "string" }, "p0": { "type": "integer" },
        "type": { "type": "string" }, "required": { "type": "boolean" }
    } });
    let names = [
        "send-mail",
        "mail.send",
        "mail/send",
        "in",
        "if",
        "permit",
        "__cedar",
        "отправить",
        "",
        "a b",
        "a\"b",
        "a\\b",
        "a\nb",
        "t0",
        "t0Input",
        "Action",
        "Call",
        "Client",
        "String",
        "😀",
        "../x",
        "Input",
    ];
    let tools: Vec<PolicyTool<'_>> =
        names.iter().map(|name| PolicyTool { name, effects: &[Effect::Send], input_schema: &schema }).collect();
    let text = r#"@id("odd") @title("T") @why("W")
        forbid (principal, action in [mail::Action::"a\"b", mail::Action::"отправить"], resource)
        when { context.input has "__cedar" && context.input["__cedar"] == "x" && context.input has p0 && context.input.p0 == 1 };"#;
    let (policies, report) = loaded(&[(Layer::User, text)]).with_server("mail", &tools);
    assert_eq!(report, ServerReport::default());
    for name in names {
        let arguments = json!({ "__cedar": "x", "p0": 1 });
        let judgement = policies.judge(&facts(name, &arguments));
        let expected = if ["a\"b", "отправить"].contains(&name) { Needed::Never } else { Needed::Approve };
        assert_eq!(judgement.needed, expected, "{name:?} {:?}", judgement.faults);
    }
}

#[test]
fn a_tool_named_like_a_shared_action_gets_an_id_of_its_own() {
    let schema = mail();
    let names = ["read", "write", "delete", "send", "pay", "execute", "privilege", "any_tool", "reach", "release"];
    let tools: Vec<PolicyTool<'_>> =
        names.iter().map(|name| PolicyTool { name, effects: &[Effect::Read], input_schema: &schema }).collect();
    let text = r#"@id("x") @title("T") @why("W") forbid (principal, action == mail::Action::"tool:send", resource);"#;
    let (policies, report) = loaded(&[(Layer::User, text)]).with_server("mail", &tools);
    assert_eq!((report.renamed.len(), report.refused.len()), (10, 0), "{:?}", report.lines());
    assert_eq!(needed(&policies, "read", json!({ "to": "a" })), Needed::Nothing);
    assert_eq!(needed(&policies, "send", json!({ "to": "a" })), Needed::Never);
}

#[test]
fn tools_that_cannot_be_told_apart_are_refused() {
    let schema = mail();
    let tool = |name| PolicyTool { name, effects: &[Effect::Read], input_schema: &schema };
    let (policies, report) =
        loaded(&[]).with_server("mail", &[tool("a"), tool("a"), tool("send"), tool("tool:send"), tool("b")]);
    assert_eq!(report.refused.len(), 4);
    assert_eq!(needed(&policies, "a", json!({ "to": "a" })), Needed::Never);
    assert_eq!(needed(&policies, "send", json!({ "to": "a" })), Needed::Never);
    assert_eq!(needed(&policies, "b", json!({ "to": "a" })), Needed::Nothing);
}

#[test]
fn a_server_whose_alias_is_no_name_is_refused_whole() {
    for alias in ["", "a-b", "in", "__cedar", "a::b", "a\" {", "ы", "a { entity X; } namespace b"] {
        let schema = mail();
        let tool = PolicyTool { name: "look", effects: &[Effect::Read], input_schema: &schema };
        let (policies, report) = loaded(&[]).with_server(alias, &[tool]);
        let arguments = json!({ "to": "a" });
        let judgement = policies.judge(&Facts { server: alias, ..facts("look", &arguments) });
        assert_eq!(judgement.needed, Needed::Never, "{alias:?}");
        assert_eq!(report.refused.len(), 1, "{alias:?}");
    }
}

#[test]
fn every_server_name_has_an_alias_that_works() {
    let schema = mail();
    for name in ["Files", "my server", "7zip", "in", "__cedar", "", "почта", "like", "mail.app", "-", "true"] {
        let tool = PolicyTool { name: "look", effects: &[Effect::Read], input_schema: &schema };
        let alias = alias(name);
        let (_, report) = loaded(&[]).with_server(&alias, &[tool]);
        assert!(report.refused.is_empty(), "{name:?} as {alias:?}: {:?}", report.refused);
    }
    assert_eq!(alias("My Server"), "my_server");
}

#[test]
fn what_is_not_known_is_denied() {
    let (policies, _) = with_mail(&loaded(&[]));
    let arguments = json!({});
    assert_eq!(needed(&policies, "unknown", json!({})), Needed::Never);
    let elsewhere = policies.judge(&Facts { server: "files", ..facts("read-mail", &arguments) });
    assert!(elsewhere.needed == Needed::Never && elsewhere.faults[0].contains("files"));
    assert_eq!(needed(&policies.without_server("mail"), "read-mail", json!({ "to": "a" })), Needed::Never);
}

const CAP: &str = r#"@id("cap") @title("Cap") @why("At most 100.")
    forbid (principal, action == mail::Action::"send-mail", resource)
    when { context.input has amount && context.input.amount.greaterThan(decimal("100.0")) }
    unless { context.call.consent.stepped_up };"#;

#[test]
fn typed_arguments_decide() {
    let (policies, report) = with_mail(&loaded(&[(Layer::User, CAP)]));
    assert!(report.faults.is_empty(), "{:?}", report.lines());
    assert_eq!(needed(&policies, "send-mail", json!({ "to": "a", "amount": 100 })), Needed::Approve);
    assert_eq!(needed(&policies, "send-mail", json!({ "to": "a", "amount": 100.5 })), Needed::StepUp);
    // Not read, so it may be anything, even undeclared.
    assert_eq!(needed(&policies, "send-mail", json!({ "to": 7, "bcc": [{}] })), Needed::Approve);
}

#[test]
fn what_cannot_be_typed_although_it_is_read_is_denied() {
    let (policies, _) = with_mail(&loaded(&[(Layer::User, CAP)]));
    for amount in [json!("100"), json!(null), json!(0.12345), json!(1e30)] {
        let arguments = json!({ "to": "a", "amount": amount });
        let judgement = policies.judge(&facts("send-mail", &arguments));
        assert_eq!(judgement.needed, Needed::Never, "{arguments}");
        assert!(judgement.faults[0].contains("amount"), "{:?}", judgement.faults);
    }
    // `many` is declared but left out: a policy that asks for it must not be told that it isn't there.
    let many = r#"@id("many") @title("T") @why("W") forbid (principal, action in Action::"send", resource)
        when { context.input has many && context.input.many == "x" };"#;
    let (policies, report) = with_mail(&loaded(&[(Layer::User, many)]));
    assert_eq!(report.left_out.len(), 3);
    assert_eq!(needed(&policies, "send-mail", json!({ "to": "a", "many": "x" })), Needed::Never);
    assert_eq!(needed(&policies, "send-mail", json!({ "to": "a" })), Needed::Approve);
    assert_eq!(needed(&policies, "send-mail", json!([])), Needed::Never);
}

#[test]
fn policies_about_an_absent_server_sleep() {
    let policies = loaded(&[(Layer::User, CAP)]);
    assert_eq!(policies.dormant().collect::<Vec<_>>(), ["cap"]);
    let schema = mail();
    let tool = PolicyTool { name: "send-mail", effects: &[Effect::Send], input_schema: &schema };
    let (policies, report) = policies.with_server("post", &[tool]);
    assert!(report.faults.is_empty());
    let arguments = json!({ "to": "a", "amount": 500 });
    assert_eq!(policies.judge(&Facts { server: "post", ..facts("send-mail", &arguments) }).needed, Needed::Approve);
    let (policies, _) = with_mail(&policies);
    assert_eq!(policies.dormant().count(), 0);
    assert_eq!(needed(&policies, "send-mail", json!({ "to": "a", "amount": 500 })), Needed::StepUp);
}

#[test]
fn a_policy_that_no_longer_fits_stops_what_does_more_than_look() {
    let gone =
        r#"@id("gone") @title("T") @why("W") forbid (principal, action == mail::Action::"post-mail", resource);"#;
    let (policies, report) = with_mail(&loaded(&[(Layer::User, gone)]));
    assert_eq!((report.faults.len(), report.refused.len()), (1, 2), "{:?}", report.lines());
    for (tool, expected) in [("read-mail", Needed::Nothing), ("send-mail", Needed::Never), ("drop-mail", Needed::Never)]
    {
        assert_eq!(needed(&policies, tool, json!({ "to": "a" })), expected, "{tool}");
    }
    // Other servers are not concerned.
    let schema = mail();
    let tool = PolicyTool { name: "send-mail", effects: &[Effect::Send], input_schema: &schema };
    let (policies, _) = policies.with_server("post", &[tool]);
    let arguments = json!({ "to": "a" });
    assert_eq!(policies.judge(&Facts { server: "post", ..facts("send-mail", &arguments) }).needed, Needed::Approve);

    // An argument that is gone stops the tool itself too, even one that only looks.
    let field = r#"@id("field") @title("T") @why("W") forbid (principal, action == mail::Action::"read-mail", resource)
        when { context.input.folder == "private" };"#;
    let (policies, _) = with_mail(&loaded(&[(Layer::User, field)]));
    assert_eq!(needed(&policies, "read-mail", json!({ "to": "a" })), Needed::Never);
}

#[test]
fn a_general_policy_that_misfits_one_server_stops_only_what_it_could_apply_to() {
    let to = r#"@id("to") @title("T") @why("W") forbid (principal, action in Action::"send", resource)
        when { context.input has to && context.input.to == "x" };"#;
    let policies = loaded(&[(Layer::User, to)]);
    let schema =
        json!({ "type": "object", "properties": { "to": { "type": "array", "items": { "type": "string" } } } });
    let tool = |name, effects| PolicyTool { name, effects, input_schema: &schema };
    let tools = [tool("send", &[Effect::Send][..]), tool("drop", &[Effect::Delete]), tool("look", &[Effect::Read])];
    let (policies, report) = policies.with_server("mail", &tools);
    assert_eq!(report.faults.len(), 1);
    assert_eq!(needed(&policies, "send", json!({})), Needed::Never);
    assert_eq!(needed(&policies, "drop", json!({})), Needed::Approve);
    assert_eq!(needed(&policies, "look", json!({})), Needed::Nothing);
}
