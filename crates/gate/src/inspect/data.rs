//! Secrets and personal data in a text.
//!
//! A secret is known by the form its issuer documents (`issuers`), by the block it stands in, or by the name it is
//! assigned to while it looks random; personal data by its check digits, or by form and label. All of it is linear in
//! the text: one automaton finds where to look, and every look has a bound.

mod assigned;
mod checks;
mod codes;
mod issuers;
mod labelled;
mod labels;
mod manifest;
mod named;
mod national;
mod personal;
mod phone;
mod places;
mod random;
mod scan;
mod shape;
mod terms;
mod words;

pub(crate) use named::{BESIDE, is_named_beside, named, named_number};
pub use terms::{Term, TermFault, Terms};
pub use words::words;

use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

/// One value of a class, where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datum {
    /// The data class, such as `secret.aws_access_key` or `personal.email_address`.
    pub class: &'static str,
    /// Where, in bytes.
    pub span: Range<usize>,
}

/// Whether the tables of detectors are whole; where not, a caller treats every text as not inspected.
pub fn usable() -> bool {
    scan::usable()
}

/// What the person keeps to themselves: one set for all that passes, as the tables of detectors are.
static OWN: RwLock<Option<Arc<Terms>>> = RwLock::new(None);

/// From now on these are looked for as well.
pub fn keep_to_oneself(terms: Terms) {
    let terms = (!terms.is_empty()).then(|| Arc::new(terms));
    *OWN.write().unwrap_or_else(PoisonError::into_inner) = terms;
}

/// Every value of a data class in `text`, the person's own terms among them, in order, none overlapping.
pub fn find(text: &str) -> Vec<Datum> {
    let own = OWN.read().unwrap_or_else(PoisonError::into_inner).clone();
    match own {
        Some(own) => find_with(text, &own),
        None => find_with(text, &Terms::default()),
    }
}

/// The same with these terms.
pub fn find_with(text: &str, terms: &Terms) -> Vec<Datum> {
    let mut found = Vec::new();
    terms.find(text, &mut found);
    scan::find(text, &mut found);
    personal::find(text, &mut found);
    apart(found)
}

/// How sure a class is: an issuer's form before a place, a place before a mere name.
fn doubt(class: &str) -> u8 {
    match class {
        "secret.assigned" | "secret.password" => 2,
        "secret.authorization" | "secret.connection_password" | "secret.live_key" => 1,
        _ if class.starts_with("personal.") => 3,
        _ => 0,
    }
}

/// What starts first stands and grows over what runs out of it; of those that start together the surest names it.
fn apart(mut found: Vec<Datum>) -> Vec<Datum> {
    found.sort_by_key(|d| (d.span.start, doubt(d.class), std::cmp::Reverse(d.span.end)));
    let mut out: Vec<Datum> = Vec::with_capacity(found.len());
    for datum in found {
        match out.last_mut() {
            Some(last) if datum.span.start < last.span.end => {
                // Something surer within a mere name's value is what it is.
                if doubt(datum.class) < doubt(last.class) && doubt(last.class) >= 2 {
                    last.class = datum.class;
                }
                last.span.end = last.span.end.max(datum.span.end);
            }
            _ => out.push(datum),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Vec<(&'static str, &str)> {
        find(text).into_iter().map(|d| (d.class, &text[d.span])).collect()
    }

    #[test]
    fn every_row_of_the_table_compiles() {
        assert!(usable());
    }

    #[test]
    fn secrets_are_found_in_the_forms_they_are_written_in() {
        let aws = ["AKIA", "7DXOIUAAI3AV3YXO"].concat();
        assert_eq!(seen(&format!("id {aws},")), [("secret.aws_access_key", aws.as_str())]);
        for text in [
            "password = \"Tr0ub4dor&3\"",
            "{\"password\": \"Tr0ub4dor&3\"}",
            "DB_PASSWORD=Tr0ub4dor&3",
            "--password Tr0ub4dor&3",
        ] {
            assert_eq!(seen(text), [("secret.password", "Tr0ub4dor&3")], "{text}");
        }
        assert_eq!(
            seen("postgres://app:s3cr3tPw@db.internal/x"),
            [("secret.connection_password", "s3cr3tPw@db.internal")]
        );
        let key = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", "MIIEvQ1aB2".repeat(12));
        assert_eq!(seen(&format!("a {key} b")), [("secret.private_key", key.as_str())]);
    }

    #[test]
    fn placeholders_hashes_and_code_are_left_alone() {
        for text in [
            "api_key: ${API_KEY}",
            "password = \"<your-password>\"",
            "AWS_SECRET_ACCESS_KEY=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "let token = next_token(input);",
            "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "id 550e8400-e29b-41d4-a716-446655440000, version 1.2.3.4, git@github.com:a/b.git, pkg@1.2.3",
            "isbn 978-6-3132-2490-6",
        ] {
            assert_eq!(seen(text), [], "{text}");
        }
    }

    #[test]
    fn personal_data_is_found_by_its_checks() {
        assert_eq!(seen("mail anna@post.example, now"), [("personal.email_address", "anna@post.example")]);
        assert_eq!(seen("4111 1111 1111 1111"), [("personal.payment_card", "4111 1111 1111 1111")]);
        assert_eq!(seen("4111 1111 1111 1112"), []);
        assert_eq!(seen("DE89 3704 0044 0532 0130 00."), [("personal.iban", "DE89 3704 0044 0532 0130 00")]);
        for text in ["ip: 203.0.113.9", "prev 203.0.113.9", "the next version\n203.0.113.9"] {
            assert_eq!(seen(text), [("personal.ip_address", "203.0.113.9")], "{text}");
        }
        assert_eq!(seen("rev 203.0.113.9"), []);
        assert_eq!(seen("from 2001:db8::8a2e:370:7334 on"), [("personal.ip_address", "2001:db8::8a2e:370:7334")]);
        assert_eq!(seen("ssn 123-45-6789"), [("personal.national_id.us_ssn", "123-45-6789")]);
        assert_eq!(seen("Tel. +49 30 901820"), [("personal.phone_number", "+49 30 901820")]);
        assert_eq!(seen("BSN 111222333"), [("personal.national_id.nl_bsn", "111222333")]);
    }

    #[test]
    fn a_key_is_known_by_the_name_it_is_given_to() {
        let key = ["9f2Kd8sLq0", "Zx7Vb3Nm5TgYw1"].concat();
        for text in [
            format!("acme_api_key = \"{key}\""),
            format!("\"apiKey\": \"{key}\","),
            format!("curl -H 'X-Acme-Token: {key}' https://acme.example"),
            format!("https://acme.example/v1?access_token={key}&x=1"),
            format!("let token: &str = \"{key}\";"),
            format!("<add key=\"AcmeSecret\" value=\"{key}\"/>"),
            format!("variable \"acme_token\" {{\n  default = \"{key}\"\n}}"),
            format!("setToken('{key}')"),
            format!("--auth-token {key}"),
            format!("acme_secret:\n  {key}\n"),
        ] {
            assert_eq!(seen(&text), [("secret.assigned", key.as_str())], "{text}");
        }
        let hash = "951bc382db9abad29c68634761dd6e19";
        for text in [
            format!("checksum_key: {hash}"),
            format!("public_key = \"{key}\""),
            "key = getMasterUserPassword()".into(),
            "token: ${{ secrets.DEPLOY_TOKEN }}".into(),
            "the key to success is perseverance".into(),
        ] {
            assert_eq!(seen(&text), [], "{text}");
        }
    }

    #[test]
    fn people_are_found_where_a_label_or_a_form_tells() {
        assert_eq!(seen("{\"full_name\": \"Anna Berg\"}"), [("personal.person_name", "Anna Berg")]);
        assert_eq!(seen("Dear Anna Berg,"), [("personal.person_name", "Anna Berg")]);
        assert_eq!(seen("My name is Anna Berg."), [("personal.person_name", "Anna Berg")]);
        assert_eq!(seen("address: 12 Long Street"), [("personal.street_address", "12 Long Street")]);
        assert_eq!(seen("in der Hauptstraße 12"), [("personal.street_address", "Hauptstraße 12")]);
        assert_eq!(seen("Date of birth: 1990-07-14"), [("personal.date_of_birth", "1990-07-14")]);
        assert_eq!(seen("Passport No: X1234567"), [("personal.passport_number", "X1234567")]);
        for text in ["name: Build Docker Image", "Dear Team,", "Drive 3 is full", "born to run", "the passport office"]
        {
            assert_eq!(seen(text), [], "{text}");
        }
    }

    #[test]
    fn an_address_behind_a_long_word_is_found_on_the_borders_of_characters() {
        let text = format!("{}ann@post.example", "é".repeat(40));
        let found = find(&text);
        assert!(
            found.first().is_some_and(|d| text.get(d.span.clone()).is_some_and(|s| s.ends_with("ann@post.example")))
        );
    }

    #[test]
    fn no_text_breaks_it() {
        for text in ["", "@", ":", "::", "+", "é@é.éé", "-----BEGIN ", "password=", "eyJ.", "ü1ü", "+(1", "://:@"]
        {
            for n in [1, 50, 2000] {
                let long = text.repeat(n);
                for d in find(&long) {
                    assert!(long.get(d.span).is_some_and(|s| !s.is_empty()));
                }
            }
        }
    }
}
