//! The clock of Ruby's global lock (`thread_pthread.c`, `thread.c` at v3.4).
//!
//! The lock itself is a queue, see [`round_robin`](super::round_robin). While somebody queues, a clock ticks (10 ms); a
//! tick interrupts the owner, which adds it to its running time when it next looks, and yields when that has come to
//! the quantum (100 ms, `RUBY_THREAD_TIMESLICE`). In Ruby the clock is a thread of its own; here the last in the queue
//! keeps it by a timed wait, as a waiting thread did up to Ruby 3.2 (`do_gvl_timer`), which cost the same wake-up.

use crate::des::{Span, Time};
use crate::os::ThreadId;

#[derive(Clone, Copy, Debug, Default)]
struct Account {
    interrupted: bool,
    running_time: Span,
}

/// The clock, and what each thread has had of the lock.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    quantum: Span,
    tick: Span,
    next_tick: Time,
    last_holder: Option<ThreadId>,
    accounts: Vec<Account>,
}

impl Clock {
    pub fn new(quantum: Span, tick: Span, threads: usize) -> Clock {
        let accounts = vec![Account::default(); threads];
        Clock { quantum, tick, next_tick: Time::ZERO, last_holder: None, accounts }
    }

    /// The first thread queues.
    pub fn start(&mut self, now: Time) {
        self.next_tick = now + self.tick;
    }

    /// How long it is to the next tick; no time at all if that is past.
    pub fn time_to_tick(&self, now: Time) -> Span {
        self.next_tick.since(now)
    }

    /// A tick has come.
    pub fn tick(&mut self, owner: ThreadId, now: Time) {
        self.accounts[owner].interrupted = true;
        self.next_tick = now + self.tick;
    }

    /// Whether a tick has interrupted `thread` and it has not looked since.
    pub fn interrupts(&self, thread: ThreadId) -> bool {
        self.accounts[thread].interrupted
    }

    /// `thread` holds the lock now: its time begins anew if another has had the lock since.
    pub fn acquired(&mut self, thread: ThreadId) {
        if self.last_holder != Some(thread) {
            self.accounts[thread].running_time = Span::ZERO;
        }
        self.last_holder = Some(thread);
    }

    /// `thread` sees that it has been interrupted: whether its quantum is over.
    pub fn has_had_its_time(&mut self, thread: ThreadId) -> bool {
        let account = &mut self.accounts[thread];
        account.interrupted = false;
        account.running_time += self.tick;
        account.running_time >= self.quantum
    }
}
