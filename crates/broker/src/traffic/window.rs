//! What went through within the last day for one client or one conversation, minute by minute.

use gate::provenance::Volume;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// Minutes of an hour and of a day.
pub(super) const HOUR: i64 = 60;
pub(super) const DAY: i64 = 24 * HOUR;
/// The most recipients that are told apart.
const MOST_RECIPIENTS: usize = 20_000;
/// What a read may show as long as no result tells how much they do, in records and bytes, and the most that those which
/// are open count as together then: by themselves they are never too much.
const READ: (i64, i64) = (20, 20_000);
const MOST_READ: (i64, i64) = (5_000, 25_000_000);

/// The sums.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// The oldest first.
    minutes: VecDeque<Minute>,
    day: Volume,
    /// Reads that are open.
    reads: i64,
    recipients: Recipients,
    pub(super) newest: i64,
    /// This window and no later one of the same name.
    this: Arc<()>,
}

#[derive(Debug, Default)]
struct Minute {
    at: i64,
    calls: i64,
    sum: Volume,
    /// Results that were shown.
    shown: i64,
}

/// Calls and sums.
pub(super) struct Sums {
    pub(super) calls: i64,
    pub(super) hour: Volume,
    pub(super) day: Volume,
}

impl Window {
    /// The minute as it is counted up, with what is a day ago forgotten.
    fn at(&mut self, minute: i64) -> &mut Minute {
        // A clock that was set back counts into the newest minute.
        self.newest = self.newest.max(minute);
        let since = self.newest - DAY;
        while let Some(old) = self.minutes.pop_front_if(|minute| minute.at <= since) {
            self.day = self.day.minus(old.sum);
        }
        if self.minutes.back().is_none_or(|minute| minute.at != self.newest) {
            self.minutes.push_back(Minute { at: self.newest, ..Minute::default() });
            self.recipients.forget(self.newest);
        }
        let last = self.minutes.len() - 1;
        &mut self.minutes[last]
    }

    /// A call begins: what it takes along and whom it goes to counts from now on, and so does what it may show where it
    /// `reads`. What went before, with others than these as recipients.
    pub(super) fn begin(&mut self, minute: i64, volume: Volume, these: &HashSet<u64>, reads: bool) -> (Sums, Began) {
        self.at(minute).calls += 1;
        let before = self.sums(these);
        self.reads += i64::from(reads);
        (before, self.take_along(volume, these, reads))
    }

    /// The same call takes something else along now.
    pub(super) fn change(&mut self, began: &Began, volume: Volume, these: &HashSet<u64>) -> Began {
        self.take_back(began);
        self.close(began);
        self.reads += i64::from(began.reads);
        self.take_along(volume, these, began.reads)
    }

    fn take_along(&mut self, volume: Volume, these: &HashSet<u64>, reads: bool) -> Began {
        let minute = self.newest;
        // Whom it goes to counts once, however often: that is no sum of calls.
        let volume = Volume { recipients: 0, ..volume };
        self.add(minute, volume);
        Began { minute, volume, these: self.recipients.add(these, minute), reads, of: self.this.clone() }
    }

    /// Takes back what a call would have taken along; whom another one goes to stays.
    pub(super) fn take_back(&mut self, began: &Began) {
        if !Arc::ptr_eq(&self.this, &began.of) {
            return;
        }
        if let Some(minute) = self.minutes.iter_mut().rev().find(|minute| minute.at == began.minute) {
            minute.sum = minute.sum.minus(began.volume);
            self.day = self.day.minus(began.volume);
        }
        self.recipients.remove(&began.these);
    }

    /// A call came to its end: what it showed has been added, or there was nothing.
    pub(super) fn close(&mut self, began: &Began) {
        if Arc::ptr_eq(&self.this, &began.of) {
            self.reads -= i64::from(began.reads);
        }
    }

    fn add(&mut self, minute: i64, volume: Volume) {
        let at = self.at(minute);
        at.sum = at.sum.plus(volume);
        self.day = self.day.plus(volume);
    }

    /// A result was shown.
    pub(super) fn showed(&mut self, minute: i64, volume: Volume) {
        self.add(minute, volume);
        self.at(minute).shown += 1;
    }

    /// Adds what the log says; its entries come newest first.
    pub(super) fn replay(&mut self, minute: i64, volume: Volume, these: &HashSet<u64>) {
        // Where a clock was set back, what is older in the log was no later than what follows it.
        let at = self.minutes.front().map_or(minute, |first| minute.min(first.at));
        self.newest = self.newest.max(at);
        let shown = i64::from(volume.bytes_seen > 0);
        match self.minutes.front_mut().filter(|first| first.at == at) {
            Some(first) => {
                first.calls += 1;
                first.sum = first.sum.plus(volume);
                first.shown += shown;
            }
            None => self.minutes.push_front(Minute { at, calls: 1, sum: volume, shown }),
        }
        self.day = self.day.plus(volume);
        self.recipients.replay(these, at);
    }

    /// The last hour as one.
    fn hour(&self) -> Minute {
        let within = self.minutes.iter().rev().take_while(|minute| minute.at > self.newest - HOUR);
        within.fold(Minute::default(), |all, one| Minute {
            at: self.newest,
            calls: all.calls + one.calls,
            sum: all.sum.plus(one.sum),
            shown: all.shown + one.shown,
        })
    }

    /// What the reads that are open may show: each as much as the results of the last hour did on the average.
    fn open(&self, hour: &Minute) -> Volume {
        let all = |each: i64| each.saturating_mul(self.reads);
        let (rows_seen, bytes_seen) = match hour.shown {
            ..1 => (all(READ.0).min(MOST_READ.0), all(READ.1).min(MOST_READ.1)),
            shown => (all(hour.sum.rows_seen / shown), all(hour.sum.bytes_seen / shown)),
        };
        Volume { rows_seen, bytes_seen, ..Volume::default() }
    }

    fn sums(&mut self, these: &HashSet<u64>) -> Sums {
        let hour = self.hour();
        let open = self.open(&hour);
        let with = |sum: Volume, recipients| sum.plus(open).plus(Volume { recipients, ..Volume::default() });
        let (in_hour, in_day) = self.recipients.others(these, self.newest);
        Sums { calls: hour.calls, hour: with(hour.sum, in_hour), day: with(self.day, in_day) }
    }

    /// Whether something is counted in it.
    pub(super) fn is_empty(&self) -> bool {
        self.day == Volume::default() && self.recipients.all.is_empty()
    }
}

/// A call that began, in one window.
#[derive(Debug)]
pub(super) struct Began {
    minute: i64,
    volume: Volume,
    /// Whom it goes to, as far as they are told apart.
    these: HashSet<u64>,
    reads: bool,
    of: Arc<()>,
}

/// Whom it went to.
#[derive(Debug, Default)]
struct Recipients {
    /// In which minute last, and by how many calls that were not taken back.
    all: HashMap<u64, (i64, u32)>,
    /// A minute, and how many within the hour before it, as long as nobody was added or removed.
    in_hour: Option<(i64, i64)>,
}

impl Recipients {
    /// Forgets who was last a day ago. Once a minute is enough: who is counted too long is counted too much.
    fn forget(&mut self, newest: i64) {
        self.all.retain(|_, (at, _)| *at > newest - DAY);
    }

    fn count_hour(&mut self, newest: i64) -> i64 {
        if let Some((_, within)) = self.in_hour.filter(|(at, _)| *at == newest) {
            return within;
        }
        let within = count(self.all.values().filter(|(at, _)| *at > newest - HOUR).count());
        self.in_hour = Some((newest, within));
        within
    }

    /// How many others than these within an hour, and within a day.
    fn others(&mut self, these: &HashSet<u64>, newest: i64) -> (i64, i64) {
        if self.all.is_empty() {
            return (0, 0);
        }
        let known = these.iter().filter_map(|who| self.all.get(who));
        let (hour, day) = known.fold((0, 0), |(hour, day), (at, _)| (hour + i64::from(*at > newest - HOUR), day + 1));
        (self.count_hour(newest) - hour, count(self.all.len()) - day)
    }

    /// Counts these, as far as there is room; says which.
    fn add(&mut self, these: &HashSet<u64>, newest: i64) -> HashSet<u64> {
        let room = MOST_RECIPIENTS.saturating_sub(self.all.len());
        let counted: HashSet<u64> = these.iter().copied().take(room).collect();
        for who in &counted {
            let (at, calls) = self.all.entry(*who).or_default();
            (*at, *calls) = (newest, calls.saturating_add(1));
        }
        if !counted.is_empty() {
            self.in_hour = None;
        }
        counted
    }

    fn remove(&mut self, these: &HashSet<u64>) {
        for who in these {
            let Some((_, calls)) = self.all.get_mut(who) else { continue };
            *calls = calls.saturating_sub(1);
            if *calls == 0 {
                self.all.remove(who);
            }
        }
        if !these.is_empty() {
            self.in_hour = None;
        }
    }

    fn replay(&mut self, these: &HashSet<u64>, at: i64) {
        for who in these.iter().take(MOST_RECIPIENTS.saturating_sub(self.all.len())) {
            let (last, calls) = self.all.entry(*who).or_insert((at, 0));
            (*last, *calls) = (at.max(*last), calls.saturating_add(1));
        }
        self.in_hour = None;
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
