//! Cholesky and the symmetric eigenvalues against the matrices that they must give back.

use cognate::linalg::{cholesky, cholesky_solve, eigen};
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
