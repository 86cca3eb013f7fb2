//! Messages: channels between threads, users outside the machine, and how long answers take.

use super::{Engine, Model};
use crate::des::random::Purpose;
use crate::des::{Span, Stream, Time};
use crate::os::ThreadId;
use crate::os::sync::{Asker, ChannelId, DeviceId, Message, Objects, Outcome, Parcel, Request};
use crate::sim::latency::Latency;
use crate::sim::model::Arrivals;
use crate::trace::Observer;

/// What it means for a thread that its request to the kernel has been carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Traffic {
    /// Nothing more.
    None,
    /// It has received a message.
    Receiving {
        /// The channel it came through.
        channel: usize,
    },
    /// It has answered a user.
    Answering(Message),
    /// It has been answered.
    Asking {
        /// Which latency is measured.
        latency: usize,
    },
    /// It has tried to receive.
    Trying,
    /// It has tried to send.
    TryingToSend,
    /// What it has asked outside the machine is answered after so long.
    AnsweredIn(Span),
}

/// A user outside the machine.
#[derive(Clone, Debug)]
struct User {
    client: usize,
    stream: Stream,
}

/// What threads communicate through, the users outside, and the latencies that are measured.
#[derive(Clone, Debug)]
pub(super) struct Outside {
    pub channels: Vec<ChannelId>,
    pub devices: Vec<DeviceId>,
    /// For each routine, the channel through which it is answered, and when it asked.
    pub answers: Vec<ChannelId>,
    pub asked: Vec<Time>,
    users: Vec<User>,
    /// For each client, how many requests may still be sent, and how many are to be answered; `None` for no end.
    unsent: Vec<Option<u64>>,
    unanswered: Vec<Option<u64>>,
    /// For each routine and latency, since when a request has been going on.
    marks: Vec<Vec<Option<Time>>>,
    latencies: Vec<Latency>,
}

impl Outside {
    pub fn new(model: &Model, seed: u64, objects: &mut Objects) -> Outside {
        let channels = model.channels.iter().map(|capacity| objects.new_channel(*capacity)).collect();
        let devices = model.devices.iter();
        let devices = devices.map(|device| objects.new_device(device.servers, device.boost)).collect();
        let routines = model.threads.len() + model.tasks();
        let answers = (0..routines).map(|_| objects.new_channel(1)).collect();
        let mut users = Vec::new();
        for (client, spec) in model.clients.iter().enumerate() {
            for _ in 0..spec.users() {
                users.push(User { client, stream: Stream::new(seed, Purpose::User, users.len() as u64) });
            }
        }
        Outside {
            channels,
            devices,
            answers,
            asked: vec![Time::ZERO; routines],
            users,
            unsent: model.clients.iter().map(|client| client.requests).collect(),
            unanswered: model.clients.iter().map(|client| client.requests).collect(),
            marks: vec![vec![None; model.latencies]; routines],
            latencies: (0..model.latencies).map(|_| Latency::default()).collect(),
        }
    }

    /// Whether there are users whose requests come to an end, and all of them have been answered.
    pub fn all_answered(&self) -> bool {
        let mut ending = self.unanswered.iter().flatten().peekable();
        ending.peek().is_some() && ending.all(|left| *left == 0)
    }

    /// How many users there are.
    pub fn users(&self) -> usize {
        self.users.len()
    }

    pub fn into_latencies(self) -> Vec<Latency> {
        self.latencies
    }
}

impl<O: Observer> Engine<'_, O> {
    /// Sends a message; a thread that asks remembers when.
    pub(super) fn send(&mut self, thread: ThreadId, channel: usize, asks: bool, parcel: Parcel) -> bool {
        let now = self.kernel.now();
        let routine = self.threads[thread].routine.number;
        let asker = if asks { Asker::Routine(routine) } else { Asker::Nobody };
        self.outside.asked[routine] = now;
        let message = Message { sent: now, asker, parcel };
        let request = Request::Send(self.outside.channels[channel], message);
        self.without_lock(thread, request)
    }

    /// Answers the message that the thread received last from the channel; an answer that nobody awaits goes out of the machine.
    pub(super) fn reply(&mut self, thread: ThreadId, channel: usize) -> bool {
        let request = match self.answer_to(thread, channel) {
            Ok((channel, answer)) => Request::Send(channel, answer),
            Err(request) => request,
        };
        self.without_lock(thread, request)
    }

    /// The answer to what was received last from a channel, and where it goes; the request that sends it out of the
    /// machine if it goes there.
    pub(super) fn answer_to(
        &mut self,
        thread: ThreadId,
        channel: usize,
    ) -> Result<(ChannelId, Message), Request> {
        let now = self.kernel.now();
        match self.threads[thread].routine.received[channel].take() {
            Some(Message { asker: Asker::Routine(asker), .. }) => Ok((
                self.outside.answers[asker],
                Message { sent: now, asker: Asker::Nobody, parcel: Parcel::default() },
            )),
            Some(message @ Message { asker: Asker::User(_), .. }) => {
                self.threads[thread].routine.traffic = Traffic::Answering(message);
                Err(Request::SendAway)
            }
            _ => Err(Request::SendAway),
        }
    }

    /// Waits for the answer to what the thread asked.
    pub(super) fn await_reply(&mut self, thread: ThreadId, latency: usize) -> bool {
        self.threads[thread].routine.traffic = Traffic::Asking { latency };
        let request = Request::Receive(self.outside.answers[self.threads[thread].routine.number]);
        self.without_lock(thread, request)
    }

    /// The thread's request to the kernel has been carried out.
    pub(super) fn traffic_ended(&mut self, thread: ThreadId, outcome: Outcome) {
        match std::mem::replace(&mut self.threads[thread].routine.traffic, Traffic::None) {
            Traffic::None => {}
            Traffic::Receiving { channel } => {
                let message = self.kernel.objects().received(thread);
                self.threads[thread].routine.received[channel] = Some(message);
                self.threads[thread].unpickle = message.parcel.unpickle;
            }
            Traffic::Answering(message) => self.user_answered(message),
            Traffic::Asking { latency } => {
                let asked = self.outside.asked[self.threads[thread].routine.number];
                self.measured(latency, asked);
            }
            traffic @ (Traffic::Trying | Traffic::TryingToSend) => self.has_tried(thread, traffic, outcome),
            Traffic::AnsweredIn(wait) => {
                let task = self.threads[thread].routine.number - self.threads.len();
                self.kernel.set_alarm(self.outside.users.len() + task, wait);
            }
        }
    }

    pub(super) fn begin_mark(&mut self, thread: ThreadId, latency: usize) {
        let routine = self.threads[thread].routine.number;
        self.outside.marks[routine][latency] = Some(self.kernel.now());
    }

    pub(super) fn end_mark(&mut self, thread: ThreadId, latency: usize) {
        let routine = self.threads[thread].routine.number;
        if let Some(begin) = self.outside.marks[routine][latency].take() {
            self.measured(latency, begin);
        }
    }

    pub(super) fn measured(&mut self, latency: usize, since: Time) {
        let lasted = self.kernel.now().since(since);
        self.outside.latencies[latency].record(lasted);
    }

    /// The run begins: users in a closed loop send their first request, others wait for the first time.
    pub(super) fn users_begin(&mut self) {
        for user in 0..self.outside.users.len() {
            let model = self.model;
            let wait = match &model.clients[self.outside.users[user].client].arrivals {
                Arrivals::Closed { .. } => Span::ZERO,
                Arrivals::Open { between } => between.sample(&mut self.outside.users[user].stream),
            };
            self.kernel.set_alarm(user, wait);
        }
    }

    /// The alarm of a user has come: it sends a request, if there is one left.
    ///
    /// Beyond the users, tasks have alarms: what they wait for from outside has come.
    pub(super) fn user_acts(&mut self, user: usize) {
        if let Some(task) = user.checked_sub(self.outside.users.len()) {
            let sent = self.kernel.now();
            let answer = Message { sent, asker: Asker::Nobody, parcel: Parcel::default() };
            let channel = self.outside.answers[self.threads.len() + task];
            self.kernel.deliver(channel, answer);
            return;
        }
        let client = self.outside.users[user].client;
        if let Some(left) = &mut self.outside.unsent[client] {
            if *left == 0 {
                return;
            }
            *left -= 1;
        }
        let model = self.model;
        let spec = &model.clients[client];
        let (sent, asker) = (self.kernel.now(), Asker::User(user));
        let message = Message { sent, asker, parcel: Parcel::default() };
        let arrived = self.kernel.deliver(self.outside.channels[spec.channel], message);
        if !arrived {
            self.request_over(client);
        }
        match &spec.arrivals {
            Arrivals::Open { between } => {
                let wait = between.sample(&mut self.outside.users[user].stream);
                self.kernel.set_alarm(user, wait);
            }
            Arrivals::Closed { .. } if !arrived => self.think(user),
            Arrivals::Closed { .. } => {}
        }
    }

    fn user_answered(&mut self, message: Message) {
        let Asker::User(user) = message.asker else { return };
        let client = self.outside.users[user].client;
        self.measured(self.model.clients[client].latency, message.sent);
        self.request_over(client);
        self.think(user);
    }

    /// A user in a closed loop thinks before it sends its next request.
    fn think(&mut self, user: usize) {
        let model = self.model;
        let client = self.outside.users[user].client;
        if let Arrivals::Closed { think, .. } = &model.clients[client].arrivals {
            let span = think.sample(&mut self.outside.users[user].stream);
            self.kernel.set_alarm(user, span);
        }
    }

    fn request_over(&mut self, client: usize) {
        if let Some(left) = &mut self.outside.unanswered[client] {
            *left = left.saturating_sub(1);
        }
        if self.outside.all_answered() {
            // The run ends with this turn.
            self.kernel.may_run_ahead(self.kernel.now());
        }
    }
}
