//! What stood in clients' files before: on disk before the file is changed, and for a while after it was put back.

use super::Store;
use crate::clock::now_ms;
use crate::vault::Kind;
use sqlx::Row;
use wire::{Fault, FaultCode};
use zeroize::Zeroizing;

/// One entry of one file of one client.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OriginalKey {
    pub(crate) client: String,
    pub(crate) file: String,
    /// JSON pointer of the map or list it stands in.
    pub(crate) place: String,
    pub(crate) name: String,
}

/// That an original is kept.
#[derive(Clone, Debug)]
pub(crate) struct OriginalRow {
    pub(crate) key: OriginalKey,
    /// The server in Consentry that took its place.
    pub(crate) through: String,
    /// Whether that server was added for it.
    pub(crate) made: bool,
    /// When it was put back, if it was.
    pub(crate) restored_at: Option<i64>,
    secret: Option<String>,
}

impl Store {
    /// Keeps an original, synced to disk; one that was kept for the same entry before is replaced. A secret one goes to
    /// the keychain, and nowhere else: without one it is refused.
    pub(crate) async fn keep_original(
        &self,
        key: &OriginalKey,
        through: &str,
        made: bool,
        text: Zeroizing<String>,
        is_secret: bool,
    ) -> Result<(), Fault> {
        let before = self.original_row(key).await?;
        if let Some(why) = self.seal.fault().filter(|_| is_secret) {
            return Err(keychain(why.to_owned()));
        }
        let (kept, secret) = if self.seal.fault().is_none() {
            let name = uuid::Uuid::now_v7().to_string();
            self.seal.keep(Kind::Original, &name, text).await.map_err(keychain)?;
            (None, Some(name))
        } else {
            (Some(text), None)
        };
        let fault = |e: sqlx::Error| self.fault(&e);
        let mut connection = self.pool.acquire().await.map_err(fault)?;
        // The file of somebody else is changed next: this has to be on disk then, and not in a cache.
        sqlx::query("PRAGMA synchronous = FULL").execute(&mut *connection).await.map_err(fault)?;
        let written = sqlx::query(
            "INSERT OR REPLACE INTO original (client, file, place, name, through, made, kept, secret, kept_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&key.client)
        .bind(&key.file)
        .bind(&key.place)
        .bind(&key.name)
        .bind(through)
        .bind(made)
        .bind(kept.as_ref().map(|text| text.as_str()))
        .bind(&secret)
        .bind(now_ms())
        .execute(&mut *connection)
        .await;
        sqlx::query("PRAGMA synchronous = NORMAL").execute(&mut *connection).await.map_err(fault)?;
        written.map_err(fault)?;
        if let Some(old) = before.and_then(|row| row.secret) {
            self.forget_secret(&old).await;
        }
        Ok(())
    }

    /// Moves originals that were kept here for want of a keychain into it, and leaves nothing of them behind.
    pub(crate) async fn seal_originals(&self) -> Result<(), Fault> {
        if self.seal.fault().is_some() {
            return Ok(());
        }
        let fault = |e: sqlx::Error| self.fault(&e);
        let mut connection = self.pool.acquire().await.map_err(fault)?;
        let open = "SELECT client, file, place, name, kept FROM original WHERE kept IS NOT NULL";
        let rows = sqlx::query(open).fetch_all(&mut *connection).await.map_err(fault)?;
        if rows.is_empty() {
            return Ok(());
        }
        sqlx::query("PRAGMA secure_delete = ON").execute(&mut *connection).await.map_err(fault)?;
        for row in rows {
            let name = uuid::Uuid::now_v7().to_string();
            self.seal.keep(Kind::Original, &name, Zeroizing::new(row.get(4))).await.map_err(keychain)?;
            sqlx::query(
                "UPDATE original SET kept = NULL, secret = ? WHERE client = ? AND file = ? AND place = ? AND name = ?",
            )
            .bind(&name)
            .bind(row.get::<String, _>(0))
            .bind(row.get::<String, _>(1))
            .bind(row.get::<String, _>(2))
            .bind(row.get::<String, _>(3))
            .execute(&mut *connection)
            .await
            .map_err(fault)?;
        }
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *connection).await.map_err(fault)?;
        Ok(())
    }

    /// Every original that is kept.
    pub(crate) async fn originals(&self) -> Result<Vec<OriginalRow>, Fault> {
        let rows = sqlx::query(
            "SELECT client, file, place, name, through, made, restored_at, secret FROM original
             ORDER BY client, file, place, name",
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|e| self.fault(&e))?;
        let row = |row: sqlx::sqlite::SqliteRow| OriginalRow {
            key: OriginalKey { client: row.get(0), file: row.get(1), place: row.get(2), name: row.get(3) },
            through: row.get(4),
            made: row.get(5),
            restored_at: row.get(6),
            secret: row.get(7),
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// That the original of an entry is kept.
    pub(crate) async fn original_row(&self, key: &OriginalKey) -> Result<Option<OriginalRow>, Fault> {
        Ok(self.originals().await?.into_iter().find(|row| row.key == *key))
    }

    /// The original of an entry.
    pub(crate) async fn original(&self, row: &OriginalRow) -> Result<Zeroizing<String>, Fault> {
        if let Some(name) = &row.secret {
            let secret = self.seal.kept(Kind::Original, name).await.map_err(keychain)?;
            return String::from_utf8(secret.to_vec())
                .map(Zeroizing::new)
                .map_err(|_| keychain("it holds no text".into()));
        }
        let kept = sqlx::query("SELECT kept FROM original WHERE client = ? AND file = ? AND place = ? AND name = ?")
            .bind(&row.key.client)
            .bind(&row.key.file)
            .bind(&row.key.place)
            .bind(&row.key.name)
            .fetch_one(&self.pool)
            .await
            .map_err(|e| self.fault(&e))?;
        Ok(Zeroizing::new(kept.get(0)))
    }

    /// Notes that an original has been put back.
    pub(crate) async fn retire_original(&self, key: &OriginalKey) -> Result<(), Fault> {
        sqlx::query("UPDATE original SET restored_at = ? WHERE client = ? AND file = ? AND place = ? AND name = ?")
            .bind(now_ms())
            .bind(&key.client)
            .bind(&key.file)
            .bind(&key.place)
            .bind(&key.name)
            .execute(&self.pool)
            .await
            .map_err(|e| self.fault(&e))?;
        Ok(())
    }

    /// Drops an original that nobody will want back.
    pub(crate) async fn forget_original(&self, row: &OriginalRow) -> Result<(), Fault> {
        sqlx::query("DELETE FROM original WHERE client = ? AND file = ? AND place = ? AND name = ?")
            .bind(&row.key.client)
            .bind(&row.key.file)
            .bind(&row.key.place)
            .bind(&row.key.name)
            .execute(&self.pool)
            .await
            .map_err(|e| self.fault(&e))?;
        if let Some(name) = &row.secret {
            self.forget_secret(name).await;
        }
        Ok(())
    }

    /// A secret nothing points to any more; one that can't be removed does no harm but to lie there.
    async fn forget_secret(&self, name: &str) {
        if let Err(why) = self.seal.forget(Kind::Original, name).await {
            tracing::warn!("a secret that is no longer needed could not be removed from the keychain: {why}");
        }
    }
}

fn keychain(why: String) -> Fault {
    Fault::new(FaultCode::Storage, format!("What stood in the client's file can't be kept or fetched: {why}."))
}
