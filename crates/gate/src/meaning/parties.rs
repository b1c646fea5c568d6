//! Who a call reaches: the hosts, addresses and accounts that its arguments name as whole values. What is only mentioned
//! in the middle of a text is nobody that the call goes to, and must not count as one later.

use super::Argument;
use crate::call::{host_of, scalars, token};
use crate::tool::words;
use serde_json::Value;
use unicode_security::confusable_detection::skeleton;

/// What kind of party it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A host.
    Host,
    /// An e-mail address.
    Address,
    /// An account of a bank or the like.
    Account,
}

impl Kind {
    /// The word it is kept under.
    pub fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Address => "address",
            Self::Account => "account",
        }
    }
}

/// One that a call reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// What it is.
    pub kind: Kind,
    /// Normalised, so that two spellings of one party are one.
    pub value: String,
    /// The registrable domain of a host or an address; none for accounts, names of one label and numbers.
    pub domain: Option<String>,
    /// JSON pointer of the value that names it.
    pub pointer: String,
}

/// The most parties of one call that are told.
pub(crate) const MOST: usize = 32;
/// Longer values name nobody.
const LONGEST: usize = 2048;

const ACCOUNTS: &str = "account iban payee to_account beneficiary destination_account account_number recipient_account \
    recipient_iban recipient wallet to_wallet card_number creditor_account";
/// Whoever sends is not reached.
pub(crate) const SENDERS: &str = "from sender from_address from_email from_account source_account payer reply_from";

/// The parties that the arguments name, each once.
pub fn parties(arguments: &[Argument]) -> Vec<Party> {
    let mut out: Vec<Party> = Vec::new();
    for argument in arguments {
        let name = words(&argument.name).join("_");
        if SENDERS.split_whitespace().any(|sender| sender == name) {
            continue;
        }
        let account = ACCOUNTS.split_whitespace().any(|known| known == name);
        let root = format!("/{}", token(&argument.name));
        for (pointer, value) in scalars(&argument.value) {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) if account => number.to_string(),
                _ => continue,
            };
            for (kind, value, domain) in named(&text, account) {
                if out.len() == MOST {
                    return out;
                }
                if !out.iter().any(|party| party.kind == kind && party.value == value) {
                    out.push(Party { kind, value, domain, pointer: format!("{root}{pointer}") });
                }
            }
        }
    }
    out
}

fn named(text: &str, account: bool) -> Vec<(Kind, String, Option<String>)> {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST {
        return Vec::new();
    }
    if text.contains("://") && !text.contains(char::is_whitespace) {
        let host = host_of(text).map(|host| host.to_lowercase().trim_end_matches('.').to_owned());
        let host = host.filter(|host| !host.is_empty());
        return host.map(|host| (Kind::Host, host.clone(), registrable(&host))).into_iter().collect();
    }
    let parts: Vec<&str> = text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()).collect();
    let addresses: Option<Vec<_>> = parts.iter().map(|part| address(part)).collect();
    if let Some(addresses) = addresses.filter(|all| !all.is_empty()) {
        return addresses;
    }
    // An account is told by its letters and digits, however they are grouped.
    let packed: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '.')).collect::<String>().to_uppercase();
    let plausible = packed.len() >= 4 && packed.len() <= 80 && packed.chars().any(|c| c.is_ascii_digit());
    if account && plausible { vec![(Kind::Account, packed, None)] } else { Vec::new() }
}

/// `ann@example.org`, `Ann <ann@example.org>`, `mailto:ann@example.org`.
fn address(part: &str) -> Option<(Kind, String, Option<String>)> {
    let inner = match part.strip_suffix('>').and_then(|head| head.rsplit_once('<')) {
        Some((_, inner)) => inner,
        None => part.strip_prefix("mailto:").unwrap_or(part),
    };
    let (local, domain) = inner.rsplit_once('@')?;
    if local.is_empty() || inner.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '<' | '>' | '"')) {
        return None;
    }
    let domain = idna::domain_to_ascii(domain.trim_end_matches('.')).ok().filter(|d| d.contains('.'))?;
    let registrable = registrable(&domain);
    Some((Kind::Address, format!("{}@{domain}", local.to_lowercase()), registrable))
}

/// Who owns a host.
fn registrable(host: &str) -> Option<String> {
    match url::Host::parse(host) {
        Ok(url::Host::Domain(_)) => psl::domain_str(host).map(str::to_owned),
        _ => None,
    }
}

/// The look of a domain (UTS 39, section 4): two that a person takes for one another have the same.
pub fn look_of(domain: &str) -> String {
    let (letters, _) = idna::domain_to_unicode(domain);
    // Capital letters are never in a domain, but some small ones look like what capitals are mapped to.
    skeleton(&letters.to_lowercase()).collect::<String>().to_lowercase()
}

/// Whether a person may take one domain for the other: they look alike, or one letter is put in, left out, another, or
/// in its neighbour's place.
pub fn is_like(one: &str, other: &str) -> bool {
    one != other && (look_of(one) == look_of(other) || one_step(one, other))
}

fn one_step(one: &str, other: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    // In a name this short one letter is the whole difference between honest ones.
    if a.len().min(b.len()) < 6 || a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[head..], &b[head..]);
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[..a.len() - tail], &b[..b.len() - tail]);
    match (a, b) {
        ([_], [] | [_]) | ([], [_]) => true,
        ([w, x], [y, z]) => w == z && x == y,
        _ => false,
    }
}

/// Whether a host or the domain of an address is one of these domains or below it.
pub fn is_inside(party: &Party, own: &[String]) -> Option<bool> {
    let host = match party.kind {
        Kind::Host => party.value.as_str(),
        Kind::Address => party.value.rsplit_once('@')?.1,
        Kind::Account => return None,
    };
    (!own.is_empty()).then(|| is_below(host, own))
}

/// Whether a host is one of these domains or below it.
pub(crate) fn is_below(host: &str, domains: &[String]) -> bool {
    let below =
        |domain: &String| host == domain || host.strip_suffix(domain.as_str()).is_some_and(|h| h.ends_with('.'));
    domains.iter().any(below)
}

/// A domain as somebody typed it, in the form hosts are kept in; `None` where it is none.
pub fn typed_domain(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches('@').trim_start_matches("*.").trim_end_matches('.');
    let domain = idna::domain_to_ascii_strict(text).ok()?.to_lowercase();
    // A whole public suffix is nobody's own.
    let owned = psl::domain_str(&domain).is_some();
    (owned && domain.len() <= 253).then_some(domain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meaning::arguments;

    fn of(json: &str) -> Vec<(Kind, String, String)> {
        parties(&arguments(json.as_bytes())).into_iter().map(|p| (p.kind, p.value, p.pointer)).collect()
    }

    #[test]
    fn whole_values_are_parties_and_mentions_are_not() {
        assert_eq!(
            of(r#"{"to": "Ann <Ann@Example.ORG>, bo@x.example", "body": "see https://evil.example and a@evil.example",
                  "url": "https://API.example.com:8443/x", "from": "me@own.example"}"#),
            [
                (Kind::Address, "ann@example.org".into(), "/to".into()),
                (Kind::Address, "bo@x.example".into(), "/to".into()),
                (Kind::Host, "api.example.com".into(), "/url".into()),
            ]
        );
        let account = (Kind::Account, "DE02120300000000202051".to_owned(), "/iban".to_owned());
        for written in ["DE02 1203 0000 0000 2020 51", "de02120300000000202051"] {
            assert_eq!(of(&format!(r#"{{"iban": "{written}"}}"#)), std::slice::from_ref(&account));
        }
        assert_eq!(of(r#"{"recipient": "Ann", "note": "x"}"#), []);
        assert_eq!(of(r#"{"attendees": [{"email": "a@b.example"}]}"#)[0].2, "/attendees/0/email");
        assert_eq!(
            of(&serde_json::json!({"cc": (0..99).map(|n| format!("a{n}@b.example")).collect::<Vec<_>>()}).to_string())
                .len(),
            MOST
        );
    }

    #[test]
    fn who_can_be_taken_for_another_is_like_it() {
        for (one, other) in [
            ("xn--pple-43d.com", "apple.com"),
            ("paypa1.com", "paypal.com"),
            ("exarnple.org", "example.org"),
            ("examples.org", "example.org"),
            ("exmaple.org", "example.org"),
            ("example.com", "example.co"),
        ] {
            assert!(is_like(one, other) && is_like(other, one), "{one} {other}");
        }
        for (one, other) in [("example.org", "example.org"), ("example.org", "example.net"), ("a.de", "b.de")] {
            assert!(!is_like(one, other), "{one} {other}");
        }
    }

    #[test]
    fn inside_is_said_only_where_domains_are_known() {
        let at = |json: &str| parties(&arguments(json.as_bytes())).remove(0);
        let own = vec!["example.org".to_owned()];
        assert_eq!(is_inside(&at(r#"{"to": "a@example.org"}"#), &own), Some(true));
        assert_eq!(is_inside(&at(r#"{"to": "a@mail.example.org"}"#), &own), Some(true));
        assert_eq!(is_inside(&at(r#"{"to": "a@notexample.org"}"#), &own), Some(false));
        assert_eq!(is_inside(&at(r#"{"to": "a@example.org.evil.example"}"#), &own), Some(false));
        assert_eq!(is_inside(&at(r#"{"to": "a@example.org"}"#), &[]), None);
        assert_eq!(typed_domain(" @Example.ORG. ").as_deref(), Some("example.org"));
        for wrong in ["com", "co.uk", "", "a b.example", "https://example.org", "a@b.example"] {
            assert_eq!(typed_domain(wrong), None, "{wrong}");
        }
    }
}
