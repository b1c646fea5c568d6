//! What a call would do with what the conversation was shown: whether it carries values of untrusted origin where they
//! decide something, whether it goes somewhere new, and whether anything would leave.

use super::role::argument;
use super::volume::{FETCH, Leaves};
use super::{Exposure, Memory, Place, Role, Source, Standing, Traced, Trust, Volume, places};
use crate::call::{Call, scalars};
use crate::meaning::parties::is_below;
use crate::policy::FlowFacts;
use crate::tool::Effect;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// What a person approved or configured.
pub struct Known<'a> {
    /// Whether calls to this server were allowed to go to this place.
    pub approved: &'a dyn Fn(&Place) -> bool,
    /// The domains that the person named as their own.
    pub own: &'a [String],
}

impl Known<'_> {
    /// Nothing is known.
    pub const NOTHING: Self = Self { approved: &|_| false, own: &[] };

    /// Whether the place is in a domain of the person's own.
    fn is_own(&self, place: &Place) -> bool {
        match place.kind {
            "host" => is_below(&place.value, self.own),
            "address" => is_below(place.value.rsplit('@').next().unwrap_or_default(), self.own),
            _ => false,
        }
    }
}

/// Where the values of a call came from, and what it would do with them.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    /// Every value with what is known of it.
    pub traced: Vec<Traced>,
    /// Where it goes.
    pub places: Vec<Place>,
    /// The places among them that nobody approved or configured.
    pub new: Vec<Place>,
    /// A value that decides where or what comes from untrusted text, or may come from it.
    pub tainted_sensitive: bool,
    /// Something would leave for others, or something would be run.
    pub outward: bool,
    /// What the conversation was exposed to.
    pub exposure: Exposure,
    /// How much the call takes along, and whom it goes to: told once, since a call may be large.
    pub volume: Volume,
    pub(crate) recipients: Arc<HashSet<u64>>,
}

impl Flow {
    /// Traces a call through what its conversation was shown.
    pub fn of(call: &Call, memory: &Memory, known: &Known<'_>, now_ms: i64) -> Self {
        let (traced, exposure) = (memory.trace(call, now_ms), memory.exposure(now_ms));
        if call.tool.only_reads() {
            return Self { traced, exposure, ..Self::default() }.measured(call, known.own);
        }
        let places = places(call);
        let named = |pointer: &str| traced.iter().any(|t| t.pointer == pointer && t.standing == Standing::Named);
        let is_known = |place: &Place| {
            (known.approved)(place) || known.is_own(place) || place.kind == "name" && named(&place.pointer)
        };
        let follows = follows_a_link(call, &traced, &exposure);
        // A URL is approved by itself, but new only by its host. Whom a call only names, it does not go to.
        let reaches = call.tool.effects.iter().any(|effect| matches!(effect, Effect::Send | Effect::Pay));
        let fresh = |place: &&Place| match place.kind {
            "url" => false,
            "name" => reaches && !is_known(place),
            _ => !is_known(place),
        };
        let new: Vec<Place> = if follows { Vec::new() } else { places.iter().filter(fresh).cloned().collect() };
        let approved = |pointer: &str| {
            let mut there = places.iter().filter(|place| place.pointer == pointer && place.kind != "host").peekable();
            there.peek().is_some() && there.all(is_known)
        };
        let tainted_sensitive = !follows && traced.iter().any(|t| is_theirs(t, call) && !approved(&t.pointer));
        let inside = |place: &Place| place.kind == "name" && is_known(place) || known.is_own(place);
        let stays = addressed(&places) && places.iter().all(inside);
        let sends = call.tool.effects.contains(&Effect::Send) && !stays;
        let quiet = follows || fetches_again(call, &places, known);
        let outward = !quiet && (sends || call.tool.effects.contains(&Effect::Execute));
        Self { traced, places, new, tainted_sensitive, outward, exposure, ..Self::default() }.measured(call, known.own)
    }

    /// The same, with how much this call takes along: nothing where it only goes to the person's own domains. What a
    /// server knows by name, or a person approved once, makes no amount smaller.
    fn measured(self, call: &Call, own: &[String]) -> Self {
        let known = Known { own, ..Known::NOTHING };
        let stays = |place: &Place| place.kind == "url" || known.is_own(place);
        let sends = call.tool.effects.contains(&Effect::Send);
        let home = sends && addressed(&self.places) && self.places.iter().all(stays);
        let leaves = if home { Leaves::No } else { Leaves::of(call) };
        let (volume, recipients) = Volume::of(call, leaves, own);
        Self { volume, recipients: Arc::new(recipients), ..self }
    }

    /// Whom the call goes to, each as a number.
    pub fn recipients(&self) -> &HashSet<u64> {
        &self.recipients
    }

    /// What policies are told of it.
    pub fn facts(&self) -> FlowFacts {
        FlowFacts {
            new_destination: !self.new.is_empty(),
            tainted_sensitive: self.tainted_sensitive,
            tainted: self.suspects().into_iter().collect(),
            saw_untrusted: self.exposure.untrusted.is_some(),
            saw_private: self.exposure.private.is_some(),
            saw_flagged: self.exposure.flagged.is_some(),
            outward: self.outward,
        }
    }

    /// JSON pointers of the values that come from untrusted text, or may.
    pub fn suspects(&self) -> BTreeSet<String> {
        self.traced.iter().filter(|t| t.standing.is_suspect() || t.carries).map(|t| t.pointer.clone()).collect()
    }

    /// The flow of the same call after a person wrote these values of it themselves. Where they sent it instead is not
    /// looked up: it is new, and counts as leaving.
    #[must_use]
    pub fn edited(&self, call: &Call, typed: &[String]) -> Self {
        let traced: Vec<Traced> = self.traced.iter().filter(|t| !typed.contains(&t.pointer)).cloned().collect();
        let places = if call.tool.only_reads() { Vec::new() } else { places(call) };
        let same = |list: &[Place], place: &Place| list.iter().any(|p| p.kind == place.kind && p.value == place.value);
        let is_new = |place: &&Place| same(&self.new, place) || place.kind != "url" && !same(&self.places, place);
        let new = places.iter().filter(is_new).cloned().collect();
        let outward = self.outward || call.tool.effects.contains(&Effect::Send);
        let tainted_sensitive = self.tainted_sensitive && traced.iter().any(|t| is_theirs(t, call));
        let exposure = self.exposure;
        Self { traced, places, new, tainted_sensitive, outward, exposure, ..Self::default() }.measured(call, &[])
    }
}

/// Whether one of them is named where it says who gets it or where it goes. An address anywhere else is only mentioned.
fn addressed(places: &[Place]) -> bool {
    let says = |place: &Place| Role::named(argument(&place.pointer));
    places.iter().any(|place| matches!(says(place), Some(Role::Recipient | Role::Account | Role::Url)))
}

/// Whether somebody else may have written a value that decides something in this call, or an address in it.
fn is_theirs(t: &Traced, call: &Call) -> bool {
    t.carries || t.standing.is_suspect() && t.role.is_some_and(|role| matters(role, call))
}

/// Whether a value in this role decides something in this call.
fn matters(role: Role, call: &Call) -> bool {
    match role {
        // A sum matters where money moves.
        Role::Amount => call.tool.effects.contains(&Effect::Pay),
        Role::Recipient | Role::Account | Role::Url | Role::Path | Role::Command | Role::Secret => true,
    }
}

/// Whether a call only fetches what a person approved before, letter for letter: that tells nobody anything new.
fn fetches_again(call: &Call, places: &[Place], known: &Known<'_>) -> bool {
    let is_approved = |pointer: &str| {
        places.iter().any(|p| p.kind == "url" && p.pointer == pointer && (known.approved)(p))
            && places.iter().filter(|p| p.pointer == pointer).all(|p| (known.approved)(p))
    };
    let said = scalars(&call.request.parsed);
    let told = said.iter().filter(|(_, value)| value.is_string() || value.is_number());
    call.tool.effects == FETCH && told.clone().count() > 0 && told.into_iter().all(|(pointer, _)| is_approved(pointer))
}

/// Whether a call only fetches a link that stands as one in what was shown, while nothing private was: that tells
/// nobody more than that it was followed.
fn follows_a_link(call: &Call, traced: &[Traced], exposure: &Exposure) -> bool {
    let fetches = call.tool.effects == FETCH;
    let mut others = traced.iter().filter(|t| t.role.is_some()).peekable();
    let link = |t: &Traced| {
        let whole = |s: &Source| s.how == super::Match::Exact && s.apart && s.origin.trust == Trust::Untrusted;
        t.role == Some(Role::Url) && t.sources.iter().any(whole)
    };
    fetches && exposure.private.is_none() && exposure.flagged.is_none() && others.peek().is_some() && others.all(link)
}
