//! Running other programs: every failure names the command, every step is timed.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A command to be run in `folder`.
pub(crate) fn command(folder: &std::path::Path, words: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new(words.first().map_or(OsStr::new(""), AsRef::as_ref));
    command.args(words.iter().skip(1)).current_dir(folder);
    command
}

/// Cargo itself, the one that runs us, in `folder`.
pub(crate) fn cargo(folder: &std::path::Path, words: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(words).current_dir(folder);
    // Ours were set for xtask; another package's build must not see them.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs to the end with our streams; anything but success is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = written(command);
    let status = command.status().with_context(|| format!("`{line}` could not be started"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Runs to the end and gives what it wrote to stdout; stderr stays ours.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let line = written(command);
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("`{line}` could not be started"))?;
    if !output.status.success() {
        bail!("`{line}` failed ({})", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs quietly and says whether it succeeded; a program that is missing did not.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs to the end, passes each line of stdout and stderr on as it comes, and gives all lines and whether it succeeded.
pub(crate) fn tee(command: &mut Command) -> Result<(Vec<String>, bool)> {
    let line = written(command);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("`{line}` could not be started"))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let lines = std::thread::scope(|scope| {
        let other = scope.spawn(move || err.map(|stream| pass_on(stream, std::io::stderr())).unwrap_or_default());
        let mut lines = out.map(|stream| pass_on(stream, std::io::stdout())).unwrap_or_default();
        lines.extend(other.join().unwrap_or_default());
        lines
    });
    Ok((lines, child.wait()?.success()))
}

fn pass_on(from: impl std::io::Read, mut to: impl Write) -> Vec<String> {
    let mut lines = Vec::new();
    for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        // A closed terminal is no reason to stop: the lines are counted all the same.
        let _ = writeln!(to, "{line}");
        lines.push(line);
    }
    lines
}

/// The program of that name on PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// PATH with `folder` in front.
pub(crate) fn path_with(folder: PathBuf) -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder).chain(std::env::split_paths(&path));
    std::env::join_paths(folders).unwrap_or(path)
}

fn written(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// The steps of one run and how long each took.
#[derive(Default)]
pub(crate) struct Steps(Vec<(&'static str, Duration)>);

impl Steps {
    /// Announces a step, performs it, keeps its time.
    pub(crate) fn step<T>(&mut self, name: &'static str, perform: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("\n== {name}");
        let start = Instant::now();
        let result = perform().with_context(|| name.to_owned());
        self.0.push((name, start.elapsed()));
        result
    }

    /// How long each step took, and all of them.
    pub(crate) fn print(&self) {
        println!("\n   time  step");
        for (name, time) in &self.0 {
            println!("{:>5} s  {name}", time.as_secs());
        }
        println!("{:>5} s  in all", self.0.iter().map(|(_, time)| time.as_secs_f64()).sum::<f64>().round());
    }
}
