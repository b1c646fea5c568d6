//! The main window's frame: where one can go, what the broker's state is, and the page.

use super::activity::ActivityPage;
use super::clients::ClientsPage;
use super::clock::Clock;
use super::grants::GrantsPage;
use super::inbox::InboxPage;
use super::inspect::InspectPage;
use super::marks::{icon, mark, tag};
use super::policies::PoliciesPage;
use super::quiet::quiet;
use super::servers::ServersPage;
use super::settings::SettingsPage;
use super::tour::Tour;
use crate::backend::{self, call, listen};
use crate::words;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::command::{Prefer, Settings, Status};
use wire::view::{Preferences, StatusView, Theme};
use wire::{Event, Fault};

/// Counts what the app told this window, one counter per kind of event, so that none hides another.
#[derive(Clone, Copy)]
pub(crate) struct Heard {
    pub(crate) inbox: RwSignal<u32>,
    pub(crate) activity: RwSignal<u32>,
    pub(crate) servers: RwSignal<u32>,
    pub(crate) status: RwSignal<u32>,
    pub(crate) grants: RwSignal<u32>,
    pub(crate) rearm: RwSignal<u32>,
    pub(crate) policies: RwSignal<u32>,
    pub(crate) clients: RwSignal<u32>,
    /// Why nothing is heard, if so.
    pub(crate) deaf: RwSignal<Option<Fault>>,
}

impl Heard {
    /// Starts to listen and hands the counters to everything below.
    pub(crate) fn provide() -> Self {
        let this = Self::silent();
        provide_context(this);
        spawn_local(async move {
            let heard = listen(move |event| {
                let counter = match event {
                    Event::Inbox => this.inbox,
                    Event::Activity => this.activity,
                    Event::Servers => this.servers,
                    Event::Status => this.status,
                    Event::Grants => this.grants,
                    Event::Rearm => this.rearm,
                    Event::Policies => this.policies,
                    Event::Clients => this.clients,
                };
                counter.update(|n| *n = n.wrapping_add(1));
            });
            match heard.await {
                // What happened before anybody listened is asked for again.
                Ok(()) => this.inbox.update(|n| *n = n.wrapping_add(1)),
                Err(fault) => this.deaf.set(Some(fault)),
            }
        });
        this
    }

    /// The counters of this window.
    pub(crate) fn here() -> Self {
        use_context().unwrap_or_else(Self::silent)
    }

    fn silent() -> Self {
        let counter = || RwSignal::new(0);
        Self {
            inbox: counter(),
            activity: counter(),
            servers: counter(),
            status: counter(),
            grants: counter(),
            rearm: counter(),
            policies: counter(),
            clients: counter(),
            deaf: RwSignal::new(None),
        }
    }
}

/// What the person chose about the windows, once it is known.
#[derive(Clone, Copy)]
pub(crate) struct Chosen(RwSignal<Option<Preferences>>);

impl Chosen {
    /// Asks for it, and hands it to everything below.
    fn provide() {
        let this = Self(RwSignal::new(None));
        provide_context(this);
        spawn_local(async move {
            if let Ok(view) = call(Settings {}).await {
                this.show(view.preferences);
            }
        });
    }

    /// What was chosen in this window.
    pub(crate) fn here() -> Self {
        use_context().unwrap_or_else(|| Self(RwSignal::new(None)))
    }

    /// What was chosen, tracked.
    pub(crate) fn get(self) -> Option<Preferences> {
        self.0.get()
    }

    /// What was chosen, once.
    pub(crate) fn get_untracked(self) -> Option<Preferences> {
        self.0.get_untracked()
    }

    /// Keeps something else.
    pub(crate) async fn prefer(self, preferences: Preferences) -> Result<(), Fault> {
        call(Prefer { preferences }).await?;
        self.show(preferences);
        Ok(())
    }

    fn show(self, preferences: Preferences) {
        backend::set_theme(match preferences.theme {
            Theme::System => "",
            Theme::Light => "light",
            Theme::Dark => "dark",
        });
        self.0.set(Some(preferences));
    }
}

/// The pages there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Inbox,
    Activity,
    Servers,
    Clients,
    Grants,
    Policies,
    Inspect,
    Settings,
}

impl Page {
    const ALL: [Self; 8] = [
        Self::Inbox,
        Self::Activity,
        Self::Servers,
        Self::Clients,
        Self::Grants,
        Self::Policies,
        Self::Inspect,
        Self::Settings,
    ];

    /// The page that the address names after `#`, as in `#servers` or `#activity/17`.
    fn here() -> Self {
        let hash = backend::hash();
        let named = hash.split('/').next().unwrap_or_default();
        Self::ALL.into_iter().find(|page| page.address() == named).unwrap_or(Self::Inbox)
    }

    fn address(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Activity => "activity",
            Self::Servers => "servers",
            Self::Clients => "clients",
            Self::Policies => "policies",
            Self::Inspect => "inspect",
            Self::Settings => "settings",
            Self::Grants => "grants",
        }
    }

    fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Inbox => ("inbox", "Inbox"),
            Self::Activity => ("pulse", "Activity"),
            Self::Servers => ("server", "Servers"),
            Self::Clients => ("app", "Clients"),
            Self::Policies => ("scale", "Policies"),
            Self::Inspect => ("eye", "Inspect"),
            Self::Settings => ("sliders", "Settings"),
            Self::Grants => ("check", "Grants"),
        }
    }
}

/// The whole main window.
#[component]
pub(crate) fn Shell() -> impl IntoView {
    Clock::provide();
    let heard = Heard::provide();
    Chosen::provide();
    let status = RwSignal::new(Ok(StatusView::default()));
    Effect::new(move |_| {
        heard.inbox.track();
        heard.servers.track();
        heard.policies.track();
        heard.status.track();
        spawn_local(async move { status.set(call(Status {}).await) });
    });
    let waiting = Signal::derive(move || status.with(|s| s.as_ref().is_ok_and(|s| s.waiting > 0)));
    let page = RwSignal::new(Page::here());
    let moved = window_event_listener_untyped("hashchange", move |_| page.set(Page::here()));
    let keys = window_event_listener(leptos::ev::keydown, |event| {
        backend::walk_list(&event);
        backend::seek(&event);
    });
    on_cleanup(move || {
        moved.remove();
        keys.remove();
    });
    view! {
        <div class="app">
            <Side page status />
            <main class="main">
                <Tour waiting />
                {move || match page.get() {
                    Page::Inbox => view! { <InboxPage /> }.into_any(),
                    Page::Activity => view! { <ActivityPage /> }.into_any(),
                    Page::Servers => view! { <ServersPage /> }.into_any(),
                    Page::Clients => view! { <ClientsPage /> }.into_any(),
                    Page::Policies => view! { <PoliciesPage /> }.into_any(),
                    Page::Inspect => view! { <InspectPage /> }.into_any(),
                    Page::Settings => view! { <SettingsPage /> }.into_any(),
                    Page::Grants => view! { <GrantsPage /> }.into_any(),
                }}
            </main>
        </div>
    }
}

#[component]
fn Side(page: RwSignal<Page>, status: RwSignal<Result<StatusView, Fault>>) -> impl IntoView {
    let heard = Heard::here();
    let link = move |to: Page| {
        let (name, word) = to.name();
        let count = move || {
            let waiting = status.get().map(|s| s.waiting).unwrap_or_default();
            (to == Page::Inbox && waiting > 0)
                .then(|| view! { <span class="count open">{waiting}<span class="vh">" waiting"</span></span> })
        };
        let current = move || (page.get() == to).then_some("page");
        view! {
            <a href=format!("#{}", to.address()) title=word aria-current=current>
                {icon(name)}<span class="word">{word}</span>{count}
            </a>
        }
    };
    view! {
        <nav class="side" aria-label="Main">
            <div class="brand"><span class="badge">{icon("gate")}</span><span class="word">"Consentry"</span></div>
            {Page::ALL.map(link).collect_view()}
            <div class="foot">
                {move || status.get().ok().map(|status| quiet(&status))}
                {move || heard.deaf.get().map(|_| mark("caution", "alert", "Not kept up to date"))}
                {move || foot(status.get())}
            </div>
        </nav>
    }
}

/// The broker's state in three lines: whom it guards, under which rules, and who decides.
fn foot(status: Result<StatusView, Fault>) -> AnyView {
    let status = match status {
        Err(fault) => {
            return view! {
                <p>{tag("caution", "offline", "Broker not reached")}</p>
                <p class="note">"No agent can act. "{fault.message}</p>
            }
            .into_any();
        }
        Ok(status) if status.version.is_empty() => return ().into_any(),
        Ok(status) => status,
    };
    let guarding = match status.clients.len() {
        0 => mark("", "pause", "No client connected"),
        n => mark("ok", "check", format!("Guarding {}", words::count(n, "client", "clients"))),
    };
    let cli = (status.decisions == "cli").then(|| {
        view! { <p class="warn">{icon("alert")}<span>"Decisions from the command line are on"</span></p> }
    });
    let clients = status.clients.iter().map(|client| wire::text::escaped(client)).collect::<Vec<_>>().join(", ");
    view! {
        <p title=clients>{guarding}</p>
        {cli}
        <p class="note">{format!("Rules: {}", status.preset)}</p>
        <p class="note">{format!("Version {}", status.version)}</p>
    }
    .into_any()
}

const EXAMPLE: &str = r#"{
  "mcpServers": {
    "NAME": { "command": "consentry", "args": ["connect", "NAME"] }
  }
}"#;

/// How a client is put behind Consentry: said wherever there is nothing else to show.
pub(crate) fn how_to_connect() -> AnyView {
    view! {
        <div class="panel calm">
            <p><b>"Put a client behind Consentry"</b></p>
            <p class="soft">
                <a href="#clients">"Clients"</a>" does it for you. By hand: in the client’s own list of MCP servers, "
                "replace each server’s command with this one, and restart the client. NAME is the server’s name here."
            </p>
            <pre class="code">{EXAMPLE}</pre>
        </div>
    }
    .into_any()
}

/// A page that could not be read.
pub(crate) fn trouble(fault: &Fault) -> AnyView {
    view! { <p class="fault" role="alert">{icon("alert")}<span>{fault.message.clone()}</span></p> }.into_any()
}
