//! The house of ARCHITECTURE.md: a module imports only from floors below its own.

use std::path::{Path, PathBuf};

/// The modules of each floor, from the ground up.
const FLOORS: [&[&str]; 8] = [
    &["des", "trace"],
    &["os"],
    &["python"],
    &["sim"],
    &["scenario"],
    &["calibration", "experiment", "reality"],
    &["chart", "export"],
    &["cli"],
];

/// Observers see virtual time, reality is measured as machines are, and pictures write numbers as tables do; nothing else
/// looks sideways.
const SIDEWAYS: [(&str, &str); 3] = [("trace", "des"), ("reality", "calibration"), ("chart", "export")];

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|modules| modules.contains(&module))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The top-level modules that a file names as `crate::MODULE`, documentation aside.
fn imports(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split("crate::").skip(1).map(str::to_owned).collect::<Vec<_>>())
        .map(|rest| rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect())
        .collect()
}

#[test]
fn a_module_imports_only_from_floors_below() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for path in rust_files(&source) {
        let relative = path.strip_prefix(&source).unwrap();
        let module = relative.iter().next().unwrap().to_str().unwrap();
        let Some(own) = floor_of(module) else { continue };
        for import in imports(&std::fs::read_to_string(&path).unwrap()) {
            let allowed = import == module
                || SIDEWAYS.contains(&(module, import.as_str()))
                || floor_of(&import).is_some_and(|floor| floor < own);
            if !allowed {
                wrong.push(format!("{} imports {import}", relative.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_stands_on_a_floor() {
    let library = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let modules = library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    for module in modules {
        assert!(floor_of(module).is_some(), "{module} stands on no floor");
    }
}

#[test]
fn only_the_command_line_prints() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in rust_files(&source) {
        let text = std::fs::read_to_string(&path).unwrap();
        let in_cli = path.starts_with(source.join("cli"));
        let prints = ["println!", "print!", "dbg!"].iter().any(|word| text.contains(word));
        assert!(in_cli || !prints, "{} prints", path.display());
    }
}
