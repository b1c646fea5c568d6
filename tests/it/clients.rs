//! Putting Consentry between clients and their servers: only the entry changes, and it can be put back as it was,
//! whatever is killed on the way and whoever writes the same file.

use e2e::database::Database;
use e2e::{Broker, Fixture, Home, Keyring};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

/// Told to nobody: the value of a variable in every file here.
const SECRET: &str = "hunter2-never-shown";

/// A client with a file of its own shape, written oddly. `@` stands for the server's program, `$` for the secret.
pub(crate) struct Case {
    pub(crate) client: &'static str,
    pub(crate) file: &'static str,
    pub(crate) text: &'static str,
    /// What must stand in the file as before while the entry `notes` is protected.
    pub(crate) kept: &'static [&'static str],
}

const JSON: &str = "{\r\n\t// settings\r\n  \"theme\" : \"dark\",\r\n\t\"mcpServers\": {\r\n\t\t\"other\": { \"url\": \"https://example.org/mcp?key=$\" },\r\n\
                    \t\t\"notes\" : { /* mine */ \"timeout\": 1.50, \"command\": \"@\",\r\n\t\t  \"args\": [\"--log\", \"l\"], // why\r\n\
                    \t\t  \"env\": { \"TOKEN\": \"$\" }, \"autoApprove\": [\"echo\"] },\r\n\t},\r\n}\r\n";

const KEPT: &[&str] = &[
    "\t// settings\r\n  \"theme\" : \"dark\",\r\n",
    "\"notes\" : { /* mine */ \"timeout\": 1.50, \"command\": ",
    " // why\r\n",
    "\"autoApprove\": [\"echo\"] },\r\n\t},\r\n}\r\n",
];

const fn usual(client: &'static str, file: &'static str) -> Case {
    Case { client, file, text: JSON, kept: KEPT }
}

pub(crate) const CASES: [Case; 12] = [
    usual("claude-desktop", ".config/Claude/claude_desktop_config.json"),
    Case {
        client: "claude-code",
        file: ".claude.json",
        text: "{\"numStartups\":7,\"projects\":{\"/home/ann/a b\":{\"mcpServers\":{\"notes\":{\"type\":\"stdio\",\"command\":\"@\",\"args\":[],\"env\":{\"TOKEN\":\"$\"}}},\"history\":[\"ü\"]}}}",
        kept: &[
            "{\"numStartups\":7,\"projects\":{\"/home/ann/a b\":{\"mcpServers\":{\"notes\":{\"type\":\"stdio\",",
            "\"history\":[\"ü\"]}}}",
        ],
    },
    usual("cursor", ".cursor/mcp.json"),
    Case {
        client: "vscode",
        file: ".config/Code/User/mcp.json",
        text: "\u{FEFF}{\n  // inputs first\n  \"inputs\": [ {\"id\": \"k\", \"type\": \"promptString\", \"password\": true}, ],\n  \"servers\": {\n    \"notes\": {\n      \"type\": \"stdio\",\n      \"command\": \"@\", /* no args */\n      \"env\": {\n        // the token\n        \"TOKEN\": \"$\",\n      },\n      \"sandboxEnabled\": true\n    }\n  }\n}",
        kept: &["\u{FEFF}{\n  // inputs first\n", " /* no args */\n", "\"sandboxEnabled\": true\n    }\n  }\n}"],
    },
    usual("windsurf", ".codeium/windsurf/mcp_config.json"),
    Case {
        client: "zed",
        file: ".config/zed/settings.json",
        text: "// Zed settings\n{\n  \"vim_mode\": true, // yes\n  \"context_servers\": {\n    \"notes\": { \"source\": \"custom\", \"command\": { \"path\": \"@\", \"args\": [\"x\"], \"env\": { \"TOKEN\": \"$\" } }, \"settings\": {} },\n  },\n}\n",
        kept: &[
            "// Zed settings\n{\n  \"vim_mode\": true, // yes\n",
            "\"source\": \"custom\",",
            "\"settings\": {} },\n  },\n}\n",
        ],
    },
    Case {
        client: "codex",
        file: ".codex/config.toml",
        text: "# mine\r\nmodel   = 'x'   # the best\r\n\r\n[mcp_servers.notes] # notes\r\ncommand = '@' # it\r\nargs = [ \"a\", # first\r\n  \"b\" ]\r\ntool_timeout_sec = 1_0\r\ndefault_tools_approval_mode = \"approve\"\r\n\r\n[mcp_servers.notes.env]\r\n# secret\r\nTOKEN = \"$\"\r\n\r\n# the end\r\n[tui]\r\ntheme = \"ü\"\r\n",
        kept: &[
            "# mine\r\nmodel   = 'x'   # the best\r\n\r\n[mcp_servers.notes] # notes\r\n",
            " # it\r\n",
            "tool_timeout_sec = 1_0\r\n",
            "\r\n\r\n# the end\r\n[tui]\r\ntheme = \"ü\"\r\n",
        ],
    },
    usual("gemini-cli", ".gemini/settings.json"),
    Case {
        client: "goose",
        file: ".config/goose/config.yaml",
        text: "# goose\nGOOSE_MODEL:   x # odd\nextensions:\n  developer: {type: builtin, enabled: true}\n  notes: # mine\n      name: notes\n      cmd: \"@\"   # it\n      args:\n        - a # first\n        - 'b'\n      type: stdio\n      envs:\n        TOKEN: $\n      env_keys: []\n      timeout: 300\n\n# end\nz: [1,  2]\n",
        kept: &[
            "# goose\nGOOSE_MODEL:   x # odd\n",
            "  notes: # mine\n      name: notes\n",
            "   # it\n",
            "      timeout: 300\n\n# end\nz: [1,  2]\n",
        ],
    },
    Case {
        client: "continue",
        file: ".continue/config.yaml",
        text: "name: Local\nmcpServers:\n  - name: other\n    type: sse\n    url: https://example.org/$\n  # mine\n  - name: notes\n    command: @\n    env: { TOKEN: $ } # t\nmodels: []\n",
        kept: &["  # mine\n  - name: notes\n", " # t\nmodels: []\n"],
    },
    usual("cline", ".config/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json"),
    usual("lm-studio", ".lmstudio/mcp.json"),
];

/// A home with a server, and a file of a client that runs it.
pub(crate) struct Scene {
    pub(crate) broker: Broker,
    pub(crate) home: Home,
    _keyring: Option<Keyring>,
    pub(crate) file: PathBuf,
    pub(crate) text: String,
    program: String,
}

impl Scene {
    /// With a keychain, for every file here holds a secret; `None` where there is none to be had.
    fn new(case: &Case) -> Option<Self> {
        let mut home = Home::new();
        let keyring = Keyring::start(&mut home)?;
        Some(Self::within(home, Some(keyring), case))
    }

    pub(crate) fn within(home: Home, keyring: Option<Keyring>, case: &Case) -> Self {
        let program = Fixture::new(&home, "notes").words()[0].clone();
        let text = case.text.replace('@', &program).replace('$', SECRET);
        let file = home.work().join(case.file);
        put(&file, &text);
        let broker = Broker::start(&home);
        Self { broker, home, _keyring: keyring, file, text, program }
    }

    pub(crate) fn now(&self) -> String {
        fs::read_to_string(&self.file).expect("the client's file")
    }

    /// `consentry client …`, and that no secret was told.
    pub(crate) fn client(&self, args: &[&str]) -> Vec<Value> {
        let words = [&["client"], args].concat();
        let said = self.home.run(&words).succeeded();
        let ran = self.home.json(&words).succeeded();
        for out in [&said.stdout, &said.stderr, &ran.stdout, &ran.stderr] {
            assert!(!out.contains(SECRET), "a secret was told: {out}");
        }
        ran.values()
    }

    pub(crate) fn servers(&self) -> Vec<String> {
        let listed = self.home.json(&["server", "list"]).succeeded().values();
        listed.iter().map(|s| s["name"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

fn put(file: &PathBuf, text: &str) {
    fs::create_dir_all(file.parent().expect("a folder")).expect("made");
    fs::write(file, text).expect("written");
}

/// Nothing of ours lies beside a client's file.
pub(crate) fn is_clean(file: &std::path::Path) {
    let names = fs::read_dir(file.parent().expect("a folder")).expect("read");
    let left: Vec<_> =
        names.flatten().map(|f| f.file_name()).filter(|n| n.to_string_lossy().contains("consentry-")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn every_client_is_protected_and_put_back_byte_for_byte() {
    for case in &CASES {
        let name = case.client;
        let Some(scene) = Scene::new(case) else { return };
        let dry = scene.client(&["protect", name, "--dry-run"]);
        let planned: Vec<_> = dry.iter().filter(|v| v["outcome"] == "planned").collect();
        assert_eq!(planned.len(), 1, "{name}: {dry:?}");
        assert_eq!(planned[0]["server"], "notes");
        assert_eq!((scene.now(), scene.servers()), (scene.text.clone(), vec![]), "{name}: a dry run wrote");

        scene.client(&["protect", name]);
        let after = scene.now();
        for kept in case.kept {
            assert!(after.contains(kept), "{name}: {kept:?} is gone from {after}");
        }
        assert!(!after.contains(&format!("\"TOKEN\": \"{SECRET}")), "{name}: {after}");
        assert!(
            after.contains("--client") && after.contains(name) && !after.contains(&scene.program),
            "{name}: {after}"
        );
        assert_eq!(scene.servers(), ["notes"], "{name}");
        let scanned = scene.client(&["scan"]);
        let entries = scanned
            .iter()
            .filter(|v| v["client"] == name)
            .flat_map(|v| v["entries"].as_array().cloned().unwrap_or_default());
        let states: Vec<_> = entries.filter(|e| e["server"] == "notes").map(|e| e["state"].clone()).collect();
        assert_eq!(states, [json!("protected")], "{name}");
        // Once more changes nothing.
        scene.client(&["protect", name]);
        assert_eq!(scene.now(), after, "{name}");

        scene.client(&["unprotect", name]);
        assert_eq!(scene.now(), scene.text, "{name}");
        assert_eq!(scene.servers(), Vec::<String>::new(), "{name}");
        scene.client(&["unprotect", name]);
        assert_eq!(scene.now(), scene.text, "{name}");
        is_clean(&scene.file);
        assert!(!scene.broker.process.stderr.text().contains(SECRET), "{name}");
    }
}

#[test]
fn all_clients_at_once_and_names_that_clash() {
    let mut home = Home::new();
    let Some(_keyring) = Keyring::start(&mut home) else { return };
    let program = Fixture::new(&home, "notes").words()[0].clone();
    let entry = |arg: &str| json!({"command": program, "args": [arg], "env": {"TOKEN": SECRET}});
    for (file, arg) in [(".cursor/mcp.json", "1"), (".lmstudio/mcp.json", "1"), (".kimi/mcp.json", "2")] {
        put(&home.work().join(file), &json!({"mcpServers": {"notes": entry(arg)}}).to_string());
    }
    let files = || {
        [".cursor/mcp.json", ".lmstudio/mcp.json", ".kimi/mcp.json"]
            .map(|f| fs::read_to_string(home.work().join(f)).expect("read"))
    };
    let before = files();
    let _broker = Broker::start(&home);
    let done = home.json(&["client", "protect", "--all"]).succeeded().values();
    let through: Vec<_> = done.iter().map(|v| (v["client"].as_str(), v["through"].as_str())).collect();
    let expected = [("cursor", "notes"), ("lm-studio", "notes"), ("kimi", "notes-kimi")];
    assert_eq!(through, expected.map(|(client, server)| (Some(client), Some(server))));
    for text in files() {
        let value: Value = serde_json::from_str(&text).expect("JSON");
        assert!(value["mcpServers"]["notes"]["args"][0] == "connect", "the name in the file changed: {text}");
    }
    // What two use stays while one uses it.
    home.run(&["client", "unprotect", "cursor"]).succeeded();
    let listed = || home.json(&["server", "list"]).succeeded().values().len();
    assert_eq!(listed(), 2);
    home.run(&["client", "unprotect", "--all"]).succeeded();
    assert_eq!((files(), listed()), (before, 0));
}

#[test]
fn what_goes_through_really_does() {
    let Some(scene) = Scene::new(&CASES[2]) else { return };
    scene.client(&["protect", "cursor"]);
    scene.home.run(&["server", "trust", "notes"]).succeeded();
    let value: Value = serde_json::from_str(
        &scene
            .now()
            .replace("\t// settings", "")
            .replace("/* mine */", "")
            .replace("// why", "")
            .replace(",\r\n\t},\r\n}", "}}"),
    )
    .expect("JSON without comments");
    let entry = &value["mcpServers"]["notes"];
    let args: Vec<&str> = entry["args"].as_array().expect("args").iter().filter_map(Value::as_str).collect();
    assert_eq!(args, ["connect", "notes", "--client", "cursor"]);
    assert!(PathBuf::from(entry["command"].as_str().expect("a command")).is_absolute());
    assert_eq!(entry["env"], json!({"CONSENTRY_HOME": scene.home.path()}), "another home would be looked for");
    let mut client = e2e::McpClient::connect(&scene.home, "notes");
    assert!(e2e::client::went_well(&client.call("echo", json!({"text": "hello"}))));
}

#[test]
fn a_link_stays_a_link_and_a_mode_stays_a_mode() {
    let mut home = Home::new();
    let Some(_keyring) = Keyring::start(&mut home) else { return };
    let real = home.root().join("dotfiles/cursor.json");
    let program = Fixture::new(&home, "notes").words()[0].clone();
    let text = JSON.replace('@', &program).replace('$', SECRET);
    put(&real, &text);
    fs::set_permissions(&real, fs::Permissions::from_mode(0o604)).expect("a mode");
    fs::create_dir_all(home.work().join(".cursor")).expect("a folder");
    let link = home.work().join(".cursor/mcp.json");
    std::os::unix::fs::symlink(&real, &link).expect("a link");
    let _broker = Broker::start(&home);
    home.run(&["client", "protect", "cursor"]).succeeded();
    assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
    assert!(fs::read_to_string(&real).expect("there").contains("connect"));
    assert_eq!(fs::metadata(&real).expect("there").permissions().mode() & 0o777, 0o604);
    home.run(&["client", "unprotect", "cursor"]).succeeded();
    assert_eq!(fs::read_to_string(&real).expect("there"), text);
    is_clean(&real);
}

#[test]
fn only_our_entry_is_put_back_when_the_rest_was_edited() {
    let Some(scene) = Scene::new(&CASES[2]) else { return };
    scene.client(&["protect", "cursor"]);
    fs::write(&scene.file, scene.now().replace("\"dark\"", "\"light\"")).expect("edited");
    scene.client(&["unprotect", "cursor"]);
    assert_eq!(scene.now(), scene.text.replace("\"dark\"", "\"light\""));
}

#[test]
fn a_client_that_writes_our_entry_from_memory_can_be_put_back_again() {
    let Some(scene) = Scene::new(&CASES[2]) else { return };
    scene.client(&["protect", "cursor"]);
    let remembered = scene.now();
    scene.client(&["unprotect", "cursor"]);
    fs::write(&scene.file, remembered).expect("written");
    scene.client(&["unprotect", "cursor"]);
    assert_eq!((scene.now(), scene.servers()), (scene.text.clone(), vec![]));
}

#[test]
fn where_decisions_are_taken_in_windows_nothing_is_changed() {
    let mut home = Home::new();
    let Some(_keyring) = Keyring::start(&mut home) else { return };
    let program = Fixture::new(&home, "notes").words()[0].clone();
    let file = home.work().join(".cursor/mcp.json");
    let text = JSON.replace('@', &program).replace('$', SECRET);
    put(&file, &text);
    let without = home.run(&["client", "protect", "cursor"]).refused();
    assert!(without.stderr.contains("no broker"), "{}", without.stderr);
    home.run(&["client", "scan"]).succeeded();
    let _broker = Broker::start_with(&home, &[]);
    for args in [["client", "protect", "cursor"], ["client", "unprotect", "--all"]] {
        let refused = home.run(&args).refused();
        assert!(refused.stderr.contains("--decisions cli"), "{}", refused.stderr);
    }
    home.run(&["client", "protect", "cursor", "--dry-run"]).succeeded();
    assert_eq!(fs::read_to_string(&file).expect("there"), text);
    assert!(!home.servers_json().exists());
    assert_eq!(home.run(&["client", "protect"]).code, 2);
    assert!(home.run(&["client", "protect", "nobody", "--dry-run"]).refused().stderr.contains("windsurf"));
}

#[test]
fn what_can_not_be_taken_over_is_said_and_left() {
    let home = Home::new();
    let program = Fixture::new(&home, "notes").words()[0].clone();
    let file = home.work().join(".cursor/mcp.json");
    let text = json!({"mcpServers": {
        "remote": {"url": format!("https://example.org/{SECRET}"), "headers": {"Authorization": SECRET}},
        "gone": {"command": "/nonexistent/program"},
        "filled": {"command": program, "env": {"TOKEN": "${input:token}"}},
    }})
    .to_string();
    put(&file, &text);
    put(&home.work().join(".kimi/mcp.json"), "{\"mcpServers\": {");
    let _broker = Broker::start(&home);
    let ran = home.json(&["client", "protect", "--all"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let outcomes: Vec<_> = ran.values().iter().map(|v| v["outcome"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(outcomes, ["failed", "failed", "not_yet", "failed"], "{}", ran.stdout);
    assert!(ran.stderr.contains("kimi") && ran.stderr.contains("/nonexistent/program"), "{}", ran.stderr);
    assert!(!ran.stdout.contains(SECRET) && !ran.stderr.contains(SECRET));
    assert_eq!(fs::read_to_string(&file).expect("there"), text);
}

#[test]
fn nothing_a_running_client_writes_is_lost() {
    let Some(scene) = Scene::new(&CASES[1]) else { return };
    let stop = AtomicBool::new(false);
    let written = std::thread::scope(|scope| {
        // As clients do: read, change something of one's own, write beside, rename.
        let writer = scope.spawn(|| {
            let mine = scene.file.with_extension("theirs");
            let mut n = 0;
            while !stop.load(Ordering::Relaxed) {
                let read = scene.now();
                let mut value: Value = serde_json::from_str(&read).expect("never half a file");
                assert_eq!(value["n"].as_i64().unwrap_or(0), n, "what it wrote is gone");
                n += 1;
                value["n"] = json!(n);
                fs::write(&mine, value.to_string()).expect("written");
                // A client that loses to us reads again; so does this one.
                if scene.now() == read {
                    fs::rename(&mine, &scene.file).expect("in its place");
                } else {
                    n -= 1;
                }
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            n
        });
        for _ in 0..5 {
            let protected = scene.home.run(&["client", "protect", "claude-code"]);
            let unprotected = scene.home.run(&["client", "unprotect", "claude-code"]);
            for ran in [protected, unprotected] {
                assert!(ran.code == 0 || ran.stderr.contains("another program"), "{}", ran.stderr);
            }
        }
        stop.store(true, Ordering::Relaxed);
        writer.join().expect("the writer")
    });
    scene.client(&["unprotect", "claude-code"]);
    let value: Value = serde_json::from_str(&scene.now()).expect("JSON");
    assert_eq!(value["n"].as_i64(), Some(written));
    let entry = &value["projects"]["/home/ann/a b"]["mcpServers"]["notes"];
    assert_eq!((&entry["command"], &entry["env"]["TOKEN"]), (&json!(scene.program), &json!(SECRET)));
}

#[test]
fn with_a_keychain_no_original_lies_in_the_database() {
    let mut home = Home::new();
    let Some(keyring) = Keyring::start(&mut home) else { return };
    let mut scene = Scene::within(home, Some(keyring), &CASES[2]);
    scene.client(&["protect", "cursor"]);
    let sql = "select count(*) from original where kept is null and secret is not null";
    let rows = Database::open(&scene.home.database()).query(sql);
    assert_eq!(rows[0][0], "1");
    scene.broker.stop();
    scene.broker = Broker::start(&scene.home);
    scene.client(&["unprotect", "cursor"]);
    assert_eq!(scene.now(), scene.text);
}
