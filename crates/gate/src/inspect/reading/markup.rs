//! What markup keeps from view: comments, elements that are not shown, links that lead elsewhere, images that carry data
//! away.

use super::{Decoded, Notes};
use crate::inspect::Severity;
use memchr::{memchr2, memchr3, memmem};
use std::ops::Range;

/// Fewest letters of a hidden text worth reading by itself.
const FEWEST: usize = 12;
/// How far an element's text is followed.
const FAR: usize = 4096;

/// Looks through HTML and Markdown.
pub(super) fn look(text: &str, notes: &mut Notes) {
    let bytes = text.as_bytes();
    let (mut at, mut label, mut close) = (0, None, 0);
    while let Some(found) = memchr3(b'<', b'(', b'[', &bytes[at..]) {
        let start = at + found;
        at = start + 1;
        if bytes[start] == b'[' {
            label = Some(start);
        } else if bytes[start] == b'<' {
            if bytes[start..].starts_with(b"<!--") {
                // One without an end holds all that follows.
                let end = text[start + 4..].find("-->").map_or(text.len(), |p| start + 4 + p);
                aside(text, start + 4..end, "comment", notes);
                at = (end + 3).min(text.len());
            } else if let Some(end) = element(text, start, notes) {
                at = end;
            }
        } else if start > 0 && bytes[start - 1] == b']' {
            // Where the next parenthesis closes is looked for once, however many open before it.
            if close <= start {
                close = memchr2(b')', b'\n', &bytes[start..]).map_or(bytes.len(), |p| start + p);
            }
            if let Some(label) = label.take().filter(|l| start - l < 1024 && close - start < 4096) {
                link(text, label, start..close, notes);
            }
        }
    }
    comments(text, notes);
}

fn aside(text: &str, span: Range<usize>, how: &'static str, notes: &mut Notes) {
    let Some(hidden) = text.get(span.clone()) else { return };
    if hidden.chars().filter(|c| c.is_alphabetic()).take(FEWEST).count() == FEWEST {
        notes.add("hidden_markup", Severity::Info, &span, "Text that is not shown where this is rendered.");
        notes.decoded.push(Decoded { text: hidden.trim().to_owned(), span, how: vec![how] });
    }
}

/// `[//]: # (text)` and its kin: definitions of links that nobody refers to.
fn comments(text: &str, notes: &mut Notes) {
    if memmem::find(text.as_bytes(), b"]:").is_none() {
        return;
    }
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start();
        let comment = trimmed.strip_prefix('[').and_then(|l| l.split_once("]:")).filter(|(label, target)| {
            let target = target.trim_start();
            label.len() < 40 && (target.starts_with('#') || target.starts_with("<>")) && target.len() > 2
        });
        if let Some((_, said)) = comment {
            aside(text, at + line.len() - said.len()..at + line.len(), "comment", notes);
        }
        at += line.len();
    }
}

/// A tag that hides what it holds, or has texts in its attributes; where to go on.
fn element(text: &str, start: usize, notes: &mut Notes) -> Option<usize> {
    let rest = &text.as_bytes()[start + 1..text.len().min(start + 1 + FAR)];
    rest.first().filter(|b| b.is_ascii_alphabetic())?;
    let close = memchr2(b'>', b'<', rest).filter(|p| rest[*p] == b'>')?;
    let tag = text.get(start + 1..start + 1 + close)?;
    let inner = start + close + 2;
    // Nearly every tag is a bare name.
    let named = |name: &str| tag.get(..name.len()).is_some_and(|t| t.eq_ignore_ascii_case(name));
    let bare = tag.bytes().all(|b| !b.is_ascii_whitespace() && b != b'/' && b != b'=');
    if bare && !named("template") && !named("noscript") {
        return Some(inner);
    }
    let small = tag.to_ascii_lowercase();
    let lower: String = small.chars().filter(|c| !c.is_whitespace()).collect();
    for name in ["alt=\"", "aria-label=\"", "title=\"", "data-note=\""] {
        if let Some(from) = small.find(name).map(|p| p + name.len()).filter(|from| from + 40 <= tag.len()) {
            let length = tag.get(from..).and_then(|v| v.find('"')).unwrap_or(0);
            if length >= 40 {
                aside(text, start + 1 + from..start + 1 + from + length, "attribute", notes);
            }
        }
    }
    if !hides(tag, &lower) {
        return Some(inner);
    }
    let name: String = tag.chars().take_while(char::is_ascii_alphanumeric).collect();
    let far = (inner..=text.len().min(inner + FAR)).rev().find(|i| text.is_char_boundary(*i))?;
    let body = text.get(inner..far)?;
    let end = body.find(&format!("</{name}")).map_or(far, |p| inner + p);
    aside(text, inner..end, "hidden element", notes);
    Some(end.max(inner))
}

fn hides(tag: &str, lower: &str) -> bool {
    const STYLES: &[&str] = &[
        "display:none",
        "visibility:hidden",
        "font-size:0",
        "font-size:1px",
        "opacity:0;",
        "opacity:0\"",
        "opacity:0'",
        "left:-9999",
        "text-indent:-9999",
        "color:transparent",
        "height:0;",
        "height:0\"",
        "max-height:0",
        "clip:rect(0",
    ];
    let white = |style: &str| {
        let white = ["white", "#fff", "#ffffff", "rgb(255,255,255)"];
        let colour = |name: &str| white.iter().any(|w| style.contains(&format!("{name}:{w}")));
        // White letters on a page are not seen unless another ground is named.
        colour(";color")
            || colour("\"color")
            || (colour("'color")) && !style.contains("background")
            || colour("background")
    };
    let styled = lower.contains("style=") && (STYLES.iter().any(|s| lower.contains(s)) || white(lower));
    let word =
        |word: &str| tag.split(|c: char| c.is_whitespace() || c == '/').skip(1).any(|w| w.eq_ignore_ascii_case(word));
    styled || word("hidden") || lower.starts_with("template") || lower.starts_with("noscript")
}

/// `[shown](target)` and `![alt](target)`; `label` and `target` begin at their brackets.
fn link(text: &str, label: usize, target: Range<usize>, notes: &mut Notes) {
    let span = label..target.end;
    let Some(shown) = text.get(label + 1..target.start - 1) else { return };
    let Some(target) = text.get(target.start + 1..target.end) else { return };
    let target = target.split_whitespace().next().unwrap_or_default();
    let image = label > 0 && text.as_bytes()[label - 1] == b'!';
    if image && carries(target) {
        notes.add(
            "beacon",
            Severity::Caution,
            &span,
            "An image whose address carries data to its host as soon as it is shown.",
        );
    } else if !image && misleads(shown, target) {
        notes.add("misleading_link", Severity::Caution, &span, "A link that shows one address and leads to another.");
    }
}

/// Whether the address of an image waits to be filled in.
fn carries(target: &str) -> bool {
    let Some((_, query)) = target.split_once('?').filter(|_| target.contains("://")) else { return false };
    let hole = |open: char, close: char| {
        let mut parts = query.split(open).skip(1).filter_map(|p| p.split_once(close));
        parts.any(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ' | '.'))
        })
    };
    let spoken = ["BASE64", "SECRET", "CONVERSATION", "HISTORY"];
    hole('{', '}') || hole('<', '>') || hole('[', ']') || spoken.iter().any(|word| query.contains(word))
}

/// Whether a link shows an address of another site than the one it leads to.
pub(super) fn misleads(shown: &str, target: &str) -> bool {
    let (Some(shown), Some(target)) = (host(shown.trim()), host(target)) else { return false };
    let site = |host: &str| psl::domain_str(host).map(str::to_ascii_lowercase);
    match (site(&shown), site(&target)) {
        (Some(a), Some(b)) => a != b,
        _ => false,
    }
}

fn host(text: &str) -> Option<String> {
    let full = ["https://", "http://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let rest = full.or_else(|| text.starts_with("www.").then_some(text))?;
    let host = rest.split(['/', '?', '#', ':', ' ']).next()?.rsplit('@').next()?;
    (host.contains('.') && !host.contains(['{', '<', '$', '*'])).then(|| host.to_owned())
}
