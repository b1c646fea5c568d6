//! `consentry approvals attention`: what questions took of the person's attention.

use crate::print::{Ended, Printer, moment};
use std::io::Write;
use wire::view::AttentionView;

pub(super) fn print<W: Write>(view: &AttentionView, printer: &mut Printer<W>) -> Result<(), Ended> {
    if printer.is_json() {
        return printer.json(view);
    }
    printer.say(&format!("Since {}:", moment(view.since)))?;
    let answers = view.approved + view.rejected;
    let an_hour = f64::from(view.questions) / f64::from(view.hours.max(1));
    printer.field("Questions", &format!("{}, {an_hour:.1} in an hour of use", view.questions))?;
    printer.field("Answers", &format!("{} yes, {} no, {} not in time", view.approved, view.rejected, view.expired))?;
    if let Some(median) = view.median_ms {
        let seconds = |ms: i64| format!("{}.{} s", ms / 1000, ms % 1000 / 100);
        printer.field("Half took under", &seconds(median))?;
        let share = u64::from(view.hasty) * 100 / u64::from(answers.max(1));
        printer.field("Under two seconds", &format!("{} of {answers} ({share} %)", view.hasty))?;
        printer.field("Yes in a row", &format!("{} now, {} at most", view.in_a_row, view.longest_row))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::tests::{printed, printer};

    #[test]
    fn attention_is_told_in_figures() {
        let view = AttentionView {
            questions: 12,
            hours: 8,
            approved: 9,
            rejected: 1,
            expired: 2,
            median_ms: Some(4_250),
            hasty: 3,
            in_a_row: 4,
            longest_row: 5,
            ..AttentionView::default()
        };
        let mut out = printer(false);
        print(&view, &mut out).unwrap();
        let out = printed(out);
        for part in ["12, 1.5 in an hour", "9 yes, 1 no, 2 not in time", "4.2 s", "3 of 10 (30 %)", "4 now, 5 at most"]
        {
            assert!(out.contains(part), "{part}: {out}");
        }
    }
}
