//! Activity: what happened, newest first, by day; and one entry, whole.

use super::clock::Clock;
use super::entry::Detail;
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
use wire::view::EntryView;

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
    entries: RwSignal<Vec<EntryView>>,
    /// Whether there may be older ones.
    more: RwSignal<bool>,
    loaded: RwSignal<bool>,
    fault: RwSignal<Option<Fault>>,
}

impl Timeline {
    /// Fetches the newest page and keeps what was loaded below it.
    fn refresh(self) {
        spawn_local(async move {
            match call(Activity { before: None, limit: PAGE }).await {
                Err(fault) => self.fault.set(Some(fault)),
                Ok(fresh) => {
                    self.fault.set(None);
                    let full = fresh.len() >= PAGE as usize;
                    let oldest = fresh.last().map(|entry| entry.seq);
                    let kept = self.entries.get_untracked().into_iter().filter(|e| oldest.is_some_and(|o| e.seq < o));
                    let first = !self.loaded.get_untracked();
                    // A gap between the new page and what was loaded before would look like a whole: start again.
                    let joins = kept.clone().next().is_none_or(|next| oldest.is_some_and(|o| next.seq == o - 1));
                    let mut entries = fresh;
                    if joins {
                        entries.extend(kept);
                    }
                    if first || !joins {
                        self.more.set(full);
                    }
                    self.entries.set(entries);
                    self.loaded.set(true);
                }
            }
        });
    }

    fn load_more(self) {
        let before = self.entries.with_untracked(|entries| entries.last().map(|entry| entry.seq));
        spawn_local(async move {
            match call(Activity { before, limit: PAGE }).await {
                Err(fault) => self.fault.set(Some(fault)),
                Ok(older) => {
                    self.more.set(older.len() >= PAGE as usize);
                    self.entries.update(|entries| entries.extend(older));
                }
            }
        });
    }
}

/// The page.
#[component]
pub(crate) fn ActivityPage() -> impl IntoView {
    let timeline = Timeline {
        entries: RwSignal::new(Vec::new()),
        more: RwSignal::new(false),
        loaded: RwSignal::new(false),
        fault: RwSignal::new(None),
    };
    let picked = Picked { seq: RwSignal::new(named()), open: RwSignal::new(named().is_some()) };
    let heard = Heard::here();
    Effect::new(move |_| {
        heard.activity.track();
        timeline.refresh();
    });
    Effect::new(move |_| {
        let newest = timeline.entries.with(|entries| entries.first().map(|entry| entry.seq));
        if picked.seq.get_untracked().is_none() {
            picked.seq.set(newest);
        }
    });
    let addressed = window_event_listener_untyped("hashchange", move |_| {
        if let Some(seq) = named() {
            picked.pick(seq);
        }
    });
    on_cleanup(move || addressed.remove());
    let blank = Memo::new(move |_| timeline.loaded.get() && timeline.entries.with(Vec::is_empty));
    view! {
        <header class="head">
            <h1>"Activity"</h1>
            <span class="note">"Every call, every answer, in the order they happened"</span>
        </header>
        {move || timeline.fault.get().map(|fault| view! { <div class="detail">{trouble(&fault)}</div> })}
        {move || if blank.get() { empty() } else { both(timeline, picked) }}
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
    let now = Clock::here().now();
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
    let part = |text: &str| (!text.is_empty()).then(|| view! { <span>{excerpt(text, short, "")}</span> });
    view! {
        <button
            class="entry" type="button" aria-current=move || (picked.seq.get() == Some(seq)).then_some("true")
            on:click=move |_| picked.pick(seq)
        >
            <time>{backend::local(entry.at).minute_words()}</time>
            <span class=format!("sign {class}")>{icon(name)}</span>
            <span>
                <span class="t">{excerpt(&entry.summary, Budget { characters: 160, lines: 3 }, "")}</span>
                <span class="m">{part(&entry.client)}{part(&entry.server)}{part(&entry.tool)}</span>
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
