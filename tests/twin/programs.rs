//! Random programs, and what they use.

use gilsim::des::{Distribution, Span};
use gilsim::os::sync::Parcel;
use gilsim::python::program::{Handler, Pause, Program, Step};
use gilsim::python::stretch::Stretch;
use gilsim::python::threading::{Call, Threading};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::generator::{cost, span};

/// How many devices and marks programs refer to.
pub const DEVICES: usize = 2;
pub const MARKS: usize = 2;
/// How many channels there are. What is asked through a channel has the latency of its number, and marks come after.
pub const CHANNELS: usize = 2;
/// What is measured of a pause comes after marks.
pub const PAUSES: usize = 2;
pub const PAUSE: Pause = Pause { stopping: CHANNELS + MARKS, whole: CHANNELS + MARKS + 1 };
/// How many shared variables there are.
pub const VARIABLES: usize = 2;
/// How many shared objects are counted.
pub const SHARED: usize = 2;
/// Programs start and join the first of the threads.
const STARTED: usize = 4;

/// The objects of `threading` and `queue` that calls refer to: always as many, with random numbers.
pub fn threading() -> impl Strategy<Value = Threading> {
    (0..3_u64, 0..3_u64, 1..3_u64, 1..4_u64).prop_map(|(value, bound, capacity, parties)| {
        let mut threading = Threading::default();
        threading.add_lock();
        threading.add_lock();
        threading.add_rlock();
        threading.add_condition();
        threading.add_semaphore(value, false);
        threading.add_semaphore(bound, true);
        threading.add_event();
        threading.add_queue(Some(capacity));
        threading.add_queue(None);
        threading.add_barrier(parties);
        threading
    })
}

/// The recursive lock of the condition.
const CONDITION_LOCK: usize = 1;

#[derive(Clone, Debug)]
pub enum Node {
    Run(usize, Span),
    /// Steps that have nothing within them.
    Step(Step),
    /// A question, and waiting for the answer.
    Request(usize),
    /// A load of a variable at one place of a stretch, and a store at another.
    Update {
        stretch: usize,
        places: (usize, usize),
        variable: usize,
        change: i64,
    },
    /// A round of a stretch in which shared objects are counted, each at a place.
    Counts {
        stretch: usize,
        places: Vec<(usize, usize)>,
    },
    /// An operation of C code on a shared object.
    Operation {
        object: usize,
        span: Distribution,
        holds_gil: bool,
    },
    Collection(Distribution),
    /// So many items put into the queue without a limit as tasks of a pool, and as many taken out.
    Pooled(u64),
    /// A body between two steps.
    Within(Step, Step, Vec<Node>),
    /// The same in a `with`.
    With(Call, Call, Vec<Node>),
    Marked(usize, Vec<Node>),
    Loop(Option<u64>, Vec<Node>),
}

pub fn waiting() -> impl Strategy<Value = Step> {
    let io = |(work, wait)| Step::Io { work, wait, device: None };
    let device = |(wait, device)| Step::Io { work: Distribution::ZERO, wait, device: Some(device) };
    prop_oneof![
        2 => cost(200).prop_map(move |wait| io((Distribution::ZERO, wait))),
        2 => cost(200).prop_map(|span| Step::Sleep { span }),
        1 => (cost(20), cost(200)).prop_map(io),
        1 => (cost(200), 0..DEVICES).prop_map(device),
        1 => (cost(100), any::<bool>()).prop_map(|(span, holds_gil)| Step::C { span, holds_gil }),
    ]
}

/// What copying and unpickling take a byte.
pub const COPY: Span = Span::from_nanos(2);
pub const LOADS: Span = Span::from_nanos(3);

/// What so many bytes cost.
fn parcel(bytes: u64) -> Parcel {
    Parcel { copy: COPY * bytes, unpickle: LOADS * bytes }
}

/// What is done with a channel.
pub fn talking() -> impl Strategy<Value = Node> {
    let talk = |channel| {
        let step = prop::sample::select(vec![
            Step::Send { channel, asks: false },
            Step::Receive { channel },
            Step::SendParcel { channel, parcel: parcel(0) },
            Step::SendParcel { channel, parcel: parcel(5_000) },
            Step::Reply { channel },
        ]);
        prop_oneof![3 => step.prop_map(Node::Step), 2 => Just(Node::Request(channel))]
    };
    (0..CHANNELS).prop_flat_map(talk)
}

/// Receives from a channel for ever, works, and mostly answers.
fn server() -> impl Strategy<Value = Node> {
    (0..CHANNELS, waiting()).prop_flat_map(|(channel, waits)| {
        server_of(Step::Receive { channel }, Node::Step(waits), Step::Reply { channel })
    })
}

/// Receives for ever, works, perhaps waits, and mostly answers.
pub fn server_of(receive: Step, waits: Node, reply: Step) -> impl Strategy<Value = Node> {
    (0..2_usize, span(1, 50), any::<bool>(), prop::bool::weighted(0.8)).prop_map(
        move |(stretch, span, does_wait, answers)| {
            let mut body = vec![Node::Step(receive.clone()), Node::Run(stretch, span)];
            body.extend(does_wait.then_some(waits.clone()));
            body.extend(answers.then_some(Node::Step(reply.clone())));
            Node::Loop(None, body)
        },
    )
}

/// A program, mostly a simple one.
pub fn program() -> impl Strategy<Value = Vec<Node>> {
    let plain = program_of(prop_oneof![3 => run(), 2 => waiting().prop_map(Node::Step)].boxed());
    let talks =
        program_of(prop_oneof![3 => run(), 1 => waiting().prop_map(Node::Step), 2 => talking()].boxed());
    let serves = server().prop_map(|server| vec![server]);
    let calls =
        program_of(prop_oneof![2 => run(), 1 => waiting().prop_map(Node::Step), 3 => calling()].boxed());
    let counts = program_of(prop_oneof![1 => run(), 2 => counting(), 3 => operation()].boxed());
    let collects = program_of(
        prop_oneof![4 => run(), 2 => waiting().prop_map(Node::Step), 1 => operation(), 1 => collection()]
            .boxed(),
    );
    prop_oneof![1 => counts.boxed(), 1 => collects.boxed(), 5 => plain.boxed(), 2 => talks.boxed(), 1 => serves.boxed(), 3 => calls.boxed()]
}

pub fn run() -> impl Strategy<Value = Node> {
    (0..2_usize, span(0, 100)).prop_map(|(stretch, span)| Node::Run(stretch, span))
}

/// Rounds in which objects are counted, several times.
fn counting() -> impl Strategy<Value = Node> {
    let round = (0..2_usize, vec((0..4_usize, 0..SHARED), 0..4))
        .prop_map(|(stretch, places)| Node::Counts { stretch, places });
    (1..9_u64, round).prop_map(|(rounds, round)| Node::Loop(Some(rounds), vec![round]))
}

fn collection() -> impl Strategy<Value = Node> {
    cost(100).prop_map(Node::Collection)
}

fn operation() -> impl Strategy<Value = Node> {
    (0..SHARED, cost(100), prop::bool::weighted(0.7)).prop_map(|(object, span, holds_gil)| Node::Operation {
        object,
        span,
        holds_gil,
    })
}

/// Calls of objects, mostly as they are meant, and updates of variables.
pub fn calling() -> impl Strategy<Value = Node> {
    use Call::*;
    let sections = prop::sample::select(vec![
        (Acquire(0), Release(0)),
        (Acquire(1), Release(1)),
        (RLockAcquire(0), RLockRelease(0)),
        (SemaphoreAcquire(0), SemaphoreRelease(0)),
        (SemaphoreAcquire(1), SemaphoreRelease(1)),
        (RLockAcquire(CONDITION_LOCK), RLockRelease(CONDITION_LOCK)),
    ]);
    let in_condition = prop::sample::select(vec![ConditionWait(0), Notify(0), NotifyAll(0)]);
    let mut alone = vec![
        Acquire(0),
        Release(0),
        Release(1),
        RLockRelease(0),
        RLockRelease(CONDITION_LOCK),
        SemaphoreAcquire(0),
        SemaphoreRelease(0),
        SemaphoreRelease(1),
        EventSet(0),
        EventSet(0),
        EventClear(0),
        EventWait(0),
        Notify(0),
        NotifyAll(0),
        ConditionWait(0),
        Put(0),
        Get(0),
        Put(1),
        Get(1),
        BarrierWait(0),
        BarrierWait(0),
    ];
    alone.extend((0..STARTED).flat_map(|thread| [Start(thread), Join(thread)]));
    let call = |call| Node::Step(Step::Call(call));
    // What raises, or may.
    let broken =
        prop::sample::select(vec![Release(0), Release(1), RLockRelease(0), SemaphoreRelease(1), Notify(0)]);
    let in_section = prop_oneof![
        4 => run(),
        4 => waiting().prop_map(Node::Step),
        1 => broken.prop_map(call),
    ];
    let update = (0..2_usize, (0..4_usize, 0..4_usize), 0..VARIABLES, -3..4_i64);
    prop_oneof![
        4 => prop::sample::select(alone).prop_map(call),
        1 => (0..4_u64).prop_map(Node::Pooled),
        2 => (in_condition, 1..3_usize, any::<bool>()).prop_map(move |(inside, depth, is_with)| {
            let (enter, leave) = (RLockAcquire(CONDITION_LOCK), RLockRelease(CONDITION_LOCK));
            let section = |body| section(is_with, enter, leave, body);
            (0..depth).fold(call(inside), |body, _| section(vec![body]))
        }),
        3 => (sections, vec(in_section, 0..3), any::<bool>()).prop_map(|((enter, leave), body, is_with)| {
            section(is_with, enter, leave, body)
        }),
        3 => update.prop_map(|(stretch, places, variable, change)| {
            Node::Update { stretch, places, variable, change }
        }),
    ]
}

/// A body between two calls, in a `with` or not.
fn section(is_with: bool, enter: Call, leave: Call, body: Vec<Node>) -> Node {
    if is_with {
        Node::With(enter, leave, body)
    } else {
        Node::Within(Step::Call(enter), Step::Call(leave), body)
    }
}

/// The steps of a program for so many threads.
pub fn compiled(nodes: &[Node], stretches: &[Stretch], threads: usize) -> Program {
    let mut steps = Vec::new();
    let mut handlers = Vec::new();
    flatten(nodes, stretches, &mut steps, &mut handlers);
    let is_known = |step: &Step| match step {
        Step::Call(Call::Start(thread) | Call::Join(thread)) => *thread < threads,
        _ => true,
    };
    // Loops refer to their places, so that nothing may be left out.
    for step in steps.iter_mut().filter(|step| !is_known(step)) {
        *step = Step::Call(Call::EventSet(0));
    }
    steps.push(Step::End);
    Program { steps, handlers }
}

/// One of the places in a stretch where an instruction begins after a tick, or its beginning.
fn place_in(stretch: &Stretch, place: usize) -> Span {
    let ends = (1..=stretch.ticks_per_round()).filter_map(|tick| stretch.position_of_tick(tick));
    let mut positions = vec![Span::ZERO];
    positions.extend(ends.filter(|end| *end < stretch.round()));
    positions[place % positions.len()]
}

/// A round of a stretch with accesses to variables at some of its positions.
fn round(stretch: usize, length: Span, accesses: &[(Span, Step)], steps: &mut Vec<Step>) {
    let mut from = Span::ZERO;
    for (position, access) in accesses {
        if *position > from {
            steps.push(Step::Part { stretch, from, to: *position });
        }
        steps.push(access.clone());
        from = *position;
    }
    steps.push(Step::Part { stretch, from, to: length });
}

pub fn program_of(leaf: BoxedStrategy<Node>) -> impl Strategy<Value = Vec<Node>> {
    let node = leaf.prop_recursive(2, 8, 4, |node| {
        let marked = (0..MARKS, vec(node.clone(), 0..3)).prop_map(|(mark, body)| Node::Marked(mark, body));
        let repeated = (0..4_u64, vec(node, 0..4)).prop_map(|(count, body)| Node::Loop(Some(count), body));
        prop_oneof![3 => repeated, 1 => marked]
    });
    // The body of an endless loop takes time, always.
    let endless =
        (0..2_usize, span(1, 100), vec(node.clone(), 0..3)).prop_map(|(stretch, span, mut body)| {
            body.push(Node::Run(stretch, span));
            Node::Loop(None, body)
        });
    let last = prop_oneof![9 => Just(None), 1 => endless.prop_map(Some)];
    (vec(node, 0..4), last).prop_map(|(mut nodes, last)| {
        nodes.extend(last);
        nodes
    })
}

fn flatten(nodes: &[Node], stretches: &[Stretch], steps: &mut Vec<Step>, handlers: &mut Vec<Handler>) {
    for node in nodes {
        match node {
            Node::Run(stretch, span) => steps.push(Step::Run { stretch: *stretch, span: *span }),
            Node::Step(step) => steps.push(step.clone()),
            Node::Request(channel) => {
                steps.push(Step::Send { channel: *channel, asks: true });
                steps.push(Step::AwaitReply { latency: *channel });
            }
            Node::Marked(latency, body) => {
                steps.push(Step::BeginMark { latency: CHANNELS + latency });
                flatten(body, stretches, steps, handlers);
                steps.push(Step::EndMark { latency: CHANNELS + latency });
            }
            Node::Pooled(tasks) => {
                let first = steps.len();
                let gathering = first + 4;
                steps.extend([
                    Step::LoopStart { count: Some(*tasks), exit: gathering },
                    Step::Call(Call::Put(1)),
                    Step::Submitted { pool: 0 },
                    Step::LoopEnd { start: first },
                    Step::LoopStart { count: None, exit: gathering + 4 },
                    Step::LeaveIfGathered { pool: 0, exit: gathering + 4 },
                    Step::Call(Call::Get(1)),
                    Step::LoopEnd { start: gathering },
                ]);
            }
            Node::Update { stretch, places, variable, change } => {
                let it = &stretches[*stretch];
                let place = |place| place_in(it, place);
                let load = (place(places.0), Step::Load { variable: *variable });
                let store = (place(places.1), Step::Store { variable: *variable, change: *change });
                if load.0 < store.0 {
                    round(*stretch, it.round(), &[load, store], steps);
                } else {
                    round(*stretch, it.round(), &[load], steps);
                    round(*stretch, it.round(), &[store], steps);
                }
            }
            Node::Counts { stretch, places } => {
                let it = &stretches[*stretch];
                let mut touches: Vec<(Span, Step)> = places
                    .iter()
                    .map(|(place, object)| (place_in(it, *place), Step::CountReference { object: *object }))
                    .collect();
                touches.sort_by_key(|(position, _)| *position);
                round(*stretch, it.round(), &touches, steps);
            }
            Node::Collection(span) => steps.extend([
                Step::Library { instructions: 5 },
                Step::Collect { span: span.clone(), pause: PAUSE },
            ]),
            Node::Operation { object, span, holds_gil } => {
                let (object, span) = (*object, span.clone());
                let (lock, unlock) = (Step::LockObject { object }, Step::UnlockObject { object });
                let compute = Step::C { span, holds_gil: *holds_gil };
                if *holds_gil {
                    steps.extend([lock, compute, unlock]);
                } else {
                    steps.extend([lock.clone(), unlock.clone(), compute, lock, unlock]);
                }
            }
            Node::Within(enter, leave, body) => {
                steps.push(enter.clone());
                flatten(body, stretches, steps, handlers);
                steps.push(leave.clone());
            }
            Node::With(enter, leave, body) => {
                steps.push(Step::Call(*enter));
                let from = steps.len();
                flatten(body, stretches, steps, handlers);
                handlers.push(Handler { from, to: steps.len(), leave: *leave });
                steps.push(Step::Call(*leave));
            }
            Node::Loop(count, body) => {
                let start = steps.len();
                steps.push(Step::LoopStart { count: *count, exit: 0 });
                flatten(body, stretches, steps, handlers);
                steps.push(Step::LoopEnd { start });
                let exit = steps.len();
                steps[start] = Step::LoopStart { count: *count, exit };
            }
        }
    }
}
