//! Puts every scenario of `scenarios/` into the program: adding one is adding a file.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=scenarios");
    let variable = |name: &str| env::var(name).map_err(io::Error::other);
    let folder = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("scenarios");
    let mut entries = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if let (Some(name), Some("yaml")) = (path.file_stem(), path.extension().and_then(|it| it.to_str())) {
            let name = name.to_string_lossy();
            entries.push(format!("    ({name:?}, include_str!({:?})),\n", path.to_string_lossy()));
        }
    }
    entries.sort();
    let list = format!("&[\n{}]\n", entries.concat());
    fs::write(Path::new(&variable("OUT_DIR")?).join("scenarios.rs"), list)
}
