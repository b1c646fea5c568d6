//! Two schemas, argument by argument.

use super::{Class, Difference, Place, each_member, text_change};
use crate::tool::effects::carries_outward;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Nested deeper than this, what differs is shown as it was written.
const DEEPEST: usize = 8;

/// Limits that keep values small: gone or larger means that more fits.
const UPPER: &[&str] = &["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"];
const LOWER: &[&str] = &["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"];
const SHAPES: &[&str] = &["pattern", "format", "const", "multipleOf", "uniqueItems"];

pub(super) fn compare(old: &Value, new: &Value, others: &[&str], out: &mut Vec<Difference>) {
    let mut walk = Walk { others, out };
    walk.node("", old, new, 0);
}

struct Walk<'a, 'o> {
    others: &'a [&'a str],
    out: &'o mut Vec<Difference>,
}

impl Walk<'_, '_> {
    fn say(&mut self, class: Class, path: &str, said: &'static str, before: Option<&Value>, after: Option<&Value>) {
        self.out.push(Difference::new(class, Place::Argument, path, said).between(before, after));
    }

    fn node(&mut self, path: &str, old: &Value, new: &Value, depth: usize) {
        if old == new {
            return;
        }
        let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else {
            return self.say(Class::Changed, path, "is described differently", Some(old), Some(new));
        };
        if depth > DEEPEST {
            return self.say(Class::Changed, path, "changed deep inside", None, None);
        }
        self.required(path, old, new);
        let none = Value::Null;
        each_member(old, new, |key, before, after| match key {
            "properties" => {
                self.properties(path, before.unwrap_or(&none), after.unwrap_or(&none), new, depth);
            }
            "required" => {}
            "items" if before.is_some() && after.is_some() => {
                self.node(&format!("{path}[]"), before.unwrap_or(&none), after.unwrap_or(&none), depth + 1);
            }
            "description" | "title" | "$comment" => {
                let text = |v: Option<&Value>| v.and_then(Value::as_str).unwrap_or_default().to_owned();
                let (before, after) = (text(before), text(after));
                self.out.extend(text_change(Place::Argument, path, &before, &after, self.others));
            }
            "type" => self.retyped(path, before, after),
            "enum" => self.choices(path, before, after),
            "additionalProperties" => {
                let closed = after == Some(&Value::Bool(false));
                let (class, said) = if closed {
                    (Class::Changed, "takes no others now")
                } else {
                    (Class::Widened, "takes any other, too")
                };
                self.say(class, path, said, None, None);
            }
            "default" => self.say(Class::Changed, path, "has another default", before, after),
            _ => self.limit(path, key, before, after),
        });
    }

    fn properties(&mut self, path: &str, old: &Value, new: &Value, parent: &Map<String, Value>, depth: usize) {
        let empty = Map::new();
        let (old, new) = (old.as_object().unwrap_or(&empty), new.as_object().unwrap_or(&empty));
        let required = names(parent.get("required"));
        let none = Value::Null;
        each_member(old, new, |name, before, after| {
            let path = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
            match (before, after) {
                (Some(before), Some(after)) => self.node(&path, before, after, depth + 1),
                (Some(_), None) => self.say(Class::Changed, &path, "is gone", None, None),
                (None, after) => {
                    let after = after.unwrap_or(&none);
                    let said = match (required.contains(name), carries_outward(name)) {
                        (true, true) => "is new, demanded, and says where data goes",
                        (true, false) => "is new and demanded",
                        (false, true) => "is new and says where data goes",
                        (false, false) => "is new",
                    };
                    let mut change = Difference::new(Class::Widened, Place::Argument, &path, said).weigh(
                        "",
                        &super::prose(after),
                        self.others,
                    );
                    change.after = after.get("type").map(super::plain);
                    let description = after.get("description").and_then(Value::as_str).unwrap_or_default();
                    change.words = super::words("", description);
                    self.out.push(change);
                }
            }
        });
    }

    fn required(&mut self, path: &str, old: &Map<String, Value>, new: &Map<String, Value>) {
        let (before, after) = (names(old.get("required")), names(new.get("required")));
        let known = |map: &Map<String, Value>, name: &str| map.get("properties").is_some_and(|p| p.get(name).is_some());
        let at = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        for name in after.difference(&before).filter(|n| known(old, n)) {
            self.say(Class::Changed, &at(name), "is demanded now", None, None);
        }
        for name in before.difference(&after).filter(|n| known(new, n)) {
            self.say(Class::Changed, &at(name), "can be left out now", None, None);
        }
        if before == after && old.get("required") != new.get("required") {
            self.say(Class::Harmless, path, "lists what it demands in another order", None, None);
        }
    }

    fn retyped(&mut self, path: &str, before: Option<&Value>, after: Option<&Value>) {
        let (old, new) = (names(before), names(after));
        let more = after.is_none() || (!old.is_empty() && new.is_superset(&old));
        let (class, said) = if more {
            (Class::Widened, "takes more kinds of values")
        } else {
            (Class::Changed, "takes another kind of value")
        };
        self.say(class, path, said, before, after);
    }

    fn choices(&mut self, path: &str, before: Option<&Value>, after: Option<&Value>) {
        let list = |v: Option<&Value>| v.and_then(Value::as_array).cloned().unwrap_or_default();
        let (old, new) = (list(before), list(after));
        let fresh: Vec<Value> = new.iter().filter(|v| !old.contains(v)).cloned().collect();
        let gone: Vec<Value> = old.iter().filter(|v| !new.contains(v)).cloned().collect();
        let shown = |values: Vec<Value>| Some(Value::Array(values)).filter(|v| *v != Value::Array(Vec::new()));
        let (class, said) = match (after.is_none(), fresh.is_empty(), gone.is_empty()) {
            (true, ..) => (Class::Widened, "takes any value now"),
            (false, false, _) if before.is_some() => (Class::Widened, "takes new values"),
            (false, true, true) => (Class::Harmless, "lists its values in another order"),
            _ => (Class::Changed, "takes fewer values"),
        };
        self.say(class, path, said, shown(gone).as_ref(), shown(fresh).as_ref());
    }

    fn limit(&mut self, path: &str, key: &str, before: Option<&Value>, after: Option<&Value>) {
        let number = |v: Option<&Value>| v.and_then(Value::as_f64);
        let (old, new) = (number(before), number(after));
        let grew = old.zip(new).is_some_and(|(old, new)| new > old);
        let limit = UPPER.contains(&key) || LOWER.contains(&key) || SHAPES.contains(&key);
        let (class, said) = match (before, after) {
            _ if !limit => (Class::Changed, "is described differently"),
            (Some(_), None) => (Class::Widened, "has one limit less"),
            (Some(_), Some(_)) if UPPER.contains(&key) && grew => (Class::Widened, "has a wider limit"),
            (Some(_), Some(_)) if LOWER.contains(&key) && !grew => (Class::Widened, "has a wider limit"),
            _ => (Class::Changed, "has another limit"),
        };
        let name = if path.is_empty() { key.to_owned() } else { format!("{path} ({key})") };
        self.say(class, &name, said, before, after);
    }
}

/// A text, or the texts of a list.
fn names(value: Option<&Value>) -> BTreeSet<String> {
    match value {
        Some(Value::String(text)) => BTreeSet::from([text.clone()]),
        Some(Value::Array(items)) => items.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
        _ => BTreeSet::new(),
    }
}
