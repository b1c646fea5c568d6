//! How tools differ, as a window is shown it.

use super::effect;
use gate::tool::difference::{Class, Difference, Place, Sign, ToolDifference, Word};
use wire::view::{ChangeClass, ChangeView, PinState, ToolChangeView, WordView};

/// How one tool differs.
pub(super) fn tool(
    name: &str,
    pin: PinState,
    difference: ToolDifference,
    asked: Option<bool>,
    asks: Option<bool>,
) -> ToolChangeView {
    ToolChangeView {
        name: name.to_owned(),
        pin,
        class: class(difference.class),
        before: difference.before.into_iter().map(effect).collect(),
        after: difference.after.into_iter().map(effect).collect(),
        asked,
        asks,
        changes: difference.changes.into_iter().map(change).collect(),
    }
}

/// One change.
pub(super) fn change(difference: Difference) -> ChangeView {
    let place = match difference.place {
        Place::Effects => "effects",
        Place::Description => "description",
        Place::Title => "title",
        Place::Argument => "argument",
        Place::Annotation => "annotation",
        Place::Other => "other",
    };
    ChangeView {
        class: class(difference.class),
        place: place.into(),
        name: difference.name,
        said: difference.said.into(),
        before: difference.before,
        after: difference.after,
        words: difference.words.into_iter().map(word).collect(),
        why: difference.why.into_iter().map(str::to_owned).collect(),
    }
}

fn word(word: Word) -> WordView {
    WordView { sign: sign(word.sign), text: word.text }
}

/// Whether a piece stays.
pub(super) fn sign(sign: Sign) -> wire::view::Sign {
    match sign {
        Sign::Same => wire::view::Sign::Same,
        Sign::Gone => wire::view::Sign::Gone,
        Sign::New => wire::view::Sign::New,
    }
}

fn class(class: Class) -> ChangeClass {
    match class {
        Class::Harmless => ChangeClass::Harmless,
        Class::Changed => ChangeClass::Changed,
        Class::Widened => ChangeClass::Widened,
        Class::Steering => ChangeClass::Steering,
    }
}
