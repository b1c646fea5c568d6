//! The official conformance suite, for what a client does to be let in.
//!
//! Pinned in `tests/package.json`. A client that is never started passes some of its scenarios with nothing checked, so the
//! number of checks is part of what is expected.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test stops on a broken expectation, and says which ran"
)]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use tokio::time::timeout;

/// How long one scenario may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// Scenarios of the revision 2025-11-25, each with the checks it makes.
const HANDSHAKE: &[(&str, u32)] = &[
    ("auth/metadata-default", 18),
    ("auth/metadata-var1", 18),
    ("auth/metadata-var2", 18),
    ("auth/metadata-var3", 18),
    ("auth/basic-cimd", 13),
    ("auth/scope-from-www-authenticate", 14),
    ("auth/scope-from-scopes-supported", 14),
    ("auth/scope-omitted-when-undefined", 14),
    ("auth/scope-step-up", 23),
    ("auth/scope-retry-limit", 19),
    ("auth/token-endpoint-auth-basic", 19),
    ("auth/token-endpoint-auth-post", 19),
    ("auth/token-endpoint-auth-none", 19),
    ("auth/pre-registration", 13),
];

/// Those of 2026-07-28 that end before a session begins. The others need its wire, which has no handshake:
/// `offline-access-scope`, `offline-access-not-supported`, `authorization-server-migration`, `iss-supported`,
/// `iss-not-advertised`.
const STATELESS: &[(&str, u32)] = &[
    ("auth/resource-mismatch", 2),
    ("auth/iss-supported-missing", 8),
    ("auth/iss-wrong-issuer", 8),
    ("auth/iss-unexpected", 8),
    ("auth/iss-normalized", 8),
    ("auth/metadata-issuer-mismatch", 3),
];

fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests")
}

/// The adapter, which is built with the tests.
fn adapter() -> PathBuf {
    let this = std::env::current_exe().expect("a path");
    let adapter = this.parent().and_then(Path::parent).map(|profile| profile.join("examples/conformance"));
    adapter.filter(|path| path.exists()).expect("`cargo test` builds the example `conformance`")
}

/// Runs one scenario: how many checks passed and failed, and whether the suite is content with all of it.
async fn run(scenario: &str, revision: &str) -> (u32, u32, bool) {
    let folder = tests_folder();
    let suite = folder.join("node_modules/@modelcontextprotocol/conformance/dist/index.js");
    let node = folder.join(".venv/bin/node");
    assert!(node.exists() && suite.exists(), "`cargo xtask setup` brings Node and the suite");
    let scratch = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(node);
    command.arg(suite).args(["client", "--scenario", scenario, "--spec-version", revision, "--timeout", "60000"]);
    command.arg("--command").arg(adapter()).arg("-o").arg(scratch.path()).current_dir(scratch.path());
    command.stdin(Stdio::null()).kill_on_drop(true);
    let out = timeout(PATIENCE, command.output()).await.expect("the suite ends").expect("the suite starts");
    let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    let line = text.lines().rev().find_map(|line| line.trim().strip_prefix("Passed: ")).unwrap_or_default();
    let number = |text: Option<&str>| text.and_then(|t| t.trim().parse().ok()).unwrap_or(u32::MAX);
    let passed = number(line.split('/').next());
    let failed = number(line.split(',').nth(1).and_then(|part| part.trim().strip_suffix("failed")));
    println!("{scenario}: {line}");
    if failed != 0 || !out.status.success() {
        println!("{text}");
    }
    (passed, failed, out.status.success())
}

async fn all_pass(scenarios: &[(&str, u32)], revision: &str, total: u32) {
    let mut sum = 0;
    // A few at a time: most of each is waiting for Node to start.
    for few in scenarios.chunks(3) {
        let ran = futures_util::future::join_all(few.iter().map(|(scenario, _)| run(scenario, revision))).await;
        for ((scenario, checks), came) in few.iter().zip(ran) {
            assert_eq!(came, (*checks, 0, true), "{scenario}");
            sum += checks;
        }
    }
    assert_eq!(sum, total);
}

#[tokio::test]
async fn every_authorization_scenario_of_the_handshake_passes() {
    all_pass(HANDSHAKE, "2025-11-25", 239).await;
}

#[tokio::test]
async fn what_the_newest_revision_asks_before_its_wire_passes() {
    all_pass(STATELESS, "2026-07-28", 37).await;
}
