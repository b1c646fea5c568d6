//! One entry rewritten, or put back, in a text of which every other byte stays. Checked by reading the result again:
//! what means anything else than intended is refused.

mod address;

use super::entry::{Found, HEADERS, in_tree, parse};
use super::table::{Fields, FileRow, Format, INNER};
use super::tree::{Form, Kind, Member, Node, Span};
use crate::upstream::{Command, Configured};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use zeroize::Zeroize;

/// What stood in a client's file before, and what stands there instead. May hold secrets.
#[derive(Clone, Serialize, Deserialize, PartialEq)]
pub(crate) struct Original {
    /// The bytes of the entry.
    text: String,
    /// What they mean.
    value: Value,
    /// What they run; nothing for an address.
    command: Option<Command>,
    /// The bytes that stand there instead, and what they mean.
    ours: String,
    ours_value: Value,
}

impl Drop for Original {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}

// It holds the values of variables.
impl std::fmt::Debug for Original {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Original").finish_non_exhaustive()
    }
}

/// A text with one entry changed.
pub(super) struct Edited {
    pub(super) text: String,
    /// The entry there.
    pub(super) found: Found,
}

/// An entry by where it stands.
pub(super) fn find(row: &FileRow, root: &Node, place: &str, name: &str) -> Option<Found> {
    in_tree(row, root).into_iter().find(|found| found.place == place && found.name == name)
}

/// Makes an entry run `to`. Every other name in it keeps its value.
pub(super) fn rewrite(row: &FileRow, text: &str, place: &str, name: &str, to: &Command) -> Result<Edited, String> {
    let root = parse(row.format, text)?;
    let found = find(row, &root, place, name).ok_or("the entry is gone")?;
    if let Some(fault) = found.fault {
        return Err(fault.into());
    }
    let mut pen = Pen { format: row.format, text, edits: Vec::new() };
    let expected = pen.run(&row.fields, &found.node, to)?;
    let edited = pen.apply();
    check(row, text, &root, &found, edited, &expected)
}

/// Rewrites an entry, and keeps what is needed to put it back.
pub(super) fn protect(
    row: &FileRow,
    text: &str,
    found: &Found,
    to: &Command,
    from: &Configured,
) -> Result<(Edited, Original), String> {
    let edited = rewrite(row, text, &found.place, &found.name, to)?;
    let original = Original {
        text: text.get(found.node.span.clone()).unwrap_or_default().to_owned(),
        value: found.node.value(),
        command: match from {
            Configured::Program(command) => Some(command.clone()),
            Configured::Remote(_) => None,
        },
        ours: edited.text.get(edited.found.node.span.clone()).unwrap_or_default().to_owned(),
        ours_value: edited.found.node.value(),
    };
    Ok((edited, original))
}

/// Puts an entry back: byte for byte where it is as we left it, else only what it runs, for the person changed the rest.
pub(super) fn restore(row: &FileRow, text: &str, place: &str, name: &str, to: &Original) -> Result<Edited, String> {
    let root = parse(row.format, text)?;
    let found = find(row, &root, place, name).ok_or("the entry is gone")?;
    let now = text.get(found.node.span.clone()).unwrap_or_default();
    if now == to.ours || found.node.value() == to.ours_value {
        let mut edited = text.to_owned();
        edited.replace_range(found.node.span.clone(), &to.text);
        // Where the whole file was indented anew, the old lines may no longer fit.
        if let Ok(edited) = check(row, text, &root, &found, edited, &to.value) {
            return Ok(edited);
        }
    }
    let changed = || "the entry was changed since; put its address back by hand".to_owned();
    rewrite(row, text, place, name, to.command.as_ref().ok_or_else(changed)?)
}

/// Reads the result again: the entry means what was intended, and not a byte nor a value around it is another.
fn check(
    row: &FileRow,
    before: &str,
    root: &Node,
    was: &Found,
    after: String,
    expected: &Value,
) -> Result<Edited, String> {
    let refused = || "the change would have touched more than the entry, so nothing was changed".to_owned();
    let new_root = parse(row.format, &after).map_err(|_| refused())?;
    let found = find(row, &new_root, &was.place, &was.name).ok_or_else(refused)?;
    let (old, new) = (&was.node.span, &found.node.span);
    let around = before.get(..old.start) == after.get(..new.start) && before.get(old.end..) == after.get(new.end..);
    if !around || found.fault.is_some() || found.node.value() != *expected {
        return Err(refused());
    }
    let others = |root: &Node, at: &Found| {
        let mut value = root.value();
        if let Some(servers) = value.pointer_mut(&at.place) {
            match servers {
                Value::Object(map) => _ = map.insert(at.name.clone(), Value::Null),
                Value::Array(items) => {
                    for item in items.iter_mut().filter(|i| i.get("name").and_then(Value::as_str) == Some(&at.name)) {
                        *item = Value::Null;
                    }
                }
                _ => {}
            }
        }
        value
    };
    if others(root, was) != others(&new_root, &found) {
        return Err(refused());
    }
    Ok(Edited { text: after, found })
}

/// Collects edits of a text, none of which overlap.
struct Pen<'text> {
    format: Format,
    text: &'text str,
    edits: Vec<(Span, String)>,
}

impl Pen<'_> {
    fn apply(mut self) -> String {
        self.edits.sort_by_key(|(span, _)| (span.start, span.end));
        let mut text = self.text.to_owned();
        for (span, new) in self.edits.iter().rev() {
            text.replace_range(span.clone(), new);
        }
        text
    }

    /// Makes an entry run `to`; what it means then.
    fn run(&mut self, fields: &Fields, node: &Node, to: &Command) -> Result<Value, String> {
        let mut value = node.value();
        let object = value.as_object_mut().ok_or("it is not an object")?;
        let Some(command) = node.member(fields.command) else { return self.run_instead(fields, node, to) };
        let (program, args) = to.words.split_first().ok_or("the command is empty")?;
        match &command.value.kind {
            Kind::Map(_) => {
                let inner = self.run(&INNER, &command.value, to)?;
                object.insert(fields.command.into(), inner);
                // Variables stand inside.
                return Ok(value);
            }
            Kind::List(_) => {
                let listed = self.list(&to.words);
                self.set(&command.value, command, &listed)?;
                object.insert(fields.command.into(), json!(to.words));
                if let Some(args) = node.member(fields.args) {
                    let none = self.list(&[]);
                    self.set(&args.value, args, &none)?;
                    object.insert(fields.args.into(), json!([]));
                }
            }
            Kind::Text(_) | Kind::Raw(_) => {
                let said = self.scalar(program);
                self.set(&command.value, command, &said)?;
                object.insert(fields.command.into(), json!(program));
                let listed = self.list(args);
                match node.member(fields.args) {
                    Some(member) => self.set(&member.value, member, &listed)?,
                    None if args.is_empty() => return self.variables(fields, node, command, &to.env, value),
                    None => self.add(node, command, fields.args, &listed),
                }
                object.insert(fields.args.into(), json!(args));
            }
        }
        self.variables(fields, node, command, &to.env, value)
    }

    fn variables(
        &mut self,
        fields: &Fields,
        node: &Node,
        command: &Member,
        env: &BTreeMap<String, String>,
        mut value: Value,
    ) -> Result<Value, String> {
        let object = value.as_object_mut().ok_or("it is not an object")?;
        let map: Map<String, Value> = env.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
        match node.member(fields.env) {
            None if env.is_empty() => {}
            None => {
                let said = self.map(env);
                self.add(node, command, fields.env, &said);
                object.insert(fields.env.into(), Value::Object(map));
            }
            Some(member) => {
                self.set_map(member, env)?;
                object.insert(fields.env.into(), Value::Object(map));
            }
        }
        for name in HEADERS {
            let Some(member) = node.member(name).filter(|m| !m.value.members().is_empty()) else { continue };
            self.set_map(member, &BTreeMap::new())?;
            object.insert((*name).into(), json!({}));
        }
        Ok(value)
    }

    fn set_map(&mut self, member: &Member, map: &BTreeMap<String, String>) -> Result<(), String> {
        let Form::Section(heading) = &member.value.form else {
            let said = self.map(map);
            return self.set(&member.value, member, &said);
        };
        let lines: String = map
            .iter()
            .fold(String::new(), |lines, (k, v)| lines + self.line_end() + &self.name(k) + " = " + &self.scalar(v));
        self.edits.push((heading.end..member.value.span.end, lines));
        Ok(())
    }

    /// Replaces a value.
    fn set(&mut self, value: &Node, member: &Member, said: &str) -> Result<(), String> {
        let span = value.span.clone();
        match &value.form {
            Form::Plain if !span.is_empty() => self.edits.push((span, said.to_owned())),
            Form::Plain | Form::Block => {
                let gap =
                    self.text.get(member.name_at.end..).unwrap_or_default().find(':').ok_or("it can't be read")?;
                self.edits.push((member.name_at.end + gap + 1..span.end, format!(" {said}")));
            }
            Form::Section(_) | Form::Dotted => return Err("it is written with dotted names".into()),
        }
        Ok(())
    }

    /// Adds a value behind another, written as that one is.
    fn add(&mut self, parent: &Node, behind: &Member, name: &str, said: &str) {
        let end = behind.value.span.end;
        let before = self.text.get(..behind.name_at.start).unwrap_or_default();
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        let lead = before.get(line..).unwrap_or_default();
        let text = match (self.format, &parent.form) {
            (Format::Json, _) => {
                let gap = before.get(before.trim_end().len()..).unwrap_or_default();
                let alone = before.trim_end().ends_with(['{', ',']) && !gap.is_empty();
                format!(",{}\"{name}\": {said}", if alone { gap } else { " " })
            }
            (Format::Toml, Form::Plain) => format!(", {name} = {said}"),
            (Format::Toml, _) => format!("{}{lead}{name} = {said}", self.line_end()),
            (Format::Yaml, Form::Plain) => format!(", {name}: {said}"),
            (Format::Yaml, _) => {
                let indent: String = lead.chars().map(|_| ' ').collect();
                format!("{}{indent}{name}: {said}", self.line_end())
            }
        };
        self.edits.push((end..end, text));
    }

    fn line_end(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    fn scalar(&self, text: &str) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
        let word = text.starts_with(['/', '.']) && text.len() > 2 && text.contains(|c: char| c.is_ascii_alphabetic());
        if self.format == Format::Yaml && word && text.chars().all(plain) {
            return text.to_owned();
        }
        // What JSON writes between quotes, TOML and YAML read too.
        Value::String(text.to_owned()).to_string()
    }

    fn name(&self, name: &str) -> String {
        let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if self.format == Format::Toml && !name.is_empty() && name.chars().all(bare) {
            return name.to_owned();
        }
        Value::String(name.to_owned()).to_string()
    }

    fn list(&self, items: &[String]) -> String {
        let items: Vec<String> = items.iter().map(|item| Value::String(item.clone()).to_string()).collect();
        format!("[{}]", items.join(", "))
    }

    fn map(&self, map: &BTreeMap<String, String>) -> String {
        if map.is_empty() {
            return "{}".into();
        }
        let sign = if self.format == Format::Toml { " = " } else { ": " };
        let members: Vec<String> =
            map.iter().map(|(k, v)| self.name(k) + sign + &Value::String(v.clone()).to_string()).collect();
        format!("{{ {} }}", members.join(", "))
    }
}

#[cfg(test)]
mod tests;
