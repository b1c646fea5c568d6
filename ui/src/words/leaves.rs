//! What is said of data that leaves.

use wire::view::LeavesView;

/// Those that are worth a line of their own, and how many more there are: what was kept from the agent first. Addresses
/// and the like that the agent wrote stand among the values.
pub fn told(leaves: &[LeavesView], most: usize) -> (Vec<&LeavesView>, usize) {
    let plain = |class: &str| {
        [
            "personal.email_address",
            "personal.phone_number",
            "personal.ip_address",
            "personal.iban",
            "personal.person_name",
        ]
        .contains(&class)
    };
    let mut told: Vec<&LeavesView> = leaves.iter().filter(|one| one.put_back || !plain(&one.class)).collect();
    told.sort_by_key(|one| (!one.put_back, one.from_there));
    let rest = told.len().saturating_sub(most);
    told.truncate(most);
    (told, rest)
}

/// What happens to it.
pub fn said(leaves: &LeavesView) -> &'static str {
    if leaves.put_back { "stands for it. The agent has not seen it; Consentry puts it in." } else { "" }
}

/// What the agent got in the stead of values that it did not get.
pub fn instead(count: u32) -> String {
    match count {
        1 => "The agent got a stand-in for it.".to_owned(),
        n => format!("{n} of them. The agent got stand-ins."),
    }
}

/// How much of what is sent the agent has not seen.
pub fn kept(leaves: &[LeavesView]) -> String {
    match leaves.iter().filter(|one| one.put_back).count() {
        0 => "Nothing".to_owned(),
        1 => "One value".to_owned(),
        n => format!("{n} values"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(class: &str, put_back: bool) -> LeavesView {
        LeavesView {
            class: class.into(),
            words: String::new(),
            pointer: String::new(),
            shown: String::new(),
            put_back,
            from: Vec::new(),
            from_there: false,
        }
    }

    #[test]
    fn what_was_kept_back_comes_first_and_plain_addresses_are_left_to_the_values() {
        let all = [
            one("personal.email_address", false),
            one("secret.aws_access_key", false),
            one("personal.email_address", true),
            one("personal.payment_card", false),
        ];
        let (told, rest) = told(&all, 2);
        assert_eq!(
            told.iter().map(|t| t.class.as_str()).collect::<Vec<_>>(),
            ["personal.email_address", "secret.aws_access_key"]
        );
        assert_eq!(rest, 1);
    }
}
