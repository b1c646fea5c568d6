//! Systems that can't be had ask: there Consentry's own passphrase is the only proof.

use super::Subject;

pub(super) fn own_user() -> u32 {
    0
}

pub(super) async fn available(_subject: &Subject) -> Result<(), String> {
    Err("this system has no way to ask".into())
}

pub(super) async fn ask(subject: &Subject) -> Result<(), String> {
    available(subject).await.map_err(|why| format!("The system can’t ask you: {why}."))
}
