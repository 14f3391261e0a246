//! Classes of normal clusters at the corners of a cube.

use alloc::{collections::BTreeSet, vec, vec::Vec};

use super::{normals, product, reordered, setting, uniforms};
use crate::Result;
use crate::rng::{Rng, rng};

/// Settings of [`make_classification`].
#[derive(Clone, Debug, PartialEq)]
pub struct ClassificationConfig {
    /// Rows, `n`.
    pub rows: usize,
    /// Features in all, `d`; those beyond the next three counts are noise.
    pub features: usize,
    /// Features in which the clusters lie apart.
    pub informative: usize,
    /// Features that are random linear combinations of the informative ones.
    pub redundant: usize,
    /// Features that copy informative or redundant ones.
    pub repeated: usize,
    /// Number of classes.
    pub classes: usize,
    /// Clusters of each class.
    pub clusters_per_class: usize,
    /// The share of each class, or of each but the last; `None`: equal shares. Shares of all classes are divided by their sum.
    pub weights: Option<Vec<f64>>,
    /// The share of rows whose class is drawn anew.
    pub flip_y: f64,
    /// Half the side of the cube.
    pub class_sep: f64,
    /// Whether clusters lie at the cube's corners; if not, each is drawn in towards the middle, and the cube is squeezed to a box.
    pub hypercube: bool,
    /// Added to every feature; `None`: for each another number from `-class_sep` to `class_sep`.
    pub shift: Option<f64>,
    /// Multiplies every feature then; `None`: for each another number from 1 to 101.
    pub scale: Option<f64>,
    /// Whether rows and features are put in random order; if not, the features are informative, redundant, repeated, noise, in turn.
    pub shuffle: bool,
}

impl Default for ClassificationConfig {
    /// scikit-learn's.
    fn default() -> Self {
        Self {
            rows: 100,
            features: 20,
            informative: 2,
            redundant: 2,
            repeated: 0,
            classes: 2,
            clusters_per_class: 2,
            weights: None,
            flip_y: 0.01,
            class_sep: 1.0,
            hypercube: true,
            shift: Some(0.0),
            scale: Some(1.0),
            shuffle: true,
        }
    }
}

/// Features and classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Classification {
    /// Row-major `n x d`.
    pub x: Vec<f64>,
    /// The class of each row.
    pub y: Vec<u32>,
}

impl ClassificationConfig {
    fn clusters(&self) -> usize {
        self.classes.saturating_mul(self.clusters_per_class)
    }

    fn structured(&self) -> usize {
        let two = self.informative.saturating_add(self.redundant);
        two.saturating_add(self.repeated)
    }

    fn check(&self) -> Result<()> {
        let (structured, clusters) = (self.structured(), self.clusters());
        let fits = structured <= self.features;
        let must = "at least informative + redundant + repeated";
        setting(fits, "features", must, self.features as f64)?;
        setting(self.rows > 0, "rows", "positive", 0.0)?;
        setting(self.informative > 0, "informative", "positive", 0.0)?;
        setting(clusters > 0, "classes x clusters", "positive", 0.0)?;
        // The cube has 2^informative corners.
        let corners = 1_usize.checked_shl(self.informative as u32);
        let fits = corners.is_none_or(|corners| clusters <= corners);
        setting(
            fits,
            "classes x clusters",
            "at most 2^informative",
            clusters as f64,
        )?;
        let is_share = (0.0..=1.0).contains(&self.flip_y);
        setting(is_share, "flip_y", "from 0 to 1", self.flip_y)?;
        for (name, value) in [
            ("class_sep", self.class_sep),
            ("shift", self.shift.unwrap_or(0.0)),
            ("scale", self.scale.unwrap_or(1.0)),
        ] {
            setting(value.is_finite(), name, "finite", value)?;
        }
        Ok(())
    }

    /// The share of each class; they sum to 1.
    fn shares(&self) -> Result<Vec<f64>> {
        let Some(weights) = &self.weights else {
            return Ok(vec![1.0 / self.classes as f64; self.classes]);
        };
        let is_share = |w: &&f64| w.is_finite() && **w >= 0.0;
        let wrong = weights.iter().find(|w| !is_share(w));
        setting(
            wrong.is_none(),
            "weights",
            "shares",
            wrong.copied().unwrap_or(0.0),
        )?;
        let sum: f64 = weights.iter().sum();
        if weights.len() + 1 == self.classes {
            setting(sum <= 1.0, "the sum of weights", "at most 1", sum)?;
            return Ok([&weights[..], &[1.0 - sum]].concat());
        }
        let must = "as many as classes, or one fewer";
        setting(
            weights.len() == self.classes,
            "the number of weights",
            must,
            weights.len() as f64,
        )?;
        setting(sum > 0.0, "the sum of weights", "positive", sum)?;
        Ok(weights.iter().map(|w| w / sum).collect())
    }

    /// Rows of each cluster; cluster k is of class k mod classes.
    fn cluster_sizes(&self) -> Result<Vec<usize>> {
        let shares = self.shares()?;
        let exact =
            |k: usize| self.rows as f64 * shares[k % self.classes] / self.clusters_per_class as f64;
        let mut sizes: Vec<usize> = (0..self.clusters()).map(|k| exact(k) as usize).collect();
        let missing = self.rows.saturating_sub(sizes.iter().sum());
        (0..missing).for_each(|i| sizes[i % self.clusters()] += 1);
        Ok(sizes)
    }
}

/// A classification problem of known structure (Guyon 2003, the design of the NIPS 2003 feature selection challenge).
///
/// Each cluster's informative features are standard normal numbers times a random matrix of its own (entries from -1 to 1), moved to
/// a corner of the cube of side `2 class_sep`; no two clusters share a corner. The other features are made from them.
///
/// ```
/// use cognate::data::generate::{ClassificationConfig, make_classification};
/// let config = ClassificationConfig { rows: 1000, redundant: 10, clusters_per_class: 1, flip_y: 0.05, ..Default::default() };
/// let set = make_classification(&config, 0)?;
/// assert_eq!((set.x.len(), set.y.len()), (1000 * 20, 1000));
/// # Ok::<(), cognate::Error>(())
/// ```
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) for a setting out of its range, more structured features than features, or more clusters
/// than corners.
#[inline]
pub fn make_classification(config: &ClassificationConfig, seed: u64) -> Result<Classification> {
    config.check()?;
    let sizes = config.cluster_sizes()?;
    let stream = |part| rng(seed, part, 0);
    let informative = informative(config, &sizes, seed);
    let x = structured(config, &informative, seed);
    let clusters = sizes.iter().enumerate();
    let class = |(k, &size): (usize, &usize)| vec![(k % config.classes) as u32; size];
    let mut y: Vec<u32> = clusters.flat_map(class).collect();
    let mut flips = stream("classification.flips");
    for class in &mut y {
        let (is_flipped, other) = (flips.uniform() < config.flip_y, flips.below(config.classes));
        if is_flipped {
            *class = other as u32;
        }
    }
    if !config.shuffle {
        return Ok(Classification { x, y });
    }
    let mut order = stream("classification.order");
    let (rows, columns) = (
        order.permutation(config.rows),
        order.permutation(config.features),
    );
    Ok(Classification {
        x: reordered(&x, config.features, &rows, &columns),
        y: rows.iter().map(|&i| y[i]).collect(),
    })
}

/// The informative features, `n x informative`, cluster after cluster.
#[inline]
fn informative(config: &ClassificationConfig, sizes: &[usize], seed: u64) -> Vec<f64> {
    let width = config.informative;
    let corners = corners(
        config,
        sizes.len(),
        &mut rng(seed, "classification.corners", 0),
    );
    let (mut shapes, mut points) = (
        rng(seed, "classification.shapes", 0),
        rng(seed, "classification.points", 0),
    );
    let mut x = Vec::with_capacity(config.rows * width);
    for (corner, &size) in corners.chunks_exact(width).zip(sizes) {
        let shape = signs(uniforms(&mut shapes, width * width));
        let cluster = product(&normals(&mut points, size * width), &shape, width, width);
        let moved = cluster.iter().zip(corner.iter().cycle());
        x.extend(moved.map(|(x, corner)| x + corner));
    }
    x
}

/// From `[0, 1)` to `[-1, 1)`.
fn signs(uniforms: Vec<f64>) -> Vec<f64> {
    uniforms.into_iter().map(|u| 2.0 * u - 1.0).collect()
}

/// The clusters' centres, `clusters x informative`.
#[inline]
fn corners(config: &ClassificationConfig, clusters: usize, stream: &mut Rng) -> Vec<f64> {
    let width = config.informative;
    let mut taken = BTreeSet::new();
    let mut centers = Vec::with_capacity(clusters * width);
    while taken.len() < clusters {
        let corner: Vec<bool> = (0..width).map(|_| stream.next_u64() >> 63 == 1).collect();
        if taken.insert(corner.clone()) {
            let side = |up| {
                if up {
                    config.class_sep
                } else {
                    -config.class_sep
                }
            };
            centers.extend(corner.into_iter().map(side));
        }
    }
    if !config.hypercube {
        let inwards = uniforms(stream, clusters);
        let sides = uniforms(stream, width);
        let places = centers.iter_mut().enumerate();
        places.for_each(|(at, c)| *c *= inwards[at / width] * sides[at % width]);
    }
    centers
}

/// All features, `n x d`, in turn: informative, redundant, repeated, noise; shifted and scaled.
#[inline]
fn structured(config: &ClassificationConfig, informative: &[f64], seed: u64) -> Vec<f64> {
    let stream = |part| rng(seed, part, 0);
    let (inner, redundant) = (config.informative, config.redundant);
    let mixing = signs(uniforms(
        &mut stream("classification.mixing"),
        inner * redundant,
    ));
    let mixed = product(informative, &mixing, inner, redundant);
    let mut picks = stream("classification.repeated");
    let source = inner + redundant;
    let copies: Vec<usize> = (0..config.repeated).map(|_| picks.below(source)).collect();
    let noise_width = config.features - config.structured();
    let noise = normals(
        &mut stream("classification.noise"),
        config.rows * noise_width,
    );
    let (shift, scale) = placement(config, &mut stream("classification.scale"));
    let mut x = Vec::with_capacity(config.rows * config.features);
    for i in 0..config.rows {
        let start = x.len();
        x.extend_from_slice(&informative[i * inner..][..inner]);
        x.extend_from_slice(&mixed[i * redundant..][..redundant]);
        copies.iter().for_each(|&j| x.push(x[start + j]));
        x.extend_from_slice(&noise[i * noise_width..][..noise_width]);
        let row = x[start..].iter_mut().zip(shift.iter().zip(&scale));
        row.for_each(|(x, (shift, scale))| *x = (*x + shift) * scale);
    }
    x
}

/// Shift and scale of each feature.
fn placement(config: &ClassificationConfig, stream: &mut Rng) -> (Vec<f64>, Vec<f64>) {
    let drawn = |_| {
        let shift = config.class_sep * (2.0 * stream.uniform() - 1.0);
        let scale = 1.0 + 100.0 * stream.uniform();
        (config.shift.unwrap_or(shift), config.scale.unwrap_or(scale))
    };
    (0..config.features).map(drawn).unzip()
}
