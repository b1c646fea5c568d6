//! What can be said about a value: where a path leads, who owns a host, how a command falls apart, what base64 hides.

use super::marks::{icon, mark, tag};
use super::text::{Datamark, Foreign, excerpt};
use crate::fold::Budget;
use crate::words;
use leptos::prelude::*;
use wire::view::{ArgumentView, Found, Mark, MarkView, PathPlace, PieceKind, PieceView};

/// The value itself, where it can be drawn as what it is instead of as a text.
pub(super) fn whole(value: &ArgumentView) -> Option<AnyView> {
    let own = value.marks.iter().filter(|m| m.pointer == value.pointer);
    own.map(|m| &m.mark).find_map(|said| match said {
        Mark::Command { pieces } => Some(command(pieces)),
        Mark::Url { scheme, user, before, domain, after, .. } => {
            // Only where it stands there as programs read it is a part of it set in bold.
            let parts = format!("{scheme}{}{before}{domain}{after}", user.as_deref().unwrap_or_default());
            let close = [value.text.as_str(), value.text.trim_end_matches('/')].contains(&parts.trim_end_matches('/'))
                || value.text == parts;
            (close && value.text.len() <= 600).then(|| address(scheme, user.as_deref(), before, domain, after))
        }
        _ => None,
    })
}

/// The lines under a value.
pub(super) fn about(value: &ArgumentView) -> Option<AnyView> {
    let lines: Vec<AnyView> = value.marks.iter().filter_map(|m| line(value, m)).collect();
    (!lines.is_empty()).then(|| view! { <ul class="said">{lines}</ul> }.into_any())
}

fn line(value: &ArgumentView, said: &MarkView) -> Option<AnyView> {
    let inside = said.pointer.strip_prefix(&value.pointer).and_then(|rest| rest.strip_prefix('/'));
    let place = inside.map(|at| match at.parse::<usize>() {
        Ok(n) => view! { <span class="note">{format!("Item {}: ", n + 1)}</span> }.into_any(),
        Err(_) => view! { <span class="note">{excerpt(at, Budget::NAME, "v")}": "</span> }.into_any(),
    });
    let said = match &said.mark {
        Mark::Path { leads_to, linked, found, place, root } => {
            path(leads_to.as_deref(), *linked, *found, *place, root.as_deref())
        }
        Mark::Url { scheme, user, before, domain, after, letters, open } => {
            let shown = inside.is_some() || whole(value).is_none();
            let parts = shown.then(|| address(scheme, user.as_deref(), before, domain, after));
            url(parts, user.is_some(), domain, letters.as_deref(), *open)
        }
        Mark::Command { pieces } => shell(pieces)?,
        Mark::Base64 { text, bytes } => view! { <Decoded text=text.clone() bytes=*bytes /> }.into_any(),
        Mark::Amount { currency, unit, maybe_hundredths } => {
            amount(currency.as_deref(), unit.as_deref(), *maybe_hundredths)?
        }
        Mark::Items { count } => {
            let n = usize::try_from(*count).unwrap_or(usize::MAX);
            view! { <span class="note">{words::count(n, "item", "items")}</span> }.into_any()
        }
        Mark::Party { value: who, times, last_at, inside, like, .. } => {
            // Where the value is nothing but the party, its name stands there already.
            let named = (value.text.trim() != who).then_some(who.as_str());
            party(named, *times, *last_at, *inside, like.as_deref())
        }
    };
    Some(view! { <li>{place}{said}</li> }.into_any())
}

fn path(leads_to: Option<&str>, linked: bool, found: Found, place: PathPlace, root: Option<&str>) -> AnyView {
    let leads = leads_to.map(|to| {
        let to = excerpt(to, Budget { characters: 300, lines: 1 }, "v");
        let head = if linked {
            tag("caution", "alert", "A link, leads to")
        } else {
            view! { <span class="note">"Is "</span> }.into_any()
        };
        view! { {head}" "{to}" " }
    });
    let what = match found {
        Found::File => mark("", "file", "A file"),
        Found::Folder => mark("", "file", "A folder"),
        Found::Other => mark("caution", "alert", "A device or socket"),
        Found::Nothing => mark("", "plus", "Nothing there"),
        Found::NotLooked => mark("", "help", "Not looked at"),
    };
    let root = root.map(|root| excerpt(root, Budget { characters: 120, lines: 1 }, "v"));
    let given = view! { <span class="note">"the folder the server was given: "</span> };
    let place = match place {
        PathPlace::Inside => Some(view! { <p>{mark("ok", "check", "Inside")}" "{given}{root}</p> }.into_any()),
        PathPlace::Outside => Some(view! { <p>{tag("caution", "alert", "Outside")}" "{given}{root}</p> }.into_any()),
        PathPlace::Unknown => None,
    };
    view! { <p class="leads">{leads}{what}</p>{place} }.into_any()
}

/// Whether calls went there before, whose it is, and whom it can be taken for.
fn party(
    named: Option<&str>,
    times: Option<u64>,
    last_at: Option<i64>,
    inside: Option<bool>,
    like: Option<&str>,
) -> AnyView {
    let name = named.map(|who| view! { <b>{excerpt(who, Budget::NAME, "v")}</b> });
    let seen = match (times, last_at) {
        (None, _) => mark("caution", "help", "Not known whether you used it before"),
        (Some(0), _) => tag("caution", "plus", "First time"),
        (Some(n), at) => {
            let n = usize::try_from(n).unwrap_or(usize::MAX);
            let last = at.map(|at| format!(", last {}", when(at))).unwrap_or_default();
            mark("", "check", format!("Seen {}{last}", words::count(n, "time", "times")))
        }
    };
    let place = inside.map(|inside| match inside {
        true => mark("ok", "check", "Inside your domains"),
        false => tag("caution", "alert", "Outside your domains"),
    });
    let like = like.map(|like| {
        let tagged = tag("danger", "stop", "Looks like");
        let other = excerpt(like, Budget::NAME, "v");
        view! { <p>{tagged}" "{other}<span class="note">", which you know. It is another."</span></p> }
    });
    view! { <span class="row wrap">{name}{seen}{place}</span>{like} }.into_any()
}

/// `at 16:05`, `on 3 Nov, 16:05`.
fn when(at: i64) -> String {
    let said = super::clock::moment(at);
    if said.contains(',') { format!("on {said}") } else { format!("at {said}") }
}

/// A URL with its owner in bold.
fn address(scheme: &str, user: Option<&str>, before: &str, domain: &str, after: &str) -> AnyView {
    let user = user.map(|user| view! { <span class="dim"><Foreign text=user class="" /></span> });
    view! {
        <bdi class="v prose url">
            <span class="dim">{scheme.to_owned()}</span>{user}<Foreign text=before class="" /><b><Foreign text=domain class="" /></b>
            <Foreign text=after class="" />
        </bdi>
    }
    .into_any()
}

fn url(parts: Option<AnyView>, disguised: bool, domain: &str, letters: Option<&str>, open: bool) -> AnyView {
    let read = parts.map(|parts| view! { <span class="note">"Read as "</span>{parts} });
    let owner =
        view! { {icon("globe")}<span class="note">"Belongs to "</span><b>{excerpt(domain, Budget::NAME, "v")}</b> };
    let letters = letters.map(|letters| {
        let tagged = tag("caution", "alert", "Looks like");
        view! { <span>{tagged}" "{excerpt(letters, Budget::NAME, "v")}</span> }
    });
    let disguised = disguised.then(|| tag("caution", "alert", "What stands before @ is not the host"));
    let open = open.then(|| mark("caution", "alert", "Not encrypted on the way"));
    view! { {read}<span class="row wrap">{owner}</span>{letters}{disguised}{open} }.into_any()
}

/// A command line, piece by piece.
fn command(pieces: &[PieceView]) -> AnyView {
    let piece = |piece: &PieceView| {
        let (class, said) = match piece.kind {
            PieceKind::Program => ("word prog", "program: "),
            PieceKind::Word => ("word", ""),
            PieceKind::Joint => ("word joint", "then: "),
            PieceKind::Redirection => ("word joint", "redirected: "),
            PieceKind::Substitution => ("word fresh", "filled in by the shell: "),
        };
        let text = if piece.text == "\n" { "⏎" } else { piece.text.as_str() };
        view! { <code class=class><span class="vh">{said}</span><Foreign text=text class="" /></code> }
    };
    view! { <div class="cmd">{pieces.iter().map(piece).collect_view()}</div> }.into_any()
}

/// What the shell itself does.
fn shell(pieces: &[PieceView]) -> Option<AnyView> {
    let count = |kind: PieceKind| pieces.iter().filter(|p| p.kind == kind).count();
    let said = |n: usize, one: &str, many: &str| (n > 0).then(|| words::count(n, one, many));
    let parts: Vec<String> = [
        said(count(PieceKind::Redirection), "redirection", "redirections"),
        said(count(PieceKind::Substitution), "word the shell fills in", "words the shell fills in"),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| view! { <span class="note">{parts.join(", ")}</span> }.into_any())
}

fn amount(currency: Option<&str>, unit: Option<&str>, maybe_hundredths: bool) -> Option<AnyView> {
    let currency = currency.map(|c| {
        let name = excerpt(c, Budget { characters: 24, lines: 1 }, "v");
        view! { <span class="note">"in "</span>{name} }
    });
    let unit = unit.map(|unit| view! { <span class="note">"counted in "{unit.to_owned()}</span> });
    let hundredths = maybe_hundredths
        .then(|| view! { <span class="note">"A whole number: some services count in hundredths."</span> });
    (currency.is_some() || unit.is_some()).then(|| view! { {currency}{unit}{hundredths} }.into_any())
}

/// Text in base64, decoded when the person wants to see it.
#[component]
fn Decoded(text: String, bytes: u64) -> impl IntoView {
    let open = RwSignal::new(false);
    let n = usize::try_from(bytes).unwrap_or(usize::MAX);
    let whole = text.len() >= n;
    let from =
        if whole { "Decoded from base64 by Consentry" } else { "Decoded from base64 by Consentry, the beginning" };
    view! {
        <Show
            when=move || open.get()
            fallback=move || view! {
                <button class="more" type="button" on:click=move |_| open.set(true)>
                    {format!("Decode {} of base64", words::count(n, "byte", "bytes"))}
                </button>
            }
        >
            <Datamark from icon="eye" text=text.clone() />
        </Show>
    }
}
