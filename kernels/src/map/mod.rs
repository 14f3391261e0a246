//! Elementwise work: functions, activations and their derivatives, products, softmax over rows, the optimisers' updates.
//!
//! One function of lanes is handed to one driver ([`each`]), and an element's bits depend on the element alone; only softmax and
//! cross-entropy go by rows, whose bits depend on the row alone.
//! Nothing allocates; a call costs a few nanoseconds before the arithmetic.

mod cross_entropy;
mod each;
mod loss;
mod softmax;
mod step;

pub(crate) use cross_entropy::run_cross_entropy;
pub use cross_entropy::{Entropy, Smoothing, cross_entropy};
pub use loss::logistic_loss;
pub(crate) use loss::run_logistic_loss;
pub(crate) use softmax::run as run_softmax;
pub use softmax::softmax_rows;
pub use step::{AdamStep, SgdStep, adam, sgd};
pub(crate) use step::{run_adam, run_sgd};

use crate::func;
use crate::isa::Simd;
use crate::{Activation, Func, Level, MatMut, MatRef, Real};
use each::each_costly;
pub(crate) use each::{Line, each};

/// `x <- f(x)`, elementwise. Accuracy and special values are those of the scalar methods of [`Real`], whose bits it gives.
pub fn map<T: Real>(level: Level, f: Func, x: &mut [T]) {
    T::map(level, f, x);
}

/// The kernel of [`map()`].
#[inline(always)]
pub(crate) fn run_map<T: Real, S: Simd<T>>(s: S, f: Func, x: &mut [T]) {
    let n = x.len();
    let x = [MatMut::planned(x, 1, n)];
    // Arm by arm, so that the choice is made once, not at each register.
    match f {
        Func::Exp => each_costly(
            s,
            [],
            x,
            #[inline(always)]
            |[], [x]| [func::exp(s, x)],
        ),
        Func::Ln => each_costly(
            s,
            [],
            x,
            #[inline(always)]
            |[], [x]| [func::ln(s, x)],
        ),
        Func::Ln1p => each_costly(
            s,
            [],
            x,
            #[inline(always)]
            |[], [x]| [func::ln_1p(s, x)],
        ),
        Func::Tanh => each_costly(
            s,
            [],
            x,
            #[inline(always)]
            |[], [x]| [func::tanh(s, x)],
        ),
        Func::Logistic => each_costly(
            s,
            [],
            x,
            #[inline(always)]
            |[], [x]| [func::logistic(s, x)],
        ),
        Func::Softplus => each_costly(
            s,
            [],
            x,
            #[inline(always)]
            |[], [x]| [func::softplus(s, x)],
        ),
        Func::Erf => each_costly(
            s,
            [],
            x,
            #[inline(always)]
            |[], [x]| [func::erf(s, x)],
        ),
    }
}

/// `y = act(z)`, elementwise.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn activate<T: Real>(level: Level, activation: Activation, z: MatRef<'_, T>, y: MatMut<'_, T>) {
    assert_shapes(&[&z], &y);
    T::activate(level, activation, z, y);
}

/// The kernel of [`activate`], a function of its own: products finish with it too. `z` and `y` may be the same elements, the driver
/// reads one before it writes it.
#[inline(never)]
pub(crate) fn run_activate<T: Real, S: Simd<T>>(
    s: S,
    activation: Activation,
    z: MatRef<'_, T>,
    y: MatMut<'_, T>,
) {
    s.enter(
        #[inline(always)]
        || match activation {
            Activation::Identity => each(
                s,
                [z],
                [y],
                #[inline(always)]
                |[z], [_]| [z],
            ),
            Activation::Relu => each(
                s,
                [z],
                [y],
                #[inline(always)]
                |[z], [_]| [func::relu(s, z)],
            ),
            Activation::Tanh => each_costly(
                s,
                [z],
                [y],
                #[inline(always)]
                |[z], [_]| [func::tanh(s, z)],
            ),
            Activation::Logistic => each_costly(
                s,
                [z],
                [y],
                #[inline(always)]
                |[z], [_]| [func::logistic(s, z)],
            ),
            Activation::Gelu => each_costly(
                s,
                [z],
                [y],
                #[inline(always)]
                |[z], [_]| [func::gelu(s, z)],
            ),
        },
    );
}

/// `dz = act'(z) dy`, with `at` = `z` if [`Activation::needs_input`], else `y`. All of one shape.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn derive<T: Real>(
    level: Level,
    activation: Activation,
    at: MatRef<'_, T>,
    dy: MatRef<'_, T>,
    dz: MatMut<'_, T>,
) {
    assert_shapes(&[&at, &dy], &dz);
    T::derive(level, activation, at, dy, dz);
}

/// The kernel of [`derive`].
#[inline(always)]
pub(crate) fn run_derive<T: Real, S: Simd<T>>(
    s: S,
    activation: Activation,
    at: MatRef<'_, T>,
    dy: MatRef<'_, T>,
    dz: MatMut<'_, T>,
) {
    match activation {
        Activation::Identity => each(
            s,
            [dy],
            [dz],
            #[inline(always)]
            |[dy], [_]| [dy],
        ),
        Activation::Relu => each(
            s,
            [at, dy],
            [dz],
            #[inline(always)]
            |[at, dy], [_]| [s.mul(func::relu_derivative(s, at), dy)],
        ),
        Activation::Tanh => each(
            s,
            [at, dy],
            [dz],
            #[inline(always)]
            |[at, dy], [_]| [s.mul(func::tanh_derivative(s, at), dy)],
        ),
        Activation::Logistic => each(
            s,
            [at, dy],
            [dz],
            #[inline(always)]
            |[at, dy], [_]| [s.mul(func::logistic_derivative(s, at), dy)],
        ),
        Activation::Gelu => each_costly(
            s,
            [at, dy],
            [dz],
            #[inline(always)]
            |[at, dy], [_]| [s.mul(func::gelu_derivatives(s, at).0, dy)],
        ),
    }
}

/// `rdz = act''(z) rz dy + act'(z) rdy`: the directional derivative of [`derive()`]. `rdz` holds `rdy` on entry.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn derive_twice<T: Real>(
    level: Level,
    activation: Activation,
    at: MatRef<'_, T>,
    rz: MatRef<'_, T>,
    dy: MatRef<'_, T>,
    rdz: MatMut<'_, T>,
) {
    assert_shapes(&[&at, &rz, &dy], &rdz);
    T::derive_twice(level, activation, [at, rz, dy], rdz);
}

/// The kernel of [`derive_twice`].
#[inline(always)]
pub(crate) fn run_derive_twice<T: Real, S: Simd<T>>(
    s: S,
    activation: Activation,
    operands: [MatRef<'_, T>; 3],
    rdz: MatMut<'_, T>,
) {
    each_costly(
        s,
        operands,
        [rdz],
        #[inline(always)]
        |[at, rz, dy], [rdy]| {
            let (first, second) = func::derivatives(s, activation, at);
            [s.fma(first, rdy, s.mul(s.mul(second, rz), dy))]
        },
    );
}

/// `y = x * y`, elementwise.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn mul<T: Real>(level: Level, x: MatRef<'_, T>, y: MatMut<'_, T>) {
    assert_shapes(&[&x], &y);
    T::multiply(level, x, y);
}

/// The kernel of [`mul`].
#[inline(always)]
pub(crate) fn run_multiply<T: Real, S: Simd<T>>(s: S, x: MatRef<'_, T>, y: MatMut<'_, T>) {
    each(
        s,
        [x],
        [y],
        #[inline(always)]
        |[x], [y]| [s.mul(x, y)],
    );
}

/// `x[i, :] = weights[i] x[i, :]`: rows times sample weights.
///
/// # Panics
/// If there are not as many weights as rows.
#[track_caller]
pub fn scale_rows<T: Real>(level: Level, weights: &[T], x: MatMut<'_, T>) {
    assert_eq!(weights.len(), x.rows(), "one weight a row");
    T::scale_rows(level, weights, x);
}

/// The kernel of [`scale_rows`].
#[inline(always)]
pub(crate) fn run_scale_rows<T: Real, S: Simd<T>>(s: S, weights: &[T], mut x: MatMut<'_, T>) {
    for i in 0..x.rows() {
        let weight = s.splat(weights[i]);
        let row = Line {
            data: x.as_mut_ptr().wrapping_add(i * x.row_stride()),
            stride: x.col_stride(),
        };
        for j in (0..x.cols()).step_by(S::LANES) {
            let n = S::LANES.min(x.cols() - j);
            // SAFETY: row i has n elements from j, which are the caller's.
            unsafe { row.store(s, s.mul(weight, row.load(s, j, n)), j, n) };
        }
    }
}

/// `softplus = log(1 + e^z)` and `logistic = 1 / (1 + e^-z)` in one pass: the two halves of the logistic loss.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn softplus_logistic<T: Real>(level: Level, z: &[T], softplus: &mut [T], logistic: &mut [T]) {
    assert_eq!((z.len(), z.len()), (softplus.len(), logistic.len()));
    T::softplus_logistic(level, z, softplus, logistic);
}

/// The kernel of [`softplus_logistic`].
#[inline(always)]
pub(crate) fn run_softplus_logistic<T: Real, S: Simd<T>>(
    s: S,
    z: &[T],
    softplus: &mut [T],
    logistic: &mut [T],
) {
    let n = z.len();
    let outputs = [
        MatMut::planned(softplus, 1, n),
        MatMut::planned(logistic, 1, n),
    ];
    each_costly(
        s,
        [MatRef::planned(z, 1, n)],
        outputs,
        #[inline(always)]
        |[z], [_, _]| {
            let (softplus, logistic) = func::softplus_logistic(s, z);
            [softplus, logistic]
        },
    );
}

/// The check of every kernel over matrices.
#[track_caller]
fn assert_shapes<T>(read: &[&MatRef<'_, T>], write: &MatMut<'_, T>) {
    let shape = (write.rows(), write.cols());
    for x in read {
        assert_eq!((x.rows(), x.cols()), shape, "shapes differ");
    }
}
