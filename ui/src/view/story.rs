//! The story of a call: sentences, the rules behind it, its moments, and the card as it was seen.

use super::body::{sentence, why};
use super::facts::finding;
use super::leaves::leaves;
use super::marks::{icon, tag};
use super::origins::Origins;
use super::text::Datamark;
use super::values::values;
use crate::backend;
use crate::words;
use leptos::prelude::*;
use wire::view::{ApprovalView, CameBackView, Level, Reason, StoryView};

/// What happened, why, who answered, when.
pub(crate) fn told(story: &StoryView) -> AnyView {
    let said = story.said.iter().map(|sentence| view! { <p>{sentence.clone()}</p> }).collect_view();
    let reason = (!story.reason.is_empty())
        .then(|| view! { <Datamark from="Written with the answer" icon="chat" text=story.reason.as_str() /> });
    view! {
        <section class="story" aria-label="What happened">{said}{reason}</section>
        {rules(&story.reasons)}
        {came_back(&story.came_back)}
        {steps(story)}
    }
    .into_any()
}

fn rules(reasons: &[Reason]) -> Option<AnyView> {
    if reasons.is_empty() {
        return None;
    }
    let reason = |reason: &Reason| {
        view! {
            <li><div class="finding info">{icon("scale")}<b>{reason.title.clone()}</b>
                <p>{reason.why.clone()}" "<a href=format!("#policies/{}", reason.policy)>"See the rule"</a></p>
            </div></li>
        }
    };
    Some(
        view! {
            <section class="stack">
                <h3 class="caption">"Why"</h3>
                <ul class="reasons">{reasons.iter().map(reason).collect_view()}</ul>
            </section>
        }
        .into_any(),
    )
}

/// What was seen in the result, and what of it the agent did not get.
fn came_back(came: &CameBackView) -> Option<AnyView> {
    if came.is_plain() {
        return None;
    }
    let withheld = |(what, count): &(String, u32)| {
        view! {
            <li><div class="finding ok">{icon("lock")}<b>{format!("Kept from the agent: {what}")}</b>
                <p>{words::leaves::instead(*count)}</p></div></li>
        }
    };
    let unseen = |said: &String| {
        view! { <li><div class="finding caution">{icon("help")}<b>"Not inspected"</b><p>{said.clone()}</p></div></li> }
    };
    let apart = (!came.set_apart.is_empty()).then(|| {
        view! {
            <li><div class="finding info">{icon("gate")}<b>"Set apart for the model"</b>
                <p>{came.set_apart.clone()}</p></div></li>
        }
    });
    Some(
        view! {
            <section class="stack">
                <h3 class="caption">"What came back"</h3>
                <ul class="reasons">
                    {came.findings.iter().map(finding).collect_view()}
                    {came.withheld.iter().map(withheld).collect_view()}
                    {apart}
                    {came.uninspected.iter().map(unseen).collect_view()}
                </ul>
            </section>
        }
        .into_any(),
    )
}

fn steps(story: &StoryView) -> Option<AnyView> {
    if story.steps.len() < 2 {
        return None;
    }
    let mut before = None::<i64>;
    let mut lines = Vec::new();
    for step in &story.steps {
        let gap = before.map(|before| words::pages::later(step.at.saturating_sub(before))).unwrap_or_default();
        let at = backend::local(step.at).second_words();
        before = Some(step.at);
        lines.push(view! {
            <li><span>{words::pages::step(step.step)}</span><span class="num">{at}</span>
                <span class="note num">{gap}</span></li>
        });
    }
    Some(
        view! {
            <section class="stack"><h3 class="caption">"When"</h3><ol class="steps">{lines}</ol></section>
        }
        .into_any(),
    )
}

/// The card as it was seen, to read; there is nothing to press on it.
pub(crate) fn card(story: &StoryView) -> Option<AnyView> {
    let card: &ApprovalView = story.card.as_deref()?;
    let high = (card.level == Level::StepUp).then(|| tag("danger", "stop", "High risk"));
    let arguments =
        (!card.values.is_empty()).then(|| values(&card.values, Origins { traced: card.traced, all: &card.provenance }));
    Some(
        view! {
            <details class="fold">
                <summary>{icon("chev")}"The card, as it was seen"</summary>
                <div class="seen">
                    {high}
                    <p class="say">{sentence(&card.sentence)}</p>
                    {why(card)}
                    {arguments}
                    {leaves(&card.leaves)}
                </div>
            </details>
        }
        .into_any(),
    )
}
