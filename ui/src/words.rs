//! Our words: how an act is named, what a finding is called, how things are counted. No foreign text passes here.

pub mod answering;
pub mod attention;
pub mod clients;
pub mod leaves;
pub mod pages;

pub use wire::number::{count, grouped};
use wire::view::{ApprovalKind, ApprovalView, Effect, Level, Lifetime, PinState, SentencePart, Severity, TrustState};

/// The URL of a server that is reached at one, which then stands in place of the words of a command.
pub fn url(words: &[String]) -> Option<&str> {
    let [url] = words else { return None };
    (url.starts_with("https://") || url.starts_with("http://")).then_some(url)
}

/// The host of such a URL, in which the person must know whom they deal with.
pub fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // The port follows the last colon, but for addresses in brackets.
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Whether a host is this computer, the only one that is reached without encryption.
pub fn is_here(host: &str) -> bool {
    let named = host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost");
    named || host == "[::1]" || (host.starts_with("127.") && host.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

/// Whether a question of kind `run` is about a server that is reached at a URL.
fn reached(view: &ApprovalView) -> bool {
    view.run.as_ref().is_some_and(|run| url(&run.words).is_some())
}

/// A hex digest in groups of four, so that two can be compared by eye. Anything else comes back as it is.
pub fn digest(hex: &str) -> String {
    if !hex.is_ascii() {
        return hex.into();
    }
    let mut out = String::with_capacity(hex.len() * 5 / 4);
    for (i, digit) in hex.chars().enumerate() {
        if i > 0 && i.is_multiple_of(4) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// The name of an effect at the start of a tag: `Write`.
pub fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "Read",
        Effect::Write => "Write",
        Effect::Delete => "Delete",
        Effect::Send => "Send",
        Effect::Pay => "Pay",
        Effect::Execute => "Run code",
        Effect::Privilege => "Change rights",
    }
}

/// The icon of an effect.
pub fn effect_icon(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "eye",
        Effect::Write => "pencil",
        Effect::Delete => "trash",
        Effect::Send => "send",
        Effect::Pay => "coins",
        Effect::Execute => "run",
        Effect::Privilege => "crown",
    }
}

/// What the two answers of a card are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    /// On the Approve button, once open.
    pub yes: String,
    /// On the Reject button.
    pub no: &'static str,
    /// Beside them: how far a yes reaches.
    pub reach: &'static str,
}

/// Names the answers for the act.
pub fn answers(view: &ApprovalView) -> Answers {
    let (yes, no, reach) = match view.kind {
        ApprovalKind::Call => (call_yes(&view.effects).into(), "Reject", "This one call only. Nothing is remembered."),
        ApprovalKind::Run if reached(view) => {
            ("Use this address".into(), "Don’t use it", "A change of the address, or of its headers, asks again.")
        }
        ApprovalKind::Run => {
            ("Run this command".into(), "Don’t run it", "A change of the command, or of the file, asks again.")
        }
        ApprovalKind::Trust => {
            let chosen = |trust: &wire::view::TrustView| trust.tools.iter().filter(|tool| !tool.left_out).count();
            let tools = view.trust.as_ref().map_or(0, chosen);
            let yes =
                if tools == 0 { "Trust it".into() } else { format!("Trust with {}", count(tools, "tool", "tools")) };
            (yes, "Don’t trust", "A tool that changes later stops and is shown to you first.")
        }
        ApprovalKind::Drift if is_the_same(view) => (
            "Trust this choice".into(),
            "Leave it as it is",
            "A tool that changes later stops and is shown to you first.",
        ),
        ApprovalKind::Drift => {
            ("Approve the new version".into(), "Keep it blocked", "What did not change keeps working.")
        }
        ApprovalKind::Client => ("Let it connect".into(), "Keep it out", "Its calls still ask as your rules say."),
        ApprovalKind::Policy => {
            ("Apply these rules".into(), "Keep the old rules", "Until you answer, the old rules hold.")
        }
    };
    Answers { yes, no, reach }
}

/// How long a yes is remembered.
pub fn lifetime(lifetime: Lifetime) -> &'static str {
    match lifetime {
        Lifetime::Quarter => "15 minutes",
        Lifetime::Hour => "1 hour",
        Lifetime::Conversation => "this conversation",
        Lifetime::Always => "until I revoke it",
    }
}

/// A phrase of ours as plain text, where nothing can be set apart by its look; foreign words in quotes, escaped.
pub fn phrase(parts: &[SentencePart]) -> String {
    let part = |part: &SentencePart| match part {
        SentencePart::Ours(ours) | SentencePart::Rest(ours) => ours.clone(),
        SentencePart::Slot(foreign) => {
            let shown = wire::text::escaped(foreign);
            match shown.char_indices().nth(60) {
                None => format!("“{shown}”"),
                Some((end, _)) => format!("“{}” (+{} characters)", &shown[..end], shown[end..].chars().count()),
            }
        }
    };
    parts.iter().map(part).collect()
}

/// Whether nothing changed: the person wants to choose again.
fn is_the_same(view: &ApprovalView) -> bool {
    view.trust.as_ref().is_some_and(|trust| trust.changes.is_empty() && trust.instructions_change.is_none())
}

fn call_yes(effects: &[Effect]) -> &'static str {
    match effects.iter().max() {
        None => "Approve this call",
        Some(Effect::Read) => "Approve this read",
        Some(Effect::Write) => "Approve this write",
        // What writes and deletes replaces: the sentence says so, and the button keeps to it.
        Some(Effect::Delete) if effects.contains(&Effect::Write) => "Approve this write",
        Some(Effect::Delete) => "Approve this deletion",
        Some(Effect::Send) => "Approve sending this",
        Some(Effect::Pay) => "Approve this payment",
        Some(Effect::Execute) => "Approve running this",
        Some(Effect::Privilege) => "Approve this change of rights",
    }
}

/// What the bar of a card says the question is.
pub fn bar(view: &ApprovalView) -> &'static str {
    match (view.kind, view.level) {
        (ApprovalKind::Call, Level::StepUp) => "High risk",
        (ApprovalKind::Call, Level::Approve) => "",
        (ApprovalKind::Run, _) if reached(view) => match view.run.as_ref().is_some_and(|run| run.before.is_some()) {
            true => "Address changed",
            false => "New address",
        },
        (ApprovalKind::Run, _) if view.run.as_ref().is_some_and(|run| run.before.is_some()) => "Command changed",
        (ApprovalKind::Run, _) => "New command",
        (ApprovalKind::Trust, _) => "New server",
        (ApprovalKind::Drift, _) if is_the_same(view) => "Tools",
        (ApprovalKind::Drift, _) => "Tools changed",
        (ApprovalKind::Client, _) => "New client",
        (ApprovalKind::Policy, _) => "Rules changed",
    }
}

/// The icon of a question in a list.
pub fn kind_icon(view: &ApprovalView) -> &'static str {
    match view.kind {
        ApprovalKind::Call => view.effects.iter().max().map_or("call", |effect| effect_icon(*effect)),
        ApprovalKind::Run => "run",
        ApprovalKind::Trust => "server",
        ApprovalKind::Drift => "diff",
        ApprovalKind::Client => "app",
        ApprovalKind::Policy => "scale",
    }
}

/// The one figure that a high-risk card is about, when its sentence names exactly one: an amount, a number of files.
pub fn salient(sentence: &[SentencePart]) -> Option<&str> {
    let mut figures = sentence.iter().filter_map(|part| match part {
        SentencePart::Slot(text) if is_figure(text) => Some(text.as_str()),
        _ => None,
    });
    let only = figures.next()?;
    figures.next().is_none().then_some(only)
}

/// Whether a program's name and the name it gives itself say the same thing, letters and digits only.
pub fn same_name(a: &str, b: &str) -> bool {
    let letters =
        |text: &str| text.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect();
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    let (first, second): (String, String) = (letters(a), letters(b));
    plain(a) && plain(b) && !first.is_empty() && first == second
}

fn is_figure(text: &str) -> bool {
    text.len() <= 8
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b'\''))
}

/// A finding's class as the head of its line: `hidden_characters` is `Hidden characters`.
pub fn class(class: &str) -> String {
    match class {
        "injection" => "Reads like orders to an assistant".to_owned(),
        "hides_from_user" => "Wants something kept from you".to_owned(),
        "prefers_itself" => "Pushes itself before other tools".to_owned(),
        "name_of_another" => "Named like another server’s tool".to_owned(),
        "names_secrets" => "Speaks of secrets".to_owned(),
        "collects_context" => "Collects what the agent knows".to_owned(),
        _ => capital(&class.replace(['_', '-', '.'], " ")),
    }
}

/// With a capital at the beginning.
pub fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// A CSS class and an icon for how loud something is.
pub fn severity(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Info => ("info", "info"),
        Severity::Caution => ("caution", "alert"),
        Severity::Danger => ("danger", "stop"),
    }
}

/// How a tool stands to what was approved: CSS class, icon, word.
pub fn pin(pin: PinState) -> (&'static str, &'static str, &'static str) {
    match pin {
        PinState::Pinned => ("ok", "pin", "Pinned"),
        PinState::New => ("caution", "plus", "New"),
        PinState::Drifted => ("caution", "diff", "Changed"),
        PinState::Gone => ("", "x", "No longer offered"),
    }
}

/// How far a server is trusted: CSS class, icon, word, and what follows from it.
pub fn trust(trust: TrustState) -> (&'static str, &'static str, &'static str, &'static str) {
    match trust {
        TrustState::Proposed => {
            ("caution", "pause", "Needs a yes", "It waits for you in the inbox. Nothing of it has run, or been asked.")
        }
        TrustState::Untrusted => ("caution", "help", "Not yet trusted", "It offers no tools until you have seen them."),
        TrustState::Trusted => ("ok", "pin", "Trusted", "Its tools are pinned and unchanged."),
        TrustState::Drifted => ("caution", "diff", "Changed", "What changed is blocked until you have seen it."),
        TrustState::Broken => ("danger", "stop", "Can’t be used", "Nothing reaches it until this is mended."),
    }
}

/// What an entry of the log looks like: CSS class and icon, by its result and, where that says nothing, its kind.
pub fn entry(kind: &str, result: &str) -> (&'static str, &'static str) {
    match (kind, result) {
        (_, "denied" | "blocked") => ("no", "stop"),
        (_, "rejected") => ("no", "x"),
        (_, "failed") => ("no", "alert"),
        (_, "expired" | "withdrawn" | "cancelled") => ("plain", "clock"),
        (_, "unknown") => ("wait", "help"),
        ("answered", "approved") => ("ok", "check"),
        ("asked", _) => ("wait", "chat"),
        ("outcome", _) => ("plain", "done"),
        ("intent", _) => ("plain", "out"),
        ("decided", _) => ("ok", "pin"),
        ("connected" | "disconnected", _) => ("plain", "app"),
        ("started" | "stopped", _) => ("plain", "gate"),
        ("refused", _) => ("no", "stop"),
        ("proved", "proved") => ("ok", "check"),
        ("void" | "tripped" | "proved", _) => ("wait", "alert"),
        _ => ("plain", "dot"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_what_follows_whoever_it_pretends_to_be() {
        for (url, is) in [
            ("https://mcp.example.com/mcp", "mcp.example.com"),
            ("https://bank.example@evil.example:8443/mcp?x=@y", "evil.example"),
            ("https://evil.example\\@bank.example/", "evil.example"),
            ("http://[::1]:8080/mcp", "[::1]"),
            ("https://", ""),
        ] {
            assert_eq!(host(url), is, "{url}");
        }
        assert!(is_here("LOCALHOST") && is_here("127.0.0.1") && is_here("[::1]") && is_here("a.localhost"));
        assert!(!is_here("127.evil.example") && !is_here("localhost.evil.example") && !is_here(""));
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1_000, 18_402, 1_234_567].map(grouped).join(" "), "0 999 1,000 18,402 1,234,567");
        assert_eq!(count(1, "tool", "tools"), "1 tool");
        assert_eq!(digest("9f3c71e0b8"), "9f3c 71e0 b8");
    }

    #[test]
    fn approve_is_named_for_the_riskiest_effect() {
        assert_eq!(call_yes(&[]), "Approve this call");
        assert_eq!(call_yes(&[Effect::Pay, Effect::Read]), "Approve this payment");
    }

    #[test]
    fn one_figure_makes_a_headline_two_do_not() {
        let slot = |text: &str| SentencePart::Slot(text.into());
        let ours = SentencePart::Ours("Pay ".into());
        assert_eq!(salient(&[ours.clone(), slot("1,200.00"), slot("Halden")]), Some("1,200.00"));
        assert_eq!(salient(&[ours.clone(), slot("12"), slot("14")]), None);
        assert_eq!(salient(&[ours, slot("12 a"), slot("1.2.3.4.5.6")]), None);
    }

    #[test]
    fn a_claimed_name_is_the_same_only_without_tricks() {
        assert!(same_name("claude-desktop", "Claude Desktop"));
        assert!(!same_name("claude-desktop", "Claude\u{200b} Desktop"));
        assert!(!same_name("claude", "cl\u{0430}ude"));
        assert!(!same_name("", ""));
    }

    #[test]
    fn classes_become_words() {
        assert_eq!(class("hidden_characters"), "Hidden characters");
        assert_eq!(class(""), "");
    }
}
