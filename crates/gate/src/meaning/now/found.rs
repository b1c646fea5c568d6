//! What a read's result says is there. All of it is somebody else's word.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// What a read found.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// Foreign: a text.
    Text(String),
    /// Foreign: fields with their values.
    Fields(Map<String, Value>),
    /// Something that is no text, of so many bytes where that was said.
    NoText(Option<usize>),
    /// The server says that there is nothing.
    Nothing,
    /// Foreign: what the server says instead.
    Refused(String),
    /// It is no answer to such a read.
    Unreadable,
}

/// The longest message of a server that is kept.
const MESSAGE: usize = 400;

/// Reads the `result` of a `tools/call`. `fields`: whether the thing has fields rather than a text.
pub fn found(result: &[u8], fields: bool) -> Found {
    let Ok(Value::Object(result)) = serde_json::from_slice::<Value>(result) else { return Found::Unreadable };
    let items = result.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let texts: Vec<&str> = items.iter().filter_map(text).collect();
    if result.get("isError").and_then(Value::as_bool) == Some(true) {
        let said = texts.join("\n");
        return if says_missing(&said) { Found::Nothing } else { Found::Refused(said.chars().take(MESSAGE).collect()) };
    }
    let structured = result.get("structuredContent").and_then(Value::as_object);
    if fields {
        if let Some(object) = structured {
            return Found::Fields(inner(object.clone()));
        }
        if let [one] = texts.as_slice()
            && let Ok(Value::Object(object)) = serde_json::from_str::<Value>(one)
        {
            return Found::Fields(inner(object));
        }
    }
    if items.is_empty() {
        return structured.and_then(|s| s.get("content")?.as_str()).map_or(Found::Unreadable, plain);
    }
    // A hosting service says beside the text what file it is; only the last part is the file.
    match (items.iter().any(|item| text(item).is_none() && !is_note(item)), texts.as_slice()) {
        (true, _) => Found::NoText(None),
        (false, [.., last]) => hosted(last).unwrap_or_else(|| plain(if has_resource(items) { last } else { texts[0] })),
        (false, []) => Found::Unreadable,
    }
}

fn text(item: &Value) -> Option<&str> {
    item.get("text").or_else(|| item.get("resource")?.get("text"))?.as_str()
}

fn has_resource(items: &[Value]) -> bool {
    items.iter().any(|item| item.get("resource").is_some())
}

fn is_note(item: &Value) -> bool {
    item.get("type").and_then(Value::as_str) == Some("resource_link")
}

/// `{"page": {…}}` and the like are their one object.
fn inner(object: Map<String, Value>) -> Map<String, Value> {
    match object.iter().next() {
        Some((_, Value::Object(inner))) if object.len() == 1 => inner.clone(),
        _ => object,
    }
}

/// A file as hosting services give it: an object with its text, in base64 or not, and its size.
fn hosted(text: &str) -> Option<Found> {
    let Ok(Value::Object(file)) = serde_json::from_str::<Value>(text) else { return None };
    let (content, encoding) = (file.get("content")?.as_str()?, file.get("encoding")?.as_str()?);
    file.get("sha").or_else(|| file.get("blob_id"))?;
    let size = file.get("size").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    if encoding != "base64" || size == Some(content.len()) {
        return Some(plain(content));
    }
    let packed: String = content.chars().filter(|c| !c.is_whitespace()).collect();
    let Ok(bytes) = STANDARD.decode(packed) else { return Some(plain(content)) };
    let length = bytes.len();
    Some(String::from_utf8(bytes).map_or(Found::NoText(Some(length)), |text| plain(&text)))
}

/// A text, or bytes that were read as one.
fn plain(text: &str) -> Found {
    let odd = text.chars().filter(|c| matches!(c, '\0' | '\u{FFFD}')).count();
    if text.contains('\0') || odd * 50 > text.chars().count() {
        return Found::NoText(None);
    }
    Found::Text(text.to_owned())
}

/// Whether a server's error says that the thing does not exist. What it says of a folder or of its own tools is not that.
fn says_missing(said: &str) -> bool {
    let said = said.to_lowercase();
    let head = said.chars().take(MESSAGE).collect::<String>();
    let missing = ["enoent", "no such file", "does not exist", "not found", "404", "no such key"];
    let other = ["parent directory", "unknown tool", "tool not found", "denied", "forbidden", "unauthori", "outside"];
    missing.iter().any(|word| head.contains(word)) && !other.iter().any(|word| head.contains(word))
}
