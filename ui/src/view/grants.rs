//! Grants: what the person said yes to for more than once, how often it was used, and what ended it.

use super::clock::{Clock, moment};
use super::marks::{icon, mark};
use super::places::Places;
use super::shell::{Heard, trouble};
use super::suggested::Suggested;
use super::text::excerpt;
use crate::backend::call;
use crate::clock::left;
use crate::fold::Budget;
use crate::words;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::{Grants, RevokeGrant};
use wire::view::GrantView;

/// The page.
#[component]
pub(crate) fn GrantsPage() -> impl IntoView {
    let fetched = RwSignal::new(None::<Result<Vec<GrantView>, Fault>>);
    let heard = Heard::here();
    Effect::new(move |_| {
        heard.grants.track();
        heard.servers.track();
        spawn_local(async move { fetched.set(Some(call(Grants {}).await)) });
    });
    let counts = move || match fetched.get() {
        Some(Ok(grants)) if !grants.is_empty() => words::count(grants.len(), "grant", "grants"),
        _ => String::new(),
    };
    view! {
        <header class="head"><h1>"Grants"</h1><span class="note">{counts}</span></header>
        {move || match fetched.get() {
            None => ().into_any(),
            Some(Err(fault)) => view! { <div class="detail">{trouble(&fault)}</div> }.into_any(),
            Some(Ok(grants)) if grants.is_empty() => view! { <div class="scroll"><Suggested />{empty()}<Places /></div> }.into_any(),
            Some(Ok(grants)) => view! {
                <div class="scroll"><Suggested /><h2 class="caption remembered">"Remembered"</h2><ul class="grants">{grants.into_iter().map(grant).collect_view()}</ul><Places /></div>
            }
            .into_any(),
        }}
    }
}

fn empty() -> AnyView {
    view! {
        <div class="detail blank">
            <h2 class="say">"Nothing is remembered."</h2>
            <p class="soft">
                "When you approve a call, “Remember this…” lets the same run again without asking, as narrowly and "
                "for as short as you like. What you remembered stands here, and can be taken back."
            </p>
        </div>
    }
    .into_any()
}

fn grant(grant: GrantView) -> AnyView {
    let name = |text: &str| excerpt(text, Budget { characters: 60, lines: 1 }, "slot");
    let head = view! {
        <p class="t">
            {name(&grant.client)}" may use "{name(&grant.tool)}" of "{name(&grant.server)}" without asking"
        </p>
    };
    let fields = grant.fields.iter().map(|(field, may)| {
        view! { <li><span class="mono">{wire::text::escaped(field)}</span>": "{words::phrase(may)}</li> }
    });
    let uses = match grant.last_used {
        Some(at) => format!("used {}, last {}", words::count(grant.uses as usize, "time", "times"), moment(at)),
        None => "not used since Consentry started".to_owned(),
    };
    let ends = ends(&grant);
    let id = grant.id.clone();
    let revoke = move |_| {
        let id = id.clone();
        // What becomes of it shows in the list.
        spawn_local(async move { drop(call(RevokeGrant { id }).await) });
    };
    view! {
        <li class="panel">
            {head}
            <ul class="soft">{fields.collect_view()}</ul>
            <p class="row wrap note">
                <span>{format!("since {}", moment(grant.made_at))}</span><span>{uses}</span>{ends}
                <button class="btn small push" type="button" on:click=revoke>{icon("x")}"Revoke"</button>
            </p>
        </li>
    }
    .into_any()
}

fn ends(grant: &GrantView) -> AnyView {
    if let Some(why) = &grant.dead {
        return mark("caution", "alert", format!("Counts no more. {why}"));
    }
    let clock = Clock::here();
    match grant.until {
        Some(at) => (move || mark("", "clock", left(at.saturating_sub(clock.now())).words)).into_any(),
        None if grant.conversation => mark("", "clock", "ends with its conversation"),
        None => mark("", "pause", "until you revoke it"),
    }
}
