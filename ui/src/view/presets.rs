//! Choosing a preset. Whatever would run unasked afterwards is named before.

use super::marks::{icon, tag};
use super::policies::Fetched;
use super::shell::trouble;
use super::text::excerpt;
use crate::backend::call;
use crate::fold::Budget;
use crate::words;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::ChoosePreset;
use wire::view::{PresetChange, PresetView};

/// How many tools are named before the rest is counted.
const NAMED: usize = 12;

/// Both presets, what each asks over the pinned tools, and what choosing it would change.
#[component]
pub(crate) fn Presets(fetched: Fetched) -> impl IntoView {
    let fault = RwSignal::new(None::<Fault>);
    let asking = RwSignal::new(None::<String>);
    let choose = Callback::new(move |preset: String| {
        asking.set(None);
        spawn_local(async move { fault.set(call(ChoosePreset { preset }).await.err()) });
    });
    view! {
        <h2 class="say">"How much you are asked"</h2>
        <p class="soft">"What is always on stays on under both. Your choice is recorded in Activity."</p>
        {move || fault.get().map(|fault| trouble(&fault))}
        {move || {
            let Some(Ok(view)) = fetched.get() else { return ().into_any() };
            let fixed = view.preset_fixed.then(|| {
                view! {
                    <p class="note">
                        "This broker was started with a preset named on its command line. Without it, your choice holds."
                    </p>
                }
            });
            let one = |preset: &PresetView| one(preset, view.tools, asking, choose);
            view! { {fixed}<div class="choices">{view.presets.iter().map(one).collect_view()}</div> }.into_any()
        }}
    }
}

fn one(preset: &PresetView, tools: u32, asking: RwSignal<Option<String>>, choose: Callback<String>) -> AnyView {
    let (name, like) = words::pages::preset(&preset.name);
    let class = if preset.in_force { "choice on" } else { "choice" };
    let count = |n: u32| words::count(n as usize, "pinned tool", "pinned tools");
    let over = match tools {
        0 => "No tools are pinned yet to count over.".to_owned(),
        _ => format!("Of {}, {} ask and {} run without asking.", count(tools), preset.asks, preset.runs),
    };
    let state = if preset.in_force {
        tag("ok", "check", "In force")
    } else {
        let looser = preset.name == "balanced";
        let (word, id) = (format!("Use {name}"), preset.name.clone());
        let begin = move |_| {
            if looser {
                asking.set(Some(id.clone()));
            } else {
                choose.run(id.clone());
            }
        };
        let word = if looser { format!("{word}…") } else { word };
        view! { <button class="btn small" type="button" on:click=begin>{word}</button> }.into_any()
    };
    let this = preset.name.clone();
    let (changes, loosened) = (changes(preset), preset.changes.iter().filter(|change| !change.asks).count());
    let confirm =
        move || (asking.get().as_deref() == Some(this.as_str())).then(|| sure(&this, name, loosened, asking, choose));
    view! {
        <section class=class>
            <div class="short"><h3>{name}</h3>{state}</div>
            <p class="soft">{like}</p>
            <p class="note num">{over}</p>
            {changes}
            {confirm}
        </section>
    }
    .into_any()
}

/// Less is asked afterwards: the person says so twice.
fn sure(
    preset: &str,
    name: &'static str,
    loosened: usize,
    asking: RwSignal<Option<String>>,
    choose: Callback<String>,
) -> AnyView {
    let preset = preset.to_owned();
    let says = match loosened {
        0 => "Nothing changes for the tools you have now. It can ask less for tools that come later.".to_owned(),
        n => format!("{} named above will run without asking.", words::count(n, "tool", "tools")),
    };
    view! {
        <div class="panel">
            <p><b>"Ask less from now on?"</b>" "{says}</p>
            <div class="row wrap">
                <button class="btn small" type="button" on:click=move |_| choose.run(preset.clone())>
                    {format!("Use {name}")}
                </button>
                <button class="btn small" type="button" on:click=move |_| asking.set(None)>"Keep it as it is"</button>
            </div>
        </div>
    }
    .into_any()
}

fn changes(preset: &PresetView) -> Option<AnyView> {
    if preset.in_force {
        return None;
    }
    if preset.changes.is_empty() {
        return Some(view! { <p class="note">"It would change nothing for the tools you have now."</p> }.into_any());
    }
    let line = |change: &PresetChange| {
        let (name, word) = if change.asks { ("chat", "would ask") } else { ("run", "would run without asking") };
        let short = Budget { characters: 60, lines: 1 };
        view! {
            <li class="row wrap">{icon(name)}<b>{excerpt(&change.tool, short, "")}</b>
                <span class="note">"on "{excerpt(&change.server, short, "")}": "{word}</span></li>
        }
    };
    let rest = preset.changes.len().saturating_sub(NAMED);
    let rest = (rest > 0).then(|| view! { <li class="note">{format!("and {rest} more")}</li> });
    Some(
        view! {
            <p><b>"It would change:"</b></p>
            <ul class="lines">{preset.changes.iter().take(NAMED).map(line).collect_view()}{rest}</ul>
        }
        .into_any(),
    )
}
