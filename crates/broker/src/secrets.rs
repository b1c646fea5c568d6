//! Values of servers' variables that stand in the keychain and nowhere else.
//!
//! `servers.json` holds a reference in their place, in the form that clients' own files use for what is filled in when a
//! server starts: `"TOKEN": "${keychain:TOKEN-5f0c…}"`. So the file keeps the shape that every program knows, names and
//! texts. The reference ends in a MAC over server, variable and value: the same value is the same reference, what somebody
//! else puts into the keychain is not taken, and no other server can be given it.

use crate::upstream::Configured;
use crate::vault::{Kind, Seal};
use std::collections::BTreeMap;
use std::sync::Arc;
use subtle::ConstantTimeEq;
use wire::text::escaped;
use zeroize::Zeroizing;

const BEGINNING: &str = "${keychain:";

/// How much of the MAC stands in a reference, in hexadecimal digits.
const TAG: usize = 32;

/// How much of a variable's name does.
const NAME: usize = 40;

/// Variables that say where programs and files are. They are shown, and needed before anything is fetched.
const OPEN: &[&str] = &["HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER"];

/// The values of a server's variables, fetched for one start.
#[derive(Default)]
pub(crate) struct Filled(Vec<(String, Zeroizing<String>)>);

impl Filled {
    /// Names with values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

// No value is ever printed.
impl std::fmt::Debug for Filled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// What of servers' commands stands in the keychain.
#[derive(Clone, Debug)]
pub(crate) struct Secrets {
    seal: Arc<Seal>,
}

impl Secrets {
    pub(crate) fn new(seal: Arc<Seal>) -> Self {
        Self { seal }
    }

    /// The key of this home, with what the keychain holds.
    pub(crate) fn seal(&self) -> Arc<Seal> {
        self.seal.clone()
    }

    /// Why a secret can't be kept now, if so: one sentence that says what to do.
    pub(crate) fn fault(&self) -> Option<String> {
        let why = self.seal.fault()?;
        Some(format!(
            "a secret is kept in the keychain only, and {why}: unlock or start the keychain, restart Consentry and try again"
        ))
    }

    /// The server as it stands in `servers.json`: what looks like a secret is a reference.
    pub(crate) fn referred(&self, server: &str, configured: &Configured) -> Configured {
        let mut referred = configured.clone();
        for (variable, value) in referred.given_mut() {
            if is_secret(variable, value) {
                *value = self.reference(server, variable, value);
            }
        }
        referred
    }

    /// Puts what looks like a secret into the keychain; the server as it stands in `servers.json` then.
    ///
    /// # Errors
    /// One sentence with the variable: it could not be kept.
    pub(crate) async fn keep(&self, server: &str, configured: &Configured) -> Result<Configured, String> {
        let referred = self.referred(server, configured);
        for (variable, value) in configured.given() {
            let Some(name) = referred.given().get(variable).filter(|kept| *kept != value).and_then(|kept| named(kept))
            else {
                continue;
            };
            let lost = |why: String| format!("the value of {} could not be kept: {why}", escaped(variable));
            if let Some(why) = self.fault() {
                return Err(lost(why));
            }
            self.seal.keep(Kind::Variable, name, Zeroizing::new(value.clone())).await.map_err(lost)?;
        }
        Ok(referred)
    }

    /// The values that references in what a server is given stand for, now that it is used.
    ///
    /// # Errors
    /// One sentence with the variable, and what to do.
    pub(crate) async fn filled(&self, server: &str, given: &BTreeMap<String, String>) -> Result<Filled, String> {
        let mut filled = Filled::default();
        for (variable, kept) in given {
            let Some(name) = named(kept) else { continue };
            let lost = |why: &str, then: &str| {
                let (server, variable) = (escaped(server), escaped(variable));
                format!(
                    "The server `{server}` was not started: the secret {variable} can't be fetched, for {why}. {then}"
                )
            };
            let again = "Give it again, with `consentry server add` or by protecting the client anew.";
            if let Some(why) = self.seal.fault() {
                return Err(lost(why, "Unlock or start the keychain, then restart Consentry."));
            }
            let held = match self.seal.kept(Kind::Variable, name).await {
                Ok(held) => held,
                Err(why) if why.contains("not in the keychain") => return Err(lost(&why, again)),
                Err(why) => return Err(lost(&why, "Unlock the keychain and try again.")),
            };
            let value = std::str::from_utf8(&held).map_err(|_| lost("it holds no text", again))?;
            let expected = self.reference(server, variable, value);
            if !bool::from(expected.as_bytes().ct_eq(kept.as_bytes())) {
                return Err(lost("what the keychain holds was not put there for it", again));
            }
            filled.0.push((variable.clone(), Zeroizing::new(value.to_owned())));
        }
        Ok(filled)
    }

    /// Takes out of the keychain what a server refers to and no other does.
    pub(crate) async fn forget<'a>(&self, gone: &Configured, others: impl Iterator<Item = &'a Configured>) {
        let used: Vec<&str> =
            others.flat_map(|other| other.given().values()).filter_map(|value| named(value)).collect();
        for name in gone.given().values().filter_map(|value| named(value)).filter(|name| !used.contains(name)) {
            if let Err(why) = self.seal.forget(Kind::Variable, name).await {
                tracing::warn!("a secret that is no longer needed could not be removed from the keychain: {why}");
            }
        }
    }

    /// A mark over what may hold secrets: it tells whether something is the same again, and nothing else.
    pub(crate) fn mark(&self, parts: &[&str]) -> String {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        hex::encode(self.seal.mac(&[&[b"consentry mark 1".as_slice()], parts.as_slice()].concat()))
    }

    fn reference(&self, server: &str, variable: &str, value: &str) -> String {
        let parts = [b"consentry variable 1".as_slice(), server.as_bytes(), variable.as_bytes(), value.as_bytes()];
        let tag: String = hex::encode(self.seal.mac(&parts)).chars().take(TAG).collect();
        let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
        let name: String = variable.chars().filter(plain).take(NAME).collect();
        format!("{BEGINNING}{name}-{tag}}}")
    }
}

/// The name in the keychain that a value refers to, if it is a reference.
fn named(value: &str) -> Option<&str> {
    let name = value.strip_prefix(BEGINNING)?.strip_suffix('}')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    (!name.is_empty() && name.len() <= NAME + 1 + TAG && name.chars().all(plain)).then_some(name)
}

/// Whether a value has to be kept in the keychain: when in doubt, yes.
pub fn is_secret(variable: &str, value: &str) -> bool {
    if value.is_empty() || named(value).is_some() || OPEN.contains(&variable) {
        return false;
    }
    crate::client_files::looks_secret(variable, value) || !is_plain(value)
}

/// Whether a value plainly says something that is no secret: a switch, a small number, a word, a path, a URL.
fn is_plain(value: &str) -> bool {
    let switch = matches!(value.to_ascii_lowercase().as_str(), "true" | "false" | "yes" | "no" | "on" | "off");
    let number = value.len() <= 5 && value.chars().all(|c| c.is_ascii_digit());
    let word = value.len() <= 16 && value.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '-' | '_'));
    let capitals = value.len() <= 16 && value.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let simple = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | ' ' | ':' | '@');
    let path = value.starts_with('/') && value.chars().all(simple);
    let host = value.strip_prefix("http://").or(value.strip_prefix("https://"));
    let url = host.is_some_and(|rest| rest.chars().all(|c| simple(c) && c != '@' && c != ' '));
    switch || number || word || capitals || path || url
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::Command;

    fn command(env: &[(&str, &str)]) -> Configured {
        let env = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>();
        Configured::Program(Command { words: vec!["x".into()], env, cwd: None })
    }

    #[test]
    fn what_may_be_a_secret_is_one() {
        for (variable, value) in [
            ("GITHUB_TOKEN", "abc"),
            ("PGPASSWORD", "letmein"),
            ("X", "ghp_0123456789abcdef"),
            ("X", "hunter2"),
            ("X", "correct horse battery staple"),
            ("X", "postgres://ann:pw@db/x"),
            ("X", "https://h.example/?key=1"),
            ("PIN", "123456"),
            ("NODE_OPTIONS", "--require=/x"),
        ] {
            assert!(is_secret(variable, value), "{variable}={value}");
        }
        for (variable, value) in [
            ("LOG_LEVEL", "debug"),
            ("LEVEL", "INFO"),
            ("DEBUG", "true"),
            ("PORT", "8080"),
            ("ROOT", "/home/ann/My notes"),
            ("PATH", "/usr/bin:/opt/node-v22/bin"),
            ("API", "https://api.example/v1"),
            ("TOKEN", "${keychain:TOKEN-00}"),
            ("TOKEN", ""),
        ] {
            assert!(!is_secret(variable, value), "{variable}={value}");
        }
    }

    #[test]
    fn a_reference_is_the_same_for_the_same_value_and_another_for_another_server() {
        let secrets = Secrets::new(Arc::new(Seal::in_memory()));
        let plain = command(&[("TOKEN", "hunter2"), ("LEVEL", "debug")]);
        let (one, other) = (secrets.referred("a", &plain), secrets.referred("b", &plain));
        assert_eq!(one, secrets.referred("a", &plain));
        assert_ne!(one.given()["TOKEN"], other.given()["TOKEN"]);
        assert_eq!(one.given()["LEVEL"], "debug");
        assert!(one.given()["TOKEN"].starts_with("${keychain:TOKEN-") && !one.given()["TOKEN"].contains("hunter2"));
        // What refers already is left as it is.
        assert_eq!(secrets.referred("a", &one), one);
    }

    #[tokio::test]
    async fn without_a_keychain_nothing_is_kept_and_nothing_fetched() {
        let secrets = Secrets::new(Arc::new(Seal::in_memory()));
        let why = secrets.keep("a", &command(&[("TOKEN", "hunter2")])).await.unwrap_err();
        assert!(why.contains("TOKEN") && why.contains("keychain") && !why.contains("hunter2"), "{why}");
        assert_eq!(secrets.keep("a", &command(&[("LEVEL", "debug")])).await.unwrap().given()["LEVEL"], "debug");
        let referred = secrets.referred("a", &command(&[("TOKEN", "hunter2")]));
        let why = secrets.filled("a", referred.given()).await.unwrap_err();
        assert!(why.contains("`a` was not started") && why.contains("TOKEN"), "{why}");
        assert!(secrets.filled("a", command(&[("LEVEL", "debug")]).given()).await.unwrap().iter().next().is_none());
    }

    #[test]
    fn only_our_own_form_is_a_reference() {
        for text in ["${keychain:}", "${keychain:a b}", "x${keychain:a}", "${env:A}", "${keychain:../a}"] {
            assert_eq!(named(text), None, "{text}");
        }
    }
}
