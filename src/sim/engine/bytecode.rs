//! Executing bytecode in bursts, each up to the next check or to the end of its stretch.

use super::{Activity, After, Engine, Execution};
use crate::des::Span;
use crate::os::ThreadId;
use crate::python::gil::Want;
use crate::trace::{Mark, Observer};

impl<O: Observer> Engine<'_, O> {
    /// Begins to execute a stretch from one position to another, by `run_bytecode`.
    pub(super) fn enter_stretch(&mut self, thread: ThreadId, stretch: usize, from: Span, to: Span) {
        self.threads[thread].execution =
            Execution { stretch, span: to, position: from, ..Execution::default() };
    }

    /// Whether some of its stretch is left for `thread` to execute.
    pub(super) fn has_bytecode_left(&self, thread: ThreadId) -> bool {
        let execution = &self.threads[thread].execution;
        execution.position < execution.span
    }

    /// Begins a burst of bytecode up to the next check or the end of the stretch.
    pub(super) fn run_bytecode(&mut self, thread: ThreadId) -> bool {
        let Execution { position, span, .. } = self.threads[thread].execution;
        let check_at = self.next_check(thread, position);
        let end = check_at.unwrap_or(span);
        self.threads[thread].activity = Activity::Bytecode;
        self.threads[thread].execution.burst = end - position;
        self.threads[thread].execution.check_at = check_at;
        !self.kernel.execute_user(thread, end - position)
    }

    /// The burst of bytecode is over: at a check, or at the end of the stretch.
    pub(super) fn bytecode_executed(&mut self, thread: ThreadId) -> bool {
        let execution = &mut self.threads[thread].execution;
        let from = execution.position;
        execution.position += execution.burst;
        execution.burst = Span::ZERO;
        let to = execution.position;
        let is_check = execution.check_at.take() == Some(to);
        let stretch = &self.model.stretches[execution.stretch];
        if let Some(lock) = self.threads[thread].lock {
            self.interpreters[lock].gil.executed(stretch, from, to);
            if is_check {
                self.interpreters[lock].counters.checks += 1;
                self.kernel.mark(thread, Mark::Check);
                return self.want(thread, lock, Want::Yield, After::Program);
            }
        }
        self.go_on(thread)
    }

    /// The position at which a thread that executes bytecode from `position` on is led into the lock code, if that is
    /// within its stretch.
    fn next_check(&self, thread: ThreadId, position: Span) -> Option<Span> {
        let Execution { stretch, span, .. } = self.threads[thread].execution;
        let lock = self.threads[thread].lock?;
        let check = self.interpreters[lock].gil.next_check(&self.model.stretches[stretch], position);
        check.filter(|position| *position <= span)
    }

    /// Something is demanded of the holder: it may be led into the lock code earlier than it was when its burst began.
    pub(super) fn look_again(&mut self, holder: ThreadId) {
        if self.threads[holder].activity != Activity::Bytecode {
            return;
        }
        let left = self.kernel.burst_left(holder);
        let Execution { position, burst, check_at, .. } = self.threads[holder].execution;
        let present = position + burst - left;
        let Some(check) = self.next_check(holder, present) else { return };
        // A holder that is on its way to an earlier check sees it there.
        if check_at.is_some_and(|earlier| earlier <= check) {
            return;
        }
        let execution = &mut self.threads[holder].execution;
        execution.check_at = Some(check);
        execution.burst = check - position;
        self.kernel.cut_burst(holder, check - present);
    }
}
