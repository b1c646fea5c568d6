//! Many questions of one server, as one card: all can be rejected at once, and approved only one by one.

use super::marks::icon;
use super::text::excerpt;
use crate::backend::call;
use crate::fold::Budget;
use crate::words;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::{OpenOneByOne, RejectAll};
use wire::view::FloodView;

#[component]
pub(crate) fn Flood(flood: FloodView, on_fault: Callback<Fault>) -> impl IntoView {
    let waiting = words::count(usize::try_from(flood.waiting).unwrap_or(usize::MAX), "question", "questions");
    let name = excerpt(&flood.server, Budget { characters: 60, lines: 1 }, "");
    let (reject, open) = (flood.server.clone(), flood.server);
    let on_reject = move |_| {
        let server = reject.clone();
        spawn_local(async move {
            if let Err(fault) = call(RejectAll { server }).await {
                on_fault.run(fault);
            }
        });
    };
    let on_open = move |_| {
        let server = open.clone();
        spawn_local(async move {
            if let Err(fault) = call(OpenOneByOne { server }).await {
                on_fault.run(fault);
            }
        });
    };
    view! {
        <section class="panel flood" aria-label="Many questions at once">
            <p class="row wrap">{icon("alert")}<b>{waiting}" of one server wait at once"</b></p>
            <p class="soft">"Server: "{name}</p>
            <p class="note">
                "An agent that asks this much may be stuck, or steered. Nothing runs while these wait; "
                "they can be approved only one by one."
            </p>
            <div class="acts">
                <button class="btn" type="button" on:click=on_open>"Open one by one"</button>
                <button class="reject" type="button" on:click=on_reject>"Reject all"</button>
            </div>
        </section>
    }
}
