//! Which shapes of JSON Schema become Cedar types, and which are left out.

use super::super::reads::Reads;
use super::*;
use cedar_policy_core::ast::Expr;
use serde_json::json;

fn condition(text: &str) -> Expr {
    text.parse().expect("a condition")
}

fn whole() -> Reads {
    let reads = Reads::of_context(&condition("context.input == {}"));
    reads.names("input").cloned().expect("input is read")
}

fn shape_of(property: Json) -> Result<Shape, &'static str> {
    let (record, left_out) = read_schema(&json!({ "type": "object", "properties": { "x": property } }));
    match left_out.as_slice() {
        [] => Ok(record.fields["x"].shape.clone()),
        [out, ..] => Err(out.why),
    }
}

#[test]
fn what_can_be_expressed_is() {
    for (property, shape) in [
        (json!({ "type": "string" }), Shape::Text),
        (json!({ "type": "string", "enum": ["a", "b"] }), Shape::Text),
        (json!({ "type": "string", "format": "uri" }), Shape::Text),
        (json!({ "type": "string", "format": "date-time" }), Shape::Moment),
        (json!({ "type": "string", "format": "ipv4" }), Shape::Address),
        (json!({ "enum": ["a", "b", null] }), Shape::Text),
        (json!({ "const": 3 }), Shape::Long),
        (json!({ "type": ["integer", "number"] }), Shape::Decimal),
        (json!({ "type": ["string", "null"] }), Shape::Text),
        (json!({ "anyOf": [{ "type": "boolean" }, { "type": "null" }] }), Shape::Bool),
        (json!({ "allOf": [{ "type": "string" }] }), Shape::Text),
        (json!({ "type": "array", "items": { "type": "number" } }), Shape::Set(Box::new(Shape::Decimal))),
        (json!({ "type": "object" }), Shape::Record(Record::default())),
    ] {
        assert_eq!(shape_of(property.clone()), Ok(shape), "{property}");
    }
}

#[test]
fn what_cannot_be_expressed_is_left_out_with_the_reason() {
    for (property, why) in [
        (json!(true), ANYTHING),
        (json!({}), ANYTHING),
        (json!({ "type": ["string", "array"], "items": { "type": "string" } }), SEVERAL),
        (json!({ "oneOf": [{ "type": "string" }, { "type": "object" }] }), SEVERAL),
        (json!({ "type": "array" }), "is a list of anything"),
        (json!({ "type": "null" }), "takes only null"),
        (json!({ "type": "banana" }), "has a type that is no type"),
        (json!({ "type": 7 }), "has a type that is no type"),
        (json!({ "$ref": "https://example.com/x" }), "refers to another document"),
        (json!({ "$ref": "#/$defs/none" }), "refers to nothing"),
        (json!({ "$ref": "#/properties/x" }), "refers to itself"),
    ] {
        assert_eq!(shape_of(property.clone()), Err(why), "{property}");
    }
}

#[test]
fn one_bad_definition_does_not_take_the_others_along() {
    let (record, left_out) = read_schema(&json!({
        "type": "object",
        "required": ["to"],
        "$defs": { "Address": { "type": "object", "properties": { "mail": { "type": "string" }, "any": {} } } },
        "properties": { "to": { "$ref": "#/$defs/Address" }, "what": true, "n": { "type": "integer" } }
    }));
    assert_eq!(record.fields.keys().map(|k| k.as_str()).collect::<Vec<_>>(), ["n", "to"]);
    assert!(record.fields["to"].required);
    let left: Vec<_> = left_out.iter().map(|l| l.argument.as_str()).collect();
    assert_eq!(left, ["to.any", "what"]);
}

#[test]
fn a_schema_that_unfolds_without_end_is_cut() {
    // Each definition uses the next one twice: unfolded, 2^40 definitions.
    let defs: Map<String, Json> = (0..40)
        .map(|n| {
            let next = json!({ "$ref": format!("#/$defs/d{}", n + 1) });
            (format!("d{n}"), json!({ "type": "object", "properties": { "a": next, "b": next } }))
        })
        .collect();
    let (record, left_out) =
        read_schema(&json!({ "type": "object", "$defs": defs, "properties": { "x": { "$ref": "#/$defs/d0" } } }));
    assert!(!left_out.is_empty() && left_out.len() < 2 * MAX_DEFINITIONS);
    assert!(record.fields.len() <= 1);
}

#[test]
fn schemas_that_are_none_declare_nothing() {
    for schema in [json!(null), json!(true), json!([]), json!("x"), json!({ "type": "string" })] {
        let (record, left_out) = read_schema(&schema);
        assert!(record.fields.is_empty() && left_out.len() == 1, "{schema}");
    }
    assert_eq!(read_schema(&json!({})), (Record::default(), Vec::new()));
}

fn typed(property: Json, value: Json) -> Result<String, String> {
    let (record, _) = read_schema(&json!({ "type": "object", "properties": { "x": property } }));
    let arguments = json!({ "x": value });
    let value = record.value(arguments.as_object().expect("an object"), &whole())?;
    Ok(value.to_string())
}

#[test]
fn values_that_fit_are_typed_exactly() {
    for (property, value, typed_as) in [
        (json!({ "type": "integer" }), json!(5.0), "{x: 5}"),
        (json!({ "type": "integer" }), json!(i64::MIN), "{x: -9223372036854775808}"),
        (json!({ "type": "number" }), json!(250), "{x: decimal(\"250.0\")}"),
        (json!({ "type": "number" }), json!(0.1), "{x: decimal(\"0.1\")}"),
        (json!({ "type": ["string", "null"] }), json!(null), "{}"),
    ] {
        assert_eq!(typed(property, value.clone()), Ok(typed_as.to_owned()), "{value}");
    }
}

#[test]
fn values_that_would_be_judged_as_another_value_are_refused() {
    for (property, value) in [
        (json!({ "type": "integer" }), json!(5.5)),
        (json!({ "type": "integer" }), json!(u64::MAX)),
        (json!({ "type": "integer" }), json!(1e18)),
        (json!({ "type": "number" }), json!(0.12345)),
        (json!({ "type": "number" }), json!(1e300)),
        (json!({ "type": "string" }), json!(null)),
        (json!({ "type": "string" }), json!(["a"])),
        (json!({ "type": "string", "format": "date-time" }), json!("tomorrow")),
        (json!({ "type": "string", "format": "ipv4" }), json!("localhost")),
        (json!({ "type": "array", "items": { "type": "string" } }), json!(["a", 1])),
    ] {
        assert!(typed(property, value.clone()).is_err(), "{value}");
    }
}

#[test]
fn times_of_rfc_3339_are_times_of_cedar() {
    for text in [
        "2026-11-22",
        "2026-11-22T16:05:49Z",
        "2026-11-22t16:05:49z",
        "2026-11-22T16:05:49.1Z",
        "2026-11-22T16:05:49.123456Z",
        "2026-11-22T16:05:49+01:00",
        "2026-11-22T16:05:49.123-08:00",
    ] {
        assert!(typed(json!({ "type": "string", "format": "date-time" }), json!(text)).is_ok(), "{text}");
    }
    for text in ["2026-13-01", "2026-11-22T16:05", "2026-11-22T16:05:49", "２０２６-１１-２２T16:05:49Z", "", "-"]
    {
        assert!(typed(json!({ "type": "string", "format": "date-time" }), json!(text)).is_err(), "{text}");
    }
}

#[test]
fn only_what_is_read_has_to_be_typed() {
    let (record, _) = read_schema(&json!({
        "type": "object",
        "required": ["to", "size"],
        "properties": { "to": { "type": "string" }, "size": { "type": "number" }, "any": {} }
    }));
    let reads =
        Reads::of_context(&condition("context.input.to == \"a\"")).names("input").cloned().expect("input is read");
    let value = |arguments: Json| record.value(arguments.as_object().expect("an object"), &reads);
    assert!(value(json!({ "to": "a", "size": 0.123456, "any": [1], "undeclared": {} })).is_ok());
    assert!(value(json!({ "size": 1 })).is_err(), "what is read and required is there");

    let reads = Reads::of_context(&condition("context.input has any && context.input.any == 1"));
    let reads = reads.names("input").cloned().expect("input is read");
    let object = json!({ "any": [1] });
    let why =
        record.value(object.as_object().expect("an object"), &reads).expect_err("a policy reads what has no type");
    assert!(why.contains("`any`"), "{why}");
}
