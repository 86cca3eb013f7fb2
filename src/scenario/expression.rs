//! What an expectation computes: `threaded.makespan / sequential.makespan`.
//!
//! An expression is parsed once, when a scenario is loaded; a run or metric that does not exist is an error then. A
//! quantity is a time in seconds (or a power of it) or a plain number, and the two are never mixed.

mod reference;

use std::ops::Range;

use crate::scenario::Run;
use crate::scenario::diagnostic::quoted;
use crate::scenario::known::KnownRun;
use crate::scenario::units;

/// The longest expression, in bytes; it bounds how many operators there are in a row.
const LONGEST: usize = 1_000;
/// How deep parentheses may be nested; it bounds the recursion of the parser.
const DEEPEST: usize = 32;

/// A parsed expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// Where it is within the text that was parsed, in bytes.
    pub range: Range<usize>,
    /// What is to be computed.
    pub term: Term,
    /// The power of time this is measured in: 0 is a plain number, 1 is seconds.
    pub time_power: i32,
}

/// What an expression computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// A number, or a time in seconds.
    Constant(f64),
    /// A quantity of a run.
    Reference {
        /// The name of the run.
        run: String,
        /// The name of the quantity, as the run has it: `makespan`, `echo.latency.p99`.
        metric: String,
    },
    /// Two expressions and what to do with them.
    Operation {
        /// What to do.
        operator: Operator,
        /// The first operand.
        left: Box<Expression>,
        /// The second operand.
        right: Box<Expression>,
    },
}

/// An arithmetic operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// ` + `
    Add,
    /// ` - `
    Subtract,
    /// ` * `
    Multiply,
    /// ` / `
    Divide,
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// A divisor is zero.
    #[error("division by zero")]
    DivisionByZero,
    /// A run has no such quantity, as badness without a check.
    #[error("{metric} of run `{run}` has no value")]
    NoValue {
        /// The run.
        run: String,
        /// The name of the metric.
        metric: String,
    },
    /// The value is too large for a number.
    #[error("the value is too large")]
    TooLarge,
}

/// Why a text is not an expression, and at which of its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExpressionError {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Where it is.
    pub range: Range<usize>,
}

impl Expression {
    /// Parses an expression over these runs.
    ///
    /// # Errors
    /// If it is none, with what is wrong and what to do about it.
    pub fn parse(text: &str, runs: &[Run]) -> Result<Expression, String> {
        let runs: Vec<KnownRun<'_>> = runs.iter().map(KnownRun::of).collect();
        parse(text, &runs).map_err(|error| match error.help {
            Some(help) => format!("{} ({help})", error.message),
            None => error.message,
        })
    }

    /// The names of the quantities that it speaks of, of whatever runs.
    pub fn metrics(&self) -> Vec<String> {
        match &self.term {
            Term::Constant(_) => Vec::new(),
            Term::Reference { metric, .. } => vec![metric.clone()],
            Term::Operation { left, right, .. } => [left.metrics(), right.metrics()].concat(),
        }
    }

    /// The value, given the value of each quantity of each run.
    pub fn evaluate(&self, value_of: &impl Fn(&str, &str) -> Option<f64>) -> Result<f64, EvaluationError> {
        let value = match &self.term {
            Term::Constant(value) => *value,
            Term::Reference { run, metric } => value_of(run, metric)
                .ok_or_else(|| EvaluationError::NoValue { run: run.clone(), metric: metric.clone() })?,
            Term::Operation { operator, left, right } => {
                operator.apply(left.evaluate(value_of)?, right.evaluate(value_of)?)?
            }
        };
        if value.is_finite() { Ok(value) } else { Err(EvaluationError::TooLarge) }
    }
}

impl Operator {
    fn apply(self, left: f64, right: f64) -> Result<f64, EvaluationError> {
        match self {
            Operator::Add => Ok(left + right),
            Operator::Subtract => Ok(left - right),
            Operator::Multiply => Ok(left * right),
            Operator::Divide if right == 0.0 => Err(EvaluationError::DivisionByZero),
            Operator::Divide => Ok(left / right),
        }
    }

    /// The power of time of the result; `None` if a time and a number would be added.
    fn time_power(self, left: i32, right: i32) -> Option<i32> {
        match self {
            Operator::Add | Operator::Subtract => (left == right).then_some(left),
            Operator::Multiply => Some(left + right),
            Operator::Divide => Some(left - right),
        }
    }

    fn is_sum(self) -> bool {
        matches!(self, Operator::Add | Operator::Subtract)
    }
}

/// Parses an expression over these runs.
pub(crate) fn parse(text: &str, runs: &[KnownRun<'_>]) -> Result<Expression, ExpressionError> {
    if text.len() > LONGEST {
        let message = format!("an expression of more than {LONGEST} bytes is too long");
        return Err(ExpressionError { message, help: None, range: 0..text.len() });
    }
    let mut parser = Parser { tokens: tokens(text), next: 0, depth: 0, text, runs };
    let expression = parser.sum()?;
    match parser.peek() {
        Some(token) => Err(parser.unexpected(token.range.clone())),
        None => Ok(expression),
    }
}

/// A piece of an expression.
#[derive(Clone, Debug, PartialEq)]
struct Token {
    kind: TokenKind,
    range: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum TokenKind {
    Operator(Operator),
    Open,
    Close,
    /// A number, a time or a reference. It may contain spaces, and operators without spaces around.
    Operand,
}

/// Cuts a text into tokens: at parentheses, and at operators with a space on both sides.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut operand_start = 0;
    for (index, letter) in text.char_indices() {
        let kind = match letter {
            '(' => TokenKind::Open,
            ')' => TokenKind::Close,
            _ => match operator_at(text, index) {
                Some(operator) => TokenKind::Operator(operator),
                None => continue,
            },
        };
        push_operand(text, operand_start..index, &mut tokens);
        operand_start = index + letter.len_utf8();
        tokens.push(Token { kind, range: index..operand_start });
    }
    push_operand(text, operand_start..text.len(), &mut tokens);
    tokens
}

fn operator_at(text: &str, index: usize) -> Option<Operator> {
    let operator = match text.as_bytes()[index] {
        b'+' => Operator::Add,
        b'-' => Operator::Subtract,
        b'*' => Operator::Multiply,
        b'/' => Operator::Divide,
        _ => return None,
    };
    let spaced = text[..index].ends_with(' ') && text[index + 1..].starts_with(' ');
    spaced.then_some(operator)
}

fn push_operand(text: &str, range: Range<usize>, tokens: &mut Vec<Token>) {
    let part = &text[range.clone()];
    let start = range.start + (part.len() - part.trim_start().len());
    let length = part.trim().len();
    if length > 0 {
        tokens.push(Token { kind: TokenKind::Operand, range: start..start + length });
    }
}

struct Parser<'a> {
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
    text: &'a str,
    runs: &'a [KnownRun<'a>],
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    /// Takes the next token if it is an operator of this kind.
    fn take_operator(&mut self, sums: bool) -> Option<Operator> {
        match self.peek()?.kind {
            TokenKind::Operator(operator) if operator.is_sum() == sums => {
                self.next += 1;
                Some(operator)
            }
            _ => None,
        }
    }

    fn sum(&mut self) -> Result<Expression, ExpressionError> {
        let mut left = self.product()?;
        while let Some(operator) = self.take_operator(true) {
            let right = self.product()?;
            left = combine(operator, left, right)?;
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Expression, ExpressionError> {
        let mut left = self.operand()?;
        while let Some(operator) = self.take_operator(false) {
            let right = self.operand()?;
            left = combine(operator, left, right)?;
        }
        Ok(left)
    }

    fn operand(&mut self) -> Result<Expression, ExpressionError> {
        let Some(Token { kind, range }) = self.peek().cloned() else {
            return Err(self.unexpected(self.text.len()..self.text.len()));
        };
        self.next += 1;
        match kind {
            TokenKind::Operand => self.leaf(range),
            TokenKind::Open => self.parenthesis(range),
            TokenKind::Operator(_) | TokenKind::Close => Err(self.unexpected(range)),
        }
    }

    fn parenthesis(&mut self, open: Range<usize>) -> Result<Expression, ExpressionError> {
        if self.depth >= DEEPEST {
            let message = format!("parentheses are nested more than {DEEPEST} deep");
            return Err(ExpressionError { message, help: None, range: open });
        }
        self.depth += 1;
        let inner = self.sum()?;
        self.depth -= 1;
        match self.peek() {
            Some(Token { kind: TokenKind::Close, range }) => {
                let range = open.start..range.end;
                self.next += 1;
                Ok(Expression { range, ..inner })
            }
            Some(token) => Err(self.unexpected(token.range.clone())),
            None => Err(ExpressionError {
                message: "this parenthesis is not closed".to_owned(),
                help: None,
                range: open,
            }),
        }
    }

    fn leaf(&self, range: Range<usize>) -> Result<Expression, ExpressionError> {
        let text = &self.text[range.clone()];
        let constant = |value, time_power| {
            Ok(Expression { range: range.clone(), term: Term::Constant(value), time_power })
        };
        if let Ok(number) = units::parse_number(text) {
            return constant(number, 0);
        }
        if let Ok(span) = units::parse_span(text) {
            return constant(span.as_secs(), 1);
        }
        reference::reference(text, range, self.runs)
    }

    fn unexpected(&self, range: Range<usize>) -> ExpressionError {
        let found = self.text.get(range.clone()).filter(|found| !found.is_empty());
        let message = match found {
            Some(found) => format!("did not expect {} here", quoted(found)),
            None => "the expression is not complete".to_owned(),
        };
        ExpressionError { message, help: None, range }
    }
}

fn combine(operator: Operator, left: Expression, right: Expression) -> Result<Expression, ExpressionError> {
    let range = left.range.start..right.range.end;
    let Some(time_power) = operator.time_power(left.time_power, right.time_power) else {
        return Err(ExpressionError {
            message: "a time and a number cannot be added or subtracted".to_owned(),
            help: Some("give the number a unit, such as 5ms".to_owned()),
            range,
        });
    };
    let term = Term::Operation { operator, left: Box::new(left), right: Box::new(right) };
    Ok(Expression { range, term, time_power })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::known::Parts;
    use crate::scenario::metrics::Metric;

    const RUNS: [KnownRun<'_>; 3] = [known("a"), known("one core"), known("b-2")];

    const fn known(name: &str) -> KnownRun<'_> {
        KnownRun { name, parts: Some(Parts { threads: &[], latencies: &[], variables: &[] }) }
    }

    fn value(text: &str) -> Result<f64, EvaluationError> {
        let values = |run: &str, metric: &str| match (run, metric) {
            ("a", "makespan") => Some(12.0),
            ("one core", "makespan") => Some(3.0),
            ("b-2", "gil.checks") => Some(0.0),
            _ => None,
        };
        parse(text, &RUNS).unwrap().evaluate(&values)
    }

    fn error(text: &str) -> ExpressionError {
        parse(text, &RUNS).unwrap_err()
    }

    #[test]
    fn products_bind_more_tightly_than_sums_and_both_from_the_left() {
        assert_eq!(value("10 - 2 - 3 * 2"), Ok(2.0));
        assert_eq!(value("(10 - 2) * 2 / 4 / 2"), Ok(2.0));
    }

    #[test]
    fn a_reference_names_a_run_and_a_metric() {
        assert_eq!(value("a.makespan / one core.makespan"), Ok(4.0));
        assert_eq!(value("b-2.gil.checks - 5"), Ok(-5.0));
    }

    #[test]
    fn a_thread_or_a_latency_is_named_before_its_metric() {
        let (threads, latencies) = (["main".to_owned()], ["disk".to_owned(), "echo".to_owned()]);
        let parts = Some(Parts { threads: &threads, latencies: &latencies, variables: &[] });
        let runs = [KnownRun { name: "a", parts }];
        assert_eq!(runs[0].metric("echo.latency.p50"), Some(Metric::OF_LATENCIES[2].of_latency(1)));
        assert_eq!(runs[0].metric("main.user"), Some(Metric::OF_THREADS[0].of_thread(0)));
        let named = |text: &str| parse(text, &runs).map(|expression| expression.term);
        let reference = Term::Reference { run: "a".to_owned(), metric: "echo.latency.p50".to_owned() };
        assert_eq!(named("a.echo.latency.p50"), Ok(reference));
        assert!(named("a.other.latency.p50").is_err());
    }

    #[test]
    fn a_misspelt_part_is_recognised() {
        let latencies = ["answer".to_owned()];
        let parts = Some(Parts { threads: &[], latencies: &latencies, variables: &[] });
        let runs = [KnownRun { name: "a", parts }, KnownRun { name: "b", parts }];
        let error = |text: &str, runs: &[KnownRun<'_>]| parse(text, runs).unwrap_err();
        for runs in [&runs[..], &runs[..1]] {
            let error = error("a.answr.latency.p99", runs);
            assert_eq!(error.message, "unknown metric `answr.latency.p99`");
            assert_eq!(error.help.unwrap(), "did you mean `answer.latency.p99`?");
        }
        let error = error("answr.latency.p99", &runs[..1]);
        assert_eq!(error.message, "unknown metric `answr.latency.p99`");
        assert_eq!(error.help.unwrap(), "did you mean `answer.latency.p99`?");
    }

    #[test]
    fn a_metric_of_several_runs_asks_for_the_run() {
        for metric in ["makespan", "gil.checks"] {
            let error = error(metric);
            assert_eq!(error.message, format!("`{metric}` does not say of which run"));
            let help = format!("write `a.{metric}` or `one core.{metric}` or `b-2.{metric}`");
            assert_eq!(error.help.unwrap(), help);
        }
    }

    #[test]
    fn the_only_run_need_not_be_named() {
        let named = parse("a.makespan", &[known("a")]).unwrap().term;
        assert_eq!(parse("makespan", &[known("a")]).unwrap().term, named);
        assert!(parse("makespan", &[known("a"), known("b")]).is_err());
    }

    #[test]
    fn a_time_is_in_seconds() {
        assert_eq!(value("a.makespan - 500ms"), Ok(11.5));
    }

    #[test]
    fn a_division_by_zero_is_an_error_and_never_a_value() {
        assert_eq!(value("1 / b-2.gil.checks"), Err(EvaluationError::DivisionByZero));
        assert_eq!(value("0 / 0"), Err(EvaluationError::DivisionByZero));
    }

    #[test]
    fn a_quantity_without_a_value_is_an_error() {
        assert_eq!(value("a.badness").unwrap_err().to_string(), "badness of run `a` has no value");
    }

    #[test]
    fn a_time_and_a_number_are_not_added() {
        let error = error("a.makespan + 5");
        assert_eq!(error.message, "a time and a number cannot be added or subtracted");
        assert_eq!(error.range, 0..14);
    }

    #[test]
    fn an_unknown_run_or_metric_is_found_where_it_stands() {
        let run = error("1 + one cor.makespan");
        assert_eq!((run.message.as_str(), run.range), ("unknown run `one cor`", 4..11));
        assert_eq!(run.help.unwrap(), "did you mean `one core`?");
        let metric = error("a.makspan");
        assert_eq!((metric.message.as_str(), metric.range), ("unknown metric `makspan`", 2..9));
        assert_eq!(metric.help.unwrap(), "did you mean `makespan`?");
    }

    #[test]
    fn an_operator_without_spaces_is_explained() {
        assert_eq!(
            error("a.makespan/b-2.makespan").help.unwrap(),
            "put a space on both sides of an operator"
        );
    }

    #[test]
    fn an_expression_that_is_too_long_or_too_deep_is_an_error() {
        assert!(error(&"1 + ".repeat(300)).message.ends_with("is too long"));
        assert_eq!(error(&"(".repeat(100)).message, "parentheses are nested more than 32 deep");
        assert_eq!(value(&format!("0{}", " + 1".repeat(200))), Ok(200.0));
    }

    #[test]
    fn an_incomplete_expression_is_an_error() {
        for text in ["", "1 +  ", "(1", ")", "1 2 (3)", "* 2", "()"] {
            assert!(parse(text, &RUNS).is_err(), "{text}");
        }
    }
}
