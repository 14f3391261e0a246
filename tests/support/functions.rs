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

/// `-log(1 - p_0) - 50 p_0 + p_1^2`: infinite from the wall at `p_0 = 1` on, lowest at (0.98, 0).
pub struct Wall;

impl Function for Wall {
    fn len(&self) -> usize {
        2
    }

    fn value(&self, p: &[f64]) -> f64 {
        if p[0] >= 1.0 {
            return f64::INFINITY;
        }
        -(1.0 - p[0]).ln() - 50.0 * p[0] + p[1] * p[1]
    }

    fn gradient(&self, p: &[f64]) -> Vec<f64> {
        vec![1.0 / (1.0 - p[0]) - 50.0, 2.0 * p[1]]
    }

    fn hessian(&self, p: &[f64]) -> Vec<f64> {
        vec![(1.0 - p[0]).powi(-2), 0.0, 0.0, 2.0]
    }
}

/// `sum (p_i^2 - 1)^2 / 4`: a maximum at 0, minima at all corners +-1.
pub struct Wells(pub usize);

impl Function for Wells {
    fn len(&self) -> usize {
        self.0
    }

    fn value(&self, p: &[f64]) -> f64 {
        p.iter().map(|v| (v * v - 1.0).powi(2) / 4.0).sum()
    }

    fn gradient(&self, p: &[f64]) -> Vec<f64> {
        p.iter().map(|v| v * (v * v - 1.0)).collect()
    }

    fn hessian(&self, p: &[f64]) -> Vec<f64> {
        let n = self.0;
        let mut h = vec![0.0; n * n];
        for i in 0..n {
            h[i * n + i] = 3.0 * p[i] * p[i] - 1.0;
        }
        h
    }
}

/// The inner function, whose gradient points the wrong way.
pub struct WrongGradient(pub Rosenbrock);

impl Function for WrongGradient {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn value(&self, p: &[f64]) -> f64 {
        self.0.value(p)
    }

    fn gradient(&self, p: &[f64]) -> Vec<f64> {
        self.0.gradient(p).iter().map(|v| -v).collect()
    }

    fn hessian(&self, p: &[f64]) -> Vec<f64> {
        self.0.hessian(p)
    }
}
