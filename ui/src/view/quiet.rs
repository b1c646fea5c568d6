//! Peace: no prompts for a while, or nothing runs at all.

use super::clock::moment;
use super::marks::{icon, tag};
use crate::backend::call;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::command::{LiftStop, Pause, StopAll};
use wire::view::StatusView;

/// How long a pause lasts, in minutes.
const PAUSE: u32 = 30;

/// What is quiet now, and the buttons that change it.
pub(crate) fn quiet(status: &StatusView) -> AnyView {
    let stop = match status.stopped {
        true => view! {
            <p>{tag("danger", "stop", "Everything is stopped")}</p>
            <button class="btn small" type="button" on:click=|_| spawn_local(async { let _ = call(LiftStop {}).await; })>
                {icon("check")}"Let agents act again"
            </button>
        }
        .into_any(),
        false => view! {
            <button
                class="btn small stop" type="button" title="Cancels what runs, rejects what waits"
                on:click=|_| spawn_local(async { let _ = call(StopAll {}).await; })
            >
                {icon("stop")}"Stop all"
            </button>
        }
        .into_any(),
    };
    let pause = match status.quiet_until {
        Some(until) => view! {
            <p class="note">{format!("No prompts until {}", moment(until))}</p>
            <button class="btn small" type="button" on:click=|_| pause_for(0)>{icon("eye")}"Show prompts"</button>
        }
        .into_any(),
        None => view! {
            <button
                class="btn small" type="button" title="No prompts for 30 minutes; questions wait in the inbox, and nothing risky runs"
                on:click=|_| pause_for(PAUSE)
            >
                {icon("pause")}"Pause prompts"
            </button>
        }
        .into_any(),
    };
    view! { <div class="quiet">{stop}{pause}</div> }.into_any()
}

fn pause_for(minutes: u32) {
    spawn_local(async move {
        // The foot of the window shows what became of it.
        let _ = call(Pause { minutes }).await;
    });
}
