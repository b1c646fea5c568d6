//! The proof that the person is there, where a yes takes one: the system's own dialog, or a passphrase that is typed here
//! and leaves this window for the app alone.

use super::clock::moment;
use super::marks::icon;
use crate::backend::call;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Fault;
use wire::command::{ChoosePassphrase, ProofMeans};
use wire::proof::{Given, ProofView, Secret};

/// What is typed, and how the person may prove to be there. Copies share it.
#[derive(Clone, Copy)]
pub(crate) struct Proof {
    means: RwSignal<Option<Result<ProofView, Fault>>>,
    typed: RwSignal<String>,
    again: RwSignal<String>,
    /// The passphrase, though the system could ask.
    own: RwSignal<bool>,
}

/// How it is done on this card.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// The broker has not said yet.
    Unknown,
    /// The system asks.
    System,
    /// The passphrase is typed.
    Passphrase,
    /// There is none yet, so it is chosen now.
    Choose,
}

impl Proof {
    pub(crate) fn begin() -> Self {
        Self {
            means: RwSignal::new(None),
            typed: RwSignal::new(String::new()),
            again: RwSignal::new(String::new()),
            own: RwSignal::new(false),
        }
    }

    fn look(self) {
        spawn_local(async move {
            let means = call(ProofMeans {}).await;
            // The card may have gone meanwhile.
            let _ = self.means.try_set(Some(means));
        });
    }

    fn how(self) -> How {
        match self.means.get() {
            None | Some(Err(_)) => How::Unknown,
            Some(Ok(means)) if means.system && !self.own.get() => How::System,
            Some(Ok(means)) if means.passphrase => How::Passphrase,
            Some(Ok(_)) => How::Choose,
        }
    }

    /// Whether nothing is given yet; tracked.
    pub(crate) fn is_missing(self) -> bool {
        match self.how() {
            How::Unknown => true,
            How::System => false,
            How::Passphrase => self.typed.with(String::is_empty),
            How::Choose => self.typed.with(|typed| typed.is_empty() || self.again.with(|again| again != typed)),
        }
    }

    /// Whether the system's dialog is what is waited for, once the answer is sent.
    pub(crate) fn is_systems(self) -> bool {
        self.how() == How::System
    }

    /// What goes along with the yes; a passphrase that is new is chosen first.
    pub(crate) async fn give(self) -> Result<Given, Fault> {
        let how = untrack(|| self.how());
        if how == How::System {
            return Ok(Given::System);
        }
        let passphrase = Secret::new(self.typed.get_untracked());
        if how == How::Choose {
            call(ChoosePassphrase { current: None, new: passphrase.clone() }).await?;
        }
        Ok(Given::Passphrase { passphrase })
    }

    /// It was used, or refused: what was typed goes.
    pub(crate) fn wipe(self) {
        for field in [self.typed, self.again] {
            let _gone_with_the_card = field.try_set(String::new());
        }
        self.look();
    }
}

/// The part of a card that takes it.
#[component]
pub(crate) fn ProofFields(proof: Proof, #[prop(into)] over: Signal<bool>) -> impl IntoView {
    proof.look();
    let how = Memo::new(move |_| proof.how());
    let fields = move || {
        match how.get() {
        How::Unknown => match proof.means.get() {
            Some(Err(fault)) => view! { <p class="fault">{icon("alert")}<span>{fault.message}</span></p> }.into_any(),
            _ => view! { <p class="note" role="status">"A moment…"</p> }.into_any(),
        },
        How::System => system(proof),
        How::Passphrase => view! {
            {field("Your passphrase for Consentry", "current-password", proof.typed)}
            {waits(proof)}
        }
        .into_any(),
        How::Choose => view! {
            <p class="note">
                "Any program could click for you. A passphrase is what it lacks: choose one now, of 8 characters or more. "
                "From now on Consentry asks for it here."
            </p>
            {field("A passphrase for Consentry", "new-password", proof.typed)}
            {field("The same again", "new-password", proof.again)}
            {move || differs(proof).then(|| view! { <p class="note" role="status">"The two are not the same."</p> })}
        }
        .into_any(),
    }
    };
    view! {
        <fieldset class="act proof" disabled=move || over.get()>
            <legend class="caption">"Prove that it is you"</legend>
            <div class="stack">{fields}</div>
        </fieldset>
    }
}

fn differs(proof: Proof) -> bool {
    proof.again.with(|again| !again.is_empty() && proof.typed.with(|typed| again != typed))
}

fn system(proof: Proof) -> AnyView {
    let chosen = proof.means.with(|means| matches!(means, Some(Ok(means)) if means.passphrase));
    let instead = chosen.then(|| {
        view! {
            <button class="btn small" type="button" on:click=move |_| proof.own.set(true)>"Use the passphrase instead"</button>
        }
    });
    view! { <p>"When you approve, the system asks for your password in a dialog of its own."</p>{instead} }.into_any()
}

fn waits(proof: Proof) -> impl IntoView {
    move || {
        let until = proof.means.with(|means| means.as_ref()?.as_ref().ok()?.wait_until)?;
        Some(view! {
            <p class="fault">{icon("clock")}<span>{format!("Too many wrong ones. None is tried before {}.", moment(until))}</span></p>
        })
    }
}

/// One field for a passphrase.
pub(crate) fn field(name: &'static str, purpose: &'static str, typed: RwSignal<String>) -> AnyView {
    view! {
        <label class="labelled">
            <span class="caption">{name}</span>
            <span class="field"><input
                type="password" autocomplete=purpose maxlength="1000" spellcheck="false"
                prop:value=move || typed.get() on:input=move |event| typed.set(event_target_value(&event))
            /></span>
        </label>
    }
    .into_any()
}
