//! What a call carries that is not for every eye: which classes of data go along, and how its arguments are shown.

use super::{Case, Refusal, RefusalKind, Shown};
use crate::call::Call;
use crate::edit::with_arguments;
use crate::inspect;
use crate::inspect::data::Datum;
use crate::policy::Carried;
use crate::release::{PutBack, Withheld, data_in, restore};
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
    pub fn restored(call: Call, withheld: &Withheld) -> Result<Self, Refusal> {
        let refused = |why: String| Refusal::new(RefusalKind::Denied, format!("Nothing was sent: {why}."));
        let written = &call.request;
        let restored =
            restore(&written.arguments, withheld, &mut |_| true).map_err(|fault| refused(fault.to_string()))?;
        if restored.put_back.is_empty() {
            return Ok(Self::inspect(call));
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
pub(super) fn shown(arguments: &Value, data: &[(String, Datum)]) -> Vec<InClear> {
    let shown = |(pointer, datum): &(String, Datum)| {
        let value = arguments.pointer(pointer)?.as_str()?.get(datum.span.clone())?;
        let shown = if is_secret(datum.class) { inspect::masked(value) } else { value.to_owned() };
        Some(InClear { pointer: pointer.clone(), class: datum.class, shown })
    };
    data.iter().filter_map(shown).collect()
}

fn is_secret(class: &str) -> bool {
    class.starts_with("secret.")
}

/// Each class once. What stands in the clear may have come from anywhere.
pub(super) fn carried(to: &str, in_clear: &[(String, Datum)], put_back: &[PutBack]) -> Vec<Carried> {
    let mut classes: BTreeMap<&str, Carried> = BTreeMap::new();
    let new = |class: &str| Carried { class: class.to_owned(), came_from_there: true, held_back: false };
    for (_, datum) in in_clear {
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
pub(super) fn masked(arguments: &Value, data: &[(String, Datum)]) -> Option<Shown> {
    let mut places: BTreeMap<&str, Vec<&Range<usize>>> = BTreeMap::new();
    for (pointer, datum) in data.iter().filter(|(_, datum)| is_secret(datum.class)) {
        places.entry(pointer).or_default().push(&datum.span);
    }
    if places.is_empty() {
        return None;
    }
    let mut parsed = arguments.clone();
    for (pointer, spans) in places {
        if let Some(Value::String(text)) = parsed.pointer_mut(pointer) {
            let parts = spans.into_iter().map(|span| (span, ()));
            *text = inspect::replaced(text, parts, |(), value| inspect::masked(value));
        }
    }
    Some(Shown { arguments: Bytes::from(parsed.to_string()), parsed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn datum(class: &'static str, span: Range<usize>) -> (String, Datum) {
        ("/a/0".to_owned(), Datum { class, span })
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
