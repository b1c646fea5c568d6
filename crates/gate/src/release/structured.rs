//! Structured content that stays what its schema promises: where a placeholder doesn't fit, something else that does.

use super::json::{Doc, Sort, Splices, encode};
use super::withheld::Mark;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// How often a document is looked at against its schema before it is given up, and how many faults at a time.
const ROUNDS: usize = 40;
const FAULTS: usize = 4096;

/// What is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Key,
    Value,
}

/// A name or value that has to change.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) node: usize,
    pub(super) part: Part,
    /// Ways to write it, the best first, as JSON. After the last comes leaving it out.
    pub(super) ways: Vec<String>,
    /// Which of them is taken.
    pub(super) way: usize,
}

impl Change {
    pub(super) fn new(node: usize, part: Part, first: String) -> Self {
        Self { node, part, ways: vec![first], way: 0 }
    }

    /// Whether it is left out.
    pub(super) fn is_left_out(&self) -> bool {
        self.way >= self.ways.len()
    }

    /// Adds what may fit where a placeholder does not. `shape` is the value itself where its outward form may be shown.
    pub(super) fn or(&mut self, marks: &[Mark], number: bool, shape: Option<&str>) {
        if self.part == Part::Key {
            return;
        }
        if number {
            let digits = shape.map(|s| format!("1{}", "0".repeat(s.len().clamp(1, 19) - 1)));
            self.ways.extend(["null".to_owned(), "0".to_owned(), "1".to_owned()]);
            self.ways.extend(digits);
            return;
        }
        if let [mark] = marks {
            self.ways.extend([encode(&mark.address()), encode(&mark.url())]);
        }
        self.ways.push("null".to_owned());
        let masked = |c: char| match c {
            c if c.is_ascii_digit() => '0',
            c if c.is_uppercase() => 'X',
            c if c.is_alphabetic() => 'x',
            c => c,
        };
        if let Some(shape) = shape {
            self.ways.push(encode(&shape.chars().map(masked).collect::<String>()));
        }
        const PLAIN: [&str; 10] = [
            "",
            "withheld",
            "withheld.invalid",
            "1970-01-01",
            "1970-01-01T00:00:00Z",
            "00:00:00Z",
            "192.0.2.0",
            "2001:db8::",
            "00000000-0000-0000-0000-000000000000",
            "0",
        ];
        self.ways.extend(PLAIN.iter().map(|way| encode(way)));
    }
}

/// The pieces that make these changes in a document.
pub(super) fn splices(doc: &Doc<'_>, changes: &[Change], splices: &mut Splices) {
    let mut left_out: BTreeSet<usize> = BTreeSet::new();
    for change in changes {
        let Some(node) = doc.node(change.node) else { continue };
        let place = match change.part {
            Part::Key => node.key.clone(),
            Part::Value => Some(node.span.clone()),
        };
        match (change.ways.get(change.way), place) {
            (Some(way), Some(place)) => splices.put(place, way.clone()),
            _ => {
                left_out.insert(change.node);
            }
        }
    }
    let parents: BTreeSet<usize> = left_out.iter().filter_map(|at| Some(doc.node(*at)?.parent)).collect();
    for parent in parents {
        let Some(object) = doc.node(parent) else { continue };
        // Until one stays, what is left out goes with the comma behind it, then with the one before it.
        let (mut done, mut first) = (object.span.start + 1, true);
        for child in doc.children(parent) {
            let Some(node) = doc.node(child) else { continue };
            if left_out.contains(&child) {
                if !first {
                    splices.put(done..node.span.end, String::new());
                }
            } else if first {
                let start = node.key.as_ref().map_or(node.span.start, |key| key.start);
                if done < start && doc.children(parent).next() != Some(child) {
                    splices.put(done..start, String::new());
                }
                first = false;
            }
            done = if first { object.span.start + 1 } else { node.span.end };
        }
        if first {
            splices.put(object.span.start + 1..object.span.end - 1, String::new());
        }
    }
}

/// Chooses ways so that the value at `root` fits its schema; `false` where none do, and the whole has to go.
pub(super) fn fit(doc: &Doc<'_>, root: usize, changes: &mut [Change], schema: &Value) -> bool {
    let Some(before) = doc.node(root).and_then(|n| doc.raw.get(n.span.clone())) else { return false };
    let Ok(value) = serde_json::from_str::<Value>(before) else { return false };
    let built = |formats: bool| jsonschema::options().should_validate_formats(formats).build(schema).ok();
    // What did not fit before need not fit after.
    let Some(validator) = [true, false].into_iter().filter_map(built).find(|v| v.is_valid(&value)) else { return true };
    for _ in 0..ROUNDS {
        let Some(value) = changed(doc, root, changes) else { return false };
        if validator.is_valid(&value) {
            return true;
        }
        let faults: BTreeSet<String> =
            validator.iter_errors(&value).take(FAULTS).map(|fault| fault.instance_path().to_string()).collect();
        let places = places(doc, root, changes);
        let mut moved = false;
        let mut next = |nth: usize| -> bool {
            let Some(change) = changes.get_mut(nth) else { return true };
            let member = doc.node(change.node).is_some_and(|n| n.key.is_some()) && change.node != root;
            // What is left out already can't be told from what it would have been.
            if change.is_left_out() || change.way + 1 == change.ways.len() && !member {
                return false;
            }
            change.way += 1;
            moved = true;
            true
        };
        for fault in &faults {
            let exact: Vec<usize> = places.iter().filter(|(_, p)| p == fault).map(|(nth, _)| *nth).collect();
            let under = format!("{fault}/");
            let beneath = || places.iter().filter(|(_, p)| p.starts_with(&under)).map(|(nth, _)| *nth).collect();
            let near: Vec<usize> = if exact.is_empty() { beneath() } else { exact };
            let mut any = false;
            for nth in near {
                any |= next(nth);
            }
            if !any {
                return false;
            }
        }
        if !moved {
            return false;
        }
    }
    false
}

/// The value at `root` with the changes in it.
fn changed(doc: &Doc<'_>, root: usize, changes: &[Change]) -> Option<Value> {
    let span = doc.node(root)?.span.clone();
    let mut pieces = Splices::default();
    splices(doc, changes, &mut pieces);
    let whole = pieces.apply_within(doc.raw, &span);
    serde_json::from_str(&whole).ok()
}

/// Where each change stands in the changed value, as JSON pointers.
fn places(doc: &Doc<'_>, root: usize, changes: &[Change]) -> Vec<(usize, String)> {
    let keys: HashMap<usize, &String> =
        changes.iter().filter(|c| c.part == Part::Key).filter_map(|c| Some((c.node, c.ways.get(c.way)?))).collect();
    let base = doc.pointer(root).len();
    let pointer = |mut at: usize| {
        if keys.is_empty() {
            return doc.pointer(at).get(base..).unwrap_or_default().to_owned();
        }
        let mut tokens = Vec::new();
        while let Some(node) = doc.node(at).filter(|_| at > root) {
            tokens.push(match keys.get(&at) {
                Some(key) => crate::call::token(&super::json::decode(key)),
                None => doc.pointer(at).rsplit('/').next().unwrap_or_default().to_owned(),
            });
            at = node.parent;
        }
        tokens.iter().rev().flat_map(|token| ["/", token.as_str()]).collect()
    };
    changes.iter().enumerate().map(|(nth, change)| (nth, pointer(change.node))).collect()
}

/// The same changes in another text of the same value.
pub(super) fn moved(from: &Doc<'_>, root: usize, changes: &[Change], to: &Doc<'_>) -> Vec<Change> {
    let base = from.pointer(root).len();
    let places: HashMap<String, usize> = (0..to.nodes.len()).map(|at| (to.pointer(at), at)).collect();
    let place = |change: &Change| {
        let pointer = from.pointer(change.node);
        Some(Change { node: *places.get(pointer.get(base..)?)?, ..change.clone() })
    };
    changes.iter().filter_map(place).collect()
}

/// Whether two values are the same but for how they are written.
pub(super) fn same(doc: &Doc<'_>, root: usize, other: &Doc<'_>) -> bool {
    // Told apart cheaply, nearly always.
    let size = doc.node(root).map_or(0, |n| n.next - root);
    let alike = size == other.nodes.len() && doc.node(root).map(|n| n.sort) == other.node(0).map(|n| n.sort);
    let value = |text: &str| serde_json::from_str::<Value>(text).ok();
    alike && matches!(doc.node(root).map(|n| n.sort), Some(Sort::Object | Sort::Array)) && {
        let (one, two) = (value(doc.raw(root)), value(other.raw(0)));
        one.is_some() && one == two
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fitted(raw: &str, pointers: &[&str], schema: Value) -> Option<String> {
        let doc = Doc::parse(raw.as_bytes()).unwrap();
        let mark = Mark { word: "email".into(), number: 1, tag: "x7Kq2mPz9a".into() };
        let mut changes: Vec<Change> = (0..doc.nodes.len())
            .filter(|at| pointers.contains(&doc.pointer(*at).as_str()))
            .map(|at| {
                let mut change = Change::new(at, Part::Value, encode(&mark.placeholder()));
                let number = doc.node(at).unwrap().sort == Sort::Number;
                change.or(std::slice::from_ref(&mark), number, Some(doc.raw(at).trim_matches('"')));
                change
            })
            .collect();
        fit(&doc, 0, &mut changes, &schema).then(|| {
            let mut pieces = Splices::default();
            splices(&doc, &changes, &mut pieces);
            pieces.apply(raw)
        })
    }

    #[test]
    fn what_stands_for_a_value_fits_the_schema() {
        let one = |of: Value, required: bool| {
            let required = if required { json!(["a"]) } else { json!([]) };
            let schema = json!({"type":"object","properties":{"a":of},"required":required});
            move |raw: &str| fitted(raw, &["/a"], schema.clone())
        };
        let is = |got: Option<String>, want: &str| assert_eq!(got.as_deref(), Some(want));
        is(one(json!({"type":"string"}), true)(r#"{"a":"x@y.example"}"#), r#"{"a":"[email:1·x7Kq2mPz9a]"}"#);
        is(
            one(json!({"type":"string","format":"email"}), true)(r#"{"a":"x@y.example"}"#),
            r#"{"a":"withheld-1-x7Kq2mPz9a@withheld.invalid"}"#,
        );
        is(one(json!({"type":"integer","minimum":1000}), true)(r#"{"a":41111}"#), r#"{"a":10000}"#);
        is(
            one(json!({"type":"string","pattern":"^[0-9]{3}-[0-9]{2}$"}), true)(r#"{"a":"123-45"}"#),
            r#"{"a":"000-00"}"#,
        );
        is(one(json!({"type":"string","maxLength":11}), true)(r#"{"a":"x@y.example"}"#), r#"{"a":"x@x.xxxxxxx"}"#);
        is(one(json!({"enum":["x@y.example"]}), false)(r#"{"b":1, "a":"x@y.example"}"#), r#"{"b":1}"#);
        assert_eq!(one(json!({"const":"x@y.example"}), true)(r#"{"a":"x@y.example"}"#), None);
    }

    #[test]
    fn members_go_with_their_commas() {
        let schema = |n: usize| {
            let all: serde_json::Map<_, _> =
                ["a", "b", "c"].map(|k| (k.to_owned(), json!({"enum": [1, n]}))).into_iter().collect();
            json!({"properties": all})
        };
        let raw = r#"{ "a" : 1 , "b":1, "c":1 }"#;
        let left = |pointers: &[&str]| fitted(raw, pointers, schema(2)).unwrap();
        // A placeholder is no number; `1` is one of the ways, so it is made not to fit.
        for pointers in
            [&["/a"][..], &["/b"], &["/c"], &["/a", "/b"], &["/b", "/c"], &["/a", "/c"], &["/a", "/b", "/c"]]
        {
            let doc = Doc::parse(raw.as_bytes()).unwrap();
            let gone = |at: usize| pointers.contains(&doc.pointer(at).as_str());
            let changes: Vec<Change> = (1..doc.nodes.len())
                .filter(|at| gone(*at))
                .map(|at| Change { node: at, part: Part::Value, ways: Vec::new(), way: 0 })
                .collect();
            let mut pieces = Splices::default();
            splices(&doc, &changes, &mut pieces);
            let new: Value = serde_json::from_str(&pieces.apply(raw)).unwrap();
            assert_eq!(new.as_object().unwrap().len(), 3 - pointers.len());
        }
        assert!(left(&["/a"]).contains("\"a\" : 1"));
    }
}
