//! The words that the person keeps to themselves: no model gets to see them.

use super::marks::icon;
use super::shell::trouble;
use crate::backend::call;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::SetOwnTerms;

/// A field, one word or phrase a line.
#[component]
pub(crate) fn OwnTerms(
    /// Those of now.
    terms: Vec<String>,
    /// They are others now.
    on_set: Callback<()>,
) -> impl IntoView {
    let before = terms.join("\n");
    let typed = RwSignal::new(before.clone());
    let (fault, sending) = (RwSignal::new(None::<Fault>), RwSignal::new(false));
    let save = move |_| {
        let terms: Vec<String> = typed.get_untracked().lines().map(str::to_owned).collect();
        sending.set(true);
        spawn_local(async move {
            let set = call(SetOwnTerms { terms }).await;
            if sending.try_set(false).is_some() {
                return;
            }
            match set {
                Ok(()) => on_set.run(()),
                Err(why) => fault.set(Some(why)),
            }
        });
    };
    let changed = move || typed.get() != before;
    view! {
        <section>
            <h2>"Words you keep to yourself"</h2>
            <p class="note" id="own-terms-note">
                "No agent gets to see them: it sees a stand-in in their place. One word or phrase a line; between "
                "slashes, a regular expression such as "<code>"/KD-[0-9]{5}/"</code>"."
            </p>
            <textarea class="lines-field" name="own-terms" rows="3" spellcheck="false" placeholder="Project Blue Heron"
                aria-label="Words you keep to yourself" aria-describedby="own-terms-note" prop:value=move || typed.get()
                on:input=move |event| typed.set(event_target_value(&event))></textarea>
            {move || fault.get().map(|fault| trouble(&fault))}
            <button class="btn small" type="button" disabled=move || sending.get() || !changed() on:click=save>
                {icon("check")}"Save words"
            </button>
        </section>
    }
}
