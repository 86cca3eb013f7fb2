//! Wake-ups: from the call that wakes a thread until that thread executes, and how long the call keeps its caller.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::thread::futex;

use crate::calibration::figures::Record;
use crate::calibration::machine::cores::{Cores, beside_a_computation, bind};
use crate::calibration::{Effort, Quantity};

/// So long is a core left idle until it may sleep deeply.
const PAUSE: Duration = Duration::from_millis(2);
/// Who is woken this much later, in nanoseconds, has not displaced the other thread but waited for its time slice to end.
const SLICE: f64 = 300_000.0;
/// So many of a hundred posts must displace the waker for them to count.
const FEW: usize = 5;

/// Measures one batch.
pub(super) fn measure(cores: Cores, effort: Effort, record: &mut Record) {
    near(cores.first, effort, record);
    let Some(second) = cores.second else { return };
    let far = [cores.first, second];
    let idle = ping_pong(far, effort.size(150), Duration::ZERO);
    record.add(Quantity::WakeOnIdleCore, idle.one_way);
    record.add(Quantity::PostToIdleCore, idle.posts);
    let deep = ping_pong(far, effort.size(20), PAUSE);
    record.add(Quantity::WakeOnDeepIdleCore, deep.one_way);
    record.add(Quantity::PostToDeepIdleCore, deep.posts);
    let busy = beside_a_computation(second, || ping_pong(far, effort.size(20), PAUSE));
    record.add(Quantity::WakeOnBusyCore, busy.one_way.into_iter().filter(|nanos| *nanos < SLICE).collect());
    record.add(Quantity::PostToBusyCore, busy.posts);
}

/// On one core, the kernel lets who is woken displace its waker, or waits until that one sleeps: now this, now that.
/// Only the first way tells a wake-up from falling asleep. Its post lasts until the other has executed.
fn near(core: usize, effort: Effort, record: &mut Record) {
    let game = ping_pong([core; 2], effort.size(1000), Duration::ZERO);
    let rounds = game.posts.iter().zip(game.one_way).zip(game.round_trips);
    let displaced = rounds.filter(|((post, one_way), _)| *post > one_way);
    let (one_way, both_ways): (Vec<f64>, Vec<f64>) =
        displaced.map(|((_, one_way), round_trip)| (one_way, round_trip)).unzip();
    // A few such rounds may have another cause, such as a clock tick at the end of a post.
    if one_way.len() >= FEW * effort.size(1000) / 100 {
        let answers = both_ways.iter().zip(&one_way).map(|(both, one)| both - one).collect();
        record.add(Quantity::WakeOnSameCore, one_way);
        record.add(Quantity::AnswerOnSameCore, answers);
    }
}

/// What a game of ping-pong measures, in nanoseconds.
struct PingPong {
    /// From before each post until the other thread executes.
    one_way: Vec<f64>,
    /// From before each post until its end.
    posts: Vec<f64>,
    /// From before each post until the other's answer has been taken.
    round_trips: Vec<f64>,
}

/// Two threads, each on its core, wake each other in turn; the first computes for `pause` before each of its posts.
fn ping_pong(cores: [usize; 2], rounds: usize, pause: Duration) -> PingPong {
    let [ping, pong] = [Semaphore::default(), Semaphore::default()];
    let posted = AtomicU64::new(0);
    let start = Instant::now();
    let now = || start.elapsed().as_nanos() as u64;
    let [mut posts, mut round_trips, mut one_way] = [(); 3].map(|()| Vec::with_capacity(rounds));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            bind(cores[0]);
            for _ in 0..rounds {
                compute(pause);
                let before = now();
                posted.store(before, Ordering::Relaxed);
                ping.post();
                posts.push((now() - before) as f64);
                pong.wait();
                round_trips.push((now() - before) as f64);
            }
        });
        scope.spawn(|| {
            bind(cores[1]);
            for _ in 0..rounds {
                ping.wait();
                one_way.push(now().saturating_sub(posted.load(Ordering::Relaxed)) as f64);
                pong.post();
            }
        });
    });
    PingPong { one_way, posts, round_trips }
}

pub(super) fn compute(span: Duration) {
    let start = Instant::now();
    while start.elapsed() < span {
        std::hint::spin_loop();
    }
}

/// A semaphore whose post always makes the waking call, as one does while somebody waits.
#[derive(Default)]
pub(super) struct Semaphore(AtomicU32);

impl Semaphore {
    pub fn post(&self) {
        self.0.fetch_add(1, Ordering::Release);
        // The call can fail only for a word that is not there.
        let _ = futex::wake(&self.0, futex::Flags::PRIVATE, 1);
    }

    pub fn wait(&self) {
        while self.0.fetch_update(Ordering::Acquire, Ordering::Relaxed, |value| value.checked_sub(1)).is_err()
        {
            // Returns early when there was a post meanwhile, or a signal: then the value is looked at again.
            let _ = futex::wait(&self.0, futex::Flags::PRIVATE, 0, None);
        }
    }
}
