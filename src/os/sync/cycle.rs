//! The objects' part in skipping cycles: see [`crate::des::cycle`].

use std::hash::{Hash, Hasher};

use super::{Objects, nptl_condvar};

/// Everything but what was made once for all, the messages received, which decide nothing here, and the pollers, words,
/// variables and what goes with a `PyMutex`, of which there are none where cycles are skipped.
impl Hash for Objects {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Objects {
            platform: _,
            queues,
            nptl_mutexes,
            nptl_condvars,
            darwin_mutexes,
            darwin_condvars,
            semaphores,
            events,
            channels,
            devices,
            pollers: _,
            locks,
            groups,
            memory,
            words: _,
            variables: _,
            parking: _,
            time: _,
            received: _,
            threads: _,
        } = self;
        (queues, nptl_mutexes, darwin_mutexes, darwin_condvars).hash(state);
        (semaphores, events, channels, devices, locks, memory).hash(state);
        nptl_condvars.iter().for_each(|condvar| record_condvar(condvar, groups, state));
    }
}

/// The numbers of groups only ever grow; what matters is which of them a thread is of.
fn record_condvar<H: Hasher>(condvar: &nptl_condvar::Condvar, groups: &[u64], state: &mut H) {
    let nptl_condvar::Condvar {
        waiters,
        second,
        unsignalled,
        inside,
        signals,
        closing,
        owed,
        sleepers,
        closer,
    } = condvar;
    (waiters, unsignalled, inside, signals, closing, owed, sleepers, closer).hash(state);
    groups.iter().for_each(|group| second.saturating_sub(*group).min(2).hash(state));
}
