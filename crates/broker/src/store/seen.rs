//! What is known of clients' entries, so that only what is new is told. Rows hold marks, and nothing of what is marked.

use super::Store;
use super::originals::OriginalKey;
use sqlx::Row;
use std::collections::BTreeMap;
use wire::Fault;

impl Store {
    /// The mark of every entry that is known; `None` where nobody has looked yet.
    pub(crate) async fn seen_entries(&self) -> Result<Option<BTreeMap<OriginalKey, String>>, Fault> {
        let rows = sqlx::query("SELECT client, file, place, name, digest FROM seen_entry")
            .fetch_all(&self.pool)
            .await
            .map_err(|e| self.fault(&e))?;
        let key = |row: &sqlx::sqlite::SqliteRow| OriginalKey {
            client: row.get(0),
            file: row.get(1),
            place: row.get(2),
            name: row.get(3),
        };
        Ok((!rows.is_empty()).then(|| rows.iter().map(|row| (key(row), row.get(4))).collect()))
    }

    /// Notes entries as they are now, and that somebody has looked.
    pub(crate) async fn see_entries(&self, entries: &[(OriginalKey, String)]) -> Result<(), Fault> {
        let fault = |e: sqlx::Error| self.fault(&e);
        let looked = (OriginalKey::default(), String::new());
        let mut transaction = self.pool.begin().await.map_err(fault)?;
        for (key, digest) in entries.iter().chain([&looked]) {
            sqlx::query("INSERT OR REPLACE INTO seen_entry (client, file, place, name, digest) VALUES (?, ?, ?, ?, ?)")
                .bind(&key.client)
                .bind(&key.file)
                .bind(&key.place)
                .bind(&key.name)
                .bind(digest)
                .execute(&mut *transaction)
                .await
                .map_err(fault)?;
        }
        transaction.commit().await.map_err(fault)
    }
}
