//! What was seen before, so that only what is new is told: entries of clients' files, by marks that hold nothing of what
//! is marked; which client used which login; and which tools were refused for want of which
//! scopes.

use super::Store;
use super::originals::OriginalKey;
use gate::call::Digest;
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

impl Store {
    /// Which clients used the logins at which servers.
    pub(crate) async fn login_uses(&self) -> Result<Vec<(Digest, Digest)>, Fault> {
        let rows = sqlx::query("SELECT server, client FROM login_use").fetch_all(&self.pool).await;
        let rows = rows.map_err(|e| self.fault(&e))?;
        let digest = |row: &sqlx::sqlite::SqliteRow, at: usize| row.get::<String, _>(at).parse().ok();
        Ok(rows.iter().filter_map(|row| Some((digest(row, 0)?, digest(row, 1)?))).collect())
    }

    /// For want of which scopes calls of which tools were refused: server, tool, scope.
    pub(crate) async fn scope_needs(&self) -> Result<Vec<(Digest, String, String)>, Fault> {
        let rows = sqlx::query("SELECT server, tool, scope FROM scope_need").fetch_all(&self.pool).await;
        let rows = rows.map_err(|e| self.fault(&e))?;
        Ok(rows
            .iter()
            .filter_map(|row| Some((row.get::<String, _>(0).parse().ok()?, row.get(1), row.get(2))))
            .collect())
    }

    /// Notes that a call of this tool was refused for want of a scope.
    pub(crate) async fn note_scope_need(&self, server: Digest, tool: &str, scope: &str, at: i64) -> Result<(), Fault> {
        sqlx::query("INSERT OR REPLACE INTO scope_need (server, tool, scope, seen_at) VALUES (?, ?, ?, ?)")
            .bind(server.to_string())
            .bind(tool)
            .bind(scope)
            .bind(at)
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(|e| self.fault(&e))
    }

    /// Notes that a client used the login at a server.
    pub(crate) async fn note_login_use(&self, server: Digest, client: Digest, at: i64) -> Result<(), Fault> {
        sqlx::query("INSERT OR IGNORE INTO login_use (server, client, first_at) VALUES (?, ?, ?)")
            .bind(server.to_string())
            .bind(client.to_string())
            .bind(at)
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(|e| self.fault(&e))
    }
}
