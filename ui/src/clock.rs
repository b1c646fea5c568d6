//! Times in words: how long is left, when something was, and which moments are read aloud.

/// A moment in the person's own time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// Calendar year.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 is Sunday.
    pub weekday: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

impl Local {
    /// `14:32`.
    pub fn minute_words(&self) -> String {
        format!("{:02}:{:02}", self.hour, self.minute)
    }

    /// `14:32:07`.
    pub fn second_words(&self) -> String {
        format!("{:02}:{:02}:{:02}", self.hour, self.minute, self.second)
    }

    /// `Today`, `Yesterday`, `Sunday, 22 November`, or with the year when it is another one.
    pub fn day_words(&self, today: &Self, yesterday: &Self) -> String {
        if self.same_day(today) {
            return "Today".into();
        }
        if self.same_day(yesterday) {
            return "Yesterday".into();
        }
        let weekday = DAYS.get(usize::from(self.weekday)).copied().unwrap_or_default();
        let date = format!("{weekday}, {} {}", self.day, self.month_words());
        if self.year == today.year { date } else { format!("{date} {}", self.year) }
    }

    /// `3 Sep 2026`.
    pub fn date_words(&self) -> String {
        format!("{} {} {}", self.day, &self.month_words()[..3], self.year)
    }

    /// Whether both fall on one calendar day.
    pub fn same_day(&self, other: &Self) -> bool {
        (self.year, self.month, self.day) == (other.year, other.month, other.day)
    }

    fn month_words(&self) -> &'static str {
        MONTHS.get(usize::from(self.month).wrapping_sub(1)).copied().unwrap_or("---")
    }
}

/// How long is left, and whether that is little.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// `1:48 left`, `30 s left`, `29 min left`, `Time is up`.
    pub words: String,
    /// 30 seconds or less.
    pub short: bool,
}

/// What the bar of a card says with `ms` milliseconds to go.
pub fn left(ms: i64) -> Left {
    let seconds = whole_seconds(ms);
    let words = match seconds {
        0 => "Time is up".into(),
        1..=30 => format!("{seconds} s left"),
        31..=599 => format!("{}:{:02} left", seconds / 60, seconds % 60),
        600..=5_399 => format!("{} min left", seconds / 60),
        _ => format!("{} h left", seconds / 3_600),
    };
    Left { words, short: seconds <= 30 }
}

/// What is read aloud when the time left falls from `before` to `after` milliseconds: at 60, 30 and 10 seconds only.
pub fn announcement(before: i64, after: i64) -> Option<&'static str> {
    let crossed = |seconds: i64| before > seconds * 1_000 && after <= seconds * 1_000;
    if after <= 0 {
        return None;
    }
    if crossed(10) {
        Some("10 seconds left to answer")
    } else if crossed(30) {
        Some("30 seconds left to answer")
    } else if crossed(60) {
        Some("1 minute left to answer")
    } else {
        None
    }
}

/// How long something took: `9 s`, `2 min`, `3 h`.
pub fn took(ms: i64) -> String {
    match (ms.max(0) + 500) / 1_000 {
        s @ 0..=119 => format!("{s} s"),
        s @ 120..=7_199 => format!("{} min", s / 60),
        s => format!("{} h", s / 3_600),
    }
}

fn whole_seconds(ms: i64) -> i64 {
    ms.max(0).saturating_add(999) / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_says_less_the_more_time_there_is() {
        for (ms, words, short) in [
            (120_000, "2:00 left", false),
            (107_200, "1:48 left", false),
            (30_900, "0:31 left", false),
            (30_000, "30 s left", true),
            (400, "1 s left", true),
            (0, "Time is up", true),
            (-5_000, "Time is up", true),
            (29 * 60_000, "29 min left", false),
            (i64::MAX, "2562047788015 h left", false),
        ] {
            assert_eq!(left(ms), Left { words: words.into(), short }, "{ms}");
        }
    }

    #[test]
    fn only_three_moments_are_read_aloud() {
        let said: Vec<_> = (0..120).rev().filter_map(|s| announcement((s + 1) * 1_000, s * 1_000)).collect();
        assert_eq!(said, ["1 minute left to answer", "30 seconds left to answer", "10 seconds left to answer"]);
    }

    #[test]
    fn a_leap_over_several_marks_reads_the_nearest() {
        assert_eq!(announcement(90_000, 8_000), Some("10 seconds left to answer"));
    }

    #[test]
    fn days_have_names() {
        let at = |year, month, day| Local { year, month, day, weekday: 0, hour: 9, minute: 5, second: 7 };
        let (today, yesterday) = (at(2026, 11, 22), at(2026, 11, 21));
        assert_eq!(today.day_words(&today, &yesterday), "Today");
        assert_eq!(yesterday.day_words(&today, &yesterday), "Yesterday");
        assert_eq!(at(2026, 11, 15).day_words(&today, &yesterday), "Sunday, 15 November");
        assert_eq!(at(2025, 3, 2).day_words(&today, &yesterday), "Sunday, 2 March 2025");
        assert_eq!(at(2026, 9, 3).date_words(), "3 Sep 2026");
        assert_eq!(today.second_words(), "09:05:07");
    }

    #[test]
    fn durations_are_short() {
        assert_eq!(
            [took(400), took(9_100), took(150_000), took(8_000_000)],
            ["0 s", "9 s", "2 min", "2 h"].map(String::from)
        );
    }
}
