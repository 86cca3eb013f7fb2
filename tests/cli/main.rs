//! The program as its users meet it: words go in; tables, messages, files and an exit code come out.

mod bad_input;
mod built_in;
mod calibrate;
mod compare;
mod files;
mod metrics;
mod over;
mod plot;
mod readme;
mod reality;
mod run;
mod sweep;
mod ticks;
mod tune;
mod verify;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// The exit codes a script can rely on.
const DONE: i32 = 0;
const FAILURE_INSIDE: i32 = 1;
const USAGE: i32 = 2;
const INVALID: i32 = 3;
const INCOMPLETE: i32 = 4;
const NOT_AS_EXPECTED: i32 = 99;

/// A folder of its own in which the program is run.
struct Desk(tempfile::TempDir);

/// What the program did.
#[derive(Debug, PartialEq)]
struct Outcome {
    code: Option<i32>,
    output: String,
    messages: String,
}

impl Desk {
    fn new() -> Desk {
        Desk(tempfile::tempdir().expect("a folder can be made"))
    }

    /// A desk with these files of `tests/data` on it.
    fn with(files: &[&str]) -> Desk {
        files.iter().fold(Desk::new(), |desk, file| desk.put(file, data(file)))
    }

    /// Puts a file on the desk.
    fn put(self, file: &str, text: impl AsRef<[u8]>) -> Desk {
        std::fs::write(self.0.path().join(file), text).expect("a file can be written");
        self
    }

    /// Puts an empty folder on the desk.
    fn put_folder(self, folder: &str) -> Desk {
        std::fs::create_dir(self.0.path().join(folder)).expect("a folder can be made");
        self
    }

    /// A file that is on the desk.
    fn read(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.0.path().join(file)).expect("the file is there")
    }

    /// The names of all that is on the desk.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).expect("the desk is there");
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.map(|entry| entry.file_name());
        let names: Result<Vec<_>, _> = entries.map(name).collect();
        let mut names: Vec<String> =
            names.expect("the desk can be read").iter().map(|name| name.to_string_lossy().into()).collect();
        names.sort();
        names
    }

    /// The program, ready to start, with nothing to read from standard input and no terminal anywhere.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gilsim"));
        command.args(arguments).current_dir(self.0.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for variable in ["COLUMNS", "CLICOLOR_FORCE", "LC_CTYPE", "LANG"] {
            command.env_remove(variable);
        }
        command.env("LC_ALL", "C");
        command
    }

    /// Runs the program.
    fn run(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(self.command(arguments).output().expect("the program starts"))
    }

    /// Runs the program with something to read from standard input.
    fn run_reading(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> Outcome {
        let mut program = self.command(arguments).stdin(Stdio::piped()).spawn().expect("the program starts");
        let mut pipe = program.stdin.take().expect("standard input is a pipe");
        pipe.write_all(input.as_ref()).expect("the program reads");
        drop(pipe);
        Outcome::of(program.wait_with_output().expect("the program ends"))
    }
}

impl Outcome {
    fn of(output: std::process::Output) -> Outcome {
        let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
        Outcome {
            code: output.status.code(),
            output: text(output.stdout),
            messages: text(output.stderr).replace("\r\n", "\n"),
        }
    }

    /// What was printed, if all went well and there was nothing to say besides.
    fn success(self) -> String {
        assert_eq!((self.code, self.messages.as_str()), (Some(DONE), ""), "{}", self.output);
        self.output
    }
}

#[cfg(target_os = "linux")]
#[test]
fn help_that_finds_no_room_is_an_error_like_any_other_output() {
    for arguments in [&["--help"] as &[&str], &["run", "--help"], &["--version"]] {
        let full =
            std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has a full device");
        let outcome =
            Outcome::of(Desk::new().command(arguments).stdout(full).output().expect("the program starts"));
        assert_eq!(outcome.code, Some(FAILURE_INSIDE));
        assert!(outcome.messages.starts_with("error: cannot write to standard output: No space left"));
    }
}

/// A file of `tests/data`.
fn data(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file);
    let text = std::fs::read_to_string(path).expect("the file is in tests/data");
    text.replace("\r\n", "\n")
}

/// The text is that of a file of `tests/golden/cli`. After a change of looks, run with `GILSIM_BLESS=1`, and look at
/// what changed.
fn check_golden(text: &str, file: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/cli").join(file);
    if std::env::var_os("GILSIM_BLESS").is_some() {
        std::fs::write(&path, text).expect("the golden text can be written");
    }
    let golden = std::fs::read_to_string(&path).expect("the golden text can be read");
    assert_eq!(text, golden.replace("\r\n", "\n"), "differs from tests/golden/cli/{file}");
}
