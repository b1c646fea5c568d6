//! Consentry's own passphrase: what is left where the system can't ask. Kept as an Argon2id hash (RFC 9106) in a sealed
//! row, and tried slowly: each wrong one from the third on doubles the wait, over restarts, too.

use crate::clock::now_ms;
use crate::store::{Decision, Store};
use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use unicode_normalization::UnicodeNormalization;
use wire::proof::Secret;
use wire::{Fault, FaultCode};
use zeroize::Zeroizing;

const KIND: &str = "passphrase";
const HASH: &str = "hash";

/// Where one is tried. Each place counts by itself: a program that guesses on the command line must not keep the person
/// from the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Window,
    CommandLine,
}

impl Place {
    const ALL: [Self; 2] = [Self::Window, Self::CommandLine];

    fn row(self) -> &'static str {
        match self {
            Self::Window => "tries_in_window",
            Self::CommandLine => "tries_on_command_line",
        }
    }
}

/// As NIST SP 800-63B wants it, section 5.1.1.1.
const SHORTEST: usize = 8;
/// Whatever is longer was no passphrase.
const LONGEST: usize = 1_000;

/// So many wrong ones in a row cost nothing but the time to try.
const FREE: u32 = 3;
const FIRST_WAIT_MS: i64 = 30_000;
const LONGEST_WAIT_MS: i64 = 60 * 60_000;

/// The passphrase, and what was tried.
#[derive(Debug)]
pub(super) struct Passphrase {
    store: Store,
    /// Held while one is tried: two at once would be two tries for one wait.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    hash: Option<String>,
    tries: [Tries; 2],
}

impl State {
    fn may_try(&self, place: Place) -> Result<(), Fault> {
        let missing = |why: &str| Fault::new(FaultCode::ProofMissing, why);
        if self.hash.is_none() {
            return Err(missing("No passphrase was chosen yet. Choose one in Consentry’s settings."));
        }
        match self.tries[place as usize].wait(now_ms()) {
            Some(wait) => Err(missing(&format!("Too many wrong passphrases. Try again in {wait}."))),
            None => Ok(()),
        }
    }
}

/// Wrong ones in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tries {
    wrong: u32,
    /// Until when none is tried.
    until: i64,
}

impl Tries {
    /// One more.
    pub(super) fn wrong_at(self, now: i64) -> Self {
        let wrong = self.wrong.saturating_add(1);
        let over = wrong.saturating_sub(FREE).min(16);
        let wait = if wrong < FREE { 0 } else { (FIRST_WAIT_MS << over).min(LONGEST_WAIT_MS) };
        Self { wrong, until: now.saturating_add(wait) }
    }

    /// How long none is tried any more, in words.
    pub(super) fn wait(self, now: i64) -> Option<String> {
        let wait = self.until.saturating_sub(now);
        (wait > 0).then(|| time(wait))
    }
}

impl Passphrase {
    /// As it was left. Rows whose seals do not hold are no passphrase; with them all other decisions are void, too.
    pub(super) async fn open(store: Store) -> Result<Self, Fault> {
        let rows = store.decisions(KIND).await?.valid;
        let value = |name: &str| rows.iter().find(|row| row.name == name).map(|row| row.value.clone());
        let read = |place: Place| value(place.row()).and_then(|tries| serde_json::from_str(&tries).ok());
        let tries = Place::ALL.map(|place| read(place).unwrap_or_default());
        let state = State { hash: value(HASH), tries };
        Ok(Self { store, state: Mutex::new(state) })
    }

    /// Whether there is one, and until when none is tried.
    pub(super) async fn standing(&self, place: Place) -> (bool, Option<i64>) {
        let state = self.state.lock().await;
        (state.hash.is_some(), Some(state.tries[place as usize].until).filter(|until| *until > now_ms()))
    }

    /// Whether one is tried now.
    ///
    /// # Errors
    /// `ProofMissing` where none was chosen, or after too many wrong ones.
    pub(super) async fn may_try(&self, place: Place) -> Result<(), Fault> {
        self.state.lock().await.may_try(place)
    }

    /// Whether this is it.
    ///
    /// # Errors
    /// `ProofMissing` where it is not, none was chosen, or none is tried now; `Storage` where a wrong one can't be
    /// counted.
    pub(super) async fn verify(&self, typed: &Secret, place: Place) -> Result<(), Fault> {
        let mut state = self.state.lock().await;
        state.may_try(place)?;
        let hash = state.hash.clone().unwrap_or_default();
        let typed = normal(typed);
        let right = tokio::task::spawn_blocking(move || is_it(&hash, &typed)).await.unwrap_or(false);
        let tries = if right { Tries::default() } else { state.tries[place as usize].wrong_at(now_ms()) };
        if tries != state.tries[place as usize] {
            // In force even where it can't be kept.
            state.tries[place as usize] = tries;
            let value = serde_json::to_string(&tries).unwrap_or_default();
            self.store.decide(KIND, &Decision { name: place.row().into(), value, decided_at: now_ms() }).await?;
        }
        let missing = |why: String| Fault::new(FaultCode::ProofMissing, why);
        match (right, tries.wait(now_ms())) {
            (true, _) => Ok(()),
            (false, Some(wait)) => Err(missing(format!("That is not your passphrase. Try again in {wait}."))),
            (false, None) => Err(missing("That is not your passphrase.".into())),
        }
    }

    /// Whether it may be this one from now on.
    ///
    /// # Errors
    /// As for [`Self::verify`], and `Invalid`.
    pub(super) async fn may_change(&self, current: Option<&Secret>, new: &Secret, place: Place) -> Result<(), Fault> {
        let length = normal(new).chars().count();
        if length < SHORTEST {
            let why = format!("A passphrase has at least {SHORTEST} characters. Several words are easy to remember.");
            return Err(Fault::new(FaultCode::Invalid, why));
        }
        if length > LONGEST {
            return Err(Fault::new(FaultCode::Invalid, format!("A passphrase has at most {LONGEST} characters.")));
        }
        let chosen = self.state.lock().await.hash.is_some();
        match (chosen, current) {
            (false, _) => Ok(()),
            (true, Some(current)) => self.verify(current, place).await,
            (true, None) => {
                Err(Fault::new(FaultCode::ProofMissing, "A passphrase was chosen already. Type that one, too."))
            }
        }
    }

    /// It is this one from now on.
    ///
    /// # Errors
    /// `Storage`: then it is the one it was.
    pub(super) async fn change(&self, new: &Secret) -> Result<(), Fault> {
        let new = normal(new);
        let hashed = tokio::task::spawn_blocking(move || hash(&new)).await;
        let no_hash = || Fault::new(FaultCode::Storage, "The passphrase could not be hashed; it is the one it was.");
        let hash = hashed.ok().flatten().ok_or_else(no_hash)?;
        let mut state = self.state.lock().await;
        let decision = Decision { name: HASH.into(), value: hash.clone(), decided_at: now_ms() };
        self.store.decide(KIND, &decision).await?;
        *state = State { hash: Some(hash), ..State::default() };
        Ok(())
    }
}

/// The same keys give the same characters on every system: NFKC, as SP 800-63B wants it, section 5.1.1.2.
fn normal(typed: &Secret) -> Zeroizing<String> {
    Zeroizing::new(typed.expose().nfkc().collect())
}

/// With the parameters of OWASP, which are the crate's own.
fn hash(passphrase: &str) -> Option<String> {
    let mut salt = [0_u8; 16];
    getrandom::fill(&mut salt).ok()?;
    let salt = SaltString::encode_b64(&salt).ok()?;
    Some(Argon2::default().hash_password(passphrase.as_bytes(), &salt).ok()?.to_string())
}

fn is_it(hash: &str, typed: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(typed.as_bytes(), &hash).is_ok())
}

fn time(ms: i64) -> String {
    match ms / 1_000 + i64::from(ms % 1_000 > 0) {
        seconds @ ..=90 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", (seconds + 59) / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::Seal;
    use std::path::Path;
    use std::sync::Arc;

    async fn store(folder: &Path) -> Store {
        Store::open(&folder.join("db"), Arc::new(Seal::in_memory())).await.unwrap()
    }

    fn typed(words: &str) -> Secret {
        Secret::new(words.into())
    }

    #[test]
    fn wrong_ones_wait_longer_and_longer_and_never_more_than_an_hour() {
        let mut tries = Tries::default();
        let mut waits = Vec::new();
        for _ in 0..40 {
            tries = tries.wrong_at(1_000);
            waits.push((tries.until - 1_000) / 1_000);
        }
        assert_eq!(waits[..6], [0, 0, 30, 60, 120, 240]);
        assert!(waits[12..].iter().all(|wait| *wait == 3_600), "{waits:?}");
    }

    #[tokio::test]
    async fn only_the_right_one_counts_and_none_while_it_waits() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path()).await;
        let passphrase = Passphrase::open(store.clone()).await.unwrap();
        let none = passphrase.verify(&typed("anything"), Place::Window).await.unwrap_err();
        assert_eq!(none.code, FaultCode::ProofMissing);
        assert_eq!(
            passphrase.may_change(None, &typed("1234567"), Place::Window).await.unwrap_err().code,
            FaultCode::Invalid
        );
        passphrase.may_change(None, &typed("ｃorrect horse"), Place::Window).await.unwrap();
        passphrase.change(&typed("ｃorrect horse")).await.unwrap();
        passphrase.verify(&typed("correct horse"), Place::Window).await.unwrap();
        // To change it takes the one of now.
        for current in [None, Some(typed("wrong"))] {
            let why =
                passphrase.may_change(current.as_ref(), &typed("battery staple"), Place::Window).await.unwrap_err();
            assert_eq!(why.code, FaultCode::ProofMissing);
        }
        passphrase.verify(&typed("correct horse"), Place::Window).await.unwrap();
        for _ in 0..3 {
            passphrase.verify(&typed("wrong"), Place::Window).await.unwrap_err();
        }
        let why = passphrase.verify(&typed("correct horse"), Place::Window).await.unwrap_err();
        assert!(why.message.contains("Too many wrong"), "{why}");
        // Who guesses in one place keeps nobody from the other.
        passphrase.verify(&typed("correct horse"), Place::CommandLine).await.unwrap();
        // A restart does not begin anew.
        let again = Passphrase::open(store).await.unwrap();
        assert!(again.standing(Place::Window).await.1.is_some());
        assert!(again.verify(&typed("correct horse"), Place::Window).await.unwrap_err().message.contains("Too many"));
        assert!(!format!("{again:?}").contains("horse"));
    }
}
