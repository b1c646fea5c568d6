//! Signs that a text speaks to the model instead of about the tool. Simple rules over words: they miss what is said
//! cleverly, and a person reads the text in any case.

const ASSISTANT: &[&str] = &[
    "you must",
    "you should",
    "you need to",
    "you have to",
    "you are",
    "assistant",
    "the model",
    "the agent",
    "the llm",
    "language model",
    "ignore previous",
    "ignore all",
    "ignore any",
    "disregard",
    "important>",
    "system prompt",
    "before using",
    "before calling",
    "before each use",
    "before any",
    "always call",
    "first call",
    "must be called",
    "always set",
    "always use",
    "always include",
    "always send",
    "make sure to",
    "from now on",
    "whenever the user",
    "when the user",
    "instead of the",
    "your instructions",
    "follow these",
];
const HIDING: &[&str] = &[
    "do not tell",
    "don't tell",
    "don’t tell",
    "do not mention",
    "don't mention",
    "don’t mention",
    "without telling",
    "without mentioning",
    "without asking",
    "without informing",
    "without notifying",
    "not inform",
    "do not show",
    "don't show",
    "do not reveal",
    "don't reveal",
    "do not notify",
    "do not ask",
    "don't ask",
    "silently send",
    "silently copy",
    "silently forward",
    "silently include",
    "silently add",
    "silently read",
    "secretly",
    "no need to tell",
    "no need to mention",
    "not need to know",
    "user must not",
    "user should not",
    "hide this",
    "keep this hidden",
    "confidential",
    "not visible to the user",
];
const SECRETS: &[&str] = &[
    ".ssh",
    "id_rsa",
    "id_ed25519",
    ".env",
    "password",
    "passwd",
    "api key",
    "api_key",
    "apikey",
    "access token",
    "access_token",
    "credential",
    "private key",
    "private_key",
    "secret",
    "/etc/",
    "mcp.json",
    ".aws",
    ".npmrc",
    "keychain",
    "keyring",
    "cookie",
    "seed phrase",
    "~/",
    "/home/",
    "/users/",
];

/// The worst sign: an honest text has no reason for it.
pub const HIDES: &str = "It asks that something be kept from you.";

/// A sign only where it is new: honest descriptions often say which tool is the better one.
pub const OTHER_TOOL: &str = "It names another tool.";

/// What is alarming in a text, in our words. `others` are the names of the server's other tools.
pub fn steers(text: &str, others: &[&str]) -> Vec<&'static str> {
    let text = plain(text);
    let any = |list: &[&str]| list.iter().any(|phrase| text.contains(phrase));
    let mut why = Vec::new();
    if any(HIDING) {
        why.push(HIDES);
    }
    if any(SECRETS) {
        why.push("It names secrets or private files.");
    }
    if any(ASSISTANT) {
        why.push("It speaks to the assistant.");
    }
    if others.iter().any(|name| names(&text, &name.to_lowercase())) {
        why.push(OTHER_TOOL);
    }
    let outside =
        |w: &str| w.contains("://") || w.split_once('@').is_some_and(|(l, d)| !l.is_empty() && d.contains('.'));
    if text.split(' ').any(outside) {
        why.push("It names an address outside.");
    }
    why
}

/// Lower case, one blank between words, hidden characters out: what hides in them must not hide from the rules.
fn plain(text: &str) -> String {
    let shown: String = text.chars().filter(|c| c.is_whitespace() || !wire::text::is_hidden(*c)).collect();
    shown.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Whether a name stands in the text as a word. Names that are everyday words only count as code, in backticks.
fn names(text: &str, name: &str) -> bool {
    if name.len() < 3 {
        return false;
    }
    if !name.contains(['_', '-', '.', '/']) {
        return text.contains(&format!("`{name}`"))
            || text.contains(&format!("{name} tool"))
            || text.contains(&format!("tool {name}"));
    }
    let edge = |c: Option<char>| c.is_none_or(|c| !(c.is_alphanumeric() || matches!(c, '_' | '-')));
    text.match_indices(name)
        .any(|(at, _)| edge(text[..at].chars().next_back()) && edge(text[at + name.len()..].chars().next()))
}
