//! One entry of the log: what happened first, in plain words, then why, when, what was sent, and its place in the chain.

use super::activity::{Picked, headline, line};
use super::marks::{back, effects, icon, tag};
use super::shell::trouble;
use super::story;
use super::text::Foreign;
use super::values::structure;
use crate::backend::{self, call};
use crate::fold::Budget;
use crate::words;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::Entry;
use wire::view::{EntryDetail, EntryView};

/// The pane beside the timeline.
#[component]
pub(crate) fn Detail(picked: Picked) -> impl IntoView {
    let fetched = RwSignal::new(None::<Result<EntryDetail, Fault>>);
    Effect::new(move |_| {
        let Some(seq) = picked.seq.get() else { return };
        spawn_local(async move {
            let entry = call(Entry { seq }).await;
            // The person may have gone on while this was under way.
            if picked.seq.try_get_untracked() == Some(Some(seq)) {
                fetched.set(Some(entry));
            }
        });
    });
    view! {
        <section class="detail" aria-label="Entry" aria-live="polite">
            {back("All entries", move || picked.open.set(false))}
            {move || match fetched.get() {
                None => ().into_any(),
                Some(Err(fault)) => trouble(&fault),
                Some(Ok(detail)) => whole(&detail, picked),
            }}
        </section>
    }
}

fn whole(detail: &EntryDetail, picked: Picked) -> AnyView {
    let entry = &detail.entry;
    let at = backend::local(entry.at);
    let (class, name) = words::entry(&entry.kind, &entry.result);
    let class = match class {
        "ok" => "ok",
        "no" => "danger",
        "wait" => "caution",
        _ => "",
    };
    let result = if entry.result.is_empty() { &entry.kind } else { &entry.result };
    let when = format!("{}, {}", at.date_words(), at.second_words());
    let number = format!("entry {}", words::grouped(usize::try_from(entry.seq).unwrap_or_default()));
    view! {
        <div>
            <p class="row wrap">
                {tag(class, name, words::class(&wire::text::escaped(result)))}
                <span class="note num">{when}", "{number}</span>
            </p>
            {headline(entry)}
        </div>
        {detail.story.as_ref().map(story::told)}
        {facts(entry)}
        {detail.bodies.iter().filter(|(name, _)| name != "card").map(|(name, body)| shown(&entry.kind, name, body)).collect_view()}
        {detail.story.as_ref().and_then(story::card)}
        {explained(&detail.explained)}
        {related(detail, picked)}
        <details class="fold">
            <summary>{icon("chev")}"The record, byte for byte as it stands in the chain"</summary>
            <div class="folded"><div class="code"><Foreign text=detail.record.as_str() class="v prose" /></div></div>
        </details>
        <details class="fold">
            <summary>{icon("chev")}"Proof: its hash and the one before it"</summary>
            <dl class="facts folded">
                <dt>"This entry"</dt><dd><code class="hash">{words::digest(&detail.hash)}</code></dd>
                <dt>"The one before"</dt><dd><code class="hash">{words::digest(&detail.previous)}</code></dd>
            </dl>
            <p class="note">
                "To prove later that nothing was cut off, keep the newest hash somewhere outside this account. "
                "“consentry audit verify” recomputes all of them."
            </p>
        </details>
    }
    .into_any()
}

/// Every rule that matters to the call, at each level of consent.
fn explained(lines: &[String]) -> Option<AnyView> {
    let line = |line: &String| match line.strip_prefix("  ") {
        Some(rule) => view! { <li class="inner"><Foreign text=rule budget=Budget::VALUE class="" /></li> }.into_any(),
        None => view! { <li><b>{line.clone()}</b></li> }.into_any(),
    };
    (!lines.is_empty()).then(|| {
        view! {
            <details class="fold">
                <summary>{icon("chev")}"Every rule that matters to it, as the rules are now"</summary>
                <ul class="folded levels">{lines.iter().map(line).collect_view()}</ul>
            </details>
        }
        .into_any()
    })
}

fn facts(entry: &EntryView) -> AnyView {
    let fact = |name: &'static str, text: &str| {
        (!text.is_empty())
            .then(|| view! { <dt>{name}</dt><dd><Foreign text=text budget=Budget::NAME class="v" /></dd> })
    };
    let can = (!entry.effects.is_empty()).then(|| view! { <dt>"The tool can"</dt><dd>{effects(&entry.effects)}</dd> });
    view! {
        <dl class="facts">
            {fact("Asked by", &entry.client)}
            {fact("Server", &entry.server)}
            {fact("Tool", &entry.tool)}
            {can}
            {fact("Call", entry.call.as_deref().unwrap_or_default())}
        </dl>
    }
    .into_any()
}

/// A body kept beside the chain.
fn shown(kind: &str, name: &str, body: &str) -> AnyView {
    let (heading, folded) = match name {
        "arguments" if kind == "refused" => ("Arguments; nothing of this was sent", false),
        "arguments" => ("Arguments, as sent", false),
        "policies" => ("The policies", true),
        "facts" => ("What the rules were told of it", true),
        "result" => ("Result, as it came back", false),
        _ => ("", false),
    };
    let heading = if heading.is_empty() { words::class(&wire::text::escaped(name)) } else { heading.to_owned() };
    let laid_out = view! { <div class="code laid">{structure(body)}</div> };
    if folded {
        return view! {
            <details class="fold"><summary>{icon("chev")}{heading}</summary>{laid_out}</details>
        }
        .into_any();
    }
    view! { <section class="stack"><h3 class="caption">{heading}</h3>{laid_out}</section> }.into_any()
}

fn related(detail: &EntryDetail, picked: Picked) -> Option<AnyView> {
    if detail.related.is_empty() {
        return None;
    }
    Some(
        view! {
            <section class="stack">
                <h3 class="caption">"The rest of this call"</h3>
                <div class="related">{detail.related.iter().map(|entry| line(entry, picked)).collect_view()}</div>
            </section>
        }
        .into_any(),
    )
}
