//! Where the protocol puts what: texts that a model reads, files in base64, and what must stay for messages to work.

use super::json::{Doc, Sort};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// What a text is to the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// What is said in one of several blocks, or in the only one.
    Block { of: usize, alone: bool },
    /// A text file within a block.
    File { of: usize },
    /// A file in base64, within the block or entry that would have to go with it.
    Coded { of: usize, entry: bool },
    /// A member of structured content.
    Structured,
    /// A name by which the two sides know what belongs together.
    Kept,
    /// Anything else.
    Other,
}

/// Members that no text may be put in the place of: the two sides tell messages, kinds and pages by them.
const KEPT_AT_TOP: &[&str] =
    &["progressToken", "requestId", "nextCursor", "taskId", "method", "resultType", "requestState", "protocolVersion"];
const KEPT_IN_BLOCKS: &[&str] = &["type", "role"];

/// What each value of a document is, by its place; of most it is `Other`.
pub(super) struct Roles {
    roles: Vec<Role>,
    /// The `content` that blocks of ours may be put in.
    pub(super) content: Option<usize>,
    /// The structured content.
    pub(super) structured: Option<usize>,
}

impl Roles {
    pub(super) fn of(doc: &Doc<'_>) -> Self {
        let mut roles = Self { roles: vec![Role::Other; doc.nodes.len()], content: None, structured: None };
        for name in KEPT_AT_TOP {
            roles.set(doc.member(0, name), Role::Kept);
        }
        if let Some(content) = doc.member(0, "content") {
            roles.contents(doc, content);
            roles.content = doc.node(content).filter(|n| n.sort == Sort::Array).map(|_| content);
        }
        if let Some(messages) = doc.member(0, "messages") {
            for message in doc.children(messages) {
                roles.set(doc.member(message, "role"), Role::Kept);
                if let Some(content) = doc.member(message, "content") {
                    roles.contents(doc, content);
                }
            }
        }
        if let Some(contents) = doc.member(0, "contents") {
            for entry in doc.children(contents) {
                roles.set(doc.member(entry, "blob"), Role::Coded { of: entry, entry: true });
            }
        }
        if let Some(structured) = doc.member(0, "structuredContent") {
            roles.structured = Some(structured);
            let end = doc.node(structured).map_or(0, |n| n.next);
            (structured..end).for_each(|at| roles.set(Some(at), Role::Structured));
        }
        roles
    }

    pub(super) fn role(&self, at: usize) -> Role {
        self.roles.get(at).copied().unwrap_or(Role::Other)
    }

    fn set(&mut self, at: Option<usize>, role: Role) {
        if let Some(place) = at.and_then(|at| self.roles.get_mut(at)) {
            *place = role;
        }
    }

    fn contents(&mut self, doc: &Doc<'_>, content: usize) {
        match doc.node(content).map(|n| n.sort) {
            Some(Sort::Array) => doc.children(content).for_each(|block| self.block(doc, block, false)),
            Some(Sort::Object) => self.block(doc, content, true),
            _ => {}
        }
    }

    fn block(&mut self, doc: &Doc<'_>, block: usize, alone: bool) {
        for name in KEPT_IN_BLOCKS {
            self.set(doc.member(block, name), Role::Kept);
        }
        let says = doc.member_text(block, "type");
        if says.as_deref() == Some("text") {
            self.set(doc.member(block, "text"), Role::Block { of: block, alone });
        }
        self.set(doc.member(block, "data"), Role::Coded { of: block, entry: false });
        if let Some(resource) = doc.member(block, "resource") {
            self.set(doc.member(resource, "text"), Role::File { of: block });
            self.set(doc.member(resource, "blob"), Role::Coded { of: block, entry: false });
        }
        // What a tool returned, where it is itself part of a message.
        if let Some(content) = doc.member(block, "content").filter(|_| !alone) {
            self.contents(doc, content);
        }
    }
}

/// A file.
pub(super) enum File {
    Text(String),
    /// Bytes that are no text, and how many.
    Binary(usize),
}

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

/// What base64 says, in either alphabet; `None` where it isn't base64.
pub(super) fn file(coded: &str) -> Option<File> {
    let compact: Vec<u8> = coded.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let bytes = GeneralPurpose::new(&alphabet::STANDARD, LENIENT)
        .decode(&compact)
        .or_else(|_| GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT).decode(&compact))
        .ok()?;
    let wide = |big: bool| {
        let units = bytes.get(2..).unwrap_or_default().chunks_exact(2);
        let unit = |pair: &[u8]| match (pair, big) {
            ([a, b], true) => u16::from_be_bytes([*a, *b]),
            ([a, b], false) => u16::from_le_bytes([*a, *b]),
            _ => 0,
        };
        char::decode_utf16(units.map(unit)).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    Some(match bytes.get(..2) {
        Some([0xFE, 0xFF]) => File::Text(wide(true)),
        Some([0xFF, 0xFE]) => File::Text(wide(false)),
        _ => match String::from_utf8(bytes) {
            Ok(text) => File::Text(text),
            Err(e) => File::Binary(e.as_bytes().len()),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_protocol_says_what_is_read_as_what() {
        let raw = r#"{"content":[{"type":"text","text":"a"},{"type":"image","data":"QQ==","mimeType":"image/png"},
            {"type":"resource","resource":{"uri":"f:a","text":"b"}}],"nextCursor":"c","structuredContent":{"type":"text"}}"#;
        let doc = Doc::parse(raw.as_bytes()).unwrap();
        let roles = Roles::of(&doc);
        let role = |pointer: &str| roles.role((0..doc.nodes.len()).find(|at| doc.pointer(*at) == pointer).unwrap());
        assert_eq!(role("/content/0/text"), Role::Block { of: 2, alone: false });
        assert_eq!(role("/content/0/type"), Role::Kept);
        assert!(matches!(role("/content/1/data"), Role::Coded { entry: false, .. }));
        assert!(matches!(role("/content/2/resource/text"), Role::File { .. }));
        assert_eq!(role("/nextCursor"), Role::Kept);
        assert_eq!(role("/structuredContent/type"), Role::Structured);
    }

    #[test]
    fn files_are_read_in_the_codes_they_come_in() {
        let text = |coded: &str| match file(coded) {
            Some(File::Text(text)) => text,
            _ => String::new(),
        };
        assert_eq!(text("YT5i\nPw"), "a>b?");
        assert_eq!(text("//5hAGIA"), "ab");
        assert!(matches!(file("iVBORw0KGgr_"), Some(File::Binary(9))));
        assert!(file("not base64!").is_none());
    }
}
