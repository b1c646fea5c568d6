//! What inspection sees: in tool definitions, in arguments, in results.
//!
//! A detector is a function from text or a value to findings. One that fails is itself a finding of the highest
//! severity, never a skip.

mod arguments;
pub mod data;
pub mod description;
mod excerpt;
pub mod injection;
pub mod protected;
pub mod reading;
mod text;
pub mod unicode;

pub use arguments::{Looked, Placed, arguments, data_in};
pub use excerpt::{Excerpt, masked};
pub(crate) use text::replaced;
pub use text::{Inspected, text};

use crate::call::scalars;
use serde_json::Value;
use std::ops::Range;

/// What a text is to the model that reads it. Each has detectors and thresholds of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A tool's description, or another text of its definition.
    ToolDescription,
    /// What a tool returned: results, pages, mails, documents, code.
    ToolOutput,
    /// What the model put into a call.
    Argument,
}

/// How loud a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Look here.
    Caution,
    /// Likely harm, or inspection failed.
    Danger,
}

/// What a detector saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its class; policies name it.
    pub class: &'static str,
    /// How loud.
    pub severity: Severity,
    /// JSON pointer into what was inspected; empty where that is one text.
    pub pointer: String,
    /// Where in that text, in bytes; `None` where it is the whole.
    pub span: Option<Range<usize>>,
    /// One sentence of ours, foreign text in it escaped.
    pub message: String,
}

impl Finding {
    pub(crate) fn schema_unusable() -> Self {
        Self {
            class: "schema_unusable",
            severity: Severity::Caution,
            pointer: "/inputSchema".into(),
            span: None,
            message: "The server's schema for this tool can't be used, so arguments can't be checked.".into(),
        }
    }
}

/// The longest text of a definition that a person can be asked to read, in bytes.
const LONG_DEFINITION: usize = 8 * 1024;

/// What is odd about a tool's definition.
pub fn definition(value: &Value) -> Vec<Finding> {
    let mut findings = hidden(value, Severity::Danger, "The definition");
    each_text(value, &mut |pointer, given| {
        if given.len() >= SHORT {
            findings.extend(placed(text(Kind::ToolDescription, given).findings, &pointer));
        }
    });
    for (pointer, scalar) in scalars(value) {
        if let Some(text) = scalar.as_str().filter(|t| t.len() > LONG_DEFINITION) {
            findings.push(Finding {
                class: "long_definition",
                severity: Severity::Caution,
                message: format!("A text of {} characters: longer than people read.", text.chars().count()),
                span: None,
                pointer,
            });
        }
    }
    findings
}

/// Texts shorter than this hold neither an order nor a value of any class.
const SHORT: usize = 6;

/// What is worth telling of one text's findings, with where the text stands. What can't be seen is told of the whole
/// value already, and a value of a data class is no oddity.
fn placed(findings: Vec<Finding>, pointer: &str) -> impl Iterator<Item = Finding> + '_ {
    let told = |f: &Finding| f.severity >= Severity::Caution && f.class != "hidden_characters";
    findings.into_iter().filter(told).map(|f| Finding { pointer: pointer.to_owned(), ..f })
}

fn hidden(value: &Value, severity: Severity, what: &str) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut look = |pointer: String, text: &str| {
        if let Some(seen) = unicode::hidden(text) {
            out.push(Finding {
                class: "hidden_characters",
                severity,
                message: format!("{what} holds characters that can't be seen: {seen}."),
                span: None,
                pointer,
            });
        }
    };
    each_text(value, &mut look);
    out.truncate(32);
    out
}

/// Every string of a value, keys included, with the pointer of where it stands.
fn each_text(value: &Value, look: &mut impl FnMut(String, &str)) {
    let mut stack = vec![(String::new(), value)];
    while let Some((pointer, value)) = stack.pop() {
        match value {
            Value::String(text) => look(pointer, text),
            Value::Array(items) => stack.extend(items.iter().enumerate().map(|(i, v)| (format!("{pointer}/{i}"), v))),
            Value::Object(map) => {
                for (key, v) in map {
                    let place = format!("{pointer}/{}", crate::call::token(key));
                    look(place.clone(), key);
                    stack.push((place, v));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn classes(findings: &[Finding]) -> Vec<&'static str> {
        findings.iter().map(|f| f.class).collect()
    }

    #[test]
    fn definitions_too_long_to_read_are_marked() {
        let found = definition(&json!({"name": "t", "description": "x".repeat(50_000)}));
        assert_eq!(classes(&found), ["long_definition"]);
    }
}
