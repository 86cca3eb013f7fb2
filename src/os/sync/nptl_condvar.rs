//! Condition variable of Linux: NPTL on futexes (`pthread_cond_wait.c`, `pthread_cond_signal.c`, `pthread_cond_common.c`,
//! glibc 2.25 to 2.40).
//!
//! Waiters come in groups. Those that come join the second group, which gets no signals; signals are for the first. When
//! all of the first have been signalled, whoever signals next closes it and makes the second the first. So nobody takes a
//! signal from under one of a group before.
//!
//! Within a group, a signal is a number in memory that any of the group may take, and besides the first that sleeps there
//! is woken. One that has just come and does not sleep yet takes it at once; the one that was woken then finds nothing and
//! sleeps again until its time is over. Who closes a group waits until nobody of it is in the kernel any more.

use super::{CondvarId, MutexId, Next, Objects, Outcome, Phase, QueueId, Request, Timeout, WaitQueues};
use crate::des::Span;
use crate::os::ThreadId;

/// The state of a condition variable. The number of a thread's group is in [`Objects::groups`].
#[derive(Clone, Debug)]
pub(super) struct Condvar {
    /// Who waits and has not come back yet (`__wrefs`).
    pub(super) waiters: u64,
    /// The number of the second group, which those join that come; that of the first is one less (`__g1_start`).
    pub(super) second: u64,
    /// How many of the first and of the second group are still to be signalled (`__g_size`).
    pub(super) unsignalled: [u64; 2],
    /// How many of the first and of the second group are on their way into the kernel, in it, or on their way out
    /// (`__g_refs`).
    pub(super) inside: [u64; 2],
    /// Signals for the first group that nobody has taken (`__g_signals`).
    pub(super) signals: u64,
    /// Somebody closes the first group and waits until nobody of it is inside.
    pub(super) closing: bool,
    /// Signals that came meanwhile, which the closer gives.
    pub(super) owed: u64,
    pub(super) sleepers: QueueId,
    pub(super) closer: QueueId,
}

impl Condvar {
    pub fn new(queues: &mut WaitQueues) -> Condvar {
        Condvar {
            waiters: 0,
            second: 1,
            unsignalled: [0; 2],
            inside: [0; 2],
            signals: 0,
            closing: false,
            owed: 0,
            sleepers: queues.add(),
            closer: queues.add(),
        }
    }

    /// Whether this group is the first: 0; the second: 1; or closed, or about to be: `None`.
    pub(super) fn place_of(&self, group: u64) -> Option<usize> {
        match self.second - group {
            0 => Some(1),
            1 if !self.closing => Some(0),
            _ => None,
        }
    }

    /// Whether one of this group need not wait any longer: it takes a signal, or its group is closed.
    fn lets_pass(&mut self, group: u64) -> bool {
        match self.place_of(group) {
            Some(0) if self.signals > 0 => {
                self.signals -= 1;
                true
            }
            place => place.is_none(),
        }
    }

    /// One of this group comes out of the kernel. Whether it is the last for whom the closer waits
    /// (`__condvar_dec_grefs`).
    fn leaves(&mut self, group: u64) -> bool {
        let place = usize::from(group == self.second);
        self.inside[place] -= 1;
        self.closing && place == 0 && self.inside[0] == 0
    }

    /// `__condvar_cancel_waiting`: one of this group waits no more, for its time is over. Whether a signal was meant for it
    /// all the same: then it passes that on.
    fn gives_up(&mut self, group: u64) -> bool {
        match self.place_of(group) {
            Some(place) if self.unsignalled[place] > 0 => {
                self.unsignalled[place] -= 1;
                false
            }
            _ => true,
        }
    }

    /// `__condvar_quiesce_and_switch_g1`: nobody of the first group is inside any more. The second is now the first.
    fn switch_groups(&mut self) {
        self.second += 1;
        self.unsignalled = [self.unsignalled[1], 0];
        self.inside = [self.inside[1], 0];
        self.signals = 0;
        self.closing = false;
    }
}

#[inline(always)]
pub(super) fn wait(
    objects: &mut Objects,
    id: CondvarId,
    mutex: MutexId,
    timeout: Option<Span>,
    thread: ThreadId,
    phase: Phase,
    timed_out: bool,
) -> Next {
    let condvar = &mut objects.nptl_condvars[id.0];
    let group = objects.groups[thread];
    match phase {
        // The timeout is an instant (`pthread_cond_timedwait`): who waits for a time adds it to that of the clock.
        Phase::Begin if timeout.is_some() => Next::Clock(Phase::ClockRead),
        Phase::ClockRead => Next::Due(timeout.unwrap_or_default(), Phase::TimeTold),
        Phase::Try => {
            objects.groups[thread] = condvar.second;
            condvar.waiters += 1;
            condvar.unsignalled[1] += 1;
            Next::Inner(Request::MutexUnlock(mutex), Phase::Look)
        }
        Phase::Look => {
            if condvar.lets_pass(group) {
                condvar.waiters -= 1;
                return Next::Inner(Request::MutexRetake(mutex), Phase::Finish);
            }
            condvar.inside[usize::from(group == condvar.second)] += 1;
            Next::SystemCall(Phase::Queue)
        }
        Phase::Queue => Next::Queueing(Phase::FallAsleep),
        // futex(2): the kernel compares the number of signals once more and does not sleep if it is not zero.
        Phase::FallAsleep
            if condvar.place_of(group).is_some_and(|place| place == 1 || condvar.signals == 0) =>
        {
            Next::Sleep {
                queue: Some(condvar.sleepers),
                timeout: timeout.map(|_| Timeout::Due),
                woken: None,
                then: Phase::Woken,
            }
        }
        Phase::Woken if timed_out => {
            let passes_on = condvar.gives_up(group);
            match (condvar.leaves(group), passes_on) {
                // Its group is being closed, so the signal for it is not wanted.
                (true, _) => Next::SystemCall(Phase::WakeTimedOut),
                (false, true) => Next::Go(Phase::AfterWake),
                (false, false) => Next::Go(Phase::TimedOut),
            }
        }
        Phase::FallAsleep | Phase::Woken => {
            let is_awaited = condvar.leaves(group);
            if is_awaited { Next::SystemCall(Phase::Wake) } else { Next::Go(Phase::Look) }
        }
        Phase::Wake => Next::Waking(objects.queues.pop(condvar.closer), Phase::Look),
        Phase::WakeTimedOut => Next::Waking(objects.queues.pop(condvar.closer), Phase::AfterWake),
        Phase::AfterWake => Next::Inner(Request::CondvarSignal(id), Phase::TimedOut),
        Phase::TimedOut => {
            condvar.waiters -= 1;
            Next::Inner(Request::MutexRetake(mutex), Phase::TakeMutexBack)
        }
        Phase::TakeMutexBack => Next::Done(Outcome::TimedOut),
        Phase::Finish => Next::Done(Outcome::Done),
        _ => Next::Atomic(Phase::Try),
    }
}

#[inline(always)]
pub(super) fn signal(objects: &mut Objects, id: CondvarId, phase: Phase) -> Next {
    let condvar = &mut objects.nptl_condvars[id.0];
    match phase {
        Phase::Try if condvar.closing => {
            condvar.owed += 1;
            Next::Done(Outcome::Done)
        }
        Phase::Try if condvar.waiters == 0 || condvar.unsignalled == [0; 2] => Next::Done(Outcome::Done),
        Phase::Try if condvar.unsignalled[0] > 0 => Next::Go(Phase::Give),
        Phase::Try => {
            condvar.closing = true;
            Next::Go(Phase::Close)
        }
        Phase::Close | Phase::FallAsleep if condvar.inside[0] == 0 => {
            condvar.switch_groups();
            Next::Go(Phase::Give)
        }
        Phase::Close => Next::SystemCall(Phase::Queue),
        Phase::Queue => Next::Queueing(Phase::FallAsleep),
        Phase::FallAsleep => {
            Next::Sleep { queue: Some(condvar.closer), timeout: None, woken: None, then: Phase::Close }
        }
        Phase::Give if condvar.unsignalled[0] == 0 => Next::Go(Phase::Finish),
        Phase::Give => {
            condvar.unsignalled[0] -= 1;
            condvar.signals += 1;
            Next::SystemCall(Phase::Wake)
        }
        Phase::Wake => {
            let (groups, first) = (&objects.groups, condvar.second - 1);
            let woken = objects.queues.pop_first(condvar.sleepers, |thread| groups[thread] == first);
            Next::Waking(woken, Phase::Finish)
        }
        Phase::Finish if condvar.owed > 0 => {
            condvar.owed -= 1;
            Next::Go(Phase::Try)
        }
        Phase::Finish => Next::Done(Outcome::Done),
        _ => Next::Atomic(Phase::Try),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::machine::Platform;

    /// A condition variable, its mutex, which plays no part, and threads.
    struct Stage {
        objects: Objects,
        condvar: CondvarId,
        mutex: MutexId,
    }

    impl Stage {
        fn new(threads: usize) -> Stage {
            let mut objects = Objects::new(Platform::Linux, threads);
            let (condvar, mutex) = (objects.new_condvar(), objects.new_mutex());
            Stage { objects, condvar, mutex }
        }

        fn wait(&mut self, thread: ThreadId, phase: Phase, timed_out: bool) -> Next {
            wait(&mut self.objects, self.condvar, self.mutex, None, thread, phase, timed_out)
        }

        fn signal(&mut self, phase: Phase) -> Next {
            signal(&mut self.objects, self.condvar, phase)
        }

        /// The thread has joined the waiters and given the mutex up.
        fn joins(&mut self, thread: ThreadId) {
            self.wait(thread, Phase::Try, false);
        }

        fn falls_asleep(&mut self, thread: ThreadId) {
            self.joins(thread);
            assert_eq!(self.wait(thread, Phase::Look, false), Next::SystemCall(Phase::Queue));
            let Next::Sleep { queue: Some(queue), .. } = self.wait(thread, Phase::FallAsleep, false) else {
                panic!("thread {thread} does not sleep");
            };
            self.objects.queues.push(queue, thread);
        }

        /// The thread's time is over: its timer has taken it out of the queue.
        fn times_out(&mut self, thread: ThreadId) -> Next {
            let sleepers = self.objects.nptl_condvars[self.condvar.0].sleepers;
            self.objects.queues.remove(sleepers, thread);
            self.wait(thread, Phase::Woken, true)
        }

        /// A signal is given; who is woken.
        fn signals(&mut self) -> Option<ThreadId> {
            let mut next = self.signal(Phase::Try);
            while let Next::Go(phase) = next {
                next = self.signal(phase);
            }
            assert_eq!(next, Next::SystemCall(Phase::Wake), "a signal is given");
            match self.signal(Phase::Wake) {
                Next::Waking(woken, Phase::Finish) => woken,
                next => panic!("{next:?} instead of waking"),
            }
        }

        /// Whether the thread need not wait any longer.
        fn passes(&mut self, thread: ThreadId) -> bool {
            matches!(self.wait(thread, Phase::Look, false), Next::Inner(Request::MutexRetake(_), _))
        }
    }

    #[test]
    fn a_signal_wakes_the_sleeper_and_the_next_finds_nobody() {
        let mut stage = Stage::new(1);
        stage.falls_asleep(0);
        assert_eq!(stage.signals(), Some(0));
        assert_eq!(stage.signal(Phase::Try), Next::Done(Outcome::Done));
    }

    #[test]
    fn one_that_does_not_sleep_yet_takes_the_signal_for_which_a_sleeper_was_woken() {
        let mut stage = Stage::new(2);
        stage.falls_asleep(0);
        stage.joins(1);
        assert_eq!(stage.signals(), Some(0));
        assert!(stage.passes(1));
        assert_eq!(stage.wait(0, Phase::Woken, false), Next::Go(Phase::Look));
        assert!(!stage.passes(0), "it sleeps again");
    }

    #[test]
    fn one_that_comes_after_the_signal_does_not_take_it() {
        let mut stage = Stage::new(2);
        stage.falls_asleep(0);
        assert_eq!(stage.signals(), Some(0));
        stage.joins(1);
        assert!(!stage.passes(1));
        stage.wait(0, Phase::Woken, false);
        assert!(stage.passes(0));
    }

    #[test]
    fn a_waiter_whose_time_is_over_passes_the_signal_on_that_was_meant_for_it() {
        let mut stage = Stage::new(2);
        stage.falls_asleep(0);
        let sleepers = stage.objects.nptl_condvars[stage.condvar.0].sleepers;
        stage.objects.queues.remove(sleepers, 0);
        assert_eq!(stage.signals(), None);
        stage.falls_asleep(1);
        assert_eq!(stage.times_out(0), Next::Go(Phase::AfterWake));
        assert!(matches!(
            stage.wait(0, Phase::AfterWake, true),
            Next::Inner(Request::CondvarSignal(_), Phase::TimedOut)
        ));
        assert_eq!(stage.signals(), Some(1));
    }

    #[test]
    fn a_waiter_whose_time_is_over_before_any_signal_is_counted_no_more() {
        let mut stage = Stage::new(1);
        stage.falls_asleep(0);
        assert_eq!(stage.times_out(0), Next::Go(Phase::TimedOut));
        assert_eq!(stage.signal(Phase::Try), Next::Done(Outcome::Done));
    }

    #[test]
    fn who_closes_a_group_sleeps_until_the_last_of_it_has_come_out_and_tells() {
        let mut stage = Stage::new(3);
        stage.falls_asleep(0);
        assert_eq!(stage.signals(), Some(0));
        stage.falls_asleep(1);
        // The first has not run yet.
        assert_eq!(stage.signal(Phase::Try), Next::Go(Phase::Close));
        assert_eq!(stage.signal(Phase::Close), Next::SystemCall(Phase::Queue));
        let Next::Sleep { queue: Some(queue), then: Phase::Close, .. } = stage.signal(Phase::FallAsleep)
        else {
            panic!("the closer does not sleep");
        };
        stage.objects.queues.push(queue, 2);
        assert_eq!(stage.wait(0, Phase::Woken, false), Next::SystemCall(Phase::Wake));
        assert_eq!(stage.wait(0, Phase::Wake, false), Next::Waking(Some(2), Phase::Look));
        assert!(stage.passes(0));
        assert_eq!(stage.signal(Phase::Close), Next::Go(Phase::Give));
    }

    #[test]
    fn a_signal_while_a_group_is_being_closed_is_given_by_the_closer() {
        let mut stage = Stage::new(4);
        stage.falls_asleep(0);
        stage.signals();
        stage.falls_asleep(1);
        stage.falls_asleep(2);
        stage.signal(Phase::Try);
        assert_eq!(stage.signal(Phase::Try), Next::Done(Outcome::Done));
        stage.wait(0, Phase::Woken, false);
        stage.signal(Phase::Close);
        assert_eq!(stage.signal(Phase::Give), Next::SystemCall(Phase::Wake));
        assert_eq!(stage.signal(Phase::Wake), Next::Waking(Some(1), Phase::Finish));
        assert_eq!(stage.signal(Phase::Finish), Next::Go(Phase::Try));
        assert_eq!(stage.signals(), Some(2));
    }
}
