//! Draws the icons from their two sources with the programs of the system: only whoever changes a source needs them.

use crate::place::Place;
use crate::shell::{command, on_path, run};
use anyhow::{Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// Side lengths of the app's PNG files, in pixels; `icon.png` is the largest.
const SIZES: &[u32] = &[32, 128, 256];

/// Sizes inside the icon of Windows, in pixels.
const WINDOWS: &[u32] = &[16, 24, 32, 48, 64, 256];

/// Sizes inside the icon of macOS, with the type each has there.
const MAC: &[(u32, &[u8; 4])] =
    &[(16, b"icp4"), (32, b"icp5"), (64, b"icp6"), (128, b"ic07"), (256, b"ic08"), (512, b"ic09"), (1024, b"ic10")];

/// The tray's size, in pixels: twice what panels show.
const TRAY: u32 = 44;

/// Writes every icon anew.
pub(crate) fn draw(place: &Place) -> Result<()> {
    if on_path("rsvg-convert").is_none() {
        bail!("rsvg-convert is missing (Debian: librsvg2-bin)");
    }
    let folder = place.root.join("icons");
    for size in SIZES {
        png(&folder, "icon.svg", *size, &folder.join(format!("{size}.png")))?;
    }
    png(&folder, "icon.svg", 512, &folder.join("icon.png"))?;
    png(&folder, "tray.svg", TRAY, &folder.join("tray.png"))?;
    fs::write(folder.join("icon.ico"), windows(&pictures(place, &folder, WINDOWS.iter().copied())?))?;
    let sizes = MAC.iter().map(|(size, _)| *size);
    fs::write(folder.join("icon.icns"), mac(&pictures(place, &folder, sizes)?))?;
    println!("in {}", folder.display());
    Ok(())
}

fn png(folder: &Path, source: &str, size: u32, to: &Path) -> Result<()> {
    let size = size.to_string();
    run(command(folder, &["rsvg-convert", "--width", &size, "--height", &size, source, "--output"]).arg(to))
}

/// The app's icon in each size, as PNG.
fn pictures(place: &Place, folder: &Path, sizes: impl Iterator<Item = u32>) -> Result<Vec<(u32, Vec<u8>)>> {
    let scratch: PathBuf = place.target.join("icon.png");
    sizes
        .map(|size| {
            png(folder, "icon.svg", size, &scratch)?;
            Ok((size, fs::read(&scratch)?))
        })
        .collect()
}

/// An .ico file: a directory of PNG pictures.
fn windows(pictures: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let (mut directory, mut body) = (vec![0, 0, 1, 0], Vec::new());
    directory.extend(length(pictures.len()).to_le_bytes().into_iter().take(2));
    for (size, picture) in pictures {
        // A side of 256 is written as 0.
        let side = u8::try_from(*size).unwrap_or(0);
        let offset = 6 + 16 * pictures.len() + body.len();
        directory.extend([side, side, 0, 0, 1, 0, 32, 0]);
        directory.extend(length(picture.len()).to_le_bytes());
        directory.extend(length(offset).to_le_bytes());
        body.extend(picture);
    }
    [directory, body].concat()
}

/// An .icns file: PNG pictures, each behind its type and length.
fn mac(pictures: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for ((_, picture), (_, kind)) in pictures.iter().zip(MAC) {
        body.extend(*kind);
        body.extend(length(picture.len() + 8).to_be_bytes());
        body.extend(picture);
    }
    [b"icns".to_vec(), length(body.len() + 8).to_be_bytes().to_vec(), body].concat()
}

/// A length as these formats hold it; an icon never comes near the limit.
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_of_an_ico_points_at_its_pictures() {
        let file = windows(&[(16, b"small".to_vec()), (256, b"large".to_vec())]);
        assert_eq!(file[..6], [0, 0, 1, 0, 2, 0]);
        assert_eq!((file[6], file[22]), (16, 0));
        let offset = u32::from_le_bytes([file[34], file[35], file[36], file[37]]) as usize;
        assert_eq!(&file[offset..], b"large");
    }

    #[test]
    fn an_icns_tells_its_own_length() {
        let file = mac(&[(16, b"small".to_vec())]);
        assert_eq!(file[..8], [b'i', b'c', b'n', b's', 0, 0, 0, 21]);
        assert_eq!(&file[8..12], b"icp4");
    }
}
