//! One gated request, and the digest that a yes is bound to.

use crate::client::Client;
use crate::tool::Tool;
use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub Uuid);

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// One call, UUIDv7.
    CallId;
    /// One approval, UUIDv7.
    ApprovalId;
    /// One grant, UUIDv7.
    GrantId;
    /// One connection of a client to a server, UUIDv7.
    ConnectionId;
}

/// SHA-256 over exactly what was asked.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Digests labelled, length-prefixed parts, so that no two different lists of parts collide.
    pub fn of(label: &str, parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in std::iter::once(&label.as_bytes()).chain(parts) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl std::str::FromStr for Digest {
    type Err = hex::FromHexError;
    fn from_str(text: &str) -> Result<Self, hex::FromHexError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

/// The server a call goes to: its name in `servers.json`, and what it really is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its name in `servers.json`.
    pub name: String,
    /// Its alias in policies, bound to its identity.
    pub alias: String,
    /// What it is: for a program the resolved file, its hash and its words.
    pub identity: Digest,
    /// It is reached over the net: what a call says leaves this computer.
    pub remote: bool,
}

/// Why `params` of a `tools/call` is not a call that can be gated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallFault {
    /// `params` is not what the protocol says.
    #[error("the parameters of tools/call are not as the protocol says: {0}")]
    Malformed(String),
    /// A member that would be forwarded unseen.
    #[error("the member `{0}` of tools/call is not supported by Consentry and would go out unseen")]
    Unsupported(String),
}

/// `params` of `tools/call` (MCP 2024-11-05 to 2025-11-25), over the bytes that came in.
#[derive(Clone, Debug)]
pub struct Request {
    /// The tool's name.
    pub name: String,
    /// The exact bytes of `arguments`; `{}` where the client sent none.
    pub arguments: Bytes,
    /// `arguments`, parsed.
    pub parsed: Value,
    /// The exact bytes of `_meta`'s members, in order, but for the progress token and those below.
    pub meta: Vec<u8>,
    /// Those by which a client tells its conversations apart.
    pub talk: Vec<u8>,
    /// Those by which a client tells its calls apart.
    pub numbers: Vec<u8>,
    /// The exact bytes of the progress token, if any.
    pub progress_token: Option<String>,
    /// The exact bytes of `params`, which are what goes out.
    pub params: Bytes,
}

impl Request {
    /// Reads `params`. Duplicate keys were refused when the frame was parsed.
    pub fn parse(params: Bytes) -> Result<Self, CallFault> {
        let malformed = |e: serde_json::Error| CallFault::Malformed(plain(&e));
        let members: Vec<(String, &RawValue)> = members(&params).map_err(malformed)?;
        let (mut name, mut arguments, mut progress_token) = (None, None, None);
        let (mut meta, mut talk, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
        for (key, value) in members {
            match key.as_str() {
                "name" => name = Some(serde_json::from_str::<String>(value.get()).map_err(malformed)?),
                "arguments" => arguments = Some(params.slice_ref(value.get().as_bytes())),
                "_meta" => {
                    for (key, value) in self::members(value.get().as_bytes()).map_err(malformed)? {
                        if key == "progressToken" {
                            progress_token = Some(value.get().to_owned());
                        } else {
                            let kind = match tells_apart(&key, value) {
                                Some(Apart::Calls) => &mut numbers,
                                Some(Apart::Conversations) => &mut talk,
                                None => &mut meta,
                            };
                            kind.extend_from_slice(key.as_bytes());
                            kind.push(b'=');
                            kind.extend_from_slice(value.get().as_bytes());
                            kind.push(b'\n');
                        }
                    }
                }
                _ => return Err(CallFault::Unsupported(key)),
            }
        }
        let name = name.ok_or_else(|| CallFault::Malformed("there is no tool name".into()))?;
        let arguments = arguments.unwrap_or_else(|| Bytes::from_static(b"{}"));
        let parsed: Value = serde_json::from_slice(&arguments).map_err(malformed)?;
        if !parsed.is_object() {
            return Err(CallFault::Malformed("`arguments` is not an object".into()));
        }
        if !can_be_pointed_into(&parsed) {
            return Err(CallFault::Malformed("the names in `arguments` are too long for so many values".into()));
        }
        Ok(Self { name, arguments, parsed, meta, talk, numbers, progress_token, params })
    }
}

/// What a member of `_meta` tells apart.
#[derive(Clone, Copy)]
enum Apart {
    Calls,
    Conversations,
}

/// Members of `_meta` by which Claude Code, VS Code, Codex, OpenCode and Antigravity tell their calls and conversations
/// apart, and the trace context of SEP-414. Those of calls differ where a call is the same, as the progress token does:
/// with them no retry would ever be the call that was asked about, and no remembered yes would hold. They go on as they
/// came, and stand in the log.
const APART: &[(&str, Apart)] = &[
    ("claudecode/toolUseId", Apart::Calls),
    ("vscode.requestId", Apart::Calls),
    (TURN, Apart::Calls),
    ("traceparent", Apart::Calls),
    ("tracestate", Apart::Calls),
    ("vscode.conversationId", Apart::Conversations),
    ("ai.opencode/sessionID", Apart::Conversations),
    ("antigravity.google/conversation_id", Apart::Conversations),
];
/// The one that is an object.
const TURN: &str = "x-codex-turn-metadata";
/// What is longer than this, in bytes, says more than which call it is.
const LONGEST_ID: usize = 256;
const LONGEST_TURN: usize = 2_048;

fn tells_apart(key: &str, value: &RawValue) -> Option<Apart> {
    let apart = APART.iter().find(|(known, _)| *known == key)?.1;
    let plain = value.get().len() <= LONGEST_ID && !value.get().starts_with(['{', '[']);
    (plain || key == TURN && value.get().len() <= LONGEST_TURN).then_some(apart)
}

pub(crate) fn members(object: &[u8]) -> Result<Vec<(String, &RawValue)>, serde_json::Error> {
    struct Members;
    impl<'de> serde::de::Visitor<'de> for Members {
        type Value = Vec<(String, &'de RawValue)>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut out = Vec::with_capacity(4);
            while let Some(entry) = map.next_entry()? {
                out.push(entry);
            }
            Ok(out)
        }
    }
    serde::de::Deserializer::deserialize_map(&mut serde_json::Deserializer::from_slice(object), Members)
}

/// serde_json's words without its line and column: a frame is one line.
fn plain(e: &serde_json::Error) -> String {
    let text = e.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// A gated request, with all that a decision about it depends on.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its id.
    pub id: CallId,
    /// The connection it came by.
    pub connection: ConnectionId,
    /// Who asks.
    pub client: Arc<Client>,
    /// The conversation it is part of.
    pub conversation: Arc<str>,
    /// Where it goes.
    pub server: Arc<Server>,
    /// The tool, as pinned.
    pub tool: Arc<Tool>,
    /// What is asked.
    pub request: Request,
}

impl Call {
    /// The digest a yes is bound to: tool name, argument bytes as they will be sent, pin, server identity, proved
    /// client, conversation, and `_meta` other than the progress token and what a client tells its calls apart by.
    pub fn digest(&self) -> Digest {
        Digest::of(
            "consentry call 1",
            &[
                self.request.name.as_bytes(),
                &self.request.arguments,
                &self.tool.digest.0,
                &self.server.identity.0,
                &self.client.identity.0,
                self.conversation.as_bytes(),
                &self.request.meta,
                &self.request.talk,
            ],
        )
    }
}

/// A host, address or path that a call's arguments name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Destination {
    /// `host`, `address` or `path`.
    pub kind: &'static str,
    /// Normalised: hosts and the domain of addresses in lower case ASCII.
    pub value: String,
    /// JSON pointer of the argument that names it.
    pub pointer: String,
}

/// A member's name as a token of a JSON pointer (RFC 6901, section 3).
pub fn token(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Every scalar in `arguments` with its JSON pointer (RFC 6901), in document order.
pub fn scalars(arguments: &Value) -> Vec<(String, &Value)> {
    let mut out = Vec::new();
    let mut stack = vec![(String::new(), arguments)];
    while let Some((pointer, value)) = stack.pop() {
        match value {
            Value::Object(map) => {
                stack.extend(map.iter().rev().map(|(k, v)| (format!("{pointer}/{}", token(k)), v)));
            }
            Value::Array(items) => {
                stack.extend(items.iter().enumerate().rev().map(|(i, v)| (format!("{pointer}/{i}"), v)));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => out.push((pointer, value)),
        }
    }
    out
}

/// The most that the pointers to all values of a message take together, in bytes.
const MOST_POINTERS: usize = 64 * 1024 * 1024;

/// Whether the pointers to its values can be written out: a long name above many values stands in each of them.
pub(crate) fn can_be_pointed_into(value: &Value) -> bool {
    fn left_in(value: &Value, above: usize, left: usize) -> Option<usize> {
        match value {
            Value::Object(map) => {
                map.iter().try_fold(left, |rest, (name, value)| left_in(value, above + name.len() + 1, rest))
            }
            Value::Array(items) => items.iter().try_fold(left, |rest, item| left_in(item, above + 8, rest)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => left.checked_sub(above),
        }
    }
    left_in(value, 0, MOST_POINTERS).is_some()
}

/// The host of a URL, as it is asked for.
pub fn host_of(url: &str) -> Option<String> {
    url::Url::parse(url).ok()?.host_str().map(str::to_owned)
}

/// The destinations the arguments name, each once.
pub fn destinations(arguments: &Value) -> Vec<Destination> {
    let mut seen = HashMap::new();
    let mut out = Vec::new();
    for (pointer, value) in scalars(arguments) {
        let Value::String(text) = value else { continue };
        if text.len() > 4096 {
            continue;
        }
        for (kind, value) in named(text) {
            if seen.insert((kind, value.clone()), ()).is_none() {
                out.push(Destination { kind, value, pointer: pointer.clone() });
            }
        }
    }
    out
}

fn named(text: &str) -> Vec<(&'static str, String)> {
    let mut out = Vec::new();
    let trimmed = text.trim();
    if trimmed.starts_with('/') || trimmed.starts_with("~/") || trimmed.starts_with("./") || trimmed.starts_with("../")
    {
        if !trimmed.contains('\n') {
            out.push(("path", trimmed.to_owned()));
        }
        return out;
    }
    for word in text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | ',' | ';' | '(' | ')')) {
        if word.contains("://") {
            if let Some(host) = host_of(word) {
                out.push(("host", host.to_ascii_lowercase()));
            }
        } else if let Some((local, domain)) = word.rsplit_once('@') {
            let domain = domain.trim_end_matches('.').to_lowercase();
            if !local.is_empty() && domain.contains('.') && !domain.contains(['/', ':']) {
                out.push(("address", format!("{local}@{domain}")));
            }
        }
    }
    out
}

/// A call for tests: of some program's, in the conversation `talk`, of a tool of this server.
#[cfg(test)]
pub(crate) fn sample(server: &str, tool: Tool, params: Bytes) -> Call {
    Call {
        id: CallId(Uuid::nil()),
        connection: ConnectionId(Uuid::nil()),
        client: Arc::new(Client {
            program: "/usr/bin/agent".into(),
            sha256: String::new(),
            script: None,
            identity: Digest([1; 32]),
            pid: 1,
            start_time: 1,
            parents: Vec::new(),
            claimed: None,
        }),
        conversation: "talk".into(),
        server: Arc::new(Server {
            name: server.into(),
            alias: server.into(),
            identity: Digest([2; 32]),
            remote: false,
        }),
        tool: Arc::new(tool),
        request: Request::parse(params).unwrap(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request(params: &str) -> Result<Request, CallFault> {
        Request::parse(Bytes::copy_from_slice(params.as_bytes()))
    }

    #[test]
    fn a_long_name_above_many_values_is_refused_and_not_written_out() {
        let many = vec![1; 100_000];
        let fault = request(&json!({"name": "t", "arguments": {"k".repeat(100_000): many}}).to_string()).unwrap_err();
        assert!(matches!(fault, CallFault::Malformed(why) if why.contains("too long")));
        assert!(request(&json!({"name": "t", "arguments": {"list": many}}).to_string()).is_ok());
    }

    #[test]
    fn arguments_are_kept_byte_for_byte() {
        let r = request(r#"{"name":"t","arguments":{ "a" : 1.0 , "b":"\u0041"},"_meta":{"progressToken":7,"x":[1]}}"#)
            .unwrap();
        assert_eq!(&r.arguments[..], br#"{ "a" : 1.0 , "b":"\u0041"}"#);
        assert_eq!(r.progress_token.as_deref(), Some("7"));
        assert_eq!(r.meta, b"x=[1]\n");
        let numbered = |id: &str| {
            let meta = format!(
                r#"{{"progressToken":1,"claudecode/toolUseId":{id},"vscode.conversationId":"c","traceparent":"00-1-2-01","x":1}}"#
            );
            request(&format!(r#"{{"name":"t","_meta":{meta}}}"#)).unwrap()
        };
        assert_eq!(numbered("\"toolu_1\"").meta, b"x=1\n", "which call of the client it is makes it no other call");
        assert!(numbered("\"toolu_1\"").params.windows(7).any(|part| part == b"toolu_1"), "it goes on as it came");
        let one = numbered("7");
        assert_eq!(
            (&one.talk[..], &one.numbers[..]),
            (&b"vscode.conversationId=\"c\"\n"[..], &b"claudecode/toolUseId=7\ntraceparent=\"00-1-2-01\"\n"[..])
        );
        assert!(numbered(r#"{"a":1}"#).meta.starts_with(b"claudecode/toolUseId={"), "an object is no number");
        let long = numbered(&format!("\"{}\"", "x".repeat(3_000)));
        assert!(long.meta.len() > 3_000, "what is too long for a number is part of the call");
        assert_eq!(r.parsed["b"], "A");
    }

    #[test]
    fn what_would_go_out_unseen_is_refused() {
        assert_eq!(request(r#"{"name":"t","task":{"ttl":1}}"#).unwrap_err(), CallFault::Unsupported("task".into()));
        assert!(matches!(request(r#"{"arguments":{}}"#), Err(CallFault::Malformed(_))));
        assert!(matches!(request(r#"{"name":"t","arguments":[]}"#), Err(CallFault::Malformed(_))));
        assert!(matches!(request(r#"[]"#), Err(CallFault::Malformed(_))));
    }

    #[test]
    fn absent_arguments_are_an_empty_object() {
        assert_eq!(&request(r#"{"name":"t"}"#).unwrap().arguments[..], b"{}");
    }

    #[test]
    fn digests_tell_parts_apart() {
        assert_ne!(Digest::of("l", &[b"ab", b"c"]), Digest::of("l", &[b"a", b"bc"]));
        assert_eq!(Digest::of("l", &[b"x"]).to_string().parse::<Digest>().unwrap(), Digest::of("l", &[b"x"]));
    }

    #[test]
    fn destinations_are_hosts_addresses_and_paths() {
        let found = destinations(&json!({
            "to": "Ann <Ann@Example.ORG>", "body": "see https://Evil.example/x and a@b.example",
            "path": "/etc/passwd", "n": 3, "cc": ["a@b.example"]
        }));
        let pairs: Vec<_> = found.iter().map(|d| (d.kind, d.value.as_str(), d.pointer.as_str())).collect();
        assert_eq!(
            pairs,
            [
                ("address", "Ann@example.org", "/to"),
                ("host", "evil.example", "/body"),
                ("address", "a@b.example", "/body"),
                ("path", "/etc/passwd", "/path"),
            ]
        );
    }

    #[test]
    fn pointers_are_escaped_and_in_order() {
        let v = json!({"a/b": [1, {"~": true}], "z": null});
        let pointers: Vec<_> = scalars(&v).into_iter().map(|(p, _)| p).collect();
        assert_eq!(pointers, ["/a~1b/0", "/a~1b/1/~0", "/z"]);
    }
}
