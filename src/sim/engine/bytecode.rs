//! Executing bytecode in bursts, each up to the next check or to the end of its stretch.

use super::code::CodeOf;
use super::signals::MAIN;
use super::{Activity, After, Engine, Execution};
use crate::des::Span;
use crate::os::ThreadId;
use crate::python::gil::Want;
use crate::trace::{Mark, Observer};

/// Where a thread is led out of its bytecode, and why.
#[derive(Clone, Copy, Debug)]
struct Check {
    position: Span,
    by_lock: bool,
    by_signal: bool,
    by_world: bool,
}

impl<O: Observer> Engine<'_, O> {
    /// Begins to execute a stretch from one position to another, by `run_bytecode`.
    pub(super) fn enter_stretch(&mut self, thread: ThreadId, stretch: usize, from: Span, to: Span) {
        let routine = &mut self.threads[thread].routine;
        routine.begun += 1;
        routine.execution = Execution {
            stretch,
            span: to,
            position: from,
            number: routine.begun,
            code_of: CodeOf::Program,
            ..Execution::default()
        };
    }

    /// Whether some of its stretch is left for `thread` to execute.
    pub(super) fn has_bytecode_left(&self, thread: ThreadId) -> bool {
        let execution = &self.threads[thread].routine.execution;
        execution.position < execution.span
    }

    /// Begins a burst of bytecode up to the next check or the end of the stretch.
    pub(super) fn run_bytecode(&mut self, thread: ThreadId) -> bool {
        if let Some(goes_on) = self.code_comes_over(thread) {
            return goes_on;
        }
        self.skip_cycles(thread);
        let Execution { position, span, .. } = self.threads[thread].routine.execution;
        let check = self.next_check(thread, position);
        let end = check.map_or(span, |check| check.position);
        let stop = self.next_stop(thread, position, end);
        let state = &mut self.threads[thread];
        state.activity = Activity::Bytecode;
        let execution = &mut state.routine.execution;
        execution.burst = stop - position;
        execution.check_at = check.map(|check| check.position);
        execution.by_lock = check.is_some_and(|check| check.by_lock);
        execution.by_signal = check.is_some_and(|check| check.by_signal);
        execution.by_world = check.is_some_and(|check| check.by_world);
        execution.target = end;
        !self.kernel.execute_user(thread, stop - position)
    }

    /// Where a burst ends that would go on from `position` to `end`: there, unless every tick is stepped through.
    fn next_stop(&self, thread: ThreadId, position: Span, end: Span) -> Span {
        if self.shortcuts.skip_ticks {
            return end;
        }
        let stretch = &self.model.stretches[self.threads[thread].routine.execution.stretch];
        let next = stretch.position_of_tick(stretch.ticks_until(position) + 1);
        next.map_or(end, |next| next.min(end))
    }

    /// The burst of bytecode is over: at a check, or at the end of the stretch.
    pub(super) fn bytecode_executed(&mut self, thread: ThreadId) -> bool {
        let execution = &mut self.threads[thread].routine.execution;
        let from = execution.position;
        execution.position += execution.burst;
        let (present, target) = (execution.position, execution.target);
        if present < target {
            return self.step_on(thread, from, present, target);
        }
        let execution = &mut self.threads[thread].routine.execution;
        execution.burst = Span::ZERO;
        let to = execution.position;
        let is_check = execution.check_at.take() == Some(to);
        let (by_lock, by_signal) = (is_check && execution.by_lock, is_check && execution.by_signal);
        let by_world = is_check && execution.by_world;
        let stretch = &self.model.stretches[execution.stretch];
        if let Some(lock) = self.threads[thread].lock {
            self.interpreters[lock].gil.executed(stretch, from, to);
            if by_lock {
                self.interpreters[lock].gil.checks();
                self.interpreters[lock].counters.checks += 1;
                self.kernel.mark(thread, Mark::Check);
            }
        }
        match self.threads[thread].lock {
            // The world stops first, as in `_Py_HandlePending` (Python/ceval_gil.c at v3.13).
            _ if by_world => self.stand(thread, by_signal),
            _ if by_signal && thread == MAIN => self.signal_seen(by_lock),
            Some(_) if by_signal && !self.signal_checks() => self.take_slow_path(thread, by_lock),
            _ => self.go_on_from_look(thread, by_lock),
        }
    }

    /// A thread that has no signal to handle goes on: with what the lock led it there for, if it did.
    pub(super) fn go_on_from_look(&mut self, thread: ThreadId, by_lock: bool) -> bool {
        match self.threads[thread].lock {
            Some(lock) if by_lock => self.want(thread, lock, Want::Yield, After::Program),
            _ => self.go_on(thread),
        }
    }

    /// A tick that leads nowhere: the burst goes on.
    fn step_on(&mut self, thread: ThreadId, from: Span, present: Span, target: Span) -> bool {
        let stretch = &self.model.stretches[self.threads[thread].routine.execution.stretch];
        if let Some(lock) = self.threads[thread].lock {
            self.interpreters[lock].gil.executed(stretch, from, present);
        }
        let stop = self.next_stop(thread, present, target);
        self.threads[thread].routine.execution.burst = stop - present;
        self.kernel.go_on_in_user(thread, stop - present);
        false
    }

    /// Where a thread that executes bytecode from `position` on is led out of it, into the lock code or to a signal, if
    /// that is within its stretch.
    fn next_check(&self, thread: ThreadId, position: Span) -> Option<Check> {
        let Execution { stretch, span, .. } = self.threads[thread].routine.execution;
        let stretch = &self.model.stretches[stretch];
        let lock = self.threads[thread].lock;
        let of_lock = lock.and_then(|lock| self.interpreters[lock].gil.next_check(stretch, position));
        let (signal, world) = (self.must_look(thread), self.must_stand(thread));
        let of_others = (signal || world).then(|| stretch.next_check_after(position)).flatten();
        let position = match (of_lock, of_others) {
            (Some(one), Some(other)) => one.min(other),
            (one, other) => one.or(other)?,
        };
        let by_others = of_others == Some(position);
        let (by_signal, by_world) = (signal && by_others, world && by_others);
        let by_lock = of_lock == Some(position) || lock.is_some() && by_signal && self.signal_checks();
        (position <= span).then_some(Check { position, by_lock, by_signal, by_world })
    }

    /// Something is demanded of the holder: it may be led into the lock code earlier than it was when its burst began.
    pub(super) fn look_again(&mut self, holder: ThreadId) {
        if self.threads[holder].activity != Activity::Bytecode {
            return;
        }
        let left = self.kernel.burst_left(holder);
        let Execution { stretch, position, burst, check_at, target, .. } =
            self.threads[holder].routine.execution;
        let present = position + burst - left;
        // A ticker is as it was when the burst began: what has been executed since counts.
        if let Some(lock) = self.threads[holder].lock {
            self.interpreters[lock].gil.executed(&self.model.stretches[stretch], position, present);
        }
        self.threads[holder].routine.execution.position = present;
        self.threads[holder].routine.execution.burst = left;
        let Some(check) = self.next_check(holder, present) else { return };
        // A holder that is on its way to an earlier check sees it there.
        if check_at.is_some_and(|earlier| earlier < check.position) {
            return;
        }
        let execution = &mut self.threads[holder].routine.execution;
        execution.by_lock = check.by_lock;
        execution.by_signal = check.by_signal;
        execution.by_world = check.by_world;
        let check = check.position;
        if check_at == Some(check) {
            return;
        }
        execution.check_at = Some(check);
        execution.target = check;
        if check < present + left {
            execution.burst = check - present;
            self.kernel.cut_burst(holder, check - present);
        } else if check != target {
            self.kernel.renew_burst(holder);
        }
    }
}
