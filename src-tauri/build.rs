//! Puts every command under the access list of `capabilities/`, and says so plainly when the windows are not built yet.

use std::path::Path;

/// The built windows, as `tauri.conf.json` names them.
const WINDOWS: &str = "../dist/index.html";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=../dist");
    if !Path::new(WINDOWS).exists() {
        return Err(
            format!("{WINDOWS} is missing: the windows are not built yet. Run `cargo xtask build` first.").into()
        );
    }
    // Without this list every window could call every command; with it, only what its capability file names.
    let commands = tauri_build::AppManifest::new().commands(wire::command::NAMES);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(commands))?;
    Ok(())
}
