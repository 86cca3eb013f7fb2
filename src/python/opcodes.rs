//! An interpreter's opcode table: after which instructions it counts a tick or looks at the eval breaker.

use std::collections::BTreeMap;

/// After which instructions an interpreter returns to the top of its evaluation loop, where it counts a tick (check
/// interval) or looks at the eval breaker (switch interval).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpcodeTable {
    /// The names of all opcodes of the version, to tell a misspelt one.
    pub known: Vec<String>,
    /// The rule.
    pub looks: Looks,
    /// Opcodes before which the interpreter does not act: it counts the tick but goes on without a check.
    pub not_before: Vec<String>,
}

/// The rule by which an interpreter looks up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looks {
    /// After every instruction but these (CPython up to 3.9).
    AfterAllBut {
        /// Instructions that jump straight to the next one ("fast" opcodes).
        fast: Vec<String>,
        /// For each opcode, those that are entered from it directly when they come next (PREDICT), so that nothing
        /// is looked at between the two.
        predicted: BTreeMap<String, Vec<String>>,
    },
    /// After these instructions only (CPython 3.10 and later).
    After(Vec<String>),
}

/// What the table says of one instruction in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The interpreter looks up after this instruction.
    pub tick: bool,
    /// And may act there; always false where `tick` is false.
    pub may_check: bool,
}

impl OpcodeTable {
    /// Whether the version has an opcode of this name.
    pub fn is_known(&self, name: &str) -> bool {
        contains(&self.known, name)
    }

    /// The facts of one instruction, given the one that is executed next (`None` if nothing is known of it).
    ///
    /// `ceval.c` decrements the ticker (or loads the eval breaker) at the top of its loop, on the way from this
    /// instruction to the next, so both names matter: a predicted next one is entered without going through the top,
    /// and before `SETUP_FINALLY` (v2.6) the top is left again without acting.
    pub fn facts(&self, name: &str, next: Option<&str>) -> Facts {
        let tick = self.looks.after(name, next);
        let put_off = next.is_some_and(|next| contains(&self.not_before, next));
        Facts { tick, may_check: tick && !put_off }
    }

    /// The facts of instructions given in order of execution; if `cyclic`, the first follows the last.
    pub fn classify(&self, names: &[&str], cyclic: bool) -> Vec<Facts> {
        let first = names.first().copied().filter(|_| cyclic);
        let following = names.iter().skip(1).map(|name| Some(*name)).chain([first]);
        names.iter().zip(following).map(|(name, next)| self.facts(name, next)).collect()
    }
}

impl Looks {
    /// Whether the interpreter looks up between `name` and `next`.
    fn after(&self, name: &str, next: Option<&str>) -> bool {
        match self {
            Looks::AfterAllBut { fast, predicted } => {
                let is_predicted = |next| predicted.get(name).is_some_and(|seconds| contains(seconds, next));
                !contains(fast, name) && !next.is_some_and(is_predicted)
            }
            Looks::After(names) => contains(names, name),
        }
    }
}

fn contains(names: &[String], name: &str) -> bool {
    names.iter().any(|known| known == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::listing::{ListingProblem, Rule, parse};

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.to_string()).collect()
    }

    /// The opcodes that occur in these tests, of all versions.
    const KNOWN: [&str; 33] = [
        "BINARY_OP",
        "CALL",
        "COMPARE_OP",
        "FOR_ITER",
        "GET_ITER",
        "INPLACE_SUBTRACT",
        "JUMP_ABSOLUTE",
        "JUMP_BACKWARD",
        "JUMP_FORWARD",
        "JUMP_IF_FALSE",
        "JUMP_IF_TRUE",
        "LIST_APPEND",
        "LOAD_CONST",
        "LOAD_FAST",
        "POP_BLOCK",
        "POP_JUMP_BACKWARD_IF_TRUE",
        "POP_JUMP_FORWARD_IF_FALSE",
        "POP_JUMP_IF_FALSE",
        "POP_TOP",
        "PRINT_ITEM",
        "PRINT_NEWLINE",
        "RERAISE",
        "RESUME",
        "RETURN_CONST",
        "RETURN_VALUE",
        "SETUP_FINALLY",
        "SETUP_LOOP",
        "STORE_FAST",
        "YIELD_VALUE",
        "NOP",
        "PUSH_EXC_INFO",
        "CACHE",
        "END_FINALLY",
    ];

    fn up_to_3_9(fast: &[&str], predicted: &[(&str, &[&str])]) -> OpcodeTable {
        let predicted =
            predicted.iter().map(|(first, seconds)| (first.to_string(), owned(seconds))).collect();
        OpcodeTable {
            known: owned(&KNOWN),
            looks: Looks::AfterAllBut { fast: owned(fast), predicted },
            not_before: owned(&["SETUP_FINALLY"]),
        }
    }

    fn python_2_6() -> OpcodeTable {
        let fast = ["LOAD_FAST", "LOAD_CONST", "STORE_FAST", "POP_TOP", "JUMP_IF_FALSE", "JUMP_IF_TRUE"];
        let predicted: [(&str, &[&str]); 3] = [
            ("COMPARE_OP", &["JUMP_IF_FALSE", "JUMP_IF_TRUE"]),
            ("JUMP_IF_FALSE", &["POP_TOP"]),
            ("LIST_APPEND", &["JUMP_ABSOLUTE"]),
        ];
        up_to_3_9(&fast, &predicted)
    }

    fn python_2_7(predicted: &[(&str, &[&str])]) -> OpcodeTable {
        let fast = ["LOAD_FAST", "LOAD_CONST", "STORE_FAST", "POP_TOP", "JUMP_FORWARD", "POP_JUMP_IF_FALSE"];
        up_to_3_9(&fast, predicted)
    }

    fn python_3_11() -> OpcodeTable {
        let looks = ["RESUME", "JUMP_BACKWARD", "POP_JUMP_BACKWARD_IF_TRUE", "CALL"];
        OpcodeTable { known: owned(&KNOWN), looks: Looks::After(owned(&looks)), not_before: Vec::new() }
    }

    fn ticking<'a>(table: &OpcodeTable, names: &[&'a str], cyclic: bool) -> Vec<&'a str> {
        let facts = table.classify(names, cyclic);
        names.iter().zip(facts).filter(|(_, facts)| facts.tick).map(|(name, _)| *name).collect()
    }

    #[test]
    fn the_countdown_costs_two_ticks_a_round_with_prediction() {
        let body = [
            "LOAD_FAST",
            "LOAD_CONST",
            "COMPARE_OP",
            "JUMP_IF_FALSE",
            "POP_TOP",
            "LOAD_FAST",
            "LOAD_CONST",
            "INPLACE_SUBTRACT",
            "STORE_FAST",
            "JUMP_ABSOLUTE",
        ];
        assert_eq!(ticking(&python_2_6(), &body, true), ["INPLACE_SUBTRACT", "JUMP_ABSOLUTE"]);
    }

    #[test]
    fn the_countdown_costs_three_ticks_a_round_with_computed_gotos() {
        let table = python_2_7(&[]);
        let body = [
            "LOAD_FAST",
            "LOAD_CONST",
            "COMPARE_OP",
            "POP_JUMP_IF_FALSE",
            "LOAD_FAST",
            "LOAD_CONST",
            "INPLACE_SUBTRACT",
            "STORE_FAST",
            "JUMP_ABSOLUTE",
        ];
        assert_eq!(ticking(&table, &body, true), ["COMPARE_OP", "INPLACE_SUBTRACT", "JUMP_ABSOLUTE"]);
    }

    #[test]
    fn a_prediction_that_fails_costs_a_tick() {
        assert_eq!(ticking(&python_2_6(), &["COMPARE_OP", "STORE_FAST"], true), ["COMPARE_OP"]);
    }

    #[test]
    fn a_predicted_second_does_what_it_does_itself() {
        assert_eq!(ticking(&python_2_6(), &["LIST_APPEND", "JUMP_ABSOLUTE"], false), ["JUMP_ABSOLUTE"]);
    }

    #[test]
    fn a_prediction_reaches_round_the_end_only_of_a_cyclic_stretch() {
        let names = ["JUMP_IF_FALSE", "COMPARE_OP"];
        assert_eq!(ticking(&python_2_6(), &names, true), Vec::<&str>::new());
        assert_eq!(ticking(&python_2_6(), &names, false), ["COMPARE_OP"]);
    }

    #[test]
    fn before_setup_finally_a_tick_is_counted_but_the_check_is_put_off() {
        let table = python_2_6();
        let names = ["SETUP_FINALLY", "PRINT_ITEM", "JUMP_ABSOLUTE"];
        let put_off = Facts { tick: true, may_check: false };
        let checks = Facts { tick: true, may_check: true };
        assert_eq!(table.classify(&names, true), [checks, checks, put_off]);
        assert_eq!(table.classify(&names, false), [checks, checks, checks]);
    }

    #[test]
    fn from_3_10_on_only_the_listed_instructions_look() {
        let body = ["LOAD_FAST", "BINARY_OP", "COMPARE_OP", "POP_JUMP_BACKWARD_IF_TRUE"];
        assert_eq!(ticking(&python_3_11(), &body, true), ["POP_JUMP_BACKWARD_IF_TRUE"]);
    }

    #[test]
    fn nothing_is_said_of_no_instructions() {
        assert_eq!(python_2_6().classify(&[], true), []);
    }

    #[test]
    fn a_misspelt_opcode_is_not_known() {
        assert!(python_2_6().is_known("LOAD_FAST"));
        assert!(!python_2_6().is_known("LOAD_FATS"));
    }

    const TICKS: Rule = Rule::Ticks { interval: 100 };
    const COUNTDOWN_2_6: &str = include_str!("../../tests/data/listings/countdown-2.6.txt");
    const PRINT_2_6: &str = include_str!("../../tests/data/listings/print-2.6.txt");
    const COUNTDOWN_2_7: &str = include_str!("../../tests/data/listings/countdown-2.7.txt");
    const COUNTDOWN_3_9: &str = include_str!("../../tests/data/listings/countdown-3.9.txt");
    const COUNTDOWN_3_11: &str = include_str!("../../tests/data/listings/countdown-3.11.txt");
    const COUNTDOWN_3_13: &str = include_str!("../../tests/data/listings/countdown-3.13.txt");
    const COUNTDOWN_3_13_OFFSETS: &str = include_str!("../../tests/data/listings/countdown-3.13-offsets.txt");

    /// What is said of the loops of a listing.
    fn loops(listing: &str, table: &OpcodeTable, rule: Rule) -> Vec<String> {
        let text = parse(listing).unwrap().annotate(table, rule).unwrap().render();
        text.lines().filter(|line| line.starts_with("loop")).map(str::to_owned).collect()
    }

    #[test]
    fn a_listing_of_2_6_says_how_often_a_loop_checks() {
        let countdown =
            "loop 3-26 (line 2): 2 ticks an iteration, a check every 101 ticks: every 50.5 iterations";
        assert_eq!(loops(COUNTDOWN_2_6, &python_2_6(), TICKS), [countdown]);
        let print =
            "loop 3-31 (line 2): 4 ticks an iteration, a check every 101 ticks: every 25.3 iterations";
        assert_eq!(loops(PRINT_2_6, &python_2_6(), TICKS), [print]);
    }

    #[test]
    fn the_countdown_of_2_7_ticks_twice_with_prediction_and_three_times_without() {
        let ticks = |table| parse(COUNTDOWN_2_7).unwrap().annotate(&table, TICKS).unwrap().loops()[0].ticks;
        assert_eq!(ticks(python_2_7(&[("COMPARE_OP", &["POP_JUMP_IF_FALSE"])])), 2);
        assert_eq!(ticks(python_2_7(&[])), 3);
    }

    #[test]
    fn the_eval_breaker_is_checked_three_times_a_round_in_3_9_and_once_later() {
        let three = "loop 0-16 (line 2): the eval breaker is checked 3 times an iteration";
        assert_eq!(loops(COUNTDOWN_3_9, &python_2_7(&[]), Rule::EvalBreaker), [three]);
        let cases = [
            (COUNTDOWN_3_11, "14-34"),
            (COUNTDOWN_3_13, "L1-JUMP_BACKWARD"),
            (COUNTDOWN_3_13_OFFSETS, "14-36"),
        ];
        for (listing, place) in cases {
            let once = format!("loop {place} (line 2): the eval breaker is checked 1 time an iteration");
            assert_eq!(loops(listing, &python_3_11(), Rule::EvalBreaker), [once]);
        }
    }

    #[test]
    fn the_gutter_shows_ticks_and_checks_put_off() {
        let text = "Disassembly of f:\n  2     >>    0 PRINT_NEWLINE\n              1 SETUP_FINALLY            7 (to 11)\n\n\
                    \x20 3           4 LOAD_FAST                0 (n)\n              7 JUMP_ABSOLUTE            0\n";
        let annotated = parse(text).unwrap().annotate(&python_2_6(), TICKS).unwrap();
        let expected = [
            "       Disassembly of f:",
            "tick!    2     >>    0 PRINT_NEWLINE",
            "tick                 1 SETUP_FINALLY            7 (to 11)",
            "",
            "         3           4 LOAD_FAST                0 (n)",
            "tick                 7 JUMP_ABSOLUTE            0",
            "",
            "loop 0-7 (line 2): 3 ticks an iteration, a check every 101 ticks: every 33.7 iterations",
            "!: the check is put off, because of the instruction that comes next",
        ];
        assert_eq!(annotated.render().lines().collect::<Vec<_>>(), expected);
        assert_eq!(annotated.loops()[0].checks, 2);
    }

    #[test]
    fn after_a_jump_the_next_instruction_is_its_target() {
        let text = "1 0 SETUP_FINALLY 20 (to 23)\n3 NOP\n4 JUMP_ABSOLUTE 0\n";
        let annotated = parse(text).unwrap().annotate(&python_2_6(), TICKS).unwrap();
        assert!(annotated.render().contains("tick!  4 JUMP_ABSOLUTE"));
    }

    #[test]
    fn the_rounds_of_an_inner_loop_are_not_those_of_the_outer_one() {
        // for x in xs: (for y in x: print y); print
        let text = "1 0 FOR_ITER 21 (to 24)\n3 STORE_FAST 1\n6 GET_ITER\n7 FOR_ITER 10 (to 20)\n10 STORE_FAST 1\n\
                    13 PRINT_ITEM\n14 PRINT_NEWLINE\n17 JUMP_ABSOLUTE 7\n20 PRINT_NEWLINE\n21 JUMP_ABSOLUTE 0\n24 NOP\n";
        let annotated = parse(text).unwrap().annotate(&python_2_7(&[]), TICKS).unwrap();
        let ticks: Vec<u64> = annotated.loops().iter().map(|of_loop| of_loop.ticks).collect();
        assert_eq!(ticks, [4, 5]);
    }

    #[test]
    fn a_conditional_jump_back_that_is_not_taken_does_not_look() {
        let text = "1 0 NOP\n2 POP_JUMP_BACKWARD_IF_TRUE 1 (to 0)\n4 JUMP_BACKWARD 3 (to 0)\n";
        let annotated = parse(text).unwrap().annotate(&python_3_11(), Rule::EvalBreaker).unwrap();
        assert_eq!(annotated.loops().iter().map(|of_loop| of_loop.ticks).collect::<Vec<_>>(), [1, 1]);
    }

    #[test]
    fn resume_looks_at_function_entry_but_not_within_a_chain_of_generators() {
        let text = "1 0 RESUME 0\n2 NOP\n4 RESUME 2\n6 RESUME 3\n8 RESUME 1\n";
        let shown = parse(text).unwrap().annotate(&python_3_11(), Rule::EvalBreaker).unwrap().render();
        assert_eq!(shown.matches("check").count(), 2);
    }

    #[test]
    fn an_opcode_the_version_does_not_have_is_an_error_with_its_line() {
        let error =
            parse("1 0 NOP\n\n1 LOAD_FATS 0 (n)\n").unwrap().annotate(&python_2_6(), TICKS).unwrap_err();
        assert_eq!((error.line, error.reason), (3, ListingProblem::UnknownOpcode("LOAD_FATS".to_owned())));
    }
}
