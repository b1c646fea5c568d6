//! Letters written as other signs: Morse, Braille, letters on their head.

use super::{Decoded, foreign, language};
use std::ops::Range;

const MORSE: &[(&str, char)] = &[
    (".-", 'a'),
    ("-...", 'b'),
    ("-.-.", 'c'),
    ("-..", 'd'),
    (".", 'e'),
    ("..-.", 'f'),
    ("--.", 'g'),
    ("....", 'h'),
    ("..", 'i'),
    (".---", 'j'),
    ("-.-", 'k'),
    (".-..", 'l'),
    ("--", 'm'),
    ("-.", 'n'),
    ("---", 'o'),
    (".--.", 'p'),
    ("--.-", 'q'),
    (".-.", 'r'),
    ("...", 's'),
    ("-", 't'),
    ("..-", 'u'),
    ("...-", 'v'),
    (".--", 'w'),
    ("-..-", 'x'),
    ("-.--", 'y'),
    ("--..", 'z'),
    ("-----", '0'),
    (".----", '1'),
    ("..---", '2'),
    ("...--", '3'),
    ("....-", '4'),
    (".....", '5'),
    ("-....", '6'),
    ("--...", '7'),
    ("---..", '8'),
    ("----.", '9'),
    (".-.-.-", '.'),
    ("--..--", ','),
    ("..--..", '?'),
    ("---...", ':'),
    ("-....-", '-'),
    ("-..-.", '/'),
    (".--.-.", '@'),
];

/// Dots and dashes; where they end.
pub(super) fn morse(bytes: &[u8], start: usize, out: &mut Vec<Decoded>) -> usize {
    let length = bytes[start..].iter().take_while(|b| matches!(b, b'.' | b'-' | b' ' | b'/' | b'|' | b'\n')).count();
    let end = start + length;
    // Six letters of one sign each, with blanks between them.
    if length < 11 {
        return end;
    }
    let Ok(signs) = std::str::from_utf8(&bytes[start..end]) else { return end };
    let mut text = String::new();
    for word in signs.split(['/', '|', '\n']).flat_map(|w| w.split("   ")) {
        for sign in word.split_whitespace() {
            match MORSE.iter().find(|(code, _)| *code == sign) {
                Some((_, letter)) => text.push(*letter),
                None => return end,
            }
        }
        text.push(' ');
    }
    if text.trim().len() >= 6 && language::reads(text.trim()) {
        out.push(Decoded { text: text.trim().to_owned(), span: start..end, how: vec!["Morse code"] });
    }
    end.max(start + 1)
}

/// Patterns of Braille, which letters they are.
const BRAILLE: &str = "⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵";

/// Words in Braille, which a model reads like any other.
pub(super) fn braille(text: &str, out: &mut Vec<Decoded>) {
    let pattern = |c: char| matches!(c as u32, 0x2800..=0x28FF);
    let mut at = 0;
    while let Some(start) = text[at..].find(pattern).map(|p| at + p) {
        let length: usize = text[start..].chars().take_while(|c| pattern(*c) || *c == ' ').map(char::len_utf8).sum();
        let run = &text[start..start + length];
        at = start + length;
        let letter = |c: char| match BRAILLE.chars().position(|b| b == c) {
            Some(nth) => char::from(b'a' + nth as u8),
            None => ' ',
        };
        let plain: String = run.chars().map(letter).collect();
        if language::reads(plain.trim()) {
            out.push(Decoded { text: plain.trim().to_owned(), span: start..at, how: vec!["Braille"] });
        }
    }
}

/// Letters on their head, from a to z; where plain ones stand for others, the line is read from its end.
pub(super) const TURNED: &str = "ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz";

/// Lines that stand on their head.
pub(super) fn turned(text: &str, out: &mut Vec<Decoded>) {
    let upright = |c: char| match c {
        'ı' => 'i',
        c if c.is_ascii_alphabetic() || foreign::is_turned(c) => match TURNED.chars().position(|t| t == c) {
            Some(nth) => char::from(b'a' + nth as u8),
            None => c,
        },
        c => c,
    };
    let mut say = |span: Range<usize>| {
        if span.is_empty() {
            return;
        }
        let plain: String = text[span.clone()].trim().chars().rev().map(upright).collect();
        if language::reads(&plain) {
            out.push(Decoded { text: plain, span, how: vec!["upside down"] });
        }
    };
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        // Lines that follow each other are one text, which ends where it began.
        let few = line.is_ascii() || line.chars().filter(|c| foreign::is_turned(*c)).take(4).count() < 4;
        if few {
            say(start..at);
            start = at + line.len();
        }
        at += line.len();
    }
    say(start..at);
}
