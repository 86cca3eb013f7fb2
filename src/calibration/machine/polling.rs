//! A core that has just gone idle. At first it takes an interrupt to tell it of a thread; then, on some machines, it
//! looks for one by itself until it halts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::time::ClockId;

use crate::calibration::figures::Record;
use crate::calibration::machine::context_switch::voluntary_switches;
use crate::calibration::machine::cores::{Cores, bind};
use crate::calibration::machine::system_call::processor_time;
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
    let Some(wakes) = wake(HALTED) else { return };
    let Some(halted) = median(&wakes.posts) else { return };
    record.add(Quantity::SleepOnHaltedCore, wakes.sleeps);
    let cheap = |wakes: &Wakes| median(&wakes.posts).is_some_and(|post| post <= WITHOUT_INTERRUPT * halted);
    let polled = DELAYS.map(|delay| (delay, wake(delay).filter(cheap)));
    let mut found = polled.into_iter().filter_map(|(delay, wakes)| Some((delay as f64, wakes?))).peekable();
    record.add(Quantity::PollsAfter, found.peek().map(|(delay, _)| *delay).into_iter().collect());
    let mut until = 0.0;
    for (delay, wakes) in found {
        until = delay;
        record.add(Quantity::PostToPollingCore, wakes.posts);
        record.add(Quantity::SleepUntilSeen, wakes.asleep);
        record.add(Quantity::SleepOnPollingCore, wakes.sleeps);
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
    /// From when the other thread begins to fall asleep until it executes again.
    asleep: Vec<f64>,
    /// Processor time of the other thread in that.
    sleeps: Vec<f64>,
}

/// Wakes a thread so many times, each time `delay` nanoseconds after it began to fall asleep; nothing if it was not
/// asleep yet in one of five.
fn wake_after(delay: u64, cores: [usize; 2], rounds: usize) -> Option<Wakes> {
    let semaphore = Semaphore::default();
    let falling = AtomicU64::new(0);
    let start = Instant::now();
    let now = || start.elapsed().as_nanos() as u64;
    let (posts, (asleep, sleeps, slept)) = std::thread::scope(|scope| {
        let sleeper = scope.spawn(|| {
            bind(cores[1]);
            let before = voluntary_switches();
            let wakes = |_| {
                compute(AWAKE);
                let used = [(); 2].map(|()| processor_time(ClockId::ThreadCPUTime));
                let begun = now();
                falling.store(begun, Ordering::Release);
                semaphore.wait();
                let asleep = (now() - begun) as f64;
                // To read the clock takes time, too: as long as between the first two readings.
                let sleep = processor_time(ClockId::ThreadCPUTime) - used[1] - (used[1] - used[0]);
                (asleep, sleep.max(0.0))
            };
            let (asleep, sleeps): (Vec<f64>, Vec<f64>) = (0..rounds).map(wakes).unzip();
            (
                asleep,
                sleeps,
                voluntary_switches().zip(before).map(|(after, before)| after.saturating_sub(before)),
            )
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
                semaphore.post();
                (now() - before) as f64
            };
            (0..rounds).map(post).collect::<Vec<f64>>()
        });
        let posts = waker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (posts, sleeper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    (slept? as f64 >= 0.8 * rounds as f64).then_some(Wakes { posts, asleep, sleeps })
}
