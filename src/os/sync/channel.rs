//! A channel: a pipe or a stream socket, as a queue of messages in the kernel.
//!
//! Sending and receiving are system calls. A receiver that finds nothing sleeps until a message comes; the sender wakes
//! the one that has slept longest, which then looks again, for another may have taken the message meanwhile (`pipe(7)`,
//! `unix(7)`). A sender that finds the channel full sleeps until a message has been taken.

use std::collections::VecDeque;

use super::{ChannelId, Next, Objects, Outcome, Phase, QueueId, WaitQueues};
use crate::des::Time;
use crate::os::ThreadId;

/// What is sent through a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// When it was sent.
    pub sent: Time,
    /// Who waits for an answer to it.
    pub asker: Asker,
}

/// Who waits for the answer to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asker {
    /// Nobody.
    Nobody,
    /// A thread of this machine.
    Thread(ThreadId),
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
}

pub(super) fn send(objects: &mut Objects, id: ChannelId, message: Message, phase: Phase) -> Next {
    let channel = &mut objects.channels[id.0];
    match phase {
        Phase::Try | Phase::Woken if channel.messages.len() >= channel.capacity => {
            Next::Sleep { queue: Some(channel.senders), timeout: None, woken: None, then: Phase::Woken }
        }
        Phase::Try | Phase::Woken => Next::ChannelSend(Phase::Wake),
        Phase::Wake => {
            channel.messages.push_back(message);
            match objects.queues.pop(channel.receivers) {
                Some(receiver) => Next::Waking(Some(receiver), Phase::Finish),
                None => Next::Done(Outcome::Done),
            }
        }
        Phase::Finish => Next::Done(Outcome::Done),
        _ => Next::SystemCall(Phase::Try),
    }
}

/// Receives a message, to be read by [`Objects::received`].
pub(super) fn receive(objects: &mut Objects, id: ChannelId, thread: ThreadId, phase: Phase) -> Next {
    let channel = &mut objects.channels[id.0];
    match phase {
        Phase::Try | Phase::Woken | Phase::Retry => match channel.messages.pop_front() {
            Some(message) => {
                objects.received[thread] = message;
                Next::ChannelReceive(Phase::Wake)
            }
            None => {
                Next::Sleep { queue: Some(channel.receivers), timeout: None, woken: None, then: Phase::Woken }
            }
        },
        Phase::Wake => match objects.queues.pop(channel.senders) {
            Some(sender) => Next::Waking(Some(sender), Phase::Finish),
            None => Next::Done(Outcome::Done),
        },
        Phase::Finish => Next::Done(Outcome::Done),
        _ => Next::SystemCall(Phase::Try),
    }
}

/// Sends something to where no thread of this machine waits for it.
pub(super) fn send_away(phase: Phase) -> Next {
    match phase {
        Phase::Begin => Next::SystemCall(Phase::Try),
        Phase::Try => Next::ChannelSend(Phase::Finish),
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
