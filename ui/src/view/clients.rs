//! Clients: the files in which AI clients name their servers, what goes around Consentry, and putting it in between.

use super::client_change::{Wanted, Writing};
use super::known::KnownClients;
use super::marks::{back, command, icon, mark};
use super::shell::{Heard, trouble};
use super::text::{Foreign, excerpt};
use crate::backend::{self, call};
use crate::fold::Budget;
use crate::words;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::Clients;
use wire::view::{ClientChange, ClientEntryView, ClientFileView, EntryRef, EntryState, RiskView};

/// What stands beside the list.
#[derive(Clone, PartialEq)]
pub(crate) enum Beside {
    Nothing,
    /// An entry, by its address.
    Entry(String),
    /// A change that is looked at before it is written.
    Change(Wanted),
}

pub(crate) type Pane = super::pane::Pane<Beside>;

impl Pane {
    pub(crate) fn close(self) {
        self.shown.set(Beside::Nothing);
        self.open.set(false);
    }
}

type Fetched = RwSignal<Option<Result<Vec<ClientFileView>, Fault>>>;

/// The page.
#[component]
pub(crate) fn ClientsPage() -> impl IntoView {
    let fetched: Fetched = RwSignal::new(None);
    let heard = Heard::here();
    Effect::new(move |_| {
        heard.clients.track();
        heard.servers.track();
        spawn_local(async move { fetched.set(Some(call(Clients {}).await)) });
    });
    let pane = Pane::addressed(named, Beside::Nothing);
    let files = move || fetched.get().and_then(Result::ok).unwrap_or_default();
    let look = Memo::new(move |_| fetched.with(|fetched| Look::of(fetched.as_ref())));
    let all = move || {
        open_entries(files().iter()).then(|| {
            let wanted = Wanted { change: ClientChange::Protect, clients: Vec::new(), entries: Vec::new() };
            let begin = move |_| pane.open(Beside::Change(wanted.clone()));
            view! { <button class="btn small push" type="button" on:click=begin>{icon("gate")}"Protect all…"</button> }
        })
    };
    view! {
        <header class="head"><h1>"Clients"</h1><span class="note">{move || words::clients::counts(&files())}</span>{all}</header>
        {move || match look.get() {
            Look::Loading => ().into_any(),
            Look::Failed(fault) => view! { <div class="detail">{trouble(&fault)}</div> }.into_any(),
            Look::Empty => none(),
            Look::Listed => view! { <Listed fetched pane /> }.into_any(),
        }}
        <KnownClients />
    }
}

/// Which of its looks the page has: only a change of these draws it from the ground up. What became of a change stays to
/// be read though the files, and so the list, are others by then.
#[derive(Clone, PartialEq)]
enum Look {
    Loading,
    Failed(Fault),
    Empty,
    Listed,
}

impl Look {
    fn of(fetched: Option<&Result<Vec<ClientFileView>, Fault>>) -> Self {
        match fetched {
            None => Self::Loading,
            Some(Err(fault)) => Self::Failed(fault.clone()),
            Some(Ok(files)) if files.is_empty() => Self::Empty,
            Some(Ok(_)) => Self::Listed,
        }
    }
}

/// The entry that the address names.
fn named() -> Option<Beside> {
    Some(backend::hash()).filter(|hash| hash.starts_with("clients/")).map(Beside::Entry)
}

fn none() -> AnyView {
    view! {
        <div class="detail blank">
            <h2 class="say">"No client was found."</h2>
            <p class="soft">
                "Consentry looks for the files in which AI clients (Claude, Cursor, VS Code, Codex and others) name the "
                "servers they run. As soon as one is there, it stands here: which servers it runs, what is risky in "
                "that, and how to put Consentry in between."
            </p>
        </div>
    }
    .into_any()
}

#[component]
fn Listed(fetched: Fetched, pane: Pane) -> impl IntoView {
    let files = Memo::new(move |_| fetched.get().and_then(Result::ok).unwrap_or_default());
    view! {
        <div class="split list-l" class:open=move || pane.open.get()>
            <section class="list" aria-label="Servers of clients">
                {move || files.with(|files| list(files, pane))}
            </section>
            <section class="detail" aria-label="Server">
                {back("All clients", move || pane.open.set(false))}
                {move || match pane.shown.get() {
                    Beside::Nothing => view! {
                        <div class="empty">{icon("app")}<p class="soft">"Pick a server to see what its client runs."</p></div>
                    }.into_any(),
                    Beside::Entry(at) => (move || files.with(|files| found(files, &at, pane))).into_any(),
                    Beside::Change(wanted) => view! { <Writing wanted pane /> }.into_any(),
                }}
            </section>
        </div>
    }
}

fn open_entries<'a>(mut files: impl Iterator<Item = &'a ClientFileView>) -> bool {
    files.any(|file| file.entries.iter().any(|entry| entry.state == EntryState::Open))
}

/// Client by client, each with its files.
fn list(files: &[ClientFileView], pane: Pane) -> AnyView {
    let mut titles: Vec<&str> = files.iter().map(|file| file.title.as_str()).collect();
    titles.dedup();
    let client = |title: &str| {
        let own: Vec<&ClientFileView> = files.iter().filter(|file| file.title == title).collect();
        let name = own.first().map(|file| file.client.clone()).unwrap_or_default();
        let protect = open_entries(own.iter().copied()).then(|| {
            let wanted = Wanted { change: ClientChange::Protect, clients: vec![name], entries: Vec::new() };
            let label = format!("Protect all servers of {title}…");
            view! {
                <button class="btn small push" type="button" aria-label=label
                    on:click=move |_| pane.open(Beside::Change(wanted.clone()))>"Protect…"</button>
            }
        });
        view! {
            <div class="client"><h2 class="caption">{title.to_owned()}</h2>{protect}</div>
            {own.into_iter().map(|file| of_file(file, pane)).collect_view()}
        }
    };
    titles.into_iter().map(client).collect_view().into_any()
}

fn of_file(file: &ClientFileView, pane: Pane) -> AnyView {
    let fault = file.fault.as_ref().map(|fault| {
        view! { <div class="fault">{icon("alert")}<span>{fault.clone()}</span></div> }
    });
    let empty =
        (file.entries.is_empty() && file.fault.is_none()).then(|| view! { <p class="note none">"No servers."</p> });
    view! {
        <p class="note none path">{excerpt(&file.file, Budget { characters: 90, lines: 1 }, "v")}</p>
        {fault}{empty}
        {file.entries.iter().map(|entry| item(file, entry, pane)).collect_view()}
    }
    .into_any()
}

fn item(file: &ClientFileView, entry: &ClientEntryView, pane: Pane) -> AnyView {
    let address = words::clients::address(&file.client, &file.file, entry);
    let this = Beside::Entry(address.clone());
    let current = move || (pane.shown.get() == this).then_some("true");
    let (class, name, word, _) = words::clients::standing(entry.state);
    let risks =
        (!entry.risks.is_empty()).then(|| mark("caution", "alert", words::count(entry.risks.len(), "risk", "risks")));
    view! {
        <button class="item" type="button" aria-current=current
            on:click=move |_| pane.open(Beside::Entry(address.clone()))>
            {icon("server")}
            <span class="t">{excerpt(&entry.server, Budget { characters: 60, lines: 1 }, "")}</span>
            <span class="m">{mark(class, name, word)}{risks}</span>
        </button>
    }
    .into_any()
}

fn found(files: &[ClientFileView], address: &str, pane: Pane) -> AnyView {
    let at = |file: &ClientFileView, entry: &ClientEntryView| {
        words::clients::address(&file.client, &file.file, entry) == address
    };
    let found = files.iter().find_map(|file| Some((file, file.entries.iter().find(|entry| at(file, entry))?)));
    match found {
        Some((file, entry)) => whole(file, entry, pane),
        None => view! { <p class="soft">"This server is no longer in its client’s file."</p> }.into_any(),
    }
}

fn whole(file: &ClientFileView, entry: &ClientEntryView, pane: Pane) -> AnyView {
    let (class, name, word, means) = words::clients::standing(entry.state);
    let why = entry.why.as_ref().map(|why| view! { <p class="soft">{quoted(why)}</p> });
    let runs = (!entry.runs.is_empty()).then(|| {
        view! { <section class="stack"><h3 class="caption">"What the client runs"</h3>{command(&entry.runs, |_| false)}</section> }
    });
    let url = entry
        .url
        .as_ref()
        .map(|url| view! { <dt>"At"</dt><dd><Foreign text=url.as_str() budget=Budget::NAME class="v" /></dd> });
    let env = (!entry.env.is_empty()).then(|| {
        let name = |name: &String| view! { <code>{excerpt(name, Budget::NAME, "")}</code>" " };
        view! { <dt>"Is given"</dt><dd>{entry.env.iter().map(name).collect_view()}</dd> }
    });
    let through = entry.through.as_ref().filter(|through| **through != entry.server).map(|through| {
        view! { <dt>"In Consentry"</dt><dd><Foreign text=through.as_str() budget=Budget::NAME class="v" /></dd> }
    });
    let project = file.project.is_some().then(|| {
        view! { <p class="note">"The file belongs to a project: whoever shares the folder gets its changes, too."</p> }
    });
    view! {
        <div>
            <h2 class="title"><Foreign text=entry.server.as_str() budget=Budget::NAME class="" /></h2>
            <p class="row wrap">{mark(class, name, word)}<span class="note">{means}</span></p>
        </div>
        {why}
        {risks(&entry.risks)}
        {runs}
        <dl class="facts">
            <dt>"Client"</dt><dd>{file.title.clone()}</dd>
            <dt>"File"</dt><dd><Foreign text=file.file.as_str() budget=Budget::VALUE class="v" /></dd>
            {through}{url}{env}
        </dl>
        {project}
        {offered(file, entry, pane)}
    }
    .into_any()
}

/// What is risky, named; the sentences hold no secret.
fn risks(risks: &[RiskView]) -> Option<AnyView> {
    let risk = |risk: &RiskView| {
        let what = match risk.class.as_str() {
            "secret" => "A secret lies open",
            "steers" => "More than its command decides",
            _ => "Runs without asking",
        };
        view! { <li class="finding caution">{icon("alert")}<b>{what}</b><p>{quoted(&risk.message)}</p></li> }
    };
    (!risks.is_empty()).then(|| {
        view! { <ul class="stack" aria-label="What is risky">{risks.iter().map(risk).collect_view()}</ul> }.into_any()
    })
}

/// A sentence of ours in which names stand between backticks.
fn quoted(sentence: &str) -> AnyView {
    let part = |(at, part): (usize, &str)| match at % 2 {
        0 => part.to_owned().into_any(),
        _ => view! { <code>{part.to_owned()}</code> }.into_any(),
    };
    sentence.split('`').enumerate().map(part).collect_view().into_any()
}

/// The change that is possible, to be looked at first.
fn offered(file: &ClientFileView, entry: &ClientEntryView, pane: Pane) -> Option<AnyView> {
    let (change, word, class) = match entry.state {
        EntryState::Open => (ClientChange::Protect, "Protect…", "btn lead"),
        EntryState::Protected => (ClientChange::Unprotect, "Unprotect…", "btn small"),
        EntryState::NotYet => return None,
    };
    let this = EntryRef {
        client: file.client.clone(),
        file: file.file.clone(),
        place: entry.place.clone(),
        server: entry.server.clone(),
        digest: None,
    };
    let wanted = Wanted { change, clients: Vec::new(), entries: vec![this] };
    let begin = move |_| pane.open(Beside::Change(wanted.clone()));
    Some(
        view! {
            <div class="row wrap">
                <button class=class type="button" on:click=begin>{word}</button>
                <span class="note">"You see what would be written first."</span>
            </div>
        }
        .into_any(),
    )
}
