//! The timeline: what every thread and core of one or more runs did, over one time axis.
//!
//! A column of the picture shows exact shares of time, and no failed acquisition is ever dropped. Where the
//! picture would become too large, columns are drawn several pixels wide.

use crate::chart::axis::{self, TimeAxis};
use crate::chart::bars::{Bars, Patterns, hex};
use crate::chart::grid::Grid;
use crate::chart::lane::{Place, draw_core, draw_thread};
use crate::chart::layout::{Content, Demand, Layout, Row, plan};
use crate::chart::legend::Legend;
use crate::chart::pen::{Align, Surface, background, clear, plotted, write};
use crate::chart::text::{Font, clean, escape};
use crate::chart::theme::{CORE_TONES, Theme};
use crate::des::{Span, Time};
use crate::trace::{Timeline, Window};

/// How many columns a timeline must have recorded to use the whole width of the picture.
pub const COLUMNS: usize = 1600;

/// The width of the picture.
pub const WIDTH: u32 = 1920;

/// The height of the picture.
pub const HEIGHT: u32 = 1080;

/// A picture of one or more runs below each other.
#[derive(Clone, Debug)]
pub struct TimelineChart<'a> {
    /// What is to be learnt from the picture.
    pub title: String,
    /// Where it comes from: scenario, seed, fingerprint.
    pub footer: String,
    /// The runs, from top to bottom.
    pub panels: Vec<Panel<'a>>,
    /// How the picture looks.
    pub theme: Theme,
}

/// One run within a timeline.
#[derive(Clone, Debug)]
pub struct Panel<'a> {
    /// The name of the run, and what came of it.
    pub title: String,
    /// The names of the threads, by index; a thread without one gets its number.
    pub thread_names: Vec<String>,
    /// What was recorded.
    pub timeline: &'a Timeline,
}

const MARGIN: i32 = 26;
const LEFT: i32 = 250;
const RIGHT: i32 = LEFT + COLUMNS as i32;
const LABEL_ROOM: i32 = LEFT - MARGIN - 16;
const TEXT_ROOM: i32 = WIDTH as i32 - 2 * MARGIN;

const TITLE_LINE: i32 = 54;
const TITLE_FONTS: [Font; 2] = [Font::bold(44), Font::bold(40)];
const PANEL_FONT: Font = Font::bold(32);
const LABEL_FONT: Font = Font::regular(25);
const SMALL_FONT: Font = Font::regular(24);
const FOOTER_LINE: i32 = 32;

/// The lanes never take more bytes than this.
const MOST_BYTES: usize = 1_300_000;

/// No picture has more numbers on its cores than this.
const MOST_NUMBERS: usize = 300;

/// The chart as an SVG picture of [`WIDTH`] x [`HEIGHT`].
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
    title: (Font, Vec<String>),
    footer: Vec<String>,
    legend: Legend,
    legend_top: i32,
    layout: Layout,
    longest: Span,
    axis: TimeAxis,
}

impl<'a> Drawing<'a> {
    fn new(chart: &'a TimelineChart<'a>) -> Drawing<'a> {
        let title = title_lines(&clean(&chart.title));
        let footer = SMALL_FONT.wrap(&clean(&chart.footer), TEXT_ROOM, 2);
        let timelines = chart.panels.iter().map(|panel| panel.timeline);
        let legend = Legend::of(timelines, &chart.theme, MARGIN, MARGIN + TEXT_ROOM);
        let top = 32 + title.1.len() as i32 * TITLE_LINE;
        let footer_top = HEIGHT as i32 - 20 - footer.len() as i32 * FOOTER_LINE;
        let legend_top = footer_top - 4 - legend.height();
        let demands: Vec<Demand> = chart.panels.iter().map(demand).collect();
        let layout = plan(&demands, top, legend_top - axis::HEIGHT - 8);
        let windows = || chart.panels.iter().map(|panel| panel.timeline.window());
        let longest = windows().map(length).max().unwrap_or(Span::ZERO);
        let start = windows().map(|window| window.from).next().unwrap_or(Time::ZERO);
        let shared_start = windows().all(|window| window.from == start);
        let axis = if shared_start { TimeAxis::new(start, longest) } else { TimeAxis::of_panels(longest) };
        Drawing { chart, title, footer, legend, legend_top, layout, longest, axis }
    }

    fn svg(&self) -> String {
        let below = plotted((WIDTH, HEIGHT), |surface| self.draw_below(surface));
        let (patterns, lanes, numbers) = self.lanes();
        let above = plotted((WIDTH, HEIGHT), |surface| self.draw_above(surface, &numbers));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
             viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" style=\"background:{}\">\n<title>{}</title>\n\
             {patterns}{below}{lanes}{above}</svg>\n",
            hex(self.chart.theme.background),
            escape(&clean(&self.chart.title)),
        )
    }

    /// What the lanes are drawn upon.
    fn draw_below(&self, surface: &Surface) {
        let theme = &self.chart.theme;
        background(surface, theme.background);
        let Some(first) = self.layout.panels.first() else { return };
        self.axis.draw(surface, LEFT, RIGHT, first.title, self.layout.axis, theme);
        for (panel, place) in self.chart.panels.iter().zip(&self.layout.panels) {
            let width = PANEL_FONT.width(&panel_title(panel));
            clear(surface, theme.background, (MARGIN, place.title - 30), (width + 12, 40));
            for row in place.rows.iter().filter(|row| matches!(row.content, Content::Note(_))) {
                let width = LABEL_FONT.width(&row_name(panel, &row.content));
                clear(surface, theme.background, (MARGIN, row.place.foot - 30), (width + 12, 36));
            }
        }
    }

    /// The lanes and the swatches of the legend, with columns as narrow as the size of the picture allows.
    fn lanes(&self) -> (String, String, Vec<Number>) {
        let mut coarseness = 1;
        loop {
            let (patterns, lanes, numbers) = self.lanes_of(coarseness);
            if lanes.len() <= MOST_BYTES || coarseness >= COLUMNS as i32 {
                return (patterns.definitions(), lanes, numbers);
            }
            coarseness *= 2;
        }
    }

    fn lanes_of(&self, coarseness: i32) -> (Patterns, String, Vec<Number>) {
        let theme = &self.chart.theme;
        let (mut patterns, mut svg, mut numbers) = (Patterns::default(), String::new(), Vec::new());
        for (panel, place) in self.chart.panels.iter().zip(&self.layout.panels) {
            let grid = Grid::of(panel.timeline, LEFT, COLUMNS as i32, self.longest, coarseness);
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
                            let fits =
                                SMALL_FONT.width(&(thread + 1).to_string()) <= room && row.place.bar >= 24;
                            fits.then_some(Number {
                                middle: (edges.start + edges.end) / 2,
                                place: row.place,
                                thread,
                            })
                        }));
                    }
                    Content::Note(_) => {}
                }
                bars.write(&row_name(panel, &row.content), &mut svg, &mut patterns);
            }
        }
        let mut swatches = Bars::default();
        self.legend.draw(&mut swatches, self.legend_top, theme);
        swatches.write("legend", &mut svg, &mut patterns);
        (patterns, svg, numbers)
    }

    /// The texts.
    fn draw_above(&self, surface: &Surface, numbers: &[Number]) {
        let theme = &self.chart.theme;
        self.write_title_and_footer(surface);
        for (panel, place) in self.chart.panels.iter().zip(&self.layout.panels) {
            let title = panel_title(panel);
            write(surface, &title, PANEL_FONT, theme.text, (MARGIN, place.title), Align::Left);
            let cores = place.rows.iter().any(|row| matches!(row.content, Content::Core(_)));
            place.rows.iter().for_each(|row| self.write_label(surface, panel, row, cores));
        }
        for number in numbers.iter().take(MOST_NUMBERS) {
            let at = (number.middle, number.place.foot - number.place.bar / 2 + 9);
            let colour = theme.cores[number.thread % CORE_TONES].text;
            write(surface, &(number.thread + 1).to_string(), SMALL_FONT, colour, at, Align::Center);
        }
        self.legend.write(surface, self.legend_top, theme);
    }

    fn write_title_and_footer(&self, surface: &Surface) {
        let theme = &self.chart.theme;
        for (index, line) in self.title.1.iter().enumerate() {
            let baseline = 10 + (index as i32 + 1) * TITLE_LINE;
            write(surface, line, self.title.0, theme.text, (MARGIN, baseline), Align::Left);
        }
        for (index, line) in self.footer.iter().rev().enumerate() {
            let baseline = HEIGHT as i32 - 24 - index as i32 * FOOTER_LINE;
            write(surface, line, SMALL_FONT, theme.muted, (MARGIN, baseline), Align::Left);
        }
    }

    fn write_label(&self, surface: &Surface, panel: &Panel, row: &Row, numbered: bool) {
        let theme = &self.chart.theme;
        let baseline = row.place.foot - row.place.bar / 2 + 9;
        let name = row_name(panel, &row.content);
        let (text, colour) = match &row.content {
            Content::Note(_) => (name, theme.muted),
            Content::Thread(index) if numbered => (format!("{} {name}", index + 1), theme.text),
            Content::Thread(_) | Content::Core(_) => (name, theme.text),
        };
        let room = if matches!(row.content, Content::Note(_)) { TEXT_ROOM } else { LABEL_ROOM };
        write(surface, &LABEL_FONT.fit(&text, room), LABEL_FONT, colour, (MARGIN, baseline), Align::Left);
    }
}

/// The title in the largest font in which it fits on two lines.
fn title_lines(title: &str) -> (Font, Vec<String>) {
    let [large, small] = TITLE_FONTS;
    let lines = large.wrap(title, TEXT_ROOM, 2);
    let whole = lines.concat().chars().filter(|character| *character != ' ').count();
    let cut = whole < title.chars().filter(|character| *character != ' ').count();
    if cut || lines.iter().any(|line| line.ends_with('…')) {
        return (small, small.wrap(title, TEXT_ROOM, 2));
    }
    (large, lines)
}

fn demand(panel: &Panel) -> Demand {
    Demand { threads: panel.timeline.threads().len(), cores: panel.timeline.cores().len() }
}

fn length(window: &Window) -> Span {
    window.to.since(window.from)
}

/// The title of `panel`, cut if it is too long.
fn panel_title(panel: &Panel) -> String {
    PANEL_FONT.fit(&clean(&panel.title), TEXT_ROOM)
}

/// What a row of `panel` is called.
fn row_name(panel: &Panel, content: &Content) -> String {
    match content {
        Content::Thread(index) => {
            panel.thread_names.get(*index).map_or_else(|| format!("thread {}", index + 1), |name| clean(name))
        }
        Content::Core(index) => format!("core {index}"),
        Content::Note(text) => text.clone(),
    }
}
