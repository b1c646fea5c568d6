//! What is there now that a call would change: read when the person asks for it, in a box of its own. The card itself
//! stays what it is.

use super::answering::Answering;
use super::marks::{icon, mark, tag};
use super::text::{Foreign, excerpt};
use crate::backend::call;
use crate::fold::Budget;
use crate::words;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::LookNow;
use wire::view::{FieldView, Held, LineView, NowOffer, NowView, Sign};

/// How much of a line is shown at first.
const LINE: Budget = Budget { characters: 240, lines: 1 };

/// The button, and what came of it.
#[component]
pub(crate) fn Now(
    /// The question.
    id: String,
    offer: NowOffer,
    answering: Answering,
) -> impl IntoView {
    let came = RwSignal::new(None::<Result<NowView, Fault>>);
    let reading = RwSignal::new(false);
    let id = StoredValue::new(id);
    let look = move |_| {
        if reading.get_untracked() {
            return;
        }
        reading.set(true);
        spawn_local(async move {
            let looked = call(LookNow { id: id.get_value() }).await;
            // The card may be gone by now.
            if reading.try_set(false).is_none() {
                came.set(Some(looked));
            }
        });
    };
    let tool = offer.tool;
    let ask = move || {
        let over = answering.is_over();
        let unread = !matches!(came.get(), Some(Ok(_)));
        let words = move || if reading.get() { "Reading…" } else { "Show what changes" };
        (unread && !over).then(|| {
            view! {
                <div class="row wrap">
                    <button class="btn small" type="button" disabled=move || reading.get() on:click=look>
                        {icon("diff")}{words}
                    </button>
                    <span class="note">
                        "Consentry asks the server, once, with "{excerpt(&tool, Budget::NAME, "v")}
                    </span>
                </div>
            }
        })
    };
    let shown = move || match came.get() {
        None => ().into_any(),
        Some(Err(fault)) => {
            view! { <p class="fault" role="alert">{icon("alert")}<span>{fault.message}</span></p> }.into_any()
        }
        Some(Ok(now)) => result(&now),
    };
    view! {
        <section class="stack now">
            <h2 class="caption">"What is there now"</h2>
            {ask}
            <div class="stack" aria-live="polite">{shown}</div>
        </section>
    }
}

fn result(now: &NowView) -> AnyView {
    let head = match now.held {
        Held::Goes | Held::Replaced | Held::Failed | Held::Refused | Held::Unreadable | Held::Unclear => {
            mark("caution", "alert", now.held.words())
        }
        Held::New | Held::Free => mark("", "plus", now.held.words()),
        Held::Differs => mark("", "diff", now.held.words()),
        Held::Same | Held::Missing | Held::NoText => mark("", "help", now.held.words()),
    };
    let why = (!now.why.is_empty()).then(|| view! { <p class="note">{now.why.clone()}</p> });
    let claims = !(now.lines.is_empty() && now.fields.is_empty() && now.said.is_empty());
    let claimed = claims.then(|| claimed(now));
    view! { <p class="came">{head}</p>{why}{claimed} }.into_any()
}

/// What the server said, marked as its word.
fn claimed(now: &NowView) -> AnyView {
    let counts = (now.added + now.removed > 0).then(|| {
        let spoken = format!("{} lines added, {} removed", now.added, now.removed);
        view! {
            <span class="counts num">
                <span aria-hidden="true">{format!("+{} −{}", now.added, now.removed)}</span>
                <span class="vh">{spoken}</span>
            </span>
        }
    });
    let said = (!now.said.is_empty()).then(|| view! { <Foreign text=now.said.as_str() /> });
    let lines = (!now.lines.is_empty())
        .then(|| view! { <ul class="difference code">{now.lines.iter().map(line).collect_view()}</ul> });
    let cut = now.cut.then(|| view! { <span class="note">"There is more than is shown here."</span> });
    let from = if now.fields.is_empty() && now.held != Held::Differs && now.held != Held::New {
        "Claimed by the server, not verified"
    } else {
        "What is there: claimed by the server, not verified"
    };
    view! {
        <div class="datamark">
            <span class="from">{icon("server")}{from}{counts}</span>
            {said}{fields(&now.fields)}{lines}{cut}
        </div>
    }
    .into_any()
}

fn line(line: &LineView) -> AnyView {
    if line.folded > 0 {
        let n = usize::try_from(line.folded).unwrap_or(usize::MAX);
        return view! { <li class="fold-line"><span class="note">{words::count(n, "line stays", "lines stay")}</span></li> }
            .into_any();
    }
    let (class, sign, said) = match line.sign {
        Sign::Same => ("", " ", ""),
        Sign::Gone => ("old", "−", "gone: "),
        Sign::New => ("new", "+", "new: "),
    };
    let text = if line.text.is_empty() {
        ().into_any()
    } else {
        view! { <Foreign text=line.text.as_str() class="v prose" budget=LINE /> }.into_any()
    };
    view! {
        <li class=class>
            <span class="sign" aria-hidden="true">{sign}</span><span class="vh">{said}</span>
            <div class="what">{text}</div>
        </li>
    }
    .into_any()
}

/// Fields before and after, side by side.
fn fields(fields: &[FieldView]) -> Option<AnyView> {
    let row = |field: &FieldView| {
        let same = field.before.as_ref() == Some(&field.after);
        let before = match &field.before {
            Some(before) if before.is_empty() => view! { <span class="note">"empty"</span> }.into_any(),
            Some(before) if same => view! { <Foreign text=before.as_str() class="v prose" /> }.into_any(),
            Some(before) => view! { <del><Foreign text=before.as_str() class="v prose" /></del> }.into_any(),
            None => view! { <span class="note">"The server does not say"</span> }.into_any(),
        };
        let after = match (same, field.after.is_empty()) {
            (true, _) => view! { <span class="note">"Stays"</span> }.into_any(),
            (false, true) => tag("caution", "alert", "Emptied"),
            (false, false) => view! { <ins><Foreign text=field.after.as_str() class="v prose" /></ins> }.into_any(),
        };
        view! {
            <tr><th scope="row">{excerpt(&field.name, Budget::NAME, "v")}</th><td>{before}</td><td>{after}</td></tr>
        }
    };
    (!fields.is_empty()).then(|| {
        view! {
            <table class="sides">
                <thead><tr><th scope="col">"Field"</th><th scope="col">"Now"</th><th scope="col">"After the call"</th></tr></thead>
                <tbody>{fields.iter().map(row).collect_view()}</tbody>
            </table>
        }
        .into_any()
    })
}
