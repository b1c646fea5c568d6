//! The places that a person approved calls to go to: by server, each can be taken back.

use super::clock::moment;
use super::fetched::listed;
use super::marks::icon;
use super::shell::trouble;
use super::text::excerpt;
use crate::backend::call;
use crate::fold::Budget;
use crate::words;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::{ApprovedPlaces, ForgetPlace};
use wire::view::PlaceApprovedView;

/// The list, folded; nothing where nothing was approved.
#[component]
pub(crate) fn Places() -> impl IntoView {
    let (found, fault) = listed(ApprovedPlaces {});
    let done = Callback::new(move |done: Result<(), Fault>| drop(fault.try_set(done.err())));
    let any = Memo::new(move |_| !found.with(Vec::is_empty) || fault.with(Option::is_some));
    move || {
        any.get().then(|| {
            view! {
                <section class="grants" aria-label="Places that you approved">
                    <details class="fold">
                        <summary>
                            {icon("chev")}"Places that you approved"
                            <span class="note">{move || words::count(found.with(Vec::len), "place", "places")}</span>
                        </summary>
                        <p class="note">
                            "A call that goes only there is not asked about for being new. “Ask again” also takes back what you remembered for a place."
                        </p>
                        {move || fault.get().map(|fault| trouble(&fault))}
                        <ul class="known-places">
                            <For each=move || found.get() key=|at| (at.server.clone(), at.kind.clone(), at.value.clone()) let:at>
                                {place(at, done)}
                            </For>
                        </ul>
                    </details>
                </section>
            }
        })
    }
}

fn place(at: PlaceApprovedView, done: Callback<Result<(), Fault>>) -> AnyView {
    let shown = excerpt(&at.value, Budget { characters: 80, lines: 1 }, "v");
    let server = match at.removed {
        true => "a server that was removed".into_any(),
        false => excerpt(&at.server, Budget::NAME, "").into_any(),
    };
    let kind = words::pages::place_kind(&at.kind);
    let when = moment(at.at);
    let forget = move |_| {
        let PlaceApprovedView { server, kind, value, .. } = at.clone();
        spawn_local(async move { done.run(call(ForgetPlace { server, kind, value }).await) });
    };
    view! {
        <li class="row wrap">
            <span>{shown}</span><span class="note">{kind}" of "{server}", since "{when}</span>
            <button class="btn small push" type="button" on:click=forget>{icon("x")}"Ask again"</button>
        </li>
    }
    .into_any()
}
