//! What tells a real number or key from one that only looks like it.

/// Whether the digits end in their Luhn digit: payment cards, Canadian and South African numbers.
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| match (i % 2, u32::from(*d)) {
            (0, d) => d,
            (_, d) if d > 4 => d * 2 - 9,
            (_, d) => d * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Whether the digits are a card of one of the networks: length and first digits as ISO/IEC 7812 gives them out.
pub(super) fn card(digits: &[u8]) -> bool {
    if !(13..=19).contains(&digits.len()) || digits.windows(2).all(|w| w[0] == w[1]) || !luhn(digits) {
        return false;
    }
    let first = digits.iter().take(4).fold(0u32, |n, d| n * 10 + u32::from(*d));
    match digits.len() {
        13 | 19 if first / 1000 == 4 => true,
        14 => matches!(first, 3000..=3059 | 3095 | 3600..=3699 | 3800..=3999),
        15 => matches!(first, 3400..=3499 | 3700..=3799 | 1800 | 2131 | 2014 | 2149),
        16 => matches!(first, 2200..=2720 | 3088..=3094 | 3096..=3102 | 3112..=3120 | 3158..=3159 | 3337..=3349
            | 3528..=3589 | 3600..=3699 | 4000..=5999 | 6011 | 6200..=6299 | 6304 | 6440..=6599 | 6759..=6763 | 8100..=8171),
        12..=19 => matches!(first, 5018 | 5020 | 5038 | 5893 | 6304 | 6759..=6763 | 6200..=6299 | 6011 | 6440..=6599),
        _ => false,
    }
}

/// How long an IBAN of a country is, by the register that SWIFT keeps.
const IBAN_LENGTHS: &str = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28EE20EG29ES24FI18FO18FR27\
    GB22GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19\
    MR27MT31MU30NL18NO15PK24PL28PS29PT25QA29RO24RS22SA24SC31SE24SI19SK24SM27ST25SV28TL23TN24TR26UA29VA22VG24XK20";

/// How long the IBANs of that country are.
pub(super) fn iban_length(country: &[u8]) -> Option<usize> {
    let row = IBAN_LENGTHS.as_bytes().chunks_exact(4).find(|row| row[..2].eq_ignore_ascii_case(country))?;
    Some(usize::from(row[2] - b'0') * 10 + usize::from(row[3] - b'0'))
}

/// Whether letters and digits leave 1 by ISO 7064 mod 97-10, the first four moved to the end.
pub(super) fn mod97(text: &[u8]) -> bool {
    let turned = text.iter().skip(4).chain(text.iter().take(4));
    let rest = turned.fold(0u32, |n, c| match c.to_ascii_uppercase() {
        d @ b'0'..=b'9' => (n * 10 + u32::from(d - b'0')) % 97,
        l @ b'A'..=b'Z' => (n * 100 + u32::from(l - b'A') + 10) % 97,
        _ => 97,
    });
    rest == 1
}

/// The sum of digits by weights.
fn weighed(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(d, w)| u32::from(*d) * w).sum()
}

/// The Verhoeff check of an Aadhaar number.
fn verhoeff(digits: &[u8]) -> bool {
    const TURN: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    // The dihedral group of ten: below five turns, above it flips.
    let join = |a: u8, b: u8| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + b - 5) % 5 + 5,
        (false, true) => (a - 5 + 5 - b) % 5 + 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let rest = digits.iter().rev().enumerate().fold(0, |c, (i, d)| {
        let turned = (0..i % 8).fold(*d, |d, _| TURN[usize::from(d % 10)]);
        join(c, turned)
    });
    rest == 0
}

/// Which country's number the digits are, of those that a label nearby allows.
pub(super) fn national(label: &str, digits: &[u8]) -> bool {
    let sum = |weights: &[u32]| weighed(digits, weights);
    let last = || u32::from(*digits.last().unwrap_or(&0));
    match (label, digits.len()) {
        ("nl", 9) => weighed(digits, &[9, 8, 7, 6, 5, 4, 3, 2]).wrapping_sub(last()).is_multiple_of(11),
        ("pl", 11) => (10 - sum(&[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10) % 10 == last(),
        ("se", 10) | ("ca", 9) | ("za", 13) => luhn(digits),
        ("se", 12) => luhn(&digits[2..]),
        ("au", 9) => sum(&[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11),
        ("in", 12) => digits[0] > 1 && verhoeff(digits),
        ("ch", 13) => {
            digits.starts_with(&[7, 5, 6]) && (10 - sum(&[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]) % 10) % 10 == last()
        }
        ("pt", 9) => (11 - sum(&[9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11 % 10 == last(),
        ("no", 11) => {
            (11 - sum(&[3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11) % 11 == u32::from(digits[9])
                && (11 - sum(&[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11 == last()
        }
        ("be", 11) => {
            let n = digits.iter().take(9).fold(0u64, |n, d| n * 10 + u64::from(*d));
            let end = u64::from(digits[9]) * 10 + u64::from(digits[10]);
            97 - n % 97 == end || 97 - (n + 2_000_000_000) % 97 == end
        }
        ("fr", 15) => {
            let n = digits.iter().take(13).fold(0u64, |n, d| n * 10 + u64::from(*d));
            97 - n % 97 == u64::from(digits[13]) * 10 + u64::from(digits[14])
        }
        ("de", 11) => {
            let rest = digits.iter().take(10).fold(10u32, |product, d| {
                let s = (u32::from(*d) + product) % 10;
                (if s == 0 { 10 } else { s }) * 2 % 11
            });
            (11 - rest) % 10 == last()
        }
        ("br", 11) => {
            let one = sum(&[10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10 % 11 % 10;
            let two = sum(&[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10 % 11 % 10;
            one == u32::from(digits[9]) && two == last() && digits.windows(2).any(|w| w[0] != w[1])
        }
        ("br", 14) => {
            let digit = |w: &[u32]| match sum(w) % 11 {
                0 | 1 => 0,
                rest => 11 - rest,
            };
            digit(&[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) == u32::from(digits[12])
                && digit(&[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) == last()
        }
        ("kr", 13) => (11 - sum(&[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11) % 10 == last(),
        ("dk", 10) => {
            (1..=31).contains(&(digits[0] * 10 + digits[1])) && (1..=12).contains(&(digits[2] * 10 + digits[3]))
        }
        _ => false,
    }
}

/// The entropy of the bytes of a text, in bits for each.
pub(super) fn entropy(text: &[u8]) -> f32 {
    let mut counts = [0u32; 256];
    for b in text {
        counts[usize::from(*b)] += 1;
    }
    let all = text.len() as f32;
    counts.iter().filter(|n| **n > 0).map(|n| *n as f32 / all).map(|p| -p * p.log2()).sum()
}

/// Whether a value says of itself that it stands for another one.
pub(super) fn placeholder(value: &str) -> bool {
    const WORDS: [&str; 22] = [
        "example",
        "your",
        "xxxx",
        "changeme",
        "change_me",
        "change-me",
        "placeholder",
        "redacted",
        "dummy",
        "process.env",
        "${",
        "{{",
        "$(",
        "%s",
        "insert",
        "todo",
        "****",
        "....",
        "<",
        "os.environ",
        "getenv",
        "env.",
    ];
    let low = value.to_ascii_lowercase();
    let flat = value.bytes().collect::<std::collections::BTreeSet<_>>().len();
    flat <= 2
        || WORDS.iter().any(|w| low.contains(w))
        || (value.starts_with('$') && value[1..].bytes().all(|b| b.is_ascii_uppercase() || b == b'_'))
        || matches!(
            low.as_str(),
            "string" | "password" | "secret" | "token" | "undefined" | "required" | "optional" | "boolean"
        )
}

/// Whether a GitHub token ends in the CRC-32 of its body in base 62, as GitHub's announcement of the format says.
pub(super) fn github(token: &str) -> bool {
    const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let Some((body, sum)) = token.get(4..34).zip(token.get(34..40)) else { return false };
    let crc = !body.bytes().fold(!0u32, |crc, b| {
        (0..8).fold(crc ^ u32::from(b), |c, _| (c >> 1) ^ (0xEDB8_8320 & (c & 1).wrapping_neg()))
    });
    sum.bytes().try_fold(0u64, |n, b| Some(n * 62 + DIGITS.iter().position(|d| *d == b)? as u64))
        == Some(u64::from(crc))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<u8> {
        text.bytes().filter(u8::is_ascii_digit).map(|b| b - b'0').collect()
    }

    #[test]
    fn numbers_are_told_from_near_misses_by_their_checks() {
        assert!(card(&digits("4111 1111 1111 1111")) && !card(&digits("4111 1111 1111 1112")));
        assert!(mod97(b"DE89370400440532013000") && !mod97(b"DE88370400440532013000"));
        assert_eq!(iban_length(b"NO"), Some(15));
        for (country, good) in [
            ("nl", "111222333"),
            ("pl", "44051401359"),
            ("br", "529.982.247-25"),
            ("br", "11.222.333/0001-81"),
            ("au", "123 456 782"),
            ("ca", "046 454 286"),
            ("in", "2341 2341 2346"),
            ("ch", "756.9217.0769.85"),
            ("de", "86095742719"),
            ("be", "85.07.30-033.28"),
        ] {
            let mut d = digits(good);
            assert!(national(country, &d), "{country} {good}");
            let end = d.len() - 1;
            d[end] = (d[end] + 1) % 10;
            assert!(!national(country, &d), "{country} {good} with another last digit");
        }
    }

    #[test]
    fn placeholders_are_known() {
        for text in ["<your-key>", "xxxxxxxx", "${API_KEY}", "$API_KEY", "my-example-key", "changeme"] {
            assert!(placeholder(text), "{text}");
        }
        assert!(!placeholder("k3J8sQ1mZp0"));
        assert!(!github("ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    }
}
