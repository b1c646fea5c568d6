//! One walk over a text that finds where to look: starts of keys, names of secrets, labels of personal data.

use super::assigned::{Met, NAMES, PROVIDERS, Promise, drawn};
use super::codes::{self, Code, SAYINGS};
use super::issuers::{Check, Row, rows};
use super::labelled;
use super::labels::{LABELS, Label};
use super::manifest;
use super::places::{self, OPENINGS, Place};
use super::shape::Shape;
use super::{Datum, national};
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::ops::Range;
use std::sync::LazyLock;

/// How far past its start a key is looked for, in bytes; keeps the whole linear.
const REACH: usize = 16 * 1024;

/// How many names within one long value that is none are looked at.
const IN_JUNK: usize = 8;

/// What a word of the automaton leads to.
#[derive(Clone, Debug)]
enum Lead {
    Rows(Vec<usize>),
    Name(Promise),
    Place(Place),
    Label(Label),
    Code(Code),
    Manifest,
}

struct Issued {
    row: &'static Row,
    left: Option<Shape>,
    body: Shape,
    /// Whether the form has one length and a mark that no word begins with.
    exact: bool,
}

struct Tools {
    words: AhoCorasick,
    leads: Vec<Lead>,
    issued: Vec<Issued>,
}

static TOOLS: LazyLock<Option<Tools>> = LazyLock::new(build);

fn build() -> Option<Tools> {
    let mut words: Vec<&str> = Vec::new();
    let mut leads: Vec<Lead> = Vec::new();
    let mut issued = Vec::new();
    for (at, row) in rows().enumerate() {
        let left = if row.left.is_empty() { None } else { Some(Shape::parse(row.left)?) };
        let body = Shape::parse(row.body)?;
        let exact = body.is_exact() && row.starts.iter().all(|s| s.len() >= 3);
        issued.push(Issued { row, left, body, exact });
        for start in row.starts {
            match words.iter().position(|w| w == start) {
                Some(known) => {
                    if let Lead::Rows(rows) = &mut leads[known] {
                        rows.push(at);
                    }
                }
                None => {
                    words.push(start);
                    leads.push(Lead::Rows(vec![at]));
                }
            }
        }
    }
    let more = NAMES.iter().map(|(word, promise)| (*word, Lead::Name(*promise)));
    let more = more.chain(PROVIDERS.split_ascii_whitespace().map(|word| (word, Lead::Name(Promise::Hint))));
    let more = more.chain(OPENINGS.iter().map(|(word, place)| (*word, Lead::Place(*place))));
    let more = more.chain(SAYINGS.iter().flat_map(|(code, words)| words.iter().map(|word| (*word, Lead::Code(*code)))));
    let more = more.chain(manifest::OPENINGS.iter().map(|word| (*word, Lead::Manifest)));
    let states = national::KINDS.iter().enumerate();
    let states =
        states.flat_map(|(at, kind)| kind.labels.iter().map(move |word| (*word, Lead::Label(Label::National(at)))));
    let more = more
        .chain(states)
        .chain(LABELS.iter().flat_map(|(label, words)| words.iter().map(|word| (*word, Lead::Label(*label)))));
    for (word, lead) in more {
        words.push(word);
        leads.push(lead);
    }
    let words = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .kind(Some(AhoCorasickKind::DFA))
        .build(&words)
        .ok()?;
    Some(Tools { words, leads, issued })
}

/// Whether the tables could be compiled; a test holds that they can.
pub(super) fn usable() -> bool {
    TOOLS.is_some()
}

/// Adds what the words of `text` lead to.
pub(super) fn find(text: &str, out: &mut Vec<Datum>) {
    let Some(tools) = TOOLS.as_ref() else { return };
    // Where the last value that was given to a name ended: names inside a value start nothing. And where the last key
    // ended, which is looked at once.
    let (mut done, mut key) = (0, 0);
    // Where the last value that was none ended, and how many names in it were looked at.
    let mut junk = (0, 0);
    // Where the last manifest ended.
    let mut manifest = 0;
    // Up to where sayings were looked at.
    let mut said = 0;
    for hit in tools.words.find_overlapping_iter(text) {
        match &tools.leads[hit.pattern().as_usize()] {
            Lead::Rows(_) if hit.start() < key => {}
            Lead::Rows(rows) => {
                if let Some(found) = rows.iter().find_map(|at| issued(&tools.issued[*at], text, hit.range())) {
                    key = found.span.end;
                    out.push(found);
                }
            }
            Lead::Name(_) if hit.start() < done || hit.start() < junk.0 && junk.1 > IN_JUNK => {}
            Lead::Name(promise) => {
                let met = Met { text, word: hit.range(), promise: *promise };
                match met.secret() {
                    Some((Some(class), span)) => {
                        done = span.end;
                        out.push(Datum { class, span });
                    }
                    Some((None, span)) if span.end < junk.0 + 64 && span.len() > 32 => {
                        junk = (junk.0.max(span.end), junk.1 + 1);
                    }
                    Some((None, span)) => junk = (span.end, 0),
                    None => {}
                }
            }
            Lead::Place(Place::Armour) if hit.start() < key => {}
            Lead::Place(place) => {
                if let Some(found) = places::find(*place, text, hit.range()) {
                    key = if *place == Place::Armour { found.span.end } else { key };
                    out.push(found);
                }
            }
            // What stands right behind a saying was looked at with it.
            Lead::Code(_) if hit.start() < said => {}
            Lead::Code(code) => {
                let found = codes::find(*code, text, hit.range());
                said = found.as_ref().map_or(hit.end() + 16, |found| found.span.end);
                out.extend(found);
            }
            Lead::Manifest if hit.start() < manifest => {}
            Lead::Manifest => manifest = manifest::find(text, hit.range(), manifest, out),
            Lead::Label(label) => labelled::find(*label, text, hit.range(), out),
        }
    }
}

/// Whether something begins at `at`: no word runs into it but an escape of a string or of a URL.
fn begins(bytes: &[u8], at: usize) -> bool {
    let Some(last) = at.checked_sub(1).map(|i| bytes[i]) else { return true };
    let escape = at >= 2 && bytes[at - 2] == b'\\' && b"nrtu".contains(&last);
    let percent = at >= 3 && bytes[at - 3] == b'%' && bytes[at - 2].is_ascii_hexdigit() && last.is_ascii_hexdigit();
    !last.is_ascii_alphanumeric() || escape || percent
}

fn issued(kind: &Issued, text: &str, start: Range<usize>) -> Option<Datum> {
    let bytes = text.as_bytes();
    let row = kind.row;
    // What is written in signs stands anywhere; as it is written, or it is another word.
    if !row.starts.iter().any(|s| s.as_bytes() == &bytes[start.clone()]) {
        return None;
    }
    let from = match &kind.left {
        Some(left) => start.start - left.before(bytes, start.start)?,
        None => start.start,
    };
    if bytes[from].is_ascii_alphanumeric() && !begins(bytes, from) {
        return None;
    }
    let tail = &bytes[start.end..(start.end + REACH).min(bytes.len())];
    let value = kind.body.at(tail)?;
    let span =
        if kind.body.whole { from..start.end + value.end } else { start.end + value.start..start.end + value.end };
    let full = text.get(span.clone())?;
    let body = if kind.left.is_some() { full } else { text.get(start.end + value.start..span.end)? };
    let good = match row.check {
        Check::Jwt => jwt(full),
        check => {
            drawn(check, kind.exact, full, body) || row.class == "secret.github_token" && super::checks::github(full)
        }
    };
    good.then_some(Datum { class: row.class, span })
}

fn jwt(token: &str) -> bool {
    let head = token.split('.').next().unwrap_or_default();
    URL_SAFE_NO_PAD
        .decode(head.get(..head.len().min(400) / 4 * 4).filter(|_| head.len() > 400).unwrap_or(head))
        .is_ok_and(|json| json.starts_with(b"{") && json.windows(5).any(|w| w == b"\"alg\"" || w == b"\"typ\""))
}

#[cfg(test)]
mod tests {
    use super::super::shape::tests::Dice;
    use super::*;
    use std::collections::BTreeSet;

    /// Rows of which a shorter one is a key of another row, or of a longer form.
    fn found(text: &str) -> Vec<Datum> {
        let mut out = Vec::new();
        find(text, &mut out);
        out
    }

    #[test]
    fn every_row_finds_what_its_form_makes_and_no_near_miss() {
        let tools = TOOLS.as_ref().unwrap();
        let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
        let mut made = 0;
        for kind in tools.issued.iter().filter(|k| k.row.check != Check::Jwt) {
            for start in kind.row.starts {
                let left = kind.left.as_ref().map(|l| l.sample(&mut dice, false)).unwrap_or_default();
                let hits = (0..20)
                    .filter(|_| {
                        let body = kind.body.sample(&mut dice, false);
                        let text = format!("x = {left}{start}{body} y");
                        found(&text).iter().any(|d| d.class.starts_with("secret."))
                    })
                    .count();
                assert!(hits >= 17, "{} of 20 {start} {:?}", hits, kind.row);
                made += 1;
            }
        }
        assert!(made > 200, "{made}");
    }

    #[test]
    fn a_key_that_is_cut_or_runs_on_is_none() {
        let tools = TOOLS.as_ref().unwrap();
        let mut dice = Dice(0x1234_5678_9ABC_DEF1);
        for kind in tools.issued.iter().filter(|k| k.row.check != Check::Jwt && k.left.is_none() && k.body.least() > 12)
        {
            for start in kind.row.starts {
                let cut = format!("x = {start}{} y", kind.body.sample(&mut dice, true));
                let same = |d: &Datum| d.class == kind.row.class;
                let others = tools.issued.iter().filter(|k| k.row.class == kind.row.class).count();
                assert!(others > 1 || !found(&cut).iter().any(same), "{cut} {:?}", kind.row);
                let inside = format!("x = q{start}{} y", kind.body.sample(&mut dice, false));
                let signs = !start.as_bytes()[0].is_ascii_alphanumeric();
                assert!(signs || !found(&inside).iter().any(same), "{inside} {:?}", kind.row);
            }
        }
    }

    #[test]
    fn no_word_stands_twice_in_the_automaton() {
        let all: Vec<String> = rows().flat_map(|r| r.starts).map(|s| (*s).to_owned()).collect();
        let kinds: BTreeSet<&String> = all.iter().collect();
        assert!(kinds.len() > 200);
        assert!(usable());
    }
}
