//! Running somebody else's program, which may be anything, for a limited time.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::calibration::CalibrationError;

/// More than this, in bytes, is not read of what a program prints.
const LONGEST: u64 = 1 << 20;

/// What `program` prints to standard output.
///
/// # Errors
/// If it cannot be run, does not end within `limit`, or does not end with success.
pub fn output(program: &Path, arguments: &[&str], limit: Duration) -> Result<String, CalibrationError> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| CalibrationError::CannotRun { program: program.to_owned(), why: why(&error) })?;
    let end = Instant::now() + limit;
    let printed = read_aside(child.stdout.take());
    let said = read_aside(child.stderr.take());
    let too_long = |child: &mut Child| {
        // It may have ended by itself meanwhile.
        let _ = child.kill();
        let _ = child.wait();
        CalibrationError::TooLong { program: program.to_owned(), limit }
    };
    let wait_for =
        |text: mpsc::Receiver<String>| text.recv_timeout(end.saturating_duration_since(Instant::now()));
    let (Ok(printed), Ok(said)) = (wait_for(printed), wait_for(said)) else {
        return Err(too_long(&mut child));
    };
    while Instant::now() < end {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(printed),
            Ok(Some(status)) => {
                let last = said.trim_end().lines().next_back().map(shortened);
                let answer = last.unwrap_or_else(|| format!("it ended with {status}"));
                return Err(CalibrationError::NotPython { program: program.to_owned(), answer });
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(1)),
            Err(error) => {
                return Err(CalibrationError::CannotRun { program: program.to_owned(), why: why(&error) });
            }
        }
    }
    Err(too_long(&mut child))
}

/// A line that somebody else wrote, fit to be shown.
pub fn shortened(line: &str) -> String {
    let line: String = line.chars().filter(|letter| !letter.is_control()).take(200).collect();
    if line.is_empty() { "nothing".to_owned() } else { line }
}

/// Reads a pipe in a thread of its own: if a program that the child has started keeps the pipe open, only that thread
/// waits for it.
fn read_aside(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // What was read before an error is all there is.
            let _ = pipe.take(LONGEST).read_to_end(&mut bytes);
        }
        // Nobody listens any more if the time is over.
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

fn why(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such program".to_owned(),
        std::io::ErrorKind::PermissionDenied => "it is not executable".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Result<String, String> {
        output(Path::new("/bin/sh"), &["-c", script], limit).map_err(|error| error.to_string())
    }

    const SHORT: Duration = Duration::from_millis(200);
    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn what_a_program_prints_is_returned() {
        assert_eq!(shell("echo hello", LONG).unwrap(), "hello\n");
    }

    #[test]
    fn a_program_that_fails_is_quoted() {
        let error = shell("echo first >&2; echo last >&2; exit 3", LONG).unwrap_err();
        assert_eq!(error, "/bin/sh did not answer as a Python does: last");
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let start = Instant::now();
        let error = shell("exec sleep 60", SHORT).unwrap_err();
        assert_eq!(error, "/bin/sh did not come to its end within 200ms: is it a Python?");
        assert!(start.elapsed() < LONG);
    }

    #[test]
    fn a_program_that_prints_without_end_is_ended() {
        assert!(shell("while :; do echo y; done", SHORT).is_err());
    }
}
