//! What an account holds in memory, and what that means at a moment. Pure.

use super::super::{Scopes, TokenFacts, Tokens};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// How long before its end a token is made fresh, at most.
const EARLY_MS: i64 = 60_000;

/// How long before its end a token of a short life is made fresh, at least, and what a request needs to get there.
const LEAST_MS: i64 = 500;

/// A clock that went back by more than this no longer says how old a token is.
const BACK_MS: i64 = 120_000;

/// A token that was got because the one before was refused, and is refused itself this soon, is not refused for its age:
/// another one would be, too.
const PROVEN_MS: i64 = 60_000;

/// The longest pause after failures.
const LONGEST_PAUSE_MS: i64 = 300_000;

/// Why a login is needed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Need {
    /// There was none.
    #[error("this server needs a login")]
    First,
    /// The access token ended, and there is no refresh token.
    #[error("the login has ended")]
    Ended,
    /// The refresh token may have been used, and what came of that was lost.
    #[error("the login can't be continued safely: an answer of the authorization server was lost")]
    Lost,
    /// The authorization server did not take the refresh token. Its words are escaped.
    #[error("the login has ended: {0}")]
    Void(String),
    /// The server takes no token of this login.
    #[error("the server does not accept what this login gives")]
    Unaccepted,
    /// Another authorization server guards the server now, or for another resource.
    #[error("the login was made elsewhere, and {0} guards this server now")]
    Moved(String),
    /// What is kept can't be read.
    #[error("{0}")]
    Unreadable(String),
}

/// How an account stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has a token.
    Ready {
        /// When the token ends, where that was said.
        expires_at_ms: Option<i64>,
        /// What it may be used for.
        scopes: Scopes,
        /// A name for it in logs.
        fingerprint: String,
    },
    /// It has none just now, and tries again by itself when it is asked, from this moment on.
    Waiting {
        /// When.
        until_ms: i64,
        /// Why: a sentence without its full stop.
        why: String,
    },
    /// What it got can't be kept, so nothing is handed out. It tries again when it is asked.
    Unkept(String),
    /// The person must log in.
    NeedsLogin(Need),
    /// The person must log in for more scopes; what there is still serves for the rest.
    NeedsScopes {
        /// All to ask for: those of before and those that are missing.
        scopes: Scopes,
        /// The login before asked for all of them already: another will most likely not help.
        tried: bool,
    },
}

/// What is known of the access token that there is, whether or not it still serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// A name for it in logs.
    pub fingerprint: String,
    /// What it may be used for.
    pub scopes: Scopes,
    /// Whom it says it is for, where that is not its resource. Foreign, and not verified.
    pub for_others: Vec<String>,
}

/// What an account holds.
#[derive(Default)]
pub(super) struct Held {
    pub(super) tokens: Option<Tokens>,
    /// New ones that could not be kept, and so are not used.
    pub(super) unkept: Option<Tokens>,
    /// The mark could not be taken back, though the refresh token was not sent.
    pub(super) unspent: bool,
    /// The access token was refused: no time makes it good.
    pub(super) refused: bool,
    /// The tokens were got because those before were refused.
    pub(super) forced: bool,
    need: Option<Need>,
    wanted: Option<Scopes>,
    pause: Option<Pause>,
    failures: u32,
}

struct Pause {
    until_ms: i64,
    why: String,
    custody: bool,
}

/// What a caller finds.
pub(super) enum Look {
    /// A token.
    Fresh(SecretString),
    /// One that still serves, and should be made fresh.
    Early(SecretString),
    /// None before it is made fresh.
    Stale,
    /// None at all, and why.
    None(String),
}

impl Held {
    pub(super) fn look(&mut self, now_ms: i64) -> Look {
        if let Some(need) = &self.need {
            return Look::None(need.to_string());
        }
        let paused = self.pause.as_ref().filter(|p| now_ms < p.until_ms);
        if let Some(pause) = paused.filter(|p| p.custody) {
            return Look::None(pause.why.clone());
        }
        let Some(tokens) = self.tokens.as_ref().filter(|_| self.unkept.is_none()) else { return Look::Stale };
        match (self.age(tokens, now_ms), tokens.can_refresh()) {
            (Age::Fresh, _) => Look::Fresh(tokens.access.clone()),
            (Age::Early, true) if paused.is_none() => Look::Early(tokens.access.clone()),
            (Age::Early, _) => Look::Fresh(tokens.access.clone()),
            (Age::Ended, true) => paused.map_or(Look::Stale, |p| Look::None(p.why.clone())),
            (Age::Ended, false) => {
                let need = match (tokens.spent, self.refused) {
                    (true, _) => Need::Lost,
                    (false, true) => Need::Unaccepted,
                    (false, false) => Need::Ended,
                };
                let why = need.to_string();
                self.need = Some(need);
                Look::None(why)
            }
        }
    }

    pub(super) fn standing(&self, now_ms: i64) -> Standing {
        if let Some(need) = &self.need {
            return Standing::NeedsLogin(need.clone());
        }
        if let Some(pause) = self.pause.as_ref().filter(|p| p.custody || self.ended(now_ms)) {
            let why = pause.why.clone();
            return if pause.custody {
                Standing::Unkept(why)
            } else {
                Standing::Waiting { until_ms: pause.until_ms, why }
            };
        }
        let Some(tokens) = &self.tokens else { return Standing::NeedsLogin(Need::First) };
        if let Some(wanted) = &self.wanted {
            // A server may grant without having been asked; asking for what it never said may be lost on the way.
            let tried = tokens.asked.holds(wanted);
            return Standing::NeedsScopes { scopes: wanted.clone(), tried };
        }
        Standing::Ready {
            expires_at_ms: tokens.expires_at_ms,
            scopes: tokens.scopes.clone(),
            fingerprint: tokens.fingerprint(),
        }
    }

    pub(super) fn known(&self) -> Option<Known> {
        let tokens = self.tokens.as_ref()?;
        let facts = TokenFacts::of(&tokens.access).filter(|facts| facts.is_for_another(&tokens.resource));
        Some(Known {
            fingerprint: tokens.fingerprint(),
            scopes: tokens.scopes.clone(),
            for_others: facts.map(|facts| facts.audience).unwrap_or_default(),
        })
    }

    /// Whether there is no token that still serves.
    fn ended(&self, now_ms: i64) -> bool {
        self.tokens.as_ref().is_none_or(|t| self.age(t, now_ms) == Age::Ended)
    }

    fn age(&self, tokens: &Tokens, now_ms: i64) -> Age {
        if self.refused { Age::Ended } else { age(tokens, now_ms) }
    }

    /// Takes tokens that are kept.
    pub(super) fn take(&mut self, tokens: Tokens) {
        let (wanted, forced) = (self.wanted.take(), self.refused);
        *self = Self { tokens: Some(tokens), forced, wanted, ..Self::default() };
    }

    /// Takes tokens of a new login.
    pub(super) fn logged_in(&mut self, tokens: Tokens) {
        *self = Self { tokens: Some(tokens), ..Self::default() };
    }

    /// Holds nothing any more; what there was is returned.
    pub(super) fn leave(&mut self) -> Option<Tokens> {
        let left = std::mem::take(self);
        self.need = Some(Need::First);
        left.unkept.or(left.tokens)
    }

    /// Only a login helps.
    pub(super) fn give_up(&mut self, need: Need) {
        self.need = Some(need);
        self.pause = None;
    }

    /// A server refused this access token. Where it is the one that is held, it is handed out no more.
    pub(super) fn refuse(&mut self, token: &SecretString, now_ms: i64) {
        let Some(tokens) = &self.tokens else { return };
        let same = tokens.access.expose_secret().as_bytes().ct_eq(token.expose_secret().as_bytes());
        if !bool::from(same) {
            return;
        }
        // One that ended on its way says nothing of the next; its end is counted in whole seconds (RFC 7519, section 2).
        let fresh = age(tokens, now_ms.saturating_add(1_000)) != Age::Ended;
        let young = now_ms.saturating_sub(tokens.received_at_ms) < PROVEN_MS && fresh;
        self.refused = true;
        if self.forced && young {
            self.give_up(Need::Unaccepted);
        }
    }

    /// More scopes are needed: all of before, and these.
    pub(super) fn want(&mut self, scopes: &Scopes) {
        let Some(tokens) = &self.tokens else { return };
        let before = if tokens.asked.is_empty() { &tokens.scopes } else { &tokens.asked };
        let all = self.wanted.as_ref().unwrap_or(before).union(scopes);
        self.wanted = Some(all);
    }

    /// Tries again later: the pause doubles.
    pub(super) fn wait(&mut self, now_ms: i64, why: String, custody: bool) {
        self.failures = self.failures.saturating_add(1);
        let pause = (500_i64 << self.failures.min(16)).min(LONGEST_PAUSE_MS);
        self.pause = Some(Pause { until_ms: now_ms.saturating_add(pause), why, custody });
    }

    /// The refresh token may be used up.
    pub(super) fn spend(&mut self) {
        if let Some(tokens) = &mut self.tokens {
            tokens.spent = true;
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    Fresh,
    Early,
    Ended,
}

fn age(tokens: &Tokens, now_ms: i64) -> Age {
    let Some(expires_at_ms) = tokens.expires_at_ms else { return Age::Fresh };
    if now_ms < tokens.received_at_ms.saturating_sub(BACK_MS) {
        return Age::Ended;
    }
    let life = expires_at_ms.saturating_sub(tokens.received_at_ms).max(0);
    // A tenth of its life, but neither more than a minute nor less than a request takes, nor more than half.
    let early = (life / 10).clamp(LEAST_MS, EARLY_MS).min(life / 2);
    match expires_at_ms.saturating_sub(now_ms) {
        left if left > early => Age::Fresh,
        left if left > early / 2 => Age::Early,
        _ => Age::Ended,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::tokens;
    use super::*;

    #[test]
    fn a_token_is_made_fresh_a_little_before_it_ends() {
        let at = |life_s: i64, now: i64| {
            let mut tokens = tokens("a", Some("r"), 0);
            tokens.expires_at_ms = Some(life_s * 1000);
            age(&tokens, now)
        };
        assert_eq!(at(3600, 3_539_000), Age::Fresh);
        assert_eq!(at(3600, 3_541_000), Age::Early);
        assert_eq!(at(3600, 3_571_000), Age::Ended);
        assert_eq!(at(5, 4_400), Age::Fresh);
        assert_eq!(at(5, 4_600), Age::Early);
        assert_eq!(at(5, 4_800), Age::Ended);
        assert_eq!(at(0, 0), Age::Ended);
        assert_eq!(at(3600, -600_000), Age::Ended, "a clock that went back says nothing");
        assert_eq!(at(3600, -30_000), Age::Fresh, "a little is no matter");
    }

    #[test]
    fn only_one_that_had_not_ended_on_its_way_proves_that_no_other_serves() {
        for (refused_at, unaccepted) in [(500, true), (1_100, false), (1_700, false), (2_100, false)] {
            let mut held = Held { forced: true, ..Held::default() };
            let mut tokens = tokens("a", Some("r"), 0);
            tokens.expires_at_ms = Some(2_000);
            held.tokens = Some(tokens.clone());
            held.refuse(&tokens.access, refused_at);
            assert!(held.refused);
            assert_eq!(held.standing(refused_at) == Standing::NeedsLogin(Need::Unaccepted), unaccepted, "{refused_at}");
        }
    }

    #[test]
    fn pauses_grow_to_an_end() {
        let mut held = Held::default();
        let mut last = 0;
        for _ in 0..40 {
            held.wait(0, "x".into(), false);
            let until = held.pause.as_ref().unwrap().until_ms;
            assert!(until >= last && until <= LONGEST_PAUSE_MS);
            last = until;
        }
        assert_eq!(last, LONGEST_PAUSE_MS);
    }
}
