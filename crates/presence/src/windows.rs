//! Windows Hello: a face, a finger or a PIN (`Windows.Security.Credentials.UI.UserConsentVerifier`).

use super::{Came, Subject, patience, words};
use windows::Security::Credentials::UI::{
    UserConsentVerificationResult as Verified, UserConsentVerifier, UserConsentVerifierAvailability as Availability,
};
use windows::core::HSTRING;

/// Users are no numbers there; the system asks whoever sits in front of it.
pub(super) fn own_user() -> u32 {
    0
}

pub(super) async fn available(_subject: &Subject) -> Result<(), String> {
    let asked = async { UserConsentVerifier::CheckAvailabilityAsync()?.await };
    let found = tokio::time::timeout(std::time::Duration::from_secs(5), asked).await;
    match found {
        Ok(Ok(Availability::Available)) => Ok(()),
        Ok(Ok(Availability::NotConfiguredForUser)) => Err("Windows Hello is not set up for you".into()),
        Ok(Ok(Availability::DisabledByPolicy)) => Err("a policy of this computer turns Windows Hello off".into()),
        Ok(Ok(Availability::DeviceBusy)) => Err("Windows Hello is busy".into()),
        Ok(Ok(_)) => Err("this computer has no Windows Hello".into()),
        Ok(Err(_)) => Err("Windows Hello failed".into()),
        Err(_) => Err("Windows Hello does not answer".into()),
    }
}

pub(super) async fn ask(subject: &Subject) -> Result<(), String> {
    available(subject).await.map_err(|why| format!("The system can’t ask you: {why}."))?;
    let message = HSTRING::from(words(subject));
    let asked = async { UserConsentVerifier::RequestVerificationAsync(&message)?.await };
    let came = match tokio::time::timeout(patience(), asked).await {
        Err(_) => Came::Late,
        Ok(Ok(Verified::Verified)) => Came::Proved,
        Ok(Ok(Verified::Canceled)) => Came::Closed,
        Ok(Ok(_)) => Came::NotConvinced,
        Ok(Err(_)) => return Err("The system could not ask you: Windows Hello failed.".into()),
    };
    came.proof()
}
