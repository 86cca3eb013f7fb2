//! What things cost: each cost with the random stream it is drawn from.

use crate::des::random::Purpose;
use crate::des::{Distribution, Draws, Span, Stream};
use crate::os::machine::{BirthCosts, Interruption, Machine};
use crate::os::sync::Selector;

/// A cost and the draws it is taken from.
#[derive(Clone, Debug, Hash)]
pub(super) struct Price(Draws);

impl Price {
    pub fn new(distribution: &Distribution, seed: u64, purpose: Purpose, index: u64) -> Price {
        Price(Draws::new(distribution.clone(), Stream::new(seed, purpose, index)))
    }

    #[inline]
    pub fn draw(&mut self) -> Span {
        self.0.draw()
    }
}

/// What the stages of a thread or a process cost.
#[derive(Clone, Debug, Hash)]
pub(super) struct BirthPrices {
    pub start: Price,
    pub begin: Price,
    pub end: Price,
}

impl BirthPrices {
    fn new(costs: &BirthCosts, seed: u64, streams: [u64; 3]) -> BirthPrices {
        let price = |cost, stage: usize| Price::new(cost, seed, Purpose::Birth, streams[stage]);
        BirthPrices {
            start: price(&costs.start, 0),
            begin: price(&costs.begin, 1),
            end: price(&costs.end, 2),
        }
    }
}

/// When the processor is taken away, and for how long.
#[derive(Clone, Debug, Hash)]
pub(super) struct InterruptionPrices {
    every: Price,
    length: Price,
    /// From when a core is at work until the first.
    pub rest: Rest,
}

/// From one interruption to the next it takes this at least, or a simulation would get nowhere.
const SHORTEST_DISTANCE: Span = Span::from_micros(1);

impl InterruptionPrices {
    fn new(interruption: &Interruption, seed: u64) -> InterruptionPrices {
        let price = |distribution, index| Price::new(distribution, seed, Purpose::Interruption, index);
        InterruptionPrices {
            every: price(&interruption.every, 0),
            length: price(&interruption.length, 1),
            rest: Rest {
                whole: price(&interruption.every, 2),
                part: price(&Distribution::Uniform { low: Span::ZERO, high: WHOLE }, 3),
            },
        }
    }

    /// The length of one, and the distance from its beginning to that of the next.
    #[inline]
    pub fn draw(&mut self) -> (Span, Span) {
        (self.length.draw(), self.every.draw().max(SHORTEST_DISTANCE))
    }
}

/// What is left of a time of which any part may have passed.
#[derive(Clone, Debug, Hash)]
pub(super) struct Rest {
    whole: Price,
    part: Price,
}

/// A part of nearly this is nearly the whole: a number with as many bits as a fraction has.
const WHOLE: Span = Span::from_picos((1 << 53) - 1);

impl Rest {
    pub fn draw(&mut self) -> Span {
        let whole = self.whole.draw().picos();
        let part = self.part.draw().picos() as f64 * (1.0 / (1_u64 << 53) as f64);
        Span::from_picos((whole as f64 * part) as u64)
    }
}

#[derive(Clone, Debug, Hash)]
pub(super) struct Prices {
    pub context_switch: Price,
    pub queueing: Price,
    pub falling_asleep: Price,
    pub timer_change: Option<Price>,
    pub clock_tick: Price,
    pub interruption: Option<InterruptionPrices>,
    pub system_call: Price,
    pub wake_sleeper: Price,
    pub wake_no_sleeper: Price,
    pub wake_other_core: Price,
    pub wake_interrupt: Price,
    pub wake_latency_busy: Price,
    pub wake_latency_just_idle: Price,
    pub from_polling: Price,
    pub from_halted: Price,
    pub going_idle: Price,
    pub polls_after: Span,
    pub just_idle_for: Span,
    pub wake_latency_idle: Price,
    pub wake_latency_deep: Price,
    pub deep_idle_after: Span,
    pub timer_lateness: Price,
    pub lock_operation: Price,
    pub atomic_operation: Price,
    pub clock_read: Price,
    pub migration: Price,
    pub cache_line: Price,
    pub line_kept: Price,
    pub atomic_update: Span,
    pub moved_instruction: Price,
    pub thread: BirthPrices,
    pub fork: BirthPrices,
    pub spawn: BirthPrices,
    pub channel_send: Price,
    pub channel_receive: Price,
    pub select_descriptor: Price,
    pub poll_descriptor: Price,
    pub large_allocation: Price,
}

impl Prices {
    pub fn new(machine: &Machine, seed: u64) -> Prices {
        let costs = &machine.costs;
        Prices {
            context_switch: Price::new(&costs.context_switch, seed, Purpose::ContextSwitch, 0),
            queueing: Price::new(&costs.queueing, seed, Purpose::ContextSwitch, 6),
            falling_asleep: Price::new(&costs.falling_asleep, seed, Purpose::ContextSwitch, 1),
            timer_change: (costs.timer_change != Distribution::ZERO)
                .then(|| Price::new(&costs.timer_change, seed, Purpose::ContextSwitch, 3)),
            clock_tick: Price::new(&costs.clock_tick, seed, Purpose::ContextSwitch, 2),
            interruption: costs.interruption.as_ref().map(|taken| InterruptionPrices::new(taken, seed)),
            system_call: Price::new(&costs.system_call, seed, Purpose::SystemCall, 0),
            wake_sleeper: Price::new(&costs.wake_sleeper, seed, Purpose::WakeCall, 0),
            wake_no_sleeper: Price::new(&costs.wake_no_sleeper, seed, Purpose::WakeCall, 1),
            wake_other_core: Price::new(&costs.wake_other_core, seed, Purpose::WakeCall, 3),
            wake_interrupt: Price::new(&costs.wake_interrupt, seed, Purpose::WakeCall, 2),
            wake_latency_busy: Price::new(&costs.wake_latency_busy, seed, Purpose::WakeLatency, 2),
            wake_latency_just_idle: Price::new(&costs.wake_latency_just_idle, seed, Purpose::WakeLatency, 3),
            from_polling: Price::new(&costs.from_polling, seed, Purpose::ContextSwitch, 4),
            from_halted: Price::new(&costs.from_halted, seed, Purpose::ContextSwitch, 5),
            going_idle: Price::new(&costs.going_idle, seed, Purpose::WakeLatency, 4),
            polls_after: costs.polls_after,
            just_idle_for: costs.just_idle_for,
            wake_latency_idle: Price::new(&costs.wake_latency_idle, seed, Purpose::WakeLatency, 0),
            wake_latency_deep: Price::new(&costs.wake_latency_deep, seed, Purpose::WakeLatency, 1),
            deep_idle_after: costs.deep_idle_after,
            timer_lateness: Price::new(&costs.timer_lateness, seed, Purpose::TimerLateness, 0),
            lock_operation: Price::new(&costs.lock_operation, seed, Purpose::LockOperation, 0),
            atomic_operation: Price::new(&costs.atomic_operation, seed, Purpose::AtomicOperation, 0),
            clock_read: Price::new(&costs.clock_read, seed, Purpose::SystemCall, 1),
            migration: Price::new(&costs.migration, seed, Purpose::Migration, 0),
            moved_instruction: Price::new(&costs.moved_instruction, seed, Purpose::CacheLine, 1),
            cache_line: Price::new(&costs.cache_line, seed, Purpose::CacheLine, 0),
            line_kept: Price::new(&costs.line_kept, seed, Purpose::CacheLine, 2),
            atomic_update: costs.atomic_update,
            thread: BirthPrices::new(&costs.thread, seed, [0, 7, 8]),
            fork: BirthPrices::new(&costs.fork, seed, [1, 2, 3]),
            spawn: BirthPrices::new(&costs.spawn, seed, [4, 5, 6]),
            channel_send: Price::new(&costs.channel_send, seed, Purpose::Channel, 0),
            channel_receive: Price::new(&costs.channel_receive, seed, Purpose::Channel, 1),
            select_descriptor: Price::new(&costs.select_descriptor, seed, Purpose::Channel, 2),
            poll_descriptor: Price::new(&costs.poll_descriptor, seed, Purpose::Channel, 3),
            large_allocation: Price::new(&costs.large_allocation, seed, Purpose::SystemCall, 2),
        }
    }

    /// What it costs to look at so many descriptors.
    pub fn scan(&mut self, selector: Selector, descriptors: u64) -> Span {
        match selector {
            Selector::Select => self.select_descriptor.draw() * descriptors,
            Selector::Poll => self.poll_descriptor.draw() * descriptors,
            Selector::Epoll => Span::ZERO,
        }
    }
}
