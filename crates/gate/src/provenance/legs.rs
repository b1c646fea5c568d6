//! What a tool brings to a conversation or takes out of it: private data, untrusted text, a way out. Each is harmless; a
//! client that has all three can be made to hand on what it reads.

use super::is_open;
use crate::tool::{Effect, Tool};

/// One of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Leg {
    /// It shows data that is not public.
    Private,
    /// It shows text that anybody may have written.
    Untrusted,
    /// By it something leaves for others, or is run.
    Outward,
}

impl Leg {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Private, Self::Untrusted, Self::Outward];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Untrusted => "untrusted",
            Self::Outward => "outward",
        }
    }
}

/// What of the three a tool can do, by what is known of it before it is called: as calls are judged, a text that a tool
/// reads counts as untrusted unless the tool only lists names, and as private unless it comes from the open net. What is
/// written to a server that is `remote`, or reaches further, can be read there by others.
pub fn legs(tool: &Tool, remote: bool) -> Vec<Leg> {
    let has = |effect| tool.effects.contains(&effect);
    let (reads, open) = (has(Effect::Read), is_open(tool));
    let mut legs = Vec::new();
    if reads && !open {
        legs.push(Leg::Private);
    }
    if reads && !super::lists_names(tool) {
        legs.push(Leg::Untrusted);
    }
    let beyond = (remote || tool.open_world) && !tool.only_reads();
    if has(Effect::Send) || has(Effect::Execute) || has(Effect::Pay) || beyond {
        legs.push(Leg::Outward);
    }
    legs
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_tool_has_the_legs_that_its_calls_are_judged_by() {
        let tool = |name: &str, effects: &[Effect], schema: serde_json::Value| {
            let raw = json!({"name": name, "description": "", "inputSchema": schema}).to_string();
            Tool::parse(raw.into()).unwrap().with_effects(effects.to_vec())
        };
        let plain = || json!({"type": "object"});
        let here = |tool: &Tool| legs(tool, false);
        let url = json!({"type": "object", "properties": {"url": {"type": "string", "format": "uri"}}});
        assert_eq!(here(&tool("read_mail", &[Effect::Read], plain())), [Leg::Private, Leg::Untrusted]);
        assert_eq!(here(&tool("list_channels", &[Effect::Read], plain())), [Leg::Private]);
        assert_eq!(here(&tool("fetch", &[Effect::Read, Effect::Send], url)), [Leg::Untrusted, Leg::Outward]);
        assert_eq!(here(&tool("send_mail", &[Effect::Send], plain())), [Leg::Outward]);
        assert_eq!(here(&tool("write_note", &[Effect::Write], plain())), []);
        assert_eq!(legs(&tool("write_note", &[Effect::Write], plain()), true), [Leg::Outward]);
        assert_eq!(legs(&tool("read_mail", &[Effect::Read], plain()), true), [Leg::Private, Leg::Untrusted]);
        assert_eq!(here(&tool("pay", &[Effect::Pay], plain())), [Leg::Outward]);
        assert_eq!(here(&tool("run", &[Effect::Execute], plain())), [Leg::Outward]);
    }
}
