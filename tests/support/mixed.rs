//! Random-effects regression written down as it is defined: the covariance of all labels, whole, and its Cholesky factor.
//!
//! ```text
//! y ~ N(X phi, V)      V_ij = [same task] x_i' Lambda x_j + [i = j] s2 / w_i
//! ```
//! `O(n^3)` for n rows.

/// Rows `[1, x]`, labels, tasks and weights.
pub struct Dense {
    pub x: Vec<Vec<f64>>,
    pub y: Vec<f64>,
    pub task: Vec<u32>,
    pub weight: Vec<f64>,
}

/// What follows from a covariance and a noise variance.
pub struct Solved {
    /// log-likelihood and restricted log-likelihood.
    pub log_likelihood: f64,
    pub restricted: f64,
    pub phi: Vec<f64>,
    /// Of the estimate of phi, `q x q`.
    pub phi_covariance: Vec<Vec<f64>>,
    /// `V^-1`.
    inverse: Vec<Vec<f64>>,
}

type Matrix = Vec<Vec<f64>>;

impl Dense {
    fn covariance(&self, lambda: &[Vec<f64>], noise: f64) -> Matrix {
        let element = |i: usize, j: usize| {
            let shared = if self.task[i] == self.task[j] {
                dot(&self.x[i], &times(lambda, &self.x[j]))
            } else {
                0.0
            };
            shared + if i == j { noise / self.weight[i] } else { 0.0 }
        };
        square(self.y.len(), element)
    }

    /// `lambda: q x q`.
    pub fn solve(&self, lambda: &[Vec<f64>], noise: f64) -> Solved {
        let (n, q) = (self.y.len(), self.x[0].len());
        let v = self.covariance(lambda, noise);
        let inverse = inverse(&v);
        let columns: Matrix = (0..q)
            .map(|j| self.x.iter().map(|r| r[j]).collect())
            .collect();
        let weighted: Matrix = columns.iter().map(|c| times(&inverse, c)).collect();
        let information = square(q, |a, b| dot(&weighted[a], &columns[b]));
        let moment: Vec<f64> = weighted.iter().map(|c| dot(c, &self.y)).collect();
        let phi_covariance = self::inverse(&information);
        let phi = times(&phi_covariance, &moment);
        let residual: Vec<f64> = (0..n).map(|i| self.y[i] - dot(&self.x[i], &phi)).collect();
        let distance = dot(&residual, &times(&inverse, &residual));
        let tau = core::f64::consts::TAU.ln();
        let log_likelihood = -0.5 * (n as f64 * tau + log_det(&v) + distance);
        let lost = 0.5 * (q as f64 * tau - log_det(&information));
        Solved {
            log_likelihood,
            restricted: log_likelihood + lost,
            phi,
            phi_covariance,
            inverse,
        }
    }

    /// Posterior mean of a task's `v`, its covariance for phi known, and the error covariance of `phi + v`, all by the joint
    /// distribution of labels and `v`.
    pub fn posterior(
        &self,
        s: &Solved,
        lambda: &[Vec<f64>],
        noise: f64,
        task: u32,
    ) -> (Vec<f64>, Matrix, Matrix) {
        let (n, q) = (self.y.len(), self.x[0].len());
        // Cov(v, y): q x n.
        let with = |x: &[f64], i: usize| {
            if self.task[i] == task {
                times(lambda, x)
            } else {
                vec![0.0; q]
            }
        };
        let by_row: Matrix = (0..n).map(|i| with(&self.x[i], i)).collect();
        let cross: Matrix = (0..q)
            .map(|a| by_row.iter().map(|r| r[a]).collect())
            .collect();
        let gain: Matrix = cross.iter().map(|c| times(&s.inverse, c)).collect();
        let residual: Vec<f64> = (0..n)
            .map(|i| self.y[i] - dot(&self.x[i], &s.phi))
            .collect();
        let mean = gain.iter().map(|g| dot(g, &residual)).collect();
        let known = square(q, |a, b| lambda[a][b] - dot(&gain[a], &cross[b]));
        // phi + v as estimated is linear in y: rows of `map`, q x n.
        let column = |j: usize| -> Vec<f64> { self.x.iter().map(|r| r[j]).collect() };
        let weighted: Matrix = (0..q).map(|j| times(&s.inverse, &column(j))).collect();
        let fixed = |a: usize, i: usize| -> f64 {
            (0..q)
                .map(|b| s.phi_covariance[a][b] * weighted[b][i])
                .sum()
        };
        let shift = square(q, |a, b| dot(&gain[a], &column(b)));
        let map: Matrix = (0..q)
            .map(|a| {
                let own = |i: usize| fixed(a, i) + gain[a][i];
                (0..n)
                    .map(|i| own(i) - (0..q).map(|b| shift[a][b] * fixed(b, i)).sum::<f64>())
                    .collect()
            })
            .collect();
        let v = self.covariance(lambda, noise);
        let error = square(q, |a, b| {
            dot(&map[a], &times(&v, &map[b])) - dot(&map[a], &cross[b]) - dot(&cross[a], &map[b])
                + lambda[a][b]
        });
        (mean, known, error)
    }
}

fn square(n: usize, element: impl Fn(usize, usize) -> f64) -> Matrix {
    (0..n)
        .map(|i| (0..n).map(|j| element(i, j)).collect())
        .collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn times(m: &[Vec<f64>], v: &[f64]) -> Vec<f64> {
    m.iter().map(|row| dot(row, v)).collect()
}

/// The lower triangle `L` of `A = L L'`.
fn cholesky(a: &[Vec<f64>]) -> Matrix {
    let n = a.len();
    let mut l = vec![vec![0.0; n]; n];
    for i in 0..n {
        for j in 0..=i {
            let left = a[i][j] - dot(&l[i][..j], &l[j][..j]);
            l[i][j] = if i == j { left.sqrt() } else { left / l[j][j] };
        }
    }
    l
}

fn log_det(a: &[Vec<f64>]) -> f64 {
    let l = cholesky(a);
    (0..l.len()).map(|i| 2.0 * l[i][i].ln()).sum()
}

fn inverse(a: &[Vec<f64>]) -> Matrix {
    let (n, l) = (a.len(), cholesky(a));
    let column = |k: usize| {
        let mut v: Vec<f64> = (0..n).map(|i| if i == k { 1.0 } else { 0.0 }).collect();
        for i in 0..n {
            v[i] = (v[i] - dot(&l[i][..i], &v[..i])) / l[i][i];
        }
        for i in (0..n).rev() {
            let after: f64 = (i + 1..n).map(|j| l[j][i] * v[j]).sum();
            v[i] = (v[i] - after) / l[i][i];
        }
        v
    };
    (0..n).map(column).collect()
}
