//! The battle of two threads for the old GIL, as one writes it down at first: events in boxes, a `BinaryHeap` that gives
//! the next, and a `match` on what has ended.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::{Costs, Counters, TICKS_BETWEEN_CHECKS};

/// What has ended for a thread.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ended {
    Bytecode,
    Post,
    CallToWake,
    Waking,
    Wait,
    CallToSleep,
    WakeLatency,
    Retry { slept: bool },
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Event {
    time: u64,
    sequence: u64,
    thread: usize,
    ended: Ended,
}

struct Thread {
    rounds_left: u64,
    is_leaving: bool,
}

struct Battle {
    costs: Costs,
    now: u64,
    sequence: u64,
    events: BinaryHeap<Reverse<Box<Event>>>,
    threads: Vec<Thread>,
    value: u64,
    waiters: u64,
    sleepers: VecDeque<usize>,
    /// The thread whose core touched the semaphore last.
    line: Option<usize>,
    last_holder: Option<usize>,
    counters: Counters,
}

/// Runs the battle; the counters, and how many events there were.
pub fn run(rounds: u64, costs: Costs) -> (Counters, u64) {
    let thread = || Thread { rounds_left: rounds, is_leaving: false };
    let mut battle = Battle {
        costs,
        now: 0,
        sequence: 0,
        events: BinaryHeap::new(),
        threads: vec![thread(), thread()],
        value: 1,
        waiters: 0,
        sleepers: VecDeque::new(),
        line: None,
        last_holder: None,
        counters: Counters::default(),
    };
    for thread in 0..2 {
        battle.operation(thread, costs.lock_operation, Ended::Wait);
    }
    while let Some(Reverse(event)) = battle.events.pop() {
        battle.now = event.time;
        battle.handle(event.thread, event.ended);
    }
    battle.counters.makespan = battle.now;
    (battle.counters, battle.sequence)
}

impl Battle {
    fn handle(&mut self, thread: usize, ended: Ended) {
        match ended {
            Ended::Bytecode => {
                self.counters.checks += 1;
                self.operation(thread, self.costs.lock_operation, Ended::Post);
            }
            Ended::Post => {
                self.value += 1;
                if self.waiters > 0 {
                    self.system_call(thread, Ended::CallToWake);
                } else {
                    self.posted(thread);
                }
            }
            Ended::CallToWake => {
                let span = match self.sleepers.pop_front() {
                    Some(sleeper) => {
                        self.schedule(sleeper, self.costs.wake_latency, Ended::WakeLatency);
                        self.costs.wake_sleeper + self.costs.wake_other_core
                    }
                    None => self.costs.wake_no_sleeper,
                };
                self.counters.system += span;
                self.schedule(thread, span, Ended::Waking);
            }
            Ended::Waking => self.posted(thread),
            Ended::Wait if self.value > 0 => self.acquired(thread),
            Ended::Wait => {
                self.waiters += 1;
                self.system_call(thread, Ended::CallToSleep);
            }
            Ended::CallToSleep if self.value > 0 => {
                self.operation(thread, self.costs.atomic_operation, Ended::Retry { slept: false });
            }
            Ended::CallToSleep => {
                self.counters.voluntary_switches += 1;
                self.sleepers.push_back(thread);
            }
            Ended::WakeLatency => {
                self.operation(thread, self.costs.atomic_operation, Ended::Retry { slept: true });
            }
            Ended::Retry { .. } if self.value > 0 => {
                self.waiters -= 1;
                self.acquired(thread);
            }
            Ended::Retry { slept } => {
                self.counters.failed_acquisitions += u64::from(slept);
                self.system_call(thread, Ended::CallToSleep);
            }
        }
    }

    fn posted(&mut self, thread: usize) {
        if !self.threads[thread].is_leaving {
            self.operation(thread, self.costs.lock_operation, Ended::Wait);
        }
    }

    fn acquired(&mut self, thread: usize) {
        self.value -= 1;
        self.counters.acquisitions += 1;
        self.counters.hand_overs += u64::from(self.last_holder.is_some_and(|last| last != thread));
        self.last_holder = Some(thread);
        let state = &mut self.threads[thread];
        if state.rounds_left == 0 {
            state.is_leaving = true;
            self.operation(thread, self.costs.lock_operation, Ended::Post);
            return;
        }
        state.rounds_left -= 1;
        let span = TICKS_BETWEEN_CHECKS * self.costs.tick;
        self.counters.user += span;
        self.schedule(thread, span, Ended::Bytecode);
    }

    /// An operation on the semaphore's memory, which may have to come over from the other core.
    fn operation(&mut self, thread: usize, cost: u64, ended: Ended) {
        let comes_over = self.line.replace(thread).is_some_and(|last| last != thread);
        let span = cost + if comes_over { self.costs.cache_line } else { 0 };
        self.counters.user += span;
        self.schedule(thread, span, ended);
    }

    fn system_call(&mut self, thread: usize, ended: Ended) {
        self.counters.system_calls += 1;
        self.counters.system += self.costs.system_call;
        self.schedule(thread, self.costs.system_call, ended);
    }

    fn schedule(&mut self, thread: usize, span: u64, ended: Ended) {
        self.sequence += 1;
        let event = Event { time: self.now + span, sequence: self.sequence, thread, ended };
        self.events.push(Reverse(Box::new(event)));
    }
}
