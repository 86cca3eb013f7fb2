//! The exceptions that end a thread's program, in Python's own words (`Lib/threading.py`, `Modules/_threadmodule.c`).

/// An exception that nobody catches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exception {
    /// `lock.release()` of a lock that is not held.
    ReleaseUnlocked,
    /// `rlock.release()`, or that of a lock whose holder inherits priorities, by a thread that does not hold it.
    ReleaseUnacquired,
    /// `condition.wait()` by a thread that does not hold the condition's lock.
    WaitUnacquired,
    /// `condition.notify()` by a thread that does not hold the condition's lock.
    NotifyUnacquired,
    /// `semaphore.release()` of a bounded semaphore whose value is its first one.
    ReleasedTooOften,
    /// `thread.start()` of a thread that has been started.
    StartedTwice,
    /// `thread.join()` of a thread that has not been started.
    JoinedBeforeStart,
    /// `thread.join()` of the thread itself.
    JoinedItself,
    /// A signal has interrupted a system call, which is not made again (up to 3.4).
    InterruptedCall,
    /// The handler that Python has for Ctrl-C.
    KeyboardInterrupt,
}

impl Exception {
    /// Its class and its message. `lock_error` is the class of what the module `_thread` raises: `thread.error` in 2.x,
    /// `_thread.error` in 3.0 to 3.2, `RuntimeError` from 3.3 on.
    pub fn words(self, lock_error: &str) -> String {
        let (class, message) = match self {
            Exception::ReleaseUnlocked => (lock_error, "release unlocked lock"),
            Exception::ReleaseUnacquired => ("RuntimeError", "cannot release un-acquired lock"),
            Exception::WaitUnacquired => ("RuntimeError", "cannot wait on un-acquired lock"),
            Exception::NotifyUnacquired => ("RuntimeError", "cannot notify on un-acquired lock"),
            Exception::ReleasedTooOften => ("ValueError", "Semaphore released too many times"),
            Exception::StartedTwice => ("RuntimeError", "threads can only be started once"),
            Exception::JoinedBeforeStart => ("RuntimeError", "cannot join thread before it is started"),
            Exception::JoinedItself => ("RuntimeError", "cannot join current thread"),
            Exception::InterruptedCall => ("IOError", "[Errno 4] Interrupted system call"),
            Exception::KeyboardInterrupt => return "KeyboardInterrupt".to_owned(),
        };
        format!("{class}: {message}")
    }
}
