//! Where a call goes: whom and what its arguments name as the ones it reaches, in the form in which a person's yes for
//! them is remembered.

use super::forms::{self, Shape};
use super::role::Role;
use crate::call::{Call, scalars};
use crate::meaning;
use crate::meaning::parties::{SENDERS, parties};
use crate::tool::words;
use serde_json::Value;

/// One place a call goes to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// `host`, `url`, `address`, `account`, or `name` of somebody the server knows.
    pub kind: &'static str,
    /// In one spelling.
    pub value: String,
    /// JSON pointer of the value that names it.
    pub pointer: String,
}

/// The most places of one call.
const MOST: usize = 64;
/// The longest that is a name.
const NAME: usize = 80;

/// The places that a call's arguments name, each once.
pub fn places(call: &Call) -> Vec<Place> {
    let mut out: Vec<Place> = Vec::new();
    for party in parties(&meaning::arguments(&call.request.arguments)) {
        out.push(Place { kind: party.kind.word(), value: party.value, pointer: party.pointer });
    }
    for (pointer, value) in scalars(&call.request.parsed) {
        let role = Role::of(&pointer, value);
        let found = match (role, value) {
            _ if is_sender(&pointer) => Vec::new(),
            (Some(Role::Url), Value::String(text)) => urls(text),
            (Some(Role::Recipient), Value::String(text)) => name(text).into_iter().collect(),
            (Some(Role::Recipient), Value::Number(number)) => vec![("name", number.to_string())],
            _ => Vec::new(),
        };
        let named = out.iter().any(|place| place.pointer == pointer);
        for (kind, value) in found {
            let again = out.iter().any(|place| place.kind == kind && place.value == value);
            let told = again || named && kind == "name";
            if !told && out.len() < MOST {
                out.push(Place { kind, value, pointer: pointer.clone() });
            }
        }
    }
    out
}

fn is_sender(pointer: &str) -> bool {
    let name = pointer.rsplit('/').find(|part| part.parse::<u32>().is_err()).unwrap_or_default();
    let name = words(name).join("_");
    SENDERS.split_whitespace().any(|sender| sender == name)
}

/// A URL, whole, and its host.
fn urls(text: &str) -> Vec<(&'static str, String)> {
    let forms = forms::of(text.trim()).into_iter().filter_map(|form| match form.shape {
        Shape::Url => Some(("url", form.text)),
        Shape::Host => Some(("host", form.text)),
        Shape::Address | Shape::Number | Shape::Code => None,
    });
    forms.collect()
}

fn name(text: &str) -> Option<(&'static str, String)> {
    let name = text.trim();
    let plain = !name.is_empty() && name.len() <= NAME && name.split_whitespace().count() <= 6;
    plain.then(|| ("name", name.to_lowercase()))
}
