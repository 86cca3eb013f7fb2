//! The auto-reset event of Windows (`SetEvent`, `WaitForSingleObject`): setting it lets exactly one waiter pass, in
//! the order of their arrival; set with no waiter, it stays set for the next to come. Both always enter the kernel.

use super::{EventId, Next, Objects, Outcome, Phase, QueueId, WaitQueues};

#[derive(Clone, Debug, Hash)]
pub(super) struct Event {
    set: bool,
    sleepers: QueueId,
}

impl Event {
    pub fn new(queues: &mut WaitQueues) -> Event {
        Event { set: false, sleepers: queues.add() }
    }
}

pub(super) fn wait(objects: &mut Objects, id: EventId, phase: Phase) -> Next {
    let event = &mut objects.events[id.0];
    match phase {
        Phase::FallAsleep if event.set => {
            event.set = false;
            Next::Done(Outcome::Done)
        }
        Phase::FallAsleep => {
            Next::Sleep { queue: Some(event.sleepers), timeout: None, woken: None, then: Phase::Finish }
        }
        Phase::Finish => Next::Done(Outcome::Done),
        _ => Next::SystemCall(Phase::FallAsleep),
    }
}

pub(super) fn set(objects: &mut Objects, id: EventId, phase: Phase) -> Next {
    let event = &mut objects.events[id.0];
    match phase {
        Phase::Wake => {
            let woken = objects.queues.pop(event.sleepers);
            event.set = woken.is_none();
            Next::Waking(woken, Phase::Finish)
        }
        Phase::Finish => Next::Done(Outcome::Done),
        _ => Next::SystemCall(Phase::Wake),
    }
}
