//! Stopping the world (section 6c of the rules).

use gilsim::des::{Span, Time};
use gilsim::python::interpreter::GilConfig;
use gilsim::python::program::{Pause, Step};
use gilsim::sim::Model;
use gilsim::trace::ThreadState;

use super::objects::Action::{self, SemaphoreRaise, SemaphoreTry, Spend};
use super::objects::WORLD;
use super::program::show;
use super::{Cost, World};

/// What a thread does about the world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stop {
    Attach,
    Detach,
    Collect(Span, Pause),
    Scan(Span, Pause),
    Waited(Span, Pause),
    AllStand(Span, Pause),
    GoOn(Pause),
    Over,
    Stand,
    Leave,
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Away,
    Attached,
    Detached,
    Suspended,
}

/// Who wants all to stand still, since when, and how many are missing.
#[derive(Clone, Copy)]
struct Wanted {
    by: usize,
    since: Time,
    missing: usize,
}

pub struct Stops {
    exist: bool,
    places: Vec<Place>,
    asked: Vec<bool>,
    parked: Vec<bool>,
    wanted: Vec<Option<Wanted>>,
    collects: Vec<bool>,
    /// Who waits for a millisecond at most.
    pub impatient: Vec<bool>,
}

impl Stops {
    pub fn new(model: &Model) -> Stops {
        let threads = model.threads.len();
        let collects = |step: &Step| matches!(step, Step::Collect { .. });
        let somebody_collects = model.programs.iter().any(|program| program.steps.iter().any(collects));
        Stops {
            exist: model.gil == GilConfig::None && somebody_collects,
            places: vec![Place::Away; threads],
            asked: vec![false; threads],
            parked: vec![false; threads],
            wanted: vec![None; model.interpreters],
            collects: vec![false; model.interpreters],
            impatient: vec![false; threads],
        }
    }
}

const STANDS: ThreadState = ThreadState::RunsWithoutGil;
const WAITS: ThreadState = ThreadState::BlockedOnLock;

impl World<'_> {
    fn can_stop(&self, thread: usize) -> Option<usize> {
        self.model.threads[thread].interpreter.filter(|_| self.stops.exist)
    }

    fn beside(&self, thread: usize) -> Vec<usize> {
        let of = |thread: usize| self.model.threads[thread].interpreter;
        (0..self.threads.len()).filter(|other| *other != thread && of(*other) == of(thread)).collect()
    }

    /// Whether `thread` is to stand still where it looks next.
    pub fn is_to_stand(&self, thread: usize) -> bool {
        self.stops.asked[thread]
    }

    /// The semaphore `semaphore` is waited for, and `what` comes then.
    fn wait_on(&mut self, thread: usize, what: Stop) {
        let wait = [Spend(Cost::LockOperation), SemaphoreTry(WORLD + thread), Action::World(what)];
        self.then(thread, &wait);
    }

    fn tell(&mut self, thread: usize, other: usize) {
        let post = [show(STANDS, WAITS), Spend(Cost::LockOperation), SemaphoreRaise(WORLD + other)];
        self.then(thread, &post);
    }

    pub fn stop(&mut self, thread: usize, stop: Stop) {
        let shows = self.computing(thread);
        let Some(at) = self.can_stop(thread) else {
            return match stop {
                Stop::Attach => self.set_states(thread, shows, shows),
                Stop::Collect(span, _) => self.computes_in_c(thread, span),
                _ => {}
            };
        };
        match stop {
            Stop::Attach => {
                if self.stops.places[thread] == Place::Away && self.stops.wanted[at].is_some() {
                    self.stops.places[thread] = Place::Suspended;
                }
                if self.stops.places[thread] == Place::Suspended {
                    self.stops.parked[thread] = true;
                    self.wait_on(thread, Stop::Attach);
                    self.set_states(thread, STANDS, WAITS);
                } else {
                    self.stops.places[thread] = Place::Attached;
                    self.set_states(thread, shows, shows);
                }
            }
            Stop::Detach => self.stops.places[thread] = Place::Detached,
            Stop::Collect(..) if self.stops.collects[at] => {}
            Stop::Collect(span, pause) => {
                self.stops.collects[at] = true;
                self.stops.wanted[at] = Some(Wanted { by: thread, since: self.now, missing: 0 });
                self.then(thread, &[Action::World(Stop::Scan(span, pause))]);
            }
            Stop::Scan(span, pause) => {
                let mut missing = 0;
                for other in self.beside(thread) {
                    match self.stops.places[other] {
                        Place::Detached => self.stops.places[other] = Place::Suspended,
                        Place::Attached => {
                            missing += 1;
                            self.ask(other);
                        }
                        Place::Away | Place::Suspended => {}
                    }
                }
                self.stops.wanted[at].as_mut().expect("it is wanted").missing = missing;
                if missing == 0 {
                    return self.then(thread, &[Action::World(Stop::AllStand(span, pause))]);
                }
                self.stops.impatient[thread] = true;
                self.threads[thread].program.wait_timed_out = false;
                self.wait_on(thread, Stop::Waited(span, pause));
                self.then(thread, &[Spend(Cost::ClockRead)]);
                self.set_states(thread, STANDS, WAITS);
            }
            Stop::Waited(span, pause) => {
                self.stops.impatient[thread] = false;
                let missing = self.stops.wanted[at].expect("it is wanted").missing;
                let all_stand = Stop::AllStand(span, pause);
                if missing > 0 {
                    self.then(thread, &[Action::World(Stop::Scan(span, pause))]);
                } else if self.threads[thread].program.wait_timed_out {
                    self.wait_on(thread, all_stand);
                } else {
                    self.then(thread, &[Action::World(all_stand)]);
                }
            }
            Stop::AllStand(span, pause) => {
                let since = self.stops.wanted[at].expect("it is wanted").since;
                self.latencies[pause.stopping].record(self.now.since(since));
                self.then(thread, &[Action::World(Stop::GoOn(pause))]);
                self.computes_in_c(thread, span);
            }
            Stop::GoOn(pause) => {
                let since = self.stops.wanted[at].take().expect("it is wanted").since;
                self.latencies[pause.whole].record(self.now.since(since));
                let others = self.beside(thread);
                for other in &others {
                    if self.stops.places[*other] == Place::Suspended {
                        self.stops.places[*other] = Place::Detached;
                    }
                }
                self.then(thread, &[show(shows, shows), Action::World(Stop::Over)]);
                for other in others.into_iter().rev() {
                    if std::mem::take(&mut self.stops.parked[other]) {
                        self.tell(thread, other);
                    }
                }
            }
            Stop::Over => self.stops.collects[at] = false,
            Stop::Stand => {
                self.stops.asked[thread] = false;
                if self.stops.wanted[at].is_some() {
                    self.then(thread, &[Action::World(Stop::Attach)]);
                    self.stops.places[thread] = Place::Suspended;
                    self.is_missed_no_more(thread, at);
                }
            }
            Stop::Leave => {
                self.stops.places[thread] = Place::Away;
                self.stops.asked[thread] = false;
                self.is_missed_no_more(thread, at);
            }
        }
    }

    fn is_missed_no_more(&mut self, thread: usize, at: usize) {
        if let Some(wanted) = &mut self.stops.wanted[at] {
            wanted.missing -= 1;
            if wanted.missing == 0 {
                let by = wanted.by;
                self.tell(thread, by);
            }
        }
    }

    fn ask(&mut self, other: usize) {
        if std::mem::replace(&mut self.stops.asked[other], true) || !self.threads[other].program.executes {
            return;
        }
        let core = self.threads[other].core;
        self.account(core);
        let left = self.threads[other].burst.map_or(Span::ZERO, |burst| burst.left);
        self.stop_sooner(other, left);
    }
}
