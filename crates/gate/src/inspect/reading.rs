//! What a model would read, beside what the bytes say, with a map between the offsets of both.
//!
//! A text is looked over once (`survey`); what shows no signs is read as it stands. The rest goes through stages, each
//! of which rewrites it a little and keeps a map: sequences of terminals are taken out, escapes read, characters that are
//! not what is seen replaced, words put together. What is encoded is decoded beside it, and read again, to a bounded
//! depth. Every stage is linear in its text.

mod characters;
mod ciphers;
mod codes;
mod escapes;
mod foreign;
mod language;
mod letters;
mod map;
mod markup;
mod signs;
mod spacing;
mod survey;
mod terminal;
mod words;

#[cfg(test)]
mod tests;

use super::{Finding, Severity};
use map::{Map, Rewrite};
use std::borrow::Cow;
use std::ops::Range;
use survey::survey;

/// How deep codes within codes are followed.
const DEPTH: usize = 5;

/// What is said where they go deeper.
const LIMIT: &str = "reading_limit";

/// A text hidden in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// What it says, as it is read.
    pub text: String,
    /// Where its code stands in the original, in bytes.
    pub span: Range<usize>,
    /// How it was hidden, the outermost first.
    pub how: Vec<&'static str>,
}

/// A text as it is read.
#[derive(Clone, Debug)]
pub struct Reading<'t> {
    /// What a reader reads: nothing invisible, nothing in disguise.
    pub plain: Cow<'t, str>,
    /// What is odd about how it is written; spans are of the original.
    pub findings: Vec<Finding>,
    /// What is hidden in it.
    pub decoded: Vec<Decoded>,
    /// One map for each stage that changed something.
    maps: Vec<Map>,
}

impl Reading<'_> {
    /// Where in the original a part of `plain` stands, in bytes.
    pub fn original(&self, plain: &Range<usize>) -> Range<usize> {
        self.maps.iter().rev().fold(plain.clone(), |range, map| map.back(&range))
    }

    /// Where in `plain` a part of the original stands, in bytes.
    pub fn read(&self, original: &Range<usize>) -> Range<usize> {
        self.maps.iter().fold(original.clone(), |range, map| map.forth(&range))
    }

    /// Whether the text is read as it is written, with nothing to be said about it.
    pub fn is_plain(&self) -> bool {
        self.maps.is_empty() && self.decoded.is_empty() && self.findings.is_empty()
    }
}

/// Reads a text.
pub fn read(text: &str) -> Reading<'_> {
    let mut left = text.len() * 2 + 4096;
    within(text, DEPTH, &mut left)
}

/// What a stage has to say.
#[derive(Default)]
struct Notes {
    findings: Vec<Finding>,
    decoded: Vec<Decoded>,
}

impl Notes {
    /// Adds a finding; one near the last of its class is the same.
    fn add(&mut self, class: &'static str, severity: Severity, span: &Range<usize>, message: &str) {
        const NEAR: usize = 256;
        const MOST: usize = 32;
        let many = self.findings.len() >= MOST;
        let same = self.findings.iter_mut().rfind(|f| f.class == class);
        if let Some(Finding { span: Some(last), severity: worst, message: said, .. }) = same
            && (many || span.start.saturating_sub(last.end) < NEAR)
        {
            last.end = last.end.max(span.end);
            if severity > *worst {
                (*worst, *said) = (severity, message.to_owned());
            }
            return;
        }
        self.findings.push(Finding {
            class,
            severity,
            pointer: String::new(),
            span: Some(span.clone()),
            message: message.to_owned(),
        });
    }
}

fn within<'t>(text: &'t str, depth: usize, left: &mut usize) -> Reading<'t> {
    let mut signs = survey(text);
    let mut reading =
        Reading { plain: Cow::Borrowed(text), findings: Vec::new(), decoded: Vec::new(), maps: Vec::new() };
    if signs.none() {
        return reading;
    }
    if signs.control {
        reading.stage(terminal::strip);
    }
    // An escape may spell an escape.
    let mut rounds = if signs.escape { 3 } else { 0 };
    while rounds > 0 && reading.stage(escapes::unescape) {
        rounds -= 1;
    }
    if signs.foreign || !reading.maps.is_empty() && !reading.plain.is_ascii() {
        signs.single |= reading.foreign();
    }
    if !reading.maps.is_empty() {
        let apart = signs.single;
        signs = survey(&reading.plain);
        signs.single |= apart;
    }
    if signs.single && reading.stage(spacing::join) {
        signs = survey(&reading.plain);
    }
    reading.decode(&signs, depth, left);
    reading
}

type Stage = fn(&str, &mut Rewrite<'_>, &mut Notes);

impl Reading<'_> {
    /// The stages for what is not ASCII; whether letters stand apart in it.
    fn foreign(&mut self) -> bool {
        let mut seen = foreign::look(&self.plain);
        let mut written = Vec::new();
        if seen.braille {
            signs::braille(&self.plain, &mut written);
        }
        if seen.turned {
            signs::turned(&self.plain, &mut written);
        }
        self.take(Notes { findings: Vec::new(), decoded: written });
        let apart = seen.single;
        if seen.odd && self.stage(characters::read) {
            seen = foreign::look(&self.plain);
        }
        if seen.alike {
            self.stage(words::fold);
        }
        apart || seen.single
    }

    /// Runs one stage; whether it changed the text.
    fn stage(&mut self, stage: Stage) -> bool {
        let mut notes = Notes::default();
        let plain = std::mem::take(&mut self.plain);
        let mut rewrite = Rewrite::new(&plain);
        stage(&plain, &mut rewrite, &mut notes);
        let changed = rewrite.finish();
        self.take(notes);
        match changed {
            Some((text, map)) => {
                self.plain = Cow::Owned(text);
                self.maps.push(map);
                true
            }
            None => {
                self.plain = plain;
                false
            }
        }
    }

    /// Takes what a stage noted, in offsets of the original.
    fn take(&mut self, notes: Notes) {
        for mut finding in notes.findings {
            finding.span = finding.span.map(|span| self.original(&span));
            self.findings.push(finding);
        }
        for mut decoded in notes.decoded {
            decoded.span = self.original(&decoded.span);
            self.decoded.push(decoded);
        }
    }

    /// Decodes what has signs of a code, then reads what was found.
    fn decode(&mut self, signs: &survey::Signs, depth: usize, left: &mut usize) {
        let mut notes = Notes::default();
        let mut coded = Vec::new();
        if signs.markup {
            markup::look(&self.plain, &mut notes);
        }
        if !signs.mixed.is_empty() || !signs.numbers.is_empty() || !signs.gibberish.is_empty() {
            codes::tokens(&self.plain, &mut coded);
        }
        codes::lists(&self.plain, &signs.numbers, &mut coded);
        ciphers::leet(&self.plain, &signs.mixed, &mut notes);
        if depth + 2 > DEPTH {
            ciphers::solve(&self.plain, &signs.gibberish, &mut notes);
        }
        self.take(notes);
        let known = self.decoded.len();
        for mut decoded in coded {
            decoded.span = self.original(&decoded.span);
            self.decoded.push(decoded);
        }
        let found = std::mem::take(&mut self.decoded);
        for (nth, decoded) in found.into_iter().enumerate() {
            self.deeper(decoded, nth >= known, depth, left);
        }
    }

    /// Reads a decoded text. One that is only `coded` counts where it reads as language, or something in it does.
    fn deeper(&mut self, mut decoded: Decoded, coded: bool, depth: usize, left: &mut usize) {
        let over = decoded.text.len() > *left;
        if depth == 0 || over {
            if !self.findings.iter().any(|f| f.class == LIMIT) {
                self.findings.push(Finding {
                    class: LIMIT,
                    severity: Severity::Caution,
                    pointer: String::new(),
                    span: Some(decoded.span),
                    message: "Codes within codes, deeper than they are followed.".into(),
                });
            }
            return;
        }
        *left -= decoded.text.len();
        let inner = within(&decoded.text, depth - 1, left);
        let deep = inner.findings.iter().any(|f| f.class == LIMIT);
        if coded && inner.decoded.is_empty() && !deep && !language::reads(&inner.plain) {
            return;
        }
        if coded {
            let mut notes = Notes::default();
            codes::note(&decoded, &mut notes);
            self.join(notes.findings);
        }
        let (span, how) = (decoded.span.clone(), decoded.how.clone());
        let findings = inner.findings.into_iter().filter(|f| f.severity > Severity::Info);
        let findings: Vec<Finding> = findings.map(|f| Finding { span: Some(span.clone()), ..f }).collect();
        let deeper = inner.decoded;
        decoded.text = inner.plain.into_owned();
        self.keep(decoded);
        for inner in deeper {
            let how = how.iter().chain(&inner.how).copied().collect();
            self.keep(Decoded { text: inner.text, span: span.clone(), how });
        }
        self.join(findings);
    }

    /// Keeps a decoded text. One right behind another that was hidden alike goes on with it: a text may be cut in pieces.
    fn keep(&mut self, decoded: Decoded) {
        const NEAR: usize = 64;
        let goes_on = |last: &Decoded| {
            last.how == decoded.how && (last.span.end..last.span.end + NEAR).contains(&decoded.span.start)
        };
        match self.decoded.iter_mut().rev().take(3).find(|last| goes_on(last)) {
            Some(last) => {
                if !last.text.ends_with(char::is_whitespace) {
                    last.text.push(' ');
                }
                last.text.push_str(&decoded.text);
                last.span.end = decoded.span.end;
            }
            None => self.decoded.push(decoded),
        }
    }

    /// Adds findings; those of one class and near each other are one.
    fn join(&mut self, findings: Vec<Finding>) {
        let mut notes = Notes { findings: std::mem::take(&mut self.findings), decoded: Vec::new() };
        for finding in findings {
            let span = finding.span.clone().unwrap_or_default();
            notes.add(finding.class, finding.severity, &span, &finding.message);
        }
        self.findings = notes.findings;
    }
}
