//! Losses, one row at a time.

use super::Scalar;
use super::scalar::{dot, sum};

/// The losses by their formulas.
#[derive(Clone, Copy, Debug)]
pub enum RowLoss {
    Squared,
    Huber(f64),
    Logistic,
    /// With smoothing.
    Softmax(f64),
}

impl RowLoss {
    /// Cells a row of `k` outputs has: each with a target, a weight and a mask.
    pub fn cells(self, k: usize) -> usize {
        match self {
            Self::Softmax(_) => 1,
            _ => k,
        }
    }

    /// `sum_j w_j l(z_j, y_j)`, or `w l(z, y)` for softmax; what has weight 0 is not looked at.
    pub fn row<S: Scalar>(self, z: &[S], y: &[f64], weights: &[f64]) -> S {
        if let Self::Softmax(smoothing) = self {
            return match weights[0] {
                0.0 => S::exact(0.0),
                weight => S::exact(weight) * softmax(z, y[0] as usize, smoothing),
            };
        }
        let weighted = (0..z.len()).filter(|&j| weights[j] != 0.0);
        sum(weighted.map(|j| S::exact(weights[j]) * self.cell(z[j], y[j])))
    }

    fn cell<S: Scalar>(self, z: S, y: f64) -> S {
        let half = S::exact(0.5);
        let r = z - S::exact(y);
        match self {
            Self::Huber(delta) => {
                let size = if r.value() < 0.0 { -r } else { r };
                let delta = S::exact(delta);
                let beyond = size - delta;
                let square = half * r * r;
                let line = delta * (size - half * delta);
                let near = beyond.value() <= 0.0;
                (if near { square } else { line }).doubt(beyond.near_zero())
            }
            Self::Logistic => {
                let (t, m) = if y < 0.5 { (z, y) } else { (-z, 1.0 - y) };
                t.softplus() - S::exact(m) * t
            }
            _ => half * r * r,
        }
    }
}

/// `log sum exp z - (1 - smoothing) z_label - smoothing mean z`.
fn softmax<S: Scalar>(z: &[S], label: usize, smoothing: f64) -> S {
    let top = z.iter().map(|z| z.value()).fold(f64::MIN, f64::max);
    let top = S::exact(top);
    let lse = top + sum(z.iter().map(|&z| (z - top).exp())).ln();
    let share = S::exact(smoothing / z.len() as f64);
    let spread = dot(z.iter().copied(), z.iter().map(|_| share));
    lse - S::exact(1.0 - smoothing) * z[label] - spread
}
