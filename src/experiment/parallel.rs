//! Work on several cores at once, with an outcome that does not depend on how many there are.

use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

/// How many things this machine can do at a time.
pub fn available() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// Does `work` for every number below `count`, up to `threads` at a time, and hands each outcome to `take` as soon as
/// it is there, in no particular order. Once `take` breaks, no more work is begun.
///
/// # Panics
/// If `work` does.
pub fn for_each<T: Send>(
    count: usize,
    threads: usize,
    work: impl Fn(usize) -> T + Sync,
    mut take: impl FnMut(usize, T) -> ControlFlow<()>,
) {
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let (sender, outcomes) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, count.max(1)) {
            let (sender, next, stop, work) = (sender.clone(), &next, &stop, &work);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count || sender.send((index, work(index))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for (index, outcome) in outcomes {
            if take(index, outcome).is_break() {
                stop.store(true, Ordering::Relaxed);
                break;
            }
        }
    });
}

/// The outcome of `work` for every number below `count`, in order.
pub fn map<T: Send>(count: usize, threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let mut outcomes: Vec<Option<T>> = (0..count).map(|_| None).collect();
    for_each(count, threads, work, |index, outcome| {
        outcomes[index] = Some(outcome);
        ControlFlow::Continue(())
    });
    outcomes.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_in_order_however_many_threads_there_are() {
        for threads in [0, 1, 3, 100] {
            assert_eq!(map(10, threads, |index| index * index), [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]);
        }
        assert!(map(0, 4, |index| index).is_empty());
    }

    #[test]
    fn no_more_work_is_begun_once_somebody_has_had_enough() {
        let done = AtomicUsize::new(0);
        let work = |_| done.fetch_add(1, Ordering::Relaxed);
        let mut taken = 0;
        for_each(1_000_000, 2, work, |_, _| {
            taken += 1;
            if taken == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(taken, 5);
        assert!(done.into_inner() < 1_000_000);
    }
}
