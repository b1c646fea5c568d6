//! Where the paths of a call really lead. Looked at for the card alone: nothing is decided by it, and what stands there
//! may change until the server opens it.
//!
//! A path may lead to a file system that never answers, so every step is checked before it is taken, the whole has a
//! time limit, and only so many looks go on at once.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;
use tokio::sync::Semaphore;
use wire::view::{ArgumentView, Found, Mark, MarkView, PathPlace};

/// How long a card waits for the disk.
const PATIENCE: Duration = Duration::from_millis(80);
/// The most paths of one call that are looked at.
const MOST: usize = 24;
/// The most links on one way.
const LINKS: usize = 32;
/// How many looks may hang at once before nobody looks any more.
static LOOKS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(4));

/// Kernel file systems, where to look is to act.
const NEVER: &[&str] = &["/proc", "/sys", "/dev", "/run/user"];
/// File systems behind a network or a program that may not answer.
const FAR: &[&str] =
    &["nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "glusterfs", "9p", "autofs", "davfs"];

/// In arguments of these names a path may hold blanks; elsewhere what begins with a slash may be a sentence.
const NAMES: &[&str] = &[
    "path",
    "paths",
    "file",
    "files",
    "filename",
    "filepath",
    "directory",
    "dir",
    "folder",
    "source",
    "destination",
    "cwd",
];

/// Adds to each value that is a path where it leads; `words` are those the server was started with.
pub(super) async fn look(values: &mut [ArgumentView], words: &[String]) {
    let wanted: Vec<(usize, String, String)> =
        values.iter().enumerate().flat_map(|(at, v)| named(at, v)).take(MOST).collect();
    if wanted.is_empty() {
        return;
    }
    let texts: Vec<String> = wanted.iter().map(|(_, _, text)| text.clone()).collect();
    let words = words.to_vec();
    let looked = match LOOKS.try_acquire() {
        Ok(permit) => {
            let look = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                all(&texts, &words)
            });
            // A look that hangs keeps its permit; the card does not wait for it.
            tokio::time::timeout(PATIENCE, look).await.ok().and_then(Result::ok)
        }
        Err(_) => None,
    };
    let looked = looked.unwrap_or_else(|| wanted.iter().map(|_| not_looked()).collect());
    for ((at, pointer, _), mark) in wanted.into_iter().zip(looked) {
        if let Some(value) = values.get_mut(at) {
            value.marks.push(MarkView { pointer, mark });
        }
    }
}

/// The paths of one argument, with their pointers.
fn named(at: usize, value: &ArgumentView) -> Vec<(usize, String, String)> {
    let lower = value.name.to_lowercase();
    let by_name = NAMES.iter().any(|n| lower == *n || lower.ends_with(&format!("_{n}")));
    let is_path = |text: &str| {
        let looks = ["/", "~/", "./", "../"].iter().any(|start| text.starts_with(start));
        looks
            && (by_name || !text.contains(char::is_whitespace))
            && text.len() <= 4096
            && !text.contains(['\n', '\0'])
            && !text.contains("://")
    };
    if value.kind == "string" {
        return if is_path(&value.text) { vec![(at, value.pointer.clone(), value.text.clone())] } else { Vec::new() };
    }
    let Ok(items) = serde_json::from_str::<Vec<serde_json::Value>>(&value.text) else { return Vec::new() };
    let items = items.iter().enumerate().filter_map(|(i, item)| Some((i, item.as_str()?)));
    items.filter(|(_, t)| is_path(t)).map(|(i, t)| (at, format!("{}/{i}", value.pointer), t.to_owned())).collect()
}

/// How large the largest of these files on this computer is, where that can be found out without waiting.
pub(crate) async fn largest(texts: &[String]) -> Option<u64> {
    let texts = texts.to_vec();
    let permit = LOOKS.try_acquire().ok()?;
    let look = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let far = far_mounts(&std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default());
        let end = |text: &String| follow(&absolute(text, home.as_deref())?, &far);
        let ends = texts.iter().filter_map(end).filter(|end| end.found == Found::File);
        ends.filter_map(|end| std::fs::symlink_metadata(end.path).ok()).map(|at| at.len()).max()
    });
    tokio::time::timeout(PATIENCE, look).await.ok()?.ok()?
}

fn not_looked() -> Mark {
    Mark::Path { leads_to: None, linked: false, found: Found::NotLooked, place: PathPlace::Unknown, root: None }
}

/// Blocks on the disk.
fn all(texts: &[String], words: &[String]) -> Vec<Mark> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let far = far_mounts(&std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default());
    let roots: Vec<PathBuf> = words
        .iter()
        .skip(1)
        .filter_map(|word| absolute(word.rsplit('=').next().unwrap_or(word), home.as_deref()))
        .filter_map(|path| follow(&path, &far))
        .filter(|end| end.found == Found::Folder)
        .map(|end| end.path)
        .collect();
    texts.iter().map(|text| one(text, home.as_deref(), &far, &roots)).collect()
}

fn one(text: &str, home: Option<&Path>, far: &[PathBuf], roots: &[PathBuf]) -> Mark {
    // A relative path depends on the folder the server is in, which only the server knows.
    let Some(end) = absolute(text, home).and_then(|path| follow(&path, far)) else { return not_looked() };
    let inside = roots.iter().find(|root| end.path.starts_with(root));
    let place = match (roots.is_empty(), inside) {
        (true, _) => PathPlace::Unknown,
        (false, Some(_)) => PathPlace::Inside,
        (false, None) => PathPlace::Outside,
    };
    let leads_to = end.path.to_string_lossy().into_owned();
    Mark::Path {
        leads_to: (leads_to != text.trim_end_matches('/')).then_some(leads_to),
        linked: end.links > 0,
        found: end.found,
        place,
        root: inside.or(roots.first()).map(|root| root.to_string_lossy().into_owned()),
    }
}

fn absolute(text: &str, home: Option<&Path>) -> Option<PathBuf> {
    if text == "~" {
        return home.map(Path::to_owned);
    }
    match text.strip_prefix("~/") {
        Some(rest) => home.map(|home| home.join(rest)),
        None => Some(PathBuf::from(text)).filter(|path| path.is_absolute()),
    }
}

/// Where a way ends.
struct End {
    path: PathBuf,
    links: usize,
    found: Found,
}

/// Walks a path step by step, links too; `None` where a step would lead somewhere that is not looked at.
fn follow(path: &Path, far: &[PathBuf]) -> Option<End> {
    let mut ahead: Vec<OsString> = Vec::new();
    push_back(&mut ahead, path);
    let (mut here, mut links, mut missing) = (PathBuf::from("/"), 0, false);
    let mut found = Found::Folder;
    while let Some(step) = ahead.pop() {
        if step == ".." {
            here.pop();
            continue;
        }
        let next = here.join(&step);
        if NEVER.iter().any(|never| next.starts_with(never)) || far.iter().any(|mount| next.starts_with(mount)) {
            return None;
        }
        if missing {
            here = next;
            continue;
        }
        match std::fs::symlink_metadata(&next) {
            Ok(at) if at.file_type().is_symlink() => {
                links += 1;
                if links > LINKS {
                    return None;
                }
                let target = std::fs::read_link(&next).ok()?;
                if target.is_absolute() {
                    here = PathBuf::from("/");
                }
                push_back(&mut ahead, &target);
            }
            Ok(at) => {
                found = match at.file_type() {
                    kind if kind.is_dir() => Found::Folder,
                    kind if kind.is_file() => Found::File,
                    _ => Found::Other,
                };
                here = next;
            }
            Err(_) => {
                (missing, found) = (true, Found::Nothing);
                here = next;
            }
        }
    }
    Some(End { path: here, links, found })
}

/// Puts the steps of a path before those that are still to be taken.
fn push_back(ahead: &mut Vec<OsString>, path: &Path) {
    let steps = path.components().rev().filter_map(|component| match component {
        Component::Normal(step) => Some(step.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
    });
    ahead.extend(steps);
}

/// The mount points of file systems that may not answer.
fn far_mounts(mountinfo: &str) -> Vec<PathBuf> {
    let far = |line: &str| {
        let (mount, source) = line.split_once(" - ")?;
        let kind = source.split(' ').next()?;
        let at = mount.split(' ').nth(4)?.replace("\\040", " ");
        let is_far = FAR.contains(&kind) || kind.starts_with("fuse");
        (is_far && at != "/").then(|| PathBuf::from(at))
    };
    mountinfo.lines().filter_map(far).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str, text: &str, kind: &str) -> ArgumentView {
        ArgumentView {
            pointer: format!("/{name}"),
            name: name.into(),
            text: text.into(),
            kind: kind.into(),
            declared: true,
            marks: Vec::new(),
        }
    }

    async fn looked(name: &str, text: &str, words: &[&str]) -> Mark {
        let mut values = vec![value(name, text, "string")];
        let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        look(&mut values, &words).await;
        values[0].marks.pop().expect("a mark").mark
    }

    #[tokio::test]
    async fn a_link_is_followed_and_told_and_a_root_left() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        let (inside, outside) = (dir.join("in"), dir.join("out"));
        std::fs::create_dir(&inside).unwrap();
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join("key"), "k").unwrap();
        std::os::unix::fs::symlink("../out/key", inside.join("note")).unwrap();
        let words = ["server", inside.to_str().unwrap()];
        let text = inside.join("note").to_string_lossy().into_owned();
        let Mark::Path { leads_to, linked, found, place, root } = looked("path", &text, &words).await else { panic!() };
        assert_eq!(leads_to.as_deref(), outside.join("key").to_str());
        assert_eq!((linked, found, place), (true, Found::File, PathPlace::Outside));
        assert_eq!(root.as_deref(), inside.to_str());
        let text = inside.join("../in/./new/file").to_string_lossy().into_owned();
        let Mark::Path { leads_to, linked, found, place, .. } = looked("x", &text, &words).await else { panic!() };
        assert_eq!(leads_to.as_deref(), inside.join("new/file").to_str());
        assert_eq!((linked, found, place), (false, Found::Nothing, PathPlace::Inside));
    }

    #[tokio::test]
    async fn what_may_not_answer_is_not_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/proc/self/root", dir.path().join("p")).unwrap();
        std::os::unix::fs::symlink("loop", dir.path().join("loop")).unwrap();
        for text in [
            "/proc/self/environ",
            dir.path().join("p/etc").to_str().unwrap(),
            dir.path().join("loop").to_str().unwrap(),
            "./relative",
        ] {
            assert_eq!(looked("path", text, &["s"]).await, not_looked(), "{text}");
        }
        let mounts = far_mounts(
            "36 35 0:1 / /mnt/a\\040b rw - nfs4 host:/x rw\n37 35 0:2 / /home rw - ext4 /dev/a rw\n38 1 0:3 / /f rw - fuse.sshfs x rw",
        );
        assert_eq!(mounts, [PathBuf::from("/mnt/a b"), PathBuf::from("/f")]);
        assert!(follow(Path::new("/f/x"), &mounts).is_none());
    }

    #[tokio::test]
    async fn lists_are_looked_at_item_by_item_and_urls_are_no_paths() {
        let mut values = vec![
            value("paths", r#"["/", 3, "https://a.example/x"]"#, "array"),
            value("file", "https://x.example", "string"),
        ];
        look(&mut values, &[]).await;
        assert_eq!(values[0].marks.len(), 1);
        assert_eq!(values[0].marks[0].pointer, "/paths/0");
        assert!(values[1].marks.is_empty());
    }
}
