//! Running somebody else's program, which may be anything, for a limited time.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use crate::calibration::CalibrationError;

/// More than this, in bytes, is not read of what a program prints.
const LONGEST: u64 = 1 << 20;

/// The programs that are running.
static RUNNING: Mutex<Vec<Arc<Mutex<Child>>>> = Mutex::new(Vec::new());

/// What `program` prints to standard output.
///
/// # Errors
/// If it cannot be run, does not end within `limit`, or does not end with success.
pub fn output(program: &Path, arguments: &[&str], limit: Duration) -> Result<String, CalibrationError> {
    let child = start(program, arguments)?;
    let end = Instant::now() + limit;
    let printed = read_aside(locked(&child).stdout.take());
    let said = read_aside(locked(&child).stderr.take());
    let outcome = outcome(&child, program, end, printed, said);
    let mut running = locked(&RUNNING);
    running.retain(|other| !Arc::ptr_eq(other, &child));
    outcome.unwrap_or_else(|| {
        end_now(&child);
        Err(CalibrationError::TooLong { program: program.to_owned(), limit })
    })
}

/// Ends every program that is running. None is started, and nothing is told of those, as long as what is returned is kept.
pub fn end_all() -> impl Drop {
    let running = locked(&RUNNING);
    running.iter().for_each(|child| end_now(child));
    running
}

fn start(program: &Path, arguments: &[&str]) -> Result<Arc<Mutex<Child>>, CalibrationError> {
    let mut running = locked(&RUNNING);
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| CalibrationError::CannotRun { program: program.to_owned(), why: why(&error) })?;
    let child = Arc::new(Mutex::new(child));
    running.push(Arc::clone(&child));
    Ok(child)
}

/// What became of a program until `end`; `None` if it has not come to its own.
fn outcome(
    child: &Mutex<Child>,
    program: &Path,
    end: Instant,
    printed: mpsc::Receiver<String>,
    said: mpsc::Receiver<String>,
) -> Option<Result<String, CalibrationError>> {
    let wait_for =
        |text: mpsc::Receiver<String>| text.recv_timeout(end.saturating_duration_since(Instant::now()));
    let (printed, said) = (wait_for(printed).ok()?, wait_for(said).ok()?);
    while Instant::now() < end {
        let status = locked(child).try_wait();
        match status {
            Ok(Some(status)) if status.success() => return Some(Ok(printed)),
            Ok(Some(status)) => {
                let last = said.trim_end().lines().next_back().map(shortened);
                let answer = last.unwrap_or_else(|| format!("it ended with {status}"));
                return Some(Err(CalibrationError::NotPython { program: program.to_owned(), answer }));
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(1)),
            Err(error) => {
                return Some(Err(CalibrationError::CannotRun {
                    program: program.to_owned(),
                    why: why(&error),
                }));
            }
        }
    }
    None
}

fn end_now(child: &Mutex<Child>) {
    let mut child = locked(child);
    // It may have ended by itself meanwhile.
    let _ = child.kill();
    let _ = child.wait();
}

/// Who panicked with a lock held has changed nothing by halves.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
