//! Cores to measure on, and threads that are bound to them.

use std::sync::atomic::{AtomicBool, Ordering};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::calibration::CalibrationError;

/// The cores that measuring threads are bound to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cores {
    /// How many the program may use.
    pub count: usize,
    /// The one that most is measured on.
    pub first: usize,
    /// Another one, if there is one.
    pub second: Option<usize>,
}

impl Cores {
    /// The cores that the program may use. The second is not the first's sibling on one physical core, if that can be
    /// had: siblings wake each other and slow each other down as no two cores do.
    pub fn find() -> Result<Cores, CalibrationError> {
        let refused = |error: rustix::io::Errno| CalibrationError::Cores(error.to_string());
        let set = sched_getaffinity(None).map_err(refused)?;
        let usable: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|core| set.is_set(*core)).collect();
        let Some((first, others)) = usable.split_first() else {
            return Err(CalibrationError::Cores("there is none to use".to_owned()));
        };
        let siblings = siblings_of(*first);
        let apart = others.iter().find(|core| !siblings.contains(core));
        let cores = Cores { count: usable.len(), first: *first, second: apart.or(others.first()).copied() };
        let allowed = std::thread::scope(|scope| {
            let tests =
                [Some(cores.first), cores.second].map(|core| scope.spawn(move || core.map(try_to_bind)));
            tests.into_iter().filter_map(|test| test.join().ok().flatten()).collect::<Result<(), _>>()
        });
        allowed.map_err(refused)?;
        Ok(cores)
    }
}

/// Binds the calling thread to a core that [`Cores::find`] has found to be usable.
pub(super) fn bind(core: usize) {
    // Should the core have gone meanwhile, the thread runs elsewhere, and the spread shows it.
    let _ = try_to_bind(core);
}

fn try_to_bind(core: usize) -> rustix::io::Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set)
}

/// Does `work` in a new thread on a core, and returns what comes of it.
pub(super) fn on_core<T: Send>(core: usize, work: impl FnOnce() -> T + Send) -> T {
    let outcome = std::thread::scope(|scope| {
        let worker = scope.spawn(move || {
            bind(core);
            work()
        });
        worker.join()
    });
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Does `work` while another thread computes on `core`.
pub(super) fn beside_a_computation<T>(core: usize, work: impl FnOnce() -> T) -> T {
    let enough = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            bind(core);
            while !enough.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        });
        let outcome = work();
        enough.store(true, Ordering::Relaxed);
        outcome
    })
}

/// The hardware threads on the physical core of `core`, itself included, as far as the system tells: `0,4` or `0-1`.
fn siblings_of(core: usize) -> Vec<usize> {
    let path = format!("/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list");
    let Ok(list) = std::fs::read_to_string(path) else { return vec![core] };
    list.trim().split(',').flat_map(range).collect()
}

fn range(text: &str) -> Vec<usize> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) => (first..=last).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_siblings_has_numbers_and_ranges() {
        assert_eq!(range("3"), [3]);
        assert_eq!(range("0-2"), [0, 1, 2]);
        assert!(range("x").is_empty());
    }

    #[test]
    fn a_core_is_found() {
        let cores = Cores::find().unwrap();
        assert!(cores.count >= 1);
        assert_ne!(cores.second, Some(cores.first));
    }
}
