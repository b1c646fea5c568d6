//! A server written into `servers.json` by hand, as it were: a proposal that takes effect when the person says yes in the
//! window. Everything else in the file stays as it is.

use serde_json::{Map, Value, json};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use wire::{Fault, FaultCode};

/// Puts a server into the file, or changes its command there.
///
/// # Errors
/// `Invalid` when the file is not in the `mcpServers` shape, `Storage` when it can't be read or written.
pub(crate) fn write(path: &Path, name: &str, words: &[String], env: &[(String, String)]) -> Result<(), Fault> {
    change(path, |root| put(root, name, words, env))
}

/// Puts a server that is reached over HTTP into the file, or changes its URL there.
///
/// # Errors
/// As for [`write()`].
pub(crate) fn write_url(path: &Path, name: &str, url: &str) -> Result<(), Fault> {
    change(path, |root| {
        let servers = root.entry("mcpServers").or_insert_with(|| json!({})).as_object_mut()?;
        servers.insert(name.to_owned(), json!({"type": "http", "url": url}));
        Some(())
    })
}

fn change(path: &Path, put: impl FnOnce(&mut Map<String, Value>) -> Option<()>) -> Result<(), Fault> {
    let mut root = read(path)?;
    put(&mut root).ok_or_else(|| {
        let why = "`mcpServers` or the entry in it is not an object. Mend the file first.";
        Fault::new(FaultCode::Invalid, format!("{}: {why}", path.display()))
    })?;
    let text =
        serde_json::to_string_pretty(&root).map_err(|error| Fault::new(FaultCode::Internal, error.to_string()))?;
    replace(path, &(text + "\n"))
        .map_err(|error| Fault::new(FaultCode::Storage, format!("{} can't be written: {error}.", path.display())))
}

fn read(path: &Path) -> Result<Map<String, Value>, Fault> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Map::new()),
        Err(error) => {
            return Err(Fault::new(FaultCode::Storage, format!("{} can't be read: {error}.", path.display())));
        }
    };
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_str(&text).map_err(|error| {
        let why = format!("{} is not a JSON object: {error}. Mend the file first; it was not changed.", path.display());
        Fault::new(FaultCode::Invalid, why)
    })
}

/// Sets command, arguments and environment of an entry; what else it holds stays. `None` when the shape is another.
fn put(root: &mut Map<String, Value>, name: &str, words: &[String], env: &[(String, String)]) -> Option<()> {
    let (program, args) = words.split_first()?;
    let servers = root.entry("mcpServers").or_insert_with(|| json!({})).as_object_mut()?;
    let entry = servers.entry(name).or_insert_with(|| json!({})).as_object_mut()?;
    entry.insert("command".into(), json!(program));
    entry.insert("args".into(), json!(args));
    if env.is_empty() {
        entry.shift_remove("env");
    } else {
        let env: Map<String, Value> = env.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        entry.insert("env".into(), Value::Object(env));
    }
    Some(())
}

/// The whole file or none of it. For this user alone: it may hold secrets of servers.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let part = path.with_extension(format!("json.{}.part", std::process::id()));
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&part)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        fs::remove_file(&part)?;
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn everything_else_in_the_file_stays_in_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("servers.json");
        let text = r#"{"z":1.50,"mcpServers":{"b":{"command":"x","note":"kept"},"a":{"command":"y"}},"a":[]}"#;
        fs::write(&path, text).unwrap();
        write(&path, "c", &words(&["node", "s.js"]), &[("KEY".into(), "v".into())]).unwrap();
        write(&path, "b", &words(&["other"]), &[]).unwrap();
        let now: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let names: Vec<&String> = now["mcpServers"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["b", "a", "c"]);
        assert_eq!(now["mcpServers"]["b"], json!({"command": "other", "note": "kept", "args": []}));
        assert_eq!(now["mcpServers"]["c"], json!({"command": "node", "args": ["s.js"], "env": {"KEY": "v"}}));
        assert_eq!((&now["z"], &now["a"]), (&json!(1.5), &json!([])));
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
    }

    #[test]
    fn a_broken_file_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("servers.json");
        for text in ["{\"mcpServers\": {", "[]", "{\"mcpServers\": []}", "{\"mcpServers\": {\"a\": 7}}"] {
            fs::write(&path, text).unwrap();
            let fault = write(&path, "a", &words(&["x"]), &[]).unwrap_err();
            assert!(fault.message.contains("servers.json"), "{fault}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        fs::remove_file(&path).unwrap();
        write(&path, "a", &words(&["x"]), &[]).unwrap();
        assert!(path.exists());
    }
}
