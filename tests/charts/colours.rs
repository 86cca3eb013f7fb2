//! Contrast, and what is left of differences for those who see colours differently.

use gilsim::chart::Theme;
use gilsim::chart::theme::{Paint, Style};
use gilsim::trace::ThreadState;

type Linear = [f64; 3];

/// How red-blind, green-blind and blue-blind people see linear RGB: the matrices for complete loss in G. Machado,
/// M. Oliveira, L. Fernandes, A Physiologically-based Model for Simulation of Color Vision Deficiency (2009).
const DEFICIENCIES: [(&str, [[f64; 3]; 3]); 3] = [
    (
        "protanopia",
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
    ),
    (
        "deuteranopia",
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
    ),
    (
        "tritanopia",
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ),
];

fn linear(hex: &str) -> Linear {
    let channel = |offset: usize| {
        let value = f64::from(u8::from_str_radix(&hex[offset..offset + 2], 16).expect("a colour")) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    [channel(1), channel(3), channel(5)]
}

fn colour_of(colour: impl std::fmt::Debug) -> Linear {
    // `RGBColor(0, 158, 115)`
    let text = format!("{colour:?}");
    let numbers: Vec<u8> = text
        .split(|letter: char| !letter.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect();
    linear(&format!("#{:02X}{:02X}{:02X}", numbers[0], numbers[1], numbers[2]))
}

/// The ratio of the Web Content Accessibility Guidelines, from 1 to 21.
fn contrast(one: Linear, other: Linear) -> f64 {
    let luminance = |[red, green, blue]: Linear| 0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05;
    let (one, other) = (luminance(one), luminance(other));
    one.max(other) / one.min(other)
}

/// The distance in CIE L*a*b* (1976): 2 can just be seen, 10 at a glance.
fn distance(one: Linear, other: Linear) -> f64 {
    let lab = |[red, green, blue]: Linear| {
        let x = (0.412_456 * red + 0.357_576 * green + 0.180_437 * blue) / 0.950_47;
        let y = 0.212_673 * red + 0.715_152 * green + 0.072_175 * blue;
        let z = (0.019_334 * red + 0.119_192 * green + 0.950_304 * blue) / 1.088_83;
        let f = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
        [116.0 * f(y) - 16.0, 500.0 * (f(x) - f(y)), 200.0 * (f(y) - f(z))]
    };
    lab(one).iter().zip(lab(other)).map(|(one, other)| (one - other).powi(2)).sum::<f64>().sqrt()
}

fn seen(colour: Linear, matrix: &[[f64; 3]; 3]) -> Linear {
    matrix.map(|row| {
        row.iter().zip(colour).map(|(weight, channel)| weight * channel).sum::<f64>().clamp(0.0, 1.0)
    })
}

/// The colours of a bar: of its filling, its strokes and its outline.
fn colours(style: &Style) -> Vec<Linear> {
    let body = match style.body {
        Some(Paint::Plain(colour)) => vec![colour],
        Some(Paint::Textured { back, ink, .. }) => vec![back, ink],
        None => Vec::new(),
    };
    body.into_iter().chain(style.outline).map(colour_of).collect()
}

#[test]
fn every_text_can_be_read() {
    for theme in Theme::all() {
        let background = colour_of(theme.background);
        for colour in [theme.text, theme.muted] {
            assert!(contrast(colour_of(colour), background) >= 4.5, "{}: {colour:?}", theme.name);
        }
        for tone in &theme.cores {
            assert!(
                contrast(colour_of(tone.colour), colour_of(tone.text)) >= 4.5,
                "{}: {tone:?}",
                theme.name
            );
        }
        for series in &theme.series {
            let found = contrast(colour_of(series.colour), colour_of(series.text));
            assert!(found >= 3.0, "{}: {series:?} {found}", theme.name);
        }
    }
}

#[test]
fn every_bar_and_curve_stands_out_from_the_background() {
    for theme in Theme::all() {
        let background = colour_of(theme.background);
        let present = |state: &ThreadState| !matches!(state, ThreadState::NotStarted | ThreadState::Done);
        for state in ThreadState::ALL.into_iter().filter(present) {
            let best = colours(theme.style(state)).into_iter().map(|colour| contrast(colour, background));
            let best = best.fold(0.0, f64::max);
            assert!(best >= 2.6, "{}: {state:?} {best}", theme.name);
        }
        for series in &theme.series {
            let found = contrast(colour_of(series.colour), background);
            assert!(found >= 3.0, "{}: {series:?} {found}", theme.name);
        }
    }
}

/// States that look alike in height and texture must be told apart by their colours, whoever looks.
#[test]
fn states_of_one_shape_have_colours_that_differ_under_every_deficiency() {
    let shape = |style: &Style| {
        let texture = match style.body {
            Some(Paint::Textured { texture, .. }) => Some(texture),
            _ => None,
        };
        (style.bar, texture, style.body.is_some())
    };
    for (theme, (name, matrix)) in
        Theme::all().iter().flat_map(|theme| DEFICIENCIES.iter().map(move |one| (theme, one)))
    {
        for one in ThreadState::ALL {
            for other in ThreadState::ALL {
                let (first, second) = (theme.style(one), theme.style(other));
                if first.label == second.label || shape(first) != shape(second) {
                    continue;
                }
                let far = distance(seen(colours(first)[0], matrix), seen(colours(second)[0], matrix));
                assert!(far >= 10.0, "{} {name}: {one:?} and {other:?} {far}", theme.name);
            }
        }
    }
}

/// In a stack, plain shares lie upon each other without an outline.
#[test]
fn plain_shares_of_a_stack_differ_under_every_deficiency() {
    for (theme, (name, matrix)) in
        Theme::all().iter().flat_map(|theme| DEFICIENCIES.iter().map(move |one| (theme, one)))
    {
        let plain = |state: &ThreadState| match theme.style(*state).share {
            Some(Paint::Plain(colour)) => Some((theme.style(*state).label, colour_of(colour))),
            _ => None,
        };
        let shares: Vec<_> = ThreadState::ALL.iter().filter_map(plain).collect();
        for (index, (label, colour)) in shares.iter().enumerate() {
            for (other_label, other) in shares[..index].iter().filter(|(other, _)| other != label) {
                let far = distance(seen(*colour, matrix), seen(*other, matrix));
                assert!(far >= 10.0, "{} {name}: {label} and {other_label} {far}", theme.name);
            }
        }
    }
}

#[test]
fn curves_differ_in_marker_and_dash_as_well() {
    for theme in Theme::all() {
        for (index, one) in theme.series.iter().enumerate() {
            for other in &theme.series[..index] {
                assert!(one.marker != other.marker && one.dash != other.dash, "{}", theme.name);
            }
        }
    }
}

#[test]
fn grey_print_has_no_colour() {
    let theme = Theme::all().into_iter().find(|theme| theme.name == "grey-print").expect("the theme");
    let all = ThreadState::ALL.into_iter().flat_map(|state| colours(theme.style(state)));
    let all = all.chain(theme.series.iter().map(|series| colour_of(series.colour)));
    assert!(all.into_iter().all(|[red, green, blue]| red == green && green == blue));
}
