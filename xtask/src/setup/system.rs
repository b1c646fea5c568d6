//! Packages of the system, on Debian and Ubuntu.

use crate::gallery;
use crate::shell::{command, on_path, read, run, succeeds};
use anyhow::{Result, bail};
use std::path::Path;
use std::process::Stdio;

/// What building and testing need, beside Rust, git and a C compiler.
const PACKAGES: &[&str] = &[
    // to build the app
    "build-essential",
    "pkg-config",
    "libwebkit2gtk-4.1-dev",
    "libdbus-1-dev",
    // to know whom to trust over https
    "ca-certificates",
    // to show and drive windows without a display
    "webkit2gtk-driver",
    "xvfb",
    "xauth",
    "fonts-dejavu-core",
    "libgl1-mesa-dri",
    "at-spi2-core",
    // a keychain and notifications on a bus of their own
    "dbus",
    "gnome-keyring",
    "dunst",
    // what asks the person for a password
    "polkitd",
    // the real servers and clients of the tests
    "python3",
    "python3-venv",
];

/// What shows every page to the tests that look at all of them; distributions that have none under this name do without.
const BROWSER: &str = "chromium";

/// Installs what is missing; root is asked for only then.
pub(super) fn ensure(root: &Path) -> Result<()> {
    packages(root)?;
    polkit(root)?;
    let apt = on_path("apt-get").is_some();
    if gallery::browser().is_none() && apt && !install(root, &[BROWSER]).is_ok_and(|()| gallery::browser().is_some()) {
        println!("no browser could be installed: the tests of all pages in one are skipped; set CHROME to yours");
    }
    Ok(())
}

/// Tells polkit what Consentry may have it ask; without it Consentry asks for a passphrase of its own.
fn polkit(root: &Path) -> Result<()> {
    let (file, folder) = (root.join("src-tauri/polkit/app.consentry.policy"), Path::new("/usr/share/polkit-1/actions"));
    let there = folder.join("app.consentry.policy");
    if !folder.exists() || std::fs::read(&there).ok() == std::fs::read(&file).ok() {
        return Ok(());
    }
    let (file, there) = (file.to_string_lossy().into_owned(), there.to_string_lossy().into_owned());
    match become_root(root)? {
        Some(prefix) => run(&mut command(root, &[prefix, &["install", "-m", "644", &file, &there]].concat())),
        None => {
            println!("polkit does not know Consentry yet. To have the system ask for your password, run this:");
            println!("  sudo install -m 644 {file} {there}");
            Ok(())
        }
    }
}

/// What stands before a command that root is to run, if this user may have it run.
fn become_root(root: &Path) -> Result<Option<&'static [&'static str]>> {
    Ok(if read(&mut command(root, &["id", "-u"]))?.trim() == "0" {
        Some(&[])
    } else if succeeds(&mut command(root, &["sudo", "-n", "true"])) {
        Some(&["sudo", "-n"])
    } else {
        None
    })
}

fn packages(root: &Path) -> Result<()> {
    if on_path("apt-get").is_none() || on_path("dpkg-query").is_none() {
        println!("this system has no apt: its counterparts of these packages are needed: {}", PACKAGES.join(" "));
        return Ok(());
    }
    let missing = missing(root)?;
    if missing.is_empty() {
        println!("all {} there", PACKAGES.len());
        return Ok(());
    }
    install(root, &missing)
}

fn install(root: &Path, missing: &[&'static str]) -> Result<()> {
    let install = ["apt-get", "install", "--yes", "--no-install-recommends"];
    let Some(prefix) = become_root(root)? else {
        bail!(
            "system packages are missing, and this user may not install them. Run this, then try again:\n\n  \
             sudo apt-get update && sudo {} {}\n",
            install.join(" "),
            missing.join(" ")
        );
    };
    println!("installing {}", missing.join(" "));
    let words = |rest: &[&'static str]| -> Vec<&'static str> { [prefix, rest].concat() };
    run(command(root, &words(&["apt-get", "update"])).stdout(Stdio::null()))?;
    let mut install = words(&install);
    // Given as an argument: sudo drops the environment.
    install.splice(prefix.len()..prefix.len(), ["env", "DEBIAN_FRONTEND=noninteractive"]);
    install.extend(missing);
    run(command(root, &install).stdin(Stdio::null()).stdout(Stdio::null()))
}

fn missing(root: &Path) -> Result<Vec<&'static str>> {
    let mut query = vec!["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n"];
    query.extend(PACKAGES);
    // It fails when it does not know one of the names; what it printed about the others stands.
    let output = command(root, &query).stderr(Stdio::null()).output()?;
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    let there = |package: &str| listed.lines().any(|line| line.split_once(' ') == Some((package, "installed")));
    Ok(PACKAGES.iter().copied().filter(|package| !there(package)).collect())
}
