//! Labels of personal data, and words that are near it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

/// What a label announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// A key or label of a form that is used for people only.
    Name,
    /// `name`, which things have too.
    AnyName,
    /// A title before a surname.
    Title,
    /// `Dear`, `Hi`.
    Salutation,
    /// `my name is`.
    Saying,
    /// `address`, `street`.
    Address,
    /// A word for a street behind or before its name.
    Street,
    Birth,
    Passport,
    Licence,
    /// A number of a state: which of them.
    National(usize),
}

/// Words of each kind, in lower case.
pub(super) const LABELS: &[(Label, &[&str])] = &[
    (
        Label::Name,
        &[
            "full_name",
            "full name",
            "fullname",
            "first_name",
            "first name",
            "firstname",
            "given_name",
            "given name",
            "givenname",
            "last_name",
            "last name",
            "lastname",
            "family_name",
            "family name",
            "middle_name",
            "surname",
            "maiden name",
            "customer_name",
            "customer name",
            "patient_name",
            "patient name",
            "patient:",
            "employee_name",
            "employee name",
            "contact_name",
            "contact name",
            "cardholder",
            "card holder",
            "account holder",
            "name on card",
            "person_name",
            "recipient_name",
            "vorname",
            "nachname",
            "nombre completo",
            "apellido",
            "prénom",
            "nom de famille",
        ],
    ),
    (Label::AnyName, &["name"]),
    (
        Label::Title,
        &[
            "mr. ",
            "mrs. ",
            "ms. ",
            "mr ",
            "mrs ",
            "ms ",
            "miss ",
            "dr. ",
            "dr ",
            "prof. ",
            "herr ",
            "frau ",
            "monsieur ",
            "madame ",
            "señor ",
            "señora ",
        ],
    ),
    (Label::Salutation, &["dear ", "hi ", "hello ", "bonjour ", "liebe ", "lieber ", "hola "]),
    (Label::Saying, &["name is ", "ich heiße ", "je m'appelle ", "me llamo ", "signed by ", "issued to "]),
    (Label::Address, &["address", "street", "adresse", "anschrift", "dirección", "indirizzo", "ship to", "bill to"]),
    (
        Label::Street,
        &[
            " street",
            " st",
            " road",
            " rd",
            " avenue",
            " ave",
            " lane",
            " drive",
            " court",
            " boulevard",
            " blvd",
            " crescent",
            " terrace",
            " parkway",
            " highway",
            " close",
            " place",
            " square",
            "straße",
            "strasse",
            "gasse",
            "weg ",
            "allee ",
            "platz ",
            " rue ",
            " avenue ",
            " chemin ",
            "calle ",
            "avenida ",
            "via ",
            "rua ",
        ],
    ),
    (
        Label::Birth,
        &[
            "date of birth",
            "date_of_birth",
            "dateofbirth",
            "birth_date",
            "birthdate",
            "birth date",
            "birthday",
            "dob",
            "born on ",
            "born ",
            "geburtsdatum",
            "geboren am ",
            "date de naissance",
            "né le ",
            "née le ",
            "fecha de nacimiento",
            "data di nascita",
            "geboortedatum",
        ],
    ),
    (Label::Passport, &["passport", "reisepass", "passeport", "pasaporte"]),
    (
        Label::Licence,
        &[
            "driver's license",
            "drivers license",
            "driver license",
            "driver_license",
            "drivers_license",
            "driver’s license",
            "driving licence",
            "driving license",
            "license number",
            "licence number",
            "führerschein",
            "permis de conduire",
        ],
    ),
];

/// Small words within names.
pub(super) const PARTICLES: &[&str] =
    &["von", "van", "de", "der", "den", "del", "di", "da", "dos", "la", "le", "el", "al", "bin", "zu", "af", "y"];

/// How months begin.
pub(super) const MONTHS: &[&str] = &[
    "jan", "feb", "mar", "mär", "apr", "may", "mai", "jun", "jul", "aug", "sep", "oct", "okt", "nov", "dec", "dez",
    "ene", "abr", "ago", "dic", "fév", "avr", "juin", "août", "déc",
];

/// Capitalised words that begin what is no person.
const THINGS: &str = "\
    The This A An All Team Sir Madam Everyone Friends Customer User Users There World It No Not None Null True \
    False String Required Optional Name Your My Run Build Test Tests Install Setup Set Get List Create Update \
    Delete Add Check Deploy Release Publish Docker Python Rust Node Go Java Linux Windows Google Microsoft Apple \
    Amazon GitHub New Service Server Client Project File Type Id In Of For To And Or With From Hiring All Folks \
    Colleagues Sirs If Please Thank Thanks We I You He She They Our Is Was Are";

static KNOWN: LazyLock<BTreeSet<&str>> = LazyLock::new(|| THINGS.split_ascii_whitespace().collect());

/// Whether a capitalised word begins what is no person.
pub(super) fn is_thing(word: &str) -> bool {
    KNOWN.contains(word)
}
