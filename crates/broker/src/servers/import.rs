//! Servers that come from the configuration files of clients.

use super::{Entry, Servers};
use crate::upstream::Configured;

/// Under which name a command becomes a server, and whether it is one already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Import {
    /// It is to be added under this name.
    Add(String),
    /// It is in force under this name.
    There(String),
}

impl Import {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Add(name) | Self::There(name) => name,
        }
    }
}

impl Entry {
    /// The command it stands for, accepted or not.
    fn command(&self) -> Option<&Configured> {
        let configured = self.configured.as_ref().and_then(|c| c.as_ref().ok());
        configured.or(self.accepted.as_ref().map(|a| &a.command))
    }
}

impl Servers {
    /// A name for a command a client runs as `wanted`: that name, unless another command has it, then with the client's.
    /// `planned` holds what is to be added first.
    pub(crate) fn name_for(
        &self,
        wanted: &str,
        client: &str,
        configured: &Configured,
        planned: &[(String, Configured)],
    ) -> Import {
        let (entries, secrets) = (self.entries(), self.store.secrets());
        for name in names(wanted, client) {
            // As it would stand in our file under this name: what it would refer to in the keychain, too.
            let command = &secrets.referred(&name, configured);
            if let Some((_, other)) = planned.iter().find(|(planned, _)| *planned == name) {
                if other == command {
                    return Import::Add(name);
                }
                continue;
            }
            match entries.get(&name) {
                None => return Import::Add(name),
                Some(entry) if entry.command() != Some(command) => {}
                Some(entry) if entry.in_force().is_some_and(|accepted| accepted.command == *command) => {
                    return Import::There(name);
                }
                Some(_) => return Import::Add(name),
            }
        }
        // Names have no end; this only tells the compiler so.
        Import::Add(wanted.to_owned())
    }
}

/// Names to try, best first: as the client says, with the client's own, with a number.
fn names(wanted: &str, client: &str) -> impl Iterator<Item = String> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    let clean: String = wanted.chars().map(|c| if fine(c) { c } else { '-' }).take(40).collect();
    let clean = clean.trim_matches(['-', '.', ' ']);
    let base = if clean.is_empty() { "server".to_owned() } else { clean.to_owned() };
    let with_client = format!("{base}-{client}");
    let numbered = with_client.clone();
    [base, with_client].into_iter().chain((2..10_000).map(move |n| format!("{numbered}-{n}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers_json::check_name;

    #[test]
    fn every_name_a_client_gives_becomes_one_of_ours() {
        for wanted in ["files", "@scope/server", "文件", "", "../x", "a b.c_d-", &"x".repeat(200)] {
            for name in names(wanted, "claude-desktop").take(4) {
                assert_eq!(check_name(&name), Ok(()), "{wanted:?} became {name:?}");
            }
        }
        assert_eq!(names("files", "cursor").take(3).collect::<Vec<_>>(), ["files", "files-cursor", "files-cursor-2"]);
    }
}
