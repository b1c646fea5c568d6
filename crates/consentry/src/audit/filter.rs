//! Which entries of the record are wanted, in words.

use clap::ValueEnum;
use wire::view::{ActivityFilter, Effect, Verdict};

#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct FilterWords {
    /// Not before this day or moment, UTC: 2026-11-22, 2026-11-22T14:30:00Z
    #[arg(long, value_name = "D", value_parser = moment)]
    since: Option<i64>,
    /// Before this day or moment, UTC
    #[arg(long, value_name = "D", value_parser = moment)]
    until: Option<i64>,
    /// Only this client, by its short name; can be given again
    #[arg(long, value_name = "C")]
    client: Vec<String>,
    /// Only this server; can be given again
    #[arg(long, value_name = "S")]
    server: Vec<String>,
    /// Only tools with this effect; can be given again
    #[arg(long, value_enum, value_name = "E")]
    effect: Vec<EffectWord>,
    /// Only calls that came out like this; can be given again
    #[arg(long, value_enum, value_name = "V")]
    verdict: Vec<VerdictWord>,
    /// Only where these words stand in a name, an argument, a message or a reason
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum EffectWord {
    Read,
    Write,
    Delete,
    Send,
    Pay,
    Execute,
    Privilege,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum VerdictWord {
    /// It ran, and no rule asked
    Ran,
    /// A person was asked and said yes
    Approved,
    /// A person was asked and said no, or nobody answered
    Rejected,
    /// It was refused unasked
    Refused,
    /// An error came back
    Failed,
    /// Nobody knows what became of it
    Unknown,
}

impl FilterWords {
    /// The filter they mean.
    pub(crate) fn read(self) -> ActivityFilter {
        ActivityFilter {
            text: self.search.unwrap_or_default(),
            clients: self.client,
            servers: self.server,
            effects: self.effect.into_iter().map(EffectWord::meant).collect(),
            verdicts: self.verdict.into_iter().map(VerdictWord::meant).collect(),
            since: self.since,
            until: self.until,
            calls: false,
        }
    }
}

impl EffectWord {
    fn meant(self) -> Effect {
        match self {
            Self::Read => Effect::Read,
            Self::Write => Effect::Write,
            Self::Delete => Effect::Delete,
            Self::Send => Effect::Send,
            Self::Pay => Effect::Pay,
            Self::Execute => Effect::Execute,
            Self::Privilege => Effect::Privilege,
        }
    }
}

impl VerdictWord {
    fn meant(self) -> Verdict {
        match self {
            Self::Ran => Verdict::Ran,
            Self::Approved => Verdict::Approved,
            Self::Rejected => Verdict::Rejected,
            Self::Refused => Verdict::Refused,
            Self::Failed => Verdict::Failed,
            Self::Unknown => Verdict::Unknown,
        }
    }
}

/// Milliseconds since 1970 of a day or a moment.
pub(crate) fn moment(text: &str) -> Result<i64, String> {
    use time::format_description::well_known::Rfc3339;
    let day = time::Date::parse(text, time::macros::format_description!("[year]-[month]-[day]"));
    let moment = match day {
        Ok(day) => day.midnight().assume_utc(),
        Err(_) => time::OffsetDateTime::parse(text, &Rfc3339)
            .map_err(|_| "a day such as 2026-11-22, or a moment such as 2026-11-22T14:30:00Z".to_owned())?,
    };
    i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).map_err(|_| "a day of this age".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_moments_are_read() {
        assert_eq!(moment("1970-01-02"), Ok(86_400_000));
        assert_eq!(moment("1970-01-01T01:00:00.5+01:00"), Ok(500));
        for wrong in ["", "yesterday", "2026-13-01", "2026-11-22 14:30"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }
}
