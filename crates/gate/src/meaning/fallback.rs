//! The sentence where no shape fits: from the effects, what the call reaches, and what the schema demands.

use super::template::{say, short};
use super::{Argument, Part};
use crate::call::Destination;
use crate::tool::{Effect, Tool};
use serde_json::Value;

/// Whether nothing is known of the tool but that it does something.
pub(super) fn is_unclassified(tool: &Tool) -> bool {
    tool.effects == [Effect::Write, Effect::Send, Effect::Execute]
}

pub(super) fn sentence(tool: &Tool, server: &str, arguments: &[Argument], destinations: &[Destination]) -> Vec<Part> {
    let to = |kinds: &[&str]| destinations.iter().find(|d| kinds.contains(&d.kind)).map(|d| d.value.as_str());
    let strongest = tool.effects.last().copied().unwrap_or(Effect::Execute);
    let (verb, target) = match strongest {
        _ if is_unclassified(tool) => ("Run a tool that could do anything", None),
        Effect::Read => ("Read", to(&["path", "host", "address"])),
        Effect::Write => ("Write", to(&["path", "host", "address"])),
        Effect::Delete if tool.effects.contains(&Effect::Write) => ("Write or replace", to(&["path"])),
        Effect::Delete => ("Delete", to(&["path", "address", "host"])),
        Effect::Send => ("Send to", to(&["address", "host"])),
        Effect::Execute => ("Run a program", None),
        Effect::Pay => ("Pay", to(&["address"])),
        Effect::Privilege => ("Change who may do what", None),
    };
    let mut parts = Vec::new();
    let mut named = target.is_some();
    match target {
        Some(target) => {
            say(&mut parts, &format!("{verb} "));
            parts.extend(short(target, true));
            say(&mut parts, " with ");
        }
        None if strongest == Effect::Send => say(&mut parts, "Send something out with "),
        None if matches!(strongest, Effect::Write | Effect::Read | Effect::Delete) => {
            say(&mut parts, &format!("{verb} something with "));
        }
        None => say(&mut parts, &format!("{verb}: ")),
    }
    parts.extend(short(&tool.name, true));
    say(&mut parts, " on ");
    parts.extend(short(server, true));
    if !named && let Some(value) = demanded(tool, arguments) {
        say(&mut parts, ", for ");
        parts.extend(short(&value, true));
        named = true;
    }
    if !named && !arguments.is_empty() {
        say(&mut parts, ", with the values below");
    }
    say(&mut parts, ".");
    parts
}

/// The first short value that the schema demands: what the call is about is rarely optional.
fn demanded(tool: &Tool, arguments: &[Argument]) -> Option<String> {
    let required = tool.schema.get("required").and_then(Value::as_array);
    required.into_iter().flatten().filter_map(Value::as_str).find_map(|name| {
        let argument = arguments.iter().find(|a| a.name == name)?;
        let text = match &argument.value {
            Value::String(text) => text.clone(),
            Value::Number(_) => argument.raw.clone(),
            _ => return None,
        };
        let length = text.chars().count();
        (!text.trim().is_empty() && length <= 120 && !text.contains('\n')).then_some(text)
    })
}
