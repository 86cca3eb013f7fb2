//! A hash of merged trees: equal for files that mean the same, whatever their layout and the order of their keys.

use crate::scenario::yaml::{Key, Kind, Node};

/// FNV-1a, 64 bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TreeHash(u64);

impl TreeHash {
    /// The hash of nothing.
    pub fn new() -> TreeHash {
        TreeHash(0xcbf2_9ce4_8422_2325)
    }

    /// The hash of all that was added.
    pub fn value(self) -> u64 {
        self.0
    }

    /// Adds a text, so that no two texts run into each other.
    pub fn add_text(&mut self, text: &str) {
        self.add_bytes(&(text.len() as u64).to_le_bytes());
        self.add_bytes(text.as_bytes());
    }

    /// Adds a tree; the keys of a mapping in alphabetical order.
    pub fn add(&mut self, node: &Node) {
        match &node.kind {
            Kind::Scalar { text, .. } => {
                self.add_bytes(b"=");
                self.add_text(text);
            }
            Kind::Sequence(items) => {
                self.add_bytes(b"[");
                items.iter().for_each(|item| self.add(item));
                self.add_bytes(b"]");
            }
            Kind::Mapping(entries) => {
                let mut entries: Vec<&(Key, Node)> = entries.iter().collect();
                entries.sort_by(|(left, _), (right, _)| left.text.cmp(&right.text));
                self.add_bytes(b"{");
                for (key, value) in entries {
                    self.add_text(&key.text);
                    self.add(value);
                }
                self.add_bytes(b"}");
            }
        }
    }

    fn add_bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
