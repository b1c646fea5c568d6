//! Which card each window says it is showing. An Approve counts only from a window that shows the card; how long it
//! has been showing it is the broker's business.

use crate::cover::Covered;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tauri::WebviewWindow;
use wire::{Fault, FaultCode};

/// The cards on screen, by window label and approval id.
#[derive(Debug, Default)]
pub(crate) struct Cards(Mutex<BTreeSet<(String, String)>>);

impl Cards {
    /// The window shows this card from now on.
    pub(crate) fn show(&self, window: &str, id: &str) {
        self.lock().insert((window.into(), id.into()));
    }

    /// The window no longer shows this card. Returns whether no other window shows it either.
    pub(crate) fn hide(&self, window: &str, id: &str) -> bool {
        let mut cards = self.lock();
        cards.remove(&(window.into(), id.into()));
        !cards.iter().any(|(_, shown)| shown == id)
    }

    /// The window is gone from the screen. Returns the ids that no window shows any more.
    pub(crate) fn clear(&self, window: &str) -> Vec<String> {
        let ids: Vec<String> = self.of(window);
        ids.into_iter().filter(|id| self.hide(window, id)).collect()
    }

    /// Whether the window says that it shows this card.
    pub(crate) fn shows(&self, window: &str, id: &str) -> bool {
        self.lock().contains(&(window.into(), id.into()))
    }

    /// The ids of the cards that the window shows.
    pub(crate) fn of(&self, window: &str) -> Vec<String> {
        self.lock().iter().filter(|(label, _)| label == window).map(|(_, id)| id.clone()).collect()
    }

    /// A set of ids holds no invariant that a panic elsewhere could have broken.
    fn lock(&self) -> MutexGuard<'_, BTreeSet<(String, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A window that is not on the screen, or under another, can't show a card, whatever its page says.
pub(crate) fn show(window: &WebviewWindow, cards: &Cards, covered: &Covered, card: &str) -> Result<(), Fault> {
    if !window.is_visible().unwrap_or(false) {
        return Err(Fault::new(FaultCode::TooEarly, "This window is not on the screen yet."));
    }
    // Its window's, though nobody can see it yet: when the window is free again, this card arms.
    cards.show(window.label(), card);
    match covered.is(window.label()) {
        true => Err(Fault::new(FaultCode::TooEarly, "Another window lies over this one.")),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_counts_only_in_the_window_that_shows_it() {
        let cards = Cards::default();
        cards.show("prompt", "a");
        assert!(cards.shows("prompt", "a"));
        assert!(!cards.shows("main", "a"));
        assert!(!cards.shows("prompt", "b"));
    }

    #[test]
    fn a_card_is_hidden_when_the_last_window_lets_go() {
        let cards = Cards::default();
        cards.show("prompt", "a");
        cards.show("main", "a");
        cards.show("prompt", "b");
        assert_eq!(cards.clear("prompt"), ["b"]);
        assert!(cards.hide("main", "a"));
        assert!(cards.of("main").is_empty());
    }
}
