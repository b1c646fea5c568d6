//! `servers.json`: the person's servers in the `mcpServers` shape that clients use.

use crate::upstream::{Command, Configured, Remote};
use remote::oauth::Scopes;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use wire::{Fault, FaultCode};

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Each entry: a command or a URL, or one sentence why it can't be used.
pub(crate) type Entries = BTreeMap<String, Result<Configured, String>>;

/// Reads the file; one that is not there holds nothing.
///
/// # Errors
/// One sentence with the file, and line and column where it is not JSON.
pub(crate) fn read(path: &Path) -> Result<Entries, String> {
    let root = read_root(path)?;
    let servers = match root.get("mcpServers") {
        None => return Ok(Entries::new()),
        Some(Value::Object(servers)) => servers,
        Some(_) => return Err(format!("{}: `mcpServers` is not an object.", path.display())),
    };
    Ok(servers.iter().map(|(name, entry)| (name.clone(), check_name(name).and_then(|()| configured(entry)))).collect())
}

fn read_root(path: &Path) -> Result<Map<String, Value>, String> {
    let at = path.display();
    let text = match std::fs::metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Map::new()),
        Err(e) => return Err(format!("{at} can't be read: {e}.")),
        Ok(m) if m.len() > MAX_BYTES => return Err(format!("{at} has more than {MAX_BYTES} bytes.")),
        Ok(_) => std::fs::read_to_string(path).map_err(|e| format!("{at} can't be read: {e}."))?,
    };
    // An editor that truncates before it writes leaves nothing for a moment; that takes nothing away.
    if text.trim().is_empty() {
        return Err(format!("{at} is empty. The last good version stays in force."));
    }
    let unmarked = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    match serde_json::from_str(unmarked) {
        Ok(Value::Object(root)) => Ok(root),
        Ok(_) => Err(format!("{at} does not hold a JSON object.")),
        Err(e) => Err(format!("{at} is not JSON: {e}. The last good version stays in force.")),
    }
}

/// A name goes into command lines, paths and policies.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    if name.is_empty() || name.len() > 64 || !name.chars().all(fine) || name.starts_with(['-', '.', ' ']) {
        return Err(
            "a server's name is 1 to 64 letters, digits, `-`, `_`, `.` or spaces, and begins with a letter or digit"
                .into(),
        );
    }
    Ok(())
}

fn configured(entry: &Value) -> Result<Configured, String> {
    let entry = entry.as_object().ok_or("it is not an object")?;
    // Clients name it differently; two that disagree would be read differently by others.
    let urls: Vec<&Value> = ["url", "serverUrl"].iter().filter_map(|name| entry.get(*name)).collect();
    match (urls.as_slice(), entry.contains_key("command")) {
        ([], _) => command(entry).map(Configured::Program),
        ([url], false) => remote(url, entry).map(Configured::Remote),
        _ => Err("it has more than one of `command`, `url` and `serverUrl`".into()),
    }
}

fn remote(url: &Value, entry: &Map<String, Value>) -> Result<Remote, String> {
    let url = url.as_str().ok_or("its URL is not a string")?;
    if entry.get("type").is_some_and(|kind| kind == "sse") {
        return Err("the old transport (`sse`) is not supported; most servers have a URL for `http` too".into());
    }
    let mut remote = Remote::parse(url, texts(entry, "headers")?)?;
    match entry.get("oauth") {
        None | Some(Value::Null) => {}
        Some(Value::Object(oauth)) => login_terms(oauth, &mut remote)?,
        Some(_) => return Err("`oauth` is not an object".into()),
    }
    Ok(remote)
}

/// Who we are at whoever guards a server, and what may be asked for there.
fn login_terms(oauth: &Map<String, Value>, remote: &mut Remote) -> Result<(), String> {
    let text = |name: &str| match oauth.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() && text.len() <= 2_000 => Ok(Some(text.clone())),
        Some(_) => Err(format!("`oauth.{name}` is not a string")),
    };
    (remote.client_id, remote.client_secret) = (text("clientId")?, text("clientSecret")?);
    if remote.client_secret.is_some() && remote.client_id.is_none() {
        return Err("`oauth.clientSecret` belongs to a `clientId`, which is missing".into());
    }
    remote.callback_port = match oauth.get("callbackPort") {
        None | Some(Value::Null) => None,
        Some(port) => {
            let port = port.as_u64().and_then(|port| u16::try_from(port).ok()).filter(|port| *port >= 1_024);
            Some(port.ok_or("`oauth.callbackPort` is no number from 1024 to 65535")?)
        }
    };
    let wrong = || "`oauth.scopes` is no list of scopes".to_owned();
    let scopes: Vec<&str> = match oauth.get("scopes") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(scopes)) => scopes.split_ascii_whitespace().collect(),
        Some(Value::Array(scopes)) => scopes.iter().map(Value::as_str).collect::<Option<_>>().ok_or_else(wrong)?,
        Some(_) => return Err(wrong()),
    };
    let sound: Vec<String> = scopes.iter().copied().collect::<Scopes>().into();
    if scopes.iter().any(|scope| !sound.iter().any(|s| s == scope)) {
        return Err(wrong());
    }
    remote.scopes = sound;
    Ok(())
}

/// A member that maps names to texts.
fn texts(entry: &Map<String, Value>, member: &str) -> Result<BTreeMap<String, String>, String> {
    let mut out = BTreeMap::new();
    match entry.get(member) {
        None | Some(Value::Null) => {}
        Some(Value::Object(named)) => {
            for (name, value) in named {
                let value = value.as_str().ok_or_else(|| format!("`{member}` holds something that is not a string"))?;
                out.insert(name.clone(), value.to_owned());
            }
        }
        Some(_) => return Err(format!("`{member}` is not an object")),
    }
    Ok(out)
}

fn command(entry: &Map<String, Value>) -> Result<Command, String> {
    let program =
        entry.get("command").and_then(Value::as_str).filter(|c| !c.is_empty()).ok_or("it has no `command`")?;
    let mut words = vec![program.to_owned()];
    match entry.get("args") {
        None | Some(Value::Null) => {}
        Some(Value::Array(args)) => {
            for arg in args {
                words.push(arg.as_str().ok_or("`args` holds something that is not a string")?.to_owned());
            }
        }
        Some(_) => return Err("`args` is not a list".into()),
    }
    let env = texts(entry, "env")?;
    let cwd = match entry.get("cwd") {
        None | Some(Value::Null) => None,
        Some(Value::String(folder)) if folder.starts_with('/') => Some(folder.clone()),
        Some(_) => return Err("`cwd` is not an absolute path".into()),
    };
    if words.iter().chain(env.keys()).chain(env.values()).chain(&cwd).any(|t| t.contains('\0'))
        || env.keys().any(|k| k.is_empty() || k.contains('='))
    {
        return Err("`command`, `args`, `env` and `cwd` can't hold NUL, nor names of variables `=`".into());
    }
    Ok(Command { words, env, cwd })
}

/// Puts a server into the file, or takes it out (`None`); everything else in it stays.
pub(crate) fn edit(path: &Path, name: &str, configured: Option<&Configured>) -> Result<(), Fault> {
    let invalid = |why: String| Fault::new(FaultCode::Invalid, why);
    let mut root = read_root(path).map_err(invalid)?;
    let servers = root.entry("mcpServers").or_insert_with(|| json!({}));
    let servers = servers
        .as_object_mut()
        .ok_or_else(|| invalid(format!("{}: `mcpServers` is not an object.", path.display())))?;
    match configured {
        Some(Configured::Remote(remote)) => {
            let mut entry = json!({"type": "http", "url": remote.url});
            if !remote.headers.is_empty() {
                entry["headers"] = json!(remote.headers);
            }
            let mut oauth = Map::new();
            let mut set = |name: &str, value: Option<Value>| drop(value.map(|value| oauth.insert(name.into(), value)));
            set("clientId", remote.client_id.clone().map(Value::from));
            set("clientSecret", remote.client_secret.clone().map(Value::from));
            set("callbackPort", remote.callback_port.map(Value::from));
            set("scopes", (!remote.scopes.is_empty()).then(|| json!(remote.scopes)));
            if !oauth.is_empty() {
                entry["oauth"] = oauth.into();
            }
            servers.insert(name.to_owned(), entry);
        }
        Some(Configured::Program(command)) => {
            let (program, args) = command.words.split_first().ok_or_else(|| invalid("The command is empty.".into()))?;
            let mut entry = json!({"command": program, "args": args});
            if !command.env.is_empty() {
                entry["env"] = json!(command.env);
            }
            if let Some(folder) = &command.cwd {
                entry["cwd"] = json!(folder);
            }
            servers.insert(name.to_owned(), entry);
        }
        None => {
            servers.shift_remove(name);
        }
    }
    let text = serde_json::to_string_pretty(&root).map_err(|e| Fault::new(FaultCode::Internal, e.to_string()))? + "\n";
    write_whole(path, text.as_bytes())
        .map_err(|e| Fault::new(FaultCode::Storage, format!("{} can't be written: {e}.", path.display())))
}

/// The whole file or none of it.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let part = path.with_extension("json.part");
    let mut file = std::fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&part, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("servers.json");
        std::fs::write(&path, text).unwrap();
        (dir, path)
    }

    #[test]
    fn the_shape_clients_use_is_read() {
        let (_dir, path) =
            write(r#"{"mcpServers":{"fs":{"command":"node","args":["a"],"env":{"K":"v"},"disabled":true}}}"#);
        let entries = read(&path).unwrap();
        let Configured::Program(command) = entries["fs"].as_ref().unwrap() else { panic!("a command") };
        assert_eq!(command.words, ["node", "a"]);
        assert_eq!(command.env["K"], "v");
    }

    #[test]
    fn one_bad_entry_does_not_hide_the_others() {
        let (_dir, path) =
            write(r#"{"mcpServers":{"a":{"command":"x"},"b":{"url":"http://x"},"c":7,"../d":{"command":"x"}}}"#);
        let entries = read(&path).unwrap();
        assert!(entries["a"].is_ok() && entries["b"].is_err() && entries["c"].is_err() && entries["../d"].is_err());
    }

    #[test]
    fn a_url_with_headers_is_a_server_too() {
        let (_dir, path) = write(
            r#"{"mcpServers":{"a":{"type":"http","url":"https://mcp.example.com/mcp","headers":{"X-Team":"blue"},
               "oauth":{"clientId":"abc"}},"b":{"serverUrl":"https://x.example/"},"c":{"url":"https://x/","command":"x"},
               "d":{"type":"sse","url":"https://x/sse"}}}"#,
        );
        let entries = read(&path).unwrap();
        let Configured::Remote(remote) = entries["a"].as_ref().unwrap() else { panic!("a URL") };
        assert_eq!((remote.url.as_str(), remote.client_id.as_deref()), ("https://mcp.example.com/mcp", Some("abc")));
        assert!(entries["b"].is_ok() && entries["c"].is_err() && entries["d"].is_err());
        edit(&path, "e", entries["a"].as_ref().ok()).unwrap();
        assert_eq!(read(&path).unwrap()["e"], entries["a"]);
    }

    #[test]
    fn what_was_agreed_for_a_login_is_read_and_written_again() {
        let (_dir, path) = write(
            r#"{"mcpServers":{"a":{"url":"https://x/","oauth":{"clientId":"abc","clientSecret":"s","callbackPort":8765,
               "scopes":["b","a"]}},"b":{"url":"https://x/","oauth":{"scopes":"a b"}},
               "c":{"url":"https://x/","oauth":{"clientSecret":"s"}},"d":{"url":"https://x/","oauth":{"callbackPort":80}},
               "e":{"url":"https://x/","oauth":{"scopes":["a b"]}},"f":{"url":"https://x/","oauth":[]}}}"#,
        );
        let entries = read(&path).unwrap();
        let Configured::Remote(remote) = entries["a"].as_ref().unwrap() else { panic!("a URL") };
        assert_eq!((remote.client_secret.as_deref(), remote.callback_port), (Some("s"), Some(8765)));
        assert_eq!(remote.scopes, ["a", "b"]);
        let Configured::Remote(remote) = entries["b"].as_ref().unwrap() else { panic!("a URL") };
        assert_eq!(remote.scopes, ["a", "b"]);
        for wrong in ["c", "d", "e", "f"] {
            assert!(entries[wrong].is_err(), "{wrong}");
        }
        edit(&path, "g", entries["a"].as_ref().ok()).unwrap();
        assert_eq!(read(&path).unwrap()["g"], entries["a"]);
    }

    #[test]
    fn mistakes_name_the_file_and_the_line() {
        let (_dir, path) = write("{\n  \"mcpServers\": {,}\n}");
        let why = read(&path).unwrap_err();
        assert!(why.contains("servers.json") && why.contains("line 2"), "{why}");
        let (_dir, path) = write("[]");
        assert!(read(&path).is_err());
        assert!(read(Path::new("/nonexistent/servers.json")).unwrap().is_empty());
    }

    #[test]
    fn an_edit_keeps_everything_else() {
        let (_dir, path) = write(r#"{"z":1,"mcpServers":{"b":{"command":"x","note":"keep"}}}"#);
        let command =
            Command { words: vec!["node".into(), "s.js".into()], env: BTreeMap::new(), cwd: Some("/".into()) };
        let command = Configured::Program(command);
        edit(&path, "a", Some(&command)).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("\"note\": \"keep\"") && text.contains("\"z\": 1"), "{text}");
        assert_eq!(read(&path).unwrap()["a"].as_ref().unwrap(), &command);
        edit(&path, "a", None).unwrap();
        assert_eq!(read(&path).unwrap().len(), 1);
    }
}
