//! What is risky in an entry: that its client runs tools unasked, secrets that lie open in a file, and variables that
//! decide what runs.

use super::entry::{HEADERS, shown_words};
use super::mask::{is_secret_name, is_secret_shape, masked_words};
use super::table::FileRow;
use super::tree::{Kind, Node};
use crate::upstream::steers;
use wire::text::escaped;
use wire::view::RiskView;

/// What is risky in an entry. No secret's value stands in it.
pub(super) fn risks(row: &FileRow, node: &Node) -> Vec<RiskView> {
    let mut risks = Vec::new();
    let mut say = |class: &str, message: String| risks.push(RiskView { class: class.into(), message });
    for sentence in approves_itself(node) {
        say("approves_itself", sentence);
    }
    for (what, map) in maps(row, node) {
        for member in map.members() {
            let Some(value) = member.value.text() else { continue };
            if what == "variable"
                && !value.is_empty()
                && member.name != "PATH"
                && let Some(steer) = steers(&member.name)
            {
                say("steers", format!("The variable {} {}.", escaped(&member.name), steer.told().2));
            }
            let open = !value.is_empty() && !value.starts_with('$') && !value.contains("${");
            if open && (is_secret_name(&member.name) || is_secret_shape(value)) {
                say("secret", format!("The {what} {} holds a secret in plain text.", escaped(&member.name)));
            }
        }
    }
    let words = shown_words(row, node);
    let masked = masked_words(&words);
    if words.iter().zip(&masked).any(|(word, masked)| word != masked && !word.contains("${")) {
        say(
            "secret",
            "Its command line holds a secret in plain text, which every program on this machine can read.".into(),
        );
    }
    risks
}

/// Variables and headers, with the word for one.
fn maps<'node>(row: &FileRow, node: &'node Node) -> Vec<(&'static str, &'node Node)> {
    let inner = node.get(row.fields.command);
    let env = [Some(node), inner].into_iter().flatten().filter_map(|within| within.get(row.fields.env));
    let headers = HEADERS.iter().filter_map(|name| node.get(name));
    env.map(|env| ("variable", env)).chain(headers.map(|map| ("header", map))).collect()
}

/// Settings by which the client runs tools of this server without asking.
fn approves_itself(node: &Node) -> Vec<String> {
    let mut found = Vec::new();
    if node.get("trust").is_some_and(Node::is_true) {
        found.push("`trust` makes its client run every tool without asking.".to_owned());
    }
    for name in ["autoApprove", "alwaysAllow", "allowedTools", "autoApproved"] {
        let Some(value) = node.get(name) else { continue };
        match &value.kind {
            Kind::List(items) if !items.is_empty() => {
                found.push(format!("`{name}` makes its client run {} of its tools without asking.", items.len()));
            }
            Kind::Raw(raw) if raw == "true" => {
                found.push(format!("`{name}` makes its client run its tools without asking."));
            }
            _ => {}
        }
    }
    if node.get("default_tools_approval_mode").and_then(Node::text) == Some("approve") {
        found.push("`default_tools_approval_mode` makes its client run its tools without asking.".to_owned());
    }
    let tools = node.get("tools").map(Node::members).unwrap_or_default();
    let approved = |m: &&super::tree::Member| m.value.get("approval_mode").and_then(Node::text) == Some("approve");
    match tools.iter().filter(approved).count() {
        0 => {}
        n => found.push(format!("`approval_mode` makes its client run {n} of its tools without asking.")),
    }
    if node.get("sandboxEnabled").is_some_and(Node::is_true) {
        found.push("`sandboxEnabled` makes its client run its tools without asking.".to_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::entry::entries;
    use super::super::table::client;
    use super::*;

    fn said(name: &str, text: &str) -> String {
        let row = &client(name).unwrap().files[0];
        let found = entries(row, text).unwrap();
        risks(row, &found[0].node).iter().map(|r| format!("{}: {}\n", r.class, r.message)).collect()
    }

    #[test]
    fn flags_that_answer_for_the_person_are_named() {
        for (entry, name) in [
            (r#""trust": true"#, "trust"),
            (r#""autoApprove": ["a", "b"]"#, "autoApprove"),
            (r#""alwaysAllow": ["a"]"#, "alwaysAllow"),
            (r#""sandboxEnabled": true"#, "sandboxEnabled"),
        ] {
            let text = format!("{{\"mcpServers\": {{\"a\": {{\"command\": \"x\", {entry}}}}}}}");
            assert!(said("cursor", &text).starts_with(&format!("approves_itself: `{name}`")), "{entry}");
        }
        let toml = "[mcp_servers.a]\ncommand = 'x'\ndefault_tools_approval_mode = 'approve'\n[mcp_servers.a.tools.t]\napproval_mode = 'approve'\n";
        assert_eq!(said("codex", toml).lines().count(), 2);
        assert_eq!(said("cursor", r#"{"mcpServers":{"a":{"command":"x","trust":false,"autoApprove":[]}}}"#), "");
    }

    #[test]
    fn variables_that_decide_what_runs_are_named() {
        let text = r#"{"mcpServers":{"a":{"command":"x","env":{"NODE_OPTIONS":"--require=/x","PATH":"/bin","LEVEL":"debug"}}}}"#;
        let said = said("cursor", text);
        assert_eq!(said, "steers: The variable NODE_OPTIONS can make the program run other code than its own.\n");
    }

    #[test]
    fn secrets_are_named_and_not_told() {
        let text = r#"{"mcpServers":{"a":{"command":"x","args":["--token=hunter2"],"env":{"API_KEY":"hunter3","PLAIN":"ghp_0123456789ab","HOME_PAGE":"z","MY_TOKEN":"${env:T}"}}}}"#;
        let said = said("cursor", text);
        assert_eq!(said.matches("secret:").count(), 3, "{said}");
        assert!(!said.contains("hunter") && !said.contains("0123456789"), "{said}");
        assert!(said.contains("API_KEY") && said.contains("PLAIN") && said.contains("command line"), "{said}");
    }
}
