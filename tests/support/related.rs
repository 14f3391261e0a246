//! Linear models of related tasks, solved slowly: Newton's method on all tasks' numbers at once, the penalty written out as T x T
//! precisions, systems solved by elimination with pivots.

/// Rows of all tasks.
pub struct Related {
    pub tasks: usize,
    pub features: usize,
    /// 1 for numbers and two classes, else the number of classes.
    pub links: usize,
    pub numbers: bool,
    /// (task, features, label, weight).
    pub rows: Vec<(usize, Vec<f64>, f64, f64)>,
    /// `T x T`, of the coefficients.
    pub precision: Vec<f64>,
    /// `T x T`, of the intercepts; none without intercepts.
    pub intercepts: Option<Vec<f64>>,
}

impl Related {
    fn width(&self) -> usize {
        self.features + usize::from(self.intercepts.is_some())
    }

    /// Place of number `j` of link `l` of task `t`.
    fn at(&self, t: usize, l: usize, j: usize) -> usize {
        (t * self.links + l) * self.width() + j
    }

    fn feature(&self, x: &[f64], j: usize) -> f64 {
        x.get(j).copied().unwrap_or(1.0)
    }

    /// Loss, slopes and curvatures of a row by its links.
    fn row(&self, z: &[f64], y: f64) -> (f64, Vec<f64>, Vec<f64>) {
        if self.numbers {
            return (0.5 * (z[0] - y) * (z[0] - y), vec![z[0] - y], vec![1.0]);
        }
        let z: Vec<f64> = if self.links == 1 {
            vec![0.0, z[0]]
        } else {
            z.to_vec()
        };
        let top = z.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
        let sum: f64 = z.iter().map(|v| (v - top).exp()).sum();
        let p: Vec<f64> = z.iter().map(|v| (v - top).exp() / sum).collect();
        let loss = top + sum.ln() - z[y as usize];
        let slope: Vec<f64> = (0..z.len())
            .map(|a| p[a] - f64::from(a == y as usize))
            .collect();
        if self.links == 1 {
            return (loss, vec![slope[1]], vec![p[1] * p[0]]);
        }
        let k = z.len();
        let curvature = (0..k * k).map(|i| p[i / k] * (f64::from(i / k == i % k) - p[i % k]));
        (loss, slope, curvature.collect())
    }

    /// Value, gradient and Hessian at `v`, `T x k x D`.
    pub fn expand(&self, v: &[f64]) -> (f64, Vec<f64>, Vec<f64>) {
        let (n, k, width) = (v.len(), self.links, self.width());
        let (mut value, mut g, mut h) = (0.0, vec![0.0; n], vec![0.0; n * n]);
        for (t, x, y, weight) in &self.rows {
            let link = |l: usize| {
                (0..width)
                    .map(|j| v[self.at(*t, l, j)] * self.feature(x, j))
                    .sum()
            };
            let z: Vec<f64> = (0..k).map(link).collect();
            let (loss, slope, curvature) = self.row(&z, *y);
            value += weight * loss;
            for a in 0..k {
                for i in 0..width {
                    let at = self.at(*t, a, i);
                    g[at] += weight * slope[a] * self.feature(x, i);
                    for b in 0..k {
                        for j in 0..width {
                            h[at * n + self.at(*t, b, j)] += weight
                                * curvature[a * k + b]
                                * self.feature(x, i)
                                * self.feature(x, j);
                        }
                    }
                }
            }
        }
        for s in 0..self.tasks {
            for t in 0..self.tasks {
                for l in 0..k {
                    for j in 0..width {
                        let of = if j < self.features {
                            Some(&self.precision)
                        } else {
                            self.intercepts.as_ref()
                        };
                        let p = of.unwrap()[s * self.tasks + t];
                        let (a, b) = (self.at(s, l, j), self.at(t, l, j));
                        value += 0.5 * p * v[a] * v[b];
                        g[a] += p * v[b];
                        h[a * n + b] += p;
                    }
                }
            }
        }
        (value, g, h)
    }

    /// The minimum and where it is.
    pub fn minimum(&self) -> (f64, Vec<f64>) {
        let n = self.tasks * self.links * self.width();
        let mut v = vec![0.0; n];
        for _ in 0..200 {
            let (value, g, mut h) = self.expand(&v);
            if self.links > 1 && self.intercepts.is_some() {
                self.fix_level(&mut h);
            }
            let step = solve(h, g.clone());
            let decrement: f64 = step.iter().zip(&g).map(|(s, g)| s * g).sum();
            if decrement < 1e-26 * value.max(1.0) {
                return (value, v);
            }
            let mut size = 1.0;
            loop {
                let trial: Vec<f64> = v.iter().zip(&step).map(|(v, s)| v - size * s).collect();
                if decrement < 1e-9 || self.expand(&trial).0 < value - 1e-4 * size * decrement {
                    v = trial;
                    break;
                }
                size *= 0.5;
                assert!(size > 1e-12, "no step");
            }
        }
        panic!("the reference did not converge");
    }

    /// A number added to all intercepts of a task's links changes no loss: their sum is kept at 0, where the penalty wants it.
    fn fix_level(&self, h: &mut [f64]) {
        let n = self.tasks * self.links * self.width();
        for t in 0..self.tasks {
            for a in 0..self.links {
                for b in 0..self.links {
                    let last = self.width() - 1;
                    h[self.at(t, a, last) * n + self.at(t, b, last)] += 1.0;
                }
            }
        }
    }
}

/// `A x = b` by elimination with partial pivots.
pub fn solve(mut a: Vec<f64>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for k in 0..n {
        let pivot = (k..n)
            .max_by(|&i, &j| a[i * n + k].abs().total_cmp(&a[j * n + k].abs()))
            .unwrap();
        for j in 0..n {
            a.swap(k * n + j, pivot * n + j);
        }
        b.swap(k, pivot);
        for i in k + 1..n {
            let factor = a[i * n + k] / a[k * n + k];
            for j in k..n {
                a[i * n + j] -= factor * a[k * n + j];
            }
            b[i] -= factor * b[k];
        }
    }
    for k in (0..n).rev() {
        for j in k + 1..n {
            b[k] -= a[k * n + j] * b[j];
        }
        b[k] /= a[k * n + k];
    }
    b
}

/// The inverse of `A`, `n x n`.
pub fn inverse(a: &[f64], n: usize) -> Vec<f64> {
    let column = |j: usize| solve(a.to_vec(), (0..n).map(|i| f64::from(i == j)).collect());
    let columns: Vec<Vec<f64>> = (0..n).map(column).collect();
    (0..n * n).map(|i| columns[i % n][i / n]).collect()
}
