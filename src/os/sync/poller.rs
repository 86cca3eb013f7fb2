//! Waiting for several channels at once: `select(2)`, `poll(2)`, `epoll(7)`.
//!
//! A poller watches channels for messages or for room. A thread that polls goes on as soon as something that the poller
//! looks at is there, or after its timeout. `select` and `poll` look at every descriptor when they are called, and again
//! when they have slept; `epoll` is told of what becomes ready.

use super::{ChannelId, Next, Objects, Outcome, Phase, QueueId, Timeout, WaitQueues};
use crate::des::Span;
use crate::os::ThreadId;

/// A poller's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PollerId(pub(super) usize);

/// How a poller learns what is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selector {
    /// `select(2)`: every call looks at every descriptor, of which there are at most [`MOST_SELECTED`].
    Select,
    /// `poll(2)`: every call looks at every descriptor.
    Poll,
    /// `epoll(7)`: a call looks at those that are ready; each is registered once by a call of its own.
    Epoll,
}

/// The most descriptors of [`Selector::Select`] (`FD_SETSIZE`, select(2)).
pub const MOST_SELECTED: usize = 1024;

/// What a channel is watched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// There is a message to receive.
    Message,
    /// There is room for a message to send.
    Room,
}

/// A channel that is watched, and whether the poller looks at it now.
#[derive(Clone, Copy, Debug)]
struct Watch {
    channel: ChannelId,
    readiness: Readiness,
    is_looked_at: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Poller {
    selector: Selector,
    /// Descriptors on which nothing ever happens.
    idle: u64,
    sleeper: QueueId,
    watches: Vec<Watch>,
}

impl Poller {
    pub fn new(selector: Selector, idle: u64, queues: &mut WaitQueues) -> Poller {
        Poller { selector, idle, sleeper: queues.add(), watches: Vec::new() }
    }

    fn looks_at(&self, channel: ChannelId, readiness: Readiness) -> bool {
        self.watches
            .iter()
            .any(|watch| watch.is_looked_at && watch.channel == channel && watch.readiness == readiness)
    }
}

impl Objects {
    /// A new poller that watches no channel yet, and so many descriptors on which nothing ever happens.
    pub fn new_poller(&mut self, selector: Selector, idle: u64) -> PollerId {
        self.pollers.push(Poller::new(selector, idle, &mut self.queues));
        PollerId(self.pollers.len() - 1)
    }

    /// From now on a poller watches a channel, and looks at it; the number of the watch.
    pub fn watch(&mut self, poller: PollerId, channel: ChannelId, readiness: Readiness) -> usize {
        let watches = &mut self.pollers[poller.0].watches;
        watches.push(Watch { channel, readiness, is_looked_at: true });
        watches.len() - 1
    }

    /// Whether a poller looks at what it watches.
    pub fn look_at(&mut self, poller: PollerId, watch: usize, is_looked_at: bool) {
        self.pollers[poller.0].watches[watch].is_looked_at = is_looked_at;
    }

    /// How many messages, or how much room for messages, a poller would find if it looks at this watch.
    pub fn ready(&self, poller: PollerId, watch: usize) -> usize {
        let watch = self.pollers[poller.0].watches[watch];
        let channel = &self.channels[watch.channel.0];
        match watch.readiness {
            _ if !watch.is_looked_at => 0,
            Readiness::Message => channel.messages(),
            Readiness::Room => channel.room(),
        }
    }

    /// The first poller, from number `from` on, in which a thread sleeps and which looks at this, and the thread; it
    /// sleeps no more.
    pub(in crate::os) fn pop_poller(
        &mut self,
        channel: ChannelId,
        readiness: Readiness,
        from: u16,
    ) -> Option<(u16, ThreadId)> {
        let Objects { pollers, queues, .. } = self;
        let looking = (0..).zip(pollers.iter()).skip(usize::from(from));
        let mut looking = looking.filter(|(_, poller)| poller.looks_at(channel, readiness));
        looking.find_map(|(number, poller)| Some((number, queues.pop(poller.sleeper)?)))
    }
}

pub(super) fn poll(objects: &mut Objects, id: PollerId, timeout: Option<Span>, phase: Phase) -> Next {
    let poller = &objects.pollers[id.0];
    let scan = |then| Next::Scan(poller.selector, poller.idle + poller.watches.len() as u64, then);
    match phase {
        Phase::Begin => Next::SystemCall(Phase::Try),
        Phase::Try => scan(Phase::FallAsleep),
        Phase::FallAsleep => {
            let is_ready = (0..poller.watches.len()).any(|watch| objects.ready(id, watch) > 0);
            if is_ready || timeout == Some(Span::ZERO) {
                return Next::Done(Outcome::Done);
            }
            let timeout = timeout.map(Timeout::Timer);
            Next::Sleep { queue: Some(poller.sleeper), timeout, woken: None, then: Phase::Woken }
        }
        Phase::Woken => scan(Phase::Finish),
        _ => Next::Done(Outcome::Done),
    }
}

/// Tells the kernel of a channel that is watched from now on (`epoll_ctl(2)`); the others are told with every call.
pub(super) fn register(objects: &Objects, id: PollerId, phase: Phase) -> Next {
    match (objects.pollers[id.0].selector, phase) {
        (Selector::Epoll, Phase::Begin) => Next::SystemCall(Phase::Finish),
        _ => Next::Done(Outcome::Done),
    }
}
