//! Elementwise work: functions, activations and their derivatives, softmax over rows, the optimisers' updates.

use crate::{Level, MatMut, MatRef, Real};

/// An activation function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activation {
    /// `z`.
    #[default]
    Identity,
    /// `max(z, 0)`.
    Relu,
    /// `tanh z`.
    Tanh,
    /// `1 / (1 + e^-z)`.
    Logistic,
    /// `z Phi(z)`, Phi the normal distribution function (Hendrycks and Gimpel 2016), exact, by erf.
    Gelu,
}

impl Activation {
    /// The activation of one number.
    pub fn value<T: Real>(self, z: T) -> T {
        match self {
            Self::Identity => z,
            Self::Relu => {
                if z > T::ZERO {
                    z
                } else {
                    T::ZERO
                }
            }
            Self::Tanh => z.tanh(),
            Self::Logistic => z.logistic(),
            Self::Gelu => {
                z * T::from_f64(0.5)
                    * (T::ONE + (z * T::from_f64(core::f64::consts::FRAC_1_SQRT_2)).erf())
            }
        }
    }

    /// Whether derivatives need `z` (gelu); the others take them from the output `y`.
    pub fn needs_input(self) -> bool {
        self == Self::Gelu
    }

    /// First and second derivative by z, from `at`: `z` if [`Activation::needs_input`], else `y`.
    pub fn derivatives<T: Real>(self, at: T) -> (T, T) {
        let two = T::from_f64(2.0);
        match self {
            Self::Identity => (T::ONE, T::ZERO),
            Self::Relu => (if at > T::ZERO { T::ONE } else { T::ZERO }, T::ZERO),
            Self::Tanh => {
                let d = T::ONE - at * at;
                (d, -two * at * d)
            }
            Self::Logistic => {
                let d = at * (T::ONE - at);
                (d, d * (T::ONE - two * at))
            }
            Self::Gelu => {
                let half = T::from_f64(0.5);
                let cdf =
                    half * (T::ONE + (at * T::from_f64(core::f64::consts::FRAC_1_SQRT_2)).erf());
                let pdf = T::from_f64(0.398_942_280_401_432_7) * (-half * at * at).exp();
                (cdf + at * pdf, pdf * (two - at * at))
            }
        }
    }
}

/// An elementary function, for [`map`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Func {
    /// `e^x`.
    Exp,
    /// Natural logarithm.
    Ln,
    /// `log(1 + x)`.
    Ln1p,
    /// Hyperbolic tangent.
    Tanh,
    /// `1 / (1 + e^-x)`.
    Logistic,
    /// `log(1 + e^x)`.
    Softplus,
    /// Gaussian error function.
    Erf,
}

/// `x <- f(x)`, elementwise.
pub fn map<T: Real>(_level: Level, f: Func, x: &mut [T]) {
    for v in x {
        *v = match f {
            Func::Exp => v.exp(),
            Func::Ln => v.ln(),
            Func::Ln1p => v.ln_1p(),
            Func::Tanh => v.tanh(),
            Func::Logistic => v.logistic(),
            Func::Softplus => v.softplus(),
            Func::Erf => v.erf(),
        };
    }
}

/// `y = act(z)`, elementwise; for what the product's epilogue cannot do, where `z` must be kept.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn activate<T: Real>(
    _level: Level,
    activation: Activation,
    z: MatRef<'_, T>,
    mut y: MatMut<'_, T>,
) {
    assert_eq!((z.rows(), z.cols()), (y.rows(), y.cols()));
    for i in 0..y.rows() {
        for j in 0..y.cols() {
            y.set(i, j, activation.value(z.at(i, j)));
        }
    }
}

/// `dz = act'(z) dy`, with `at` = `z` if [`Activation::needs_input`], else `y`. All of one shape.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn derive<T: Real>(
    _level: Level,
    activation: Activation,
    at: MatRef<'_, T>,
    dy: MatRef<'_, T>,
    mut dz: MatMut<'_, T>,
) {
    for i in 0..dz.rows() {
        for j in 0..dz.cols() {
            dz.set(i, j, activation.derivatives(at.at(i, j)).0 * dy.at(i, j));
        }
    }
}

/// `rdz = act''(z) rz dy + act'(z) rdy`: the directional derivative of [`derive`]. `rdz` holds `rdy` on entry.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn derive_twice<T: Real>(
    _level: Level,
    activation: Activation,
    at: MatRef<'_, T>,
    rz: MatRef<'_, T>,
    dy: MatRef<'_, T>,
    mut rdz: MatMut<'_, T>,
) {
    for i in 0..rdz.rows() {
        for j in 0..rdz.cols() {
            let (first, second) = activation.derivatives(at.at(i, j));
            rdz.set(
                i,
                j,
                second * rz.at(i, j) * dy.at(i, j) + first * rdz.at(i, j),
            );
        }
    }
}

/// Row by row `p = softmax(z)` and `lse = log sum exp z`, without overflow.
///
/// # Panics
/// If `p` has another shape than `z` or `lse` another length than rows.
#[track_caller]
pub fn softmax_rows<T: Real>(_level: Level, z: MatRef<'_, T>, mut p: MatMut<'_, T>, lse: &mut [T]) {
    assert_eq!((z.rows(), z.rows()), (p.rows(), lse.len()));
    for i in 0..z.rows() {
        let mut top = -T::INFINITY;
        for j in 0..z.cols() {
            top = top.max(z.at(i, j));
        }
        let mut total = T::ZERO;
        for j in 0..z.cols() {
            let e = (z.at(i, j) - top).exp();
            p.set(i, j, e);
            total += e;
        }
        for j in 0..z.cols() {
            p.set(i, j, p.at(i, j) / total);
        }
        lse[i] = top + total.ln();
    }
}

/// `softplus = log(1 + e^z)` and `logistic = 1 / (1 + e^-z)` in one pass: the two halves of the logistic loss.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn softplus_logistic<T: Real>(_level: Level, z: &[T], softplus: &mut [T], logistic: &mut [T]) {
    assert_eq!((z.len(), z.len()), (softplus.len(), logistic.len()));
    for i in 0..z.len() {
        softplus[i] = z[i].softplus();
        logistic[i] = z[i].logistic();
    }
}

/// One step of Adam or AdamW (Kingma and Ba 2015; Loshchilov and Hutter 2019).
#[derive(Clone, Copy, Debug)]
pub struct AdamStep<T> {
    /// Learning rate, bias corrections already in it: `lr sqrt(1 - beta2^t) / (1 - beta1^t)`.
    pub rate: T,
    /// Decay of the mean of gradients.
    pub beta1: T,
    /// Decay of the mean of squared gradients.
    pub beta2: T,
    /// Added to the root, in the scale of the uncorrected root: `epsilon sqrt(1 - beta2^t)`.
    pub epsilon: T,
    /// Factor on the parameters before the step: `1 - lr * weight_decay` for AdamW, 1 for Adam.
    pub shrink: T,
}

/// `m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; p = shrink p - rate m / (sqrt v + epsilon)`.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn adam<T: Real>(
    _level: Level,
    step: &AdamStep<T>,
    p: &mut [T],
    g: &[T],
    m: &mut [T],
    v: &mut [T],
) {
    assert_eq!((p.len(), p.len(), p.len()), (g.len(), m.len(), v.len()));
    for i in 0..p.len() {
        m[i] = step.beta1 * m[i] + (T::ONE - step.beta1) * g[i];
        v[i] = step.beta2 * v[i] + (T::ONE - step.beta2) * g[i] * g[i];
        p[i] = step.shrink * p[i] - step.rate * m[i] / (v[i].sqrt() + step.epsilon);
    }
}

/// One step of stochastic gradient descent with momentum (Polyak 1964; Nesterov 1983, in Sutskever's form).
#[derive(Clone, Copy, Debug)]
pub struct SgdStep<T> {
    /// Learning rate.
    pub rate: T,
    /// Momentum; 0 for none.
    pub momentum: T,
    /// Look ahead along the velocity.
    pub nesterov: bool,
    /// Factor on the parameters before the step.
    pub shrink: T,
}

/// `u = momentum u - rate g; p = shrink p + u` (with Nesterov: `p = shrink p + momentum u - rate g`).
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn sgd<T: Real>(_level: Level, step: &SgdStep<T>, p: &mut [T], g: &[T], u: &mut [T]) {
    assert_eq!((p.len(), p.len()), (g.len(), u.len()));
    for i in 0..p.len() {
        u[i] = step.momentum * u[i] - step.rate * g[i];
        let ahead = if step.nesterov {
            step.momentum * u[i] - step.rate * g[i]
        } else {
            u[i]
        };
        p[i] = step.shrink * p[i] + ahead;
    }
}
