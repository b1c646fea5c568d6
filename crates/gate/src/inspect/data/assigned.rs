//! Secrets known by the name they are given to: `api_key = "…"`, `--token …`, `<password>…</password>`.
//!
//! A name is read to its end, then what joins it to a value, then the value; every step is bounded. A value of a key
//! must look drawn at random, one of a password may be what people think of.

use super::issuers::Check;
use super::random::{Words, automaton, flat, hex, patterned, placeholder, random, surprise, uuid};
use std::ops::Range;

/// What a name promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    /// Something a person may have thought of.
    Password,
    /// A key, token or secret.
    Key,
    /// Perhaps a key: a provider's name, or a vague word.
    Hint,
}

/// Parts of names, and what they promise.
pub(super) const NAMES: &[(&str, Promise)] = &[
    ("password", Promise::Password),
    ("passwd", Promise::Password),
    ("passwort", Promise::Password),
    ("kennwort", Promise::Password),
    ("contraseña", Promise::Password),
    ("mot de passe", Promise::Password),
    ("motdepasse", Promise::Password),
    ("passphrase", Promise::Password),
    ("pass", Promise::Password),
    ("pwd", Promise::Password),
    ("secret", Promise::Key),
    ("token", Promise::Key),
    ("key", Promise::Key),
    ("credential", Promise::Key),
    ("creds", Promise::Key),
    ("bearer", Promise::Key),
    ("_pat", Promise::Key),
    ("auth", Promise::Key),
    ("jwt", Promise::Key),
    ("crumb", Promise::Key),
    ("_psk", Promise::Key),
    ("webhook", Promise::Key),
    ("login", Promise::Hint),
    ("license", Promise::Hint),
    ("client_id", Promise::Hint),
    ("clientid", Promise::Hint),
    ("client-id", Promise::Hint),
    ("app_id", Promise::Hint),
    ("appid", Promise::Hint),
    ("_sid", Promise::Hint),
    ("accountsid", Promise::Hint),
    ("_api", Promise::Hint),
    ("-api", Promise::Hint),
    ("api_", Promise::Hint),
    ("dsn", Promise::Hint),
    ("session", Promise::Hint),
    ("cookie", Promise::Hint),
    ("unseal", Promise::Hint),
    ("client(", Promise::Hint),
    ("reporter_id", Promise::Hint),
    ("signing", Promise::Hint),
    ("hmac", Promise::Hint),
    ("sas_", Promise::Hint),
    ("seed", Promise::Hint),
    ("connection_string", Promise::Hint),
    ("connectionstring", Promise::Hint),
    ("access_id", Promise::Hint),
    ("accessid", Promise::Hint),
    ("-sid", Promise::Hint),
];

/// Names of providers whose keys have no mark of their own.
pub(super) const PROVIDERS: &str = "\
    abuseipdb adafruit airbrake airtable aiven akamai alchemy algolia amplitude apify appcenter appdynamics \
    appveyor asana assemblyai auth0 azure bitbucket bitly branch_io braintree browserstack bugsnag \
    buildkite cloudflare cloudinary cloudsmith codacy codeclimate codecov cohere coinbase confluent contentful \
    coveralls databricks datadog deepgram deepl deepseek digitalocean discord disqus docusign dropbox elastic \
    eventbrite facebook fastly fbconnect finnhub firebase flickr fireblocks foursquare freshdesk freshbooks \
    gemini gitea gitter giphy grafana heroku hetzner hubspot hunter ibmcloud infura instagram intercom ipstack \
    jenkins jira jumpcloud kaggle keen klaviyo kraken launchdarkly line_ linear linkedin linode lob_ logzio \
    mailchimp mailgun mailjet mapbox mattermost messagebird mistral mixpanel monday nasa_ netlify newrelic ngrok \
    notion npm_ okta onelogin opencage openweather opsgenie optimizely pagerduty particle paypal paystack percy \
    pendo pinecone pipedrive plaid postmark pusher rapidapi razorpay recaptcha rollbar salesforce sauce scalr \
    segment sendbird sendgrid sendinblue sentry shodan shopify slack snyk sonar sparkpost splunk spotify square \
    stability strava stripe sumologic telegram telnyx tiingo todoist travis trello twilio twitch twitter \
    typeform unsplash urlscan virustotal vonage vultr wakatime weatherapi webex whatsapp wordpress yandex yelp \
    youtube zapier zendesk zoho zoom_";

/// Names of what is no secret however random it looks.
const OPEN: &str = "\
    public pub_ publishable hash sha1 sha2 sha5 md5 checksum digest integrity etag fingerprint thumbprint commit \
    version author authori keyword keyboard compass bypass passed passenger passport passive tokenizer \
    primary_key cache nonce request_id trace revision passage salt";

static OPEN_WORDS: Words = Words::of(|| automaton(OPEN));

/// One name that was met.
pub(super) struct Met<'a> {
    pub(super) text: &'a str,
    /// Where the word stands.
    pub(super) word: Range<usize>,
    pub(super) promise: Promise,
}

/// How a value is joined to its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Joint {
    /// `=`, `:`, `=>`, `:=`.
    Sign,
    /// `name("…")`, `name", "…"`.
    Comma,
    /// Nothing but spaces.
    Space,
    /// ` is `.
    Is,
    /// `<name>…`.
    Tag,
}

/// How much of a name, of a joint and of a value is read.
const NAME: usize = 40;
const VALUE: usize = 512;

impl Met<'_> {
    /// The class and the place of the value that the name is given, if it is a secret; and where the reading ended.
    pub(super) fn secret(&self) -> Option<(Option<&'static str>, Range<usize>)> {
        let bytes = self.text.as_bytes();
        let tail = run(bytes, self.word.end, NAME, |b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
        let (joint, at) = joint(bytes, tail)?;
        let head = back(bytes, self.word.start, NAME, |b| b.is_ascii_alphanumeric() || b"_-.$@".contains(&b));
        let (value, quoted) = value(self.text, at, bytes[..head].last().is_some_and(|b| b"?&".contains(b)))?;
        let word = &self.text[value.clone()];
        let password = self.promise == Promise::Password;
        // What can't be one is let go before more is looked at.
        let lengths = if password { 4..=128 } else { 12..=VALUE };
        let bare = joint == Joint::Comma && !quoted;
        if bare || !lengths.contains(&word.len()) || password && flat(word.as_bytes()) {
            return Some((None, value));
        }
        let name = Name::new(&self.text[head..tail], self.word.start - head..self.word.end - head);
        // `…;Password=word;…`
        let lead = bytes[..head].last();
        let closed = bytes.get(value.end).is_none_or(|b| b";\"'".contains(b));
        let connected = joint == Joint::Sign && !quoted && closed && matches!(lead, Some(b';' | b' ')) && {
            bytes[..head].iter().rev().take(4).find(|b| **b != b' ') == Some(&b';')
        };
        let good = if password {
            name.password(word, joint, quoted, connected)
        } else {
            name.key(word, joint, quoted, self.promise)
        };
        let class = if password { "secret.password" } else { "secret.assigned" };
        Some(((good && !code(bytes, &value, quoted)).then_some(class), value))
    }
}

/// A whole name, and where in it the telling word stands.
struct Name {
    low: String,
    upper: bool,
    word: Range<usize>,
}

impl Name {
    fn new(name: &str, word: Range<usize>) -> Self {
        let upper = name.bytes().any(|b| b.is_ascii_uppercase()) && !name.bytes().any(|b| b.is_ascii_lowercase());
        Self { low: name.to_ascii_lowercase(), upper, word }
    }

    fn tail(&self) -> &str {
        self.low.get(self.word.end..).unwrap_or_default()
    }

    fn is_open(&self) -> bool {
        OPEN_WORDS.found(&self.low) && !self.low.contains("secret")
    }

    /// Whether `value` is a key where this name stands.
    fn key(&self, value: &str, joint: Joint, quoted: bool, promise: Promise) -> bool {
        let named = promise == Promise::Key;
        let flag = self.low.starts_with('-');
        if self.is_open() || named && self.tail().starts_with("ize") {
            return false;
        }
        // A provider's hint wants a quoted value, or a sign, and no mere identifier.
        let least = match joint {
            Joint::Space if !flag => 24,
            _ if !named => 18,
            _ if quoted => 12,
            _ => 14,
        };
        if uuid(value.as_bytes()) {
            let identity = self.tail().ends_with("id") && !self.low.contains("secret");
            return (named || quoted) && !identity && (joint != Joint::Space || flag) && self.low != "key";
        }
        let strict = joint == Joint::Space && !flag || !named && !quoted;
        let mixed = value.bytes().any(|b| b.is_ascii_digit()) && value.bytes().any(|b| b.is_ascii_alphabetic());
        let path = value.starts_with(['.', '@', '#', '$', '%', '&', '*', '-', '~']) && !quoted
            || (value.starts_with('/') || value.matches('/').count() > 2) && surprise(value.as_bytes()) < 5.6;
        !path
            && (!strict || mixed)
            && self.fits(value)
            && (random(value, least) || named && pieces(value) || quoted && named && signs(value))
    }

    /// Issuers whose secrets have one length only: another is something else.
    fn fits(&self, value: &str) -> bool {
        let aws = self.low.contains("aws") && self.low.contains("secret");
        !aws || value.len() == 40
    }

    /// Whether `value` is a password where this name stands.
    fn password(&self, value: &str, joint: Joint, quoted: bool, connected: bool) -> bool {
        let short = &self.low[self.word.clone()];
        // `pass` and `pwd` begin many a word and end some; they must stand alone.
        let before = self.low[..self.word.start].bytes().next_back();
        let vague = short == "pass" && self.tail().starts_with(|c: char| c.is_ascii_lowercase());
        if vague || self.is_open() && short.len() < 6 || value.contains("://") {
            return false;
        }
        let variable =
            value.strip_prefix('$').is_some_and(|v| v.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'));
        // In a connection string stands what is used.
        if connected {
            return value.len() >= 4
                && !variable
                && !value.starts_with(['{', '<', '#', '%', '*', '['])
                && !patterned(value.as_bytes());
        }
        if placeholder(value) || variable || value.starts_with([',', ';', ')', ']']) {
            return false;
        }
        let flag = self.low.starts_with('-') || before == Some(b'-');
        let digit = value.bytes().any(|b| b.is_ascii_digit());
        let letter = value.bytes().any(|b| b.is_ascii_alphabetic());
        let sign = value.bytes().any(|b| b.is_ascii_punctuation() && !b"._-/\\(){}[]:".contains(&b));
        let mixed = value.bytes().any(|b| b.is_ascii_lowercase()) && value.bytes().any(|b| b.is_ascii_uppercase());
        let path =
            value.contains('/') && surprise(value.as_bytes()) < 5.2 || value.starts_with(['#', '/', '.']) && !digit;
        if path || !letter || value.len() < 5 || value.contains(' ') && !(quoted && digit) {
            return false;
        }
        let ends = self.tail().is_empty() || ["s", "_", "1", "2", "_dev", "_prod"].contains(&self.tail());
        let drawn = digit || (sign && joint != Joint::Space) || mixed && surprise(value.as_bytes()) > 5.3;
        let own = value.to_ascii_lowercase();
        let parted = own.contains(['_', '-']) || own.len() < 13;
        let echo = parted && (own.contains("passw") || own.contains("pwd")) || self.low.ends_with(&own);
        match joint {
            Joint::Space => drawn && digit && (flag || self.low == short) && value.len() >= 6 && !version(value),
            Joint::Is => drawn && value.len() >= 6 || quoted && !echo,
            Joint::Comma => quoted && drawn && value.len() >= 6 && !echo,
            _ if drawn => value.len() >= 6 && !version(value) && (ends || digit && !self.tail().contains("label")),
            // A word that a person thought of: only as a literal, and under exactly this name.
            Joint::Sign => ends && !echo && own.len() >= 6 && (quoted || self.upper) && plain(value),
            Joint::Tag => ends && !echo && plain(value),
        }
    }
}

/// A word in small letters, as an identifier or a password may be; what begins with a capital is wording.
fn plain(value: &str) -> bool {
    value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.@!$".contains(&b))
        && value.starts_with(|c: char| c.is_ascii_lowercase())
        && !value.contains('.')
}

/// Hexadecimal in pieces, as in a UUID behind a prefix.
fn pieces(value: &str) -> bool {
    let uuid_ends =
        value.len() > 36 && value.is_char_boundary(value.len() - 36) && uuid(&value.as_bytes()[value.len() - 36..]);
    let bytes: Vec<u8> = value.bytes().filter(|b| *b != b'-').take(256).collect();
    value.contains('-')
        && value.len() < 128
        && (uuid_ends || bytes.len() >= 24 && hex(&bytes))
        && !patterned(value.as_bytes())
}

/// Letters, digits and all signs, as machines draw secrets.
fn signs(value: &str) -> bool {
    let signs = value.bytes().filter(u8::is_ascii_punctuation).count();
    let digit = value.bytes().any(|b| b.is_ascii_digit());
    let graphic = value.bytes().all(|b| b.is_ascii_graphic());
    graphic
        && digit
        && value.len() >= 16
        && signs * 8 >= value.len()
        && surprise(value.as_bytes()) >= 5.0
        && !value.contains("${")
        && !value.contains("://")
}

fn version(value: &str) -> bool {
    value.trim_start_matches(['v', '=', '^', '~', '>', '<']).bytes().all(|b| b.is_ascii_digit() || b"._-".contains(&b))
}

/// Whether a bare value goes on as code does: a call, a path of names, an index.
fn code(bytes: &[u8], value: &Range<usize>, quoted: bool) -> bool {
    if quoted {
        return false;
    }
    let word = &bytes[value.clone()];
    let next = bytes.get(value.end);
    let names = word.contains(&b'.') && !word.iter().any(u8::is_ascii_digit) && surprise(word) < 5.0;
    matches!(next, Some(b'(' | b'[' | b'{')) || names || word.windows(2).any(|w| w == b"::" || w == b"->")
}

fn run(bytes: &[u8], at: usize, most: usize, good: impl Fn(u8) -> bool) -> usize {
    at + bytes[at.min(bytes.len())..].iter().take(most).take_while(|b| good(**b)).count()
}

fn back(bytes: &[u8], at: usize, most: usize, good: impl Fn(u8) -> bool) -> usize {
    at - bytes[..at].iter().rev().take(most).take_while(|b| good(**b)).count()
}

/// What joins a name that ends at `at` to its value, and where that begins.
fn joint(bytes: &[u8], at: usize) -> Option<(Joint, usize)> {
    let closed = run(bytes, at, 6, |b| b"\"'`)[]}\\*".contains(&b));
    let spaced = run(bytes, closed, 24, |b| b == b' ' || b == b'\t');
    // `Key 2: …`
    let count = run(bytes, spaced, 2, |b| b.is_ascii_digit());
    let numbered = spaced > closed && count > spaced && bytes.get(count) == Some(&b':');
    let spaced = if numbered { count } else { spaced };
    let rest = &bytes[spaced.min(bytes.len())..];
    let (joint, length) = match rest {
        [b':' | b'=' | b'!', b'=', b'=', ..] => (Joint::Sign, 3),
        [b'=' | b'-', b'>', ..] | [b':' | b'=' | b'!' | b'?', b'=', ..] => (Joint::Sign, 2),
        // A type stands between: `key: &str = "…"`.
        [b':', more @ ..] => match typed(more) {
            Some(n) => (Joint::Sign, 1 + n),
            None => (Joint::Sign, 1),
        },
        [b'=', ..] => (Joint::Sign, 1),
        [b'(', ..] if closed == spaced => (Joint::Comma, 1),
        [b',', ..] => (Joint::Comma, 1),
        [b'>', ..] if closed == spaced && closed <= at + 1 => (Joint::Tag, 1),
        [b'|', ..] => (Joint::Space, 1),
        [b'i', b's', b' ', ..] | [b'i', b's', b':', ..] if spaced > closed => (Joint::Is, 3),
        [b'-', b'-', b'-', b'-', ..] => (Joint::Sign, 4),
        _ if spaced > closed || bytes.get(at) == Some(&b'"') => (Joint::Space, 0),
        _ => return None,
    };
    let (joint, length) = match (joint, worded(rest)) {
        (Joint::Space, Some(n)) => (Joint::Sign, n),
        _ => (joint, length),
    };
    let at = run(bytes, spaced + length, 24, |b| b == b' ' || b == b'\t');
    // A value on a line of its own, and the first of a list.
    let below = run(bytes, at, 24, |b| b" \t\r\n".contains(&b));
    let (joint, at) = match (joint, bytes.get(at)) {
        (Joint::Sign, Some(b'\r' | b'\n')) => (Joint::Space, below),
        (Joint::Sign, Some(b'[')) if matches!(bytes.get(at + 1), Some(b'"' | b'\'')) => (joint, at + 1),
        _ => (joint, at),
    };
    // `"name": "API_KEY", "value": "…"`, and blocks with a default.
    Some(member(bytes, at).map_or((joint, at), |value| (Joint::Sign, value)))
}

/// The length of a type and the sign behind it.
fn typed(bytes: &[u8]) -> Option<usize> {
    let name = run(bytes, 0, 32, |b| b.is_ascii_alphanumeric() || b" &'_<>[].?|".contains(&b));
    (name > 2 && bytes.get(name) == Some(&b'=')).then_some(name + 1)
}

/// Members that hold what another one names.
const MEMBERS: [&[u8]; 3] = [b"value", b"default", b"params"];

/// The length of a type without a colon and the sign behind it: `key string = "…"`.
fn worded(bytes: &[u8]) -> Option<usize> {
    let word = run(bytes, 0, 24, |b| b.is_ascii_alphanumeric() || b"_*[]".contains(&b));
    let gap = run(bytes, word, 2, |b| b == b' ');
    let sign = bytes.get(gap) == Some(&b'=') && bytes.get(gap + 1) != Some(&b'=');
    (word > 2 && gap > word && sign).then_some(gap + 1)
}

/// Where the value of a following member named `value` or `default` begins.
fn member(bytes: &[u8], at: usize) -> Option<usize> {
    let start = run(bytes, at, 24, |b| b" \t\r\n,{[-\\\"'".contains(&b));
    let word =
        MEMBERS.iter().find(|w| bytes.get(start..start + w.len()).is_some_and(|have| have.eq_ignore_ascii_case(w)))?;
    let end = start + word.len();
    let sign = run(bytes, end, 8, |b| b" \t\\\"'".contains(&b));
    let signed = bytes.get(sign).is_some_and(|b| *b == b'=' || *b == b':');
    signed.then(|| run(bytes, sign + 1, 24, |b| b" \t[\r\n".contains(&b)))
}

/// The value that begins at `at`, and whether it stands in quotes.
fn value(text: &str, at: usize, query: bool) -> Option<(Range<usize>, bool)> {
    let bytes = text.as_bytes();
    // Marks of strings before the quote, and escapes in strings of strings.
    let prefix = match bytes.get(at..)? {
        [b'b' | b'r' | b'f' | b'u' | b'@' | b'$' | b'L', b'"' | b'\'', ..] => 1,
        _ => 0,
    };
    let start = run(bytes, at + prefix, 3, |b| b == b'\\');
    let quotes = run(bytes, start, 2, |b| b"\"'`".contains(&b));
    if quotes > start {
        let nested = quotes == start + 2 && bytes[start] != bytes[start + 1];
        let literal = nested.then(|| literal(bytes, start + 1, &bytes[start..=start])).flatten();
        return literal
            .or_else(|| literal_or_rest(text, start))
            .filter(|v| !v.is_empty() && v.end <= text.len())
            .map(|v| (v, true));
    }
    let start = start.max(at);
    let end = run(bytes, start, VALUE, |b| {
        b > b' ' && !b"\"'`,;<>|)(]}".contains(&b) && !(query && (b == b'&' || b == b'#'))
    });
    let end = back(bytes, end, 3, |b| b == b'.' || b == b'\\' || b == b':').max(start);
    // In a string of a string, `\n` ends a value.
    let end = bytes[start..end].iter().position(|b| *b == b'\\').map_or(end, |n| start + n);
    text.get(start..end).filter(|v| v.len() >= 4).map(|_| (start..end, false))
}

/// What stands between the quote at `at` and the next of its kind, behind which `then` stands.
fn literal(bytes: &[u8], at: usize, then: &[u8]) -> Option<Range<usize>> {
    let quote = *bytes.get(at)?;
    let end = run(bytes, at + 1, VALUE, |b| b != quote && b != b'\n' && b != b'\r');
    let closed = bytes.get(end) == Some(&quote) && bytes[end + 1..].starts_with(then);
    let end = end - usize::from(end > at + 1 && bytes[end - 1] == b'\\');
    closed.then_some(at + 1..end)
}

/// A literal, or where a text is cut within one, what is there of it.
fn literal_or_rest(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    literal(bytes, at, b"").or_else(|| {
        let quote = bytes[at];
        let end = run(bytes, at + 1, VALUE, |b| b != quote && b > b' ');
        let cut = end == bytes.len() || bytes[end] == b'\n' || bytes[end] == b'\r';
        (cut && text.is_char_boundary(end)).then_some(at + 1..end)
    })
}

/// Whether a value of an issuer's form is real, or stands in its place. A form of one length with a mark of its own is
/// sure unless it is filled up; the others must look drawn.
pub(super) fn drawn(check: Check, exact: bool, value: &str, body: &str) -> bool {
    let bytes = body.as_bytes();
    if value.contains("xxxx") || value.contains("XXXX") || value.contains("...") || value.contains("****") {
        return false;
    }
    if check == Check::Form || exact || bytes.len() < 8 {
        return bytes.len() < 8 || super::random::distinct(bytes) >= 4 && !flat(bytes);
    }
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = bytes.iter().any(u8::is_ascii_alphabetic);
    let many = digits * 8 >= bytes.len() && letters;
    !patterned(bytes) && (hex(bytes) || many || surprise(bytes) >= 4.6)
}
