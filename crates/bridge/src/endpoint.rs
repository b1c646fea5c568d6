//! The socket: one per home, for the same user only.
//!
//! Its folder is ours with mode 0700 and it has mode 0600; who connects is proved besides ([`crate::peer`]).

use crate::peer::{Peer, PeerFault};
use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tokio::net::{UnixListener, UnixStream};

/// A connection, either end.
pub type Stream = UnixStream;

/// The longest path that fits into a socket address, in bytes.
const MAX_ADDRESS: usize = 107;

/// Why nobody came in.
#[derive(Debug, thiserror::Error)]
pub enum AcceptFault {
    /// The socket itself failed.
    #[error("Consentry's socket could not accept a connection: {0}.")]
    Socket(#[from] io::Error),
    /// Somebody came who is not let in; the connection is closed.
    #[error(transparent)]
    Peer(#[from] PeerFault),
}

/// The broker's end. Removes its socket when dropped.
#[derive(Debug)]
pub struct Listener {
    inner: UnixListener,
    path: PathBuf,
    /// Device and inode of the socket file, so that only our own is removed.
    file: (u64, u64),
}

impl Listener {
    /// Listens at `path`. The folder is made ours alone, and a socket that a dead broker left is removed: the caller
    /// must hold the lock of the home.
    ///
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the folder is not ours, something else stands at the path, or the system refuses.
    pub fn bind(path: &Path) -> io::Result<Self> {
        let folder = path.parent().ok_or_else(|| refused(path, "has no folder"))?;
        own_folder(folder)?;
        match fs::symlink_metadata(path) {
            Ok(found) if found.file_type().is_socket() => fs::remove_file(path)?,
            Ok(_) => return Err(refused(path, "is not a socket; move it away")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let address = Address::of(path)?;
        let inner = UnixListener::bind(address.path())?;
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        let found = fs::symlink_metadata(path)?;
        Ok(Self { inner, path: path.to_owned(), file: (found.dev(), found.ino()) })
    }

    /// The next peer, proved by the operating system. Cancel safe.
    ///
    /// # Errors
    /// When the socket fails (too many open files, say: wait a moment before the next try), or when the peer could not
    /// be proved; it is then disconnected.
    pub async fn accept(&self) -> Result<(Stream, Peer), AcceptFault> {
        let (stream, _) = self.inner.accept().await?;
        let peer = Peer::prove(&stream)?;
        Ok((stream, peer))
    }

    /// Where it listens.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == self.file);
        if ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, "the socket could not be removed");
        }
    }
}

/// The other end, for async callers: the command line.
///
/// # Errors
/// [`io::ErrorKind::NotFound`] or [`io::ErrorKind::ConnectionRefused`] when no broker runs.
pub async fn connect(path: &Path) -> io::Result<Stream> {
    UnixStream::connect(Address::of(path)?.path()).await
}

/// The other end, blocking: for `consentry connect`.
///
/// # Errors
/// As [`connect`].
pub fn connect_blocking(path: &Path) -> io::Result<std::os::unix::net::UnixStream> {
    std::os::unix::net::UnixStream::connect(Address::of(path)?.path())
}

/// A path that fits into a socket address. A long one is reached through its open folder, so that a home may stand
/// anywhere.
enum Address {
    Direct(PathBuf),
    Through(PathBuf, #[expect(dead_code, reason = "kept open: the path leads through it")] File),
}

impl Address {
    fn of(path: &Path) -> io::Result<Self> {
        if path.as_os_str().as_bytes().len() <= MAX_ADDRESS {
            return Ok(Self::Direct(path.to_owned()));
        }
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(refused(path, "names no file"));
        };
        let folder = File::open(folder)?;
        let through = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name);
        Ok(Self::Through(through, folder))
    }

    fn path(&self) -> &Path {
        let (Self::Direct(path) | Self::Through(path, _)) = self;
        path
    }
}

/// Makes sure that a folder exists, is no link, belongs to us and is closed to others.
fn own_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let found = fs::symlink_metadata(folder)?;
    if !found.is_dir() {
        return Err(refused(folder, "is not a folder"));
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(refused(folder, "belongs to another user"));
    }
    if found.mode() & 0o077 != 0 {
        fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

fn refused(path: &Path, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, format!("{} {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().mode() & 0o777
    }

    #[tokio::test]
    async fn the_socket_and_its_folder_are_closed_to_others() {
        let home = tempfile::tempdir().unwrap();
        let run = home.path().join("run");
        fs::create_dir(&run).unwrap();
        fs::set_permissions(&run, Permissions::from_mode(0o755)).unwrap();
        let listener = Listener::bind(&run.join("broker.sock")).unwrap();
        assert_eq!((mode(&run), mode(listener.path())), (0o700, 0o600));
    }

    #[tokio::test]
    async fn a_peer_is_let_in_with_its_proof() {
        let home = tempfile::tempdir().unwrap();
        // Longer than a socket address.
        let path = home.path().join("a-rather-long-name-for-a-folder-".repeat(4)).join("run/broker.sock");
        let listener = Listener::bind(&path).unwrap();
        let mut ours = connect(&path).await.unwrap();
        let (mut theirs, peer) = listener.accept().await.unwrap();
        assert_eq!(peer.pid, std::process::id());
        ours.write_all(b"hi").await.unwrap();
        let mut said = [0; 2];
        theirs.read_exact(&mut said).await.unwrap();
        assert_eq!(&said, b"hi");
        drop(listener);
        assert!(!path.exists(), "a broker that ends takes its socket along");
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_anything_else_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("broker.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let old = Listener::bind(&path).unwrap();
        // Whoever takes over binds anew; what the old one drops then is not its own any more.
        let new = Listener::bind(&path).unwrap();
        drop(old);
        assert!(connect(&path).await.is_ok());
        drop(new);
        fs::write(&path, "not a socket").unwrap();
        assert!(Listener::bind(&path).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"not a socket");
    }
}
