//! Secrets and personal data that would leave with a call: what the agent wrote itself, and what it has never seen and
//! Consentry would put in.

use super::marks::{icon, tag};
use super::text::excerpt;
use crate::fold::Budget;
use crate::words;
use leptos::prelude::*;
use wire::view::LeavesView;

/// How many are shown one by one.
const SHOWN: usize = 8;

/// Those that are worth a line: a recipient's address stands among the values already.
pub(crate) fn leaves(leaves: &[LeavesView]) -> Option<AnyView> {
    let (told, rest) = words::leaves::told(leaves, SHOWN);
    if told.is_empty() {
        return None;
    }
    let more = (rest > 0).then(|| view! { <p class="note">{format!("and {rest} more")}</p> });
    Some(
        view! {
            <section class="stack leaves">
                <h2 class="caption">"What leaves"<span class="note">"secrets and personal data in this call"</span></h2>
                <ul class="stack">{told.into_iter().map(one).collect_view()}</ul>{more}
            </section>
        }
        .into_any(),
    )
}

fn one(leaves: &LeavesView) -> AnyView {
    let elsewhere = leaves.put_back && !leaves.from_there;
    let (class, name) = if elsewhere {
        ("danger", "out")
    } else if leaves.put_back {
        ("ok", "lock")
    } else {
        ("caution", "out")
    };
    let state = if elsewhere {
        tag("danger", "out", "From another server")
    } else if leaves.put_back {
        tag("ok", "check", "Goes back where it came from")
    } else {
        tag("caution", "alert", "Written by the agent")
    };
    let from = leaves.from.iter().map(|server| view! { " "{excerpt(server, Budget::NAME, "slot")} }).collect_view();
    let from = (!leaves.from.is_empty()).then(|| view! { <span class="note">"given by"{from}</span> });
    view! {
        <li><div class=format!("finding {class}")>{icon(name)}<b>{words::capital(&leaves.words)}</b>
            <p>{excerpt(&leaves.shown, Budget::NAME, "slot")}" "{words::leaves::said(leaves)}" "{state}" "{from}</p>
        </div></li>
    }
    .into_any()
}
