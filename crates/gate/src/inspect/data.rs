//! Secrets and personal data in a text.
//!
//! A secret is known by the form its issuer documents (`issuers`), by the block it stands in, or by the name it is
//! assigned to while it looks random; personal data by its check digits, or by form and label. All of it is linear in
//! the text: one automaton finds where to look, and every look has a bound.

mod checks;
mod issuers;
mod personal;
mod secrets;

use std::ops::Range;

/// One value of a class, where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datum {
    /// The data class, such as `secret:aws_access_key` or `pii:email`.
    pub class: &'static str,
    /// Where, in bytes.
    pub span: Range<usize>,
}

/// Whether the tables of detectors are whole; where not, a caller treats every text as not inspected.
pub fn usable() -> bool {
    secrets::usable()
}

/// Every value of a data class in `text`, in order, none overlapping.
pub fn find(text: &str) -> Vec<Datum> {
    let mut found = Vec::new();
    secrets::find(text, &mut found);
    personal::find(text, &mut found);
    // What starts first stands; of those that start together the longest, and the issuer's form before a mere name.
    found.sort_by_key(|d| (d.span.start, std::cmp::Reverse(d.span.end), d.class == "secret:assigned"));
    let mut out: Vec<Datum> = Vec::with_capacity(found.len());
    for datum in found {
        match out.last_mut() {
            Some(last) if datum.span.start < last.span.end => last.span.end = last.span.end.max(datum.span.end),
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
        assert_eq!(seen(&format!("id {aws},")), [("secret:aws_access_key", aws.as_str())]);
        for text in [
            "password = \"Tr0ub4dor&3\"",
            "{\"password\": \"Tr0ub4dor&3\"}",
            "DB_PASSWORD=Tr0ub4dor&3",
            "--password Tr0ub4dor&3",
        ] {
            assert_eq!(seen(text), [("secret:assigned", "Tr0ub4dor&3")], "{text}");
        }
        assert_eq!(seen("postgres://app:s3cr3tPw@db.internal/x"), [("secret:connection_password", "s3cr3tPw")]);
        let key = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", "MIIEvQ1aB2".repeat(12));
        assert_eq!(seen(&format!("a {key} b")), [("secret:private_key", key.as_str())]);
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
        assert_eq!(seen("mail anna@post.example, now"), [("pii:email", "anna@post.example")]);
        assert_eq!(seen("4111 1111 1111 1111"), [("pii:card", "4111 1111 1111 1111")]);
        assert_eq!(seen("4111 1111 1111 1112"), []);
        assert_eq!(seen("DE89 3704 0044 0532 0130 00."), [("pii:iban", "DE89 3704 0044 0532 0130 00")]);
        assert_eq!(seen("ip: 203.0.113.9"), [("pii:ip", "203.0.113.9")]);
        assert_eq!(seen("from 2001:db8::8a2e:370:7334 on"), [("pii:ip", "2001:db8::8a2e:370:7334")]);
        assert_eq!(seen("ssn 123-45-6789"), [("pii:us_ssn", "123-45-6789")]);
        assert_eq!(seen("Tel. +49 30 901820"), [("pii:phone", "+49 30 901820")]);
        assert_eq!(seen("BSN 111222333"), [("pii:national_id", "111222333")]);
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
