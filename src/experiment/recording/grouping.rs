//! Which threads share a lane of a picture, and what the lanes are called.

/// The lanes of a run: each of one thread or, where there are too many threads, of several neighbours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneNames {
    /// The lane of each thread.
    pub lane_of: Vec<usize>,
    /// What each lane is called.
    pub names: Vec<String>,
    /// How many threads there are.
    pub threads: usize,
}

impl LaneNames {
    /// At most `most` lanes for so many threads with these names. Threads of one kind (`worker 1`, `worker 2`, ...) are
    /// put together first; if that does not do, as many neighbours as it takes.
    pub fn of(names: &[String], threads: usize, most: usize) -> LaneNames {
        let name =
            |thread: usize| names.get(thread).cloned().unwrap_or_else(|| format!("thread {}", thread + 1));
        let all: Vec<String> = (0..threads).map(name).collect();
        let lane_of = lanes(&all, most.max(1));
        let count = lane_of.last().map_or(0, |last| last + 1);
        let of_lane = |lane: usize| -> Vec<&str> {
            let members = lane_of.iter().zip(&all).filter(|(own, _)| **own == lane);
            members.map(|(_, name)| name.as_str()).collect()
        };
        let names = (0..count).map(|lane| lane_name(&of_lane(lane))).collect();
        LaneNames { lane_of, names, threads }
    }

    /// Whether some threads share a lane.
    pub fn are_shared(&self) -> bool {
        self.names.len() < self.threads
    }
}

/// The lane of each thread: neighbours of one kind share as few lanes as need be.
fn lanes(names: &[String], most: usize) -> Vec<usize> {
    if names.len() <= most {
        return (0..names.len()).collect();
    }
    let kinds: Vec<usize> =
        names.chunk_by(|left, right| kind_of(left) == kind_of(right)).map(<[String]>::len).collect();
    if kinds.len() > most {
        return (0..names.len()).map(|thread| thread * most / names.len()).collect();
    }
    // The largest number of threads a lane with which all kinds fit.
    let lanes_with = |size: usize| -> usize { kinds.iter().map(|count| count.div_ceil(size)).sum() };
    let size = (1..=names.len()).find(|size| lanes_with(*size) <= most).unwrap_or(names.len());
    let mut lane_of = Vec::with_capacity(names.len());
    let mut first = 0;
    for count in kinds {
        lane_of.extend((0..count).map(|thread| first + thread / size));
        first += count.div_ceil(size);
    }
    lane_of
}

/// A name without the number at its end.
fn kind_of(name: &str) -> &str {
    name.trim_end_matches(|letter: char| letter.is_ascii_digit()).trim_end()
}

/// `worker 1`, `worker 1 - 32`, or `reader ... writer 3`.
fn lane_name(members: &[&str]) -> String {
    match members {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first, .., last] if kind_of(first) == kind_of(last) => {
            format!("{first} \u{2013} {}", last[kind_of(last).len()..].trim_start())
        }
        [first, .., last] => format!("{first} \u{2026} {last}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(count: usize, most: usize) -> LaneNames {
        let names: Vec<String> = (1..=count).map(|number| format!("worker {number}")).collect();
        LaneNames::of(&names, count, most)
    }

    #[test]
    fn few_threads_have_a_lane_each() {
        let lanes = of(3, 4);
        assert_eq!((lanes.lane_of.as_slice(), lanes.are_shared()), (&[0, 1, 2][..], false));
        assert_eq!(lanes.names[2], "worker 3");
    }

    #[test]
    fn many_threads_share_lanes() {
        let lanes = of(512, 16);
        assert_eq!(lanes.names.len(), 16);
        assert_eq!(lanes.names[1], "worker 33 \u{2013} 64");
        assert!((0..16).all(|lane| lanes.lane_of.iter().filter(|own| **own == lane).count() == 32));
    }

    #[test]
    fn threads_of_different_kinds_do_not_share_a_lane_if_that_can_be() {
        let names: Vec<String> = ["main", "w 1", "w 2", "w 3", "w 4", "timer"].map(str::to_owned).to_vec();
        let lanes = LaneNames::of(&names, 6, 4);
        assert_eq!(lanes.names, ["main", "w 1 \u{2013} 2", "w 3 \u{2013} 4", "timer"]);
        assert_eq!(LaneNames::of(&names, 6, 2).names, ["main \u{2026} w 2", "w 3 \u{2026} timer"]);
    }
}
