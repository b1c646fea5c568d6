//! One published document: fetched within limits, and read as JSON.

use super::OauthFault;
use crate::net::{Net, NetFault, is_localhost, shown};
use reqwest::header::ACCEPT;
use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use std::net::IpAddr;
use url::{Host, Url};

/// Why there is no document at a place. Each is a sentence without its full stop.
#[derive(Debug)]
pub(super) enum Miss {
    /// There is none, or none that can be read: another place may have it.
    Nothing(String),
    /// Nobody answered.
    Unreachable(String),
    /// It must not be asked for.
    Refused(String),
}

impl From<Miss> for OauthFault {
    fn from(miss: Miss) -> Self {
        match miss {
            Miss::Nothing(why) => Self::Missing(why),
            Miss::Unreachable(why) => Self::Unreachable(why),
            Miss::Refused(why) => Self::Refused(why),
        }
    }
}

/// The JSON document at a URL. Follows no redirect: each place that the specifications name is asked directly.
pub(super) async fn look<T: DeserializeOwned>(net: &Net, url: &Url) -> Result<T, Miss> {
    let place = shown(url);
    let request = net.request(Method::GET, url).map_err(|e| Miss::Refused(e.to_string()))?;
    let fetched = net.fetch(request.header(ACCEPT, "application/json")).await.map_err(|e| match e {
        NetFault::Refused(why) => Miss::Refused(why),
        NetFault::Unreachable(why) | NetFault::Broken(why) => Miss::Unreachable(format!("{place} gave nothing: {why}")),
    })?;
    match fetched.status {
        // What serde says of JSON that doesn't fit can quote it: the place is enough.
        StatusCode::OK => serde_json::from_slice(&fetched.body)
            .map_err(|_| Miss::Nothing(format!("{place} holds something else than it should"))),
        status if status.is_server_error() => Err(Miss::Unreachable(format!("{place} answered {}", status.as_u16()))),
        status => Err(Miss::Nothing(format!("{place} answered {}", status.as_u16()))),
    }
}

/// Whether what `server` leads to may be at this URL, beyond what [`Net::check`] says: only a server on this machine may
/// name this machine, and none on the internet an address inside.
pub(super) fn may_name(net: &Net, server: &Url, url: &Url) -> Result<(), OauthFault> {
    net.check(url).map_err(|e| OauthFault::Refused(e.to_string()))?;
    if is_this_machine(url) && !is_this_machine(server) {
        let why = format!("{} is on this machine, and {} is not: it may not name it", shown(url), shown(server));
        return Err(OauthFault::Refused(why));
    }
    Ok(())
}

fn is_this_machine(url: &Url) -> bool {
    let loopback = |ip: IpAddr| ip.to_canonical().is_loopback() || ip.to_canonical().is_unspecified();
    match url.host() {
        Some(Host::Ipv4(ip)) => loopback(ip.into()),
        Some(Host::Ipv6(ip)) => loopback(ip.into()),
        Some(Host::Domain(name)) => is_localhost(name),
        None => false,
    }
}
