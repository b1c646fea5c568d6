//! Text as the detector reads it: small letters without accents, plain punctuation, one space between words.

/// What a character is to the detector; `None` where it is nothing (accents that stand alone, invisible characters).
pub(super) fn fold(c: char) -> Option<char> {
    let folded = match c {
        'A'..='Z' => c.to_ascii_lowercase(),
        '\0'..='\u{1F}' | '\u{A0}' | '\u{3000}' => ' ',
        '`' => '\'',
        '\u{20}'..='\u{7F}' => c,
        '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' => {
            return None;
        }
        '\u{0300}'..='\u{036F}' | '\u{064B}'..='\u{065F}' | '\u{0640}' | '\u{FE00}'..='\u{FE0F}' => return None,
        '\u{C0}'..='\u{17F}' => latin(c),
        '\u{1E00}'..='\u{1EFF}' => vietnamese(c),
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).map_or(' ', |ascii| ascii.to_ascii_lowercase()),
        'ё' | 'Ё' => 'е',
        'أ' | 'إ' | 'آ' => 'ا',
        '。' | '।' | '｡' => '.',
        '、' | '،' => ',',
        '؟' | '¿' => '?',
        '¡' => '!',
        '«' | '»' | '„' | '“' | '”' | '「' | '」' | '『' | '』' => '"',
        '‘' | '’' | '‚' => '\'',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{2000}'..='\u{200A}' | '\u{2028}' | '\u{2029}' => ' ',
        '\u{2016}'..='\u{2BFF}' | '\u{E000}'..='\u{F8FF}' | '\u{1F000}'..='\u{1FAFF}' => ' ',
        '\u{400}'..='\u{52F}' | '\u{370}'..='\u{3FF}' => c.to_lowercase().next().unwrap_or(c),
        '\u{E0000}'..='\u{E0FFF}' => return None,
        _ => c,
    };
    Some(folded)
}

/// Latin letters with accents, from U+00C0 on, two to a letter.
fn latin(c: char) -> char {
    const BASE: &[u8] = b"aaaaaaaceeeeiiiidnooooo*ouuuuyts\
aaaaaaaceeeeiiiidnooooo/ouuuuyty\
aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllllllln\
nnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
    let at = c as usize - 0xC0;
    BASE.get(at).map_or(c, |base| char::from(*base))
}

fn vietnamese(c: char) -> char {
    match c as u32 {
        0x1EA0..=0x1EB7 => 'a',
        0x1EB8..=0x1EC7 => 'e',
        0x1EC8..=0x1ECB => 'i',
        0x1ECC..=0x1EE3 => 'o',
        0x1EE4..=0x1EF1 => 'u',
        0x1EF2..=0x1EF9 => 'y',
        _ => c,
    }
}

/// Whether a script that puts no spaces between words has this character.
pub(super) fn stands_alone(c: char) -> bool {
    matches!(c as u32, 0x0E00..=0x0E7F | 0x3040..=0x30FF | 0x3400..=0x9FFF | 0xAC00..=0xD7AF)
}

/// Appends `text` to `out`, folded, with single spaces.
pub(super) fn append(text: &str, out: &mut String) {
    // Most stretches are ASCII with single spaces, and only their capitals change.
    let mut last = b' ';
    let plain = text.bytes().all(|byte| {
        let stays = (b' '..0x80).contains(&byte) && byte != b'`' && (byte != b' ' || last != b' ');
        last = byte;
        stays
    });
    if plain {
        let start = out.len();
        out.push_str(text);
        out[start..].make_ascii_lowercase();
        return;
    }
    let mut spaced = true;
    for c in text.chars().filter_map(fold) {
        if c == ' ' {
            if !spaced {
                out.push(' ');
            }
            spaced = true;
        } else {
            out.push(c);
            spaced = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        let mut out = String::new();
        append(text, &mut out);
        out
    }

    #[test]
    fn writing_is_folded_to_one_shape() {
        assert_eq!(folded("Ｉｇｎｏｒｅ  Prev\u{200B}ious\nÜBER"), "ignore previous uber");
        assert_eq!(folded("żółć ĞÜŞİ ñ Bỏ qua đã"), "zolc gusi n bo qua da");
        assert_eq!(folded("ignorez «tout»。"), "ignorez \"tout\".");
        assert_eq!(folded("ŸŽſ"), "yzs");
        assert_eq!(folded("ЗАБУДЬ Ё"), "забудь е");
    }
}
