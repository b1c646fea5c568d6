//! The words of the pages: how a filter, a moment of a story, a rule, a preset and a setting are called.

use wire::view::{Demand, InspectView, Place, RuleView, Step, TextKind, Theme, Verdict};

/// A choice of the filter: what became of a call.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ran => "Ran without asking",
        Verdict::Approved => "Asked, you said yes",
        Verdict::Rejected => "Asked, no or no answer",
        Verdict::Refused => "Blocked unasked",
        Verdict::Failed => "Failed",
        Verdict::Unknown => "Outcome unknown",
    }
}

/// What a pasted text can be, and what that means.
pub const KINDS: [(TextKind, &str, &str); 3] = [
    (TextKind::ToolOutput, "What a tool returned", "A page, a mail, a document, a result"),
    (TextKind::ToolDescription, "A tool’s description", "What a server says its tool does"),
    (TextKind::Argument, "A value in a call", "What an agent would send"),
];

/// What inspection makes of a text: CSS class, icon, words.
pub fn verdict_of(view: &InspectView) -> (&'static str, &'static str, &'static str) {
    match view {
        InspectView { flagged: true, .. } => {
            ("danger", "stop", "It would be marked for the model as not to be trusted.")
        }
        InspectView { findings, hidden, .. } if !findings.is_empty() || !hidden.is_empty() => {
            ("caution", "alert", "Something is odd about how it is written, but nothing that would be marked.")
        }
        InspectView { redacted: Some(_), .. } => {
            ("", "lock", "It reads plainly. Some of it would be kept from the model.")
        }
        _ => ("ok", "check", "Nothing to see. That does not make it true, or safe to obey."),
    }
}

/// A moment of a story.
pub fn step(step: Step) -> &'static str {
    match step {
        Step::Asked => "Asked",
        Step::Visible => "Card fully visible",
        Step::Answered => "Answered",
        Step::Sent => "Sent to the server",
        Step::Done => "Done",
    }
}

/// How long after the moment before: `at once`, `0.4 s later`, `9 s later`, `2 min 5 s later`.
pub fn later(ms: i64) -> String {
    match (ms / 1000, ms % 1000) {
        _ if ms < 100 => "at once".into(),
        (seconds, rest) if seconds < 10 => format!("{seconds}.{} s later", rest / 100),
        (seconds, _) if seconds < 60 => format!("{seconds} s later"),
        (seconds, _) if seconds < 3600 => format!("{} min {} s later", seconds / 60, seconds % 60),
        (seconds, _) => format!("{} h {} min later", seconds / 3600, seconds % 3600 / 60),
    }
}

/// What kind of place calls go to.
pub fn place_kind(kind: &str) -> &'static str {
    match kind {
        "host" => "a host, by calls",
        "url" => "an address of the web, by calls",
        "address" => "an e-mail address, by calls",
        "account" => "an account, by calls",
        _ => "a name, by calls",
    }
}

/// What a suggestion was held against.
pub fn held_against(rejected: u32) -> String {
    match rejected {
        0 => "In the last 30 days you rejected or changed no call of this tool.".to_owned(),
        1 => {
            "The one call of this tool that you rejected or changed in the last 30 days would not have run.".to_owned()
        }
        n => format!(
            "None of the {n} calls of this tool that you rejected or changed in the last 30 days would have run."
        ),
    }
}

/// A group of rules: its heading, and what is true of all of them.
pub fn layer(layer: &str) -> (&'static str, &'static str) {
    match layer {
        "floor" => ("Always on", "can’t be switched off"),
        "preset" => ("From the preset", "change with it"),
        "user" => ("Yours", "only make things stricter"),
        "managed" => ("From your administrator", "you can tighten, not loosen"),
        _ => ("Other", ""),
    }
}

/// What a rule makes of a call: CSS class, icon, word.
pub fn demand(demand: Demand) -> (&'static str, &'static str, &'static str) {
    match demand {
        Demand::Permits => ("", "check", "Lets calls be considered"),
        Demand::Approve => ("", "chat", "Asks you"),
        Demand::StepUp => ("caution", "alert", "Asks you, with a deliberate act"),
        Demand::Never => ("danger", "stop", "Blocks"),
    }
}

/// The rule in two lines: when it holds, and what happens then.
pub fn rule(rule: &RuleView) -> (String, &'static str) {
    let of_effects = |rule: &RuleView| {
        let words: Vec<&str> = rule.effects.iter().map(|effect| super::effect(*effect)).collect();
        format!("a tool can: {}", words.join(", ").to_lowercase())
    };
    let mut when = match (rule.effects.is_empty(), rule.actions.as_slice()) {
        (false, _) => of_effects(rule),
        (true, []) => "any tool is called".to_owned(),
        (true, [only]) if only == "reach" => "a call names a place".to_owned(),
        (true, [only]) if only == "release" => "data would leave".to_owned(),
        (true, _) => "one of the tools named below is called".to_owned(),
    };
    if rule.conditional {
        when.push_str(", and what the rule says is true of the call");
    }
    let then = match rule.demand {
        Demand::Permits => "it may run, unless another rule asks or blocks",
        Demand::Approve => "you are asked, and it runs only if you approve",
        Demand::StepUp => "you are asked, and have to pick the right value before you can approve",
        Demand::Never => "it doesn’t run, and you aren’t asked",
    };
    (when, then)
}

/// A preset: its name on the screen, and what it is like.
pub fn preset(name: &str) -> (&'static str, &'static str) {
    match name {
        "cautious" => {
            ("Cautious", "Asks before everything that does more than look: changing, sending, running programs.")
        }
        "balanced" => (
            "Balanced",
            "Asks when a call could do harm: by where its values come from, where they go, and what the chat has read.",
        ),
        _ => ("Another preset", ""),
    }
}

/// A theme.
pub fn theme(theme: Theme) -> &'static str {
    match theme {
        Theme::System => "As the system",
        Theme::Light => "Light",
        Theme::Dark => "Dark",
    }
}

/// What is stored somewhere.
pub fn place(place: Place) -> &'static str {
    match place {
        Place::Servers => "Your servers",
        Place::Policies => "Your rules",
        Place::Database => "The record, and what you decided",
        Place::Preferences => "These settings",
        Place::Autostart => "Start at login",
    }
}

/// The tour: a heading and a sentence for each step.
pub const TOUR: [(&str, &str); 3] = [
    (
        "Consentry stands in between",
        "Your AI clients reach their tools through Consentry. What only looks runs on; what changes, sends, pays or runs \
         something waits for your yes.",
    ),
    (
        "You see what runs",
        "A card shows who asks, what exactly would be sent, and why you are asked. A yes is for this one call. When in \
         doubt, say no: nothing was sent.",
    ),
    (
        "Everything is kept",
        "Activity tells what happened, also what was blocked. Next: under Clients, put Consentry between a client \
         and its servers.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use wire::view::Effect;

    fn sample() -> RuleView {
        RuleView {
            id: "a".into(),
            title: "A".into(),
            why: "So.".into(),
            layer: "user".into(),
            demand: Demand::Approve,
            effects: vec![Effect::Send, Effect::Execute],
            actions: vec![],
            server: None,
            conditional: false,
            dormant: false,
            file: "a.cedar".into(),
            line: 1,
            text: String::new(),
        }
    }

    #[test]
    fn a_rule_reads_as_when_and_then() {
        assert_eq!(rule(&sample()).0, "a tool can: send, run code");
        let any = RuleView { effects: vec![], conditional: true, demand: Demand::Never, ..sample() };
        let (when, then) = rule(&any);
        assert_eq!(when, "any tool is called, and what the rule says is true of the call");
        assert_eq!(then, "it doesn’t run, and you aren’t asked");
        let places = RuleView { effects: vec![], actions: vec!["reach".into()], ..sample() };
        assert_eq!(rule(&places).0, "a call names a place");
    }

    #[test]
    fn gaps_between_moments_are_for_people() {
        let all = [0, 99, 450, 9_990, 59_000, 125_000, 3_800_000].map(later);
        let words = "at once|at once|0.4 s later|9.9 s later|59 s later|2 min 5 s later|1 h 3 min later";
        assert_eq!(all.join("|"), words);
    }
}
