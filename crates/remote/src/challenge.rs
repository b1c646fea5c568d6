//! What a server says when it refuses a token: `WWW-Authenticate` (RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9728
//! section 5.1).
//!
//! Only what is said under the scheme `Bearer` counts. Several headers, several challenges in one header, and quoted
//! strings that hold commas and escapes are all understood; what breaks the grammar is passed over up to the next comma.

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};
use url::Url;

/// The most bytes of such headers that are looked at; what lies beyond is not read.
const MAX_HEADERS: usize = 16 * 1024;

/// The longest value that is kept, in bytes.
const MAX_VALUE: usize = 4 * 1024;

/// A refusal, and what the server says about it. All of it is foreign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The status of the answer.
    pub status: u16,
    /// `error`: `invalid_token`, `insufficient_scope`, …
    pub error: Option<String>,
    /// `error_description`: for people, unescaped as yet.
    pub description: Option<String>,
    /// `scope`: what is needed, separated by spaces.
    pub scope: Option<String>,
    /// `resource_metadata`: where it says who guards it.
    pub resource_metadata: Option<Url>,
}

impl Challenge {
    /// What these headers say. Where a value stands more than once, the first counts.
    #[must_use]
    pub fn read(status: StatusCode, headers: &HeaderMap) -> Self {
        let mut said =
            Self { status: status.as_u16(), error: None, description: None, scope: None, resource_metadata: None };
        let mut left = MAX_HEADERS;
        for header in headers.get_all(WWW_AUTHENTICATE) {
            let Some(rest) = left.checked_sub(header.len()) else { break };
            left = rest;
            // A scheme named in one header says nothing about the next one.
            let mut bearer = false;
            for item in (Items { text: header.as_bytes() }) {
                if let Some(scheme) = item.scheme {
                    bearer = scheme.eq_ignore_ascii_case(b"Bearer");
                }
                if let (true, Some((name, value))) = (bearer, item.param) {
                    said.take(name, value);
                }
            }
        }
        said
    }

    /// Whether the server wants more scopes than the token has (RFC 6750 section 3.1).
    #[must_use]
    pub fn wants_scopes(&self) -> bool {
        self.status == 403 && self.error.as_deref() == Some("insufficient_scope")
    }

    fn take(&mut self, name: &[u8], value: Vec<u8>) {
        if value.len() > MAX_VALUE {
            return;
        }
        let Ok(value) = String::from_utf8(value) else { return };
        let field = match name.to_ascii_lowercase().as_slice() {
            b"error" if is_plain(&value) => &mut self.error,
            b"scope" if is_plain(&value) => &mut self.scope,
            b"error_description" => &mut self.description,
            b"resource_metadata" => {
                let url = Url::parse(&value).ok().filter(|url| matches!(url.scheme(), "https" | "http"));
                self.resource_metadata = self.resource_metadata.take().or(url);
                return;
            }
            _ => return,
        };
        field.get_or_insert(value);
    }
}

/// What scopes and error codes may consist of (RFC 6749 sections 3.3 and 5.2).
fn is_plain(value: &str) -> bool {
    !value.trim().is_empty() && value.bytes().all(|b| matches!(b, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

/// One piece of the list: a scheme, a parameter, or the first parameter right behind its scheme.
#[derive(Debug, Default, PartialEq, Eq)]
struct Item<'a> {
    scheme: Option<&'a [u8]>,
    param: Option<(&'a [u8], Vec<u8>)>,
}

struct Items<'a> {
    text: &'a [u8],
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        while let [b',' | b' ' | b'\t', rest @ ..] = self.text {
            self.text = rest;
        }
        if self.text.is_empty() {
            return None;
        }
        let mut item = Item::default();
        let first = self.token();
        if self.spaces() > 0 && !matches!(self.text, [] | [b'=' | b',', ..]) {
            item.scheme = Some(first);
            let name = self.token();
            item.param = self.value().map(|value| (name, value));
        } else if self.text.first() == Some(&b'=') {
            item.param = self.value().map(|value| (first, value));
        } else if !first.is_empty() {
            item.scheme = Some(first);
        }
        self.skip();
        Some(item)
    }
}

impl<'a> Items<'a> {
    /// A token (RFC 9110 section 5.6.2); empty where none stands here.
    fn token(&mut self) -> &'a [u8] {
        let is_part = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
        let end = self.text.iter().position(|b| !is_part(b)).unwrap_or(self.text.len());
        let (token, rest) = self.text.split_at(end);
        self.text = rest;
        token
    }

    fn spaces(&mut self) -> usize {
        let end = self.text.iter().position(|b| !matches!(b, b' ' | b'\t')).unwrap_or(self.text.len());
        self.text = self.text.get(end..).unwrap_or_default();
        end
    }

    /// `= value`, with spaces around the sign, where that stands here.
    fn value(&mut self) -> Option<Vec<u8>> {
        self.spaces();
        self.text = self.text.strip_prefix(b"=")?;
        self.spaces();
        if let Some(rest) = self.text.strip_prefix(b"\"") {
            self.text = rest;
            return self.quoted();
        }
        let token = self.token();
        (!token.is_empty()).then(|| token.to_vec())
    }

    /// The rest of a quoted string, without its escapes; `None` where it has no end.
    fn quoted(&mut self) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        loop {
            let (&byte, rest) = self.text.split_first()?;
            self.text = rest;
            match byte {
                b'"' => return Some(out),
                b'\\' => {
                    let (&escaped, rest) = self.text.split_first()?;
                    self.text = rest;
                    out.push(escaped);
                }
                _ => out.push(byte),
            }
        }
    }

    /// On to the next comma that stands in no quoted string.
    fn skip(&mut self) {
        while let Some((&byte, rest)) = self.text.split_first() {
            match byte {
                b',' => return,
                b'"' => {
                    self.text = rest;
                    self.quoted();
                }
                _ => self.text = rest,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use reqwest::header::HeaderValue;

    fn read(headers: &[&str]) -> Challenge {
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(WWW_AUTHENTICATE, HeaderValue::from_bytes(header.as_bytes()).unwrap());
        }
        Challenge::read(StatusCode::UNAUTHORIZED, &map)
    }

    #[test]
    fn a_challenge_is_read_with_commas_and_escapes_in_its_strings() {
        let said = read(&[
            r#"Bearer error="invalid_token", error_description="It is \"old\", Bearer scope=x", scope="a b",resource_metadata="https://example.com/.well-known/oauth-protected-resource/mcp""#,
        ]);
        assert_eq!(said.status, 401);
        assert_eq!(said.error.as_deref(), Some("invalid_token"));
        assert_eq!(said.description.as_deref(), Some(r#"It is "old", Bearer scope=x"#));
        assert_eq!(said.scope.as_deref(), Some("a b"));
        let url = said.resource_metadata.unwrap();
        assert_eq!(url.as_str(), "https://example.com/.well-known/oauth-protected-resource/mcp");
    }

    #[test]
    fn what_other_schemes_say_does_not_count() {
        let said = read(&[
            r#"Basic realm="scope=\"x\"", charset="UTF-8", Negotiate, Negotiate dG9rZW4=, bEARER scope=mine, Digest scope="theirs", error=no"#,
            r#"scope="of nobody""#,
        ]);
        assert_eq!(said.scope.as_deref(), Some("mine"));
        assert_eq!(said.error, None);
    }

    #[test]
    fn several_headers_complete_each_other_and_the_first_counts() {
        let said = read(&[
            "Basic realm=x",
            "Bearer",
            "Bearer , ,  error = insufficient_scope ,, scope = \"a\"",
            "Bearer scope=b, error_description=d",
        ]);
        assert_eq!(said.error.as_deref(), Some("insufficient_scope"));
        assert_eq!(said.scope.as_deref(), Some("a"));
        assert_eq!(said.description.as_deref(), Some("d"));
        assert!(!said.wants_scopes(), "a 401 wants a login");
        assert!(Challenge { status: 403, ..said }.wants_scopes());
    }

    #[test]
    fn what_breaks_the_grammar_is_passed_over() {
        let said = read(&[
            r#"Bearer scope="a\u0022b, resource_metadata="javascript:alert(1)", scope="c"#,
            r#"Bearer resource_metadata="not a url", scope="", error="a\"b""#,
            "Bearer x=, ==, \u{e9}=1, error=ok",
        ]);
        assert_eq!(said.resource_metadata, None);
        assert_eq!(said.error.as_deref(), Some("ok"));
        let long = format!("Bearer scope={}", "x".repeat(MAX_VALUE + 1));
        assert_eq!(read(&[&long]).scope, None);
        let longer = format!("Bearer {}, scope=x", " ".repeat(MAX_HEADERS));
        assert_eq!(read(&[&longer]).scope, None);
    }

    proptest! {
        #[test]
        fn every_value_survives_being_quoted(value in "[ -~]{1,60}", other in "[ -~]{0,30}") {
            let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
            let header = format!("Basic realm={}, Bearer error_description={}, x=y", quoted(&other), quoted(&value));
            prop_assert_eq!(read(&[&header]).description, Some(value));
        }

        #[test]
        fn nothing_makes_it_panic_or_hang(bytes in proptest::collection::vec(0x20u8..=0xff, 0..200)) {
            let mut map = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                map.append(WWW_AUTHENTICATE, value);
            }
            prop_assert_eq!(Challenge::read(StatusCode::FORBIDDEN, &map).status, 403);
        }
    }
}
