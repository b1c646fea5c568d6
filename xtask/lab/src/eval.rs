//! Measuring: one file for each detector.

pub(crate) mod injection;
