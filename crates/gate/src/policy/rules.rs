//! The rules as a person reads them: what each is about, and what it makes of a call, told from its parts.

use super::load::{self, Policy};
use super::{Layer, Needed, Policies};
use crate::tool::Effect;

/// One rule in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its `@id`.
    pub id: String,
    /// Its `@title`.
    pub title: String,
    /// Its `@why`.
    pub why: String,
    /// Where it comes from.
    pub layer: Layer,
    /// Whether it only lets calls be considered.
    pub permits: bool,
    /// The consent that satisfies it.
    pub needs: Needed,
    /// The effects its scope names.
    pub effects: Vec<Effect>,
    /// Other actions its scope names: tools, `reach`, `release`. With `effects` empty too it is about every tool.
    pub actions: Vec<String>,
    /// The alias of the server it is about.
    pub about: Option<String>,
    /// Whether it holds only where something other than consent does.
    pub conditional: bool,
    /// Whether it sleeps, because its server is not there.
    pub dormant: bool,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// As written.
    pub text: String,
}

impl Policies {
    /// Every rule, the floor first, in the order of the files.
    pub fn rules(&self) -> Vec<Rule> {
        self.policies.iter().map(|policy| self.rule(policy)).collect()
    }

    fn rule(&self, policy: &Policy) -> Rule {
        let named = policy.actions().into_iter().flatten().map(|action| {
            let name: &str = action.eid().as_ref();
            name.to_owned()
        });
        let (effects, actions): (Vec<String>, Vec<String>) = match policy.about {
            // A tool may be called like an effect.
            Some(_) => (Vec::new(), named.collect()),
            None => named.filter(|name| name != load::ANY_TOOL).partition(|name| effect(name).is_some()),
        };
        let consent = policy.reads.names("call").and_then(|call| call.names("consent"));
        let reads = |level: &str| consent.is_some_and(|consent| consent.names(level).is_some());
        let needs = match () {
            () if policy.permits => Needed::Nothing,
            () if reads("approved") => Needed::Approve,
            () if reads("stepped_up") => Needed::StepUp,
            () => Needed::Never,
        };
        Rule {
            id: policy.id.clone(),
            title: policy.title.clone(),
            why: policy.why.clone(),
            layer: policy.layer,
            permits: policy.permits,
            needs,
            effects: effects.iter().filter_map(|name| effect(name)).collect(),
            actions,
            about: policy.about.clone(),
            conditional: policy.reads.beside_consent(),
            dormant: policy.about.as_ref().is_some_and(|about| !self.servers.contains_key(about)),
            file: policy.file.clone(),
            line: policy.line,
            text: policy.text.clone(),
        }
    }
}

fn effect(name: &str) -> Option<Effect> {
    Effect::ALL.into_iter().find(|effect| effect.word() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Preset, Source};

    fn rules(own: &str) -> Vec<Rule> {
        let mut sources = Preset::Cautious.shipped();
        sources.push(Source { layer: Layer::User, name: "own.cedar".into(), text: own.into() });
        Policies::load(&sources).expect("they load").rules()
    }

    fn find<'a>(rules: &'a [Rule], id: &str) -> &'a Rule {
        rules.iter().find(|rule| rule.id == id).expect("the rule")
    }

    #[test]
    fn what_a_rule_demands_is_told_from_its_parts() {
        let rules = rules("");
        let needs = |id: &str| find(&rules, id).needs;
        assert_eq!(needs("send-needs-person"), Needed::Approve);
        assert_eq!(needs("pay-needs-step-up"), Needed::StepUp);
        assert_eq!(needs("changed-tool-never-runs"), Needed::Never);
        assert_eq!(needs("base-tools"), Needed::Nothing);
        assert_eq!(find(&rules, "send-needs-person").effects, [Effect::Send]);
        let hidden = find(&rules, "hidden-characters-need-person");
        assert!(hidden.conditional && hidden.effects.is_empty() && hidden.actions.is_empty());
        assert!(!find(&rules, "send-needs-person").conditional);
        assert_eq!(find(&rules, "base-destinations").actions, ["reach"]);
    }

    #[test]
    fn a_rule_is_given_as_it_was_written_without_its_neighbours() {
        let own = "// One.\n@id(\"one\") @title(\"One\") @why(\"So.\")\nforbid (principal, action in Action::\"read\", resource)\nunless { context.call.consent.approved };\n\n@id(\"two\") @title(\"Two\") @why(\"So.\")\nforbid (principal, action in Action::\"any_tool\", resource);\n";
        let rules = rules(own);
        let (one, two) = (find(&rules, "one"), find(&rules, "two"));
        assert!(one.text.starts_with("@id(\"one\")") && one.text.ends_with("approved };"), "{}", one.text);
        assert!(!two.text.contains("One.") && two.text.ends_with("resource);"), "{}", two.text);
        assert_eq!((one.file.as_str(), one.line, two.line, two.layer), ("own.cedar", 2, 6, Layer::User));
        assert_eq!(two.needs, Needed::Never);
    }

    #[test]
    fn a_rule_about_a_server_that_is_not_there_sleeps() {
        let own = "@id(\"m\") @title(\"Mail\") @why(\"So.\")\nforbid (principal, action == mail::Action::\"send\", resource);";
        let rules = rules(own);
        let rule = find(&rules, "m");
        assert!(rule.dormant);
        assert_eq!(
            (rule.about.as_deref(), rule.effects.len(), rule.actions.as_slice()),
            (Some("mail"), 0, &["send".to_owned()][..])
        );
    }
}
