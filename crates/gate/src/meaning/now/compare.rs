//! What is there held against what the call would make of it, line by line or field by field.

use super::{Becomes, Found, joined};
use crate::tool::difference::Sign;
use serde_json::{Map, Value};
use similar::{Algorithm, DiffTag, capture_diff_slices};

/// What is there now, beside what the call would make of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// What it comes to.
    pub held: Held,
    /// Foreign: lines, with folded runs of those that stay.
    pub lines: Vec<Line>,
    /// Foreign: fields.
    pub fields: Vec<Field>,
    /// How many lines are new.
    pub added: usize,
    /// How many go.
    pub removed: usize,
    /// Whether there are more lines than are shown.
    pub cut: bool,
    /// Foreign: what the server says, where it gave nothing to compare.
    pub said: String,
}

/// What a comparison comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It differs.
    Differs,
    /// It is what the call would write.
    Same,
    /// There is nothing; the call makes it.
    New,
    /// It goes.
    Goes,
    /// Something else takes its place.
    Replaced,
    /// Nothing is in the way.
    Free,
    /// There is something; what the call makes of it can't be told.
    Unclear,
    /// There is nothing, so there is nothing to change.
    Missing,
    /// It is no text.
    NoText,
    /// The server refused to say.
    Refused,
    /// What the server said was no answer to the question.
    Unreadable,
}

/// A line, or a run of lines that stay and are folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Whether it stays.
    pub sign: Sign,
    /// Foreign: its text; empty where it is folded.
    pub text: String,
    /// How many lines are folded here.
    pub folded: usize,
}

/// A field before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Foreign.
    pub name: String,
    /// Foreign: what the server says it holds; `None` where it says nothing of it.
    pub before: Option<String>,
    /// Foreign: what the call would put there.
    pub after: String,
}

/// How many unchanged lines stand around what changes.
const CONTEXT: usize = 3;
/// The most lines that are shown, and the longest a line may be, in characters.
const LINES: usize = 400;
const LONGEST: usize = 2_000;
/// More lines than this, beyond those that both texts begin and end with, are not lined up: the work grows with the square.
const LINED_UP: usize = 3_000;
/// A longer text of the call's is not compared, in bytes.
const TEXT: usize = 1 << 20;
/// The most fields, and the longest a field's text may be, in characters.
const FIELDS: usize = 40;
const FIELD: usize = 4_000;

/// Holds what was found against what the call would make of it.
pub fn compare(found: Found, becomes: &Becomes) -> Compared {
    match (found, becomes) {
        (Found::Refused(said), _) => Compared { said, ..bare(Held::Refused) },
        (Found::Unreadable, _) => bare(Held::Unreadable),
        (Found::NoText(_), Becomes::Nothing) => bare(Held::Goes),
        (Found::NoText(_), _) => bare(Held::NoText),
        (Found::Text(before), Becomes::Text(after)) if after.len() > TEXT => kept(&before, Held::Unclear),
        (Found::Nothing, Becomes::Text(text)) if text.len() > TEXT => bare(Held::New),
        (Found::Nothing, Becomes::Text(text)) => lines("", text, Held::New),
        (Found::Nothing, Becomes::Another) => bare(Held::Free),
        (Found::Nothing, _) => bare(Held::Missing),
        (Found::Text(before), Becomes::Text(after)) => lines(&before, after, Held::Differs),
        (Found::Text(before), Becomes::Edits(edits, all)) => match edited(&before, edits, *all) {
            Some((before, after)) => lines(&before, &after, Held::Differs),
            None => kept(&before, Held::Unclear),
        },
        (Found::Text(before), Becomes::Fields(fields, Some(body))) => fields
            .get(*body)
            .map_or_else(|| kept(&before, Held::Unclear), |(_, after)| lines(&before, after, Held::Differs)),
        (Found::Text(before), Becomes::Nothing) => lines(&before, "", Held::Goes),
        (Found::Text(before), Becomes::Another) => kept(&before, Held::Replaced),
        (Found::Text(before), Becomes::Fields(..) | Becomes::Unknown) => kept(&before, Held::Unclear),
        (Found::Fields(object), Becomes::Fields(fields, _)) => by_field(&object, fields),
        (Found::Fields(object), Becomes::Nothing) => kept(&pretty(object), Held::Goes),
        (Found::Fields(object), _) => kept(&pretty(object), Held::Unclear),
    }
}

fn bare(held: Held) -> Compared {
    let (lines, fields) = (Vec::new(), Vec::new());
    Compared { held, lines, fields, added: 0, removed: 0, cut: false, said: String::new() }
}

fn pretty(object: Map<String, Value>) -> String {
    serde_json::to_string_pretty(&Value::Object(object)).unwrap_or_default()
}

/// The text as it is, without a comparison.
fn kept(text: &str, held: Held) -> Compared {
    let mut out = bare(held);
    for line in text.lines() {
        if out.lines.len() == LINES {
            out.cut = true;
            break;
        }
        push(&mut out.lines, Sign::Same, line);
    }
    out
}

/// The texts before and after the edits, with line ends of one kind. `None` where an edit does not fit what is there.
fn edited(before: &str, edits: &[(String, String)], all: bool) -> Option<(String, String)> {
    let plain = |text: &str| text.replace("\r\n", "\n");
    let before = plain(before);
    let mut after = before.clone();
    for (old, new) in edits {
        let (old, new) = (plain(old), plain(new));
        if old.is_empty() || !after.contains(&old) {
            return None;
        }
        let times = if all { after.matches(&old).count() } else { 1 };
        // An edit that repeats may make more than memory holds.
        if times.saturating_mul(new.len()).saturating_add(after.len()) > TEXT {
            return None;
        }
        after = after.replacen(&old, &new, times);
    }
    Some((before, after))
}

fn lines(before: &str, after: &str, held: Held) -> Compared {
    if before == after {
        return bare(if held == Held::Differs { Held::Same } else { held });
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (split(before), split(after));
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let (gone, come) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let mut all: Vec<(Sign, &str)> = old[..head].iter().map(|line| (Sign::Same, *line)).collect();
    if gone.len() + come.len() > LINED_UP {
        all.extend(gone.iter().map(|line| (Sign::Gone, *line)));
        all.extend(come.iter().map(|line| (Sign::New, *line)));
    } else {
        for op in capture_diff_slices(Algorithm::Myers, gone, come) {
            if op.tag() == DiffTag::Equal {
                all.extend(gone[op.old_range()].iter().map(|line| (Sign::Same, *line)));
            } else {
                all.extend(gone[op.old_range()].iter().map(|line| (Sign::Gone, *line)));
                all.extend(come[op.new_range()].iter().map(|line| (Sign::New, *line)));
            }
        }
    }
    all.extend(old[old.len() - tail..].iter().map(|line| (Sign::Same, *line)));
    let count = |sign: Sign| all.iter().filter(|(s, _)| *s == sign).count();
    let (added, removed) = (count(Sign::New), count(Sign::Gone));
    let (lines, cut) = folded(&all);
    Compared { lines, added, removed, cut, ..bare(held) }
}

/// Lines with their ends, so that a last line without one differs from one with it.
fn split(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// What changes with a little around it; what is left out of it is counted.
fn folded(all: &[(Sign, &str)]) -> (Vec<Line>, bool) {
    let mut near = vec![false; all.len()];
    for (at, _) in all.iter().enumerate().filter(|(_, (sign, _))| *sign != Sign::Same) {
        let end = all.len().min(at + CONTEXT + 1);
        near[at.saturating_sub(CONTEXT)..end].fill(true);
    }
    let (mut out, mut run): (Vec<Line>, Vec<&str>) = (Vec::new(), Vec::new());
    let flush = |out: &mut Vec<Line>, run: &mut Vec<&str>| {
        match run.as_slice() {
            [] => {}
            // A fold of one line would take the room of the line.
            [one] => push(out, Sign::Same, one),
            many => out.push(Line { sign: Sign::Same, text: String::new(), folded: many.len() }),
        }
        run.clear();
    };
    for ((sign, text), near) in all.iter().zip(near) {
        if !near {
            run.push(text);
            continue;
        }
        flush(&mut out, &mut run);
        if out.len() >= LINES {
            return (out, true);
        }
        push(&mut out, *sign, text);
    }
    flush(&mut out, &mut run);
    (out, false)
}

fn push(out: &mut Vec<Line>, sign: Sign, text: &str) {
    // A line's own end is not shown; one that comes before it is.
    let text = text.strip_suffix('\n').unwrap_or(text);
    let mut shown: String = text.chars().take(LONGEST).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    out.push(Line { sign, text: shown, folded: 0 });
}

fn by_field(object: &Map<String, Value>, fields: &[(String, String)]) -> Compared {
    let value = |name: &str| {
        let named = |map: &Map<String, Value>| {
            map.iter().find(|(key, _)| joined(key) == joined(name)).map(|(_, value)| shown(value))
        };
        let inside = |key: &str| object.get(key).and_then(Value::as_object).and_then(named);
        named(object).or_else(|| inside("fields")).or_else(|| inside("properties"))
    };
    let clipped = |text: &str| text.chars().take(FIELD).collect::<String>();
    let field = |(name, after): &(String, String)| Field {
        name: clipped(name),
        before: value(name).map(|text| clipped(&text)),
        after: clipped(after),
    };
    let fields: Vec<Field> = fields.iter().take(FIELDS).map(field).collect();
    let same = !fields.is_empty() && fields.iter().all(|f| f.before.as_ref() == Some(&f.after));
    Compared { fields, ..bare(if same { Held::Same } else { Held::Differs }) }
}

/// A value as a person reads it: people, states and labels by their names.
fn shown(value: &Value) -> String {
    let name = |map: &Map<String, Value>| {
        ["name", "login", "displayName", "title", "value", "key"]
            .iter()
            .find_map(|k| map.get(*k)?.as_str())
            .map(str::to_owned)
    };
    match value {
        Value::String(text) => text.clone(),
        Value::Object(map) => name(map).unwrap_or_else(|| value.to_string()),
        Value::Array(items) if items.iter().all(|i| i.as_object().is_some_and(|o| name(o).is_some())) => {
            let names: Vec<Value> =
                items.iter().filter_map(|i| i.as_object().and_then(&name).map(Value::from)).collect();
            Value::Array(names).to_string()
        }
        other => other.to_string(),
    }
}
