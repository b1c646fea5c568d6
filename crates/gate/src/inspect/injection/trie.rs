//! Many words as one tree of bytes: all that begin at a place are found by walking down from it.

/// A node with more children than this has a table of them.
const FEW: usize = 6;
const NONE: u32 = u32::MAX;

/// The tree; patterns are known by their number.
#[derive(Debug)]
pub(super) struct Trie {
    nodes: Vec<Node>,
    /// The children of nodes with few: the byte and the node.
    kids: Vec<(u8, u32)>,
    /// The children of nodes with many, by byte.
    tables: Vec<[u32; 256]>,
    /// The patterns that end at a node.
    patterns: Vec<u32>,
    /// By the first three bytes, hashed, a bit: whether any pattern may begin so. It is small and mostly says no.
    begins: Vec<u64>,
}

/// How many bits `begins` has.
const BEGINS: usize = 1 << 16;

fn begin(a: u8, b: u8, c: u8) -> usize {
    let three = u32::from(a) << 16 | u32::from(b) << 8 | u32::from(c);
    (three.wrapping_mul(0x9E37_79B1) >> 16) as usize % BEGINS
}

#[derive(Clone, Copy, Debug)]
struct Node {
    /// Into `kids`, or, where `many`, into `tables`.
    kids: u32,
    count: u8,
    many: bool,
    /// Into `patterns`.
    ends: u32,
    ending: u16,
}

impl Trie {
    pub(super) fn of(patterns: &[String]) -> Self {
        let mut sorted: Vec<(&[u8], u32)> = patterns.iter().map(|p| p.as_bytes()).zip(0..).collect();
        sorted.sort_unstable();
        let mut trie = Self {
            nodes: Vec::new(),
            kids: Vec::new(),
            tables: Vec::new(),
            patterns: Vec::new(),
            begins: vec![0; BEGINS / 64],
        };
        trie.grow(&sorted, 0);
        for pattern in patterns.iter().map(|p| p.as_bytes()) {
            // What is shorter may go on in any way.
            let any = |at: usize| pattern.get(at).map_or(0..=u8::MAX, |b| *b..=*b);
            for (a, b) in any(0).flat_map(|a| any(1).map(move |b| (a, b))) {
                for c in any(2) {
                    let bit = begin(a, b, c);
                    trie.begins[bit / 64] |= 1 << (bit % 64);
                }
            }
        }
        trie
    }

    /// Adds the node of patterns that share their first `depth` bytes; gives its number. As deep as the longest pattern.
    fn grow(&mut self, sorted: &[(&[u8], u32)], depth: usize) -> u32 {
        let number = self.nodes.len();
        let ending = sorted.iter().take_while(|(p, _)| p.len() == depth).count();
        let ends = self.patterns.len() as u32;
        self.patterns.extend(sorted[..ending].iter().map(|(_, n)| *n));
        self.nodes.push(Node { kids: 0, count: 0, many: false, ends, ending: ending as u16 });
        let kids: Vec<(u8, u32)> = sorted[ending..]
            .chunk_by(|a, b| a.0[depth] == b.0[depth])
            .map(|chunk| (chunk[0].0[depth], self.grow(chunk, depth + 1)))
            .collect();
        let node = &mut self.nodes[number];
        if kids.len() > FEW {
            (node.kids, node.many) = (self.tables.len() as u32, true);
            let mut table = [NONE; 256];
            kids.iter().for_each(|(byte, kid)| table[usize::from(*byte)] = *kid);
            self.tables.push(table);
        } else {
            (node.kids, node.count) = (self.kids.len() as u32, kids.len() as u8);
            self.kids.extend(kids);
        }
        number as u32
    }

    /// Calls `found` with number and length of each pattern that `bytes` begin with, the shortest first.
    pub(super) fn walk(&self, bytes: &[u8], mut found: impl FnMut(usize, usize)) {
        if let [a, b, c, ..] = bytes {
            let bit = begin(*a, *b, *c);
            if self.begins[bit / 64] >> (bit % 64) & 1 == 0 {
                return;
            }
        }
        let mut at = 0;
        for (depth, byte) in bytes.iter().enumerate() {
            let Some(node) = self.nodes.get(at) else { return };
            for end in node.ends..node.ends + u32::from(node.ending) {
                found(self.patterns[end as usize] as usize, depth);
            }
            let next = if node.many {
                self.tables[node.kids as usize][usize::from(*byte)]
            } else {
                let kids = &self.kids[node.kids as usize..node.kids as usize + usize::from(node.count)];
                kids.iter().find(|(b, _)| b == byte).map_or(NONE, |(_, kid)| *kid)
            };
            if next == NONE {
                return;
            }
            at = next as usize;
        }
        let Some(node) = self.nodes.get(at) else { return };
        for end in node.ends..node.ends + u32::from(node.ending) {
            found(self.patterns[end as usize] as usize, bytes.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_a_text_begins_with_is_found(patterns in proptest::collection::vec("[a-cé]{1,4}", 1..40), text in "[a-dé]{0,9}") {
            let mut found = Vec::new();
            Trie::of(&patterns).walk(text.as_bytes(), |pattern, length| found.push((length, pattern)));
            found.sort_unstable();
            let mut wanted: Vec<_> =
                patterns.iter().enumerate().filter(|(_, p)| text.starts_with(*p)).map(|(n, p)| (p.len(), n)).collect();
            wanted.sort_unstable();
            prop_assert_eq!(found, wanted);
        }
    }

    #[test]
    fn many_children_have_a_table() {
        let patterns: Vec<String> = ('a'..='z').map(String::from).collect();
        let mut found = Vec::new();
        Trie::of(&patterns).walk(b"zebra", |pattern, length| found.push((pattern, length)));
        assert_eq!(found, [(25, 1)]);
    }
}
