//! What is there now, as a window is shown it.

use super::difference::sign;
use crate::clock::now_ms;
use gate::meaning::now::{Compared, Field, Held as Found, Line};
use wire::view::{FieldView, Held, LineView, NowView};

/// What a read came to.
pub(crate) fn now(tool: &str, compared: Compared) -> NowView {
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let line = |line: Line| LineView { sign: sign(line.sign), text: line.text, folded: count(line.folded) };
    let field = |field: Field| FieldView { name: field.name, before: field.before, after: field.after };
    NowView {
        tool: tool.to_owned(),
        held: held(compared.held),
        lines: compared.lines.into_iter().map(line).collect(),
        fields: compared.fields.into_iter().map(field).collect(),
        added: count(compared.added),
        removed: count(compared.removed),
        cut: compared.cut,
        said: compared.said,
        why: String::new(),
        at: now_ms(),
    }
}

/// That nothing was read, and why in our words.
pub(crate) fn not_read(tool: &str, why: &str) -> NowView {
    NowView {
        tool: tool.to_owned(),
        held: Held::Failed,
        lines: Vec::new(),
        fields: Vec::new(),
        added: 0,
        removed: 0,
        cut: false,
        said: String::new(),
        why: why.to_owned(),
        at: now_ms(),
    }
}

fn held(found: Found) -> Held {
    match found {
        Found::Differs => Held::Differs,
        Found::Same => Held::Same,
        Found::New => Held::New,
        Found::Goes => Held::Goes,
        Found::Replaced => Held::Replaced,
        Found::Free => Held::Free,
        Found::Unclear => Held::Unclear,
        Found::Missing => Held::Missing,
        Found::NoText => Held::NoText,
        Found::Refused => Held::Refused,
        Found::Unreadable => Held::Unreadable,
    }
}
