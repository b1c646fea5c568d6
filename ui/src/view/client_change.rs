//! A change of clients' files: what exactly would be written, then the yes, then what became of it.

use super::clients::Pane;
use super::facts::difference_lines;
use super::marks::{icon, mark};
use super::shell::trouble;
use super::text::{Foreign, excerpt};
use crate::backend::call;
use crate::fold::Budget;
use crate::words;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::{ChangeClients, PlanClients};
use wire::view::{ChangeOutcome, ClientChange, ClientChangeView, EntryRef};

/// A change the person wants to see.
#[derive(Clone, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) change: ClientChange,
    /// These clients; none means all.
    pub(crate) clients: Vec<String>,
    /// Only these entries; none means all of those clients.
    pub(crate) entries: Vec<EntryRef>,
}

type Views = RwSignal<Option<Result<Vec<ClientChangeView>, Fault>>>;

/// The plan, and once it was written, what became of it.
#[component]
pub(crate) fn Writing(wanted: Wanted, pane: Pane) -> impl IntoView {
    let (plan, done): (Views, Views) = (RwSignal::new(None), RwSignal::new(None));
    let busy = RwSignal::new(false);
    let change = wanted.change;
    spawn_local(async move {
        let Wanted { change, clients, entries } = wanted;
        plan.set(Some(call(PlanClients { change, clients, entries }).await));
    });
    let write = Callback::new(move |()| {
        let Some(Ok(views)) = plan.get_untracked() else { return };
        let entries: Vec<EntryRef> = views.iter().filter(|v| v.outcome == ChangeOutcome::Planned).map(shown).collect();
        busy.set(true);
        spawn_local(async move {
            done.set(Some(call(ChangeClients { change, entries }).await));
            busy.set(false);
        });
    });
    move || match (done.get(), plan.get()) {
        (Some(Err(fault)), _) | (None, Some(Err(fault))) => trouble(&fault),
        (Some(Ok(views)), _) => became(change, &views, pane),
        (None, Some(Ok(views))) => planned(change, &views, busy, write, pane),
        (None, None) => view! { <p class="note" role="status">"The files are read…"</p> }.into_any(),
    }
}

/// Exactly what was on the screen.
fn shown(view: &ClientChangeView) -> EntryRef {
    EntryRef {
        client: view.client.clone(),
        file: view.file.clone(),
        place: view.place.clone(),
        server: view.server.clone(),
        digest: view.digest.clone(),
    }
}

fn planned(
    change: ClientChange,
    views: &[ClientChangeView],
    busy: RwSignal<bool>,
    write: Callback<()>,
    pane: Pane,
) -> AnyView {
    let (verb, question, means) = words::clients::change(change);
    let ready: Vec<&ClientChangeView> = views.iter().filter(|v| v.outcome == ChangeOutcome::Planned).collect();
    let count = words::clients::servers(ready.len());
    let close = move |_| pane.close();
    if ready.is_empty() {
        return view! {
            <h2 class="say">"There is nothing to change."</h2>
            {left(views)}
            <button class="btn small" type="button" on:click=close>"Back"</button>
        }
        .into_any();
    }
    view! {
        <div>
            <h2 class="say">{format!("{verb} {count}")}</h2>
            <p class="soft">"This is what would be written, line by line. Secrets are shown as •••."</p>
        </div>
        {ready.into_iter().map(one).collect_view()}
        {left(views)}
        <div class="panel">
            <p><b>{question}</b>" "{means}</p>
            <div class="row wrap">
                <button class="btn lead" type="button" disabled=move || busy.get() on:click=move |_| write.run(())>
                    {format!("{verb} {count}")}
                </button>
                <button class="btn" type="button" on:click=close>"Leave them as they are"</button>
            </div>
        </div>
    }
    .into_any()
}

fn one(view: &ClientChangeView) -> AnyView {
    let through = view.through.as_ref().filter(|through| **through != view.server).map(|through| {
        view! { <span class="note">"is "{excerpt(through, Budget::NAME, "v")}" in Consentry"</span> }
    });
    // The numbers of lines count from the entry's first, which tells nobody anything.
    let lines: Vec<String> = view.difference.iter().filter(|line| !line.starts_with("@@")).cloned().collect();
    view! {
        <section class="stack change">
            <h3 class="row wrap"><Foreign text=view.server.as_str() budget=Budget::NAME class="" />{through}</h3>
            <p class="note">{excerpt(&view.file, Budget::NAME, "v")}</p>
            {difference_lines(&lines)}
            {view.shared.then(|| view! {
                <p class="note">"The file belongs to a project: whoever shares the folder gets this change, too."</p>
            })}
        </section>
    }
    .into_any()
}

/// What is not touched, and why.
fn left(views: &[ClientChangeView]) -> Option<AnyView> {
    let kept = |v: &&ClientChangeView| matches!(v.outcome, ChangeOutcome::NotYet | ChangeOutcome::Failed);
    let line = |view: &ClientChangeView| {
        let why = view.why.clone().unwrap_or_default();
        view! { <li class="finding">{icon("pause")}<b>{excerpt(&view.server, Budget::NAME, "")}</b><p>{why}</p></li> }
    };
    let lines: Vec<AnyView> = views.iter().filter(kept).map(|v| line(v).into_any()).collect();
    (!lines.is_empty()).then(|| {
        view! {
            <section class="stack"><h3 class="caption">"Left as they are"</h3><ul class="stack">{lines}</ul></section>
        }
        .into_any()
    })
}

fn became(change: ClientChange, views: &[ClientChangeView], pane: Pane) -> AnyView {
    let done = views.iter().filter(|view| view.outcome == ChangeOutcome::Done).count();
    let says = match (done, change) {
        (0, _) => "Nothing was changed.".to_owned(),
        (n, ClientChange::Protect) => format!("{} guarded from now on.", words::clients::servers(n)),
        (n, ClientChange::Unprotect) => format!("{} put back as before.", words::clients::servers(n)),
    };
    let next = (done > 0).then(|| {
        view! { <p class="soft">"Restart the clients whose files changed, so that they read them again. \
        What a server can do is asked when its client first uses it."</p> }
    });
    let line = |view: &ClientChangeView| {
        let (class, name, word) = match view.outcome {
            ChangeOutcome::Done => ("ok", "check", "Done"),
            ChangeOutcome::Failed => ("danger", "alert", "Not changed"),
            ChangeOutcome::Planned | ChangeOutcome::Already | ChangeOutcome::NotYet => ("", "pause", "Left as it was"),
        };
        let why = view.why.clone().map(|why| view! { <p class="note">{why}</p> });
        view! { <li><p class="row wrap"><b>{excerpt(&view.server, Budget::NAME, "")}</b>{mark(class, name, word)}</p>{why}</li> }
    };
    view! {
        <div role="status"><h2 class="say">{says}</h2></div>
        {next}
        <ul class="stack">{views.iter().map(line).collect_view()}</ul>
        <button class="btn small" type="button" on:click=move |_| pane.close()>"Back to the list"</button>
    }
    .into_any()
}
