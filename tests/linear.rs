//! Least squares and ridge regression against their normal equations, and against themselves by other routes.

use cognate::model::{LinearModel, LinearRegression, Ridge, Summary};
use cognate::rng::rng;
use cognate::{Error, MatRef};

/// `n x d` features, `n x k` targets that follow them but for noise, and weights in [0, 2).
struct Rows {
    n: usize,
    d: usize,
    k: usize,
    x: Vec<f64>,
    y: Vec<f64>,
    w: Vec<f64>,
}

impl Rows {
    fn new(n: usize, d: usize, k: usize) -> Self {
        let mut random = rng(11, "rows", (n * 1000 + d * 10 + k) as u64);
        let x: Vec<f64> = (0..n * d)
            .map(|i| random.normal() + (i % d) as f64)
            .collect();
        let coef: Vec<f64> = (0..d * k).map(|_| random.normal()).collect();
        let mut y = Vec::new();
        for row in x.chunks_exact(d) {
            for j in 0..k {
                let z: f64 = (0..d).map(|i| row[i] * coef[i * k + j]).sum();
                y.push(z + 3.0 + 0.1 * random.normal());
            }
        }
        let w = (0..n).map(|_| 2.0 * random.uniform()).collect();
        Self { n, d, k, x, y, w }
    }

    fn x(&self) -> MatRef<'_, f64> {
        MatRef::planned(&self.x, self.n, self.d)
    }

    fn y(&self) -> MatRef<'_, f64> {
        MatRef::planned(&self.y, self.n, self.k)
    }

    /// Largest gradient of `sum_i w_i ||y_i - W x_i - b||^2 + alpha ||W||^2`, over the sum of its terms' sizes: rounding alone at the
    /// optimum, whose size is that of the arithmetic (gamma_n).
    fn gradient(
        &self,
        model: &LinearModel<f64>,
        weights: &[f64],
        alpha: f64,
        intercept: bool,
    ) -> f64 {
        let z = model.predict(self.x()).unwrap();
        let mut worst: f64 = 0.0;
        for j in 0..self.k {
            for p in 0..self.d + usize::from(intercept) {
                let (mut sum, mut size) = (0.0, 0.0);
                for i in 0..self.n {
                    let input = if p < self.d {
                        self.x[i * self.d + p]
                    } else {
                        1.0
                    };
                    let at = i * self.k + j;
                    sum += weights[i] * (z[at] - self.y[at]) * input;
                    size += weights[i] * (z[at].abs() + self.y[at].abs()) * input.abs();
                }
                if p < self.d {
                    sum += alpha * model.coef().at(j, p);
                    size += (alpha * model.coef().at(j, p)).abs();
                }
                worst = worst.max(sum.abs() / size);
            }
        }
        worst
    }
}

fn all_close(a: MatRef<'_, f64>, b: MatRef<'_, f64>, bound: f64) {
    assert_eq!((a.rows(), a.cols()), (b.rows(), b.cols()));
    for i in 0..a.rows() {
        for j in 0..a.cols() {
            let (p, q) = (a.at(i, j), b.at(i, j));
            assert!((p - q).abs() <= bound, "({i}, {j}): {p} and {q}");
        }
    }
}

#[test]
fn the_gradient_is_zero_at_the_solution() {
    // Rounding of a solution: a modest condition number times n eps.
    let bound = |r: &Rows| 100.0 * (r.n + r.d) as f64 * f64::EPSILON;
    for (n, d, k) in [
        (1, 1, 1),
        (2, 1, 3),
        (5, 9, 2),
        (40, 60, 1),
        (60, 7, 1),
        (300, 12, 4),
        (1030, 3, 2),
    ] {
        let rows = Rows::new(n, d, k);
        for alpha in [1e-3, 1.0, 100.0] {
            for intercept in [true, false] {
                let ridge = Ridge::default()
                    .with_alpha(alpha)
                    .with_fit_intercept(intercept);
                for weights in [&vec![1.0; n], &rows.w] {
                    let (model, report) = ridge.fit(rows.x(), rows.y(), Some(weights)).unwrap();
                    assert!(!report.singular);
                    let g = rows.gradient(&model, weights, alpha, intercept);
                    assert!(
                        g <= bound(&rows),
                        "{n} x {d}, {k} outputs, alpha {alpha}: {g}"
                    );
                }
            }
        }
    }
}

#[test]
fn least_squares_leaves_a_residual_orthogonal_to_the_features() {
    for (n, d, k) in [(10, 3, 1), (200, 15, 3), (2500, 4, 1)] {
        let rows = Rows::new(n, d, k);
        let (model, report) = LinearRegression::default()
            .fit(rows.x(), rows.y(), None)
            .unwrap();
        assert_eq!((report.rank, report.singular), (d, false));
        let g = rows.gradient(&model, &vec![1.0; n], 0.0, true);
        assert!(g <= 100.0 * n as f64 * f64::EPSILON, "{g}");
    }
}

#[test]
fn rows_in_pieces_are_the_same_rows() {
    let rows = Rows::new(500, 6, 2);
    let mut whole = Summary::new(6, 2);
    whole.add(rows.x(), rows.y(), Some(&rows.w)).unwrap();
    let mut pieces = Summary::new(6, 2);
    for range in [0..1, 1..1, 1..130, 130..500] {
        let mut piece = Summary::new(6, 2);
        let (x, y) = (
            rows.x().rows_range(range.clone()),
            rows.y().rows_range(range.clone()),
        );
        piece.add(x, y, Some(&rows.w[range])).unwrap();
        pieces.merge(&piece);
    }
    assert_eq!((pieces.rows(), whole.rows()), (500, 500));
    let bound = 1000.0 * f64::EPSILON;
    assert!((pieces.weight() - whole.weight()).abs() <= bound * whole.weight());
    let size = whole.xx().at(0, 0).max(whole.yy().at(0, 0)) * 40.0;
    all_close(pieces.xx(), whole.xx(), bound * size);
    all_close(pieces.yx(), whole.yx(), bound * size);
    all_close(pieces.yy(), whole.yy(), bound * size);
    let ridge = Ridge::default();
    let (from_rows, _) = ridge.fit(rows.x(), rows.y(), Some(&rows.w)).unwrap();
    let (from_summary, _) = ridge.fit_summary(&whole).unwrap();
    assert_eq!(from_rows, from_summary);
}

#[test]
fn a_large_mean_costs_no_digits() {
    // The centred products of x and x + 2^20 are the same numbers, but for the rounding of x + 2^20 itself.
    let rows = Rows::new(700, 3, 1);
    let near: Vec<f64> = rows
        .x
        .iter()
        .map(|v| (v * 1024.0).round() / 1024.0)
        .collect();
    let far: Vec<f64> = near.iter().map(|v| v + 1_048_576.0).collect();
    let summary = |x: &[f64]| {
        let mut s = Summary::new(3, 1);
        s.add(MatRef::planned(x, 700, 3), rows.y(), None).unwrap();
        s
    };
    let (near, far) = (summary(&near), summary(&far));
    // A mean is off by 128 eps 2^20 at most; a product of deviations by that times a deviation, n times.
    let bound = 700.0 * 128.0 * f64::EPSILON * 1_048_576.0;
    all_close(near.xx(), far.xx(), bound);
}

#[test]
fn both_routes_agree_where_rows_are_few() {
    for (n, d) in [(3, 8), (20, 21), (50, 90)] {
        let rows = Rows::new(n, d, 2);
        for intercept in [true, false] {
            let ridge = Ridge::default()
                .with_alpha(0.5)
                .with_fit_intercept(intercept);
            let mut summary = Summary::new(d, 2);
            summary.add(rows.x(), rows.y(), Some(&rows.w)).unwrap();
            let (by_rows, _) = ridge.fit(rows.x(), rows.y(), Some(&rows.w)).unwrap();
            let (by_features, _) = ridge.fit_summary(&summary).unwrap();
            let condition = summary.xx().at(d - 1, d - 1)
                * 4.0
                * d as f64
                * if intercept { 1.0 } else { d as f64 * d as f64 };
            all_close(
                by_rows.coef(),
                by_features.coef(),
                100.0 * condition * f64::EPSILON,
            );
        }
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let rows = Rows::new(5000, 5, 2);
    let ridge = Ridge::default();
    let one = ridge.fit(rows.x(), rows.y(), Some(&rows.w)).unwrap();
    for threads in [2, 3] {
        let more = ridge
            .with_threads(threads)
            .fit(rows.x(), rows.y(), Some(&rows.w))
            .unwrap();
        assert_eq!(one, more);
    }
}

#[test]
fn a_row_twice_is_a_row_of_weight_two() {
    let rows = Rows::new(60, 4, 1);
    let times: Vec<usize> = (0..60).map(|i| i % 3).collect();
    let weights: Vec<f64> = times.iter().map(|&t| t as f64).collect();
    let pick = |v: &[f64], width: usize| -> Vec<f64> {
        let row = |i: usize| v[i * width..(i + 1) * width].repeat(times[i]);
        (0..60).flat_map(row).collect()
    };
    let (x, y) = (pick(&rows.x, 4), pick(&rows.y, 1));
    let (weighted, _) = Ridge::default()
        .fit(rows.x(), rows.y(), Some(&weights))
        .unwrap();
    let (repeated, _) = Ridge::default()
        .fit(
            MatRef::planned(&x, y.len(), 4),
            MatRef::planned(&y, y.len(), 1),
            None,
        )
        .unwrap();
    all_close(weighted.coef(), repeated.coef(), 1000.0 * f64::EPSILON);
}

#[test]
fn singular_systems_take_the_smallest_solution() {
    // y = 2 x on a column that is there twice, beside a constant one and one of zeros: the smallest solution is (1, 1, 0, 0).
    let mut random = rng(5, "singular", 0);
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for _ in 0..50 {
        let v = random.normal();
        x.extend([v, v, 0.1, 0.0]);
        y.push(2.0 * v + 5.0);
    }
    let (x, y) = (MatRef::planned(&x, 50, 4), MatRef::planned(&y, 50, 1));
    let (model, report) = LinearRegression::default().fit(x, y, None).unwrap();
    assert_eq!((report.rank, report.singular), (1, true));
    all_close(
        model.coef(),
        MatRef::planned(&[1.0, 1.0, 0.0, 0.0], 1, 4),
        1e3 * f64::EPSILON,
    );
    assert!((model.intercept()[0] - 5.0).abs() <= 1e3 * f64::EPSILON);
    // Fewer rows than features: the residual is 0 and the solution lies in the span of the rows, as (X X')^-1 y gives it.
    let rows = Rows::new(6, 11, 1);
    let (model, report) = LinearRegression::default()
        .fit(rows.x(), rows.y(), None)
        .unwrap();
    assert!(report.singular);
    let z = model.predict(rows.x()).unwrap();
    z.iter()
        .zip(&rows.y)
        .for_each(|(z, y)| assert!((z - y).abs() <= 1e4 * f64::EPSILON * 30.0));
    let (ridge, _) = Ridge::default()
        .with_alpha(1e-9)
        .fit(rows.x(), rows.y(), None)
        .unwrap();
    all_close(model.coef(), ridge.coef(), 1e-7);
}

#[test]
fn scales_and_powers() {
    // Columns of scale 1e-8 and 1e8, y exact: the residual is rounding of y.
    let mut random = rng(6, "scales", 0);
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for _ in 0..80 {
        let (a, b) = (random.normal(), random.normal());
        x.extend([1e-8 * a, 1e8 * b]);
        y.push(a - b);
    }
    let (model, _) = LinearRegression::default()
        .fit(MatRef::planned(&x, 80, 2), MatRef::planned(&y, 80, 1), None)
        .unwrap();
    all_close(
        model.coef(),
        MatRef::planned(&[1e8, -1e-8], 1, 2),
        1e8 * 1e3 * f64::EPSILON,
    );
    assert!((model.coef().at(0, 1) + 1e-8).abs() <= 1e-8 * 1e3 * f64::EPSILON);
    // Powers of t up to the sixth: condition about 1e5, squared by the normal equations, most of which the correction undoes.
    let t: Vec<f64> = (0..64).map(|i| f64::from(i) / 32.0).collect();
    let x: Vec<f64> = t.iter().flat_map(|t| (1..7).map(|p| t.powi(p))).collect();
    let y: Vec<f64> = x.chunks_exact(6).map(|row| row.iter().sum()).collect();
    let (model, report) = LinearRegression::default()
        .fit(MatRef::planned(&x, 64, 6), MatRef::planned(&y, 64, 1), None)
        .unwrap();
    assert!(!report.singular);
    all_close(model.coef(), MatRef::planned(&[1.0; 6], 1, 6), 1e-9);
}

#[test]
fn single_precision_is_the_rounded_double() {
    let rows = Rows::new(200, 5, 2);
    let x: Vec<f32> = rows.x.iter().map(|&v| v as f32).collect();
    let y: Vec<f32> = rows.y.iter().map(|&v| v as f32).collect();
    let wide = |v: &[f32]| v.iter().map(|&v| f64::from(v)).collect::<Vec<_>>();
    let (wide_x, wide_y) = (wide(&x), wide(&y));
    let ridge = Ridge::default();
    let (single, _) = ridge
        .fit(
            MatRef::planned(&x, 200, 5),
            MatRef::planned(&y, 200, 2),
            None,
        )
        .unwrap();
    let (double, _) = ridge
        .fit(
            MatRef::planned(&wide_x, 200, 5),
            MatRef::planned(&wide_y, 200, 2),
            None,
        )
        .unwrap();
    for j in 0..2 {
        for p in 0..5 {
            assert_eq!(single.coef().at(j, p), double.coef().at(j, p) as f32);
        }
    }
}

#[test]
fn wrong_input_is_named() {
    let rows = Rows::new(10, 2, 1);
    let (x, y) = (rows.x(), rows.y());
    let fit = |x, y, w: Option<&[f64]>| Ridge::default().fit(x, y, w).unwrap_err();
    let none = MatRef::planned(&[], 0, 2);
    assert_eq!(fit(none, none, None), Error::Empty { argument: "x" });
    assert!(matches!(
        fit(x, y.rows_range(0..9), None),
        Error::Shape { argument: "y", .. }
    ));
    let mut bad = rows.x.clone();
    bad[7] = f64::NAN;
    let bad = MatRef::planned(&bad, 10, 2);
    assert_eq!(
        fit(bad, y, None),
        Error::NotFinite {
            argument: "x",
            row: 3,
            column: 1
        }
    );
    assert!(matches!(
        fit(x, y, Some(&[1.0; 9])),
        Error::Shape {
            argument: "sample_weight",
            ..
        }
    ));
    assert!(matches!(
        fit(x, y, Some(&[-1.0; 10])),
        Error::Weight { row: 0, .. }
    ));
    assert!(matches!(fit(x, y, Some(&[0.0; 10])), Error::Setting { .. }));
    let negative = Ridge::default()
        .with_alpha(-1.0)
        .fit(x, y, None)
        .unwrap_err();
    assert!(matches!(negative, Error::Setting { name: "alpha", .. }));
    let huge = vec![1e200; 20];
    let huge = Ridge::default().fit(MatRef::planned(&huge, 10, 2), y, None);
    assert!(huge.is_ok() || huge == Err(Error::Diverged));
    let (model, _) = Ridge::default().fit(x, y, None).unwrap();
    assert!(matches!(
        model.predict(y),
        Err(Error::Shape { argument: "x", .. })
    ));
}
