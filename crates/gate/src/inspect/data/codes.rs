//! What is handed to a person to sign in with, and to nobody else: one-time codes, recovery codes, and the words that
//! open a wallet (BIP 39). Nothing in such a code tells it apart, so only what is said beside it counts.

use super::Datum;
use std::ops::Range;

/// What a saying announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// A code that is good once, behind the saying or before it.
    Once,
    /// A list of codes for whoever lost the other way in.
    Recovery,
    /// Twelve words or more.
    Seed,
}

/// Sayings, in small letters; what is not ASCII stands as it is written most.
pub(super) const SAYINGS: &[(Code, &[&str])] = &[
    (
        Code::Once,
        &[
            "verification code",
            "verification pin",
            "one-time code",
            "one time code",
            "one-time pass",
            "one time pass",
            "onetime pass",
            "one-time pin",
            "single-use code",
            "security code",
            "login code",
            "log-in code",
            "sign-in code",
            "signin code",
            "sign in code",
            "authentication code",
            "confirmation code",
            "validation code",
            "activation code",
            "reset code",
            "2fa code",
            "mfa code",
            "otp",
            "your code is",
            "enter this code",
            "enter the code",
            "use this code",
            "the following code",
            "bestätigungscode",
            "sicherheitscode",
            "einmalcode",
            "einmalpasswort",
            "verifizierungscode",
            "anmeldecode",
            "code de vérification",
            "code de sécurité",
            "code de confirmation",
            "code à usage unique",
            "código de verificación",
            "código de seguridad",
            "código de confirmación",
            "código de verificação",
            "código de segurança",
            "codice di verifica",
            "codice di sicurezza",
            "verificatiecode",
            "kod weryfikacyjny",
            "doğrulama kodu",
            "verifieringskod",
            "engångskod",
            "код подтверждения",
            "код безопасности",
            "проверочный код",
            "验证码",
            "驗證碼",
            "校验码",
            "認証コード",
            "確認コード",
            "인증번호",
            "인증 코드",
            "رمز التحقق",
        ],
    ),
    (
        Code::Recovery,
        &[
            "recovery code",
            "recovery_code",
            "backup code",
            "backup_code",
            "rescue code",
            "scratch code",
            "wiederherstellungscode",
            "codes de secours",
            "codes de récupération",
            "códigos de recuperación",
            "códigos de respaldo",
        ],
    ),
    (
        Code::Seed,
        &[
            "seed phrase",
            "seed_phrase",
            "recovery phrase",
            "recovery_phrase",
            "secret phrase",
            "backup phrase",
            "mnemonic",
            "recovery words",
            "wallet words",
        ],
    ),
];

/// How far from its saying a code stands, in bytes, and how many words may lie between.
const NEAR: usize = 72;
const BETWEEN: usize = 7;

/// How much of a list of codes or words is read, in bytes.
const LIST: usize = 1024;

/// Words between a saying and a number that make the number something else.
const OTHERWISE: [&str; 18] = [
    "error", "ending", "ends", "line", "version", "status", "port", "phone", "number", "length", "digit", "digits",
    "year", "rfc", "http", "expired", "invalid", "phones",
];

/// Words behind a number that make it a measure.
const UNITS: [&str; 12] = [
    "second",
    "seconds",
    "minute",
    "minutes",
    "hour",
    "hours",
    "day",
    "days",
    "digit",
    "digits",
    "characters",
    "times",
];

/// What the saying at `hit` announces.
pub(super) fn find(code: Code, text: &str, hit: Range<usize>) -> Option<Datum> {
    let bytes = text.as_bytes();
    let runs_in = |b: &u8| b.is_ascii_alphanumeric();
    let compound = bytes[..hit.start].last().is_some_and(runs_in) && bytes[hit.start].is_ascii();
    let otp = hit.len() == 3 && bytes[hit.start].is_ascii();
    if compound || otp && bytes.get(hit.end).is_some_and(runs_in) {
        return None;
    }
    let (class, span) = match code {
        // Most sayings have no number near them.
        Code::Once if !near(bytes, &hit).any(|pair| pair.iter().all(u8::is_ascii_digit)) => return None,
        Code::Once => {
            let span = behind(text, hit.end).or_else(|| before(text, hit.start));
            ("secret.one_time_code", span?)
        }
        Code::Recovery => ("secret.recovery_code", recovery(text, hit.end)?),
        Code::Seed => ("secret.seed_phrase", seed(text, hit.end)?),
    };
    Some(Datum { class, span })
}

/// The bytes around a saying, two by two: every code has two digits side by side.
fn near<'t>(bytes: &'t [u8], hit: &Range<usize>) -> impl Iterator<Item = &'t [u8]> {
    bytes[hit.start.saturating_sub(NEAR)..(hit.end + NEAR + 16).min(bytes.len())].windows(2)
}

fn ahead(text: &str, at: usize, most: usize) -> &str {
    text.get(at..text.floor_char_boundary((at + most).min(text.len()))).unwrap_or_default()
}

/// The first code behind a saying.
fn behind(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = ahead(text, at, NEAR + 16);
    let (mut words, mut from) = (0, 0);
    for (start, token) in tokens(rest) {
        if start > NEAR || words > BETWEEN || rest[from..start].contains(". ") && words > 0 && !said(&rest[from..start])
        {
            return None;
        }
        if let Some(length) = one_time(rest, start) {
            return (!measured(&rest[start + length..])).then_some(at + start..at + start + length);
        }
        if OTHERWISE.iter().any(|word| token.eq_ignore_ascii_case(word)) {
            return None;
        }
        (words, from) = (words + 1, start + token.len());
    }
    None
}

/// Whether a gap ends a sentence that leads to a code: `… code. Enter: `.
fn said(gap: &str) -> bool {
    gap.contains(':') || gap.contains('\n')
}

/// `482913 is your verification code`, `482913 – your …`.
fn before(text: &str, at: usize) -> Option<Range<usize>> {
    let from = text.ceil_char_boundary(at.saturating_sub(NEAR));
    let rest = text.get(from..at)?;
    // A code stands at the start of what was said, or the words before it would lead to it.
    let (start, length) = tokens(rest).filter_map(|(start, _)| Some((start, one_time(rest, start)?))).last()?;
    let gap = rest.get(start + length..)?.trim_start();
    let verb = ["is ", "ist ", "est ", "es ", "é ", "è ", "är ", "— ", "– ", "- "].iter().any(|w| gap.starts_with(w));
    let script = gap.starts_with("是") || gap.starts_with("は");
    let few = gap.split_whitespace().count() <= 5 && !gap.contains(['.', '\n', ';']);
    ((verb || script) && few).then_some(from + start..from + start + length)
}

/// Runs of letters and digits, and where each begins. What is written without spaces parts them.
fn tokens(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let runs = |c: char| c.is_alphanumeric() && (c as u32) < 0x2E80;
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text.get(at..)?.find(runs)?;
        let rest = &text[start..];
        let end = start + rest.find(|c: char| !runs(c)).unwrap_or(rest.len());
        at = end;
        Some((start, &text[start..end]))
    })
}

/// The length of the code that begins at `at`: four to eight digits, perhaps in two halves or behind a letter, or
/// capitals and digits.
fn one_time(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let rest = &bytes[at..];
    let prefix = if matches!(rest, [b'A'..=b'Z', b'-', b'0'..=b'9', ..]) { 2 } else { 0 };
    let run = |from: usize| rest[from.min(rest.len())..].iter().take(12).take_while(|b| b.is_ascii_digit()).count();
    let first = run(prefix);
    let half = prefix + first;
    let second = match rest.get(half) {
        Some(b' ' | b'-') if matches!(first, 3 | 4) => run(half + 1),
        _ => 0,
    };
    let length = match (first, second) {
        (3, 3) | (4, 4) => half + 1 + second,
        (4..=8, _) => half,
        _ => capitals(rest)?,
    };
    let lead = at.checked_sub(1).map(|i| bytes[i]);
    let next = rest.get(length);
    let runs = |b: &u8| b.is_ascii_alphanumeric() || b"_/%@=".contains(b) || *b >= 0x80 && !stops(&rest[length..]);
    // `1.482913`, `10:4829`, `$4829`; and what goes on: `4829.50`, `2024-11-02`.
    let amount = lead.is_some_and(|b| b"$.,/#+-_&@%".contains(&b));
    let goes_on = match rest.get(length..) {
        Some([b'.' | b',' | b'-' | b':', digit, ..]) => digit.is_ascii_digit(),
        _ => false,
    };
    (!amount && !goes_on && !next.is_some_and(runs)).then_some(length)
}

/// Whether what is not ASCII ends a code: signs, and scripts that leave no spaces.
fn stops(rest: &[u8]) -> bool {
    let text = std::str::from_utf8(rest.get(..rest.len().min(4)).unwrap_or_default());
    let text = text.or_else(|fault| std::str::from_utf8(&rest[..fault.valid_up_to()])).unwrap_or_default();
    text.chars().next().is_some_and(|c| !c.is_alphabetic() || c as u32 >= 0x3000)
}

/// `X7K92P`, `AB12-CD34`: capitals with digits among them; digits at the end alone are a voucher's, as in `SAVE20`.
fn capitals(rest: &[u8]) -> Option<usize> {
    let length =
        rest.iter().take(16).take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || **b == b'-').count();
    let body = rest[..length].iter().filter(|b| **b != b'-').count();
    let digits = rest[..length].iter().filter(|b| b.is_ascii_digit()).count();
    let among = rest[..length].iter().filter(|b| **b != b'-').is_sorted_by_key(|b| b.is_ascii_digit());
    let pair = rest[..length].windows(2).any(|pair| pair.iter().all(u8::is_ascii_digit));
    ((5..=10).contains(&body) && digits >= 2 && pair && !among && rest[length - 1] != b'-').then_some(length)
}

fn measured(rest: &str) -> bool {
    let word = rest.trim_start_matches([' ', '-']).split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    UNITS.iter().any(|unit| word.eq_ignore_ascii_case(unit))
}

/// A list of codes, from the first to the last.
fn recovery(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = ahead(text, at, LIST);
    let (mut span, mut count, mut idle): (Option<Range<usize>>, usize, usize) = (None, 0, 0);
    for (start, word) in pieces(rest) {
        if drawn(word) {
            span = Some(span.map_or(start, |s| s.start)..start + word.len());
            (count, idle) = (count + 1, 0);
        } else if word.len() > 2 || !word.bytes().all(|b| b.is_ascii_digit()) {
            // Numbers of lines may stand between, words only before.
            idle += 1;
        }
        if span.is_some() && idle > 0 || idle > 24 {
            break;
        }
    }
    let span = span?;
    let alone = count == 1 && rest[..span.start].trim_end().ends_with([':', '=', '"', '`']);
    (count >= 2 || alone).then_some(at + span.start..at + span.end)
}

/// Words as lists part them; hyphens hold one together.
fn pieces(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let start = text.as_ptr() as usize;
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .map(|w| w.trim_matches('-'))
        .filter(|w| !w.is_empty())
        .map(move |w| (w.as_ptr() as usize - start, w))
}

/// Whether a word looks like one of a list of codes: eight letters and digits or more, mixed, perhaps in parts.
fn drawn(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
    let even = word.split('-').all(|part| (3..=12).contains(&part.len()));
    let date = word.len() == 10 && letters == 0 && word.contains('-');
    (8..=40).contains(&(digits + letters)) && digits >= 2 && even && !date
}

/// Words that prose can't do without, and that are not among the 2,048 of BIP 39.
const PROSE: [&str; 16] = [
    "the", "and", "for", "your", "are", "but", "was", "has", "our", "its", "not", "any", "these", "which", "from",
    "their",
];

/// Twelve to twenty-four words one after the other, as BIP 39 has them.
fn seed(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = ahead(text, at, LIST);
    let (mut run, mut last): (Vec<(usize, &str)>, usize) = (Vec::new(), 0);
    for (start, word) in pieces(rest) {
        let number = word.len() <= 2 && word.bytes().all(|b| b.is_ascii_digit());
        let fits =
            (3..=8).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase()) && !PROSE.contains(&word);
        let gap = &rest[last..start];
        let apart = !run.is_empty() && (gap.contains(['?', '!', '(', '}']) || gap.len() > 12);
        last = start + word.len();
        if number {
            continue;
        }
        if !fits || apart {
            if run.len() >= 12 {
                break;
            }
            run.clear();
            if start > 160 && !fits {
                return None;
            }
        }
        if fits {
            run.push((start, word));
        }
        if run.len() == 24 {
            break;
        }
    }
    let lead = &rest[..run.first()?.0];
    let led = lead.contains([':', '=', '"', '`', '\n', '>']) || lead.trim_end().ends_with(" is");
    let kinds: std::collections::BTreeSet<&str> = run.iter().map(|(_, word)| *word).collect();
    let (first, end) = (run.first()?.0, run.last().map(|(start, word)| start + word.len())?);
    (led && run.len() >= 12 && kinds.len() + 2 >= run.len()).then_some(at + first..at + end)
}

#[cfg(test)]
mod tests {
    use super::super::find;

    fn seen(text: &str) -> Option<(&'static str, String)> {
        let found = find(text).into_iter().find(|d| d.class.ends_with("_code") || d.class.ends_with("_phrase"));
        found.map(|d| (d.class, text[d.span].to_owned()))
    }

    #[test]
    fn one_time_codes_are_found_by_what_is_said_of_them() {
        for (text, code) in [
            ("Your verification code is 482913.", "482913"),
            ("Your verification code: 482 913", "482 913"),
            ("G-482913 is your Google verification code.", "G-482913"),
            ("482913 is your login code", "482913"),
            ("Use this code to sign in:\n\n  4829-1371\n\nIt expires in 10 minutes.", "4829-1371"),
            ("{\"otp\": \"482913\"}", "482913"),
            ("OTP 7731", "7731"),
            ("Enter this code on the sign-in page: X7K92P", "X7K92P"),
            ("Ihr Bestätigungscode lautet 482913", "482913"),
            ("Votre code de vérification est : 482913", "482913"),
            ("【某某】您的验证码是482913，5分钟内有效", "482913"),
            ("認証コード：482913", "482913"),
            ("<b>Security code</b><br>482913<br>", "482913"),
        ] {
            assert_eq!(seen(text), Some(("secret.one_time_code", code.to_owned())), "{text}");
        }
    }

    #[test]
    fn numbers_that_are_no_code_are_left_alone() {
        for text in [
            "The verification code expires in 3600 seconds.",
            "We sent a verification code to the number ending in 4821.",
            "invalid verification code (error 40012)",
            "Security codes were rotated on 2026-11-02.",
            "The one-time code of RFC 6238, section 4.1",
            "otp_length = 6000",
            "let otp = totp.now(); assert_eq!(otp.len(), 6);",
            "laptop 4821",
            "Use this code for 20 % off: SAVE2024",
            "Enter this code that reads 4821.50 from the file",
            "In 2024 a security code was found to be weak by 3 people",
        ] {
            assert_eq!(seen(text), None, "{text}");
        }
    }

    #[test]
    fn recovery_codes_are_found_as_one_list() {
        let list = "a1b2c-d3e4f\n 2. g5h6i-j7k8l\n 3. m9n0p-q1r2s";
        let text = format!("Your recovery codes. Keep them safe:\n 1. {list}\nBye");
        assert_eq!(seen(&text), Some(("secret.recovery_code", list.to_owned())));
        assert_eq!(
            seen("Backup codes: 48291371, 58213904"),
            Some(("secret.recovery_code", "48291371, 58213904".into()))
        );
        assert_eq!(seen("Recovery codes are described in RFC 6238 and on page 12345678 of it."), None);
    }

    #[test]
    fn the_words_of_a_wallet_are_found() {
        let words = "witch collapse practice feed shame open despair creek road again ice least";
        let whole = Some(("secret.seed_phrase", words.to_owned()));
        assert_eq!(seen(&format!("Seed phrase: {words}")), whole);
        assert_eq!(seen(&format!("Your secret recovery phrase is\n{words}\nNever share it.")), whole);
        let numbered: Vec<String> = words.split(' ').zip(1..).map(|(word, n)| format!("{n}. {word}")).collect();
        let text = format!("mnemonic\n{}", numbered.join("\n"));
        assert!(seen(&text).is_some_and(|(class, _)| class == "secret.seed_phrase"), "{text}");
        for text in [
            "A seed phrase is a list of words that store all the information needed to recover funds on chain.",
            "mnemonic devices help pupils learn long lists, because people recall rhymes better than bare facts do",
        ] {
            assert_eq!(seen(text), None, "{text}");
        }
    }
}
