//! One clock per window: components read it and follow by themselves.

use crate::backend;
use leptos::prelude::*;
use std::time::Duration;

/// Milliseconds since 1970-01-01 UTC, renewed every second for as long as somebody reads it in a window that is seen:
/// a page with nothing to count down costs nothing.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    now: RwSignal<i64>,
    /// Whether anybody read it since the last second.
    read: StoredValue<bool>,
    running: StoredValue<Option<IntervalHandle>>,
}

impl Clock {
    /// Hands the clock of this window to everything below.
    pub(crate) fn provide() {
        let clock = Self::new();
        let seen = window_event_listener_untyped("visibilitychange", move |_| {
            if backend::is_visible() {
                clock.tick();
            }
        });
        on_cleanup(move || seen.remove());
        provide_context(clock);
    }

    /// The clock of this window.
    pub(crate) fn here() -> Self {
        use_context().unwrap_or_else(Self::new)
    }

    /// The time, tracked.
    pub(crate) fn now(self) -> i64 {
        self.read.set_value(true);
        if self.running.with_value(Option::is_none) {
            // What was last read may be long ago.
            let now = backend::now_ms();
            self.now.update_untracked(|last| *last = now);
            self.running.set_value(set_interval_with_handle(move || self.second(), Duration::from_secs(1)).ok());
        }
        self.now.get()
    }

    fn new() -> Self {
        Self { now: RwSignal::new(backend::now_ms()), read: StoredValue::new(false), running: StoredValue::new(None) }
    }

    /// Whoever follows the clock reads it again when it moves; when nobody did, or nobody sees it, it stops.
    fn second(self) {
        if self.read.get_value() && backend::is_visible() {
            self.tick();
        } else if let Some(running) = self.running.get_value() {
            running.clear();
            self.running.set_value(None);
        }
    }

    fn tick(self) {
        self.read.set_value(false);
        self.now.set(backend::now_ms());
    }
}

/// `14:32` today, else `21 Nov 2026, 14:32`.
pub(crate) fn moment(ms: i64) -> String {
    let (then, now) = (backend::local(ms), backend::local(backend::now_ms()));
    if then.same_day(&now) { then.minute_words() } else { format!("{}, {}", then.date_words(), then.minute_words()) }
}
