//! The losses with their slopes, against plain formulas in f64, for f32 and f64; rows without weight hold NaN and are not seen; a row of
//! softmax has the same bits in any batch.

use cognate_kernels::{
    Entropy, Level, MatMut, MatRef, Real, Smoothing, cross_entropy, logistic_loss, softmax_rows,
};

use crate::support::{Numbers, assert_bits, bits, dd, gamma, levels};
use crate::{LENGTHS, judge, rounded};

/// Logits to both sides, and labels 0, 1 and between; every fifth without weight.
fn logistic_case<T: Real>(stream: &mut Numbers, n: usize) -> [Vec<T>; 3] {
    let (mut z, mut y, mut w) = (vec![T::NAN; n], vec![T::NAN; n], vec![T::ZERO; n]);
    for i in (0..n).filter(|i| i % 5 != 4) {
        z[i] = T::from_f64(stream.uniform(-40.0, 40.0));
        y[i] = T::from_f64([0.0, 1.0, 0.25, 0.8][stream.bits() as usize % 4]);
        w[i] = T::from_f64(stream.uniform(0.1, 2.0));
    }
    [z, y, w]
}

fn logistic<T: Real>() {
    let mut stream = Numbers(26);
    let scale = T::from_f64(0.7);
    for level in levels() {
        for n in LENGTHS {
            let [z, y, w] = logistic_case::<T>(&mut stream, n);
            let (mut slope, mut curvature, mut loss) = (z.clone(), y.clone(), w.clone());
            logistic_loss(level, scale, &mut slope, &mut curvature, &mut loss);
            for i in 0..n {
                if w[i] == T::ZERO {
                    assert_bits(&[slope[i], curvature[i], loss[i]], &[T::ZERO; 3], "unseen");
                    continue;
                }
                let what = format!("z {}, y {}, {} {}", z[i], y[i], T::NAME, level.name());
                let (z, y, w) = (z[i].to_f64(), y[i].to_f64(), w[i].to_f64());
                let flip = if y < 0.5 { 1.0 } else { -1.0 };
                // 1 - y rounds.
                let m = if y < 0.5 {
                    y
                } else {
                    (T::ONE - T::from_f64(y)).to_f64()
                };
                let (softplus, s) = (
                    dd::softplus(flip * z).value(),
                    dd::logistic(flip * z).value(),
                );
                // Functions to 2 and 2.5 units in the last place: 4 and 5 roundings; s (1 - s) loses what 1 - s does.
                let sizes = w * (softplus + m * z.abs());
                let want = w * (softplus - m * flip * z);
                judge(
                    loss[i],
                    want,
                    rounded::<T>(7, sizes),
                    &format!("loss, {what}"),
                );
                let factor = scale.to_f64() * w;
                let want = flip * factor * (s - m);
                judge(
                    slope[i],
                    want,
                    rounded::<T>(8, factor * (s + m)),
                    &format!("slope, {what}"),
                );
                let want = w * s * (1.0 - s);
                judge(
                    curvature[i],
                    want,
                    rounded::<T>(13, w * s),
                    &format!("curvature, {what}"),
                );
            }
        }
    }
}

#[test]
fn the_logistic_loss_is_near_its_formulas() {
    logistic::<f32>();
    logistic::<f64>();
}

/// One batch of rows with labels, every fourth row without weight and of NaN.
struct Batch<T> {
    rows: usize,
    cols: usize,
    z: Vec<T>,
    labels: Vec<T>,
    w: Vec<T>,
}

/// Probabilities, slopes, losses.
type Results<T> = [Vec<T>; 3];

impl<T: Real> Batch<T> {
    fn new(stream: &mut Numbers, rows: usize, cols: usize) -> Self {
        let mut batch = Self {
            rows,
            cols,
            z: stream.vec(rows * cols),
            labels: vec![T::from_usize(cols); rows],
            w: vec![T::ZERO; rows],
        };
        for i in 0..rows {
            let row = &mut batch.z[i * cols..][..cols];
            if i % 4 == 3 {
                row.fill(T::NAN);
                continue;
            }
            row.iter_mut().for_each(|z| *z *= T::from_f64(6.0));
            batch.labels[i] = T::from_usize(stream.bits() as usize % cols);
            batch.w[i] = T::from_f64(stream.uniform(0.1, 2.0));
        }
        batch
    }

    /// Rows `i..j`.
    fn run(&self, level: Level, target: &Smoothing<T>, (i, j): (usize, usize)) -> Results<T> {
        let (n, k) = (j - i, self.cols);
        let [mut p, mut slope] = [vec![T::NAN; n * k], vec![T::NAN; n * k]];
        let mut loss = self.w[i..j].to_vec();
        let into = Entropy {
            p: MatMut::new(&mut p, n, k).unwrap(),
            slope: Some(MatMut::new(&mut slope, n, k).unwrap()),
        };
        let z = MatRef::new(&self.z[i * k..j * k], n, k).unwrap();
        cross_entropy(level, target, z, &self.labels[i..j], &mut loss, into);
        [p, slope, loss]
    }

    /// The same with p in rows that lie apart and the slope column by column; and without a slope.
    fn check_places(&self, level: Level, target: &Smoothing<T>, want: &Results<T>) {
        let (n, k) = (self.rows, self.cols);
        let z = MatRef::new(&self.z, n, k).unwrap();
        for wanted in [true, false] {
            let [mut p, mut slope] = [vec![T::NAN; n * (k + 3)], vec![T::NAN; n * k]];
            let mut loss = self.w.clone();
            let by_column = MatMut::with_strides(&mut slope, n, k, 1, n).unwrap();
            let into = Entropy {
                p: MatMut::with_strides(&mut p, n, k, k + 3, 1).unwrap(),
                slope: wanted.then_some(by_column),
            };
            cross_entropy(level, target, z, &self.labels, &mut loss, into);
            let what = format!("{n} x {k} in other places, {}", level.name());
            assert_bits(&loss, &want[2], &what);
            for (i, row) in p.chunks_exact(k + 3).enumerate() {
                assert_bits(&row[..k], &want[0][i * k..][..k], &what);
                assert_bits(&row[k..], &[T::NAN; 3], &what);
                let of_row: Vec<T> = (0..k).map(|j| slope[j * n + i]).collect();
                let want = if wanted {
                    &want[1][i * k..][..k]
                } else {
                    &vec![T::NAN; k]
                };
                assert_bits(&of_row, want, &what);
            }
        }
    }

    fn check(&self, level: Level, target: &Smoothing<T>) {
        let k = self.cols;
        let results = self.run(level, target, (0, self.rows));
        self.check_places(level, target, &results);
        let [p, slope, loss] = results;
        let (mut same, mut lse) = (vec![T::NAN; p.len()], vec![T::NAN; self.rows]);
        let z = MatRef::new(&self.z, self.rows, k).unwrap();
        softmax_rows(
            level,
            z,
            MatMut::new(&mut same, self.rows, k).unwrap(),
            &mut lse,
        );
        assert_bits(&p, &same, "p");
        for i in 0..self.rows {
            let row = i * k..(i + 1) * k;
            let what = format!(
                "row {i} of {} x {k}, {} {}",
                self.rows,
                T::NAME,
                level.name()
            );
            let alone = self.run(Level::scalar(), target, (i, i + 1));
            assert_bits(&p[row.clone()], &alone[0], &what);
            assert_bits(&slope[row.clone()], &alone[1], &what);
            assert_eq!(bits(loss[i]), bits(alone[2][0]), "{what}");
            if self.w[i] == T::ZERO {
                assert_bits(&slope[row], &vec![T::ZERO; k], &what);
                assert_eq!(bits(loss[i]), bits(T::ZERO), "{what}");
                continue;
            }
            let (w, c) = (self.w[i].to_f64(), self.labels[i].to_f64() as usize);
            let q = |j: usize| target.every.to_f64() + f64::from(j == c) * target.beside.to_f64();
            let z = |j: usize| self.z[i * k + j].to_f64();
            // From the probabilities and the logarithm, whose own bounds softmax's test has.
            let (lse, dot) = (lse[i].to_f64(), (0..k).map(|j| q(j) * z(j)).sum::<f64>());
            let sizes = lse.abs() + (0..k).map(|j| (q(j) * z(j)).abs()).sum::<f64>();
            judge(
                loss[i],
                w * (lse - dot),
                w * sizes * gamma::<T>(k + 6),
                &what,
            );
            for j in 0..k {
                let (factor, p) = (target.scale.to_f64() * w, p[i * k + j].to_f64());
                let bound = rounded::<T>(5, factor * (p + q(j)));
                judge(slope[i * k + j], factor * (p - q(j)), bound, &what);
            }
        }
    }
}

fn entropy<T: Real>() {
    let mut stream = Numbers(27);
    for level in levels() {
        for cols in [1, 2, 3, 5, 8, 17, 32, 33, 70] {
            for rows in [1, 2, 3, 8, 19, 33] {
                for every in [0.0, 0.01] {
                    let target = Smoothing {
                        scale: T::from_f64(0.3),
                        every: T::from_f64(every),
                        beside: T::from_f64(1.0 - every * cols as f64),
                    };
                    Batch::<T>::new(&mut stream, rows, cols).check(level, &target);
                }
            }
        }
    }
}

#[test]
fn cross_entropy_is_near_its_formulas_and_does_not_see_the_batch() {
    entropy::<f32>();
    entropy::<f64>();
}

fn one_row_labelled(label: f64) {
    let target = Smoothing {
        scale: 1.0,
        every: 0.0,
        beside: 1.0,
    };
    let mut p = [0.0; 3];
    let into = Entropy {
        p: MatMut::new(&mut p, 1, 3).unwrap(),
        slope: None,
    };
    let z = MatRef::new(&[0.0; 3], 1, 3).unwrap();
    cross_entropy(Level::scalar(), &target, z, &[label], &mut [1.0], into);
}

#[test]
#[should_panic(expected = "a label is no column")]
fn a_label_beyond_the_columns_panics() {
    one_row_labelled(3.0);
}

#[test]
#[should_panic(expected = "a label is no column")]
fn a_label_below_the_columns_panics() {
    one_row_labelled(-1.0);
}

#[test]
#[should_panic(expected = "a label is no column")]
fn a_label_between_two_columns_panics() {
    one_row_labelled(0.5);
}
