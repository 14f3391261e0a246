//! What `make` takes.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum Make {
    /// Clusters at the corners of a cube, each belonging to a class
    Classification(MakeClassification),
    /// A linear function of some of the features, and noise
    Regression(MakeRegression),
    /// Round clusters, each a class
    Blobs(MakeBlobs),
    /// Tasks: sines of different amplitude and phase
    Sinusoid(MakeTasks),
    /// Tasks: five classes that differ in 5 of 32 rotated dimensions
    Subspace(MakeTasks),
}

#[derive(Debug, Args)]
pub struct MakeTasks {
    /// Tasks
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub tasks: usize,
    /// Rows of a task
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub rows: usize,
    /// Write the CSV here; stdout if not said
    #[arg(short, long, value_name = "CSV")]
    pub output: Option<PathBuf>,
}

/// Where a made set goes.
#[derive(Debug, Args)]
pub struct MakeOutput {
    /// Rows
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub n_samples: usize,
    /// Write the CSV here; stdout if not said
    #[arg(short, long, value_name = "CSV")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct MakeClassification {
    #[command(flatten)]
    pub to: MakeOutput,
    /// Features in all
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub n_features: usize,
    /// Features that tell the classes apart
    #[arg(long, default_value_t = 2, value_name = "N")]
    pub n_informative: usize,
    /// Features that are mixtures of those
    #[arg(long, default_value_t = 2, value_name = "N")]
    pub n_redundant: usize,
    /// Features that repeat others
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub n_repeated: usize,
    /// Classes
    #[arg(long, default_value_t = 2, value_name = "N")]
    pub n_classes: usize,
    /// Clusters a class
    #[arg(long, default_value_t = 2, value_name = "N")]
    pub n_clusters_per_class: usize,
    /// Share of the rows whose class is drawn anew
    #[arg(long, default_value_t = 0.01, value_name = "X")]
    pub flip_y: f64,
    /// Half a side of the cube
    #[arg(long, default_value_t = 1.0, value_name = "X")]
    pub class_sep: f64,
}

#[derive(Debug, Args)]
pub struct MakeRegression {
    #[command(flatten)]
    pub to: MakeOutput,
    /// Features in all
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub n_features: usize,
    /// Features that matter
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub n_informative: usize,
    /// Targets
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub n_targets: usize,
    /// What the function is at 0
    #[arg(
        long,
        default_value_t = 0.0,
        value_name = "X",
        allow_negative_numbers = true
    )]
    pub bias: f64,
    /// Standard deviation of the noise
    #[arg(long, default_value_t = 0.0, value_name = "X")]
    pub noise: f64,
}

#[derive(Debug, Args)]
pub struct MakeBlobs {
    #[command(flatten)]
    pub to: MakeOutput,
    /// Features
    #[arg(long, default_value_t = 2, value_name = "N")]
    pub n_features: usize,
    /// Clusters
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub centers: usize,
    /// Standard deviation of a cluster
    #[arg(long, default_value_t = 1.0, value_name = "X")]
    pub cluster_std: f64,
}
