//! The shipped policies against `policies/cases/*.json`: requests with the consent they need and the policies that ask.

use gate::policy::cases;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/cases"))
}

fn run(name: &str) -> Result<cases::Outcome, String> {
    let path = folder().join(name).with_extension("json");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    cases::run(&text).map_err(|e| format!("{}: {e}", path.display()))
}

macro_rules! files {
    ($($name:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                let outcome = run(stringify!($name)).expect("a file of cases");
                assert!(outcome.failures.is_empty(), "{}", outcome.failures.join("\n"));
            }
        )*
        const FILES: &[&str] = &[$(stringify!($name)),*];
    };
}

files!(balanced, baseline, data, destinations, files, findings, mail, managed, names, typed, user);

#[test]
fn every_file_of_cases_is_run() {
    let mut there: Vec<String> = std::fs::read_dir(folder())
        .expect("the folder of cases")
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned()))
        .collect();
    there.sort();
    assert_eq!(there, FILES);
    assert!(FILES.iter().map(|name| run(name).map_or(0, |outcome| outcome.cases)).sum::<usize>() >= 30);
}
