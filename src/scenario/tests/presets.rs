//! The embedded presets: they load, and every constant says where it comes from.

use std::collections::BTreeMap;

use super::{doing, error};
use crate::python::listing::{Rule, parse};
use crate::scenario::decode::costs::PATHS;
use crate::scenario::diagnostic::Problems;
use crate::scenario::yaml;
use crate::scenario::{
    Origin, PresetKind, Provenance, interpreter, load, load_with_files, load_with_presets, preset_names,
    preset_text, provenance_of,
};

fn provenance(machine: &str) -> Vec<Provenance> {
    provenance_of(machine).unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

/// The paths of all constants that a machine preset has to give.
fn constants(machine: &str) -> Vec<String> {
    let text = preset_text(PresetKind::Machine, machine).unwrap();
    let tree = yaml::parse(text, 0, 0, &mut Problems::default()).unwrap();
    let instruction = tree.get("instruction").and_then(yaml::Node::entries).unwrap_or_default();
    let instruction = instruction.iter().map(|(key, _)| format!("instruction.{}", key.text));
    PATHS.iter().map(|path| (*path).to_owned()).chain(instruction).collect()
}

#[test]
fn every_machine_says_where_each_of_its_constants_comes_from() {
    for machine in preset_names(PresetKind::Machine) {
        let given: Vec<String> = provenance(machine).into_iter().map(|known| known.constant).collect();
        let is_interrupted = given.iter().any(|constant| constant.starts_with("costs.interruption"));
        let known = |constant: &String| is_interrupted || !constant.starts_with("costs.interruption");
        for constant in constants(machine).into_iter().filter(known) {
            assert!(given.contains(&constant), "{machine}: {constant} has no source");
        }
    }
}

#[test]
fn every_machine_names_only_interpreters_that_there_are() {
    for machine in preset_names(PresetKind::Machine) {
        for constant in constants(machine) {
            let Some(python) = constant.strip_prefix("instruction.") else { continue };
            assert!(preset_names(PresetKind::Python).any(|name| name == python), "{machine}: {constant}");
        }
    }
}

#[test]
fn a_figure_is_used_up_by_the_one_constant_inferred_from_it() {
    let mut uses: BTreeMap<String, String> = BTreeMap::new();
    for known in preset_names(PresetKind::Machine).flat_map(provenance) {
        let Some(figure) = known.figure else { continue };
        let user = format!("{}: {}", known.machine, known.constant);
        let other = uses.insert(figure.clone(), user.clone());
        assert_eq!(other, None, "{figure} is used twice, also by {user}");
    }
}

#[test]
fn every_interpreter_has_an_opcode_table() {
    for python in preset_names(PresetKind::Python) {
        let table = interpreter(python)
            .map(|python| python.opcodes)
            .unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
        assert!(!table.known.is_empty(), "{python}");
    }
}

#[test]
fn an_unknown_interpreter_is_an_error_with_a_suggestion() {
    let shown = interpreter("cpython-3.15").unwrap_err().to_string();
    assert!(shown.starts_with("error: unknown python preset `cpython-3.15`"), "{shown}");
    assert!(shown.contains("did you mean"), "{shown}");
}

#[test]
fn the_countdown_looks_up_where_its_version_does() {
    let two_of_2_6 = vec!["INPLACE_SUBTRACT", "JUMP_ABSOLUTE"];
    let three = vec!["COMPARE_OP", "INPLACE_SUBTRACT", "JUMP_ABSOLUTE"];
    let jump_back = vec!["JUMP_BACKWARD"];
    let cases = [
        ("cpython-2.6", two_of_2_6.clone()),
        ("cpython-2.7", two_of_2_6.clone()),
        ("cpython-2.7-round-robin", two_of_2_6),
        ("cpython-2.7.18", three.clone()),
        ("cpython-3.2", three.clone()),
        ("cpython-3.6", three.clone()),
        ("cpython-3.7", three.clone()),
        ("cpython-3.8", three.clone()),
        ("cpython-3.9", three),
        ("cpython-3.10", vec!["POP_JUMP_IF_TRUE"]),
        ("cpython-3.11", vec!["POP_JUMP_BACKWARD_IF_TRUE"]),
        ("cpython-3.12", jump_back.clone()),
        ("cpython-3.13", jump_back.clone()),
        ("cpython-3.14", jump_back),
        ("ruby", vec!["branchif"]),
    ];
    for (name, expected) in cases {
        let python = interpreter(name).unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
        let typical = typical(name);
        let names: Vec<&str> = typical.iter().map(String::as_str).collect();
        let facts = python.opcodes.classify(&names, true);
        let looks = names.iter().zip(facts).filter(|(_, facts)| facts.tick && facts.may_check);
        assert_eq!(looks.map(|(name, _)| *name).collect::<Vec<_>>(), expected, "{name}");
    }
    assert_eq!(typical("pypy").len(), 9);
}

/// The loop that plain Python time consists of in a preset.
fn typical(python: &str) -> Vec<String> {
    let text = preset_text(PresetKind::Python, python).unwrap();
    let tree = yaml::parse(text, 0, 0, &mut Problems::default()).unwrap();
    let Some(yaml::Kind::Sequence(names)) = tree.get("typical").map(|node| &node.kind) else {
        panic!("{python} has no typical loop")
    };
    names.iter().map(|name| name.text().unwrap().to_owned()).collect()
}

/// The listings are those of real interpreters of these versions.
#[test]
fn the_listed_countdown_looks_up_as_often_as_the_typical_loop_of_its_version() {
    let cases = [
        ("cpython-3.6", include_str!("../../../tests/data/listings/countdown-3.6.txt"), 3),
        ("cpython-3.7", include_str!("../../../tests/data/listings/countdown-3.7.txt"), 3),
        ("cpython-3.8", include_str!("../../../tests/data/listings/countdown-3.8.txt"), 3),
        ("cpython-3.9", include_str!("../../../tests/data/listings/countdown-3.9.txt"), 3),
        ("cpython-3.10", include_str!("../../../tests/data/listings/countdown-3.10.txt"), 1),
        ("cpython-3.11", include_str!("../../../tests/data/listings/countdown-3.11.txt"), 1),
        ("cpython-3.12", include_str!("../../../tests/data/listings/countdown-3.12.txt"), 1),
        ("cpython-3.13", include_str!("../../../tests/data/listings/countdown-3.13.txt"), 1),
    ];
    for (name, listing, looks) in cases {
        let python = interpreter(name).unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
        let annotated = parse(listing).unwrap().annotate(&python.opcodes, Rule::EvalBreaker).unwrap();
        let ticks: Vec<u64> = annotated.loops().iter().map(|of_loop| of_loop.ticks).collect();
        assert_eq!(ticks, [looks], "{name}");
    }
}

#[test]
fn who_ends_waits_for_the_next_in_3_9_to_3_11_only() {
    for python in preset_names(PresetKind::Python) {
        let text = preset_text(PresetKind::Python, python).unwrap();
        let waits = ["cpython-3.9", "cpython-3.10", "cpython-3.11"].contains(&python);
        assert_eq!(text.contains("ending_thread_waits: true"), waits, "{python}");
    }
}

#[test]
fn every_machine_runs_every_interpreter_it_knows() {
    for machine in preset_names(PresetKind::Machine) {
        for constant in constants(machine) {
            let Some(python) = constant.strip_prefix("instruction.") else { continue };
            let text = format!(
                "gilsim: 1\ntitle: t\nmachine: {machine}\npython: {python}\nthreads: [{{name: a, do: [ticks: 5]}}]\n"
            );
            load(&text, "test.yaml", &[]).unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
        }
    }
}

#[test]
fn an_inferred_constant_and_no_other_has_a_figure() {
    let with = |cost: &str| {
        error(
            &doing("[]")
                .replace("scheduler: round_robin", &format!("scheduler: mach, costs: {{migration: {cost}}}")),
        )
    };
    assert_eq!(with("{is: 5us, source: inferred, from: x}"), "an inferred constant needs a figure");
    assert_eq!(
        with("{is: 5us, source: measured, from: x, figure: y}"),
        "only an inferred constant has a figure"
    );
    assert_eq!(with("{is: 5us, source: guessed, from: x}"), "unknown source `guessed`");
    assert_eq!(with("{is: 5us, from: x}"), "a constant needs the key `source`");
}

#[test]
fn the_value_and_the_source_of_a_constant_are_told() {
    let known = provenance("linux-2-core");
    let latency = known.iter().find(|known| known.constant == "costs.wake_latency.idle").unwrap();
    assert_eq!(latency.machine, "linux-2-core");
    assert_eq!(latency.source, Origin::Measured);
    assert!(latency.value.starts_with("{log_normal: {median: "), "{}", latency.value);
    assert_eq!(latency.figure, None);
}

#[test]
fn a_preset_of_the_user_comes_before_an_embedded_one() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("machine")).unwrap();
    let path = directory.path().join("machine").join("macbook-2009.yaml");
    std::fs::write(path, "{cores: 8, platform: darwin, scheduler: mach}").unwrap();
    let text = doing("[]").replace("{cores: 2, platform: linux, scheduler: round_robin}", "macbook-2009");
    let scenario = load_with_presets(&text, "test.yaml", &[], Some(directory.path())).unwrap();
    assert_eq!(scenario.runs[0].model.machine.cores, 8);
}

#[test]
fn the_name_of_a_preset_is_no_path() {
    let text = doing("[]").replace("{cores: 2, platform: linux, scheduler: round_robin}", "../../etc/passwd");
    assert!(error(&text).starts_with("unknown machine preset"));
}

/// A folder with a machine and an interpreter in files, and a scenario of two threads on top.
struct Files(tempfile::TempDir);

impl Files {
    fn with(machine: &str, python: &str) -> Files {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("my-machine.yaml"), machine).unwrap();
        std::fs::write(folder.path().join("my-python.yaml"), python).unwrap();
        Files(folder)
    }

    fn load(&self) -> Result<crate::scenario::Run, String> {
        let text = "{gilsim: 1, title: t, machine: ./my-machine.yaml, python: my-python.yaml, \
                     threads: [{name: a, do: [ticks: 5]}]}";
        load_with_files(text, "test.yaml", &[], self.0.path())
            .map(|scenario| scenario.runs[0].clone())
            .map_err(|diagnostics| diagnostics.iter().map(|found| found.message.clone()).collect())
    }
}

const OWN_MACHINE: &str = "{cores: 3, platform: linux, scheduler: eevdf, instruction: {cpython-3.11: 2ns}}";

#[test]
fn a_name_that_ends_in_yaml_is_a_file_beside_the_scenario() {
    let run = Files::with(OWN_MACHINE, "{preset: cpython-3.11, gil: {interval: 1ms}}").load().unwrap();
    assert_eq!(run.model.machine.cores, 3);
    assert_eq!(run.machine_name.as_deref(), Some("./my-machine.yaml"));
}

#[test]
fn a_file_that_builds_on_a_preset_counts_as_that_preset() {
    let run = Files::with("{preset: linux-2-core, cores: 5}", "{preset: cpython-3.11}").load().unwrap();
    assert_eq!((run.model.machine.cores, run.machine_name.as_deref()), (5, Some("linux-2-core")));
    assert_eq!(run.python_name.as_deref(), Some("cpython-3.11"));
}

#[test]
fn a_file_does_not_build_on_another_file() {
    let error = Files::with("{preset: my-python.yaml}", "{preset: cpython-3.11}").load().unwrap_err();
    assert_eq!(error, "a file builds on a preset, not on another file");
}

#[test]
fn a_file_that_an_override_names_is_seen_from_the_current_folder() {
    let files = Files::with(OWN_MACHINE, "");
    let path = files.0.path().join("my-machine.yaml");
    let set = format!("machine={}", path.display());
    let text =
        "{gilsim: 1, title: t, machine: linux-2-core, python: cpython-3.11, threads: [{name: a, do: []}]}";
    let scenario = load_with_files(text, "test.yaml", &[set], std::path::Path::new("elsewhere")).unwrap();
    assert_eq!(scenario.runs[0].model.machine.cores, 3);
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let text = doing("[]").replace("{cores: 2, platform: linux, scheduler: round_robin}", "missing.yaml");
    let shown = load_with_files(&text, "test.yaml", &[], std::path::Path::new("nowhere")).unwrap_err();
    let path = std::path::Path::new("nowhere").join("missing.yaml");
    let message = format!("cannot read the machine in {}: there is no such file", path.display());
    assert_eq!(shown.iter().next().unwrap().message, message);
}

#[test]
fn a_text_that_is_no_file_names_no_files() {
    let text = doing("[]").replace("{cores: 2, platform: linux, scheduler: round_robin}", "/etc/passwd.yaml");
    assert!(error(&text).starts_with("unknown machine preset"));
}

const FACTOR: &str = "instruction_factor: {of: cpython-3.13, is: 1.4}";

fn with_factor(factor: &str) -> String {
    format!(
        "gilsim: 1\ntitle: t\nmachine: linux-2-core\npython: {{preset: cpython-3.13t, {factor}}}\n\
         threads: [{{name: a, do: []}}]\n"
    )
}

/// The time of ten thousand rounds of `python` on linux-2-core.
fn makespan_of_rounds(python: &str) -> f64 {
    let text = format!(
        "gilsim: 1\ntitle: t\npython: {python}\n\
         machine: {{preset: linux-2-core, costs: {{interruption: {{length: 0s}}}}}}\n\
         threads: [{{name: a, do: [loop: 10_000, body: [bytecode: [LOAD_FAST, LOAD_CONST, COMPARE_OP]]]}}]\n"
    );
    let scenario = load(&text, "test.yaml", &[]).unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
    crate::sim::run(&scenario.runs[0].model, 0, ()).0.makespan.as_secs()
}

#[test]
fn an_instruction_takes_so_many_times_as_long_as_that_of_another_interpreter() {
    let with_gil = makespan_of_rounds("cpython-3.13");
    let ratio = makespan_of_rounds("cpython-3.13t") / with_gil;
    assert!((1.39..1.41).contains(&ratio), "{ratio}");
    let own_time = makespan_of_rounds("{preset: cpython-3.13t, instruction: 3.354ns}") / with_gil;
    assert!((0.99..1.01).contains(&own_time), "{own_time}");
}

#[test]
fn a_factor_is_of_an_interpreter_that_there_is() {
    let with = |factor: &str| error(&with_factor(factor));
    let unknown =
        load(&with_factor(&FACTOR.replace("3.13", "3.15")), "test.yaml", &[]).unwrap_err().to_string();
    assert!(unknown.contains("error: unknown python preset `cpython-3.15`"), "{unknown}");
    assert_eq!(with(&FACTOR.replace("1.4", "0")), "a factor is from 0.001 to 1000");
    assert_eq!(with("instruction_factor: 1.4"), "`instruction_factor` is a mapping, found `1.4`");
    let elsewhere = with_factor(FACTOR).replace("linux-2-core", "macbook-2009");
    let expected = "nothing says how long an instruction of `cpython-3.13t` takes on this machine";
    assert_eq!(error(&elsewhere), expected);
}

#[test]
fn every_interpreter_that_comes_with_the_program_runs_on_linux_2_core() {
    for name in preset_names(PresetKind::Python) {
        let text = format!(
            "gilsim: 1\ntitle: t\nmachine: linux-2-core\npython: {name}\nthreads: [{{name: a, do: [python: 1ms]}}]\n"
        );
        load(&text, "test.yaml", &[]).unwrap_or_else(|diagnostics| panic!("{name}: {diagnostics}"));
    }
}

/// What is wrong with a scenario on machine `b`, where the user's directory has these machines.
fn error_with_machines(machines: &[(&str, &str)]) -> Option<String> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("machine")).unwrap();
    for (name, text) in machines {
        std::fs::write(directory.path().join("machine").join(format!("{name}.yaml")), text).unwrap();
    }
    let text = doing("[]").replace("{cores: 2, platform: linux, scheduler: round_robin}", "b");
    let error = load_with_presets(&text, "test.yaml", &[], Some(directory.path())).err()?;
    Some(error.to_string().lines().next().unwrap_or_default().to_owned())
}

#[test]
fn a_preset_builds_on_one_that_stands_alone() {
    let only_one = Some("error: a preset builds on one that stands alone".to_owned());
    let alone = ("a", "{cores: 3, platform: linux, scheduler: eevdf}");
    assert_eq!(error_with_machines(&[alone, ("b", "{preset: a, cores: 4}")]), None);
    assert_eq!(error_with_machines(&[alone, ("c", "{preset: a}"), ("b", "{preset: c, cores: 4}")]), only_one);
    assert_eq!(error_with_machines(&[("b", "{preset: b}")]), only_one);
}
