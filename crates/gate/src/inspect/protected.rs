//! Arguments that name what guards the person: our own files, clients' configurations, autostart, the keyring.

use crate::call::scalars;
use aho_corasick::AhoCorasick;
use serde_json::Value;

/// Path endings and parts, lower case, that no call needs and an attacker wants.
const PROTECTED: &[&str] = &[
    // What clients are configured to start.
    "claude_desktop_config.json",
    "/.claude.json",
    "/.claude/settings",
    "/.mcp.json",
    "/.cursor/mcp.json",
    "/.vscode/mcp.json",
    "/code/user/mcp.json",
    "/code/user/settings.json",
    "/.codeium/windsurf/mcp_config.json",
    "/zed/settings.json",
    "/.codex/config.toml",
    "/.gemini/settings.json",
    "/goose/config.yaml",
    "/.continue/config",
    "cline_mcp_settings.json",
    "/.lmstudio/mcp.json",
    // What starts by itself.
    "/.config/autostart",
    "/etc/xdg/autostart",
    "/.config/systemd/user",
    "/.local/share/systemd/user",
    "/library/launchagents",
    "/.bashrc",
    "/.bash_profile",
    "/.profile",
    "/.zshrc",
    "/.zprofile",
    "/.config/fish/config.fish",
    // Where keys are kept.
    "/.local/share/keyrings",
    "/library/keychains",
    "/.gnupg",
    "/.ssh/authorized_keys",
    // The session's bus, through which the keychain answers.
    "dbus_session_bus_address",
    "org.freedesktop.secrets",
];

/// What no argument may name, ready to be looked for.
#[derive(Debug)]
pub struct Protected(AhoCorasick);

impl Protected {
    /// With `own`: our folders, socket and programs, as absolute paths.
    ///
    /// # Errors
    /// When there are more than can be looked for at once.
    pub fn new(own: &[String]) -> Result<Self, String> {
        let own = own.iter().map(|path| path.to_lowercase());
        let names = PROTECTED.iter().map(|name| (*name).to_owned()).chain(own);
        AhoCorasick::new(names).map(Self).map_err(|e| e.to_string())
    }

    /// Whether a string in `arguments` names something protected.
    pub fn named_in(&self, arguments: &Value) -> bool {
        scalars(arguments).into_iter().filter_map(|(_, v)| v.as_str()).any(|text| self.0.is_match(&plain(text)))
    }
}

/// Lower case, percent-decoded, `\` as `/`, quotes and hidden characters out, `/./`, `//` and `/x/../` resolved: the
/// ways to spell one path. A hidden file without its folder gets one.
fn plain(text: &str) -> String {
    let decoded = decode(text);
    let folder = decoded.starts_with('.').then_some('/');
    let visible: String = folder
        .into_iter()
        .chain(decoded.chars())
        .filter(|c| !wire::text::is_hidden(*c) && !matches!(c, '\'' | '"'))
        .map(|c| if c == '\\' { '/' } else { c })
        .flat_map(char::to_lowercase)
        .collect();
    if !visible.contains('/') {
        return visible;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in visible.split('/') {
        match part {
            "." => {}
            "" if !parts.is_empty() => {}
            ".." if parts.last().is_some_and(|p| !p.is_empty() && *p != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = bytes.get(i + 1..i + 3).and_then(|h| std::str::from_utf8(h).ok());
        match (bytes[i], hex.and_then(|h| u8::from_str_radix(h, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                i += 3;
            }
            (byte, _) => {
                out.push(byte);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn named(text: &str, own: &[String]) -> bool {
        Protected::new(own).unwrap().named_in(&json!({"list": [{"x": text}]}))
    }

    #[test]
    fn however_it_is_spelled_our_folder_is_ours() {
        let own = ["/home/ann/.config/consentry".to_owned()];
        for path in [
            "/home/ann/.config/consentry/servers.json",
            "/home/ann/./.config//consentry/x",
            "/home/ann/x/../.config/consentry",
            "file:///home/ann/%2Econfig/consentry/policies",
            "cat /home/ann/.config/con\"sentr\"y/servers.json",
            "/HOME/ann/.config/Consentry",
            "/home/ann/.config/con\u{200B}sentry",
        ] {
            assert!(named(path, &own), "{path}");
        }
        assert!(!named("/home/ann/documents/consent.txt", &own));
    }

    #[test]
    fn clients_autostart_and_keyring_are_protected_at_any_depth() {
        for text in [
            "~/.config/Claude/claude_desktop_config.json",
            "/home/a/.config/autostart/x.desktop",
            "echo hi >> ~/.bashrc",
            "/home/a/.local/share/keyrings/login.keyring",
            ".mcp.json",
            "./../.mcp.json",
            "C:\\Users\\a\\.cursor\\mcp.json",
        ] {
            assert!(named(text, &[]), "{text}");
        }
        for text in ["a profile of the author", "/home/a/project/mcp.jsonl", "settings", ""] {
            assert!(!named(text, &[]), "{text}");
        }
    }
}
