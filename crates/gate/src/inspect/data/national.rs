//! Numbers that states give to people: each with a label that tells whose it is, and the check its issuer defines.

use super::checks::luhn;
use std::ops::Range;

/// One kind of number.
pub(super) struct Kind {
    pub(super) class: &'static str,
    country: &'static str,
    pub(super) labels: &'static [&'static str],
    lengths: &'static [usize],
}

const fn kind(
    class: &'static str,
    country: &'static str,
    labels: &'static [&'static str],
    lengths: &'static [usize],
) -> Kind {
    Kind { class, country, labels, lengths }
}

/// Every kind, the longest numbers of a label first.
pub(super) const KINDS: &[Kind] = &[
    kind("personal.national_id.us_ssn", "us", &["ssn", "social security"], &[9]),
    kind("personal.national_id.ca_sin", "ca", &["social insurance", "sin:", "sin ", "numéro d'assurance"], &[9]),
    kind("personal.national_id.gb_nino", "gb", &["national insurance", "nino", "ni number"], &[9]),
    kind("personal.national_id.gb_nhs", "gb", &["nhs"], &[10]),
    kind("personal.national_id.ie_pps", "ie", &["pps", "ppsn"], &[9, 8]),
    kind("personal.national_id.nl_bsn", "nl", &["bsn", "burgerservice"], &[9]),
    kind("personal.national_id.pl_pesel", "pl", &["pesel"], &[11]),
    kind("personal.national_id.se_personnummer", "se", &["personnummer", "samordningsnummer"], &[12, 10]),
    kind("personal.national_id.no_fodselsnummer", "no", &["fødselsnummer", "fodselsnummer"], &[11]),
    kind("personal.national_id.dk_cpr", "dk", &["cpr"], &[10]),
    kind("personal.national_id.fi_hetu", "fi", &["hetu", "henkilötunnus", "henkilotunnus"], &[11, 10]),
    kind("personal.national_id.ee_isikukood", "ee", &["isikukood", "asmens kodas"], &[11]),
    kind("personal.national_id.de_tax", "de", &["steuer-id", "steuer", "steueridentifikation", "idnr"], &[11]),
    kind("personal.national_id.ch_ahv", "ch", &["ahv", "avs"], &[13]),
    kind("personal.national_id.be_rrn", "be", &["rijksregister", "registre national", "niss", "insz"], &[11]),
    kind("personal.national_id.fr_nir", "fr", &["sécurité sociale", "securite sociale", "nir"], &[15]),
    kind("personal.national_id.es_dni", "es", &["dni", "nie", "nif"], &[9]),
    kind("personal.national_id.pt_nif", "pt", &["nif", "contribuinte"], &[9]),
    kind("personal.national_id.it_codice_fiscale", "it", &["codice fiscale", "codice_fiscale", "cod. fisc"], &[16]),
    kind("personal.national_id.ro_cnp", "ro", &["cnp"], &[13]),
    kind("personal.national_id.bg_egn", "bg", &["егн", "egn"], &[10]),
    kind("personal.national_id.hr_oib", "hr", &["oib"], &[11]),
    kind("personal.national_id.cz_rodne_cislo", "cz", &["rodné číslo", "rodne cislo", "rodné čislo"], &[10]),
    kind("personal.national_id.tr_tckn", "tr", &["kimlik", "tckn"], &[11]),
    kind("personal.national_id.il_teudat_zehut", "il", &["teudat zehut", "תעודת זהות"], &[9]),
    kind("personal.national_id.in_aadhaar", "in", &["aadhaar", "aadhar"], &[12]),
    kind("personal.national_id.in_pan", "in", &["pan number", "pan card", "pan:", "pan no"], &[10]),
    kind("personal.national_id.au_tfn", "au", &["tfn", "tax file"], &[9]),
    kind("personal.national_id.za_id", "za", &["id number", "rsa id"], &[13]),
    kind("personal.national_id.br_cpf", "br", &["cpf"], &[11]),
    kind("personal.national_id.br_cnpj", "br", &["cnpj"], &[14]),
    kind("personal.national_id.ar_cuit", "ar", &["cuit", "cuil"], &[11]),
    kind("personal.national_id.cl_rut", "cl", &["rut"], &[9, 8]),
    kind("personal.national_id.mx_curp", "mx", &["curp"], &[18]),
    kind("personal.national_id.kr_rrn", "kr", &["주민", "rrn"], &[13]),
    kind("personal.national_id.jp_my_number", "jp", &["マイナンバー", "my number", "個人番号"], &[12]),
    kind("personal.national_id.cn_resident_id", "cn", &["身份证", "resident id", "shenfenzheng"], &[18]),
    kind("personal.national_id.sg_nric", "sg", &["nric", "fin no"], &[9]),
    kind("personal.national_id.th_id", "th", &["เลขประจำตัวประชาชน", "thai id"], &[13]),
];

/// Where behind a label that ends at `at` a number of `kind` stands.
pub(super) fn find(kind: &Kind, text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    // A label is a word of its own.
    if bytes.get(at).is_some_and(u8::is_ascii_lowercase) && kind.labels.iter().all(|l| l.len() < 6) {
        return None;
    }
    let end = (at + 40).min(bytes.len());
    let upper = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    let mut i = at;
    while i < end {
        let fresh = upper(bytes[i]) && !bytes[i - usize::from(i > 0)].is_ascii_alphanumeric();
        if fresh && let Some(span) = from(kind, bytes, i) {
            return Some(span);
        }
        // Another number may stand between no label and its own.
        if bytes[i] == b'\n' && i > at + 2 {
            return None;
        }
        i += 1;
    }
    None
}

/// The number that begins at `start`.
fn from(kind: &Kind, bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let mut compact = Vec::with_capacity(18);
    let mut ends = Vec::with_capacity(18);
    for i in start..(start + 28).min(bytes.len()) {
        match bytes[i] {
            b if b.is_ascii_alphanumeric() => {
                compact.push(b.to_ascii_uppercase());
                ends.push(i + 1);
            }
            b' ' | b'-' | b'.' | b'/' | b'+' if bytes[i - 1].is_ascii_alphanumeric() => {}
            _ => break,
        }
    }
    kind.lengths.iter().find_map(|n| {
        let end = *ends.get(n - 1)?;
        let bound = !bytes.get(end).is_some_and(|b| b.is_ascii_alphanumeric());
        (bound && lettered(kind.country, &compact[..*n]) && super::random::distinct(&compact[..*n]) > 2)
            .then_some(start..end)
    })
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

/// Whether the digits pass the check of a country's number.
fn national(country: &str, digits: &[u8]) -> bool {
    let sum = |weights: &[u32]| weighed(digits, weights);
    let last = || u32::from(*digits.last().unwrap_or(&0));
    match (country, digits.len()) {
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
        ("gb", 10) => (11 - sum(&[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11 == last(),
        ("tr", 11) => {
            let odd: u32 = digits.iter().step_by(2).take(5).map(|d| u32::from(*d)).sum();
            let even: u32 = digits.iter().skip(1).step_by(2).take(4).map(|d| u32::from(*d)).sum();
            let ten = (odd * 7 + 100 - even) % 10;
            digits[0] > 0 && ten == u32::from(digits[9]) && (odd + even + ten) % 10 == last()
        }
        ("ro", 13) => match sum(&[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11 {
            10 => last() == 1,
            rest => rest == last(),
        },
        ("bg", 10) => sum(&[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10 == last(),
        ("hr", 11) => national("de", digits),
        ("cz", 10) => digits.iter().fold(0u64, |n, d| n * 10 + u64::from(*d)).is_multiple_of(11),
        ("ee", 11) => match sum(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11 {
            10 => sum(&[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11 % 10 == last(),
            rest => rest == last(),
        },
        ("jp", 12) => match sum(&[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11 {
            0 | 1 => last() == 0,
            rest => 11 - rest == last(),
        },
        ("ar", 11) => match 11 - sum(&[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11 {
            11 => last() == 0,
            rest => rest == last(),
        },
        ("th", 13) => (11 - sum(&[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 10 == last(),
        ("il", 9) => luhn(digits),
        ("us", 9) => digits[0] < 9 && digits[..3] != [0, 0, 0] && digits[..3] != [6, 6, 6] && digits[3..5] != [0, 0],
        _ => false,
    }
}

/// Whether letters and digits, in capitals, pass the check of a country's number.
fn lettered(country: &str, id: &[u8]) -> bool {
    let number = |part: &[u8]| part.iter().fold(0u64, |n, b| n * 10 + u64::from(b.saturating_sub(b'0')));
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    let letter = |i: usize| id.get(i).is_some_and(u8::is_ascii_uppercase);
    match (country, id.len()) {
        ("es", 9) => {
            let front = match id[0] {
                b'X'..=b'Z' => u64::from(id[0] - b'X') * 10_000_000,
                b'0'..=b'9' => u64::from(id[0] - b'0') * 10_000_000,
                _ => return false,
            };
            digits(&id[1..8]) && b"TRWAGMYFPDXBNJZSQVHLCKE"[((front + number(&id[1..8])) % 23) as usize] == id[8]
        }
        ("gb", 9) => {
            letter(0) && letter(1) && digits(&id[2..8]) && (b'A'..=b'D').contains(&id[8]) && !b"DFIQUV".contains(&id[0])
        }
        ("ie", 8 | 9) => {
            let extra = id.get(8).map_or(0, |b| if *b == b'W' { 0 } else { u64::from(b.saturating_sub(b'@')) });
            let sum: u64 = id[..7].iter().zip((2..=8).rev()).map(|(b, w)| u64::from(b.saturating_sub(b'0')) * w).sum();
            digits(&id[..7]) && letter(7) && b"WABCDEFGHIJKLMNOPQRSTUV"[((sum + extra * 9) % 23) as usize] == id[7]
        }
        ("fi", 10) => digits(&id[..9]) && b"0123456789ABCDEFHJKLMNPRSTUVWXY"[(number(&id[..9]) % 31) as usize] == id[9],
        ("fi", 11) => lettered("fi", &[&id[..6], &id[7..]].concat()),
        ("cn", 18) => {
            let weights = [7u64, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
            let sum: u64 = id[..17].iter().zip(weights).map(|(b, w)| u64::from(b.saturating_sub(b'0')) * w).sum();
            digits(&id[..17]) && b"10X98765432"[(sum % 11) as usize] == id[17]
        }
        ("sg", 9) => {
            let weights = [2u64, 7, 6, 5, 4, 3, 2];
            let sum: u64 = id[1..8].iter().zip(weights).map(|(b, w)| u64::from(b.saturating_sub(b'0')) * w).sum();
            let (table, more): (&[u8; 11], u64) = match id[0] {
                b'S' => (b"JZIHGFEDCBA", 0),
                b'T' => (b"JZIHGFEDCBA", 4),
                b'F' => (b"XWUTRQPNMLK", 0),
                b'G' => (b"XWUTRQPNMLK", 4),
                _ => return false,
            };
            digits(&id[1..8]) && table[((sum + more) % 11) as usize] == id[8]
        }
        ("cl", 8 | 9) => {
            let (body, end) = id.split_at(id.len() - 1);
            let sum: u64 = body
                .iter()
                .rev()
                .zip([2u64, 3, 4, 5, 6, 7].into_iter().cycle())
                .map(|(b, w)| u64::from(b.saturating_sub(b'0')) * w)
                .sum();
            digits(body) && b"0K987654321"[(sum % 11) as usize] == end[0]
        }
        ("it", 16) => digits(&id[6..8]) && id[..6].iter().all(u8::is_ascii_uppercase) && italian(&id[..15]) == id[15],
        ("mx", 18) => {
            id[..4].iter().all(u8::is_ascii_uppercase)
                && digits(&id[4..10])
                && b"HMX".contains(&id[10])
                && digits(&id[17..])
        }
        ("in", 10) => id[..5].iter().all(u8::is_ascii_uppercase) && digits(&id[5..9]) && letter(9),
        _ => id.iter().all(u8::is_ascii_digit) && national(country, &id.iter().map(|b| b - b'0').collect::<Vec<u8>>()),
    }
}

/// The control letter of a codice fiscale.
fn italian(body: &[u8]) -> u8 {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let sum: u32 = body
        .iter()
        .enumerate()
        .map(|(i, b)| {
            let place = if b.is_ascii_digit() { b - b'0' } else { b.saturating_sub(b'A') }.min(25);
            if i % 2 == 0 { ODD[usize::from(place)] } else { u32::from(place) }
        })
        .sum();
    b'A' + (sum % 26) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_from_near_misses_by_their_checks() {
        for (label, good) in [
            ("BSN", "111222333"),
            ("PESEL", "44051401359"),
            ("CPF", "529.982.247-25"),
            ("CNPJ", "11.222.333/0001-81"),
            ("TFN", "123 456 782"),
            ("Social insurance number", "046 454 286"),
            ("Aadhaar", "2341 2341 2346"),
            ("AHV", "756.9217.0769.85"),
            ("Steuer-ID", "86095742719"),
            ("Rijksregisternummer", "85.07.30-033.28"),
            ("DNI", "12345678Z"),
            ("NHS number", "943 476 5919"),
            ("Kimlik no", "10000000146"),
            ("OIB", "33392005961"),
            ("NRIC", "S1234567D"),
            ("RUT", "12.345.678-5"),
            ("Codice fiscale", "RSSMRA85T10A562S"),
            ("HETU", "131052-308T"),
            ("PPS", "1234567T"),
            ("EGN", "7523169263"),
            ("CUIT", "20-12345678-6"),
            ("isikukood", "37605030299"),
            ("身份证", "11010519491231002X"),
        ] {
            let text = format!("{label}: {good}.");
            let hit = KINDS.iter().find_map(|k| {
                let word = k.labels.iter().find(|l| text.to_lowercase().starts_with(**l))?;
                find(k, &text, word.len())
            });
            assert_eq!(hit.map(|s| &text[s]), Some(good), "{label}");
            let mut wrong = good.to_owned();
            let last = wrong.pop().unwrap();
            wrong.push(if last == '9' { '0' } else { char::from(last as u8 + 1) });
            let text = format!("{label}: {wrong}.");
            let hit = KINDS.iter().find_map(|k| {
                let word = k.labels.iter().find(|l| text.to_lowercase().starts_with(**l))?;
                find(k, &text, word.len())
            });
            assert_eq!(hit, None, "{label} {wrong}");
        }
    }
}
