//! The standard library for `wasm32-unknown-unknown`, which the windows are built for.
//!
//! rustup brings it. Where it can't, Debian packages the library's source together with its dependencies: the source of
//! exactly this compiler's version is built once and put beside the compiler.

use crate::place::Place;
use crate::shell::{command, on_path, read, run, succeeds};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// The target of the windows.
use crate::build::WASM as TARGET;

/// Suites that may carry the source, beside those the machine reads already.
const SUITES: &[&str] = &["trixie-backports", "forky"];

pub(super) fn ensure(place: &Place) -> Result<()> {
    let root = &place.root;
    let sysroot = PathBuf::from(read(&mut command(root, &["rustc", "--print", "sysroot"]))?.trim());
    let library = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    if holds_std(&library) {
        println!("in {}", library.display());
        return Ok(());
    }
    if on_path("rustup").is_some()
        && succeeds(&mut command(root, &["timeout", "300", "rustup", "target", "add", TARGET]))
        && holds_std(&library)
    {
        println!("added by rustup");
        return Ok(());
    }
    println!("rustup can't add it: building it from Debian's source package");
    let work = place.cache.join("wasm-std");
    from_debian(&work, &library).context("the wasm target could not be made; `rustup target add` would do")?;
    Ok(fs::remove_dir_all(&work)?)
}

fn holds_std(library: &Path) -> bool {
    fs::read_dir(library).is_ok_and(|entries| {
        entries.flatten().any(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            // With a hash from rustup, without one from a build of ours.
            name == "libstd.rlib" || (name.starts_with("libstd-") && name.ends_with(".rlib"))
        })
    })
}

fn from_debian(work: &Path, library: &Path) -> Result<()> {
    fs::create_dir_all(work.join("lists/partial"))?;
    let version = read(&mut command(work, &["rustc", "--version"]))?;
    let version = version.split_whitespace().nth(1).context("rustc tells no version")?.to_owned();
    let source = unpack_source(work, &version)?;
    let target = work.join("target");
    let vendored = format!("source.vendored.directory={:?}", source.join("vendor"));
    let mut cargo =
        command(&source, &["cargo", "build", "--quiet", "-Zavoid-dev-deps", "--release", "--locked", "--offline"]);
    cargo
        .args(["--manifest-path", "sysroot/Cargo.toml", "--target", TARGET, "--features", "panic-unwind,backtrace"])
        .args(["--config", "source.crates-io.replace-with=\"vendored\"", "--config", &vendored])
        // The standard library is the one thing that may use what is unstable.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Zforce-unstable-if-unmarked -Cembed-bitcode=yes")
        .env("CARGO_TARGET_DIR", &target);
    run(&mut cargo)?;
    fs::create_dir_all(library)?;
    for entry in fs::read_dir(target.join(TARGET).join("release/deps"))? {
        let file = entry?;
        if file.path().extension().is_some_and(|extension| extension == "rlib") {
            fs::copy(file.path(), library.join(file.file_name()))?;
        }
    }
    if !holds_std(library) {
        bail!("the build gave no standard library");
    }
    Ok(())
}

/// Fetches and unpacks the source of exactly `version`, and gives its `library` folder.
fn unpack_source(work: &Path, version: &str) -> Result<PathBuf> {
    let own_view = own_apt_view(work)?;
    let none: Vec<String> = Vec::new();
    let (package, view) = match candidate(work, &none, "rust-web-src", version)? {
        Some(package) => (package, &none),
        None => {
            // A suite that can't be read, on an old mirror say, is no reason to give up: another may have the package.
            let _ = command(work, &["apt-get", "-qq"]).args(&own_view).arg("update").status();
            let found = candidate(work, &own_view, "rust-src", version)?;
            let found = found.with_context(|| format!("Debian has no package with the source of rustc {version}"))?;
            (found, &own_view)
        }
    };
    println!("from {package}");
    run(command(work, &["apt-get", "-qq"]).args(view).args(["-o", "APT::Sandbox::User=root", "download", &package]))?;
    let archive = fs::read_dir(work)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .context("apt downloaded nothing")?;
    run(command(work, &["dpkg-deb", "--extract"]).arg(archive).arg("unpacked"))?;
    fs::read_dir(work.join("unpacked/usr/src"))?
        .flatten()
        .map(|entry| entry.path().join("library"))
        .find(|library| library.is_dir())
        .context("the package holds no library source")
}

/// `name=version` of the package that holds the source of `version`, in the eyes of apt with `options`.
fn candidate(work: &Path, options: &[String], name: &str, version: &str) -> Result<Option<String>> {
    let listed = read(command(work, &["apt-cache"]).args(options).args(["madison", name]))?;
    let versions = listed.lines().filter_map(|line| line.split('|').nth(1)).map(str::trim);
    let fits = |full: &&str| full.split(['+', '-', '~']).next() == Some(version);
    Ok(versions.into_iter().find(fits).map(|full| format!("{name}={full}")))
}

/// Options that give apt its own sources and lists: the system's stay as they are.
fn own_apt_view(work: &Path) -> Result<Vec<String>> {
    let sources = fs::read_to_string("/etc/apt/sources.list.d/debian.sources")
        .context("only Debian's own package sources carry what is needed")?;
    let mirror = sources
        .lines()
        .find_map(|line| line.strip_prefix("URIs:"))
        .and_then(|mirrors| mirrors.split_whitespace().next())
        .context("debian.sources names no mirror")?;
    let key = "/usr/share/keyrings/debian-archive-keyring.gpg";
    let lines: String = SUITES.iter().map(|suite| format!("deb [signed-by={key}] {mirror} {suite} main\n")).collect();
    let list = work.join("sources.list");
    fs::write(&list, lines)?;
    let settings = [
        format!("Dir::Etc::sourcelist={}", list.display()),
        "Dir::Etc::sourceparts=-".to_owned(),
        format!("Dir::State::lists={}", work.join("lists").display()),
        "Acquire::Languages=none".to_owned(),
        "APT::Sandbox::User=root".to_owned(),
    ];
    Ok(settings.into_iter().flat_map(|setting| ["-o".to_owned(), setting]).collect())
}
