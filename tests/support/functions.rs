//! Functions to minimise, by plain loops in f64: value, gradient and the whole Hessian.

/// A twice differentiable function of `len` numbers.
pub trait Function {
    fn len(&self) -> usize;
    fn value(&self, p: &[f64]) -> f64;
    fn gradient(&self, p: &[f64]) -> Vec<f64>;
    /// `n x n`, row by row.
    fn hessian(&self, p: &[f64]) -> Vec<f64>;
}

/// `1/2 (p - centre)' A (p - centre)`, A symmetric.
pub struct Quadratic {
    pub a: Vec<f64>,
    pub centre: Vec<f64>,
}

impl Quadratic {
    pub fn diagonal(scales: &[f64], centre: &[f64]) -> Self {
        let n = scales.len();
        let mut a = vec![0.0; n * n];
        for i in 0..n {
            a[i * n + i] = scales[i];
        }
        Self {
            a,
            centre: centre.to_vec(),
        }
    }
}

impl Function for Quadratic {
    fn len(&self) -> usize {
        self.centre.len()
    }

    fn value(&self, p: &[f64]) -> f64 {
        let g = self.gradient(p);
        let mut total = 0.0;
        for i in 0..self.len() {
            total += 0.5 * g[i] * (p[i] - self.centre[i]);
        }
        total
    }

    fn gradient(&self, p: &[f64]) -> Vec<f64> {
        let n = self.len();
        let mut g = vec![0.0; n];
        for i in 0..n {
            for j in 0..n {
                g[i] += self.a[i * n + j] * (p[j] - self.centre[j]);
            }
        }
        g
    }

    fn hessian(&self, _: &[f64]) -> Vec<f64> {
        self.a.clone()
    }
}

/// `sum_i 100 (p_(i+1) - p_i^2)^2 + (1 - p_i)^2`: a curved valley, lowest (0) at all ones.
pub struct Rosenbrock(pub usize);

impl Function for Rosenbrock {
    fn len(&self) -> usize {
        self.0
    }

    fn value(&self, p: &[f64]) -> f64 {
        let mut total = 0.0;
        for i in 0..self.0 - 1 {
            let off = p[i + 1] - p[i] * p[i];
            total += 100.0 * off * off + (1.0 - p[i]) * (1.0 - p[i]);
        }
        total
    }

    fn gradient(&self, p: &[f64]) -> Vec<f64> {
        let mut g = vec![0.0; self.0];
        for i in 0..self.0 - 1 {
            let off = p[i + 1] - p[i] * p[i];
            g[i] += -400.0 * p[i] * off - 2.0 * (1.0 - p[i]);
            g[i + 1] += 200.0 * off;
        }
        g
    }

    fn hessian(&self, p: &[f64]) -> Vec<f64> {
        let n = self.0;
        let mut h = vec![0.0; n * n];
        for i in 0..n - 1 {
            h[i * n + i] += 1200.0 * p[i] * p[i] - 400.0 * p[i + 1] + 2.0;
            h[i * n + i + 1] -= 400.0 * p[i];
            h[(i + 1) * n + i] -= 400.0 * p[i];
            h[(i + 1) * n + i + 1] += 200.0;
        }
        h
    }
}

/// `C sum_i s_i loss_i + 1/2 ||coef||^2`: softmax cross-entropy for three classes and more, the binary logistic loss for two.
/// Parameters are `rows x (features + 1)`, a row a class (one row for two classes), its unpenalised intercept last.
pub struct Logistic {
    /// Rows of features.
    pub x: Vec<Vec<f64>>,
    pub y: Vec<usize>,
    pub classes: usize,
    pub c: f64,
    pub weights: Vec<f64>,
}

impl Logistic {
    pub fn rows(&self) -> usize {
        if self.classes == 2 { 1 } else { self.classes }
    }

    fn width(&self) -> usize {
        self.x[0].len() + 1
    }

    /// Feature `j` of row `i`; the last is the constant 1.
    fn feature(&self, i: usize, j: usize) -> f64 {
        self.x[i].get(j).copied().unwrap_or(1.0)
    }

    /// The loss of row `i` and the probabilities of the rows' classes.
    fn outcome(&self, p: &[f64], i: usize) -> (f64, Vec<f64>) {
        let d = self.width();
        let z: Vec<f64> = (0..self.rows())
            .map(|k| (0..d).map(|j| p[k * d + j] * self.feature(i, j)).sum())
            .collect();
        if self.classes == 2 {
            let signed = if self.y[i] == 1 { -z[0] } else { z[0] };
            let loss = signed.max(0.0) + (-signed.abs()).exp().ln_1p();
            return (loss, vec![1.0 / (1.0 + (-z[0]).exp())]);
        }
        let top = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let e: Vec<f64> = z.iter().map(|v| (v - top).exp()).collect();
        let total: f64 = e.iter().sum();
        let loss = total.ln() + top - z[self.y[i]];
        (loss, e.iter().map(|v| v / total).collect())
    }

    fn target(&self, i: usize, k: usize) -> f64 {
        let class = if self.classes == 2 { 1 } else { k };
        f64::from(u8::from(self.y[i] == class))
    }

    fn penalty(&self, place: usize) -> f64 {
        f64::from(u8::from(place % self.width() != self.width() - 1))
    }
}

impl Function for Logistic {
    fn len(&self) -> usize {
        self.rows() * self.width()
    }

    fn value(&self, p: &[f64]) -> f64 {
        let mut total = 0.0;
        for i in 0..self.x.len() {
            total += self.c * self.weights[i] * self.outcome(p, i).0;
        }
        for (place, v) in p.iter().enumerate() {
            total += 0.5 * self.penalty(place) * v * v;
        }
        total
    }

    fn gradient(&self, p: &[f64]) -> Vec<f64> {
        let d = self.width();
        let mut g: Vec<f64> = (0..p.len()).map(|j| self.penalty(j) * p[j]).collect();
        for i in 0..self.x.len() {
            let (_, probability) = self.outcome(p, i);
            for k in 0..self.rows() {
                let residual = self.c * self.weights[i] * (probability[k] - self.target(i, k));
                for j in 0..d {
                    g[k * d + j] += residual * self.feature(i, j);
                }
            }
        }
        g
    }

    fn hessian(&self, p: &[f64]) -> Vec<f64> {
        let (d, n) = (self.width(), p.len());
        let mut h = vec![0.0; n * n];
        for i in 0..self.x.len() {
            let (_, probability) = self.outcome(p, i);
            for a in 0..n {
                for b in 0..n {
                    let (pa, pb) = (probability[a / d], probability[b / d]);
                    let same = f64::from(u8::from(a / d == b / d));
                    let curvature = self.c * self.weights[i] * pa * (same - pb);
                    h[a * n + b] += curvature * self.feature(i, a % d) * self.feature(i, b % d);
                }
            }
        }
        for a in 0..n {
            h[a * n + a] += self.penalty(a);
        }
        h
    }
}
