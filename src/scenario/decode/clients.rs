//! The users outside the machine.

use crate::des::Distribution;
use crate::scenario::decode::distribution::{distribution, is_always_zero};
use crate::scenario::decode::fields::{self, Fields};
use crate::scenario::decode::names::Names;
use crate::scenario::diagnostic::Problems;
use crate::scenario::yaml::Node;
use crate::sim::{Arrivals, ClientSpec};

/// The most users of all clients together.
const MOST_USERS: u64 = 4096;

/// The list of clients; empty if there is none.
pub(crate) fn clients(
    node: Option<&Node>,
    names: &mut Names,
    problems: &mut Problems,
) -> Option<Vec<ClientSpec>> {
    let Some(node) = node else { return Some(Vec::new()) };
    let items = fields::items(node, "a list of clients", problems)?;
    let clients: Vec<Option<ClientSpec>> = items.iter().map(|item| client(item, names, problems)).collect();
    let clients: Vec<ClientSpec> = clients.into_iter().collect::<Option<_>>()?;
    for (item, client) in items.iter().zip(&clients) {
        check_retries(item, client, &clients, names, problems)?;
    }
    if clients.iter().map(|client| client.users() as u64).sum::<u64>() > MOST_USERS {
        problems.add(node.position, format!("a run has at most {MOST_USERS} users"));
        return None;
    }
    Some(clients)
}

/// A user that does not think sends a request that was lost again at once, for ever, while others keep the channel full.
fn check_retries(
    item: &Node,
    client: &ClientSpec,
    all: &[ClientSpec],
    names: &Names,
    problems: &mut Problems,
) -> Option<()> {
    let Arrivals::Closed { think, .. } = &client.arrivals else { return Some(()) };
    let on_channel = || all.iter().filter(|other| other.channel == client.channel);
    let all_closed = on_channel().all(|other| matches!(other.arrivals, Arrivals::Closed { .. }));
    let alone = all_closed && names.senders_to(client.channel) == on_channel().count();
    let users: usize = on_channel().map(ClientSpec::users).sum();
    let never_full = alone && users <= names.capacity_of(client.channel);
    if never_full || client.requests.is_some() || !is_always_zero(think) {
        return Some(());
    }
    let message = "a request that finds the channel full would be sent again at once, for ever";
    let help = "let the users `think` for some time, or give the channel a `capacity` for all of them";
    problems.add_with_help(item.position, message, help);
    None
}

fn client(item: &Node, names: &mut Names, problems: &mut Problems) -> Option<ClientSpec> {
    let known = ["name", "channel", "closed", "open", "requests"];
    let keys = Fields::of(item, "a client", &known, problems)?;
    fields::optional_text(keys.get("name"), problems);
    let channel = keys.required("channel", problems)?;
    let latency = channel.text().map(|name| names.latencies.number_of(name));
    let channel = names.sent_to(channel, problems);
    let arrivals = match (keys.get("closed"), keys.get("open")) {
        (Some(node), None) => closed(node, problems),
        (None, Some(node)) => open(node, problems),
        _ => {
            let help = "such as `closed: {users: 1}` or `open: {every: 10ms}`";
            problems.add_with_help(item.position, "a client is either `closed` or `open`", help);
            None
        }
    };
    let requests = match keys.get("requests") {
        Some(node) => fields::count(node, 1..=u64::MAX, problems).map(Some),
        None => Some(None),
    };
    Some(ClientSpec { channel: channel?, latency: latency?, arrivals: arrivals?, requests: requests? })
}

fn closed(node: &Node, problems: &mut Problems) -> Option<Arrivals> {
    let keys = Fields::of(node, "`closed`", &["users", "think"], problems)?;
    let users = match keys.get("users") {
        Some(node) => fields::count(node, 1..=MOST_USERS, problems),
        None => Some(1),
    };
    let think = match keys.get("think") {
        Some(node) => distribution(node, problems),
        None => Some(Distribution::ZERO),
    };
    Some(Arrivals::Closed { users: users? as usize, think: think? })
}

fn open(node: &Node, problems: &mut Problems) -> Option<Arrivals> {
    let keys = Fields::of(node, "`open`", &["every"], problems)?;
    let every = keys.required("every", problems)?;
    let between = distribution(every, problems)?;
    if is_always_zero(&between) {
        problems.add(every.position, "requests cannot come without any time between them");
        return None;
    }
    Some(Arrivals::Open { between })
}
