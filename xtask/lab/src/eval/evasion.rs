//! The same payload, plain and in disguise: how often each is flagged, and how often the disguise is read.

use super::{Split, Table, percent};
use gate::inspect::{self, Kind, unicode};
use std::fmt::Write;

type Disguise = fn(&str) -> String;

/// How many payloads, and how long they may be.
const PAYLOADS: usize = 150;
const LENGTHS: std::ops::Range<usize> = 30..400;

/// One row for each way of disguise.
pub(super) fn table(splits: &[Split]) -> Table {
    let fits = |r: &&super::Row| {
        r.is_injection()
            && r.source != "evasion"
            && r.kind != "user_prompt"
            && LENGTHS.contains(&r.text.len())
            && r.text.is_ascii()
    };
    let all: Vec<&str> = splits.iter().flat_map(|s| &s.rows).filter(fits).map(|r| r.text.as_str()).collect();
    let payloads: Vec<&str> = all.iter().step_by((all.len() / PAYLOADS).max(1)).copied().collect();
    let flagged = |text: &str| inspect::text(Kind::ToolOutput, text).flagged;
    let plain = payloads.iter().filter(|p| flagged(p)).count();
    let rows = DISGUISES.iter().map(|(name, disguise)| {
        let texts: Vec<(&str, String)> = payloads.iter().map(|p| (*p, disguise(p))).collect();
        let found = texts.iter().filter(|(_, text)| flagged(text)).count();
        let read = texts.iter().filter(|(payload, text)| says(text, payload)).count();
        let all = payloads.len();
        vec![(*name).into(), percent(plain, all), percent(found, all), percent(read, all)]
    });
    Table {
        title: "Disguises",
        note: "Payloads of the corpus, flagged as they stand and in disguise, and how often what is read of the disguise \
               holds the payload, letter for letter.",
        head: vec!["disguise", "flagged plain", "flagged disguised", "read"],
        rows: rows.collect(),
    }
}

/// Whether the letters of `payload` are read in `text`, plainly or decoded.
fn says(text: &str, payload: &str) -> bool {
    let bare =
        |t: &str| t.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect::<String>();
    let (reading, wanted) = (unicode::read(text), bare(payload));
    bare(&reading.plain).contains(&wanted) || reading.decoded.iter().any(|d| bare(&d.text).contains(&wanted))
}

const DISGUISES: &[(&str, Disguise)] = &[
    ("zero-width spaces", |t| each(t, |c| format!("{c}\u{200B}"))),
    ("soft hyphens", |t| each(t, |c| format!("{c}\u{AD}"))),
    ("tag characters", |t| format!("Done.{}", each(t, |c| moved(c, 0xE0000)))),
    ("variation selectors", |t| format!("Done.{}", each(t, |c| moved(c, 0xE0100 - 16)))),
    ("zero-width binary", |t| {
        each(t, |c| (0..8).rev().map(|b| if c as u32 >> b & 1 == 1 { '\u{200C}' } else { '\u{200B}' }).collect()) + "."
    }),
    ("Cyrillic letters", |t| swapped(t, "aceiopsxy", "асеіорѕху")),
    ("Greek letters", |t| swapped(t, "oviu", "ονιυ")),
    ("full width", |t| letters(t, 0xFF21, 0xFF41)),
    ("mathematical bold", |t| letters(t, 0x1D400, 0x1D41A)),
    ("circled", |t| letters(t, 0x24B6, 0x24D0)),
    ("squared", |t| letters(&t.to_uppercase(), 0x1F170, 0x1F170)),
    ("small capitals", |t| swapped(&t.to_lowercase(), ALPHABET, "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘqʀꜱᴛᴜᴠᴡxʏᴢ")),
    ("upside down", |t| swapped(&t.to_lowercase(), ALPHABET, "ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz").chars().rev().collect()),
    ("heaped marks", |t| each(t, |c| format!("{c}\u{0336}\u{0322}\u{035B}"))),
    ("spaced", |t| each(t, |c| format!("{c} "))),
    ("hyphenated", |t| {
        t.split(' ').map(|w| w.chars().map(String::from).collect::<Vec<_>>().join("-")).collect::<Vec<_>>().join(" ")
    }),
    ("digits for letters", |t| swapped(&t.to_lowercase(), "aeiost", "431057")),
    ("rot13", |t| turned(t, |n| (n + 13) % 26)),
    ("shifted by 3", |t| turned(t, |n| (n + 3) % 26)),
    ("mirrored alphabet", |t| turned(t, |n| 25 - n)),
    ("backwards", |t| t.chars().rev().collect()),
    ("words backwards", |t| t.split(' ').map(|w| w.chars().rev().collect::<String>()).collect::<Vec<_>>().join(" ")),
    ("base64", |t| format!("data: {}", base64(t.as_bytes()))),
    ("base64 twice", |t| base64(base64(t.as_bytes()).as_bytes())),
    ("hexadecimal", |t| each(t, |c| format!("{:02x}", c as u32))),
    ("hexadecimal list", |t| each(t, |c| format!("0x{:02x} ", c as u32))),
    ("decimal list", |t| each(t, |c| format!("{} ", c as u32))),
    ("binary", |t| each(t, |c| format!("{:08b} ", c as u32))),
    ("octal escapes", |t| each(t, |c| format!("\\{:03o}", c as u32))),
    ("HTML entities", |t| each(t, |c| format!("&#{};", c as u32))),
    ("percent", |t| each(t, |c| format!("%{:02X}", c as u32))),
    ("JSON escapes", |t| each(t, |c| format!("\\u{:04x}", c as u32))),
    ("quoted-printable", |t| each(t, |c| format!("={:02X}", c as u32))),
    ("HTML comment", |t| format!("All is well. <!-- {t} -->")),
    ("hidden element", |t| format!("All is well. <span style=\"display:none\">{t}</span>")),
    ("concealed in a terminal", |t| format!("All is well. \u{1b}[8m{t}\u{1b}[0m")),
    ("right-to-left override", |t| format!("\u{202E}{}\u{202C}", t.chars().rev().collect::<String>())),
];

const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz";

fn each(text: &str, by: impl Fn(char) -> String) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        // Writing into a string does not fail.
        let _ = write!(out, "{}", by(c));
        out
    })
}

fn moved(c: char, by: u32) -> String {
    char::from_u32(c as u32 + by).map(String::from).unwrap_or_default()
}

fn letters(text: &str, large: u32, small: u32) -> String {
    each(text, |c| match c {
        'A'..='Z' => moved(c, large - 'A' as u32),
        'a'..='z' => moved(c, small - 'a' as u32),
        _ => c.to_string(),
    })
}

fn swapped(text: &str, from: &str, to: &str) -> String {
    each(text, |c| from.chars().position(|f| f == c).and_then(|at| to.chars().nth(at)).unwrap_or(c).to_string())
}

fn turned(text: &str, by: impl Fn(u32) -> u32) -> String {
    let one = |c: char, base: char| char::from_u32(base as u32 + by(c as u32 - base as u32)).unwrap_or(c).to_string();
    each(text, |c| match c {
        'A'..='Z' => one(c, 'A'),
        'a'..='z' => one(c, 'a'),
        _ => c.to_string(),
    })
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes.chunks(3).fold(String::new(), |mut out, chunk| {
        let whole = chunk.iter().chain([&0, &0]).take(3).fold(0usize, |n, b| n << 8 | usize::from(*b));
        for at in 0..4 {
            out.push(if at <= chunk.len() { char::from(LETTERS[whole >> (18 - 6 * at) & 63]) } else { '=' });
        }
        out
    })
}
