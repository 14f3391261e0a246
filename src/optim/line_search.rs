//! Line search for the strong Wolfe conditions (Nocedal and Wright 2006, algorithms 3.5 and 3.6) that gives back something useful
//! even where no point fulfils them.
//!
//! Along a descent direction, with `f(a)` the value and `f'(a)` the slope at step `a`, a step is taken when
//! ```text
//! f(a) <= f(0) + c1 a f'(0)      it lowers the value enough
//! |f'(a)| <= c2 |f'(0)|          and has walked far enough down
//! ```
//! The search holds `lo`, the lowest point that lowers the value enough, and `hi`, the other end of an interval in which a step that
//! fulfils both exists. While there is no `hi` it goes further out; from then on it tries the minimiser of the cubic through both
//! ends, kept off them. Deviations from the book:
//!
//! 1. *A trial that is not finite is an end.* Beyond a wall (NaN, infinity) the search retreats.
//! 2. *Rounding.* Near an optimum the values differ by rounding alone, long before the slopes do. Values closer than `noise` count as
//!    equal; the slopes then decide: `f'(a) <= (2 c1 - 1) f'(0)` replaces the first condition, to which it is equivalent for a
//!    parabola (Hager and Zhang 2005, the approximate Wolfe conditions).
//! 3. *No failure with something in hand.* When the trials are used up, `lo` is taken if it lowers the value.
//!
//! The search itself is arithmetic on a few numbers: the caller evaluates the trials.

use cognate_kernels::Real;

/// The conditions and the budget.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// `c1`.
    pub(super) decrease: f64,
    /// `c2`.
    pub(super) curvature: f64,
    /// Most trials.
    pub(super) max_trials: usize,
}

/// A point on the line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) step: f64,
    pub(super) value: f64,
    pub(super) slope: f64,
}

/// What the caller does next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Next {
    /// Evaluate at this step and `tell`.
    Try(f64),
    /// Done: go to this step.
    Take(f64),
    /// Done: no trial lowered the value.
    Fail,
}

/// One search, under way.
#[derive(Clone, Debug)]
pub(super) struct LineSearch {
    rule: Rule,
    start: Point,
    /// Values up to here are no worse than the start's, given their rounding.
    ceiling: f64,
    noise: f64,
    lo: Point,
    hi: Option<Point>,
    /// The `lo` before this one, while going out.
    previous: Point,
    step: f64,
    trials: usize,
}

impl LineSearch {
    /// Starts at step 0 with `value` and `slope < 0`; `noise` is the rounding of a value, `ceiling >= value` bounds what it may excuse.
    pub(super) fn new(rule: Rule, value: f64, slope: f64, noise: f64, ceiling: f64) -> Self {
        let start = Point {
            step: 0.0,
            value,
            slope,
        };
        Self {
            rule,
            start,
            ceiling,
            noise,
            lo: start,
            hi: None,
            previous: start,
            step: 0.0,
            trials: 0,
        }
    }

    /// The first trial.
    pub(super) fn first(&mut self, step: f64) -> Next {
        self.step = step;
        Next::Try(step)
    }

    /// Takes in the value and slope of the step last tried.
    pub(super) fn tell(&mut self, value: f64, slope: f64) -> Next {
        self.trials += 1;
        let at = Point {
            step: self.step,
            value,
            slope,
        };
        if !(value.is_finite() && slope.is_finite()) {
            self.hi = Some(Point {
                value: f64::INFINITY,
                ..at
            });
        } else if self.low_enough(at) && slope.abs() <= self.rule.curvature * -self.start.slope {
            return Next::Take(at.step);
        } else {
            self.narrow(at);
        }
        let next = self.propose();
        if self.trials >= self.rule.max_trials || next == self.lo.step || !next.is_finite() {
            return self.fall_back();
        }
        self.step = next;
        Next::Try(next)
    }

    fn low_enough(&self, at: Point) -> bool {
        let c1 = self.rule.decrease;
        let equal = at.value >= self.start.value - self.noise && at.value <= self.ceiling;
        at.value <= self.start.value + c1 * at.step * self.start.slope
            || (equal && at.slope <= (2.0 * c1 - 1.0) * self.start.slope)
    }

    /// Keeps `lo` low and a step that fulfils the conditions between `lo` and `hi`.
    fn narrow(&mut self, at: Point) {
        if !self.low_enough(at) || at.value > self.lo.value + self.noise {
            self.hi = Some(at);
            return;
        }
        let towards_hi = self.hi.map_or(1.0, |hi| hi.step - self.lo.step);
        if at.slope * towards_hi >= 0.0 {
            self.hi = Some(self.lo);
        }
        self.previous = self.lo;
        self.lo = at;
    }

    fn propose(&self) -> f64 {
        match self.hi {
            None => self.further_out(),
            Some(hi) if hi.value.is_finite() => self.between(hi),
            // A wall. Next to the start nothing is known of the scale, so shrink faster there.
            Some(hi) => {
                let part = if self.lo.step == 0.0 { 0.1 } else { 0.5 };
                self.lo.step + part * (hi.step - self.lo.step)
            }
        }
    }

    fn further_out(&self) -> f64 {
        let aim = self.minimiser(self.previous, self.lo) / self.lo.step;
        let factor = if aim > 0.0 { aim.clamp(2.0, 10.0) } else { 4.0 };
        self.lo.step * factor
    }

    fn between(&self, hi: Point) -> f64 {
        let width = hi.step - self.lo.step;
        let aim = (self.minimiser(self.lo, hi) - self.lo.step) / width;
        let part = if aim.is_finite() {
            aim.clamp(0.05, 0.9)
        } else {
            0.5
        };
        self.lo.step + part * width
    }

    /// Where the cubic through both points (values and slopes) is lowest; from the slopes alone where the values are equal.
    fn minimiser(&self, a: Point, b: Point) -> f64 {
        let width = b.step - a.step;
        if (a.value - b.value).abs() <= self.noise {
            return a.step + width * a.slope / (a.slope - b.slope);
        }
        let d1 = a.slope + b.slope - 3.0 * (b.value - a.value) / width;
        let root = Real::sqrt(d1 * d1 - a.slope * b.slope);
        let d2 = if width < 0.0 { -root } else { root };
        b.step - width * (b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2)
    }

    fn fall_back(&self) -> Next {
        if self.lo.value < self.start.value {
            Next::Take(self.lo.step)
        } else {
            Next::Fail
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule {
        decrease: 1e-4,
        curvature: 0.1,
        max_trials: 30,
    };

    /// Runs a search on `f` (value and slope) from a first step; the step taken, and how many were tried.
    fn run(f: impl Fn(f64) -> (f64, f64), first: f64) -> (Option<f64>, usize) {
        let (value, slope) = f(0.0);
        let noise = 64.0 * f64::EPSILON * value.abs();
        let mut search = LineSearch::new(RULE, value, slope, noise, value + noise);
        let mut next = search.first(first);
        loop {
            match next {
                Next::Try(step) => {
                    let (value, slope) = f(step);
                    next = search.tell(value, slope);
                }
                Next::Take(step) => return (Some(step), search.trials),
                Next::Fail => return (None, search.trials),
            }
        }
    }

    /// A step that fulfils both conditions is found from first steps that are far too short and far too long.
    fn check(f: impl Fn(f64) -> (f64, f64) + Copy) {
        let (value, slope) = f(0.0);
        for exponent in -3..=3 {
            let first = Real::exp(f64::from(exponent) * core::f64::consts::LN_10);
            let (step, trials) = run(f, first);
            let step = step.expect("a step");
            let (low, flat) = f(step);
            assert!(low <= value + RULE.decrease * step * slope, "{step}");
            assert!(flat.abs() <= RULE.curvature * -slope, "{step}");
            assert!(trials <= 20, "{trials} trials from {first}");
        }
    }

    #[test]
    fn finds_strong_wolfe_steps() {
        // The first two test functions of More and Thuente (1994), lowest at sqrt 2 and at 1.596, and one with a wall at 2.
        check(|a| {
            let q = a * a + 2.0;
            (-a / q, (a * a - 2.0) / (q * q))
        });
        check(|a| {
            let b = a + 0.004;
            let cube = b * b * b;
            (cube * b * (b - 2.0), cube * (5.0 * b - 8.0))
        });
        check(|a| {
            if a >= 2.0 {
                (f64::INFINITY, f64::NAN)
            } else {
                (-Real::ln(2.0 - a) - 3.0 * a, 1.0 / (2.0 - a) - 3.0)
            }
        });
    }

    #[test]
    fn an_endless_slope_ends_with_the_lowest_point() {
        let (step, trials) = run(|a| (-a, -1.0), 1.0);
        assert_eq!(trials, RULE.max_trials);
        assert!(step.is_some_and(|a| a > 1e6 && a.is_finite()));
    }

    #[test]
    fn a_rise_on_all_sides_fails() {
        let (step, trials) = run(|a| (a, if a == 0.0 { -1.0 } else { 1.0 }), 1.0);
        assert_eq!((step, trials), (None, RULE.max_trials));
    }

    #[test]
    fn slopes_decide_where_values_are_lost_in_rounding() {
        // 1e16 + (a - 1)^2 is 1e16 in f64.
        let (step, trials) = run(|a| (1e16 + (a - 1.0) * (a - 1.0), 2.0 * (a - 1.0)), 0.3);
        assert!(step.is_some_and(|a| (a - 1.0).abs() <= RULE.curvature));
        assert!(trials <= 4, "{trials}");
    }
}
