//! Programs that only start others, and interpreters, as tables: what stands between a client and `consentry connect`,
//! and what a program that runs a script really is.

use super::Process;
use std::path::{Path, PathBuf};

/// Programs that start the one that matters and wait for it: never the client themselves. Each with what it is.
const LAUNCHERS: &[(&str, &str)] = &[
    ("sh", "a shell"),
    ("bash", "a shell"),
    ("rbash", "a shell"),
    ("dash", "a shell"),
    ("ash", "a shell"),
    ("busybox", "a shell and small tools in one file"),
    ("zsh", "a shell"),
    ("fish", "a shell"),
    ("ksh", "a shell"),
    ("mksh", "a shell"),
    ("tcsh", "a shell"),
    ("csh", "a shell"),
    ("nu", "a shell"),
    ("env", "sets the environment"),
    ("coreutils", "small tools in one file, env and timeout among them"),
    ("nohup", "detaches from the terminal"),
    ("setsid", "detaches from the session"),
    ("setpriv", "changes privileges"),
    ("sudo", "changes the user"),
    ("su", "changes the user"),
    ("doas", "changes the user"),
    ("runuser", "changes the user"),
    ("nice", "changes the priority"),
    ("ionice", "changes the priority"),
    ("chrt", "changes the priority"),
    ("taskset", "binds to processors"),
    ("timeout", "bounds the time"),
    ("time", "measures the time"),
    ("stdbuf", "changes buffering"),
    ("xargs", "runs a command per line"),
    ("flock", "holds a lock meanwhile"),
    ("dbus-run-session", "brings a message bus along"),
    ("dbus-launch", "brings a message bus along"),
    ("xvfb-run", "brings a display along"),
    ("tini", "the first process of a container"),
    ("docker-init", "the first process of a container"),
    ("dumb-init", "the first process of a container"),
    ("uv", "fetches and runs Python programs"),
    ("uvx", "fetches and runs Python programs"),
    ("volta-shim", "picks a version of Node"),
    ("mise", "picks versions of tools"),
    ("direnv", "sets the environment of a folder"),
];

/// Scripts of an interpreter that only start others.
const LAUNCHER_SCRIPTS: &[(&str, &str)] = &[
    ("npx-cli.js", "npx: fetches and runs Node programs"),
    ("npm-cli.js", "npm: runs scripts"),
    ("npx", "npx: fetches and runs Node programs"),
    ("npm", "npm: runs scripts"),
    ("pnpm.cjs", "pnpm: runs scripts"),
    ("pnpm", "pnpm: runs scripts"),
    ("pnpx", "pnpm: fetches and runs Node programs"),
    ("yarn.js", "yarn: runs scripts"),
    ("yarn", "yarn: runs scripts"),
    ("corepack", "picks a package tool"),
    ("pipx", "fetches and runs Python programs"),
];

/// What npm and npx write over their own command line.
const LAUNCHER_TITLES: &[&str] = &["npm exec", "npm run", "npm start", "npm test", "npx "];

/// An interpreter and how its command line is read.
struct Interpreter {
    name: &'static str,
    /// Whether a version may follow the name: `python3.12`.
    versioned: bool,
    /// Whether short flags may stand together, and their values right behind them: `-uc`, `-Wignore`.
    clusters: bool,
    /// Words before the script that say what to do with it: `run`.
    verbs: &'static [&'static str],
    /// Flags followed by the program's own text.
    code: &'static [&'static str],
    /// Flags followed by the name of a module.
    module: &'static [&'static str],
    /// Flags followed by the file to run.
    file: &'static [&'static str],
    /// Other flags followed by a word.
    valued: &'static [&'static str],
}

const INTERPRETERS: &[Interpreter] = &[
    Interpreter {
        name: "python",
        versioned: true,
        clusters: true,
        verbs: &[],
        code: &["-c"],
        module: &["-m"],
        file: &[],
        valued: &["-W", "-X", "--check-hash-based-pycs"],
    },
    NODE,
    Interpreter { name: "nodejs", ..NODE },
    Interpreter {
        name: "bun",
        versioned: false,
        clusters: false,
        verbs: &["run", "x"],
        code: &["-e", "--eval", "-p", "--print"],
        module: &[],
        file: &[],
        valued: &["-r", "--preload", "-c", "--config", "--cwd", "--env-file"],
    },
    Interpreter {
        name: "deno",
        versioned: false,
        clusters: false,
        verbs: &["run", "eval", "task", "serve"],
        code: &[],
        module: &[],
        file: &[],
        valued: &["-c", "--config", "--import-map", "--lock", "--cert", "--seed", "-L", "--log-level"],
    },
    Interpreter {
        name: "ruby",
        versioned: true,
        clusters: true,
        verbs: &[],
        code: &["-e"],
        module: &[],
        file: &[],
        valued: &["-r", "-I", "-C"],
    },
    Interpreter {
        name: "perl",
        versioned: true,
        clusters: true,
        verbs: &[],
        code: &["-e", "-E"],
        module: &[],
        file: &[],
        valued: &["-I"],
    },
    Interpreter {
        name: "php",
        versioned: true,
        clusters: true,
        verbs: &[],
        code: &["-r"],
        module: &[],
        file: &["-f"],
        valued: &["-d", "-c", "-z"],
    },
    Interpreter {
        name: "java",
        versioned: false,
        clusters: false,
        verbs: &[],
        code: &[],
        module: &["-m", "--module"],
        file: &["-jar"],
        valued: &["-cp", "-classpath", "--class-path", "-p", "--module-path", "--add-modules"],
    },
];

const NODE: Interpreter = Interpreter {
    name: "node",
    versioned: false,
    clusters: false,
    verbs: &[],
    code: &["-e", "--eval", "-p", "--print", "-pe"],
    module: &[],
    file: &[],
    valued: &["-r", "--require", "--import", "--loader", "--experimental-loader", "-C", "--conditions", "--env-file"],
};

/// What an interpreter was told to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Script {
    /// A file, as written on the command line.
    File(String),
    /// Text on the command line: the flag, and the text.
    Code(String, String),
    /// A module: the flag, and the name.
    Module(String, String),
}

/// What kind of launcher a process is, or `None` when it is no launcher.
pub(super) fn launcher(process: &Process) -> Option<&'static str> {
    let name = program_name(process)?;
    if let Some((_, what)) = LAUNCHERS.iter().find(|(launcher, _)| *launcher == name) {
        return Some(what);
    }
    interpreter(&name)?;
    let title = process.cmdline.first().map(String::as_str).unwrap_or_default();
    if LAUNCHER_TITLES.iter().any(|launcher| title.starts_with(launcher)) {
        return Some("runs Node programs");
    }
    let Some(Script::File(file)) = script(process) else { return None };
    let file = Path::new(&file).file_name()?.to_str()?;
    LAUNCHER_SCRIPTS.iter().find(|(launcher, _)| *launcher == file).map(|(_, what)| *what)
}

/// What the interpreter was told to run, when the process is one.
pub(super) fn script(process: &Process) -> Option<Script> {
    let interpreter = interpreter(&program_name(process)?)?;
    let mut words = process.cmdline.iter().skip(1).map(String::as_str).peekable();
    if words.peek().is_some_and(|word| interpreter.verbs.contains(word)) {
        words.next();
    }
    while let Some(word) = words.next() {
        if word == "--" {
            return words.next().map(|file| Script::File(file.to_owned()));
        }
        if !word.starts_with('-') || word == "-" {
            return Some(Script::File(word.to_owned()));
        }
        let (flag, attached) = interpreter.flag(word);
        let mut value = || attached.clone().or_else(|| words.next().map(str::to_owned)).unwrap_or_default();
        if interpreter.code.contains(&flag.as_str()) {
            return Some(Script::Code(flag, value()));
        }
        if interpreter.module.contains(&flag.as_str()) {
            return Some(Script::Module(flag, value()));
        }
        if interpreter.file.contains(&flag.as_str()) {
            return Some(Script::File(value()));
        }
        if interpreter.valued.contains(&flag.as_str()) {
            value();
        }
    }
    None
}

impl Interpreter {
    /// The flag in a word that takes a value, and the value where it is attached: with clusters `-uc` is `-c`, and
    /// `-cprint()` is `-c` with its text; `--import=x` is `--import` with `x`.
    fn flag(&self, word: &str) -> (String, Option<String>) {
        if let Some((flag, value)) = word.split_once('=').filter(|_| word.starts_with("--")) {
            return (flag.to_owned(), Some(value.to_owned()));
        }
        let takes_value =
            |flag: &str| [self.code, self.module, self.file, self.valued].iter().any(|flags| flags.contains(&flag));
        if word.starts_with("--") || takes_value(word) || !self.clusters {
            return (word.to_owned(), None);
        }
        for (at, letter) in word.char_indices().skip(1) {
            let flag = format!("-{letter}");
            if takes_value(&flag) {
                let rest = &word[at + letter.len_utf8()..];
                return (flag, (!rest.is_empty()).then(|| rest.to_owned()));
            }
        }
        (word.to_owned(), None)
    }
}

/// The file name of the program; one that was deleted since is still what it was.
fn program_name(process: &Process) -> Option<String> {
    let path: PathBuf = process.exe.clone()?;
    let name = path.file_name()?.to_string_lossy();
    Some(name.strip_suffix(" (deleted)").unwrap_or(&name).to_owned())
}

fn interpreter(name: &str) -> Option<&'static Interpreter> {
    INTERPRETERS.iter().find(|interpreter| {
        name.strip_prefix(interpreter.name).is_some_and(|rest| {
            rest.is_empty() || interpreter.versioned && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(exe: &str, words: &[&str]) -> Process {
        let cmdline = words.iter().map(|word| (*word).to_owned()).collect();
        Process { pid: 1, start_time: 1, exe: Some(exe.into()), cmdline }
    }

    fn file(name: &str) -> Option<Script> {
        Some(Script::File(name.into()))
    }

    #[test]
    fn scripts_are_found_behind_flags() {
        let python = |words: &[&str]| script(&process("/usr/bin/python3.11", words));
        assert_eq!(python(&["python3", "-u", "-W", "ignore", "app.py", "--flag"]), file("app.py"));
        assert_eq!(python(&["python3", "-Wignore", "app.py"]), file("app.py"));
        assert_eq!(python(&["python3", "-uc", "print(1)"]), Some(Script::Code("-c".into(), "print(1)".into())));
        assert_eq!(python(&["python3", "-Im", "mcp", "run"]), Some(Script::Module("-m".into(), "mcp".into())));
        assert_eq!(python(&["python3"]), None);

        let node = |words: &[&str]| script(&process("/usr/bin/node", words));
        assert_eq!(node(&["node", "--import=tsx", "-r", "x", "main.mjs"]), file("main.mjs"));
        assert_eq!(node(&["node", "-e", "1"]), Some(Script::Code("-e".into(), "1".into())));

        let deno = process("/opt/deno", &["deno", "run", "-A", "main.ts"]);
        assert_eq!(script(&deno), file("main.ts"));
        let java = process("/usr/lib/jvm/bin/java", &["java", "-Xmx1g", "-cp", "a:b", "-jar", "app.jar"]);
        assert_eq!(script(&java), file("app.jar"));
        assert_eq!(script(&process("/usr/bin/firefox", &["firefox", "x.py"])), None, "no interpreter");
        assert_eq!(script(&process("/usr/bin/pythonista", &["p", "x.py"])), None, "another program");
    }

    #[test]
    fn shells_and_package_runners_are_launchers_and_programs_are_not() {
        for (exe, words) in [
            ("/usr/bin/dash", &["sh", "-c", "consentry connect x"][..]),
            ("/usr/bin/bash (deleted)", &["bash"]),
            ("/usr/bin/node", &["node", "/usr/lib/node_modules/npm/bin/npx-cli.js", "thing"]),
            ("/usr/bin/node", &["npm exec @scope/thing", "", ""]),
            ("/usr/bin/python3.12", &["python3", "/home/a/.local/bin/pipx", "run", "x"]),
            ("/home/a/.local/bin/uvx", &["uvx", "thing"]),
        ] {
            assert!(launcher(&process(exe, words)).is_some(), "{exe} {words:?}");
        }
        for (exe, words) in [
            ("/usr/bin/node", &["node", "client.js"][..]),
            ("/opt/Claude/claude-desktop", &["claude-desktop"]),
            ("/usr/bin/python3.12", &["python3", "-m", "client"]),
            ("/opt/npm exec/app", &["npm exec thing"]),
        ] {
            assert_eq!(launcher(&process(exe, words)), None, "{exe} {words:?}");
        }
    }

    #[test]
    fn no_row_stands_twice() {
        let mut names: Vec<_> = LAUNCHERS.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
