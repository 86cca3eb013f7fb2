//! Falling asleep and waking up: wait queues, timers, and the way to a core.

use super::{ALARM, CORE, Kernel, Place, TIMER};
use crate::des::queue::Slot;
use crate::des::{Span, Time};
use crate::os::sched::Arrival;
use crate::os::sync::{ChannelId, Delivery, DeviceId, Message, QueueId, Timeout};
use crate::os::{CoreId, ThreadId};
use crate::trace::{Observer, ThreadState};

impl<O: Observer> Kernel<O> {
    pub(super) fn fall_asleep(
        &mut self,
        thread: ThreadId,
        queue: Option<QueueId>,
        timeout: Option<Timeout>,
        woken: Option<ThreadId>,
    ) {
        self.threads[thread].queue = queue;
        self.threads[thread].timed_out = false;
        self.threads[thread].usage.voluntary_switches += 1;
        if let Some(queue) = queue {
            self.objects.queues.push(queue, thread);
        }
        let span = match timeout {
            Some(Timeout::Timer(span)) => Some(span + self.prices.timer_lateness.draw()),
            Some(Timeout::Device(span)) => Some(span),
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
            self.wake(woken);
        }
        let blocked_state = self.threads[thread].blocked_state;
        self.leave_core(thread, Place::Blocked, blocked_state);
    }

    /// Wakes a sleeper, if there is one; what the call costs beyond the system call.
    pub(super) fn wake_for(&mut self, woken: Option<ThreadId>) -> Span {
        match woken {
            Some(thread) => {
                self.wake(thread);
                self.prices.wake_sleeper.draw()
            }
            None => self.prices.wake_no_sleeper.draw(),
        }
    }

    /// Wakes `thread`, which its queue has let go.
    pub(super) fn wake(&mut self, thread: ThreadId) {
        self.events.cancel(Slot { kind: TIMER, owner: thread });
        self.threads[thread].queue = None;
        self.make_runnable(thread, Arrival::Woken);
    }

    pub(super) fn timer_fired(&mut self, thread: ThreadId) {
        if self.threads[thread].place == Place::NotStarted {
            self.make_runnable(thread, Arrival::Started);
            return;
        }
        if let Some(queue) = self.threads[thread].queue.take() {
            self.objects.queues.remove(queue, thread);
        }
        if let Some(device) = self.threads[thread].served_by.take() {
            self.start_next_service(device);
        }
        self.threads[thread].timed_out = true;
        self.make_runnable(thread, Arrival::Woken);
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
                    self.wake(thread);
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

    /// `thread` can run: on an idle core after its wake-up latency, or in a queue.
    pub(super) fn make_runnable(&mut self, thread: ThreadId, arrival: Arrival) {
        let core = self.scheduler.place(thread, self.threads[thread].last_core, &self.views);
        self.show_state(thread, ThreadState::Runnable);
        match self.views[core].running {
            None => {
                self.threads[thread].arrival = arrival;
                self.arrive(core, thread);
            }
            Some(running) => self.join_queue(core, thread, running, arrival),
        }
    }

    pub(super) fn arrive(&mut self, core: CoreId, thread: ThreadId) {
        self.threads[thread].place = Place::Arriving(core);
        self.views[core].running = Some(thread);
        // What exists when the run begins has been running before.
        let latency = if self.now == Time::ZERO {
            Span::ZERO
        } else if self.now.since(self.cores[core].idle_since) < self.prices.deep_idle_after {
            self.prices.wake_latency_idle.draw()
        } else {
            self.prices.wake_latency_deep.draw()
        };
        self.schedule(CORE, core, latency);
    }

    pub(super) fn join_queue(&mut self, core: CoreId, thread: ThreadId, running: ThreadId, arrival: Arrival) {
        self.charge(core, running);
        self.threads[thread].place = Place::Queued;
        self.scheduler.enqueue(core, thread, arrival);
        let on_core = self.threads[running].place == Place::Running(core);
        if on_core {
            if self.scheduler.preempts(core, running, thread) {
                self.reschedule(core, running);
            } else {
                self.arm_slice(core);
            }
        }
    }
}
