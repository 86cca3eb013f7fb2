//! Disassembly listings, as `python -m dis` prints them, and where in them an interpreter looks up.
//!
//! A lecturer pastes a listing and sees, instruction by instruction, where a tick is counted or the eval breaker is
//! looked at, and how often that happens in each loop. The formats are those of CPython 2.6 to 3.13 (`Lib/dis.py`):
//! line number, `>>` or a label `L1:`, offset (none by default in 3.13), opcode, argument, explanation.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::opcodes::{Facts, Looks, OpcodeTable};

/// The most instructions one code object may have. The time to annotate grows with the square of it.
const MAX_INSTRUCTIONS: usize = 20_000;

/// A listing that was read; see [`parse`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The text, line by line.
    pub lines: Vec<String>,
    /// The instructions, in the order of the text.
    pub instructions: Vec<ListedInstruction>,
}

/// One instruction of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedInstruction {
    /// Index of its line in [`Listing::lines`].
    pub text_line: usize,
    /// Which code object of the listing it belongs to, from 0.
    pub code_object: usize,
    /// The line of the Python source it was compiled from.
    pub source_line: Option<u32>,
    /// Offset or label, whichever a jump to it is written with.
    pub place: Option<String>,
    /// The opcode.
    pub name: String,
    /// The argument.
    pub argument: Option<u32>,
    /// Index in [`Listing::instructions`] of the instruction it may jump to.
    pub target: Option<usize>,
}

/// A line that cannot be read or annotated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}: {text:?}")]
pub struct ListingError {
    /// Its number, from 1.
    pub line: usize,
    /// Its text.
    pub text: String,
    /// What is wrong.
    pub reason: ListingProblem,
}

/// What may be wrong with a line of a listing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListingProblem {
    /// Neither an instruction nor anything else that `dis` prints.
    #[error("this is not a line of a disassembly listing")]
    NotAnInstruction,
    /// The interpreter's table does not have the opcode.
    #[error("unknown opcode {0}")]
    UnknownOpcode(String),
    /// A code object is longer than can be annotated in reasonable time.
    #[error("more than {MAX_INSTRUCTIONS} instructions in one code object")]
    TooLong,
}

/// By which rule the interpreter acts where it looks up, hence what to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// It counts ticks, and checks every `interval + 1` of them (CPython up to 3.1).
    Ticks {
        /// `sys.setcheckinterval`.
        interval: u32,
    },
    /// It looks at the eval breaker (CPython 3.2 and later).
    EvalBreaker,
}

/// A listing with what the interpreter does after each instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotated {
    rule: Rule,
    lines: Vec<(String, Option<Facts>)>,
    loops: Vec<LoopTicks>,
}

/// A loop of a listing: a jump backward, with the way from its target to it.
///
/// The way is the straight one: forward conditional jumps are taken only where there is no way without, inner `for`
/// loops run no round (their rounds come on top), and no exception is raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoopTicks {
    /// The first line of the Python source in the loop.
    pub first_line: Option<u32>,
    /// Offset or label of the loop's head.
    pub from: String,
    /// Offset or label of the jump back; its opcode in a listing without offsets.
    pub to: String,
    /// Ticks counted, or looks at the eval breaker, in an iteration.
    pub ticks: u64,
    /// Those of them at which the interpreter may act.
    pub checks: u64,
}

/// Reads a listing of one or more code objects.
pub fn parse(text: &str) -> Result<Listing, ListingError> {
    let lines: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
    let mut raw = Vec::new();
    for (text_line, line) in lines.iter().enumerate() {
        if !is_heading(line) {
            let instruction = RawInstruction::parse(line);
            let instruction =
                instruction.ok_or_else(|| error(&lines, text_line, ListingProblem::NotAnInstruction))?;
            raw.push((text_line, instruction));
        }
    }
    // Only the 3.13 format leaves offsets out, and then on every line.
    let has_offsets = raw.iter().all(|(_, instruction)| !instruction.numbers.is_empty());
    let mut instructions = Vec::new();
    let mut builder = Builder { has_offsets, ..Builder::default() };
    for (text_line, instruction) in &raw {
        let headed = lines[..*text_line].iter().rev().take_while(|line| is_heading(line));
        if headed.into_iter().any(|line| line.starts_with("Disassembly of")) {
            builder.begin_code_object();
        }
        let instruction = builder.place(*text_line, instruction);
        if builder.in_code_object > MAX_INSTRUCTIONS {
            return Err(error(&lines, *text_line, ListingProblem::TooLong));
        }
        instructions.push(instruction);
    }
    for (instruction, (_, raw)) in instructions.iter_mut().zip(&raw) {
        let destination = raw.destination.clone().map(|place| (instruction.code_object, place));
        instruction.target = destination.and_then(|place| builder.places.get(&place).copied());
    }
    Ok(Listing { lines, instructions })
}

/// Blank lines, titles of code objects and exception tables (3.11 and later): nothing of them is executed.
fn is_heading(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().take(4).collect();
    let is_table_row = matches!(words[..], [_, "to", _, "->"]);
    words.is_empty() || line.starts_with("Disassembly of") || line == "ExceptionTable:" || is_table_row
}

fn error(lines: &[String], text_line: usize, reason: ListingProblem) -> ListingError {
    ListingError { line: text_line + 1, text: lines[text_line].clone(), reason }
}

/// What stands on the line of an instruction.
struct RawInstruction {
    label: Option<String>,
    /// Before the opcode: source line and offset, or one of them.
    numbers: Vec<u32>,
    /// The source line is marked as missing.
    without_source: bool,
    name: String,
    argument: Option<u32>,
    /// Offset or label of the instruction it may jump to.
    destination: Option<String>,
}

impl RawInstruction {
    /// `None` if the line is not of the form.
    fn parse(line: &str) -> Option<RawInstruction> {
        let (mut label, mut numbers, mut without_source) = (None, Vec::new(), false);
        let mut rest = line;
        let name = loop {
            let (word, after) = next_word(rest)?;
            rest = after;
            match word {
                ">>" | "-->" => {}
                "--" | "None" => without_source = true,
                _ if is_opcode(word) => break word,
                _ => match word.strip_suffix(':') {
                    Some(name) if name.starts_with('L') => label = Some(name.to_owned()),
                    _ if numbers.len() < 2 => numbers.push(word.parse().ok()?),
                    _ => return None,
                },
            }
        };
        let (argument, explanation) = argument(rest)?;
        let destination = destination(name, argument, explanation);
        Some(RawInstruction { label, numbers, without_source, name: name.to_owned(), argument, destination })
    }
}

/// The first word of a text and what follows it.
fn next_word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// Opcodes are upper case, and `SLICE+0`; `dis` prints those that have no name as `<33>`.
fn is_opcode(word: &str) -> bool {
    let named =
        |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || "_+".contains(letter);
    let is_named = word.starts_with(|letter: char| letter.is_ascii_uppercase()) && word.chars().all(named);
    is_named || (word.starts_with('<') && word.ends_with('>'))
}

/// The argument and the explanation in brackets that may follow an opcode; `None` if anything else does.
fn argument(rest: &str) -> Option<(Option<u32>, &str)> {
    let rest = rest.trim();
    if rest.is_empty() || rest.starts_with('(') {
        return Some((None, rest));
    }
    let (number, explanation) = next_word(rest)?;
    let explanation = explanation.trim_start();
    let is_explained = explanation.is_empty() || explanation.starts_with('(');
    is_explained.then_some(())?;
    Some((Some(number.parse().ok()?), explanation))
}

/// The place an instruction may jump to.
fn destination(name: &str, argument: Option<u32>, explanation: &str) -> Option<String> {
    // Blocks name the place of their handler or end; that is where an exception goes, not this instruction.
    if name.starts_with("SETUP_") {
        return None;
    }
    let written = explanation.strip_prefix("(to ").and_then(|place| place.strip_suffix(')'));
    // `dis` writes the place of relative jumps only, up to 3.9; the argument of the others is the offset.
    let is_absolute = matches!(name, "JUMP_ABSOLUTE" | "CONTINUE_LOOP") || name.contains("JUMP_IF_");
    let absolute = argument.filter(|_| is_absolute).map(|offset| offset.to_string());
    written.map(str::to_owned).or(absolute)
}

/// Gives each instruction its place.
#[derive(Default)]
struct Builder {
    has_offsets: bool,
    code_object: usize,
    in_code_object: usize,
    index: usize,
    last_offset: Option<u32>,
    source_line: Option<u32>,
    /// The instruction at each offset and label of each code object.
    places: BTreeMap<(usize, String), usize>,
}

impl Builder {
    fn begin_code_object(&mut self) {
        if self.in_code_object > 0 {
            self.code_object += 1;
        }
        self.in_code_object = 0;
        self.last_offset = None;
        self.source_line = None;
    }

    fn place(&mut self, text_line: usize, raw: &RawInstruction) -> ListedInstruction {
        let (line, offset) = match raw.numbers[..] {
            [line, offset] => (Some(line), Some(offset)),
            [offset] if self.has_offsets => (None, Some(offset)),
            [line] => (Some(line), None),
            _ => (None, None),
        };
        if self.begins_anew(offset, raw.label.as_ref()) {
            self.begin_code_object();
        }
        let kept = self.source_line.filter(|_| !raw.without_source);
        self.source_line = line.or(kept);
        let offset_place = offset.map(|offset| offset.to_string());
        for place in [&offset_place, &raw.label].into_iter().flatten() {
            self.places.insert((self.code_object, place.clone()), self.index);
        }
        self.index += 1;
        self.in_code_object += 1;
        self.last_offset = offset;
        ListedInstruction {
            text_line,
            code_object: self.code_object,
            source_line: self.source_line,
            place: offset_place.or_else(|| raw.label.clone()),
            name: raw.name.clone(),
            argument: raw.argument,
            target: None,
        }
    }

    /// Whether a code object without a title begins: offsets rise within one, and no label stands twice.
    fn begins_anew(&self, offset: Option<u32>, label: Option<&String>) -> bool {
        let falls = offset.zip(self.last_offset).is_some_and(|(offset, last)| offset <= last);
        falls || label.is_some_and(|label| self.places.contains_key(&(self.code_object, label.clone())))
    }
}

impl Listing {
    /// Says of each instruction and of each loop where the interpreter of the table looks up.
    pub fn annotate(&self, table: &OpcodeTable, rule: Rule) -> Result<Annotated, ListingError> {
        let mut lines: Vec<_> = self.lines.iter().map(|line| (line.clone(), None)).collect();
        for (index, instruction) in self.instructions.iter().enumerate() {
            if !table.is_known(&instruction.name) {
                let reason = ListingProblem::UnknownOpcode(instruction.name.clone());
                return Err(error(&self.lines, instruction.text_line, reason));
            }
            let next =
                if instruction.never_falls_through() { instruction.target } else { self.following(index) };
            lines[instruction.text_line].1 = Some(self.facts(table, index, next));
        }
        let loops = (0..self.instructions.len()).filter_map(|jump| self.loop_of(table, jump)).collect();
        Ok(Annotated { rule, lines, loops })
    }

    /// The instruction after this one in its code object.
    fn following(&self, index: usize) -> Option<usize> {
        let next = self.instructions.get(index + 1)?;
        (next.code_object == self.instructions[index].code_object).then_some(index + 1)
    }

    fn facts(&self, table: &OpcodeTable, index: usize, next: Option<usize>) -> Facts {
        let instruction = &self.instructions[index];
        if instruction.resumes_a_chain() {
            return Facts { tick: false, may_check: false };
        }
        table.facts(&instruction.name, next.map(|next| self.instructions[next].name.as_str()))
    }

    /// The facts of an instruction on the way to `next`: the conditional jumps that look do so only when they jump
    /// (`ceval.c`, v3.11).
    fn facts_on_the_way(&self, table: &OpcodeTable, index: usize, next: usize) -> Facts {
        let is_not_taken = self.instructions[index].target.is_some_and(|target| target != next);
        if is_not_taken && matches!(table.looks, Looks::After(_)) {
            return Facts { tick: false, may_check: false };
        }
        self.facts(table, index, Some(next))
    }

    /// The loop that a jump backward closes; `None` if it is no such jump, or there is no way from its target to it
    /// (it ends an exception handler).
    fn loop_of(&self, table: &OpcodeTable, jump: usize) -> Option<LoopTicks> {
        let head = self.instructions[jump].target.filter(|target| *target <= jump)?;
        let way = self.way(head, jump)?;
        let next = way.iter().skip(1).chain([&head]);
        let facts: Vec<Facts> =
            way.iter().zip(next).map(|(index, next)| self.facts_on_the_way(table, *index, *next)).collect();
        let place = |index: usize| {
            let instruction = &self.instructions[index];
            instruction.place.clone().unwrap_or_else(|| instruction.name.clone())
        };
        Some(LoopTicks {
            first_line: self.instructions[head..=jump].iter().filter_map(|listed| listed.source_line).min(),
            from: place(head),
            to: place(jump),
            ticks: facts.iter().filter(|facts| facts.tick).count() as u64,
            checks: facts.iter().filter(|facts| facts.may_check).count() as u64,
        })
    }

    /// The straight way from a loop's head to the jump back, without a jump backward between.
    fn way(&self, head: usize, jump: usize) -> Option<Vec<usize>> {
        let mut leads_there = vec![false; jump - head + 1];
        let mut step = vec![None; jump - head + 1];
        leads_there[jump - head] = true;
        for index in (head..jump).rev() {
            let ahead = |next: &usize| (index + 1..=jump).contains(next) && leads_there[next - head];
            step[index - head] = self.successors(index).into_iter().flatten().find(ahead);
            leads_there[index - head] = step[index - head].is_some();
        }
        leads_there[0].then(|| std::iter::successors(Some(head), |index| step[index - head]).collect())
    }

    /// Where execution may go from an instruction: straight on first.
    fn successors(&self, index: usize) -> [Option<usize>; 2] {
        let instruction = &self.instructions[index];
        let straight = self.following(index).filter(|_| !instruction.never_falls_through());
        [straight, instruction.target]
    }
}

impl ListedInstruction {
    fn never_falls_through(&self) -> bool {
        let ends =
            ["RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE", "BREAK_LOOP", "CONTINUE_LOOP"];
        let jumps = ["JUMP_ABSOLUTE", "JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT"];
        ends.contains(&self.name.as_str()) || jumps.contains(&self.name.as_str())
    }

    /// `RESUME` after `yield from` (2) or `await` (3) does not look, so that a signal reaches the innermost frame
    /// (`ceval.c`, v3.11; `bytecodes.c`, v3.13).
    fn resumes_a_chain(&self) -> bool {
        self.name == "RESUME" && self.argument.is_some_and(|argument| argument & 3 >= 2)
    }
}

impl Annotated {
    /// The loops, in the order of their jumps back.
    pub fn loops(&self) -> &[LoopTicks] {
        &self.loops
    }

    /// The listing with a gutter before each line, and a sentence for each loop after it.
    pub fn render(&self) -> String {
        let mut text = String::new();
        for (line, facts) in &self.lines {
            let _ = writeln!(text, "{}", format!("{:7}{line}", self.mark(*facts)).trim_end());
        }
        let is_put_off =
            |(_, facts): &(_, Option<Facts>)| facts.is_some_and(|facts| facts.tick && !facts.may_check);
        if !self.loops.is_empty() || self.lines.iter().any(is_put_off) {
            text.push('\n');
        }
        for of_loop in &self.loops {
            let _ = writeln!(text, "{}: {}", of_loop.name(), of_loop.summary(self.rule));
        }
        if self.lines.iter().any(is_put_off) {
            text.push_str("!: the check is put off, because of the instruction that comes next\n");
        }
        text
    }

    fn mark(&self, facts: Option<Facts>) -> &'static str {
        match (self.rule, facts) {
            (Rule::Ticks { .. }, Some(Facts { tick: true, may_check: true })) => "tick",
            (Rule::Ticks { .. }, Some(Facts { tick: true, may_check: false })) => "tick!",
            (Rule::EvalBreaker, Some(Facts { tick: true, may_check: true })) => "check",
            (Rule::EvalBreaker, Some(Facts { tick: true, may_check: false })) => "check!",
            _ => "",
        }
    }
}

impl LoopTicks {
    fn name(&self) -> String {
        let line = self.first_line.map(|line| format!(" (line {line})")).unwrap_or_default();
        format!("loop {}-{}{line}", self.from, self.to)
    }

    fn summary(&self, rule: Rule) -> String {
        match rule {
            Rule::Ticks { .. } if self.ticks == 0 => "no ticks, so never a check".to_owned(),
            Rule::Ticks { .. } if self.checks == 0 => {
                format!("{} an iteration, but every check is put off", counted(self.ticks, "tick"))
            }
            Rule::Ticks { interval } => {
                let period = u64::from(interval) + 1;
                let ticks = counted(self.ticks, "tick");
                let iterations = iterations_per_check(period, self.ticks);
                format!("{ticks} an iteration, a check every {}: every {iterations}", counted(period, "tick"))
            }
            Rule::EvalBreaker if self.checks == 0 => "the eval breaker is not checked".to_owned(),
            Rule::EvalBreaker => {
                format!("the eval breaker is checked {} an iteration", counted(self.checks, "time"))
            }
        }
    }
}

/// `2 ticks`, `1 tick`.
fn counted(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// `50.5 iterations`: to a tenth, half up; in whole numbers, so that the text is the same on any machine.
fn iterations_per_check(period: u64, ticks: u64) -> String {
    let tenths = (period * 20 + ticks) / (ticks * 2);
    match (tenths / 10, tenths % 10) {
        (whole, 0) => counted(whole, "iteration"),
        (whole, tenth) => format!("{whole}.{tenth} iterations"),
    }
}

// What is counted in real listings is tested with the tables, in `opcodes`.
#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn problem(text: &str) -> (usize, ListingProblem) {
        let error = parse(text).expect_err("this text is wrong");
        (error.line, error.reason)
    }

    #[test]
    fn a_line_that_dis_does_not_print_is_an_error_with_its_number() {
        for line in ["hello", "  3  0 LOAD_FAST zero", "1 2 3 NOP", "4", "99999999999 NOP", "0 LOAD_FAST 0 n"]
        {
            assert_eq!(problem(&format!("  1   0 NOP\n\n{line}\n")), (3, ListingProblem::NotAnInstruction));
        }
    }

    #[test]
    fn a_fall_in_the_offsets_begins_another_code_object() {
        let listing = parse("1 0 NOP\n2 JUMP_ABSOLUTE 0\n0 NOP\n2 JUMP_ABSOLUTE 0\n").unwrap();
        let targets: Vec<_> = listing.instructions.iter().map(|listed| listed.target).collect();
        assert_eq!(targets, [None, Some(0), None, Some(2)]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*|([ \n]|[0-9]{1,3} |>> |L[1-3]: |[A-Z_]{3,12} |\\(to L?[0-9]\\)){0,60}") {
            let _ = parse(&text);
        }
    }
}
