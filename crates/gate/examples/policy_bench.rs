//! What a decision costs with 200 policies of which 20 can match the tool: `cargo run --release -p gate --example
//! policy_bench`. The budget is 50 µs at p99 for a read that runs unasked.
#![expect(clippy::print_stdout, clippy::panic, reason = "a bench prints what it measured, and ends where it can't")]

use gate::policy::{Destination, Facts, Layer, Needed, Policies, PolicyTool, Preset, Source};
use gate::tool::Effect;
use serde_json::json;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

const POLICIES: usize = 200;
const MATCHING: usize = 20;
const DECISIONS: usize = 50_000;

/// The person's own policies, so that with the shipped ones there are [`POLICIES`], [`MATCHING`] of them for a read.
fn own(shipped: usize, shipped_for_reads: usize) -> String {
    let mut text = String::new();
    for n in shipped..POLICIES {
        let effect =
            if n - shipped < MATCHING - shipped_for_reads { "read" } else { ["write", "send", "delete", "pay"][n % 4] };
        let limit = 1000 + n;
        let _ = writeln!(
            text,
            "@id(\"own-{n}\") @title(\"T\") @why(\"W\") forbid (principal, action in Action::\"{effect}\", resource)
             when {{ context.call.calls_last_hour > {limit} && context.call.findings.contains(\"class-{n}\") }}
             unless {{ context.call.consent.approved }};"
        );
    }
    text
}

fn measure(what: &str, policies: &Policies, facts: &Facts<'_>, expected: Needed) {
    let mut times: Vec<Duration> = Vec::with_capacity(DECISIONS);
    for n in 0..DECISIONS + 1000 {
        let start = Instant::now();
        let judgement = black_box(policies.judge(black_box(facts)));
        let took = start.elapsed();
        assert_eq!(judgement.needed, expected, "{what}: {:?}", judgement.faults);
        if n >= 1000 {
            times.push(took);
        }
    }
    times.sort_unstable();
    let at = |share: usize| times[DECISIONS * share / 1000];
    println!("{what:44} p50 {:>8.1?}  p99 {:>8.1?}  p99.9 {:>8.1?}", at(500), at(990), at(999));
}

fn main() {
    let mut sources = Preset::Cautious.shipped();
    let count = |text: &str| text.matches("@id(").count();
    let shipped: usize = sources.iter().map(|s| count(&s.text)).sum();
    let for_reads = sources[0].text.matches("action in Action::\"any_tool\"").count();
    let input =
        "@id(\"input\") @title(\"T\") @why(\"W\") forbid (principal, action == files::Action::\"find\", resource)
                 when { context.input has path && context.input.path like \"/private/*\" };";
    let text = format!("{}{input}", own(shipped + 1, for_reads));
    assert_eq!(shipped + count(&text), POLICIES);
    sources.push(Source { layer: Layer::User, name: "own.cedar".into(), text });
    let start = Instant::now();
    let policies = Policies::load(&sources).unwrap_or_else(|faults| panic!("{faults:?}"));
    println!("load and validate {POLICIES} policies                 {:.1?}", start.elapsed());

    let schema = json!({ "type": "object", "required": ["path"], "properties": {
        "path": { "type": "string" }, "head": { "type": "integer" }, "tags": { "type": "array", "items": { "type": "string" } } } });
    let names: Vec<String> = (0..24).map(|n| format!("tool-{n}")).collect();
    let mut tools: Vec<PolicyTool<'_>> =
        names.iter().map(|name| PolicyTool { name, effects: &[Effect::Write], input_schema: &schema }).collect();
    tools.push(PolicyTool { name: "read", effects: &[Effect::Read], input_schema: &schema });
    tools.push(PolicyTool { name: "find", effects: &[Effect::Read], input_schema: &schema });
    let start = Instant::now();
    let (policies, report) = policies.with_server("files", &tools);
    println!("lift, validate and slice a server of {} tools   {:.1?}", tools.len(), start.elapsed());
    assert!(report.refused.is_empty(), "{:?}", report.lines());

    let arguments = json!({ "path": "/home/ann/notes.txt", "tags": ["a", "b"] });
    let destinations = [Destination { kind: "path", value: "/home/ann/notes.txt".into() }];
    let facts = Facts {
        client: "/usr/bin/desk",
        server: "files",
        tool: "read",
        arguments: &arguments,
        destinations: &[],
        findings: &[],
        carried: &[],
        client_known: true,
        drifted: false,
        names_protected: false,
        new_destination: false,
        tainted_sensitive: false,
        tainted: &[],
        calls_last_hour: 17,
        token: None,
        now_ms: 1_795_363_200_000,
    };
    measure("a read that runs unasked", &policies, &facts, Needed::Nothing);
    let reaching = Facts { destinations: &destinations, ..facts };
    measure("the same with a path it reaches", &policies, &reaching, Needed::Nothing);
    measure("a read whose arguments a policy reads", &policies, &Facts { tool: "find", ..facts }, Needed::Nothing);
    measure("a write that asks", &policies, &Facts { tool: "tool-3", ..reaching }, Needed::Approve);
}
