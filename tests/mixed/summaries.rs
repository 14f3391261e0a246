//! Summaries against the definition: any order of rows, any blocks, any number of threads.

use cognate::mtl::{Kind, Summaries, TaskSet, TaskSummary};
use cognate::{Error, MatRef};

use crate::moments::{Moments, moments};
use crate::random::Random;

/// Rows of several tasks.
struct Rows {
    d: usize,
    tasks: usize,
    x: Vec<f64>,
    y: Vec<f64>,
    task: Vec<u32>,
    weight: Vec<f64>,
}

impl Rows {
    /// Rows with means of about 100; every seventh row weighs nothing, and the last task has no rows.
    fn new(n: usize, d: usize, tasks: usize, sorted: bool) -> Self {
        let mut random = Random::new(n as u64 * 31 + d as u64);
        let mut task: Vec<u32> = (0..n).map(|_| random.below(tasks - 1) as u32).collect();
        if sorted {
            task.sort_unstable();
        }
        let weight = |i: usize, r: f64| if i % 7 == 6 { 0.0 } else { 1.5 + r };
        Self {
            d,
            tasks,
            x: (0..n * d).map(|_| 100.0 + random.number()).collect(),
            y: (0..n).map(|_| random.number() - 50.0).collect(),
            task,
            weight: (0..n).map(|i| weight(i, random.number())).collect(),
        }
    }

    /// Adds rows `from..to`.
    fn add(&self, to: &mut Summaries, rows: core::ops::Range<usize>) {
        let x = &self.x[rows.start * self.d..rows.end * self.d];
        let x = MatRef::new(x, rows.len(), self.d).unwrap();
        let weights = Some(&self.weight[rows.clone()]);
        to.add(&self.task[rows.clone()], x, &self.y[rows], weights)
            .unwrap();
    }

    /// All rows, in blocks of `size`.
    fn summaries(&self, size: usize, threads: usize) -> Summaries {
        let mut all = Summaries::new(self.tasks, self.d).with_threads(threads);
        let n = self.y.len();
        for start in (0..n).step_by(size) {
            self.add(&mut all, start..(start + size).min(n));
        }
        all
    }

    fn expected(&self, t: usize) -> Moments {
        let rows = (0..self.y.len()).filter(|&i| self.task[i] as usize == t);
        let row = |i: usize| {
            let x = &self.x[i * self.d..][..self.d];
            ([x, &[self.y[i]]].concat(), self.weight[i])
        };
        moments(&rows.map(row).collect::<Vec<_>>(), self.d + 1)
    }
}

/// Everything that a summary holds.
fn all(s: TaskSummary<'_>) -> Vec<f64> {
    let d = s.mean_x().len();
    let xx = (0..d * d).map(|at| s.xx().at(at / d, at % d));
    let mut all = vec![s.rows() as f64, s.weight(), s.log_weight()];
    all.extend(s.mean_x().iter().chain(&[s.mean_y()]));
    all.extend(xx.chain(s.xy().iter().copied()).chain([s.yy()]));
    all
}

fn bits(s: &Summaries) -> Vec<u64> {
    s.iter().flat_map(all).map(f64::to_bits).collect()
}

/// Means to a rounding a row, products to that of the sums of squares about means that are themselves rounded.
fn assert_close(found: TaskSummary<'_>, expected: &Moments, largest: f64) {
    let (d, n) = (found.mean_x().len(), expected.rows as f64);
    let width = d + 1;
    assert_eq!(found.rows(), expected.rows);
    let mean_error = (n + 4.0) * f64::EPSILON * largest;
    let weight_error = (n + 4.0) * f64::EPSILON * expected.weight.abs().max(1.0);
    assert!((found.weight() - expected.weight).abs() <= weight_error);
    assert!((found.log_weight() - expected.log_weight).abs() <= weight_error);
    for (m, e) in found
        .mean_x()
        .iter()
        .chain(&[found.mean_y()])
        .zip(&expected.mean)
    {
        assert!((m - e).abs() <= 4.0 * mean_error, "{m} {e}");
    }
    let at = |a: usize, b: usize| expected.products[a * width + b];
    let error = |a: usize, b: usize| {
        let size = (at(a, a) * at(b, b)).sqrt() + expected.weight;
        4.0 * (n + 4.0) * f64::EPSILON * size + expected.weight * 8.0 * mean_error
    };
    for a in 0..d {
        for b in 0..d {
            let (s, e) = (found.xx().at(a, b), at(a, b));
            assert!((s - e).abs() <= error(a, b), "{s} {e}");
        }
        assert!((found.xy()[a] - at(d, a)).abs() <= error(d, a));
    }
    assert!((found.yy() - at(d, d)).abs() <= error(d, d));
}

#[test]
fn they_are_what_the_definition_says() {
    for (n, d, tasks) in [
        (1, 1, 2),
        (50, 2, 4),
        (700, 3, 3),
        (900, 30, 4),
        (40, 5, 90),
    ] {
        for sorted in [true, false] {
            let rows = Rows::new(n, d, tasks, sorted);
            for size in [n, 37, 1] {
                let summaries = rows.summaries(size, 1);
                for (t, found) in summaries.iter().enumerate() {
                    assert_close(found, &rows.expected(t), 101.0);
                }
            }
        }
    }
}

#[test]
fn threads_change_no_bit() {
    let rows = Rows::new(3000, 4, 20, false);
    let one = bits(&rows.summaries(3000, 1));
    for threads in 2..6 {
        assert_eq!(bits(&rows.summaries(3000, threads)), one);
    }
}

#[test]
fn merged_folds_are_one_pass() {
    let rows = Rows::new(600, 3, 9, false);
    let mut merged = Summaries::new(rows.tasks, rows.d);
    for fold in 0..3 {
        let mut part = Summaries::new(rows.tasks, rows.d);
        rows.add(&mut part, fold * 200..(fold + 1) * 200);
        merged.merge(&part);
    }
    for (t, found) in merged.iter().enumerate() {
        assert_close(found, &rows.expected(t), 101.0);
    }
}

#[test]
fn a_task_set_gives_the_same() {
    let rows = Rows::new(500, 3, 6, false);
    let x = MatRef::new(&rows.x, 500, 3).unwrap();
    let names = ["a", "b", "c", "d", "e", "f"];
    let set = TaskSet::long(
        x,
        &rows.task,
        &rows.y,
        &names,
        Kind::Number,
        Some(&rows.weight),
    );
    let set = set.unwrap();
    let expected = bits(&rows.summaries(500, 1));
    for threads in [1, 3] {
        assert_eq!(bits(&Summaries::of(&set, threads).unwrap()), expected);
    }
}

#[test]
fn classes_have_no_summary() {
    let x = [0.0, 1.0];
    let x = MatRef::new(&x, 2, 1).unwrap();
    let set = TaskSet::long(x, &[0, 0], &[0.0, 1.0], &["sick"], Kind::Classes(2), None).unwrap();
    let error = Summaries::of(&set, 1).unwrap_err();
    assert!(matches!(error, Error::Task { name, .. } if name == "sick"));
}

#[test]
fn wrong_rows_are_named_and_not_added() {
    let (x, y) = ([0.0, f64::NAN, 2.0], [0.0, 1.0, 2.0]);
    let mut s = Summaries::new(2, 1);
    let view = |x| MatRef::new(x, 3, 1).unwrap();
    let not_finite = s.add(&[0, 1, 1], view(&x), &y, None);
    assert!(matches!(
        not_finite,
        Err(Error::NotFinite {
            argument: "x",
            row: 1,
            ..
        })
    ));
    let no_task = s.add(&[0, 2, 1], view(&y), &y, None);
    assert!(matches!(
        no_task,
        Err(Error::Label {
            row: 1,
            found: 2,
            ..
        })
    ));
    let negative = s.add(&[0, 1, 1], view(&y), &y, Some(&[1.0, 1.0, -1.0]));
    assert!(matches!(negative, Err(Error::Weight { row: 2, .. })));
    assert!(s.add(&[0, 1], view(&y), &y, None).is_err());
    assert!(s.iter().all(|task| task.rows() == 0));
}
