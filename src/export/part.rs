//! A part of a sweep on its way: a line of JSON that says which sweep, and a line for each piece that is done.
//!
//! Each line is written at once. Whatever happens to the program, what is there can be read again: at worst the last
//! line is cut off, and its piece is carried out once more.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::experiment::sweep::{Piece, Plan, Shard};
use crate::scenario::axis::Axis;
use crate::scenario::{Diagnostics, Repeat, Scenario, Setting, Template};

/// The first word of every part.
const FORMAT: &str = "gilsim part 2";
/// The beginning of the first word of every part, whatever its version.
const ANY_FORMAT: &str = "gilsim part ";

/// Which sweep a part is of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    format: String,
    gilsim: String,
    /// The name of the scenario.
    pub scenario: String,
    scenario_hash: u64,
    template: Template,
    first: Vec<Setting>,
    /// How many expectations the scenario has.
    pub expectations: usize,
    sweep: Vec<String>,
    sample: Option<u64>,
    seed: Option<u64>,
    repeat: String,
    /// The path of each axis.
    pub paths: Vec<String>,
    /// The name of each run.
    pub runs: Vec<String>,
    /// The name of each metric.
    pub metrics: Vec<String>,
    /// How many pieces the sweep has on all machines.
    pub pieces: usize,
    /// Which share of the sweep this is, counted from 1.
    pub shard: usize,
    /// How many shares there are.
    pub shards: usize,
}

/// What every version of a header has.
#[derive(Deserialize)]
struct Format {
    format: String,
}

/// Why a part cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// It cannot be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("it is not a part of a sweep")]
    NotAPart,
    /// It was written by a program that keeps parts in another form.
    #[error("it was written by another version of gilsim\nhelp: remove it, or write to another file")]
    OtherVersion,
    /// It is a part of another sweep.
    #[error("it is a part of another sweep\nhelp: remove it, or write to another file")]
    OtherSweep,
}

impl Header {
    /// The header of the part that a plan makes.
    pub fn of(plan: &Plan, scenario: &str) -> Header {
        let axes = plan.sweep.axes().iter();
        Header {
            format: FORMAT.to_owned(),
            gilsim: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: scenario.to_owned(),
            scenario_hash: plan.first.hash,
            template: plan.template.clone(),
            first: plan.first_settings(),
            expectations: plan.first.expectations.len(),
            sweep: axes.clone().map(Axis::text).collect(),
            sample: plan.sweep.sample(),
            seed: plan.seed,
            repeat: match plan.effort.repeat {
                Repeat::Times(times) => times.to_string(),
                Repeat::Auto => format!("auto to {}", plan.effort.precision),
            },
            paths: axes.map(|axis| axis.path.clone()).collect(),
            runs: plan.first.runs.iter().map(|run| run.name.clone()).collect(),
            metrics: plan.metrics.clone(),
            pieces: plan.pieces(),
            shard: plan.shard.number,
            shards: plan.shard.of,
        }
    }

    /// Whether this is of the same sweep, whichever share of it.
    pub fn is_same_sweep(&self, other: &Header) -> bool {
        *self == Header { shard: self.shard, ..other.clone() }
    }

    /// The scenario at the first point, as it was when the part was begun.
    ///
    /// # Errors
    /// If it cannot be read any more, because a file is not there that it names.
    pub fn read_scenario(&self) -> Result<Scenario, Diagnostics> {
        self.template.at(&self.first)
    }

    /// Whether this is what [`Header::read_scenario`] gave when the part was begun: a file that it names may have changed.
    pub fn is_of(&self, scenario: &Scenario) -> bool {
        self.scenario_hash == scenario.hash
    }

    fn has(&self, piece: &Piece) -> bool {
        let shard = Shard { number: self.shard, of: self.shards };
        let whole = piece.rows.iter().all(|row| row.metrics.len() == self.metrics.len());
        whole && piece.index < self.pieces && shard.has(piece.index) && piece.values.len() == self.paths.len()
    }
}

/// What is in a part.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Which sweep it is of.
    pub header: Header,
    /// The pieces that are done, in the order in which they were.
    pub pieces: Vec<Piece>,
    /// How many bytes of the file are complete lines.
    length: u64,
}

impl Part {
    /// Reads a part as far as it goes.
    ///
    /// # Errors
    /// If the file cannot be read, or does not begin as a part.
    pub fn read(path: &Path) -> Result<Part, PartError> {
        if !path.metadata()?.is_file() {
            return Err(PartError::NotAPart);
        }
        let mut lines = Lines { reader: BufReader::new(File::open(path)?), line: Vec::new() };
        let first = lines.next()?.ok_or(PartError::NotAPart)?;
        let header = header(first)?;
        let mut part = Part { length: first.len() as u64, header, pieces: Vec::new() };
        let mut known = BTreeSet::new();
        while let Some(line) = lines.next()? {
            let Ok(piece) = serde_json::from_slice::<Piece>(line) else { break };
            if !part.header.has(&piece) || !known.insert(piece.index) {
                break;
            }
            part.length += line.len() as u64;
            part.pieces.push(piece);
        }
        Ok(part)
    }

    /// Whether every piece of the share is there.
    pub fn is_complete(&self) -> bool {
        let shard = Shard { number: self.header.shard, of: self.header.shards };
        self.pieces.len() == (0..self.header.pieces).filter(|piece| shard.has(*piece)).count()
    }
}

/// The header that a first line is.
fn header(line: &[u8]) -> Result<Header, PartError> {
    let Format { format } = serde_json::from_slice(line).map_err(|_| PartError::NotAPart)?;
    match format.as_str() {
        FORMAT => {
            let header: Header = serde_json::from_slice(line).map_err(|_| PartError::NotAPart)?;
            let is_sound = (1..=header.shards).contains(&header.shard);
            if is_sound { Ok(header) } else { Err(PartError::NotAPart) }
        }
        other if other.starts_with(ANY_FORMAT) => Err(PartError::OtherVersion),
        _ => Err(PartError::NotAPart),
    }
}

/// The complete lines of a file.
struct Lines {
    reader: BufReader<File>,
    line: Vec<u8>,
}

impl Lines {
    /// The next line with its end; `None` if there is no complete one.
    fn next(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        self.reader.read_until(b'\n', &mut self.line)?;
        Ok(self.line.ends_with(b"\n").then_some(&self.line))
    }
}

/// A part that grows.
#[derive(Debug)]
pub struct Journal {
    file: File,
}

impl Journal {
    /// Opens the part of this header, new or begun, and gives the pieces that are done. What was cut off is removed.
    ///
    /// # Errors
    /// If the file cannot be written, or is something else; it is then left as it is.
    pub fn open(path: &Path, header: &Header) -> Result<(Journal, Vec<Piece>), PartError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)?;
        }
        if is_begun(path)? {
            let part = Part::read(path)?;
            if part.header != *header {
                return Err(PartError::OtherSweep);
            }
            let file = OpenOptions::new().append(true).open(path)?;
            file.set_len(part.length)?;
            return Ok((Journal { file }, part.pieces));
        }
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        file.set_len(0)?;
        let mut journal = Journal { file };
        journal.add(header)?;
        Ok((journal, Vec::new()))
    }

    /// Adds a piece that is done.
    ///
    /// # Errors
    /// If it cannot be written, as when the disk is full.
    pub fn append(&mut self, piece: &Piece) -> io::Result<()> {
        self.add(piece)
    }

    fn add(&mut self, value: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }
}

/// Whether there is more than the beginning of a first line.
fn is_begun(path: &Path) -> Result<bool, PartError> {
    match path.metadata() {
        Ok(metadata) if !metadata.is_file() => Err(PartError::NotAPart),
        Ok(_) => {
            let mut lines = Lines { reader: BufReader::new(File::open(path)?), line: Vec::new() };
            if lines.next()?.is_some() {
                return Ok(true);
            }
            // Only what this program began to write is overwritten.
            let beginning = b"{\"format\"";
            let own = lines.line.iter().zip(beginning).all(|(found, expected)| found == expected);
            if own { Ok(false) } else { Err(PartError::NotAPart) }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}
