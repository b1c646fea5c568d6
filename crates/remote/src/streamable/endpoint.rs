//! Where a server is, and what is sent along with every request to it.

use crate::net::shown;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use url::Url;
use wire::text::escaped;

/// The most headers that may be configured.
const MOST_HEADERS: usize = 32;

/// Headers that are ours or the connection's. Names that begin like one of [`TAKEN_FAMILIES`] are too.
const TAKEN: [&str; 11] = [
    "host",
    "accept",
    "accept-encoding",
    "connection",
    "keep-alive",
    "expect",
    "last-event-id",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

const TAKEN_FAMILIES: [&str; 3] = ["content-", "mcp-", "proxy-"];

/// A server's URL, and the headers the person configured for it. Its `Debug` shows no header's value.
#[derive(Clone)]
pub struct Endpoint {
    url: Url,
    headers: HeaderMap,
}

impl Endpoint {
    /// The endpoint at this URL. The values of `headers` are secrets.
    ///
    /// # Errors
    /// One sentence names the header that can't be sent: it is ours, or no header at all.
    pub fn new(mut url: Url, headers: &[(HeaderName, SecretString)]) -> Result<Self, String> {
        url.set_fragment(None);
        if headers.len() > MOST_HEADERS {
            return Err(format!("More than {MOST_HEADERS} headers are configured for {}.", shown(&url)));
        }
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let text = name.as_str();
            if TAKEN.contains(&text) || TAKEN_FAMILIES.iter().any(|family| text.starts_with(family)) {
                return Err(format!("The header {} can't be configured: Consentry sets it itself.", escaped(text)));
            }
            let value = secret_value(value.expose_secret());
            let value = value.ok_or_else(|| format!("The value of the header {} can't be sent.", escaped(text)))?;
            map.append(name.clone(), value);
        }
        Ok(Self { url, headers: map })
    }

    /// The same, with names as they were written.
    ///
    /// # Errors
    /// As for [`Self::new`], and where a name is none.
    pub fn with<'a>(url: Url, headers: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, String> {
        let named = |(name, value): (&str, &str)| {
            let name: HeaderName = name.parse().map_err(|_| format!("`{}` is no header.", escaped(name)))?;
            Ok((name, SecretString::from(value.to_owned())))
        };
        let headers: Vec<(HeaderName, SecretString)> = headers.map(named).collect::<Result<_, String>>()?;
        Self::new(url, &headers)
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Whether a token is configured as a header, so that no other may be sent.
    pub(super) fn authorizes(&self) -> bool {
        self.headers.contains_key(AUTHORIZATION)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.keys().map(HeaderName::as_str).collect();
        f.debug_struct("Endpoint").field("url", &shown(&self.url)).field("headers", &names).finish()
    }
}

/// A header value that no `Debug` shows.
pub(super) fn secret_value(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &str) -> Result<Endpoint, String> {
        let url = Url::parse("https://example.com/mcp?key=query-secret").unwrap();
        Endpoint::new(url, &[(HeaderName::from_static(name), value.to_owned().into())])
    }

    #[test]
    fn headers_that_are_ours_cannot_be_configured() {
        for name in ["host", "accept", "content-length", "mcp-session-id", "transfer-encoding", "last-event-id"] {
            assert!(with(name, "x").unwrap_err().contains(name), "{name}");
        }
        assert!(!with("x-api-key", "a\r\nb").unwrap_err().contains('\n'));
        assert!(with("authorization", "Bearer x").unwrap().authorizes());
    }

    #[test]
    fn no_secret_is_shown() {
        let endpoint = with("x-api-key", "header-secret").unwrap();
        let text = format!("{endpoint:?} {:?}", endpoint.headers());
        assert!(text.contains("x-api-key") && !text.contains("-secret"), "{text}");
    }
}
