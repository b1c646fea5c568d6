//! Where the values of a call came from, each in a few words, and on demand the very place.

use super::clock::moment;
use super::marks::{icon, tag};
use super::text::{Foreign, excerpt};
use crate::fold::Budget;
use leptos::prelude::*;
use wire::view::{ArgumentView, ProvenanceView, SourceView};

/// What is known of the values of a call.
#[derive(Clone, Copy)]
pub(crate) struct Origins<'a> {
    /// Whether it was looked for at all.
    pub(crate) traced: bool,
    pub(crate) all: &'a [ProvenanceView],
}

impl<'a> Origins<'a> {
    /// What is known of one argument and the values in it.
    fn of(self, value: &ArgumentView) -> impl Iterator<Item = &'a ProvenanceView> {
        let (own, inside) = (value.pointer.clone(), format!("{}/", value.pointer));
        self.all.iter().filter(move |known| known.pointer == own || known.pointer.starts_with(&inside))
    }

    /// The value, in the frame of foreign text where somebody else wrote it.
    pub(crate) fn around(self, value: &ArgumentView, shown: AnyView) -> AnyView {
        let own = self.of(value).find(|known| known.pointer == value.pointer && is_foreign(known));
        let Some(source) = own.filter(|known| known.standing == "tainted").and_then(|known| known.sources.first())
        else {
            return shown;
        };
        view! { <div class="datamark">{line(source)}<div class="text">{shown}</div>{self.found(value)}</div> }
            .into_any()
    }

    /// The word beside the value.
    pub(crate) fn word(self, value: &ArgumentView) -> AnyView {
        let origin = |class: &str, name, words: AnyView| {
            view! { <span class=format!("origin {class}")>{icon(name)}<span>{words}</span></span> }.into_any()
        };
        let mut known: Vec<&ProvenanceView> = self.of(value).collect();
        known.sort_by_key(|known| rank(known));
        match known.first() {
            _ if !self.traced => origin("unknown", "help", "Origin unknown".into_any()),
            None => origin("chat", "chat", "Not seen by us".into_any()),
            // The frame says it.
            Some(first) if is_foreign(first) && first.pointer == value.pointer && first.standing == "tainted" => {
                ().into_any()
            }
            Some(first) if is_foreign(first) => tag("foreign", "globe", "Partly from untrusted text"),
            Some(first) if first.standing == "unknown" => origin("unknown", "help", "Origin unknown".into_any()),
            Some(first) if first.standing == "named" => {
                let server = first.sources.first().map(|s| excerpt(&s.server, Budget::NAME, ""));
                origin("named", "check", view! { "A name in "{server} }.into_any())
            }
            Some(_) => origin("chat", "chat", "Too common to tell".into_any()),
        }
    }

    /// Where exactly, where the frame does not say it.
    pub(crate) fn places(self, value: &ArgumentView) -> Option<AnyView> {
        let framed = self.of(value).any(|known| known.pointer == value.pointer && known.standing == "tainted");
        (!framed).then(|| self.found(value)).flatten()
    }

    /// Each place that was found of what somebody else wrote.
    fn found(self, value: &ArgumentView) -> Option<AnyView> {
        let known: Vec<&ProvenanceView> = self.of(value).filter(|known| is_foreign(known)).collect();
        if known.is_empty() {
            return None;
        }
        let one = |known: &&ProvenanceView| {
            let inside = known.pointer.strip_prefix(&value.pointer).and_then(|rest| rest.strip_prefix('/'));
            let item = inside.map(|at| match at.parse::<usize>() {
                Ok(n) => view! { <span class="note">{format!("Item {}", n + 1)}</span> }.into_any(),
                Err(_) => excerpt(at, Budget::NAME, "v"),
            });
            let sources = known.sources.iter().map(place).collect_view();
            view! { <li>{item}{sources}</li> }
        };
        let items = known.iter().map(one).collect_view();
        Some(
            view! {
                <details class="where"><summary class="more">"Show where"</summary><ul>{items}</ul></details>
            }
            .into_any(),
        )
    }
}

fn is_foreign(known: &ProvenanceView) -> bool {
    known.standing == "tainted" || known.sources.iter().any(|s| s.trust != "names" && s.matched == "part")
}

/// The most suspicious first.
fn rank(known: &ProvenanceView) -> u8 {
    match known.standing.as_str() {
        "tainted" => 0,
        "unknown" => 2,
        "common" => 3,
        _ if is_foreign(known) => 1,
        _ => 4,
    }
}

/// Who wrote it and when, in our words.
fn line(source: &SourceView) -> AnyView {
    let server = || excerpt(&source.server, Budget::NAME, "");
    let (name, words) = match source.trust.as_str() {
        "web" => ("globe", "From a web page, not trusted".into_any()),
        "names" => ("check", view! { "A name in "{server()} }.into_any()),
        "description" => ("server", view! { "From what "{server()}" says of its tools" }.into_any()),
        _ => ("server", view! { "From "{server()}", not trusted" }.into_any()),
    };
    let how = match source.matched.as_str() {
        "respelled" => ", in another spelling",
        "coded" => ", in a code",
        "part" => ", a part of it",
        "pieces" => ", put together from pieces",
        _ => "",
    };
    view! {
        <span class="from">{icon(name)}<span>{words}{how}</span><span class="note num">{moment(source.at)}</span></span>
    }
    .into_any()
}

/// One place, with what stands around it.
fn place(source: &SourceView) -> AnyView {
    let tool = (!source.tool.is_empty()).then(|| excerpt(&source.tool, Budget::NAME, "note"));
    let parts = &source.parts;
    let (before, after) = (format!("… {}", parts.before), format!("{} …", parts.after));
    view! {
        <div class="datamark">
            {line(source)}{tool}
            <div class="text">
                <Foreign text=before class="v dim" /><mark><Foreign text=parts.text.clone() class="v" /></mark>
                <Foreign text=after class="v dim" />
            </div>
        </div>
    }
    .into_any()
}
