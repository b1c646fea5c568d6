//! Whom calls went to before. Marks on cards come from here, and nothing else: what stands here lets nothing through, and
//! what is missing only makes a card more careful.

use super::Store;
use gate::meaning::parties::{Party, is_like, look_of};
use sqlx::Row;
use wire::Fault;

/// The most that is kept; what was used longest ago goes first.
pub(super) const MOST: i64 = 50_000;
/// How many domains are looked at that might be like another.
const CANDIDATES: i64 = 200;

const DOMAIN: &str = "domain";

/// One that a call went to, on its way into the table.
#[derive(Clone, Debug)]
pub(crate) struct Reached {
    pub(super) kind: &'static str,
    pub(super) value: String,
    pub(super) look: Option<String>,
    pub(super) backward: Option<String>,
}

impl Reached {
    /// The rows that these parties come to: they, and each of their domains once.
    pub(crate) fn of(parties: &[Party]) -> Vec<Self> {
        let mut rows: Vec<Self> = Vec::with_capacity(parties.len() * 2);
        for party in parties {
            rows.push(Self { kind: party.kind.word(), value: party.value.clone(), look: None, backward: None });
            if let Some(domain) = &party.domain
                && !rows.iter().any(|row| row.kind == DOMAIN && row.value == *domain)
            {
                let (look, backward) = (Some(look_of(domain)), Some(domain.chars().rev().collect()));
                rows.push(Self { kind: DOMAIN, value: domain.clone(), look, backward });
            }
        }
        rows
    }
}

/// Upserts one row: kind, value, when, look, backward.
pub(super) const NOTE: &str =
    "INSERT INTO reached (kind, value, times, last_at, look, backward) VALUES (?, ?, 1, ?, ?, ?)
     ON CONFLICT (kind, value) DO UPDATE SET times = times + 1, last_at = max(last_at, excluded.last_at)";

/// Takes away what is too much.
pub(super) const PRUNE: &str = "DELETE FROM reached WHERE (kind, value) IN
     (SELECT kind, value FROM reached ORDER BY last_at LIMIT max(0, (SELECT count(*) FROM reached) - ?))";

/// Domains of the same look; of a beginning or an end in common and about the same length.
const LOOKS_SO: &str = "SELECT value, times FROM reached WHERE look = ? ORDER BY times DESC LIMIT ?";
const BEGINS_SO: &str = "SELECT value, times FROM reached WHERE kind = 'domain' AND value >= ? AND value < ?
     AND abs(length(value) - ?) <= 1 ORDER BY times DESC LIMIT ?";
const ENDS_SO: &str = "SELECT value, times FROM reached WHERE backward >= ? AND backward < ?
     AND abs(length(value) - ?) <= 1 ORDER BY times DESC LIMIT ?";

/// How often calls went somewhere, and when the last one did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) times: u64,
    pub(crate) last_at: Option<i64>,
}

impl Store {
    /// How often calls went to this party.
    pub(crate) async fn times(&self, party: &Party) -> Result<Times, Fault> {
        self.times_of(party.kind.word(), &party.value).await
    }

    async fn times_of(&self, kind: &str, value: &str) -> Result<Times, Fault> {
        let row = sqlx::query("SELECT times, last_at FROM reached WHERE kind = ? AND value = ?")
            .bind(kind)
            .bind(value)
            .fetch_optional(&self.pool)
            .await
            .map_err(|e| self.fault(&e))?;
        Ok(row.map_or_else(Times::default, |row| Times {
            times: u64::try_from(row.get::<i64, _>(0)).unwrap_or(0),
            last_at: Some(row.get(1)),
        }))
    }

    async fn candidates(
        &self,
        query: sqlx::query::Query<'_, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>,
    ) -> Result<Vec<(String, i64)>, Fault> {
        let rows = query.bind(CANDIDATES).fetch_all(&self.pool).await.map_err(|e| self.fault(&e))?;
        Ok(rows.into_iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// The domain that calls went to most, of those that this one can be taken for and that were used more than it.
    ///
    /// Two domains that differ in one place have the same beginning or the same end, so only those are looked at.
    pub(crate) async fn domain_like(&self, domain: &str) -> Result<Option<String>, Fault> {
        let own = self.times_of(DOMAIN, domain).await?.times;
        let letters: Vec<char> = domain.chars().collect();
        let middle = letters.len() / 2;
        let head: String = letters.iter().take(middle.saturating_sub(1)).collect();
        let tail: String = letters.iter().skip(middle).rev().collect();
        let mut found: Vec<(String, i64)> = Vec::new();
        let length = i64::try_from(letters.len()).unwrap_or(i64::MAX);
        found.extend(self.candidates(sqlx::query(LOOKS_SO).bind(look_of(domain))).await?);
        for (query, part) in [(BEGINS_SO, head), (ENDS_SO, tail)] {
            // A shorter one is like none by a letter.
            if part.chars().count() >= 2 {
                // Behind everything that begins with the part.
                let behind = format!("{part}\u{10FFFF}");
                found.extend(self.candidates(sqlx::query(query).bind(part).bind(behind).bind(length)).await?);
            }
        }
        let more_used = |times: &i64| u64::try_from(*times).unwrap_or(0) > own;
        found.retain(|(other, times)| more_used(times) && is_like(domain, other));
        Ok(found.into_iter().max_by_key(|(_, times)| *times).map(|(other, _)| other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Sealed;
    use crate::vault::Seal;
    use gate::meaning::{arguments, parties::parties};
    use std::sync::Arc;

    fn sealed(json: &str) -> Sealed {
        let reached = Reached::of(&parties(&arguments(json.as_bytes())));
        let (record, bodies) = gate::audit::Record::new("outcome", 1).seal();
        Sealed { record, call: None, bodies, reached, at: 7 }
    }

    async fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("db"), Arc::new(Seal::in_memory())).await.unwrap();
        (dir, store)
    }

    #[tokio::test]
    async fn calls_are_counted_and_look_alikes_found() {
        let (_dir, store) = store().await;
        let mut appender = store.appender().await.unwrap();
        for _ in 0..3 {
            let batch = [sealed(r#"{"to": "ann@example.org, Bo@paypal.com", "url": "https://api.example.org/"}"#)];
            appender.append(&batch).unwrap();
        }
        let party = |json: &str| parties(&arguments(json.as_bytes())).remove(0);
        let seen = |json: &str| {
            let (store, party) = (store.clone(), party(json));
            async move { store.times(&party).await.unwrap() }
        };
        assert_eq!(seen(r#"{"to": "Ann@Example.org"}"#).await, Times { times: 3, last_at: Some(7) });
        assert_eq!(seen(r#"{"to": "cy@example.org"}"#).await, Times::default());
        assert_eq!(seen(r#"{"url": "https://api.example.org/x"}"#).await.times, 3);
        for (like, wanted) in [
            ("exarnple.org", Some("example.org")),
            ("eaxmple.org", Some("example.org")),
            ("exampel.org", Some("example.org")),
            ("examp1e.org", Some("example.org")),
            ("xample.org", Some("example.org")),
            ("example.orgs", Some("example.org")),
            ("xn--pypal-4ve.com", Some("paypal.com")),
            ("example.org", None),
            ("other.net", None),
        ] {
            assert_eq!(store.domain_like(like).await.unwrap().as_deref(), wanted, "{like}");
        }
    }

    #[tokio::test]
    async fn what_was_used_longest_ago_goes_first() {
        let (_dir, store) = store().await;
        let mut appender = store.appender().await.unwrap();
        let at = |json: &str, at| Sealed { at, ..sealed(json) };
        appender.append(&[at(r#"{"to": "old@a.example"}"#, 1), at(r#"{"to": "new@b.example"}"#, 2)]).unwrap();
        sqlx::query(PRUNE).bind(2_i64).execute(&store.pool).await.unwrap();
        let left = sqlx::query("SELECT value FROM reached ORDER BY value").fetch_all(&store.pool).await.unwrap();
        let left: Vec<String> = left.into_iter().map(|row| row.get(0)).collect();
        assert_eq!(left, ["b.example", "new@b.example"]);
    }
}
