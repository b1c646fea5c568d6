//! Activity: what happened, newest first, by day, one line per call; what narrows it; and one of them, whole.

use super::entry::Detail;
use super::export::Export;
use super::filters::{Filters, everything};
use super::marks::icon;
use super::shell::{Heard, how_to_connect, trouble};
use super::text::{Foreign, excerpt};
use crate::backend::{self, call};
use crate::fold::Budget;
use crate::words;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::Activity;
use wire::view::{ActivityFilter, EntryView};

/// How many entries are fetched at once.
const PAGE: u32 = 100;

/// The entry that is shown, and whether the person asked for it: where there is room for one only, that decides.
#[derive(Clone, Copy)]
pub(crate) struct Picked {
    /// Its place in the chain.
    pub(crate) seq: RwSignal<Option<i64>>,
    /// Whether it was picked rather than shown by itself.
    pub(crate) open: RwSignal<bool>,
}

impl Picked {
    fn pick(self, seq: i64) {
        self.seq.set(Some(seq));
        self.open.set(true);
    }
}

/// What has been fetched so far, newest first.
#[derive(Clone, Copy)]
struct Timeline {
    filter: RwSignal<ActivityFilter>,
    entries: RwSignal<Vec<EntryView>>,
    /// Whether there may be older ones.
    more: RwSignal<bool>,
    loaded: RwSignal<bool>,
    fault: RwSignal<Option<Fault>>,
}

impl Timeline {
    /// Fetches the newest page and keeps what was loaded below it.
    fn refresh(self) {
        let filter = self.filter.get_untracked();
        spawn_local(async move {
            let fetched = call(Activity { filter: filter.clone(), before: None, limit: PAGE }).await;
            // Something else may be looked for by now.
            if self.filter.try_get_untracked().is_none_or(|now| now != filter) {
                return;
            }
            match fetched {
                Err(fault) => self.fault.set(Some(fault)),
                Ok(fresh) => self.join(fresh),
            }
        });
    }

    fn join(self, fresh: Vec<EntryView>) {
        self.fault.set(None);
        let full = fresh.len() >= PAGE as usize;
        let oldest = fresh.last().map(|entry| entry.seq);
        let known = self.entries.get_untracked();
        let newest_known = known.first().map(|entry| entry.seq);
        // A gap between the new page and what was loaded before would look like a whole: start again.
        let joins = full && oldest.zip(newest_known).is_some_and(|(oldest, known)| oldest <= known);
        let mut entries = fresh;
        if joins {
            // A call that went on stands in the new page now.
            let again =
                |old: &EntryView| entries.iter().any(|e| e.seq == old.seq || (e.call.is_some() && e.call == old.call));
            let kept: Vec<EntryView> =
                known.into_iter().filter(|e| oldest.is_some_and(|oldest| e.seq < oldest) && !again(e)).collect();
            entries.extend(kept);
        } else {
            self.more.set(full);
        }
        self.entries.set(entries);
        self.loaded.set(true);
    }

    fn load_more(self) {
        let (filter, before) =
            (self.filter.get_untracked(), self.entries.with_untracked(|entries| entries.last().map(|entry| entry.seq)));
        spawn_local(async move {
            let fetched = call(Activity { filter: filter.clone(), before, limit: PAGE }).await;
            if self.filter.try_get_untracked().is_none_or(|now| now != filter) {
                return;
            }
            match fetched {
                Err(fault) => self.fault.set(Some(fault)),
                Ok(older) => {
                    self.more.set(older.len() >= PAGE as usize);
                    self.entries.update(|entries| entries.extend(older));
                }
            }
        });
    }

    /// Which of its looks the page has: only a change of these draws it from the ground up.
    fn look(self) -> Look {
        if !self.loaded.get() {
            return Look::Loading;
        }
        let narrowed = self.filter.with(|filter| *filter != everything());
        self.entries.with(|entries| match (entries.iter().all(is_bare), narrowed) {
            (true, true) if entries.is_empty() => Look::NothingFound,
            (true, false) => Look::Nothing,
            _ => Look::Listed,
        })
    }
}

/// Whether an entry tells nothing that a person did or a client asked for.
fn is_bare(entry: &EntryView) -> bool {
    matches!(entry.kind.as_str(), "started" | "stopped")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Loading,
    Nothing,
    NothingFound,
    Listed,
}

/// The page.
#[component]
pub(crate) fn ActivityPage() -> impl IntoView {
    let timeline = Timeline {
        filter: RwSignal::new(everything()),
        entries: RwSignal::new(Vec::new()),
        more: RwSignal::new(false),
        loaded: RwSignal::new(false),
        fault: RwSignal::new(None),
    };
    let picked = Picked { seq: RwSignal::new(named()), open: RwSignal::new(named().is_some()) };
    let heard = Heard::here();
    Effect::new(move |_| {
        heard.activity.track();
        timeline.filter.track();
        timeline.refresh();
    });
    Effect::new(move |_| {
        let newest = timeline.entries.with(|entries| entries.first().map(|entry| entry.seq));
        // What the person did not pick follows the list.
        if picked.seq.get_untracked().is_none() || !picked.open.get_untracked() {
            picked.seq.set(newest);
        }
    });
    let addressed = window_event_listener_untyped("hashchange", move |_| {
        if let Some(seq) = named() {
            picked.pick(seq);
        }
    });
    on_cleanup(move || addressed.remove());
    let look = Memo::new(move |_| timeline.look());
    let exporting = RwSignal::new(false);
    let narrow = move || look.get() != Look::Nothing;
    view! {
        <header class="head">
            <h1>"Activity"</h1>
            <span class="note">"Every call, every answer, in the order they happened"</span>
            <button
                class="btn small push" type="button" aria-expanded=move || exporting.get().to_string()
                on:click=move |_| exporting.update(|open| *open = !*open)
            >
                {icon("download")}"Export…"
            </button>
        </header>
        <Show when=narrow><Filters filter=timeline.filter /></Show>
        <Show when=move || exporting.get()><Export filter=timeline.filter /></Show>
        {move || timeline.fault.get().map(|fault| view! { <div class="detail">{trouble(&fault)}</div> })}
        {move || match look.get() {
            Look::Loading => ().into_any(),
            Look::Nothing => empty(),
            Look::NothingFound => not_found(timeline.filter),
            Look::Listed => both(timeline, picked),
        }}
    }
}

/// The entry that the address names: `#activity/17`.
fn named() -> Option<i64> {
    backend::hash().strip_prefix("activity/")?.parse().ok()
}

fn empty() -> AnyView {
    view! {
        <div class="detail blank">
            <h2 class="say">"Nothing has happened yet."</h2>
            <p class="soft">
                "Once a client works through Consentry, each call stands here: who asked, what was sent, "
                "what was decided and why."
            </p>
            {how_to_connect()}
        </div>
    }
    .into_any()
}

fn not_found(filter: RwSignal<ActivityFilter>) -> AnyView {
    view! {
        <div class="detail blank" role="status">
            <h2 class="say">"Nothing in the record is like that."</h2>
            <p class="soft">"Take a filter away, or look for other words: names, arguments and reasons are searched."</p>
            <button class="btn" type="button" on:click=move |_| filter.set(everything())>"Show everything"</button>
        </div>
    }
    .into_any()
}

fn both(timeline: Timeline, picked: Picked) -> AnyView {
    let days = move || timeline.entries.with(|entries| days(entries, picked));
    view! {
        <div class="split list-l" class:open=move || picked.open.get()>
            <section class="list" aria-label="Timeline">
                {days}
                <Show when=move || timeline.more.get()>
                    <button class="btn small older" type="button" on:click=move |_| timeline.load_more()>
                        "Older entries"
                    </button>
                </Show>
            </section>
            <Detail picked />
        </div>
    }
    .into_any()
}

/// The entries under the day they fell on.
fn days(entries: &[EntryView], picked: Picked) -> AnyView {
    // Not followed: the list would be made anew with every second.
    let now = backend::now_ms();
    let (today, yesterday) = (backend::local(now), backend::local(now - 24 * 3_600_000));
    let day = |entries: &[EntryView]| {
        let heading = entries.first().map(|e| backend::local(e.at).day_words(&today, &yesterday)).unwrap_or_default();
        view! {
            <h2 class="caption day">{heading}</h2>
            {entries.iter().map(|entry| line(entry, picked)).collect_view()}
        }
    };
    entries.chunk_by(|a, b| backend::local(a.at).same_day(&backend::local(b.at))).map(day).collect_view().into_any()
}

/// One entry in the list.
pub(crate) fn line(entry: &EntryView, picked: Picked) -> AnyView {
    let seq = entry.seq;
    let (class, name) = words::entry(&entry.kind, &entry.result);
    let short = Budget { characters: 40, lines: 1 };
    // What the sentence says already is not said twice.
    let said = |text: &str| text.is_empty() || entry.summary.contains(&wire::text::escaped(text));
    let part = |text: &str| (!said(text)).then(|| view! { <span>{excerpt(text, short, "")}</span> });
    let asked =
        (entry.asked && entry.call.is_some() && entry.kind != "asked").then(|| view! { <span>"You were asked"</span> });
    view! {
        <button
            class="entry" type="button" aria-current=move || (picked.seq.get() == Some(seq)).then_some("true")
            on:click=move |_| picked.pick(seq)
        >
            <time>{backend::local(entry.at).minute_words()}</time>
            <span class=format!("sign {class}")>{icon(name)}</span>
            <span>
                <span class="t">{excerpt(&entry.summary, Budget { characters: 160, lines: 3 }, "")}</span>
                <span class="m">{part(&entry.client)}{part(&entry.server)}{part(&entry.tool)}{asked}</span>
            </span>
        </button>
    }
    .into_any()
}

/// The sentence of an entry, as the head of its page.
pub(crate) fn headline(entry: &EntryView) -> AnyView {
    view! { <h2 class="say"><Foreign text=entry.summary.as_str() budget=Budget::DESCRIPTION class="" /></h2> }
        .into_any()
}
