//! The keys that answer a card, wherever the focus in it is.

use crate::arming::Chord;
use crate::backend;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

/// How long a card takes no keys after it came, in milliseconds: what was typed for something else answers nothing.
const DEAF: f64 = 600.0;

/// What a key wants of a card.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Control and Enter.
    Approve,
    /// Escape.
    Away,
}

/// The keys of one card.
#[derive(Clone, Copy)]
pub(crate) struct Keyboard {
    /// When the card came.
    born: f64,
    chord: StoredValue<Chord>,
    /// The key that came down last and did not come up: what a web view says of repeats is not to be relied on.
    down: StoredValue<Option<String>>,
}

impl Keyboard {
    /// For a card that comes now.
    pub(crate) fn begin() -> Self {
        let this =
            Self { born: backend::now(), chord: StoredValue::new(Chord::default()), down: StoredValue::new(None) };
        let up = window_event_listener(leptos::ev::keyup, move |_| this.down.set_value(None));
        on_cleanup(move || up.remove());
        let away = window_event_listener(leptos::ev::blur, move |_| this.chord.update_value(Chord::lose));
        on_cleanup(move || away.remove());
        this
    }

    /// What this key wants. A held key wants nothing, and neither does one that a script pressed.
    pub(crate) fn heard(self, event: &KeyboardEvent) -> Option<Wish> {
        if !event.is_trusted() {
            return None;
        }
        let key = event.key();
        let held = self.down.with_value(|down| down.as_ref() == Some(&key));
        self.down.set_value(Some(key.clone()));
        if held || backend::now() - self.born < DEAF {
            // Not even the button that has the focus is pressed.
            if matches!(key.as_str(), "Enter" | " " | "Escape") {
                event.prevent_default();
            }
            return None;
        }
        match key.as_str() {
            "Control" | "Meta" => {
                self.chord.update_value(Chord::begin);
                None
            }
            "Enter" if event.ctrl_key() || event.meta_key() => {
                event.prevent_default();
                (self.chord.try_update_value(Chord::complete) == Some(true)).then_some(Wish::Approve)
            }
            "Escape" => {
                event.prevent_default();
                Some(Wish::Away)
            }
            _ => None,
        }
    }
}
