//! Step four: one login, from the URL for the browser to tokens.

use super::document::may_name;
use super::identity::brief;
use super::token_endpoint::{Asking, TokenFault};
use super::{Callback, Client, Clock, OauthFault, Scopes, ServerMetadata, Tokens, callback};
use crate::net::Net;
use oauth2::{ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope};
use secrecy::SecretString;
use std::borrow::Cow;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Why a login came to nothing. Each is a sentence without its full stop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginFault {
    /// It was stopped.
    #[error("the login was stopped")]
    Stopped,
    /// Nobody came back in time.
    #[error("nobody came back from the browser in time")]
    TimedOut,
    /// The authorization server said no, or the person did there. Its words are escaped.
    #[error("{0}")]
    Refused(String),
    /// The answer was not this authorization server's. Nothing of it was used.
    #[error("{0}")]
    MixedUp(String),
    /// The code did not become tokens.
    #[error("{0}")]
    NoTokens(String),
}

/// A login that has begun: the browser is to be sent to its URL.
pub struct Login {
    net: Net,
    server: ServerMetadata,
    client: Client,
    callback: Callback,
    resource: String,
    scopes: Scopes,
    clock: Clock,
    url: Url,
    state: CsrfToken,
    verifier: PkceCodeVerifier,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login")
            .field("issuer", &self.server.issuer)
            .field("resource", &self.resource)
            .finish_non_exhaustive()
    }
}

impl Login {
    /// Begins a login for a resource, for exactly these scopes. What is expected of the answer is settled here, before
    /// any browser opens.
    ///
    /// # Errors
    /// [`OauthFault::Refused`] where the client is another issuer's, or the place to log in may not be opened.
    pub fn begin(
        net: &Net,
        server: &ServerMetadata,
        client: Client,
        callback: Callback,
        resource: &str,
        scopes: &Scopes,
        clock: Clock,
    ) -> Result<Self, OauthFault> {
        if client.issuer != server.issuer {
            return Err(OauthFault::Refused(format!("the client is {}'s, not {}'s", client.issuer, server.issuer)));
        }
        // Only http and https pass, and http on this machine alone. What may be named was checked with the metadata; here
        // it is only what may be opened.
        may_name(net, &server.authorization_endpoint, &server.authorization_endpoint)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let typed = oauth2::basic::BasicClient::new(ClientId::new(client.id.clone()))
            .set_auth_uri(oauth2::AuthUrl::from_url(server.authorization_endpoint.clone()));
        let (url, state) = typed
            .authorize_url(|| CsrfToken::new_random_len(32))
            .set_pkce_challenge(challenge)
            .set_redirect_uri(Cow::Owned(RedirectUrl::from_url(callback.redirect_uri().clone())))
            .add_scopes(scopes.iter().map(|s| Scope::new(s.to_owned())))
            .add_extra_param("resource", resource.to_owned())
            .url();
        Ok(Self {
            net: net.clone(),
            server: server.clone(),
            client,
            callback,
            resource: resource.to_owned(),
            scopes: scopes.clone(),
            clock,
            url,
            state,
            verifier,
        })
    }

    /// Where the browser is to be sent. It holds the state of this login: it is opened, not logged.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Waits until the browser comes back, and turns the code that it brings into tokens.
    ///
    /// # Errors
    /// See [`LoginFault`].
    pub async fn finish(self, patience: Duration, stop: &CancellationToken) -> Result<Tokens, LoginFault> {
        let redirect = self.callback.redirect_uri().clone();
        let came = tokio::select! {
            () = stop.cancelled() => return Err(LoginFault::Stopped),
            came = tokio::time::timeout(patience, self.callback.wait(self.state.secret())) => came,
        };
        let code = judge(&self.server, came.map_err(|_| LoginFault::TimedOut)?)?;
        let asking = Asking {
            net: &self.net,
            server: &self.server,
            client: &self.client,
            resource: &self.resource,
            asked: &self.scopes,
            now_ms: (self.clock)(),
        };
        let exchanged = tokio::select! {
            () = stop.cancelled() => return Err(LoginFault::Stopped),
            exchanged = asking.exchange(code, self.verifier, &redirect) => exchanged,
        };
        exchanged.map_err(|fault| match fault {
            TokenFault::NotTaken(why) | TokenFault::Void(why) | TokenFault::Refused(why) | TokenFault::Unknown(why) => {
                LoginFault::NoTokens(why)
            }
        })
    }
}

/// The code, where the answer is the expected server's (RFC 9207 section 2.4) and no refusal. Who says it comes first: of
/// an answer that is another's, not even its error is shown.
fn judge(server: &ServerMetadata, params: callback::Params) -> Result<SecretString, LoginFault> {
    match params.iss.as_deref() {
        Some(iss) if iss == server.issuer.as_str() => {}
        Some(_) => {
            let why = format!("the answer says that it is not from {}, and was not used", server.issuer);
            return Err(LoginFault::MixedUp(why));
        }
        None if server.authorization_response_iss_parameter_supported => {
            let why = format!(
                "the answer does not say that it is from {}, which always does: it was not used",
                server.issuer
            );
            return Err(LoginFault::MixedUp(why));
        }
        None => {}
    }
    if let Some(error) = params.error {
        let said = params.error_description.map(|d| format!(" ({})", brief(&d))).unwrap_or_default();
        let why = match error.as_str() {
            "access_denied" => format!("{} was told no{said}", server.issuer),
            other => format!("{} refused: {}{said}", server.issuer, brief(other)),
        };
        return Err(LoginFault::Refused(why));
    }
    let code = params.code.filter(|code| !code.is_empty());
    code.map(SecretString::from).ok_or_else(|| LoginFault::Refused(format!("{} gave no code", server.issuer)))
}

#[cfg(test)]
mod tests {
    use super::super::liar::{Liar, Reply};
    use super::super::{Issuer, Origin, Proof, Redirect};
    use super::*;
    use crate::net::Reach;
    use secrecy::ExposeSecret;
    use serde_json::json;
    use std::collections::HashMap;
    use std::sync::Arc;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const RESOURCE: &str = "http://127.0.0.1/mcp";

    fn server(liar: &Liar, says_iss: bool) -> ServerMetadata {
        serde_json::from_value(json!({
            "issuer": liar.url, "authorization_endpoint": liar.at("/auth?tenant=1"), "token_endpoint": liar.at("/token"),
            "authorization_response_iss_parameter_supported": says_iss,
        }))
        .unwrap()
    }

    fn client(server: &ServerMetadata) -> Client {
        let (secret, redirect) = (None, None);
        let (issuer, id) = (server.issuer.clone(), "me".to_owned());
        Client { issuer, id, secret, redirect, proof: Proof::None, origin: Origin::Registered }
    }

    async fn begin(liar: &Liar, says_iss: bool, scopes: &str) -> (Login, HashMap<String, String>) {
        let (net, server) = (Net::new(Reach::Own).unwrap(), server(liar, says_iss));
        let callback = Callback::bind(&Redirect::fresh().unwrap()).await.unwrap();
        let clock: Clock = Arc::new(|| 1_000_000);
        let login =
            Login::begin(&net, &server, client(&server), callback, RESOURCE, &Scopes::parse(scopes), clock).unwrap();
        let asked = login.url().query_pairs().into_owned().collect();
        (login, asked)
    }

    async fn come_back(asked: &HashMap<String, String>, with: &[(&str, &str)]) -> String {
        let mut url = Url::parse(&asked["redirect_uri"]).unwrap();
        url.query_pairs_mut().extend_pairs(with);
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", url.port().unwrap())).await.unwrap();
        let request = format!(
            "GET {}?{} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n",
            url.path(),
            url.query().unwrap(),
            url.port().unwrap()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).await.unwrap();
        page
    }

    async fn teller() -> Liar {
        Liar::start(|_, _| {
            Reply::Json(
                200,
                json!({"access_token": "at", "token_type": "bearer", "expires_in": "60", "refresh_token": "rt"}),
            )
        })
        .await
    }

    const PATIENCE: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_code_becomes_tokens_bound_to_its_verifier_and_resource() {
        let liar = teller().await;
        let (login, asked) = begin(&liar, false, "b a").await;
        assert_eq!(asked["response_type"], "code");
        assert_eq!((asked["code_challenge_method"].as_str(), asked["resource"].as_str()), ("S256", RESOURCE));
        assert_eq!((asked["scope"].as_str(), asked["tenant"].as_str()), ("a b", "1"));
        assert!(asked["redirect_uri"].starts_with("http://127.0.0.1:") && asked["state"].len() >= 43);
        let stop = CancellationToken::new();
        let back = async { come_back(&asked, &[("state", &asked["state"]), ("code", "the-code")]).await };
        let (tokens, page) = tokio::join!(login.finish(PATIENCE, &stop), back);
        let tokens = tokens.unwrap();
        assert!(page.starts_with("HTTP/1.1 200") && !page.contains("the-code"));
        assert_eq!((tokens.access.expose_secret(), tokens.expires_at_ms), ("at", Some(1_060_000)));
        assert_eq!((&tokens.scopes, tokens.resource.as_str()), (&Scopes::parse("a b"), RESOURCE));
        let form = liar.asked_at("/token")[0].form();
        assert_eq!((form["code"].as_str(), form["grant_type"].as_str()), ("the-code", "authorization_code"));
        assert_eq!((&form["redirect_uri"], form["resource"].as_str()), (&asked["redirect_uri"], RESOURCE));
        let verifier = PkceCodeVerifier::new(form["code_verifier"].clone());
        assert_eq!(PkceCodeChallenge::from_code_verifier_sha256(&verifier).as_str(), asked["code_challenge"]);
    }

    #[tokio::test]
    async fn an_answer_of_another_issuer_is_not_used_and_its_error_not_shown() {
        let own = "own";
        for (says, iss, error) in [
            (true, Some("https://evil.example"), false),
            (true, None, false),
            (false, Some("https://evil.example"), false),
            (false, Some(""), false),
            (true, Some("https://evil.example"), true),
            (true, None, true),
            (false, Some("https://evil.example"), true),
            (true, Some(own), false),
            (false, Some(own), false),
            (false, None, false),
        ] {
            let liar = teller().await;
            let (login, asked) = begin(&liar, says, "").await;
            assert!(!asked.contains_key("scope"));
            let issuer = liar.url.to_string();
            let mut with = vec![("state", asked["state"].as_str())];
            with.extend(iss.map(|iss| ("iss", if iss == own { issuer.as_str() } else { iss })));
            with.push(if error { ("error", "SHOWN") } else { ("code", "c") });
            let stop = CancellationToken::new();
            let (tokens, page) = tokio::join!(login.finish(PATIENCE, &stop), come_back(&asked, &with));
            assert!(!page.contains("SHOWN"));
            let good = iss == Some(own) || (iss.is_none() && !says);
            assert_eq!(tokens.is_ok(), good, "{says} {iss:?} {error}");
            assert_eq!(liar.asked_at("/token").len(), usize::from(good), "the code went nowhere");
            if let Err(fault) = tokens {
                assert!(matches!(fault, LoginFault::MixedUp(_)) && !fault.to_string().contains("SHOWN"), "{fault}");
            }
        }
    }

    #[tokio::test]
    async fn a_code_with_another_state_is_waited_past() {
        let liar = teller().await;
        let (login, asked) = begin(&liar, false, "").await;
        let stop = CancellationToken::new();
        let back = async {
            for state in ["", "x", &asked["state"][1..]] {
                let page = come_back(&asked, &[("state", state), ("code", "injected")]).await;
                assert!(page.starts_with("HTTP/1.1 400"));
            }
            come_back(&asked, &[("state", &asked["state"]), ("code", "mine")]).await
        };
        let (tokens, _) = tokio::join!(login.finish(PATIENCE, &stop), back);
        assert!(tokens.is_ok());
        assert_eq!(liar.asked().iter().map(|a| a.form()["code"].clone()).collect::<Vec<_>>(), ["mine"]);
    }

    #[tokio::test]
    async fn a_no_is_told_escaped_and_a_stop_stops() {
        let liar = teller().await;
        let (login, asked) = begin(&liar, false, "").await;
        let stop = CancellationToken::new();
        let with =
            [("state", asked["state"].as_str()), ("error", "access_denied"), ("error_description", "no\u{1b}[2J")];
        let (tokens, _) = tokio::join!(login.finish(PATIENCE, &stop), come_back(&asked, &with));
        let Err(LoginFault::Refused(why)) = tokens else { panic!() };
        assert!(!why.contains('\u{1b}') && why.contains("U+001B"), "{why}");
        let (login, _) = begin(&liar, false, "").await;
        stop.cancel();
        assert_eq!(login.finish(PATIENCE, &stop).await.unwrap_err(), LoginFault::Stopped);
        let (login, _) = begin(&liar, false, "").await;
        let timed_out = login.finish(Duration::from_millis(20), &CancellationToken::new()).await.unwrap_err();
        assert_eq!(timed_out, LoginFault::TimedOut);
        assert!(liar.asked().is_empty());
    }

    #[tokio::test]
    async fn what_is_no_token_answer_gives_no_tokens_and_is_not_quoted() {
        for reply in [
            json!({"access_token": "SECRET", "token_type": "DPoP"}),
            json!({"access_token": "SECRET\r\nX: y", "token_type": "bearer"}),
            json!({"access_token": "", "token_type": "bearer"}),
            json!({"access_token": ["SECRET"], "token_type": "bearer"}),
            json!({"error": "SECRET"}),
        ] {
            let liar = Liar::start(move |_, _| Reply::Json(200, reply.clone())).await;
            let (login, asked) = begin(&liar, false, "").await;
            let (stop, with) = (CancellationToken::new(), [("state", asked["state"].as_str()), ("code", "CODE")]);
            let (tokens, _) = tokio::join!(login.finish(PATIENCE, &stop), come_back(&asked, &with));
            let Err(LoginFault::NoTokens(why)) = tokens else { panic!() };
            assert!(!why.contains("SECRET") && !why.contains("CODE"), "{why}");
        }
    }

    #[tokio::test]
    async fn no_login_begins_with_another_issuers_client_or_at_what_must_not_be_opened() {
        let (liar, net, clock) = (teller().await, Net::new(Reach::Own).unwrap(), super::super::system_clock());
        let mut server = server(&liar, false);
        let mut client = client(&server);
        for bad in ["javascript:alert(1)", "http://example.com/auth", "file:///etc/passwd", "https://u:p@example.com/"]
        {
            server.authorization_endpoint = Url::parse(bad).unwrap();
            let callback = Callback::bind(&Redirect::fresh().unwrap()).await.unwrap();
            let begun =
                Login::begin(&net, &server, client.clone(), callback, RESOURCE, &Scopes::default(), clock.clone());
            assert!(begun.is_err(), "{bad}");
        }
        server.authorization_endpoint = liar.at("/auth");
        client.issuer = Issuer::parse("https://other.example").unwrap();
        let callback = Callback::bind(&Redirect::fresh().unwrap()).await.unwrap();
        assert!(Login::begin(&net, &server, client, callback, RESOURCE, &Scopes::default(), clock).is_err());
    }
}
