//! What one column of a lane looks like: a bar, or shares stacked upon each other.

use crate::chart::theme::Bar;

/// The look of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nothing was recorded.
    Blank,
    /// One kind only.
    Pure(usize),
    /// Several kinds, the lowest first.
    Stack(Vec<Segment>),
}

/// The share of one kind within a column; heights are pixels above the foot of the lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Whose share it is.
    pub kind: usize,
    /// Its lower end.
    pub bottom: i32,
    /// Its upper end.
    pub top: i32,
}

/// How shares are turned into a shape.
pub struct Stacking<'a> {
    /// The kinds from the lowest to the highest.
    pub order: &'a [usize],
    /// The bar of each kind.
    pub bar: &'a dyn Fn(usize) -> Bar,
    /// The kind whose share is drawn however small it is.
    pub rare: Option<usize>,
    /// The height of the lane.
    pub height: i32,
}

impl Stacking<'_> {
    /// The shape of a column in which kind `k` lasted `shares[k]`.
    ///
    /// The stack is as tall as the tallest bar among the kinds that can be seen in it, so that a column in which
    /// one short bar turns into another is not taller than both. Within it heights are in proportion to time.
    pub fn shape(&self, shares: &[u64]) -> Shape {
        let total: u128 = shares.iter().map(|share| u128::from(*share)).sum();
        if total == 0 {
            return Shape::Blank;
        }
        let height = self.stack_height(shares, total);
        let mut segments = self.segments(shares, total, height);
        self.keep_the_rare(shares, &mut segments);
        match segments.as_slice() {
            [] => Shape::Blank,
            [only] => Shape::Pure(only.kind),
            _ => Shape::Stack(segments),
        }
    }

    fn stack_height(&self, shares: &[u64], total: u128) -> i32 {
        let visible = |kind: &&usize| {
            let share = shares[**kind];
            let pixels = u128::from(share) * self.height as u128 * 2;
            pixels >= total || (Some(**kind) == self.rare && share > 0)
        };
        let tallest = self.order.iter().filter(visible).map(|kind| (self.bar)(*kind)).max();
        tallest.unwrap_or(Bar::Full).height(self.height)
    }

    fn segments(&self, shares: &[u64], total: u128, height: i32) -> Vec<Segment> {
        let mut segments = Vec::new();
        let (mut sum, mut bottom) = (0_u128, 0);
        for kind in self.order.iter().copied() {
            sum += u128::from(shares[kind]);
            let top = ((sum * height as u128 * 2 + total) / (total * 2)) as i32;
            if top > bottom {
                segments.push(Segment { kind, bottom, top });
            }
            bottom = top;
        }
        segments
    }

    /// Gives the rare kind one pixel of the largest segment if rounding has left it none.
    fn keep_the_rare(&self, shares: &[u64], segments: &mut Vec<Segment>) {
        let Some(rare) = self.rare.filter(|rare| shares[*rare] > 0) else { return };
        if segments.iter().any(|segment| segment.kind == rare) {
            return;
        }
        let tallest = (0..segments.len()).max_by_key(|index| segments[*index].top - segments[*index].bottom);
        let Some(tallest) = tallest else { return };
        let top = segments[tallest].top;
        segments[tallest].top -= 1;
        segments.insert(tallest + 1, Segment { kind: rare, bottom: top - 1, top });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARS: [Bar; 4] = [Bar::Full, Bar::Half, Bar::Quarter, Bar::Full];

    fn shape(shares: [u64; 4]) -> Shape {
        let bar = |kind: usize| BARS[kind];
        Stacking { order: &[0, 3, 1, 2], bar: &bar, rare: Some(3), height: 40 }.shape(&shares)
    }

    #[test]
    fn one_kind_is_a_bar() {
        assert_eq!(shape([0, 7, 0, 0]), Shape::Pure(1));
        assert_eq!(shape([1, 1_000_000, 0, 0]), Shape::Pure(1));
        assert_eq!(shape([0, 0, 0, 0]), Shape::Blank);
    }

    #[test]
    fn shares_are_stacked_in_proportion_to_time() {
        let expected =
            vec![Segment { kind: 0, bottom: 0, top: 30 }, Segment { kind: 1, bottom: 30, top: 40 }];
        assert_eq!(shape([75, 25, 0, 0]), Shape::Stack(expected));
    }

    #[test]
    fn a_stack_of_short_bars_is_no_taller_than_the_taller_of_them() {
        let expected =
            vec![Segment { kind: 1, bottom: 0, top: 10 }, Segment { kind: 2, bottom: 10, top: 20 }];
        assert_eq!(shape([0, 50, 50, 0]), Shape::Stack(expected));
    }

    #[test]
    fn a_rare_kind_keeps_a_pixel() {
        let Shape::Stack(segments) = shape([1_000_000_000, 0, 0, 1]) else { panic!("not a stack") };
        assert_eq!(segments[1], Segment { kind: 3, bottom: 39, top: 40 });
    }
}
