//! Servers: which there are, how far each is trusted, and what can be done about it.

use super::add_server::AddServerForm;
use super::apart::Apart;
use super::clock::moment;
use super::login::Login;
use super::marks::{back, command, icon, mark};
use super::shell::{Heard, how_to_connect, trouble};
use super::text::{Foreign, excerpt};
use super::tools::in_short;
use crate::backend::{self, call};
use crate::fold::Budget;
use crate::words;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::{RemoveServer, ResumeServer, ReviewServer, Servers, SuspendServer};
use wire::view::{LoginState, PinState, ServerView, ServersView, TrustState};

type Fetched = RwSignal<Option<Result<ServersView, Fault>>>;

/// What stands beside the table.
#[derive(Clone, PartialEq, Eq)]
enum Beside {
    Nothing,
    Adding,
    Server(String),
}

type Pane = super::pane::Pane<Beside>;

/// The page.
#[component]
pub(crate) fn ServersPage() -> impl IntoView {
    let fetched: Fetched = RwSignal::new(None);
    let pane = Pane::with(Beside::Nothing);
    let heard = Heard::here();
    Effect::new(move |_| {
        heard.servers.track();
        spawn_local(async move {
            let fresh = call(Servers {}).await;
            if let (Beside::Nothing, Ok(view)) = (pane.shown.get_untracked(), &fresh) {
                let first = view.servers.first().map(|first| first.name.clone());
                pane.shown.set(first.map_or(Beside::Adding, Beside::Server));
            }
            fetched.set(Some(fresh));
        });
    });
    let counts = move || match fetched.get() {
        Some(Ok(view)) => {
            let running = view.servers.iter().filter(|server| server.running > 0).count();
            format!("{} known, {running} running", view.servers.len())
        }
        _ => String::new(),
    };
    view! {
        <header class="head">
            <h1>"Servers"</h1><span class="note">{counts}</span>
            <button class="btn small push" type="button" on:click=move |_| pane.open(Beside::Adding)>
                {icon("plus")}"Add server"
            </button>
        </header>
        <div class="split wide-first" class:open=move || pane.open.get()>
            <section class="first" aria-label="Servers">
                {move || fetched.get().map(|fetched| table(&fetched, pane))}
            </section>
            <section class="detail beside" aria-label="Server">
                {back("All servers", move || pane.open.set(false))}
                {move || match pane.shown.get() {
                    Beside::Nothing => ().into_any(),
                    Beside::Adding => {
                        let on_added = Callback::new(move |name| pane.open(Beside::Server(name)));
                        view! { <AddServerForm on_added /> }.into_any()
                    }
                    Beside::Server(name) => view! { <Server fetched pane name /> }.into_any(),
                }}
            </section>
        </div>
    }
}

fn table(fetched: &Result<ServersView, Fault>, pane: Pane) -> AnyView {
    let view = match fetched {
        Err(fault) => return view! { <div class="detail">{trouble(fault)}</div> }.into_any(),
        Ok(view) => view,
    };
    let broken = view.fault.as_ref().map(|fault| {
        view! {
            <p class="fault" role="alert">
                {icon("alert")}
                <span>{fault.clone()}<span class="note">" The servers below are the last good ones."</span></span>
            </p>
        }
    });
    let place = view! { <p class="note place">"Kept in "<code>{excerpt(&view.file, Budget::NAME, "")}</code></p> };
    if view.servers.is_empty() {
        return view! {
            <div class="detail blank">
                {broken}
                <h2 class="say">"No servers yet."</h2>
                <p class="soft">"Add the first one here. Then let your client reach it through Consentry:"</p>
                {how_to_connect()}{place}
            </div>
        }
        .into_any();
    }
    view! {
        {broken}
        <table class="table">
            <thead><tr><th>"Server"</th><th>"State"</th><th>"Trust"</th><th>"Tools"</th><th>"Today"</th></tr></thead>
            <tbody>{view.servers.iter().map(|server| row(server, pane)).collect_view()}</tbody>
        </table>
        {place}
    }
    .into_any()
}

fn row(server: &ServerView, pane: Pane) -> AnyView {
    let (name, this) = (server.name.clone(), Beside::Server(server.name.clone()));
    let selected = move || if pane.shown.get() == this { "true" } else { "false" };
    let (class, icon_name, word, _) = words::trust(server.trust);
    let state = match (server.trust, server.running) {
        (TrustState::Broken, _) => mark("danger", "stop", "Broken"),
        _ if server.suspended.is_some() => mark("danger", "stop", "Suspended"),
        _ if server.login.as_ref().is_some_and(|l| matches!(l.state, LoginState::Needed | LoginState::More)) => {
            mark("caution", "alert", "Wants a login")
        }
        (_, 0) if words::url(&server.command).is_some() => mark("", "pause", "Not in use"),
        (_, _) if words::url(&server.command).is_some() => mark("ok", "check", "In use"),
        (_, 0) => mark("", "pause", "Not running"),
        (_, 1) => mark("ok", "check", "Running"),
        (_, n) => mark("ok", "check", format!("Running, {n} times")),
    };
    let pinned = server.tools.iter().filter(|tool| tool.pin == PinState::Pinned).count();
    let since = server.trusted_at.map(|at| view! { <span class="sub">{backend::local(at).date_words()}</span> });
    let (calls, asked) = server.calls_today;
    let line = server.command.join(" ");
    let calls = words::count(calls as usize, "call", "calls");
    view! {
        <tr aria-selected=selected>
            <td>
                <button class="cell" type="button" on:click=move |_| pane.open(Beside::Server(name.clone()))>
                    <b>{excerpt(&server.name, Budget { characters: 40, lines: 1 }, "")}</b>
                </button>
                <span class="sub">{excerpt(&line, Budget { characters: 100, lines: 1 }, "v")}</span>
            </td>
            <td>{state}</td>
            <td>{mark(class, icon_name, word)}{since}</td>
            <td class="num">{format!("{pinned} of {}", server.tools.len())}</td>
            <td class="num">{calls}<span class="sub">{format!("{asked} asked")}</span></td>
        </tr>
    }
    .into_any()
}

/// One server, whole, and what can be done with it.
#[component]
fn Server(fetched: Fetched, pane: Pane, name: String) -> impl IntoView {
    let (fault, busy) = (RwSignal::new(None::<Fault>), RwSignal::new(""));
    let found = {
        let name = name.clone();
        move || fetched.get().and_then(Result::ok)?.servers.into_iter().find(|server| server.name == name)
    };
    let login = {
        let found = found.clone();
        Memo::new(move |_| found().and_then(|server| server.login))
    };
    let (shown, again) = (StoredValue::new(name.clone()), found.clone());
    let suspended = {
        let found = found.clone();
        Memo::new(move |_| found().is_some_and(|server| server.suspended.is_some()))
    };
    let how = {
        let found = found.clone();
        Memo::new(move |_| found().map(|server| server.spotlight))
    };
    let turn = Callback::new(move |suspend: bool| {
        let name = shown.get_value();
        spawn_local(async move {
            fault.set(match suspend {
                true => call(SuspendServer { name }).await.err(),
                false => call(ResumeServer { name }).await.err(),
            });
        });
    });
    let review = {
        let name = name.clone();
        Callback::new(move |()| {
            let name = name.clone();
            busy.set("It is asked for its tools…");
            spawn_local(async move {
                let result = call(ReviewServer { name }).await;
                busy.set("");
                fault.set(result.err());
            });
        })
    };
    let remove = Callback::new(move |()| {
        let name = name.clone();
        busy.set("Its processes are ended…");
        spawn_local(async move {
            match call(RemoveServer { name }).await {
                Ok(()) => {
                    pane.open.set(false);
                    pane.shown.set(Beside::Nothing);
                }
                Err(refused) => fault.set(Some(refused)),
            }
            busy.set("");
        });
    });
    let asking = RwSignal::new(false);
    view! {
        {move || match found() {
            None => view! { <p class="soft">"This server is no longer there."</p> }.into_any(),
            Some(server) => head(&server),
        }}
        // Apart from the rest, which is drawn anew whenever anything changes: what is being filled in stays.
        <Show when=move || login.get().is_some()>
            <Login server=shown.get_value() login=Signal::derive(move || login.get().unwrap_or_default()) />
        </Show>
        {move || again().map(|server| about(&server))}
        <Show when=move || how.get().is_some()>
            <Apart server=shown.get_value() how=Signal::derive(move || how.get().unwrap_or_default()) />
        </Show>
        {move || fault.get().map(|fault| trouble(&fault))}
        <p class="note" role="status">{busy}</p>
        <Show
            when=move || asking.get()
            fallback=move || view! {
                <div class="row wrap">
                    <button class="btn small" type="button" on:click=move |_| review.run(())>
                        {icon("refresh")}"Review tools"
                    </button>
                    <button
                        class="btn small" type="button" title="Suspended, no call goes there: what runs is cancelled, what waits rejected"
                        on:click=move |_| turn.run(!suspended.get_untracked())
                    >
                        {move || match suspended.get() {
                            true => view! { {icon("check")}"Let it run again" }.into_any(),
                            false => view! { {icon("stop")}"Suspend" }.into_any(),
                        }}
                    </button>
                    <button class="btn small danger" type="button" on:click=move |_| asking.set(true)>
                        {icon("trash")}"Remove…"
                    </button>
                </div>
            }
        >
            <div class="panel">
                <p>
                    <b>"Remove this server?"</b>" Its processes end and its trust is gone. "
                    "Clients that use it get an error. What it did stays in Activity."
                </p>
                <div class="row wrap">
                    <button class="btn small danger" type="button" on:click=move |_| remove.run(())>
                        {icon("trash")}"Remove it"
                    </button>
                    <button class="btn small" type="button" on:click=move |_| asking.set(false)>"Keep it"</button>
                </div>
            </div>
        </Show>
    }
}

fn reached(server: &ServerView) -> AnyView {
    match words::url(&server.command) {
        Some(url) => view! {
            <section class="stack"><h3 class="caption">"Address"</h3>
                <Foreign text=url class="v" budget=Budget::VALUE />
                <p class="note">"It runs elsewhere: what clients ask of it leaves this computer."</p></section>
        }
        .into_any(),
        None => view! {
            <section class="stack"><h3 class="caption">"Command"</h3>{command(&server.command, |_| false)}</section>
        }
        .into_any(),
    }
}

/// What it is called, how far it is trusted, and what is wrong with it.
fn head(server: &ServerView) -> AnyView {
    let (class, name, word, means) = words::trust(server.trust);
    let wrong =
        server.fault.as_ref().map(|fault| view! { <p class="fault">{icon("alert")}<span>{fault.clone()}</span></p> });
    let suspended = server.suspended.as_ref().map(|why| {
        let why = match why.is_empty() {
            true => "You suspended it.".to_owned(),
            false => format!("It was suspended: {why}."),
        };
        view! { <p class="fault">{icon("stop")}<span>{why}" No call goes there until you let it run again."</span></p> }
    });
    view! {
        <div>
            <h2 class="title"><Foreign text=server.name.as_str() budget=Budget::NAME class="" /></h2>
            <p class="row wrap">{mark(class, name, word)}<span class="note">{means}</span></p>
        </div>
        {suspended}{wrong}
        {reached(server)}
    }
    .into_any()
}

fn about(server: &ServerView) -> AnyView {
    let clients = if server.clients.is_empty() { "no client now".to_owned() } else { server.clients.join(", ") };
    let env = (!server.env.is_empty()).then(|| {
        let name = |name: &String| view! { <code>{excerpt(name, Budget::NAME, "")}</code>" " };
        view! { <dt>"Is given"</dt><dd>{server.env.iter().map(name).collect_view()}</dd> }
    });
    let since = server.trusted_at.map(|at| view! { <dt>"Trusted"</dt><dd class="num">{moment(at)}</dd> });
    let stderr = (!server.stderr.is_empty()).then(|| {
        view! {
            <details class="fold">
                <summary>{icon("chev")}"Its last words on stderr"</summary>
                <div class="datamark"><span class="from">{icon("server")}"Written by the server, not verified"</span>
                    <Foreign text=server.stderr.join("\n") /></div>
            </details>
        }
    });
    let count = words::count(server.tools.len(), "tool", "tools");
    let tools = if server.tools.is_empty() {
        view! { <p class="note">"None are known yet. Review tools lists them and asks you whether to trust them."</p> }
            .into_any()
    } else {
        in_short(&server.tools)
    };
    view! {
        <dl class="facts">
            <dt>"Used by"</dt><dd>{excerpt(&clients, Budget::NAME, "")}</dd>{since}{env}
        </dl>
        <section class="stack">
            <h3 class="caption">"Tools"<span class="note">{count}</span></h3>
            {tools}
        </section>
        {stderr}
    }
    .into_any()
}
