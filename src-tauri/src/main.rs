//! Consentry's desktop app: the broker and the windows through which a person decides, in one process.
//!
//! This package is the only one that knows Tauri, and it knows nothing else: commands hand a window's words to the
//! broker, events go the other way, and what may run is never decided here.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod autostart;
mod browser;
mod cards;
mod commands;
mod cover;
mod events;
mod notify;
mod settings;
mod shell;
mod start;
#[cfg(target_os = "linux")]
mod tray;
mod turn;
mod windows;

use start::Start;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let start = match Start::read(std::env::args_os().skip(1)) {
        Ok(start) => start,
        Err(usage) => {
            say(&usage.text);
            return ExitCode::from(usage.code);
        }
    };
    trace();
    match shell::run(start) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            say(&fault.message);
            notify::failure(&fault);
            ExitCode::FAILURE
        }
    }
}

/// Diagnostics go to stderr, as loud as `CONSENTRY_LOG` says.
fn trace() {
    let filter = EnvFilter::try_from_env("CONSENTRY_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let ansi = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(ansi).init();
}

/// Says one thing to whoever started the app from a terminal; a closed stderr is no failure.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
