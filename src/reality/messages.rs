//! Channels and users in the Python program of a run: each channel is a pair of sockets, and the users are a process of
//! their own.

use std::fmt::Write;

use crate::python::program::{Program, Step};
use crate::reality::expressible::{Unwritable, unwritable};
use crate::reality::values::seconds;
use crate::scenario::Run;
use crate::sim::{Arrivals, ClientSpec, Model};

/// So many messages a channel holds unless it is said, and about so many small ones a socket of Linux (278).
const ROOM: usize = 256;

/// The lines that make the channels and say what the users do.
pub(super) fn made(run: &Run) -> Result<String, Unwritable> {
    let model = &run.model;
    let mut text = String::new();
    for (channel, name) in run.channel_names.iter().enumerate() {
        let room = model.channels[channel];
        if room != ROOM && !is_never_full(model, channel) {
            return unwritable(format!(
                "its channel `{name}` has room for {room} messages, a socket for 278"
            ));
        }
        let _ = writeln!(text, "into_{channel}, out_{channel} = channel()");
        let outside = if model.clients.iter().any(|client| client.channel == channel) {
            format!("outside_{channel}, answered_{channel} = channel()")
        } else {
            format!("outside_{channel} = nowhere")
        };
        let _ = writeln!(text, "{outside}");
    }
    if !model.clients.is_empty() {
        let groups: String = model.clients.iter().map(|client| format!("    {},\n", group(client))).collect();
        let _ = write!(text, "users = [\n{groups}]\n");
    }
    Ok(text)
}

/// `(into_0, outside_0, answered_0, 0, 1, lambda: 0.01, False, 200)`.
fn group(client: &ClientSpec) -> String {
    let ClientSpec { channel, latency, arrivals, requests } = client;
    let users = client.users();
    let (wait, is_open) = match arrivals {
        Arrivals::Closed { users: _, think } => (seconds(think), "False"),
        Arrivals::Open { between } => (seconds(between), "True"),
    };
    let requests = requests.map_or("None".to_owned(), |requests| requests.to_string());
    format!(
        "(into_{channel}, outside_{channel}, answered_{channel}, {latency}, {users}, lambda: {wait}, {is_open}, {requests})"
    )
}

/// Whether only users send to a channel who wait for their answers, and there is room for all they send at once.
fn is_never_full(model: &Model, channel: usize) -> bool {
    let on_channel = || model.clients.iter().filter(|client| client.channel == channel);
    let users: usize = on_channel().map(ClientSpec::users).sum();
    on_channel().all(|client| matches!(client.arrivals, Arrivals::Closed { .. }))
        && users <= ROOM.min(model.channels[channel])
        && !is_sent_to_by_threads(model, channel)
}

fn is_sent_to_by_threads(model: &Model, channel: usize) -> bool {
    model.programs.iter().any(|program| program.sends_to(channel))
}

/// The lines with which a function begins because of what its program sends, answers and submits.
pub(super) fn preparations(program: &Program, model: &Model) -> Vec<String> {
    let has = |wanted: &dyn Fn(&Step) -> bool| program.steps.iter().any(wanted);
    let submitted = (0..model.pools)
        .filter(|pool| {
            has(&|step| {
                matches!(step, Step::LeaveIfGathered { pool: of, .. } if of == pool)
                    || matches!(step, Step::Submitted { pool: of } if of == pool)
            })
        })
        .map(|pool| format!("submitted_{pool} = 0"));
    let answered = (0..model.channels.len())
        .filter(|channel| has(&|step| matches!(step, Step::Reply { channel: of } if of == channel)))
        .map(|channel| format!("message_{channel} = nobody"));
    let asks = has(&|step| matches!(step, Step::Send { asks: true, .. }));
    let asker = asks.then(|| "tag, answers_in = asker()".to_owned());
    submitted.chain(answered).chain(asker).collect()
}

/// A message of a thread; one that asks says who it is.
pub(super) fn sent(channel: usize, asks: bool) -> Vec<String> {
    if asks {
        vec!["asked = now()".to_owned(), format!("write(into_{channel}, tag)")]
    } else {
        vec![format!("write(into_{channel}, nobody)")]
    }
}

/// The next message of a channel.
pub(super) fn received(channel: usize) -> String {
    format!("message_{channel} = read(out_{channel}, 64)")
}

/// The answer to it: it goes to the thread that has asked, or else out to the users.
pub(super) fn replied(model: &Model, channel: usize) -> String {
    let to = if is_sent_to_by_threads(model, channel) {
        format!("answers.get(message_{channel}, outside_{channel})")
    } else {
        format!("outside_{channel}")
    };
    format!("write({to}, message_{channel})")
}

/// The answer to what a thread has asked.
pub(super) fn awaited(latency: usize) -> Vec<String> {
    vec!["read(answers_in, 64)".to_owned(), format!("latencies[{latency}].append(now() - asked)")]
}
