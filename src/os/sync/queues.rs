//! Wait queues: who sleeps on what, first come first woken.

use std::hash::{Hash, Hasher};

use crate::os::ThreadId;

/// A wait queue's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QueueId(usize);

/// All wait queues. A thread is in each of them once at most, so no queue is ever longer than there are threads.
#[derive(Clone, Debug)]
pub struct WaitQueues {
    threads: usize,
    queues: Vec<Vec<ThreadId>>,
}

/// Who waits where. Most queues are empty, and a list is otherwise hashed as its bytes, which takes longer.
impl Hash for WaitQueues {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for queue in &self.queues {
            state.write_usize(queue.len());
            queue.iter().for_each(|thread| state.write_usize(*thread));
        }
    }
}

impl WaitQueues {
    /// No queues yet.
    pub(super) fn new(threads: usize) -> WaitQueues {
        WaitQueues { threads, queues: Vec::new() }
    }

    /// A new, empty queue.
    pub(super) fn add(&mut self) -> QueueId {
        self.queues.push(Vec::with_capacity(self.threads));
        QueueId(self.queues.len() - 1)
    }

    /// Puts a thread at the end.
    pub(in crate::os) fn push(&mut self, queue: QueueId, thread: ThreadId) {
        self.queues[queue.0].push(thread);
    }

    /// Takes out the thread that has waited longest.
    pub(super) fn pop(&mut self, queue: QueueId) -> Option<ThreadId> {
        let queue = &mut self.queues[queue.0];
        (!queue.is_empty()).then(|| queue.remove(0))
    }

    /// Takes out the thread that has waited longest of those that `may` be taken.
    pub(super) fn pop_first(&mut self, queue: QueueId, may: impl Fn(ThreadId) -> bool) -> Option<ThreadId> {
        let queue = &mut self.queues[queue.0];
        let position = queue.iter().position(|thread| may(*thread))?;
        Some(queue.remove(position))
    }

    /// Who waits there, who has waited longest first.
    pub(super) fn iter(&self, queue: QueueId) -> impl DoubleEndedIterator<Item = ThreadId> {
        self.queues[queue.0].iter().copied()
    }

    /// Whether nobody waits there.
    pub(super) fn is_empty(&self, queue: QueueId) -> bool {
        self.queues[queue.0].is_empty()
    }

    /// Takes out a thread, wherever it stands.
    pub(in crate::os) fn remove(&mut self, queue: QueueId, thread: ThreadId) {
        self.queues[queue.0].retain(|waiting| *waiting != thread);
    }
}
