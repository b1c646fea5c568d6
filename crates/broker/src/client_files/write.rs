//! Changing a file that belongs to another program, which may write it at the same time.
//!
//! The new text is written beside the file and then *exchanged* with it, so that what was replaced can be looked at: if
//! it is not what we read, somebody wrote meanwhile, and the exchange is undone. Nothing they wrote is lost.

use sha2::{Digest as _, Sha256};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// How long another Consentry may hold the file.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often an exchange is undone before we stop. Each time somebody has written within microseconds.
const UNDONE: usize = 8;

const BOM: &str = "\u{FEFF}";

/// A file as it was read.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// Without the byte order mark.
    pub(super) text: String,
    marked: bool,
}

impl Source {
    fn bytes(&self, text: &str) -> Vec<u8> {
        [if self.marked { BOM } else { "" }, text].concat().into_bytes()
    }
}

/// How a replacement ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replaced {
    /// The file holds the new text.
    Done,
    /// Somebody else wrote since it was read; it holds what they wrote.
    Changed,
}

/// Reads a file. The error is one sentence without the file's name.
pub(super) fn read(path: &Path) -> Result<Source, String> {
    let fault = |e: io::Error| format!("can't be read: {e}");
    let file = File::open(path).map_err(fault)?;
    let about = file.metadata().map_err(fault)?;
    if !about.is_file() {
        return Err("is not a file".into());
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(fault)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("has more than {MAX_BYTES} bytes"));
    }
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?;
    Ok(match text.strip_prefix(BOM) {
        Some(rest) => Source { text: rest.to_owned(), marked: true },
        None => Source { text, marked: false },
    })
}

/// A file that no other Consentry changes while this is held.
pub(super) struct Locked {
    /// Where the file is, whatever links lead there.
    target: PathBuf,
    lock: PathBuf,
    _held: File,
}

impl Drop for Locked {
    fn drop(&mut self) {
        // While it is still held: whoever waits for it sees that it is gone and makes another.
        let _ = std::fs::remove_file(&self.lock);
    }
}

impl Locked {
    /// Locks the file a path leads to, and clears up what a run that was killed left beside it.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let target = path.canonicalize().map_err(|e| format!("can't be read: {e}"))?;
        let lock = beside(&target, "consentry-lock")?;
        let held = take(&lock)?;
        let locked = Self { target, lock, _held: held };
        locked.clear_up()?;
        Ok(locked)
    }

    pub(super) fn read(&self) -> Result<Source, String> {
        read(&self.target)
    }

    /// Replaces the text that was read by another, unless somebody else wrote meanwhile.
    pub(super) fn replace(&self, before: &Source, text: &str) -> Result<Replaced, String> {
        let fault = |e: io::Error| format!("can't be written: {e}");
        let (old, new) = (before.bytes(&before.text), before.bytes(text));
        if std::fs::read(&self.target).map_err(fault)? != old {
            return Ok(Replaced::Changed);
        }
        let part = beside(&self.target, &format!("{}-{}.consentry-part", short(&old), short(&new)))?;
        if let Err(e) = self.write_part(&part, &new) {
            let _ = std::fs::remove_file(&part);
            return Err(fault(e));
        }
        super::step("client-written");
        self.exchange(&part, &old, &new).map_err(fault)
    }

    /// The new text beside the file, with its mode and owner. The name says what may come to lie there: what we read,
    /// or what we made of it.
    fn write_part(&self, part: &Path, new: &[u8]) -> io::Result<()> {
        let about = std::fs::metadata(&self.target)?;
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(part)?;
        file.write_all(new)?;
        file.set_permissions(std::fs::Permissions::from_mode(about.mode() & 0o7777))?;
        if (about.uid(), about.gid()) != (file.metadata()?.uid(), file.metadata()?.gid()) {
            std::os::unix::fs::fchown(&file, Some(about.uid()), Some(about.gid()))?;
        }
        file.sync_all()
    }

    /// Puts what lies beside the file into its place. Whatever fails, nothing that somebody else wrote is removed.
    fn exchange(&self, part: &Path, old: &[u8], new: &[u8]) -> io::Result<Replaced> {
        if !swap(part, &self.target)? {
            return self.rename(part, old);
        }
        super::step("client-exchanged");
        let (mut expected, mut placed) = (old.to_vec(), new.to_vec());
        for undone in 0..UNDONE {
            // What was replaced now lies beside the file.
            let replaced = std::fs::read(part)?;
            if replaced == expected {
                std::fs::remove_file(part)?;
                self.sync_folder()?;
                return Ok(if undone == 0 { Replaced::Done } else { Replaced::Changed });
            }
            // Somebody wrote, and that goes back. What comes out then is what we had put there, or newer still.
            swap(part, &self.target)?;
            (expected, placed) = (placed, replaced);
        }
        // It is written all the time; what was written last but one lies beside it.
        std::fs::remove_file(part)?;
        Ok(Replaced::Changed)
    }

    /// For a file system that can't exchange: looks once more, and replaces.
    fn rename(&self, part: &Path, old: &[u8]) -> io::Result<Replaced> {
        if std::fs::read(&self.target)? != old {
            std::fs::remove_file(part)?;
            return Ok(Replaced::Changed);
        }
        std::fs::rename(part, &self.target)?;
        self.sync_folder()?;
        Ok(Replaced::Done)
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.target.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    }

    /// What a run that was killed left beside the file: ours is removed; what somebody else wrote in the moment of an
    /// exchange goes back into its place, unless there is something newer.
    fn clear_up(&self) -> Result<(), String> {
        let fault = |e: io::Error| format!("has something left beside it that can't be cleared up: {e}");
        let Some(folder) = self.target.parent() else { return Ok(()) };
        let prefix = format!(".{}.", file_name(&self.target)?);
        for left in std::fs::read_dir(folder).map_err(fault)?.flatten() {
            let name = left.file_name();
            let Some(middle) = name.to_str().and_then(|n| n.strip_prefix(&prefix)?.strip_suffix(".consentry-part"))
            else {
                continue;
            };
            let Some((old, new)) = middle.split_once('-') else { continue };
            let (part, held) = (left.path(), std::fs::read(left.path()).map_err(fault)?);
            let theirs = ![old, new].contains(&short(&held).as_str());
            let whole = left.metadata().is_ok_and(|about| about.mode() & 0o400 != 0) && !held.is_empty();
            let in_place = std::fs::read(&self.target).map_err(fault)?;
            if theirs && whole && short(&in_place) == new {
                std::fs::rename(&part, &self.target).map_err(fault)?;
            } else {
                std::fs::remove_file(&part).map_err(fault)?;
            }
        }
        Ok(())
    }
}

/// Exchanges two files in one step; `false` where the system can't.
fn swap(one: &Path, other: &Path) -> io::Result<bool> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
            Ok(()) => Ok(true),
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (one, other);
        Ok(false)
    }
}

fn short(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes)).chars().take(16).collect()
}

fn file_name(path: &Path) -> Result<&str, String> {
    path.file_name().and_then(|name| name.to_str()).ok_or_else(|| "has a name that is not text".into())
}

fn beside(path: &Path, ending: &str) -> Result<PathBuf, String> {
    Ok(path.with_file_name(format!(".{}.{ending}", file_name(path)?)))
}

/// Takes a lock file, made for the purpose and removed after.
fn take(path: &Path) -> Result<File, String> {
    let fault = |e: io::Error| format!("can't be locked ({}): {e}", path.display());
    let until = Instant::now() + PATIENCE;
    loop {
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path).map_err(fault)?;
        match file.try_lock() {
            Ok(()) => {
                let same = |on_disk: std::fs::Metadata| file.metadata().is_ok_and(|held| held.ino() == on_disk.ino());
                if std::fs::metadata(path).is_ok_and(same) {
                    return Ok(file);
                }
            }
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(Duration::from_millis(20)),
            Err(TryLockError::WouldBlock) => return Err("is being changed by another Consentry; try again".into()),
            Err(TryLockError::Error(e)) => return Err(fault(e)),
        }
    }
}

#[cfg(test)]
mod tests;
