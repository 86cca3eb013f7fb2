//! The objects' part in skipping cycles: see [`crate::des::cycle`].

use std::hash::{Hash, Hasher};

use super::{Objects, nptl};

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
            tickets,
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
        nptl_condvars.iter().for_each(|condvar| record_condvar(condvar, tickets, state));
    }
}

/// Tickets only ever grow; what matters is who is of the group that is signalled.
fn record_condvar<H: Hasher>(condvar: &nptl::Condvar, tickets: &[u64], state: &mut H) {
    let nptl::Condvar { waiters, registered: _, group_start, group_end, group_left, signals, sleepers } =
        condvar;
    (waiters, group_left, signals, sleepers).hash(state);
    tickets.iter().for_each(|ticket| (ticket < group_start, ticket < group_end).hash(state));
}
