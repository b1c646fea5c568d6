//! What clients were exposed to, over restarts.

use super::Store;
use gate::provenance::Exposure;
use sqlx::Row;
use wire::Fault;

impl Store {
    /// Every client's identity with what its conversations were exposed to.
    pub(crate) async fn exposures(&self) -> Result<Vec<(String, Exposure)>, Fault> {
        let rows = sqlx::query("SELECT client, untrusted, private, flagged FROM exposure")
            .fetch_all(&self.pool)
            .await
            .map_err(|e| self.fault(&e))?;
        let read = |row: sqlx::sqlite::SqliteRow| {
            (row.get(0), Exposure { untrusted: row.get(1), private: row.get(2), flagged: row.get(3) })
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// Keeps nothing of a client any more.
    pub(crate) async fn forget_exposure(&self, client: &str) -> Result<(), Fault> {
        let done = sqlx::query("DELETE FROM exposure WHERE client = ?").bind(client).execute(&self.pool).await;
        done.map(drop).map_err(|e| self.fault(&e))
    }

    /// Keeps what a client's conversations were exposed to.
    pub(crate) async fn note_exposure(&self, client: &str, exposure: Exposure) -> Result<(), Fault> {
        sqlx::query("INSERT OR REPLACE INTO exposure (client, untrusted, private, flagged) VALUES (?, ?, ?, ?)")
            .bind(client)
            .bind(exposure.untrusted)
            .bind(exposure.private)
            .bind(exposure.flagged)
            .execute(&self.pool)
            .await
            .map_err(|e| self.fault(&e))?;
        Ok(())
    }
}
