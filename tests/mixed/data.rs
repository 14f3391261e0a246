//! Rows of tasks, for whatever learns from them.

use cognate::MatRef;
use cognate::mtl::Summaries;

use crate::random::Random;

/// Rows `[x, y]` of tasks.
#[derive(Clone)]
pub struct Rows {
    pub d: usize,
    pub tasks: usize,
    pub x: Vec<f64>,
    pub y: Vec<f64>,
    pub task: Vec<u32>,
    pub weight: Option<Vec<f64>>,
}

impl Rows {
    /// `n` rows a task with coefficients that differ between tasks by `spread` (intercept first, `d + 1`), noise of about 1.
    pub fn new(seed: u64, tasks: usize, n: usize, spread: &[f64]) -> Self {
        let (mut random, d) = (Random::new(seed), spread.len() - 1);
        let mut rows = Self {
            d,
            tasks,
            x: Vec::new(),
            y: Vec::new(),
            task: Vec::new(),
            weight: None,
        };
        for t in 0..tasks {
            let own: Vec<f64> = spread
                .iter()
                .map(|s| 1.0 + s * normal(&mut random))
                .collect();
            for _ in 0..n {
                let x: Vec<f64> = (0..d).map(|_| normal(&mut random)).collect();
                let fitted: f64 = x.iter().zip(&own[1..]).map(|(x, w)| x * w).sum();
                rows.y.push(own[0] + fitted + normal(&mut random));
                rows.x.extend(x);
                rows.task.push(t as u32);
            }
        }
        rows
    }

    pub fn summaries(&self) -> Summaries {
        let mut all = Summaries::new(self.tasks, self.d);
        all.add(&self.task, self.matrix(), &self.y, self.weight.as_deref())
            .unwrap();
        all
    }

    pub fn matrix(&self) -> MatRef<'_, f64> {
        MatRef::new(&self.x, self.y.len(), self.d).unwrap()
    }

    /// The rows for which `keep` holds.
    pub fn filter(&self, keep: impl Fn(usize) -> bool) -> Self {
        let kept: Vec<usize> = (0..self.y.len()).filter(|&i| keep(i)).collect();
        let row = |i: &usize| &self.x[i * self.d..][..self.d];
        Self {
            x: kept.iter().flat_map(row).copied().collect(),
            y: kept.iter().map(|&i| self.y[i]).collect(),
            task: kept.iter().map(|&i| self.task[i]).collect(),
            weight: self
                .weight
                .as_ref()
                .map(|w| kept.iter().map(|&i| w[i]).collect()),
            ..*self
        }
    }
}

/// About normal: the sum of twelve, of variance 1.
fn normal(random: &mut Random) -> f64 {
    random.numbers(12).iter().sum::<f64>() / 2.0
}

/// `|found - expected| <= tolerance`, element by element.
#[track_caller]
pub fn assert_near(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() <= tolerance, "{what}: {f} {e}");
    }
}
