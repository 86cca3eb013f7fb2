//! The objects of `threading` and `queue` in the Python program of a run, and calls of their methods.

use std::fmt::Write;

use crate::python::threading::{Call, Threading};

/// The lines that make the objects. Objects that others are made of in the model have numbers, too: they are made and not
/// used.
pub(super) fn made(threading: &Threading) -> String {
    let rlocks: Vec<usize> = threading.rlocks().collect();
    let lock_of_condition = |lock| match rlocks.iter().position(|own| *own == lock) {
        Some(rlock) => format!("threading.Condition(rlocks[{rlock}])"),
        None => format!("threading.Condition(locks[{lock}])"),
    };
    let semaphore = |(value, is_bounded)| {
        let kind = if is_bounded { "BoundedSemaphore" } else { "Semaphore" };
        format!("threading.{kind}({value})")
    };
    let mut text = String::new();
    let mut list = |name: &str, items: Vec<String>| {
        if !items.is_empty() {
            let _ = writeln!(text, "{name} = [{}]", items.join(", "));
        }
    };
    list("locks", vec!["threading.Lock()".to_owned(); threading.locks()]);
    list("rlocks", vec!["threading.RLock()".to_owned(); rlocks.len()]);
    list("semaphores", threading.semaphores().map(semaphore).collect());
    list("events", vec!["threading.Event()".to_owned(); threading.events()]);
    list("conditions", threading.conditions().map(lock_of_condition).collect());
    list("queues", threading.queues().map(|room| format!("Queue({})", room.unwrap_or(0))).collect());
    list("barriers", threading.barriers().map(|parties| format!("threading.Barrier({parties})")).collect());
    text
}

/// The line that makes a call; `None` for what Python does by itself when a thread begins and ends.
pub(super) fn called(call: Call) -> Option<String> {
    let (object, method) = target(call)?;
    Some(format!("{object}.{method}"))
}

/// The line that begins a `with` whose first call this is.
pub(super) fn entered(call: Call) -> Option<String> {
    let (object, _) = target(call)?;
    Some(format!("with {object}:"))
}

/// The object and the method of a call.
fn target(call: Call) -> Option<(String, &'static str)> {
    let (objects, index, method) = match call {
        Call::Acquire(lock) => ("locks", lock, "acquire()"),
        Call::Release(lock) => ("locks", lock, "release()"),
        Call::RLockAcquire(rlock) => ("rlocks", rlock, "acquire()"),
        Call::RLockRelease(rlock) => ("rlocks", rlock, "release()"),
        Call::SemaphoreAcquire(semaphore) => ("semaphores", semaphore, "acquire()"),
        Call::SemaphoreRelease(semaphore) => ("semaphores", semaphore, "release()"),
        Call::EventSet(event) => ("events", event, "set()"),
        Call::EventClear(event) => ("events", event, "clear()"),
        Call::EventWait(event) => ("events", event, "wait()"),
        Call::ConditionWait(condition) => ("conditions", condition, "wait()"),
        Call::Notify(condition) => ("conditions", condition, "notify()"),
        Call::NotifyAll(condition) => ("conditions", condition, "notify_all()"),
        Call::Put(queue) => ("queues", queue, "put(None)"),
        Call::Get(queue) => ("queues", queue, "get()"),
        Call::BarrierWait(barrier) => ("barriers", barrier, "wait()"),
        Call::Start(thread) => ("threads", thread, "start()"),
        Call::Join(thread) => ("threads", thread, "join()"),
        Call::Begin | Call::End => return None,
    };
    Some((format!("{objects}[{index}]"), method))
}
