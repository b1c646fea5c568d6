//! What a rule suspends when calls run into it again and again: `@suspends("client") @after("5 in 10 minutes")`.

/// What can be suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suspends {
    /// The program that calls.
    Client,
    /// The server that is called.
    Server,
    /// The login at the server that is called: its tokens are given back.
    Token,
}

impl Suspends {
    /// The word used in policies.
    pub fn word(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Token => "token",
        }
    }
}

/// How often calls may run into a rule, and what is suspended then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspension {
    /// What is suspended.
    pub suspends: Suspends,
    /// With which call: 1 is the first.
    pub times: u32,
    /// Within how many milliseconds.
    pub within_ms: i64,
}

/// The most calls and the longest time that are counted.
const MOST_TIMES: u32 = 1_000;
const LONGEST_MS: i64 = 24 * 60 * 60 * 1000;

impl Suspension {
    /// Reads both annotations of a rule; without `@after` the first call is enough.
    ///
    /// # Errors
    /// The end of a sentence about the rule.
    pub(super) fn parse(suspends: Option<&str>, after: Option<&str>) -> Result<Option<Self>, &'static str> {
        let suspends = match suspends {
            None if after.is_some() => {
                return Err("@after says how often, and @suspends what happens then: it has none");
            }
            None => return Ok(None),
            Some("client") => Suspends::Client,
            Some("server") => Suspends::Server,
            Some("token") => Suspends::Token,
            Some(_) => return Err("@suspends knows \"client\", \"server\" and \"token\""),
        };
        let (times, within_ms) = match after {
            None => (1, LONGEST_MS),
            Some(text) => {
                often(text).ok_or("@after is such as \"5 in 10 minutes\": at most 1000 calls, at most 24 hours")?
            }
        };
        Ok(Some(Self { suspends, times, within_ms }))
    }
}

/// `5 in 10 minutes`, `20 in 1 hour`, `3 in 90 seconds`.
fn often(text: &str) -> Option<(u32, i64)> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [times, "in", number, unit] = words.as_slice() else { return None };
    let unit = match unit.strip_suffix('s').unwrap_or(unit) {
        "second" => 1_000,
        "minute" => 60_000,
        "hour" => 3_600_000,
        _ => return None,
    };
    let (times, within): (u32, i64) = (times.parse().ok()?, number.parse::<i64>().ok()?.checked_mul(unit)?);
    ((1..=MOST_TIMES).contains(&times) && (1..=LONGEST_MS).contains(&within)).then_some((times, within))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_often_is_read_in_words() {
        let read = |after| Suspension::parse(Some("client"), after).map(|read| read.map(|s| (s.times, s.within_ms)));
        assert_eq!(read(None), Ok(Some((1, LONGEST_MS))));
        assert_eq!(read(Some("5 in 10 minutes")), Ok(Some((5, 600_000))));
        assert_eq!(read(Some("1 in 1 hour")), Ok(Some((1, 3_600_000))));
        for bad in ["", "5", "5 in 10", "0 in 1 hour", "1001 in 1 hour", "5 in 25 hours", "5 in -1 hours", "5 in 1 day"]
        {
            assert!(read(Some(bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_is_suspended_is_one_of_three() {
        for what in [Suspends::Client, Suspends::Server, Suspends::Token] {
            assert_eq!(Suspension::parse(Some(what.word()), None).map(|read| read.map(|s| s.suspends)), Ok(Some(what)));
        }
        assert_eq!(Suspension::parse(None, None), Ok(None));
        assert!(
            Suspension::parse(Some("user"), None).is_err() && Suspension::parse(None, Some("1 in 1 hour")).is_err()
        );
    }
}
