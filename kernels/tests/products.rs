//! Products: within the bound of their rounding errors, NaN where it must not be read, the same bits whatever the level, the scratch,
//! the batch; and nothing touched outside of the operands.
//!
//! **Bound.** Each term `alpha a b` of a chain is rounded once with `alpha a` and at most once for each of the K sums that it takes
//! part in, `beta c` once and K times, everything once more with the bias: K + 2 roundings. Without FMA a product's own makes K + 3.
//! (By lanes a term takes part in fewer sums: K/L of its lane, log2 L of the fold, one with `beta c`; K >= 16.) So
//! `|computed - exact| <= gamma_(K+3) (|alpha| |A| |B| + |beta| |C| + |bias|)`, elementwise (Higham 2002, 3.1 and 3.5). Relu does not
//! increase a difference.

mod support;

use cognate_kernels::{Activation, Real};
use support::case::{Case, Matrix};
use support::product::orthogonal;
use support::{Numbers, assert_bits, gamma, levels};

/// Sizes around the tiles (to 8 rows, to 3 registers of 16), the lanes (16), the rule of lanes (N = 4), and a run of k (256).
fn shapes() -> Vec<(usize, usize, usize)> {
    let mut shapes = Vec::new();
    for m in [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 17] {
        for n in [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 47, 49] {
            for k in [0, 1, 2, 7, 15, 16, 17, 33] {
                shapes.push((m, k, n));
            }
        }
    }
    shapes.extend([
        (3, 257, 2),
        (5, 259, 19),
        (26, 300, 70),
        (70, 520, 3),
        (1, 700, 90),
    ]);
    shapes
}

/// Three of the orthogonal array's 25 rows for each shape, in turn: each row meets many shapes, each shape many rows with its neighbours.
fn every_case<T: Real>(mut check: impl FnMut(&Case<T>)) {
    let mut numbers = Numbers(1);
    let mut ran = 0;
    for (at, shape) in shapes().into_iter().enumerate() {
        for t in 0..3 {
            check(&Case::new(&mut numbers, shape, orthogonal(3 * at + t)));
            ran += 1;
        }
    }
    println!("{}: {ran} cases", T::NAME);
    assert!(ran > 1000);
}

fn products_are_near<T: Real>() {
    let levels = levels();
    every_case::<T>(|case| {
        let first = case.run(levels[0], case.scratch);
        case.assert_near(&first, 0, levels[0].name());
        case.assert_outside(&first);
        for &level in &levels[1..] {
            let c = case.run(level, case.scratch);
            assert_bits(
                &c.data,
                &first.data,
                &format!("{}: {}", level.name(), case.name()),
            );
        }
        // Another order of packing, the same bits.
        let other = if case.scratch == 0 { usize::MAX } else { 0 };
        assert_bits(&case.run(levels[0], other).data, &first.data, &case.name());
    });
}

#[test]
fn f32_products_are_near_and_alike_at_every_level() {
    products_are_near::<f32>();
}

#[test]
fn f64_products_are_near_and_alike_at_every_level() {
    products_are_near::<f64>();
}

/// Every m, n, k to twice the largest tile (8 rows, 3 registers of 16) plus one, k to twice the lanes plus one, in all four forms.
fn every_size<T: Real>() {
    let (mut numbers, levels) = (Numbers(7), levels());
    let mut ran = 0;
    for (m, n) in (1..=17).flat_map(|m| (1..=97).map(move |n| (m, n))) {
        for (k, form) in (0..=33).flat_map(|k| (0..4).map(move |form| (k, form))) {
            let choice = [form % 2, form / 2, 0, 0, 0, 0];
            let case = Case::<T>::new(&mut numbers, (m, k, n), choice);
            let first = case.run(levels[0], 0);
            case.assert_near(&first, 0, levels[0].name());
            for &level in &levels[1..] {
                assert_bits(&case.run(level, 0).data, &first.data, &case.name());
            }
            ran += 1;
        }
    }
    println!("{}: {ran} cases", T::NAME);
    assert_eq!(ran, 17 * 97 * 34 * 4);
}

#[test]
#[ignore = "minutes: .ci/deep.sh exhaustive"]
fn every_size_f32() {
    every_size::<f32>();
}

#[test]
#[ignore = "minutes: .ci/deep.sh exhaustive"]
fn every_size_f64() {
    every_size::<f64>();
}

/// matrixmultiply's product for a type.
trait Peer: Real {
    fn peer(case: &Case<Self>, c: &mut Matrix<Self>);
}

macro_rules! peer {
    ($type:ty, $function:path) => {
        impl Peer for $type {
            fn peer(case: &Case<Self>, c: &mut Matrix<Self>) {
                let (a, b) = (&case.a, &case.b);
                let ((ar, ac), (br, bc), (cr, cc)) = (a.strides, b.strides, c.strides);
                let (m, k, n) = (a.rows, a.cols, b.cols);
                let [ar, ac, br, bc, cr, cc] = [ar, ac, br, bc, cr, cc].map(|s| s as isize);
                let (a, b) = (a.data.as_ptr(), b.data.as_ptr());
                // SAFETY: the vectors hold the matrices that sizes and strides describe.
                unsafe {
                    let c = c.data.as_mut_ptr();
                    $function(
                        m, k, n, case.alpha, a, ar, ac, b, br, bc, case.beta, c, cr, cc,
                    );
                }
            }
        }
    };
}

peer!(f32, matrixmultiply::sgemm);
peer!(f64, matrixmultiply::dgemm);

fn peers_agree<T: Peer>() {
    let levels = levels();
    every_case::<T>(|case| {
        // It reads what a factor of 0 need not.
        if case.alpha == T::ZERO || case.bias.is_some() || case.activation == Activation::Relu {
            return;
        }
        let mut theirs = case.c.clone();
        T::peer(case, &mut theirs);
        // Both are within the bound of the exact product, so the difference is within twice of it.
        case.assert_near(&theirs, 0, "matrixmultiply");
        let ours = case.run(levels[0], case.scratch);
        let worst = gamma::<T>(case.a.cols + 3) * 2.0;
        let beta = case.beta.to_f64().abs();
        for (i, (o, t)) in ours.elements().iter().zip(theirs.elements()).enumerate() {
            let old = if beta == 0.0 {
                0.0
            } else {
                beta * case.c.at(i / ours.cols, i % ours.cols).abs()
            };
            let size = case.alpha.to_f64().abs() * case.a.cols as f64 + old;
            assert!(
                (o.to_f64() - t.to_f64()).abs() <= worst * size,
                "{o} and {t}: {}",
                case.name()
            );
        }
    });
}

#[test]
fn products_agree_with_matrixmultiply() {
    peers_agree::<f32>();
    peers_agree::<f64>();
}
