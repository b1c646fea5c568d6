//! A text pasted by the person, as Consentry sees it. It goes nowhere and is not kept.

use super::facts::finding;
use super::marks::{icon, mark};
use super::option::option;
use super::shell::trouble;
use super::text::Datamark;
use crate::backend::call;
use crate::words;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::Inspect;
use wire::view::{HiddenView, InspectView, TextKind};

/// The page.
#[component]
pub(crate) fn InspectPage() -> impl IntoView {
    let (typed, kind) = (RwSignal::new(String::new()), RwSignal::new(TextKind::default()));
    let (seen, busy) = (RwSignal::new(None::<Result<InspectView, Fault>>), RwSignal::new(false));
    let look = move |_| {
        let asked = Inspect { kind: kind.get_untracked(), text: typed.get_untracked() };
        busy.set(true);
        spawn_local(async move {
            let found = call(asked).await;
            // The page may be gone by now.
            if busy.try_set(false).is_none() {
                seen.set(Some(found));
            }
        });
    };
    view! {
        <header class="head"><h1>"Inspect"</h1><span class="note">"Nothing you paste is kept or sent"</span></header>
        <div class="settings inspect">
            <section>
                <h2>"Text"</h2>
                <textarea class="lines-field wide" name="inspected" rows="8" spellcheck="false"
                    aria-label="The text to inspect" placeholder="Paste a mail, a page, a tool’s description…"
                    prop:value=move || typed.get() on:input=move |event| typed.set(event_target_value(&event))></textarea>
                <fieldset class="plain">
                    <legend class="caption">"What it is to a model"</legend>
                    {words::pages::KINDS.map(|one| option("kind", kind, one)).collect_view()}
                </fieldset>
                <button class="btn lead" type="button" on:click=look
                    disabled=move || busy.get() || typed.with(|text| text.trim().is_empty())>
                    {icon("search")}"Inspect"
                </button>
            </section>
            <div aria-live="polite">
                {move || match seen.get() {
                    None => ().into_any(),
                    Some(Err(fault)) => trouble(&fault),
                    Some(Ok(view)) => found(&view),
                }}
            </div>
        </div>
    }
}

fn found(view: &InspectView) -> AnyView {
    let (class, name, said) = words::pages::verdict_of(view);
    let findings = (!view.findings.is_empty()).then(|| {
        view! { <ul class="stack">{view.findings.iter().map(finding).collect_view()}</ul> }
    });
    let reads = view.reads.as_ref().map(|text| {
        view! { <h3>"What a model reads"</h3><Datamark from="With everything hidden or disguised read as it is meant" icon="eye" text=text.as_str() /> }
    });
    let hidden = |hidden: &HiddenView| {
        let how = format!("Hidden: {}", hidden.how.join(", then "));
        view! { <li><p class="note">{how}</p><Datamark from="What it says" icon="eye" text=hidden.text.as_str() /></li> }
    };
    let hidden = (!view.hidden.is_empty()).then(
        || view! { <h3>"Hidden in it"</h3><ul class="stack">{view.hidden.iter().map(hidden).collect_view()}</ul> },
    );
    let data = |(words, count): &(String, u32)| {
        view! { <li>{words::capital(words)}<span class="note">{format!("  × {count}")}</span></li> }
    };
    let data = (!view.data.is_empty())
        .then(|| view! { <h3>"Secrets and personal data"</h3><ul class="plain">{view.data.iter().map(data).collect_view()}</ul> });
    let after = view.redacted.as_ref().map(|text| {
        view! { <h3>"What a model would get"</h3><Datamark from="Under your rules, with stand-ins for what is kept back" icon="lock" text=text.as_str() /> }
    });
    view! {
        <section class="stack">
            <h2>"What Consentry sees"</h2>
            <p>{mark(class, name, said)}</p>
            {findings}{reads}{hidden}{data}{after}
        </section>
    }
    .into_any()
}
