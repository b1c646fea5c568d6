//! The rules of absence: which part may never name what.

use super::Complaint;
use super::code::{Source, names, names_crate};
use std::path::Path;

/// One rule: nobody in `who` names any of `never`, but those in `except`.
pub(super) struct Rule {
    /// The rule as ARCHITECTURE.md states it.
    pub(super) says: &'static str,
    /// Folders it holds for; empty means the whole repository.
    who: &'static [&'static str],
    never: &'static [&'static str],
    except: &'static [&'static str],
}

/// All of them.
pub(super) const RULES: &[Rule] = &[
    Rule {
        says: "`gate` knows no clock, disk, network, environment or async runtime.",
        who: &["crates/gate/src"],
        never: &[
            "tokio",
            "async fn",
            "sqlx",
            "tauri",
            "keyring",
            "rustix",
            "std::fs",
            "TcpStream",
            "TcpListener",
            "UdpSocket",
            "UnixStream",
            "UnixListener",
            "ToSocketAddrs",
            "std::env",
            "std::process",
            "std::thread",
            "SystemTime::now",
            "Instant::now",
            "now_utc",
            "now_v7",
        ],
        except: &[],
    },
    Rule {
        says: "`gate` names no crate of ours but `wire`, and of that `wire::text` alone.",
        who: &["crates/gate/src"],
        never: &[
            "broker",
            "bridge",
            "remote",
            "wire::view",
            "wire::command",
            "wire::control",
            "wire::Fault",
            "wire::Event",
        ],
        except: &[],
    },
    Rule {
        says: "SQL stands in `broker::store` alone.",
        who: &["crates", "src-tauri", "ui", "xtask"],
        never: &["sqlx"],
        except: &["crates/broker/src/store.rs", "crates/broker/src/store/"],
    },
    Rule {
        says: "The keychain is reached by `broker::vault` alone.",
        who: &["crates", "src-tauri", "ui", "xtask"],
        never: &["keyring"],
        except: &["crates/broker/src/vault.rs"],
    },
    Rule {
        says: "Nothing under `crates/` names Tauri.",
        who: &["crates", "ui", "xtask"],
        never: &["tauri", "tauri_build"],
        except: &[],
    },
    Rule {
        says: "Notifications are sent by `src-tauri/src/notify.rs` alone.",
        who: &["crates", "src-tauri", "ui"],
        never: &["notify_rust"],
        except: &["src-tauri/src/notify.rs"],
    },
    Rule {
        says: "JavaScript is touched by `ui/src/backend.rs` alone.",
        who: &["ui/src"],
        never: &["wasm_bindgen", "js_sys", "web_sys"],
        except: &["ui/src/backend.rs"],
    },
    Rule {
        says: "`ui` names `wire` and no other crate of ours.",
        who: &["ui/src"],
        never: &["gate", "broker", "bridge", "remote"],
        except: &[],
    },
    Rule {
        says: "HTTP is spoken by `remote` alone.",
        who: &["crates", "src-tauri", "ui", "xtask"],
        never: &["reqwest", "rustls"],
        except: &["crates/remote/"],
    },
    Rule {
        says: "`wire`, `bridge` and `remote` name no other crate of ours, but `bridge` and `remote` may name `wire`.",
        who: &["crates/wire/src", "crates/bridge/src", "crates/remote/src"],
        never: &["gate", "broker", "consentry"],
        except: &[],
    },
];

/// Every line that names what its file may not.
pub(super) fn check(sources: &[(&Path, Source)]) -> Vec<Complaint> {
    RULES.iter().flat_map(|rule| sources.iter().flat_map(|(path, source)| broken(rule, path, source))).collect()
}

fn broken(rule: &Rule, path: &Path, source: &Source) -> Vec<Complaint> {
    let name = path.to_string_lossy();
    let within = |folders: &[&str]| folders.iter().any(|folder| name.starts_with(folder));
    if !within(rule.who) || within(rule.except) {
        return Vec::new();
    }
    let mut complaints = Vec::new();
    for (number, line) in source.code.iter().enumerate() {
        let named = rule.never.iter().filter(|word| is_named(line, word));
        complaints.extend(named.map(|word| format!("{name}:{}: names `{word}`. {}", number + 1, rule.says)));
    }
    complaints
}

/// A path, a type or a function is found as written; a crate, by a path that begins with it.
fn is_named(line: &str, word: &str) -> bool {
    if word.contains([':', ' ']) || word.starts_with(char::is_uppercase) || word.starts_with("now_") {
        return names(line, word);
    }
    names_crate(line, word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: &str) -> usize {
        check(&[(Path::new(path), Source::read(text))]).len()
    }

    #[test]
    fn the_gate_has_no_clock_no_disk_no_runtime() {
        for line in [
            "use std::fs;",
            "let t = Instant::now();",
            "tokio::spawn(f);",
            "pub async fn judge() {}",
            "std::env::var(n)",
        ] {
            assert_eq!(complaints("crates/gate/src/lib.rs", line), 1, "{line}");
        }
        assert_eq!(complaints("crates/gate/src/lib.rs", "/// Like `std::fs`, said in words.\nlet fs = 1;"), 0);
    }

    #[test]
    fn each_thing_has_the_one_file_that_may_name_it() {
        for (home, line) in [
            ("crates/broker/src/store/pins.rs", "sqlx::query(TEXT)"),
            ("crates/broker/src/vault.rs", "keyring::Entry::new(a, b)"),
            ("src-tauri/src/notify.rs", "notify_rust::Notification::new()"),
            ("ui/src/backend.rs", "use wasm_bindgen::prelude::*;"),
        ] {
            assert_eq!(complaints(home, line), 0, "{home}");
        }
        assert_eq!(complaints("crates/broker/src/desk.rs", "sqlx::query(TEXT)"), 1);
        assert_eq!(complaints("crates/broker/src/desk.rs", "keyring::Entry::new(a, b)"), 1);
        assert_eq!(complaints("src-tauri/src/tray.rs", "notify_rust::Notification::new()"), 1);
        assert_eq!(complaints("ui/src/card.rs", "use web_sys::Window;"), 1);
        assert_eq!(complaints("crates/broker/src/lib.rs", "tauri::Builder::new()"), 1);
    }

    #[test]
    fn a_variable_may_be_called_like_a_crate() {
        assert_eq!(complaints("ui/src/card.rs", "let gate = 1; broker(gate);"), 0);
        assert_eq!(complaints("ui/src/card.rs", "use broker::Broker;"), 1);
    }
}
