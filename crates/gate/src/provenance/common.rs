//! What says nothing of where a value came from: what stands everywhere, what the tool itself offers, and where a value
//! stands in a text.

use super::fold::Folded;
use crate::tool::Tool;
use serde_json::Value;
use std::ops::Range;

/// Values that stand everywhere.
const COMMON: &str = "true false null none yes no ok okay default auto text html json xml csv plain markdown utf8 inbox sent \
    draft drafts archive trash general main master head origin latest today tomorrow yesterday now new open closed all any \
    admin user users name title subject message body test example read write high medium low asc desc public private \
    textplain applicationjson en enus de fr es usd eur gbp chf monday tuesday wednesday thursday friday saturday sunday \
    january february march april june july august september october november december update updated";

/// Whether a value is one that stands everywhere, or too short to be told by.
pub(super) fn is_common(folded: &[u8], plain: &str, (server, tool): (&str, &Tool)) -> bool {
    folded.len() < 5
        || is_word(folded)
        || COMMON.split_whitespace().any(|word| word.as_bytes() == folded)
        || is_moment(plain.trim())
        || Folded::of(server).bytes == folded
        || tool.schema.get("properties").is_some_and(|properties| is_offered(properties, plain))
}

/// Whether the schema itself offers the value: one of an enumeration, a default or an example.
fn is_offered(properties: &Value, text: &str) -> bool {
    let offers = |property: &Value| {
        let lists = ["enum", "examples"].iter().filter_map(|key| property.get(key)?.as_array()).flatten();
        lists.chain(property.get("default")).chain(property.get("const")).any(|value| value.as_str() == Some(text))
    };
    let properties = properties.as_object().into_iter().flat_map(|map| map.values());
    properties.into_iter().any(|property| offers(property) || property.get("items").is_some_and(offers))
}

/// A date, a time, or both.
fn is_moment(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.len() <= 32
        && digits >= 3
        && text.contains(['-', ':', '/', '.'])
        && text.bytes().all(|b| b.is_ascii_digit() || b"-:/.+TZ ".contains(&b))
        && (text.len() >= 8 && text.as_bytes().get(4) == Some(&b'-') || text.contains(':'))
}

/// Whether it is a plain word, which two texts can share by chance.
pub(super) fn is_word(bytes: &[u8]) -> bool {
    bytes.len() < 8 && bytes.iter().all(u8::is_ascii_alphabetic)
}

/// Whether a piece is long and odd enough to tell where it is from.
pub(super) fn tells(bytes: &[u8]) -> bool {
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    bytes.len() >= 8 || bytes.len() >= 6 && (1..bytes.len()).contains(&digits)
}

/// Whether it stands as a field, an entry or the target of a link: not in the run of a sentence.
pub(super) fn stands_apart(text: &str, span: &Range<usize>) -> bool {
    let (Some(before), Some(after)) = (text.get(..span.start), text.get(span.end..)) else { return false };
    let quotes: &[char] = &['"', '\'', '<', '(', '['];
    let before = before.strip_suffix("https://").or_else(|| before.strip_suffix("http://")).unwrap_or(before);
    let line = before.rsplit('\n').next().unwrap_or_default().trim_end_matches(quotes);
    let heads = line.trim().trim_start_matches("- ");
    // `url: x`, `- x`, `x` alone, `](x)`.
    let field = heads.strip_suffix(':').is_some_and(|name| name.split_whitespace().count() <= 2);
    let starts = heads.is_empty() || heads == "-" || field || line.ends_with("](") || line.ends_with(']');
    let rest = after.split('\n').next().unwrap_or_default().trim_start_matches(|c| quotes.contains(&c) || c == '/');
    let ends = rest.trim().is_empty() || rest.starts_with([')', ']', '>', ',', '}', '"', '\'']);
    starts && ends
}
