//! Measures the detectors on corpora.

pub(crate) mod data;
