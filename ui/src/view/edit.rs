//! Changing a value of a call before a yes. The window sends where and what; the broker makes the changed call, checks
//! it and shows it as another card, whose delay begins again. What is not on that card is not approved.

use super::answering::Answering;
use super::marks::{icon, tag};
use super::text::Foreign;
use crate::backend::call;
use crate::fold::Budget;
use crate::words;
use leptos::ev::KeyboardEvent;
use leptos::html::Textarea;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::command::EditCall;
use wire::text::{escaped, is_hidden};
use wire::view::{ApprovalView, ArgumentView, EditView, FieldEdit};

/// What the fields of one card share.
#[derive(Clone, Copy)]
pub(super) struct Editing {
    asked: StoredValue<(String, String)>,
    edits: StoredValue<Vec<EditView>>,
    /// The field that is being changed, by its pointer.
    open: RwSignal<Option<String>>,
    sending: RwSignal<bool>,
    fault: RwSignal<Option<(String, String)>>,
    answering: Answering,
}

impl Editing {
    /// Offers changes to the fields of this card, where its values can be changed.
    pub(super) fn offer(view: &ApprovalView, answering: Answering) {
        let this = Self {
            asked: StoredValue::new((view.id.clone(), view.digest.clone())),
            edits: StoredValue::new(view.edits.clone()),
            open: RwSignal::new(None),
            sending: RwSignal::new(false),
            fault: RwSignal::new(None),
            answering,
        };
        provide_context(view.may_be_edited().then_some(this));
        // An approval while a field is open would be one of the card without what is being written.
        Effect::new(move |_| answering.editing.set(this.open.with(Option::is_some) || this.sending.get()));
    }

    /// Sends all changes anew, with this one in place of an earlier one of the same field.
    fn send(self, pointer: String, value: Option<String>) {
        if self.sending.get_untracked() {
            return;
        }
        let kept = |edits: &Vec<EditView>| -> Vec<FieldEdit> {
            let others = edits.iter().filter(|edit| edit.pointer != pointer);
            others.map(|edit| FieldEdit { pointer: edit.pointer.clone(), value: edit.value.clone() }).collect()
        };
        let mut edits = self.edits.with_value(kept);
        edits.extend(value.map(|value| FieldEdit { pointer: pointer.clone(), value }));
        let (id, digest) = self.asked.get_value();
        self.sending.set(true);
        self.fault.set(None);
        spawn_local(async move {
            let sent = call(EditCall { id, digest, edits }).await;
            // Where it worked, another card is on its way and this one goes.
            if self.asked.try_get_value().is_none() {
                return;
            }
            self.sending.set(false);
            match sent {
                Ok(()) => self.open.set(None),
                Err(fault) => self.fault.set(Some((pointer, fault.message))),
            }
        });
    }
}

/// What stands under a value: that it was changed, and a way to change it.
pub(super) fn field(value: &ArgumentView) -> Option<AnyView> {
    let editing = use_context::<Option<Editing>>().flatten()?;
    let scalar = matches!(value.kind.as_str(), "string" | "number" | "boolean");
    let inside = format!("{}/", value.pointer);
    let changed: Vec<EditView> = editing.edits.with_value(|edits| {
        edits.iter().filter(|e| e.pointer == value.pointer || e.pointer.starts_with(&inside)).cloned().collect()
    });
    if !scalar && changed.is_empty() {
        return None;
    }
    let marks = changed.iter().map(|edit| mark(edit, editing)).collect_view();
    let value = StoredValue::new(value.clone());
    let open = Memo::new(move |_| editing.open.get().is_some_and(|at| value.with_value(|v| v.pointer == at)));
    let offer = move || {
        let name = value.with_value(|value| escaped(&value.name));
        let start = move |_| editing.open.set(Some(value.with_value(|value| value.pointer.clone())));
        let label = format!("Edit the value of {name}");
        (scalar && !open.get() && !editing.answering.is_over()).then(|| {
            view! {
                <button class="btn bare small edit" type="button" aria-label=label on:click=start>"Edit"</button>
            }
        })
    };
    let form = move || open.get().then(|| value.with_value(|value| form(value, editing)));
    let fault = move || {
        let here = editing.fault.get().filter(|(at, _)| value.with_value(|value| &value.pointer == at));
        here.map(|(_, why)| view! { <p class="fault" role="alert">{icon("alert")}<span>{why}</span></p> })
    };
    Some(view! { <div class="editing">{marks}{offer}{form}{fault}</div> }.into_any())
}

/// That a value is another than was asked, what it was, and the way back.
fn mark(edit: &EditView, editing: Editing) -> AnyView {
    let (pointer, was) = (edit.pointer.clone(), edit.from.clone());
    let label = format!("Undo the change of {}", escaped(edit.pointer.trim_start_matches('/')));
    let undo = move |_| editing.send(pointer.clone(), None);
    let was = match was.as_str() {
        "" => view! { <span class="note">"an empty text"</span> }.into_any(),
        was => view! { <Foreign text=was budget=Budget::NAME class="v was" /> }.into_any(),
    };
    view! {
        <p class="changed">
            {tag("caution", "diff", "Changed by you")}
            <span class="note">"from "</span>{was}<span class="note">" to what stands above"</span>
            <button class="btn bare small" type="button" aria-label=label disabled=move || editing.sending.get() on:click=undo>
                "Undo"
            </button>
        </p>
    }
    .into_any()
}

/// The field in which a value is changed.
fn form(value: &ArgumentView, editing: Editing) -> AnyView {
    let (pointer, kind, before) = (value.pointer.clone(), value.kind.clone(), value.text.clone());
    let text = RwSignal::new(before.clone());
    let unchanged = {
        let before = normal(&before);
        move || text.with(|text| normal(text) == before)
    };
    let unchanged = Memo::new(move |_| unchanged());
    let done = StoredValue::new(move || {
        if !unchanged.get_untracked() {
            let json = text.with_untracked(|text| json(&kind, text, &before));
            editing.send(pointer.clone(), Some(json));
        }
    });
    let cancel = move || {
        editing.fault.set(None);
        editing.open.set(None);
    };
    let key = move |event: KeyboardEvent| {
        // The card's own keys are off while a field is open.
        match event.key().as_str() {
            "Escape" => cancel(),
            "Enter" if (event.ctrl_key() || event.meta_key()) && event.is_trusted() => done.with_value(|done| done()),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let hidden = {
        let odd = |text: &str| text.chars().any(|c| is_hidden(c) && c != '\r');
        move || {
            text.with(|text| odd(text)).then(|| {
                view! {
                    <p class="note">
                        "This holds characters that can’t be seen here. The next card shows them."
                    </p>
                }
            })
        }
    };
    view! {
        <div class="edit-form" on:keydown=key>
            {input(value, text)}
            {hidden}
            <p class="row wrap">
                <button
                    class="btn small" type="button" disabled=move || unchanged.get() || editing.sending.get()
                    on:click=move |_| done.with_value(|done| done())
                >
                    "Use this value"
                </button>
                <button class="btn bare small" type="button" on:click=move |_| cancel()>"Cancel"</button>
                <span class="note">"Nothing runs yet: you see the changed call first."</span>
            </p>
        </div>
    }
    .into_any()
}

fn input(value: &ArgumentView, text: RwSignal<String>) -> AnyView {
    let label = format!("New value of {}", escaped(&value.name));
    if value.kind == "boolean" {
        let pick = |word: &'static str| {
            let on = move || text.get() == word;
            view! {
                <label><input type="radio" name="edit" prop:checked=on on:change=move |_| text.set(word.into()) />{word}</label>
            }
        };
        return view! { <div class="picks" role="radiogroup" aria-label=label>{pick("true")}{pick("false")}</div> }
            .into_any();
    }
    let area = NodeRef::<Textarea>::new();
    Effect::new(move |_| {
        if let Some(area) = area.get() {
            let _unfocusable = area.focus();
        }
    });
    let lines = value.text.lines().count().max(value.text.chars().count().div_ceil(48)).clamp(1, 8);
    view! {
        <textarea
            node_ref=area aria-label=label rows=lines.to_string() spellcheck="false" autocomplete="off" dir="ltr"
            prop:value=value.text.clone() on:input=move |event| text.set(event_target_value(&event))
        ></textarea>
    }
    .into_any()
}

/// A field of the page knows one kind of line break only.
fn normal(text: &str) -> String {
    words::answering::one_line_break(text)
}

/// What was written, as JSON. A text keeps the line breaks it had.
fn json(kind: &str, text: &str, before: &str) -> String {
    match kind {
        "string" => {
            let text = normal(text);
            let text = if words::answering::breaks_as_windows(before) { text.replace('\n', "\r\n") } else { text };
            serde_json::Value::from(text).to_string()
        }
        _ => text.trim().to_owned(),
    }
}
