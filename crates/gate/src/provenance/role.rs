//! What an argument decides: who gets something, where it goes, which file, what is run, how much. A value of untrusted
//! origin matters there.

use crate::tool::words;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// What an argument decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Who gets it, or is let in.
    Recipient,
    /// Whose money.
    Account,
    /// Which address of the net.
    Url,
    /// Which file or folder.
    Path,
    /// What is run.
    Command,
    /// How much.
    Amount,
    /// What opens something.
    Secret,
}

const ROLES: &[(Role, &str)] = &[
    (
        Role::Account,
        "account iban payee beneficiary wallet card bic swift creditor debtor account_number sort_code routing",
    ),
    (
        Role::Recipient,
        "recipient recipients to cc bcc email emails mail address addresses participant participants attendee attendees \
         invitee invitees member members user users username person people channel chat room group team contact contacts \
         assignee assignees reviewer reviewers collaborator collaborators guest guests phone owner audience topic queue",
    ),
    (
        Role::Url,
        "url urls uri uris href link links host hostname domain endpoint webhook callback website site server remote \
         origin redirect base_url proxy image_url",
    ),
    (
        Role::Command,
        "command cmd script code shell expression argv program javascript sql query_string args env entrypoint statement",
    ),
    (
        Role::Path,
        "path paths file files filename file_path filepath directory dir folder destination source target cwd \
         attachment attachments workspace location",
    ),
    (Role::Amount, "amount amounts price sum total quantity rate fee limit budget value"),
    (Role::Secret, "password passphrase passcode pin otp"),
];

/// What ends the name of an argument that is only said.
const SAID: &str =
    "body text message messages subject description content contents notes note title html markdown summary comment do";

/// Each word of the table, with the first row that it stands in: names are looked up for each value of each call.
static KNOWN: LazyLock<HashMap<&str, usize>> = LazyLock::new(|| {
    let mut known = HashMap::new();
    for (row, (_, list)) in ROLES.iter().enumerate() {
        for word in list.split_whitespace() {
            known.entry(word).or_insert(row);
        }
    }
    known
});
static SAYS: LazyLock<HashSet<&str>> = LazyLock::new(|| SAID.split_whitespace().collect());

/// The name of the argument that a pointer leads to: of a list, the list's.
pub(super) fn argument(pointer: &str) -> &str {
    pointer.rsplit('/').find(|part| part.parse::<u32>().is_err()).unwrap_or_default()
}

impl Role {
    /// What the argument with this name, in a tool's arguments, decides with this value; `None` where that is nothing
    /// much.
    pub(crate) fn of(pointer: &str, value: &Value) -> Option<Self> {
        match (Self::named(argument(pointer)), value) {
            // How many of something is no amount of it, and a switch names nobody.
            (_, Value::Bool(_) | Value::Null) => None,
            (Some(Self::Url | Self::Path | Self::Command), Value::Number(_)) => None,
            (Some(role), _) => Some(role),
            (None, Value::String(text)) => by_look(text.trim()),
            (None, _) => None,
        }
    }

    /// What an argument of this name decides.
    pub(super) fn named(name: &str) -> Option<Self> {
        let words = words(name);
        let row = |word: &str| KNOWN.get(word).copied();
        // `email_body` is what is said, not who is told.
        let says = words.last().is_some_and(|last| SAYS.contains(last.as_str()));
        let part = || if says { None } else { words.iter().filter_map(|word| row(word)).min() };
        row(&words.join("_")).or_else(part).map(|row| ROLES[row].0)
    }
}

/// A whole value that can only be a URL, an address or a path.
fn by_look(text: &str) -> Option<Role> {
    if text.contains(char::is_whitespace) || text.len() > 2048 {
        return None;
    }
    if text.contains("://") {
        return Some(Role::Url);
    }
    if text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.')) {
        return Some(Role::Recipient);
    }
    (text.starts_with(['/', '~']) && text.len() > 1).then_some(Role::Path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn arguments_are_known_by_name_and_by_look() {
        for (pointer, value, role) in [
            ("/recipient", json!("Ann"), Some(Role::Recipient)),
            ("/to/0", json!("ann@example.org"), Some(Role::Recipient)),
            ("/user_email", json!("x"), Some(Role::Recipient)),
            ("/attendees/2/email", json!("x"), Some(Role::Recipient)),
            ("/recipientIban", json!("x"), Some(Role::Account)),
            ("/url", json!("www.example.org"), Some(Role::Url)),
            ("/file_path", json!("a"), Some(Role::Path)),
            ("/amount", json!(12), Some(Role::Amount)),
            ("/command", json!("ls"), Some(Role::Command)),
            ("/password", json!("x"), Some(Role::Secret)),
            ("/body", json!("see you"), None),
            ("/email_body", json!("see you"), None),
            ("/channel_description", json!("see you"), None),
            ("/note", json!("https://evil.example"), Some(Role::Url)),
            ("/note", json!("~/x"), Some(Role::Path)),
            ("/shared", json!(true), None),
        ] {
            assert_eq!(Role::of(pointer, &value), role, "{pointer} {value}");
        }
    }
}
