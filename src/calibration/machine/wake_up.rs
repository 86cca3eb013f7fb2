//! Wake-ups: from the call that wakes a thread until that thread executes, and how long the call keeps its caller.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::thread::futex;

use crate::calibration::figures::Record;
use crate::calibration::machine::cores::{Cores, beside_a_computation, bind};
use crate::calibration::{Effort, Quantity};

/// So long is a core left idle until it may sleep deeply.
const PAUSE: Duration = Duration::from_millis(2);

/// Measures one batch.
pub(super) fn measure(cores: Cores, effort: Effort, record: &mut Record) {
    let near = ping_pong([cores.first; 2], effort.size(1000), Duration::ZERO);
    record.add(Quantity::WakeOnSameCore, near.one_way);
    let Some(second) = cores.second else { return };
    let far = [cores.first, second];
    let idle = ping_pong(far, effort.size(150), Duration::ZERO);
    record.add(Quantity::WakeOnIdleCore, idle.one_way);
    record.add(Quantity::PostToIdleCore, idle.posts);
    let deep = ping_pong(far, effort.size(20), PAUSE);
    record.add(Quantity::WakeOnDeepIdleCore, deep.one_way);
    record.add(Quantity::PostToDeepIdleCore, deep.posts);
    let busy = beside_a_computation(second, || ping_pong(far, effort.size(20), PAUSE));
    record.add(Quantity::WakeOnBusyCore, busy.one_way);
    record.add(Quantity::PostToBusyCore, busy.posts);
}

/// What a game of ping-pong measures, in nanoseconds.
struct PingPong {
    /// From before each post until the other thread executes.
    one_way: Vec<f64>,
    /// From before each post until its end.
    posts: Vec<f64>,
}

/// Two threads, each on its core, wake each other in turn; the first computes for `pause` before each of its posts.
fn ping_pong(cores: [usize; 2], rounds: usize, pause: Duration) -> PingPong {
    let [ping, pong] = [Semaphore::default(), Semaphore::default()];
    let posted = AtomicU64::new(0);
    let start = Instant::now();
    let now = || start.elapsed().as_nanos() as u64;
    std::thread::scope(|scope| {
        let waker = scope.spawn(|| {
            bind(cores[0]);
            let mut posts = Vec::with_capacity(rounds);
            for _ in 0..rounds {
                compute(pause);
                let before = now();
                posted.store(before, Ordering::Relaxed);
                ping.post();
                posts.push((now() - before) as f64);
                pong.wait();
            }
            posts
        });
        let sleeper = scope.spawn(|| {
            bind(cores[1]);
            let mut one_way = Vec::with_capacity(rounds);
            for _ in 0..rounds {
                ping.wait();
                one_way.push(now().saturating_sub(posted.load(Ordering::Relaxed)) as f64);
                pong.post();
            }
            one_way
        });
        let measured = |outcome: std::thread::Result<Vec<f64>>| {
            outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        PingPong { one_way: measured(sleeper.join()), posts: measured(waker.join()) }
    })
}

fn compute(span: Duration) {
    let start = Instant::now();
    while start.elapsed() < span {
        std::hint::spin_loop();
    }
}

/// A semaphore whose post always makes the waking call, as one does while somebody waits.
#[derive(Default)]
struct Semaphore(AtomicU32);

impl Semaphore {
    fn post(&self) {
        self.0.fetch_add(1, Ordering::Release);
        // The call can fail only for a word that is not there.
        let _ = futex::wake(&self.0, futex::Flags::PRIVATE, 1);
    }

    fn wait(&self) {
        while self.0.fetch_update(Ordering::Acquire, Ordering::Relaxed, |value| value.checked_sub(1)).is_err()
        {
            // Returns early when there was a post meanwhile, or a signal: then the value is looked at again.
            let _ = futex::wait(&self.0, futex::Flags::PRIVATE, 0, None);
        }
    }
}
