//! A timeline in characters, 80 columns wide, for the terminal.

use crate::chart::time_axis::TimeAxis;
use crate::des::Span;
use crate::experiment::recording::{Moment, Recording, Remarkable};
use crate::trace::{Mark, ThreadState};

/// How wide it is.
pub const WIDTH: usize = 80;

/// The room for the names of lanes.
const NAMES: usize = 15;

/// How many columns of time there are.
pub const COLUMNS: usize = WIDTH - NAMES - 1;

/// Threads beyond so many share lanes.
pub const MOST_LANES: usize = 8;

/// Which characters a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Characters {
    /// Those that every terminal has.
    Ascii,
    /// Blocks of all heights.
    Unicode,
}

impl Characters {
    /// What stands for a state.
    fn of(self, state: ThreadState) -> char {
        let (ascii, unicode) = match state {
            ThreadState::NotStarted | ThreadState::Done => (' ', ' '),
            ThreadState::RunsPython => ('#', '\u{2588}'),
            ThreadState::RunsCHoldingGil => ('C', '\u{2593}'),
            ThreadState::RunsWithoutGil => ('c', '\u{2591}'),
            ThreadState::InKernel => ('k', '\u{2586}'),
            ThreadState::WaitsForGil => ('-', '\u{2584}'),
            ThreadState::FailedAcquisition => ('!', '!'),
            ThreadState::Runnable => ('/', '\u{259e}'),
            ThreadState::BlockedOnIo | ThreadState::Sleeping => ('.', '\u{2581}'),
            ThreadState::BlockedOnLock => ('=', '\u{2583}'),
            ThreadState::ForcedSwitch => ('~', '\u{259a}'),
        };
        if self == Characters::Ascii { ascii } else { unicode }
    }
}

/// What stands in the key for a state.
fn meaning(state: ThreadState) -> &'static str {
    match state {
        ThreadState::NotStarted | ThreadState::Done => "not there",
        ThreadState::RunsPython => "runs Python",
        ThreadState::RunsCHoldingGil => "C with the GIL",
        ThreadState::RunsWithoutGil => "C without the GIL",
        ThreadState::InKernel => "in the kernel",
        ThreadState::WaitsForGil => "waits for the GIL",
        ThreadState::FailedAcquisition => "woken in vain",
        ThreadState::Runnable => "ready, no core",
        ThreadState::BlockedOnIo | ThreadState::Sleeping => "I/O or sleep",
        ThreadState::BlockedOnLock => "waits for a lock",
        ThreadState::ForcedSwitch => "waits for the switch",
    }
}

/// The timelines of some moments of one run, below each other, and a key to what they show.
pub fn timelines(moments: &[Moment], characters: Characters) -> String {
    let mut text = String::new();
    let mut seen = [false; ThreadState::COUNT];
    for Moment { what, recording } in moments {
        text.push_str(&format!("{}\n", title(*what, recording)));
        for (lane, name) in recording.lanes.names.iter().enumerate() {
            let states = states(recording, lane);
            states.iter().for_each(|state| seen[state.index()] = true);
            let drawn: String = states.into_iter().map(|state| characters.of(state)).collect();
            text.push_str(&format!("{} {}\n", fitted(name), drawn.trim_end()));
        }
        text.push_str(&axis(recording, characters));
        text.push('\n');
    }
    text + &key(&seen, characters)
}

fn title(what: Remarkable, recording: &Recording) -> String {
    let (run, window) = (&recording.run.name, recording.timeline.window());
    match what {
        Remarkable::Beginning => format!("{run}: the first {}", window.length()),
        Remarkable::Battle => format!("{run}: where most threads are woken in vain"),
        Remarkable::Wait(thread, length) => {
            let name = recording.run.thread_names.get(thread).map_or("a thread", String::as_str);
            format!("{run}: the longest wait for the GIL, {length} of {name}")
        }
    }
}

/// What stands in each column: the state that lasted the longest, but a failed acquisition however short.
fn states(recording: &Recording, lane: usize) -> Vec<ThreadState> {
    let timeline = &recording.timeline;
    let state = |column: usize| {
        let shares = timeline.threads()[lane].column(column);
        let failed = timeline.count(Mark::FailedAcquisition, lane, column) > 0
            || !shares[ThreadState::FailedAcquisition.index()].is_zero();
        let longest = ThreadState::ALL.into_iter().rev().max_by_key(|state| shares[state.index()]);
        match longest {
            _ if failed => ThreadState::FailedAcquisition,
            Some(longest) if shares[longest.index()] > Span::ZERO => longest,
            _ => ThreadState::Done,
        }
    };
    (0..timeline.window().columns).map(state).collect()
}

/// A name, cut or filled up to the room there is.
fn fitted(name: &str) -> String {
    let count = name.chars().count();
    if count <= NAMES {
        return format!("{name}{}", " ".repeat(NAMES - count));
    }
    format!("{}~", name.chars().take(NAMES - 1).collect::<String>())
}

/// Ticks below the lanes, and what they stand for.
fn axis(recording: &Recording, characters: Characters) -> String {
    let window = recording.timeline.window();
    let axis = TimeAxis::new(window.from, window.length(), 900);
    let tick = if characters == Characters::Ascii { '|' } else { '\u{2575}' };
    let mut marks = vec![' '; COLUMNS];
    let mut labels: Vec<char> = vec![' '; WIDTH];
    let mut free = 0;
    for (share, label) in axis.marks() {
        let column = ((share * COLUMNS as f64) as usize).min(COLUMNS - 1);
        let label = if characters == Characters::Ascii { label.replace('\u{b5}', "u") } else { label };
        let length = label.chars().count();
        let start = (NAMES + 1 + column).min(WIDTH - length);
        if start >= free {
            marks[column] = tick;
            label.chars().enumerate().for_each(|(index, letter)| labels[start + index] = letter);
            free = start + length + 2;
        }
    }
    let line = |characters: &[char]| characters.iter().collect::<String>().trim_end().to_owned();
    format!("{} {}\n{}\n", " ".repeat(NAMES), line(&marks), line(&labels))
}

/// What the characters stand for that occur, as many on a line as fit.
fn key(seen: &[bool; ThreadState::COUNT], characters: Characters) -> String {
    let mut entries: Vec<String> = Vec::new();
    for state in ThreadState::ALL.into_iter().filter(|state| seen[state.index()]) {
        let (character, entry) =
            (characters.of(state), format!("{} {}", characters.of(state), meaning(state)));
        if character != ' ' && !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    let mut lines = vec![String::new()];
    for entry in entries {
        let last = lines.last().map_or(0, |line| line.chars().count());
        if last > 0 && last + 3 + entry.chars().count() > WIDTH {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            *line = if line.is_empty() { entry } else { format!("{line}   {entry}") };
        }
    }
    format!("{}\n", lines.join("\n"))
}
