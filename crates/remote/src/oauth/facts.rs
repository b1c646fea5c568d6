//! What an access token says of itself, where it is a JWT (RFC 9068).
//!
//! Read, not verified: it is the resource that must. So nothing is decided by it; it makes findings.

use super::Scopes;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// The longest claims that are read, in bytes.
const LONGEST: usize = 64 * 1024;

/// What an access token says of itself. Foreign, and not verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenFacts {
    /// Whom it is for.
    pub audience: Vec<String>,
    /// Whose it says it is.
    pub issuer: Option<String>,
    /// When it ends, in seconds since 1970.
    pub expires_at_s: Option<i64>,
    /// What it may be used for.
    pub scopes: Option<Scopes>,
}

#[derive(Deserialize)]
struct Claims {
    aud: Option<OneOrMore>,
    iss: Option<String>,
    exp: Option<f64>,
    scope: Option<OneOrMore>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl TokenFacts {
    /// The facts of a token that is a JWT.
    #[must_use]
    pub fn of(token: &SecretString) -> Option<Self> {
        let mut parts = token.expose_secret().split('.');
        let (_, claims, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else { return None };
        let claims = Some(claims).filter(|c| c.len() <= LONGEST)?;
        let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
        let claims: Claims = serde_json::from_slice(&claims).ok()?;
        let several = |given: OneOrMore| match given {
            OneOrMore::One(one) => vec![one],
            OneOrMore::More(more) => more,
        };
        #[expect(clippy::cast_possible_truncation, reason = "a cast from a float stops at the ends, and NaN is 0")]
        let expires_at_s = claims.exp.map(|exp| exp as i64);
        let scopes = claims.scope.map(|s| Scopes::parse(&several(s).join(" ")));
        let audience = claims.aud.map(several).unwrap_or_default();
        Some(Self { audience, issuer: claims.iss, expires_at_s, scopes })
    }

    /// Whether it says that it is for somebody else than this resource: a finding, since the resource would have to
    /// refuse it, and another one could take it. A token that names nobody says nothing.
    #[must_use]
    pub fn is_for_another(&self, resource: &str) -> bool {
        let bare = |text: &str| text.trim_end_matches('/').to_owned();
        !self.audience.is_empty() && !self.audience.iter().any(|a| bare(a) == bare(resource))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &str) -> SecretString {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims)).into()
    }

    #[test]
    fn a_token_that_can_be_read_says_whom_it_is_for() {
        let facts =
            TokenFacts::of(&jwt(r#"{"aud":["https://a/mcp"],"exp":12.5,"scope":"x y","iss":"https://as"}"#)).unwrap();
        assert_eq!(facts.audience, ["https://a/mcp"]);
        assert_eq!((facts.expires_at_s, facts.issuer.as_deref()), (Some(12), Some("https://as")));
        assert_eq!(facts.scopes, Some(Scopes::parse("x y")));
        assert!(!facts.is_for_another("https://a/mcp") && facts.is_for_another("https://b/mcp"));
        assert!(!TokenFacts::of(&jwt("{}")).unwrap().is_for_another("https://b"));
    }

    #[test]
    fn what_is_no_jwt_says_nothing() {
        for token in ["opaque", "a.b", "a.b.c", "a.e30.c.d", "..", "e30.W10.x"] {
            assert_eq!(TokenFacts::of(&SecretString::from(token)), None, "{token}");
        }
    }
}
