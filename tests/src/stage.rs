//! The app on a display of its own, with a keychain, and one server that stands in `servers.json` as a proposal.

use crate::process::until;
use crate::window::{App, Page};
use crate::{Display, Fixture, Home, Key, Keyring, McpClient};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What a person sits in front of.
pub struct Stage {
    // Dropped in this order: what looks at the app before the app, and the display last.
    /// The app.
    pub app: App,
    /// The server, named `notes`.
    pub server: Fixture,
    /// The home.
    pub home: Home,
    keyring: Keyring,
    /// The display, and hands at it.
    pub display: Display,
}

/// The title of the prompt.
pub const PROMPT: &str = "Consentry asks";
/// The title of the main window.
pub const MAIN: &str = "Consentry";

impl Stage {
    /// With nothing trusted yet. `None`, with the reason printed, where a part is missing.
    pub fn set() -> Option<Self> {
        Self::set_with(|_| ())
    }

    /// The same, in a home that was prepared.
    pub fn set_with(prepare: impl FnOnce(&mut Home)) -> Option<Self> {
        let mut home = Home::new();
        prepare(&mut home);
        let keyring = Keyring::start(&mut home)?;
        let display = Display::start(&mut home)?;
        let server = Fixture::new(&home, "notes");
        server.propose(&home);
        let app = App::start(&home, &[]);
        Some(Self { app, server, home, keyring, display })
    }

    /// With the server trusted and the client let in, each by a key, and a broker that asks about every effect.
    pub fn ready() -> Option<(Self, McpClient)> {
        let stage = Self::set()?;
        stage.home.run(&["policy", "preset", "cautious"]).succeeded();
        let client = stage.let_in();
        Some((stage, client))
    }

    /// Answers the three questions of a first use by the keyboard, and shakes hands.
    pub fn let_in(&self) -> McpClient {
        for kind in ["run", "trust"] {
            self.approve_by_key(&self.home.question(kind));
        }
        McpClient::let_in(&self.home, "notes", |question| self.approve_by_key(question))
    }

    /// The address of the session bus.
    pub fn bus(&self) -> &str {
        self.keyring.address()
    }

    /// The prompt with the card of this question on it, and the keys.
    pub fn card(&self, question: &Value) -> Page<'_> {
        let prompt = self.app.window("prompt");
        prompt.wait_for_card(question);
        self.display.focus(self.display.window(PROMPT));
        prompt.wait_until("the keys to be at the prompt", "return document.hasFocus()");
        prompt
    }

    /// The same once the delay has passed: until then a card takes no keys.
    pub fn read_card(&self, question: &Value) -> Page<'_> {
        let prompt = self.card(question);
        let passed = "return !/second|moment/.test(document.querySelector('button.approve')?.textContent ?? 'moment')";
        prompt.wait_until("the delay to pass", passed);
        prompt
    }

    /// Approves a question by the keyboard.
    pub fn approve_by_key(&self, question: &Value) {
        let prompt = self.card(question);
        prompt.wait_until_armed();
        self.answer(question, Key::ControlEnter);
        prompt.close_card();
    }

    /// Presses the key that answers, and again like a person whose press fell into the moment in which a card armed
    /// anew.
    pub fn answer(&self, question: &Value, key: Key) {
        for _ in 0..4 {
            self.display.key(key);
            let until = Instant::now() + Duration::from_secs(5);
            while Instant::now() < until {
                if !self.home.waits(question) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        panic!(
            "the key {key:?} answered nothing; the prompt says {}",
            self.app.window("prompt").run("return document.body.innerText")
        );
    }

    /// Presses a key, and waits until the page has heard it come up again. What a page is asked before that may be
    /// answered as if the key had not been pressed, and then one key too many follows.
    pub fn key(&self, page: &Page<'_>, key: Key) {
        let count = "window.keysUp ??= (addEventListener('keyup', e => window.keysUp.push(e.key), true), []); \
                     return window.keysUp.filter(key => key === NAME).length";
        let count = count.replace("NAME", &json!(key.name()).to_string());
        let before = page.run(&count);
        self.display.key(key);
        until(&format!("the page to hear {key:?}"), || (page.run(&count) != before).then_some(()));
    }

    /// The main window, with the keys.
    pub fn main(&self) -> Page<'_> {
        self.display.focus(self.display.window(MAIN));
        let main = self.app.window("main");
        main.wait_until("the keys to be at the main window", "return document.hasFocus()");
        main
    }

    /// Goes from control to control with Tab until the one is reached for which a script, an expression over `e`, holds.
    pub fn reach(&self, page: &Page<'_>, what: &str, holds: &str) {
        let script = format!("const e = document.activeElement; return !!e && e !== document.body && !!({holds})");
        let seen = "const e = document.activeElement; return e?.outerHTML.slice(0, 160)";
        let mut passed = Vec::new();
        for _ in 0..150 {
            if page.run(&script) == true {
                // A control that had the keys from the start is marked from the first key on.
                let marked = page.run("return document.activeElement.matches(':focus-visible')");
                assert!(marked == true || passed.is_empty(), "{what} has the keys and does not show it");
                return;
            }
            passed.push(page.run(seen).to_string());
            self.key(page, Key::Tab);
        }
        panic!("{what} can't be reached by Tab; passed: {passed:#?}");
    }

    /// Reaches the button with these words and presses it by a key.
    pub fn press(&self, page: &Page<'_>, words: &str) {
        self.reach(
            page,
            words,
            &format!("e.matches('button, a, summary') && e.textContent.includes({})", json!(words)),
        );
        self.display.key(Key::Enter);
    }

    /// Picks this value on a high-risk card, with the arrows.
    pub fn pick_value(&self, prompt: &Page<'_>, value: &str) {
        let picked = "return document.querySelector('.picks input:checked')?.closest('label').textContent.trim()";
        self.reach(prompt, "the choice of a value", "e.matches('.picks input[type=radio]')");
        self.key(prompt, Key::Space);
        for _ in 0..3 {
            if prompt.run(picked) == value {
                return;
            }
            self.key(prompt, Key::Down);
        }
        assert_eq!(prompt.run(picked), value, "the right one is not among them");
    }

    /// Types a passphrase into each field that a high-risk card has for one.
    pub fn type_passphrase(&self, prompt: &Page<'_>, words: &str) {
        prompt.wait_until("a field for the passphrase", "return document.querySelector('.proof input') !== null");
        let fields = prompt.run("return document.querySelectorAll('.proof input').length").as_u64().unwrap_or(0);
        for field in 0..fields {
            let it = format!("e === document.querySelectorAll('.proof input')[{field}]");
            self.reach(prompt, "a field for the passphrase", &it);
            self.display.write(words);
            let typed = format!("return document.querySelectorAll('.proof input')[{field}].value === {}", json!(words));
            prompt.wait_until("the passphrase to be typed", &typed);
        }
    }

    /// Waits for something of the broker's.
    pub fn wait_until(&self, what: &str, mut holds: impl FnMut(&Home) -> bool) {
        until(what, || holds(&self.home).then_some(()));
    }
}
