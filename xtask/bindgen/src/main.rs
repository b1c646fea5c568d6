//! `ui-bindgen WASM FOLDER`: writes the JavaScript module and the wasm a web view loads, from what rustc built.

use anyhow::{Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let [wasm, folder] = words.as_slice() else { bail!("usage: ui-bindgen WASM FOLDER") };
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).web(true)?.typescript(false).remove_producers_section(true);
    bindgen.generate(folder)
}
