//! Random event loops.

use std::ops::Range;

use gilsim::os::sync::Selector;
use gilsim::python::event_loop::{Await, LoopKind};
use gilsim::python::program::{Program, Step};
use gilsim::python::stretch::Stretch;
use gilsim::sim::LoopSpec;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::generator::cost;
use crate::programs::{CHANNELS, Node, calling, compiled, program_of, run, server_of, talking, waiting};

/// How many semaphores each loop has.
const SEMAPHORES: usize = 2;

/// An event loop whose tasks have no programs yet, and those programs.
pub type Draft = (LoopSpec, Vec<Vec<Node>>);

/// The loops of a model, mostly none.
pub fn loops() -> impl Strategy<Value = Vec<Draft>> {
    prop_oneof![7 => Just(Vec::new()), 3 => vec(event_loop(), 1..=1), 2 => vec(event_loop(), 1..=3)]
}

fn event_loop() -> impl Strategy<Value = Draft> {
    let kind = prop::sample::select(vec![LoopKind::Asyncio, LoopKind::Gevent]);
    let selector = prop::sample::select(vec![Selector::Epoll, Selector::Select, Selector::Poll]);
    (kind, selector, 0..4_u64, vec(0..3_u64, SEMAPHORES), vec(task().boxed(), 1..=4)).prop_map(
        |(kind, selector, idle_descriptors, semaphores, tasks)| {
            (LoopSpec { kind, selector, idle_descriptors, tasks: Vec::new(), semaphores }, tasks)
        },
    )
}

fn task() -> impl Strategy<Value = Vec<Node>> {
    let plain = program_of(prop_oneof![1 => run(), 1 => awaiting()].boxed());
    let does_all = prop_oneof![
        2 => run(),
        1 => waiting().prop_map(Node::Step),
        1 => talking(),
        1 => calling(),
        1 => library(),
        5 => awaiting(),
    ];
    let serves = (0..CHANNELS, awaiting()).prop_flat_map(|(channel, waits)| {
        let (receive, reply) = (Await::Receive { channel }, Await::Reply { channel });
        server_of(Step::Await(receive), waits, Step::Await(reply))
    });
    prop_oneof![
        4 => plain,
        3 => program_of(does_all.boxed()),
        2 => serves.prop_map(|server| vec![server]),
        3 => vec(contending(), 1..5),
    ]
}

/// What lets several tasks wait for the same.
fn contending() -> impl Strategy<Value = Node> {
    let talk = vec![Await::Receive { channel: 0 }, Await::Send { channel: 0, asks: false }];
    let talk = prop::sample::select(talk).prop_map(|what| Node::Step(Step::Await(what)));
    prop_oneof![2 => section(0..1), 1 => talk]
}

/// Something short within a semaphore.
fn section(semaphores: Range<usize>) -> impl Strategy<Value = Node> {
    (semaphores, vec(short(), 0..3)).prop_map(|(semaphore, body)| {
        Node::Within(Step::Await(Await::Take { semaphore }), Step::Give { semaphore }, body)
    })
}

fn short() -> impl Strategy<Value = Node> + Clone {
    let sleep = cost(100).prop_map(|span| Node::Step(Step::Await(Await::Sleep { span })));
    prop_oneof![run().boxed(), sleep.boxed()]
}

fn library() -> impl Strategy<Value = Node> {
    (0..100_u64).prop_map(|instructions| Node::Step(Step::Library { instructions }))
}

fn awaiting() -> impl Strategy<Value = Node> {
    let one = prop_oneof![
        3 => cost(200).prop_map(|span| Await::Sleep { span }),
        1 => (0..CHANNELS).prop_map(|channel| Await::Receive { channel }),
        2 => (0..CHANNELS).prop_map(|channel| Await::Send { channel, asks: false }),
        1 => (0..CHANNELS).prop_map(|channel| Await::Reply { channel }),
        2 => (cost(20), cost(200)).prop_map(|(work, wait)| Await::Io { work, wait }),
    ];
    let one = one.prop_map(|what| Node::Step(Step::Await(what)));
    // Input and output comes through the same channel as the answer.
    let io = (cost(20), cost(200)).prop_map(|(work, wait)| Node::Step(Step::Await(Await::Io { work, wait })));
    let meanwhile = prop_oneof![3 => short(), 1 => io];
    let request = (0..CHANNELS, any::<bool>(), vec(meanwhile, 0..2)).prop_map(|(channel, measured, body)| {
        let send = Step::Await(Await::Send { channel, asks: true });
        Node::Within(send, Step::Await(Await::Answer { latency: measured.then_some(channel) }), body)
    });
    let alone = (0..SEMAPHORES, any::<bool>()).prop_map(|(semaphore, gives)| {
        Node::Step(if gives { Step::Give { semaphore } } else { Step::Await(Await::Take { semaphore }) })
    });
    prop_oneof![9 => one, 3 => request, 3 => section(0..SEMAPHORES), 1 => alone]
}

/// The loops of a model with so many threads, whose tasks have their programs after the others.
pub fn with_programs(
    drafts: Vec<Draft>,
    programs: &mut Vec<Program>,
    stretches: &[Stretch],
    threads: usize,
) -> Vec<LoopSpec> {
    let mut with_tasks = |(spec, tasks): Draft| {
        let first = programs.len();
        programs.extend(tasks.iter().map(|nodes| compiled(nodes, stretches, threads)));
        LoopSpec { tasks: (first..programs.len()).collect(), ..spec }
    };
    drafts.into_iter().take(threads).map(&mut with_tasks).collect()
}
