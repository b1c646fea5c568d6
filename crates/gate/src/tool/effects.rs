//! What a tool can do, from its name, description, schema and hints.
//!
//! A server's hints raise the risk. `readOnlyHint` lowers it only where the name, the description and the arguments do
//! not contradict it. What can't be classified can do everything that is hard to take back short of paying.

use super::Effect;
use serde_json::Value;

/// `ToolAnnotations`: claims, not facts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hints {
    read_only: Option<bool>,
    destructive: Option<bool>,
}

impl Hints {
    pub(super) fn read(annotations: Option<&Value>) -> Self {
        let hint = |name| annotations.and_then(|a| a.get(name)).and_then(Value::as_bool);
        Self { read_only: hint("readOnlyHint"), destructive: hint("destructiveHint") }
    }
}

const READ: &[&str] = &[
    "get",
    "list",
    "read",
    "search",
    "find",
    "fetch",
    "show",
    "view",
    "describe",
    "query",
    "lookup",
    "count",
    "check",
    "browse",
    "inspect",
    "stat",
    "stats",
    "head",
    "tail",
    "cat",
    "ls",
    "diff",
    "log",
    "grep",
    "tree",
    "info",
    "status",
    "explain",
    "compare",
    "summarize",
    "analyze",
    "calculate",
    "compute",
    "preview",
    "retrieve",
    "load",
    "peek",
    "validate",
    "verify",
    "resolve",
    "convert",
    "translate",
    "current",
    "directory",
];
const WRITE: &[&str] = &[
    "write",
    "create",
    "update",
    "edit",
    "set",
    "add",
    "insert",
    "append",
    "put",
    "patch",
    "save",
    "move",
    "rename",
    "copy",
    "modify",
    "replace",
    "upsert",
    "mark",
    "schedule",
    "reschedule",
    "reserve",
    "book",
    "import",
    "fill",
    "click",
    "type",
    "press",
    "select",
    "assign",
    "close",
    "merge",
    "commit",
    "tag",
    "label",
    "archive",
    "restore",
    "enable",
    "disable",
    "toggle",
    "change",
    "make",
    "mkdir",
    "touch",
    "store",
    "register",
    "configure",
    "apply",
    "generate",
    "clone",
    "fork",
    "checkout",
    "stage",
    "reset",
    "init",
    "drag",
    "hover",
    "resize",
    "remember",
];
const DELETE: &[&str] = &[
    "delete",
    "remove",
    "destroy",
    "drop",
    "purge",
    "erase",
    "wipe",
    "clear",
    "trash",
    "unlink",
    "truncate",
    "rm",
    "uninstall",
    "cancel",
    "kill",
    "terminate",
    "forget",
    "discard",
];
const SEND: &[&str] = &[
    "send",
    "post",
    "publish",
    "email",
    "mail",
    "message",
    "notify",
    "share",
    "invite",
    "reply",
    "forward",
    "tweet",
    "upload",
    "push",
    "submit",
    "dm",
    "comment",
    "broadcast",
    "export",
    "call",
    "sms",
    "announce",
    "respond",
    "request",
    "navigate",
    "visit",
    "crawl",
    "scrape",
    "download",
    "open",
];
const PAY: &[&str] = &[
    "pay",
    "purchase",
    "buy",
    "charge",
    "refund",
    "checkout",
    "donate",
    "withdraw",
    "transfer",
    "payout",
    "subscribe",
    "invoice",
    "wire",
    "spend",
    "bid",
    "trade",
    "sell",
    "order",
];
const MONEY: &[&str] =
    &["money", "payment", "payments", "transaction", "transactions", "funds", "payout", "order", "iban"];
const EXECUTE: &[&str] = &[
    "run", "exec", "execute", "eval", "evaluate", "shell", "bash", "command", "script", "spawn", "launch", "start",
    "install", "deploy", "invoke", "trigger", "build", "compile", "terminal", "sql", "python", "code",
];
const PRIVILEGE: &[&str] = &[
    "grant",
    "permit",
    "authorize",
    "sudo",
    "chmod",
    "chown",
    "elevate",
    "impersonate",
    "promote",
    "revoke",
    "unlock",
    "approve",
];
const PRIVILEGED: &[&str] = &[
    "permission",
    "permissions",
    "role",
    "roles",
    "admin",
    "password",
    "credential",
    "credentials",
    "privilege",
    "secret",
    "secrets",
    "token",
    "tokens",
    "collaborator",
    "owner",
    "acl",
    "policy",
    "policies",
    "access",
];

/// Arguments that carry data to somebody: they make a read a send.
const OUTWARD: &[&str] = &[
    "url",
    "urls",
    "uri",
    "uris",
    "href",
    "link",
    "host",
    "hostname",
    "domain",
    "endpoint",
    "webhook",
    "callback",
    "recipient",
    "recipients",
    "to",
    "cc",
    "bcc",
    "email",
    "emails",
    "website",
    "site",
    "server",
];
/// Arguments that carry a program.
const PROGRAM: &[&str] = &["command", "cmd", "script", "code", "shell", "expression", "argv", "program", "javascript"];

pub(super) fn derive(name: &str, description: &str, schema: &Value, hints: Hints) -> Vec<Effect> {
    let words = words(name);
    let mut found = Found::default();
    let leads_with_read = words.first().is_some_and(|w| READ.contains(&w.as_str()));
    found.by_name(&words, leads_with_read);
    found.by_description(description);
    let arguments = argument_words(schema);
    if arguments.iter().any(|w| PROGRAM.contains(&w.as_str())) {
        found.add(Effect::Execute);
    }
    let outward = arguments.iter().any(|w| OUTWARD.contains(&w.as_str())) || has_outward_format(schema);
    if hints.destructive == Some(true) && hints.read_only != Some(true) {
        found.add(Effect::Delete);
    }
    let contradicted = !found.is_empty();
    if !contradicted {
        match (hints.read_only, leads_with_read) {
            (Some(true), _) | (None, true) => found.add(Effect::Read),
            (Some(false), true) => found.add(Effect::Write),
            (_, false) => [Effect::Write, Effect::Send, Effect::Execute].map(|e| found.add(e)).into_iter().collect(),
        }
    }
    if outward {
        found.add(Effect::Send);
    }
    found.into_effects()
}

#[derive(Default)]
struct Found(Vec<Effect>);

impl Found {
    fn add(&mut self, effect: Effect) {
        if !self.0.contains(&effect) {
            self.0.push(effect);
        }
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In a name that begins with a reading verb the rest are nouns (`get_payments`), unless joined by and/or/then.
    fn by_name(&mut self, words: &[String], leads_with_read: bool) {
        let joined = |i: usize| i > 0 && matches!(words[i - 1].as_str(), "and" | "or" | "then");
        let mut acts = false;
        for (i, word) in words.iter().enumerate() {
            if leads_with_read && !joined(i) {
                continue;
            }
            for (table, effect) in [
                (WRITE, Effect::Write),
                (DELETE, Effect::Delete),
                (SEND, Effect::Send),
                (PAY, Effect::Pay),
                (EXECUTE, Effect::Execute),
                (PRIVILEGE, Effect::Privilege),
            ] {
                if table.contains(&word.as_str()) {
                    self.add(effect);
                    acts = true;
                }
            }
        }
        if acts && words.iter().any(|w| MONEY.contains(&w.as_str())) {
            self.add(Effect::Pay);
        }
        if acts && words.iter().any(|w| PRIVILEGED.contains(&w.as_str())) {
            self.add(Effect::Privilege);
        }
    }

    /// The verb a sentence of the description begins with, where it names something hard to take back.
    fn by_description(&mut self, description: &str) {
        for sentence in description.split(['.', '\n', ';', '!']).take(64) {
            let Some(first) = words(sentence).into_iter().next() else { continue };
            for (table, effect) in [
                (DELETE, Effect::Delete),
                (&["send", "post", "publish", "email", "share", "upload", "forward", "invite"][..], Effect::Send),
                (&["pay", "purchase", "buy", "charge", "transfer", "donate", "refund"][..], Effect::Pay),
                (&["execute", "eval", "deploy", "install"][..], Effect::Execute),
                (
                    &["write", "create", "update", "modify", "overwrite", "insert", "append", "rename"][..],
                    Effect::Write,
                ),
                (&["grant", "revoke", "authorize"][..], Effect::Privilege),
            ] {
                if table.iter().any(|verb| is_form_of(&first, verb)) {
                    self.add(effect);
                }
            }
        }
    }

    fn into_effects(mut self) -> Vec<Effect> {
        self.0.sort_unstable();
        self.0
    }
}

/// Whether a tool brings what anybody may have put on the net, by its name and arguments. A claim alone would let a
/// server's data pass for public; it only takes away.
pub(super) fn fetches(name: &str, schema: &Value, annotations: Option<&Value>) -> bool {
    const NET: &[&str] = &["web", "webpage", "website", "url", "page", "browse"];
    let closed = annotations.and_then(|a| a.get("openWorldHint")).and_then(Value::as_bool) == Some(false);
    let named = words(name).iter().any(|word| NET.contains(&word.as_str()));
    let address = |name: &String| matches!(words(name).last().map(String::as_str), Some("url" | "uri" | "urls"));
    let properties = schema.get("properties").and_then(Value::as_object);
    !closed && (named || properties.is_some_and(|properties| properties.keys().any(address)))
}

/// Whether an argument of this name says where data goes.
pub(super) fn carries_outward(name: &str) -> bool {
    words(name).iter().any(|w| OUTWARD.contains(&w.as_str()))
}

/// `deletes`, `deleted`, `deleting` are forms of `delete`.
fn is_form_of(word: &str, verb: &str) -> bool {
    let stem = verb.strip_suffix('e').unwrap_or(verb);
    let Some(rest) = word.strip_prefix(stem) else { return false };
    matches!(rest, "" | "e" | "s" | "es" | "ed" | "d" | "ing") && (!rest.is_empty() || stem == verb)
}

/// `sendEmail`, `send-email` and `mail/send_email` are words in lower case.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut previous_lower = false;
    for c in text.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && previous_lower) {
            if !word.is_empty() {
                out.push(std::mem::take(&mut word));
            }
            if out.len() == 64 {
                return out;
            }
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        previous_lower = c.is_lowercase() || c.is_numeric();
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}

fn argument_words(schema: &Value) -> Vec<String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten().flat_map(|(name, _)| words(name)).collect()
}

fn has_outward_format(schema: &Value) -> bool {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten().any(|(_, property)| {
        let format = property.get("format").or_else(|| property.get("items").and_then(|i| i.get("format")));
        matches!(format.and_then(Value::as_str), Some("uri" | "email" | "idn-email" | "iri" | "hostname" | "url"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Effect::{Delete, Execute, Pay, Privilege, Read, Send, Write};
    use serde_json::json;

    fn effects(name: &str, description: &str, arguments: &[&str], hints: Value) -> Vec<Effect> {
        let properties: serde_json::Map<_, _> = arguments.iter().map(|a| ((*a).to_owned(), json!({}))).collect();
        derive(name, description, &json!({"properties": properties}), Hints::read(Some(&hints)))
    }

    #[test]
    fn tools_people_meet_are_classified() {
        let read = json!({"readOnlyHint": true});
        let none = json!({});
        for (name, description, arguments, hints, expected) in [
            ("read_text_file", "Read a file.", &["path", "head"][..], &read, &[Read][..]),
            ("get_payments", "Lists payments.", &["n"], &none, &[Read]),
            ("echo", "Echoes back the message.", &["message"], &read, &[Read]),
            ("echo", "Echoes back the message.", &["message"], &none, &[Write, Send, Execute]),
            ("get_webpage", "Returns the page.", &["url"], &read, &[Read, Send]),
            ("write_file", "Create a file.", &["path", "content"], &none, &[Write]),
            ("send_money", "Sends a transaction.", &["recipient", "amount"], &none, &[Send, Pay]),
            ("update_scheduled_transaction", "Update it.", &["id"], &none, &[Write, Pay]),
            ("update_password", "Update the password.", &["password"], &none, &[Write, Privilege]),
            ("deleteMessage", "", &["id"], &none, &[Delete, Send]),
            ("run-command", "", &["command"], &none, &[Execute]),
            ("get_and_delete", "", &["id"], &read, &[Delete]),
            ("lookup", "Deletes everything it finds.", &["id"], &read, &[Delete]),
            ("frobnicate", "", &["x"], &none, &[Write, Send, Execute]),
        ] {
            assert_eq!(effects(name, description, arguments, hints.clone()), expected, "{name}: {description}");
        }
    }

    #[test]
    fn hints_raise_and_only_lower_where_nothing_contradicts() {
        assert_eq!(effects("write_x", "", &[], json!({"destructiveHint": true})), [Write, Delete]);
        assert_eq!(effects("get_x", "", &[], json!({"readOnlyHint": false})), [Write]);
        assert_eq!(effects("send_x", "", &[], json!({"readOnlyHint": true})), [Send]);
        assert_eq!(effects("get_x", "", &["command"], json!({"readOnlyHint": true})), [Execute]);
    }

    #[test]
    fn every_tool_has_an_effect() {
        for name in ["", "___", "日本", "get", "and"] {
            assert!(!effects(name, "", &[], json!({})).is_empty(), "{name:?}");
        }
    }

    #[test]
    fn verbs_are_known_in_their_forms() {
        for word in ["delete", "deletes", "deleted", "deleting"] {
            assert!(is_form_of(word, "delete"), "{word}");
        }
        for word in ["sends", "sending"] {
            assert!(is_form_of(word, "send"), "{word}");
        }
        assert!(!is_form_of("delet", "delete") && !is_form_of("sender", "send"));
    }
}
