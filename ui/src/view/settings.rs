//! Settings of the windows themselves. Nothing here lets a call run.

use super::marks::icon;
use super::own_domains::OwnDomains;
use super::own_terms::OwnTerms;
use super::passphrase::Passphrase;
use super::shell::{Chosen, trouble};
use super::text::Foreign;
use crate::backend::call;
use crate::fold::Budget;
use crate::words;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::{SetAutostart, Settings};
use wire::view::{PlaceView, Preferences, SettingsView, Theme};

type Fetched = RwSignal<Option<Result<SettingsView, Fault>>>;

/// The page.
#[component]
pub(crate) fn SettingsPage() -> impl IntoView {
    let fetched: Fetched = RwSignal::new(None);
    let fault = RwSignal::new(None::<Fault>);
    let fetch = move || spawn_local(async move { fetched.set(Some(call(Settings {}).await)) });
    fetch();
    let chosen = Chosen::here();
    let prefer = Callback::new(move |preferences: Preferences| {
        spawn_local(async move {
            fault.set(chosen.prefer(preferences).await.err());
            fetch();
        });
    });
    let autostart = Callback::new(move |on: bool| {
        spawn_local(async move {
            fault.set(call(SetAutostart { on }).await.err());
            fetch();
        });
    });
    view! {
        <header class="head"><h1>"Settings"</h1><span class="note">"Nothing here lets a call run"</span></header>
        <div class="settings">
            {move || fault.get().map(|fault| trouble(&fault))}
            {move || match fetched.get() {
                None => ().into_any(),
                Some(Err(fault)) => trouble(&fault),
                Some(Ok(view)) => all(&view, prefer, autostart, Callback::new(move |()| fetch())),
            }}
        </div>
    }
}

fn all(view: &SettingsView, prefer: Callback<Preferences>, autostart: Callback<bool>, fetch: Callback<()>) -> AnyView {
    let now = view.preferences;
    let broken =
        view.fault.as_ref().map(|why| view! { <p class="fault">{icon("alert")}<span>{why.clone()}</span></p> });
    let theme = |theme: Theme| {
        view! {
            <label class="option">
                <input type="radio" name="theme" checked=now.theme == theme prop:checked=now.theme == theme
                    on:change=move |_| prefer.run(Preferences { theme, ..now }) />
                <span>{words::pages::theme(theme)}</span>
            </label>
        }
    };
    let start = match view.autostart {
        None => view! { <p class="note">"This desktop has no place for programs that start at login."</p> }.into_any(),
        Some(on) => view! {
            <label class="option">
                <input type="checkbox" name="autostart" prop:checked=on
                    on:change=move |event| autostart.run(event_target_checked(&event)) />
                <span>"Start Consentry when I log in"
                    <span class="note">"Without a window: it guards, and asks when something needs you."</span></span>
            </label>
        }
        .into_any(),
    };
    let place = |place: &PlaceView| {
        view! {
            <dt>{words::pages::place(place.what)}</dt>
            <dd><Foreign text=place.path.as_str() budget=Budget::VALUE class="v" /></dd>
        }
    };
    view! {
        {broken}
        <section>
            <fieldset><legend><h2>"Look"</h2></legend>
                {[Theme::System, Theme::Light, Theme::Dark].map(theme).collect_view()}
            </fieldset>
        </section>
        <section>
            <h2>"Questions"</h2>
            <label class="option">
                <input type="checkbox" name="notifications" prop:checked=now.notifications
                    on:change=move |event| {
                        prefer.run(Preferences { notifications: event_target_checked(&event), ..now });
                    } />
                <span>"Announce questions by a notification"
                    <span class="note">"The card opens either way. A notification can say no, never yes."</span></span>
            </label>
        </section>
        <OwnDomains domains=view.own_domains.clone() on_set=fetch />
        <OwnTerms terms=view.own_terms.clone() on_set=fetch />
        <Passphrase />
        <section><h2>"Start"</h2>{start}</section>
        <section>
            <h2>"Where things are"</h2>
            <dl class="facts">{view.places.iter().map(place).collect_view()}</dl>
        </section>
        <section>
            <h2>"About"</h2>
            <dl class="facts"><dt>"Consentry"</dt><dd class="num">{view.version.clone()}</dd></dl>
            <button class="btn small" type="button"
                on:click=move |_| prefer.run(Preferences { tour_seen: false, ..now })>
                {icon("refresh")}"Show the tour again"
            </button>
        </section>
    }
    .into_any()
}
