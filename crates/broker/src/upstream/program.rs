//! Which program a server really is: resolved, hashed, at each spawn.

use gate::call::Digest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use zeroize::Zeroize;

/// Programs that run what their first argument names.
const INTERPRETERS: &[&str] =
    &["node", "nodejs", "bun", "deno", "python", "ruby", "perl", "php", "bash", "sh", "dash", "zsh"];

/// The command of a server, as the person configured it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Command {
    /// Program first.
    pub(crate) words: Vec<String>,
    /// Its environment, beside the few variables every program gets.
    pub(crate) env: BTreeMap<String, String>,
    /// The folder it runs in; without one, ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cwd: Option<String>,
}

/// Programs that run another one, which an argument names; and how many words it takes to say so.
const RUNNERS: &[(&str, usize)] = &[
    ("npx", 1),
    ("bunx", 1),
    ("uvx", 1),
    ("env", 1),
    ("sudo", 1),
    ("doas", 1),
    ("nice", 1),
    ("nohup", 1),
    ("xargs", 1),
    ("cmd", 1),
    ("powershell", 1),
    ("pwsh", 1),
    ("timeout", 2),
    ("docker", 2),
    ("podman", 2),
    ("npm", 2),
    ("pnpm", 2),
    ("yarn", 2),
    ("bun", 2),
    ("uv", 2),
    ("pipx", 2),
];

/// Options behind which no value of theirs stands: what follows is what runs.
const BARE: &[&str] =
    &["-y", "--yes", "-q", "--quiet", "-i", "-t", "-it", "-ti", "--rm", "--init", "-m", "-c", "-lc", "-ic", "/c", "--"];

impl Command {
    /// The places of the words that may say what runs, where those are arguments: up to the first that no option can have
    /// taken for its value, and on from there where it is such a program itself.
    pub(super) fn runs_at(&self) -> Vec<usize> {
        let (mut places, mut at) = (Vec::new(), 0);
        while let Some(wanted) = self.words.get(at).and_then(|word| wanted(word)) {
            let mut said = 0;
            while said < wanted {
                at += 1;
                let Some(word) = self.words.get(at) else { return places };
                if word.starts_with('-') || BARE.contains(&word.as_str()) || is_variable(word) {
                    continue;
                }
                places.push(at);
                let before = self.words.get(at - 1).map(String::as_str).unwrap_or_default();
                let taken = before.starts_with('-') && !before.contains('=') && !BARE.contains(&before);
                said += usize::from(!taken);
            }
        }
        places
    }
}

/// How many words behind this program say what it runs; `None` where it runs itself.
fn wanted(program: &str) -> Option<usize> {
    let name = Path::new(program).file_name()?.to_str()?;
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').trim_end_matches(".exe");
    let runner = RUNNERS.iter().find(|(known, _)| *known == stem).map(|(_, words)| *words);
    runner.or_else(|| INTERPRETERS.contains(&stem).then_some(1))
}

/// `NAME=value`, which sets a variable.
fn is_variable(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && !name.starts_with(|c: char| c.is_ascii_digit())
    })
}

// Values that were read from a client's file may be secrets, until they are in the keychain.
impl Drop for Command {
    fn drop(&mut self) {
        self.env.values_mut().chain(&mut self.words).for_each(Zeroize::zeroize);
    }
}

// Values of the environment are often secrets, and words may be.
impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Command")
            .field("program", &self.words.first())
            .field("env", &self.env.keys())
            .field("cwd", &self.cwd)
            .finish()
    }
}

/// A command, resolved.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) command: Command,
    /// The file that runs.
    pub(crate) resolved: PathBuf,
    /// SHA-256 of that file, hex.
    pub(crate) sha256: String,
    /// All of it: words, environment, file and script with their hashes.
    pub(crate) identity: Digest,
}

impl Program {
    /// Finds and hashes the program. Blocks on the disk.
    pub(crate) fn resolve(command: &Command) -> Result<Self, String> {
        let first = command.words.first().ok_or("the command is empty")?;
        let folder = command.cwd.as_deref().map(Path::new);
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            return Err(format!("there is no folder {} to run in", folder.display()));
        }
        let resolved = find(first, command.env.get("PATH").map(String::as_str), folder)?;
        let sha256 = hash(&resolved)?;
        let script = script(&resolved, &command.words, folder).map(|s| hash(&s).map(|h| (s, h))).transpose()?;
        let env: Vec<String> = command.env.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let mut parts: Vec<&[u8]> = vec![resolved.as_os_str().as_encoded_bytes(), sha256.as_bytes()];
        if let Some((path, hash)) = &script {
            parts.extend([path.as_os_str().as_encoded_bytes(), hash.as_bytes()]);
        }
        parts.push(b"words");
        parts.extend(command.words.iter().map(String::as_bytes));
        parts.push(b"env");
        parts.extend(env.iter().map(String::as_bytes));
        if let Some(folder) = &command.cwd {
            parts.extend([b"cwd".as_slice(), folder.as_bytes()]);
        }
        let identity = Digest::of("consentry program 1", &parts);
        Ok(Self { command: command.clone(), resolved, sha256, identity })
    }
}

fn find(program: &str, path: Option<&str>, folder: Option<&Path>) -> Result<PathBuf, String> {
    let absolute = |p: &Path| p.canonicalize().ok().filter(|p| p.is_file());
    if program.contains('/') {
        return absolute(&within(folder, program)).ok_or_else(|| format!("there is no program {program}"));
    }
    let ours = std::env::var("PATH").unwrap_or_default();
    std::env::split_paths(path.unwrap_or(&ours))
        .find_map(|folder| absolute(&folder.join(program)))
        .ok_or_else(|| format!("there is no program {program} in PATH"))
}

/// A path as a program that runs in this folder reads it.
fn within(folder: Option<&Path>, path: &str) -> PathBuf {
    folder.map_or_else(|| PathBuf::from(path), |folder| folder.join(path))
}

/// The script an interpreter is told to run: its first argument that is no option.
fn script(program: &Path, words: &[String], folder: Option<&Path>) -> Option<PathBuf> {
    let name = program.file_name()?.to_str()?;
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if !INTERPRETERS.contains(&stem) {
        return None;
    }
    let first = words.iter().skip(1).find(|w| !w.starts_with('-'))?;
    within(folder, first).canonicalize().ok().filter(|p| p.is_file())
}

fn hash(file: &Path) -> Result<String, String> {
    let fault = |e: std::io::Error| format!("{} can't be read: {e}", file.display());
    let mut from = std::fs::File::open(file).map_err(fault)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match from.read(&mut buffer).map_err(fault)? {
            0 => return Ok(hex::encode(hash.finalize())),
            n => hash.update(buffer.get(..n).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(words: &[&str]) -> Command {
        Command { words: words.iter().map(|w| (*w).to_owned()).collect(), env: BTreeMap::new(), cwd: None }
    }

    #[test]
    fn a_program_is_its_file_its_words_and_its_script() {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("server.sh");
        std::fs::write(&script, "one").unwrap();
        let words = ["sh", script.to_str().unwrap(), "data"];
        let first = Program::resolve(&command(&words)).unwrap();
        assert!(first.resolved.is_absolute() && first.sha256.len() == 64);
        assert_eq!(Program::resolve(&command(&words)).unwrap().identity, first.identity);
        std::fs::write(&script, "two").unwrap();
        assert_ne!(Program::resolve(&command(&words)).unwrap().identity, first.identity);
        assert!(Program::resolve(&command(&["no-such-program-here"])).unwrap_err().contains("PATH"));
    }

    #[test]
    fn a_folder_to_run_in_is_where_its_paths_begin() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("server.sh"), "one").unwrap();
        let mut there = command(&["sh", "server.sh"]);
        there.cwd = Some(dir.path().to_string_lossy().into_owned());
        let first = Program::resolve(&there).unwrap();
        std::fs::write(dir.path().join("server.sh"), "two").unwrap();
        assert_ne!(Program::resolve(&there).unwrap().identity, first.identity);
        assert_ne!(Program::resolve(&command(&["sh", "server.sh"])).unwrap().identity, first.identity);
        there.cwd = Some("/nonexistent/folder".into());
        assert!(Program::resolve(&there).unwrap_err().contains("/nonexistent/folder"));
    }

    #[test]
    fn the_words_that_say_what_runs_are_known() {
        for (words, runs) in [
            (&["npx", "-y", "pkg", "--token", "x"][..], &["pkg"][..]),
            (&["npx", "-p", "one", "two", "three"], &["one", "two"]),
            (&["npx", "--token", "one", "two"], &["one", "two"]),
            (&["/usr/bin/python3.12", "-m", "server", "--key", "x"], &["server"]),
            (&["sudo", "-u", "ann", "sh", "-c", "key=1; run"], &["ann", "sh"]),
            (&["env", "-i", "A=1", "bash", "-lc", "run it"], &["bash", "run it"]),
            (&["timeout", "5", "npx", "pkg", "x"], &["5", "npx", "pkg"]),
            (&["docker", "run", "-i", "--rm", "-e", "TOKEN=x", "-e", "KEY", "image", "x"], &["run", "KEY", "image"]),
            (&["uv", "run", "--with", "one", "two", "x"], &["run", "one", "two"]),
            (&["server", "--token", "x"], &[]),
            (&["npx"], &[]),
        ] {
            let command = command(words);
            let found: Vec<&str> = command.runs_at().into_iter().map(|nth| words[nth]).collect();
            assert_eq!(found, runs, "{words:?}");
        }
    }

    #[test]
    fn values_of_the_environment_are_not_printed() {
        let mut secret = command(&["x"]);
        secret.env.insert("TOKEN".into(), "hunter2".into());
        assert!(!format!("{secret:?}").contains("hunter2"));
    }
}
