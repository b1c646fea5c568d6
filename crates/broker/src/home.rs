//! Where one Consentry keeps its files, and the lock that makes it the only one there.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use wire::{Fault, FaultCode};

/// The folders of one Consentry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// `servers.json`, `policies/`.
    pub config: PathBuf,
    /// The database.
    pub data: PathBuf,
    /// The socket and the lock.
    pub run: PathBuf,
}

impl Home {
    /// The folders under `CONSENTRY_HOME`, or the platform's own (XDG Base Directory).
    ///
    /// # Errors
    /// `Invalid` when `CONSENTRY_HOME` is not absolute, or neither it nor `HOME` is set.
    pub fn find() -> Result<Self, Fault> {
        if let Some(home) = std::env::var_os("CONSENTRY_HOME").filter(|h| !h.is_empty()) {
            let home = PathBuf::from(home);
            if !home.is_absolute() {
                return Err(Fault::new(FaultCode::Invalid, "CONSENTRY_HOME must be an absolute path."));
            }
            return Ok(Self::under(&home));
        }
        let var = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
        let home =
            var("HOME").ok_or_else(|| Fault::new(FaultCode::Invalid, "Neither CONSENTRY_HOME nor HOME is set."))?;
        let data = var("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share")).join("consentry");
        Ok(Self {
            config: var("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")).join("consentry"),
            run: var("XDG_RUNTIME_DIR").map_or_else(|| data.join("run"), |d| d.join("consentry")),
            data,
        })
    }

    /// All three folders under one.
    pub fn under(folder: &Path) -> Self {
        Self { config: folder.join("config"), data: folder.join("data"), run: folder.join("run") }
    }

    /// The socket both doors open on.
    pub fn socket(&self) -> PathBuf {
        self.run.join("broker.sock")
    }

    /// The person's servers, in the `mcpServers` shape.
    pub fn servers_json(&self) -> PathBuf {
        self.config.join("servers.json")
    }

    /// The person's policies.
    pub fn policies(&self) -> PathBuf {
        self.config.join("policies")
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.data.join("consentry.db")
    }

    /// Makes the folders, for this user alone.
    pub(crate) fn make(&self) -> Result<(), Fault> {
        for folder in [&self.config, &self.policies(), &self.data, &self.run] {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(|e| Fault::new(FaultCode::Storage, format!("{} can't be made: {e}.", folder.display())))?;
        }
        Ok(())
    }

    /// Takes the lock of this home, or `None` when another broker holds it. Held until dropped, or the process ends.
    pub(crate) fn lock(&self) -> Result<Option<File>, Fault> {
        let path = self.run.join("lock");
        let fault = |e: io::Error| Fault::new(FaultCode::Storage, format!("{} can't be locked: {e}.", path.display()));
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path).map_err(fault)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => Err(fault(e)),
        }
    }
}
