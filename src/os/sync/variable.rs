//! A variable in memory that threads on several cores load and store, with nothing but their caches between them.
//!
//! A store is not waited for: it stays in the store buffer of its core until the cache line has come, and loads of the same
//! core find it there. So a load waits only where another core has stored since.

use super::word::Word;
use crate::des::{Span, Time};
use crate::os::CoreId;

/// Where a variable is.
#[derive(Clone, Debug, Default)]
pub(in crate::os) struct Variable {
    /// The line, as those who store have it.
    word: Word,
    stores: u64,
    /// For each core, the number of the next store when it loaded the variable from elsewhere; 0 if it has not done so.
    copies: Vec<u64>,
}

impl Variable {
    /// Whether `core` finds the variable in its store buffer or its cache.
    pub fn is_at(&self, core: CoreId, now: Time) -> bool {
        self.word.stays(core, now, Span::ZERO) || self.copies.get(core) == Some(&(self.stores + 1))
    }

    /// `core` loads the variable from elsewhere, and has a copy until somebody stores.
    pub fn copy_to(&mut self, core: CoreId) {
        if self.copies.len() <= core {
            self.copies.resize(core + 1, 0);
        }
        self.copies[core] = self.stores + 1;
    }

    /// `core` stores. If it does not have the line, it asks for it: that has to come `way`, for how long it is kept where it is,
    /// and for how long it takes in all.
    pub fn store(&mut self, core: CoreId, now: Time, way: impl FnOnce() -> (Span, Span)) {
        self.stores += 1;
        if !self.word.stays(core, now, Span::ZERO) {
            let (kept, line) = way();
            self.word.comes_over(core, now, kept, line);
        }
        self.word.change(core, now, Span::ZERO);
    }
}
