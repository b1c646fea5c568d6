//! The domains that are the person's own: cards say who is inside of them and who outside.

use super::marks::icon;
use super::shell::trouble;
use crate::backend::call;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::SetOwnDomains;

/// A field, one domain a line.
#[component]
pub(crate) fn OwnDomains(
    /// Those of now.
    domains: Vec<String>,
    /// They are others now.
    on_set: Callback<()>,
) -> impl IntoView {
    let before = domains.join("\n");
    let typed = RwSignal::new(before.clone());
    let (fault, sending) = (RwSignal::new(None::<Fault>), RwSignal::new(false));
    let save = move |_| {
        let domains: Vec<String> =
            typed.get_untracked().split([',', ' ', '\n']).filter(|d| !d.is_empty()).map(str::to_owned).collect();
        sending.set(true);
        spawn_local(async move {
            let set = call(SetOwnDomains { domains }).await;
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
            <h2>"Your domains"</h2>
            <p class="note" id="own-domains-note">
                "Cards then say whether an address or a host is inside or outside. One a line; what is below a domain counts, too."
            </p>
            <textarea class="lines-field" name="own-domains" rows="3" spellcheck="false" placeholder="example.org"
                aria-label="Your domains" aria-describedby="own-domains-note" prop:value=move || typed.get()
                on:input=move |event| typed.set(event_target_value(&event))></textarea>
            {move || fault.get().map(|fault| trouble(&fault))}
            <button class="btn small" type="button" disabled=move || sending.get() || !changed() on:click=save>
                {icon("check")}"Save domains"
            </button>
        </section>
    }
}
