//! Files that somebody else writes too: nothing they wrote is lost, and nothing is left lying about.

use super::*;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

fn folder(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.json");
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_is_replaced_whole_with_its_mode_its_link_and_its_mark() {
    let (folder, path) = folder("\u{FEFF}old");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("c.json", &link).unwrap();
    let locked = Locked::open(&link).unwrap();
    let source = locked.read().unwrap();
    assert_eq!(source.text, "old");
    assert_eq!(locked.replace(&source, "new"), Ok(Replaced::Done));
    drop(locked);
    assert_eq!(fs::read_to_string(&path).unwrap(), "\u{FEFF}new");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(names(folder.path()), ["c.json", "link"]);
}

#[test]
fn what_somebody_wrote_since_stays() {
    let (folder, path) = folder("old");
    let locked = Locked::open(&path).unwrap();
    let source = locked.read().unwrap();
    fs::write(&path, "theirs").unwrap();
    assert_eq!(locked.replace(&source, "new"), Ok(Replaced::Changed));
    // Between our last look and the exchange, too.
    let part = folder.path().join("part");
    fs::write(&part, "new").unwrap();
    assert_eq!(locked.exchange(&part, b"old", b"new").unwrap(), Replaced::Changed);
    drop(locked);
    assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
    assert_eq!(names(folder.path()), ["c.json"]);
}

#[test]
fn what_a_killed_run_left_is_cleared_up_and_what_somebody_wrote_goes_back() {
    let (folder, path) = folder("new");
    let part = folder.path().join(format!(".c.json.{}-{}.consentry-part", short(b"old"), short(b"new")));
    for (left, stands) in [("old", "new"), ("new", "new"), ("theirs", "theirs")] {
        fs::write(&path, "new").unwrap();
        fs::write(&part, left).unwrap();
        drop(Locked::open(&path).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), stands, "{left}");
        assert_eq!(names(folder.path()), ["c.json"]);
    }
    fs::write(&path, "newer").unwrap();
    fs::write(&part, "theirs").unwrap();
    drop(Locked::open(&path).unwrap());
    assert_eq!(fs::read_to_string(&path).unwrap(), "newer");
}

#[test]
fn one_at_a_time() {
    let (_folder, path) = folder("0");
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let path = path.clone();
            std::thread::spawn(move || {
                for _ in 0..10 {
                    let locked = Locked::open(&path).unwrap();
                    let source = locked.read().unwrap();
                    let next = (source.text.parse::<u32>().unwrap() + 1).to_string();
                    assert_eq!(locked.replace(&source, &next), Ok(Replaced::Done));
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(fs::read_to_string(&path).unwrap(), "40");
}

/// Somebody who writes as fast as they can: each version beside the file and then into its place.
#[test]
fn nothing_that_is_written_all_the_time_is_lost() {
    let (folder, path) = folder("w0");
    let stop = AtomicBool::new(false);
    let (mut done, mut last) = (0, String::new());
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let (mut n, mut lost) = (0, 0);
            let mine = folder.path().join("theirs");
            while !stop.load(Ordering::Relaxed) {
                n += 1;
                fs::write(&mine, format!("w{n}")).unwrap();
                fs::rename(&mine, &path).unwrap();
                // An exchange that is undone may hide it for a moment, and no longer.
                let (theirs, ours) = (format!("w{n}"), format!("ours w{n}"));
                let stands = |_: &u32| fs::read_to_string(&path).is_ok_and(|now| now == theirs || now == ours);
                lost += usize::from(!(0..100_000).any(|try_| stands(&try_)));
            }
            (format!("w{n}"), lost)
        });
        // On a busy machine the other one may be faster for a while.
        let mut tries = 0;
        while tries < 2_000 || (done == 0 && tries < 500_000) {
            tries += 1;
            let Ok(locked) = Locked::open(&path) else { continue };
            let Ok(source) = locked.read() else { continue };
            if source.text.starts_with('w') {
                let ours = format!("ours {}", source.text);
                done += usize::from(locked.replace(&source, &ours) == Ok(Replaced::Done));
            }
        }
        stop.store(true, Ordering::Relaxed);
        let (written, lost) = writer.join().unwrap();
        assert_eq!(lost, 0, "versions that did not come back");
        last = written;
    });
    let stands = fs::read_to_string(&path).unwrap();
    assert!(stands == last || stands == format!("ours {last}"), "{stands} instead of {last}");
    assert!(done > 0, "never replaced");
}
