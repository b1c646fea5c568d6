//! What the person chose about the windows: a plain file in the home, because nothing in it lets a call run.

use crate::autostart::Autostart;
use broker::{Broker, Home};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tauri::AppHandle;
use wire::view::{Place, PlaceView, Preferences, SettingsView, Theme};
use wire::{Fault, FaultCode};

/// The longest file that is read, in bytes.
const MOST: u64 = 64 * 1024;

/// The choices, and the file they are kept in.
pub(crate) struct Settings {
    file: PathBuf,
    state: Mutex<State>,
}

struct State {
    preferences: Preferences,
    fault: Option<String>,
}

impl Settings {
    /// Reads the file. One that is missing or broken means the usual choices, and a broken one is said.
    pub(crate) fn open(file: PathBuf) -> Self {
        let (preferences, fault) = match read(&file) {
            Ok(preferences) => (preferences, None),
            Err(why) => (
                Preferences::default(),
                Some(format!("{} can't be read: {why}. The usual settings hold.", file.display())),
            ),
        };
        Self { file, state: Mutex::new(State { preferences, fault }) }
    }

    /// What was chosen.
    pub(crate) fn preferences(&self) -> Preferences {
        self.state().preferences
    }

    /// What is wrong with the file, if anything.
    pub(crate) fn fault(&self) -> Option<String> {
        self.state().fault.clone()
    }

    /// Where they are kept.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Keeps these.
    pub(crate) fn set(&self, preferences: Preferences) -> Result<(), Fault> {
        let failed = |why: String| {
            Fault::new(
                FaultCode::Storage,
                format!("{} can't be written, so nothing was changed: {why}.", self.file.display()),
            )
        };
        let text = serde_json::to_string_pretty(&preferences).map_err(|e| failed(e.to_string()))? + "\n";
        write_whole(&self.file, text.as_bytes(), 0o600).map_err(|e| failed(e.to_string()))?;
        *self.state() = State { preferences, fault: None };
        Ok(())
    }

    /// Three words hold no invariant that a panic elsewhere could have broken.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Has the windows look like this; the system's theme is followed where none is chosen.
pub(crate) fn show(app: &AppHandle, theme: Theme) {
    app.set_theme(match theme {
        Theme::System => None,
        Theme::Light => Some(tauri::Theme::Light),
        Theme::Dark => Some(tauri::Theme::Dark),
    });
}

fn read(file: &Path) -> Result<Preferences, String> {
    match std::fs::metadata(file) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Preferences::default()),
        Err(e) => return Err(e.to_string()),
        Ok(found) if !found.is_file() || found.len() > MOST => return Err("it is no settings file".into()),
        Ok(_) => {}
    }
    let text = std::fs::read(file).map_err(|e| e.to_string())?;
    serde_json::from_slice(&text).map_err(|e| e.to_string())
}

/// The whole file or none of it.
pub(crate) fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let mut file = std::fs::OpenOptions::new().create(true).truncate(true).write(true).mode(mode).open(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&part, path)
}

/// Starts Consentry at login, or no longer.
///
/// # Errors
/// `NotHere` where the desktop has no place for that.
pub(crate) fn start_at_login(on: bool) -> Result<(), Fault> {
    let nowhere = || Fault::new(FaultCode::NotHere, "This desktop has no place for programs that start at login.");
    Autostart::find().ok_or_else(nowhere)?.set(on)
}

/// The settings page.
pub(crate) fn view(home: &Home, chosen: &Settings, broker: &Broker) -> SettingsView {
    let autostart = Autostart::find();
    let mut places = vec![
        (Place::Servers, home.servers_json()),
        (Place::Policies, home.policies()),
        (Place::Database, home.database()),
        (Place::Preferences, chosen.file().to_owned()),
    ];
    places.extend(autostart.as_ref().map(|autostart| (Place::Autostart, autostart.file().to_owned())));
    let shown =
        |(what, path): (Place, std::path::PathBuf)| PlaceView { what, path: path.to_string_lossy().into_owned() };
    SettingsView {
        preferences: chosen.preferences(),
        autostart: autostart.map(|autostart| autostart.is_on()),
        places: places.into_iter().map(shown).collect(),
        version: env!("CARGO_PKG_VERSION").into(),
        fault: chosen.fault(),
        own_domains: broker.own_domains(),
        own_terms: broker.own_terms(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_chosen_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.json");
        let settings = Settings::open(file.clone());
        assert_eq!(settings.preferences(), Preferences::default());
        let chosen = Preferences { theme: Theme::Dark, notifications: false, tour_seen: true };
        settings.set(chosen).unwrap();
        assert_eq!(Settings::open(file).preferences(), chosen);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_broken_file_is_said_and_mended_by_the_next_choice() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.json");
        for broken in ["{", "7", "{\"theme\":\"pink\"}", &" ".repeat(70_000)] {
            std::fs::write(&file, broken).unwrap();
            let settings = Settings::open(file.clone());
            assert_eq!(settings.preferences(), Preferences::default());
            assert!(settings.fault().unwrap().contains("settings.json"));
        }
        std::fs::write(&file, "{\"later\":1}").unwrap();
        let settings = Settings::open(file);
        assert_eq!(settings.fault(), None, "what a newer version added is no mistake");
        settings.set(Preferences::default()).unwrap();
    }
}
