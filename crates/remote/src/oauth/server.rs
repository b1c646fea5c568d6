//! Step two: what an authorization server can do (RFC 8414, OpenID Connect Discovery), and whether it is safe to use.

use super::document::{Miss, look, may_name};
use super::{OauthFault, Scopes};
use crate::net::{Net, shown};
use serde::{Deserialize, Serialize};
use url::Url;
use wire::text::escaped;

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// Who an authorization server is: a URL, compared as text and never normalised (RFC 8414 section 3.3, RFC 9207).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Issuer {
    text: String,
    url: Url,
}

impl Issuer {
    /// An issuer from its text.
    ///
    /// # Errors
    /// [`OauthFault::Refused`] where it is no URL, or one with a query or fragment.
    pub fn parse(text: &str) -> Result<Self, OauthFault> {
        let refuse = || OauthFault::Refused(format!("{} can't be an authorization server", escaped(text)));
        // A parser of URLs takes white space out silently; two texts must not become one issuer.
        let url = Some(text).filter(|t| t.bytes().all(|b| b.is_ascii_graphic())).and_then(|t| Url::parse(t).ok());
        let url = url.filter(|u| u.has_host() && u.query().is_none() && u.fragment().is_none()).ok_or_else(refuse)?;
        Ok(Self { text: text.to_owned(), url })
    }

    /// As it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// As a URL.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Whether a document's `issuer` is this one: the same text, but for one slash at the end of a bare host, which
    /// metadata of resources and of authorization servers often disagree about.
    fn is(&self, text: &str) -> bool {
        fn bare(text: &str) -> &str {
            text.strip_suffix('/').unwrap_or(text)
        }
        text == self.text || (self.url.path() == "/" && bare(text) == bare(&self.text))
    }
}

impl TryFrom<String> for Issuer {
    type Error = OauthFault;

    fn try_from(text: String) -> Result<Self, OauthFault> {
        Self::parse(&text)
    }
}

impl From<Issuer> for String {
    fn from(issuer: Issuer) -> Self {
        issuer.text
    }
}

impl std::fmt::Display for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&escaped(&self.text))
    }
}

/// What an authorization server says of itself, checked. It can be kept, so that a start needs no network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerMetadata {
    /// Who it is, as its document says.
    pub issuer: Issuer,
    /// Where a person logs in.
    pub authorization_endpoint: Url,
    /// Where codes and refresh tokens become tokens.
    pub token_endpoint: Url,
    /// Where clients register themselves.
    #[serde(default)]
    pub registration_endpoint: Option<Url>,
    /// Where tokens are given back.
    #[serde(default)]
    pub revocation_endpoint: Option<Url>,
    /// What tokens can be limited to.
    #[serde(default)]
    pub scopes_supported: Scopes,
    /// How codes can be bound to whoever asked (PKCE).
    #[serde(default)]
    pub code_challenge_methods_supported: Vec<String>,
    /// How clients can prove themselves; where it says nothing, with `client_secret_basic`.
    #[serde(default)]
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Whether it always says who it is when it sends the browser back (RFC 9207).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
    /// Whether a client may be a URL, where it says who it is.
    #[serde(default)]
    pub client_id_metadata_document_supported: bool,
}

/// What is known of an authorization server: asked at the places that the specification of MCP names, in its order.
/// `server` is the MCP server that named it.
///
/// # Errors
/// [`OauthFault::Refused`] where it is another's document, offers no PKCE with S256, or leads where it may not.
pub async fn authorization_server(net: &Net, server: &Url, issuer: &Issuer) -> Result<ServerMetadata, OauthFault> {
    may_name(net, server, issuer.url())?;
    let (mut misses, mut other) = (Vec::new(), None);
    for place in places(issuer.url()) {
        match look::<ServerMetadata>(net, &place).await {
            Ok(found) if issuer.is(found.issuer.as_str()) => return vetted(net, server, found),
            // Hosts that serve several issuers answer with the wrong one at places they don't know.
            Ok(found) => other = Some(format!("{} describes {} instead", shown(&place), found.issuer)),
            Err(miss @ Miss::Refused(_)) => return Err(miss.into()),
            Err(miss) => misses.push(miss),
        }
    }
    if let Some(why) = other {
        return Err(OauthFault::Refused(format!("the authorization server {issuer} is not used: {why}")));
    }
    let unreachable = misses.iter().any(|m| matches!(m, Miss::Unreachable(_)));
    let why: Vec<String> = misses.into_iter().map(|m| OauthFault::from(m).to_string()).collect();
    let why = format!("the authorization server {issuer} says nothing of itself: {}", why.join("; "));
    Err(if unreachable { OauthFault::Unreachable(why) } else { OauthFault::Missing(why) })
}

fn places(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().trim_end_matches('/');
    let paths = if path.is_empty() {
        vec![OAUTH.to_owned(), OPENID.to_owned()]
    } else {
        vec![format!("{OAUTH}{path}"), format!("{OPENID}{path}"), format!("{path}{OPENID}")]
    };
    let at = |path: String| {
        let mut place = issuer.clone();
        place.set_path(&path);
        place
    };
    paths.into_iter().map(at).collect()
}

fn vetted(net: &Net, server: &Url, found: ServerMetadata) -> Result<ServerMetadata, OauthFault> {
    let refuse = |why: &str| Err(OauthFault::Refused(format!("the authorization server {} {why}", found.issuer)));
    if !found.code_challenge_methods_supported.iter().any(|m| m == "S256") {
        return refuse("does not say that it binds codes with PKCE and S256: a code could be stolen on its way");
    }
    let required = [Some(&found.authorization_endpoint), Some(&found.token_endpoint)];
    let optional = [found.registration_endpoint.as_ref(), found.revocation_endpoint.as_ref()];
    for endpoint in required.into_iter().chain(optional).flatten() {
        may_name(net, server, endpoint)?;
        if endpoint.fragment().is_some() {
            return refuse("names an endpoint with a fragment");
        }
    }
    // What we say must not be said before us, with another value.
    const OURS: [&str; 9] = [
        "response_type",
        "client_id",
        "state",
        "redirect_uri",
        "scope",
        "resource",
        "code_challenge",
        "code_challenge_method",
        "response_mode",
    ];
    if found.authorization_endpoint.query_pairs().any(|(name, _)| OURS.contains(&name.as_ref())) {
        return refuse("names a place to log in that already holds what only we may say");
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::liar::{Liar, Reply};
    use super::*;
    use crate::net::Reach;
    use serde_json::{Value, json};

    fn document(issuer: &str, own: &Url) -> Value {
        json!({
            "issuer": issuer, "authorization_endpoint": own.join("/auth").unwrap(), "token_endpoint": own.join("/token").unwrap(),
            "code_challenge_methods_supported": ["S256"],
        })
    }

    async fn read(liar: &Liar, path: &str) -> Result<ServerMetadata, OauthFault> {
        let net = Net::new(Reach::Own).unwrap();
        let issuer = Issuer::parse(liar.at(path).as_str().trim_end_matches('/')).unwrap();
        authorization_server(&net, &liar.at("/mcp"), &issuer).await
    }

    #[tokio::test]
    async fn each_place_is_asked_in_order_and_the_first_that_fits_is_taken() {
        let places = [
            ("", "/.well-known/oauth-authorization-server"),
            ("", "/.well-known/openid-configuration"),
            ("/realms/demo", "/.well-known/oauth-authorization-server/realms/demo"),
            ("/realms/demo", "/.well-known/openid-configuration/realms/demo"),
            ("/realms/demo", "/realms/demo/.well-known/openid-configuration"),
        ];
        for (path, place) in places {
            let liar = Liar::start(move |asked, own| match asked.path() == place {
                true => Reply::Json(200, document(own.join(path).unwrap().as_str().trim_end_matches('/'), own)),
                false => Reply::Json(404, json!({})),
            })
            .await;
            assert!(read(&liar, path).await.is_ok(), "{place}");
            let asked: Vec<String> = liar.asked().iter().map(|a| a.target.clone()).collect();
            let expected: Vec<&str> = places.iter().filter(|p| p.0 == path).map(|p| p.1).collect();
            assert_eq!(asked, expected[..asked.len()]);
        }
    }

    #[tokio::test]
    async fn another_issuers_document_is_not_used() {
        for wrong in ["https://evil.example", "x/", "X", "/realms/other"] {
            let liar = Liar::start(move |_, own| {
                let own_text = own.join("/realms/demo").unwrap().to_string();
                let text = if wrong.starts_with("https") { wrong.to_owned() } else { format!("{own_text}{wrong}") };
                Reply::Json(200, document(&text, own))
            })
            .await;
            assert!(matches!(read(&liar, "/realms/demo").await, Err(OauthFault::Refused(_))), "{wrong}");
        }
    }

    #[test]
    fn only_a_slash_after_a_bare_host_makes_no_difference() {
        let is = |a: &str, b: &str| Issuer::parse(a).unwrap().is(b);
        assert!(is("https://a.example", "https://a.example/") && is("https://a.example/", "https://a.example"));
        assert!(!is("https://a.example", "https://a.example//") && !is("https://a.example", "https://A.example"));
        assert!(
            !is("https://a.example/x", "https://a.example/x/") && !is("https://a.example:443", "https://a.example")
        );
        for bad in ["https://a.example?x", "https://a.example/#x", "https://a.exa\tmple", "x", "data:x", ""] {
            assert!(Issuer::parse(bad).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn without_pkce_or_with_endpoints_elsewhere_it_is_refused() {
        let changes: [(&str, Value); 9] = [
            ("code_challenge_methods_supported", Value::Null),
            ("code_challenge_methods_supported", json!([])),
            ("code_challenge_methods_supported", json!(["plain"])),
            ("code_challenge_methods_supported", json!(["s256"])),
            ("token_endpoint", json!("http://mcp.example.com/token")),
            ("authorization_endpoint", json!("javascript:alert(1)")),
            ("authorization_endpoint", json!("https://a.example/auth?redirect_uri=https://evil.example")),
            ("authorization_endpoint", json!("https://a.example/auth#x")),
            ("registration_endpoint", json!("file:///tmp/x")),
        ];
        for (name, value) in changes {
            let (change, label) = (value.clone(), format!("{name} {value}"));
            let liar = Liar::start(move |_, own| {
                let mut document = document(own.as_str().trim_end_matches('/'), own);
                match &change {
                    Value::Null => drop(document.as_object_mut().unwrap().remove(name)),
                    value => document[name] = value.clone(),
                }
                Reply::Json(200, document)
            })
            .await;
            assert!(matches!(read(&liar, "").await, Err(OauthFault::Refused(_))), "{label}");
        }
    }

    #[test]
    fn an_issuer_on_the_internet_has_its_endpoints_there() {
        let net = Net::new(Reach::Public).unwrap();
        let server = Url::parse("https://mcp.example.com/mcp").unwrap();
        for inside in ["http://127.0.0.1/", "https://localhost/", "https://169.254.169.254/", "https://192.168.1.1/"] {
            let own = Url::parse(inside).unwrap();
            let found: ServerMetadata = serde_json::from_value(document("https://as.example.com", &own)).unwrap();
            assert!(vetted(&net, &server, found).is_err(), "{inside}");
        }
    }
}
