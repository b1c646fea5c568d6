//! What questions took of the person's attention, in words.

use super::count;
use wire::view::AttentionView;

/// So many answers before anything is concluded from them.
const ENOUGH: u32 = 10;

/// The line that stands for all of it.
pub fn line(view: &AttentionView) -> String {
    let questions = count(view.questions as usize, "question", "questions");
    match view.median_ms {
        Some(median) => format!("Last 7 days: {questions}; half of your answers took less than {}", seconds(median)),
        None => format!("Last 7 days: {questions}, none answered"),
    }
}

/// What could be made of it, where answers are given faster than a card is read, or are always the same.
pub fn advice(view: &AttentionView) -> Option<&'static str> {
    let answers = view.answers();
    if answers >= ENOUGH && view.hasty * 2 >= answers {
        return Some(
            "Most answers came faster than a card can be read. Questions that are not worth reading can be remembered instead.",
        );
    }
    let always = view.rejected == 0 && view.longest_row >= 2 * ENOUGH;
    always.then_some(
        "You have said nothing but yes. What you always allow can be remembered, as narrowly as you allow it.",
    )
}

fn seconds(ms: i64) -> String {
    match ms {
        ..10_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        _ => crate::clock::took(ms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_said_and_advice_is_rare() {
        let mut view = AttentionView {
            questions: 14,
            hours: 7,
            approved: 11,
            rejected: 1,
            expired: 2,
            median_ms: Some(4_200),
            hasty: 3,
            in_a_row: 2,
            longest_row: 9,
            ..AttentionView::default()
        };
        assert_eq!(line(&view), "Last 7 days: 14 questions; half of your answers took less than 4.2 s");
        assert_eq!(view.figures()[0].1, "14, 2.0 in an hour of use");
        assert_eq!(view.figures()[2].1, "3 of 12 (25 %)");
        assert_eq!(advice(&view), None);
        view.hasty = 6;
        assert!(advice(&view).is_some_and(|advice| advice.contains("faster")));
        view = AttentionView { approved: 25, longest_row: 25, ..AttentionView::default() };
        assert!(advice(&view).is_some_and(|advice| advice.contains("nothing but yes")));
    }
}
