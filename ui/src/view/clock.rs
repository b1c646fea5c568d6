//! One clock per window: components read it and follow by themselves.

use crate::backend;
use leptos::prelude::*;
use std::time::Duration;

/// Milliseconds since 1970-01-01 UTC, renewed every second.
#[derive(Clone, Copy)]
pub(crate) struct Clock(RwSignal<i64>);

impl Clock {
    /// Starts the clock of this window and hands it to everything below.
    pub(crate) fn provide() {
        let now = RwSignal::new(backend::now_ms());
        // A window that nobody sees has nothing to count down.
        let tick = move || {
            if backend::is_visible() {
                now.set(backend::now_ms());
            }
        };
        set_interval(tick, Duration::from_secs(1));
        let seen = window_event_listener_untyped("visibilitychange", move |_| tick());
        on_cleanup(move || seen.remove());
        provide_context(Self(now));
    }

    /// The clock of this window.
    pub(crate) fn here() -> Self {
        use_context().unwrap_or_else(|| Self(RwSignal::new(backend::now_ms())))
    }

    /// The time, tracked.
    pub(crate) fn now(self) -> i64 {
        self.0.get()
    }
}

/// `14:32` today, else `21 Nov 2026, 14:32`.
pub(crate) fn moment(ms: i64) -> String {
    let (then, now) = (backend::local(ms), backend::local(backend::now_ms()));
    if then.same_day(&now) { then.minute_words() } else { format!("{}, {}", then.date_words(), then.minute_words()) }
}
