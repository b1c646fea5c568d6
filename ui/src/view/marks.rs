//! Small parts that recur: icons, marks, tags. Each says its meaning in a word; the icon and the colour only help.

use super::text::Foreign;
use crate::words;
use leptos::prelude::*;
use wire::view::Effect;

/// A decorative icon of the sprite in `icons.css`.
pub(crate) fn icon(name: &'static str) -> AnyView {
    view! { <i class=format!("icon i-{name}") aria-hidden="true"></i> }.into_any()
}

/// A state in a line: icon and word. `class` is `ok`, `caution`, `danger` or nothing.
pub(crate) fn mark(class: &'static str, name: &'static str, word: impl Into<String>) -> AnyView {
    view! { <span class=format!("mark {class}")>{icon(name)}<span>{word.into()}</span></span> }.into_any()
}

/// A property in a box.
pub(crate) fn tag(class: &'static str, name: &'static str, word: impl Into<String>) -> AnyView {
    view! { <span class=format!("tag {class}")>{icon(name)}<span>{word.into()}</span></span> }.into_any()
}

/// The way back from what is shown to the list, where the window is too narrow for both.
pub(crate) fn back(to: &'static str, go: impl Fn() + 'static) -> AnyView {
    view! { <button class="btn small bare back" type="button" on:click=move |_| go()>{icon("chev")}{to}</button> }
        .into_any()
}

/// The effects of a tool, the riskiest first, each a tag. A tool without any says that nobody knows.
pub(crate) fn effects(effects: &[Effect]) -> AnyView {
    if effects.is_empty() {
        return tag("caution", "help", "Effects unknown");
    }
    let mut sorted = effects.to_vec();
    sorted.sort_by(|a, b| b.cmp(a));
    let one = |effect: Effect| {
        let class = match effect {
            Effect::Read | Effect::Write => "",
            _ => "caution",
        };
        tag(class, words::effect_icon(effect), words::effect(effect))
    };
    view! { <span class="tags">{sorted.into_iter().map(one).collect_view()}</span> }.into_any()
}

/// The words of a command line, one box each, so that it shows where one ends. `fresh` marks words that are new.
pub(crate) fn command(line: &[String], fresh: impl Fn(&str) -> bool) -> AnyView {
    let word = |(i, word): (usize, &String)| {
        let mut class = String::from("word");
        if i == 0 {
            class.push_str(" prog");
        }
        let fresh = fresh(word);
        if fresh {
            class.push_str(" fresh");
        }
        let empty = word.is_empty().then(|| view! { <span class="note">"empty word"</span> });
        let new = fresh.then(|| view! { <span class="vh">"new: "</span> });
        view! {
            <code class=class>
                {new}<Foreign text=word class="" />{empty}
            </code>
        }
    };
    view! { <div class="cmd">{line.iter().enumerate().map(word).collect_view()}</div> }.into_any()
}
