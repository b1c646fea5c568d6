//! Places that hold a credential by their nature: user information of URLs (RFC 3986), authorization headers (RFC 7617
//! and 6750), armoured keys (RFC 7468), netrc(5), options of command lines.

use super::Datum;
use super::random::{patterned, placeholder, random};
use std::ops::Range;

/// Openings, and what stands behind them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Armour,
    Url,
    Header,
    UserOption,
    Netrc,
    Pair,
    PassOption,
    PassAttached,
    NetUse,
    Bootstrap,
    Below,
}

pub(super) const OPENINGS: &[(&str, Place)] = &[
    ("-----BEGIN ", Place::Armour),
    ("---- BEGIN ", Place::Armour),
    ("PuTTY-User-Key-File-", Place::Armour),
    ("LS0tLS1CRUdJTi", Place::Armour),
    ("://", Place::Url),
    ("basic ", Place::Header),
    ("bearer ", Place::Header),
    ("authorization: ", Place::Header),
    ("authorization:", Place::Header),
    (" -u ", Place::UserOption),
    (" -u", Place::UserOption),
    (" --user ", Place::UserOption),
    (" --user=", Place::UserOption),
    ("machine ", Place::Netrc),
    ("NetworkCredential(", Place::Pair),
    ("DirectoryEntry(", Place::Pair),
    ("UsernamePasswordToken(", Place::Pair),
    ("HTTPBasicAuth(", Place::Pair),
    ("psexec", Place::PassOption),
    ("sshpass ", Place::PassOption),
    ("docker login ", Place::PassOption),
    ("podman login ", Place::PassOption),
    ("registry login ", Place::PassOption),
    ("az login ", Place::PassOption),
    ("mysql ", Place::PassAttached),
    ("mysqldump ", Place::PassAttached),
    ("mysqladmin ", Place::PassAttached),
    ("mariadb ", Place::PassAttached),
    ("net use ", Place::NetUse),
    ("following password", Place::Below),
    ("bootstrap-token ", Place::Bootstrap),
    ("bootstrap-token=", Place::Bootstrap),
];

/// What the opening at `hit` leads to.
pub(super) fn find(place: Place, text: &str, hit: Range<usize>) -> Option<Datum> {
    match place {
        Place::Armour => armour(text, hit),
        Place::Url => url(text, hit),
        Place::Header => header(text, hit.end),
        Place::UserOption => user(text, hit.end),
        Place::Netrc => netrc(text, hit.end),
        Place::Pair => pair(text, hit.end),
        Place::PassOption => option(text, hit),
        Place::PassAttached => attached(text, hit),
        Place::NetUse => net_use(text, hit.end),
        Place::Bootstrap => bootstrap(text, hit.end),
        Place::Below => below(text, hit.end),
    }
}

/// The text of at most `most` bytes behind `at`.
fn ahead(text: &str, at: usize, most: usize) -> &str {
    text.get(at..text.floor_char_boundary((at + most).min(text.len()))).unwrap_or_default()
}

/// A private key in armour: to its end line, or to where the text stops looking like one.
fn armour(text: &str, start: Range<usize>) -> Option<Datum> {
    let secret = |end: usize| Some(Datum { class: "secret.private_key", span: start.start..end });
    let tail = ahead(text, start.end, 64 * 1024);
    let opening = &text[start.clone()];
    if opening.starts_with("LS0") {
        if text[..start.start].bytes().next_back().is_some_and(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        let run = tail.bytes().take_while(|b| b.is_ascii_alphanumeric() || b"+/=".contains(b)).count();
        // `PRIVATE KEY` in each of the three ways base 64 may cut it.
        let head = ahead(tail, 0, 80);
        let private = ["UFJJVkFURSBLRV", "QUklWQVRFIEtFW", "BSSVZBVEUgS0VZ"].iter().any(|w| head.contains(w));
        return (private && run > 60).then(|| secret(start.end + run)).flatten();
    }
    if opening.starts_with("PuTTY") {
        let at = ahead(tail, 0, 2048).find("Private-Lines")?;
        let end = ahead(tail, at, 8192).find("\n\n").map_or(tail.len(), |n| at + n);
        return secret(start.end + end);
    }
    // Another one begins where this one has ended.
    let tail = tail.find("-BEGIN ").map_or(tail, |at| &tail[..at]);
    let line = ahead(tail, 0, 48);
    let title = line.split("----").next().filter(|t| t.contains("PRIVATE KEY"))?;
    let body = tail
        .bytes()
        .skip(title.len())
        .take_while(|b| b.is_ascii_alphanumeric() || b"+/=-\\\r\n\t \"',:.#*>|$".contains(b));
    let run = title.len() + body.count();
    let mark = tail.get(..text_floor(tail, run + 64)).unwrap_or(tail).find("-END ").or_else(|| tail.find("-END "));
    let end = match mark {
        Some(at) => {
            at + 5 + tail[at + 5..].find("----").map_or(0, |n| n + 4 + usize::from(tail[at + 9 + n..].starts_with('-')))
        }
        None => run,
    };
    let letters = tail[title.len()..end].bytes().filter(u8::is_ascii_alphanumeric).count();
    let words = tail[title.len()..end].matches(' ').count();
    let filled = super::random::distinct(&tail.as_bytes()[title.len()..end]) > 20;
    (end > title.len() + 60 && letters > 50 && filled && words * 8 < end).then(|| secret(start.end + end)).flatten()
}

fn text_floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at.min(text.len()))
}

/// Schemes of stores: whoever has the whole gets in.
const STORES: &str = "\
    postgres postgresql mysql mariadb mongodb mongodb+srv redis rediss amqp amqps mssql sqlserver oracle \
    clickhouse cassandra couchbase neo4j bolt ldap ldaps smtp smtps imap imaps ftp sftp nats influxdb \
    cockroachdb snowflake redshift cloudinary kafka elasticsearch postgresql+psycopg2 postgresql+asyncpg \
    mysql+pymysql";

fn url(text: &str, hit: Range<usize>) -> Option<Datum> {
    let rest = ahead(text, hit.end, 420);
    let ends = |b: u8| b <= b' ' || b"/?\"'<>`\\".contains(&b);
    let length = rest.bytes().take_while(|b| !ends(*b)).count();
    let authority = &rest[..length];
    let at = authority.rfind('@')?;
    let Some((user, password)) = authority[..at].split_once(':') else {
        // A key that stands for both: `https://key@host`.
        let key = &authority[..at];
        let from = hit.end..hit.end + key.len();
        let drawn = key.len() >= 20 && random(key, 20) && key.bytes().any(|b| b.is_ascii_digit());
        return drawn.then_some(Datum { class: "secret.authorization", span: from });
    };
    let host = &authority[at + 1..];
    // A fragment is no part of it, but a password may hold the sign.
    if password.is_empty() || user.contains('#') || host.is_empty() {
        return None;
    }
    let scheme = &text[text.floor_char_boundary(hit.start.saturating_sub(24))..hit.start];
    let scheme = scheme.rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '+')).next().unwrap_or_default();
    let store = STORES.split_ascii_whitespace().any(|s| scheme.eq_ignore_ascii_case(s));
    let echo = password.eq_ignore_ascii_case(user) || host.starts_with(['{', '$', '<']);
    let word = password.len() < 2
        || echo
        || password.starts_with(['$', '{', '<', '%']) && !password.contains(|c: char| c.is_ascii_digit());
    let from = hit.end + user.len() + 1;
    if store {
        let stand_in = placeholder(password) && !password.eq_ignore_ascii_case("secret");
        let host_end = host.bytes().take_while(|b| b.is_ascii_alphanumeric() || b"._-:[],@%".contains(b)).count();
        let plain = !word && !stand_in && !host.is_empty();
        return plain
            .then(|| Datum { class: "secret.connection_password", span: from..from + password.len() + 1 + host_end });
    }
    // On the web many a document shows `user:pass@host`: there it must look like one.
    let digit = password.bytes().any(|b| b.is_ascii_digit());
    let sign = password.bytes().any(|b| b.is_ascii_punctuation() && !b"-_.".contains(&b));
    let good = !word && !placeholder(password) && password.len() >= 4 && (digit || sign || random(password, 8));
    let hosted = host.starts_with(|c: char| c.is_ascii_alphanumeric() || "[*_".contains(c));
    (good && hosted).then(|| Datum { class: "secret.connection_password", span: from..from + password.len() })
}

/// The word at `at`, quotes before it left out.
fn word_at(text: &str, at: usize, more: &[u8]) -> Range<usize> {
    let bytes = text.as_bytes();
    let start = at + bytes[at..].iter().take(3).take_while(|b| b"\"'\\".contains(b)).count();
    let good = |b: &u8| b.is_ascii_alphanumeric() || b"+/=._~-".contains(b) || more.contains(b);
    start..start + bytes[start..].iter().take(4096).take_while(|b| good(b)).count()
}

fn header(text: &str, at: usize) -> Option<Datum> {
    let mut span = word_at(text, at, b":");
    let scheme = text.get(span.clone())?;
    const SCHEMES: [&str; 14] = [
        "basic",
        "bearer",
        "token",
        "apikey",
        "api-key",
        "ssws",
        "key",
        "bot",
        "genie_key",
        "genie-key",
        "splunk",
        "klaviyo-api-key",
        "discordbot",
        "oauth",
    ];
    if SCHEMES.iter().any(|s| scheme.trim_end_matches(':').eq_ignore_ascii_case(s)) {
        let gap = text.as_bytes()[span.end..].iter().take(4).take_while(|b| b" =:".contains(b)).count();
        span = word_at(text, span.end + gap, b":");
    }
    let value = text.get(span.clone())?;
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let basic = text[..at].to_ascii_lowercase_tail("basic ") && value.len() >= 10 && decodes(value);
    let uuid = super::random::uuid(value.as_bytes());
    let good =
        !patterned(value.as_bytes()) && (basic || uuid || random(value, 12) && (digits > 0 || value.len() >= 20));
    good.then_some(Datum { class: "secret.authorization", span })
}

/// Whether a text ends in a word, whatever its case.
trait Tail {
    fn to_ascii_lowercase_tail(&self, word: &str) -> bool;
}

impl Tail for str {
    fn to_ascii_lowercase_tail(&self, word: &str) -> bool {
        self.len() >= word.len() && self.as_bytes()[self.len() - word.len()..].eq_ignore_ascii_case(word.as_bytes())
    }
}

/// Whether it is base 64 of `user:password`.
fn decodes(value: &str) -> bool {
    use base64::Engine;
    let plain = base64::engine::general_purpose::STANDARD_NO_PAD.decode(value.trim_end_matches('='));
    plain.is_ok_and(|p| p.contains(&b':') && p.iter().all(|b| (32..127).contains(b)))
}

/// `-u user:password` of curl and its like.
fn user(text: &str, at: usize) -> Option<Datum> {
    let rest = ahead(text, at, 300);
    let quote = rest.bytes().take(2).take_while(|b| b"\"'".contains(b)).count();
    let length = rest[quote..].bytes().take_while(|b| *b > b' ' && !b"\"'`".contains(b)).count();
    let both = &rest[quote..quote + length];
    let (user, password) = both.split_once(':').filter(|(_, p)| !p.starts_with('/') && !p.contains('@'))?;
    let lone = password.is_empty() && random(user, 16);
    let from = at + quote + if lone { 0 } else { user.len() + 1 };
    let value = if lone { user } else { password };
    let digit = value.bytes().any(|b| b.is_ascii_digit());
    let good =
        value.len() >= 4 && !placeholder(value) && !user.contains(['$', '<']) && (digit || lone || random(value, 8));
    good.then(|| Datum { class: "secret.password", span: from..from + value.len() })
}

/// `machine host login name password word`.
fn netrc(text: &str, at: usize) -> Option<Datum> {
    let rest = ahead(text, at, 400);
    let mut words = rest.split_ascii_whitespace().skip(1);
    let shaped = words.next()? == "login" && words.next().is_some() && words.next()? == "password";
    let value = words.next().filter(|v| shaped && v.len() >= 4 && !placeholder(v))?;
    let from = at + value.as_ptr() as usize - rest.as_ptr() as usize;
    Some(Datum { class: "secret.password", span: from..from + value.len() })
}

/// `("user", "password")`: the second of two literals, or the last of three.
fn pair(text: &str, at: usize) -> Option<Datum> {
    let rest = ahead(text, at, 400);
    let mut spans = Vec::new();
    let (mut from, bytes) = (0, rest.as_bytes());
    while spans.len() < 3 {
        let start = from + bytes[from..].iter().take_while(|b| b" \t\r\n,@".contains(b)).count();
        let Some(quote) = bytes.get(start).filter(|b| **b == b'"' || **b == b'\'') else { break };
        let Some(length) = bytes[start + 1..].iter().position(|b| b == quote) else { break };
        spans.push(start + 1..start + 1 + length);
        from = start + length + 2;
    }
    let span = spans.get(1..).and_then(|s| s.last())?.clone();
    let value = &rest[span.clone()];
    let good = value.len() >= 5 && !placeholder(value) && !value.contains(' ');
    good.then(|| Datum { class: "secret.password", span: at + span.start..at + span.end })
}

/// A password that is an option's value on the line of a command that takes one so, from `at` on.
fn given(line: &str, at: usize) -> Option<Range<usize>> {
    let quote = line[at..].bytes().next().filter(|b| b"\"'".contains(b));
    let start = at + usize::from(quote.is_some());
    let ends = |b: u8| quote.map_or(b <= b' ' || b"\"'`|;&".contains(&b), |q| b == q);
    let length = line[start..].bytes().take_while(|b| !ends(*b)).count();
    let value = &line[start..start + length];
    let good = value.len() >= 4 && !placeholder(value) && !value.starts_with(['$', '<', '-', '%', '{']);
    good.then_some(start..start + length)
}

fn password(at: usize, span: Range<usize>) -> Datum {
    Datum { class: "secret.password", span: at + span.start..at + span.end }
}

/// `-p password` within a command that is known to take one so; `psexec` only where it takes a user as well.
fn option(text: &str, hit: Range<usize>) -> Option<Datum> {
    let line = ahead(text, hit.end, 300).split('\n').next()?;
    let needs_user = text.as_bytes()[hit.end - 1] != b' ';
    let flag = line.find(" -p ").map(|n| n + 4).or_else(|| line.starts_with("-p ").then_some(3))?;
    (!needs_user || line.contains(" -u ")).then(|| given(line, flag)).flatten().map(|span| password(hit.end, span))
}

/// `mysql -u user -ppassword`: the option and its value are one word.
fn attached(text: &str, hit: Range<usize>) -> Option<Datum> {
    let line = ahead(text, hit.end, 300).split('\n').next()?;
    let flag = line.find(" -p").map(|n| n + 3).or_else(|| line.starts_with("-p").then_some(2))?;
    let user = line.contains("-u") || line.contains("--user");
    (user && !line[flag..].starts_with(' ')).then(|| given(line, flag)).flatten().map(|span| password(hit.end, span))
}

/// `net use \\\\server\\share /user:name password`, in either order.
fn net_use(text: &str, at: usize) -> Option<Datum> {
    let line = ahead(text, at, 300).split('\n').next()?;
    let words: Vec<&str> = line.split_ascii_whitespace().take(6).collect();
    let named = words.iter().any(|w| w.to_ascii_lowercase().starts_with("/user:"));
    let word = words.iter().rfind(|w| !w.starts_with(['/', '\\']) && !w.ends_with(':') && **w != "*")?;
    let start = word.as_ptr() as usize - line.as_ptr() as usize;
    let digit = word.bytes().any(|b| b.is_ascii_digit());
    (named && digit).then(|| given(line, start)).flatten().map(|span| password(at, span))
}

/// `use the following password …:`, and below it, alone on its line, the password.
fn below(text: &str, at: usize) -> Option<Datum> {
    let rest = ahead(text, at, 240);
    let colon = rest
        .split_once(":\n")
        .map(|(lead, _)| lead.len() + 2)
        .or_else(|| Some(rest.split_once(":\r\n")?.0.len() + 3))?;
    let line = rest[colon..].lines().find(|line| !line.trim().is_empty())?.trim();
    let start = line.as_ptr() as usize - rest.as_ptr() as usize;
    let span = given(rest, start).filter(|span| span.len() == line.len() && line.len() >= 6)?;
    let digit = line.bytes().any(|b| b.is_ascii_digit());
    digit.then(|| password(at, span))
}

/// `abcdef.0123456789abcdef` (kubernetes.io: bootstrap tokens, token format).
fn bootstrap(text: &str, at: usize) -> Option<Datum> {
    let span = word_at(text, at, b"");
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let (id, secret) = text.get(span.clone())?.split_once('.')?;
    let good = id.len() == 6 && secret.len() == 16 && plain(id) && plain(secret);
    good.then_some(Datum { class: "secret.kubernetes_token", span })
}

#[cfg(test)]
mod tests {
    use super::super::find;

    #[test]
    fn passwords_of_commands_are_found() {
        for (text, value) in [
            ("psexec \\\\host -u DOM\\admin -p Winter2024! cmd", "Winter2024!"),
            ("sshpass -p 'Tr0ub4dor&3' ssh root@host", "Tr0ub4dor&3"),
            ("docker login -u bob -p dk39fkslq0 registry.example.com", "dk39fkslq0"),
            ("mysql -u root -pHunter2Hunter2 shop", "Hunter2Hunter2"),
            ("mysqldump -pHunter2Hunter2 -uroot shop", "Hunter2Hunter2"),
            ("net use \\\\srv\\share /user:dom\\bob Winter2024!", "Winter2024!"),
            ("net use z: \\\\srv\\share Winter2024! /USER:bob", "Winter2024!"),
            (
                "Please use the following password to go on:\n\nbd9627decc6346d780b3b6ab6ea8fe1f\n\nIt",
                "bd9627decc6346d780b3b6ab6ea8fe1f",
            ),
            ("kubelet --tls-bootstrap-token abcdef.1234567890abcdef", "abcdef.1234567890abcdef"),
        ] {
            let found: Vec<&str> = find(text).into_iter().map(|d| &text[d.span]).collect();
            assert_eq!(found, [value], "{text}");
        }
    }

    #[test]
    fn commands_without_one_are_left_alone() {
        for text in [
            "mysql -u root -p shop",
            "mysql -u root -p\n",
            "docker login -u bob -p $TOKEN registry.example.com",
            "docker login -u bob -p \"$(cat file)\" registry.example.com",
            "mkdir -p /srv/mysql -u",
            "sshpass -p <password> ssh host",
            "net use z: \\\\srv\\share *",
            "Use the following password rules:\n\nat least 12 letters\n",
            "psexec -p 1234",
        ] {
            assert!(find(text).is_empty(), "{text} {:?}", find(text));
        }
    }
}
