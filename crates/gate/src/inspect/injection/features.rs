//! From a sentence among its neighbours to the numbers of weights.

use super::reading::{ASKS, COMMENT, EMAIL, QUOTED, Reading, SHOUTED, Sentence, URL};
use super::words::mix;

/// How many weights the classes have, and how many the words.
pub const CLASS_WEIGHTS: usize = 1 << 14;
/// See [`CLASS_WEIGHTS`].
pub const WORD_WEIGHTS: usize = 1 << 17;

/// How many the groups of words have.
pub const MEANING_WEIGHTS: usize = 1 << 16;

/// Classes of verbs that an instruction has: send, run, read, say, destroy, pay, override, and any other.
const VERBS: u64 = 0b11_1111_1000 | 1 << 36;
/// Classes that change what a neighbour means: assistant, override, newtask, conceal, authority, delimiter, role, report,
/// people, harm, doc.
const CONTEXT: u64 =
    1 | 1 << 9 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 23 | 1 << 24 | 1 << 26 | 1 << 30 | 1 << 31 | 1 << 33;
/// Classes of the whole text that do: assistant, report, people, harm, doc.
const WHOLE: u64 = 1 | 1 << 26 | 1 << 30 | 1 << 31 | 1 << 33;

/// The numbers of the words' weights of sentence `at`.
pub fn words(reading: &Reading, at: usize) -> &[u32] {
    reading.sentences.get(at).and_then(|s| reading.grams.words.get(s.grams.clone())).unwrap_or_default()
}

/// The numbers of the weights of the groups of words of sentence `at`.
pub fn meanings(reading: &Reading, at: usize) -> &[u32] {
    reading.sentences.get(at).and_then(|s| reading.grams.meanings.get(s.meanings.clone())).unwrap_or_default()
}

/// Fills `out` with the numbers of the classes' weights of sentence `at`. Gives how many of them, at the front, are
/// plain facts, each of which counts for itself; those behind are combinations, of which there are many or few.
pub fn classes(reading: &Reading, at: usize, out: &mut Vec<u32>) -> usize {
    out.clear();
    let Some(sentence) = reading.sentences.get(at) else { return 0 };
    let mut put = |group: u32, a: u32, b: u32| out.push(number(group, a, b));
    let leading = sentence.leading & VERBS;
    for a in bits(sentence.classes) {
        put(1, a, 0);
    }
    for verb in bits(leading) {
        put(3, verb, 0);
    }
    surroundings(reading, at, sentence, &mut put);
    let facts = out.len();
    let mut put = |group: u32, a: u32, b: u32| out.push(number(group, a, b));
    for a in bits(sentence.classes) {
        for b in bits(sentence.classes >> (a + 1)) {
            put(2, a, a + 1 + b);
        }
    }
    for verb in bits(leading) {
        for b in bits(sentence.classes & !(1 << verb)) {
            put(4, verb, b);
        }
    }
    let order = reading.order.get(sentence.order.clone()).unwrap_or_default();
    for pair in order.windows(2).take(24) {
        put(5, u32::from(pair[0]), u32::from(pair[1]));
    }
    for three in order.windows(3).take(24) {
        put(6, u32::from(three[0]) << 8 | u32::from(three[1]), u32::from(three[2]));
    }
    facts
}

fn number(group: u32, a: u32, b: u32) -> u32 {
    mix(mix(group, a.wrapping_add(1)), b.wrapping_add(77)) % CLASS_WEIGHTS as u32
}

/// What the place of a sentence and its neighbours say.
fn surroundings(reading: &Reading, at: usize, sentence: &Sentence, put: &mut impl FnMut(u32, u32, u32)) {
    let neighbour = |i: Option<usize>| i.and_then(|i| reading.sentences.get(i)).map_or(0, |s| s.classes);
    let command = u32::from(sentence.leading & VERBS != 0) | u32::from(sentence.classes >> 9 & 1 == 1) << 1;
    for a in bits(neighbour(at.checked_sub(1)) & CONTEXT) {
        put(7, a, command);
    }
    for a in bits(neighbour(Some(at + 1)) & CONTEXT) {
        put(8, a, command);
    }
    for a in bits(reading.classes & WHOLE & !sentence.classes) {
        put(9, a, command);
    }
    // Told of, not told: attacks that a text reports.
    let before = neighbour(at.checked_sub(1)) | neighbour(at.checked_sub(2)) | neighbour(at.checked_sub(3));
    let reported =
        u32::from((before | sentence.classes) >> 26 & 1 == 1) << 1 | u32::from(neighbour(Some(at + 1)) >> 26 & 1 == 1);
    put(19, reported, command << 1 | u32::from(sentence.classes >> QUOTED & 1 == 1));
    let last = u32::from(at + 1 == reading.sentences.len()) | u32::from(at == 0) << 1;
    put(10, last, command);
    // A plain sentence among data, or beside code.
    let step = |share: u32| share.min(99) / 12;
    put(11, step(reading.prose), step(sentence.prose));
    put(12, (step(reading.prose)) << 1 | u32::from(reading.json), command);
    if sentence.long_words >= 3 && reading.sentences.len() >= 4 {
        let shared = sentence.shared_words * 5 / sentence.long_words;
        put(13, shared, command);
        put(14, shared, u32::from(sentence.prose > 90));
    }
    // Of few sentences, one that speaks of other things than the rest.
    if (2..4).contains(&reading.sentences.len()) && sentence.long_words >= 3 {
        put(20, sentence.shared_words * 5 / sentence.long_words, u32::from(at > 0) << 2 | command);
    }
    put(15, sentence.words.min(40) / 4, command);
    let marks =
        [QUOTED, COMMENT, SHOUTED, ASKS].iter().fold(0, |m, c| m << 1 | u32::from(sentence.classes >> c & 1 == 1));
    put(16, marks, command);
    // In a conversation that was written down, people ask each other for things.
    if reading.turns >= 2 {
        put(18, reading.turns.min(4), command);
    }
    put(17, (reading.sentences.len() as u32 + 1).ilog2().min(6), command);
}

fn bits(mut set: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = set.trailing_zeros();
        (set != 0).then(|| {
            set &= set - 1;
            bit
        })
    })
}

/// In words, what a sentence does, worst first; for the person.
pub(super) fn told(sentence: &Sentence) -> Option<String> {
    let has = |bit: u32| sentence.classes >> bit & 1 == 1;
    let verb = |bit: u32| sentence.leading >> bit & 1 == 1;
    let mut parts: Vec<&str> = Vec::new();
    let mut say = |when: bool, words: &'static str| {
        if when && parts.len() < 3 {
            parts.push(words);
        }
    };
    let address = has(URL) || has(EMAIL) || has(19);
    say(has(9) && (has(10) || has(11)), "asks to set earlier instructions aside");
    say(has(13), "asks to keep something from the person");
    say((verb(3) || has(3)) && address, "asks to send something to an address");
    say(has(8) && has(17), "asks to move money");
    say(has(16) && (has(3) || has(5) || has(6)), "is after secrets or private data");
    say(has(31), "speaks of doing harm");
    say(has(7) && verb(7), "asks to delete or change something");
    say(has(4) && has(20), "asks to use a tool");
    say(has(25), "wants to be preferred to other tools");
    say(has(24), "gives the model another role");
    say(has(12), "sets a new task");
    say(has(23), "imitates the marks of a conversation");
    say(has(14) && has(15), "claims authority");
    say(sentence.leading & VERBS != 0, "gives an order");
    let whom = if has(0) { "speaks to the assistant" } else { "reads like an instruction, not like data" };
    match parts.split_last() {
        None => has(0).then(|| whom.to_owned()),
        Some((last, [])) => Some(format!("{whom} and {last}")),
        Some((last, rest)) => Some(format!("{whom}, {} and {last}", rest.join(", "))),
    }
}
