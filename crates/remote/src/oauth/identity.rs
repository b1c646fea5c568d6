//! Step three: who we are at an authorization server. What the person gave comes first, then a URL of ours that says who
//! we are, then a registration of our own (RFC 7591); else the person must give one.

use super::document::may_name;
use super::{Issuer, OauthFault, Scopes, ServerMetadata};
use crate::net::{Fetched, Net, NetFault};
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use url::Url;
use wire::text::escaped;

/// A client's id and secret, as somebody got them from the authorization server.
#[derive(Clone, Debug)]
pub struct Given {
    /// The id.
    pub id: String,
    /// The secret, where there is one.
    pub secret: Option<SecretString>,
}

/// Who we can be.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// What the person or the profile gave for this authorization server.
    pub given: Option<Given>,
    /// Where a document of ours says who we are (a client id metadata document).
    pub document: Option<Url>,
    /// What came of registering before.
    pub registered: Option<Client>,
}

/// Where a client's id comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The person or the profile gave it.
    Given,
    /// It is the URL of a document of ours.
    Document,
    /// We registered.
    Registered,
}

/// How a client proves itself at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// It has no secret.
    None,
    /// Its secret stands in the `Authorization` header.
    Basic,
    /// Its secret stands in the body.
    Post,
}

/// Who we are at one authorization server. Of no use at another.
#[derive(Clone, Debug)]
pub struct Client {
    /// That server.
    pub issuer: Issuer,
    /// The id there.
    pub id: String,
    /// The secret, where there is one.
    pub secret: Option<SecretString>,
    /// How it is proved.
    pub proof: Proof,
    /// Where it comes from.
    pub origin: Origin,
    /// Where the browser was said to come back to, for what we registered ourselves.
    pub redirect: Option<Url>,
}

/// A client as it is kept; borrowed when it is written, so that no copy of the secret lies about.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept<'a> {
    issuer: Issuer,
    id: Cow<'a, str>,
    secret: Option<Cow<'a, str>>,
    proof: Proof,
    origin: Origin,
    redirect: Option<Url>,
}

impl Client {
    pub(super) fn keep(&self) -> Kept<'_> {
        Kept {
            issuer: self.issuer.clone(),
            id: Cow::Borrowed(&self.id),
            secret: self.secret.as_ref().map(|s| Cow::Borrowed(s.expose_secret())),
            proof: self.proof,
            origin: self.origin,
            redirect: self.redirect.clone(),
        }
    }

    pub(super) fn kept(kept: Kept<'_>) -> Self {
        let (id, secret) = (kept.id.into_owned(), kept.secret.map(|s| SecretString::from(s.into_owned())));
        let Kept { issuer, proof, origin, redirect, .. } = kept;
        Self { issuer, id, secret, proof, origin, redirect }
    }

    /// All of it as one secret, to be kept for the next login.
    ///
    /// # Errors
    /// Never in practice: a sentence where it can't be written.
    pub fn to_secret(&self) -> Result<SecretString, String> {
        serde_json::to_string(&self.keep()).map(SecretString::from).map_err(|_| "the client can't be written".into())
    }

    /// Back from what [`Self::to_secret`] made.
    ///
    /// # Errors
    /// A sentence where it was something else; it quotes nothing.
    pub fn from_secret(secret: &SecretString) -> Result<Self, String> {
        let kept = serde_json::from_str(secret.expose_secret());
        kept.map(Self::kept).map_err(|_| "what is kept of the client can't be read".into())
    }
}

/// Settles who we are at an authorization server, and registers where that is the way.
///
/// # Errors
/// [`OauthFault::Missing`] says why the person must give a client; the others are faults on the way.
pub async fn identify(
    net: &Net,
    server: &Url,
    metadata: &ServerMetadata,
    ours: &Identity,
    redirect: &Url,
    scopes: &Scopes,
) -> Result<Client, OauthFault> {
    let at = |id: &str, origin| Client {
        issuer: metadata.issuer.clone(),
        id: id.to_owned(),
        secret: None,
        proof: Proof::None,
        origin,
        redirect: None,
    };
    if let Some(given) = &ours.given {
        let proof = if given.secret.is_some() { proof_for(metadata) } else { Proof::None };
        return Ok(Client { secret: given.secret.clone(), proof, ..at(&given.id, Origin::Given) });
    }
    if let Some(document) = ours.document.as_ref().filter(|_| metadata.client_id_metadata_document_supported) {
        if document.scheme() != "https" || document.path() == "/" || document.fragment().is_some() {
            return Err(OauthFault::Refused(
                "the URL that says who we are is none that may: https, with a path".into(),
            ));
        }
        return Ok(at(document.as_str(), Origin::Document));
    }
    // Another issuer's registration means nothing here, and is not sent here.
    let before = ours.registered.as_ref().filter(|c| c.issuer == metadata.issuer);
    if let Some(client) = before.filter(|c| c.redirect.as_ref().is_some_and(|r| comes_back_alike(r, redirect))) {
        return Ok(client.clone());
    }
    let Some(endpoint) = &metadata.registration_endpoint else {
        let why = format!("{} registers no clients: a client id from there is needed", metadata.issuer);
        return Err(OauthFault::Missing(why));
    };
    may_name(net, server, endpoint)?;
    let fetched = ask(net, endpoint, redirect, scopes).await?;
    read(metadata, &fetched, redirect).map_err(|why| {
        OauthFault::Missing(format!(
            "{} did not register us ({why}): a client id from there is needed",
            metadata.issuer
        ))
    })
}

/// On this machine any port serves (RFC 8252 section 7.3).
fn comes_back_alike(registered: &Url, redirect: &Url) -> bool {
    registered.path() == redirect.path() && registered.host() == redirect.host()
}

fn proof_for(metadata: &ServerMetadata) -> Proof {
    let Some(methods) = &metadata.token_endpoint_auth_methods_supported else { return Proof::Basic };
    let takes = |method: &str| methods.iter().any(|m| m == method);
    if takes("client_secret_post") && !takes("client_secret_basic") { Proof::Post } else { Proof::Basic }
}

async fn ask(net: &Net, endpoint: &Url, redirect: &Url, scopes: &Scopes) -> Result<Fetched, OauthFault> {
    let mut wish = serde_json::json!({
        "client_name": "Consentry",
        "application_type": "native",
        "redirect_uris": [redirect.as_str()],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    });
    if !scopes.is_empty() {
        wish["scope"] = scopes.to_string().into();
    }
    let request = net.request(Method::POST, endpoint).map_err(|e| OauthFault::Refused(e.to_string()))?;
    let request = request.header(CONTENT_TYPE, "application/json").header(ACCEPT, "application/json");
    net.fetch(request.body(wish.to_string())).await.map_err(|e| match e {
        NetFault::Refused(why) => OauthFault::Refused(why),
        NetFault::Unreachable(why) | NetFault::Broken(why) => {
            OauthFault::Unreachable(format!("registering did not work: {why}"))
        }
    })
}

#[derive(Deserialize)]
struct Registered {
    client_id: String,
    client_secret: Option<String>,
    token_endpoint_auth_method: Option<String>,
    redirect_uris: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct RefusedBy {
    error: String,
    error_description: Option<String>,
}

fn read(metadata: &ServerMetadata, fetched: &Fetched, redirect: &Url) -> Result<Client, String> {
    if !fetched.status.is_success() {
        let status = fetched.status.as_u16();
        let Ok(refused) = serde_json::from_slice::<RefusedBy>(&fetched.body) else {
            return Err(format!("status {status}"));
        };
        let said = refused.error_description.map(|d| format!(": {}", brief(&d))).unwrap_or_default();
        return Err(format!("status {status}, {}{said}", brief(&refused.error)));
    }
    let got: Registered = serde_json::from_slice(&fetched.body).map_err(|_| "its answer can't be read".to_owned())?;
    if got.client_id.is_empty()
        || got.client_id.len() > 4096
        || !got.client_id.bytes().all(|b| (0x20..0x7f).contains(&b))
    {
        return Err("the client id it gave is none".into());
    }
    if got.redirect_uris.is_some_and(|uris| !uris.iter().any(|u| u == redirect.as_str())) {
        return Err("it registered another place to come back to".into());
    }
    let (proof, secret) = match (got.token_endpoint_auth_method.as_deref(), got.client_secret) {
        (Some("none"), _) | (None, None) => (Proof::None, None),
        (Some("client_secret_basic"), Some(secret)) => (Proof::Basic, Some(secret)),
        (Some("client_secret_post"), Some(secret)) => (Proof::Post, Some(secret)),
        (None, Some(secret)) => (proof_for(metadata), Some(secret)),
        (Some(_), _) => return Err("it wants a proof that we don't know".into()),
    };
    Ok(Client {
        issuer: metadata.issuer.clone(),
        id: got.client_id,
        secret: secret.map(SecretString::from),
        proof,
        origin: Origin::Registered,
        redirect: Some(redirect.clone()),
    })
}

/// Foreign text for a sentence: escaped, and no longer than is read.
pub(super) fn brief(text: &str) -> String {
    let short: String = text.chars().take(200).collect();
    escaped(&short)
}

#[cfg(test)]
mod tests {
    use super::super::liar::{Liar, Reply};
    use super::*;
    use crate::net::Reach;
    use serde_json::{Value, json};

    fn metadata(liar: &Liar, documents: bool, registers: bool) -> ServerMetadata {
        let mut metadata = json!({
            "issuer": liar.url, "authorization_endpoint": liar.at("/auth"), "token_endpoint": liar.at("/token"),
            "client_id_metadata_document_supported": documents,
        });
        if registers {
            metadata["registration_endpoint"] = json!(liar.at("/register"));
        }
        serde_json::from_value(metadata).unwrap()
    }

    fn redirect() -> Url {
        Url::parse("http://127.0.0.1:4711/5f1c").unwrap()
    }

    async fn settle(liar: &Liar, documents: bool, registers: bool, ours: &Identity) -> Result<Client, OauthFault> {
        let net = Net::new(Reach::Own).unwrap();
        let metadata = metadata(liar, documents, registers);
        identify(&net, &liar.url, &metadata, ours, &redirect(), &Scopes::parse("a b")).await
    }

    async fn registrar(status: u16, answer: Value) -> Liar {
        Liar::start(move |_, _| Reply::Json(status, answer.clone())).await
    }

    #[tokio::test]
    async fn given_comes_before_the_document_before_registering_before_asking() {
        let liar = registrar(201, json!({"client_id": "new"})).await;
        let document = Some(Url::parse("https://consentry.example/client.json").unwrap());
        let given = Some(Given { id: "theirs".into(), secret: Some("s3cret".into()) });
        let both = Identity { given, document: document.clone(), registered: None };
        let client = settle(&liar, true, true, &both).await.unwrap();
        assert_eq!((client.id.as_str(), client.origin, client.proof), ("theirs", Origin::Given, Proof::Basic));
        let one = Identity { document, ..Identity::default() };
        let client = settle(&liar, true, true, &one).await.unwrap();
        assert_eq!((client.id.as_str(), client.origin), ("https://consentry.example/client.json", Origin::Document));
        assert!(liar.asked().is_empty());
        let client = settle(&liar, false, true, &one).await.unwrap();
        assert_eq!((client.id.as_str(), client.origin), ("new", Origin::Registered));
        assert!(matches!(settle(&liar, false, false, &one).await, Err(OauthFault::Missing(_))));
    }

    #[tokio::test]
    async fn registering_says_what_we_are_and_is_not_repeated_here_nor_used_elsewhere() {
        let liar = registrar(201, json!({"client_id": "new", "redirect_uris": [redirect()]})).await;
        let client = settle(&liar, false, true, &Identity::default()).await.unwrap();
        let wish: Value = serde_json::from_str(&liar.asked()[0].body).unwrap();
        assert_eq!(wish["application_type"], "native");
        assert_eq!(wish["token_endpoint_auth_method"], "none");
        assert_eq!(wish["grant_types"], json!(["authorization_code", "refresh_token"]));
        assert_eq!((&wish["redirect_uris"], &wish["scope"]), (&json!([redirect()]), &json!("a b")));
        let kept = Client::from_secret(&client.to_secret().unwrap()).unwrap();
        let before = Identity { registered: Some(kept), ..Identity::default() };
        assert_eq!(settle(&liar, false, true, &before).await.unwrap().id, "new");
        assert_eq!(liar.asked().len(), 1);
        let other = registrar(201, json!({"client_id": "other"})).await;
        assert_eq!(settle(&other, false, true, &before).await.unwrap().id, "other");
        assert!(!other.asked()[0].body.contains("new"));
    }

    #[tokio::test]
    async fn a_refusal_is_told_escaped_and_leads_to_the_person() {
        let evil = json!({"error": "invalid_redirect_uri", "error_description": "no\u{1b}[31m loopback"});
        for (status, answer, said) in [
            (400, evil, "invalid_redirect_uri"),
            (403, json!("Policy 'Trusted Hosts' rejected request"), "status 403"),
            (201, json!({}), "can't be read"),
            (201, json!({"client_id": ""}), "none"),
            (201, json!({"client_id": "a\r\nb"}), "none"),
            (201, json!({"client_id": "x", "redirect_uris": ["https://evil.example/"]}), "another place"),
            (201, json!({"client_id": "x", "token_endpoint_auth_method": "private_key_jwt"}), "don't know"),
        ] {
            let liar = registrar(status, answer).await;
            let Err(OauthFault::Missing(why)) = settle(&liar, false, true, &Identity::default()).await else {
                panic!("{said}")
            };
            assert!(why.contains(said) && !why.contains('\u{1b}'), "{why}");
        }
    }

    #[tokio::test]
    async fn a_secret_that_was_registered_is_kept_and_not_shown() {
        let answer =
            json!({"client_id": "x", "client_secret": "s3cret", "token_endpoint_auth_method": "client_secret_post"});
        let liar = registrar(201, answer).await;
        let client = settle(&liar, false, true, &Identity::default()).await.unwrap();
        assert!(!format!("{client:?}").contains("s3cret"));
        let kept = Client::from_secret(&client.to_secret().unwrap()).unwrap();
        assert_eq!((kept.secret.unwrap().expose_secret(), kept.proof), ("s3cret", Proof::Post));
    }
}
