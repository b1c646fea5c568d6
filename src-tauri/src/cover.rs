//! Whether another window lies over one of ours. A card that is covered, even in part, may be one whose Reject is all
//! that can be seen, or one that comes up from below under a click: it counts as off the screen, and its delay begins
//! anew when it is free. X11 without a compositor says so; where nobody does, a window counts as free.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The labels of the windows that are covered.
#[derive(Debug, Default)]
pub(crate) struct Covered(Mutex<BTreeSet<String>>);

impl Covered {
    /// Whether something lies over this window.
    pub(crate) fn is(&self, label: &str) -> bool {
        self.lock().contains(label)
    }

    /// Returns whether that is new.
    pub(crate) fn set(&self, label: &str, covered: bool) -> bool {
        let mut labels = self.lock();
        if covered { labels.insert(label.to_owned()) } else { labels.remove(label) }
    }

    /// A set of labels holds no invariant that a panic elsewhere could have broken.
    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells `changed` whenever the window is covered or free again.
#[cfg(target_os = "linux")]
pub(crate) fn watch(window: &tauri::WebviewWindow, changed: impl Fn(bool) + Send + 'static) {
    use gtk::prelude::*;
    let ours = window.clone();
    let asked = window.run_on_main_thread(move || {
        let Ok(window) = ours.gtk_window() else { return };
        window.add_events(gtk::gdk::EventMask::VISIBILITY_NOTIFY_MASK);
        window.connect_event(move |_, event| {
            if let Some(event) = event.downcast_ref::<gtk::gdk::EventVisibility>() {
                changed(event.state() != gtk::gdk::VisibilityState::Unobscured);
            }
            gtk::glib::Propagation::Proceed
        });
    });
    if let Err(error) = asked {
        tracing::warn!(%error, "nobody will say whether a window is covered");
    }
}

/// Nobody says so here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn watch(_window: &tauri::WebviewWindow, _changed: impl Fn(bool) + Send + 'static) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_covered_until_it_is_free() {
        let covered = Covered::default();
        assert!(covered.set("prompt", true) && !covered.set("prompt", true));
        assert!(covered.is("prompt") && !covered.is("main"));
        assert!(covered.set("prompt", false) && !covered.set("prompt", false));
        assert!(!covered.is("prompt"));
    }
}
