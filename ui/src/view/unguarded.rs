//! What clients run around Consentry since lately: told above the questions, until it is protected or left as it is.

use super::marks::mark;
use super::shell::{Heard, trouble};
use super::text::excerpt;
use crate::backend::call;
use crate::fold::Budget;
use crate::words;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::time::Duration;
use wire::Fault;
use wire::command::{LeaveEntry, Unguarded as Ask};
use wire::view::{EntryRef, EntryState, UnguardedView};

/// How many are told one by one.
const TOLD: usize = 2;

/// How long nothing can be left after one was: the next one comes to stand where that was, and a second click is not for it.
const REST: Duration = Duration::from_millis(800);

/// All of them; nothing where there are none.
#[component]
pub(crate) fn Unguarded() -> impl IntoView {
    let (views, fault) = (RwSignal::new(Vec::new()), RwSignal::new(None::<Fault>));
    let resting = RwSignal::new(false);
    let heard = Heard::here();
    Effect::new(move |_| {
        heard.clients.track();
        spawn_local(async move { views.set(call(Ask {}).await.unwrap_or_default()) });
    });
    let rest = move || {
        let rest = views.with(|views| views.len().saturating_sub(TOLD));
        (rest > 0)
            .then(|| view! { <p class="note">{format!("and {rest} more: see ")}<a href="#clients">"Clients"</a></p> })
    };
    move || {
        views.with(|views| {
            (!views.is_empty()).then(|| {
                view! {
                    <section class="unguarded" aria-label="Around Consentry">
                        {views.iter().take(TOLD).map(|view| one(view, fault, resting)).collect_view()}
                        {rest}{move || fault.get().map(|fault| trouble(&fault))}
                    </section>
                }
            })
        })
    }
}

fn one(view: &UnguardedView, fault: RwSignal<Option<Fault>>, resting: RwSignal<bool>) -> AnyView {
    let what = if view.changed {
        " changed a server that Consentry doesn’t guard: "
    } else {
        " has a new server that Consentry doesn’t guard: "
    };
    let address = format!("#{}", words::clients::address(&view.client, &view.file, &view.entry));
    let look = if view.entry.state == EntryState::Open { "Protect…" } else { "Look at it" };
    let this = EntryRef {
        client: view.client.clone(),
        file: view.file.clone(),
        place: view.entry.place.clone(),
        server: view.entry.server.clone(),
        digest: Some(view.digest.clone()),
    };
    let leave = move |_| {
        let entry = this.clone();
        resting.set(true);
        spawn_local(async move {
            fault.set(call(LeaveEntry { entry }).await.err());
            set_timeout(move || resting.set(false), REST);
        });
    };
    let count = view.entry.risks.len();
    let risks = (count > 0).then(|| mark("caution", "alert", words::count(count, "risk", "risks")));
    view! {
        <div class="panel">
            <p>{view.title.clone()}{what}{excerpt(&view.entry.server, Budget { characters: 60, lines: 1 }, "slot")}" "{risks}</p>
            <p class="row">
                <a class="btn small" href=address>{look}</a>
                <button class="btn small" type="button" title="You are told again only when it changes."
                    disabled=move || resting.get() on:click=leave>"Leave it"</button>
            </p>
        </div>
    }
    .into_any()
}
