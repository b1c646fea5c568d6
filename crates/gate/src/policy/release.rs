//! Data that leaves: which classes a call carries to its server, and which ones of a result a model may have.

use super::judge::{About, Question};
use super::{Destination, Policies, Shared};
use crate::approval::Consent;
use cedar_policy_core::ast::{Eid, Entity, EntityUID, Value};
use cedar_policy_core::entities::{Entities, NoEntitiesSchema, TCComputation};
use cedar_policy_core::extensions::Extensions;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// The longest name of a data class, in bytes: names come from detectors and from lists that people keep.
const LONGEST: usize = 200;

/// A class of data that a call would carry to its server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Carried {
    /// The data class, such as `secret.aws_access_key`.
    pub class: String,
    /// Whether this very server gave every such value in this conversation.
    pub came_from_there: bool,
    /// Whether one was withheld from the model and would be put back.
    pub held_back: bool,
}

impl Carried {
    pub(super) fn question<'a>(&'a self, shared: &'a Shared, server: &str) -> Result<Question<'a>, String> {
        let to = Destination { kind: "server", value: server.to_owned() };
        let beside = [("came_from_there", self.came_from_there), ("held_back", self.held_back)];
        question(shared, &to, &self.class, beside)
    }
}

impl Policies {
    /// Whether data of this class must not reach the model of this client. What can't be judged must not.
    pub fn withholds(&self, client: &str, class: &str) -> bool {
        let to = Destination { kind: "model", value: client.to_owned() };
        let beside = [("came_from_there", false), ("held_back", false)];
        match question(&self.shared, &to, class, beside) {
            Ok(question) => !question.answer(&BTreeMap::new(), Consent::None).allowed,
            Err(_) => true,
        }
    }
}

fn question<'a>(
    shared: &'a Shared,
    to: &Destination,
    class: &'a str,
    facts: [(&str, bool); 2],
) -> Result<Question<'a>, String> {
    let unfit = || "The call can't be judged: a class of data in it has no name that policies could use.".to_owned();
    let destination = to.entity(&shared.kinds.destination).ok_or_else(unfit)?;
    let uid = |name: &str| EntityUID::from_components(shared.kinds.data_class.clone(), Eid::new(name), None);
    if class.is_empty() || class.len() > LONGEST {
        return Err(unfit());
    }
    let above: HashSet<_> = class.match_indices('.').filter_map(|(at, _)| class.get(..at)).map(uid).collect();
    let data = Arc::new(Entity::new_with_attr_partial_value(uid(class), [], HashSet::new(), above, []));
    let (principal, resource) = (destination.uid().clone(), data.uid().clone());
    let entities: Entities = shared
        .actions
        .clone()
        .add_entities(
            [destination, data],
            None::<&NoEntitiesSchema>,
            TCComputation::AssumeAlreadyComputed,
            Extensions::all_available(),
        )
        .map_err(|e| format!("The call can't be judged: {e}."))?;
    Ok(Question {
        slice: &shared.release,
        principal,
        action: shared.kinds.release.clone(),
        resource,
        entities: Cow::Owned(entities),
        beside: facts.map(|(name, holds)| (name.into(), Value::from(holds))).to_vec(),
        about: About::Data(class),
    })
}
