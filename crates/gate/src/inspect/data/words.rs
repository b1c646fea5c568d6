//! Plain words for a person, for every class.

/// Classes and what they are called, the more exact before their parents.
const WORDS: &[(&str, &str)] = &[
    ("secret.aws_access_key", "an AWS access key"),
    ("secret.private_key", "a private key"),
    ("secret.password_hash", "a hashed password"),
    ("secret.password", "a password"),
    ("secret.connection_password", "the password of a connection"),
    ("secret.authorization", "a credential in a header"),
    ("secret.assigned", "a key or secret"),
    ("secret.one_time_code", "a one-time code for signing in"),
    ("secret.recovery_code", "recovery codes"),
    ("secret.seed_phrase", "the words that open a wallet"),
    ("secret.kubernetes_secret", "a value of a Kubernetes Secret"),
    ("secret.jwt", "a signed login token"),
    ("secret.slack_webhook", "a secret Slack address"),
    ("secret.discord_webhook", "a secret Discord address"),
    ("secret.teams_webhook", "a secret Teams address"),
    ("secret.github_token", "a GitHub token"),
    ("secret.gitlab_token", "a GitLab token"),
    ("secret.google_api_key", "a Google API key"),
    ("secret.openai_key", "an OpenAI key"),
    ("secret.anthropic_key", "an Anthropic key"),
    ("secret.stripe_key", "a Stripe key"),
    ("secret.slack_token", "a Slack token"),
    ("secret", "a secret"),
    ("personal.email_address", "an e-mail address"),
    ("personal.phone_number", "a phone number"),
    ("personal.payment_card", "a payment card number"),
    ("personal.iban", "a bank account number (IBAN)"),
    ("personal.ip_address", "an IP address"),
    ("personal.national_id.us_ssn", "a US social security number"),
    ("personal.national_id.us_itin", "a US taxpayer number"),
    ("personal.national_id.ca_sin", "a Canadian social insurance number"),
    ("personal.national_id.gb_nino", "a British national insurance number"),
    ("personal.national_id.gb_nhs", "an NHS number"),
    ("personal.national_id.ie_pps", "an Irish PPS number"),
    ("personal.national_id.nl_bsn", "a Dutch citizen number"),
    ("personal.national_id.pl_pesel", "a Polish PESEL number"),
    ("personal.national_id.se_personnummer", "a Swedish personal number"),
    ("personal.national_id.no_fodselsnummer", "a Norwegian birth number"),
    ("personal.national_id.dk_cpr", "a Danish CPR number"),
    ("personal.national_id.fi_hetu", "a Finnish personal code"),
    ("personal.national_id.ee_isikukood", "an Estonian or Lithuanian personal code"),
    ("personal.national_id.de_tax", "a German tax number"),
    ("personal.national_id.ch_ahv", "a Swiss AHV number"),
    ("personal.national_id.be_rrn", "a Belgian national number"),
    ("personal.national_id.fr_nir", "a French social security number"),
    ("personal.national_id.es_dni", "a Spanish identity number"),
    ("personal.national_id.pt_nif", "a Portuguese tax number"),
    ("personal.national_id.it_codice_fiscale", "an Italian tax code"),
    ("personal.national_id.br_cpf", "a Brazilian CPF number"),
    ("personal.national_id.in_aadhaar", "an Aadhaar number"),
    ("personal.national_id", "a national identity number"),
    ("personal.passport_number", "a passport number"),
    ("personal.driver_license", "a driving licence number"),
    ("personal.date_of_birth", "a date of birth"),
    ("personal.person_name", "a person's name"),
    ("personal.street_address", "a street address"),
    ("personal", "personal data"),
    ("term", "a word that you keep to yourself"),
];

/// The kinds of things that a secret is by the end of its class.
const ENDS: &[(&str, &str)] = &[
    ("_key", "a secret key"),
    ("_token", "an access token"),
    ("_secret", "a shared secret"),
    ("_password", "a password"),
    ("_webhook", "a secret address"),
    ("_session", "a login session"),
];

/// What a value of `class` is, in plain words: its own, or those of the class above it.
pub fn words(class: &str) -> &'static str {
    let own = |class: &str| WORDS.iter().find(|(c, _)| *c == class).map(|(_, words)| *words);
    if let Some(words) = own(class) {
        return words;
    }
    if class.starts_with("secret.")
        && let Some((_, words)) = ENDS.iter().find(|(end, _)| class.ends_with(end))
    {
        return words;
    }
    let mut above = class;
    while let Some((parent, _)) = above.rsplit_once('.') {
        if let Some(words) = own(parent) {
            return words;
        }
        above = parent;
    }
    "data of your own list"
}

/// Whether the detectors have this class, or one above it, themselves.
pub(super) fn known(class: &str) -> bool {
    let root = class.split('.').next().unwrap_or(class);
    root == "secret" || root == "personal"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_words_of_its_own_or_of_its_parent() {
        assert_eq!(words("secret.aws_access_key"), "an AWS access key");
        assert_eq!(words("secret.doppler_token"), "an access token");
        assert_eq!(words("secret.twilio_account"), "a secret");
        assert_eq!(words("personal.national_id.cl_rut"), "a national identity number");
        assert_eq!(words("personal.other"), "personal data");
        assert_eq!(words("company.customer_number"), "data of your own list");
    }
}
