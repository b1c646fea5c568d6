//! Calls of one tool that wait together, on one card. What is mild can be ticked and approved here, each by its own
//! digest; everything else has to be opened and answered by itself.

use super::body::sentence_in_list;
use super::keyboard::{Keyboard, Wish};
use super::marks::{icon, mark, tag};
use super::shell::Heard;
use super::text::excerpt;
use crate::arming::{Arming, Facts, Gate, gate, label};
use crate::backend::{self, call};
use crate::fold::Budget;
use crate::words;
use leptos::html::Button;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use wire::command::{ApproveBatch, BatchHidden, BatchVisible, Reject};
use wire::view::{BatchItem, BatchView, Level, Listed};
use wire::{Fault, FaultCode};

/// How long the card of a list must be visible before a yes counts, in milliseconds.
const DELAY_MS: u32 = 600;

/// What became of an item here.
#[derive(Clone, PartialEq, Eq)]
enum Said {
    Yes,
    No,
    Failed(String),
}

/// The signals of one list.
#[derive(Clone, Copy)]
struct Choosing {
    items: StoredValue<Vec<BatchItem>>,
    /// The ids that still wait, as the broker says.
    waiting: Memo<BTreeSet<String>>,
    chosen: RwSignal<BTreeSet<String>>,
    said: RwSignal<BTreeMap<String, Said>>,
    arming: RwSignal<Arming>,
    beat: RwSignal<u32>,
    round: StoredValue<u32>,
    sending: RwSignal<bool>,
    /// Another window lies over the card.
    covered: RwSignal<bool>,
    fault: RwSignal<Option<Fault>>,
}

impl Choosing {
    fn listed(self, ids: impl Fn(&str) -> bool) -> Vec<Listed> {
        let listed = |item: &BatchItem| Listed { id: item.question.id.clone(), digest: item.question.digest.clone() };
        self.items.with_value(|items| items.iter().filter(|item| ids(&item.question.id)).map(listed).collect())
    }

    /// Whether it waits for an answer still; tracked.
    fn is_open(self, id: &str) -> bool {
        let answered = self.said.with(|said| matches!(said.get(id), Some(Said::Yes | Said::No)));
        !answered && self.waiting.with(|waiting| waiting.contains(id))
    }

    fn open(self) -> Vec<Listed> {
        self.listed(|id| self.is_open(id))
    }

    fn ticked(self) -> Vec<Listed> {
        self.listed(|id| self.is_open(id) && self.chosen.with(|chosen| chosen.contains(id)))
    }

    fn others(self) -> Vec<Listed> {
        self.listed(|id| self.is_open(id) && !self.chosen.with(|chosen| chosen.contains(id)))
    }

    fn gate(self) -> Gate {
        self.beat.track();
        gate(
            Facts { sending: self.sending.get(), covered: self.covered.get(), ..Facts::default() },
            &self.arming.get(),
            backend::now(),
        )
    }

    /// Starts the delay again from the next time that the list is on the screen.
    fn arm(self) {
        let Some(round) = self.round.try_get_value().map(|round| round + 1) else { return };
        self.round.set_value(round);
        self.arming.update(Arming::hide);
        backend::after_paint(move || {
            if self.round.try_get_value() == Some(round) && backend::is_visible() {
                spawn_local(self.tell(round));
            }
        });
    }

    async fn tell(self, round: u32) {
        let items = self.listed(|_| true);
        let _told = call(BatchHidden {}).await;
        let told = call(BatchVisible { items }).await;
        if self.round.try_get_value() != Some(round) {
            return;
        }
        self.covered.set(matches!(&told, Err(fault) if fault.code == FaultCode::TooEarly));
        match told {
            Ok(()) => {
                self.arming.update(|arming| arming.see(backend::now()));
                let open = move || {
                    if self.round.try_get_value() == Some(round) {
                        self.beat.update(|n| *n += 1);
                    }
                };
                set_timeout(open, Duration::from_millis(u64::from(DELAY_MS) + 10));
            }
            // The window says when it is free.
            Err(fault) if fault.code == FaultCode::TooEarly => {}
            Err(fault) => self.fault.set(Some(fault)),
        }
    }

    fn approve(self) {
        let items = untrack(|| self.ticked());
        if items.is_empty() || untrack(|| self.gate()) != Gate::Open {
            return;
        }
        self.sending.set(true);
        self.fault.set(None);
        spawn_local(async move {
            let answers = call(ApproveBatch { items }).await;
            if self.round.try_get_value().is_none() {
                return;
            }
            self.sending.set(false);
            match answers {
                Err(fault) => self.fault.set(Some(fault)),
                Ok(answers) => {
                    let early = answers.iter().any(|a| a.fault.as_ref().is_some_and(|f| f.code == FaultCode::TooEarly));
                    let told = |fault: Option<Fault>| fault.map_or(Said::Yes, |fault| Said::Failed(fault.message));
                    self.said.update(|said| said.extend(answers.into_iter().map(|a| (a.id, told(a.fault)))));
                    if early {
                        self.arm();
                    }
                }
            }
        });
    }

    /// Says no to each of these; works at once.
    fn reject(self, items: Vec<Listed>) {
        spawn_local(async move {
            for Listed { id, .. } in items {
                let said = match call(Reject { id: id.clone(), reason: None }).await {
                    Ok(()) => Said::No,
                    Err(fault) => Said::Failed(fault.message),
                };
                if self.said.try_update(|all| all.insert(id, said)).is_none() {
                    return;
                }
            }
        });
    }
}

/// The card.
#[component]
pub(crate) fn Batch(
    batch: BatchView,
    /// What the broker says of these calls now.
    #[prop(into)]
    latest: Signal<Option<BatchView>>,
    /// Shows one of them, whole.
    on_open: Callback<String>,
    /// Leaves the card: all was answered, or the person wants to see what came since.
    on_close: Callback<()>,
    /// The person wants to see all of it later.
    on_later: Callback<Vec<String>>,
) -> impl IntoView {
    let now =
        move || latest.with(|latest| latest.iter().flat_map(|b| &b.items).map(|i| i.question.id.clone()).collect());
    let choosing = Choosing {
        items: StoredValue::new(batch.items.clone()),
        waiting: Memo::new(move |_| now()),
        chosen: RwSignal::new(BTreeSet::new()),
        said: RwSignal::new(BTreeMap::new()),
        arming: RwSignal::new(Arming::unseen(DELAY_MS)),
        beat: RwSignal::new(0),
        round: StoredValue::new(0),
        sending: RwSignal::new(false),
        covered: RwSignal::new(false),
        fault: RwSignal::new(None),
    };
    let heard = Heard::here();
    Effect::new(move |_| {
        heard.rearm.track();
        choosing.arm();
    });
    on_cleanup(|| spawn_local(async { drop(call(BatchHidden {}).await) }));
    let keyboard = Keyboard::begin();
    let keys = window_event_listener(leptos::ev::keydown, move |event| match keyboard.heard(&event) {
        Some(Wish::Approve) => choosing.approve(),
        Some(Wish::Away) => on_later.run(untrack(|| choosing.open()).into_iter().map(|item| item.id).collect()),
        None => {}
    });
    on_cleanup(move || keys.remove());
    let came = move || {
        let known: BTreeSet<String> = choosing.listed(|_| true).into_iter().map(|item| item.id).collect();
        choosing.waiting.with(|now| now.iter().filter(|id| !known.contains(*id)).count())
    };
    let over = Memo::new(move |_| choosing.open().is_empty());
    let more = move || {
        let n = came();
        (n > 0 && !over.get()).then(|| {
            let words = words::count(n, "more call came", "more calls came");
            view! {
                <p class="row wrap"><span class="note">{words}" since."</span>
                    <button class="btn small" type="button" on:click=move |_| on_close.run(())>"Show all"</button>
                </p>
            }
        })
    };
    let rows = batch.items.iter().map(|item| row(item, choosing, on_open)).collect_view();
    let high = batch.items.iter().any(|item| !item.may_be_chosen);
    let alone = high.then(|| {
        view! { <p class="note">"What can’t be taken back, or is high risk, has to be opened and answered by itself."</p> }
    });
    view! {
        <section class="card batch" role="alertdialog" aria-labelledby="say">
            <header class="card-bar"><span class="brand">{icon("gate")}"Consentry"</span><span>"Several calls at once"</span></header>
            <div class="card-body" tabindex="0" role="group" aria-label="The calls">
                {head(&batch)}
                <ul class="batch-list">{rows}</ul>
                {alone}{more}
            </div>
            <footer class="decide">
                {move || choosing.fault.get().map(|fault| view! {
                    <p class="fault" role="alert">{icon("alert")}<span><b>"That did not work. "</b>{fault.message}</span></p>
                })}
                {move || if over.get() { done(on_close) } else { decide(choosing, on_later) }}
            </footer>
        </section>
    }
}

fn head(batch: &BatchView) -> AnyView {
    let Some(first) = batch.items.first().map(|item| &item.question) else { return ().into_any() };
    let many = words::count(batch.items.len(), "call", "calls");
    let named = |name: &str| excerpt(name, Budget { characters: 40, lines: 1 }, "");
    view! {
        <h1 class="say" id="say">
            {many}" of "<span class="slot">{named(&first.tool)}</span>" on "<span class="slot">{named(&first.server)}</span>
            " wait for you."
        </h1>
        <p class="soft">"Asked by "{named(&first.client.name)}". Nothing is ticked for you: each call is a yes of its own."</p>
    }
    .into_any()
}

fn row(item: &BatchItem, choosing: Choosing, on_open: Callback<String>) -> AnyView {
    let (question, may) = (&item.question, item.may_be_chosen);
    let id = StoredValue::new(question.id.clone());
    let said = sentence_in_list(&question.sentence);
    let ticked = move || id.with_value(|id| choosing.chosen.with(|chosen| chosen.contains(id)));
    let open = Memo::new(move |_| id.with_value(|id| choosing.is_open(id)));
    let flip = move |_| {
        choosing.chosen.update(|chosen| {
            let id = id.get_value();
            if !chosen.remove(&id) {
                chosen.insert(id);
            }
        });
    };
    let tick = if may {
        view! {
            <label><input type="checkbox" prop:checked=ticked disabled=move || !open.get() on:change=flip /><span>{said}</span></label>
        }
        .into_any()
    } else {
        view! { <p class="alone"><span class="none" aria-hidden="true"></span><span>{said}</span></p> }.into_any()
    };
    let marks = (
        (question.level == Level::StepUp).then(|| tag("danger", "stop", "High risk")),
        (!may).then(|| mark("", "lock", "Open it to answer")),
        (!question.findings.is_empty())
            .then(|| mark("caution", "alert", words::count(question.findings.len(), "finding", "findings"))),
        (!question.edits.is_empty()).then(|| mark("caution", "diff", "Changed by you")),
    );
    let state = move || {
        let said = id.with_value(|id| choosing.said.with(|said| said.get(id).cloned()));
        match said {
            Some(Said::Yes) => mark("ok", "check", "Approved"),
            Some(Said::No) => mark("danger", "x", "Rejected"),
            Some(Said::Failed(why)) if open.get() => {
                view! { <span class="fault" role="alert">{icon("alert")}<span>{why}</span></span> }.into_any()
            }
            _ if !open.get() => mark("", "clock", "No longer asked"),
            _ => ().into_any(),
        }
    };
    let label = format!("Open: {}", words::answering::plain_sentence(&question.sentence));
    view! {
        <li class:over=move || !open.get()>
            {tick}
            <button
                class="btn small" type="button" aria-label=label disabled=move || !open.get()
                on:click=move |_| on_open.run(id.get_value())
            >"Open"</button>
            <p class="m">{marks.0}{marks.1}{marks.2}{marks.3}{state}</p>
        </li>
    }
    .into_any()
}

fn decide(choosing: Choosing, on_later: Callback<Vec<String>>) -> AnyView {
    let reject = NodeRef::<Button>::new();
    Effect::new(move |_| {
        if let Some(button) = reject.get() {
            let _unfocusable = button.focus();
        }
    });
    let n = Memo::new(move |_| choosing.ticked().len());
    let gate = Memo::new(move |_| choosing.gate());
    let words = move || match n.get() {
        0 => "Approve the chosen".to_owned(),
        n => label(gate.get(), &format!("Approve the chosen ({n})")),
    };
    let no = move || {
        let others = choosing.others().len();
        if n.get() == 0 { format!("Reject all ({others})") } else { format!("Reject the others ({others})") }
    };
    let press = move |event: leptos::ev::MouseEvent| {
        if event.is_trusted() {
            choosing.approve();
        }
    };
    let hold_back = move |event: leptos::ev::KeyboardEvent| {
        if matches!(event.key().as_str(), "Enter" | " ") {
            event.prevent_default();
        }
    };
    let later = move |_| on_later.run(untrack(|| choosing.open()).into_iter().map(|item| item.id).collect());
    view! {
        <p class="note">"A yes is for exactly the calls that are ticked, once each."</p>
        <div class="acts">
            <button
                class="approve" type="button" disabled=move || n.get() == 0 || gate.get() != Gate::Open
                on:click=press on:keydown=hold_back on:keyup=hold_back
            ><span>{words}</span></button>
            <button class="btn bare later" type="button" on:click=later>"Later"</button>
            <button
                class="reject" type="button" node_ref=reject disabled=move || choosing.others().is_empty()
                on:click=move |_| choosing.reject(untrack(|| choosing.others()))
            >{no}</button>
        </div>
    }
    .into_any()
}

fn done(on_close: Callback<()>) -> AnyView {
    view! {
        <div class="outcome ok" role="status">
            {icon("check")}
            <p><b>"All of these are answered."</b><br/><span class="note">"What became of them stands in Activity."</span></p>
            <button class="btn small" type="button" on:click=move |_| on_close.run(())>"Close"</button>
        </div>
    }
    .into_any()
}
