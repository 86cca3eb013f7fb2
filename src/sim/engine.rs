//! The engine: threads stepping through their programs, turn by turn.
//!
//! A thread's turn comes when it has nothing left to execute. The engine then carries it as far as it goes without
//! time passing: through its program, through the lock policy, through the kernel's operations. It skips ahead to the
//! next instant at which anything can change: a stretch of bytecode is one burst up to the next check.

use crate::des::random::Purpose;
use crate::des::{Span, Stream, Time};
use crate::os::ThreadId;
use crate::os::kernel::{Happening, Kernel, LAST_INSTANT, Progress};
use crate::os::sync::{Outcome, Request};
use crate::python::gil::{Action, Decision, Gil, Note, Want};
use crate::python::program::Step;
use crate::sim::model::{Model, ThreadSpec};
use crate::sim::report::{Ending, GilCounters, Report, ThreadReport};
use crate::trace::{Mark, Observer, ThreadState};

/// Runs a model to its end.
///
/// The outcome is a function of the model and the seed: the observer cannot change it.
pub fn run<O: Observer>(model: &Model, seed: u64, observer: O) -> (Report, O) {
    let mut engine = Engine::new(model, seed, observer);
    let ending = engine.run();
    engine.report(ending)
}

/// Whether the run waits for a thread: it does not for a daemon, unless there are only daemons.
fn is_awaited(model: &Model, thread: &ThreadSpec) -> bool {
    !thread.daemon || model.threads.iter().all(|other| other.daemon)
}

/// What a thread is doing when its turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Activity {
    /// It has just been started.
    Starting,
    /// It has executed bytecode up to the end of its burst.
    Bytecode,
    /// It deals with the lock, for what comes after.
    Lock(After),
    /// It carries out a blocking system call.
    Blocking,
}

/// What a thread does when it has got what it wanted of the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    /// Go on with its program: it holds the lock.
    Program,
    /// Make this request: it does not hold the lock.
    Request(Request),
    /// End.
    Exit,
}

#[derive(Clone, Debug)]
struct Thread {
    activity: Activity,
    program: usize,
    step: usize,
    /// Execution time since the beginning of the current stretch, up to the beginning of the current burst.
    position: Span,
    burst: Span,
    /// The position at which the burst leads into the lock code, if it does.
    check_at: Option<Span>,
    /// For each loop that the thread is in: the step at which it starts, and how many rounds are left.
    loops: Vec<(usize, Option<u64>)>,
    stream: Stream,
    ended: Option<Time>,
    acquisitions: u64,
    failed_acquisitions: u64,
    /// It was woken for the lock in vain, and has not slept since.
    has_failed: bool,
}

struct Engine<'a, O> {
    model: &'a Model,
    kernel: Kernel<O>,
    gil: Gil,
    /// There is no lock until there is a second thread.
    lock_exists: bool,
    holder: Option<ThreadId>,
    held_since: Time,
    last_holder: Option<ThreadId>,
    counters: GilCounters,
    threads: Vec<Thread>,
    /// How many threads the run still waits for: all but the daemons, or, if there are only daemons, all.
    awaited: usize,
}

impl<'a, O: Observer> Engine<'a, O> {
    fn new(model: &'a Model, seed: u64, observer: O) -> Engine<'a, O> {
        let count = model.threads.len();
        let affinity: Vec<_> = model.threads.iter().map(|thread| thread.cores).collect();
        let mut kernel = Kernel::new(&model.machine, &affinity, seed, observer);
        let gil = Gil::new(model.gil, kernel.objects(), count);
        let threads = model.threads.iter().enumerate().map(|(index, spec)| Thread {
            activity: Activity::Starting,
            program: spec.program,
            step: 0,
            position: Span::ZERO,
            burst: Span::ZERO,
            check_at: None,
            loops: Vec::with_capacity(model.programs[spec.program].loop_depth()),
            stream: Stream::new(seed, Purpose::Program, index as u64),
            ended: None,
            acquisitions: 0,
            failed_acquisitions: 0,
            has_failed: false,
        });
        Engine {
            model,
            kernel,
            gil,
            lock_exists: count > 1,
            holder: None,
            held_since: Time::ZERO,
            last_holder: None,
            counters: GilCounters::default(),
            threads: threads.collect(),
            awaited: model.threads.iter().filter(|thread| is_awaited(model, thread)).count(),
        }
    }

    fn run(&mut self) -> Ending {
        for (thread, spec) in self.model.threads.iter().enumerate() {
            self.kernel.start(thread, Time::ZERO + spec.start);
        }
        let limit = self.model.until.unwrap_or(LAST_INSTANT);
        while self.awaited > 0 {
            match self.kernel.next(limit) {
                Happening::Turn(thread) => self.turn(thread),
                Happening::Internal => {}
                Happening::Nothing if self.kernel.now() == limit => return Ending::CutOff,
                Happening::Nothing => return Ending::Stuck,
            }
        }
        Ending::Finished
    }

    fn report(mut self, ending: Ending) -> (Report, O) {
        let makespan = self.kernel.now();
        if self.holder.is_some() {
            self.counters.held += makespan.since(self.held_since);
        }
        let (kernel, observer) = self.kernel.close(makespan);
        let threads = self.threads.iter().enumerate().map(|(index, thread)| {
            let usage = kernel.usage(index);
            ThreadReport {
                state_times: usage.state_times,
                user: usage.user,
                system: usage.system,
                voluntary_switches: usage.voluntary_switches,
                involuntary_switches: usage.involuntary_switches,
                system_calls: usage.system_calls,
                migrations: usage.migrations,
                acquisitions: thread.acquisitions,
                failed_acquisitions: thread.failed_acquisitions,
                ended: thread.ended,
            }
        });
        let report = Report {
            ending,
            makespan,
            gil: self.counters,
            threads: threads.collect(),
            core_busy: (0..self.model.machine.cores).map(|core| kernel.core_busy(core)).collect(),
            events: kernel.event_count(),
        };
        (report, observer)
    }

    /// Carries `thread` as far as it goes without time passing.
    fn turn(&mut self, thread: ThreadId) {
        let mut goes_on = true;
        while goes_on {
            goes_on = match self.threads[thread].activity {
                Activity::Starting => self.begin_program(thread),
                Activity::Bytecode => self.bytecode_executed(thread),
                Activity::Lock(after) => self.lock(thread, after),
                Activity::Blocking => self.blocking(thread),
            };
        }
    }

    fn begin_program(&mut self, thread: ThreadId) -> bool {
        if self.lock_exists {
            self.want(thread, Want::Take, After::Program)
        } else {
            self.kernel.set_states(thread, ThreadState::RunsPython, ThreadState::BlockedOnLock);
            self.take_step(thread)
        }
    }

    /// The burst of bytecode is over: at a check, or at the end of the stretch.
    fn bytecode_executed(&mut self, thread: ThreadId) -> bool {
        let model = self.model;
        let state = &mut self.threads[thread];
        let Step::Run { stretch, .. } = model.programs[state.program].steps[state.step] else {
            return false;
        };
        let stretch = &model.stretches[stretch];
        let from = state.position;
        state.position += state.burst;
        state.burst = Span::ZERO;
        let to = state.position;
        let is_check = state.check_at.take() == Some(to);
        if self.lock_exists {
            self.gil.executed(stretch, from, to);
        }
        if is_check {
            self.counters.checks += 1;
            self.kernel.mark(thread, Mark::Check);
            return self.want(thread, Want::Yield, After::Program);
        }
        self.take_step(thread)
    }

    /// Begins a burst of bytecode up to the next check or the end of the stretch.
    fn run_bytecode(&mut self, thread: ThreadId) -> bool {
        let state = &self.threads[thread];
        let Step::Run { span, .. } = self.model.programs[state.program].steps[state.step] else {
            return false;
        };
        let position = state.position;
        let check_at = self.next_check(thread, position);
        let end = check_at.unwrap_or(span);
        self.threads[thread].activity = Activity::Bytecode;
        self.threads[thread].burst = end - position;
        self.threads[thread].check_at = check_at;
        !self.kernel.execute_user(thread, end - position)
    }

    /// The position at which a thread that executes bytecode from `position` on is led into the lock code, if that is
    /// within its step.
    fn next_check(&self, thread: ThreadId, position: Span) -> Option<Span> {
        let state = &self.threads[thread];
        match self.model.programs[state.program].steps[state.step] {
            Step::Run { stretch, span } if self.lock_exists => {
                let check = self.gil.next_check(&self.model.stretches[stretch], position);
                check.filter(|position| *position <= span)
            }
            _ => None,
        }
    }

    /// Goes on with the program at the current step; the thread holds the lock.
    fn take_step(&mut self, thread: ThreadId) -> bool {
        let model = self.model;
        loop {
            let state = &mut self.threads[thread];
            match &model.programs[state.program].steps[state.step] {
                Step::Run { span, .. } if state.position >= *span => {
                    state.position = Span::ZERO;
                    state.step += 1;
                }
                Step::Run { .. } => return self.run_bytecode(thread),
                Step::LoopStart { count: Some(0), exit } => state.step = *exit,
                Step::LoopStart { count, .. } => {
                    state.loops.push((state.step, *count));
                    state.step += 1;
                }
                Step::LoopEnd { .. } => self.end_of_round(thread),
                Step::Io { span } => {
                    let request = Request::Io(span.sample(&mut state.stream));
                    state.step += 1;
                    return self.without_lock(thread, request);
                }
                Step::Sleep { span } => {
                    let request = Request::Sleep(span.sample(&mut state.stream));
                    state.step += 1;
                    return self.without_lock(thread, request);
                }
                Step::End if self.lock_exists => return self.want(thread, Want::Leave, After::Exit),
                Step::End => return self.exit(thread),
            }
        }
    }

    fn end_of_round(&mut self, thread: ThreadId) {
        let state = &mut self.threads[thread];
        let Some((start, left)) = state.loops.last_mut() else { return };
        if let Some(left) = left {
            *left -= 1;
            if *left == 0 {
                state.loops.pop();
                state.step += 1;
                return;
            }
        }
        state.step = *start + 1;
    }

    fn without_lock(&mut self, thread: ThreadId, request: Request) -> bool {
        if self.lock_exists {
            return self.want(thread, Want::Release, After::Request(request));
        }
        self.block(thread, request)
    }

    fn block(&mut self, thread: ThreadId, request: Request) -> bool {
        let blocked = match request {
            Request::Sleep(_) => ThreadState::Sleeping,
            _ => ThreadState::BlockedOnIo,
        };
        self.kernel.set_states(thread, ThreadState::RunsWithoutGil, blocked);
        self.kernel.begin(thread, request);
        self.threads[thread].activity = Activity::Blocking;
        true
    }

    fn blocking(&mut self, thread: ThreadId) -> bool {
        match self.kernel.proceed(thread) {
            Progress::Ended(_) => self.begin_program(thread),
            _ => false,
        }
    }

    fn exit(&mut self, thread: ThreadId) -> bool {
        self.threads[thread].ended = Some(self.kernel.now());
        if is_awaited(self.model, &self.model.threads[thread]) {
            self.awaited -= 1;
        }
        self.kernel.finish(thread);
        false
    }

    fn want(&mut self, thread: ThreadId, want: Want, after: After) -> bool {
        if want == Want::Take {
            self.kernel.set_states(thread, ThreadState::WaitsForGil, ThreadState::WaitsForGil);
        }
        self.threads[thread].activity = Activity::Lock(after);
        let decision = self.gil.begin(thread, want);
        self.decided(thread, decision, after)
    }

    /// Drives the lock policy: the thread's operation goes on, and its end is told to the policy.
    fn lock(&mut self, thread: ThreadId, after: After) -> bool {
        match self.kernel.proceed(thread) {
            Progress::Pending => {
                self.sleeps_again(thread);
                false
            }
            Progress::InVain => {
                self.failed(thread);
                true
            }
            Progress::Ended(outcome) => self.resume_policy(thread, outcome, after),
        }
    }

    fn resume_policy(&mut self, thread: ThreadId, outcome: Outcome, after: After) -> bool {
        let decision = self.gil.resume(thread, outcome);
        self.decided(thread, decision, after)
    }

    fn decided(&mut self, thread: ThreadId, decision: Decision, after: After) -> bool {
        if let Some(note) = decision.note {
            self.noted(thread, note, after);
        }
        match (decision.action, after) {
            (Action::Ask(request), _) => {
                self.kernel.begin(thread, request);
                true
            }
            (Action::Done, After::Program) => self.take_step(thread),
            (Action::Done, After::Request(request)) => self.block(thread, request),
            (Action::Done, After::Exit) => self.exit(thread),
        }
    }

    fn noted(&mut self, thread: ThreadId, note: Note, after: After) {
        match note {
            Note::Acquired => self.acquired(thread),
            Note::Released => self.released(thread, after),
            Note::Failed => self.failed(thread),
            Note::TimedOut => self.counters.timed_out_waits += 1,
            Note::DropRequested => self.drop_requested(thread),
            Note::ForcedWait => {
                self.counters.forced_waits += 1;
                self.kernel.set_states(thread, ThreadState::WaitsForGil, ThreadState::ForcedSwitch);
            }
            Note::ForcedWaitOver => self.without_the_lock(thread, after),
        }
    }

    fn acquired(&mut self, thread: ThreadId) {
        self.counters.acquisitions += 1;
        self.counters.hand_overs += u64::from(self.last_holder.is_some_and(|last| last != thread));
        self.threads[thread].acquisitions += 1;
        self.threads[thread].has_failed = false;
        self.holder = Some(thread);
        self.last_holder = Some(thread);
        self.held_since = self.kernel.now();
        // Should it still block, it is on the mutex within the lock.
        self.kernel.set_states(thread, ThreadState::RunsPython, ThreadState::WaitsForGil);
        self.kernel.mark(thread, Mark::Acquired);
    }

    fn released(&mut self, thread: ThreadId, after: After) {
        self.counters.held += self.kernel.now().since(self.held_since);
        self.holder = None;
        self.without_the_lock(thread, after);
        self.kernel.mark(thread, Mark::Released);
    }

    /// The thread has let the lock go: to take it again at once, or to do without it.
    fn without_the_lock(&mut self, thread: ThreadId, after: After) {
        let user =
            if after == After::Program { ThreadState::WaitsForGil } else { ThreadState::RunsWithoutGil };
        self.kernel.set_states(thread, user, ThreadState::WaitsForGil);
    }

    fn failed(&mut self, thread: ThreadId) {
        self.counters.failed_acquisitions += 1;
        self.threads[thread].failed_acquisitions += 1;
        self.threads[thread].has_failed = true;
        self.kernel.set_states(thread, ThreadState::FailedAcquisition, ThreadState::WaitsForGil);
        self.kernel.mark(thread, Mark::FailedAcquisition);
    }

    /// A thread that sleeps again after a failed acquisition has not failed again until it has been woken again.
    fn sleeps_again(&mut self, thread: ThreadId) {
        if self.threads[thread].has_failed && self.kernel.is_blocked(thread) {
            self.threads[thread].has_failed = false;
            self.kernel.set_states(thread, ThreadState::WaitsForGil, ThreadState::WaitsForGil);
        }
    }

    /// The holder must see the request at its next look at the eval breaker.
    fn drop_requested(&mut self, thread: ThreadId) {
        self.counters.timed_out_waits += 1;
        self.counters.drop_requests += 1;
        self.kernel.mark(thread, Mark::DropRequest);
        let Some(holder) = self.holder else { return };
        // A holder that is on its way to a check already has been asked before.
        if self.threads[holder].activity != Activity::Bytecode || self.threads[holder].check_at.is_some() {
            return;
        }
        let left = self.kernel.burst_left(holder);
        let state = &self.threads[holder];
        let end = state.position + state.burst;
        let present = end - left;
        let check_at = self.next_check(holder, present);
        let burst = check_at.map_or(state.burst, |check| check - state.position);
        self.threads[holder].check_at = check_at;
        self.threads[holder].burst = burst;
        self.kernel.cut_burst(holder, check_at.unwrap_or(end) - present);
    }
}
