//! The objects that threads wait for, and the operations on them, step by step.
//!
//! An operation is a small state machine. Each step decides what its thread does next (`Next`): an operation on a
//! lock's memory, a system call, a sleep. The kernel prices and carries out the decision and comes back for the next
//! step. A file here is one kind of object as one platform builds it.

mod blocking;
mod channel;
mod cycle;
mod darwin;
mod device;
mod event;
mod inheriting;
mod line;
mod nptl_condvar;
mod nptl_mutex;
mod operation;
mod poller;
mod py_mutex;
mod queues;
mod semaphore;
mod thread_lock;
mod variable;
mod word;

use crate::des::{Span, Time};
use crate::os::machine::Platform;
use crate::os::{Birth, ThreadId};
pub(in crate::os) use channel::Delivery;
pub use channel::{Asker, Message, Parcel};
pub(in crate::os) use operation::{Next, Operation, Phase, Timeout};
pub use poller::{MOST_SELECTED, PollerId, Readiness, Selector};
pub use queues::{QueueId, WaitQueues};

/// A mutex's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MutexId(usize);

/// A condition variable's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CondvarId(usize);

/// A semaphore's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SemaphoreId(usize);

/// An auto-reset event's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventId(usize);

/// A channel's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChannelId(usize);

/// A device's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeviceId(usize);

/// The index of a cache line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LineId(usize);

/// The index of a word in memory that threads change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WordId(usize);

/// The index of a variable in memory that threads load and store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VariableId(usize);

/// The index of a lock of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LockId(usize);

/// What a thread can ask of the kernel and its thread library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// Lock a mutex.
    MutexLock(MutexId),
    /// Lock the mutex of a condition wait again: on Linux as one of several that wait for it.
    MutexRetake(MutexId),
    /// Unlock a mutex that the thread holds.
    MutexUnlock(MutexId),
    /// Unlock the mutex, wait for a signal (or for the timeout), lock the mutex again.
    CondvarWait(CondvarId, MutexId, Option<Span>),
    /// Wake one waiter, if there is one.
    CondvarSignal(CondvarId),
    /// Take a semaphore, waiting while it is zero.
    SemaphoreWait(SemaphoreId),
    /// Take a semaphore, waiting for so long at most while it is zero.
    SemaphoreWaitFor(SemaphoreId, Span),
    /// Take a semaphore if it is not zero.
    SemaphoreTry(SemaphoreId),
    /// Raise a semaphore.
    SemaphorePost(SemaphoreId),
    /// Wait for an auto-reset event.
    EventWait(EventId),
    /// Set an auto-reset event: one waiter passes.
    EventSet(EventId),
    /// One interlocked operation on memory.
    Atomic,
    /// Read or write memory that other cores touch, too.
    Touch(LineId),
    /// Change a word in memory, by an atomic instruction or by a plain one.
    ChangeWord {
        /// The word.
        word: WordId,
        /// Whether the instruction is atomic.
        is_atomic: bool,
    },
    /// Take a lock of the program, waiting while it is held.
    LockTake(LockId),
    /// Take a lock of the program if it is free.
    LockTry(LockId),
    /// Release a lock of the program.
    LockRelease(LockId),
    /// Make a new thread, or a new process whose first thread this is; it starts at once.
    Start(ThreadId, Birth),
    /// Compute for a time, in user mode.
    Compute(Span),
    /// A system call that works in the kernel for a time, and then blocks for a time outside the processor; a wait of
    /// zero completes at once.
    Io {
        /// Time in kernel mode, beyond that of entering and leaving the kernel.
        work: Span,
        /// Time outside the processor.
        wait: Span,
    },
    /// Let a device work for a time, as soon as it comes to it.
    Device(DeviceId, Span),
    /// Send a message, waiting while the channel is full.
    Send(ChannelId, Message),
    /// Send something out of the machine.
    SendAway,
    /// Receive a message, waiting while there is none; [`Objects::received`] tells which.
    Receive(ChannelId),
    /// Receive a message if there is one; [`Objects::received`] tells which.
    TryReceive {
        /// The channel.
        channel: ChannelId,
        /// Whether the memory for it is allocated anew, more than the heap has (as `asyncio` does, 256 KiB).
        allocates: bool,
    },
    /// Send a message if there is room for it.
    TrySend(ChannelId, Message),
    /// Wait until something that a poller looks at is there, for at most so long.
    Poll(PollerId, Option<Span>),
    /// Tell a poller of a channel that it watches from now on.
    Register(PollerId),
    /// Sleep for a time, and for the lateness of the timer.
    Sleep(Span),
    /// Sleep until an instant, and for the lateness of the timer; not at all if the instant has come.
    SleepUntil(Time),
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As asked.
    Done,
    /// A timed wait ran out.
    TimedOut,
    /// What was tried is not possible now.
    Refused,
}

/// All kernel objects of a machine.
#[derive(Clone, Debug)]
pub struct Objects {
    platform: Platform,
    pub(super) queues: WaitQueues,
    nptl_mutexes: Vec<nptl_mutex::Mutex>,
    nptl_condvars: Vec<nptl_condvar::Condvar>,
    darwin_mutexes: Vec<darwin::Mutex>,
    darwin_condvars: Vec<darwin::Condvar>,
    semaphores: Vec<semaphore::Semaphore>,
    events: Vec<event::Event>,
    channels: Vec<channel::Channel>,
    devices: Vec<device::Device>,
    pollers: Vec<poller::Poller>,
    locks: Vec<thread_lock::ThreadLock>,
    parking: py_mutex::Parking,
    /// The time that has been told last.
    time: Time,
    /// For each thread, the order in which it came to the condition variable it came to last.
    groups: Vec<u64>,
    memory: line::Memory,
    words: Vec<word::Word>,
    variables: Vec<variable::Variable>,
    /// The message each thread received last.
    received: Vec<Message>,
    threads: usize,
}

impl Objects {
    /// No objects yet; `threads` bounds the length of every wait queue.
    pub fn new(platform: Platform, threads: usize) -> Objects {
        Objects {
            platform,
            queues: WaitQueues::new(threads),
            nptl_mutexes: Vec::new(),
            nptl_condvars: Vec::new(),
            darwin_mutexes: Vec::new(),
            darwin_condvars: Vec::new(),
            semaphores: Vec::new(),
            events: Vec::new(),
            channels: Vec::new(),
            devices: Vec::new(),
            pollers: Vec::new(),
            locks: Vec::new(),
            parking: py_mutex::Parking::default(),
            time: Time::ZERO,
            groups: vec![0; threads],
            memory: line::Memory::default(),
            words: Vec::new(),
            variables: Vec::new(),
            received: vec![
                Message { sent: Time::ZERO, asker: Asker::Nobody, parcel: Parcel::default() };
                threads
            ],
            threads,
        }
    }

    /// A new, free mutex.
    pub fn new_mutex(&mut self) -> MutexId {
        self.memory.mutexes.add();
        match self.platform {
            Platform::Linux => {
                push(&mut self.nptl_mutexes, nptl_mutex::Mutex::new(&mut self.queues)).map(MutexId)
            }
            Platform::Darwin => {
                push(&mut self.darwin_mutexes, darwin::Mutex::new(&mut self.queues)).map(MutexId)
            }
        }
    }

    /// A new condition variable that nobody waits for.
    pub fn new_condvar(&mut self) -> CondvarId {
        self.memory.condvars.add();
        match self.platform {
            Platform::Linux => {
                push(&mut self.nptl_condvars, nptl_condvar::Condvar::new(&mut self.queues)).map(CondvarId)
            }
            Platform::Darwin => {
                push(&mut self.darwin_condvars, darwin::Condvar::new(&mut self.queues)).map(CondvarId)
            }
        }
    }

    /// A new semaphore of that value.
    pub fn new_semaphore(&mut self, value: u64) -> SemaphoreId {
        self.memory.semaphores.add();
        push(&mut self.semaphores, semaphore::Semaphore::new(value, &mut self.queues)).map(SemaphoreId)
    }

    /// A new auto-reset event that is not set.
    pub fn new_event(&mut self) -> EventId {
        push(&mut self.events, event::Event::new(&mut self.queues)).map(EventId)
    }

    /// A new lock of the program, which somebody holds already, or nobody. `spins` is how often a thread gives its core away
    /// before it parks, if the lock is a `PyMutex`.
    pub fn new_lock(&mut self, is_held: bool, spins: Option<u32>) -> LockId {
        let lock = match (spins, self.platform) {
            (Some(spins), _) => thread_lock::ThreadLock::PyMutex(self.new_py_mutex(spins, is_held)),
            (None, Platform::Linux) => {
                thread_lock::ThreadLock::Semaphore(self.new_semaphore(u64::from(!is_held)))
            }
            (None, Platform::Darwin) => thread_lock::ThreadLock::Flag {
                mutex: self.new_mutex(),
                released: self.new_condvar(),
                held: is_held,
            },
        };
        self.add_lock(lock)
    }

    fn add_lock(&mut self, lock: thread_lock::ThreadLock) -> LockId {
        self.memory.locks.add();
        push(&mut self.locks, lock).map(LockId)
    }

    /// Tells the time to an operation that has asked for it.
    pub(super) fn tell_time(&mut self, now: Time) {
        self.time = now;
    }

    /// A new, empty channel for at most `capacity` messages, at least one.
    pub fn new_channel(&mut self, capacity: usize) -> ChannelId {
        push(&mut self.channels, channel::Channel::new(capacity, &mut self.queues)).map(ChannelId)
    }

    /// A new device that serves that many requests at a time, at least one. Where the scheduler heeds it, a thread that
    /// it has served has so much more priority for a while.
    pub fn new_device(&mut self, servers: usize, boost: u8) -> DeviceId {
        push(&mut self.devices, device::Device::new(servers, boost, self.threads)).map(DeviceId)
    }

    /// By how much a device boosts the priority of a thread that it has served.
    pub(super) fn boost_of(&self, device: DeviceId) -> u8 {
        self.devices[device.0].boost
    }

    /// A new cache line that nobody has touched.
    pub fn new_line(&mut self) -> LineId {
        LineId(self.memory.others.add())
    }

    /// A new word that nobody has changed.
    pub fn new_word(&mut self) -> WordId {
        push(&mut self.words, word::Word::default()).map(WordId)
    }

    /// A new variable that nobody has stored.
    pub fn new_variable(&mut self) -> VariableId {
        push(&mut self.variables, variable::Variable::default()).map(VariableId)
    }

    /// The variable with this index.
    pub(super) fn variable(&mut self, variable: VariableId) -> &mut variable::Variable {
        &mut self.variables[variable.0]
    }

    /// The word with this index.
    pub(super) fn word(&mut self, word: WordId) -> &mut word::Word {
        &mut self.words[word.0]
    }

    /// `thread`, which sleeps for a lock of the program, stops doing so; `false` if that is not possible.
    pub(super) fn stops_waiting(&mut self, lock: LockId, thread: ThreadId) -> bool {
        thread_lock::stops_waiting(self, lock, thread)
    }

    /// The messages that lie in a channel, the first to be received first.
    pub fn messages(&self, channel: ChannelId) -> impl Iterator<Item = &Message> {
        self.channels[channel.0].lying()
    }

    /// The message that `thread` received last.
    pub fn received(&self, thread: ThreadId) -> Message {
        self.received[thread]
    }

    /// A message arrives from outside the machine.
    pub(super) fn deliver(&mut self, channel: ChannelId, message: Message) -> Delivery {
        channel::deliver(self, channel, message)
    }

    /// A device has served a request: which is next, and for how long.
    pub(super) fn served(&mut self, device: DeviceId) -> Option<(ThreadId, Span)> {
        device::served(self, device)
    }

    /// What comes next after this phase of what `thread` has asked for; `timed_out` tells how its last sleep ended.
    #[inline(always)]
    pub(super) fn step(
        &mut self,
        thread: ThreadId,
        request: &Request,
        phase: Phase,
        timed_out: bool,
    ) -> Next {
        match *request {
            Request::MutexLock(mutex) => match self.platform {
                Platform::Linux => nptl_mutex::lock(self, mutex, phase),
                Platform::Darwin => darwin::lock(self, mutex, thread, phase),
            },
            Request::MutexRetake(mutex) => match self.platform {
                Platform::Linux => nptl_mutex::retake(self, mutex, phase),
                Platform::Darwin => darwin::lock(self, mutex, thread, phase),
            },
            Request::MutexUnlock(mutex) => match self.platform {
                Platform::Linux => nptl_mutex::unlock(self, mutex, phase),
                Platform::Darwin => darwin::unlock(self, mutex, phase),
            },
            Request::CondvarWait(condvar, mutex, timeout) => match self.platform {
                Platform::Linux => {
                    nptl_condvar::wait(self, condvar, mutex, timeout, thread, phase, timed_out)
                }
                Platform::Darwin => darwin::wait(self, condvar, mutex, timeout, phase, timed_out),
            },
            Request::CondvarSignal(condvar) => match self.platform {
                Platform::Linux => nptl_condvar::signal(self, condvar, phase),
                Platform::Darwin => darwin::signal(self, condvar, phase),
            },
            Request::SemaphoreWait(semaphore) => semaphore::wait(self, semaphore, phase),
            Request::SemaphoreWaitFor(semaphore, timeout) => {
                semaphore::wait_for(self, semaphore, timeout, phase, timed_out)
            }
            Request::SemaphoreTry(semaphore) => semaphore::try_wait(self, semaphore, phase),
            Request::SemaphorePost(semaphore) => semaphore::post(self, semaphore, phase),
            Request::EventWait(event) => event::wait(self, event, phase),
            Request::EventSet(event) => event::set(self, event, phase),
            Request::Atomic => blocking::atomic(phase),
            Request::Touch(_) => blocking::touch(phase),
            Request::ChangeWord { word, is_atomic } => word::change(word, is_atomic, phase),
            Request::LockTake(lock) => thread_lock::take(self, lock, thread, phase),
            Request::LockTry(lock) => thread_lock::try_take(self, lock, thread, phase),
            Request::LockRelease(lock) => thread_lock::release(self, lock, phase),
            Request::Start(other, birth) => blocking::start(other, birth, phase),
            Request::Compute(span) => blocking::compute(span, phase),
            Request::Io { work, wait } => blocking::io(work, wait, phase),
            Request::Device(device, span) => device::request(self, device, span, thread, phase),
            Request::Send(channel, message) => channel::send(self, channel, message, phase),
            Request::SendAway => channel::send_away(phase),
            Request::Receive(channel) => channel::receive(self, channel, thread, phase),
            Request::TryReceive { channel, allocates } => {
                channel::try_receive(self, channel, allocates, thread, phase)
            }
            Request::TrySend(channel, message) => channel::try_send(self, channel, message, phase),
            Request::Poll(poller, timeout) => poller::poll(self, poller, timeout, phase),
            Request::Register(poller) => poller::register(self, poller, phase),
            Request::Sleep(span) => blocking::sleep(span, phase),
            Request::SleepUntil(time) => blocking::sleep_until(self, time, phase),
        }
    }
}

/// An index that has just been handed out.
struct Pushed(usize);

impl Pushed {
    fn map<Id>(self, id: impl Fn(usize) -> Id) -> Id {
        id(self.0)
    }
}

fn push<T>(list: &mut Vec<T>, item: T) -> Pushed {
    list.push(item);
    Pushed(list.len() - 1)
}
