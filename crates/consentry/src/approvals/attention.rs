//! `consentry approvals attention`: what questions took of the person's attention.

use crate::print::{Ended, Printer, moment};
use std::io::Write;
use wire::view::AttentionView;

pub(super) fn print<W: Write>(view: &AttentionView, printer: &mut Printer<W>) -> Result<(), Ended> {
    if printer.is_json() {
        return printer.json(view);
    }
    printer.say(&format!("Since {}:", moment(view.since)))?;
    for (name, figure) in view.figures() {
        printer.field(name, &figure)?;
    }
    if let Some(ms) = view.median_ms {
        printer.field("Half took under", &format!("{}.{} s", ms / 1000, ms % 1000 / 100))?;
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
