//! Secrets and personal data in a text.

use std::ops::Range;

/// One value of a class, where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datum {
    /// The data class, such as `secret:aws_access_key` or `pii:email`.
    pub class: &'static str,
    /// Where, in bytes.
    pub span: Range<usize>,
}

/// Every value of a data class in `text`, in order, none overlapping.
pub fn find(_text: &str) -> Vec<Datum> {
    Vec::new()
}
