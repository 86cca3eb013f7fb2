//! Skipping cycles: what the engine adds to [`crate::des::cycle`].
//!
//! The state is looked at whenever a thread begins a burst of bytecode. Whoever adds a field is asked by the compiler what
//! it is, and whoever adds a step or a part of a model, whether cycles can be skipped over it.

use std::hash::Hash;

use super::{Engine, Execution, Interpreter, Routine, Thread};
use crate::des::{Skip, Snapshot};
use crate::os::ThreadId;
use crate::python::program::{Program, Step};
use crate::sim::model::Model;
use crate::sim::report::GilCounters;
use crate::trace::Observer;

/// Whether cycles can be skipped in a model: whether all that it has takes part.
pub(super) fn are_known(model: &Model) -> bool {
    let Model {
        machine,
        interpreters: _,
        gil,
        lone_thread_locks: _,
        stretches: _,
        programs,
        library: _,
        threading: _,
        lock_tries_first: _,
        sleeps_until: _,
        threading_lock: _,
        variables,
        shared_objects: _,
        object_locks: _,
        channels,
        devices,
        latencies,
        pools: _,
        loops,
        clients,
        signal_rules: _,
        signals,
        threads,
        until: _,
    } = model;
    let steps_know = |program: &Program| {
        program.steps.iter().all(|step| {
            matches!(
                step,
                Step::Run { .. }
                    | Step::Part { .. }
                    | Step::LoopStart { .. }
                    | Step::LoopEnd { .. }
                    | Step::C { .. }
                    | Step::Io { .. }
                    | Step::Sleep { .. }
                    | Step::End
            )
        })
    };
    machine.scheduler.knows_cycles()
        && gil.knows_cycles()
        && programs.iter().all(steps_know)
        && threads.iter().all(|thread| !thread.announced && !thread.started_by_step)
        && [*variables, channels.len(), devices.len(), *latencies, clients.len(), loops.len(), signals.len()]
            == [0; 7]
}

impl<O: Observer> Engine<'_, O> {
    /// `thread` is about to begin a burst of bytecode: skips the cycles that certainly follow.
    pub(super) fn skip_cycles(&mut self, thread: ThreadId) {
        let Some(mut cycles) = self.cycles.take() else { return };
        let now = self.kernel.now();
        if cycles.want_a_snapshot(now) {
            self.record_beginning(thread, cycles.snapshot(now, self.kernel.event_count()));
            if cycles.is_promising() {
                self.settle_accounts();
                self.record_rest(thread, cycles.present());
                if let Some(skip) = cycles.skip(self.limit) {
                    self.skip(&skip);
                }
            }
        }
        self.cycles = Some(cycles);
    }

    fn settle_accounts(&mut self) {
        let now = self.kernel.now();
        self.kernel.settle_accounts();
        for interpreter in self.interpreters.iter_mut().filter(|interpreter| interpreter.holder.is_some()) {
            interpreter.counters.held += now.since(interpreter.held_since);
            interpreter.held_since = now;
        }
    }

    /// Where the thread is that is about to begin a burst: most states differ in that already.
    fn record_beginning(&mut self, thread: ThreadId, snapshot: &mut Snapshot) {
        thread.hash(snapshot);
        self.count_rounds_from_here(thread);
        self.threads[thread].record(snapshot);
    }

    fn record_rest(&mut self, thread: ThreadId, snapshot: &mut Snapshot) {
        self.awaited.hash(snapshot);
        self.kernel.record(snapshot);
        for Interpreter { gil, holder, held_since: _, last_holder, counters: _ } in &self.interpreters {
            (gil, holder, last_holder).hash(snapshot);
        }
        self.code.hash(snapshot);
        for other in (0..self.threads.len()).filter(|other| *other != thread) {
            self.count_rounds_from_here(other);
            self.threads[other].record(snapshot);
        }
        self.each_amount(&mut |amount| snapshot.amount(*amount));
        self.each_countdown(&mut |left, number| snapshot.countdown(*left, number));
    }

    /// Positions in a stretch are counted from its beginning; whole rounds that lie behind make no difference.
    fn count_rounds_from_here(&mut self, thread: ThreadId) {
        let Execution { stretch, span, position, check_at, target, .. } =
            &mut self.threads[thread].routine.execution;
        if position < span {
            let round = self.model.stretches[*stretch].round();
            let behind = round * (position.picos() / round.picos());
            for place in [span, position, target].into_iter().chain(check_at) {
                *place -= behind;
            }
        }
    }

    fn skip(&mut self, skip: &Skip) {
        let events = self.kernel.event_count();
        let mut gains = skip.gains();
        self.each_amount(&mut |amount| *amount += gains.next().unwrap_or(0));
        self.skipped_events += self.kernel.event_count() - events;
        let mut losses = skip.losses();
        self.each_countdown(&mut |left, _| *left -= losses.next().unwrap_or(0));
        self.kernel.skip(skip);
        self.limit = self.limit.nearer_by(skip.span());
        self.kernel.may_run_ahead(if self.may_run_ahead() { self.limit } else { self.kernel.now() });
    }

    /// Visits every amount, always in the same order.
    fn each_amount(&mut self, visit: &mut impl FnMut(&mut u64)) {
        self.kernel.each_amount(visit);
        self.interpreters.iter_mut().for_each(|interpreter| interpreter.counters.each_amount(visit));
        for thread in &mut self.threads {
            visit(&mut thread.acquisitions);
            visit(&mut thread.failed_acquisitions);
        }
    }

    /// Visits every countdown, always in the same order, with a number that is another when it has begun anew.
    fn each_countdown(&mut self, visit: &mut impl FnMut(&mut u64, u64)) {
        for Thread { routine: Routine { execution, loops, .. }, .. } in &mut self.threads {
            let mut left = execution.span.saturating_sub(execution.position);
            visit(left.picos_mut(), execution.number);
            execution.span = execution.position + left;
            for turns in loops {
                visit(turns.left.as_mut().unwrap_or(&mut 0), turns.number);
            }
        }
    }
}

impl Thread {
    /// Everything but amounts, countdowns and what has no part in models with cycles.
    fn record(&self, snapshot: &mut Snapshot) {
        let Thread {
            activity,
            after,
            lock: _,
            routine,
            unwinding: _,
            is_leaving: _,
            wants: _,
            is_started: _,
            unpickle: _,
            announced: _,
            ended: _,
            acquisitions: _,
            failed_acquisitions: _,
            has_failed,
        } = self;
        (activity, after, has_failed).hash(snapshot);
        routine.record(snapshot);
    }
}

impl Routine {
    /// Likewise.
    fn record(&self, snapshot: &mut Snapshot) {
        let Routine {
            number: _,
            program: _,
            step,
            execution,
            loops,
            begun: _,
            calls: _,
            loaded: _,
            stores_seen: _,
            stream,
            traffic: _,
            received: _,
            outstanding: _,
            wakes: _,
            inbox: _,
            outgoing: _,
            was_refused: _,
            sleeps: _,
            awaits_io: _,
            instructions_before: _,
            has_ended: _,
        } = self;
        (step, stream).hash(snapshot);
        for turns in loops {
            (turns.body, turns.left.is_some()).hash(snapshot);
        }
        let Execution {
            stretch,
            span,
            position,
            burst,
            check_at,
            by_lock,
            by_signal,
            by_world: _,
            target,
            number: _,
            code_of,
        } = execution;
        let is_under_way = position < span;
        is_under_way.hash(snapshot);
        if is_under_way {
            (stretch, position, burst, check_at, by_lock, by_signal, target, code_of).hash(snapshot);
        }
    }
}

impl GilCounters {
    fn each_amount(&mut self, visit: &mut impl FnMut(&mut u64)) {
        let GilCounters {
            checks,
            acquisitions,
            failed_acquisitions,
            hand_overs,
            drop_requests,
            timed_out_waits,
            forced_waits,
            held,
        } = self;
        let counters =
            [checks, acquisitions, failed_acquisitions, hand_overs, drop_requests, timed_out_waits];
        counters.into_iter().chain([forced_waits, held.picos_mut()]).for_each(visit);
    }
}
