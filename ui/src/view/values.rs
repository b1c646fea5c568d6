//! The values of a call, each whole and as what it is, and what we can say about all of them together.

use super::edit;
use super::marks::{effects, icon, tag};
use super::origins::Origins;
use super::said;
use super::text::{Foreign, excerpt};
use crate::fold::Budget;
use crate::tree::{Key, Leaf, Row, rows};
use crate::words;
use leptos::prelude::*;
use wire::view::{ApprovalView, ArgumentView};

/// How many lines of laid-out JSON are drawn at first, and how many more each time.
const ROWS: usize = 40;

/// The arguments, in the order of the bytes that will be sent.
pub(crate) fn values(values: &[ArgumentView], origins: Origins<'_>) -> AnyView {
    if values.is_empty() {
        return view! { <p class="soft">"The call has no arguments."</p> }.into_any();
    }
    view! { <dl class="values">{values.iter().map(|v| value(v, origins)).collect_view()}</dl> }.into_any()
}

fn value(value: &ArgumentView, origins: Origins<'_>) -> AnyView {
    let undeclared = (!value.declared).then(|| tag("caution", "alert", "Not declared by the tool"));
    let long = value.text.len() > 48 || value.text.contains('\n');
    let lay = if long { "line long" } else { "line" };
    let wide = if value.name.chars().count() > 14 { "value wide" } else { "value" };
    let shown = match value.kind.as_str() {
        "string" => said::whole(value).unwrap_or_else(|| prose(&value.text)),
        "array" | "object" => structure(&value.text),
        _ => word(&value.text),
    };
    view! {
        <div class=wide>
            <dt>{excerpt(&value.name, Budget { characters: 60, lines: 1 }, "")}</dt>
            <dd class=lay>
                <div class="what">{origins.around(value, shown)}</div>
                <span class="about">{undeclared}{origins.word(value)}</span>
                {said::about(value)}
                {edit::field(value)}
                {origins.places(value)}
            </dd>
        </div>
    }
    .into_any()
}

/// A text, with its line breaks; an empty one says so.
fn prose(text: &str) -> AnyView {
    if text.is_empty() {
        return view! { <bdi class="v">"\"\""</bdi> <span class="note">" empty text"</span> }.into_any();
    }
    if text.trim().is_empty() {
        let many = words::count(text.chars().count(), "blank", "blanks");
        return view! { <Foreign text=text class="v prose framed" /> <span class="note">{many}</span> }.into_any();
    }
    view! { <Foreign text=text class="v prose" /> }.into_any()
}

/// A number, `true`, `false` or `null`, as written.
fn word(text: &str) -> AnyView {
    let note = (text == "null").then(|| view! { <span class="note">" no value"</span> });
    view! { <Foreign text=text class="v" />{note} }.into_any()
}

/// A list or object laid out line by line; what can't be laid out stands as it was written.
pub(crate) fn structure(json: &str) -> AnyView {
    let Some(rows) = rows(json) else {
        return view! { <Foreign text=json class="v prose" /> }.into_any();
    };
    if let [Row { leaf: Leaf::List(0) | Leaf::Object(0), .. }] = rows.as_slice() {
        let what = if json.trim_start().starts_with('[') { " empty list" } else { " empty object" };
        return view! { <bdi class="v">{json.trim().to_owned()}</bdi><span class="note">{what}</span> }.into_any();
    }
    let (total, drawn) = (rows.len(), RwSignal::new(ROWS));
    let rows = StoredValue::new(rows);
    view! {
        <ul class="tree">
            {move || rows.with_value(|rows| rows.iter().take(drawn.get()).skip(1).map(line).collect_view())}
        </ul>
        <Show when=move || drawn.get() < total>
            <button class="more" type="button" on:click=move |_| drawn.update(|n| *n *= 4)>
                {move || format!("+{}", words::count(total - drawn.get(), "line", "lines"))}
            </button>
        </Show>
    }
    .into_any()
}

fn line(row: &Row) -> AnyView {
    let key = match &row.key {
        Key::Root => ().into_any(),
        Key::Place(n) => view! { <span class="key place">{format!("{n}.")}</span> }.into_any(),
        Key::Name(name) => view! { <span class="key">{excerpt(name, Budget::NAME, "")}":"</span> }.into_any(),
    };
    let leaf = match &row.leaf {
        Leaf::Text(text) => prose(text),
        Leaf::Word(text) => word(text),
        Leaf::Raw(json) => view! { <Foreign text=json.as_str() class="v prose" /> }.into_any(),
        Leaf::List(0) => view! { <span class="v">"[]"</span><span class="note">" empty list"</span> }.into_any(),
        Leaf::Object(0) => view! { <span class="v">"{}"</span><span class="note">" empty object"</span> }.into_any(),
        Leaf::List(n) => view! { <span class="note">{words::count(*n, "item", "items")}</span> }.into_any(),
        Leaf::Object(n) => view! { <span class="note">{words::count(*n, "field", "fields")}</span> }.into_any(),
    };
    // The depth is a class, since the content policy knows no inline styles; deeper than that stays at the edge.
    view! { <li class=format!("d{}", row.depth.min(8))>{key}<div class="what">{leaf}</div></li> }.into_any()
}

/// What goes, what stays, what it can do.
pub(crate) fn tally(view: &ApprovalView) -> AnyView {
    let characters = words::count(view.arguments_text.chars().count(), "character", "characters");
    view! {
        <div class="tally">
            <div>{icon("out")}<b>"Goes to the server"</b><span>{characters}", as shown"</span></div>
            <div>{icon("lock")}<b>"Kept from the agent"</b><span>{words::leaves::kept(&view.leaves)}</span></div>
            <div>{icon("call")}<b>"This tool can"</b><span>{effects(&view.effects)}</span></div>
        </div>
    }
    .into_any()
}
