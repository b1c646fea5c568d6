//! What a call means: one sentence of ours, with the values of others in slots.
//!
//! A *shape* says which words of a tool's name and which arguments make up which sentence; `shapes` is the table of
//! them. It is held against the tool's name and effects and against the actual arguments, never against what the server
//! says of the tool. A sentence tells of certain effects; what else the tool can do is said behind it, so that a tool
//! with a harmless name doesn't get a harmless sentence. Where no shape fits, the effects and the schema speak.
//!
//! Nothing here decides anything: it is what a person reads before they do.

mod fallback;
pub mod marks;
pub mod now;
pub mod parties;
pub mod scopes;
mod shapes;
pub mod shell;
mod slots;
mod sql;
mod template;

#[cfg(test)]
mod tests;

use crate::call::{Destination, members};
use crate::tool::{Effect, Tool};
use serde_json::Value;

/// A part of the sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Our words.
    Ours(String),
    /// Foreign: a value, or a piece of one.
    Slot(String),
    /// Our words that come last: what can't be undone, and what else the tool can do.
    Rest(String),
}

/// What a call means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The sentence.
    pub parts: Vec<Part>,
    /// The shape that made it; none where only the effects spoke.
    pub shape: Option<&'static str>,
}

/// A top-level argument, with its value as it was written.
#[derive(Clone, Debug)]
pub struct Argument {
    /// Foreign: its name.
    pub name: String,
    /// Foreign: the exact JSON of the value.
    pub raw: String,
    /// The value.
    pub value: Value,
}

/// The arguments in the order of the bytes. What is no object has none.
pub fn arguments(bytes: &[u8]) -> Vec<Argument> {
    let read = |(name, raw): (String, &serde_json::value::RawValue)| {
        let value = serde_json::from_str(raw.get()).unwrap_or(Value::Null);
        Argument { name, raw: raw.get().to_owned(), value }
    };
    members(bytes).unwrap_or_default().into_iter().map(read).collect()
}

/// The sentence for a call of `tool` on `server`.
pub fn sentence(tool: &Tool, server: &str, arguments: &[Argument], destinations: &[Destination]) -> Meaning {
    let found = slots::Found::new(arguments);
    let name = crate::tool::words(&tool.name);
    let fits = |shape: &shapes::Shape| {
        // A sentence that tells of nothing the tool can do would be a wrong one.
        let true_of = tool.effects.iter().any(|e| shape.tells.contains(e));
        (true_of && shape.names(&name)).then(|| template::fill(shape.say, &found)).flatten()
    };
    let shaped = shapes::SHAPES.iter().find_map(|shape| fits(shape).map(|parts| (shape, parts)));
    let (mut parts, shape, told) = match shaped {
        Some((shape, parts)) => (parts, Some(shape.id), shape.tells),
        None => (fallback::sentence(tool, server, arguments, destinations), None, &Effect::ALL[..]),
    };
    let rest = rest(tool, told);
    if !rest.is_empty() {
        parts.push(Part::Rest(rest));
    }
    Meaning { parts, shape }
}

/// What can't be undone, and what the tool can do beyond what was told.
fn rest(tool: &Tool, told: &[Effect]) -> String {
    let has = |e: Effect| tool.effects.contains(&e);
    let lasting = match tool.effects.iter().max() {
        _ if fallback::is_unclassified(tool) => " What it does is not known, so treat it as lasting.",
        Some(Effect::Delete) if has(Effect::Write) => " What was there before may be gone.",
        Some(Effect::Delete) => " It may not come back.",
        Some(Effect::Send) if told.contains(&Effect::Send) && tool.effects == [Effect::Read, Effect::Send] => {
            " What it asks for leaves this computer."
        }
        Some(Effect::Send | Effect::Pay) => " It can’t be taken back.",
        Some(Effect::Execute) => " It can do what you can do.",
        Some(Effect::Privilege) => " It lasts until someone changes it back.",
        Some(Effect::Read | Effect::Write) | None => "",
    };
    let also: Vec<&str> = tool.effects.iter().filter(|e| !told.contains(e)).map(|e| also(*e)).collect();
    match also.split_last() {
        None => lasting.to_owned(),
        Some((last, [])) => format!(" This tool can also {last}.{lasting}"),
        Some((last, others)) => format!(" This tool can also {} and {last}.{lasting}", others.join(", ")),
    }
}

fn also(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::Write => "change things",
        Effect::Delete => "delete",
        Effect::Send => "send data to others",
        Effect::Execute => "run programs",
        Effect::Pay => "pay",
        Effect::Privilege => "change who may do what",
    }
}
