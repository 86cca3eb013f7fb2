//! A core that has just gone idle. At first it takes an interrupt to tell it of a thread; then, on some machines, it
//! looks for one by itself until it halts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::calibration::figures::Record;
use crate::calibration::machine::context_switch::voluntary_switches;
use crate::calibration::machine::cores::{Cores, bind};
use crate::calibration::machine::wake_up::{Semaphore, compute};
use crate::calibration::statistics::Series;
use crate::calibration::{Effort, Quantity};

/// How long after the sleeper begins to fall asleep it is woken, in nanoseconds.
const DELAYS: [u64; 9] = [500, 750, 1000, 1500, 2000, 3000, 5000, 7000, 10_000];
/// Only after this has the sleeper's core certainly halted, in nanoseconds.
const HALTED: u64 = 300_000;
/// A post that takes at most this share of one to a halted core has interrupted nobody.
const WITHOUT_INTERRUPT: f64 = 0.5;
/// So long does the sleeper compute before it falls asleep again.
const AWAKE: Duration = Duration::from_micros(20);

/// Measures one batch.
pub(super) fn measure(cores: Cores, effort: Effort, record: &mut Record) {
    let Some(second) = cores.second else { return };
    let rounds = effort.size(20);
    let wake = |delay| wake_after(delay, [cores.first, second], rounds);
    let Some(halted) = wake(HALTED).and_then(|wakes| median(&wakes.posts)) else { return };
    let cheap = |wakes: &Wakes| median(&wakes.posts).is_some_and(|post| post <= WITHOUT_INTERRUPT * halted);
    let polled = DELAYS.map(|delay| (delay, wake(delay).filter(cheap)));
    let mut found = polled.into_iter().filter_map(|(delay, wakes)| Some((delay as f64, wakes?))).peekable();
    record.add(Quantity::PollsAfter, found.peek().map(|(delay, _)| *delay).into_iter().collect());
    let mut until = 0.0;
    for (delay, wakes) in found {
        until = delay;
        record.add(Quantity::PostToPollingCore, wakes.posts);
        record.add(Quantity::WakeOnPollingCore, wakes.one_way);
    }
    record.add(Quantity::PollsUntil, vec![until]);
}

fn median(durations: &[f64]) -> Option<f64> {
    let mut series = Series::default();
    series.add(durations.to_vec());
    series.spread().map(|spread| spread.median)
}

/// Wake-ups of a thread on the other core, in nanoseconds.
struct Wakes {
    /// From before each post until its end.
    posts: Vec<f64>,
    /// From before each post until the other thread executes.
    one_way: Vec<f64>,
}

/// Wakes a thread so many times, each time `delay` nanoseconds after it began to fall asleep; nothing if it was not
/// asleep yet in one of five.
fn wake_after(delay: u64, cores: [usize; 2], rounds: usize) -> Option<Wakes> {
    let semaphore = Semaphore::default();
    let [falling, posted] = [AtomicU64::new(0), AtomicU64::new(0)];
    let start = Instant::now();
    let now = || start.elapsed().as_nanos() as u64;
    let (posts, (one_way, slept)) = std::thread::scope(|scope| {
        let sleeper = scope.spawn(|| {
            bind(cores[1]);
            let before = voluntary_switches();
            let wakes = |_| {
                compute(AWAKE);
                falling.store(now(), Ordering::Release);
                semaphore.wait();
                now().saturating_sub(posted.load(Ordering::Relaxed)) as f64
            };
            let one_way: Vec<f64> = (0..rounds).map(wakes).collect();
            (one_way, voluntary_switches().zip(before).map(|(after, before)| after.saturating_sub(before)))
        });
        let waker = scope.spawn(|| {
            bind(cores[0]);
            let mut last = 0;
            let post = |_| {
                let begun = loop {
                    let begun = falling.load(Ordering::Acquire);
                    if begun != last {
                        break begun;
                    }
                    std::hint::spin_loop();
                };
                last = begun;
                while now() < begun + delay {}
                let before = now();
                posted.store(before, Ordering::Relaxed);
                semaphore.post();
                (now() - before) as f64
            };
            (0..rounds).map(post).collect::<Vec<f64>>()
        });
        let posts = waker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (posts, sleeper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    (slept? as f64 >= 0.8 * rounds as f64).then_some(Wakes { posts, one_way })
}
