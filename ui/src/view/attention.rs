//! What questions took of the person's attention in the last week, said honestly. Nothing follows from it by itself.

use super::marks::icon;
use super::shell::Heard;
use crate::backend::call;
use crate::words;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::command::Attention as Ask;
use wire::view::AttentionView;

/// A line with the figures behind it; nothing where nobody was asked.
#[component]
pub(crate) fn Attention() -> impl IntoView {
    let fetched = RwSignal::new(None::<AttentionView>);
    let heard = Heard::here();
    Effect::new(move |_| {
        heard.inbox.track();
        // Without the figures the inbox is as good.
        spawn_local(async move {
            if let Ok(view) = call(Ask {}).await {
                let _page_is_gone = fetched.try_set(Some(view));
            }
        });
    });
    let open = RwSignal::new(false);
    move || fetched.get().filter(|view| view.questions > 0).map(|view| told(&view, open))
}

fn told(view: &AttentionView, open: RwSignal<bool>) -> AnyView {
    let figures = view.figures();
    let row = |(name, figure): (&'static str, String)| view! { <dt>{name}</dt><dd class="num">{figure}</dd> };
    let advice = words::attention::advice(view).map(|advice| {
        view! { <p class="soft">{advice}" "<a href="#grants">"See Grants"</a></p> }
    });
    view! {
        <details class="fold attention" prop:open=open.get_untracked()>
            // Figures that change must not close it.
            <summary on:click=move |_| open.update(|open| *open = !*open)>{icon("chev")}{words::attention::line(view)}</summary>
            <dl class="facts">{figures.into_iter().map(row).collect_view()}</dl>
            {advice}
            <p class="note">"Kept on this computer only. Nothing is loosened by it."</p>
        </details>
    }
    .into_any()
}
