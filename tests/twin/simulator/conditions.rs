//! Condition variables of Linux (section 4 of the rules).

use gilsim::des::Span;

use super::objects::Action::{self, MutexUnlock, Spend};
use super::objects::{ATOMIC, CALL, Id, LOCK, QUEUE, Queue, mutex_of};
use super::{Cost, World};

/// What comes next with a condition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// The clock has been read: the wait is over so long after.
    Over(Span),
    Join,
    Look,
    Sleep,
    Out,
    /// After that, if it has timed out.
    PassOn,
    Back {
        timed_out: bool,
    },
    TellCloser,

    Signal,
    Close,
    CloserSleeps,
    Closed,
    Wake,
    Wakes,
    Owed,
}

/// Who waits: the groups have a number each, and closed ones are forgotten.
#[derive(Default)]
pub struct Condition {
    waiters: usize,
    first: Group,
    second: Group,
    signals: usize,
    closing: bool,
    owed: usize,
}

#[derive(Default)]
struct Group {
    members: Vec<usize>,
    inside: Vec<usize>,
    unsignalled: usize,
}

impl Condition {
    /// The group of `thread`, if that is not closed or closing.
    fn group(&mut self, thread: usize) -> Option<&mut Group> {
        if self.second.members.contains(&thread) {
            return Some(&mut self.second);
        }
        Some(&mut self.first).filter(|group| !self.closing && group.members.contains(&thread))
    }

    /// Whether `thread` would sleep now.
    fn must_sleep(&mut self, thread: usize) -> bool {
        let no_signals = self.signals == 0 || self.second.members.contains(&thread);
        self.group(thread).is_some() && no_signals
    }

    fn is_inside(&mut self, thread: usize) -> &mut Vec<usize> {
        let of_second = self.second.members.contains(&thread);
        if of_second { &mut self.second.inside } else { &mut self.first.inside }
    }
}

impl World<'_> {
    fn condition(&mut self, thread: usize, number: usize) -> &mut Condition {
        self.objects.conditions.entry(self.id(thread, number)).or_default()
    }

    pub fn wait_on_linux(&mut self, thread: usize, number: usize, timeout: Option<Span>) {
        self.threads[thread].wait_is_over = None;
        let wait = [ATOMIC, Action::Condition(Step::Join, number)];
        self.then(thread, &wait);
        if let Some(timeout) = timeout {
            let over = Action::Condition(Step::Over(timeout), number);
            self.then(thread, &[Spend(Cost::ClockRead), over]);
        }
    }

    pub fn condition_on_linux(&mut self, thread: usize, step: Step, number: usize) {
        let id: Id = self.id(thread, number);
        let then = |step: Step| Action::Condition(step, number);
        match step {
            Step::Over(timeout) => self.threads[thread].wait_is_over = Some(self.now + timeout),
            Step::Join => {
                let condition = self.condition(thread, number);
                condition.waiters += 1;
                condition.second.members.push(thread);
                condition.second.unsignalled += 1;
                self.then(thread, &[MutexUnlock(mutex_of(number)), then(Step::Look)]);
            }
            Step::Look => {
                let condition = self.condition(thread, number);
                if condition.must_sleep(thread) {
                    condition.is_inside(thread).push(thread);
                    self.then(thread, &[CALL, QUEUE, then(Step::Sleep)]);
                } else {
                    if condition.group(thread).is_some() {
                        condition.signals -= 1;
                    }
                    self.then(thread, &[then(Step::Back { timed_out: false })]);
                }
            }
            Step::Sleep => {
                self.threads[thread].timed_out = false;
                self.then(thread, &[then(Step::Out)]);
                if self.condition(thread, number).must_sleep(thread) {
                    let over = self.threads[thread].wait_is_over;
                    let until = over.map(|over| over.max(self.now) + self.cost(Cost::TimerLateness));
                    self.block_with_timer(thread, Some(Queue::Condition(id)), until);
                }
            }
            Step::Out => {
                let timed_out = self.threads[thread].timed_out;
                let condition = self.condition(thread, number);
                let mut passes_on = timed_out;
                if let Some(group) =
                    condition.group(thread).filter(|group| timed_out && group.unsignalled > 0)
                {
                    group.unsignalled -= 1;
                    passes_on = false;
                }
                condition.is_inside(thread).retain(|other| *other != thread);
                let of_first = condition.first.members.contains(&thread);
                let all_out = condition.closing && of_first && condition.first.inside.is_empty();
                let next = match (timed_out, passes_on) {
                    (false, _) => Step::Look,
                    (true, false) => Step::Back { timed_out: true },
                    (true, true) => Step::PassOn,
                };
                self.then(thread, &[then(next)]);
                if all_out {
                    self.then(thread, &[CALL, then(Step::TellCloser)]);
                }
            }
            Step::TellCloser => self.then(thread, &[Action::Wake(Queue::Closer(id))]),
            Step::PassOn => {
                let signal = Action::ConditionSignal(number);
                self.then(thread, &[signal, then(Step::Back { timed_out: true })]);
            }
            Step::Back { timed_out } => {
                let condition = self.condition(thread, number);
                condition.waiters -= 1;
                condition.first.members.retain(|other| *other != thread);
                condition.second.members.retain(|other| *other != thread);
                self.threads[thread].program.wait_timed_out = timed_out;
                self.then(thread, &[LOCK, Action::MutexRetry(mutex_of(number))]);
            }
            Step::Signal => {
                let condition = self.condition(thread, number);
                let nobody = condition.first.unsignalled + condition.second.unsignalled == 0;
                if condition.closing {
                    condition.owed += 1;
                } else if condition.waiters > 0 && !nobody {
                    condition.closing = condition.first.unsignalled == 0;
                    let next = if condition.closing { Step::Close } else { Step::Wake };
                    self.then(thread, &[then(next)]);
                }
            }
            Step::Close if self.condition(thread, number).first.inside.is_empty() => {
                self.then(thread, &[then(Step::Closed)]);
            }
            Step::Close => self.then(thread, &[CALL, QUEUE, then(Step::CloserSleeps)]),
            Step::CloserSleeps => {
                self.then(thread, &[then(Step::Close)]);
                if !self.condition(thread, number).first.inside.is_empty() {
                    self.block(thread, Some(Queue::Closer(id)), None);
                }
            }
            Step::Closed => {
                let condition = self.condition(thread, number);
                condition.first = std::mem::take(&mut condition.second);
                condition.signals = 0;
                condition.closing = false;
                self.then(thread, &[then(Step::Wake)]);
            }
            Step::Wake => {
                self.then(thread, &[then(Step::Owed)]);
                let condition = self.condition(thread, number);
                if condition.first.unsignalled > 0 {
                    condition.first.unsignalled -= 1;
                    condition.signals += 1;
                    self.then(thread, &[CALL, then(Step::Wakes)]);
                }
            }
            Step::Wakes => {
                let asleep = self.sleepers(Queue::Condition(id)).clone();
                let members = &self.condition(thread, number).first.members;
                let first = asleep.iter().copied().find(|sleeper| members.contains(sleeper));
                if let Some(first) = first {
                    self.sleepers(Queue::Condition(id)).retain(|sleeper| *sleeper != first);
                    self.sleepers(Queue::Condition(id)).push_front(first);
                    self.wake_first(Queue::Condition(id));
                }
                let cost = if first.is_some() { Cost::WakeSleeper } else { Cost::WakeNoSleeper };
                self.then(thread, &[Spend(cost)]);
            }
            Step::Owed => {
                let condition = self.condition(thread, number);
                if condition.owed > 0 {
                    condition.owed -= 1;
                    self.then(thread, &[then(Step::Signal)]);
                }
            }
        }
    }
}
