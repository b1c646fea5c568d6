//! The policies page: the rules in force as people read them, and what each preset would ask, counted over the tools
//! that are pinned.

use crate::policies::PolicyBook;
use crate::{Inner, present};
use gate::policy::{Needed, Policies, Preset, Rule};
use gate::tool::Tool;
use std::collections::BTreeMap;
use std::sync::Arc;
use wire::view::{Demand, PoliciesView, PresetChange, PresetView, RuleView};

/// The pinned tools of each server, by the server's alias.
pub(crate) type Pinned = BTreeMap<String, Vec<Arc<Tool>>>;

/// The page.
pub(crate) fn view(inner: &Inner) -> PoliciesView {
    let book = &inner.corridor.policies;
    let pinned = book.pinned();
    let names = inner.corridor.servers.names_by_alias();
    PoliciesView {
        rules: book.current().rules().into_iter().map(rule).collect(),
        presets: presets(book, &pinned, &names),
        preset_fixed: inner.policy_files.preset_is_fixed(),
        faults: book.faults(),
        folder: inner.home.policies().to_string_lossy().into_owned(),
        tools: count(pinned.values().flatten()),
    }
}

fn rule(rule: Rule) -> RuleView {
    RuleView {
        demand: match rule.needs {
            Needed::Nothing => Demand::Permits,
            Needed::Approve => Demand::Approve,
            Needed::StepUp => Demand::StepUp,
            Needed::Never => Demand::Never,
        },
        layer: rule.layer.word().into(),
        effects: rule.effects.into_iter().map(present::effect).collect(),
        line: u32::try_from(rule.line).unwrap_or(u32::MAX),
        id: rule.id,
        title: rule.title,
        why: rule.why,
        actions: rule.actions,
        server: rule.about,
        conditional: rule.conditional,
        dormant: rule.dormant,
        file: rule.file,
        text: rule.text,
    }
}

fn presets(book: &PolicyBook, pinned: &Pinned, names: &BTreeMap<String, String>) -> Vec<PresetView> {
    let current = book.current();
    let in_force = book.preset();
    let each = |preset: Preset| {
        // A preset that can't be loaded can't be chosen either: the shipped ones are held by tests.
        let other = if preset == in_force { current.clone() } else { Arc::new(book.with_preset(preset).ok()?) };
        Some(compared(preset, preset == in_force, &current, &other, pinned, names))
    };
    [Preset::Cautious, Preset::Balanced].into_iter().filter_map(each).collect()
}

fn compared(
    preset: Preset,
    in_force: bool,
    current: &Policies,
    other: &Policies,
    pinned: &Pinned,
    names: &BTreeMap<String, String>,
) -> PresetView {
    let mut view = PresetView { name: preset.to_string(), in_force, asks: 0, runs: 0, changes: Vec::new() };
    for (alias, tools) in pinned {
        for tool in tools {
            let asks = present::asks(tool, alias, other);
            if asks {
                view.asks += 1;
            } else {
                view.runs += 1;
            }
            if asks != present::asks(tool, alias, current) {
                let server = names.get(alias).unwrap_or(alias).clone();
                view.changes.push(PresetChange { server, tool: tool.name.clone(), asks });
            }
        }
    }
    view
}

fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}
