//! What a call carries that is not for every eye: which classes of data go along, and how its arguments are shown.

use super::{Case, Refusal, RefusalKind, Shown, Untraced};
use crate::call::{Call, token};
use crate::edit::with_arguments;
use crate::inspect::{self, Placed, data_in};
use crate::policy::Carried;
use crate::release::{PutBack, Withheld, restore};
use bytes::Bytes;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::Range;

impl Case {
    /// Looks at a call, with the originals in the places of the placeholders that the model wrote. Whether they may go
    /// there is for policy to say.
    ///
    /// # Errors
    /// A refusal where something is written like a placeholder and stands for nothing here.
    pub fn restored(call: Call, withheld: &Withheld) -> Result<Untraced, Refusal> {
        let refused = |why: String| Refusal::new(RefusalKind::Denied, format!("Nothing was sent: {why}."));
        let written = &call.request;
        let restored =
            restore(&written.arguments, withheld, &mut |_| true).map_err(|fault| refused(fault.to_string()))?;
        if restored.put_back.is_empty() {
            return Ok(Self::look(call, None, Vec::new()));
        }
        let shown = Shown { arguments: written.arguments.clone(), parsed: written.parsed.clone() };
        let request = with_arguments(written, &restored.bytes).map_err(|fault| refused(fault.to_string()))?;
        Ok(Self::look(Call { request, ..call }, Some(shown), restored.put_back))
    }
}

/// The arguments of a call that was not looked at, as they may be written down, where that is not as they are.
pub fn shown_arguments(arguments: &Value) -> Option<Bytes> {
    masked(arguments, &data_in(arguments)).map(|shown| shown.arguments)
}

/// A value of a data class that the model itself wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InClear {
    /// JSON pointer of the text it stands in.
    pub pointer: String,
    /// Its data class.
    pub class: &'static str,
    /// Foreign: the value; of a secret only its beginning.
    pub shown: String,
}

/// Each value as it may be shown.
pub(super) fn shown(arguments: &Value, data: &[Placed]) -> Vec<InClear> {
    let shown = |placed: &Placed| {
        let written = match (placed.in_name, arguments.pointer(&placed.pointer)?) {
            (true, _) => name(&placed.pointer),
            (false, Value::String(text)) => text.clone(),
            (false, other) => other.to_string(),
        };
        let (class, value) = (placed.datum.class, written.get(placed.datum.span.clone())?);
        let shown = if is_secret(class) { inspect::masked(value) } else { value.to_owned() };
        Some(InClear { pointer: placed.pointer.clone(), class, shown })
    };
    data.iter().filter_map(shown).collect()
}

/// The name of the member that a pointer leads to.
fn name(pointer: &str) -> String {
    let last = pointer.rsplit('/').next().unwrap_or_default();
    last.replace("~1", "/").replace("~0", "~")
}

fn is_secret(class: &str) -> bool {
    class.starts_with("secret.")
}

/// Each class once. What stands in the clear may have come from anywhere.
pub(super) fn carried(to: &str, in_clear: &[Placed], put_back: &[PutBack]) -> Vec<Carried> {
    let mut classes: BTreeMap<&str, Carried> = BTreeMap::new();
    let new = |class: &str| Carried { class: class.to_owned(), came_from_there: true, held_back: false };
    for Placed { datum, .. } in in_clear {
        classes.entry(datum.class).or_insert_with(|| new(datum.class)).came_from_there = false;
    }
    for back in put_back {
        let carried = classes.entry(&back.class).or_insert_with(|| new(&back.class));
        carried.held_back = true;
        carried.came_from_there &= back.from.iter().any(|from| from == to);
    }
    classes.into_values().collect()
}

/// The arguments with only the beginning of each secret; `None` where there is none.
pub(super) fn masked(arguments: &Value, data: &[Placed]) -> Option<Shown> {
    let mut places: BTreeMap<(&str, bool), Vec<&Range<usize>>> = BTreeMap::new();
    for placed in data.iter().filter(|placed| is_secret(placed.datum.class)) {
        places.entry((&placed.pointer, placed.in_name)).or_default().push(&placed.datum.span);
    }
    if places.is_empty() {
        return None;
    }
    let parsed = mask(arguments, &mut String::new(), &places);
    Some(Shown { arguments: Bytes::from(parsed.to_string()), parsed })
}

/// A value, written anew where a secret stands in it; `pointer` is where it is.
fn mask(value: &Value, pointer: &mut String, places: &BTreeMap<(&str, bool), Vec<&Range<usize>>>) -> Value {
    let cut = |text: &str, spans: &[&Range<usize>]| {
        inspect::replaced(text, spans.iter().map(|span| (*span, ())), |(), value| inspect::masked(value))
    };
    let length = pointer.len();
    match value {
        Value::Object(members) => {
            let mut out = serde_json::Map::with_capacity(members.len());
            for (key, member) in members {
                pointer.push('/');
                pointer.push_str(&token(key));
                let name = places.get(&(pointer.as_str(), true)).map_or_else(|| key.clone(), |spans| cut(key, spans));
                let member = mask(member, pointer, places);
                pointer.truncate(length);
                out.insert(name, member);
            }
            Value::Object(out)
        }
        Value::Array(items) => {
            let mut out = Vec::with_capacity(items.len());
            for (nth, item) in items.iter().enumerate() {
                pointer.push_str(&format!("/{nth}"));
                out.push(mask(item, pointer, places));
                pointer.truncate(length);
            }
            Value::Array(out)
        }
        other => match places.get(&(pointer.as_str(), false)) {
            Some(spans) => {
                let text = other.as_str().map_or_else(|| other.to_string(), str::to_owned);
                Value::String(cut(&text, spans))
            }
            None => other.clone(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::data::Datum;
    use serde_json::json;

    fn datum(class: &'static str, span: Range<usize>) -> Placed {
        Placed { pointer: "/a/0".to_owned(), in_name: false, datum: Datum { class, span } }
    }

    #[test]
    fn a_secret_is_shown_by_its_beginning_and_other_data_as_it_is() {
        let arguments = json!({"a": ["key AKIA7DXOIUAAI3AV3YXO pin hunter22 ann@example.org"]});
        let data = [
            datum("secret.aws_access_key", 4..24),
            datum("secret.assigned", 29..37),
            datum("personal.email_address", 38..53),
        ];
        let shown = masked(&arguments, &data).unwrap();
        let text = "key AKIA…[16 characters not shown] pin …[8 characters not shown] ann@example.org";
        assert_eq!(shown.parsed, json!({ "a": [text] }));
        assert!(!String::from_utf8_lossy(&shown.arguments).contains("hunter22"));
        assert!(masked(&arguments, &data[2..]).is_none());
    }

    #[test]
    fn a_secret_is_known_by_its_name_and_hidden_wherever_it_stands() {
        let key = ["AKIA", "7DXOIUAAI3AV3YXO"].concat();
        let arguments = json!({"password": "Tr0ub4dor&3", "a/b": {&key: [1, "x"]}, "title": "Tr0ub4dor&3"});
        let data = data_in(&arguments);
        let shown_to_people = shown(&arguments, &data);
        assert_eq!(
            shown_to_people.iter().map(|c| c.pointer.clone()).collect::<Vec<_>>(),
            ["/password", &format!("/a~1b/{key}")]
        );
        assert!(shown_to_people.iter().all(|c| c.shown.contains('…')), "{shown_to_people:?}");
        let shown = masked(&arguments, &data).unwrap();
        let text = String::from_utf8_lossy(&shown.arguments).into_owned();
        assert!(!text.contains(&key) && text.matches("Tr0ub4dor").count() == 1, "{text}");
        assert_eq!(shown.parsed["title"], "Tr0ub4dor&3");
    }

    #[test]
    fn a_class_came_from_there_only_if_all_of_it_did() {
        let back = |class: &str, from: &str| PutBack {
            pointer: "/a".into(),
            placeholder: String::new(),
            class: class.into(),
            from: vec![from.into()],
        };
        let clear = [datum("personal.iban", 0..2)];
        let carried = carried("a", &clear, &[back("personal.iban", "a"), back("secret.x", "a"), back("term.y", "b")]);
        let said: Vec<_> = carried.iter().map(|c| (c.class.as_str(), c.came_from_there, c.held_back)).collect();
        assert_eq!(said, [("personal.iban", false, true), ("secret.x", true, true), ("term.y", false, true)]);
    }
}
