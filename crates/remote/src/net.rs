//! The one way out: every request to a server and to an authorization server goes through here.
//!
//! What a server's metadata names is written by the server: it must not lead us to addresses inside the person's own
//! network (MCP authorization, security considerations; RFC 9728 section 7.7). So each URL is checked before it is asked
//! for, and each address when its name is resolved, at the moment the connection is made.

use bytes::{Bytes, BytesMut};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder, StatusCode, redirect};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Once};
use std::time::Duration;
use url::{Host, Url};
use wire::text::escaped;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// How often a quiet connection is asked whether it lives. TCP does the same by itself.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// How long a document may take to arrive, all in all.
const DOCUMENT: Duration = Duration::from_secs(20);

/// The largest document (metadata, token response), in bytes.
pub const MAX_DOCUMENT: usize = 256 * 1024;

/// Which addresses may be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Addresses of the internet, over https alone: for what a public server names.
    Public,
    /// Also this machine (there over http too) and the person's own network: for a server whose URL the person gave and
    /// that is there itself.
    Own,
}

impl Reach {
    /// What a server at this URL, which the person gave, may lead to: one that is on the person's own network or machine
    /// may name others there, one on the internet may not.
    ///
    /// # Errors
    /// One sentence where the name can't be resolved.
    pub async fn of(url: &Url) -> Result<Self, NetFault> {
        let own = match url.host() {
            Some(Host::Ipv4(ip)) => !is_public(ip.into()),
            Some(Host::Ipv6(ip)) => !is_public(ip.into()),
            Some(Host::Domain(name)) => {
                let name = name.to_owned();
                let found = tokio::net::lookup_host((name.as_str(), 0)).await;
                let found = found.map_err(|_| NetFault::Unreachable(format!("{} has no address", escaped(&name))))?;
                found.into_iter().any(|a| !is_public(a.ip()))
            }
            None => false,
        };
        Ok(if own { Self::Own } else { Self::Public })
    }
}

/// Why a request could not be made, or its answer not be taken. Each is one sentence without its full stop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetFault {
    /// The URL must not be asked for; nothing was sent.
    #[error("{0}")]
    Refused(String),
    /// No connection came about; nothing was sent.
    #[error("{0}")]
    Unreachable(String),
    /// Something went wrong on the way: whether the other side acted on it is not known.
    #[error("{0}")]
    Broken(String),
}

/// A document that was fetched.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The status of the last answer.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Bytes,
}

/// An HTTP client that reaches only what it may.
#[derive(Clone, Debug)]
pub struct Net {
    reach: Reach,
    client: Client,
    patience: Duration,
}

impl Net {
    /// A client for this reach. It follows no redirects to other origins, keeps no cookies and uses no proxy.
    ///
    /// # Errors
    /// One sentence where the system's certificates can't be loaded.
    pub fn new(reach: Reach) -> Result<Self, NetFault> {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // Another part of the program may have chosen one already, which serves as well.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let builder = || {
            Client::builder()
                .user_agent(concat!("Consentry/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(CONNECT)
                // A stream may be quiet for long; that the other end is gone is noticed all the same.
                .http2_keep_alive_interval(KEEP_ALIVE)
                .no_proxy()
                .referer(false)
                .redirect(redirect::Policy::none())
                .dns_resolver(Arc::new(Filtered(reach)))
        };
        let client = match (builder().build(), reach) {
            (Ok(client), _) => client,
            // A system without certificates can still talk to this machine; https finds nobody to trust there.
            (Err(_), Reach::Own) => builder().tls_certs_only([]).build().map_err(unmade)?,
            (Err(e), Reach::Public) => return Err(unmade(e)),
        };
        Ok(Self { reach, client, patience: DOCUMENT })
    }

    /// The same, with another limit for how long a document may take.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// What it may reach.
    #[must_use]
    pub fn reach(&self) -> Reach {
        self.reach
    }

    /// Whether this URL may be asked for: https, or http to this machine where that may be reached; no user name in it.
    ///
    /// # Errors
    /// [`NetFault::Refused`] says why not.
    pub fn check(&self, url: &Url) -> Result<(), NetFault> {
        let refuse = |why: &str| Err(NetFault::Refused(format!("{} is not asked for: {why}", shown(url))));
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("it carries a user name or password");
        }
        let ip = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::from(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::from(ip)),
            Some(Host::Domain(_)) => None,
            None => return refuse("it names no host"),
        };
        let this_machine =
            ip.map_or_else(|| url.host_str().is_some_and(is_localhost), |ip| canonical(ip).is_loopback());
        match (url.scheme(), self.reach) {
            ("https", _) => {}
            ("http", Reach::Own) if this_machine => {}
            ("http", _) => return refuse("only https is, except on this machine"),
            _ => return refuse("it is no https URL"),
        }
        if self.reach == Reach::Public && (this_machine || ip.is_some_and(|ip| !is_public(ip))) {
            return refuse("it leads into your own network, and a server on the internet named it");
        }
        Ok(())
    }

    /// A request, where its URL may be asked for. Bodies of answers are read with [`read`].
    ///
    /// # Errors
    /// [`NetFault::Refused`] where it may not.
    pub fn request(&self, method: reqwest::Method, url: &Url) -> Result<RequestBuilder, NetFault> {
        self.check(url)?;
        Ok(self.client.request(method, url.clone()))
    }

    /// Sends a request and takes its whole answer, of at most [`MAX_DOCUMENT`] bytes. Follows no redirect.
    ///
    /// # Errors
    /// See [`NetFault`].
    pub async fn fetch(&self, request: RequestBuilder) -> Result<Fetched, NetFault> {
        let whole = async {
            let answer = request.send().await.map_err(fault)?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let body = read(answer, MAX_DOCUMENT).await?;
            Ok(Fetched { status, headers, body })
        };
        match tokio::time::timeout(self.patience, whole).await {
            Ok(fetched) => fetched,
            Err(_) => Err(NetFault::Broken(format!("it took longer than {:?}", self.patience))),
        }
    }
}

/// The whole body of an answer, of at most `most` bytes.
///
/// # Errors
/// [`NetFault::Broken`] where it is longer or breaks off.
pub async fn read(mut answer: reqwest::Response, most: usize) -> Result<Bytes, NetFault> {
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(fault)? {
        if body.len() + chunk.len() > most {
            return Err(NetFault::Broken(format!("the answer has more than {most} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// What went wrong, in words that hold no URL's query and no header.
#[must_use]
pub fn fault(e: reqwest::Error) -> NetFault {
    let why = words(&e);
    if e.is_connect() || e.is_builder() { NetFault::Unreachable(why) } else { NetFault::Broken(why) }
}

fn unmade(e: reqwest::Error) -> NetFault {
    let then = "install the system's certificates (`ca-certificates`)";
    NetFault::Unreachable(format!("no HTTPS is possible here ({}); {then}", words(&e)))
}

fn words(e: &reqwest::Error) -> String {
    // The last cause says most: "certificate has expired", "connection refused".
    let mut cause: &dyn std::error::Error = e;
    while let Some(next) = cause.source() {
        cause = next;
    }
    if e.is_timeout() { "it did not answer in time".into() } else { escaped(&cause.to_string()) }
}

/// A URL as it may be shown: without query and fragment, which can hold what is secret.
#[must_use]
pub fn shown(url: &Url) -> String {
    let mut bare = url.clone();
    bare.set_query(None);
    bare.set_fragment(None);
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    escaped(bare.as_str())
}

/// Whether a host name means this machine (RFC 6761 section 6.3).
#[must_use]
pub fn is_localhost(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost")
}

/// Resolves names, and leaves out the addresses that may not be reached.
#[derive(Debug)]
struct Filtered(Reach);

impl Resolve for Filtered {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> =
                found.into_iter().filter(|a| reach == Reach::Own || is_public(a.ip())).collect();
            if allowed.is_empty() {
                let why = format!("{} has no address that may be reached", escaped(name.as_str()));
                return Err(std::io::Error::other(why).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// IPv4 that hides in IPv6 (mapped, NAT64, 6to4) is judged as what it leads to.
fn canonical(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    if let Some(v4) = v6.to_ipv4_mapped() {
        return v4.into();
    }
    let s = v6.segments();
    let v4 = |high: u16, low: u16| IpAddr::from(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match s {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0, 0, 0, 0, 0, 0, high, low] if high > 0 => v4(high, low),
        [0x2002, high, low, ..] => v4(high, low),
        _ => ip,
    }
}

/// Whether an address is one of the internet: none of the special ones (RFC 6890 and its registries).
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match canonical(ip) {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        // Shared address space, protocol assignments, benchmarking.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b));
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let s = ip.segments();
    // Only 2000::/3 is given out; of it, documentation and what is for tunnels and experiments is not.
    let special = s[0] & 0xe000 != 0x2000 || (s[0] == 0x2001 && (s[1] < 0x200 || s[1] == 0xdb8)) || s[0] == 0x3fff;
    !special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn what_is_inside_is_not_public_however_it_is_written() {
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "172.16.9.9",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "ff02::1",
            "::7f00:1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101", "100.128.0.1"] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn a_public_server_can_name_only_the_internet() {
        let net = Net::new(Reach::Public).unwrap();
        for bad in [
            "http://example.com/",
            "https://127.0.0.1/",
            "https://169.254.169.254/latest",
            "https://localhost/",
            "https://a.localhost./",
            "https://[::1]/",
            "https://2130706433/",
            "https://0x7f.1/",
            "file:///etc/passwd",
            "https://user@example.com/",
            "https://:pw@example.com/",
            "javascript:alert(1)",
            "https://[::ffff:10.0.0.1]/",
        ] {
            assert!(matches!(net.check(&url(bad)), Err(NetFault::Refused(_))), "{bad}");
        }
        assert!(net.check(&url("https://example.com:8443/x?y")).is_ok());
    }

    #[test]
    fn a_server_on_this_machine_may_be_asked_over_http() {
        let net = Net::new(Reach::Own).unwrap();
        assert!(net.check(&url("http://127.0.0.1:3000/mcp")).is_ok());
        assert!(net.check(&url("http://localhost:3000/mcp")).is_ok());
        assert!(net.check(&url("https://10.0.0.7/mcp")).is_ok());
        assert!(net.check(&url("http://10.0.0.7/mcp")).is_err());
        assert!(net.check(&url("http://example.com/mcp")).is_err());
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused_when_it_is_resolved() {
        let net = Net::new(Reach::Public).unwrap();
        let name: Name = "localhost".parse().unwrap();
        assert!(Filtered(net.reach()).resolve(name).await.is_err());
    }

    #[test]
    fn a_url_is_shown_without_what_may_be_secret() {
        assert_eq!(shown(&url("https://u:p@example.com/a?token=1#x")), "https://example.com/a");
    }
}
