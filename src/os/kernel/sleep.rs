//! Falling asleep and waking up: wait queues, timers, and the way to a core.

use super::{ALARM, CORE, INTERRUPT, Kernel, Nap, Place, TIMER};
use crate::des::queue::Slot;
use crate::des::{Span, Time};
use crate::os::sched::{Arrival, Waking, boost};
use crate::os::sync::{ChannelId, Delivery, DeviceId, Message, QueueId, Readiness, Request, Timeout};
use crate::os::{CoreId, ThreadId};
use crate::trace::{Observer, ThreadState};

impl<O: Observer> Kernel<O> {
    /// `thread` queues, and then sets its timer before it sleeps (`futex_wait_queue`, kernel/futex/waitwake.c).
    pub(super) fn fall_asleep(
        &mut self,
        thread: ThreadId,
        queue: Option<QueueId>,
        timeout: Option<Timeout>,
        woken: Option<ThreadId>,
    ) {
        self.threads[thread].queue = queue;
        self.threads[thread].timed_out = false;
        if let Some(queue) = queue {
            self.objects.queues.push(queue, thread);
        }
        let span = match timeout {
            Some(Timeout::Timer(span)) => {
                self.threads[thread].due = self.now + span;
                Some(span + self.prices.timer_lateness.draw())
            }
            Some(Timeout::Due) => {
                let due = self.threads[thread].due.max(self.now);
                Some(due.since(self.now) + self.prices.timer_lateness.draw())
            }
            Some(Timeout::Device(span)) => {
                self.threads[thread].due = self.now + span;
                Some(span)
            }
            Some(Timeout::Service(device, span)) => {
                self.threads[thread].served_by = Some(device);
                Some(span)
            }
            None => None,
        };
        if let Some(span) = span {
            self.schedule(TIMER, thread, span);
        }
        if let Some(woken) = woken {
            self.wake(woken, self.threads[thread].last_core);
        }
        self.threads[thread].nap = Nap::SetsTimer;
        let setting = match (timeout, span) {
            (Some(Timeout::Timer(_) | Timeout::Due), Some(span)) => self.timer_change(self.now + span),
            _ => Span::ZERO,
        };
        if !self.execute_kernel(thread, setting) {
            self.sleep(thread);
        }
    }

    /// Nobody has woken `thread` yet: it leaves its core.
    pub(super) fn sleep(&mut self, thread: ThreadId) {
        self.threads[thread].nap = Nap::None;
        self.threads[thread].usage.voluntary_switches += 1;
        if let Place::Running(core) = self.threads[thread].place {
            let falling = self.prices.falling_asleep.draw();
            self.threads[thread].uncharged += falling;
            self.cores[core].letting_go = falling;
        }
        let blocked_state = self.threads[thread].blocked_state;
        self.leave_core(thread, Place::Blocked, blocked_state);
    }

    /// What it costs to set a timer that comes at `time`, or to take it back: little, unless the processor must be told
    /// because nothing else comes sooner (`hrtimer_reprogram`, kernel/time/hrtimer.c); the clock tick does.
    pub(super) fn timer_change(&mut self, time: Time) -> Span {
        match &mut self.prices.timer_change {
            Some(change) if time < self.scheduler.next_clock_tick(self.now) => change.draw(),
            _ => Span::ZERO,
        }
    }

    /// `waker` wakes a sleeper, if there is one; what the call costs beyond the system call.
    pub(super) fn wake_for(&mut self, waker: ThreadId, woken: Option<ThreadId>) -> Span {
        let Some(woken) = woken else { return self.prices.wake_no_sleeper.draw() };
        let telling = self.wake(woken, self.threads[waker].last_core);
        self.prices.wake_sleeper.draw() + telling
    }

    /// `starter` starts a thread, which can run at once; what it costs that it comes to another core.
    pub(super) fn start_for(&mut self, starter: ThreadId, started: ThreadId) -> Span {
        self.make_runnable(started, Arrival::Started, self.threads[starter].last_core)
    }

    /// Wakes `thread`, which its queue has let go, from the core `from`; what it costs to tell another core.
    fn wake(&mut self, thread: ThreadId, from: Option<CoreId>) -> Span {
        let timer = Slot { kind: TIMER, owner: thread };
        let (time, nap) = (self.events.time_of(timer), self.threads[thread].nap);
        self.events.cancel(timer);
        self.threads[thread].queue = None;
        let set_on = self.threads[thread].last_core;
        self.threads[thread].nap =
            if time == Time::END { Nap::None } else { Nap::CancelsTimer(time, set_on) };
        if nap == Nap::SetsTimer {
            return Span::ZERO;
        }
        self.boost_after_wait(thread);
        self.make_runnable(thread, Arrival::Woken, from)
    }

    /// A signal interrupts `thread` if it sleeps in a call that can be interrupted (`TASK_INTERRUPTIBLE`): it wakes up, and
    /// its call is over. Returns the call that would do the rest. On Linux, the wait for a lock can be interrupted, too,
    /// if `locks`.
    pub fn signal(&mut self, thread: ThreadId, locks: bool) -> Option<Request> {
        let sets_timer = self.threads[thread].nap == Nap::SetsTimer;
        if self.threads[thread].place != Place::Blocked && !sets_timer {
            return None;
        }
        let request = self.threads[thread].operations.request()?;
        let due = self.threads[thread].due;
        let left = if due > self.now { due.since(self.now) } else { Span::ZERO };
        let rest = match request {
            Request::Sleep(_) => Request::SleepUntil(due),
            Request::Io { .. } => Request::Io { work: Span::ZERO, wait: left },
            Request::SleepUntil(_) | Request::Send(..) | Request::Receive(_) => request,
            Request::Poll(poller, timeout) => Request::Poll(poller, timeout.map(|_| left)),
            Request::LockTake(lock) if locks && self.objects.stops_waiting(lock, thread) => request,
            _ => return None,
        };
        self.threads[thread].operations.clear();
        if let Some(queue) = self.threads[thread].queue.take() {
            self.objects.queues.remove(queue, thread);
        }
        // What it waited for has not come, so nothing boosts it.
        self.events.cancel(Slot { kind: TIMER, owner: thread });
        self.threads[thread].nap = Nap::None;
        if !sets_timer {
            self.make_runnable(thread, Arrival::Woken, None);
        }
        Some(rest)
    }

    pub(super) fn timer_fired(&mut self, thread: ThreadId) {
        if self.threads[thread].place == Place::NotStarted {
            self.make_runnable(thread, Arrival::Started, None);
            return;
        }
        if let Some(queue) = self.threads[thread].queue.take() {
            self.objects.queues.remove(queue, thread);
        }
        if let Some(device) = self.threads[thread].served_by.take() {
            self.start_next_service(device);
        }
        self.threads[thread].timed_out = true;
        if self.threads[thread].nap == Nap::SetsTimer {
            self.threads[thread].nap = Nap::None;
            return;
        }
        self.boost_after_wait(thread);
        self.make_runnable(thread, Arrival::Woken, None);
    }

    /// Tells a scheduler that heeds it for what `thread` has waited.
    fn boost_after_wait(&mut self, thread: ThreadId) {
        if !self.scheduler.boosts() {
            return;
        }
        let state = &self.threads[thread];
        let boost = match state.operations.present().map(|operation| operation.request) {
            Some(Request::Io { .. }) => boost::DISK,
            Some(Request::Device(device, _)) => self.objects.boost_of(device),
            Some(Request::Send(..) | Request::Receive(_)) => boost::NETWORK,
            Some(Request::Poll(..)) if !state.timed_out => boost::NETWORK,
            // A timer that has expired boosts nobody.
            _ if state.timed_out => 0,
            _ => boost::OBJECT,
        };
        self.scheduler.wait_ended(thread, boost);
    }

    /// A device has served a thread: it comes to the next one that waits for it.
    fn start_next_service(&mut self, device: DeviceId) {
        if let Some((next, span)) = self.objects.served(device) {
            self.threads[next].served_by = Some(device);
            self.schedule(TIMER, next, span);
        }
    }

    /// A message arrives from outside the machine. Returns whether the channel had room for it.
    pub fn deliver(&mut self, channel: ChannelId, message: Message) -> bool {
        match self.objects.deliver(channel, message) {
            Delivery::Arrived(sleeper) => {
                if let Some(thread) = sleeper {
                    self.wake(thread, None);
                }
                while let Some((_, thread)) = self.objects.pop_poller(channel, Readiness::Message, 0) {
                    self.wake(thread, None);
                }
                true
            }
            Delivery::Lost => false,
        }
    }

    /// Sets the alarm of a user outside the machine, in place of any it had.
    pub fn set_alarm(&mut self, user: usize, span: Span) {
        self.schedule(ALARM, user, span);
    }

    /// `thread` can run: on an idle core after its wake-up latency, or in a queue. `from` is the core on which somebody
    /// has woken it, if it was somebody; what it costs that one to tell another core.
    pub(super) fn make_runnable(&mut self, thread: ThreadId, arrival: Arrival, from: Option<CoreId>) -> Span {
        let waking = Waking { arrival, last_core: self.threads[thread].last_core, from };
        let core = self.scheduler.place(thread, &waking, &self.views, self.now);
        self.show_state(thread, ThreadState::Runnable);
        let Some(running) = self.views[core].running else {
            self.threads[thread].arrival = arrival;
            return self.arrive(core, thread);
        };
        let displaces = self.join_queue(core, thread, running, arrival);
        let sending = if displaces { self.interrupt(core, running, from) } else { Span::ZERO };
        let joining = match from {
            Some(from) if from != core => self.prices.wake_other_core.draw(),
            _ => Span::ZERO,
        };
        joining + sending
    }

    /// Whether an idle core looks for threads itself (`TIF_POLLING_NRFLAG`, kernel/sched/idle.c): soon after it has gone
    /// idle, and until it halts. Else it takes an interrupt to tell it of one.
    fn polls(&self, core: CoreId) -> bool {
        let idle_for = self.now.since(self.cores[core].idle_since);
        idle_for >= self.prices.polls_after && idle_for < self.prices.just_idle_for
    }

    /// `thread` comes to an idle core, which sees it when it has come to rest, or is told of it by an interrupt; how long it
    /// takes to send that.
    pub(super) fn arrive(&mut self, core: CoreId, thread: ThreadId) -> Span {
        let polls = self.polls(core);
        self.threads[thread].place = Place::Arriving(core);
        self.views[core].running = Some(thread);
        let idle_since = self.cores[core].idle_since;
        // What exists when the run begins has been running before.
        if self.now == Time::ZERO {
            self.schedule(CORE, core, Span::ZERO);
            return Span::ZERO;
        }
        // What a new thread works first is part of what it takes to begin.
        if self.threads[thread].arrival != Arrival::Started {
            let from_idle = if polls { &mut self.prices.from_polling } else { &mut self.prices.from_halted };
            self.threads[thread].switch_left += from_idle.draw();
        }
        if polls {
            let at_rest = idle_since + self.prices.going_idle.draw();
            let latency = self.prices.wake_latency_just_idle.draw();
            self.schedule_at(CORE, core, at_rest.max(self.now) + latency);
            return Span::ZERO;
        }
        let sending = self.prices.wake_interrupt.draw();
        let latency = if self.now.since(idle_since) < self.prices.deep_idle_after {
            self.prices.wake_latency_idle.draw()
        } else {
            self.prices.wake_latency_deep.draw()
        };
        self.schedule(CORE, core, sending + latency);
        sending
    }

    /// `thread` queues; whether `running` must make room for it.
    fn join_queue(&mut self, core: CoreId, thread: ThreadId, running: ThreadId, arrival: Arrival) -> bool {
        let still_queues = self.scheduler.requeue(core, thread, self.now);
        self.charge(core, running);
        self.threads[thread].place = Place::Queued;
        if !still_queues {
            self.scheduler.enqueue(core, thread, arrival, self.now);
        }
        if self.threads[running].place != Place::Running(core) {
            return false;
        }
        let displaces = self.scheduler.preempts(core, running, thread, arrival);
        if !displaces {
            self.arm_slice(core);
        }
        displaces
    }

    /// `running` must make room: at once if it is itself the waker, else when `core` has been interrupted. How long it takes
    /// to send the interrupt.
    fn interrupt(&mut self, core: CoreId, running: ThreadId, from: Option<CoreId>) -> Span {
        if from == Some(core) {
            self.reschedule(core, running);
            return Span::ZERO;
        }
        if self.threads[running].must_reschedule || self.cores[core].interrupt_pending {
            return Span::ZERO;
        }
        let sending = self.prices.wake_interrupt.draw();
        let latency = sending + self.prices.wake_latency_busy.draw();
        if latency.is_zero() {
            self.reschedule(core, running);
        } else {
            self.cores[core].interrupt_pending = true;
            self.schedule(INTERRUPT, core, latency);
        }
        sending
    }

    /// An interrupt has come to `core`.
    pub(super) fn interrupted(&mut self, core: CoreId) {
        self.cores[core].interrupt_pending = false;
        if let Some(running) = self.views[core].running {
            self.charge(core, running);
            self.reschedule(core, running);
        }
    }
}
