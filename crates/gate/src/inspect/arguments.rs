//! What inspection sees in the arguments of a call.

use super::data::{BESIDE, Datum, is_named_beside, named, named_number};
use super::{Finding, Inspected, Kind, SHORT, Severity, hidden, placed, text};
use crate::call::token;
use crate::tool::Tool;
use serde_json::Value;
use std::collections::HashMap;
use wire::text::escaped;

/// What was seen in the arguments of a call.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    /// What is odd about them, the worst first.
    pub findings: Vec<Finding>,
    /// Values of data classes that stand in them.
    pub data: Vec<Placed>,
}

/// A value of a data class, and where in a JSON value it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// JSON pointer of the text or number that it stands in; with `in_name`, of the member in whose name it stands.
    pub pointer: String,
    /// Whether it stands in a member's name.
    pub in_name: bool,
    /// The value; its span is of that text, number or name.
    pub datum: Datum,
}

/// What is in the arguments of a call of `tool`.
pub fn arguments(tool: &Tool, arguments: &Value) -> Looked {
    let mut findings = hidden(arguments, Severity::Caution, "The value");
    let mut data = Vec::new();
    each(arguments, &mut |inspected, pointer, in_name| {
        findings.extend(placed(inspected.findings, pointer));
        data.extend(inspected.data.into_iter().map(|datum| Placed { pointer: pointer.to_owned(), in_name, datum }));
    });
    for name in arguments.as_object().into_iter().flat_map(|o| o.keys()).filter(|n| !tool.declares(n)) {
        findings.push(Finding {
            class: "undeclared_argument",
            severity: Severity::Caution,
            pointer: format!("/{}", token(name)),
            span: None,
            message: format!("The tool doesn't declare an argument named `{}`.", escaped(name)),
        });
    }
    match tool.off_schema(arguments, 4) {
        None => findings.push(Finding::schema_unusable()),
        Some(wrong) => findings.extend(wrong.into_iter().map(|(pointer, what)| Finding {
            class: "arguments_off_schema",
            severity: Severity::Caution,
            pointer,
            span: None,
            message: format!("Not what the tool's schema asks for: {}.", escaped(&what)),
        })),
    }
    findings.sort_by_key(|f| std::cmp::Reverse(f.severity));
    findings.truncate(64);
    Looked { findings, data }
}

/// Values of data classes that stand in the clear in what a call carries.
pub fn data_in(arguments: &Value) -> Vec<Placed> {
    let mut data = Vec::new();
    each(arguments, &mut |inspected, pointer, in_name| {
        data.extend(inspected.data.into_iter().map(|datum| Placed { pointer: pointer.to_owned(), in_name, datum }));
    });
    data
}

/// Inspects every text, number and name, each known by the name it stands under.
fn each(value: &Value, take: &mut impl FnMut(Inspected, &str, bool)) {
    // Lists repeat the names of their members, which are read once.
    let mut names: HashMap<&str, Option<Inspected>> = HashMap::new();
    let mut stack = vec![(String::new(), "", value)];
    while let Some((pointer, label, value)) = stack.pop() {
        match value {
            Value::String(text) => {
                if let Some(inspected) = look(label, text) {
                    take(inspected, &pointer, false);
                }
            }
            Value::Number(n) => {
                let data = named_number(label, &n.to_string());
                if !data.is_empty() {
                    take(Inspected { data, ..Inspected::default() }, &pointer, false);
                }
            }
            Value::Array(items) => {
                stack.extend(
                    items.iter().enumerate().rev().map(|(nth, item)| (format!("{pointer}/{nth}"), label, item)),
                );
            }
            Value::Object(members) => {
                let beside = BESIDE.iter().find_map(|name| members.get(*name)?.as_str());
                for (key, member) in members.iter().rev() {
                    let place = format!("{pointer}/{}", token(key));
                    if let Some(inspected) = names.entry(key).or_insert_with(|| look("", key)) {
                        take(inspected.clone(), &place, true);
                    }
                    stack.push((place, beside.filter(|_| is_named_beside(key)).unwrap_or(key), member));
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }
}

/// One text; `None` where there is nothing in it.
fn look(label: &str, given: &str) -> Option<Inspected> {
    let mut inspected = if given.len() < SHORT { Inspected::default() } else { text(Kind::Argument, given) };
    for datum in named(label, given) {
        if !inspected.data.iter().any(|d| d.span.start < datum.span.end && datum.span.start < d.span.end) {
            inspected.data.push(datum);
        }
    }
    inspected.data.sort_by_key(|datum| datum.span.start);
    (!inspected.findings.is_empty() || !inspected.data.is_empty()).then_some(inspected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use serde_json::json;

    fn classes(findings: &[Finding]) -> Vec<&'static str> {
        findings.iter().map(|f| f.class).collect()
    }

    #[test]
    fn data_in_the_clear_is_found_where_it_stands() {
        let found = data_in(&json!({
            "to": ["Anna <anna@post.example>"], "password": "Tr0ub4dor&3", "card": 4111111111111111u64,
            "env": [{"name": "DB_PASSWORD", "value": "Tr0ub4dor&3"}], "anna@post.example": 1, "n": 12345678
        }));
        let mut told: Vec<_> =
            found.iter().map(|p| (p.pointer.as_str(), p.in_name, p.datum.class, p.datum.span.clone())).collect();
        told.sort_by_key(|(pointer, ..)| *pointer);
        assert_eq!(
            told,
            [
                ("/anna@post.example", true, "personal.email_address", 0..17),
                ("/card", false, "personal.payment_card", 0..16),
                ("/env/0/value", false, "secret.password", 0..11),
                ("/password", false, "secret.password", 0..11),
                ("/to/0", false, "personal.email_address", 6..23),
            ]
        );
    }

    #[test]
    fn arguments_are_checked_for_what_a_person_would_not_see() {
        let tool = Tool::parse(Bytes::from(
            json!({"name":"t","inputSchema":{"type":"object","properties":{"a":{"type":"string"}}}}).to_string(),
        ))
        .unwrap();
        assert!(arguments(&tool, &json!({"a": "plain, ünïcode, 日本"})).findings.is_empty());
        let found = arguments(&tool, &json!({"a": "x\u{202E}y", "b": 1})).findings;
        assert_eq!(classes(&found), ["hidden_characters", "undeclared_argument"]);
        assert_eq!(found[0].pointer, "/a");
        assert!(found[0].message.contains("U+202E RLO"), "{}", found[0].message);
        assert_eq!(classes(&arguments(&tool, &json!({"a": 1})).findings), ["arguments_off_schema"]);
        assert!(classes(&arguments(&tool, &json!({"k\u{200B}": 1})).findings).contains(&"hidden_characters"));
    }
}
