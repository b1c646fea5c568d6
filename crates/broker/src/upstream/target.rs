//! How a server is reached: a program that is started here, or a URL.

use super::{Command, Program};
use crate::upstream::steers;
use gate::call::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use url::Url;
use wire::text::escaped;
use zeroize::Zeroize;

/// The longest URL of a server, in bytes.
const LONGEST_URL: usize = 2_000;

/// A server as the person configured it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Configured {
    /// A program that is started for each connection.
    Program(Command),
    /// A URL that is asked over HTTP.
    Remote(Remote),
}

/// A server that is reached over HTTP.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remote {
    /// Where its MCP endpoint is; canonical, without fragment and user name.
    pub(crate) url: Url,
    /// What every request to it carries beside the protocol's own; values that may be secret are references.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) headers: BTreeMap<String, String>,
    /// The client id that its authorization server knows Consentry by, where the person was given one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<String>,
    /// The secret that goes with it, as its reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_secret: Option<String>,
    /// Where the browser has to come back to on this machine; any port that is free where none is agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) callback_port: Option<u16>,
    /// The only scopes that may be asked for; all where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<String>,
}

/// What a text of a configuration is that may hold a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text<'a> {
    /// A variable or a header of this name.
    Named(&'a str),
    /// A variable of this name that decides what runs.
    Steering(&'a str),
    /// A word of a command, behind this one.
    Word(&'a str),
    /// A secret.
    Secret,
}

impl Remote {
    /// Reads a URL that the person gave.
    ///
    /// # Errors
    /// Why it can't be the URL of a server, as the end of a sentence.
    pub(crate) fn parse(url: &str, headers: BTreeMap<String, String>) -> Result<Self, String> {
        let given = Url::parse(url.trim()).map_err(|e| format!("`{}` is no URL: {e}", escaped(url)))?;
        let here = given
            .host_str()
            .is_some_and(|host| remote::net::is_localhost(host) || matches!(host, "127.0.0.1" | "[::1]"));
        match given.scheme() {
            "https" => {}
            "http" if here => {}
            "http" => {
                return Err("its URL is not https, so anybody on the way could read and change what is said".into());
            }
            other => return Err(format!("its URL begins with `{}` instead of `https`", escaped(other))),
        }
        if given.host_str().is_none_or(str::is_empty) || given.fragment().is_some() || url.len() > LONGEST_URL {
            return Err("its URL has no host, has a fragment (`#`), or is too long".into());
        }
        if !given.username().is_empty() || given.password().is_some() {
            return Err("its URL holds a user name or password; log in instead, or give a header".into());
        }
        if let Some(name) = headers.keys().find(|name| !is_header(name)) {
            return Err(format!("`{}` is no header that may be set", escaped(name)));
        }
        if headers.values().any(|value| value.bytes().any(|b| b < 0x20 && b != b'\t' || b == 0x7f)) {
            return Err("a header's value holds characters that can't be sent".into());
        }
        Ok(Self { url: given, headers, client_id: None, client_secret: None, callback_port: None, scopes: Vec::new() })
    }

    /// All that makes it this server and no other. Values that are secret are in it as their references.
    fn identity(&self) -> Digest {
        let headers: Vec<String> =
            self.headers.iter().map(|(k, v)| format!("{}:{v}", k.to_ascii_lowercase())).collect();
        let mut parts: Vec<&[u8]> = vec![self.url.as_str().as_bytes(), b"headers"];
        parts.extend(headers.iter().map(String::as_bytes));
        if let Some(id) = &self.client_id {
            parts.extend([b"client".as_slice(), id.as_bytes()]);
        }
        if let Some(secret) = &self.client_secret {
            parts.extend([b"client secret".as_slice(), secret.as_bytes()]);
        }
        let port = self.callback_port.map(u16::to_be_bytes);
        if let Some(port) = &port {
            parts.extend([b"callback".as_slice(), port]);
        }
        if !self.scopes.is_empty() {
            parts.push(b"scopes");
            parts.extend(self.scopes.iter().map(String::as_bytes));
        }
        Digest::of("consentry remote 1", &parts)
    }
}

/// Whether a header may be set by the person: the protocol's own and the connection's are ours.
fn is_header(name: &str) -> bool {
    const OURS: &[&str] = &[
        "accept",
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "cookie",
        "expect",
        "host",
        "keep-alive",
        "last-event-id",
        "origin",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    ];
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let lower = name.to_ascii_lowercase();
    !name.is_empty()
        && name.len() <= 100
        && name.bytes().all(token)
        && !OURS.contains(&lower.as_str())
        && !["mcp-", "proxy-", "sec-"].iter().any(|ours| lower.starts_with(ours))
}

// Values of headers are often secrets.
impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote").field("url", &self.url.as_str()).field("headers", &self.headers.keys()).finish()
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.headers.values_mut().chain(&mut self.client_secret).for_each(Zeroize::zeroize);
    }
}

impl Configured {
    /// What a person is shown of it: the words of its command, secrets masked, or its URL alone.
    pub(crate) fn words(&self) -> Vec<String> {
        match crate::secrets::masked(self) {
            Self::Program(ref mut command) => std::mem::take(&mut command.words),
            Self::Remote(ref remote) => vec![remote.url.to_string()],
        }
    }

    /// What it is given and may be secret: variables of a program, headers of a URL.
    pub(crate) fn given(&self) -> &BTreeMap<String, String> {
        match self {
            Self::Program(command) => &command.env,
            Self::Remote(remote) => &remote.headers,
        }
    }

    /// Every text in it that may hold a secret, with what it is.
    pub(crate) fn each_text(&mut self, mut each: impl FnMut(Text<'_>, &mut String)) {
        match self {
            Self::Program(command) => {
                for (name, value) in &mut command.env {
                    each(if steers(name).is_some() { Text::Steering(name) } else { Text::Named(name) }, value);
                }
                // The words that say what runs are always to be seen, whatever they look like.
                let runs = command.runs_at();
                let mut before = command.words.first().cloned().unwrap_or_default();
                for (nth, word) in command.words.iter_mut().enumerate().skip(1) {
                    let as_it_was = word.clone();
                    if !runs.contains(&nth) {
                        each(Text::Word(&before), word);
                    }
                    before = as_it_was;
                }
            }
            Self::Remote(remote) => {
                remote.headers.iter_mut().for_each(|(name, value)| each(Text::Named(name), value));
                remote.client_secret.iter_mut().for_each(|secret| each(Text::Secret, secret));
            }
        }
    }
}

/// A server, found: the program that would run, or the URL.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// A program.
    Program(Program),
    /// A URL, and all that makes it this server.
    Remote(Remote, Digest),
}

impl Target {
    /// Finds what is configured. Blocks on the disk.
    pub(crate) fn resolve(configured: &Configured) -> Result<Self, String> {
        match configured {
            Configured::Program(command) => Program::resolve(command).map(Self::Program),
            Configured::Remote(remote) => Ok(Self::Remote(remote.clone(), remote.identity())),
        }
    }

    /// What it is, as pinned and accepted.
    pub(crate) fn identity(&self) -> Digest {
        match self {
            Self::Program(program) => program.identity,
            Self::Remote(_, identity) => *identity,
        }
    }

    /// What it was found from.
    pub(crate) fn configured(&self) -> Configured {
        match self {
            Self::Program(program) => Configured::Program(program.command.clone()),
            Self::Remote(remote, _) => Configured::Remote(remote.clone()),
        }
    }

    /// The words of its command; a URL has none that could name files here.
    pub(crate) fn command_words(&self) -> &[String] {
        match self {
            Self::Program(program) => &program.command.words,
            Self::Remote(..) => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Remote, String> {
        Remote::parse(url, BTreeMap::new())
    }

    #[test]
    fn a_server_is_asked_over_https_or_on_this_machine() {
        for good in
            ["https://mcp.example.com/mcp", "http://localhost:3000/mcp", "http://127.0.0.1:1/", "http://[::1]:1/"]
        {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://mcp.example.com/",
            "https://u:p@example.com/",
            "https://u@example.com/",
            "file:///etc/passwd",
            "mcp",
            "https://example.com/#x",
            "javascript:alert(1)",
            "http://10.0.0.1/",
            "",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn headers_of_the_protocol_are_not_the_persons_to_set() {
        let with = |name: &str, value: &str| {
            Remote::parse("https://example.com/", BTreeMap::from([(name.to_owned(), value.to_owned())]))
        };
        assert!(with("Authorization", "Bearer x").is_ok() && with("X-Api-Key", "x").is_ok());
        for bad in ["Host", "content-length", "Mcp-Session-Id", "a b", "", "Sec-Fetch-Mode", "X\r\nY"] {
            assert!(with(bad, "x").is_err(), "{bad}");
        }
        assert!(with("X-Key", "a\r\nB: c").is_err());
    }

    #[test]
    fn a_server_is_its_url_and_its_headers_and_shows_no_value() {
        let resolved = |url: &str, key: &str| {
            let headers = BTreeMap::from([("X-Key".to_owned(), key.to_owned())]);
            Target::resolve(&Configured::Remote(Remote::parse(url, headers).unwrap())).unwrap()
        };
        let first = resolved("https://example.com/mcp", "hunter2");
        assert_eq!(first.identity(), resolved("HTTPS://EXAMPLE.com:443/mcp", "hunter2").identity());
        assert_ne!(first.identity(), resolved("https://example.com/mcp2", "hunter2").identity());
        assert_ne!(first.identity(), resolved("https://example.com/mcp", "other").identity());
        assert!(!format!("{first:?}").contains("hunter2"));
    }
}
