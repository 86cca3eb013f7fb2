//! What a run tells when it has ended.

use crate::des::{Span, Time};
use crate::os::kernel::Usage;
use crate::python::exception::Exception;
use crate::sim::latency::Latency;

/// The outcome of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Why the run ended.
    pub ending: Ending,
    /// When the last thread that the run waits for ended (or the run was cut off).
    pub makespan: Time,
    /// The counters of the locks of all interpreters together.
    pub gil: GilCounters,
    /// The counters of each interpreter's lock.
    pub interpreters: Vec<GilCounters>,
    /// One entry a thread.
    pub threads: Vec<ThreadReport>,
    /// For each core, how long it ran a thread.
    pub core_busy: Vec<Span>,
    /// What became of the shared variables.
    pub variables: Vec<Variable>,
    /// The latencies that were measured, by index.
    pub latencies: Vec<Latency>,
    /// Threads that wait for each other at the end: each for the next, the last for the first. Empty if none do.
    pub deadlock: Vec<Waiting>,
    /// The exceptions that nobody caught, in the order in which they were raised: each ended the program of its thread.
    pub exceptions: Vec<Raised>,
    /// Messages of threads that nobody receives any more, in the order of the channels.
    pub unreceived: Vec<Unreceived>,
    /// Threads that the run waits for and that wait for ever, when it was cut off or is stuck, but for those of the
    /// deadlock.
    pub blocked: Vec<Blocked>,
    /// How many events happened.
    pub events: u64,
    /// How many of them the engine did not handle one by one, because they were as in the cycle before.
    pub skipped_events: u64,
}

/// An exception that nobody caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raised {
    /// The thread that raised it.
    pub thread: usize,
    /// When it did.
    pub time: Time,
    /// Which it was.
    pub exception: Exception,
}

/// Messages that lie in a channel at the end of a run although nobody is left who would receive them, or the program has
/// ended over them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreceived {
    /// Index of the channel.
    pub channel: usize,
    /// How many messages there are.
    pub messages: usize,
    /// When the first of them was sent.
    pub since: Time,
}

/// A thread that waits for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// The thread.
    pub thread: usize,
    /// Since when it waits.
    pub since: Time,
    /// What for.
    pub awaits: Awaited,
}

/// What only another thread can bring about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// A message in the channel with this index.
    Message(usize),
    /// Room in the channel with this index.
    Room(usize),
    /// The answer to a question.
    Answer,
    /// The lock of the program with this number.
    Lock(usize),
    /// A notification of the object whose lock has this number: a condition, or one that has a condition inside.
    Notification(usize),
    /// The end of this thread.
    End(usize),
}

/// A thread that waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The thread.
    pub thread: usize,
    /// The number of the lock that it wants.
    pub lock: usize,
    /// Whether that stands for the end of the other thread, which is to be joined.
    pub joins: bool,
}

/// A shared variable at the end of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Variable {
    /// Its value.
    pub value: i64,
    /// What its value would be if no update had been lost.
    pub expected: i64,
    /// How often it was stored to.
    pub stores: u64,
    /// How often it was stored to although another thread had done so since it was loaded.
    pub overwritten: u64,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every thread that the run waits for has ended.
    Finished,
    /// The run was cut off at its `until`, or at the end of representable time.
    CutOff,
    /// Threads are left that wait for what cannot happen any more.
    Stuck,
}

/// Counters of one interpreter's lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GilCounters {
    /// How often the eval breaker led into the lock code.
    pub checks: u64,
    /// How often the lock was taken.
    pub acquisitions: u64,
    /// How often a thread was woken for the lock and found it held.
    pub failed_acquisitions: u64,
    /// How often it was taken by another thread than its last holder.
    pub hand_overs: u64,
    /// How often a waiter asked the holder to drop it.
    pub drop_requests: u64,
    /// How often a timed wait for it ran out.
    pub timed_out_waits: u64,
    /// How often a thread that dropped it waited for another to take it (forced switching).
    pub forced_waits: u64,
    /// How long it was held, over all threads.
    pub held: Span,
}

impl GilCounters {
    /// The sum of these counters and others.
    pub fn plus(self, other: &GilCounters) -> GilCounters {
        GilCounters {
            checks: self.checks + other.checks,
            acquisitions: self.acquisitions + other.acquisitions,
            failed_acquisitions: self.failed_acquisitions + other.failed_acquisitions,
            hand_overs: self.hand_overs + other.hand_overs,
            drop_requests: self.drop_requests + other.drop_requests,
            timed_out_waits: self.timed_out_waits + other.timed_out_waits,
            forced_waits: self.forced_waits + other.forced_waits,
            held: self.held + other.held,
        }
    }
}

/// What one thread did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThreadReport {
    /// What it used of the machine; its times in the states add up to the makespan.
    pub usage: Usage,
    /// How often it took the GIL.
    pub acquisitions: u64,
    /// How often it was woken for the GIL and found it held.
    pub failed_acquisitions: u64,
    /// How many exceptions it raised that nobody caught: the first ended its program, others came of ending it.
    pub exceptions: u64,
    /// When its program ended; `None` if it had not when the run did.
    pub ended: Option<Time>,
    /// Whether it belongs to another program: then no sum contains it.
    pub background: bool,
}

impl Report {
    /// Failed acquisitions a check; `None` if there was no check.
    pub fn badness(&self) -> Option<f64> {
        (self.gil.checks > 0).then(|| self.gil.failed_acquisitions as f64 / self.gil.checks as f64)
    }

    /// The threads of the program itself.
    fn own_threads(&self) -> impl Iterator<Item = &ThreadReport> {
        self.threads.iter().filter(|thread| !thread.background)
    }

    /// The sum over all threads of the program of one of their durations.
    pub fn total_time(&self, of: impl Fn(&ThreadReport) -> Span) -> Span {
        self.own_threads().fold(Span::ZERO, |sum, thread| sum + of(thread))
    }

    /// The sum over all threads of the program of one of their counters.
    pub fn total(&self, of: impl Fn(&ThreadReport) -> u64) -> u64 {
        self.own_threads().map(of).sum()
    }

    /// A hash of every counter and every state total (FNV-1a, 64 bits): equal if and only if the runs are.
    pub fn fingerprint(&self) -> u64 {
        let mut hash = Fnv::default();
        hash.add(self.ending as u64);
        hash.add(self.makespan.picos());
        self.interpreters.iter().for_each(|gil| hash.add_counters(gil));
        for thread in &self.threads {
            thread.usage.state_times.iter().for_each(|span| hash.add(span.picos()));
            for counter in [
                thread.usage.user.picos(),
                thread.usage.system.picos(),
                thread.usage.voluntary_switches,
                thread.usage.involuntary_switches,
                thread.usage.system_calls,
                thread.usage.migrations,
                thread.acquisitions,
                thread.failed_acquisitions,
                thread.ended.map_or(u64::MAX, Time::picos),
            ] {
                hash.add(counter);
            }
        }
        self.core_busy.iter().for_each(|span| hash.add(span.picos()));
        for variable in &self.variables {
            hash.add(variable.value as u64);
            hash.add(variable.overwritten);
        }
        for raised in &self.exceptions {
            hash.add(raised.thread as u64);
            hash.add(raised.time.picos());
            hash.add(raised.exception as u64);
        }
        for latency in &self.latencies {
            hash.add(latency.count());
            latency.buckets().for_each(|(value, count)| {
                hash.add(value);
                hash.add(count);
            });
        }
        hash.0
    }
}

/// The FNV-1a hash over 64-bit words.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add_counters(&mut self, gil: &GilCounters) {
        for counter in [
            gil.checks,
            gil.acquisitions,
            gil.failed_acquisitions,
            gil.hand_overs,
            gil.drop_requests,
            gil.timed_out_waits,
            gil.forced_waits,
            gil.held.picos(),
        ] {
            self.add(counter);
        }
    }

    fn add(&mut self, word: u64) {
        for byte in word.to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
