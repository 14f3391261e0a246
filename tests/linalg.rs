//! Cholesky, its rank-one changes and the symmetric eigenvalues against the matrices that they must give back; conjugate gradients
//! against the systems that they must solve.

use cognate::linalg::{
    Cg, CgStop, cg_scratch, cholesky, cholesky_downdate, cholesky_log_det, cholesky_solve,
    cholesky_update, eigen, invert, update_scratch,
};
use cognate::rng::rng;
use cognate::workspace::{Work, default_level};
use cognate::{Error, MatMut, MatRef};

/// Bound of k rounding errors: `k u / (1 - k u)`.
fn gamma(k: usize) -> f64 {
    let ku = k as f64 * f64::EPSILON / 2.0;
    ku / (1.0 - ku)
}

/// `B B' + n I` of a random `n x n` B: positive definite, row-major.
fn positive_definite(n: usize) -> Vec<f64> {
    let mut random = rng(3, "matrix", n as u64);
    let b: Vec<f64> = (0..n * n).map(|_| random.normal()).collect();
    let mut a = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..n {
            a[i * n + j] = (0..n).map(|p| b[i * n + p] * b[j * n + p]).sum();
        }
        a[i * n + i] += n as f64;
    }
    a
}

#[test]
fn cholesky_gives_the_matrix_back() {
    for n in (1..40).chain([64, 65, 97, 130]) {
        let a = positive_definite(n);
        let mut l = a.clone();
        let mut w = Work::new(default_level(), &mut []);
        cholesky(MatMut::planned(&mut l, n, n), &mut w).unwrap();
        for i in 0..n {
            for j in 0..=i {
                let terms = (0..=j).map(|p| l[i * n + p] * l[j * n + p]);
                let size: f64 = terms.clone().map(f64::abs).sum();
                // Higham, Accuracy and Stability, theorem 10.3: |A - L L'| <= gamma_{n+1} |L| |L'|, and the sum here rounds as well.
                let error = (terms.sum::<f64>() - a[i * n + j]).abs();
                assert!(
                    error <= 2.0 * gamma(n + 1) * size,
                    "{n}: ({i}, {j}) is off by {error}"
                );
            }
        }
    }
}

#[test]
fn a_solution_solves() {
    for n in [1, 2, 7, 33, 70] {
        let a = positive_definite(n);
        let mut random = rng(4, "solution", n as u64);
        let x: Vec<f64> = (0..n).map(|_| random.normal()).collect();
        let mut b: Vec<f64> = (0..n)
            .map(|i| (0..n).map(|j| a[i * n + j] * x[j]).sum())
            .collect();
        let mut l = a.clone();
        let mut w = Work::new(default_level(), &mut []);
        cholesky(MatMut::planned(&mut l, n, n), &mut w).unwrap();
        cholesky_solve(MatRef::planned(&l, n, n), &mut b, default_level());
        // The eigenvalues lie between n and about 5 n: forward error gamma_{3n+1} times a condition number below 6, twice for b.
        let bound = 2.0 * gamma(3 * n + 1) * 6.0 * (n as f64).sqrt() * 4.0;
        for (found, wanted) in b.iter().zip(&x) {
            assert!((found - wanted).abs() <= bound, "{n}: {found} for {wanted}");
        }
    }
}

#[test]
fn a_bad_pivot_is_named() {
    for (n, bad) in [(1usize, 0), (5, 3), (80, 77), (80, 2)] {
        for value in [-1.0, 0.0, f64::NAN, f64::INFINITY] {
            let mut a: Vec<f64> = (0..n * n).map(|i| f64::from(i % (n + 1) == 0)).collect();
            a[bad * n + bad] = value;
            let mut w = Work::new(default_level(), &mut []);
            let result = cholesky(MatMut::planned(&mut a, n, n), &mut w);
            assert_eq!(result, Err(Error::NotPositiveDefinite { pivot: bad }));
        }
    }
}

#[test]
fn eigenvectors_diagonalise() {
    for n in [1, 2, 3, 10, 31] {
        let a = positive_definite(n);
        let (mut d, mut v) = (a.clone(), vec![0.0; n * n]);
        eigen(MatMut::planned(&mut d, n, n), MatMut::planned(&mut v, n, n));
        // Ten sweeps of n - 1 rotations a row, each with a few roundings, on numbers up to the largest eigenvalue.
        let top = (0..n).map(|i| d[i * n + i]).fold(0.0, f64::max);
        let bound = gamma(10 * 6 * n) * top;
        for i in 0..n {
            for j in 0..n {
                let av: f64 = (0..n).map(|p| a[j * n + p] * v[i * n + p]).sum();
                assert!((av - d[i * n + i] * v[i * n + j]).abs() <= bound);
                let vv: f64 = (0..n).map(|p| v[i * n + p] * v[j * n + p]).sum();
                assert!((vv - f64::from(i == j)).abs() <= bound / top);
            }
        }
    }
}

#[test]
fn eigenvalues_of_a_singular_and_a_diagonal_matrix() {
    // [1 1; 1 1] has 0 and 2; a diagonal matrix has its diagonal, however it is scaled.
    let (mut d, mut v) = (vec![1.0, 1.0, 1.0, 1.0], vec![0.0; 4]);
    eigen(MatMut::planned(&mut d, 2, 2), MatMut::planned(&mut v, 2, 2));
    let mut values = [d[0], d[3]];
    values.sort_by(f64::total_cmp);
    assert!(values[0].abs() <= f64::EPSILON && (values[1] - 2.0).abs() <= 2.0 * f64::EPSILON);
    let mut d = vec![1e-16, 0.0, 0.0, 1e16];
    eigen(MatMut::planned(&mut d, 2, 2), MatMut::planned(&mut v, 2, 2));
    assert_eq!((d[0], d[3]), (1e-16, 1e16));
}

#[test]
fn eigenvalues_ascend() {
    for n in [1, 2, 5, 20] {
        let mut random = rng(5, "symmetric", n as u64);
        let mut a = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                a[i * n + j] = random.normal();
                a[j * n + i] = a[i * n + j];
            }
        }
        let (mut d, mut v) = (a.clone(), vec![0.0; n * n]);
        eigen(MatMut::planned(&mut d, n, n), MatMut::planned(&mut v, n, n));
        let values: Vec<f64> = (0..n).map(|i| d[i * n + i]).collect();
        assert!(values.is_sorted(), "{values:?}");
        // A is indefinite: A = V' diag V within the bound of `eigenvectors_diagonalise`.
        let top = values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        for i in 0..n {
            for j in 0..n {
                let sum: f64 = (0..n)
                    .map(|k| v[k * n + i] * values[k] * v[k * n + j])
                    .sum();
                assert!((sum - a[i * n + j]).abs() <= gamma(10 * 6 * n) * top * n as f64);
            }
        }
    }
}

#[test]
fn log_determinant() {
    // diag(1, 4, 9) with a unit lower triangle keeps its determinant, 36.
    let unit = [1.0, 0.0, 0.0, 0.5, 1.0, 0.0, -2.0, 3.0, 1.0];
    let mut a = [0.0; 9];
    for i in 0..3 {
        for j in 0..3 {
            a[3 * i + j] = (0..3)
                .map(|k| unit[3 * i + k] * [1.0, 4.0, 9.0][k] * unit[3 * j + k])
                .sum();
        }
    }
    let mut w = Work::new(default_level(), &mut []);
    cholesky(MatMut::planned(&mut a, 3, 3), &mut w).unwrap();
    let found = cholesky_log_det(MatRef::planned(&a, 3, 3));
    // gamma_4 relative in each pivot, whose condition number here is below 100.
    assert!(
        (found - 36f64.ln()).abs() <= 3.0 * 100.0 * gamma(4),
        "{found}"
    );
}

/// `sum_{p <= min(i, j)} l_ip l_jp` and the sum of the terms' absolute values.
fn product(l: &[f64], n: usize, i: usize, j: usize) -> (f64, f64) {
    let terms = (0..=i.min(j)).map(|p| l[i * n + p] * l[j * n + p]);
    (terms.clone().sum(), terms.map(f64::abs).sum())
}

#[test]
fn rank_one_changes_equal_a_new_factor() {
    for n in [1, 2, 3, 17, 64] {
        let a = positive_definite(n);
        let mut random = rng(6, "change", n as u64);
        let x: Vec<f64> = (0..n).map(|_| random.normal()).collect();
        let mut scratch = vec![0.0; update_scratch(n)];
        let mut w = Work::new(default_level(), &mut scratch);
        let mut l = a.clone();
        cholesky(MatMut::planned(&mut l, n, n), &mut w).unwrap();
        let before = l.clone();
        // Each of n rotations a row has about six roundings; the sum here rounds as well.
        let bound = |size: f64| gamma(6 * n + n + 6) * size;

        cholesky_update(MatMut::planned(&mut l, n, n), &x, &mut w);
        for (i, j) in (0..n).flat_map(|i| (0..=i).map(move |j| (i, j))) {
            let (sum, size) = product(&l, n, i, j);
            let wanted = a[i * n + j] + x[i] * x[j];
            let rows = (product(&l, n, i, i).0 * product(&l, n, j, j).0).sqrt();
            assert!(
                (sum - wanted).abs() <= bound(size + rows),
                "{n}: ({i}, {j})"
            );
        }

        // What was added can be taken away; the smallest eigenvalue of what is left is at least n, so nothing is amplified much.
        cholesky_downdate(MatMut::planned(&mut l, n, n), &x, &mut w).unwrap();
        for (i, j) in (0..n).flat_map(|i| (0..=i).map(move |j| (i, j))) {
            let (sum, size) = product(&l, n, i, j);
            let rows = (product(&before, n, i, i).0 * product(&before, n, j, j).0).sqrt();
            let allowed = 4.0 * bound(size + rows + x[i].abs() * x[j].abs());
            assert!((sum - a[i * n + j]).abs() <= allowed, "{n}: ({i}, {j})");
        }
    }
}

#[test]
fn a_downdate_that_is_too_large_is_refused() {
    // The unit matrix less x x' is definite where |x| < 1.
    for (x, pivot) in [
        ([0.8, 0.8, 0.1], 1),
        ([0.5, 0.1, 2.0], 2),
        ([f64::NAN, 0.0, 0.0], 0),
    ] {
        let mut l = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        let before = l;
        let mut scratch = [0.0; update_scratch(3)];
        let mut w = Work::new(default_level(), &mut scratch);
        let result = cholesky_downdate(MatMut::planned(&mut l, 3, 3), &x, &mut w);
        assert_eq!(result, Err(Error::NotPositiveDefinite { pivot }));
        assert_eq!(l, before);
    }
}

/// `out = a v` by plain loops.
fn times(a: &[f64], v: &[f64], out: &mut [f64]) {
    let n = v.len();
    for i in 0..n {
        out[i] = (0..n).map(|j| a[i * n + j] * v[j]).sum();
    }
}

fn length(x: &[f64]) -> f64 {
    x.iter().map(|v| v * v).sum::<f64>().sqrt()
}

#[test]
fn conjugate_gradients_solve() {
    for n in [1, 2, 9, 40] {
        let a = positive_definite(n);
        let mut random = rng(7, "right-hand side", n as u64);
        let b: Vec<f64> = (0..n).map(|_| random.normal()).collect();
        let inverse: Vec<f64> = (0..n).map(|i| 1.0 / a[i * n + i]).collect();
        for inverse_diagonal in [None, Some(&inverse[..])] {
            let cg = Cg {
                max_iter: 2 * n + 10,
                tol: 1e-12,
                inverse_diagonal,
            };
            let (mut x, mut scratch) = (vec![f64::NAN; n], vec![f64::NAN; cg_scratch(n)]);
            let apply = |v: &[f64], out: &mut [f64]| times(&a, v, out);
            let report = cg.solve(default_level(), apply, &b, &mut x, &mut scratch);
            assert_eq!(report.stopped, CgStop::Converged, "{report:?}");
            let mut ax = vec![0.0; n];
            times(&a, &x, &mut ax);
            let r: Vec<f64> = b.iter().zip(&ax).map(|(b, ax)| b - ax).collect();
            // The residual asked for, and what products with A (norm up to 6 n) round in as many steps.
            let rounding = gamma(n * report.iterations) * 6.0 * n as f64 * length(&x);
            assert!(length(&r) <= 1e-12 * length(&b) + rounding, "{report:?}");
        }
    }
}

#[test]
fn a_diagonal_preconditioner_undoes_bad_scales() {
    let n = 12;
    let scale: Vec<f64> = (0..n).map(|i| 10f64.powi(i - 6)).collect();
    let scaled = |v: &[f64], out: &mut [f64]| {
        // D (I + 11' / 10) D
        let sum: f64 = v.iter().zip(&scale).map(|(v, s)| v * s).sum();
        for i in 0..v.len() {
            out[i] = scale[i] * (scale[i] * v[i] + sum / 10.0);
        }
    };
    let inverse: Vec<f64> = scale.iter().map(|s| 1.0 / (1.1 * s * s)).collect();
    let b = vec![1.0; n as usize];
    let (mut x, mut scratch) = (vec![0.0; b.len()], vec![0.0; cg_scratch(b.len())]);
    let cg = Cg {
        max_iter: 4,
        tol: 1e-8,
        inverse_diagonal: Some(&inverse),
    };
    // D A D has two distinct eigenvalues, so two steps would do without rounding.
    let report = cg.solve(default_level(), scaled, &b, &mut x, &mut scratch);
    assert_eq!(report.stopped, CgStop::Converged, "{report:?}");
}

#[test]
fn conjugate_gradients_say_why_they_end_early() {
    let run = |a: &[f64], b: &[f64], max_iter| {
        let cg = Cg {
            max_iter,
            tol: 1e-10,
            inverse_diagonal: None,
        };
        let (mut x, mut scratch) = (vec![0.0; b.len()], vec![0.0; cg_scratch(b.len())]);
        let apply = |v: &[f64], out: &mut [f64]| times(a, v, out);
        let report = cg.solve(default_level(), apply, b, &mut x, &mut scratch);
        (report.stopped, report.iterations, x)
    };
    // Negative curvature at once, then after one step along the positive eigenvalue.
    assert_eq!(run(&[-1.0], &[1.0], 9), (CgStop::Curvature, 0, vec![0.0]));
    let indefinite = [4.0, 0.0, 0.0, -1.0];
    let (stopped, iterations, x) = run(&indefinite, &[1.0, 0.5], 9);
    assert_eq!((stopped, iterations), (CgStop::Curvature, 1));
    assert!(x.iter().all(|v| v.is_finite()));
    // Singular and consistent: the least solution.
    let (stopped, _, x) = run(&[1.0, 1.0, 1.0, 1.0], &[2.0, 2.0], 9);
    assert_eq!((stopped, x), (CgStop::Converged, vec![1.0, 1.0]));
    // Singular and inconsistent: the null direction is refused.
    let (stopped, _, x) = run(&[1.0, 0.0, 0.0, 0.0], &[1.0, 1.0], 9);
    assert_eq!(stopped, CgStop::Curvature);
    assert!(x.iter().all(|v| v.abs() < 10.0));
    assert_eq!(
        run(&[2.0, 0.0, 0.0, 1.0], &[1.0, 1.0], 1).0,
        CgStop::MaxIterations
    );
    assert_eq!(
        run(&[f64::NAN], &[1.0], 9),
        (CgStop::NotFinite, 0, vec![0.0])
    );
    assert_eq!(run(&[2.0], &[0.0], 9), (CgStop::Converged, 0, vec![0.0]));
}

#[test]
fn an_inverse_inverts_however_it_is_scaled() {
    for n in [1, 2, 9, 40] {
        let mut random = rng(6, "scales", n as u64);
        let scale: Vec<f64> = (0..n)
            .map(|_| 10f64.powf(random.uniform_in(-8.0, 8.0)))
            .collect();
        let mut a = positive_definite(n);
        for i in 0..n {
            for j in 0..n {
                a[i * n + j] *= scale[i] * scale[j];
            }
        }
        let mut inverse = a.clone();
        invert(&mut inverse, n).unwrap();
        // Eigenvalues of the unscaled matrix lie between n and 5 n; the scales go through elimination without rounding of their own.
        let bound = gamma(3 * n * n) * 25.0;
        for i in 0..n {
            for j in 0..n {
                let product: f64 = (0..n).map(|p| a[i * n + p] * inverse[p * n + j]).sum();
                let wanted = f64::from(u8::from(i == j));
                assert!(
                    (product - wanted).abs() <= bound * scale[i] / scale[j],
                    "{n}: ({i}, {j})"
                );
            }
        }
    }
    let mut singular = vec![1.0, 2.0, 2.0, 4.0];
    assert_eq!(
        invert(&mut singular, 2),
        Err(Error::NotPositiveDefinite { pivot: 1 })
    );
}
