// Loads the windows' code. Nothing else is JavaScript of ours: the rest is Rust, and this page allows no inline script.
import start from "./consentry-ui.js";

await start({ module_or_path: new URL("./consentry-ui_bg.wasm", import.meta.url) });
