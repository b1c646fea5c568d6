//! What is said at the token endpoint, and what an answer there means.
//!
//! A code and a refresh token can be used once. So each fault says what is known of that: it was not taken, it was
//! refused, or nobody can tell.

use super::identity::brief;
use super::tokens::is_token;
use super::{Client, Proof, Scopes, ServerMetadata, Tokens};
use crate::net::{Net, NetFault};
use oauth2::basic::{
    BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
};
use oauth2::{
    AccessToken, AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet,
    HttpRequest, HttpResponse, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, StandardRevocableToken,
    TokenResponse, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use url::Url;

/// The longest life of a token that is believed: a year.
const LONGEST_LIFE: Duration = Duration::from_secs(366 * 24 * 3600);

/// Why there are no tokens. Each is a sentence without its full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenFault {
    /// The server did not take what was sent, and may later.
    NotTaken(String),
    /// `invalid_grant`: what was sent is void.
    Void(String),
    /// It refused for another reason, and would again.
    Refused(String),
    /// Whether what was sent has been used up is not known.
    Unknown(String),
}

/// What stands in every request: the server, who we are, and what the tokens are for.
pub(super) struct Asking<'a> {
    pub(super) net: &'a Net,
    pub(super) server: &'a ServerMetadata,
    pub(super) client: &'a Client,
    pub(super) resource: &'a str,
    pub(super) asked: &'a Scopes,
    pub(super) now_ms: i64,
}

/// The crate's client with our answer in it.
type Typed = oauth2::Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

impl Asking<'_> {
    /// A code for tokens, bound by its verifier.
    pub(super) async fn exchange(
        &self,
        code: SecretString,
        verifier: PkceCodeVerifier,
        redirect: &Url,
    ) -> Result<Tokens, TokenFault> {
        let (typed, via) = (self.typed(), Via::new(self.net));
        let request = typed
            .exchange_code(AuthorizationCode::new(code.expose_secret().to_owned()))
            .set_pkce_verifier(verifier)
            .set_redirect_uri(Cow::Owned(RedirectUrl::from_url(redirect.clone())))
            .add_extra_param("resource", self.resource);
        let answer = request.request_async(&via).await.map_err(|e| via.meaning(e))?;
        self.tokens(answer, self.asked)
    }

    /// A refresh token for new ones. Asks for no scopes, so that they stay as they are.
    pub(super) async fn refresh(&self, before: &Tokens, token: &SecretString) -> Result<Tokens, TokenFault> {
        let (typed, via) = (self.typed(), Via::new(self.net));
        let refresh = RefreshToken::new(token.expose_secret().to_owned());
        let request = typed.exchange_refresh_token(&refresh).add_extra_param("resource", self.resource);
        let answer = request.request_async(&via).await.map_err(|e| via.meaning(e))?;
        let mut tokens = self.tokens(answer, &before.scopes)?;
        tokens.lasting = tokens.refresh.as_ref().is_none_or(|new| new.expose_secret() == token.expose_secret());
        tokens.refresh.get_or_insert_with(|| token.clone());
        Ok(tokens)
    }

    fn typed(&self) -> Typed {
        let typed = oauth2::Client::new(ClientId::new(self.client.id.clone()))
            .set_token_uri(TokenUrl::from_url(self.server.token_endpoint.clone()))
            .set_auth_type(if self.client.proof == Proof::Basic { AuthType::BasicAuth } else { AuthType::RequestBody });
        match &self.client.secret {
            Some(secret) => typed.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned())),
            None => typed,
        }
    }

    fn tokens(&self, answer: Answer, unsaid: &Scopes) -> Result<Tokens, TokenFault> {
        let unknown = |why: &str| Err(TokenFault::Unknown(format!("{} gave {why}", self.server.issuer)));
        if !answer.token_type.eq_ignore_ascii_case("bearer") {
            return unknown("a token of a kind that is not known here");
        }
        if !is_token(answer.access_token.secret()) {
            return unknown("an access token that is none");
        }
        if answer.refresh_token.as_ref().is_some_and(|r| !is_token(r.secret())) {
            return unknown("a refresh token that is none");
        }
        // A life of nothing can't be meant: such a token is used until it is refused.
        let life = answer.expires_in().filter(|life| !life.is_zero());
        let life = life.map(|life| i64::try_from(life.min(LONGEST_LIFE).as_millis()).unwrap_or(i64::MAX));
        Ok(Tokens {
            access: answer.access_token.into_secret().into(),
            refresh: answer.refresh_token.map(|r| r.into_secret().into()),
            // By our own clock, and from before the question was sent: the server's clock doesn't matter.
            received_at_ms: self.now_ms,
            expires_at_ms: life.map(|life| self.now_ms.saturating_add(life)),
            scopes: answer.scope.as_deref().map_or_else(|| unsaid.clone(), Scopes::parse),
            asked: self.asked.clone(),
            resource: self.resource.to_owned(),
            client: self.client.clone(),
            spent: false,
            lasting: false,
        })
    }
}

/// An answer with tokens; its life may be written as a number or as text.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    access_token: AccessToken,
    token_type: String,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<u64>,
    #[serde(default)]
    refresh_token: Option<RefreshToken>,
    #[serde(default)]
    scope: Option<String>,
}

fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Whole(u64),
        Part(f64),
        Text(String),
    }
    // A life that can't be read is none that was told: the token is used until it is refused.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast from a float stops at the ends"
    )]
    Ok(Option::<Written>::deserialize(from)?.and_then(|written| match written {
        Written::Whole(seconds) => Some(seconds),
        Written::Part(seconds) => Some(seconds as u64),
        Written::Text(text) => text.trim().parse().ok(),
    }))
}

impl TokenResponse for Answer {
    type TokenType = oauth2::basic::BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &Self::TokenType {
        &oauth2::basic::BasicTokenType::Bearer
    }

    fn expires_in(&self) -> Option<Duration> {
        self.expires_in.map(Duration::from_secs)
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    fn scopes(&self) -> Option<&Vec<oauth2::Scope>> {
        None
    }
}

/// One request of the crate's, by our way out; remembers the status of the answer, which the crate forgets.
struct Via<'a> {
    net: &'a Net,
    status: AtomicU16,
}

impl<'c> AsyncHttpClient<'c> for Via<'_> {
    type Error = NetFault;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, NetFault>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let url = Url::parse(&head.uri.to_string());
            let url = url.map_err(|_| NetFault::Refused("the token endpoint is no URL".into()))?;
            let request = self.net.request(head.method, &url)?.headers(head.headers).body(body);
            let fetched = self.net.fetch(request).await?;
            self.status.store(fetched.status.as_u16(), Ordering::Relaxed);
            let mut response = HttpResponse::new(fetched.body.to_vec());
            *response.status_mut() = fetched.status;
            *response.headers_mut() = fetched.headers;
            Ok(response)
        })
    }
}

impl<'a> Via<'a> {
    fn new(net: &'a Net) -> Self {
        Self { net, status: AtomicU16::new(0) }
    }

    /// What a fault means for what was sent. The crate's own words can quote the answer, so they are not used.
    fn meaning(&self, e: RequestTokenError<NetFault, BasicErrorResponse>) -> TokenFault {
        let status = self.status.load(Ordering::Relaxed);
        // 429 and 503 say that nothing was done; after another failure of the server's own, it may have been.
        let undone = matches!(status, 300..=499 | 503);
        let answered = |what: &str| format!("the authorization server answered {status}{what}");
        match e {
            RequestTokenError::Request(NetFault::Refused(why) | NetFault::Unreachable(why)) => {
                TokenFault::NotTaken(format!("the authorization server was not reached: {why}"))
            }
            RequestTokenError::Request(NetFault::Broken(why)) => {
                TokenFault::Unknown(format!("the authorization server's answer did not arrive: {why}"))
            }
            RequestTokenError::ServerResponse(_) if !undone => TokenFault::Unknown(answered("")),
            RequestTokenError::ServerResponse(said) => refusal(status, &said),
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) if undone => TokenFault::NotTaken(answered("")),
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
                TokenFault::Unknown(answered(" with something that can't be read"))
            }
        }
    }
}

fn refusal(status: u16, said: &BasicErrorResponse) -> TokenFault {
    let code = said.error().as_ref();
    let description = said.error_description().map(|d| format!(" ({})", brief(d))).unwrap_or_default();
    let why = format!("the authorization server refused: {}{description}", brief(code));
    match said.error() {
        BasicErrorResponseType::InvalidGrant => TokenFault::Void(why),
        _ if status == 503 || status == 429 => TokenFault::NotTaken(why),
        BasicErrorResponseType::Extension(code) if code == "temporarily_unavailable" || code == "slow_down" => {
            TokenFault::NotTaken(why)
        }
        _ => TokenFault::Refused(why),
    }
}
