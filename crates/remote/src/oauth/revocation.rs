//! Step seven: tokens are given back (RFC 7009), as far as the other side takes them.

use super::{Client, Proof, ServerMetadata, Tokens};
use crate::net::Net;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded::{Serializer, byte_serialize};

/// What became of giving tokens back. Each fault is a sentence without its full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// The refresh token; `None` where there was none.
    pub refresh: Option<Result<(), String>>,
    /// The access token.
    pub access: Result<(), String>,
}

impl Revoked {
    /// Whether nothing is left that works, as far as the other side says.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.access.is_ok() && self.refresh.as_ref().is_none_or(Result::is_ok)
    }
}

/// Gives tokens back, the refresh token first: with it, most servers end everything that came of the login.
///
/// A spent refresh token is given back too. That is no use of it, and it may be the only name we have for what the server
/// gave in its place.
pub async fn revoke(net: &Net, server: &ServerMetadata, tokens: &Tokens) -> Revoked {
    let refresh = match &tokens.refresh {
        Some(token) => Some(give_back(net, server, tokens, token, "refresh_token").await),
        None => None,
    };
    Revoked { refresh, access: give_back(net, server, tokens, &tokens.access, "access_token").await }
}

async fn give_back(
    net: &Net,
    server: &ServerMetadata,
    tokens: &Tokens,
    token: &SecretString,
    kind: &str,
) -> Result<(), String> {
    if *tokens.issuer() != server.issuer {
        return Err(format!("the token is not {}'s and was not sent there", server.issuer));
    }
    let endpoint = server.revocation_endpoint.as_ref();
    let endpoint = endpoint.ok_or_else(|| format!("{} takes no tokens back: they end by themselves", server.issuer))?;
    let client = &tokens.client;
    let mut request = net.request(Method::POST, endpoint).map_err(|e| e.to_string())?;
    if let (Some(secret), Proof::Basic) = (&client.secret, client.proof) {
        request = request.header(AUTHORIZATION, basic(&client.id, secret)?);
    }
    let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").header(ACCEPT, "application/json");
    let fetched = net.fetch(request.body(form(client, token, kind))).await.map_err(|e| e.to_string())?;
    // A token that was void already is answered with success too.
    if fetched.status.is_success() { Ok(()) } else { Err(format!("it answered {}", fetched.status.as_u16())) }
}

fn form(client: &Client, token: &SecretString, kind: &str) -> String {
    let mut form = Serializer::new(String::new());
    form.append_pair("token", token.expose_secret()).append_pair("token_type_hint", kind);
    match (&client.secret, client.proof) {
        (Some(_), Proof::Basic) => {}
        (secret, _) => {
            form.append_pair("client_id", &client.id);
            if let Some(secret) = secret {
                form.append_pair("client_secret", secret.expose_secret());
            }
        }
    }
    form.finish()
}

/// The client's id and secret as a header (RFC 6749 section 2.3.1).
fn basic(id: &str, secret: &SecretString) -> Result<HeaderValue, String> {
    let coded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", coded(id), coded(secret.expose_secret()));
    let mut header = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair)))
        .map_err(|_| "the client's secret can't be sent".to_owned())?;
    header.set_sensitive(true);
    Ok(header)
}
