//! One of several that are chosen from.

use leptos::prelude::*;

/// A radio button of a group, with what it is called and a note below.
pub(crate) fn option<T: Copy + PartialEq + Send + Sync + 'static>(
    group: &'static str,
    chosen: RwSignal<T>,
    (this, name, note): (T, &'static str, &'static str),
) -> AnyView {
    let note = (!note.is_empty()).then(|| view! { <span class="note">{note}</span> });
    view! {
        <label class="option">
            <input type="radio" name=group prop:checked=move || chosen.get() == this on:change=move |_| chosen.set(this) />
            <span>{name}{note}</span>
        </label>
    }
    .into_any()
}
