//! What a timeline chart promises to whoever puts it on a slide.

use gilsim::chart::{Lanes, Look, Panel, Shape, TimelineChart, columns, draw, png};
use gilsim::des::Time;
use gilsim::trace::{Mark, Observer, ThreadState, Timeline, Window};

use crate::{elements, font_sizes};

const MILLISECOND: u64 = 1_000_000_000;

fn at(picos: u64) -> Time {
    Time::from_picos(picos)
}

fn recording(length: u64, threads: usize, cores: usize) -> Timeline {
    Timeline::new(Window { from: at(0), to: at(length), columns: columns(Shape::Wide) }, threads, cores)
}

fn chart<'a>(title: &str, timelines: &[&'a Timeline]) -> TimelineChart<'a> {
    static LOOK: std::sync::LazyLock<Look> = std::sync::LazyLock::new(Look::default);
    let look = &*LOOK;
    let panel = |timeline: &&'a Timeline| Panel {
        title: "threaded: 13 ms".to_owned(),
        lane_names: (1..=timeline.threads().len()).map(|number| format!("worker {number}")).collect(),
        timeline,
        callouts: Vec::new(),
    };
    TimelineChart {
        title: title.to_owned(),
        footer: "scenario states.yaml, seed 1, fingerprint 0123456789abcdef".to_owned(),
        panels: timelines.iter().map(panel).collect(),
        overview: None,
        lanes: Lanes::Both,
        now: None,
        look,
    }
}

/// One thread in every state, a millisecond each, and one that runs on a core all the time.
fn every_state() -> Timeline {
    let mut timeline = recording(13 * MILLISECOND, 2, 1);
    for (index, state) in ThreadState::ALL.into_iter().enumerate() {
        timeline.thread_state(at(index as u64 * MILLISECOND), 0, state);
    }
    timeline.thread_state(at(0), 1, ThreadState::RunsPython);
    timeline.core_runs(at(0), 0, Some(1));
    timeline.mark(at(11 * MILLISECOND / 2), 0, Mark::DropRequest);
    timeline.finish(at(13 * MILLISECOND));
    timeline
}

/// Threads that change their state several times a column, for no reason.
fn noise(threads: usize, cores: usize) -> Timeline {
    let mut seed = 1_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    let length = columns(Shape::Wide) as u64 * 1000;
    let mut timeline = recording(length, threads, cores);
    for instant in (0..length).step_by((200 / threads).max(1)) {
        let thread = next(threads);
        timeline.thread_state(at(instant), thread, ThreadState::ALL[next(ThreadState::COUNT)]);
        timeline.core_runs(at(instant), next(cores), Some(thread));
        if next(10) == 0 {
            timeline.mark(at(instant), thread, Mark::FailedAcquisition);
            timeline.mark(at(instant), thread, Mark::DropRequest);
        }
    }
    timeline.finish(at(length));
    timeline
}

/// The picture of every state is this one. Run with `GILSIM_BLESS=1` after a change of looks, and look at it.
#[test]
fn the_picture_of_every_state_is_as_agreed() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/chart/every-state.svg");
    let svg = draw(&chart("Every state has its own look", &[&every_state()]));
    if std::env::var_os("GILSIM_BLESS").is_some() {
        std::fs::write(path, &svg).expect("the golden picture can be written");
    }
    let golden = std::fs::read_to_string(path).expect("the golden picture can be read");
    assert!(svg == golden.replace("\r\n", "\n"), "differs from {path}");
}

#[test]
fn no_text_is_smaller_than_24_pixels() {
    for timeline in [every_state(), noise(60, 16)] {
        let sizes = font_sizes(&draw(&chart("a ".repeat(400).as_str(), &[&timeline; 9])));
        assert!(sizes.len() > 10);
        assert!(sizes.iter().all(|size| *size >= 24.0), "{sizes:?}");
    }
}

#[test]
fn the_title_is_at_least_40_pixels_high() {
    let svg = draw(&chart(&"long ".repeat(100), &[&every_state()]));
    assert!(font_sizes(&svg).iter().filter(|size| **size >= 40.0).count() == 2);
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let timeline = noise(5, 2);
    let once = draw(&chart("twice", &[&timeline, &timeline]));
    let again = draw(&chart("twice", &[&timeline.clone(), &timeline]));
    assert!(once == again);
    assert!(png(&once, 1.0).unwrap() == png(&again, 1.0).unwrap());
}

#[test]
fn a_picture_of_noise_is_still_small_enough_to_open() {
    for (timeline, panels) in [(noise(2, 2), 4), (noise(24, 8), 1), (noise(3, 1), 12)] {
        let svg = draw(&chart("noise", &vec![&timeline; panels]));
        assert!(elements(&svg) <= 20_000, "{} elements", elements(&svg));
        assert!(svg.len() <= 1_500_000, "{} bytes", svg.len());
    }
}

#[test]
fn ten_million_slices_keep_their_exact_shares_and_make_a_small_picture() {
    const SLICES: u64 = 10_000_000;
    let states =
        [ThreadState::RunsPython, ThreadState::WaitsForGil, ThreadState::InKernel, ThreadState::Runnable];
    let mut timeline = recording(SLICES * 10, 2, 1);
    let mut exact = [0_u64; ThreadState::COUNT];
    for slice in 0..SLICES {
        // Neither the lengths of the slices nor their order is that of the columns.
        let state = states[(slice * slice % 7 % 4) as usize];
        timeline.thread_state(at(slice * 10), (slice % 2) as usize, state);
        exact[state.index()] += if slice + 1 == SLICES { 10 } else { 20 };
    }
    timeline.mark(at(SLICES * 5), 1, Mark::FailedAcquisition);
    timeline.finish(at(SLICES * 10));
    exact[ThreadState::NotStarted.index()] += 10;
    let totals = timeline.threads().iter().map(|lane| lane.totals());
    let sums = totals.fold([0; ThreadState::COUNT], |mut sums, totals| {
        sums.iter_mut().zip(totals).for_each(|(sum, total)| *sum += total.picos());
        sums
    });
    assert_eq!(sums, exact);
    let svg = draw(&chart("ten million", &[&timeline]));
    assert!(elements(&svg) <= 20_000 && svg.len() <= 1_500_000, "{} {}", elements(&svg), svg.len());
    assert_eq!(svg.matches("<path fill=\"#D55E00\"").count(), 2, "in the lane and in the legend");
}

#[test]
fn one_failed_acquisition_in_a_long_run_is_drawn() {
    let hour = 3_600_000 * MILLISECOND;
    let mut timeline = recording(hour, 1, 1);
    timeline.thread_state(at(0), 0, ThreadState::RunsPython);
    timeline.mark(at(hour / 3), 0, Mark::FailedAcquisition);
    timeline.finish(at(hour));
    let svg = draw(&chart("one in a billion", &[&timeline]));
    assert_eq!(svg.matches("<path fill=\"#D55E00\"").count(), 2, "in the lane and in the legend");
}

#[test]
fn a_failed_acquisition_of_a_picosecond_is_drawn() {
    let hour = 3_600_000 * MILLISECOND;
    let mut timeline = recording(hour, 1, 0);
    timeline.thread_state(at(0), 0, ThreadState::WaitsForGil);
    timeline.thread_state(at(5), 0, ThreadState::FailedAcquisition);
    timeline.thread_state(at(6), 0, ThreadState::WaitsForGil);
    timeline.finish(at(hour));
    let svg = draw(&chart("one picosecond", &[&timeline]));
    assert_eq!(svg.matches("<path fill=\"#D55E00\"").count(), 2, "in the lane and in the legend");
}

#[test]
fn the_legend_explains_what_occurs_and_nothing_else() {
    let mut timeline = recording(MILLISECOND, 1, 0);
    timeline.thread_state(at(0), 0, ThreadState::RunsPython);
    timeline.finish(at(MILLISECOND));
    let svg = draw(&chart("Python", &[&timeline]));
    assert!(svg.contains("\nruns Python\n"));
    assert!(!svg.contains("waits for the GIL") && !svg.contains("core runs"));
}

#[test]
fn text_of_the_user_is_escaped() {
    let timeline = every_state();
    let mut chart = chart("<b>&\"'\u{0}\n", &[&timeline]);
    chart.footer = "</svg>&".to_owned();
    chart.panels[0].title = "]]><&".to_owned();
    chart.panels[0].lane_names = vec!["<script>\u{1b}".to_owned()];
    let svg = draw(&chart);
    assert!(!svg.contains("<b>") && !svg.contains("<script>") && svg.matches("</svg>").count() == 1);
    assert!(svg.contains("&lt;b&gt;&amp;&quot;"));
    assert!(png(&svg, 1.0).is_ok());
}

#[test]
fn lanes_that_do_not_fit_are_counted() {
    let timeline = recording(MILLISECOND, 5000, 2);
    let svg = draw(&chart("a crowd", &[&timeline]));
    assert!(svg.contains("more threads"));
    let svg = draw(&chart("many runs", &[&every_state(); 40]));
    assert!(svg.contains("more runs"));
}

#[test]
fn a_run_that_ended_earlier_is_shorter_on_the_same_axis() {
    let (mut short, mut long) = (recording(MILLISECOND, 1, 0), recording(4 * MILLISECOND, 1, 0));
    for timeline in [&mut short, &mut long] {
        timeline.thread_state(at(0), 0, ThreadState::RunsPython);
        timeline.finish(at(4 * MILLISECOND));
    }
    let svg = draw(&chart("lengths", &[&short, &long]));
    assert!(svg.contains("h400v") && svg.contains("h1600v"));
}

#[test]
fn nothing_that_can_be_asked_for_breaks_a_chart() {
    let empty = Timeline::new(Window { from: at(7), to: at(7), columns: 1 }, 0, 0);
    let single = Timeline::new(Window { from: at(0), to: at(u64::MAX), columns: 1 }, 1, 1);
    let fine = Timeline::new(Window { from: at(0), to: at(3), columns: 5000 }, 1, 1);
    for timelines in [vec![], vec![&empty], vec![&single, &empty, &fine], vec![&fine]] {
        for title in ["", " ", "one-word-without-a-space-".repeat(50).as_str()] {
            assert!(png(&draw(&chart(title, &timelines)), 1.0).is_ok());
        }
    }
}

#[test]
fn a_png_is_1920_by_1080_and_shows_its_text_without_a_font_of_the_system() {
    let timeline = every_state();
    let with_text = png(&draw(&chart("The finding", &[&timeline])), 1.0).unwrap();
    let without = png(&draw(&chart("", &[&timeline])), 1.0).unwrap();
    let dimension = |offset: usize| u32::from_be_bytes(with_text[offset..offset + 4].try_into().unwrap());
    assert_eq!(&with_text[1..4], b"PNG");
    assert_eq!((dimension(16), dimension(20)), (1920, 1080));
    let title = |data: &[u8]| {
        let pixels = resvg::tiny_skia::Pixmap::decode_png(data).unwrap();
        let dark = |x: u32, y: u32| pixels.pixel(x, y).is_some_and(|pixel| pixel.red() < 0x80);
        (26..400).flat_map(|x| (20..70).map(move |y| (x, y))).filter(|(x, y)| dark(*x, *y)).count()
    };
    assert!(title(&with_text) > 1000, "{} dark pixels", title(&with_text));
    assert_eq!(title(&without), 0);
}
