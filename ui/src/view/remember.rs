//! What of a yes is remembered: nothing, unless the person says so; then the narrowest, unless they say more.

use super::answering::Answering;
use crate::words;
use leptos::prelude::*;
use wire::view::{Lifetime, RememberChoice, RememberField, RememberView};

/// The offer, closed until it is wanted.
#[component]
pub(crate) fn Remember(offer: RememberView, answering: Answering) -> impl IntoView {
    let chosen = answering.remember;
    let open = Memo::new(move |_| chosen.with(Option::is_some));
    let Some(shortest) = offer.lifetimes.first().copied() else { return ().into_any() };
    let start = move |_| chosen.set(Some(RememberChoice { lifetime: shortest, fields: Vec::new() }));
    (move || match open.get() {
        false => view! {
            <button class="btn bare small" type="button" on:click=start>"Remember this…"</button>
        }
        .into_any(),
        true => view! { <Choices offer=offer.clone() chosen /> }.into_any(),
    })
    .into_any()
}

#[component]
fn Choices(offer: RememberView, chosen: RwSignal<Option<RememberChoice>>) -> impl IntoView {
    let lifetimes = offer.lifetimes.clone();
    let pick = move |event| {
        let word = event_target_value(&event);
        let lifetime = Lifetime::ALL.into_iter().find(|l| words::lifetime(*l) == word);
        chosen.update(|chosen| {
            if let (Some(chosen), Some(lifetime)) = (chosen, lifetime) {
                chosen.lifetime = lifetime;
            }
        });
    };
    let lifetime = |lifetime: Lifetime| view! { <option>{words::lifetime(lifetime)}</option> };
    let wide: Vec<RememberField> = offer.fields.into_iter().filter(|field| field.choices.len() > 1).collect();
    view! {
        <fieldset class="remember">
            <legend class="note">"The same again runs without asking:"</legend>
            <label class="row wrap">
                <span class="note">"For how long"</span>
                <select on:change=pick>{lifetimes.into_iter().map(lifetime).collect_view()}</select>
            </label>
            {wide.into_iter().map(|field| one(field, chosen)).collect_view()}
            <p class="note">
                "Everything else as it stands above. It ends by itself when the tool, the server, the client or the "
                "rules change."
            </p>
            <button class="btn bare small" type="button" on:click=move |_| chosen.set(None)>"Don’t remember"</button>
        </fieldset>
    }
}

fn one(field: RememberField, chosen: RwSignal<Option<RememberChoice>>) -> AnyView {
    let pointer = field.pointer.clone();
    let pick = move |event| {
        let number: u32 = event_target_value(&event).parse().unwrap_or_default();
        chosen.update(|chosen| {
            if let Some(chosen) = chosen {
                chosen.fields.retain(|(named, _)| *named != pointer);
                chosen.fields.push((pointer.clone(), number));
            }
        });
    };
    let choice = |(number, parts): (usize, &Vec<_>)| {
        view! { <option value=number.to_string()>{words::phrase(parts)}</option> }
    };
    view! {
        <label class="row wrap">
            <span class="mono">{wire::text::escaped(&field.name)}</span>
            <select on:change=pick>{field.choices.iter().enumerate().map(choice).collect_view()}</select>
        </label>
    }
    .into_any()
}
