//! Sines: `y = A sin(w x + p)` with an amplitude A, a frequency w and a phase p a task.
//! ```text
//! Finn, Abbeel and Levine 2017     A in [0.1, 5]   y = A sin(x - p), p in [0, pi]      x uniform in [-5, 5]
//! Nichol, Achiam, Schulman 2018    A in [0.1, 5]   y = A sin(x + p), p in [0, 2 pi]    x of 50 points from -5 to 5
//! Li, Zhou, Chen and Li 2017       Finn's, and w in [0.8, 1.2]
//! ```
//! The sine is a polynomial of its own, without a fused product, so that a task has the same bits on every machine.

use core::f64::consts::PI;

use cognate_kernels::Real;

use super::{Draw, Episodes, SetMut, Shape, Split, TargetKind, choose};
use crate::rng::rng;

/// Where the rows of a sine lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Inputs {
    /// Anywhere in [-5, 5].
    Uniform,
    /// On so many evenly spaced points from -5 to 5, different ones a row.
    Grid(usize),
}

/// Sines, a task each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sinusoids {
    /// Least and greatest amplitude.
    pub amplitude: (f64, f64),
    /// Least and greatest phase, which is added to `w x`.
    pub phase: (f64, f64),
    /// Least and greatest frequency.
    pub frequency: (f64, f64),
    /// Where the rows lie.
    pub inputs: Inputs,
    /// Rows of a task.
    pub split: Split,
    /// Seed of all tasks.
    pub seed: u64,
}

impl Sinusoids {
    /// Finn's protocol.
    pub fn finn(split: Split, seed: u64) -> Self {
        Self {
            amplitude: (0.1, 5.0),
            phase: (-PI, 0.0),
            frequency: (1.0, 1.0),
            inputs: Inputs::Uniform,
            split,
            seed,
        }
    }

    /// Reptile's protocol; support and query together have at most 50 rows.
    pub fn reptile(split: Split, seed: u64) -> Self {
        Self {
            phase: (0.0, 2.0 * PI),
            inputs: Inputs::Grid(50),
            ..Self::finn(split, seed)
        }
    }

    /// Amplitude, frequency and phase of a task.
    pub fn parameters(&self, task: u64) -> [f64; 3] {
        let mut stream = rng(self.seed, "sinusoid", task);
        [self.amplitude, self.frequency, self.phase].map(|(low, high)| stream.uniform_in(low, high))
    }

    /// The targets of rows at `x`.
    fn fill<T: Real>(&self, task: u64, set: SetMut<'_, T>) {
        let [amplitude, frequency, phase] = self.parameters(task);
        for (x, y) in set.x.iter().zip(set.values) {
            *y = T::from_f64(amplitude * sine(frequency * x.to_f64() + phase));
        }
    }
}

impl<T: Real> Episodes<T> for Sinusoids {
    fn shape(&self) -> Shape {
        Shape {
            features: 1,
            targets: TargetKind::Numbers(1),
        }
    }

    fn split(&self, _task: u64) -> Split {
        self.split
    }

    /// # Panics
    /// If a grid has fewer points than the task has rows.
    fn draw(&self, task: u64, into: Draw<'_, T>) {
        let mut stream = rng(self.seed, "sinusoid inputs", task);
        let Draw {
            support,
            query,
            scratch,
        } = into;
        let inputs = support.x.iter_mut().chain(&mut *query.x);
        match self.inputs {
            Inputs::Uniform => {
                inputs.for_each(|x| *x = T::from_f64(stream.uniform_in(-5.0, 5.0)));
            }
            Inputs::Grid(points) => {
                let rows = self.split.support + self.split.query;
                let chosen = choose(&mut stream, points, rows, scratch);
                let step = 10.0 / (points.max(2) - 1) as f64;
                let places = inputs.zip(chosen);
                places.for_each(|(x, &i)| *x = T::from_f64(step * f64::from(i) - 5.0));
            }
        }
        self.fill(task, support);
        self.fill(task, query);
    }
}

/// `sin x` for moderate `x`, to about 1e-16 absolute: by the series around the nearest multiple of pi, the same bits everywhere.
fn sine(x: f64) -> f64 {
    /// pi in two parts, the first of few bits.
    const PARTS: [f64; 2] = [3.140_625, 9.676_535_897_932_385e-4];
    const TERMS: [f64; 12] = {
        let (mut terms, mut k) = ([1.0; 12], 1);
        while k < 12 {
            terms[k] = -terms[k - 1] / (2 * k * (2 * k + 1)) as f64;
            k += 1;
        }
        terms
    };
    let turns = (x / PI + if x < 0.0 { -0.5 } else { 0.5 }) as i64;
    let r = x - turns as f64 * PARTS[0] - turns as f64 * PARTS[1];
    let square = r * r;
    let series = TERMS
        .iter()
        .rev()
        .fold(0.0, |sum, term| sum * square + term);
    if turns % 2 == 0 {
        r * series
    } else {
        -r * series
    }
}
