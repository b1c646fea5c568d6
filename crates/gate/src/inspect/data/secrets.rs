//! Secrets: by their issuer's form, by the block they stand in, by the name they are assigned to.

use super::Datum;
use super::checks::{entropy, github, placeholder};
use super::issuers::{Check, ROWS, Row};
use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// How far past its start a key is looked for, in bytes; keeps the whole linear.
const REACH: usize = 4096;

/// Names that a secret is assigned to; the first five take any password, the others need to look random.
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "passwort",
    "secret",
    "token",
    "api_key",
    "apikey",
    "api-key",
    "api key",
    "access_key",
    "accesskey",
    "private_key",
    "privatekey",
    "auth_key",
    "authkey",
    "account_key",
    "credential",
    "_pass",
    "-pass",
    "license_key",
    "licensekey",
    "encryption_key",
    "session_key",
    "signing_key",
    "_key",
    "dbpass",
    "facebook.key",
];
const PASSWORDS: usize = 5;

struct Tools {
    words: AhoCorasick,
    /// For each word: the rows that start with it, none for names and blocks.
    rows: Vec<Vec<usize>>,
    bodies: Vec<Regex>,
    assigned: Regex,
    first_name: usize,
    block: usize,
}

static TOOLS: LazyLock<Option<Tools>> = LazyLock::new(build);

fn build() -> Option<Tools> {
    let mut words: Vec<&str> = Vec::new();
    let mut rows: Vec<Vec<usize>> = Vec::new();
    for (at, row) in ROWS.iter().enumerate() {
        for start in row.starts {
            match words.iter().position(|w| w == start) {
                Some(known) => rows[known].push(at),
                None => {
                    words.push(start);
                    rows.push(vec![at]);
                }
            }
        }
    }
    let block = words.len();
    words.push("-----BEGIN ");
    let first_name = words.len();
    words.extend(NAMES);
    let bodies = ROWS.iter().map(|r| Regex::new(&format!("^(?:{})", r.body))).collect::<Result<_, _>>().ok()?;
    let assigned = Regex::new(
        r#"^[A-Za-z0-9_.\[\]-]{0,30}(?:\\?["'`\])]){0,2}\s{0,4}(?:=>|:=|==|=|:|,| is |\s|>)\s{0,8}(?:(?:\\?(?P<q>["'`]))(?P<in>[^"'`\r\n]{3,200}?)\\?["'`]|\\?["'`]?(?P<bare>[^\s"'`,;<>|]{4,200}))"#,
    )
    .ok()?;
    let words =
        AhoCorasick::builder().ascii_case_insensitive(true).match_kind(MatchKind::Standard).build(&words).ok()?;
    Some(Tools { words, rows, bodies, assigned, first_name, block })
}

/// Whether the tables could be compiled; a test holds that they can.
pub(super) fn usable() -> bool {
    TOOLS.is_some()
}

/// Adds every secret of `text`.
pub(super) fn find(text: &str, out: &mut Vec<Datum>) {
    let Some(tools) = TOOLS.as_ref() else { return };
    // Where the last value of an assignment ended: names inside a value start nothing.
    let mut done = 0;
    for hit in tools.words.find_overlapping_iter(text) {
        let id = hit.pattern().as_usize();
        if id >= tools.first_name {
            if hit.start() >= done
                && let Some(span) = assignment(tools, text, hit.end(), id - tools.first_name < PASSWORDS)
            {
                done = span.end;
                out.push(Datum { class: "secret:assigned", span });
            }
        } else if id == tools.block {
            out.extend(block(text, hit.range()));
        } else {
            out.extend(tools.rows[id].iter().filter_map(|at| issued(tools, *at, text, hit.range())));
        }
    }
}

fn issued(tools: &Tools, at: usize, text: &str, start: Range<usize>) -> Option<Datum> {
    let row: &Row = &ROWS[at];
    let opening = &text[start.clone()];
    let before = text[..start.start].bytes().next_back();
    // Starts that are words of their own stand anywhere; the others must begin a word, as they are written.
    let free = !opening.as_bytes()[0].is_ascii_alphanumeric();
    if !free && before.is_some_and(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    if !row.starts.contains(&opening) && !opening.ends_with([' ', '=']) {
        return None;
    }
    let (left, rest) = match row.class {
        // Both of these end a token that began before the mark.
        "secret:terraform_token" => (14, ""),
        "secret:maxmind_key" => (36, ""),
        _ => (0, opening),
    };
    let tail = &text[start.end..floor(text, start.end + REACH)];
    let found = tools.bodies[at].captures(tail)?;
    let from = start.start.checked_sub(left).filter(|f| text.is_char_boundary(*f))?;
    let span = match found.get(1) {
        Some(value) => start.end + value.start()..start.end + value.end(),
        None => from..start.end + found.get(0)?.end(),
    };
    let value = &text[span.clone()];
    let good = match row.check {
        Check::Form => row.class == "secret:aws_access_key" || !placeholder(value),
        Check::Entropy(tenths) => {
            let body = value.get(rest.len().min(value.len().saturating_sub(8))..).unwrap_or(value);
            (row.class == "secret:github_token" && github(value))
                || entropy(body.as_bytes()) * 10.0 >= f32::from(tenths).min(body.len() as f32)
                    && !value.contains("xxxx")
                    && !value.contains("...")
        }
        Check::Jwt => jwt(value),
    };
    // Words joined by hyphens are names, not keys.
    let random =
        row.check == Check::Form || value.bytes().any(|b| b.is_ascii_digit()) || entropy(value.as_bytes()) > 4.2;
    (good && random).then_some(Datum { class: row.class, span })
}

fn jwt(token: &str) -> bool {
    let head = token.split('.').next().unwrap_or_default();
    URL_SAFE_NO_PAD
        .decode(head)
        .is_ok_and(|json| json.starts_with(b"{") && json.windows(5).any(|w| w == b"\"alg\"" || w == b"\"typ\""))
}

/// A private key in armour: to its end line, or to where the text stops looking like one.
fn block(text: &str, start: Range<usize>) -> Option<Datum> {
    let tail = &text[start.end..floor(text, start.end + 64 * 1024)];
    let line = &tail[..floor(tail, 48)];
    let title = line.split("-----").next().filter(|t| t.contains("PRIVATE KEY"))?;
    let end = match tail.find("-----END ") {
        Some(at) => at + 9 + tail[at + 9..].find("-----").map_or(0, |n| n + 5),
        None => {
            let body = tail
                .bytes()
                .skip(title.len())
                .take_while(|b| b.is_ascii_alphanumeric() || b"+/=-\\\r\n\t ".contains(b));
            title.len() + body.count()
        }
    };
    (end > title.len() + 60).then_some(Datum { class: "secret:private_key", span: start.start..start.end + end })
}

fn assignment(tools: &Tools, text: &str, after: usize, password: bool) -> Option<Range<usize>> {
    let found = tools.assigned.captures(&text[after..floor(text, after + 320)])?;
    let quoted = found.name("in");
    let value = quoted.or(found.name("bare"))?;
    // Between a name and a value that no sign joins, there is only prose, but for `password is`, `password x1`.
    let joint = &found.get(0)?.as_str()[..value.start()];
    let joined = joint.contains(['=', ':', ',', '>']) || joint.contains(" is ");
    let word = value.as_str().trim_end_matches(['.', ')', '}', ']', '\\']);
    let word = if quoted.is_some() { value.as_str().trim_end_matches('\\') } else { word };
    let good = if password { password_like(word, quoted.is_some(), joined) } else { joined && random(word) };
    let from = after + value.start();
    (good && !placeholder(word)).then_some(from..from + word.len())
}

fn password_like(word: &str, quoted: bool, joined: bool) -> bool {
    let digits = word.bytes().any(|b| b.is_ascii_digit());
    let letters = word.bytes().any(|b| b.is_ascii_alphabetic());
    let signs = word.bytes().any(|b| b.is_ascii_punctuation() && !b"._-/(){}[]".contains(&b));
    let code = word.contains(['(', '{', '[']) && !quoted
        || word.starts_with(['$', '/', '@', '&', '-']) && !digits
        || word.contains("::");
    !code && letters && word.len() >= 6 && !word.contains(' ') && (digits || (signs && joined))
}

/// Whether a word looks drawn at random rather than written by a person.
pub(super) fn random(word: &str) -> bool {
    let bytes = word.as_bytes();
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    let allowed = bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"+/=_-.~!@#%^&*:".contains(b));
    let letters = bytes.iter().any(u8::is_ascii_alphabetic);
    allowed && letters && bytes.len() >= 16 && digits >= 2 && !word.contains("://") && entropy(bytes) >= 3.0
}

/// The last character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at.min(text.len()))
}
