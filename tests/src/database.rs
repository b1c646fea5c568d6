//! The database, opened behind the broker's back, as a program of the same user could.

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{Connection, Row, TypeInfo, ValueRef};
use std::path::Path;
use std::time::Duration;

/// A connection that may write.
pub struct Database {
    runtime: tokio::runtime::Runtime,
    connection: SqliteConnection,
}

impl Database {
    /// Opens an existing database.
    pub fn open(path: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let options = SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(10));
        let connection = runtime
            .block_on(SqliteConnection::connect_with(&options))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { runtime, connection }
    }

    /// Runs a statement; how many rows it changed.
    pub fn execute(&mut self, sql: &str) -> u64 {
        let statement = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut self.connection);
        self.runtime.block_on(statement).unwrap_or_else(|error| panic!("{sql}: {error}")).rows_affected()
    }

    /// The rows of a query, each value as text; blobs as hex.
    pub fn query(&mut self, sql: &str) -> Vec<Vec<String>> {
        let statement = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).fetch_all(&mut self.connection);
        let rows = self.runtime.block_on(statement).unwrap_or_else(|error| panic!("{sql}: {error}"));
        rows.iter().map(|row| (0..row.columns().len()).map(|column| shown(row, column)).collect()).collect()
    }

    /// The names of the tables.
    pub fn tables(&mut self) -> Vec<String> {
        let rows = self.query("select name from sqlite_master where type = 'table' order by name");
        rows.into_iter().flatten().collect()
    }
}

fn shown(row: &SqliteRow, column: usize) -> String {
    let kind = row.try_get_raw(column).map(|value| (value.is_null(), value.type_info().name().to_owned()));
    match kind {
        Ok((true, _)) | Err(_) => "NULL".into(),
        Ok((_, kind)) if kind == "INTEGER" => row.get::<i64, _>(column).to_string(),
        Ok((_, kind)) if kind == "REAL" => row.get::<f64, _>(column).to_string(),
        Ok((_, kind)) if kind == "BLOB" => row.get::<Vec<u8>, _>(column).iter().map(|b| format!("{b:02x}")).collect(),
        Ok(_) => row.get::<String, _>(column),
    }
}
