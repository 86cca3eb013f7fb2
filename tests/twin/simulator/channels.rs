//! Channels and the users outside (sections 4 and 6a of the rules).

use std::collections::VecDeque;

use gilsim::des::random::Purpose;
use gilsim::des::{Stream, Time};
use gilsim::os::sync::Parcel;
use gilsim::python::program::Step;
use gilsim::sim::{Arrivals, Model};
use gilsim::trace::ThreadState;

use super::objects::Action::{self, Channel, Spend, Wake};
use super::objects::Queue;
use super::{Cost, Kind, World};

/// Who waits for the answer to a message.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Message {
    #[default]
    Statement,
    /// This thread or task.
    Question(usize),
    /// Nobody, but it has contents.
    Parcel(Parcel),
    /// This user, who has sent it then.
    Request(usize, Time),
}

impl Message {
    fn parcel(self) -> Parcel {
        match self {
            Message::Parcel(parcel) => parcel,
            _ => Parcel::default(),
        }
    }
}

/// What is done with a channel, or with a message out of the machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Talk {
    Send(usize, Message),
    /// What comes at the head of the queue of senders.
    SendOrSleep(usize, Message),
    Join(usize, Message),
    Receive(usize),
    /// What comes at the head of the queue of receivers.
    ReceiveOrSleep(usize),
    Received(usize),
    /// As far as it goes without waiting.
    TrySend(usize, Message),
    TryReceive(usize),
    /// The loops from this number on that sleep in a poll look at the channel, for room or else for messages.
    WakePolls(usize, bool, usize),
    /// Objects are made of what has been received last.
    Unpickle(usize),
    Out(Message),
    /// The answer to the last question has come: this is measured.
    Answered(usize),
}

/// All channels: those of the model, and after them one for each thread and each task, for the answers to its
/// questions.
pub struct Channels {
    messages: Vec<VecDeque<Message>>,
    users: Vec<User>,
    /// For each client, how many requests it may still send, and how many are over.
    left: Vec<Option<u64>>,
    over: Vec<u64>,
}

struct User {
    client: usize,
    stream: Stream,
}

impl Channels {
    pub fn new(model: &Model, seed: u64) -> Channels {
        let clients = model.clients.iter().enumerate();
        let of_users = clients.flat_map(|(client, spec)| vec![client; spec.users()]);
        let user = |(user, client)| User { client, stream: Stream::new(seed, Purpose::User, user as u64) };
        Channels {
            messages: vec![VecDeque::new(); model.channels.len() + model.threads.len() + super::tasks(model)],
            users: of_users.enumerate().map(user).collect(),
            left: model.clients.iter().map(|client| client.requests).collect(),
            over: vec![0; model.clients.len()],
        }
    }

    /// How many users there are.
    pub fn users(&self) -> usize {
        self.users.len()
    }
}

const CALL: Action = Spend(Cost::SystemCall);

impl World<'_> {
    /// The channel for the answers to a thread or task.
    pub fn answers_of(&self, number: usize) -> usize {
        self.model.channels.len() + number
    }

    pub fn messages_in(&self, channel: usize) -> usize {
        self.channels.messages[channel].len()
    }

    /// For how many messages there is room.
    pub fn room_in(&self, channel: usize) -> usize {
        let capacity = self.model.channels.get(channel).copied().unwrap_or(1);
        capacity.saturating_sub(self.messages_in(channel))
    }

    fn is_full(&self, channel: usize) -> bool {
        self.room_in(channel) == 0
    }

    /// A message that is sent now.
    pub fn message(&mut self, thread: usize, asks: bool) -> Message {
        if !asks {
            return Message::Statement;
        }
        self.threads[thread].program.asked = Some(self.now);
        Message::Question(self.number_of(thread))
    }

    pub fn channel_step(&mut self, thread: usize, step: &Step) {
        let does = match *step {
            Step::Send { channel, asks } => {
                vec![Channel(Talk::Send(channel, self.message(thread, asks)))]
            }
            Step::SendParcel { channel, parcel } => {
                vec![Channel(Talk::Send(channel, Message::Parcel(parcel)))]
            }
            Step::Receive { channel } => {
                self.then(thread, &[Channel(Talk::Unpickle(channel))]);
                vec![Channel(Talk::Receive(channel))]
            }
            Step::Reply { channel } => {
                match self.threads[thread].program.to_answer.remove(&channel).unwrap_or_default() {
                    Message::Question(asker) => {
                        vec![Channel(Talk::Send(self.answers_of(asker), Message::Statement))]
                    }
                    message => vec![Spend(Cost::ChannelSend), Channel(Talk::Out(message))],
                }
            }
            Step::AwaitReply { latency } => {
                vec![
                    Channel(Talk::Receive(self.answers_of(self.number_of(thread)))),
                    Channel(Talk::Answered(latency)),
                ]
            }
            _ => unreachable!("{step:?} is about no channel"),
        };
        let does: Vec<Action> = [CALL].into_iter().chain(does).collect();
        self.without_lock(thread, ThreadState::BlockedOnIo, &does);
    }

    pub fn talk(&mut self, thread: usize, talk: Talk) {
        match talk {
            Talk::Send(channel, message) if self.is_full(channel) => {
                self.then(thread, &[Spend(Cost::Queueing), Channel(Talk::SendOrSleep(channel, message))]);
            }
            Talk::SendOrSleep(channel, message) if self.is_full(channel) => {
                self.then(thread, &[Channel(Talk::Send(channel, message))]);
                self.block(thread, Some(Queue::Senders(channel)), None);
            }
            Talk::Send(channel, message) | Talk::SendOrSleep(channel, message) => {
                let copying = Action::SpendAndCopy(Cost::ChannelSend, message.parcel().copy);
                self.then(thread, &[copying, Channel(Talk::Join(channel, message))]);
            }
            Talk::Join(channel, message) => {
                self.channels.messages[channel].push_back(message);
                self.then(thread, &[Channel(Talk::WakePolls(channel, false, 0))]);
                self.wake_if_asleep(thread, Queue::Receivers(channel));
            }
            Talk::Receive(channel) if self.messages_in(channel) == 0 => {
                self.then(thread, &[Spend(Cost::Queueing), Channel(Talk::ReceiveOrSleep(channel))]);
            }
            Talk::Receive(channel) | Talk::ReceiveOrSleep(channel) => {
                let Some(message) = self.channels.messages[channel].pop_front() else {
                    self.then(thread, &[Channel(Talk::Receive(channel))]);
                    return self.block(thread, Some(Queue::Receivers(channel)), None);
                };
                self.threads[thread].program.to_answer.insert(channel, message);
                let copying = Action::SpendAndCopy(Cost::ChannelReceive, message.parcel().copy);
                self.then(thread, &[copying, Channel(Talk::Received(channel))]);
            }
            Talk::Unpickle(channel) => {
                let message = self.threads[thread].program.to_answer.get(&channel).copied();
                let span = message.unwrap_or_default().parcel().unpickle;
                if !span.is_zero() {
                    self.computes_in_c(thread, span);
                }
            }
            Talk::Received(channel) => {
                self.then(thread, &[Channel(Talk::WakePolls(channel, true, 0))]);
                self.wake_if_asleep(thread, Queue::Senders(channel));
            }
            Talk::TrySend(channel, message) => {
                let refused = self.is_full(channel);
                self.threads[thread].program.refused = refused;
                if !refused {
                    self.talk(thread, Talk::Send(channel, message));
                }
            }
            Talk::TryReceive(channel) => {
                let refused = self.messages_in(channel) == 0;
                self.threads[thread].program.refused = refused;
                if !refused {
                    self.talk(thread, Talk::Receive(channel));
                }
            }
            Talk::WakePolls(channel, for_room, from) => {
                let sleeping = |number: &usize| self.sleeps_in_poll(*number, channel, for_room);
                if let Some(number) = (from..self.loops.len()).find(sleeping) {
                    let next = Channel(Talk::WakePolls(channel, for_room, number + 1));
                    self.then(thread, &[Wake(Queue::Poll(number)), next]);
                }
            }
            Talk::Out(Message::Request(user, sent)) => {
                let latency = self.model.clients[self.channels.users[user].client].latency;
                self.latencies[latency].record(self.now.since(sent));
                self.request_is_over(user);
            }
            Talk::Out(_) => {}
            Talk::Answered(latency) => {
                if let Some(asked) = self.threads[thread].program.asked.take() {
                    self.latencies[latency].record(self.now.since(asked));
                }
            }
        }
    }

    fn wake_if_asleep(&mut self, thread: usize, queue: Queue) {
        if !self.sleepers(queue).is_empty() {
            self.then(thread, &[Wake(queue)]);
        }
    }

    /// Whether the thread of this loop sleeps in a poll that looks at the channel for this.
    fn sleeps_in_poll(&self, number: usize, channel: usize, for_room: bool) -> bool {
        let asleep = self.objects.sleepers.get(&Queue::Poll(number));
        asleep.is_some_and(|asleep| !asleep.is_empty()) && self.loops[number].looks_at(channel, for_room)
    }

    /// A message comes from outside; whether there is room for it.
    fn comes_from_outside(&mut self, channel: usize, message: Message) -> bool {
        if self.is_full(channel) {
            return false;
        }
        self.channels.messages[channel].push_back(message);
        self.wake_first(Queue::Receivers(channel));
        for number in 0..self.loops.len() {
            if self.sleeps_in_poll(number, channel, false) {
                self.wake_first(Queue::Poll(number));
            }
        }
        true
    }

    /// Every user sets its first alarm.
    pub fn set_alarms(&mut self) {
        for user in 0..self.channels.users.len() {
            let first = match &self.model.clients[self.channels.users[user].client].arrivals {
                Arrivals::Closed { .. } => self.now,
                Arrivals::Open { between } => {
                    self.now + between.sample(&mut self.channels.users[user].stream)
                }
            };
            self.agenda.set(Kind::Alarm, user, first);
        }
    }

    /// Alarms are those of users, and after them those of tasks.
    pub fn alarm_has_come(&mut self, alarm: usize) {
        if alarm < self.channels.users.len() {
            return self.user_sends(alarm);
        }
        let task = alarm - self.channels.users.len();
        self.comes_from_outside(self.answers_of(self.model.threads.len() + task), Message::Statement);
    }

    fn user_sends(&mut self, user: usize) {
        let number = self.channels.users[user].client;
        let client = &self.model.clients[number];
        match &mut self.channels.left[number] {
            Some(0) => return,
            Some(left) => *left -= 1,
            None => {}
        }
        if !self.comes_from_outside(client.channel, Message::Request(user, self.now)) {
            self.request_is_over(user);
        }
        if let Arrivals::Open { between } = &client.arrivals {
            let next = between.sample(&mut self.channels.users[user].stream);
            self.agenda.set(Kind::Alarm, user, self.now + next);
        }
    }

    fn request_is_over(&mut self, user: usize) {
        let client = self.channels.users[user].client;
        self.channels.over[client] += 1;
        if let Arrivals::Closed { think, .. } = &self.model.clients[client].arrivals {
            let thinks = think.sample(&mut self.channels.users[user].stream);
            self.agenda.set(Kind::Alarm, user, self.now + thinks);
        }
    }

    /// Whether there are clients that count their requests, and all of these are over.
    pub fn all_requests_are_over(&self) -> bool {
        let counted = self.model.clients.iter().zip(&self.channels.over);
        let mut counted = counted.filter_map(|(client, over)| Some((client.requests?, *over))).peekable();
        counted.peek().is_some() && counted.all(|(requests, over)| over >= requests)
    }
}
