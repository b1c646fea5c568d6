//! The client behind a peer: which program above it counts, and what that program is, by its bytes.

use super::launcher::{self, Script};
use super::{Peer, PeerFault, Process};
use crate::platform;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

/// The largest file that is hashed, in bytes.
const MAX_PROGRAM: u64 = 4 << 30;

/// A client application, proved by the operating system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvedClient {
    /// Process number and start time: one running client.
    pub instance: (u32, u64),
    /// The program it runs.
    pub program: PathBuf,
    /// SHA-256 of the file that runs.
    pub program_sha256: [u8; 32],
    /// For interpreters: the script's path, or `-m module`, or the flag of code given on the command line. Foreign.
    pub script: Option<String>,
    /// SHA-256 of the script's file as it is now, or of the code on the command line; none for modules and for files that
    /// can't be read.
    pub script_sha256: Option<[u8; 32]>,
    /// The programs above it, nearest first. Foreign.
    pub parents: Vec<String>,
}

impl ProvedClient {
    /// A short name: the file name of the script, or of the program.
    pub fn name(&self) -> String {
        let script = self.script.as_deref().filter(|_| self.script_sha256.is_some()).map(Path::new);
        let path = script.filter(|path| path.is_absolute()).unwrap_or(&self.program);
        path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
    }

    /// What grants and trust bind to: SHA-256 over program and script, by path and by content. Another instance of the
    /// same client has the same identity.
    pub fn identity(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut field = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        field(b"consentry client 1");
        field(self.program.as_os_str().as_encoded_bytes());
        field(&self.program_sha256);
        field(self.script.as_deref().unwrap_or_default().as_bytes());
        field(self.script_sha256.as_ref().map(<[u8; 32]>::as_slice).unwrap_or_default());
        hash.finalize().into()
    }

    /// [`ProvedClient::identity`] in hex.
    pub fn identity_hex(&self) -> String {
        hex::encode(self.identity())
    }
}

/// Finds and proves the client behind a peer.
pub(super) fn prove(peer: &Peer, own_binaries: &[PathBuf]) -> Result<ProvedClient, PeerFault> {
    let chain: Vec<Process> = std::iter::once(peer.process()).chain(peer.ancestors.iter().cloned()).collect();
    let at = choose(&chain, own_binaries)?;
    let process = &chain[at];
    let (program, file) = platform::open_program(process)?;
    let unreadable = |source| PeerFault::Unreadable { pid: process.pid, what: "program", source };
    let program_sha256 = sha256_of(&file).map_err(unreadable)?;
    let (script, script_sha256) = script_of(process);
    let parents = chain[at + 1..].iter().map(shown).collect();
    Ok(ProvedClient { instance: process.instance(), program, program_sha256, script, script_sha256, parents })
}

/// The place of the client in the chain of processes, the peer first.
fn choose(chain: &[Process], own_binaries: &[PathBuf]) -> Result<usize, PeerFault> {
    let own: Vec<(u64, u64)> = own_binaries.iter().filter_map(|path| file_id(&path.metadata().ok()?)).collect();
    let peer = &chain[0];
    let (_, file) = platform::open_program(peer)?;
    let is_own =
        |file: &File| file.metadata().ok().and_then(|found| file_id(&found)).is_some_and(|id| own.contains(&id));
    if !is_own(&file) {
        return Ok(0);
    }
    let mut outermost = None;
    for (at, process) in chain.iter().enumerate().skip(1) {
        // Above a program of another user nothing can be proved.
        let Some(exe) = &process.exe else { break };
        match platform::open_program(process) {
            Ok((_, file)) if is_own(&file) => continue,
            Err(PeerFault::Deleted { .. }) if launcher::launcher(process).is_some() => continue,
            Ok(_) => {}
            Err(PeerFault::Deleted { pid, .. }) => return Err(PeerFault::Deleted { pid, exe: exe.clone() }),
            Err(_) => break,
        }
        if launcher::launcher(process).is_none() {
            return Ok(at);
        }
        outermost = Some(at);
    }
    // Nothing but shells: a person at a terminal. The outermost one stands for them.
    outermost.ok_or(PeerFault::NoClient { pid: peer.pid })
}

fn file_id(found: &std::fs::Metadata) -> Option<(u64, u64)> {
    found.is_file().then(|| (found.dev(), found.ino()))
}

/// What the interpreter runs, and the hash of it.
fn script_of(process: &Process) -> (Option<String>, Option<[u8; 32]>) {
    match launcher::script(process) {
        None => (None, None),
        Some(Script::Code(flag, code)) => (Some(flag), Some(Sha256::digest(code.as_bytes()).into())),
        Some(Script::Module(flag, name)) => (Some(format!("{flag} {name}")), None),
        Some(Script::File(name)) => {
            let path = platform::folder_of(process).map_or_else(|| PathBuf::from(&name), |folder| folder.join(&name));
            // Not blocking: the name may be a pipe's by now.
            let options = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
            let file = OpenOptions::new().read(true).custom_flags(options).open(&path);
            match file.and_then(|file| sha256_of(&file)) {
                Ok(hash) => (Some(path.to_string_lossy().into_owned()), Some(hash)),
                Err(_) => (Some(name), None),
            }
        }
    }
}

fn shown(process: &Process) -> String {
    process.exe.as_ref().map_or_else(|| process.name(), |exe| exe.to_string_lossy().into_owned())
}

/// What says that a file is still the one that was hashed. The change time is the kernel's: a program can't set it back.
#[derive(PartialEq, Eq, Hash)]
struct FileState {
    file: (u64, u64),
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// Hashes of files that were not touched since.
static HASHES: LazyLock<Mutex<HashMap<FileState, [u8; 32]>>> = LazyLock::new(Mutex::default);

/// How many hashes are remembered.
const MAX_HASHES: usize = 256;

/// SHA-256 of a regular file.
fn sha256_of(file: &File) -> io::Result<[u8; 32]> {
    let found = file.metadata()?;
    if !found.is_file() || found.len() > MAX_PROGRAM {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "not a regular file of reasonable size"));
    }
    let state = FileState {
        file: (found.dev(), found.ino()),
        length: found.len(),
        modified: (found.mtime(), found.mtime_nsec()),
        changed: (found.ctime(), found.ctime_nsec()),
    };
    if let Some(hash) = HASHES.lock().unwrap_or_else(PoisonError::into_inner).get(&state) {
        return Ok(*hash);
    }
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 256 * 1024];
    let mut from = file.take(MAX_PROGRAM);
    loop {
        match from.read(&mut chunk)? {
            0 => break,
            read => hasher.update(&chunk[..read]),
        }
    }
    let hash: [u8; 32] = hasher.finalize().into();
    let mut hashes = HASHES.lock().unwrap_or_else(PoisonError::into_inner);
    if hashes.len() >= MAX_HASHES {
        hashes.clear();
    }
    hashes.insert(state, hash);
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> ProvedClient {
        ProvedClient {
            instance: (7, 70),
            program: "/usr/bin/node".into(),
            program_sha256: [1; 32],
            script: Some("/opt/a/main.js".into()),
            script_sha256: Some([2; 32]),
            parents: vec![],
        }
    }

    #[test]
    fn identity_is_of_the_program_and_not_of_the_instance() {
        let one = client();
        assert_eq!(
            one.identity(),
            ProvedClient { instance: (8, 80), parents: vec!["/x".into()], ..client() }.identity()
        );
        for other in [
            ProvedClient { program: "/tmp/node".into(), ..client() },
            ProvedClient { program_sha256: [3; 32], ..client() },
            ProvedClient { script: Some("/opt/b/main.js".into()), ..client() },
            ProvedClient { script_sha256: Some([3; 32]), ..client() },
            ProvedClient { script: None, script_sha256: None, ..client() },
        ] {
            assert_ne!(one.identity(), other.identity(), "{other:?}");
        }
        assert_eq!(one.identity_hex().len(), 64);
    }

    #[test]
    fn the_name_is_what_a_person_would_call_it() {
        assert_eq!(client().name(), "main.js");
        assert_eq!(ProvedClient { script: Some("-m mcp".into()), script_sha256: None, ..client() }.name(), "node");
        assert_eq!(ProvedClient { script: Some("-c".into()), ..client() }.name(), "node");
    }

    #[test]
    fn a_file_that_changed_is_hashed_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("script.js");
        std::fs::write(&path, "one").unwrap();
        let before = sha256_of(&File::open(&path).unwrap()).unwrap();
        std::fs::write(&path, "two, longer").unwrap();
        let after = sha256_of(&File::open(&path).unwrap()).unwrap();
        assert_ne!(before, after);
        assert_eq!(after, <[u8; 32]>::from(Sha256::digest(b"two, longer")));
        assert!(sha256_of(&File::open(folder.path()).unwrap()).is_err(), "a folder is no program");
    }
}
