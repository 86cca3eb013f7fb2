//! Writing results where the user wants them.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::calibration;
use crate::chart;
use crate::cli::Failure;
use crate::export::file;

/// Prints to standard output. A reader that has gone away is not an error.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    printed(std::io::stdout().lock().write_all(text.as_bytes()))
}

/// What it means that something was printed to standard output with this outcome, once nothing of it is kept back.
pub(super) fn printed(outcome: std::io::Result<()>) -> Result<(), Failure> {
    match outcome.and_then(|()| std::io::stdout().flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::Inside(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Tells the user something on standard error. If nobody listens, there is nothing to be done about it.
pub(super) fn tell(message: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{message}");
}

/// Tells the user, after something was measured, that other programs are busy.
pub(super) fn tell_load() {
    if let Some(load) = calibration::load().filter(|load| *load > 1.0) {
        tell(&format!(
            "note: this machine is busy (load {load:.1}), which makes what is measured less steady"
        ));
    }
}

/// What a file is to hold, by the ending of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    JsonLines,
    Csv,
    Parquet,
    Part,
    Svg,
    Png,
    Gif,
}

/// The format of `path`, one of those that are `allowed`.
pub(super) fn format_of(path: &Path, allowed: &[Format]) -> Result<Format, Failure> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    let format = match ending.as_deref() {
        Some("json") => Some(Format::Json),
        Some("jsonl") => Some(Format::JsonLines),
        Some("csv") => Some(Format::Csv),
        Some("parquet") => Some(Format::Parquet),
        Some("part") => Some(Format::Part),
        Some("svg") => Some(Format::Svg),
        Some("png") => Some(Format::Png),
        Some("gif") => Some(Format::Gif),
        _ => None,
    };
    format.filter(|format| allowed.contains(format)).ok_or_else(|| {
        let endings: Vec<&str> = allowed.iter().map(|format| format.ending()).collect();
        Failure::Usage(format!(
            "cannot tell what to write to {}\nhelp: the name must end in {}",
            path.display(),
            endings.join(" or ")
        ))
    })
}

impl Format {
    /// Whether it is that of a picture.
    pub fn is_picture(self) -> bool {
        matches!(self, Format::Svg | Format::Png | Format::Gif)
    }

    fn ending(self) -> &'static str {
        match self {
            Format::Json => ".json",
            Format::JsonLines => ".jsonl",
            Format::Csv => ".csv",
            Format::Parquet => ".parquet",
            Format::Part => ".part",
            Format::Svg => ".svg",
            Format::Png => ".png",
            Format::Gif => ".gif",
        }
    }
}

/// Fails if one of the files that are to be written is another of them, a file that is read, or a folder: something would be
/// lost, or found out only when all is done.
pub(super) fn check_files<'a>(
    outputs: impl IntoIterator<Item = &'a PathBuf>,
    inputs: &[&str],
) -> Result<(), Failure> {
    let message = |path: &Path, why: &str| {
        format!("cannot write {}: {why}\nhelp: write to another file", path.display())
    };
    let inputs: Vec<PathBuf> = inputs.iter().filter_map(|path| std::fs::canonicalize(path).ok()).collect();
    let mut known: Vec<PathBuf> = Vec::new();
    for path in outputs {
        if path.is_dir() {
            return Err(Failure::Inside(message(path, "it is a directory")));
        }
        let place = place_of(path);
        if inputs.contains(&place) {
            return Err(Failure::Usage(message(path, "it is what is read here")));
        }
        if known.contains(&place) {
            return Err(Failure::Usage(message(path, "something else is written there")));
        }
        known.push(place);
    }
    Ok(())
}

/// Where a file is, whatever it is called; one that is not there yet, where it will be.
fn place_of(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = absolute.parent().and_then(|folder| std::fs::canonicalize(folder).ok());
    let new = || Some(folder?.join(absolute.file_name()?));
    std::fs::canonicalize(path).ok().or_else(new).unwrap_or(absolute.clone())
}

/// Writes text to a file, and says so.
pub(super) fn save(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    file::write(path, bytes)
        .map_err(|error| Failure::Inside(format!("cannot write {}: {error}", path.display())))?;
    tell(&format!("wrote {}", path.display()));
    Ok(())
}

/// Fails if no files can be written to a folder, as far as that can be told without making it.
pub(super) fn check_folder(folder: &Path) -> Result<(), Failure> {
    file::check_folder(folder)
        .map_err(|error| Failure::Inside(format!("cannot write to {}: {error}", folder.display())))
}

/// Writes a picture to a file, as it is or as pixels, then `scale` times as large.
pub(super) fn save_picture(path: &Path, format: Format, svg: &str, scale: f64) -> Result<(), Failure> {
    if format != Format::Png {
        return save(path, svg.as_bytes());
    }
    let pixels = chart::png(svg, scale).map_err(|error| Failure::Inside(error.to_string()))?;
    save(path, &pixels)
}
