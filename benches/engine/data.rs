//! The data of the benches, by the formulas of `benches/peers/README.md`, which every peer repeats.

/// The 64-bit linear congruential generator that all peers share.
pub struct Lcg(pub u64);

impl Lcg {
    /// The next number in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 * 2f64.powi(-53)
    }

    /// A pseudo-normal: four uniforms, mean 0, variance 1.
    pub fn normal(&mut self) -> f64 {
        let four = ((self.uniform() + self.uniform()) + self.uniform()) + self.uniform();
        (four - 2.0) * 1.732_050_807_568_877_2
    }

    /// `n` pseudo-normals.
    pub fn normals(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.normal()).collect()
    }
}

/// Inputs (`n x d`, by rows) with a class a row.
pub struct Labelled<T> {
    /// `n x d`.
    pub x: Vec<T>,
    /// `n`.
    pub y: Vec<u32>,
    /// `d`.
    pub features: usize,
}

impl<T> Labelled<T> {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.y.len()
    }
}

/// The 800 training rows of worked example (a): `benches/data/example_a.csv`.
pub fn example_a() -> Labelled<f64> {
    let rows = include_str!("../data/example_a.csv")
        .lines()
        .skip(1)
        .take(800);
    let mut data = Labelled {
        x: Vec::new(),
        y: Vec::new(),
        features: 20,
    };
    for row in rows {
        let mut cells: Vec<f64> = row
            .split(',')
            .map(|c| c.parse().expect("a number"))
            .collect();
        data.y.push(cells.pop().expect("a label") as u32);
        data.x.extend(cells);
    }
    data
}

/// The same rows, each column standardised by its population deviation, in f32.
pub fn example_b() -> Labelled<f32> {
    let Labelled { mut x, y, features } = example_a();
    let n = y.len() as f64;
    for j in 0..features {
        let column = || x.iter().skip(j).step_by(features);
        let mean = column().sum::<f64>() / n;
        let deviation = (column().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
        x.iter_mut()
            .skip(j)
            .step_by(features)
            .for_each(|v| *v = (*v - mean) / deviation);
    }
    Labelled {
        x: x.into_iter().map(|v| v as f32).collect(),
        y,
        features,
    }
}

/// 80,000 x 100, columns correlated with their neighbours, five noisy classes.
pub fn large() -> Labelled<f64> {
    let (n, d, k, mut lcg) = (80_000, 100, 5, Lcg(1));
    let mut x = lcg.normals(n * d);
    for row in x.chunks_exact_mut(d) {
        (1..d).for_each(|j| row[j] += 0.9 * row[j - 1]);
    }
    let (w, noise) = (lcg.normals(d * k), lcg.normals(n * k));
    let y = labels(&x, &w, k, |i, score| 0.2 * score + noise[i]);
    Labelled { x, y, features: d }
}

/// 8192 x 64 in ten classes, to train and to ask networks.
pub fn network_rows() -> Labelled<f32> {
    let (n, d, k, mut lcg) = (8192, 64, 10, Lcg(2));
    let (x, w) = (lcg.normals(n * d), lcg.normals(d * k));
    let y = labels(&x, &w, k, |_, score| score);
    Labelled {
        x: x.into_iter().map(|v| v as f32).collect(),
        y,
        features: d,
    }
}

/// Rows with a label of each of eight tasks.
pub struct TaskTable {
    /// `n x 64`.
    pub x: Vec<f32>,
    /// `n x 8`: three numbers, three of two classes, two of four classes.
    pub labels: Vec<f64>,
}

impl TaskTable {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.labels.len() / 8
    }
}

/// 1280 rows of eight tasks that hang on the same 14 scores.
pub fn task_table() -> TaskTable {
    let (n, d, k, mut lcg) = (1280, 64, 14, Lcg(4));
    let (x, w) = (lcg.normals(n * d), lcg.normals(d * k));
    let mut labels = Vec::new();
    for row in x.chunks_exact(d) {
        let score = |c: usize| -> f64 { (0..d).map(|j| row[j] * w[j * k + c]).sum() };
        let scores: Vec<f64> = (0..k).map(score).collect();
        labels.extend(scores[..3].iter().map(|score| score / 8.0));
        labels.extend(
            scores[3..6]
                .iter()
                .map(|&score| f64::from(u8::from(score > 0.0))),
        );
        for four in scores[6..].chunks_exact(4) {
            let best = (0..4).max_by(|&a, &b| four[a].total_cmp(&four[b]));
            labels.push(best.expect("a class") as f64);
        }
    }
    TaskTable {
        x: x.into_iter().map(|v| v as f32).collect(),
        labels,
    }
}

/// The class of the largest `adjust(cell, (x w)_cell)` of each row.
fn labels(x: &[f64], w: &[f64], k: usize, adjust: impl Fn(usize, f64) -> f64) -> Vec<u32> {
    let rows = x.chunks_exact(w.len() / k).enumerate();
    rows.map(|(i, row)| {
        let score = |c: usize| {
            let plain: f64 = row
                .iter()
                .zip(w.chunks_exact(k))
                .map(|(v, w)| v * w[c])
                .sum();
            adjust(i * k + c, plain)
        };
        (0..k)
            .max_by(|&a, &b| score(a).total_cmp(&score(b)))
            .expect("a class") as u32
    })
    .collect()
}

/// Each layer's weights as `in x out`, uniform within 1 / sqrt(in), drawn `out x in`; biases are zero.
pub fn network(widths: &[usize]) -> Vec<Vec<f32>> {
    let mut lcg = Lcg(3);
    let layers = widths.windows(2).map(|pair| {
        let (inputs, outputs) = (pair[0], pair[1]);
        let mut weight = vec![0.0; inputs * outputs];
        for (o, i) in (0..outputs).flat_map(|o| (0..inputs).map(move |i| (o, i))) {
            weight[i * outputs + o] = ((2.0 * lcg.uniform() - 1.0) / (inputs as f64).sqrt()) as f32;
        }
        weight
    });
    layers.collect()
}
