//! The person's own browser, where they log in: never a window of ours, which could read what is typed.

use url::Url;

/// Opens a place to log in.
///
/// # Errors
/// One sentence where no browser could be opened, or where this is no place to log in.
pub(crate) fn open(place: &Url) -> Result<(), String> {
    // What a server names must not become a command of some program that is registered for another kind of URL.
    if !matches!(place.scheme(), "https" | "http") {
        return Err("the place to log in is no web page".into());
    }
    webbrowser::open(place.as_str()).map_err(|e| format!("no browser could be opened ({})", e.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_pages_are_opened() {
        for bad in ["file:///etc/passwd", "javascript:alert(1)", "vscode://x", "mailto:a@example.com"] {
            assert!(open(&Url::parse(bad).unwrap()).is_err(), "{bad}");
        }
    }
}
