//! Texts made from sentences of `data/sentences.txt`, of both labels, for what the corpora lack: many languages, plain
//! requests to the assistant inside data, tools that praise themselves, orders to people, texts that quote attacks.

use super::model::Chance;
use crate::corpus::Row;
use std::collections::HashMap;

const SENTENCES: &str = include_str!("../../data/sentences.txt");
/// Texts are no deeper than this in each other.
const DEPTH: u8 = 8;

/// What is made: source, kind, label, the sentence, how many, and whether it is put into a harmless text.
const MADE: [(&str, &str, bool, &str, usize, Into); 43] = [
    ("made:attack", "tool_output", true, "attack", 1400, Into::Data),
    ("made:attack", "tool_output", true, "attack", 500, Into::Nothing),
    ("made:request", "tool_output", true, "request", 1500, Into::Data),
    ("made:request", "tool_output", true, "request", 400, Into::Short),
    ("made:attack", "tool_output", true, "attack", 500, Into::Short),
    ("made:steal", "tool_output", true, "steal", 400, Into::Data),
    ("made:languages", "tool_output", true, "language", 900, Into::Data),
    ("made:languages", "tool_output", true, "language", 300, Into::Nothing),
    ("made:people", "email", false, "person", 700, Into::Nothing),
    ("made:people", "email", false, "person", 300, Into::Data),
    ("made:manual", "web", false, "manual", 700, Into::Data),
    ("made:manual", "web", false, "manual", 300, Into::Nothing),
    ("made:dialog", "tool_output", false, "dialog", 500, Into::Nothing),
    ("made:dialog", "tool_output", false, "dialog", 200, Into::Data),
    ("made:status", "tool_output", false, "status", 700, Into::Nothing),
    ("made:status", "tool_output", false, "status", 300, Into::Data),
    ("made:log", "tool_output", false, "log", 300, Into::Data),
    ("made:log", "tool_output", false, "log", 150, Into::Short),
    ("made:quoted", "web", false, "quoted", 500, Into::Nothing),
    ("made:quoted", "web", false, "quoted", 250, Into::Data),
    ("made:plain", "web", false, "plain", 500, Into::Data),
    ("made:plain", "web", false, "plain", 300, Into::Nothing),
    ("made:poison", "tool_description", true, "poison", 900, Into::Nothing),
    ("made:steal", "tool_description", true, "steal", 500, Into::Description),
    ("made:prefer", "tool_description", true, "prefer", 300, Into::Description),
    ("made:hidden", "tool_description", true, "hidden", 900, Into::Nothing),
    ("made:overt", "tool_description", true, "overt", 600, Into::Nothing),
    ("made:skill", "tool_description", true, "skill", 400, Into::Description),
    ("made:good", "tool_description", false, "good", 700, Into::Nothing),
    ("made:modest", "tool_description", false, "modest", 1500, Into::Nothing),
    ("made:offence", "tool_description", true, "attack_tool", 2500, Into::Nothing),
    ("made:service", "tool_description", false, "service_tool", 2500, Into::Nothing),
    ("made:extra", "tool_description", true, "extra", 1500, Into::Nothing),
    ("made:fair", "tool_description", false, "fair", 1800, Into::Nothing),
    ("made:step", "tool_description", true, "skillstep", 600, Into::Nothing),
    ("made:step", "tool_description", true, "skillstep", 400, Into::Description),
    ("made:guide", "tool_description", false, "goodskill", 700, Into::Nothing),
    ("made:handover", "tool_output", true, "handover", 2500, Into::Nothing),
    ("made:handover", "tool_output", true, "hand", 700, Into::Data),
    ("made:memory", "tool_output", true, "memory", 700, Into::Nothing),
    ("made:memory", "tool_output", true, "memory", 700, Into::Short),
    ("made:report", "tool_output", false, "politereport", 1500, Into::Nothing),
    ("made:todo", "tool_output", false, "todo", 900, Into::Nothing),
];

/// Into what a made text is put.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Into {
    Nothing,
    /// A page, mail, file or answer of the corpus.
    Data,
    /// A few lines of one.
    Short,
    /// A tool's description.
    Description,
}

/// All that is made; the same each time.
pub(crate) fn made(corpus: &[Row]) -> Vec<Row> {
    let sentences = Sentences::read();
    let of = |kinds: &[&str]| -> Vec<&Row> {
        corpus.iter().filter(|r| r.label == "benign" && kinds.contains(&r.kind.as_str())).collect()
    };
    let data = of(&["tool_output", "web", "code", "email"]);
    let descriptions: Vec<&Row> = of(&["tool_description"]).into_iter().filter(|r| r.text.len() < 600).collect();
    let mut chance = Chance::new(29);
    let mut out = Vec::new();
    for (source, kind, positive, sentence, count, into) in MADE {
        for _ in 0..count {
            let made = sentences.one(sentence, &mut chance, 0);
            let text = match into {
                Into::Nothing => made,
                Into::Data => chance.of(&data).map_or(made.clone(), |r| placed(&made, &r.text, 1500, &mut chance)),
                Into::Short => chance.of(&data).map_or(made.clone(), |r| placed(&made, &r.text, 250, &mut chance)),
                Into::Description => {
                    chance.of(&descriptions).map_or(made.clone(), |r| behind(&made, &r.text, &mut chance))
                }
            };
            let label = if positive { "injection" } else { "benign" };
            out.push(Row { text, label: label.into(), kind: kind.into(), source: source.into() });
        }
    }
    out
}

/// A made text somewhere in a stretch of a harmless one, dressed as what may stand there.
fn placed(made: &str, host: &str, most: usize, chance: &mut Chance) -> String {
    let stretch = stretch(host, most, chance);
    let dressed = match chance.below(9) {
        0 => format!("<!-- {made} -->"),
        1 => format!("// {made}"),
        2 => format!("\"note\": \"{}\",", made.replace('"', "'")),
        3 => format!("# {made}"),
        4 => format!("> {made}"),
        5 => format!("({made})"),
        6 => format!("Review: {made}"),
        _ => made.to_owned(),
    };
    let (before, after) = match chance.below(4) {
        0 => ("", stretch),
        1 => (stretch, ""),
        _ => split(stretch, chance),
    };
    let between = ["\n", "\n", "\n\n", " "];
    let seam = chance.of(&between).copied().unwrap_or("\n");
    format!("{before}{seam}{dressed}{seam}{after}").trim().to_owned()
}

fn behind(made: &str, host: &str, chance: &mut Chance) -> String {
    match chance.below(3) {
        0 => format!("{made} {host}"),
        1 => format!("{host}\n{made}"),
        _ => format!("{host} {made}"),
    }
}

fn stretch<'a>(host: &'a str, most: usize, chance: &mut Chance) -> &'a str {
    if host.len() <= most {
        return host;
    }
    let start = floor(host, usize::try_from(chance.below((host.len() - most) as u64)).unwrap_or(0));
    &host[start..floor(host, start + most)]
}

/// At an end of a line or a word near a random place.
fn split<'a>(text: &'a str, chance: &mut Chance) -> (&'a str, &'a str) {
    let at = floor(text, usize::try_from(chance.below(text.len().max(1) as u64)).unwrap_or(0));
    let seam = text[at..].find('\n').or_else(|| text[at..].find(' ')).map_or(text.len(), |n| at + n);
    text.split_at(seam)
}

fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The sentences by name.
struct Sentences(HashMap<&'static str, Vec<String>>);

impl Sentences {
    fn read() -> Self {
        let lines = SENTENCES.lines().filter(|l| !l.starts_with('#'));
        let split = |(name, all): (&'static str, &'static str)| {
            // A bar that is meant is written with a stroke before it.
            let all = all.replace("\\|", "\u{1}");
            (name, all.split('|').map(|s| s.trim().replace('\u{1}', "|").replace("\\n", "\n")).collect())
        };
        Self(lines.filter_map(|l| l.split_once(" = ")).map(split).collect())
    }

    fn one(&self, name: &str, chance: &mut Chance, depth: u8) -> String {
        let Some(chosen) = self.0.get(name).and_then(|all| chance.of(all)) else { return String::new() };
        let (mut out, mut rest) = (String::new(), chosen.as_str());
        while let Some((before, inside, after)) = slot(rest) {
            out.push_str(before);
            if self.0.contains_key(inside) && depth < DEPTH {
                out.push_str(&self.one(inside, chance, depth + 1));
            } else {
                out.push_str(&rest[before.len()..rest.len() - after.len()]);
            }
            rest = after;
        }
        out.push_str(rest);
        if depth == 0 { finished(&out, chance) } else { out }
    }
}

fn slot(text: &str) -> Option<(&str, &str, &str)> {
    // The innermost braces: JSON has some of its own around them.
    let braces = || text.match_indices(['{', '}']);
    let (open, close) = braces().zip(braces().skip(1)).find(|((_, a), (_, b))| *a == "{" && *b == "}")?;
    let (open, close) = (open.0, close.0);
    Some((&text[..open], &text[open + 1..close], &text[close + 1..]))
}

/// A text as people write: mostly with a capital first, sometimes without, sometimes all in capitals.
fn finished(text: &str, chance: &mut Chance) -> String {
    let text = text.trim().replace(" .", ".").replace("..", ".").replace(" ,", ",");
    match chance.below(20) {
        0 => text.to_uppercase(),
        1..=3 => text.to_lowercase(),
        _ => {
            let mut chars = text.chars();
            chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_known_and_every_text_is_whole() {
        let sentences = Sentences::read();
        for (_, _, _, name, ..) in MADE {
            assert!(sentences.0.contains_key(name), "{name}");
        }
        let rows = made(&[]);
        assert_eq!(rows.len(), MADE.iter().map(|m| m.4).sum::<usize>());
        assert!(rows.iter().all(|r| !r.text.is_empty()));
    }

    #[test]
    fn the_same_texts_each_time() {
        let texts = |rows: Vec<Row>| rows.into_iter().map(|r| r.text).collect::<Vec<_>>();
        assert_eq!(texts(made(&[])), texts(made(&[])));
    }
}
