//! What a person may see of an entry: everything but secrets. In doubt it is masked; a mask costs nothing.

use super::entry::HEADERS;
use super::table::{Fields, INNER};
use super::tree::{Kind, Node, Span};
use similar::TextDiff;

/// What stands for a secret.
pub(super) const MASK: &str = "•••";

/// Beginnings of tokens that services give out.
const BEGINNINGS: &str = "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- sk- sk_ pk_ rk_ xox xapp- AKIA ASIA AIza ya29. eyJ npm_ \
     hf_ shpat_ secret_ ntn_ lin_api_ SG. dop_v1_ figd_ pat- key- tvly- pplx- gsk_ fc- BSA whsec_ sntrys_ sbp_ dckr_pat_";

/// Parts of names whose values are secrets.
const NAMES: &str = "token secret password passwd passphrase apikey api_key api-key access_key access-key accesskey \
     private_key private-key privatekey credential authorization cookie bearer pat pwd dsn connection_string \
     connectionstring database_url webhook";

/// Whether a value of this name is a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let parts: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    NAMES.split(' ').any(|known| if known.len() > 3 { name.contains(known) } else { parts.contains(&known) })
        || parts.iter().any(|part| matches!(*part, "key" | "auth" | "pass"))
}

/// Whether text has the shape of a secret.
pub(super) fn is_secret_shape(text: &str) -> bool {
    words(text).any(|(word, is_word)| is_word && is_token(word))
}

fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '~' | '+' | '=')
}

/// Words and what stands between them, in order.
fn words(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let is_word = in_word(first);
        let end = rest.find(|c| in_word(c) != is_word).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        Some((word, is_word))
    })
}

fn is_token(word: &str) -> bool {
    // `NAME=value` and `--name=value` are two words here.
    word.split('=').filter(|part| !part.is_empty()).any(|part| {
        if part.len() >= 10 && BEGINNINGS.split(' ').any(|known| part.starts_with(known)) {
            return true;
        }
        let hex = |c: char| c.is_ascii_hexdigit();
        let runs: Vec<&str> = part.split('-').collect();
        let uuid = runs.iter().map(|r| r.len()).eq([8, 4, 4, 4, 12]) && runs.iter().all(|r| r.chars().all(hex));
        uuid || part.split(['-', '_', '.', '~']).any(is_random)
    })
}

/// Long, and letters among digits: no word of a language.
fn is_random(part: &str) -> bool {
    part.len() >= 20 && part.contains(|c: char| c.is_ascii_digit()) && part.contains(|c: char| c.is_ascii_alphabetic())
}

/// Text with everything masked that has the shape of a secret.
fn without_tokens(text: &str) -> String {
    words(text).map(|(word, is_word)| if is_word && is_token(word) { MASK } else { word }).collect()
}

/// The words of a command, secrets masked: values of options and variables whose names say so, passwords in URLs, and
/// whatever has the shape of a token.
pub(super) fn masked_words(words: &[String]) -> Vec<String> {
    let mut before = "";
    let mut masked = Vec::with_capacity(words.len());
    for word in words {
        masked.push(masked_word(word, before));
        before = word;
    }
    masked
}

/// Where in the word of a command a secret stands, `before` being the word before it: the value of an option or variable
/// whose name says so, a credential of a header, the password of a URL, a token whose beginning is known. Less than what
/// is masked: a word that only looks random may say what runs, and must be seen.
pub(super) fn secret_in(word: &str, before: &str) -> Option<Span> {
    // What a shell would do something with may be what runs.
    let inert = |c: char| c.is_ascii_graphic() && !";|&<>(){}`'\"$".contains(c) || c as u32 >= 0x80;
    let plain = |value: &str| {
        value.strip_prefix("Bearer ").or(value.strip_prefix("Basic ")).unwrap_or(value).chars().all(inert)
    };
    let told = |value: &str| {
        !value.is_empty() && !value.contains(['/', '\\']) && !value.starts_with(['-', '.', '~']) && plain(value)
    };
    if before.starts_with('-') && !before.contains('=') && is_secret_name(before) {
        return told(word).then_some(0..word.len());
    }
    for sign in ['=', ':'] {
        if let Some((name, value)) = word.split_once(sign)
            && is_secret_name(name)
            && !name.contains('/')
        {
            let blank = value.len() - value.trim_start().len();
            let credential = ["Bearer ", "Basic ", "bearer ", "basic "].iter().any(|scheme| value.contains(scheme));
            return (credential && plain(value.trim_start()) || told(value.trim_start()))
                .then_some(name.len() + 1 + blank..word.len());
        }
    }
    if word.contains("://") {
        return password_in(word);
    }
    let known = word.len() >= 16 && !word.contains('/') && BEGINNINGS.split(' ').any(|known| word.starts_with(known));
    known.then_some(0..word.len())
}

/// Where the password of a URL stands.
pub(super) fn password_in(word: &str) -> Option<Span> {
    let (scheme, rest) = word.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (user, password) = host.rsplit_once('@')?.0.split_once(':')?;
    let from = scheme.len() + 3 + user.len() + 1;
    (!password.is_empty() && !password.contains(char::is_whitespace)).then_some(from..from + password.len())
}

fn masked_word(word: &str, before: &str) -> String {
    if before.starts_with('-') && !before.contains('=') && is_secret_name(before) && !word.starts_with('-') {
        return MASK.into();
    }
    for sign in ['=', ':'] {
        if let Some((name, value)) = word.split_once(sign)
            && is_secret_name(name)
            && !name.contains('/')
            && !value.is_empty()
        {
            return format!("{name}{sign}{MASK}");
        }
    }
    if word.to_ascii_lowercase().contains("bearer ") || word.to_ascii_lowercase().contains("basic ") {
        return MASK.into();
    }
    without_tokens(&without_password(word))
}

/// A URL without the password, and without the values of what it asks.
fn without_password(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = match host.rsplit_once('@') {
        Some((_, host)) => format!("{MASK}@{host}"),
        None => host.to_owned(),
    };
    let path = path.split_once('?').map_or_else(|| path.to_owned(), |(path, _)| format!("{path}?{MASK}"));
    format!("{scheme}://{host}{path}")
}

/// Scheme and host of a URL.
pub(super) fn origin(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return MASK.into() };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    format!("{scheme}://{}", host.rsplit_once('@').map_or(host, |(_, host)| host))
}

/// The source of an entry, secrets masked.
pub(super) fn masked_source(fields: &Fields, text: &str, shown: &Span, entry: &Node) -> String {
    let mut marks = Marks { fields, pieces: Vec::new(), hidden: Vec::new() };
    marks.walk(entry, false);
    marks.pieces.sort_by_key(|(span, _)| span.start);
    let mut out = String::new();
    let mut at = shown.start;
    for (span, said) in &marks.pieces {
        if span.start < at || span.end > shown.end {
            continue;
        }
        out.push_str(&marks.gap(text, at..span.start));
        match said {
            Some(said) => out.push_str(said),
            None => out.push_str(text.get(span.clone()).unwrap_or_default()),
        }
        at = span.end;
    }
    out.push_str(&marks.gap(text, at..shown.end));
    out
}

/// What is shown of which stretch: a scalar masked or as it is, a name as it is.
struct Marks<'fields> {
    fields: &'fields Fields,
    pieces: Vec<(Span, Option<String>)>,
    /// Stretches in which comments are not shown either: they often hold the last token.
    hidden: Vec<Span>,
}

impl Marks<'_> {
    fn walk(&mut self, node: &Node, secret: bool) {
        let mut before = String::new();
        for item in node.items() {
            if let Kind::Text(word) = &item.kind {
                let shown = if secret { MASK.into() } else { masked_word(word, &before) };
                self.scalar(item, word, &shown);
                before.clone_from(word);
            } else {
                self.walk(item, secret);
            }
        }
        for member in node.members() {
            let all =
                [self.fields.env, INNER.env].contains(&member.name.as_str()) || HEADERS.contains(&member.name.as_str());
            if all {
                // A heading (TOML) holds the names above it, too.
                let inside = member.value.span.start.max(member.name_at.end);
                self.hidden.push(inside..member.value.span.end.max(inside));
            }
            self.pieces.push((member.name_at.clone(), None));
            let secret = secret || all || is_secret_name(&member.name) && !is_reference(&member.name);
            match &member.value.kind {
                Kind::Text(word) => {
                    let shown = if secret { MASK.into() } else { masked_word(word, "") };
                    self.scalar(&member.value, word, &shown);
                }
                Kind::Raw(word) if secret && word != "null" => self.scalar(&member.value, word, MASK),
                _ => self.walk(&member.value, secret),
            }
        }
    }

    fn scalar(&mut self, node: &Node, word: &str, shown: &str) {
        let said = (word != shown).then(|| format!("\"{shown}\""));
        self.pieces.push((node.span.clone(), said));
    }

    fn gap(&self, text: &str, span: Span) -> String {
        let gap = text.get(span.clone()).unwrap_or_default();
        if self.hidden.iter().any(|hidden| hidden.start <= span.end && span.start <= hidden.end) {
            return gap.chars().filter(|c| c.is_whitespace() || "{}[],:=-\"".contains(*c)).collect();
        }
        without_tokens(gap)
    }
}

/// Names of names: `bearer_token_env_var` names a variable and holds no secret.
fn is_reference(name: &str) -> bool {
    name.ends_with("_env_var") || name == "autoApprove"
}

/// The difference, line by line, with what is near it.
pub(super) fn difference(before: &str, after: &str) -> Vec<String> {
    let (before, after) = (before.to_owned() + "\n", after.to_owned() + "\n");
    let diff = TextDiff::from_lines(&before, &after);
    let unified = diff.unified_diff().context_radius(3).to_string();
    unified.lines().map(|line| line.trim_end_matches('\r').to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::entry::entries;
    use super::super::table::client;
    use super::*;

    fn masked(words: &[&str]) -> String {
        masked_words(&words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>()).join(" ")
    }

    #[test]
    fn secrets_in_words_are_masked_and_the_rest_is_not() {
        for (words, shown) in [
            (&["npx", "-y", "@modelcontextprotocol/server-filesystem", "/home/ann/Documents"][..], None),
            (&["x", "--api-key", "hunter2"], Some("x --api-key •••")),
            (&["x", "--token=hunter2"], Some("x --token=•••")),
            (&["x", "--header", "Authorization: Bearer abc"], Some("x --header Authorization:•••")),
            (&["x", "postgres://ann:hunter2@db/x"], Some("x postgres://•••@db/x")),
            (&["x", "https://h/p?key=abc"], Some("x https://h/p?•••")),
            (&["x", "ghp_0123456789abcdef"], Some("x •••")),
            (&["docker", "run", "-e", "GITHUB_TOKEN", "ghcr.io/github/github-mcp-server"], None),
            (&["x", "https://h/s/0a1b2c3d4e5f60718293a4b5/mcp"], Some("x https://h/s/•••/mcp")),
        ] {
            assert_eq!(masked(words), shown.map_or_else(|| words.join(" "), str::to_owned));
        }
        assert_eq!(origin("https://ann:pw@h.example:8/s/key?x=1"), "https://h.example:8");
    }

    #[test]
    fn a_secret_among_the_words_of_a_command_is_told_from_what_runs() {
        for (before, word, secret) in [
            ("--token", "hunter2", Some("hunter2")),
            ("--api-key", "a=b", Some("a=b")),
            ("x", "--api-key=hunter2", Some("hunter2")),
            ("-e", "GITHUB_TOKEN=ghp_x", Some("ghp_x")),
            ("--header", "Authorization: Bearer a/b+c", Some("Bearer a/b+c")),
            ("x", "postgres://ann:hunter2@db.example/x?y=1", Some("hunter2")),
            ("x", "ghp_0123456789abcdef", Some("ghp_0123456789abcdef")),
            ("--key", "/etc/key.pem", None),
            ("--private-key", "./key.pem", None),
            ("--token", "--verbose", None),
            ("-e", "GITHUB_TOKEN", None),
            ("x", "/nix/store/0a1b2c3d4e5f60718293a4b5-x/bin/x", None),
            ("-y", "@scope/secret-server", None),
            ("x", "https://h.example/p?key=abc", None),
            ("x", "https://ann@h.example/", None),
            ("x", "--token=", None),
            ("-c", "token=1;curl${IFS}evil.example", None),
            ("-c", "token=1 curl", None),
            ("-c", "key=`curl evil.example`", None),
            ("--header", "Authorization: Bearer a; curl evil.example", None),
            ("--password", "pässword", Some("pässword")),
        ] {
            assert_eq!(secret_in(word, before).map(|span| &word[span]), secret, "{before} {word}");
        }
    }

    #[test]
    fn nothing_secret_is_left_of_the_source_of_an_entry() {
        let row = &client("cursor").unwrap().files[0];
        let text = "{\"mcpServers\": {\"a\": { // ghp_0123456789abcdef\n \"command\": \"npx\", \"args\": [\"--token\", \"hunter2\"],\n \
                    \"env\": {\"KEY\": \"hunter3\", // was hunter4\n \"N\": 7777 /* hunter5 */ }, \"auth\": {\"CLIENT_SECRET\": \"hunter6\"},\n \
                    \"timeout\": 5 } } }";
        let found = entries(row, text).unwrap().remove(0);
        let shown = masked_source(&row.fields, text, &found.shown, &found.node);
        assert!(!shown.contains("hunter") && !shown.contains("7777") && !shown.contains("0123456789"), "{shown}");
        for kept in ["\"a\": { //", "\"command\": \"npx\"", "\"KEY\": \"•••\"", "CLIENT_SECRET", "\"timeout\": 5 }"]
        {
            assert!(shown.contains(kept), "{kept}: {shown}");
        }
    }

    #[test]
    fn a_heading_is_shown_and_what_stands_below_it_is_not() {
        let row = &client("codex").unwrap().files[0];
        let text = "[mcp_servers.a]\ncommand = 'x'\n[mcp_servers.a.env] # hunter1\n# hunter2\nTOKEN = 'hunter3'\n";
        let found = entries(row, text).unwrap().remove(0);
        let shown = masked_source(&row.fields, text, &found.shown, &found.node);
        assert!(
            shown.contains("[mcp_servers.a.env]") && shown.contains("TOKEN = ") && !shown.contains("hunter"),
            "{shown}"
        );
    }

    #[test]
    fn a_difference_shows_what_goes_and_what_comes() {
        let lines = difference("a\nb\nc", "a\nx\nc");
        assert!(
            lines.contains(&"-b".to_owned()) && lines.contains(&"+x".to_owned()) && lines.contains(&" c".to_owned())
        );
    }
}
