//! A grant in place of questions that are always answered alike: found in what was asked, and held against every answer.

use super::{Constraint, Grant, Lifetime, admits, leaves, longest, plain_path};
use crate::call::{ApprovalId, Digest, GrantId};
use crate::provenance::Role;
use crate::tool::{Effect, Tool};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// So many like approvals make a suggestion.
const ENOUGH: usize = 3;
/// A folder of fewer steps is too much to leave open, the empty one before the first `/` among them: `/home/ann/` has three.
const STEPS: usize = 4;
/// The most values of one call that are compared.
const MOST_FIELDS: usize = 40;

/// A question about a call that a person answered.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The values of the arguments, each with its pointer.
    leaves: Vec<(String, Value)>,
    /// JSON pointers of the values whose origin was untrusted or unknown.
    unclean: BTreeSet<String>,
    approved: bool,
    /// Some values are not those that were sent.
    masked: bool,
    /// Answers that were given with one gesture have the same.
    occasion: i64,
}

impl Answered {
    /// A yes to these arguments as they were sent, with the JSON pointers of the values whose origin was untrusted or
    /// unknown. Several with the same `occasion` were given with one gesture, and count as one.
    pub fn yes(arguments: &Value, unclean: BTreeSet<String>, occasion: i64) -> Self {
        Self { leaves: leaves(arguments), unclean, approved: true, masked: false, occasion }
    }

    /// A no to these arguments. Where some of them are `masked`, any value may have stood there. It holds wherever the
    /// values came from: what somebody else wrote is nobody's the day after.
    pub fn no(arguments: &Value, masked: bool) -> Self {
        Self { leaves: leaves(arguments), unclean: BTreeSet::new(), approved: false, masked, occasion: 0 }
    }

    /// Whether it would have run with a grant for these fields.
    fn would_run(&self, fields: &BTreeMap<String, Constraint>) -> bool {
        let alike =
            || self.leaves.len() == fields.len() && self.leaves.iter().all(|(pointer, _)| fields.contains_key(pointer));
        admits(fields, &self.leaves, &self.unclean) || self.masked && alike()
    }
}

/// What could be remembered in place of asking.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestion {
    /// What may stand in each field, by JSON pointer.
    pub fields: BTreeMap<String, Constraint>,
    /// Which of the approved calls it would have let run, by their places in what was given.
    pub covers: Vec<usize>,
    /// How many rejected calls it was held against; it would have let none of them run.
    pub rejected: usize,
}

/// Who would be granted what.
#[derive(Clone, Debug)]
pub struct Basis<'a> {
    /// The grant's id.
    pub id: GrantId,
    /// The last approval that it would have spared.
    pub approval: ApprovalId,
    /// The proved client's identity, and its name.
    pub client: (Digest, String),
    /// The server's identity, and its name.
    pub server: (Digest, String),
    /// The tool, as pinned.
    pub tool: &'a Tool,
    /// The policies in force.
    pub policies: Digest,
    /// The policies it would answer.
    pub lifts: BTreeSet<String>,
    /// When it is made, in milliseconds since 1970-01-01 UTC.
    pub made_at: i64,
}

/// What could be remembered of one tool's calls, that of most use first. Each covers at least three approved calls
/// and none that was rejected; no two cover the same call.
pub fn suggest(answered: &[Answered], effects: &[Effect]) -> Vec<Suggestion> {
    let mut shapes: BTreeMap<Vec<&str>, Vec<usize>> = BTreeMap::new();
    for (at, one) in answered.iter().enumerate() {
        // What no grant may cover, none is made of.
        if one.approved && one.unclean.is_empty() && one.leaves.len() <= MOST_FIELDS {
            shapes.entry(one.leaves.iter().map(|(pointer, _)| pointer.as_str()).collect()).or_default().push(at);
        }
    }
    let mut found: Vec<Suggestion> = Vec::new();
    for like in shapes.into_values() {
        narrow(answered, effects, like, &mut found);
    }
    found.sort_by_key(|suggestion| std::cmp::Reverse(suggestion.covers.len()));
    found
}

/// What these calls have in common, or what those of them have that agree where it matters.
fn narrow(answered: &[Answered], effects: &[Effect], like: Vec<usize>, found: &mut Vec<Suggestion>) {
    let calls: Vec<&Answered> = like.iter().filter_map(|at| answered.get(*at)).collect();
    let occasions: BTreeSet<i64> = calls.iter().map(|one| one.occasion).collect();
    let Some(first) = calls.first().filter(|_| occasions.len() >= ENOUGH) else { return };
    let mut fields = BTreeMap::new();
    let mut open = Vec::new();
    for (nth, (pointer, _)) in first.leaves.iter().enumerate() {
        let values: Vec<&Value> = calls.iter().filter_map(|one| Some(&one.leaves.get(nth)?.1)).collect();
        let constraint = common(&values);
        if !matches!(constraint, Constraint::Exactly(_)) {
            // What a value is may show by its look alone, and each has its own.
            open.push((nth, values.iter().any(|value| matters(pointer, value, effects, &constraint))));
        }
        fields.insert(pointer.clone(), constraint);
    }
    let rejected: Vec<&Answered> = answered.iter().filter(|one| !one.approved).collect();
    let lets_in = rejected.iter().any(|one| one.would_run(&fields));
    let split = open.iter().find(|(_, matters)| *matters).or(if lets_in { open.first() } else { None });
    match split {
        None if lets_in => {}
        None => found.push(Suggestion { fields, covers: like, rejected: rejected.len() }),
        // Those that agree in this one, for each of its values.
        Some((nth, _)) => {
            let mut by: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for at in like {
                let value = answered.get(at).and_then(|one| one.leaves.get(*nth));
                by.entry(value.map(|(_, value)| value.to_string()).unwrap_or_default()).or_default().push(at);
            }
            if by.len() > 1 {
                by.into_values().for_each(|like| narrow(answered, effects, like, found));
            }
        }
    }
}

/// Whether a field must keep its value: it decides more than a folder or a sum can bound, or what the tool does must not
/// be open at all.
fn matters(pointer: &str, value: &Value, effects: &[Effect], constraint: &Constraint) -> bool {
    let role = Role::of(pointer, value);
    let bounded = match constraint {
        Constraint::Exactly(_) => true,
        Constraint::Under(_) => role == Some(Role::Path),
        Constraint::Any if value.is_string() => role.is_none(),
        // Any other number may be the name of something.
        Constraint::AtMost(_) | Constraint::Any => role == Some(Role::Amount) || is_measure(pointer),
        Constraint::Origin(_) => false,
    };
    !bounded || longest(effects, false) != Lifetime::Always
}

/// Names of numbers that say how much or how many, and nothing else.
const MEASURES: &str = "limit count size page per_page page_size offset max maximum min minimum depth lines head tail top first \
    last timeout seconds minutes hours days width height quality";

/// Whether a number only says how much.
fn is_measure(pointer: &str) -> bool {
    let name = pointer.rsplit('/').next().unwrap_or_default();
    let words = crate::tool::words(name);
    let whole = words.join("_");
    MEASURES.split_whitespace().any(|known| known == whole || words.last().is_some_and(|last| last == known))
}

/// The narrowest that can be said of all these values.
fn common(values: &[&Value]) -> Constraint {
    let Some(first) = values.first() else { return Constraint::Any };
    if values.iter().all(|value| value == first) && !first.is_f64() {
        return Constraint::Exactly((*first).clone());
    }
    let texts: Option<Vec<&str>> = values.iter().map(|value| value.as_str()).collect();
    if let Some(texts) = texts {
        return folder(&texts).unwrap_or(Constraint::Any);
    }
    let numbers: Option<Vec<f64>> = values.iter().map(|value| value.as_f64().filter(|n| *n >= 0.0)).collect();
    numbers.map_or(Constraint::Any, |numbers| Constraint::AtMost(numbers.into_iter().fold(0.0, f64::max)))
}

/// The deepest folder that all these paths are in.
fn folder(texts: &[&str]) -> Option<Constraint> {
    let mut common: Option<Vec<&str>> = None;
    for text in texts {
        let (folder, _) = plain_path(text)?.rsplit_once('/')?;
        let steps: Vec<&str> = folder.split('/').collect();
        common = Some(match common {
            None => steps,
            Some(before) => before.into_iter().zip(steps).take_while(|(a, b)| a == b).map(|(step, _)| step).collect(),
        });
    }
    // The first is empty, or `~`.
    let steps = common.filter(|steps| steps.len() >= STEPS || steps.first() == Some(&"~") && steps.len() > 1)?;
    Some(Constraint::Under(format!("{}/", steps.join("/"))))
}

impl Suggestion {
    /// How long it may be remembered.
    pub fn lifetimes(&self, effects: &[Effect]) -> Vec<Lifetime> {
        let most = longest(effects, !self.fields.values().any(|c| *c == Constraint::Any));
        // There is no conversation that it could end with.
        Lifetime::ALL.into_iter().filter(|l| *l <= most && *l != Lifetime::Conversation).collect()
    }

    /// The grant that it is when a person takes it.
    ///
    /// # Errors
    /// A sentence that says why it can't be.
    pub fn grant(self, lifetime: Lifetime, basis: Basis<'_>) -> Result<Grant, String> {
        let effects = &basis.tool.effects;
        if effects.iter().any(|effect| matches!(effect, Effect::Pay | Effect::Privilege)) {
            return Err("Payments and changes of rights are never remembered.".into());
        }
        if !self.lifetimes(effects).contains(&lifetime) {
            return Err("This can't be remembered for so long.".into());
        }
        Ok(Grant {
            id: basis.id,
            approval: basis.approval,
            client: basis.client.0,
            client_name: basis.client.1,
            server: basis.server.0,
            server_name: basis.server.1,
            tool: basis.tool.name.clone(),
            pin: basis.tool.digest,
            policies: basis.policies,
            lifts: basis.lifts,
            conversation: None,
            until: super::until(lifetime, basis.made_at),
            made_at: basis.made_at,
            fields: self.fields,
            exact: None,
            meta: super::meta_of(&[]),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn yes(arguments: Value) -> Answered {
        use std::sync::atomic::{AtomicI64, Ordering};
        static OCCASION: AtomicI64 = AtomicI64::new(0);
        Answered::yes(&arguments, BTreeSet::new(), OCCASION.fetch_add(1, Ordering::Relaxed))
    }

    fn no(arguments: Value) -> Answered {
        Answered::no(&arguments, false)
    }

    fn fields(suggestion: &Suggestion) -> Vec<(&str, &Constraint)> {
        suggestion.fields.iter().map(|(pointer, constraint)| (pointer.as_str(), constraint)).collect()
    }

    #[test]
    fn what_was_always_approved_is_said_as_narrowly_as_it_was() {
        let note = |name: &str, text: &str| yes(json!({"path": format!("/home/ann/notes/{name}.md"), "content": text}));
        let asked = [note("a", "x"), note("sub/b", "y"), note("c", "z"), yes(json!({"path": "/home/ann/notes/d.md"}))];
        let found = suggest(&asked, &[Effect::Write]);
        assert_eq!(found.len(), 1, "three of one shape; the fourth stands alone");
        let folder = Constraint::Under("/home/ann/notes/".into());
        assert_eq!(fields(&found[0]), [("/content", &Constraint::Any), ("/path", &folder)]);
        assert_eq!((found[0].covers.clone(), found[0].rejected), (vec![0, 1, 2], 0));
        assert_eq!(found[0].lifetimes(&[Effect::Write]), [Lifetime::Quarter, Lifetime::Hour, Lifetime::Always]);
    }

    #[test]
    fn nothing_is_suggested_that_would_have_let_a_rejected_call_run() {
        let note = |name: &str| json!({"path": format!("/home/ann/docs/{name}"), "content": "x"});
        let mut asked = vec![yes(note("a/1")), yes(note("a/2")), yes(note("b/3")), no(note("secret"))];
        assert_eq!(suggest(&asked, &[Effect::Write]), []);
        asked[3] = no(json!({"path": "/etc/passwd", "content": "x"}));
        assert_eq!(suggest(&asked, &[Effect::Write])[0].rejected, 1);
        // What decides nothing is narrowed too, where that keeps the rejected ones out.
        let label = |label: &str, text: &str| json!({"label": label, "text": text});
        let mut asked: Vec<_> = (0..4).map(|n| yes(label("todo", &n.to_string()))).collect();
        asked.extend((0..3).map(|n| yes(label("idea", &n.to_string()))));
        assert_eq!(suggest(&asked, &[Effect::Write])[0].covers.len(), 7);
        asked.push(no(label("public", "0")));
        let found = suggest(&asked, &[Effect::Write]);
        let labels: Vec<_> = found.iter().map(|s| (s.fields["/label"].clone(), s.covers.len())).collect();
        let exactly = |text: &str| Constraint::Exactly(json!(text));
        assert_eq!(labels, [(exactly("todo"), 4), (exactly("idea"), 3)]);
    }

    #[test]
    fn who_gets_it_is_never_left_open() {
        let task = |who: &str, what: &str| yes(json!({"assignee": who, "title": what}));
        let asked = [task("ann", "1"), task("ann", "2"), task("ann", "3"), task("bob", "4"), task("eve", "5")];
        let found = suggest(&asked, &[Effect::Write]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].fields["/assignee"], Constraint::Exactly(json!("ann")));
    }

    #[test]
    fn what_leaves_is_remembered_word_for_word_or_not_at_all() {
        let mail = |text: &str| yes(json!({"to": "ann@example.org", "body": text}));
        assert_eq!(suggest(&[mail("1"), mail("2"), mail("3")], &[Effect::Send]), []);
        let found = suggest(&[mail("1"), mail("1"), mail("1"), mail("2")], &[Effect::Send]);
        assert_eq!((found.len(), found[0].covers.len()), (1, 3));
    }

    #[test]
    fn numbers_and_addresses_of_the_net_name_somebody_too() {
        for effects in [&[Effect::Write][..], &[Effect::Send], &[Effect::Execute]] {
            let chat = |id: i64| yes(json!({"chat": id, "text": "x"}));
            assert_eq!(suggest(&[chat(101), chat(205), chat(999_999)], effects), [], "{effects:?}");
            let hook = |to: &str| yes(json!({"url": format!("https://hooks.example/{to}"), "text": "x"}));
            assert_eq!(suggest(&[hook("a"), hook("b"), hook("c")], effects), [], "{effects:?}");
            assert_eq!(suggest(&[hook("a"), hook("a"), hook("a")], effects).len(), 1, "{effects:?}");
        }
        // What leaves or is run keeps every value, a folder and a sum too.
        let sent = |n: i64| yes(json!({"file": format!("/home/ann/out/{n}"), "count": n}));
        assert_eq!(suggest(&[sent(1), sent(2), sent(3)], &[Effect::Send]), []);
    }

    #[test]
    fn values_that_others_wrote_make_no_suggestion() {
        let theirs = || BTreeSet::from(["/content".to_owned()]);
        let one = |at| Answered::yes(&json!({"path": "/home/ann/x", "content": "y"}), theirs(), at);
        assert_eq!(suggest(&[one(1), one(2), one(3), one(4)], &[Effect::Write]), []);
    }

    #[test]
    fn many_yeses_with_one_gesture_are_one() {
        let one = |occasion| Answered::yes(&json!({"title": "x"}), BTreeSet::new(), occasion);
        assert_eq!(suggest(&[one(1), one(1), one(1), one(2)], &[Effect::Write]), []);
        assert_eq!(suggest(&[one(1), one(1), one(2), one(3)], &[Effect::Write])[0].covers.len(), 4);
    }

    #[test]
    fn what_was_rejected_is_rejected_wherever_it_came_from() {
        let note = |text: &str| json!({"title": "x", "text": text});
        let mut asked: Vec<_> = ["1", "2", "3"].map(|text| yes(note(text))).into();
        assert_eq!(suggest(&asked, &[Effect::Write]).len(), 1);
        // It came from somebody then; as a value of the client's own it would run.
        asked.push(Answered::no(&note("what they wrote"), false));
        assert_eq!(suggest(&asked, &[Effect::Write]), []);
    }

    #[test]
    fn a_folder_is_neither_a_home_nor_what_is_hidden_in_it() {
        let at = |path: &str| yes(json!({"path": path, "content": "x"}));
        assert_eq!(suggest(&[at("/home/ann/a"), at("/home/ann/b"), at("/home/ann/c")], &[Effect::Write]), []);
        let found = suggest(&[at("/home/ann/p/a"), at("/home/ann/p/b"), at("/home/ann/p/q/c")], &[Effect::Write]);
        let folder = &found[0].fields["/path"];
        assert!(folder.holds(&json!("/home/ann/p/q/d"), true));
        for hidden in ["/home/ann/p/.git/hooks/post-checkout", "/home/ann/p/.envrc", "/home/ann/p/q/.vscode/tasks.json"]
        {
            assert!(!folder.holds(&json!(hidden), true), "{hidden}");
        }
    }

    #[test]
    fn a_number_that_may_be_the_name_of_something_keeps_its_value() {
        let issue = |n: i64| yes(json!({"issue_number": n, "text": "x"}));
        assert_eq!(suggest(&[issue(12), issue(45), issue(99)], &[Effect::Write]), []);
        let page = |n: i64| yes(json!({"page": n, "max_results": n}));
        assert_eq!(suggest(&[page(1), page(2), page(3)], &[Effect::Write]).len(), 0, "results are none of them");
        let page = |n: i64| yes(json!({"page": n, "page_size": n}));
        assert_eq!(suggest(&[page(1), page(2), page(3)], &[Effect::Write]).len(), 1);
        let note = |text: &str| yes(json!({"note": text}));
        for texts in [["hello", "https://a.example", "x y"], ["https://a.example", "hello", "x y"]] {
            assert_eq!(suggest(&texts.map(note), &[Effect::Write]), [], "one of them is an address of the net");
        }
    }

    #[test]
    fn what_can_not_be_seen_in_a_rejected_call_may_be_anything() {
        let note = |text: &str| json!({"title": "x", "text": text});
        let mut asked: Vec<_> = ["1", "2", "3"].map(|text| yes(note(text))).into();
        asked.push(Answered::no(&json!({"other": "[secret:1]"}), true));
        assert_eq!(suggest(&asked, &[Effect::Write]).len(), 1, "a call of another shape is another matter");
        asked.push(Answered::no(&json!({"title": "[secret:1]", "text": "y"}), true));
        assert_eq!(suggest(&asked, &[Effect::Write]), []);
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            "[ab]{1,2}".prop_map(Value::from),
            "/home/[ab]/[abc]".prop_map(Value::from),
            "https://[ab]\\.example/[xy]".prop_map(Value::from),
            (-2i64..9).prop_map(Value::from),
            Just(json!([])),
            Just(Value::Null),
        ]
    }

    proptest! {
        /// The proof itself: whatever was answered, a suggestion covers what it says and nothing that was rejected.
        #[test]
        fn a_suggestion_holds(
            calls in proptest::collection::vec((value(), value(), any::<bool>(), any::<bool>()), 0..14)
        ) {
            let one = |(at, (a, b, approved, tainted)): (usize, (Value, Value, bool, bool))| {
                let arguments = json!({"path": a, "note": b});
                let unclean = if tainted { BTreeSet::from(["/note".to_owned()]) } else { BTreeSet::new() };
                match approved {
                    true => Answered::yes(&arguments, unclean, i64::try_from(at).unwrap()),
                    false => Answered::no(&arguments, false),
                }
            };
            let answered: Vec<Answered> = calls.into_iter().enumerate().map(one).collect();
            let mut covered = BTreeSet::new();
            for suggestion in suggest(&answered, &[Effect::Write]) {
                prop_assert!(suggestion.covers.len() >= ENOUGH);
                for at in &suggestion.covers {
                    prop_assert!(covered.insert(*at), "no two cover the same call");
                    prop_assert!(answered[*at].would_run(&suggestion.fields));
                }
                for one in answered.iter().filter(|one| !one.approved) {
                    prop_assert!(!one.would_run(&suggestion.fields));
                }
            }
        }
    }
}
