//! How the app was started: its few arguments.

use std::ffi::OsString;

const USAGE: &str = "Usage: consentry-desktop [--hidden | --quit]

  --hidden   start without the main window; questions still open the prompt
  --quit     end the app that is running for this home
  --version  print the version

Starting the app again shows the main window of the one that runs.";

/// What the person, a login script or `consentry connect` wants from this start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Start {
    /// Keep the main window closed.
    pub(crate) hidden: bool,
    /// End the app that runs.
    pub(crate) quit: bool,
}

/// A start that ends at once, with what to print and the exit code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) text: String,
    pub(crate) code: u8,
}

impl Start {
    /// Reads the arguments that follow the program's name.
    pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Usage> {
        let mut start = Self::default();
        for argument in arguments {
            match argument.to_str() {
                Some("--hidden") => start.hidden = true,
                Some("--quit") => start.quit = true,
                Some("--version") => {
                    return Err(Usage { text: format!("consentry-desktop {}", env!("CARGO_PKG_VERSION")), code: 0 });
                }
                Some("--help" | "-h") => return Err(Usage { text: USAGE.into(), code: 0 }),
                Some(_) | None => {
                    let shown = wire::text::escaped(&argument.to_string_lossy());
                    return Err(Usage { text: format!("`{shown}` is not an option of the app.\n\n{USAGE}"), code: 2 });
                }
            }
        }
        Ok(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Start, Usage> {
        Start::read(words.iter().map(OsString::from))
    }

    #[test]
    fn options_are_read() {
        assert_eq!(read(&[]), Ok(Start::default()));
        assert_eq!(read(&["--hidden"]), Ok(Start { hidden: true, quit: false }));
        assert_eq!(read(&["--quit"]), Ok(Start { hidden: false, quit: true }));
    }

    #[test]
    fn an_unknown_option_is_a_usage_error_and_is_shown_escaped() {
        let usage = read(&["--hid\u{1b}[31mden"]).unwrap_err();
        assert_eq!(usage.code, 2);
        assert!(usage.text.starts_with("`--hid[U+001B ESC][31mden` is not"), "{}", usage.text);
    }

    #[test]
    fn help_is_no_failure() {
        assert_eq!(read(&["--help"]).unwrap_err().code, 0);
    }
}
