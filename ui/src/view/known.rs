//! The programs that call tools, at the foot of the clients page: each can be suspended at once.

use super::clock::moment;
use super::marks::{icon, mark};
use super::shell::{Heard, trouble};
use super::text::Foreign;
use super::threats::Threats;
use crate::backend::call;
use crate::fold::Budget;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::{KnownClients as Ask, NewChat, SuspendClient};
use wire::view::KnownClientView;

/// The list; nothing where no program was let in.
#[component]
pub(crate) fn KnownClients() -> impl IntoView {
    let (known, fault) = (RwSignal::new(Vec::<KnownClientView>::new()), RwSignal::new(None::<Fault>));
    let heard = Heard::here();
    let look = move || {
        spawn_local(async move {
            match call(Ask {}).await {
                // Drawn anew only where something is new: what was unfolded stays so.
                Ok(found) if known.try_get_untracked().as_ref() == Some(&found) => {}
                Ok(found) => drop(known.try_set(found)),
                Err(refused) => drop(fault.try_set(Some(refused))),
            }
        });
    };
    Effect::new(move |_| {
        heard.clients.track();
        heard.inbox.track();
        look();
    });
    let suspend = Callback::new(move |identity: String| {
        spawn_local(async move {
            drop(fault.try_set(call(SuspendClient { identity }).await.err()));
            look();
        });
    });
    let renewed = RwSignal::new(None::<String>);
    let renew = Callback::new(move |identity: String| {
        spawn_local(async move {
            let done = call(NewChat { identity: identity.clone() }).await;
            drop(renewed.try_set(done.is_ok().then_some(identity)));
            drop(fault.try_set(done.err()));
        });
    });
    let rows = move || known.get().into_iter().map(|client| row(client, suspend, renew, renewed)).collect_view();
    move || {
        (!known.with(Vec::is_empty) || fault.with(Option::is_some)).then(|| {
            view! {
                <section class="known" aria-label="Programs that call tools">
                    <h2 class="caption">"Programs that call tools"</h2>
                    {move || fault.get().map(|fault| trouble(&fault))}
                    <p class="note">
                        "What one chat of a program was shown counts in its next one, for a day. Say so when you begin a new chat that knows nothing of the last."
                    </p>
                    <ul>{rows}</ul>
                </section>
            }
        })
    }
}

fn row(
    client: KnownClientView,
    suspend: Callback<String>,
    renew: Callback<String>,
    renewed: RwSignal<Option<String>>,
) -> AnyView {
    let KnownClientView { identity, program, script, let_in_at, connected, suspended } = client;
    let threats = view! { <Threats identity=identity.clone() /> };
    let state = match (suspended, connected) {
        (true, _) => mark("caution", "pause", "Suspended"),
        (false, true) => mark("ok", "check", "Connected"),
        (false, false) => mark("", "offline", "Not connected"),
    };
    let script = script.map(|script| view! { " "<Foreign text=script class="v" budget=Budget::NAME /> });
    let since = let_in_at.map(|at| view! { <span class="note">{format!("Let in {}", moment(at))}</span> });
    let act = (!suspended).then(|| {
        let (this, other, shown) = (identity.clone(), identity.clone(), identity);
        let press = move |_| suspend.run(this.clone());
        let again = move |_| renew.run(other.clone());
        let clean = move || (renewed.get().as_ref() == Some(&shown)).then(|| mark("ok", "check", "Begins clean"));
        view! {
            <span class="row push" aria-live="polite">
                {clean}
                <button class="btn small" type="button" on:click=again>{icon("plus")}"New chat"</button>
                <button class="btn small danger" type="button" on:click=press>{icon("stop")}"Suspend"</button>
            </span>
        }
    });
    view! {
        <li class="row wrap">
            <span><Foreign text=program class="v" budget=Budget::NAME />{script}</span>{state}{since}{act}
            {threats}
        </li>
    }
    .into_any()
}
