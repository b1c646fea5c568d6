//! What may go back to a client. For now every inspected result is released as it came; what stands is that nothing
//! reaches a client that has not passed here.

use crate::call::members;
use crate::edit;
use crate::inspect::{self, Finding};
use bytes::Bytes;

/// Proof that these very bytes may go to the client.
#[derive(Debug)]
pub struct Released {
    bytes: Bytes,
    findings: Vec<Finding>,
}

impl Released {
    /// The bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// What inspection saw in them.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

impl Released {
    /// The same result with a text of ours before what the server says in it. A result that has no list of contents
    /// stays as it is: it would no longer be what the protocol says.
    #[must_use]
    pub fn with_note(self, note: &str) -> Self {
        match before_content(&self.bytes, note) {
            Some(bytes) => Self { bytes: bytes.into(), findings: self.findings },
            None => self,
        }
    }
}

/// The bytes of a result with a block of text at the head of its `content`; the rest of them stays untouched.
fn before_content(result: &[u8], note: &str) -> Option<Vec<u8>> {
    let mut contents = members(result).ok()?.into_iter().filter(|(name, _)| name == "content");
    let content = contents.next().filter(|_| contents.next().is_none())?.1;
    let place = edit::place(result, content)?;
    let inside = content.get().strip_prefix('[')?;
    let block = serde_json::json!({"type": "text", "text": note}).to_string();
    let comma = if inside.trim_ascii_start().starts_with(']') { "" } else { "," };
    let (before, after) = (result.get(..=place.start)?, result.get(place.start + 1..)?);
    Some([before, block.as_bytes(), comma.as_bytes(), after].concat())
}

/// Inspects what a server sent (a result, an error, the parameters of a notification) and releases it.
pub fn release(raw: Bytes) -> Released {
    let findings = inspect::result(&raw);
    Released { bytes: raw, findings }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(result: &str) -> String {
        let released = release(Bytes::copy_from_slice(result.as_bytes())).with_note("ours \"so\"");
        String::from_utf8(released.bytes().to_vec()).unwrap()
    }

    #[test]
    fn a_note_stands_before_what_the_server_says_and_changes_nothing_of_it() {
        let block = r#"{"text":"ours \"so\"","type":"text"}"#;
        let rest = r#" {"type":"text","text":"1.0"} ], "structuredContent":{"n":1.0}}"#;
        assert_eq!(noted(&format!("{{ \"content\" : [{rest}")), format!("{{ \"content\" : [{block},{rest}"));
        assert_eq!(noted(r#"{"content":[ ]}"#), format!(r#"{{"content":[{block} ]}}"#));
    }

    #[test]
    fn a_result_without_contents_stays_as_it_is() {
        for result in
            [r#"{"structuredContent":{"content":[1]}}"#, r#"{"content":"x"}"#, r#"{"content":[],"content":[]}"#, "7"]
        {
            assert_eq!(noted(result), result);
        }
    }
}
