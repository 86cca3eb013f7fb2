//! A channel: a pipe or a stream socket, as a queue of messages in the kernel.
//!
//! Sending and receiving are system calls. A receiver that finds nothing sleeps until a message comes; the sender wakes
//! the one that has slept longest, which then looks again, for another may have taken the message meanwhile (`pipe(7)`,
//! `unix(7)`). A sender that finds the channel full sleeps until a message has been taken. Who polls is woken besides:
//! of those that sleep in the channel one is, of those that poll all are (`__wake_up_common`, kernel/sched/wait.c, v5.10).

use std::collections::VecDeque;

use super::poller::Readiness;
use super::{ChannelId, Next, Objects, Outcome, Phase, QueueId, WaitQueues};
use crate::des::{Span, Time};
use crate::os::ThreadId;

/// What is sent through a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// When it was sent.
    pub sent: Time,
    /// Who waits for an answer to it.
    pub asker: Asker,
    /// What its contents cost.
    pub parcel: Parcel,
}

/// What the contents of a message cost beyond those of a small one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Parcel {
    /// Kernel time to copy it into the channel, and as much to copy it out.
    pub copy: Span,
    /// User time of the receiver to make objects of it again.
    pub unpickle: Span,
}

/// Who waits for the answer to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asker {
    /// Nobody.
    Nobody,
    /// A thread of this machine, or a task of one.
    Routine(usize),
    /// A user outside the machine, by index.
    User(usize),
}

#[derive(Clone, Debug, Hash)]
pub(super) struct Channel {
    /// How many messages it holds; a sender finds it full then.
    capacity: usize,
    messages: VecDeque<Message>,
    receivers: QueueId,
    senders: QueueId,
}

impl Channel {
    pub fn new(capacity: usize, queues: &mut WaitQueues) -> Channel {
        let (receivers, senders) = (queues.add(), queues.add());
        Channel { capacity, messages: VecDeque::with_capacity(capacity), receivers, senders }
    }

    /// The messages that lie in it, the first to be received first.
    pub fn lying(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter()
    }

    /// How many messages there are.
    pub fn messages(&self) -> usize {
        self.messages.len()
    }

    /// For how many there is room.
    pub fn room(&self) -> usize {
        self.capacity - self.messages.len().min(self.capacity)
    }

    fn has_room(&self) -> bool {
        self.room() > 0
    }
}

pub(super) fn send(objects: &mut Objects, id: ChannelId, message: Message, phase: Phase) -> Next {
    let channel = &mut objects.channels[id.0];
    match phase {
        Phase::Try | Phase::Woken if !channel.has_room() => Next::Queueing(Phase::FallAsleep),
        Phase::FallAsleep if !channel.has_room() => {
            Next::Sleep { queue: Some(channel.senders), timeout: None, woken: None, then: Phase::Woken }
        }
        Phase::Try | Phase::Woken | Phase::FallAsleep => Next::ChannelSend(message.parcel.copy, Phase::Wake),
        Phase::Wake => {
            channel.messages.push_back(message);
            let receiver = objects.queues.pop(channel.receivers);
            wake(objects, id, receiver, Readiness::Message)
        }
        Phase::WakePollers(from) => wake_pollers(objects, id, from, Readiness::Message),
        _ => Next::SystemCall(Phase::Try),
    }
}

/// Sends a message if there is room for it.
pub(super) fn try_send(objects: &mut Objects, id: ChannelId, message: Message, phase: Phase) -> Next {
    match phase {
        Phase::Try if !objects.channels[id.0].has_room() => Next::Done(Outcome::Refused),
        _ => send(objects, id, message, phase),
    }
}

/// Receives a message, to be read by [`Objects::received`].
pub(super) fn receive(objects: &mut Objects, id: ChannelId, thread: ThreadId, phase: Phase) -> Next {
    let channel = &mut objects.channels[id.0];
    match phase {
        Phase::Try | Phase::Woken | Phase::FallAsleep => match channel.messages.pop_front() {
            Some(message) => {
                objects.received[thread] = message;
                Next::ChannelReceive(message.parcel.copy, Phase::Wake)
            }
            None if phase == Phase::FallAsleep => {
                Next::Sleep { queue: Some(channel.receivers), timeout: None, woken: None, then: Phase::Woken }
            }
            None => Next::Queueing(Phase::FallAsleep),
        },
        Phase::Wake => {
            let sender = objects.queues.pop(channel.senders);
            wake(objects, id, sender, Readiness::Room)
        }
        Phase::WakePollers(from) => wake_pollers(objects, id, from, Readiness::Room),
        _ => Next::SystemCall(Phase::Try),
    }
}

/// Receives a message if there is one; whoever `allocates` memory for it does so before it knows.
pub(super) fn try_receive(
    objects: &mut Objects,
    id: ChannelId,
    allocates: bool,
    thread: ThreadId,
    phase: Phase,
) -> Next {
    match phase {
        Phase::Begin if allocates => Next::SystemCall(Phase::Retry),
        Phase::Retry => Next::Allocate(Phase::Try),
        Phase::Try if objects.channels[id.0].messages() == 0 => Next::Done(Outcome::Refused),
        _ => receive(objects, id, thread, phase),
    }
}

/// Wakes the sleeper, if there is one, and then those that poll.
fn wake(objects: &mut Objects, id: ChannelId, sleeper: Option<ThreadId>, readiness: Readiness) -> Next {
    match sleeper {
        Some(sleeper) => Next::Waking(Some(sleeper), Phase::WakePollers(0)),
        None => wake_pollers(objects, id, 0, readiness),
    }
}

/// Wakes who polls, each poller once: one that soon sleeps again is not woken again by the same message.
fn wake_pollers(objects: &mut Objects, id: ChannelId, from: u16, readiness: Readiness) -> Next {
    match objects.pop_poller(id, readiness, from) {
        Some((poller, sleeper)) => Next::Waking(Some(sleeper), Phase::WakePollers(poller + 1)),
        None => Next::Done(Outcome::Done),
    }
}

/// Sends something to where no thread of this machine waits for it.
pub(super) fn send_away(phase: Phase) -> Next {
    match phase {
        Phase::Begin => Next::SystemCall(Phase::Try),
        Phase::Try => Next::ChannelSend(Span::ZERO, Phase::Finish),
        _ => Next::Done(Outcome::Done),
    }
}

/// A message arrives from outside the machine: who sleeps for it. A message for which there is no room is lost.
pub(super) fn deliver(objects: &mut Objects, id: ChannelId, message: Message) -> Delivery {
    let channel = &mut objects.channels[id.0];
    if channel.messages.len() >= channel.capacity {
        return Delivery::Lost;
    }
    channel.messages.push_back(message);
    Delivery::Arrived(objects.queues.pop(channel.receivers))
}

/// What became of a message from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::os) enum Delivery {
    /// It is in the channel, and this thread slept for it.
    Arrived(Option<ThreadId>),
    /// The channel was full.
    Lost,
}
