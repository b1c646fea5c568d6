//! Starting at login, where the desktop knows XDG autostart: a file that names this program. Off until a person wants it.

use crate::settings::write_whole;
use std::path::{Path, PathBuf};
use wire::{Fault, FaultCode};

/// The name of our file among those of other programs.
const FILE: &str = "consentry.desktop";

/// The file that starts the app at login.
pub(crate) struct Autostart {
    file: PathBuf,
    program: PathBuf,
    home: Option<PathBuf>,
}

impl Autostart {
    /// Where this user's desktop looks; none where it has no such place.
    pub(crate) fn find() -> Option<Self> {
        if !cfg!(target_os = "linux") {
            return None;
        }
        let var = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let config = var("XDG_CONFIG_HOME").or_else(|| Some(var("HOME")?.join(".config")))?;
        let program = std::env::current_exe().ok()?;
        Some(Self { file: config.join("autostart").join(FILE), program, home: var("CONSENTRY_HOME") })
    }

    /// The file.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Whether the app starts at login.
    pub(crate) fn is_on(&self) -> bool {
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        text.contains("\nExec=") && !text.lines().any(|line| line.trim() == "Hidden=true")
    }

    /// Starts it at login from now on, or no longer.
    pub(crate) fn set(&self, on: bool) -> Result<(), Fault> {
        let changed = if on { self.put() } else { self.take_away() };
        changed.map_err(|e| Fault::new(FaultCode::Storage, format!("{} can't be changed: {e}.", self.file.display())))
    }

    fn put(&self) -> std::io::Result<()> {
        let text = entry(&self.program, self.home.as_deref()).ok_or_else(|| {
            std::io::Error::new(std::io::ErrorKind::InvalidInput, "this program's path can't stand in such a file")
        })?;
        if let Some(folder) = self.file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        write_whole(&self.file, text.as_bytes(), 0o644)
    }

    fn take_away(&self) -> std::io::Result<()> {
        match std::fs::remove_file(&self.file) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }
}

fn entry(program: &Path, home: Option<&Path>) -> Option<String> {
    let program = quoted(program.to_str()?)?;
    let home = match home {
        None => String::new(),
        Some(home) => format!("env {} ", quoted(&format!("CONSENTRY_HOME={}", home.to_str()?))?),
    };
    Some(format!(
        "[Desktop Entry]\nType=Application\nName=Consentry\nComment=Asks you before AI clients do something risky\n\
         Exec={home}{program} --hidden\nTerminal=false\nX-GNOME-Autostart-enabled=true\n"
    ))
}

/// One word of an `Exec` line: quoted, then escaped once more as any value of such a file.
fn quoted(word: &str) -> Option<String> {
    if word.chars().any(char::is_control) {
        return None;
    }
    let mut out = String::from("\"");
    for c in word.chars() {
        match c {
            '"' | '`' | '$' => out.extend(['\\', '\\', c]),
            '\\' => out.push_str("\\\\\\\\"),
            '%' => out.push_str("%%"),
            c => out.push(c),
        }
    }
    out.push('"');
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn autostart(folder: &Path) -> Autostart {
        let file = folder.join("autostart").join(FILE);
        Autostart { file, program: "/opt/consentry/consentry-desktop".into(), home: None }
    }

    #[test]
    fn it_is_off_until_wanted_and_off_again() {
        let folder = tempfile::tempdir().unwrap();
        let autostart = autostart(folder.path());
        assert!(!autostart.is_on());
        autostart.set(false).unwrap();
        autostart.set(true).unwrap();
        assert!(autostart.is_on());
        let text = std::fs::read_to_string(autostart.file()).unwrap();
        assert!(text.contains("\nExec=\"/opt/consentry/consentry-desktop\" --hidden\n"), "{text}");
        autostart.set(false).unwrap();
        assert!(!autostart.is_on() && !autostart.file().exists());
    }

    #[test]
    fn a_desktop_that_switched_it_off_is_believed() {
        let folder = tempfile::tempdir().unwrap();
        let autostart = autostart(folder.path());
        autostart.set(true).unwrap();
        let text = std::fs::read_to_string(autostart.file()).unwrap();
        std::fs::write(autostart.file(), text + "Hidden=true\n").unwrap();
        assert!(!autostart.is_on());
    }

    #[test]
    fn a_path_stays_one_word_and_starts_nothing_else() {
        let line = entry(Path::new("/o p/a\"b$c`d%e\\f"), Some(Path::new("/home/ann/x y"))).unwrap();
        let exec = line.lines().find(|line| line.starts_with("Exec=")).unwrap();
        let expected = r#"Exec=env "CONSENTRY_HOME=/home/ann/x y" "/o p/a\\"b\\$c\\`d%%e\\\\f" --hidden"#;
        assert_eq!(exec, expected);
        assert_eq!(entry(Path::new("/a\nExec=evil"), None), None);
    }
}
