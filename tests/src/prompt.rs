//! The prompt as a person meets it: a card comes, opens, is answered, and goes.

use crate::window::Page;
use serde_json::{Value, json};

impl Page<'_> {
    /// Waits until the prompt shows the card of this question.
    pub fn wait_for_card(&self, question: &Value) {
        let script = "return document.visibilityState === 'visible' \
                      && document.querySelector('[data-approval]')?.dataset.approval === ID";
        self.wait_until("the card", &script.replace("ID", &question["id"].to_string()));
    }

    /// Waits until Approve has opened: the card has been fully visible for long enough.
    pub fn wait_until_armed(&self) {
        self.wait_until("Approve to open", "return document.querySelector('button.approve')?.disabled === false");
    }

    /// Whether Approve is open now.
    pub fn is_armed(&self) -> bool {
        self.run("return document.querySelector('button.approve')?.disabled === false") == true
    }

    /// Leaves the outcome of a card, which stays to be read for a while and goes by itself.
    pub fn close_card(&self) {
        let answered = "return document.querySelector('.outcome') !== null || document.hidden";
        self.wait_until("the outcome", answered);
        self.try_click(".outcome button");
    }

    /// Waits until the prompt has gone again.
    pub fn wait_until_gone(&self) {
        self.wait_until("the prompt to go", "return document.hidden && !document.querySelector('[data-approval]')");
    }

    /// The value that the card shows for an argument, all of it.
    pub fn shown_value(&self, name: &str) -> String {
        let script = "const rows = [...document.querySelectorAll('.values > div')]; \
                      const row = rows.find(row => row.querySelector('dt')?.textContent.trim() === NAME); \
                      return row?.querySelector('dd .v')?.textContent ?? null";
        let shown = self.run(&script.replace("NAME", &json!(name).to_string()));
        shown.as_str().unwrap_or_else(|| panic!("the card shows no value for {name}")).to_owned()
    }

    /// The middle of the first element for a CSS selector, in pixels from the window's corner.
    pub fn place_of(&self, selector: &str) -> (i16, i16) {
        let script = "const r = document.querySelector(WHAT).getBoundingClientRect(); \
                      return [Math.round(r.x + r.width / 2), Math.round(r.y + r.height / 2)]";
        let place = self.run(&script.replace("WHAT", &json!(selector).to_string()));
        let number = |n: &Value| n.as_i64().and_then(|n| i16::try_from(n).ok()).expect("a place on the screen");
        (number(&place[0]), number(&place[1]))
    }
}
