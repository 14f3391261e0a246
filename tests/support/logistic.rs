//! Logistic regression by plain loops in f64, and the cases whose optima are known.

use crate::functions::Function;

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

/// The cases of `tests/data/logistic/weighted.json`, with coefficients and intercepts as one vector.
pub fn weighted_cases() -> Vec<(Logistic, Vec<f64>, f64)> {
    let file: serde_json::Value =
        serde_json::from_str(include_str!("../data/logistic/weighted.json")).unwrap();
    let numbers = |v: &serde_json::Value| -> Vec<f64> {
        let list = v.as_array().unwrap();
        list.iter().map(|x| x.as_f64().unwrap()).collect()
    };
    let rows = |v: &serde_json::Value| -> Vec<Vec<f64>> {
        v.as_array().unwrap().iter().map(numbers).collect()
    };
    let cases = file["cases"].as_array().unwrap();
    let read = |case: &serde_json::Value| {
        let function = Logistic {
            x: rows(&case["x"]),
            y: numbers(&case["y"]).iter().map(|&y| y as usize).collect(),
            classes: case["classes"].as_u64().unwrap() as usize,
            c: file["c"].as_f64().unwrap(),
            weights: numbers(&case["total_weight"]),
        };
        let mut optimum = Vec::new();
        for (coef, intercept) in rows(&case["coef"]).iter().zip(numbers(&case["intercept"])) {
            optimum.extend_from_slice(coef);
            optimum.push(intercept);
        }
        (function, optimum, case["objective"].as_f64().unwrap())
    };
    cases.iter().map(read).collect()
}
