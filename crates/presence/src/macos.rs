//! LocalAuthentication: Touch ID, Apple Watch, or the password of the account (`LAPolicyDeviceOwnerAuthentication`).

use super::{Came, Subject, patience, words};
use block2::RcBlock;
use objc2::runtime::Bool;
use objc2_foundation::{NSError, NSString};
use objc2_local_authentication::{LAContext, LAError, LAPolicy};
use std::sync::mpsc;

/// The system asks whoever sits in front of it.
pub(super) fn own_user() -> u32 {
    0
}

pub(super) async fn available(_subject: &Subject) -> Result<(), String> {
    tokio::task::spawn_blocking(can_ask).await.unwrap_or_else(|_| Err("LocalAuthentication failed".into()))
}

#[expect(unsafe_code, reason = "Objective-C has no other way; the context is ours alone and lives through the call")]
fn can_ask() -> Result<(), String> {
    // SAFETY: a plain object of ours, asked on the thread that made it.
    let can = unsafe { LAContext::new().canEvaluatePolicy_error(LAPolicy::DeviceOwnerAuthentication) };
    can.map_err(|_| "this account has neither a password nor Touch ID".into())
}

pub(super) async fn ask(subject: &Subject) -> Result<(), String> {
    let reason = words(subject);
    let came = tokio::task::spawn_blocking(move || {
        can_ask().map_err(|why| format!("The system can’t ask you: {why}."))?;
        evaluate(reason).proof()
    });
    came.await.unwrap_or_else(|_| Err("The system could not ask you: LocalAuthentication failed.".into()))
}

/// Blocks until the dialog is answered, or gone.
#[expect(
    unsafe_code,
    reason = "Objective-C has no other way; the context and the block live until the answer is there"
)]
fn evaluate(reason: &str) -> Came {
    let (tell, told) = mpsc::channel();
    let reply = RcBlock::new(move |proved: Bool, error: *mut NSError| {
        // SAFETY: the system hands over an error that lives through this call, or null.
        let code = unsafe { error.as_ref() }.map(NSError::code);
        let closed = [LAError::UserCancel, LAError::AppCancel, LAError::SystemCancel].map(|error| error.0);
        let came = match (proved.as_bool(), code) {
            (true, _) => Came::Proved,
            (false, Some(code)) if closed.contains(&code) => Came::Closed,
            (false, _) => Came::NotConvinced,
        };
        // Whoever waited may have given up.
        let _ = tell.send(came);
    });
    // SAFETY: the context is ours alone; the system keeps the block for as long as it needs it.
    let context = unsafe { LAContext::new() };
    let (policy, reason) = (LAPolicy::DeviceOwnerAuthentication, NSString::from_str(reason));
    unsafe { context.evaluatePolicy_localizedReason_reply(policy, &reason, &reply) };
    told.recv_timeout(patience()).unwrap_or_else(|_| {
        // SAFETY: ends the dialog, which nobody waits for any more.
        unsafe { context.invalidate() };
        Came::Late
    })
}
