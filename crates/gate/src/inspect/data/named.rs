//! Values that are known by the name they stand under.

use super::{Datum, find};

/// The longest value that its label is held beside, and the longest label.
const LABELLED: usize = 512;
const LABEL: usize = 64;

/// Members that name what stands beside them, as in `{"name": …, "value": …}`.
pub(crate) const BESIDE: [&str; 7] = ["name", "key", "label", "field", "title", "Name", "Key"];

/// Whether a member's name says nothing of its value, which is named beside it.
pub(crate) fn is_named_beside(key: &str) -> bool {
    matches!(key, "value" | "Value" | "val" | "content")
}

/// Values that a text is seen to hold once it is known under which name it stands; spans are of the text.
pub(crate) fn named(label: &str, text: &str) -> Vec<Datum> {
    if label.is_empty() || label.len() > LABEL || !(4..=LABELLED).contains(&text.len()) {
        return Vec::new();
    }
    let head = format!("\"{label}\": \"");
    let within = within(&head, &format!("{head}{text}\""), text.len());
    // Some labels stand before their numbers in plain text only.
    match within.is_empty() && text.bytes().any(|b| b.is_ascii_digit()) {
        true => named_number(label, text),
        false => within,
    }
}

/// The same for a number, as it is written.
pub(crate) fn named_number(label: &str, written: &str) -> Vec<Datum> {
    if written.len() < 7 || written.len() > LABELLED || written.bytes().any(|b| b"eE.".contains(&b)) {
        return Vec::new();
    }
    let label = label.get(..label.floor_char_boundary(LABEL)).unwrap_or_default();
    let head = format!("{label}: ");
    within(&head, &format!("{head}{written}"), written.len())
}

fn within(head: &str, whole: &str, length: usize) -> Vec<Datum> {
    let inside = |datum: Datum| {
        let start = datum.span.start.max(head.len()) - head.len();
        let end = datum.span.end.min(head.len() + length).saturating_sub(head.len());
        (start < end).then_some(Datum { span: start..end, ..datum })
    };
    find(whole).into_iter().filter_map(inside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_known_by_the_name_that_it_stands_under() {
        let found = |label: &str, text: &str| named(label, text).into_iter().map(|d| (d.class, d.span)).next();
        assert_eq!(found("password", "Tr0ub4dor&3"), Some(("secret.password", 0..11)));
        assert_eq!(found("title", "Tr0ub4dor&3"), None);
        assert_eq!(found("bsn", "111222333"), Some(("personal.national_id.nl_bsn", 0..9)));
    }
}
