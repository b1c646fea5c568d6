//! The entry of the web view's bundle. Built natively it does nothing: the windows live in the app.

fn main() {
    #[cfg(target_arch = "wasm32")]
    consentry_ui::run();
}
