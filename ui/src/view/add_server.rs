//! The form for a new server: its name, and its command as typed with the exact words that will be run, or its address.

use super::marks::{command, icon};
use super::shell::trouble;
use super::text::Foreign;
use crate::backend::call;
use crate::fold::Budget;
use crate::typed::{Typed, read};
use crate::words;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::{AddRemote, AddServer};

/// The form. Typing a command here is saying yes to it; its tools are still asked about.
#[component]
pub(crate) fn AddServerForm(on_added: Callback<String>) -> impl IntoView {
    let (name, line) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (fault, sending) = (RwSignal::new(None::<Fault>), RwSignal::new(false));
    let client = RwSignal::new(String::new());
    let (elsewhere, url) = (RwSignal::new(false), RwSignal::new(String::new()));
    let typed = Memo::new(move |_| read(&line.get()));
    let whole = move || match elsewhere.get() {
        true => !url.get().trim().is_empty(),
        false => matches!(typed.get(), Typed::Words { .. }),
    };
    let ready = move || !name.get().trim().is_empty() && whole() && !sending.get();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let name = name.get_untracked().trim().to_owned();
        let words = match typed.get_untracked() {
            Typed::Words { words, .. } => words,
            _ => Vec::new(),
        };
        sending.set(true);
        spawn_local(async move {
            let result = match elsewhere.get_untracked() {
                true => {
                    call(AddRemote {
                        name: name.clone(),
                        url: url.get_untracked().trim().to_owned(),
                        client_id: Some(client.get_untracked().trim().to_owned()).filter(|id| !id.is_empty()),
                    })
                    .await
                }
                false => call(AddServer { name: name.clone(), words }).await,
            };
            sending.set(false);
            match result {
                Ok(()) => on_added.run(name),
                Err(refused) => fault.set(Some(refused)),
            }
        });
    };
    let preview = move || match typed.get() {
        Typed::Nothing => view! { <p class="note">"The words will be shown here, one by one."</p> }.into_any(),
        Typed::Unclear(why) => view! { <p class="fault">{icon("alert")}<span>{why}</span></p> }.into_any(),
        Typed::Words { words, note } => {
            let note = (!note.is_empty()).then(|| view! { <p class="note">{note}</p> });
            view! { {command(&words, |_| false)}{note} }.into_any()
        }
    };
    let reached = move || {
        let url = url.get();
        let host = words::host(url.trim()).to_owned();
        let open = url.trim().to_ascii_lowercase().starts_with("http://") && !words::is_here(&host);
        match (host.is_empty(), open) {
            (true, _) => ().into_any(),
            (false, true) => view! {
                <p class="fault">{icon("alert")}<span>"Without https anybody on the way could read and change what is said."</span></p>
            }
            .into_any(),
            (false, false) => view! {
                <p>"You will deal with "<b><Foreign text=host class="v" budget=Budget::HOST /></b></p>
            }
            .into_any(),
        }
    };
    view! {
        <form class="form" on:submit=submit>
            <h2 class="title">"Add a server"</h2>
            <label class="labelled">
                <span class="caption">"Name"</span>
                <span class="field"><input
                    type="text" name="name" autocomplete="off" spellcheck="false" maxlength="64" placeholder="files"
                    on:input=move |event| name.set(event_target_value(&event))
                /></span>
                <span class="note">"Clients reach it as “consentry connect NAME”."</span>
            </label>
            <fieldset class="plain">
                <legend class="caption">"Where it runs"</legend>
                <div class="row wrap">
                    <label class="row"><input
                        type="radio" name="where" checked=true on:change=move |_| elsewhere.set(false)
                    />"A program on this computer"</label>
                    <label class="row"><input
                        type="radio" name="where" on:change=move |_| elsewhere.set(true)
                    />"Elsewhere, at an address"</label>
                </div>
            </fieldset>
            <div class="stack" hidden=move || !elsewhere.get()>
                <label class="labelled">
                    <span class="caption">"Address"</span>
                    <span class="field"><input
                        class="mono" type="url" name="url" autocomplete="off" spellcheck="false" maxlength="2000"
                        placeholder="https://mcp.example.com/mcp"
                        on:input=move |event| url.set(event_target_value(&event))
                    /></span>
                    <span class="note">"It begins with https, except on this computer."</span>
                </label>
                {reached}
                <label class="labelled">
                    <span class="caption">"Client id, if its administrator gave you one"</span>
                    <span class="field"><input
                        class="mono" type="text" name="client" autocomplete="off" spellcheck="false" maxlength="400"
                        on:input=move |event| client.set(event_target_value(&event))
                    /></span>
                </label>
            </div>
            <div class="stack" hidden=move || elsewhere.get()>
            <label class="labelled">
                <span class="caption">"Command line"</span>
                <span class="field"><input
                    class="mono" type="text" name="command" autocomplete="off" spellcheck="false"
                    placeholder="npx -y @modelcontextprotocol/server-filesystem /srv/notes"
                    on:input=move |event| line.set(event_target_value(&event))
                /></span>
            </label>
            <section class="stack"><h3 class="caption">"What will be run"</h3>{preview}</section>
            </div>
            {move || fault.get().map(|fault| trouble(&fault))}
            <button class="btn lead" type="submit" disabled=move || !ready()>"Add this server"</button>
            <p class="note">
                {move || match elsewhere.get() {
                    true => "What clients ask of it leaves this computer. If it wants a login, you see first what it asks for. ",
                    false => "It runs as you, with all that you may do. ",
                }}
                "It offers no tools until you have seen them: you are asked next."
            </p>
        </form>
    }
}
