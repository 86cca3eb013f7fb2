//! A device that serves some requests at a time, such as a disk; the others queue, first in, first out.
//!
//! The device works by itself: what it does next does not wait for the thread it has served to get a core.

use std::collections::VecDeque;

use super::{DeviceId, Next, Objects, Outcome, Phase, Timeout};
use crate::des::Span;
use crate::os::ThreadId;

#[derive(Clone, Debug, Hash)]
pub(super) struct Device {
    /// How many requests it can serve at a time.
    servers: usize,
    /// By how much its driver boosts the priority of a thread that it has served.
    pub boost: u8,
    busy: usize,
    queue: VecDeque<(ThreadId, Span)>,
}

impl Device {
    pub fn new(servers: usize, boost: u8, threads: usize) -> Device {
        Device { servers, boost, busy: 0, queue: VecDeque::with_capacity(threads) }
    }
}

/// Lets the device work for `span` and waits for it; a span of zero need not wait.
pub(super) fn request(
    objects: &mut Objects,
    id: DeviceId,
    span: Span,
    thread: ThreadId,
    phase: Phase,
) -> Next {
    let device = &mut objects.devices[id.0];
    match phase {
        Phase::Begin => Next::SystemCall(Phase::FallAsleep),
        Phase::FallAsleep if span.is_zero() => Next::Done(Outcome::Done),
        Phase::FallAsleep => {
            let timeout = if device.busy < device.servers {
                device.busy += 1;
                Some(Timeout::Service(id, span))
            } else {
                device.queue.push_back((thread, span));
                None
            };
            Next::Sleep { queue: None, timeout, woken: None, then: Phase::Finish }
        }
        _ => Next::Done(Outcome::Done),
    }
}

/// The device has served a request: which is next, and for how long.
pub(super) fn served(objects: &mut Objects, id: DeviceId) -> Option<(ThreadId, Span)> {
    let device = &mut objects.devices[id.0];
    let next = device.queue.pop_front();
    device.busy -= usize::from(next.is_none());
    next
}
