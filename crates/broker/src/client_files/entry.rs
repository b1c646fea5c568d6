//! An entry of a client's file: where it stands, what it runs, whether Consentry can stand in its way.

use super::mask::is_secret_shape;
use super::table::{FileRow, Format, INNER};
use super::tree::{Form, Kind, Node, Span};
use super::{json, looks_secret, toml, yaml};
use crate::upstream::{Command, Configured, Remote};
use std::collections::BTreeMap;
use std::path::Path;

/// The names under which entries hold URLs.
pub(super) const URLS: &[&str] = &["url", "serverUrl", "httpUrl", "uri"];

/// The names under which entries hold headers.
pub(super) const HEADERS: &[&str] = &["headers", "http_headers"];

/// A server in a file.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// JSON pointer of the map or list it stands in.
    pub(super) place: String,
    pub(super) name: String,
    pub(super) node: Node,
    /// With its name, for showing.
    pub(super) shown: Span,
    /// Why it can't be rewritten, if so.
    pub(super) fault: Option<&'static str>,
}

/// Where an entry stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It runs `consentry connect`, for this server.
    Ours(String),
    /// It runs this, or asks this address.
    Runs(Configured),
    /// Consentry can't stand in its way; one sentence says why.
    NotYet(String),
}

/// The tree of a text.
pub(super) fn parse(format: Format, text: &str) -> Result<Node, String> {
    match format {
        Format::Json => json::parse(text),
        Format::Toml => toml::parse(text),
        Format::Yaml => yaml::parse(text),
    }
}

/// Every server in a file.
pub(super) fn entries(row: &FileRow, text: &str) -> Result<Vec<Found>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    Ok(in_tree(row, &parse(row.format, text)?))
}

/// Every server in a tree.
pub(super) fn in_tree(row: &FileRow, root: &Node) -> Vec<Found> {
    let mut found = Vec::new();
    for path in row.roots {
        descend(root, root, path, String::new(), &mut found);
    }
    // A name that stands twice means different things to different readers.
    let names: Vec<(String, String)> = found.iter().map(|f| (f.place.clone(), f.name.clone())).collect();
    for entry in &mut found {
        if names.iter().filter(|(place, name)| *place == entry.place && *name == entry.name).count() > 1 {
            entry.fault = Some("another entry has the same name");
        }
    }
    found
}

fn descend(root: &Node, node: &Node, path: &[&str], place: String, found: &mut Vec<Found>) {
    let Some((next, rest)) = path.split_first() else { return collect(root, node, &place, found) };
    for member in node.members().iter().filter(|m| *next == "*" || m.name == *next) {
        let name = gate::call::token(&member.name);
        descend(root, &member.value, rest, format!("{place}/{name}"), found);
    }
}

fn collect(root: &Node, servers: &Node, place: &str, found: &mut Vec<Found>) {
    let mut add = |name: &str, node: &Node, shown: Span| {
        found.push(Found {
            place: place.to_owned(),
            name: name.to_owned(),
            node: node.clone(),
            shown,
            fault: fault(root, servers, node),
        });
    };
    match &servers.kind {
        Kind::Map(members) => {
            for member in members {
                let inside = matches!(member.value.form, Form::Section(_) | Form::Dotted);
                add(&member.name, &member.value, if inside { member.value.span.clone() } else { member.at() });
            }
        }
        Kind::List(items) => {
            for item in items {
                if let Some(name) = item.get("name").and_then(Node::text) {
                    add(name, item, item.span.clone());
                }
            }
        }
        Kind::Text(_) | Kind::Raw(_) => {}
    }
}

/// Why an entry can't be rewritten in its place.
fn fault(root: &Node, servers: &Node, node: &Node) -> Option<&'static str> {
    if !matches!(node.kind, Kind::Map(_)) {
        return Some("it is not an object");
    }
    if servers.odd || node.is_doubtful() {
        return Some("it repeats a name, or is written with anchors, aliases or tags");
    }
    let mut others = Vec::new();
    root.stretches(node, &mut others);
    let apart = |at: &Span| at.end <= node.span.start || at.start >= node.span.end;
    if !others.iter().all(apart) {
        return Some("it is written in several places, with others in between");
    }
    None
}

/// The words of an entry's command, as written.
fn words(row: &FileRow, node: &Node) -> Option<(Vec<String>, Option<Node>)> {
    let command = node.get(row.fields.command)?;
    let (mut words, within, fields) = match &command.kind {
        Kind::Text(word) => (vec![word.clone()], node, &row.fields),
        Kind::List(items) => (scalars(items)?, node, &row.fields),
        Kind::Map(_) => (vec![command.get(INNER.command)?.text()?.to_owned()], command, &INNER),
        Kind::Raw(_) => return None,
    };
    if let Some(args) = within.get(fields.args) {
        match &args.kind {
            Kind::List(items) => words.extend(scalars(items)?),
            Kind::Raw(raw) if raw == "null" => {}
            _ => return None,
        }
    }
    Some((words, within.get(fields.env).cloned()))
}

fn scalars(items: &[Node]) -> Option<Vec<String>> {
    items.iter().map(|item| scalar(item).map(str::to_owned)).collect()
}

fn scalar(node: &Node) -> Option<&str> {
    match &node.kind {
        Kind::Text(text) => Some(text),
        Kind::Raw(raw) if raw != "null" => Some(raw),
        _ => None,
    }
}

/// What the words of an entry are, for showing; empty where there are none.
pub(super) fn shown_words(row: &FileRow, node: &Node) -> Vec<String> {
    words(row, node).map(|(words, _)| words).unwrap_or_default()
}

/// The names of its variables.
pub(super) fn variables(row: &FileRow, node: &Node) -> Vec<String> {
    let env = words(row, node).and_then(|(_, env)| env).or_else(|| node.get(row.fields.env).cloned());
    env.map(|env| env.members().iter().map(|m| m.name.clone()).collect()).unwrap_or_default()
}

/// Where an entry stands.
pub(super) fn standing(row: &FileRow, found: &Found) -> Standing {
    let not_yet = |why: &str| Standing::NotYet(why.to_owned());
    let node = &found.node;
    if let Some((words, _)) = words(row, node)
        && let Some(server) = ours(&words)
    {
        return Standing::Ours(server);
    }
    if let Some(fault) = found.fault {
        return Standing::NotYet(format!("It can't be rewritten: {fault}."));
    }
    if let Some(url) = URLS.iter().find_map(|name| node.get(name)?.text()) {
        return reached(row, node, url)
            .map_or_else(Standing::NotYet, |remote| Standing::Runs(Configured::Remote(remote)));
    }
    let kind = node.get("type").or_else(|| node.get("transport")).and_then(Node::text).unwrap_or("stdio");
    if !matches!(kind, "stdio" | "local") {
        return not_yet("It does not run as a program of its own.");
    }
    let Some((words, env)) = words(row, node) else { return not_yet("It has no command that Consentry can read.") };
    for (name, what) in [
        ("envFile", "takes variables from a file (`envFile`)"),
        ("env_vars", "takes variables from its client (`env_vars`)"),
        ("env_keys", "takes secrets from its client (`env_keys`)"),
    ] {
        if node.get(name).is_some_and(is_something) {
            return Standing::NotYet(format!("It {what}, which is not supported yet."));
        }
    }
    let env = match env.as_ref().map(|env| &env.kind) {
        None => Some(BTreeMap::new()),
        Some(Kind::Raw(raw)) if raw == "null" => Some(BTreeMap::new()),
        Some(Kind::Map(members)) => {
            members.iter().map(|m| Some((m.name.clone(), scalar(&m.value)?.to_owned()))).collect()
        }
        Some(_) => None,
    };
    let Some(env) = env else { return not_yet("Its variables are not names with values.") };
    if let Some(text) = words.iter().chain(env.values()).find(|text| is_filled_in(text)) {
        return Standing::NotYet(format!("It has {} in it, which only its client can fill in.", variable(text)));
    }
    match node.get("cwd").filter(|cwd| is_something(cwd)).map(Node::text) {
        None => Standing::Runs(Configured::Program(Command { words, env, cwd: None })),
        Some(Some(folder)) if folder.starts_with('/') && !is_filled_in(folder) => {
            let cwd = Some(folder.to_owned());
            Standing::Runs(Configured::Program(Command { words, env, cwd }))
        }
        Some(_) => not_yet("It runs in a folder (`cwd`) that only its client can find."),
    }
}

/// The server at an entry's URL; a sentence where Consentry can't stand in its way.
fn reached(row: &FileRow, node: &Node, url: &str) -> Result<Remote, String> {
    if node.get(row.fields.command).is_some_and(is_something) {
        return Err("It has both a command and a URL.".into());
    }
    let kind = node.get("type").or_else(|| node.get("transport")).and_then(Node::text).unwrap_or("http");
    match kind.to_ascii_lowercase().replace('_', "-").as_str() {
        "http" | "streamable-http" | "streamablehttp" | "remote" => {}
        "sse" => return Err("It speaks the older SSE transport, which Consentry does not.".into()),
        _ => return Err("It is reached in a way that Consentry does not know.".into()),
    }
    for (name, what) in [
        ("bearer_token_env_var", "takes its token from a variable (`bearer_token_env_var`)"),
        ("env_http_headers", "takes headers from variables (`env_http_headers`)"),
        ("headersHelper", "has a program that makes its headers (`headersHelper`)"),
        ("env_keys", "takes secrets from its client (`env_keys`)"),
        ("requestInit", "changes its requests (`requestInit`)"),
    ] {
        if node.get(name).is_some_and(is_something) {
            return Err(format!("It {what}, which is not supported yet."));
        }
    }
    let mut headers = BTreeMap::new();
    for map in HEADERS.iter().filter_map(|name| node.get(name)).filter(|map| is_something(map)) {
        for member in map.members() {
            let value = scalar(&member.value).ok_or("Its headers are not names with values.")?;
            headers.insert(member.name.clone(), value.to_owned());
        }
    }
    if let Some(text) = std::iter::once(url).chain(headers.values().map(String::as_str)).find(|text| is_filled_in(text))
    {
        return Err(format!("It has {} in it, which only its client can fill in.", variable(text)));
    }
    if holds_secret(url) {
        let why = "Its address holds what may be a secret, and stands in a file. Give it as a header, which is kept in the keychain.";
        return Err(why.into());
    }
    // Cursor keeps its own under `auth`, in capitals.
    let login = node.get("oauth").or_else(|| node.get("auth"));
    let of_login = |names: &[&str]| login.and_then(|login| names.iter().find_map(|name| login.get(name)?.text()));
    let id = of_login(&["clientId", "client_id", "CLIENT_ID"]);
    let secret = of_login(&["clientSecret", "client_secret", "CLIENT_SECRET"]);
    if let Some(text) = id.into_iter().chain(secret).find(|text| is_filled_in(text)) {
        return Err(format!("Its login has {} in it, which only its client can fill in.", variable(text)));
    }
    let port = login.and_then(|login| login.get("callbackPort")).and_then(Node::number);
    let mut remote =
        Remote::parse(url, headers).map_err(|why| format!("It can't be reached through Consentry: {why}."))?;
    remote.client_id = id.map(str::to_owned);
    remote.client_secret = secret.filter(|_| id.is_some()).map(str::to_owned);
    remote.callback_port = port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port >= 1_024);
    Ok(remote)
}

/// Whether a part of a URL is a secret, by its name or its shape.
fn holds_secret(url: &str) -> bool {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let named = |pair: &str| pair.split_once('=').is_some_and(|(name, value)| looks_secret(name, value));
    path.split('/').any(is_secret_shape) || query.split('&').any(named)
}

fn is_something(node: &Node) -> bool {
    match &node.kind {
        Kind::Map(members) => !members.is_empty(),
        Kind::List(items) => !items.is_empty(),
        Kind::Text(text) => !text.is_empty(),
        Kind::Raw(raw) => raw != "null",
    }
}

/// Whether the client replaces part of it: `${input:token}`, `$TOKEN`.
fn is_filled_in(text: &str) -> bool {
    let variable = |rest: &str| rest.starts_with(|c: char| c.is_ascii_uppercase() || c == '_');
    text.contains("${") || text.strip_prefix('$').is_some_and(variable)
}

/// The name of the first thing a client fills in. What stands in it for want of a value may be a secret.
fn variable(text: &str) -> String {
    let inside = text.split_once("${").and_then(|(_, rest)| rest.split_once('}')).map(|(inside, _)| inside);
    let name = inside.map(|inside| inside.split(":-").next().unwrap_or_default());
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.');
    match name.filter(|name| !name.is_empty() && name.len() <= 40 && name.chars().all(plain)) {
        Some(name) => format!("`${{{name}}}`"),
        None => "something".into(),
    }
}

/// The server that `consentry connect SERVER` names.
fn ours(words: &[String]) -> Option<String> {
    let [program, verb, server, ..] = words else { return None };
    let name = Path::new(program).file_name()?.to_str()?;
    (matches!(name, "consentry" | "consentry.exe") && verb == "connect").then(|| server.clone())
}

#[cfg(test)]
mod tests {
    use super::super::table::client;
    use super::*;

    fn stands(name: &str, text: &str) -> Vec<(String, Standing)> {
        let row = &client(name).unwrap().files[0];
        entries(row, text).unwrap().iter().map(|found| (found.name.clone(), standing(row, found))).collect()
    }

    fn runs(words: &[&str], env: &[(&str, &str)]) -> Standing {
        Standing::Runs(Configured::Program(Command {
            words: words.iter().map(|w| (*w).to_owned()).collect(),
            env: env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            cwd: None,
        }))
    }

    #[test]
    fn every_shape_of_a_command_is_read() {
        assert_eq!(
            stands("cursor", r#"{"mcpServers":{"a":{"command":"npx","args":["-y","x"],"env":{"K":"v"}}}}"#)[0].1,
            runs(&["npx", "-y", "x"], &[("K", "v")])
        );
        let zed = r#"{"context_servers":{"a":{"command":{"path":"p","args":["b"],"env":{"K":"v"}}}}}"#;
        assert_eq!(stands("zed", zed)[0].1, runs(&["p", "b"], &[("K", "v")]));
        let opencode = r#"{"mcp":{"a":{"type":"local","command":["p","b"],"environment":{"K":"v"}}}}"#;
        assert_eq!(stands("opencode", opencode)[0].1, runs(&["p", "b"], &[("K", "v")]));
        let goose = "extensions:\n  a: {type: stdio, cmd: p, args: [b, 80], envs: {K: v}, env_keys: []}\n";
        assert_eq!(stands("goose", goose)[0].1, runs(&["p", "b", "80"], &[("K", "v")]));
        assert_eq!(stands("continue", "mcpServers:\n- name: a\n  command: p\n")[0], ("a".into(), runs(&["p"], &[])));
        assert_eq!(stands("codex", "[mcp_servers.a]\ncommand = 'p'\n")[0].1, runs(&["p"], &[]));
        assert_eq!(stands("claude-code", r#"{"projects":{"/h":{"mcpServers":{"a":{"command":"p"}}}}}"#).len(), 1);
    }

    #[test]
    fn a_folder_to_run_in_is_taken_over() {
        let Standing::Runs(Configured::Program(command)) =
            &stands("vscode", r#"{"servers":{"a":{"command":"p","cwd":"/x y"}}}"#)[0].1
        else {
            panic!("it runs")
        };
        assert_eq!(command.cwd.as_deref(), Some("/x y"));
    }

    #[test]
    fn what_goes_through_consentry_is_known_by_its_words() {
        let text = r#"{"mcpServers":{"a":{"command":"/usr/bin/consentry","args":["connect","b","--client","x"]}}}"#;
        assert_eq!(stands("cursor", text)[0].1, Standing::Ours("b".into()));
    }

    #[test]
    fn what_can_not_be_taken_over_says_why() {
        for (entry, why) in [
            (r#"{"url":"http://x.example/mcp"}"#, "not https"),
            (r#"{"url":"https://x/mcp","command":"p"}"#, "both a command and a URL"),
            (r#"{"url":"https://x/sse","type":"sse"}"#, "older SSE"),
            (r#"{"url":"https://u:p@x/mcp"}"#, "user name or password"),
            (r#"{"url":"https://x/mcp?api_key=hunter2"}"#, "may be a secret"),
            (r#"{"url":"https://x/ghp_0123456789abcdef/mcp"}"#, "may be a secret"),
            (r#"{"url":"https://x/mcp","headers":{"Authorization":"Bearer ${input:t}"}}"#, "`${input:t}` in it"),
            (r#"{"url":"https://x/mcp","bearer_token_env_var":"T"}"#, "bearer_token_env_var"),
            (r#"{"url":"https://x/mcp","oauth":{"clientId":"a","clientSecret":"${SECRET}"}}"#, "SECRET"),
            (r#"{"command":"p","cwd":"x"}"#, "cwd"),
            (r#"{"command":"p","cwd":"${workspaceFolder}/x"}"#, "cwd"),
            (r#"{"command":"p","env":{"K":"${input:k}"}}"#, "`${input:k}` in it, which only its client can fill in"),
            (r#"{"command":"p","args":["${T:-hunter2}"]}"#, "`${T}` in it"),
            (r#"{"command":"p","args":["$TOKEN"]}"#, "something in it"),
            (r#"{"command":"p","envFile":"/x"}"#, "envFile"),
            (r#"{"type":"builtin"}"#, "program of its own"),
            (r#"{"command":"p","command":"q"}"#, "repeats a name"),
            (r#"{"command":"p","env":{"K":null}}"#, "variables"),
            ("7", "not an object"),
            ("{}", "no command"),
        ] {
            let text = format!("{{\"mcpServers\":{{\"a\":{entry}}}}}");
            let Standing::NotYet(said) = &stands("cursor", &text)[0].1 else { panic!("{entry}") };
            assert!(said.contains(why), "{entry}: {said}");
        }
        let scattered =
            "[mcp_servers.a]\ncommand = 'p'\n[mcp_servers.b]\ncommand = 'q'\n[mcp_servers.a.env]\nK = 'v'\n";
        assert!(matches!(&stands("codex", scattered)[0].1, Standing::NotYet(why) if why.contains("several places")));
    }
}
