//! How much went through, in words: for a rule that asks because it is much.

use gate::provenance::{SoFar, Volume};
use wire::number::{count, grouped};

/// One sentence or two with the figures, a call included that would go out now; empty where there are none.
pub(crate) fn figures(so_far: &SoFar) -> String {
    let spans = [("In the last hour", so_far.hour), ("In the last 24 hours", so_far.day)];
    let said = spans.into_iter().filter_map(|(span, volume)| {
        let parts = parts(&volume);
        (!parts.is_empty()).then(|| format!("{span}, this call included: {}.", parts.join("; ")))
    });
    said.collect::<Vec<_>>().join(" ")
}

fn parts(volume: &Volume) -> Vec<String> {
    let went = |rows, bytes, how: &str| {
        let both = [counted(rows, "record", "records"), size(bytes)];
        let told: Vec<String> = both.into_iter().filter(|part| !part.is_empty()).collect();
        if told.is_empty() { String::new() } else { format!("{} {how}", told.join(", ")) }
    };
    let all = [
        counted(volume.recipients, "recipient", "recipients"),
        went(volume.rows_sent, volume.bytes_sent, "sent"),
        went(0, volume.bytes_asked, "in questions"),
        went(volume.rows_seen, volume.bytes_seen, "read"),
    ];
    all.into_iter().filter(|part| !part.is_empty()).collect()
}

/// Nothing where there is none.
fn counted(number: i64, one: &str, many: &str) -> String {
    if number == 0 { String::new() } else { count(whole(number), one, many) }
}

fn whole(number: i64) -> usize {
    usize::try_from(number).unwrap_or_default()
}

fn size(bytes: i64) -> String {
    match bytes {
        ..1 => String::new(),
        1..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} KB", bytes / 1_000),
        _ => format!("{}.{} MB", grouped(whole(bytes / 1_000_000)), bytes % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_said_in_words() {
        let hour = Volume { recipients: 26, rows_sent: 1, bytes_sent: 1_250_000, ..Volume::default() };
        let day = Volume { rows_seen: 12_345, bytes_seen: 900, ..hour };
        assert_eq!(
            figures(&SoFar { hour, day, ..SoFar::default() }),
            "In the last hour, this call included: 26 recipients; 1 record, 1.2 MB sent. In the last 24 hours, this call \
             included: 26 recipients; 1 record, 1.2 MB sent; 12,345 records, 900 bytes read."
        );
        assert_eq!(figures(&SoFar::default()), "");
    }
}
