//! The words of the clients page: how an entry stands, and what a change of files means.

use wire::view::{ClientChange, ClientEntryView, ClientFileView, EntryState};

/// How an entry stands: CSS class, icon, word, and what follows from it.
pub fn standing(state: EntryState) -> (&'static str, &'static str, &'static str, &'static str) {
    match state {
        EntryState::Protected => {
            ("ok", "check", "Guarded", "It runs through Consentry: its calls are judged, asked and recorded.")
        }
        EntryState::Open => (
            "caution",
            "alert",
            "Goes around Consentry",
            "Its client runs it directly. Nothing it does is asked or recorded here.",
        ),
        EntryState::NotYet => {
            ("", "pause", "Can’t be guarded yet", "It goes around Consentry, and is left exactly as it is.")
        }
    }
}

/// How many entries of all files stand how: `2 guarded, 3 around Consentry`.
pub fn counts(files: &[ClientFileView]) -> String {
    let entries = || files.iter().flat_map(|file| &file.entries);
    let guarded = entries().filter(|entry| entry.state == EntryState::Protected).count();
    let around = entries().count() - guarded;
    match (guarded, around) {
        (0, 0) => String::new(),
        (n, 0) => format!("{n} guarded, none around Consentry"),
        (n, m) => format!("{n} guarded, {m} around Consentry"),
    }
}

/// What is true of a program without the tools that have this part in a threat.
pub fn gone(leg: &str) -> &'static str {
    match leg {
        "private" => "it reads nothing that is yours",
        "untrusted" => "no text of others reaches it",
        _ => "nothing can leave",
    }
}

/// How many servers, as the object of a change.
pub fn servers(n: usize) -> String {
    super::count(n, "server", "servers")
}

/// A change: the word on its button, what it is asked with, and what follows.
pub fn change(change: ClientChange) -> (&'static str, &'static str, &'static str) {
    match change {
        ClientChange::Protect => (
            "Protect",
            "Write these changes?",
            "Only these lines of the files change, and they can be put back as they were. Secrets among \
             a server’s variables are kept in your keychain from now on. Restart the clients afterwards, so that they read their files again.",
        ),
        ClientChange::Unprotect => (
            "Unprotect",
            "Put these lines back?",
            "The file gets its own lines back, secrets and all. The server then goes around Consentry: nothing it does is \
             asked or recorded here. Restart the client afterwards.",
        ),
    }
}

/// Stands for an entry in an address, whatever it is called.
pub fn address(client: &str, file: &str, entry: &ClientEntryView) -> String {
    let parts = [client, file, &entry.place, &entry.server].join("\0");
    parts.bytes().fold(String::from("clients/"), |address, byte| address + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_no_foreign_text_and_no_two_entries_share_one() {
        let entry = |server: &str| ClientEntryView {
            server: server.into(),
            place: "/mcpServers".into(),
            state: EntryState::Open,
            through: None,
            runs: vec![],
            url: None,
            env: vec![],
            risks: vec![],
            why: None,
        };
        let one = address("cursor", "/h", &entry("a/#\u{202e}"));
        assert!(one.trim_start_matches("clients/").chars().all(|c| c.is_ascii_hexdigit()), "{one}");
        assert_ne!(one, address("cursor", "/h", &entry("b")));
        let file = |states: &[EntryState]| ClientFileView {
            client: "cursor".into(),
            title: "Cursor".into(),
            file: "/h".into(),
            project: None,
            entries: states.iter().map(|state| ClientEntryView { state: *state, ..entry("x") }).collect(),
            fault: None,
        };
        assert_eq!(counts(&[file(&[EntryState::Protected, EntryState::Open])]), "1 guarded, 1 around Consentry");
        assert_eq!(counts(&[file(&[])]), "");
    }
}
