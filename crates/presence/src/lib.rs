//! Whether the person is there, by the word of the operating system: a proof that a program of the same user lacks. One
//! port, and behind it what each system has: polkit, LocalAuthentication, Windows Hello.
//!
//! What is decided stands in a window of ours, or on the command line, before the system asks. The systems that this is
//! not built on can be checked from another one: `cargo check --package presence --target x86_64-pc-windows-gnu`, and
//! `aarch64-apple-darwin`.

use std::time::Duration;

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
#[cfg_attr(windows, path = "windows.rs")]
#[cfg_attr(not(any(target_os = "linux", target_os = "macos", windows)), path = "other.rs")]
mod system;

/// How long the person has to answer the system's dialog.
const PATIENCE: Duration = Duration::from_secs(100);

/// For whom the system asks: a process of this user, and whether a window of ours has shown what about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    pid: u32,
    /// When it started; polkit's client looks it up where it is not given.
    start_time: Option<u64>,
    uid: u32,
    ours: bool,
}

impl Subject {
    /// A program that asks on a command line: its process, when that started in ticks since boot, and its user.
    #[must_use]
    pub fn command(pid: u32, start_time: u64, uid: u32) -> Self {
        Self { pid, start_time: Some(start_time), uid, ours: false }
    }

    /// This process, which shows windows.
    #[must_use]
    pub fn own() -> Self {
        Self { pid: std::process::id(), start_time: None, uid: system::own_user(), ours: true }
    }

    /// Whether it is this process, which has shown what it is about.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.ours
    }
}

/// Whether the system would ask, and only then say yes.
///
/// # Errors
/// Why not, as the end of a sentence.
pub async fn available(subject: &Subject) -> Result<(), String> {
    system::available(subject).await
}

/// Has the system ask, and waits for what it says.
///
/// # Errors
/// A sentence: why that is no proof.
pub async fn ask(subject: &Subject) -> Result<(), String> {
    system::ask(subject).await
}

fn patience() -> Duration {
    #[cfg(debug_assertions)]
    if let Some(seconds) = std::env::var("CONSENTRY_PROOF_SECONDS").ok().and_then(|s| s.parse().ok()) {
        return Duration::from_secs(seconds);
    }
    PATIENCE
}

/// What came of the system's dialog, in the words of systems that only tell that much.
#[cfg_attr(target_os = "linux", expect(dead_code, reason = "polkit tells more"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Proved,
    Closed,
    NotConvinced,
    Late,
}

#[cfg_attr(target_os = "linux", expect(dead_code, reason = "polkit tells more"))]
impl Came {
    /// # Errors
    /// A sentence: why that is no proof.
    fn proof(self) -> Result<(), String> {
        match self {
            Self::Proved => Ok(()),
            Self::Closed => Err("The system’s dialog was closed. Nothing was approved.".into()),
            Self::NotConvinced => Err("The system was not convinced that it is you. Nothing was approved.".into()),
            Self::Late => Err("Nobody answered the system’s dialog in time. Nothing was approved.".into()),
        }
    }
}

/// What is asked, where the system shows words of the program that has it ask.
#[cfg_attr(target_os = "linux", expect(dead_code, reason = "polkit shows words from a file of the administrator's"))]
fn words(subject: &Subject) -> &'static str {
    match subject.ours {
        true => "confirm what Consentry’s window shows",
        false => "confirm a decision that was typed on the command line of Consentry",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_never_taken_for_our_window() {
        assert!(Subject::own().is_ours());
        assert!(!Subject::command(std::process::id(), 1, system::own_user()).is_ours());
    }

    #[cfg(not(target_os = "linux"))]
    #[test]
    fn only_one_answer_is_a_proof() {
        assert_eq!(Came::Proved.proof(), Ok(()));
        for other in [Came::Closed, Came::NotConvinced, Came::Late] {
            assert!(other.proof().is_err(), "{other:?}");
        }
    }
}
