//! A fitted student: an ordinary pipeline, of one target or of several tasks.

use alloc::vec::Vec;

use cognate_kernels::Real;

use crate::data::table::Table;
use crate::error::Result;
use crate::pipeline::tasks::{Response, TaskPipeline};
use crate::pipeline::{Pipeline, Prediction};

/// What distillation gives.
#[derive(Clone, Debug)]
pub enum Distilled {
    /// A network for one target, or for several numbers.
    Single(Pipeline<f32>),
    /// A network of tasks that share a trunk.
    Tasks(TaskPipeline),
}

impl Distilled {
    /// The prediction of the rows of a raw table as those of task `t`, in the order of the teachers' tasks.
    ///
    /// # Errors
    /// What the encoder says of the table.
    #[inline]
    pub fn predict_task(
        &self,
        t: usize,
        response: &Response,
        table: &Table,
    ) -> Result<Prediction<f64>> {
        match self {
            Self::Tasks(pipeline) => pipeline.predict_task(Some(t), table),
            Self::Single(pipeline) => {
                let said = pipeline.predict(table)?;
                let said = Prediction {
                    values: said.values.iter().map(|v| v.to_f64()).collect(),
                    width: said.width,
                };
                Ok(match response {
                    Response::Number => said.column(t),
                    Response::Classes(_) => said,
                })
            }
        }
    }

    /// Number of parameters.
    pub fn parameters(&self) -> usize {
        match self {
            Self::Single(pipeline) => pipeline.model().parameters(),
            Self::Tasks(pipeline) => pipeline.model().parameters(),
        }
    }

    /// The model file.
    #[inline]
    pub fn to_file(&self) -> Vec<u8> {
        match self {
            Self::Single(pipeline) => pipeline.to_file(),
            Self::Tasks(pipeline) => pipeline.to_file(),
        }
    }
}
