//! The only way that text from outside gets onto the screen: text nodes and chips, never markup, cut where it is long.

use crate::fold::{Budget, cut};
use leptos::prelude::*;
use std::sync::Arc;
use wire::text::{Piece, pieces};

/// Foreign text, isolated, hidden characters as chips, long text behind a control that says how much is folded.
#[component]
pub(crate) fn Foreign(
    /// What somebody else wrote.
    #[prop(into)]
    text: String,
    /// How much is shown at first.
    #[prop(default = Budget::VALUE)]
    budget: Budget,
    /// The look: `text` for a block in a datamark, `v` for a value, `slot` in a sentence.
    #[prop(default = "text")]
    class: &'static str,
) -> impl IntoView {
    let text: Arc<str> = text.into();
    let whole = cut(&text, budget).folded == 0;
    if whole {
        return view! { <bdi class=class>{chips(&text)}</bdi> }.into_any();
    }
    let budget = RwSignal::new(budget);
    let again = text.clone();
    let shown = Memo::new(move |_| cut(&again, budget.get()));
    view! {
        <bdi class=class>{move || chips(&text[..shown.get().at])}</bdi>
        <Show when=move || shown.get().folded != 0>
            <button class="more" type="button" on:click=move |_| budget.update(|b| *b = b.grown())>
                {move || shown.get().words()}
            </button>
        </Show>
    }
    .into_any()
}

/// Foreign text where nothing can be pressed, as in a line of a list: cut, and saying so in words.
pub(crate) fn excerpt(text: &str, budget: Budget, class: &'static str) -> AnyView {
    let cut = cut(text, budget);
    let rest = (cut.folded != 0).then(|| view! { <span class="note">{cut.words()}</span> });
    view! { <bdi class=class>{chips(&text[..cut.at])}</bdi> {rest} }.into_any()
}

/// Foreign text marked as such, with who wrote it in the first line.
#[component]
pub(crate) fn Datamark(
    /// Who wrote it, in our words.
    from: &'static str,
    /// The icon beside them.
    #[prop(default = "server")]
    icon: &'static str,
    /// What they wrote.
    #[prop(into)]
    text: String,
    /// How much is shown at first.
    #[prop(default = Budget::VALUE)]
    budget: Budget,
) -> impl IntoView {
    view! {
        <div class="datamark">
            <span class="from">{super::marks::icon(icon)}{from}</span>
            <Foreign text budget />
        </div>
    }
}

fn chips(text: &str) -> Vec<AnyView> {
    pieces(text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Plain(plain) => plain.into_any(),
            Piece::Hidden { label, spells } => {
                let spelled =
                    (!spells.is_empty()).then(|| view! { <span class="dim">" which spell "</span><b>{spells}</b>" " });
                view! { <span class="ch">"["{label}"]"</span>{spelled} }.into_any()
            }
        })
        .collect()
}
