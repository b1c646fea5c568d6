//! The only way that text from outside gets onto the screen: text nodes and chips, never markup, cut where it is long.

use crate::fold::{Budget, cut};
use crate::words;
use leptos::prelude::*;
use std::sync::Arc;
use wire::text::{Piece, pieces};
use wire::view::{Sign, WordView};

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

/// The longest run of words that stayed which is shown whole in a difference, and what is shown of a longer one.
const SAME: usize = 400;
const ENDS: usize = 120;

/// A text before and after, word by word: struck words are gone, underlined ones new. Long runs that stayed are folded.
#[component]
pub(crate) fn Compared(
    /// The words of both texts.
    words: Vec<WordView>,
    /// Who wrote them, in our words.
    from: &'static str,
) -> impl IntoView {
    let (whole, folds) = (RwSignal::new(false), words.iter().any(|w| w.sign == Sign::Same && folded(&w.text) > 0));
    let words = StoredValue::new(words);
    let word = move |word: &WordView| match word.sign {
        Sign::New => {
            view! { <ins><span class="vh">"new: "</span><Foreign text=word.text.as_str() class="" /></ins> }.into_any()
        }
        Sign::Gone => {
            view! { <del><span class="vh">"gone: "</span><Foreign text=word.text.as_str() class="" /></del> }.into_any()
        }
        Sign::Same if whole.get() || folded(&word.text) == 0 => chips(&word.text).into_any(),
        Sign::Same => {
            let (head, tail) = ends(&word.text);
            let left = words::count(folded(&word.text), "character", "characters");
            view! { {chips(head)}<span class="note">{format!(" … {left} unchanged … ")}</span>{chips(tail)} }.into_any()
        }
    };
    let more = move || {
        (folds && !whole.get()).then(|| {
            view! { <button class="more" type="button" on:click=move |_| whole.set(true)>"Show the unchanged text, too"</button> }
        })
    };
    view! {
        <div class="datamark compared">
            <span class="from">{super::marks::icon("server")}{from}</span>
            <bdi class="text">{move || words.with_value(|words| words.iter().map(word).collect_view())}</bdi>
            {more}
        </div>
    }
}

fn folded(text: &str) -> usize {
    let length = text.chars().count();
    if length > SAME { length - 2 * ENDS } else { 0 }
}

fn ends(text: &str) -> (&str, &str) {
    let at = |n: usize| text.char_indices().nth(n).map_or(text.len(), |(at, _)| at);
    (&text[..at(ENDS)], &text[at(text.chars().count() - ENDS)..])
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
