//! The login at a server elsewhere: how it stands, and what the next one would ask for, before any browser opens.

use super::clock::moment;
use super::marks::{icon, mark, tag};
use super::shell::trouble;
use super::text::{Datamark, Foreign, excerpt};
use crate::backend::call;
use crate::fold::Budget;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::collections::BTreeSet;
use wire::Fault;
use wire::command::{LogIn, LogOut, PlanLogin, StopLogin};
use wire::view::{LoginPlanView, LoginState, LoginView, ScopeView};

/// How much of a scope's name is drawn; no server needs more to say what it means.
const SCOPE: Budget = Budget { characters: 120, lines: 2 };

/// How much of an address is drawn at first.
const PLACE: Budget = Budget { characters: 160, lines: 3 };

/// What the person is doing about the login.
#[derive(Clone, PartialEq, Eq)]
enum Doing {
    Nothing,
    Asking,
    Planned(LoginPlanView),
    Leaving,
    Busy(&'static str),
}

/// The section of a server's page. `login` is how it stands now.
#[component]
pub(crate) fn Login(server: String, login: Signal<LoginView>) -> impl IntoView {
    let (doing, fault) = (RwSignal::new(Doing::Nothing), RwSignal::new(None::<Fault>));
    let said = RwSignal::new(String::new());
    let name = StoredValue::new(server);
    let plan = Callback::new(move |()| {
        doing.set(Doing::Asking);
        fault.set(None);
        said.set(String::new());
        spawn_local(async move {
            match call(PlanLogin { name: name.get_value() }).await {
                Ok(plan) => doing.set(Doing::Planned(plan)),
                Err(refused) => {
                    doing.set(Doing::Nothing);
                    fault.set(Some(refused));
                }
            }
        });
    });
    let leave = Callback::new(move |()| {
        doing.set(Doing::Busy("The tokens are given back…"));
        spawn_local(async move {
            match call(LogOut { name: name.get_value() }).await {
                Ok(what) => said.set(format!("Logged out: {what}.")),
                Err(refused) => fault.set(Some(refused)),
            }
            doing.set(Doing::Nothing);
        });
    });
    // Whatever had the keys has gone by then: reading goes on where the section begins.
    let heading = NodeRef::<html::H3>::new();
    Effect::new(move |before: Option<bool>| {
        let busy = doing.get() != Doing::Nothing;
        if before == Some(true)
            && !busy
            && let Some(heading) = heading.get_untracked()
        {
            let _unfocusable = heading.focus();
        }
        busy
    });
    view! {
        <section class="stack" aria-label="Login">
            <h3 class="caption" tabindex="-1" node_ref=heading>"Login"</h3>
            {move || match doing.get() {
                Doing::Planned(plan) => view! { <Consent plan doing fault name=name.get_value() /> }.into_any(),
                Doing::Asking => view! { <p class="note" role="status">"Asking the server who guards it…"</p> }.into_any(),
                Doing::Busy(what) => view! { <p class="note" role="status">{what}</p> }.into_any(),
                Doing::Leaving => leaving(doing, leave),
                Doing::Nothing => standing(&login.get(), plan, (doing, fault), name),
            }}
            {move || fault.get().map(|fault| trouble(&fault))}
            <p class="note" role="status">{move || said.get()}</p>
        </section>
    }
}

fn standing(
    login: &LoginView,
    plan: Callback<()>,
    (doing, fault): (RwSignal<Doing>, RwSignal<Option<Fault>>),
    name: StoredValue<String>,
) -> AnyView {
    let wanted = matches!(login.state, LoginState::Needed | LoginState::More);
    let ask = |words: &'static str| {
        let class = if wanted { "btn small lead" } else { "btn small" };
        view! { <button class=class type="button" on:click=move |_| plan.run(())>{icon("eye")}{words}</button> }
    };
    let why = (!login.why.is_empty()).then(|| view! { <p class="soft">{login.why.clone()}</p> });
    let failed = login.fault.as_ref().map(|f| view! { <p class="fault">{icon("alert")}<span>{f.clone()}</span></p> });
    let out = move || {
        let open = move |_| doing.set(Doing::Leaving);
        view! { <button class="btn small danger" type="button" on:click=open>{icon("x")}"Log out…"</button> }
    };
    match login.state {
        LoginState::Needed => view! {
            <p>{mark("caution", "alert", "Login needed")}</p>{why}{failed}
            <div class="row wrap">{ask("See what it asks for")}</div>
        }
        .into_any(),
        LoginState::More => view! {
            <p>{mark("caution", "alert", "More rights needed")}</p>{why}{failed}
            <div class="row wrap">{ask("See what it asks for")}{out()}</div>
        }
        .into_any(),
        LoginState::UnderWay => {
            let stop = move |_| {
                spawn_local(async move {
                    if let Err(refused) = call(StopLogin { name: name.get_value() }).await {
                        fault.set(Some(refused));
                    }
                });
            };
            view! {
                <p>{mark("", "clock", "Your browser is open for it")}</p>
                <p class="soft">"Log in there. This page changes by itself when you are done."</p>
                <div class="row wrap"><button class="btn small" type="button" on:click=stop>{icon("x")}"Stop"</button></div>
            }
            .into_any()
        }
        LoginState::Waiting => {
            view! { <p>{mark("caution", "pause", "No token just now")}</p>{why}{failed}{out()} }.into_any()
        }
        LoginState::Ready => {
            let until =
                login.expires_at.map(|at| view! { <dt>"This token ends"</dt><dd class="num">{moment(at)}</dd> });
            let scopes = login.scopes.iter().map(|scope| view! { <code>{excerpt(scope, SCOPE, "")}</code>" " });
            let scopes = match login.scopes.is_empty() {
                true => view! { "nothing in particular: the server decides" }.into_any(),
                false => scopes.collect_view().into_any(),
            };
            view! {
                <p>{mark("ok", "check", "Logged in")}</p>{failed}{odd(login)}
                <dl class="facts">
                    <dt>"For"</dt><dd>{scopes}</dd>{until}
                    <dt>"In the log"</dt><dd>"token "<code>{login.fingerprint.clone()}</code></dd>
                </dl>
                <div class="row wrap">{ask("Log in again…")}{out()}</div>
            }
            .into_any()
        }
    }
}

/// What a login can do though nobody ticked it, and whom its token says it is for.
fn odd(login: &LoginView) -> AnyView {
    let names =
        |names: &[String]| names.iter().map(|name| view! { <code>{excerpt(name, SCOPE, "")}</code>" " }).collect_view();
    let beyond = (!login.beyond.is_empty()).then(|| {
        let names = names(&login.beyond);
        view! { <p class="fault">{icon("alert")}<span>"It was given more than you ticked: "{names}</span></p> }
    });
    let others = (!login.for_others.is_empty()).then(|| {
        let names = names(&login.for_others);
        view! {
            <p class="fault">{icon("alert")}<span>
                "The token says that it is for somebody else: "{names}
                "This server could use it there in your name, so each call asks you."
            </span></p>
        }
    });
    view! { {beyond}{others} }.into_any()
}

fn leaving(doing: RwSignal<Doing>, leave: Callback<()>) -> AnyView {
    view! {
        <div class="panel">
            <p>
                <b>"Log out?"</b>" The tokens are given back to whoever issued them, and forgotten here. "
                "What is on its way to this server may fail, and all that follows does until you log in again."
            </p>
            <div class="row wrap">
                <button class="btn small danger" type="button" on:click=move |_| leave.run(())>{icon("x")}"Log out"</button>
                <button class="btn small" type="button" on:click=move |_| doing.set(Doing::Nothing)>"Stay logged in"</button>
            </div>
        </div>
    }
    .into_any()
}

/// Who asks for what, with a tick for each; the browser opens for exactly what is ticked.
#[component]
fn Consent(plan: LoginPlanView, doing: RwSignal<Doing>, fault: RwSignal<Option<Fault>>, name: String) -> impl IntoView {
    let heading = NodeRef::<html::H2>::new();
    Effect::new(move |_| {
        if let Some(heading) = heading.get() {
            // Where it can't be focused, reading order still begins here.
            let _ = heading.focus();
        }
    });
    let ticked: BTreeSet<String> = plan.scopes.iter().filter(|s| s.ticked).map(|s| s.name.clone()).collect();
    let ticked = RwSignal::new(ticked);
    // Asking for no scope at all would leave it to the issuer, which may give more than any that was ticked.
    let offers = !plan.scopes.is_empty();
    let shown = StoredValue::new(plan.clone());
    let open = move |_| {
        let (name, mut plan) = (name.clone(), shown.get_value());
        let chosen = ticked.get_untracked();
        doing.set(Doing::Busy("Your browser opens…"));
        spawn_local(async move {
            let scopes = chosen.iter().cloned().collect();
            let failed = call(LogIn { name, plan: plan.id.clone(), scopes }).await.err();
            // What was ticked stays ticked where nothing came of it.
            for scope in &mut plan.scopes {
                scope.ticked = chosen.contains(&scope.name);
            }
            doing.set(if failed.is_some() { Doing::Planned(plan) } else { Doing::Nothing });
            fault.set(failed);
        });
    };
    let elsewhere = (!plan.same_owner).then(|| {
        view! {
            <p class="fault">{icon("alert")}<span>
                "That is not the domain of the server. Go on only if you know it, and check it again in your browser."
            </span></p>
        }
    });
    let open_way = (!plan.encrypted).then(|| {
        view! { <p class="fault">{icon("alert")}<span>"This is not encrypted. It is meant for servers on this computer."</span></p> }
    });
    let claimed = plan.claimed.as_ref().map(|name| {
        view! { <Datamark from="What the server calls itself: claimed, not verified" text=name.as_str() budget=Budget::NAME /> }
    });
    // The host says it all, unless the issuer is more than that.
    let plain = plan.issuer.trim_end_matches('/') == format!("https://{}", plan.issuer_host);
    let whole = (!plain).then(|| {
        view! { " "<span class="note"><Foreign text=plan.issuer.as_str() class="" budget=PLACE /></span> }
    });
    let host = plan.host.clone();
    let heading_words = if plan.adds { "More rights for " } else { "Log in to " };
    view! {
        <div class="panel login">
            <h2 class="title" tabindex="-1" node_ref=heading>
                {heading_words}<Foreign text=plan.server.as_str() budget=Budget::NAME class="" />
            </h2>
            <dl class="facts">
                <dt>"Server"</dt>
                <dd>
                    <b><Foreign text=plan.host.as_str() class="v" budget=Budget::HOST /></b>
                    " "<span class="note"><Foreign text=plan.url.as_str() class="" budget=PLACE /></span>
                </dd>
                <dt>"You log in at"</dt><dd><b><Foreign text=plan.issuer_host.as_str() class="v" budget=Budget::HOST /></b>{whole}</dd>
            </dl>
            {elsewhere}{open_way}{claimed}
            {scopes(&plan.scopes, ticked)}
            <p class="note">
                "The token is kept in this computer’s keychain and goes to "<b>{excerpt(&host, Budget::NAME, "")}</b>
                " alone. No client ever sees it. It lasts until you log out here or its issuer ends it."
            </p>
            <div class="row wrap">
                <button class="btn lead" type="button" disabled=move || offers && ticked.get().is_empty() on:click=open>
                    "Open the browser"
                </button>
                <button class="btn" type="button" on:click=move |_| doing.set(Doing::Nothing)>"Not now"</button>
            </div>
        </div>
    }
}

/// Which tools a scope is for, as far as their server lets know.
fn for_tools(words: &'static str, tools: &[String]) -> Option<AnyView> {
    const MOST: usize = 6;
    let names = tools.iter().take(MOST).map(|name| view! { <code>{excerpt(name, Budget::NAME, "")}</code>" " });
    let more = (tools.len() > MOST).then(|| format!("and {} more", tools.len() - MOST));
    (!tools.is_empty()).then(|| view! { <span class="for">{words}{names.collect_view()}{more}</span> }.into_any())
}

fn scopes(scopes: &[ScopeView], ticked: RwSignal<BTreeSet<String>>) -> AnyView {
    if scopes.is_empty() {
        let words = "It asks for nothing in particular: what the token can do is up to the server.";
        return view! { <p class="soft">{words}</p> }.into_any();
    }
    let line = |scope: &ScopeView| {
        let (name, held) = (scope.name.clone(), scope.name.clone());
        let change = move |event| {
            let on = event_target_checked(&event);
            ticked.update(|ticked| {
                if on {
                    ticked.insert(name.clone());
                } else {
                    ticked.remove(&name);
                }
            });
        };
        let risky = scope.risky.then(|| tag("caution", "alert", "Reaches far"));
        let new = scope.new.then(|| tag("", "plus", "New"));
        let why = [("Refused without it: ", &scope.refused_without), ("For, by their own word: ", &scope.claimed_by)];
        let why = why.map(|(words, tools)| for_tools(words, tools));
        view! {
            <li>
                <label class="scope">
                    <input type="checkbox" prop:checked=move || ticked.get().contains(&held) on:change=change />
                    <span>
                        <span class="row wrap"><b>{scope.words.clone()}</b>{new}{risky}</span>
                        <code>{excerpt(&scope.name, SCOPE, "")}</code>
                        {why}
                    </span>
                </label>
            </li>
        }
    };
    view! {
        <fieldset class="plain">
            <legend class="caption">"What the token may be used for"</legend>
            <ul class="scopes">{scopes.iter().map(line).collect_view()}</ul>
            <p class="note">"What you untick is not asked for. The server may then refuse some calls."</p>
        </fieldset>
    }
    .into_any()
}
