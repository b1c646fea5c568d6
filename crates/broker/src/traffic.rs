//! Sums over time, in memory: calls of a client in the last hour, calls of a server today.

use gate::call::Digest;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// What was counted.
#[derive(Debug, Default)]
pub(crate) struct Traffic(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    clients: HashMap<Digest, Hour>,
    day: i64,
    servers: BTreeMap<String, (u32, u32)>,
}

/// Calls per minute, for the last sixty.
#[derive(Debug)]
struct Hour {
    minutes: [i64; 60],
    newest: i64,
}

impl Hour {
    fn count(&mut self, minute: i64) -> i64 {
        // Minutes that went by without a call are empty again.
        for passed in (self.newest + 1..=minute).take(60) {
            self.minutes[slot(passed)] = 0;
        }
        self.newest = self.newest.max(minute);
        self.minutes[slot(minute)] += 1;
        self.minutes.iter().sum()
    }
}

fn slot(minute: i64) -> usize {
    usize::try_from(minute.rem_euclid(60)).unwrap_or(0)
}

impl Traffic {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call of this client and says how many there were in the last hour, this one included.
    pub(crate) fn count(&self, client: Digest, now: i64) -> i64 {
        let minute = now / MINUTE;
        let mut state = self.state();
        // Clients that were silent for an hour are forgotten.
        if state.clients.len() > 1_000 {
            state.clients.retain(|_, h| minute - h.newest < 60);
        }
        state.clients.entry(client).or_insert(Hour { minutes: [0; 60], newest: minute }).count(minute)
    }

    /// A call of this server goes out.
    pub(crate) fn ran(&self, server: &str) {
        self.add(server, 1, 0);
    }

    /// A call of this server asks.
    pub(crate) fn asked(&self, server: &str) {
        self.add(server, 0, 1);
    }

    fn add(&self, server: &str, ran: u32, asked: u32) {
        let mut state = self.state();
        let day = crate::clock::now_ms() / DAY;
        if state.day != day {
            state.day = day;
            state.servers.clear();
        }
        match state.servers.get_mut(server) {
            Some(count) => *count = (count.0 + ran, count.1 + asked),
            None => {
                state.servers.insert(server.to_owned(), (ran, asked));
            }
        }
    }

    /// Calls of each server since midnight UTC or the broker's start: all, and those that asked.
    pub(crate) fn by_server(&self) -> BTreeMap<String, (u32, u32)> {
        self.state().servers.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_slides() {
        let traffic = Traffic::default();
        let who = Digest([1; 32]);
        for i in 1..=5 {
            assert_eq!(traffic.count(who, i * MINUTE), i);
        }
        assert_eq!(traffic.count(who, 61 * MINUTE), 5, "the first minute is an hour ago");
        assert_eq!(traffic.count(who, 500 * MINUTE), 1);
        assert_eq!(traffic.count(Digest([2; 32]), 500 * MINUTE), 1);
    }
}
