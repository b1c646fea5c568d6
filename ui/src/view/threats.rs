//! What a program could be made to do with all that it uses: the three that are dangerous together, and what would take one
//! of them away.

use super::marks::{icon, mark};
use super::shell::trouble;
use super::text::excerpt;
use crate::backend::call;
use crate::fold::Budget;
use crate::words;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::Threats as Ask;
use wire::view::{CutView, ThreatView, ToolRef};

/// How many tools are told by name.
const TOLD: usize = 8;

/// A fold that looks when it is opened.
#[component]
pub(crate) fn Threats(identity: String) -> impl IntoView {
    let fetched = RwSignal::new(None::<Result<ThreatView, Fault>>);
    let look = move |_| {
        let identity = identity.clone();
        spawn_local(async move { drop(fetched.try_set(Some(call(Ask { identity }).await))) });
    };
    view! {
        <details class="fold threats" on:toggle=look>
            <summary>{icon("chev")}"What it could be made to do"</summary>
            <div aria-live="polite">
                {move || match fetched.get() {
                    None => ().into_any(),
                    Some(Err(fault)) => trouble(&fault),
                    Some(Ok(view)) => told(&view),
                }}
            </div>
        </details>
    }
}

fn told(view: &ThreatView) -> AnyView {
    if view.servers.is_empty() {
        return view! { <p class="soft">"It has called nothing in the last 30 days."{others(view)}</p> }.into_any();
    }
    let legs = [
        ("eye", "Reads your data", &view.private),
        ("globe", "Brings text that others wrote", &view.untrusted),
        ("out", "Sends out, or runs programs", &view.outward),
    ];
    let leg = |(name, what, all): (&'static str, &'static str, &Vec<ToolRef>)| {
        view! { <dt>{icon(name)}" "{what}</dt><dd>{tools(all, "Nothing it uses does")}</dd> }
    };
    let verdict = match view.together {
        true => mark("caution", "alert", "All three together"),
        false => mark("ok", "check", "Not all three together"),
    };
    let cut = |cut: &CutView| {
        view! { <li>"Without "{tools(&cut.tools, "")}", "{words::clients::gone(&cut.leg)}"."</li> }
    };
    let cuts = view.together.then(|| {
        view! {
            <p class="soft">
                "A text that it reads can make it send out what it reads. Under the rules of “Balanced”, one chat that has seen "
                "the first two is asked about before anything leaves. To rule it out, leave tools out on the Servers page:"
            </p>
            <ul class="soft">{view.cuts.iter().map(cut).collect_view()}</ul>
        }
    });
    view! {
        <div class="stack">
            <p>{verdict}</p>
            <dl class="facts">{legs.into_iter().map(leg).collect_view()}</dl>
            {cuts}<p class="note">"By the tools of the servers that it used in the last 30 days."{others(view)}</p>
        </div>
    }
    .into_any()
}

fn others(view: &ThreatView) -> Option<String> {
    let names: Vec<String> = view.others.iter().map(|name| wire::text::escaped(name)).collect();
    (!names.is_empty()).then(|| format!(" It could use {} too.", names.join(", ")))
}

fn tools(all: &[ToolRef], none: &'static str) -> AnyView {
    if all.is_empty() {
        return view! { <span class="soft">{none}</span> }.into_any();
    }
    let one = |(at, tool): (usize, &ToolRef)| {
        let between = if at > 0 { ", " } else { "" };
        view! {
            {between}{excerpt(&tool.tool, Budget::NAME, "slot")}<span class="note">" of "{excerpt(&tool.server, Budget::NAME, "")}</span>
        }
    };
    let more = all.len().saturating_sub(TOLD);
    let more = (more > 0).then(|| format!(" and {more} more"));
    view! { <span>{all.iter().take(TOLD).enumerate().map(one).collect_view()}{more}</span> }.into_any()
}
