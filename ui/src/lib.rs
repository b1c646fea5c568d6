//! The windows of Consentry: the prompt with one question's card, and the main window with its pages.
//!
//! Everything here shows what the broker says and asks it for things; nothing here decides. Modules without a browser
//! in them ([`arming`], [`clock`], [`fold`], [`tree`], [`typed`], [`words`]) hold the rules and are tested natively.
//! `view` draws with Leptos, and `backend` is the one place that touches JavaScript: both exist for wasm only.

pub mod arming;
pub mod clock;
pub mod fold;
pub mod tree;
pub mod typed;
pub mod words;

#[cfg(target_arch = "wasm32")]
mod backend;
#[cfg(target_arch = "wasm32")]
mod view;

#[cfg(target_arch = "wasm32")]
pub use view::run;
