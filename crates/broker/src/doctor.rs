//! What works here and what does not, in words, with what to do about it.

use crate::person::Subject;
use crate::{Broker, Decisions, Home, Inner};
use wire::view::{CheckState, CheckView, StatusView};

/// Programs that give an agent a shell, by file name: clients that can reach around us.
const WITH_SHELL: &[&str] =
    &["claude", "codex", "cursor", "code", "gemini", "goose", "windsurf", "zed", "aider", "opencode", "node", "python"];

fn check(name: &str, state: CheckState, message: impl Into<String>, remedy: impl Into<String>) -> CheckView {
    CheckView { name: name.into(), state, message: message.into(), remedy: remedy.into() }
}

/// The broker's state with every check.
pub(crate) async fn status(broker: &Broker) -> StatusView {
    let inner = &*broker.inner;
    let attached = inner.connections.all();
    let mut clients: Vec<String> = attached.iter().map(|a| format!("{} → {}", a.name, a.server)).collect();
    clients.sort();
    clients.dedup();
    let mut checks = vec![decisions(inner.decisions), keychain(inner), proof(inner).await, audit(inner).await];
    checks.extend(files(inner));
    let mut shells: Vec<&str> =
        attached.iter().map(|a| a.name.as_str()).filter(|n| WITH_SHELL.iter().any(|s| n.starts_with(s))).collect();
    shells.sort_unstable();
    shells.dedup();
    if !shells.is_empty() {
        checks.push(check(
            "clients with a shell",
            CheckState::Caution,
            format!("{} may run programs as you, and nothing fences them in.", shells.join(", ")),
            "Run them as another user, or in a container, where what they could do matters.",
        ));
    }
    checks.push(plain_words());
    StatusView {
        version: env!("CARGO_PKG_VERSION").into(),
        decisions: if inner.decisions == Decisions::CommandLine { "cli" } else { "windows" }.into(),
        preset: inner.corridor.policies.preset().to_string(),
        home: inner.home.data.to_string_lossy().into_owned(),
        connections: u32::try_from(attached.len()).unwrap_or(u32::MAX),
        clients,
        waiting: u32::try_from(inner.corridor.desk.count()).unwrap_or(u32::MAX),
        stopped: inner.corridor.stop.is_on(),
        quiet_until: broker.quiet_until(),
        checks,
    }
}

/// What can be checked when no broker runs.
pub fn without_broker(home: &Home) -> Vec<CheckView> {
    vec![
        check(
            "broker",
            CheckState::Danger,
            format!("No broker is running for {}.", home.data.display()),
            "Start the Consentry app, or `consentry broker`.",
        ),
        plain_words(),
    ]
}

fn plain_words() -> CheckView {
    check(
        "programs of this user",
        CheckState::Caution,
        "Consentry guards what goes through it. A program that runs as you can be you: read your files, call a server \
         itself, read the unlocked keyring and, under X11, click for you.",
        "Give agents that have a shell a user account or a container of their own.",
    )
}

fn decisions(decisions: Decisions) -> CheckView {
    match decisions {
        Decisions::Windows => check("decisions", CheckState::Ok, "Taken in Consentry's windows only.", ""),
        Decisions::CommandLine => check(
            "decisions",
            CheckState::Caution,
            "This broker takes decisions on the command line: any program of this user can approve.",
            "Use `--decisions cli` on headless machines and for tests only.",
        ),
    }
}

fn keychain(inner: &Inner) -> CheckView {
    match &inner.keychain_fault {
        None => check("keychain", CheckState::Ok, "The key that seals decisions is in the system's keychain.", ""),
        Some(why) => check(
            "keychain",
            CheckState::Caution,
            format!("No key could be kept: {why}. What you trust holds for this run only."),
            "Unlock or install a keychain (Secret Service: gnome-keyring, KWallet), then start Consentry again.",
        ),
    }
}

async fn proof(inner: &Inner) -> CheckView {
    let means = inner.person.means(&Subject::own()).await;
    let said = match (means.system, means.passphrase) {
        (true, true) => "The system asks for your password before payments and the like; your passphrase will do, too.",
        (true, false) => "The system asks for your password before payments and the like.",
        (false, true) => "Your passphrase is asked for before payments and the like.",
        (false, false) => "Nothing can prove yet that it is you: the first payment asks you to choose a passphrase.",
    };
    let state = if means.system || means.passphrase { CheckState::Ok } else { CheckState::Caution };
    let why = if means.no_system.is_empty() {
        String::new()
    } else {
        format!(" The system can’t ask: {}.", means.no_system)
    };
    let remedy = if state == CheckState::Ok { "" } else { "Choose one in Consentry’s settings." };
    check("proof that it is you", state, format!("{said}{why}"), remedy)
}

async fn audit(inner: &Inner) -> CheckView {
    match inner.store.entries(None, 1).await {
        Ok(entries) => {
            let entries = entries.first().map_or(0, |e| e.seq);
            check(
                "audit log",
                CheckState::Ok,
                format!("{entries} entries. `consentry audit verify` recomputes all."),
                "",
            )
        }
        Err(fault) => check(
            "audit log",
            CheckState::Danger,
            fault.message,
            "No call runs until it can be written: free the disk, or restore the file's rights.",
        ),
    }
}

fn files(inner: &Inner) -> Vec<CheckView> {
    let view = inner.corridor.servers.view(&std::collections::BTreeMap::new());
    let mut checks: Vec<CheckView> = view
        .fault
        .map(|why| check("servers.json", CheckState::Danger, why, "Mend the file; it is read again at once."))
        .into_iter()
        .collect();
    for server in view.servers {
        if let Some(fault) = server.fault {
            let name = format!("server {}", wire::text::escaped(&server.name));
            checks.push(check(&name, CheckState::Caution, wire::text::escaped(&fault), "See `consentry server show`."));
        }
    }
    checks.extend(inner.corridor.policies.faults().into_iter().map(|why| {
        check("policies", CheckState::Danger, wire::text::escaped(&why), "Mend the file; it is read again at once.")
    }));
    checks
}
