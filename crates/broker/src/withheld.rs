//! What is held back from each conversation: the originals behind the placeholders that its model sees. In memory only;
//! when Consentry ends, what was held back can't be put back any more, and a call that needs it is refused.

use gate::permit::{Refusal, RefusalKind};
use gate::release::Withheld;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// The most conversations that are kept; the one that was used longest ago goes first.
const MOST: usize = 200;

/// One conversation's originals.
#[derive(Clone)]
pub(crate) struct Held(Arc<Mutex<Withheld>>);

impl Held {
    /// To look at or add to. Nobody holds it while waiting for anything.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Withheld> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All conversations, the one used last at the end.
#[derive(Default)]
pub(crate) struct Conversations(Mutex<Vec<(Arc<str>, Held)>>);

impl Conversations {
    /// What is held back from this conversation.
    ///
    /// # Errors
    /// A refusal where the operating system gives no random key.
    pub(crate) fn of(&self, conversation: &Arc<str>) -> Result<Held, Refusal> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = all.iter().rposition(|(name, _)| name == conversation) {
            let kept = all.remove(at);
            let held = kept.1.clone();
            all.push(kept);
            return Ok(held);
        }
        let mut key = Zeroizing::new([0_u8; 32]);
        getrandom::fill(key.as_mut()).map_err(|e| {
            let why = format!("The system gives no random numbers, so nothing could be held back safely: {e}.");
            Refusal::new(RefusalKind::NotSent, why)
        })?;
        let held = Held(Arc::new(Mutex::new(Withheld::new(*key))));
        all.push((conversation.clone(), held.clone()));
        if all.len() > MOST {
            all.remove(0);
        }
        Ok(held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_conversation_has_its_own_and_the_oldest_goes() {
        let all = Conversations::default();
        let name = |n: usize| Arc::<str>::from(format!("talk {n}"));
        let first = all.of(&name(0)).unwrap();
        assert!(Arc::ptr_eq(&first.0, &all.of(&name(0)).unwrap().0));
        for n in 1..MOST {
            assert!(!Arc::ptr_eq(&first.0, &all.of(&name(n)).unwrap().0));
        }
        // Used again, so it is not the oldest.
        all.of(&name(0)).unwrap();
        let second = all.of(&name(1)).unwrap();
        for n in 0..MOST - 1 {
            all.of(&name(MOST + n)).unwrap();
        }
        assert!(!Arc::ptr_eq(&first.0, &all.of(&name(0)).unwrap().0));
        drop(second);
    }
}
