//! Foreign text made visible: what an attacker wrote is never markup, never moves the cursor, never hides.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// A stretch of foreign text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Ordinary characters, shown as they are.
    Plain(String),
    /// Characters that have no ink, change direction, or command a terminal, shown as a chip such as `U+202E RLO`.
    Hidden {
        /// The label for the chip, without brackets: `U+202E RLO`, or `38 tag characters` for a run.
        label: String,
        /// What the run spells where it spells something (tag characters), else empty.
        spells: String,
    },
}

/// Splits foreign text into what is shown as it is and what is shown as chips. Newlines and tabs stay plain.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut plain = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if !is_hidden(c) {
            plain.push(c);
            continue;
        }
        if !plain.is_empty() {
            out.push(Piece::Plain(std::mem::take(&mut plain)));
        }
        let mut run = vec![c];
        while let Some(&next) = chars.peek() {
            if !is_hidden(next) || kind(next) != kind(c) {
                break;
            }
            run.push(next);
            chars.next();
        }
        if run.len() <= 3 {
            out.extend(run.iter().map(|c| Piece::Hidden { label: label(*c), spells: String::new() }));
        } else {
            let spells = run.iter().filter_map(|c| tag_letter(*c)).collect();
            out.push(Piece::Hidden { label: format!("{} {}", run.len(), kind(c)), spells });
        }
    }
    if !plain.is_empty() {
        out.push(Piece::Plain(plain));
    }
    out
}

/// Foreign text for a terminal or a log line: one line, control characters and hidden ones as `[U+001B ESC]`,
/// newlines and tabs as `\n` and `\t`.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) => {
                out.push('[');
                out.push_str(&label(c));
                out.push(']');
            }
            c => out.push(c),
        }
    }
    out
}

/// Whether a character is one a person would not see, or that changes how others are seen.
pub fn is_hidden(c: char) -> bool {
    if matches!(c, '\n' | '\t') || c.is_ascii_graphic() || c == ' ' {
        return false;
    }
    // Spaces that look like a plain space, fillers that look like nothing.
    if matches!(
        c,
        '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' | '\u{2800}' | '\u{034F}' | '\u{17B4}' | '\u{17B5}'
    ) {
        return true;
    }
    if matches!(c as u32, 0xFE00..=0xFE0E | 0x180B..=0x180F | 0xE0000..=0xE0FFF) {
        return true;
    }
    matches!(
        c.general_category(),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::Surrogate
            | GeneralCategory::PrivateUse
            | GeneralCategory::Unassigned
    ) || (c.general_category() == GeneralCategory::SpaceSeparator && c != ' ')
}

fn kind(c: char) -> &'static str {
    match c as u32 {
        0xE0000..=0xE007F => "tag characters",
        0xFE00..=0xFE0F | 0xE0100..=0xE01EF => "variation selectors",
        0x202A..=0x202E | 0x2066..=0x2069 | 0x200E | 0x200F | 0x061C => "direction marks",
        0x0..=0x1F | 0x7F..=0x9F => "control characters",
        _ => "hidden characters",
    }
}

fn tag_letter(c: char) -> Option<char> {
    char::from_u32((c as u32).checked_sub(0xE0000)?).filter(|c| c.is_ascii_graphic() || *c == ' ')
}

fn label(c: char) -> String {
    let name = match c as u32 {
        0x00 => "NUL",
        0x07 => "BEL",
        0x08 => "BS",
        0x0B => "VT",
        0x0C => "FF",
        0x0D => "CR",
        0x1B => "ESC",
        0x7F => "DEL",
        0x85 => "NEL",
        0x9B => "CSI",
        0x9D => "OSC",
        0xA0 => "NBSP",
        0xAD => "SHY",
        0x061C => "ALM",
        0x200B => "ZWSP",
        0x200C => "ZWNJ",
        0x200D => "ZWJ",
        0x200E => "LRM",
        0x200F => "RLM",
        0x2028 => "LS",
        0x2029 => "PS",
        0x202A => "LRE",
        0x202B => "RLE",
        0x202C => "PDF",
        0x202D => "LRO",
        0x202E => "RLO",
        0x2060 => "WJ",
        0x2066 => "LRI",
        0x2067 => "RLI",
        0x2068 => "FSI",
        0x2069 => "PDI",
        0xFEFF => "BOM",
        0xE0000..=0xE007F => "TAG",
        0xFE00..=0xFE0F | 0xE0100..=0xE01EF => "VS",
        _ => "",
    };
    if name.is_empty() { format!("U+{:04X}", c as u32) } else { format!("U+{:04X} {name}", c as u32) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_in_any_script_stays_as_it_is() {
        for text in ["Grüße, 東京, שלום, नमस्ते", "a\tb\nc", "emoji 👍🏽 ❤\u{FE0F}"] {
            assert_eq!(pieces(text), vec![Piece::Plain(text.into())], "{text:?}");
        }
    }

    #[test]
    fn direction_overrides_and_escapes_become_chips() {
        assert_eq!(escaped("a\u{202E}b\u{1b}[31m\nc"), "a[U+202E RLO]b[U+001B ESC][31m\\nc");
        let shown = pieces("x\u{202E}y");
        assert_eq!(shown[1], Piece::Hidden { label: "U+202E RLO".into(), spells: String::new() });
    }

    #[test]
    fn a_run_of_tag_characters_is_counted_and_spelled_out() {
        let smuggled: String = "send it".chars().filter_map(|c| char::from_u32(0xE0000 + c as u32)).collect();
        let shown = pieces(&format!("hi{smuggled}"));
        assert_eq!(shown[1], Piece::Hidden { label: "7 tag characters".into(), spells: "send it".into() });
    }

    #[test]
    fn nothing_hidden_survives_escaping() {
        for c in (0..=0x10FFFFu32).filter_map(char::from_u32).filter(|c| is_hidden(*c)) {
            assert!(!escaped(&c.to_string()).chars().any(is_hidden), "{:x}", c as u32);
        }
    }
}
