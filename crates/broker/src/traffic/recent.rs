//! The last calls of a client: how many there were within a minute, and how often it made the very same one. In memory
//! only: a restart is an end to every loop.

use std::collections::VecDeque;

/// What counts as lately, in milliseconds: for how often, and for the same again.
const MINUTE_MS: i64 = 60_000;
const AGAIN_MS: i64 = 10 * MINUTE_MS;

/// The most calls that are told apart.
const MOST: usize = 1_000;

/// When each was, in milliseconds since 1970-01-01 UTC, and a number that stands for what was called. The oldest first.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<(i64, u64)>);

impl Recent {
    /// A call begins. How many there were in the last minute, and how often this very one in the last ten: this one
    /// included.
    pub(super) fn begin(&mut self, now: i64, what: u64) -> (i64, i64) {
        while self.0.len() >= MOST || self.0.front().is_some_and(|(at, _)| *at <= now - AGAIN_MS) {
            self.0.pop_front();
        }
        self.0.push_back((now, what));
        let calls = self.0.iter().rev().take_while(|(at, _)| *at > now - MINUTE_MS).count();
        let same = self.0.iter().filter(|(_, one)| *one == what).count();
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        (number(calls), number(same))
    }

    /// When the last one was.
    pub(super) fn last(&self) -> i64 {
        self.0.back().map_or(0, |(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_a_minute_and_the_same_again_are_counted() {
        let mut recent = Recent::default();
        assert_eq!(recent.begin(0, 1), (1, 1));
        assert_eq!(recent.begin(1_000, 2), (2, 1));
        assert_eq!(recent.begin(59_999, 1), (3, 2));
        assert_eq!(recent.begin(60_000, 1), (3, 3), "the first is a minute ago");
        assert_eq!(recent.begin(AGAIN_MS, 1), (1, 3), "and ten minutes ago it counts no more");
        // A clock that was set back.
        assert_eq!(recent.begin(5, 1).1, 4);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut recent = Recent::default();
        let mut last = (0, 0);
        for _ in 0..3 * MOST {
            last = recent.begin(7, 7);
        }
        assert_eq!(last, (1_000, 1_000));
    }
}
