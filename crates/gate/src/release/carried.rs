//! Data that stands in the clear in what a call carries.

use super::look::{BESIDE, is_named_beside, labelled, number};
use crate::call::token;
use crate::inspect::data::Datum;
use crate::inspect::{self, Kind};
use serde_json::Value;

/// Texts shorter than this hold no value of any class.
const SHORT: usize = 4;

/// Values of data classes that stand in the clear in a call's arguments, each with the JSON pointer of the text or number
/// that it stands in, or of the member whose name it stands in; spans are of that text, number or name.
pub fn data_in(arguments: &Value) -> Vec<(String, Datum)> {
    let mut out = Vec::new();
    let mut stack = vec![(String::new(), String::new(), arguments)];
    while let Some((pointer, label, value)) = stack.pop() {
        match value {
            Value::String(text) => out.extend(found(&label, text).into_iter().map(|d| (pointer.clone(), d))),
            Value::Number(n) => out.extend(number(&label, &n.to_string()).into_iter().map(|d| (pointer.clone(), d))),
            Value::Array(items) => {
                let items = items.iter().enumerate().rev();
                stack.extend(items.map(|(nth, item)| (format!("{pointer}/{nth}"), label.clone(), item)));
            }
            Value::Object(members) => {
                let beside = BESIDE.iter().find_map(|name| members.get(*name)?.as_str());
                for (key, member) in members.iter().rev() {
                    let place = format!("{pointer}/{}", token(key));
                    out.extend(found("", key).into_iter().map(|d| (place.clone(), d)));
                    let label = beside.filter(|_| is_named_beside(key)).unwrap_or(key).to_owned();
                    stack.push((place, label, member));
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }
    out
}

fn found(label: &str, text: &str) -> Vec<Datum> {
    if text.len() < SHORT {
        return Vec::new();
    }
    let mut data = inspect::text(Kind::Argument, text).data;
    for datum in labelled(label, text) {
        if !data.iter().any(|d| d.span.start < datum.span.end && datum.span.start < d.span.end) {
            data.push(datum);
        }
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn data_in_the_clear_is_found_where_it_stands() {
        let found = data_in(&json!({
            "to": ["Anna <anna@post.example>"], "password": "Tr0ub4dor&3", "card": 4111111111111111u64,
            "env": [{"name": "DB_PASSWORD", "value": "Tr0ub4dor&3"}], "anna@post.example": 1, "n": 12345678
        }));
        let mut told: Vec<_> = found.iter().map(|(p, d)| (p.as_str(), d.class.to_string(), d.span.clone())).collect();
        told.sort_by_key(|(pointer, ..)| *pointer);
        let is = |pointer, class: &str, span| (pointer, class.to_owned(), span);
        assert_eq!(
            told,
            [
                is("/anna@post.example", "personal.email_address", 0..17),
                is("/card", "personal.payment_card", 0..16),
                is("/env/0/value", "secret.password", 0..11),
                is("/password", "secret.password", 0..11),
                is("/to/0", "personal.email_address", 6..23),
            ]
        );
    }
}
