//! The one place that reads the clock.

/// Milliseconds since 1970-01-01 UTC.
#[cfg(not(test))]
pub(crate) fn now_ms() -> i64 {
    use std::time::{SystemTime, UNIX_EPOCH};
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}

/// The same, on the clock that a test turns.
#[cfg(test)]
pub(crate) fn now_ms() -> i64 {
    thread_local!(static BEGAN: tokio::time::Instant = tokio::time::Instant::now());
    let passed = BEGAN.with(|began| tokio::time::Instant::now().duration_since(*began));
    1_750_000_000_000 + i64::try_from(passed.as_millis()).unwrap_or(i64::MAX)
}
