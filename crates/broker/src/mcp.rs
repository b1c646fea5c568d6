//! The protocol: MCP revisions 2024-11-05 to 2025-11-25, for tools. The only file that knows them.
//!
//! Everything here builds or reads one message; nothing decides. Messages that go out end with a newline.

use crate::upstream::Initialized;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// The revisions with a handshake, newest last.
pub(crate) const REVISIONS: &[&str] = &["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

/// The newest of them.
pub(crate) const NEWEST: &str = "2025-11-25";

/// JSON-RPC 2.0 section 5.1, and one of our own outside the reserved range.
pub(crate) mod code {
    pub(crate) const INVALID_REQUEST: i64 = -32600;
    pub(crate) const METHOD_NOT_FOUND: i64 = -32601;
    pub(crate) const INVALID_PARAMS: i64 = -32602;
    /// Consentry could not do it: no such server, not started, log not writable.
    pub(crate) const CONSENTRY: i64 = 4100;
}

/// The revision to talk to a client that asks for `requested`.
pub(crate) fn negotiate(requested: &str) -> &'static str {
    REVISIONS.iter().find(|r| **r == requested).copied().unwrap_or(NEWEST)
}

/// What a client says in `initialize`.
#[derive(Clone, Debug)]
pub(crate) struct Hello {
    /// The revision it asks for.
    pub(crate) version: String,
    /// Foreign: `clientInfo.title` or `.name`.
    pub(crate) name: Option<String>,
}

/// Reads `params` of `initialize`.
pub(crate) fn read_hello(params: Option<&[u8]>) -> Result<Hello, String> {
    let params: Value = serde_json::from_slice(params.unwrap_or(b"null")).map_err(|e| e.to_string())?;
    let version = params.get("protocolVersion").and_then(Value::as_str).ok_or("initialize names no protocolVersion")?;
    let info = params.get("clientInfo");
    let name = ["title", "name"].iter().find_map(|k| info.and_then(|i| i.get(k)).and_then(Value::as_str));
    Ok(Hello { version: version.to_owned(), name: name.map(|n| n.chars().take(120).collect()) })
}

/// `params` of our own `initialize`: no capabilities, our own name.
pub(crate) fn upstream_initialize(version: &str) -> String {
    json!({
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": {"name": "consentry", "title": "Consentry", "version": env!("CARGO_PKG_VERSION")},
    })
    .to_string()
}

/// Reads a server's result of `initialize`.
pub(crate) fn read_initialized(result: &[u8]) -> Result<Initialized, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Result_<'a> {
        protocol_version: String,
        #[serde(borrow)]
        server_info: Option<&'a RawValue>,
        instructions: Option<String>,
    }
    let result: Result_<'_> =
        serde_json::from_slice(result).map_err(|e| format!("something else than an initialize result: {e}"))?;
    if !REVISIONS.contains(&result.protocol_version.as_str()) {
        return Err(format!("the revision {}, which is not supported", wire::text::escaped(&result.protocol_version)));
    }
    Ok(Initialized {
        version: result.protocol_version,
        instructions: result.instructions.filter(|i| !i.is_empty()),
        server_info: result.server_info.map(|i| Bytes::copy_from_slice(i.get().as_bytes())),
    })
}

/// Our answer to a client's `initialize`: tools, and nothing else of what the server can do.
pub(crate) fn initialize_result(version: &str, server_info: Option<&[u8]>, instructions: Option<&str>) -> Vec<u8> {
    let ours = json!({"name": "consentry", "title": "Consentry", "version": env!("CARGO_PKG_VERSION")}).to_string();
    let mut out =
        format!(r#"{{"protocolVersion":"{version}","capabilities":{{"tools":{{"listChanged":true}}}},"serverInfo":"#)
            .into_bytes();
    out.extend_from_slice(server_info.unwrap_or(ours.as_bytes()));
    if let Some(instructions) = instructions {
        out.extend_from_slice(format!(r#","instructions":{}"#, Value::from(instructions)).as_bytes());
    }
    out.push(b'}');
    out
}

/// One page of `tools/list`.
pub(crate) struct Page {
    /// The definitions, raw.
    pub(crate) tools: Vec<Bytes>,
    /// The cursor of the next page, raw.
    pub(crate) next_cursor: Option<String>,
}

/// Reads a server's result of `tools/list`.
pub(crate) fn read_listing(result: &Bytes) -> Result<Page, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Listing<'a> {
        #[serde(borrow)]
        tools: Vec<&'a RawValue>,
        #[serde(borrow)]
        next_cursor: Option<&'a RawValue>,
    }
    let listing: Listing<'_> =
        serde_json::from_slice(result).map_err(|e| format!("something else than a tools/list result: {e}"))?;
    Ok(Page {
        tools: listing.tools.iter().map(|t| result.slice_ref(t.get().as_bytes())).collect(),
        next_cursor: listing.next_cursor.map(|c| c.get().to_owned()).filter(|c| c != "null"),
    })
}

/// The result of `tools/list` for a client: these definitions, as pinned.
pub(crate) fn listing<'a>(tools: impl Iterator<Item = &'a Bytes>) -> Vec<u8> {
    let mut out = b"{\"tools\":[".to_vec();
    for (i, tool) in tools.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(tool);
    }
    out.extend_from_slice(b"]}");
    out
}

/// A request of ours.
pub(crate) fn request(id: u64, method: &str, params: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(params.len() + 80);
    out.extend_from_slice(format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":"#).as_bytes());
    out.extend_from_slice(params);
    out.extend_from_slice(b"}\n");
    out
}

/// A notification.
pub(crate) fn notification(method: &str, params: Option<&str>) -> Vec<u8> {
    let params = params.map(|p| format!(r#","params":{p}"#)).unwrap_or_default();
    format!("{{\"jsonrpc\":\"2.0\",\"method\":\"{method}\"{params}}}\n").into_bytes()
}

/// Progress of a call that waits for a person, told for the nth time; `token` is raw.
pub(crate) fn still_waiting(token: &str, nth: u32) -> String {
    let progress = f64::from(nth) / 1e6;
    format!(r#"{{"progressToken":{token},"progress":{progress},"message":"Waiting for an answer in Consentry."}}"#)
}

/// A reply with a result.
pub(crate) fn result(id: &str, result: &[u8]) -> Vec<u8> {
    member(id, "result", result)
}

/// A reply with a server's own error.
pub(crate) fn server_error(id: &str, error: &[u8]) -> Vec<u8> {
    member(id, "error", error)
}

fn member(id: &str, name: &str, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() + id.len() + 48);
    out.extend_from_slice(format!(r#"{{"jsonrpc":"2.0","id":{id},"{name}":"#).as_bytes());
    out.extend_from_slice(value);
    out.extend_from_slice(b"}\n");
    out
}

/// A reply with an error of ours.
pub(crate) fn error(id: &str, code: i64, message: &str) -> Vec<u8> {
    member(id, "error", json!({"code": code, "message": message}).to_string().as_bytes())
}

/// The reply to a method that does not go through.
pub(crate) fn method_not_found(id: &str, method: &str) -> Vec<u8> {
    error(id, code::METHOD_NOT_FOUND, &format!("Consentry does not pass on `{}`", wire::text::escaped(method)))
}

/// The result of a call that was refused: an error the model can read and act on.
pub(crate) fn refused(id: &str, message: &str) -> Vec<u8> {
    let content = json!({"content": [{"type": "text", "text": message}], "isError": true});
    result(id, content.to_string().as_bytes())
}

/// The words of a JSON-RPC error object. Foreign.
pub(crate) fn error_message(error: &[u8]) -> String {
    let error: Value = serde_json::from_slice(error).unwrap_or_default();
    error.get("message").and_then(Value::as_str).unwrap_or("an error without a message").chars().take(500).collect()
}

/// Whether the result of `tools/call` says that the tool failed.
pub(crate) fn is_error(result: &[u8]) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Flag {
        #[serde(default)]
        is_error: bool,
    }
    // Most results don't even hold the word.
    memchr::memmem::find(result, b"isError").is_some()
        && serde_json::from_slice::<Flag>(result).is_ok_and(|f| f.is_error)
}

/// The request a client's `notifications/cancelled` names, as raw JSON, and its reason. Foreign.
pub(crate) fn read_cancelled(params: Option<&[u8]>) -> Option<(String, Option<String>)> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Cancelled<'a> {
        #[serde(borrow)]
        request_id: &'a RawValue,
        reason: Option<String>,
    }
    let cancelled: Cancelled<'_> = serde_json::from_slice(params?).ok()?;
    Some((cancelled.request_id.get().to_owned(), cancelled.reason))
}

/// The token of a progress notification, as raw JSON.
pub(crate) fn progress_token(params: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Progress<'a> {
        #[serde(borrow)]
        progress_token: &'a RawValue,
    }
    serde_json::from_slice::<Progress<'_>>(params).ok().map(|p| p.progress_token.get().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_revision_gets_the_newest() {
        assert_eq!(negotiate("2024-11-05"), "2024-11-05");
        assert_eq!(negotiate("2026-07-28"), "2025-11-25");
    }

    #[test]
    fn a_client_sees_tools_and_nothing_else_of_a_server() {
        let initialized = read_initialized(
            br#"{"protocolVersion":"2025-06-18","capabilities":{"tools":{"listChanged":true},"prompts":{},"logging":{}},
                 "serverInfo":{"name":"x","version":"1","extra":1},"instructions":"Be \"kind\""}"#,
        )
        .unwrap();
        let shown = initialize_result(
            &initialized.version,
            initialized.server_info.as_deref(),
            initialized.instructions.as_deref(),
        );
        let shown: Value = serde_json::from_slice(&shown).unwrap();
        assert_eq!(shown["capabilities"], json!({"tools": {"listChanged": true}}));
        assert_eq!(shown["serverInfo"]["extra"], 1);
        assert_eq!(shown["instructions"], "Be \"kind\"");
        assert!(read_initialized(br#"{"protocolVersion":"2026-07-28","capabilities":{}}"#).is_err());
    }

    #[test]
    fn definitions_pass_byte_for_byte() {
        let raw = Bytes::from_static(br#"{"tools":[{ "name" : "a", "x":1.0 },{"name":"b"}],"nextCursor":""}"#);
        let page = read_listing(&raw).unwrap();
        assert_eq!(page.next_cursor.as_deref(), Some("\"\""));
        assert_eq!(listing(page.tools.iter()), br#"{"tools":[{ "name" : "a", "x":1.0 },{"name":"b"}]}"#);
    }

    #[test]
    fn a_failed_tool_is_told_from_a_word_in_a_text() {
        assert!(is_error(br#"{"content":[],"isError":true}"#));
        assert!(!is_error(br#"{"content":[{"text":"isError true"}]}"#));
        assert!(!is_error(br#"{"content":[],"isError":false}"#));
    }
}
