//! The command line of `distill`.

use std::path::PathBuf;

use clap::Args;

use super::{Activation, Fill, Source};

#[derive(Debug, Args)]
pub struct Distill {
    /// Who teaches: a model file, or a .csv of what a teacher says of DATA's rows, in their order, as predict --proba writes it; several
    /// teachers, each with a target of its own, make one student of several tasks
    #[arg(required = true, value_name = "TEACHER")]
    pub teachers: Vec<PathBuf>,
    /// A CSV with the teacher's feature columns, or - for stdin. Labels are used where there are some: a row without is taught by the teacher
    /// alone
    pub data: PathBuf,
    /// Write the student here (safetensors)
    #[arg(short, long, value_name = "MODEL")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub student: StudentSettings,
    /// Hold out this share of the labelled rows, and score the student, the same taught by labels alone, and the teacher on them: 0.2, or a
    /// number of rows
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    pub test_size: Option<f64>,
    /// The column with the labels [the teacher's target]
    #[arg(long, value_name = "COL")]
    pub target: Option<String>,
    #[command(flatten)]
    pub source: Source,
    #[command(flatten)]
    pub inputs: Inputs,
}

/// The student and how it learns.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "The student")]
pub struct StudentSettings {
    /// Widths of its hidden layers
    #[arg(
        long,
        value_name = "N,N,..",
        value_delimiter = ',',
        default_value = "16"
    )]
    pub hidden: Vec<usize>,
    /// What the hidden units do [relu]
    #[arg(long)]
    pub activation: Option<Activation>,
    /// Softens the classes' logits on both sides: Hinton's T
    #[arg(
        long,
        value_name = "T",
        default_value_t = 4.0,
        allow_negative_numbers = true
    )]
    pub temperature: f64,
    /// The part of the labels in the loss, alpha CE + (1 - alpha) T^2 KL: 0 is the teacher alone, 1 the labels alone
    #[arg(
        long,
        value_name = "X",
        default_value_t = 0.5,
        allow_negative_numbers = true
    )]
    pub alpha: f64,
    /// Let alpha rise from 0 to 1 over all epochs, from the teacher to the labels
    #[arg(long, conflicts_with = "alpha")]
    pub anneal: bool,
    /// The most epochs
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub max_iter: usize,
    /// Rows a step [200, or all of fewer]
    #[arg(long, value_name = "N")]
    pub batch_size: Option<usize>,
    /// The step size of Adam
    #[arg(
        long,
        value_name = "X",
        default_value_t = 1e-3,
        allow_negative_numbers = true
    )]
    pub learning_rate: f64,
    /// Stop when the loss improves by less for ten epochs
    #[arg(
        long,
        value_name = "X",
        default_value_t = 1e-4,
        allow_negative_numbers = true
    )]
    pub tol: f64,
}

/// What the features are, where no model file among the teachers says so.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Features, where only CSVs teach")]
pub struct Inputs {
    /// Leave this column out (may be repeated)
    #[arg(long, value_name = "COL")]
    pub drop: Vec<String>,
    /// This column is a category, whatever it holds (may be repeated)
    #[arg(long, value_name = "COL")]
    pub categorical: Vec<String>,
    /// Fill empty feature cells, and add a column that says where
    #[arg(long)]
    pub impute: Option<Fill>,
}
