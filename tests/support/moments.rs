//! Weighted means and centred products, by the definition.

/// What a task's rows come to.
pub struct Moments {
    pub rows: usize,
    pub weight: f64,
    pub log_weight: f64,
    /// `d + 1`: features, then the label.
    pub mean: Vec<f64>,
    /// `(d + 1) x (d + 1)`.
    pub products: Vec<f64>,
}

/// Of rows `[x, y]` with their weights; those of weight 0 count for nothing.
pub fn moments(rows: &[(Vec<f64>, f64)], width: usize) -> Moments {
    let used: Vec<_> = rows.iter().filter(|(_, w)| *w > 0.0).collect();
    let weight: f64 = used.iter().map(|(_, w)| w).sum();
    let mean: Vec<f64> = (0..width)
        .map(|j| used.iter().map(|(v, w)| w * v[j]).sum::<f64>() / weight.max(f64::MIN_POSITIVE))
        .collect();
    let product = |a: usize, b: usize| -> f64 {
        let centred = |v: &[f64], j: usize| v[j] - mean[j];
        used.iter()
            .map(|(v, w)| w * centred(v, a) * centred(v, b))
            .sum()
    };
    Moments {
        rows: used.len(),
        weight,
        log_weight: used.iter().map(|(_, w)| w.ln()).sum(),
        products: (0..width * width)
            .map(|at| product(at / width, at % width))
            .collect(),
        mean,
    }
}
