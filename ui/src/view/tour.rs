//! The tour of the first run: three steps, beside what is on the page, never over it, and gone while a question waits.

use super::marks::icon;
use super::shell::Chosen;
use crate::words::pages::TOUR;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::view::Preferences;

/// The tour, until it was seen or put away.
#[component]
pub(crate) fn Tour(waiting: Signal<bool>) -> impl IntoView {
    let chosen = Chosen::here();
    let at = RwSignal::new(0_usize);
    let end = move |()| {
        at.set(0);
        if let Some(now) = chosen.get_untracked() {
            spawn_local(async move {
                // Where it can't be kept, the tour comes again with the next start; nothing else is lost.
                let _unkept = chosen.prefer(Preferences { tour_seen: true, ..now }).await;
            });
        }
    };
    let wanted = move || chosen.get().is_some_and(|chosen| !chosen.tour_seen) && !waiting.get();
    view! {
        <Show when=wanted>
            <section class="tour" aria-label="A short tour">
                {move || {
                    let (heading, text) = TOUR.get(at.get()).copied().unwrap_or_default();
                    let last = at.get() + 1 >= TOUR.len();
                    let next = move |_| if last { end(()) } else { at.update(|at| *at += 1) };
                    view! {
                        <div aria-live="polite">
                            <p><b>{heading}</b><span class="note num">{format!("  {} of {}", at.get() + 1, TOUR.len())}</span></p>
                            <p>{text}</p>
                        </div>
                        <div class="row wrap">
                            <button class="btn small lead" type="button" on:click=next>
                                {if last { "Done" } else { "Next" }}
                            </button>
                            {(!last).then(|| view! {
                                <button class="btn small bare" type="button" on:click=move |_| end(())>
                                    {icon("x")}"Skip the tour"
                                </button>
                            })}
                        </div>
                    }
                }}
            </section>
        </Show>
    }
}
