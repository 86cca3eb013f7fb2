//! Every kind of chart, in every theme and shape, of one small scenario.

use gilsim::chart::{KINDS, Kind, Lanes, Look, Picture, Refusal, Request, Shape, Theme, Words, named, png};
use gilsim::des::Span;
use gilsim::experiment::Effort;
use gilsim::scenario::{self, Repeat, Scenario, Sweep, Template, parse_axes};
use resvg::usvg::roxmltree::Document;

use crate::{elements, font_sizes};

/// A scenario of `tests/data`, and what is asked about it.
struct Case {
    scenario: Scenario,
    template: Template,
    sweep: Option<Sweep>,
    metrics: Vec<String>,
    window: (Option<Span>, Option<Span>),
    look: Look,
}

impl Case {
    fn of(text: String) -> Case {
        let name = "charts.yaml".to_owned();
        let scenario = scenario::load(&text, &name, &[]).expect("the scenario is right");
        let template = Template { name, text, overrides: Vec::new() };
        Case {
            scenario,
            template,
            sweep: None,
            metrics: Vec::new(),
            window: (None, None),
            look: Look::default(),
        }
    }

    /// The small scenario, with what the chart of this kind wants.
    fn for_kind(kind: &str) -> Case {
        let case = Case::of(data("charts.yaml"));
        let interval = "python.gil.interval=500us,2ms,8ms";
        match kind {
            "sweep" => case.over(&[interval]),
            "pareto" => case.over(&[interval]).with_metrics(&["new GIL.makespan", "new GIL.gil.hand_overs"]),
            "heat" => case.over(&[interval, "machine.cores=1,2"]),
            "speedup" => case.over(&["machine.cores=1,2,4"]),
            "timeline" | "ribbon" => case.within(Span::from_millis(2), Span::from_millis(8)),
            _ => case,
        }
    }

    fn over(self, axes: &[&str]) -> Case {
        let axes: Vec<String> = axes.iter().map(|axis| (*axis).to_owned()).collect();
        let sweep = Sweep::new(parse_axes(&axes).expect("axes"), None).expect("a sweep");
        Case { sweep: Some(sweep), ..self }
    }

    fn with_metrics(self, metrics: &[&str]) -> Case {
        Case { metrics: metrics.iter().map(|metric| (*metric).to_owned()).collect(), ..self }
    }

    fn within(self, from: Span, to: Span) -> Case {
        Case { window: (Some(from), Some(to)), ..self }
    }

    fn look(self, change: impl FnOnce(&mut Look)) -> Case {
        let mut look = self.look.clone();
        change(&mut look);
        Case { look, ..self }
    }

    fn try_draw(&self, kind: &str) -> Result<Vec<Picture>, Refusal> {
        let request = Request {
            scenario: &self.scenario,
            template: &self.template,
            id: "charts",
            seed: None,
            effort: Effort { threads: 1, ..Effort::of(Repeat::Times(3)) },
            runs: self.scenario.runs.iter().collect(),
            from: self.window.0,
            to: self.window.1,
            lanes: Lanes::Both,
            metrics: &self.metrics,
            sweep: self.sweep.as_ref(),
            look: &self.look,
        };
        (named(kind).expect("the kind exists").draw)(&request)
    }

    /// The picture; of several steps, one in the middle.
    fn draw(&self, kind: &str) -> String {
        let pictures = self.try_draw(kind).unwrap_or_else(|refusal| panic!("{kind}: {refusal}"));
        pictures[pictures.len() / 2].svg.clone()
    }

    fn refused(&self, kind: &str) -> String {
        match self.try_draw(kind) {
            Ok(_) => panic!("{kind} was drawn"),
            Err(refusal) => refusal.to_string(),
        }
    }
}

fn data(file: &str) -> String {
    let path = format!("{}/tests/data/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("the file is in tests/data").replace("\r\n", "\n")
}

fn names() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|Kind { name, .. }| *name)
}

fn texts(svg: &str) -> Vec<String> {
    let document = Document::parse(svg).expect("SVG is XML");
    let texts = document.descendants().filter(|node| node.tag_name().name() == "text");
    texts.map(|node| node.text().unwrap_or_default().trim().to_owned()).collect()
}

/// Run with `GILSIM_BLESS=1` after a change of looks, and look at the pictures.
#[test]
fn every_kind_looks_as_agreed_in_every_theme() {
    let folder = format!("{}/tests/golden/chart", env!("CARGO_MANIFEST_DIR"));
    let mut different = Vec::new();
    for (kind, theme) in names().flat_map(|kind| Theme::all().map(|theme| (kind, theme))) {
        let path = format!("{folder}/{kind}-{}.svg", theme.name);
        let svg = Case::for_kind(kind).look(|look| look.theme = theme).draw(kind);
        if std::env::var_os("GILSIM_BLESS").is_some() {
            std::fs::write(&path, &svg).expect("the golden picture can be written");
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
        if svg != golden {
            different.push(path);
        }
    }
    assert!(different.is_empty(), "not as agreed:\n{}", different.join("\n"));
}

#[test]
fn no_text_of_any_kind_is_smaller_than_24_pixels() {
    for (kind, shape) in
        names().flat_map(|kind| [Shape::Wide, Shape::Classic, Shape::Square].map(|shape| (kind, shape)))
    {
        let sizes = font_sizes(&Case::for_kind(kind).look(|look| look.shape = shape).draw(kind));
        assert!(sizes.len() > 5, "{kind} {shape:?}");
        assert!(sizes.iter().all(|size| *size >= 24.0), "{kind} {shape:?}: {sizes:?}");
        assert!(sizes.iter().any(|size| *size >= 40.0), "{kind} {shape:?} has no title");
    }
}

#[test]
fn every_picture_has_the_size_of_its_shape_and_is_small_enough_to_open() {
    for (kind, (shape, width)) in names().flat_map(|kind| {
        [(Shape::Wide, 1920), (Shape::Classic, 1440), (Shape::Square, 1080)].map(|shape| (kind, shape))
    }) {
        let svg = Case::for_kind(kind).look(|look| look.shape = shape).draw(kind);
        assert!(svg.contains(&format!("width=\"{width}\" height=\"1080\"")), "{kind} {shape:?}");
        assert!(elements(&svg) <= 20_000 && svg.len() <= 1_500_000, "{kind} {shape:?}");
        Document::parse(&svg).unwrap_or_else(|error| panic!("{kind}: {error}"));
    }
}

#[test]
fn the_same_scenario_gives_the_same_bytes_of_every_kind() {
    for kind in names() {
        assert!(Case::for_kind(kind).draw(kind) == Case::for_kind(kind).draw(kind), "{kind}");
    }
}

#[test]
fn a_title_of_ones_own_stands_in_place_of_the_finding_and_the_footer_can_be_left_out() {
    for kind in names().filter(|kind| *kind != "steps") {
        let case = Case::for_kind(kind).look(|look| {
            look.title = Some("My own title".to_owned());
            look.footer = false;
        });
        let texts = texts(&case.draw(kind));
        assert!(texts.iter().any(|text| text == "My own title"), "{kind}: {texts:?}");
        assert!(texts.iter().all(|text| !text.starts_with("gilsim ")), "{kind}: {texts:?}");
    }
}

#[test]
fn titles_say_the_finding() {
    let title = |kind: &str| texts(&Case::for_kind(kind).draw(kind));
    for (kind, finding) in [
        ("bars", "times as long as"),
        ("ribbon", "The GIL changes hands"),
        ("waiters", "On average"),
        ("latency", "The 99th percentile of request is"),
        ("sweep", "request.latency.p99"),
        ("badness", "of all checks"),
        ("handover", "nobody has the GIL"),
        ("measured", "figures are hit within 15 %"),
    ] {
        assert!(title(kind).iter().any(|text| text.contains(finding)), "{kind}: {:?}", title(kind));
    }
}

/// Two threads that take two locks in opposite order, and wait for each other where the one comes between the other's two.
fn two_orders() -> Case {
    Case::of(data("two-orders.yaml"))
}

#[test]
fn what_did_not_come_to_its_end_is_crossed_out_and_stands_in_place_of_the_finding() {
    let over = |axes: &[&str]| two_orders().over(axes);
    let interval = "python.gil.interval=100us,1ms,50ms";
    let stuck = Case::of(data("two-orders.yaml").replace("interval: 5ms", "interval: 1ms"));
    for (case, kind, unfinished) in [
        (over(&[interval]), "sweep", "2 of 3 points did not come to their end"),
        (over(&[interval, "machine.cores=2,3"]), "heat", "4 of 6 points did not come to their end"),
        (over(&["machine.cores=2,3"]), "speedup", ""),
        (stuck, "bars", "1 of 1 runs did not come to its end"),
    ] {
        let picture = case.try_draw(kind).expect("it can be drawn").remove(0);
        assert_eq!(picture.unfinished.as_deref().unwrap_or_default(), unfinished, "{kind}");
        let says_so = texts(&picture.svg).iter().any(|text| text.contains("(crossed out)"));
        assert_eq!(says_so, !unfinished.is_empty(), "{kind}: {:?}", texts(&picture.svg));
    }
}

#[test]
fn what_did_not_come_to_its_end_is_on_no_front() {
    let case =
        two_orders().over(&["python.gil.interval=1ms,3ms,50ms"]).with_metrics(&["makespan", "gil.checks"]);
    let picture = case.try_draw("pareto").expect("it can be drawn").remove(0);
    assert_eq!(picture.unfinished.as_deref(), Some("1 of 3 points did not come to its end"));
    assert_eq!(picture.notes, ["what did not come to its end is left out"]);
    assert!(texts(&picture.svg).iter().any(|text| text.contains("2 values of python.gil.interval")));
}

#[test]
fn bands_are_spoken_of_where_they_are_drawn_and_means_where_they_are_shown() {
    for (kind, says) in [
        ("sweep", "3 replications, bands: 95 % confidence"),
        ("heat", "means of 3 replications"),
        ("speedup", "means of 3 replications"),
        ("bars", "means of 3 replications, strokes: 95 % confidence"),
    ] {
        let footer = texts(&Case::for_kind(kind).draw(kind)).pop().unwrap_or_default();
        assert!(footer.ends_with(says), "{kind}: {footer}");
    }
}

#[test]
fn a_figure_that_is_missed_beyond_the_scale_is_counted_and_named_at_its_edge() {
    let missed = "\n  - {cell: nothing here, quantity: count, that: new GIL.gil.failed * 0, is: 21}\n";
    let texts = texts(&Case::of(data("charts.yaml") + missed).draw("measured"));
    let has = |part: &str| texts.iter().any(|text| text.contains(part));
    assert!(has("of 3 measured figures are hit within 15 %"), "{texts:?}");
    assert!(has("nothing here: 21 measured, 0 simulated"), "{texts:?}");
}

#[test]
fn words_are_translated_where_a_file_says_how() {
    let words = Words::parse("# German\nruns Python: läuft\ncore: \"der Kern\"\n").expect("labels");
    let texts = texts(&Case::for_kind("timeline").look(|look| look.words = words).draw("timeline"));
    assert!(texts.contains(&"läuft".to_owned()) && texts.contains(&"der Kern 0".to_owned()), "{texts:?}");
    assert!(!texts.contains(&"runs Python".to_owned()));
}

#[test]
fn a_label_that_does_not_exist_is_refused_with_its_line_and_a_suggestion() {
    let error = Words::parse("\nruns Pyhton: x\n").expect_err("no such label");
    assert_eq!(error, "line 2: there is no label `runs Pyhton`\nhelp: did you mean `runs Python`?");
    assert!(Words::parse("core").expect_err("no colon").starts_with("line 1: `core` has no colon"));
}

#[test]
fn callouts_are_at_most_three_and_stand_above_the_bars() {
    let svg = Case::of(data("charts.yaml")).draw("timeline");
    let document = Document::parse(&svg).expect("SVG is XML");
    let callouts: Vec<f64> = document
        .descendants()
        .filter(|node| node.tag_name().name() == "text")
        .filter(|node| {
            let text = node.text().unwrap_or_default();
            ["longest wait", "worst battle", "first forced drop"].iter().any(|what| text.contains(what))
        })
        .map(|node| node.attribute("y").and_then(|y| y.parse().ok()).expect("a place"))
        .collect();
    assert!((1..=3).contains(&callouts.len()), "{callouts:?}");
    // Bars are written as rectangles one after the other: `m` moves to the next, relative to the last.
    for path in document
        .descendants()
        .filter(|node| node.tag_name().name() == "path" && node.attribute("fill").is_some())
    {
        let (mut y, mut bars) = (0.0, Vec::new());
        for part in path.attribute("d").unwrap_or_default().split('m').skip(1) {
            let place = part.split('h').next().and_then(|place| place.split_once(','));
            y += place.map_or(0.0, |(_, down)| down.parse().unwrap_or(0.0));
            let height: f64 =
                part.split('v').nth(1).and_then(|rest| rest.split('h').next()?.parse().ok()).unwrap_or(0.0);
            bars.push((y, y + height));
        }
        for (top, bottom) in bars {
            assert!(
                callouts.iter().all(|at| at + 4.0 <= top || at - 22.0 >= bottom),
                "{callouts:?}: {top} {bottom}"
            );
        }
    }
}

#[test]
fn five_hundred_and_twelve_threads_share_lanes_and_the_picture_says_so() {
    let text =
        data("two-threads.yaml").replace("count: 2", "count: 512").replace("python: 20ms", "python: 20us");
    let case = Case::of(text.split("\nexpect:").next().expect("runs").to_owned());
    let pictures = case.try_draw("timeline").expect("a picture");
    let shared = "the 512 threads of run `together` are too many for a lane each: they share 9";
    assert_eq!(pictures[0].notes, [shared]);
    assert!(texts(&pictures[0].svg).iter().any(|text| text.contains("(512 threads in 9 lanes)")));
    assert!(elements(&pictures[0].svg) <= 20_000 && pictures[0].svg.len() <= 1_500_000);
    case.try_draw("ribbon").expect("a ribbon");
    case.try_draw("account").expect("an account");
}

#[test]
fn what_a_scenario_has_not_is_refused_with_what_to_do_about_it() {
    let plain = || Case::of(data("two-threads.yaml"));
    let own_interval = || {
        let text =
            data("two-threads.yaml").replace(": {threads:", ": {python: {gil: {interval: 1ms}}, threads:");
        Case::of(text)
    };
    let alone = || {
        let text = data("two-threads.yaml").replace("count: 2", "count: 1");
        Case::of(text.split("\nexpect:").next().expect("runs").to_owned())
    };
    for (message, begins) in [
        (plain().refused("latency"), "this scenario measures no latency\nhelp: "),
        (plain().refused("sweep"), "there is nothing to sweep over\nhelp: say what, as in --over "),
        (plain().refused("heat"), "there is nothing to sweep over\nhelp: say what, as in --over "),
        (
            plain().over(&["machine.cores=1,2"]).refused("heat"),
            "this chart shows a sweep over two values, and 1 are varied\n",
        ),
        (
            own_interval().over(&["python.gil.interval=1ms,2ms"]).refused("sweep"),
            "`python.gil.interval` changes nothing",
        ),
        (plain().refused("measured"), "this scenario has no figures that were measured\nhelp: "),
        (plain().with_metrics(&["makespam"]).refused("bars"), "there is no quantity `makespam` here"),
        (
            plain().with_metrics(&["alone.makespan"]).refused("bars"),
            "`alone.makespan` is computed of several runs",
        ),
        (
            plain().with_metrics(&["makespan", "user"]).refused("bars"),
            "2 quantities are too many for this chart\n",
        ),
        (
            Case::for_kind("latency").with_metrics(&["answers"]).refused("latency"),
            "there is no latency `answers`\nhelp: there are `request`",
        ),
        (alone().refused("waiters"), "no thread waits for the GIL here\nhelp: "),
        (alone().refused("waits"), "no wait for the GIL ends here\nhelp: "),
        (alone().refused("badness"), "no check of the eval breaker led into the lock here"),
        (alone().refused("handover"), "the GIL never goes from one thread to another\nhelp: "),
        (alone().refused("steps"), "the GIL never goes from one thread to another\nhelp: "),
        (
            alone().within(Span::from_millis(5), Span::from_millis(6)).refused("timeline"),
            "nothing changes between 5.00 ms and 6.00 ms",
        ),
    ] {
        assert!(message.starts_with(begins), "{message}");
    }
}

#[test]
fn a_window_with_too_many_steps_is_refused() {
    let case = Case::of(data("charts.yaml")).within(Span::ZERO, Span::from_millis(100));
    assert!(case.refused("steps").contains(" are too many, at most 60\nhelp: choose a shorter window"));
}

#[test]
fn steps_are_numbered_and_each_tells_what_happens() {
    let pictures = Case::of(data("two-threads.yaml")).try_draw("steps").expect("steps");
    assert!((5..=20).contains(&pictures.len()), "{}", pictures.len());
    let narrations: Vec<&str> = pictures.iter().filter_map(|picture| picture.narration.as_deref()).collect();
    assert_eq!(narrations.len(), pictures.len());
    for what in ["gives the GIL up", "takes the GIL"] {
        assert!(narrations.iter().any(|narration| narration.contains(what)), "{narrations:?}");
    }
}

#[test]
fn a_picture_may_be_larger_or_smaller() {
    let svg = Case::for_kind("bars").draw("bars");
    let size = |data: Vec<u8>| {
        let number =
            |offset: usize| u32::from_be_bytes(data[offset..offset + 4].try_into().expect("four bytes"));
        (number(16), number(20))
    };
    assert_eq!(size(png(&svg, 0.5).expect("a picture")), (960, 540));
    assert_eq!(size(png(&svg, 2.0).expect("a picture")), (3840, 2160));
}

#[test]
fn an_animation_has_a_frame_a_step() {
    let pictures = Case::for_kind("steps").try_draw("steps").expect("steps");
    let svgs: Vec<&str> = pictures.iter().take(3).map(|picture| picture.svg.as_str()).collect();
    let bytes = gilsim::chart::gif(&svgs, 0.2).expect("an animation");
    let mut decoder = gif::DecodeOptions::new().read_info(bytes.as_slice()).expect("a GIF");
    assert_eq!((decoder.width(), decoder.height()), (384, 216));
    let mut frames = 0;
    while decoder.read_next_frame().expect("a frame").is_some() {
        frames += 1;
    }
    assert_eq!(frames, 3);
    assert!(bytes == gilsim::chart::gif(&svgs, 0.2).expect("the same"));
}
