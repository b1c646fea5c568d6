//! Facts in two columns: the command of kind `run`, the program of kind `client`, the lines of kind `policy`, and the
//! fold with the whole call.

use super::marks::{command, icon, mark};
use super::text::{Datamark, Foreign, excerpt};
use crate::fold::Budget;
use crate::words;
use leptos::prelude::*;
use wire::view::{ApprovalView, ClientView, FindingView, RunView, VariableView};

/// What a yes to kind `run` begins with: a program that starts, or an address that is asked.
pub(crate) fn run(run: &RunView) -> AnyView {
    match words::url(&run.words) {
        Some(url) => reach(run, url),
        None => start(run),
    }
}

/// The address of a server elsewhere, and what every request to it carries.
fn reach(run: &RunView, url: &str) -> AnyView {
    let before = run.before.as_ref().map(|before| {
        let before = before.join(" ");
        view! { <dt>"Until now"</dt><dd class="was"><Foreign text=before class="v" budget=Budget::VALUE /></dd> }
    });
    let headers = (!run.env.is_empty()).then(|| {
        view! { <dt>"Headers"</dt><dd>{given(&run.env)}</dd> }
    });
    view! {
        <dl class="facts">
            <dt>"Host"</dt><dd><b><Foreign text=words::host(url) class="v" budget=Budget::HOST /></b></dd>
            <dt>"Address"</dt><dd><Foreign text=url class="v" budget=Budget::VALUE /></dd>
            {before}{headers}
        </dl>
    }
    .into_any()
}

/// Variables or headers, a line each: what may be a secret without its value.
fn given(variables: &[VariableView]) -> AnyView {
    let one = |variable: &VariableView| {
        let value = match &variable.value {
            Some(value) => {
                view! { <span class="soft">"= "</span><Foreign text=value.as_str() class="v" budget=Budget::VALUE /> }
                    .into_any()
            }
            None => view! { <span class="note">"value hidden"</span> }.into_any(),
        };
        view! { <li><code>{excerpt(&variable.name, Budget::NAME, "")}</code>" "{value}</li> }
    };
    view! { <ul class="given">{variables.iter().map(one).collect_view()}</ul> }.into_any()
}

/// What starts: word by word, the file behind the first word, and what it is given.
fn start(run: &RunView) -> AnyView {
    let before = run.before.clone();
    let fresh = {
        let before = before.clone();
        move |word: &str| before.as_ref().is_some_and(|before| !before.iter().any(|old| old == word))
    };
    let until_now = before.map(|before| {
        view! {
            <section class="stack">
                <h2 class="caption">"Until now"</h2>
                <div class="was">{command(&before, |_| false)}</div>
            </section>
        }
    });
    let file = if run.resolved.is_empty() {
        mark("caution", "alert", "Not found on this computer")
    } else {
        view! { <Foreign text=run.resolved.as_str() class="v" budget=Budget::VALUE /> }.into_any()
    };
    let hash = (!run.sha256.is_empty())
        .then(|| view! { <dt>"SHA-256"</dt><dd><code class="hash">{words::digest(&run.sha256)}</code></dd> });
    let env = if run.env.is_empty() {
        view! { <span class="soft">"Nothing of its own"</span> }.into_any()
    } else {
        given(&run.env)
    };
    let heading = if until_now.is_some() { "From now on" } else { "What starts" };
    view! {
        <section class="stack">
            <h2 class="caption">{heading}<span class="note">{words::count(run.words.len(), "word", "words")}</span></h2>
            {command(&run.words, fresh)}
        </section>
        {until_now}
        <dl class="facts">
            <dt>"File"</dt><dd>{file}</dd>
            {hash}
            <dt>"Is given"</dt><dd>{env}</dd>
        </dl>
    }
    .into_any()
}

/// What the system proved about a program, beside what it says of itself.
pub(crate) fn client(client: &ClientView) -> AnyView {
    let claimed = match &client.claimed {
        None => view! { <span class="soft">"It gives no name"</span> }.into_any(),
        Some(name) => view! {
            <Foreign text=name.as_str() budget=Budget::NAME class="claim" /><span class="note">" not verified"</span>
        }
        .into_any(),
    };
    let script = client.script.as_ref().map(|script| {
        view! { <dt>"Script"</dt><dd><Foreign text=script.as_str() class="v" /></dd> }
    });
    let parents = (!client.parents.is_empty()).then(|| {
        let parent = |parent: &String| view! { <li>{excerpt(parent, Budget::NAME, "v")}</li> };
        view! { <dt>"Started by"</dt><dd><ul>{client.parents.iter().map(parent).collect_view()}</ul></dd> }
    });
    view! {
        <dl class="facts">
            <dt>"Calls itself"</dt><dd>{claimed}</dd>
            <dt>"Program"</dt><dd><Foreign text=client.program.as_str() class="v" /></dd>
            {script}
            <dt>"SHA-256"</dt><dd><code class="hash">{words::digest(&client.sha256)}</code></dd>
            <dt>"Process"</dt><dd class="num">{client.pid.to_string()}</dd>
            {parents}
        </dl>
    }
    .into_any()
}

/// What changes, as lines.
pub(crate) fn difference(lines: &[String]) -> AnyView {
    view! { <section class="stack"><h2 class="caption">"What changes"</h2>{difference_lines(lines)}</section> }
        .into_any()
}

/// The lines of a difference, sign first.
pub(crate) fn difference_lines(lines: &[String]) -> AnyView {
    let line = |line: &String| {
        let (class, said) = match line.chars().next() {
            Some('+') => ("new", "added: "),
            Some('-') => ("old", "removed: "),
            _ => ("", ""),
        };
        view! { <li class=class><span class="vh">{said}</span><Foreign text=line.as_str() class="v prose" /></li> }
    };
    view! { <ul class="difference">{lines.iter().map(line).collect_view()}</ul> }.into_any()
}

/// Everything else that the yes covers: the exact bytes, every reason, the process, the digest.
pub(crate) fn whole(view: &ApprovalView) -> AnyView {
    let bytes = (!view.arguments_text.is_empty() && !view.tool.is_empty()).then(|| {
        view! {
            <section class="stack">
                <h2 class="caption">"Arguments, byte for byte"</h2>
                <div class="code"><Foreign text=view.arguments_text.as_str() class="v prose" /></div>
            </section>
        }
    });
    let claims = view.definition.as_ref().filter(|tool| !tool.description.trim().is_empty()).map(|tool| {
        view! {
            <section class="stack">
                <h2 class="caption">"What the server says this tool does"</h2>
                <Datamark from="Claimed by the server, not verified" text=tool.description.as_str() />
            </section>
        }
    });
    let client = (!view.client.program.is_empty() && view.kind != wire::view::ApprovalKind::Client).then(|| {
        view! { <section class="stack"><h2 class="caption">"Who asks"</h2>{client(&view.client)}</section> }
    });
    view! {
        <details class="fold">
            <summary>{icon("chev")}"Whole call, rules and identity"</summary>
            <div class="folded">
                {bytes}{reasons(view)}{claims}{client}
                <dl class="facts">
                    <dt>"Question"</dt><dd><code>{view.id.clone()}</code></dd>
                    <dt>"A yes covers"</dt><dd><code class="hash">{words::digest(&view.digest)}</code></dd>
                </dl>
            </div>
        </details>
    }
    .into_any()
}

/// One finding, with the text that it is about.
pub(crate) fn finding(finding: &FindingView) -> AnyView {
    let (class, name) = words::severity(finding.severity);
    let place = (!finding.pointer.is_empty())
        .then(|| view! { <span class="note">" at "{excerpt(&finding.pointer, Budget::NAME, "v")}</span> });
    let part = finding.excerpt.as_ref().map(|part| {
        view! {
            <p class="part">
                {excerpt(&part.before, Budget::VALUE, "")}<mark>{excerpt(&part.text, Budget::VALUE, "")}</mark>
                {excerpt(&part.after, Budget::VALUE, "")}
            </p>
        }
    });
    view! {
        <li><div class=format!("finding {class}")>{icon(name)}<b>{words::class(&finding.class)}</b>
            <p>{finding.message.clone()}{place}</p>{part}</div></li>
    }
    .into_any()
}

fn reasons(view: &ApprovalView) -> Option<AnyView> {
    if view.reasons.is_empty() && view.findings.is_empty() {
        return None;
    }
    let reason = |reason: &wire::view::Reason| {
        view! {
            <li><div class="finding info">{icon("scale")}<b>{reason.title.clone()}</b>
                <p>{reason.why.clone()}" "<span class="note">"Rule "<code>{reason.policy.clone()}</code></span></p>
            </div></li>
        }
    };
    Some(
        view! {
            <section class="stack">
                <h2 class="caption">"Why you are asked"</h2>
                <ul class="stack">
                    {view.findings.iter().map(finding).collect_view()}
                    {view.reasons.iter().map(reason).collect_view()}
                </ul>
            </section>
        }
        .into_any(),
    )
}
