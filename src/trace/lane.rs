//! Exact time shares, column by column: what a lane of a picture is drawn from.

use crate::des::{Span, Time};

/// The part of a run that is drawn, and into how many columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Where the picture begins.
    pub from: Time,
    /// Where it ends; later than `from`.
    pub to: Time,
    /// How many columns it is divided into; at least 1.
    pub columns: usize,
}

impl Window {
    /// How long the window is.
    pub fn length(&self) -> Span {
        self.to.since(self.from)
    }

    /// The instant at which column `column` begins (or, for `column == columns`, at which the window ends).
    pub fn column_start(&self, column: usize) -> Time {
        let length = u128::from(self.length().picos());
        let offset = length * column as u128 / self.columns as u128;
        self.from + Span::from_picos(offset as u64)
    }

    /// How long column `column` is.
    pub fn column_length(&self, column: usize) -> Span {
        self.column_start(column + 1).since(self.column_start(column))
    }

    /// Whether `time` lies within the window.
    pub fn holds(&self, time: Time) -> bool {
        (self.from..self.to).contains(&time)
    }

    /// The column in which `time` lies; `time` must lie within the window.
    pub fn column_of(&self, time: Time) -> usize {
        let length = u128::from(self.length().picos()).max(1);
        let offset = u128::from(time.since(self.from).picos());
        let mut column = ((offset * self.columns as u128 / length) as usize).min(self.columns - 1);
        while self.column_start(column + 1) <= time && column + 1 < self.columns {
            column += 1;
        }
        column
    }

    /// Calls `add` with every column that the time from `from` to `until` touches, and for how long.
    pub fn spread(&self, from: Time, until: Time, mut add: impl FnMut(usize, Span)) {
        let (mut from, until) = (from.max(self.from), until.min(self.to));
        if from >= until {
            return;
        }
        let mut column = self.column_of(from);
        while from < until {
            let end = self.column_start(column + 1).min(until);
            add(column, end.since(from));
            from = end;
            column += 1;
        }
    }
}

/// Time shares of one or more threads, cores or locks, column by column.
#[derive(Clone, Debug)]
pub struct Lane {
    kinds: usize,
    shares: Vec<Span>,
}

impl Lane {
    /// An empty lane in which there are so many kinds of time.
    pub fn new(kinds: usize, window: &Window) -> Lane {
        Lane { kinds, shares: vec![Span::ZERO; kinds * window.columns] }
    }

    /// How long each kind lasted within `column`, indexed by kind.
    ///
    /// For a thread lane the kind is [`ThreadState::index`](crate::trace::ThreadState::index); for a core lane kind 0 is
    /// idle and kind `t + 1` is "runs a thread of lane `t`". The spans of a column add up to its length, times the members
    /// of the lane.
    pub fn column(&self, column: usize) -> &[Span] {
        &self.shares[column * self.kinds..(column + 1) * self.kinds]
    }

    /// How long each kind lasted within the whole window.
    pub fn totals(&self) -> Vec<Span> {
        let mut totals = vec![Span::ZERO; self.kinds];
        for (index, share) in self.shares.iter().enumerate() {
            totals[index % self.kinds] += *share;
        }
        totals
    }
}

/// Who adds to a lane: a thread, a core or a lock, and what it does now.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// Its lane.
    pub lane: usize,
    kind: usize,
    since: Time,
}

impl Member {
    /// A member of `lane` that is of kind 0 from the start of the run on.
    pub fn new(lane: usize) -> Member {
        Member { lane, kind: 0, since: Time::ZERO }
    }

    /// Is of `kind` from `time` on, and adds what it did until then to its lane.
    pub fn switch_to(&mut self, kind: usize, time: Time, lanes: &mut [Lane], window: &Window) {
        let Lane { kinds, shares } = &mut lanes[self.lane];
        window.spread(self.since, time, |column, span| shares[column * *kinds + self.kind] += span);
        self.kind = kind;
        self.since = time;
    }

    /// Adds what it does until the end of the window or, if that is later, until `end`.
    pub fn finish(&mut self, end: Time, lanes: &mut [Lane], window: &Window) {
        self.switch_to(self.kind, end.max(window.to), lanes, window);
    }
}
