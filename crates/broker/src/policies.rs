//! The policies in force: shipped, preset and the person's own files, sliced for every pinned server.
//!
//! The person's files only forbid. A change that only adds applies at once; anything else is a proposal, and what was
//! accepted last stays in force until a person says yes.

use arc_swap::ArcSwap;
use gate::policy::{Layer, Policies, PolicyTool, Preset, ServerReport, Source};
use gate::tool::Tool;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use wire::control::Draft;
use wire::{Fault, FaultCode};

/// The person's policy files: name to text.
pub(crate) type Files = BTreeMap<String, String>;

/// The policies in force, swapped as a whole.
pub(crate) struct PolicyBook {
    current: ArcSwap<Policies>,
    state: Mutex<State>,
}

struct State {
    preset: Preset,
    accepted: Files,
    servers: BTreeMap<String, Vec<Arc<Tool>>>,
    reports: BTreeMap<String, ServerReport>,
    faults: Vec<String>,
}

impl PolicyBook {
    /// The shipped policies with this preset and the person's accepted files. Files that do not load are left out and
    /// reported; whatever they forbade is no longer forbidden by them, so that is loud.
    pub(crate) fn open(preset: Preset, accepted: Files) -> Result<Self, String> {
        let base = Policies::load(&preset.shipped()).map_err(|faults| said(&faults))?;
        let state = State {
            preset,
            accepted: Files::new(),
            servers: BTreeMap::new(),
            reports: BTreeMap::new(),
            faults: Vec::new(),
        };
        let book = Self { current: ArcSwap::from_pointee(base), state: Mutex::new(state) };
        book.accept(accepted)?;
        Ok(book)
    }

    /// What is in force now.
    pub(crate) fn current(&self) -> Arc<Policies> {
        self.current.load_full()
    }

    /// The preset in force.
    pub(crate) fn preset(&self) -> Preset {
        self.state().preset
    }

    /// The tools that are pinned, by the alias of their server.
    pub(crate) fn pinned(&self) -> BTreeMap<String, Vec<Arc<Tool>>> {
        self.state().servers.clone()
    }

    /// What would be in force with another preset.
    pub(crate) fn with_preset(&self, preset: Preset) -> Result<Policies, String> {
        let state = self.state();
        Ok(build(preset, &state.accepted, &state.servers).map_err(|faults| said(&faults))?.0)
    }

    /// What would be in force under a draft: another preset, or a file of the person's beside, or in place of, theirs.
    pub(crate) fn draft(&self, draft: &Draft) -> Result<Policies, String> {
        let state = self.state();
        let (mut preset, mut files) = (state.preset, state.accepted.clone());
        match draft {
            Draft::Preset(name) => preset = name.parse()?,
            Draft::Policy { file, text } => {
                files.insert(file.clone(), text.clone());
            }
        }
        Ok(build(preset, &files, &state.servers).map_err(|faults| said(&faults))?.0)
    }

    /// Puts another preset in force.
    pub(crate) fn set_preset(&self, preset: Preset) -> Result<(), String> {
        let mut state = self.state();
        let built = build(preset, &state.accepted, &state.servers).map_err(|faults| said(&faults))?;
        state.preset = preset;
        self.swap(built, &mut state);
        Ok(())
    }

    /// The files in force.
    pub(crate) fn accepted(&self) -> Files {
        self.state().accepted.clone()
    }

    /// What is wrong with policies, for the status.
    pub(crate) fn faults(&self) -> Vec<String> {
        self.state().faults.clone()
    }

    /// Keeps what is wrong with the files on disk, which are not in force. Whether that is news.
    pub(crate) fn report(&self, faults: Vec<String>) -> bool {
        let mut state = self.state();
        let news = state.faults != faults;
        state.faults = faults;
        news
    }

    /// Puts these files in force.
    pub(crate) fn accept(&self, files: Files) -> Result<(), String> {
        let mut state = self.state();
        let policies = build(state.preset, &files, &state.servers).map_err(|faults| said(&faults))?;
        state.faults.clear();
        state.accepted = files;
        self.swap(policies, &mut state);
        Ok(())
    }

    /// Whether these files would load; if not, what is wrong, one sentence each with file, line and policy.
    pub(crate) fn check(&self, files: &Files) -> Result<(), Vec<String>> {
        let preset = self.preset();
        match build(preset, files, &BTreeMap::new()) {
            Ok(_) => Ok(()),
            Err(faults) => Err(faults.iter().map(ToString::to_string).collect()),
        }
    }

    /// A server's tools as pinned; none takes it out.
    pub(crate) fn set_server(&self, alias: &str, tools: Option<Vec<Arc<Tool>>>) {
        let mut state = self.state();
        match tools {
            Some(tools) => {
                let (policies, report) = with_tools(&self.current(), alias, &tools);
                state.servers.insert(alias.to_owned(), tools);
                state.reports.insert(alias.to_owned(), report);
                self.current.store(Arc::new(policies));
            }
            None => {
                state.servers.remove(alias);
                state.reports.remove(alias);
                self.current.store(Arc::new(self.current().without_server(alias)));
            }
        }
    }

    fn swap(&self, (policies, reports): Built, state: &mut State) {
        state.reports = reports;
        self.current.store(Arc::new(policies));
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Built = (Policies, BTreeMap<String, ServerReport>);

fn build(
    preset: Preset,
    files: &Files,
    servers: &BTreeMap<String, Vec<Arc<Tool>>>,
) -> Result<Built, Vec<gate::policy::PolicyFault>> {
    let mut sources = preset.shipped();
    sources.extend(files.iter().map(|(name, text)| Source {
        layer: Layer::User,
        name: name.clone(),
        text: text.clone(),
    }));
    let mut policies = Policies::load(&sources)?;
    let mut reports = BTreeMap::new();
    for (alias, tools) in servers {
        let (next, report) = with_tools(&policies, alias, tools);
        policies = next;
        reports.insert(alias.clone(), report);
    }
    Ok((policies, reports))
}

fn with_tools(policies: &Policies, alias: &str, tools: &[Arc<Tool>]) -> (Policies, ServerReport) {
    let tools: Vec<PolicyTool<'_>> =
        tools.iter().map(|t| PolicyTool { name: &t.name, effects: &t.effects, input_schema: &t.schema }).collect();
    policies.with_server(alias, &tools)
}

fn said(faults: &[gate::policy::PolicyFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Whether these files, or all `.cedar` files of these folders, would load beside what is shipped: what is wrong, one
/// sentence each with file, line and policy; empty when nothing is.
///
/// # Errors
/// When a file can't be read.
pub fn check_files(paths: &[PathBuf]) -> Result<Vec<String>, Fault> {
    let mut files = Files::new();
    for path in paths {
        let read = if path.is_dir() {
            read_files(path)
        } else {
            std::fs::read_to_string(path)
                .map(|text| Files::from([(path.to_string_lossy().into_owned(), text)]))
                .map_err(|e| format!("{} can't be read: {e}.", path.display()))
        };
        files.extend(read.map_err(|why| Fault::new(FaultCode::NotFound, why))?);
    }
    let mut sources = Preset::Balanced.shipped();
    sources.extend(files.into_iter().map(|(name, text)| Source { layer: Layer::User, name, text }));
    Ok(Policies::load(&sources).err().unwrap_or_default().iter().map(ToString::to_string).collect())
}

/// Runs the cases (`*.json`) of a folder against the shipped policies: what came out otherwise, one sentence each.
///
/// # Errors
/// When the folder or a file can't be read, or holds no case.
pub fn run_cases(folder: &Path) -> Result<Vec<String>, Fault> {
    let fault = |path: &Path, why: String| Fault::new(FaultCode::Invalid, format!("{}: {why}", path.display()));
    let entries = std::fs::read_dir(folder).map_err(|e| fault(folder, e.to_string()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "json"));
    paths.sort();
    let (mut cases, mut failures) = (0, Vec::new());
    for path in &paths {
        let text = std::fs::read_to_string(path).map_err(|e| fault(path, e.to_string()))?;
        let outcome = gate::policy::cases::run(&text).map_err(|why| fault(path, why))?;
        cases += outcome.cases;
        failures.extend(outcome.failures.into_iter().map(|f| format!("{}: {f}", path.display())));
    }
    if cases == 0 {
        return Err(fault(folder, "there are no cases here.".into()));
    }
    Ok(failures)
}

/// Reads the person's files; a folder that is not there holds none.
pub(crate) fn read_files(folder: &Path) -> Result<Files, String> {
    let mut files = Files::new();
    let entries = match std::fs::read_dir(folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(files),
        Err(e) => return Err(format!("{} can't be read: {e}.", folder.display())),
        Ok(entries) => entries,
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|e| e == "cedar") {
            let text = std::fs::read_to_string(&path).map_err(|e| format!("{} can't be read: {e}.", path.display()))?;
            files.insert(entry.file_name().to_string_lossy().into_owned(), text);
        }
    }
    Ok(files)
}

/// Whether `new` only adds to `old`: every accepted text is still there, at most with more behind it.
pub(crate) fn only_adds(old: &Files, new: &Files) -> bool {
    old.iter().all(|(name, text)| {
        new.get(name).is_some_and(|n| n == text || (n.starts_with(text.as_str()) && text.ends_with('\n')))
    })
}

/// The lines that differ, `-` for those that go and `+` for those that come.
pub(crate) fn difference(old: &Files, new: &Files) -> Vec<String> {
    let mut out = Vec::new();
    let names: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
    for name in names {
        let empty = String::new();
        let (before, after) = (old.get(name).unwrap_or(&empty), new.get(name).unwrap_or(&empty));
        if before != after {
            out.push(format!("  {name}"));
            out.extend(before.lines().filter(|l| !after.lines().any(|a| a == *l)).map(|l| format!("- {l}")));
            out.extend(after.lines().filter(|l| !before.lines().any(|b| b == *l)).map(|l| format!("+ {l}")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> Files {
        list.iter().map(|(n, t)| ((*n).to_owned(), (*t).to_owned())).collect()
    }

    #[test]
    fn only_what_is_added_applies_at_once() {
        let old = files(&[("a.cedar", "forbid one;\n")]);
        assert!(only_adds(&old, &old));
        assert!(only_adds(&old, &files(&[("a.cedar", "forbid one;\nforbid two;\n"), ("b.cedar", "x")])));
        assert!(!only_adds(&old, &files(&[])));
        assert!(!only_adds(&old, &files(&[("a.cedar", "forbid two;\n")])));
        assert!(!only_adds(&files(&[("a.cedar", "forbid one")]), &files(&[("a.cedar", "forbid one when false")])));
    }

    #[test]
    fn a_difference_names_lines_and_files() {
        let d = difference(&files(&[("a.cedar", "one\ntwo\n")]), &files(&[("a.cedar", "one\nthree\n")]));
        assert_eq!(d, ["  a.cedar", "- two", "+ three"]);
    }
}
