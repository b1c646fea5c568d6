//! What is drawn. The prompt and the main window come from one bundle; the page's address says which one this is.
#![expect(unreachable_pub, reason = "Leptos makes the properties it derives from a component `pub`")]

mod activity;
mod add_server;
mod answering;
mod apart;
mod attention;
mod batch;
mod body;
mod card;
mod changes;
mod choosing;
mod client_change;
mod clients;
mod clock;
mod decision;
mod edit;
mod entry;
mod export;
mod facts;
mod fetched;
mod filters;
mod flood;
mod grants;
mod inbox;
mod inspect;
mod keyboard;
mod known;
mod leaves;
mod login;
mod marks;
mod now;
mod option;
mod origins;
mod own_domains;
mod own_terms;
mod pane;
mod passphrase;
mod places;
mod policies;
mod presets;
mod prompt;
mod proof;
mod quiet;
mod remember;
mod replay;
mod said;
mod servers;
mod settings;
mod shell;
mod story;
mod suggested;
mod text;
mod threats;
mod tools;
mod tour;
mod unguarded;
mod values;

use crate::backend;
use leptos::prelude::mount_to_body;

/// Draws this window. The entry of the bundle.
pub fn run() {
    backend::report_panics();
    if backend::label() == "prompt" {
        mount_to_body(prompt::Prompt);
    } else {
        mount_to_body(shell::Shell);
    }
}
