//! What stands beside a list.

use leptos::prelude::*;

/// What stands beside a list, and whether the person asked for it: where there is room for one only, that decides.
pub(crate) struct Pane<Beside: 'static> {
    pub(crate) shown: RwSignal<Beside>,
    pub(crate) open: RwSignal<bool>,
}

impl<Beside: 'static> Clone for Pane<Beside> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Beside: 'static> Copy for Pane<Beside> {}

impl<Beside: Clone + PartialEq + Send + Sync + 'static> Pane<Beside> {
    /// One that nobody asked for yet.
    pub(crate) fn with(beside: Beside) -> Self {
        Self { shown: RwSignal::new(beside), open: RwSignal::new(false) }
    }

    /// One that follows what the address names: at first, and whenever the address changes.
    pub(crate) fn addressed(named: fn() -> Option<Beside>, otherwise: Beside) -> Self {
        let at_first = named();
        let pane =
            Self { open: RwSignal::new(at_first.is_some()), shown: RwSignal::new(at_first.unwrap_or(otherwise)) };
        let followed = window_event_listener_untyped("hashchange", move |_| {
            if let Some(beside) = named() {
                pane.open(beside);
            }
        });
        on_cleanup(move || followed.remove());
        pane
    }

    /// The person wants to see this.
    pub(crate) fn open(self, beside: Beside) {
        self.shown.set(beside);
        self.open.set(true);
    }
}
