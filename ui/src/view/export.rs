//! Taking the record out: as what, and where it went.

use super::filters::everything;
use super::marks::icon;
use super::shell::trouble;
use super::text::Foreign;
use crate::backend::call;
use crate::fold::Budget;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::ExportActivity;
use wire::view::{ActivityFilter, ExportFormat};

/// What can be exported, in two buttons, and what came of it.
#[component]
pub(crate) fn Export(filter: RwSignal<ActivityFilter>) -> impl IntoView {
    let written = RwSignal::new(None::<Result<String, Fault>>);
    let busy = RwSignal::new(false);
    let write = move |format: ExportFormat| {
        busy.set(true);
        // Every entry of what is shown, not one per call.
        let filter = ActivityFilter { calls: false, ..filter.get_untracked() };
        spawn_local(async move {
            let result = call(ExportActivity { filter, format }).await;
            busy.set(false);
            written.set(Some(result));
        });
    };
    let which = move || {
        if filter.with(|filter| *filter == everything()) {
            "Writes the whole record into a new file in your Downloads folder."
        } else {
            "Writes what the filters leave, with every entry of each call, into a new file in your Downloads folder."
        }
    };
    view! {
        <section class="exported" aria-label="Export">
            <p class="row wrap">
                <span>{which}</span>
                <button class="btn small" type="button" disabled=busy on:click=move |_| write(ExportFormat::Csv)>
                    {icon("download")}"Spreadsheet (CSV)"
                </button>
                <button class="btn small" type="button" disabled=busy on:click=move |_| write(ExportFormat::Jsonl)>
                    {icon("download")}"Exact records (JSON Lines)"
                </button>
            </p>
            <div role="status">
                {move || written.get().map(|result| match result {
                    Err(fault) => trouble(&fault),
                    Ok(path) => view! {
                        <p><span class="mark ok">{icon("check")}<span>"Written to"</span></span>" "
                            <Foreign text=path budget=Budget::VALUE class="v" />
                            <span class="note">" Nothing that was there was replaced."</span></p>
                    }
                    .into_any(),
                })}
            </div>
        </section>
    }
}
