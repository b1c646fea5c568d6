//! What an edit may touch: one entry. And what it leaves when it is undone: nothing.

use super::super::entry::{Standing, entries, standing};
use super::super::table::client;
use super::*;
use proptest::prelude::*;

fn row(name: &str) -> &'static FileRow {
    &client(name).unwrap().files[0]
}

fn ours(name: &str) -> Command {
    let words = ["/opt/consentry/bin/consentry", "connect", name, "--client", "x"];
    Command { words: words.map(str::to_owned).to_vec(), env: BTreeMap::new(), cwd: None }
}

/// Protects one entry; the text after, and what puts it back.
fn protected(row: &FileRow, text: &str, at: usize) -> (String, Found, Original) {
    protected_by(row, text, at, &ours("s"))
}

fn protected_by(row: &FileRow, text: &str, at: usize, by: &Command) -> (String, Found, Original) {
    let found = entries(row, text).unwrap().remove(at);
    let Standing::Runs(configured) = standing(row, &found) else { panic!("{:?}", standing(row, &found)) };
    let (edited, original) = protect(row, text, &found, by, &configured).unwrap();
    let now = find(row, &parse(row.format, &edited.text).unwrap(), &found.place, &found.name).unwrap();
    assert_eq!(standing(row, &now), Standing::Ours("s".into()), "{}", edited.text);
    (edited.text, found, original)
}

/// Protects one entry and puts it back: only it changes, and in the end nothing has.
fn there_and_back(row: &FileRow, text: &str, at: usize) -> String {
    let (after, found, original) = protected(row, text, at);
    let span = found.node.span.clone();
    assert!(after.starts_with(&text[..span.start]) && after.ends_with(&text[span.end..]), "{after}");
    let values = |text: &str| parse(row.format, text).unwrap().value();
    assert_ne!(values(text), values(&after));
    // Of comments in the entry, only those among the variables and the arguments may go.
    let comments = |text: &str| text.matches("# n").count() + text.matches("# c").count();
    assert_eq!(comments(text), comments(&after), "{text} became {after}");
    let back = restore(row, &after, &found.place, &found.name, &original).unwrap();
    assert_eq!(back.text, text);
    after
}

#[test]
fn json_keeps_its_comments_its_ends_of_lines_and_its_order() {
    let text = "{\r\n\t// c\r\n\t\"mcpServers\": {\r\n\t\t\"a\": { // d\r\n\t\t\t\"timeout\": 5,\r\n\t\t\t\"command\": \"npx\", // e\r\n\
                \t\t\t\"env\": {\"TOKEN\": \"s\", /* f */},\r\n\t\t\t\"disabled\": false,\r\n\t\t},\r\n\t\t\"b\": {\"command\": \"y\"}\r\n\t},\r\n}\r\n";
    let after = there_and_back(row("cursor"), text, 0);
    let expected = "{\r\n\t// c\r\n\t\"mcpServers\": {\r\n\t\t\"a\": { // d\r\n\t\t\t\"timeout\": 5,\r\n\
                    \t\t\t\"command\": \"/opt/consentry/bin/consentry\",\r\n\t\t\t\"args\": [\"connect\", \"s\", \"--client\", \"x\"], // e\r\n\
                    \t\t\t\"env\": {},\r\n\t\t\t\"disabled\": false,\r\n\t\t},\r\n\t\t\"b\": {\"command\": \"y\"}\r\n\t},\r\n}\r\n";
    assert_eq!(after, expected);
    there_and_back(row("cursor"), text, 1);
}

#[test]
fn toml_keeps_its_comments_and_its_tables() {
    let text = "model = \"x\" # m\n\n[mcp_servers.a] # h\ncommand = 'npx' # c\nargs = [\"-y\", # why\n  \"b\"]\ntimeout = 5\n\n\
                [mcp_servers.a.env]\n# the token\nTOKEN = \"s\" # t\n\n# end\n[mcp_servers.b]\ncommand = 'q'\n";
    let after = there_and_back(row("codex"), text, 0);
    for kept in
        ["model = \"x\" # m\n", "[mcp_servers.a] # h\n", " # c\n", "timeout = 5\n\n[mcp_servers.a.env]", "# end\n[mcp"]
    {
        assert!(after.contains(kept), "{kept:?}: {after}");
    }
    assert!(!after.contains("TOKEN") && !after.contains("-y"), "{after}");
    let after = there_and_back(row("codex"), text, 1);
    assert!(
        after.ends_with(
            "command = \"/opt/consentry/bin/consentry\"\nargs = [\"connect\", \"s\", \"--client\", \"x\"]\n"
        )
    );
    there_and_back(
        row("codex"),
        "[mcp_servers]\na = { command = 'x', env = { K = \"v\" } } # c\nb = {command='y'}\n",
        0,
    );
    let after = there_and_back(row("codex"), "[mcp_servers]\n  a.command = 'x'\n  b.command = 'y'", 0);
    assert!(after.contains("\n  a.args = ["), "{after}");
}

#[test]
fn yaml_keeps_its_comments_and_its_indentation() {
    let text = "# top\nextensions:\n  a:   # n\n    cmd: npx   # c\n    args:\n      - -y # y\n      - b\n    enabled: true\n    envs:\n      TOKEN: s\n\n  # next\n  b:\n    cmd: q\nz: 1\n";
    let after = there_and_back(row("goose"), text, 0);
    let expected = "# top\nextensions:\n  a:   # n\n    cmd: /opt/consentry/bin/consentry   # c\n    args: [\"connect\", \"s\", \"--client\", \"x\"]\n    enabled: true\n    envs: {}\n\n  # next\n  b:\n    cmd: q\nz: 1\n";
    assert_eq!(after, expected);
    let after = there_and_back(row("goose"), text, 1);
    assert!(after.ends_with(
        "    cmd: /opt/consentry/bin/consentry\n    args: [\"connect\", \"s\", \"--client\", \"x\"]\nz: 1\n"
    ));
    let list = "mcpServers:\n  - name: ü\n    command: x\n  - command: y\n    name: b\n    env: {K: v}\n";
    there_and_back(row("continue"), list, 0);
    there_and_back(row("continue"), list, 1);
}

#[test]
fn other_shapes_of_a_command_are_rewritten_in_their_shape() {
    let zed = "{\"context_servers\": {\"a\": {\"source\": \"custom\", \"command\": {\"path\": \"p\", \"args\": [\"b\"], \"env\": {\"K\": \"v\"}}, \"settings\": {}}}}";
    let after = there_and_back(row("zed"), zed, 0);
    assert!(
        after.contains("\"command\": {\"path\": \"/opt/") && after.contains("\"env\": {}}, \"settings\""),
        "{after}"
    );
    let opencode = "{\"mcp\": {\"a\": {\"type\": \"local\", \"command\": [\"p\"], \"environment\": {\"K\": \"v\"}}}}";
    let after = there_and_back(row("opencode"), opencode, 0);
    assert!(after.contains("\"command\": [\"/opt/consentry/bin/consentry\", \"connect\""), "{after}");
}

#[test]
fn what_the_person_changed_meanwhile_stays_changed() {
    let text = "{\"mcpServers\": {\"a\": {\"command\": \"x\", \"args\": [\"1\"], \"env\": {\"K\": \"v\"}, \"timeout\": 5}, \"b\": {}}}";
    let (after, found, original) = protected(row("cursor"), text, 0);
    // Elsewhere.
    let edited = after.replace("\"b\": {}", "\"b\": {\"command\": \"new\"}");
    let back = restore(row("cursor"), &edited, &found.place, &found.name, &original).unwrap();
    assert_eq!(back.text, text.replace("\"b\": {}", "\"b\": {\"command\": \"new\"}"));
    // In the entry itself.
    let edited = after.replace("\"timeout\": 5", "\"timeout\": 9");
    let back = restore(row("cursor"), &edited, &found.place, &found.name, &original).unwrap();
    let value: Value = serde_json::from_str(&back.text).unwrap();
    let expected = json!({"command": "x", "args": ["1"], "env": {"K": "v"}, "timeout": 9});
    assert_eq!(value["mcpServers"]["a"], expected);
    // All of it written anew by its client.
    let value: Value = serde_json::from_str(&after).unwrap();
    let edited = serde_json::to_string_pretty(&value).unwrap();
    let back = restore(row("cursor"), &edited, &found.place, &found.name, &original).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&back.text).unwrap(), serde_json::from_str::<Value>(text).unwrap());
}

#[test]
fn toml_and_yaml_get_their_variables_back_when_the_rest_was_changed() {
    let text = "[mcp_servers.a]\ncommand = 'x'\n[mcp_servers.a.env]\nK = \"v\"\n";
    let (after, found, original) = protected(row("codex"), text, 0);
    let edited = after.replace("[mcp_servers.a]\n", "[mcp_servers.a]\ntimeout = 9\n");
    let back = restore(row("codex"), &edited, &found.place, &found.name, &original).unwrap().text;
    let again = entries(row("codex"), &back).unwrap().remove(0);
    assert!(
        matches!(standing(row("codex"), &again), Standing::Runs(Configured::Program(command)) if Some(&command) == original.command.as_ref()),
        "{back}"
    );
    assert!(back.contains("timeout = 9"), "{back}");
    let text = "extensions:\n  a:\n    cmd: x\n    envs:\n      K: v\n";
    let (after, found, original) = protected(row("goose"), text, 0);
    let edited = after.replace("    cmd:", "    timeout: 9\n    cmd:");
    let back = restore(row("goose"), &edited, &found.place, &found.name, &original).unwrap().text;
    let again = entries(row("goose"), &back).unwrap().remove(0);
    assert!(
        matches!(standing(row("goose"), &again), Standing::Runs(Configured::Program(command)) if Some(&command) == original.command.as_ref()),
        "{back}"
    );
}

#[test]
fn an_original_is_not_printed() {
    let (_, _, original) =
        protected(row("cursor"), "{\"mcpServers\":{\"a\":{\"command\":\"x\",\"env\":{\"K\":\"hunter2\"}}}}", 0);
    assert!(!format!("{original:?}").contains("hunter2"));
}

/// A generated entry: what it runs, and what else it says.
#[derive(Clone, Debug)]
struct Entry {
    command: String,
    args: Option<Vec<String>>,
    env: Option<Vec<String>>,
    extra: bool,
    style: u8,
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9]{0,6}",
        "[ -\"%-~]{1,10}",
        "[a-zü文é🦀]{1,5}",
        Just("a\\b\"c".to_owned()),
        Just("#no: comment".to_owned())
    ]
    .prop_filter("what a client would fill in is left alone", |w| !w.contains("${") && !w.starts_with('$'))
}

fn entry() -> impl Strategy<Value = Entry> {
    let words = || proptest::option::of(proptest::collection::vec(word(), 0..3));
    (word(), words(), words(), any::<bool>(), any::<u8>()).prop_map(|(command, args, env, extra, style)| Entry {
        command,
        args,
        env,
        extra,
        style,
    })
}

fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

fn listed(words: &[String]) -> String {
    format!("[{}]", words.iter().map(|w| quoted(w)).collect::<Vec<_>>().join(", "))
}

/// The gap between two tokens, by the style.
fn gap(style: u8, n: usize) -> &'static str {
    let gaps = ["", " ", "\r\n\t", "\n  ", " /* \"x\": { */ ", " // } y\n", "\t", "\n\n"];
    gaps[(usize::from(style).wrapping_mul(31).wrapping_add(n * 7) >> 1) % gaps.len()]
}

fn as_json(entries: &[Entry]) -> String {
    let mut out = "{ // top\n \"other\": [1, {\"command\": \"z\"}],\"mcpServers\":{".to_owned();
    for (n, entry) in entries.iter().enumerate() {
        let style = entry.style;
        let mut parts = vec![format!("\"command\"{}:{}{}", gap(style, 1), gap(style, 2), quoted(&entry.command))];
        if let Some(args) = &entry.args {
            parts.push(format!("\"args\":{}{}", gap(style, 3), listed(args)));
        }
        if let Some(env) = &entry.env {
            let env: Vec<String> = env.iter().enumerate().map(|(k, v)| format!("\"K{k}\":{}", quoted(v))).collect();
            parts.push(format!("\"env\":{}{{{}}}", gap(style, 4), env.join(",")));
        }
        if entry.extra {
            parts.insert(usize::from(style) % (parts.len() + 1), "\"timeout\": 1.50".into());
        }
        let inside: Vec<String> = parts
            .iter()
            .enumerate()
            .map(|(k, part)| format!("{}{part}{}", gap(style, k + 5), gap(style, k + 9)))
            .collect();
        let end = if style % 3 == 0 { "," } else { "" };
        out +=
            &format!("{}\"s{n}\":{}{{{}{end}{}}},", gap(style, 13), gap(style, 14), inside.join(","), gap(style, 15));
    }
    out + "},\n}"
}

fn as_toml(entries: &[Entry]) -> String {
    let mut out = "model = \"x\" # m\r\n".to_owned();
    for (n, entry) in entries.iter().enumerate() {
        let mut lines = vec![format!("command = {}", quoted(&entry.command))];
        if let Some(args) = &entry.args {
            lines.push(format!("args = {}", listed(args)));
        }
        if entry.extra {
            lines.insert(usize::from(entry.style) % (lines.len() + 1), "timeout = 1.50".into());
        }
        let lines: Vec<String> = lines.into_iter().map(|l| if entry.style % 2 == 0 { l + " # c" } else { l }).collect();
        out += &format!("# s{n}\n[mcp_servers.s{n}]\n{}\n", lines.join("\n  "));
        if let Some(env) = &entry.env {
            let env: String = env.iter().enumerate().map(|(k, v)| format!("K{k} = {} # v\n", quoted(v))).collect();
            out += &format!("\n[mcp_servers.s{n}.env] # e\n{env}# after\n\n");
        }
    }
    out + "[other]\ncommand = 1\n"
}

fn as_yaml(entries: &[Entry]) -> String {
    let mut out = "# top\nother: {cmd: z}\nextensions:\n".to_owned();
    for (n, entry) in entries.iter().enumerate() {
        let block = entry.style % 2 == 0;
        let mut parts = vec![format!("cmd: {}{}", quoted(&entry.command), if block { "  # c" } else { "" })];
        if let Some(args) = &entry.args {
            let lines: String = args.iter().map(|a| format!("\n      - {} # a", quoted(a))).collect();
            parts.push(if block && !args.is_empty() {
                format!("args: # l{lines}")
            } else {
                format!("args: {}", listed(args))
            });
        }
        if let Some(env) = &entry.env {
            let lines: String =
                env.iter().enumerate().map(|(k, v)| format!("\n      K{k}: {} # v", quoted(v))).collect();
            let flow: Vec<String> = env.iter().enumerate().map(|(k, v)| format!("K{k}: {}", quoted(v))).collect();
            parts.push(if block && !env.is_empty() {
                format!("envs:{lines}")
            } else {
                format!("envs: {{{}}}", flow.join(", "))
            });
        }
        if entry.extra {
            parts.insert(usize::from(entry.style / 2) % (parts.len() + 1), "timeout: 1.50".into());
        }
        out += &if block {
            format!("  s{n}: # n\n    {}\n\n  # next\n", parts.join("\n    "))
        } else {
            format!("  s{n}: {{{}}} # n\n", parts.join(", "))
        };
    }
    out + "z: 1\n"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_json_comes_back_byte_for_byte(entries in proptest::collection::vec(entry(), 1..5), at in any::<usize>()) {
        there_and_back(row("cursor"), &as_json(&entries), at % entries.len());
    }

    #[test]
    fn any_toml_comes_back_byte_for_byte(entries in proptest::collection::vec(entry(), 1..5), at in any::<usize>()) {
        there_and_back(row("codex"), &as_toml(&entries), at % entries.len());
    }

    #[test]
    fn any_yaml_comes_back_byte_for_byte(entries in proptest::collection::vec(entry(), 1..5), at in any::<usize>()) {
        there_and_back(row("goose"), &as_yaml(&entries), at % entries.len());
    }

    #[test]
    fn no_text_stops_us(text in "[\\[\\]{}:,\"'#\\n a-c&*=|>!-]{0,60}") {
        for client in ["cursor", "codex", "goose", "continue"] {
            let row = row(client);
            for prefix in ["", "mcpServers:\n", "extensions:\n  ", "[mcp_servers.a]\n", "{\"mcpServers\": "] {
                for found in entries(row, &format!("{prefix}{text}")).unwrap_or_default() {
                    if let Standing::Runs(command) = standing(row, &found) {
                        let _ = protect(row, &format!("{prefix}{text}"), &found, &ours("s"), &command);
                    }
                }
            }
        }
    }
}

/// The same, for a home that has to be named.
fn homed() -> Command {
    let mut named = ours("s");
    named.env.insert("CONSENTRY_HOME".to_owned(), "/x y".to_owned());
    named
}

#[test]
fn an_address_becomes_a_program_and_comes_back_byte_for_byte() {
    let json = "{\n  \"mcpServers\": {\n    \"far\": { // d\n      \"type\": \"http\",\n      \"url\": \"https://mcp.example.com/mcp\",\n      \"headers\": {\"X-Team\": \"a\"},\n      \"timeout\": 5\n    },\n    \"b\": {\"command\": \"y\"}\n  }\n}\n";
    let (after, found, original) = protected(row("claude-code"), json, 0);
    let expected = "{\n  \"mcpServers\": {\n    \"far\": {\n      \"type\": \"stdio\",\n      \"command\": \"/opt/consentry/bin/consentry\",\n      \"args\": [\"connect\", \"s\", \"--client\", \"x\"],\n      \"timeout\": 5\n    },\n    \"b\": {\"command\": \"y\"}\n  }\n}\n";
    assert_eq!(after, expected);
    let back = |client: &str, after: &str, found: &Found, original: &Original| {
        restore(row(client), after, &found.place, &found.name, original).map(|edited| edited.text)
    };
    assert_eq!(back("claude-code", &after, &found, &original).unwrap(), json);
    // What the person wrote into it since is not lost by putting it back.
    let changed = after.replace("\"timeout\": 5", "\"timeout\": 6");
    assert!(back("claude-code", &changed, &found, &original).unwrap_err().contains("by hand"));
    for (client, text) in [
        ("cursor", "{\"mcpServers\":{\"a\":{\"url\":\"https://x/mcp\"}}}"),
        ("cursor", "{\"mcpServers\":{\"a\":{ \"url\": \"https://x/mcp\", \"disabled\": false }}}"),
        ("vscode", "{\"servers\":{\"a\":{\"type\":\"http\",\"url\":\"https://x/mcp\"}}}"),
        ("opencode", "{\"mcp\":{\"a\":{\"type\":\"remote\",\"url\":\"https://x/mcp\",\"enabled\":true}}}"),
        (
            "codex",
            "[mcp_servers.a] # h\nurl = 'https://x/mcp'\nhttp_headers = { 'X-A' = \"b\" }\nenabled = true\n\n[mcp_servers.b]\ncommand = 'q'\n",
        ),
        ("codex", "[mcp_servers.a]\nurl = 'https://x/mcp'\n[mcp_servers.a.http_headers]\nX-A = \"b\"\n# c\n"),
        ("codex", "mcp_servers.a = { url = \"https://x/mcp\" }\n"),
        (
            "goose",
            "extensions:\n  a:\n    type: streamable_http\n    uri: https://x/mcp # n\n    enabled: true\n  b: {type: stdio, cmd: p}\n",
        ),
        ("goose", "extensions:\n  a: {type: streamable_http, uri: \"https://x/mcp\"}\n"),
        (
            "continue",
            "mcpServers:\n- name: a\n  type: streamable-http\n  url: https://x/mcp\n- name: b\n  command: p\n",
        ),
    ] {
        let (after, found, original) = protected_by(row(client), text, 0, &homed());
        assert!(after.contains("CONSENTRY_HOME"), "its variables are set: {after}");
        let value = entries(row(client), &after).unwrap().remove(0).node.value();
        for gone in ["url", "uri", "headers", "http_headers"] {
            assert!(value.get(gone).is_none(), "{after}");
        }
        assert_eq!(back(client, &after, &found, &original).unwrap(), text, "{after}");
    }
}
