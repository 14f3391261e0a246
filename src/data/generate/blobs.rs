//! Normal clusters, a class each.

use alloc::vec::Vec;

use super::{normals, reordered, setting};
use crate::Result;
use crate::rng::rng;

/// Settings of [`make_blobs`].
#[derive(Clone, Debug, PartialEq)]
pub struct BlobsConfig {
    /// Rows, `n`, dealt out to the clusters as evenly as they can be.
    pub rows: usize,
    /// Features, `d`.
    pub features: usize,
    /// Number of clusters, `k`.
    pub clusters: usize,
    /// The clusters' centres, row-major `k x d`; `None`: uniform in a box.
    pub centers: Option<Vec<f64>>,
    /// Standard deviation of the clusters: one for all, or one each.
    pub cluster_std: Vec<f64>,
    /// The box of random centres, from its least to its greatest coordinate.
    pub center_box: (f64, f64),
    /// Whether rows are put in random order; if not, they lie cluster after cluster.
    pub shuffle: bool,
}

impl Default for BlobsConfig {
    /// scikit-learn's.
    fn default() -> Self {
        Self {
            rows: 100,
            features: 2,
            clusters: 3,
            centers: None,
            cluster_std: [1.0].to_vec(),
            center_box: (-10.0, 10.0),
            shuffle: true,
        }
    }
}

/// Features, classes and the clusters' centres.
#[derive(Clone, Debug, PartialEq)]
pub struct Blobs {
    /// Row-major `n x d`.
    pub x: Vec<f64>,
    /// The cluster of each row.
    pub y: Vec<u32>,
    /// Row-major `k x d`.
    pub centers: Vec<f64>,
}

impl BlobsConfig {
    fn check(&self) -> Result<()> {
        for (name, count) in [
            ("rows", self.rows),
            ("features", self.features),
            ("clusters", self.clusters),
        ] {
            setting(count > 0, name, "positive", 0.0)?;
        }
        let stds = self.cluster_std.len();
        let must = "1, or as many as clusters";
        let fits = stds == 1 || stds == self.clusters;
        setting(fits, "the number of cluster_std", must, stds as f64)?;
        let is_std = |std: &f64| std.is_finite() && *std >= 0.0;
        let wrong = self.cluster_std.iter().copied().find(|std| !is_std(std));
        let must = "finite and not negative";
        setting(wrong.is_none(), "cluster_std", must, wrong.unwrap_or(0.0))?;
        let (low, high) = self.center_box;
        let is_box = low <= high && (high - low).is_finite();
        setting(
            is_box,
            "center_box",
            "from a number to one not below it",
            high - low,
        )?;
        if let Some(centers) = &self.centers {
            let (found, must) = (centers.len() as f64, "clusters x features");
            let fits = self.clusters.checked_mul(self.features) == Some(centers.len());
            setting(fits, "the number of coordinates of centers", must, found)?;
            let wrong = centers.iter().copied().find(|c| !c.is_finite());
            setting(wrong.is_none(), "centers", "finite", wrong.unwrap_or(0.0))?;
        }
        Ok(())
    }
}

/// Isotropic normal clusters; row i's class is its cluster.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) for a setting out of its range.
#[inline]
pub fn make_blobs(config: &BlobsConfig, seed: u64) -> Result<Blobs> {
    config.check()?;
    let (rows, width, clusters) = (config.rows, config.features, config.clusters);
    let mut places = rng(seed, "blobs.centers", 0);
    let (low, high) = config.center_box;
    let drawn = |_| places.uniform_in(low, high);
    let centers = match &config.centers {
        Some(centers) => centers.clone(),
        None => (0..clusters * width).map(drawn).collect(),
    };
    let size = |k: usize| rows / clusters + usize::from(k < rows % clusters);
    let y: Vec<u32> = (0..clusters)
        .flat_map(|k| core::iter::repeat_n(k as u32, size(k)))
        .collect();
    let mut x = normals(&mut rng(seed, "blobs.points", 0), rows * width);
    for (row, &k) in x.chunks_exact_mut(width).zip(&y) {
        let center = &centers[k as usize * width..][..width];
        let std = config.cluster_std[k as usize % config.cluster_std.len()];
        row.iter_mut()
            .zip(center)
            .for_each(|(x, c)| *x = c + std * *x);
    }
    if !config.shuffle {
        return Ok(Blobs { x, y, centers });
    }
    let order = rng(seed, "blobs.order", 0).permutation(rows);
    let columns: Vec<usize> = (0..width).collect();
    Ok(Blobs {
        x: reordered(&x, width, &order, &columns),
        y: order.iter().map(|&i| y[i]).collect(),
        centers,
    })
}
