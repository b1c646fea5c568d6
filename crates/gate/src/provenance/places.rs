//! Where a call goes: whom and what its arguments name as the ones it reaches, in the form in which a person's yes for
//! them is remembered.

use super::forms::{self, Shape};
use super::role::{Role, argument};
use crate::call::{Call, scalars};
use crate::meaning;
use crate::meaning::parties::{MOST as PARTIES, SENDERS, parties};
use crate::tool::words;
use serde_json::Value;

/// One place a call goes to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// `host`, `url`, `address`, `account`, or `name` of somebody the server knows; [`MORE`] for what was not read.
    pub kind: &'static str,
    /// In one spelling.
    pub value: String,
    /// JSON pointer of the value that names it.
    pub pointer: String,
}

/// The kind of places that were too many or too long to be read: nobody can approve them.
pub const MORE: &str = "more";
/// The most places of one call.
const MOST: usize = 64;
/// The longest that is a name.
const NAME: usize = 80;

/// The places that a call's arguments name, each once.
pub fn places(call: &Call) -> Vec<Place> {
    let mut out: Vec<Place> = Vec::new();
    let parties = parties(&meaning::arguments(&call.request.arguments));
    let more = |pointer: &str| Place { kind: MORE, value: String::new(), pointer: pointer.to_owned() };
    if parties.len() == PARTIES {
        out.push(more(""));
    }
    for party in parties {
        out.push(Place { kind: party.kind.word(), value: party.value, pointer: party.pointer });
    }
    for (pointer, value) in scalars(&call.request.parsed) {
        let role = Role::of(&pointer, value);
        let urls = match (role, value) {
            (Some(Role::Url), Value::String(text)) => urls(text),
            _ => Vec::new(),
        };
        let found = match (role, value) {
            _ if is_sender(&pointer) => Vec::new(),
            (role, Value::String(text)) if urls.is_empty() => otherwise(role, text).into_iter().collect(),
            (_, Value::String(_)) => urls,
            (Some(Role::Recipient), Value::Number(number)) => vec![("name", number.to_string())],
            _ => Vec::new(),
        };
        let named = out.iter().any(|place| place.pointer == pointer);
        for (kind, value) in found {
            let again = out.iter().any(|place| place.kind == kind && place.value == value);
            let told = again || named && matches!(kind, "name" | MORE) || kind == "host" && named;
            match told {
                true => {}
                false if out.len() < MOST => out.push(Place { kind, value, pointer: pointer.clone() }),
                false => return [out, vec![more(&pointer)]].concat(),
            }
        }
    }
    out
}

/// Where a value goes that names its place in no way that is known: by its name, where that is short.
fn otherwise(role: Option<Role>, text: &str) -> Option<(&'static str, String)> {
    let kind = match role? {
        Role::Url => "host",
        Role::Recipient | Role::Account => "name",
        Role::Path | Role::Command | Role::Amount | Role::Secret => return None,
    };
    let text = text.trim();
    let short = text.len() <= NAME;
    (!text.is_empty()).then(|| if short { (kind, text.to_lowercase()) } else { (MORE, String::new()) })
}

fn is_sender(pointer: &str) -> bool {
    names_sender(argument(pointer))
}

pub(super) fn names_sender(name: &str) -> bool {
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
