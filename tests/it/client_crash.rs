//! `kill -9` between any two steps of putting Consentry into a client's file: nothing is lost, and the next run finishes it
//! or undoes it.

use crate::clients::{CASES, Case, Scene, is_clean};
use e2e::{Broker, DEADLINE, Home, Keyring};
use std::os::unix::process::ExitStatusExt;

/// One without a secret: it can be protected where there is no keychain, too.
const PLAIN: Case = Case {
    client: "codex",
    file: ".codex/config.toml",
    text: "# mine\r\n[mcp_servers.notes] # notes\r\ncommand = '@' # it\r\nargs = [ \"a\", # first\r\n  \"b\" ]\r\n\r\n# the end\r\n",
    kept: &["# the end\r\n"],
};

/// The borders between two steps of `protect` and of `unprotect`.
const STEPS: [(&str, &[&str]); 2] = [
    ("protect", &["client-kept", "client-imported", "client-written", "client-exchanged", "client-replaced"]),
    ("unprotect", &["client-written", "client-exchanged", "client-replaced", "client-restored", "client-forgotten"]),
];

fn killed_at_every_border(case: &Case, within: impl Fn() -> Option<(Home, Option<Keyring>)>) {
    for (verb, borders) in STEPS {
        for border in borders {
            // Finished by the same command, or undone by the other.
            for then in ["protect", "unprotect"] {
                let Some((home, keyring)) = within() else { return };
                let mut scene = Scene::within(home, keyring, case);
                if verb == "unprotect" {
                    scene.client(&["protect", "codex"]);
                }
                scene.broker.stop();
                scene.home.set_env("CONSENTRY_STOP_AT", *border);
                scene.broker = Broker::start(&scene.home);
                assert_eq!(scene.home.run(&["client", verb, "codex"]).code, 1, "{border}");
                assert_eq!(scene.broker.process.wait(DEADLINE).signal(), Some(9), "{border}: did not stop there");
                scene.home.unset_env("CONSENTRY_STOP_AT");
                scene.broker = Broker::start(&scene.home);
                scene.client(&[then, "codex"]);
                if then == "protect" {
                    let (text, servers) = (scene.now(), scene.servers());
                    assert!(text.contains("\"connect\"") && text.contains("# the end"), "{verb} {border}: {text}");
                    assert_eq!(servers, ["notes"], "{verb} {border}");
                    scene.client(&["unprotect", "codex"]);
                }
                assert_eq!(scene.now(), scene.text, "{verb}, killed at {border}, then {then}");
                assert_eq!(scene.servers(), Vec::<String>::new(), "{verb} {border} {then}");
                is_clean(&scene.file);
            }
        }
    }
}

#[test]
fn killed_between_any_two_steps_nothing_is_lost() {
    killed_at_every_border(&PLAIN, || Some((Home::new(), None)));
}

#[test]
fn killed_between_any_two_steps_nothing_is_lost_with_a_keychain() {
    killed_at_every_border(&CASES[6], || {
        let mut home = Home::new();
        let keyring = Keyring::start(&mut home)?;
        Some((home, Some(keyring)))
    });
}
