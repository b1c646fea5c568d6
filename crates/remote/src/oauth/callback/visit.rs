//! One visit, read: pure, over the bytes that have come so far.

use std::borrow::Cow;
use url::form_urlencoded;

/// The longest request, in bytes: codes can be JWTs.
pub(super) const MAX_HEAD: usize = 32 * 1024;

/// The most headers.
const MOST_HEADERS: usize = 100;

/// What a visit is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Visit {
    /// It has not all come.
    More,
    /// It is turned away, with this status.
    Wrong(u16),
    /// It came to the right place. Whether it is the one that is waited for, its state says.
    Returned(Params),
}

/// What the browser brought. Foreign; the code is a secret, so it can't be shown.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Params {
    pub(crate) code: Option<String>,
    pub(crate) state: String,
    pub(crate) iss: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) error_description: Option<String>,
}

impl std::fmt::Debug for Params {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Params").finish_non_exhaustive()
    }
}

/// Judges the bytes of a request by the host and path that are waited for.
pub(super) fn judge(head: &[u8], host: &str, path: &str) -> Visit {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Visit::More,
        Err(httparse::Error::TooManyHeaders) => return Visit::Wrong(431),
        Err(_) => return Visit::Wrong(400),
    }
    let (Some(method), Some(target)) = (request.method, request.path) else { return Visit::Wrong(400) };
    let mut hosts = request.headers.iter().filter(|h| h.name.eq_ignore_ascii_case("host"));
    // Another name that leads here is another site in the browser: DNS that was changed to point at this machine.
    if !matches!((hosts.next(), hosts.next()), (Some(h), None) if h.value == host.as_bytes()) {
        return Visit::Wrong(400);
    }
    let (asked, query) = target.split_once('?').unwrap_or((target, ""));
    if asked != path {
        return Visit::Wrong(404);
    }
    if method != "GET" {
        return Visit::Wrong(405);
    }
    params(query).map_or(Visit::Wrong(400), Visit::Returned)
}

/// The parameters; none where one that counts is there twice (RFC 6749 section 3.1) or the state is missing.
fn params(query: &str) -> Option<Params> {
    let (mut code, mut state, mut iss, mut error, mut description) = (None, None, None, None, None);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let place: &mut Option<Cow<'_, str>> = match &*name {
            "code" => &mut code,
            "state" => &mut state,
            "iss" => &mut iss,
            "error" => &mut error,
            "error_description" => &mut description,
            _ => continue,
        };
        if place.replace(value).is_some() {
            return None;
        }
    }
    let owned = |value: Option<Cow<'_, str>>| value.map(Cow::into_owned);
    Some(Params {
        code: owned(code),
        state: owned(state)?,
        iss: owned(iss),
        error: owned(error),
        error_description: owned(description),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOST: &str = "127.0.0.1:4711";
    const PATH: &str = "/5f1c";

    fn request(query: &str) -> Vec<u8> {
        format!("GET {PATH}?{query} HTTP/1.1\r\nHost: {HOST}\r\nAccept: */*\r\n\r\n").into_bytes()
    }

    proptest! {
        #[test]
        fn whatever_comes_is_judged_without_a_fault(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = judge(&bytes, HOST, PATH);
        }

        #[test]
        fn what_the_browser_brings_arrives_as_it_was(code in any::<String>(), state in any::<String>(), iss in any::<String>()) {
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("code", &code).append_pair("state", &state).append_pair("iss", &iss).append_pair("x", "y")
                .finish();
            let expected = Params { code: Some(code), state, iss: Some(iss), ..Params::default() };
            prop_assert_eq!(judge(&request(&query), HOST, PATH), Visit::Returned(expected));
        }

        #[test]
        fn a_request_counts_only_when_all_of_it_is_there(state in "[a-z]{1,20}", cut in 0_usize..1000) {
            let whole = request(&format!("code=c&state={state}"));
            let cut = cut % whole.len();
            prop_assert_eq!(judge(&whole[..cut], HOST, PATH), Visit::More);
        }

        #[test]
        fn one_changed_byte_of_path_or_host_is_turned_away(at in 0_usize..5, to in "[a-z0-9]") {
            let other = format!("{}{to}{}", &PATH[..at], &PATH[at + usize::from(at < PATH.len())..]);
            prop_assume!(other != PATH);
            let sent = format!("GET {other}?state=s HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
            prop_assert!(matches!(judge(sent.as_bytes(), HOST, PATH), Visit::Wrong(_)));
            let sent = format!("GET {PATH}?state=s HTTP/1.1\r\nHost: {to}{HOST}\r\n\r\n");
            prop_assert_eq!(judge(sent.as_bytes(), HOST, PATH), Visit::Wrong(400));
        }
    }

    #[test]
    fn what_counts_may_stand_there_once() {
        for twice in
            ["state=s&state=s", "code=a&code=b&state=s", "state=s&iss=a&iss=a", "state=s&error=a&error=b", "code=c"]
        {
            assert_eq!(judge(&request(twice), HOST, PATH), Visit::Wrong(400), "{twice}");
        }
    }
}
