//! How a definition differs from the one that was approved, as people read it: texts word by word, the schema argument by
//! argument, what the tool can do before and after. Each change is weighed by simple rules, so that the one that matters
//! stands first; the rules decide nothing, since whatever changed needs a yes anyway.

mod schema;
mod steering;
mod text;

#[cfg(test)]
mod tests;

pub use steering::{HIDES, OTHER_TOOL, steers};
pub use text::{Sign, Word, harmless, words};

use super::{Effect, Tool};
use serde_json::Value;

/// How much a change matters, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Spelling, order, punctuation.
    Harmless,
    /// Something else than before.
    Changed,
    /// The tool can or takes more than before.
    Widened,
    /// New text speaks to the model, not about the tool.
    Steering,
}

/// What part of a definition changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// What it can do.
    Effects,
    /// Its description.
    Description,
    /// Its title.
    Title,
    /// An argument.
    Argument,
    /// A hint of its annotations.
    Annotation,
    /// Anything else.
    Other,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// How much it matters.
    pub class: Class,
    /// What part.
    pub place: Place,
    /// Foreign: the argument as `options/to`, the hint, or the member of the definition; empty where the place says all.
    pub name: String,
    /// Our words: what became of it.
    pub said: &'static str,
    /// Foreign: what stood there, where it is no text to be compared.
    pub before: Option<String>,
    /// Foreign: what stands there now.
    pub after: Option<String>,
    /// Foreign: the text, word by word.
    pub words: Vec<Word>,
    /// Our words: what is alarming in what is new.
    pub why: Vec<&'static str>,
}

impl Difference {
    fn new(class: Class, place: Place, name: &str, said: &'static str) -> Self {
        let name = name.to_owned();
        Self { class, place, name, said, before: None, after: None, words: Vec::new(), why: Vec::new() }
    }

    fn between(mut self, before: Option<&Value>, after: Option<&Value>) -> Self {
        self.before = before.map(plain);
        self.after = after.map(plain);
        self
    }

    /// New text may speak to the model.
    fn weigh(mut self, before: &str, after: &str, others: &[&str]) -> Self {
        let known = steers(before, others);
        self.why = steers(after, others).into_iter().filter(|why| !known.contains(why)).collect();
        if !self.why.is_empty() {
            self.class = Class::Steering;
        }
        self
    }
}

/// How one tool differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolDifference {
    /// The worst of its changes.
    pub class: Class,
    /// What it could do; empty for a new tool.
    pub before: Vec<Effect>,
    /// What it can do now; empty for one that is gone.
    pub after: Vec<Effect>,
    /// What changed, the worst first.
    pub changes: Vec<Difference>,
}

/// The most changes of one tool that are told.
const MOST: usize = 60;

/// How `new` differs from `old`. `others` are the names of the server's other tools.
pub fn compare(old: &Tool, new: &Tool, others: &[&str]) -> ToolDifference {
    let mut changes = Vec::new();
    if old.effects != new.effects {
        let more = new.effects.iter().any(|e| !old.effects.contains(e));
        let (class, said) = if more { (Class::Widened, "can do more") } else { (Class::Changed, "can do less") };
        changes.push(Difference::new(class, Place::Effects, "", said));
    }
    changes.extend(text_change(Place::Description, "", &old.description, &new.description, others));
    let title = |tool: &Tool| tool.title.clone().unwrap_or_default();
    changes.extend(text_change(Place::Title, "", &title(old), &title(new), others));
    schema::compare(&old.schema, &new.schema, others, &mut changes);
    members(old, new, &mut changes);
    changes.sort_by_key(|c| (std::cmp::Reverse(c.class), c.place));
    changes.truncate(MOST);
    ToolDifference {
        class: changes.first().map_or(Class::Harmless, |c| c.class),
        before: old.effects.clone(),
        after: new.effects.clone(),
        changes,
    }
}

/// A tool that was not there before: all of it is new.
pub fn added(new: &Tool, others: &[&str]) -> ToolDifference {
    let mut change =
        Difference::new(Class::Widened, Place::Description, "", "is new").weigh("", &all_text(new), others);
    change.words = words("", &new.description);
    ToolDifference { class: change.class, before: Vec::new(), after: new.effects.clone(), changes: vec![change] }
}

/// A text before and after, where it differs.
pub fn text_change(place: Place, name: &str, before: &str, after: &str, others: &[&str]) -> Option<Difference> {
    if before == after {
        return None;
    }
    let class = if harmless(before, after) { Class::Harmless } else { Class::Changed };
    let said = match class {
        Class::Harmless => "spelled differently",
        _ if before.is_empty() => "new",
        _ if after.is_empty() => "gone",
        _ => "says something else",
    };
    let mut change = Difference::new(class, place, name, said).weigh(before, after, others);
    change.words = words(before, after);
    Some(change)
}

/// The texts of a definition that a model reads as words.
fn all_text(tool: &Tool) -> String {
    let title = tool.title.clone().unwrap_or_default();
    [title, tool.description.clone(), prose(&tool.schema)].join("\n")
}

/// What a schema says in words. The rest of it (`$schema`, `pattern`, …) is no advice to anybody.
fn prose(schema: &Value) -> String {
    const WORDS: &[&str] = &["description", "title", "default", "examples", "$comment"];
    let said = |pointer: &str| pointer.rsplit('/').take(2).any(|key| WORDS.contains(&key));
    let texts = crate::call::scalars(schema);
    let texts = texts.iter().filter(|(pointer, _)| said(pointer)).filter_map(|(_, value)| value.as_str());
    texts.collect::<Vec<_>>().join("\n")
}

/// The members of the definition that nothing above looked at.
fn members(old: &Tool, new: &Tool, out: &mut Vec<Difference>) {
    let read = |tool: &Tool| serde_json::from_slice::<Value>(&tool.raw).unwrap_or(Value::Null);
    let (old, new) = (read(old), read(new));
    let empty = serde_json::Map::new();
    let part = |value: &Value, key: &str| value.get(key).and_then(Value::as_object).cloned();
    let hints = (part(&old, "annotations").unwrap_or_default(), part(&new, "annotations").unwrap_or_default());
    each_member(&hints.0, &hints.1, |key, before, after| {
        if key != "title" {
            let change = Difference::new(Class::Changed, Place::Annotation, key, "claims something else");
            out.push(change.between(before, after));
        }
    });
    each_member(old.as_object().unwrap_or(&empty), new.as_object().unwrap_or(&empty), |key, before, after| {
        if !matches!(key, "name" | "title" | "description" | "inputSchema" | "annotations") {
            out.push(Difference::new(Class::Changed, Place::Other, key, "is another").between(before, after));
        }
    });
}

/// Calls back for every member that differs.
fn each_member(
    old: &serde_json::Map<String, Value>,
    new: &serde_json::Map<String, Value>,
    mut differs: impl FnMut(&str, Option<&Value>, Option<&Value>),
) {
    for (key, before) in old {
        let after = new.get(key);
        if after != Some(before) {
            differs(key, Some(before), after);
        }
    }
    for (key, after) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
        differs(key, None, Some(after));
    }
}

/// A value as people read it: a text without quotes, anything else as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
