//! The clients: where their files are, and how servers are written in them. Data; a client more is a row more.

use wire::view::ClientPlaces;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// JSON, with comments and trailing commas where the client takes them.
    Json,
    Toml,
    Yaml,
}

/// The names a client gives the parts of an entry.
#[derive(Debug)]
pub(super) struct Fields {
    pub(super) command: &'static str,
    pub(super) args: &'static str,
    pub(super) env: &'static str,
}

const USUAL: Fields = Fields { command: "command", args: "args", env: "env" };

/// Zed's older shape holds these inside `command`.
pub(super) const INNER: Fields = Fields { command: "path", args: "args", env: "env" };

/// A file of a client.
#[derive(Debug)]
pub(super) struct FileRow {
    /// Where it is on this system; a part of a path that is `*` stands for any one folder.
    places: [(Base, &'static str); 3],
    pub(super) format: Format,
    /// Names that lead to the map of servers, or to their list (each with its `name`); `*` stands for any.
    pub(super) roots: &'static [&'static [&'static str]],
    pub(super) fields: Fields,
}

/// A client.
#[derive(Debug)]
pub(super) struct ClientRow {
    /// On the command line, and as `--client`.
    pub(super) name: &'static str,
    /// As people know it.
    pub(super) title: &'static str,
    pub(super) files: &'static [FileRow],
}

/// A folder that paths begin in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    Home,
    /// `XDG_CONFIG_HOME`, elsewhere the folder of settings of applications.
    Config,
    /// `~/.config` on Linux and macOS alike.
    Dot,
    Codex,
    Claude,
    /// The folder of a project.
    Project,
    /// Not on this system.
    Nowhere,
}

use Base::{Claude, Codex, Config, Dot, Home, Nowhere, Project};
use Format::{Json, Toml, Yaml};

const MCP_SERVERS: &[&[&str]] = &[&["mcpServers"]];

/// A file at the same place below the home folder everywhere.
const fn home(path: &'static str, format: Format, roots: &'static [&'static [&'static str]]) -> FileRow {
    at([(Home, path), (Home, path), (Home, path)], format, roots)
}

/// A file at the same place below the folder of settings everywhere.
const fn config(path: &'static str, roots: &'static [&'static [&'static str]]) -> FileRow {
    at([(Config, path), (Config, path), (Config, path)], Json, roots)
}

/// A file at the same place below every project's folder.
const fn project(path: &'static str, format: Format, roots: &'static [&'static [&'static str]]) -> FileRow {
    at([(Project, path), (Project, path), (Project, path)], format, roots)
}

const fn at(places: [(Base, &'static str); 3], format: Format, roots: &'static [&'static [&'static str]]) -> FileRow {
    FileRow { places, format, roots, fields: USUAL }
}

/// All of them. Places: Linux, macOS, Windows.
pub(super) const CLIENTS: &[ClientRow] = &[
    ClientRow {
        name: "claude-desktop",
        title: "Claude Desktop",
        files: &[
            config("Claude/claude_desktop_config.json", MCP_SERVERS),
            at([(Config, "claude/claude_desktop_config.json"), (Nowhere, ""), (Nowhere, "")], Json, MCP_SERVERS),
        ],
    },
    ClientRow {
        name: "claude-code",
        title: "Claude Code",
        files: &[
            at(
                [(Claude, ".claude.json"), (Claude, ".claude.json"), (Claude, ".claude.json")],
                Json,
                &[&["mcpServers"], &["projects", "*", "mcpServers"]],
            ),
            project(".mcp.json", Json, MCP_SERVERS),
        ],
    },
    ClientRow {
        name: "cursor",
        title: "Cursor",
        files: &[home(".cursor/mcp.json", Json, MCP_SERVERS), project(".cursor/mcp.json", Json, MCP_SERVERS)],
    },
    ClientRow {
        name: "vscode",
        title: "Visual Studio Code",
        files: &[
            config("Code/User/mcp.json", &[&["servers"]]),
            config("Code/User/profiles/*/mcp.json", &[&["servers"]]),
            config("Code/User/settings.json", &[&["mcp", "servers"], &["mcp.servers"]]),
            config("Code - Insiders/User/mcp.json", &[&["servers"]]),
            config("Code - Insiders/User/profiles/*/mcp.json", &[&["servers"]]),
            project(".vscode/mcp.json", Json, &[&["servers"]]),
        ],
    },
    ClientRow {
        name: "windsurf",
        title: "Windsurf",
        files: &[
            home(".codeium/windsurf/mcp_config.json", Json, MCP_SERVERS),
            home(".codeium/mcp_config.json", Json, MCP_SERVERS),
        ],
    },
    ClientRow {
        name: "zed",
        title: "Zed",
        files: &[
            at(
                [(Dot, "zed/settings.json"), (Dot, "zed/settings.json"), (Config, "Zed/settings.json")],
                Json,
                &[&["context_servers"]],
            ),
            project(".zed/settings.json", Json, &[&["context_servers"]]),
        ],
    },
    ClientRow {
        name: "codex",
        title: "Codex",
        files: &[
            at([(Codex, "config.toml"), (Codex, "config.toml"), (Codex, "config.toml")], Toml, &[&["mcp_servers"]]),
            project(".codex/config.toml", Toml, &[&["mcp_servers"]]),
        ],
    },
    ClientRow {
        name: "gemini-cli",
        title: "Gemini CLI",
        files: &[home(".gemini/settings.json", Json, MCP_SERVERS), project(".gemini/settings.json", Json, MCP_SERVERS)],
    },
    ClientRow {
        name: "goose",
        title: "Goose",
        files: &[FileRow {
            places: [
                (Dot, "goose/config.yaml"),
                (Dot, "goose/config.yaml"),
                (Config, "Block/goose/config/config.yaml"),
            ],
            format: Yaml,
            roots: &[&["extensions"]],
            fields: Fields { command: "cmd", args: "args", env: "envs" },
        }],
    },
    ClientRow { name: "continue", title: "Continue", files: &[home(".continue/config.yaml", Yaml, MCP_SERVERS)] },
    ClientRow {
        name: "cline",
        title: "Cline",
        files: &[
            config("Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json", MCP_SERVERS),
            config("Cursor/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json", MCP_SERVERS),
            home(".cline/mcp.json", Json, MCP_SERVERS),
            home(".cline/data/settings/cline_mcp_settings.json", Json, MCP_SERVERS),
        ],
    },
    ClientRow {
        name: "lm-studio",
        title: "LM Studio",
        files: &[home(".lmstudio/mcp.json", Json, MCP_SERVERS), home(".cache/lm-studio/mcp.json", Json, MCP_SERVERS)],
    },
    ClientRow {
        name: "copilot-cli",
        title: "Copilot CLI",
        files: &[home(".copilot/mcp-config.json", Json, MCP_SERVERS)],
    },
    ClientRow {
        name: "antigravity",
        title: "Antigravity",
        files: &[
            home(".gemini/antigravity/mcp_config.json", Json, MCP_SERVERS),
            home(".gemini/config/mcp_config.json", Json, MCP_SERVERS),
        ],
    },
    ClientRow {
        name: "kiro",
        title: "Kiro",
        files: &[
            home(".kiro/settings/mcp.json", Json, MCP_SERVERS),
            home(".kiro/agents/*.json", Json, MCP_SERVERS),
            project(".kiro/settings/mcp.json", Json, MCP_SERVERS),
        ],
    },
    ClientRow {
        name: "amazon-q",
        title: "Amazon Q",
        files: &[
            home(".aws/amazonq/mcp.json", Json, MCP_SERVERS),
            home(".aws/amazonq/agents/default.json", Json, MCP_SERVERS),
            home(".aws/amazonq/cli-agents/*.json", Json, MCP_SERVERS),
            project(".amazonq/mcp.json", Json, MCP_SERVERS),
        ],
    },
    ClientRow {
        name: "opencode",
        title: "OpenCode",
        files: &[FileRow {
            places: [(Dot, "opencode/opencode.json"), (Dot, "opencode/opencode.json"), (Dot, "opencode/opencode.json")],
            format: Json,
            roots: &[&["mcp"]],
            fields: Fields { command: "command", args: "args", env: "environment" },
        }],
    },
    ClientRow {
        name: "amp",
        title: "Amp",
        files: &[at(
            [(Dot, "amp/settings.json"), (Dot, "amp/settings.json"), (Config, "amp/settings.json")],
            Json,
            &[&["amp.mcpServers"]],
        )],
    },
    ClientRow {
        name: "crush",
        title: "Crush",
        files: &[at([(Dot, "crush/crush.json"), (Dot, "crush/crush.json"), (Nowhere, "")], Json, &[&["mcp"]])],
    },
    ClientRow { name: "kimi", title: "Kimi", files: &[home(".kimi/mcp.json", Json, MCP_SERVERS)] },
    ClientRow { name: "factory", title: "Factory", files: &[home(".factory/mcp.json", Json, MCP_SERVERS)] },
    ClientRow { name: "qoder", title: "Qoder", files: &[home(".qoder/mcp.json", Json, MCP_SERVERS)] },
    ClientRow { name: "trae", title: "Trae", files: &[config("Trae/User/mcp.json", MCP_SERVERS)] },
    ClientRow {
        name: "junie",
        title: "Junie",
        files: &[home(".junie/mcp/mcp.json", Json, MCP_SERVERS), project(".junie/mcp/mcp.json", Json, MCP_SERVERS)],
    },
];

/// Which of a row's places counts here.
const SYSTEM: usize = if cfg!(target_os = "macos") {
    1
} else if cfg!(windows) {
    2
} else {
    0
};

impl FileRow {
    /// Whether it belongs to a project's folder.
    pub(super) fn is_project(&self) -> bool {
        self.places.get(SYSTEM).is_some_and(|(base, _)| *base == Project)
    }

    /// Where it may be; `*` in a path stands for any name.
    pub(super) fn patterns(&self, places: &ClientPlaces) -> Vec<String> {
        match self.places.get(SYSTEM) {
            Some((Project, path)) => places.projects.iter().map(|folder| format!("{folder}/{path}")).collect(),
            _ => self.pattern(places).into_iter().collect(),
        }
    }

    /// The path below the person's folders.
    fn pattern(&self, places: &ClientPlaces) -> Option<String> {
        let (base, path) = self.places.get(SYSTEM)?;
        let folder = match base {
            Home => places.home.clone(),
            Config => places.config.clone(),
            // A person who moved the one has moved the other.
            Dot if SYSTEM == 0 => places.config.clone(),
            Dot => format!("{}/.config", places.home),
            Codex => places.codex.clone().unwrap_or_else(|| format!("{}/.codex", places.home)),
            Claude => places.claude.clone().unwrap_or_else(|| places.home.clone()),
            Project | Nowhere => return None,
        };
        Some(format!("{folder}/{path}"))
    }
}

/// The client of this name.
pub(super) fn client(name: &str) -> Option<&'static ClientRow> {
    CLIENTS.iter().find(|row| row.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_paths_stay_below_their_folder() {
        let names: BTreeSet<_> = CLIENTS.iter().map(|c| c.name).collect();
        assert_eq!(names.len(), CLIENTS.len());
        for file in CLIENTS.iter().flat_map(|c| c.files) {
            for (base, path) in file.places {
                assert!(base == Nowhere || !path.is_empty());
                assert!(!path.starts_with('/') && !path.contains(".."), "{path}");
            }
            assert!(!file.roots.is_empty());
        }
    }

    #[test]
    fn folders_that_were_moved_are_honoured() {
        let places = ClientPlaces {
            home: "/h".into(),
            config: "/c".into(),
            codex: Some("/x".into()),
            claude: None,
            projects: vec!["/p".into()],
        };
        let path = |name: &str| client(name).unwrap().files[0].patterns(&places).remove(0);
        assert_eq!(client("cursor").unwrap().files[1].patterns(&places), ["/p/.cursor/mcp.json"]);
        assert_eq!(path("codex"), "/x/config.toml");
        assert_eq!(path("claude-code"), "/h/.claude.json");
        assert_eq!(path("zed"), if SYSTEM == 0 { "/c/zed/settings.json" } else { "/h/.config/zed/settings.json" });
    }
}
