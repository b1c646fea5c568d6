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

/// Whether the digits are a card of one of the networks: length and first digits as ISO/IEC 7812 gives them out. Where a
/// label says that it is a card, the check digit and the length do.
pub(super) fn card(digits: &[u8], labelled: bool) -> bool {
    if !(12..=19).contains(&digits.len()) || digits.windows(2).all(|w| w[0] == w[1]) || !luhn(digits) {
        return false;
    }
    let first = digits.iter().take(4).fold(0u32, |n, d| n * 10 + u32::from(*d));
    let maestro = matches!(first, 604 | 5018 | 5020 | 5038 | 5600..=5899 | 6304 | 6390 | 6759 | 6761..=6763);
    labelled
        || match digits.len() {
            13 => first / 1000 == 4,
            14 => matches!(first, 3000..=3059 | 3095 | 3600..=3699 | 3800..=3999),
            15 => matches!(first, 3400..=3499 | 3700..=3799 | 1800 | 2131 | 2014 | 2149) || maestro,
            16 => {
                matches!(first, 2200..=2720 | 3000..=3120 | 3158..=3159 | 3337..=3349 | 3500..=3599 | 3600..=3699
                | 4000..=5999 | 6011 | 6200..=6299 | 6304 | 6440..=6599 | 6759..=6763 | 8100..=8171)
                    || maestro
            }
            19 => first / 1000 == 4 || maestro || matches!(first, 6011 | 6200..=6299 | 6440..=6599),
            _ => maestro || matches!(first, 6200..=6299 if digits.len() > 15),
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
        for good in
            ["4111 1111 1111 1111", "3782 822463 10005", "3530 1113 3330 0000", "6304 8497 1852", "5555 5555 5555 4444"]
        {
            let mut d = digits(good);
            assert!(card(&d, false), "{good}");
            let end = d.len() - 1;
            d[end] = (d[end] + 1) % 10;
            assert!(!card(&d, true), "{good} with another last digit");
        }
        assert!(mod97(b"DE89370400440532013000") && !mod97(b"DE88370400440532013000"));
        assert_eq!(iban_length(b"NO"), Some(15));
        assert!(!github("ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    }
}
