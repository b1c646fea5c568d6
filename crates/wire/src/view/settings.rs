//! The settings page. Nothing here lets a call run.

use serde::{Deserialize, Serialize};

/// What the person chose about the windows themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// Light, dark, or as the system.
    pub theme: Theme,
    /// Whether a question that nobody looks at is announced by a notification.
    pub notifications: bool,
    /// Whether the tour of the first run was seen or put away.
    pub tour_seen: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self { theme: Theme::System, notifications: true, tour_seen: false }
    }
}

/// How the windows look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// The settings page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsView {
    /// What was chosen.
    pub preferences: Preferences,
    /// Whether Consentry starts at login; `None` where that can't be set here.
    pub autostart: Option<bool>,
    /// Where things are stored.
    pub places: Vec<PlaceView>,
    /// The app's version.
    pub version: String,
    /// What is wrong with the file the choices are kept in, if anything.
    pub fault: Option<String>,
    /// The domains that are the person's own.
    #[serde(default)]
    pub own_domains: Vec<String>,
    /// The words that they keep to themselves, as typed.
    #[serde(default)]
    pub own_terms: Vec<String>,
}

/// A place on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceView {
    /// What is there.
    pub what: Place,
    /// Where.
    pub path: String,
}

/// What is stored somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The list of servers.
    Servers,
    /// The person's own rules.
    Policies,
    /// The audit log and what was decided.
    Database,
    /// What was chosen about the windows.
    Preferences,
    /// The file that starts Consentry at login.
    Autostart,
}
