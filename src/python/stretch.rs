//! A stretch of bytecode that is executed round and round, and where in it the interpreter looks up.
//!
//! A position in a stretch is the execution time since its beginning. Where the n-th tick or the next look at the
//! eval breaker falls is computed from one round, never stepped.

use crate::des::Span;

/// One instruction of a stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Execution time.
    pub cost: Span,
    /// Whether the interpreter returns to the top of its loop after this instruction: it counts a tick there
    /// (check interval) or looks at the eval breaker (switch interval).
    pub tick: bool,
    /// Whether, at that tick, the interpreter may act. It may not before `SETUP_FINALLY`: the tick counts, and the
    /// check is put off to the next one.
    pub may_check: bool,
}

/// A stretch of instructions that is executed round and round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    round: Span,
    instructions: u64,
    /// End time within a round of each instruction with a tick, and whether a check may happen there.
    ticks: Vec<(Span, bool)>,
}

impl Stretch {
    /// A stretch of at least one instruction; a round must take time.
    ///
    /// # Panics
    /// If a round takes no time at all: a program could then loop for ever at one instant.
    pub fn new(instructions: &[Instruction]) -> Stretch {
        let mut round = Span::ZERO;
        let mut ticks = Vec::new();
        for instruction in instructions {
            round += instruction.cost;
            if instruction.tick {
                ticks.push((round, instruction.may_check));
            }
        }
        assert!(!round.is_zero(), "a round of a stretch must take time");
        Stretch { round, instructions: instructions.len() as u64, ticks }
    }

    /// Execution time of one round.
    pub fn round(&self) -> Span {
        self.round
    }

    /// Instructions in one round.
    pub fn instructions(&self) -> u64 {
        self.instructions
    }

    /// Ticks in one round.
    pub fn ticks_per_round(&self) -> u64 {
        self.ticks.len() as u64
    }

    /// Ticks from the beginning up to and including those that fall at `position`.
    pub fn ticks_until(&self, position: Span) -> u64 {
        let rounds = position.picos() / self.round.picos();
        let within = Span::from_picos(position.picos() % self.round.picos());
        let partial = self.ticks.partition_point(|(end, _)| *end <= within);
        rounds * self.ticks_per_round() + partial as u64
    }

    /// The position of the `number`th tick from the beginning (the first is 1); `None` if there are no ticks or
    /// `number` is 0.
    pub fn position_of_tick(&self, number: u64) -> Option<Span> {
        let per_round = self.ticks_per_round();
        let index = number.checked_sub(1)?;
        let rounds = index.checked_div(per_round)?;
        Some(self.round * rounds + self.ticks[(index % per_round) as usize].0)
    }

    /// The position of the first tick after `position` at which a check may happen; `None` if there is none.
    pub fn next_check_after(&self, position: Span) -> Option<Span> {
        let tick = self.first_check_from(self.ticks_until(position) + 1)?;
        self.position_of_tick(tick)
    }

    /// The number of the first tick from `number` on at which a check may happen; `None` if there is none.
    pub fn first_check_from(&self, number: u64) -> Option<u64> {
        let per_round = self.ticks_per_round();
        (number..number + per_round).find(|tick| *tick > 0 && self.ticks[((tick - 1) % per_round) as usize].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instruction(nanos: u64, tick: bool, may_check: bool) -> Instruction {
        Instruction { cost: Span::from_nanos(nanos), tick, may_check }
    }

    /// Ten nanoseconds a round; ticks at 4 (no check allowed) and at 10.
    fn stretch() -> Stretch {
        Stretch::new(&[instruction(4, true, false), instruction(3, false, false), instruction(3, true, true)])
    }

    #[test]
    fn ticks_are_counted_up_to_and_including_a_position() {
        let stretch = stretch();
        let ticks = |nanos| stretch.ticks_until(Span::from_nanos(nanos));
        assert_eq!([ticks(0), ticks(3), ticks(4), ticks(9), ticks(10), ticks(24)], [0, 0, 1, 1, 2, 5]);
    }

    #[test]
    fn the_position_of_a_tick_is_the_first_with_that_many_ticks() {
        let stretch = stretch();
        for number in 1..20 {
            let position = stretch.position_of_tick(number).unwrap();
            assert_eq!(stretch.ticks_until(position), number);
            assert_eq!(stretch.ticks_until(position - Span::from_picos(1)), number - 1);
        }
    }

    #[test]
    fn a_check_that_may_not_happen_is_put_off_to_the_next_tick() {
        assert_eq!(stretch().first_check_from(1), Some(2));
        assert_eq!(stretch().first_check_from(2), Some(2));
        assert_eq!(stretch().first_check_from(3), Some(4));
    }

    #[test]
    fn a_stretch_without_ticks_has_no_check() {
        let stretch = Stretch::new(&[instruction(5, false, false)]);
        assert_eq!(stretch.position_of_tick(1), None);
        assert_eq!(stretch.first_check_from(1), None);
    }
}
