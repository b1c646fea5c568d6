//! How what a server says is set apart for the model, so that it can't pass for the person's words.

use super::shell::trouble;
use crate::backend::call;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::SetSpotlight;

/// What can be chosen, the mildest first, and what each does.
const WAYS: &[(&str, &str)] = &[
    ("off", "As it is, unless it reads like orders"),
    ("delimit", "Between lines: not from you"),
    ("datamark", "With a mark between its words"),
    ("encode", "In a code (base64)"),
];

/// A choice for one server. `how` is what holds now.
#[component]
pub(crate) fn Apart(server: String, how: Signal<String>) -> impl IntoView {
    let fault = RwSignal::new(None::<Fault>);
    let name = StoredValue::new(server);
    let choose = move |event| {
        let how = event_target_value(&event);
        spawn_local(async move {
            let set = call(SetSpotlight { name: name.get_value(), how }).await;
            drop(fault.try_set(set.err()));
        });
    };
    let option = move |(way, words): &'static (&'static str, &'static str)| {
        view! { <option value=*way selected=move || how.get() == *way>{*words}</option> }
    };
    view! {
        <label class="stack apart">
            <span class="caption">"What it says reaches the model"</span>
            <select class="select" name="apart" prop:value=move || how.get() on:change=choose>{WAYS.iter().map(option).collect_view()}</select>
        </label>
        {move || fault.get().map(|fault| trouble(&fault))}
    }
}
