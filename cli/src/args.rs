//! The command line. Names and defaults follow scikit-learn where it has the thing.

mod distill;
mod make;

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

pub use distill::Distill;
pub use make::{Make, MakeBlobs, MakeClassification, MakeRegression, MakeTasks};

/// Learns from tables: fits, checks and compares models on a CSV.
#[derive(Debug, Parser)]
#[command(name = "cognate", version, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub common: Common,
}

/// Options of every subcommand.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// Seed of everything random
    #[arg(long, global = true, default_value_t = 0, value_name = "N")]
    pub seed: u64,
    /// Threads; else COGNATE_THREADS, else all cores. Results do not depend on it
    #[arg(long, global = true, value_name = "N")]
    pub threads: Option<usize>,
    /// Print the result as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing but results and errors
    #[arg(long, global = true)]
    pub quiet: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Which method predicts best here? Cross-validates them all, with an honest verdict
    ///
    /// Strengths of linear methods for several tasks are chosen by cross-validation within the training rows of each fold; their fits end at
    /// a duality gap of 1e-4 of the objective.
    Compare(Compare),
    /// Fit a model
    Fit(Box<Fit>),
    /// Predict the rows of a table
    Predict(Predict),
    /// Score a model on a table with labels
    Evaluate(Evaluate),
    /// Learn a new task from a few rows, starting from a meta-model
    Adapt(Adapt),
    /// Teach a small network what a model knows, and save it as a model
    Distill(Box<Distill>),
    /// List the bundled data sets, or write one as CSV
    Datasets(Datasets),
    /// Make up a data set and write it as CSV
    #[command(subcommand)]
    Make(Make),
    /// Say what a model file holds
    Info(Info),
}

/// Where a table comes from.
#[derive(Clone, Debug, Args)]
pub struct Source {
    /// What separates cells: one character, or "tab"
    #[arg(long, value_name = "CHAR", value_parser = delimiter)]
    pub delimiter: Option<u8>,
    /// Words that mean an empty cell, such as NA,NaN
    #[arg(long, value_name = "WORDS", value_delimiter = ',')]
    pub na: Vec<String>,
}

/// What the columns are.
#[derive(Clone, Debug, Args)]
#[command(group = ArgGroup::new("kind").args(["classify", "regression"]))]
pub struct Columns {
    /// The column to predict
    #[arg(long, value_name = "COL", conflicts_with = "targets")]
    pub target: Option<String>,
    /// The columns to predict
    #[arg(long, value_name = "A,B,..", value_delimiter = ',')]
    pub targets: Vec<String>,
    /// The target is classes
    #[arg(long)]
    pub classify: bool,
    /// The target is a number
    #[arg(long)]
    pub regression: bool,
    /// Leave this column out (may be repeated)
    #[arg(long, value_name = "COL")]
    pub drop: Vec<String>,
    /// This column is a category, whatever it holds (may be repeated)
    #[arg(long, value_name = "COL")]
    pub categorical: Vec<String>,
    /// Fill empty feature cells, and add a column that says where
    #[arg(long)]
    pub impute: Option<Fill>,
    /// A weight for each row
    #[arg(long, value_name = "COL")]
    pub weights: Option<String>,
    /// Rows with the same value here stay on one side of every split
    #[arg(long, value_name = "COL")]
    pub group: Option<String>,
}

impl Columns {
    /// The targets asked for, in order.
    pub fn targets(&self) -> Vec<String> {
        self.target.iter().chain(&self.targets).cloned().collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Fill {
    Mean,
    Median,
}

#[derive(Debug, Args)]
pub struct Compare {
    /// A CSV with a header, or - for stdin; bundled sets if there is none
    pub data: Option<PathBuf>,
    #[command(flatten)]
    pub source: Source,
    #[command(flatten)]
    pub columns: Columns,
    /// Rows with the same value here are one task
    #[arg(long, value_name = "COL", conflicts_with = "targets")]
    pub task: Option<String>,
    /// What relates the tasks, a CSV of node,parent[,lambda], of a,b,weight, or a matrix with names
    #[arg(long, value_name = "FILE")]
    pub relation: Option<PathBuf>,
    /// Folds of the cross-validation
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub folds: usize,
}

#[derive(Debug, Args)]
pub struct Fit {
    /// The method: logistic, linear, ridge or mlp for one model; for tasks that share, pooled, independent, mean-regularised,
    /// shared-specific, tree, graph, icm, mtrl, clustered, random-effects, l21, l1, elastic, trace, dirty, robust, tree-lasso, and the networks hard-sharing,
    /// cross-stitch, mmoe, ple, mtan and task-dag; with --from MODEL, biased (a linear model towards given weights), l2-sp, lp-ft and mlp
    /// (fine-tuning of a network); and the meta-learners
    pub method: String,
    /// A CSV with a header, or - for stdin
    pub data: PathBuf,
    /// Write the model here (safetensors)
    #[arg(short, long, value_name = "MODEL")]
    pub output: Option<PathBuf>,
    /// Hold out this share of the rows for a score: 0.2, or a number of rows
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    pub test_size: Option<f64>,
    /// Bring the features to mean 0 and variance 1
    #[arg(long)]
    pub standardize: bool,
    /// Numbers of the model; f64 for linear models, f32 for networks if not said
    #[arg(long)]
    pub precision: Option<Precision>,
    /// Rows with the same value here are one task
    #[arg(long, value_name = "COL", conflicts_with = "targets")]
    pub task: Option<String>,
    /// biased, l2-sp, lp-ft, mlp: the model to start from, whose columns and scales are kept
    #[arg(long, value_name = "MODEL")]
    pub from: Option<PathBuf>,
    #[command(flatten)]
    pub source: Source,
    #[command(flatten)]
    pub columns: Columns,
    #[command(flatten)]
    pub settings: Settings,
    #[command(flatten)]
    pub meta: MetaSettings,
}

/// Settings of the methods; each method has some of them.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Settings of the methods")]
pub struct Settings {
    /// logistic: inverse strength of the L2 penalty [1]
    #[arg(long = "C", value_name = "X", allow_negative_numbers = true)]
    pub c: Option<f64>,
    /// logistic, networks: when to stop [1e-4]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub tol: Option<f64>,
    /// logistic, networks: the most iterations or epochs [100; mlp 200]
    #[arg(long, value_name = "N")]
    pub max_iter: Option<usize>,
    /// logistic: the optimiser [lbfgs]
    #[arg(long)]
    pub solver: Option<Solver>,
    /// logistic: weigh the classes so that each counts the same
    #[arg(long)]
    pub class_weight: Option<ClassWeight>,
    /// ridge, networks: strength of the L2 penalty [1; mlp 1e-4]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub alpha: Option<f64>,
    /// networks: widths of the hidden layers [100]
    #[arg(long, value_name = "N,N,..", value_delimiter = ',')]
    pub hidden: Option<Vec<usize>>,
    /// networks: what the hidden units do [relu]
    #[arg(long)]
    pub activation: Option<Activation>,
    /// networks: the first step size of Adam [1e-3]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub learning_rate: Option<f64>,
    /// networks: rows a step [200, or all of fewer]
    #[arg(long, value_name = "N")]
    pub batch_size: Option<usize>,
    /// networks: stop once a tenth of the rows, held out, no longer improves
    #[arg(long)]
    pub early_stopping: bool,
    /// methods that share: strength of the penalty; chosen by cross-validation if not said. biased: likewise, by leaving each row out; l2-sp:
    /// of the pull to the source [0.01]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub lambda: Option<f64>,
    /// tree, tree-lasso, graph, icm: what relates the tasks, a CSV of node,parent[,lambda], of a,b,weight, or a matrix with names;
    /// nested-labels: node,parent of the classes
    #[arg(long, value_name = "FILE")]
    pub relation: Option<PathBuf>,
    /// networks that tasks share: how much each task counts, such as equal, dwa, mgda, pcgrad, nash-mtl [equal]
    #[arg(long, value_name = "NAME")]
    pub balance: Option<String>,
    /// random-effects: what the covariance is learned by [reml]
    #[arg(long)]
    pub likelihood: Option<Likelihood>,
    /// random-effects: the covariance of the tasks' own parts [full]
    #[arg(long)]
    pub covariance: Option<Covariance>,
}

/// Settings of the meta-learners; each has some of them.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Settings of the meta-learners")]
pub struct MetaSettings {
    /// Rows of a task to learn from, of all its classes together: five with --ways 5 are one a class [10]
    #[arg(long, value_name = "N")]
    pub shots: Option<usize>,
    /// Rows of a task to be judged by [as many as shots]
    #[arg(long, value_name = "N")]
    pub queries: Option<usize>,
    /// Classes of an episode, drawn of its task's, or without --task of the file's [all of the task's]
    #[arg(long, value_name = "N")]
    pub ways: Option<usize>,
    /// cavia: numbers that a task adapts [5]
    #[arg(long, value_name = "N")]
    pub context: Option<usize>,
    /// maml and its kin: gradient steps of a task [1]
    #[arg(long, value_name = "N")]
    pub inner_steps: Option<usize>,
    /// maml and its kin: their rate [.01; cavia .5, anil .1, reptile .02]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub inner_rate: Option<f64>,
    /// Meta-steps [20000]
    #[arg(long, value_name = "N")]
    pub meta_steps: Option<u64>,
    /// Tasks of a meta-step [25]
    #[arg(long, value_name = "N")]
    pub tasks_per_step: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Likelihood {
    Ml,
    Reml,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Covariance {
    Full,
    Diagonal,
    Scalar,
    Intercept,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Precision {
    F32,
    F64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Solver {
    Lbfgs,
    NewtonCg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ClassWeight {
    Balanced,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Activation {
    Identity,
    Relu,
    Tanh,
    Logistic,
    Gelu,
}

#[derive(Debug, Args)]
pub struct Adapt {
    /// A meta-model's file
    pub model: PathBuf,
    /// A CSV with the rows of one task: the model's feature columns and its target, or - for stdin
    pub support: PathBuf,
    /// Write the adapted model here (safetensors)
    #[arg(short, long, value_name = "MODEL")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub source: Source,
}

#[derive(Debug, Args)]
pub struct Predict {
    /// A model file
    pub model: PathBuf,
    /// A CSV with the model's feature columns, in any order, or - for stdin
    pub data: PathBuf,
    /// Write the CSV here; stdout if not said
    #[arg(short, long, value_name = "CSV")]
    pub output: Option<PathBuf>,
    /// Add a column with the probability of each class
    #[arg(long)]
    pub proba: bool,
    #[command(flatten)]
    pub source: Source,
}

#[derive(Debug, Args)]
pub struct Evaluate {
    /// A model file
    pub model: PathBuf,
    /// A CSV with the model's feature and target columns, or - for stdin
    pub data: PathBuf,
    #[command(flatten)]
    pub source: Source,
    /// Meta-models: rows of each task that adapt, its first; the rest score [as many as in training]
    #[arg(long, value_name = "N")]
    pub shots: Option<usize>,
}

#[derive(Debug, Args)]
pub struct Datasets {
    /// Write this set; list all if not said
    pub name: Option<String>,
    /// Write the CSV here; stdout if not said
    #[arg(short, long, value_name = "CSV", requires = "name")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Info {
    /// A model file
    pub model: PathBuf,
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        _ if text == "tab" || text == "\\t" => Ok(b'\t'),
        [byte] if !byte.is_ascii_alphanumeric() && !matches!(byte, b'"' | b'\n' | b'\r') => {
            Ok(*byte)
        }
        _ => Err("one character that is no letter, digit or quote, or \"tab\"".to_owned()),
    }
}
