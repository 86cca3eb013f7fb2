//! The time account: what share of its life every thread spent in which state.

use crate::chart::bars::{Bars, Rect};
use crate::chart::canvas::Canvas;
use crate::chart::frame::{Frame, LABEL, MARGIN, SMALL};
use crate::chart::lane::ORDER;
use crate::chart::layout::{Content, Demand, plan};
use crate::chart::legend::Legend;
use crate::chart::look::Look;
use crate::chart::pen::{Align, clear, write};
use crate::chart::request::{Kind, Picture, Refusal, Request};
use crate::chart::text::{Font, clean};
use crate::chart::theme::Paint;
use crate::chart::themes::text_on;
use crate::des::Span;
use crate::experiment::recording::LaneNames;
use crate::scenario::Run;
use crate::sim::Report;
use crate::trace::ThreadState;

/// How this chart is asked for.
pub const KIND: Kind =
    Kind { name: "account", about: "How every thread spent its time: stacked shares", draw };

/// Threads of a run beyond so many share bars.
const MOST_LANES: usize = 16;

const LEFT: i32 = 290;
const PANEL_FONT: Font = Font::bold(30);

/// The time of one bar: a thread, or several that share it.
struct Account {
    name: String,
    times: [Span; ThreadState::COUNT],
}

impl Account {
    /// The share of a state in its life: the time that it was not there is left out.
    fn share(&self, state: ThreadState) -> f64 {
        self.times[state.index()].as_secs() / self.life().max(f64::MIN_POSITIVE)
    }

    fn life(&self) -> f64 {
        let there = |state: &ThreadState| !matches!(state, ThreadState::NotStarted | ThreadState::Done);
        ThreadState::ALL
            .iter()
            .filter(|state| there(state))
            .map(|state| self.times[state.index()].as_secs())
            .sum()
    }
}

fn draw(request: &Request) -> Result<Vec<Picture>, Refusal> {
    let look = request.look;
    let mut replications = request.replications();
    let reports = replications.swap_remove(0);
    let most = (20 / request.runs.len().max(1)).clamp(2, MOST_LANES);
    let accounts: Vec<Vec<Account>> =
        request.runs.iter().zip(&reports).map(|(run, report)| accounts(run, report, most)).collect();
    let states: Vec<ThreadState> = ORDER
        .iter()
        .map(|index| ThreadState::ALL[*index])
        .filter(|state| !matches!(state, ThreadState::NotStarted | ThreadState::Done))
        .filter(|state| accounts.iter().flatten().any(|account| account.share(*state) > 0.0))
        .collect();
    let frame = Frame::new(&finding(request, &accounts), &request.footer(reports.iter()), look);
    let legend = Legend::of_states(&states, look, MARGIN, MARGIN + frame.room());
    let legend_top = frame.bottom - 4 - legend.height();
    let demands: Vec<Demand> = accounts
        .iter()
        .map(|accounts| Demand { threads: accounts.len(), cores: 0, callouts: false })
        .collect();
    let layout = plan(&demands, frame.top, legend_top - 16);
    let right = frame.width - MARGIN;
    let mut canvas = Canvas::new(look);
    let mut labels = Vec::new();
    for (accounts, panel) in accounts.iter().zip(&layout.panels) {
        let mut bars = Bars::default();
        for row in &panel.rows {
            let Content::Thread(index) = row.content else { continue };
            let (foot, height) = (row.place.foot, (row.place.bar + row.place.tick).min(96));
            labels.extend(bar(&mut bars, &accounts[index], &states, (LEFT, right), (foot, height), look));
        }
        canvas.bars("accounts", bars);
    }
    let mut swatches = Bars::default();
    legend.draw(&mut swatches, legend_top, &look.theme);
    canvas.bars("legend", swatches);
    canvas.paint(|surface| {
        for ((run, accounts), (report, panel)) in
            request.runs.iter().zip(&accounts).zip(reports.iter().zip(&layout.panels))
        {
            let title = PANEL_FONT.fit(&clean(&format!("{}: {}", run.name, report.makespan)), frame.room());
            write(surface, &title, PANEL_FONT, look.theme.text, (MARGIN, panel.title), Align::Left);
            for row in &panel.rows {
                let height = (row.place.bar + row.place.tick).min(96);
                let (text, room) = match &row.content {
                    Content::Thread(index) => (clean(&accounts[*index].name), LEFT - MARGIN - 16),
                    Content::Note(text) => (text.clone(), frame.room()),
                    Content::Core(_) => continue,
                };
                let at = (MARGIN, row.place.foot - height / 2 + 9);
                write(surface, &LABEL.fit(&text, room), LABEL, look.theme.text, at, Align::Left);
            }
        }
        for (text, at, paint) in &labels {
            let (back, ink) = match paint {
                Paint::Plain(colour) => (*colour, text_on(*colour)),
                Paint::Textured { .. } => (look.theme.background, look.theme.text),
            };
            if matches!(paint, Paint::Textured { .. }) {
                let width = SMALL.width(text) + 10;
                clear(surface, back, (at.0 - width / 2, at.1 - 24), (width, 32));
            }
            write(surface, text, SMALL, ink, *at, Align::Center);
        }
        legend.write(surface, legend_top, look);
        frame.write(surface, look);
    });
    Ok(vec![Picture::of(canvas.finish(&frame.title()))])
}

/// The account of each thread of a run, or of each group of threads that share a bar.
fn accounts(run: &Run, report: &Report, most: usize) -> Vec<Account> {
    let lanes = LaneNames::of(&run.thread_names, report.threads.len(), most);
    let mut accounts: Vec<Account> = lanes
        .names
        .iter()
        .map(|name| Account { name: name.clone(), times: [Span::ZERO; ThreadState::COUNT] })
        .collect();
    for (thread, lane) in report.threads.iter().zip(&lanes.lane_of) {
        for (sum, time) in accounts[*lane].times.iter_mut().zip(thread.usage.state_times) {
            *sum += time;
        }
    }
    accounts
}

/// What takes the largest share of all threads' lives besides Python itself, in the run in which it is largest.
fn finding(request: &Request, accounts: &[Vec<Account>]) -> String {
    let share = |accounts: &[Account], state: ThreadState| {
        let life: f64 = accounts.iter().map(Account::life).sum();
        accounts.iter().map(|account| account.times[state.index()].as_secs()).sum::<f64>()
            / life.max(f64::MIN_POSITIVE)
    };
    let lock = |accounts: &[Account]| {
        share(accounts, ThreadState::WaitsForGil) + share(accounts, ThreadState::FailedAcquisition)
    };
    let worst =
        (0..accounts.len()).max_by(|one, other| lock(&accounts[*one]).total_cmp(&lock(&accounts[*other])));
    let Some(worst) = worst else { return String::new() };
    let of = if accounts.len() > 1 { format!(" of \"{}\"", request.runs[worst].name) } else { String::new() };
    let python = share(&accounts[worst], ThreadState::RunsPython);
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    match lock(&accounts[worst]) {
        0.0 => format!(
            "The threads{of} run Python for {} of their time and never wait for the GIL",
            percent(python)
        ),
        waits => format!(
            "The threads{of} run Python for {} of their time and wait for the GIL for {}",
            percent(python),
            percent(waits)
        ),
    }
}

/// Draws a bar and gives the percentages that have room on it.
fn bar(
    bars: &mut Bars,
    account: &Account,
    states: &[ThreadState],
    (left, right): (i32, i32),
    (foot, height): (i32, i32),
    look: &Look,
) -> Vec<(String, (i32, i32), Paint)> {
    let mut labels = Vec::new();
    let (mut sum, mut x) = (0.0, left);
    for state in states {
        let style = look.theme.style(*state);
        let share = account.share(*state);
        sum += share;
        let end = left + (sum * f64::from(right - left)).round() as i32;
        let Some(paint) = style.share else { continue };
        bars.fill(paint, style.label, Rect { x, y: foot - height, width: end - x, height });
        // A line between two states, so that neighbours can be told apart whatever their colours.
        if end - x > 3 && end < right {
            bars.fill(
                Paint::Plain(look.theme.background),
                "border",
                Rect { x: end - 2, y: foot - height, width: 2, height },
            );
        }
        let text = format!("{:.0} %", share * 100.0);
        if SMALL.width(&text) + 16 <= end - x && height >= 30 {
            labels.push((text, ((x + end) / 2, foot - height / 2 + 9), paint));
        }
        x = end;
    }
    labels
}
