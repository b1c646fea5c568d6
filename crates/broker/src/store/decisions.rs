//! What a person decided that lets more run: rows that count only while their seals hold.
//!
//! Each row carries a MAC of its own. All valid rows together are sealed as a *state* with a number that only grows and
//! is kept beside the key, so that an older row, or an older copy of the whole table, does not count again.

use super::Store;
use sha2::{Digest as _, Sha256};
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;
use std::sync::atomic::Ordering;
use subtle::ConstantTimeEq;
use wire::Fault;

const STATE: &str = "state";
const HEAD: &str = "head";

/// A decision whose MAC holds.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) decided_at: i64,
}

/// The decisions of one kind, and the names of those that are void.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    pub(crate) valid: Vec<Decision>,
    pub(crate) void: Vec<String>,
}

/// A row as it stands in the table, and whether its MAC holds.
struct Sealed {
    kind: String,
    decision: Decision,
    holds: bool,
}

impl Store {
    /// The decisions of one kind.
    pub(crate) async fn decisions(&self, kind: &str) -> Result<Decisions, Fault> {
        let mut connection = self.pool.acquire().await.map_err(|e| self.fault(&e))?;
        let stale = self.rolled_back.load(Ordering::Acquire);
        let mut out = Decisions::default();
        for row in self.rows(&mut connection).await?.into_iter().filter(|r| r.kind == kind) {
            if row.holds && !stale {
                out.valid.push(row.decision);
            } else {
                out.void.push(row.decision.name);
            }
        }
        Ok(out)
    }

    /// Whether the table is another than the one that was sealed last, with a key that outlives a run: then a row may be
    /// missing that would have been stricter.
    pub(crate) fn was_put_back(&self) -> bool {
        self.seal.fault().is_none() && self.rolled_back.load(Ordering::Acquire)
    }

    /// Writes a decision, synced to disk.
    pub(crate) async fn decide(&self, kind: &str, decision: &Decision) -> Result<(), Fault> {
        self.change(kind, &decision.name, Some(decision)).await
    }

    /// Takes a decision back.
    pub(crate) async fn undecide(&self, kind: &str, name: &str) -> Result<(), Fault> {
        self.change(kind, name, None).await
    }

    /// Whether the table is the one that was sealed last. A table that was put back is void as a whole.
    pub(super) async fn check_state(&self) -> Result<(), Fault> {
        let mut connection = self.pool.acquire().await.map_err(|e| self.fault(&e))?;
        let rows = self.rows(&mut connection).await?;
        let head = rows.iter().find(|r| r.kind == STATE && r.decision.name == HEAD);
        let decided = rows.iter().any(|r| r.kind != STATE);
        let good = match head {
            None => !decided && self.seal.number() == 0,
            Some(head) => {
                let number = u64::try_from(head.decision.decided_at).unwrap_or(0);
                head.holds && number >= self.seal.number() && head.decision.value == digest(&rows)
            }
        };
        if !good {
            tracing::warn!("the stored decisions are not those that were sealed last: none of them counts");
            self.rolled_back.store(true, Ordering::Release);
        }
        Ok(())
    }

    async fn change(&self, kind: &str, name: &str, to: Option<&Decision>) -> Result<(), Fault> {
        let fault = |e: sqlx::Error| self.fault(&e);
        let mut connection = self.pool.acquire().await.map_err(fault)?;
        sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await.map_err(fault)?;
        let changed = self.change_in(&mut connection, kind, name, to).await;
        let end = if changed.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = sqlx::query(end).execute(&mut *connection).await;
        let number = changed?;
        ended.map_err(fault)?;
        // The database first: a number that lags is forgiven, one that is ahead of the database is not.
        self.seal.set_number(number).await;
        Ok(())
    }

    async fn change_in(
        &self,
        connection: &mut SqliteConnection,
        kind: &str,
        name: &str,
        to: Option<&Decision>,
    ) -> Result<u64, Fault> {
        if self.rolled_back.swap(false, Ordering::AcqRel) {
            // What did not count must not come back with the next seal.
            sqlx::query("DELETE FROM decision").execute(&mut *connection).await.map_err(|e| self.fault(&e))?;
        }
        match to {
            Some(decision) => self.write(connection, kind, decision).await?,
            None => {
                sqlx::query("DELETE FROM decision WHERE kind = ? AND name = ?")
                    .bind(kind)
                    .bind(name)
                    .execute(&mut *connection)
                    .await
                    .map_err(|e| self.fault(&e))?;
            }
        }
        let number = self.seal.number() + 1;
        let head = Decision {
            name: HEAD.into(),
            value: digest(&self.rows(connection).await?),
            decided_at: i64::try_from(number).unwrap_or(i64::MAX),
        };
        self.write(connection, STATE, &head).await?;
        Ok(number)
    }

    async fn write(&self, connection: &mut SqliteConnection, kind: &str, decision: &Decision) -> Result<(), Fault> {
        sqlx::query("INSERT OR REPLACE INTO decision (kind, name, value, decided_at, mac) VALUES (?, ?, ?, ?, ?)")
            .bind(kind)
            .bind(&decision.name)
            .bind(&decision.value)
            .bind(decision.decided_at)
            .bind(self.mac(kind, decision).as_slice())
            .execute(connection)
            .await
            .map_err(|e| self.fault(&e))?;
        Ok(())
    }

    async fn rows(&self, connection: &mut SqliteConnection) -> Result<Vec<Sealed>, Fault> {
        let rows = sqlx::query("SELECT kind, name, value, decided_at, mac FROM decision ORDER BY kind, name")
            .fetch_all(connection)
            .await
            .map_err(|e| self.fault(&e))?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let kind: String = row.get(0);
                let decision = Decision { name: row.get(1), value: row.get(2), decided_at: row.get(3) };
                let mac: Vec<u8> = row.get(4);
                let holds = bool::from(self.mac(&kind, &decision).ct_eq(&mac));
                Sealed { kind, decision, holds }
            })
            .collect())
    }

    fn mac(&self, kind: &str, decision: &Decision) -> [u8; 32] {
        self.seal.mac(&[
            b"consentry decision 1",
            kind.as_bytes(),
            decision.name.as_bytes(),
            decision.value.as_bytes(),
            &decision.decided_at.to_be_bytes(),
        ])
    }
}

/// SHA-256 over every valid decision. Rows somebody else put in count for nothing, here too.
fn digest(rows: &[Sealed]) -> String {
    let mut hash = Sha256::new();
    for row in rows.iter().filter(|r| r.holds && r.kind != STATE) {
        for part in [&row.kind, &row.decision.name, &row.decision.value] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.update(row.decision.decided_at.to_be_bytes());
    }
    hex::encode(hash.finalize())
}
