//! The injection detector's workshop: its rows, its training, its thresholds.

pub(crate) mod baseline;
pub(crate) mod figures;
pub(crate) mod model;
pub(crate) mod rows;
pub(crate) mod templates;
pub(crate) mod train;
