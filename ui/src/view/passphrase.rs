//! The passphrase for Consentry, in the settings: chosen, and changed.

use super::marks::icon;
use super::proof::field;
use super::shell::trouble;
use crate::backend::call;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::{ChoosePassphrase, ProofMeans};
use wire::proof::{ProofView, Secret};

/// The section.
#[component]
pub(crate) fn Passphrase() -> impl IntoView {
    let (means, fault) = (RwSignal::new(None::<ProofView>), RwSignal::new(None::<Fault>));
    let (current, new, again) = (RwSignal::default(), RwSignal::<String>::default(), RwSignal::<String>::default());
    let (sending, said) = (RwSignal::new(false), RwSignal::new(""));
    let look = move || {
        spawn_local(async move {
            match call(ProofMeans {}).await {
                Ok(found) => drop(means.try_set(Some(found))),
                Err(refused) => drop(fault.try_set(Some(refused))),
            }
        });
    };
    look();
    let chosen = move || means.with(|means| means.as_ref().is_some_and(|means| means.passphrase));
    let ready = move || !sending.get() && new.with(|new| !new.is_empty() && again.with(|again| again == new));
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        let typed = |field: RwSignal<String>| Secret::new(field.get_untracked());
        let current_one = untrack(chosen).then(|| typed(current));
        let command = ChoosePassphrase { current: current_one, new: typed(new) };
        sending.set(true);
        spawn_local(async move {
            let done = call(command).await;
            if sending.try_set(false).is_some() {
                return;
            }
            said.set(if done.is_ok() { "That is your passphrase now." } else { "" });
            for field in [current, new, again] {
                field.set(String::new());
            }
            fault.set(done.err());
            look();
        });
    };
    let standing = move || {
        means.get().map(|means| {
            let words = match (means.passphrase, means.system) {
                (true, true) => "Chosen. The system can ask for your password instead.",
                (true, false) => "Chosen.",
                (false, true) => "None is chosen: the system asks for your password instead.",
                (false, false) => "None is chosen yet. The first payment will ask for one.",
            };
            view! { <p>{words}</p> }
        })
    };
    view! {
        <section>
            <h2>"Passphrase"</h2>
            <p class="note">
                "It proves that it is you and no program: before payments and the like, and for decisions on the command line. "
                "Consentry keeps no copy that could be read. Whoever forgets it can only begin anew: SECURITY.md says how."
            </p>
            {standing}
            <form class="form" on:submit=save>
                {move || chosen().then(|| field("The one of now", "current-password", current))}
                {field("New passphrase, 8 characters or more", "new-password", new)}
                {field("The same again", "new-password", again)}
                {move || fault.get().map(|fault| trouble(&fault))}
                <p class="note" role="status">{move || said.get()}</p>
                <button class="btn small" type="submit" disabled=move || !ready()>
                    {icon("check")}{move || if chosen() { "Change it" } else { "Choose it" }}
                </button>
            </form>
        </section>
    }
}
