//! The kernel's part in skipping cycles: see [`crate::des::cycle`].
//!
//! Whoever adds a field is asked by the compiler what it is. A statistic is an amount; what says for how long something
//! has lasted that makes no difference is left out; everything else must be the same, and so is recorded.

use std::hash::{Hash, Hasher};

use super::{Core, Kernel, Place, SLICE, TIMER, Thread, Usage};
use crate::des::queue::Slot;
use crate::des::{Skip, Snapshot, Span, Time};
use crate::trace::Observer;

impl<O: Observer> Kernel<O> {
    /// Brings all accounts of time up to the present, so that none is open.
    pub fn settle_accounts(&mut self) {
        let now = self.now;
        self.threads.iter_mut().for_each(|thread| thread.account_state(now));
        for (core, view) in self.cores.iter_mut().zip(&self.views) {
            if view.running.is_some_and(|thread| matches!(self.threads[thread].place, Place::Running(_))) {
                core.busy += now.since(core.busy_since);
                core.busy_since = now;
            }
        }
    }

    /// Records everything that decides what happens next, but for amounts.
    pub fn record(&self, snapshot: &mut Snapshot) {
        let Kernel {
            now,
            events,
            event_count: _,
            skipped: _,
            runs_ahead_until: _,
            threads,
            cores,
            views,
            scheduler,
            objects,
            prices,
            observer: _,
        } = self;
        events.record(snapshot);
        threads.hash(snapshot);
        self.deadlines().for_each(|due| due.hash(snapshot));
        views.hash(snapshot);
        for (core, view) in cores.iter().zip(views) {
            let idle_for = now.since(core.idle_since).min(self.longest_rest_that_matters());
            view.running.is_none().then_some(idle_for).hash(snapshot);
            core.hash(snapshot);
        }
        scheduler.hash(snapshot);
        objects.hash(snapshot);
        prices.hash(snapshot);
    }

    /// When the time of each thread's wait is over, if that is to come. While it sleeps, its timer says so.
    fn deadlines(&self) -> impl Iterator<Item = Option<Time>> {
        self.threads.iter().enumerate().map(|(thread, state)| {
            let is_timed = self.events.time_of(Slot { kind: TIMER, owner: thread }) != Time::END;
            (state.due > self.now && !is_timed).then_some(state.due)
        })
    }

    /// A core that has been idle for this long is like one that has been so for longer.
    fn longest_rest_that_matters(&self) -> Span {
        let deep = self.prices.deep_idle_after;
        if deep == Span::MAX { self.prices.just_idle_for } else { deep.max(self.prices.just_idle_for) }
    }

    /// Visits every amount, always in the same order.
    pub fn each_amount(&mut self, visit: &mut impl FnMut(&mut u64)) {
        visit(&mut self.event_count);
        for core in &mut self.cores {
            visit(core.busy.picos_mut());
        }
        for thread in &mut self.threads {
            visit(thread.uncharged.picos_mut());
            thread.usage.each_amount(visit);
        }
        self.scheduler.each_amount(visit);
    }

    /// Lets cycles be skipped: what does not take part in them comes nearer. Amounts are multiplied by
    /// [`Kernel::each_amount`].
    pub fn skip(&mut self, skip: &Skip) {
        for (thread, state) in self.threads.iter_mut().enumerate() {
            if self.events.comes_nearer(Slot { kind: TIMER, owner: thread }, skip) {
                state.due = state.due.nearer_by(skip.span());
            }
        }
        self.events.skip(skip);
        for core in 0..self.cores.len() {
            let slice_end = self.events.time_of(Slot { kind: SLICE, owner: core });
            self.scheduler.slice_comes_nearer(core, slice_end);
        }
        self.skipped += skip.span();
    }

    /// The present instant of the run; [`Kernel::now`] does not go on while cycles are skipped.
    pub fn instant(&self) -> Time {
        self.now + self.skipped
    }
}

/// Everything but what the thread has used.
impl Hash for Thread {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Thread {
            place,
            arrival,
            last_core,
            mode,
            interruption_left,
            let_go_left,
            let_go_of,
            switch_left,
            migration_left,
            burst_left,
            must_reschedule,
            settled,
            uncharged: _,
            operations,
            queue,
            nap,
            timed_out,
            served_by,
            user_state,
            blocked_state,
            state: shown,
            state_since: _,
            // See `Kernel::deadlines`.
            due: _,
            usage: _,
        } = self;
        (place, arrival, last_core, mode).hash(state);
        (interruption_left, let_go_left, let_go_of, switch_left, migration_left, burst_left).hash(state);
        (operations, queue, nap, timed_out, served_by, user_state, blocked_state, shown).hash(state);
        if matches!(place, Place::Running(_)) {
            (must_reschedule, settled).hash(state);
        }
    }
}

/// Everything but times of use, and since when it is idle, which matters only while it is.
impl Hash for Core {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Core { idle_since: _, busy_since: _, busy: _, letting_go: _, piece, interrupt_pending } = self;
        (piece, interrupt_pending).hash(state);
    }
}

impl Usage {
    fn each_amount(&mut self, visit: &mut impl FnMut(&mut u64)) {
        let Usage {
            state_times,
            user,
            system,
            voluntary_switches,
            involuntary_switches,
            system_calls,
            migrations,
        } = self;
        state_times.iter_mut().chain([user, system]).for_each(|span| visit(span.picos_mut()));
        [voluntary_switches, involuntary_switches, system_calls, migrations].into_iter().for_each(visit);
    }
}
