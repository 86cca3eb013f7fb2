//! What `gilsim sweep` and `gilsim merge` show and write, and tables as files.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::chart::{Picture, Refusal};
use crate::cli::Failure;
use crate::cli::input;
use crate::cli::output::{self, Format};
use crate::experiment::sweep::{Swept, unmoved};
use crate::experiment::{Notice, Standing};
use crate::export::columns::{self, Column};
use crate::export::part::PartError;
use crate::export::{parquet, rows, table};
use crate::scenario::{Scenario, Setting, Sweep, Template};

/// Points that are shown; files hold all of them.
const MOST_SHOWN: usize = 200;
/// What tables can be written as.
const TABLES: [Format; 3] = [Format::Csv, Format::JsonLines, Format::Parquet];

/// Where results go.
#[derive(Debug, Args)]
pub(super) struct ResultArguments {
    /// Write a row for every run to this file: .csv, .jsonl or .parquet
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    pub outputs: Vec<PathBuf>,
    /// Write a row for every point to this file, means with 95 % confidence intervals: .csv, .jsonl or .parquet
    #[arg(long, value_name = "FILE")]
    summary: Vec<PathBuf>,
    /// Show this metric in the table, as makespan or echo.latency.p99; may be given more than once
    #[arg(long = "metric", value_name = "NAME",
          default_values = ["makespan", "system", "gil.hand_overs", "gil.failed"])]
    pub metrics: Vec<String>,
}

impl ResultArguments {
    /// Fails if a file would be lost: the scenario, a part, or one of these files under another.
    pub fn check(&self, inputs: &[&str]) -> Result<(), Failure> {
        output::check_files(self.outputs.iter().chain(&self.summary), inputs)
    }

    /// The format of each output. A share of a sweep goes to one part, and nothing else is written.
    pub fn formats(&self, is_share: bool) -> Result<Vec<Format>, Failure> {
        if is_share {
            if self.outputs.len() != 1 || !self.summary.is_empty() {
                let message = "a share of a sweep is written to one file: -o NAME.part";
                return Err(Failure::Usage(message.to_owned()));
            }
            return Ok(vec![output::format_of(&self.outputs[0], &[Format::Part])?]);
        }
        self.summary.iter().try_for_each(|path| output::format_of(path, &TABLES).map(|_| ()))?;
        self.outputs.iter().map(|path| output::format_of(path, &TABLES)).collect()
    }

    /// Writes the files, and shows the table.
    pub fn write(&self, swept: &Swept, formats: &[Format]) -> Result<(), Failure> {
        for (path, format) in self.outputs.iter().zip(formats) {
            let bytes = match format {
                Format::JsonLines => rows::json_lines(swept).into_bytes(),
                format => table_file(*format, &columns::of_runs(swept))?,
            };
            output::save(path, &bytes)?;
        }
        for path in &self.summary {
            let bytes = match output::format_of(path, &TABLES)? {
                Format::JsonLines => rows::summary_json_lines(swept).into_bytes(),
                format => table_file(format, &columns::of_points(swept))?,
            };
            output::save(path, &bytes)?;
        }
        if let Some(replications) = swept.replications_alike() {
            output::tell(&format!("warning: {}", Notice::SeedDoesNotMatter { replications }));
        }
        let (table, left_out) = table::sweep(swept, &self.metrics, MOST_SHOWN);
        output::print(&format!("{table}\n"))?;
        if left_out > 0 {
            output::tell(&format!("{left_out} more rows are not shown: write them to a file with --summary"));
        }
        Ok(())
    }
}

/// What `gilsim compare` and `gilsim tune` write: tables and pictures.
const TABLES_AND_PICTURES: [Format; 5] =
    [Format::Csv, Format::JsonLines, Format::Parquet, Format::Svg, Format::Png];

/// The files that are asked for with `-o`, each a table or a picture by its ending.
#[derive(Debug, Args)]
pub(super) struct Files {
    /// Also write to this file: .csv, .jsonl or .parquet for the table, .svg or .png for a chart
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    outputs: Vec<PathBuf>,
}

impl Files {
    /// The format of each file, none of which is another, or one of the scenarios.
    pub fn formats(&self, scenarios: &[&str]) -> Result<Vec<Format>, Failure> {
        output::check_files(&self.outputs, scenarios)?;
        self.outputs.iter().map(|path| output::format_of(path, &TABLES_AND_PICTURES)).collect()
    }

    /// Writes all of them. The picture is drawn if it is asked for.
    pub fn write(
        &self,
        formats: &[Format],
        columns: &[Column],
        draw: impl Fn() -> Result<Picture, Refusal>,
    ) -> Result<(), Failure> {
        for (path, format) in self.outputs.iter().zip(formats) {
            if !format.is_picture() {
                output::save(path, &table_file(*format, columns)?)?;
                continue;
            }
            let picture = draw().map_err(|refusal| Failure::Usage(refusal.to_string()))?;
            picture.notes.iter().for_each(|note| output::tell(&format!("note: {note}")));
            output::save_picture(path, *format, &picture.svg, 1.0)?;
        }
        Ok(())
    }
}

/// The bytes of a table.
fn table_file(format: Format, columns: &[Column]) -> Result<Vec<u8>, Failure> {
    match format {
        Format::Parquet => parquet::file(columns).map_err(|error| Failure::Inside(error.to_string())),
        Format::JsonLines => Ok(rows::json_lines_of(columns).into_bytes()),
        _ => Ok(rows::csv(columns).into_bytes()),
    }
}

/// Tells which values of a sweep do not reach which runs of a scenario.
pub(super) fn tell_unmoved(template: &Template, sweep: &Sweep) -> Result<(), Failure> {
    let unmoved = unmoved(template, sweep).map_err(|diagnostics| input::explained(&diagnostics))?;
    unmoved.iter().for_each(|unmoved| output::tell(&format!("warning: {unmoved}")));
    Ok(())
}

/// Holds a sweep against what is expected of it, and tells what else there is to know.
pub(super) fn judged(swept: &Swept, scenario: &Scenario, id: &str) -> Result<(), Failure> {
    let (verdicts, left_out) = swept.verdicts(scenario, id);
    if !verdicts.is_empty() {
        output::print(&format!("\n{}\n", table::sweep_verdicts(&verdicts)))?;
    }
    for expectation in left_out {
        let place: Vec<String> = expectation.place.iter().map(Setting::text).collect();
        output::tell(&format!(
            "warning: not judged, because the sweep does not come there: {} at {}",
            expectation.that,
            place.join(", ")
        ));
    }
    complete(swept)?;
    match verdicts.iter().filter(|verdict| verdict.standing == Standing::Failed).count() {
        0 => Ok(()),
        failed => {
            Err(Failure::Expectation(format!("{failed} of {} expectations are not met", verdicts.len())))
        }
    }
}

/// Fails if a run did not come to its end.
pub(super) fn complete(swept: &Swept) -> Result<(), Failure> {
    match swept.incomplete() {
        0 => Ok(()),
        1 => Err(Failure::Incomplete("1 run did not come to its end".to_owned())),
        incomplete => Err(Failure::Incomplete(format!("{incomplete} runs did not come to their end"))),
    }
}

/// Why a part cannot be used, in words.
pub(super) fn cannot_use(path: &Path, error: &PartError) -> Failure {
    let message = format!("cannot use {}: {error}", path.display());
    match error {
        PartError::Io(_) => Failure::Inside(message),
        PartError::NotAPart | PartError::OtherVersion | PartError::OtherSweep => Failure::Usage(message),
    }
}
