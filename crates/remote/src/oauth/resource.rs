//! Step one: what a server says of itself and of who guards it (RFC 9728).

use super::document::{Miss, look, may_name};
use super::{Issuer, OauthFault, Scopes};
use crate::challenge::Challenge;
use crate::net::{Net, Reach, shown};
use serde::Deserialize;
use url::Url;
use wire::text::escaped;

/// Where servers publish what guards them.
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The most authorization servers one server may name.
const MOST_ISSUERS: usize = 16;

/// What a server says of itself. Foreign.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ResourceMetadata {
    /// What tokens for it are asked for and issued to (RFC 8707), exactly as it stands there.
    pub resource: String,
    /// Who guards it, as it stands there.
    #[serde(default)]
    pub authorization_servers: Vec<String>,
    /// What tokens for it can be limited to.
    #[serde(default)]
    pub scopes_supported: Option<Scopes>,
    /// Its name for people.
    #[serde(default)]
    pub resource_name: Option<String>,
}

/// Who guards a server.
#[derive(Clone, Debug)]
pub struct Discovery {
    /// The server, as the person gave it.
    pub server: Url,
    /// What it says of itself.
    pub resource: ResourceMetadata,
    /// Who guards it; at least one. State of one is never used with another.
    pub issuers: Vec<Issuer>,
    /// The scopes to ask for: the challenge's, else all that the server names, else none.
    pub scopes: Scopes,
    /// Reaches what this server may name, and no more.
    pub net: Net,
}

/// Finds out who guards a server: where its challenge says, else at both well-known places in order.
///
/// # Errors
/// [`OauthFault::Refused`] where what it says is about another server, or leads where it may not.
pub async fn discover(server: &Url, challenge: Option<&Challenge>) -> Result<Discovery, OauthFault> {
    let unreachable = |e: crate::net::NetFault| OauthFault::Unreachable(e.to_string());
    let net = Net::new(Reach::of(server).await.map_err(unreachable)?).map_err(unreachable)?;
    discover_with(net, server, challenge).await
}

/// The same, with a given way out.
pub(super) async fn discover_with(
    net: Net,
    server: &Url,
    challenge: Option<&Challenge>,
) -> Result<Discovery, OauthFault> {
    let mut misses = Vec::new();
    for place in places(server, challenge.and_then(|c| c.resource_metadata.as_ref())) {
        may_name(&net, server, &place)?;
        match look::<ResourceMetadata>(&net, &place).await {
            Ok(resource) => return settle(net, server, resource, challenge),
            Err(miss @ Miss::Refused(_)) => return Err(miss.into()),
            Err(miss) => misses.push(miss),
        }
    }
    let unreachable = misses.iter().any(|m| matches!(m, Miss::Unreachable(_)));
    let why: Vec<String> = misses.into_iter().map(|m| OauthFault::from(m).to_string()).collect();
    let why = format!("{} does not say who guards it: {}", shown(server), why.join("; "));
    Err(if unreachable { OauthFault::Unreachable(why) } else { OauthFault::Missing(why) })
}

fn places(server: &Url, named: Option<&Url>) -> Vec<Url> {
    let mut places: Vec<Url> = named.into_iter().cloned().collect();
    let path = server.path().trim_end_matches('/').to_owned();
    for path in [format!("{WELL_KNOWN}{path}"), WELL_KNOWN.to_owned()] {
        let mut place = server.clone();
        place.set_path(&path);
        place.set_fragment(None);
        if path == WELL_KNOWN {
            place.set_query(None);
        }
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

fn settle(
    net: Net,
    server: &Url,
    resource: ResourceMetadata,
    challenge: Option<&Challenge>,
) -> Result<Discovery, OauthFault> {
    if !identifies(&resource.resource, server) {
        let why = format!("{} says that it is {}, which is another server", shown(server), escaped(&resource.resource));
        return Err(OauthFault::Refused(why));
    }
    let named = resource.authorization_servers.iter().take(MOST_ISSUERS);
    let issuers = named.map(|text| Issuer::parse(text)).collect::<Result<Vec<_>, _>>()?;
    for issuer in &issuers {
        may_name(&net, server, issuer.url())?;
    }
    if issuers.is_empty() {
        return Err(OauthFault::Missing(format!("{} names nobody who guards it", shown(server))));
    }
    let asked = challenge.and_then(|c| c.scope.as_deref()).map(Scopes::parse).filter(|s| !s.is_empty());
    let scopes = asked.or_else(|| resource.scopes_supported.clone()).unwrap_or_default();
    Ok(Discovery { server: server.clone(), resource, issuers, scopes, net })
}

/// Whether a resource identifier covers the server: the same origin, and a path that the server's begins with, at a
/// border between segments.
fn identifies(resource: &str, server: &Url) -> bool {
    // What is not visible ASCII would not reach the other side as it stands here.
    let Some(url) = Some(resource).filter(|r| r.bytes().all(|b| b.is_ascii_graphic())).and_then(|r| Url::parse(r).ok())
    else {
        return false;
    };
    let named_plainly = url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    let same_query = url.query().is_none() || url.query() == server.query();
    let path = url.path().trim_end_matches('/');
    let within = server.path().strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    named_plainly && same_query && url.origin().is_tuple() && url.origin() == server.origin() && within
}

#[cfg(test)]
mod tests {
    use super::super::liar::{Liar, Reply};
    use super::*;
    use serde_json::json;
    use std::time::{Duration, Instant};

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn challenge(metadata: Option<Url>, scope: Option<&str>) -> Challenge {
        Challenge {
            status: 401,
            error: None,
            description: None,
            scope: scope.map(str::to_owned),
            resource_metadata: metadata,
        }
    }

    #[test]
    fn a_resource_is_the_server_only_with_its_origin_and_a_path_above_it() {
        let server = url("https://a.example/mcp/x");
        for yes in [
            "https://a.example",
            "https://a.example/",
            "https://a.example/mcp",
            "https://A.example/mcp/x",
            "https://a.example/mcp/x/",
        ] {
            assert!(identifies(yes, &server), "{yes}");
        }
        for no in [
            "https://b.example/mcp",
            "http://a.example/mcp",
            "https://a.example:444/mcp",
            "https://a.example/mc",
            "https://a.example/mcp/x/y",
            "https://a.example/other",
            "https://a.example/mcp#f",
            "https://u@a.example/mcp",
            "https://a.example/mcp?x=1",
            "",
            "urn:x",
            "https://a.example /mcp",
            "https://a.example/m\u{440}p",
        ] {
            assert!(!identifies(no, &server), "{no}");
        }
    }

    #[test]
    fn the_challenge_is_asked_first_then_both_well_known_places() {
        let named = url("https://a.example/here");
        let shown: Vec<String> =
            places(&url("https://a.example/mcp/"), Some(&named)).iter().map(Url::to_string).collect();
        let well_known = "https://a.example/.well-known/oauth-protected-resource";
        assert_eq!(shown, ["https://a.example/here", &format!("{well_known}/mcp"), well_known]);
        assert_eq!(places(&url("https://a.example/"), None), [url(well_known)]);
    }

    #[tokio::test]
    async fn it_is_found_at_each_place_and_the_challenges_scopes_come_first() {
        for found_at in ["/named", "/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"]
        {
            let liar = Liar::start(move |asked, own| {
                let resource = own.join("/mcp").unwrap();
                match asked.path() == found_at {
                    true => Reply::Json(
                        200,
                        json!({"resource": resource, "authorization_servers": [own], "scopes_supported": ["a", "b"]}),
                    ),
                    false => Reply::Json(404, json!({})),
                }
            })
            .await;
            let found = discover(&liar.at("/mcp"), Some(&challenge(Some(liar.at("/named")), None))).await.unwrap();
            assert_eq!((found.issuers[0].url(), found.scopes), (&liar.url, Scopes::parse("a b")));
            let found = discover(&liar.at("/mcp"), Some(&challenge(Some(liar.at("/named")), Some("c")))).await.unwrap();
            assert_eq!(found.scopes, Scopes::parse("c"));
        }
    }

    #[tokio::test]
    async fn a_document_about_another_server_is_refused_even_where_a_later_place_has_the_right_one() {
        let liar = Liar::start(|asked, own| {
            let resource = if asked.path() == "/.well-known/oauth-protected-resource" { "/mcp" } else { "/another" };
            Reply::Json(200, json!({"resource": own.join(resource).unwrap(), "authorization_servers": [own]}))
        })
        .await;
        assert!(matches!(discover(&liar.at("/mcp"), None).await, Err(OauthFault::Refused(_))));
    }

    #[tokio::test]
    async fn a_server_on_the_internet_leads_to_no_address_inside() {
        let server = url("https://mcp.example.com/mcp");
        for inside in [
            "http://169.254.169.254/latest/meta-data",
            "https://169.254.169.254/",
            "https://localhost/",
            "http://localhost/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://10.0.0.1/",
            "https://[::ffff:127.0.0.1]/",
            "file:///etc/passwd",
        ] {
            let net = Net::new(Reach::Public).unwrap();
            let found = discover_with(net.clone(), &server, Some(&challenge(Some(url(inside)), None))).await;
            assert!(matches!(found, Err(OauthFault::Refused(_))), "{inside}: {found:?}");
            let resource = ResourceMetadata {
                resource: server.to_string(),
                authorization_servers: vec![inside.to_owned()],
                scopes_supported: None,
                resource_name: None,
            };
            assert!(settle(net, &server, resource, None).is_err(), "{inside}");
        }
    }

    #[tokio::test]
    async fn a_server_elsewhere_in_ones_own_network_does_not_lead_to_this_machine() {
        let net = Net::new(Reach::Own).unwrap();
        for here in ["http://127.0.0.1:1/", "http://localhost:1/", "https://[::1]/"] {
            assert!(may_name(&net, &url("https://10.0.0.7/mcp"), &url(here)).is_err(), "{here}");
            assert!(may_name(&net, &url("http://127.0.0.1:9/mcp"), &url(here)).is_ok(), "{here}");
        }
    }

    #[tokio::test]
    async fn what_is_too_large_too_slow_or_elsewhere_is_not_taken() {
        let patience = Duration::from_millis(300);
        let net = Net::new(Reach::Own).unwrap().with_patience(patience);
        let moved = "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        let liar = Liar::start(move |asked, own| match asked.path() {
            "/ok" => Reply::Json(200, json!({"resource": own, "authorization_servers": [own]})),
            "/.well-known/oauth-protected-resource/endless" => Reply::Endless,
            "/.well-known/oauth-protected-resource/never" => Reply::Never,
            "/.well-known/oauth-protected-resource/moved" => Reply::Raw(moved.to_owned()),
            _ => Reply::Json(404, json!({})),
        })
        .await;
        let started = Instant::now();
        for (path, unreachable) in [("/endless", true), ("/never", true), ("/moved", false)] {
            let found = discover_with(net.clone(), &liar.at(path), None).await;
            assert_eq!(matches!(found, Err(OauthFault::Unreachable(_))), unreachable, "{path}: {found:?}");
            assert!(found.is_err());
        }
        assert!(started.elapsed() < Duration::from_secs(5));
        assert!(liar.asked_at("/ok").is_empty());
    }
}
