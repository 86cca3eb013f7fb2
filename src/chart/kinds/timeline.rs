//! The timeline: what every thread and core of one or more runs did, over one time axis.
//!
//! A column of the picture shows exact shares of time, and no failed acquisition is ever dropped. Where the
//! picture would become too large, columns are drawn several pixels wide.

use crate::chart::bars::{Bars, Patterns};
use crate::chart::callout::{self, Callout};
use crate::chart::canvas::Canvas;
use crate::chart::frame::{Frame, LABEL, MARGIN, SMALL};
use crate::chart::grid::Grid;
use crate::chart::lane::{Place, draw_core, draw_thread};
use crate::chart::layout::{Content, Demand, Layout, Row, plan};
use crate::chart::legend::Legend;
use crate::chart::look::{Look, Shape};
use crate::chart::overview::{self, Overview};
use crate::chart::pen::{Align, Surface, clear, write};
use crate::chart::plot::line;
use crate::chart::request::{Kind, Lanes, Picture, Refusal, Request};
use crate::chart::text::{Font, clean};
use crate::chart::theme::CORE_TONES;
use crate::chart::time_axis::{self, TimeAxis};
use crate::des::{Span, Time};
use crate::experiment::{Recording, View, finding, record};
use crate::trace::Timeline;
use plotters::element::Rectangle;
use plotters::style::Color;

/// How the timeline is asked for.
pub const KIND: Kind =
    Kind { name: "timeline", about: "What every thread and core did, over time", draw: of_request };

/// Threads beyond so many share lanes.
const MOST_LANES: usize = 16;

/// All panels of a picture together have no more lanes of threads than about this.
const MOST_LANES_OF_ALL: usize = 18;

/// Where the lanes begin; their names stand before.
pub const LEFT: i32 = 250;

/// What is left free behind the lanes.
const BEHIND: i32 = 70;

/// How many columns a timeline must have recorded to use the whole width of a picture of that shape.
pub fn columns(shape: Shape) -> usize {
    (shape.size().0 as i32 - LEFT - BEHIND) as usize
}

/// A picture of one or more runs below each other.
#[derive(Clone, Debug)]
pub struct TimelineChart<'a> {
    /// What is to be learnt from the picture.
    pub title: String,
    /// Where it comes from: scenario, seed, fingerprint.
    pub footer: String,
    /// The runs, from top to bottom.
    pub panels: Vec<Panel<'a>>,
    /// What surrounds the window, if it is only a part of the run.
    pub overview: Option<Overview<'a>>,
    /// Which lanes are shown.
    pub lanes: Lanes,
    /// The instant up to which the story is told: what comes later is pale.
    pub now: Option<Time>,
    /// How the picture looks.
    pub look: &'a Look,
}

/// One run within a timeline.
#[derive(Clone, Debug)]
pub struct Panel<'a> {
    /// The name of the run, and what came of it.
    pub title: String,
    /// The names of the lanes of threads, by index; a lane without one gets its number.
    pub lane_names: Vec<String>,
    /// What was recorded.
    pub timeline: &'a Timeline,
    /// What is pointed at.
    pub callouts: Vec<Callout>,
}

const LABEL_ROOM: i32 = LEFT - MARGIN - 16;
const PANEL_FONT: Font = Font::bold(32);

/// The lanes never take more bytes than this.
const MOST_BYTES: usize = 1_300_000;

/// No picture has more numbers on its cores than this.
const MOST_NUMBERS: usize = 300;

fn of_request(request: &Request) -> Result<Vec<Picture>, Refusal> {
    let most_lanes = (MOST_LANES_OF_ALL / request.runs.len().max(1)).clamp(2, MOST_LANES);
    let columns = columns(request.look.shape);
    let view = View { from: request.from, to: request.to, columns, most_lanes };
    let recordings = record(request.scenario, request.seed, &request.runs, view)?;
    let is_whole = request.from.is_none() && request.to.is_none();
    let title = if is_whole {
        let runs: Vec<_> =
            recordings.iter().map(|recording| (recording.run.name.as_str(), &recording.report)).collect();
        finding::of_runs(&request.scenario.title, &runs)
    } else {
        finding::of_window(&request.scenario.title, &recordings)
    };
    let mut callouts = callout::of_recordings(&recordings, &request.look.words);
    let panels = recordings.iter().enumerate().map(|(index, recording)| Panel {
        title: panel_title(recording),
        lane_names: recording.lanes.names.clone(),
        timeline: &recording.timeline,
        callouts: callouts
            .iter_mut()
            .filter(|(of, _)| *of == index)
            .map(|(_, callout)| callout.clone())
            .collect(),
    });
    let picture = TimelineChart {
        title,
        footer: request.footer(recordings.iter().map(|recording| &recording.report)),
        panels: panels.collect(),
        overview: recordings.first().and_then(|first| Overview::of(first, recordings.len() > 1)),
        lanes: request.lanes,
        now: None,
        look: request.look,
    };
    let notes = recordings.iter().filter_map(shared_lanes).collect();
    Ok(vec![Picture { notes, ..Picture::of(draw(&picture)) }])
}

/// The name of a run, how long it took, and whether its threads share lanes.
pub fn panel_title(recording: &Recording) -> String {
    let mut title = format!("{}: {}", recording.run.name, recording.report.makespan);
    if recording.lanes.are_shared() {
        let (threads, lanes) = (recording.lanes.threads, recording.lanes.names.len());
        title.push_str(&format!(" ({threads} threads in {lanes} lanes)"));
    }
    title
}

/// What to say of a run whose threads share lanes.
pub fn shared_lanes(recording: &Recording) -> Option<String> {
    let (threads, lanes) = (recording.lanes.threads, recording.lanes.names.len());
    let name = &recording.run.name;
    recording.lanes.are_shared().then(|| {
        format!("the {threads} threads of run `{name}` are too many for a lane each: they share {lanes}")
    })
}

/// The chart as an SVG picture.
pub fn draw(chart: &TimelineChart) -> String {
    Drawing::new(chart).svg()
}

/// A number on a core: where, how high up, on which tone and what.
struct Number {
    middle: i32,
    place: Place,
    thread: usize,
}

/// Everything that has been decided about a picture before it is drawn.
struct Drawing<'a> {
    chart: &'a TimelineChart<'a>,
    frame: Frame,
    legend: Legend,
    legend_top: i32,
    layout: Layout,
    longest: Span,
    axis: TimeAxis,
}

impl<'a> Drawing<'a> {
    fn new(chart: &'a TimelineChart<'a>) -> Drawing<'a> {
        let look = chart.look;
        let frame = Frame::new(&chart.title, &chart.footer, look);
        let timelines = chart.panels.iter().map(|panel| panel.timeline);
        let legend = Legend::of(timelines, chart.lanes, look, MARGIN, MARGIN + frame.room());
        let legend_top = frame.bottom - 4 - legend.height();
        let demands: Vec<Demand> = chart.panels.iter().map(|panel| demand(panel, chart.lanes)).collect();
        let top = frame.top + if chart.overview.is_some() { overview::HEIGHT } else { 0 };
        let layout = plan(&demands, top, legend_top - time_axis::HEIGHT - 8);
        let windows = || chart.panels.iter().map(|panel| panel.timeline.window());
        let longest = windows().map(|window| window.length()).max().unwrap_or(Span::ZERO);
        let start = windows().map(|window| window.from).next().unwrap_or(Time::ZERO);
        let shared_start = windows().all(|window| window.from == start);
        let room = columns(look.shape) as i32;
        let axis = if shared_start {
            TimeAxis::new(start, longest, room)
        } else {
            TimeAxis::of_panels(longest, room)
        };
        Drawing { chart, frame, legend, legend_top, layout, longest, axis }
    }

    fn room(&self) -> i32 {
        columns(self.chart.look.shape) as i32
    }

    fn svg(&self) -> String {
        let mut canvas = Canvas::new(self.chart.look);
        canvas.paint(|surface| self.draw_below(surface));
        if let Some(overview) = &self.chart.overview {
            let funnel = self.layout.panels.first().map_or(self.frame.top, |panel| panel.title - 34);
            overview.draw(&mut canvas, self.chart.look, (LEFT, self.room()), self.frame.top, funnel);
        }
        let numbers = self.lanes(&mut canvas);
        if let Some(now) = self.chart.now {
            canvas.paint(|surface| self.veil(surface, now));
        }
        let mut swatches = Bars::default();
        self.legend.draw(&mut swatches, self.legend_top, &self.chart.look.theme);
        canvas.bars("legend", swatches);
        canvas.paint(|surface| self.draw_above(surface, &numbers));
        canvas.finish(&self.frame.title())
    }

    /// Covers what comes after `now`, but for a shadow of it.
    fn veil(&self, surface: &Surface, now: Time) {
        let (Some(panel), Some(place)) = (self.chart.panels.first(), self.layout.panels.first()) else {
            return;
        };
        let theme = &self.chart.look.theme;
        let grid = Grid::of(panel.timeline, LEFT, self.room(), self.longest, 1);
        let at = grid.place_of(now, panel.timeline.window());
        let (top, bottom) = (place.title + 8, self.layout.axis);
        let corners = [(at, top), (LEFT + self.room() + 2, bottom)];
        let _ = surface.draw(&Rectangle::new(corners, theme.background.mix(0.82).filled()));
        line(surface, &[(at, top), (at, bottom)], theme.text, 4);
    }

    /// What the lanes are drawn upon.
    fn draw_below(&self, surface: &Surface) {
        let theme = &self.chart.look.theme;
        let Some(first) = self.layout.panels.first() else { return };
        self.axis.draw(surface, LEFT, LEFT + self.room(), first.title, self.layout.axis, theme);
        for (panel, place) in self.chart.panels.iter().zip(&self.layout.panels) {
            let width = PANEL_FONT.width(&self.title_of(panel));
            clear(surface, theme.background, (MARGIN, place.title - 30), (width + 12, 40));
            for row in place.rows.iter().filter(|row| matches!(row.content, Content::Note(_))) {
                let width = LABEL.width(&row_name(panel, &row.content));
                clear(surface, theme.background, (MARGIN, row.place.foot - 30), (width + 12, 36));
            }
        }
    }

    /// Draws the lanes, with columns as narrow as the size of the picture allows.
    fn lanes(&self, canvas: &mut Canvas) -> Vec<Number> {
        let mut coarseness = 1;
        loop {
            let (bars, numbers) = self.lanes_of(coarseness);
            let size = || {
                let mut svg = String::new();
                bars.iter()
                    .for_each(|(name, bars)| bars.clone().write(name, &mut svg, &mut Patterns::default()));
                svg.len()
            };
            if coarseness >= self.room() || size() <= MOST_BYTES {
                bars.into_iter().for_each(|(name, bars)| canvas.bars(&name, bars));
                return numbers;
            }
            coarseness *= 2;
        }
    }

    fn lanes_of(&self, coarseness: i32) -> (Vec<(String, Bars)>, Vec<Number>) {
        let theme = &self.chart.look.theme;
        let (mut lanes, mut numbers) = (Vec::new(), Vec::new());
        for (panel, place) in self.chart.panels.iter().zip(&self.layout.panels) {
            let grid = Grid::of(panel.timeline, LEFT, self.room(), self.longest, coarseness);
            for row in &place.rows {
                let mut bars = Bars::default();
                match row.content {
                    Content::Thread(index) => {
                        draw_thread(&mut bars, panel.timeline, index, &grid, row.place, theme);
                    }
                    Content::Core(index) => {
                        let lane = &panel.timeline.cores()[index];
                        let alone = draw_core(&mut bars, lane, &grid, row.place, theme);
                        numbers.extend(alone.into_iter().filter_map(|(edges, thread)| {
                            let room = edges.end - edges.start - 8;
                            let fits = SMALL.width(&(thread + 1).to_string()) <= room && row.place.bar >= 24;
                            fits.then_some(Number {
                                middle: (edges.start + edges.end) / 2,
                                place: row.place,
                                thread,
                            })
                        }));
                    }
                    Content::Note(_) => {}
                }
                lanes.push((row_name(panel, &row.content), bars));
            }
        }
        (lanes, numbers)
    }

    /// The texts.
    fn draw_above(&self, surface: &Surface, numbers: &[Number]) {
        let look = self.chart.look;
        let theme = &look.theme;
        self.frame.write(surface, look);
        for (panel, place) in self.chart.panels.iter().zip(&self.layout.panels) {
            write(surface, &self.title_of(panel), PANEL_FONT, theme.text, (MARGIN, place.title), Align::Left);
            let grid = Grid::of(panel.timeline, LEFT, self.room(), self.longest, 1);
            if let Some(baseline) = place.callouts {
                callout::draw(
                    surface,
                    &panel.callouts,
                    &grid,
                    panel.timeline.window(),
                    baseline,
                    self.frame.width,
                    theme,
                );
            }
            let cores = place.rows.iter().any(|row| matches!(row.content, Content::Core(_)));
            place.rows.iter().for_each(|row| self.write_label(surface, panel, row, cores));
        }
        let covered = self.chart.now.zip(self.chart.panels.first()).map_or(i32::MAX, |(now, panel)| {
            Grid::of(panel.timeline, LEFT, self.room(), self.longest, 1)
                .place_of(now, panel.timeline.window())
        });
        for number in numbers.iter().filter(|number| number.middle < covered).take(MOST_NUMBERS) {
            let at = (number.middle, number.place.foot - number.place.bar / 2 + 9);
            let colour = theme.cores[number.thread % CORE_TONES].text;
            write(surface, &(number.thread + 1).to_string(), SMALL, colour, at, Align::Center);
        }
        self.legend.write(surface, self.legend_top, look);
    }

    fn title_of(&self, panel: &Panel) -> String {
        PANEL_FONT.fit(&clean(&panel.title), self.frame.room())
    }

    fn write_label(&self, surface: &Surface, panel: &Panel, row: &Row, numbered: bool) {
        let theme = &self.chart.look.theme;
        let baseline = row.place.foot - row.place.bar / 2 + 9;
        let name = match &row.content {
            Content::Core(index) => format!("{} {index}", self.chart.look.words.say("core")),
            content => row_name(panel, content),
        };
        let (text, colour) = match &row.content {
            Content::Note(_) => (name, theme.muted),
            Content::Thread(index) if numbered => (format!("{} {name}", index + 1), theme.text),
            Content::Thread(_) | Content::Core(_) => (name, theme.text),
        };
        let room = if matches!(row.content, Content::Note(_)) { self.frame.room() } else { LABEL_ROOM };
        write(surface, &LABEL.fit(&text, room), LABEL, colour, (MARGIN, baseline), Align::Left);
    }
}

fn demand(panel: &Panel, lanes: Lanes) -> Demand {
    Demand {
        threads: if lanes == Lanes::Cores { 0 } else { panel.timeline.threads().len() },
        cores: if lanes == Lanes::Threads { 0 } else { panel.timeline.cores().len() },
        callouts: !panel.callouts.is_empty(),
    }
}

/// What a row of `panel` is called.
fn row_name(panel: &Panel, content: &Content) -> String {
    match content {
        Content::Thread(index) => {
            panel.lane_names.get(*index).map_or_else(|| format!("thread {}", index + 1), |name| clean(name))
        }
        Content::Core(index) => format!("core {index}"),
        Content::Note(text) => text.clone(),
    }
}
