//! What must balance at the end of a run in which threads have ended: then it is known which steps they have executed.

use gilsim::des::Span;
use gilsim::python::event_loop::Await;
use gilsim::python::program::Step;
use gilsim::sim::{Model, Report};

/// The steps of a thread that has ended, and of its tasks, with how often it has executed each; `None` if it has not
/// ended or if a call has raised an exception.
fn executed<'a>(model: &'a Model, report: &Report, thread: usize) -> Option<Vec<(u64, &'a Step)>> {
    let spec = &model.threads[thread];
    report.threads[thread].ended?;
    // The main thread may have run handlers besides.
    if thread == 0 && !model.signals.is_empty()
        || report.exceptions.iter().any(|raised| raised.thread == thread)
    {
        return None;
    }
    let tasks = spec.event_loop.map_or(&[][..], |event_loop| &model.loops[event_loop].tasks);
    let programs = [&[spec.program], tasks].concat();
    Some(programs.into_iter().flat_map(|program| executed_of(&model.programs[program].steps)).collect())
}

/// How often each step of a program is executed.
fn executed_of(steps: &[Step]) -> Vec<(u64, &Step)> {
    let mut factors = vec![1_u64];
    let mut executed = Vec::new();
    for step in steps {
        let factor = factors.last().copied().unwrap_or(1);
        match step {
            Step::LoopStart { count, .. } => factors.push(factor * count.unwrap_or(0)),
            Step::LoopEnd { .. } => {
                factors.pop();
            }
            _ => executed.push((factor, step)),
        }
    }
    executed
}

/// What does not balance, if anything does not.
pub fn broken(model: &Model, report: &Report) -> Option<String> {
    let of_threads: Vec<Option<Vec<(u64, &Step)>>> =
        (0..model.threads.len()).map(|thread| executed(model, report, thread)).collect();
    for (thread, steps) in of_threads.iter().enumerate() {
        let user = report.threads[thread].usage.user;
        let asked = time_in(steps.iter().flatten(), |step| match step {
            Step::Run { span, .. } => Some(*span),
            Step::Part { from, to, .. } => Some(*to - *from),
            Step::C { span, .. } => span.constant(),
            Step::Library { instructions } => Some(model.library.1 * *instructions),
            _ => None,
        });
        if user < asked {
            return Some(format!("thread {thread} used {} ps of {} ps", user.picos(), asked.picos()));
        }
    }
    let some: Vec<(u64, &Step)> = of_threads.iter().flatten().flatten().copied().collect();
    let all = of_threads.iter().all(Option::is_some).then_some(some.as_slice());
    devices(model, report, &some)
        .or_else(|| variables(model, report, all))
        .or_else(|| all.and_then(|all| channels(model, report, all)))
}

fn time_in<'a>(
    steps: impl Iterator<Item = &'a (u64, &'a Step)>,
    time: impl Fn(&Step) -> Option<Span>,
) -> Span {
    steps.fold(Span::ZERO, |sum, (count, step)| sum + time(step).unwrap_or(Span::ZERO) * *count)
}

fn count(steps: &[(u64, &Step)], is_meant: impl Fn(&Step) -> bool) -> u64 {
    steps.iter().filter(|(_, step)| is_meant(step)).map(|(count, _)| count).sum()
}

/// A device has had time for what it has done, with so many servers.
fn devices(model: &Model, report: &Report, steps: &[(u64, &Step)]) -> Option<String> {
    let length = report.makespan.picos();
    model.devices.iter().enumerate().find_map(|(number, device)| {
        let served = time_in(steps.iter(), |step| match step {
            Step::Io { wait, device: Some(device), .. } if *device == number => wait.constant(),
            _ => None,
        });
        let is_possible = served.picos() <= length * device.servers as u64;
        (!is_possible).then(|| format!("device {number} has served {} ps in {length} ps", served.picos()))
    })
}

/// A variable is what it should be unless a store has overwritten another; what it should be is the sum of what all
/// threads have added.
fn variables(model: &Model, report: &Report, all: Option<&[(u64, &Step)]>) -> Option<String> {
    (0..model.variables).find_map(|number| {
        let variable = report.variables[number];
        let is_right = variable.overwritten > 0 || variable.value == variable.expected;
        let stores = |steps: &[(u64, &Step)]| {
            let added = steps.iter().filter_map(|(count, step)| match step {
                Step::Store { variable, change } if *variable == number => Some(*count as i64 * change),
                _ => None,
            });
            let stores =
                count(steps, |step| matches!(step, Step::Store { variable, .. } if *variable == number));
            (added.sum::<i64>(), stores)
        };
        let is_complete = all.is_none_or(|all| stores(all) == (variable.expected, variable.stores));
        (!is_right || !is_complete).then(|| format!("variable {number} is {variable:?}"))
    })
}

/// Messages are neither lost nor made: what has been sent has been received, or is still in the channel; and there are
/// as many answers as questions.
fn channels(model: &Model, report: &Report, all: &[(u64, &Step)]) -> Option<String> {
    if !model.clients.is_empty() {
        return None;
    }
    model.channels.iter().enumerate().find_map(|(number, capacity)| {
        let sent = count(all, |step| match step {
            Step::Send { channel, .. }
            | Step::SendParcel { channel, .. }
            | Step::Await(Await::Send { channel, .. }) => *channel == number,
            _ => false,
        });
        let received = count(all, |step| match step {
            Step::Receive { channel } | Step::Await(Await::Receive { channel }) => *channel == number,
            _ => false,
        });
        let answers = count(all, |step| match step {
            Step::AwaitReply { latency } => *latency == number,
            Step::Await(Await::Answer { latency }) => *latency == Some(number),
            _ => false,
        });
        let measured = report.latencies[number].count();
        // A message joins its channel even if that has become full while the message was being sent; and a loop may
        // have received one for which no task has asked.
        let most = received + (capacity + model.threads.len() + model.loops.len()) as u64;
        let is_right = (received..=most).contains(&sent);
        let text = || {
            format!(
                "channel {number}: {sent} sent, {received} received, {answers} answers, {measured} measured"
            )
        };
        (!is_right || answers != measured).then(text)
    })
}
