//! Networks that many tasks share.
//!
//! A network of T tasks is **one layer** (see [`layer`](crate::layer)) from `d` inputs to `k_1 + .. + k_T` outputs: the links of task t, as
//! many as [`Kind::links`](crate::mtl::Kind::links) says, stand side by side, task after task. So whatever works on layers works on it.
//!
//! Tasks share rows (each row goes to every task; labels may be missing), or they bring rows of their own. Then the rows are sorted by
//! task and [`Ctx::groups`](crate::layer::Ctx::groups) has a range of rows a task, which only the task's own columns look at: of the
//! outputs, the block (rows of t, columns of t) matters and the rest is left as it was.
//!
//! In a pass with as many [`ways`](crate::layer::Ctx::ways) as tasks, way t is the cotangent of task t's loss: only its columns of t are
//! looked at. [`Ctx::weights`](crate::layer::Ctx::weights) say how much each task's cotangent counts where it enters layers that tasks
//! share; a task's own layers are always moved by its own loss, with weight 1.
//!
//! A [`MultiTaskMlp`] trains one. How its tasks share is an [`Architecture`]; behind each name stands a type that has all of its shapes:
//! ```text
//! hard-sharing    a trunk, a head a task                   Stack of dense layers and Heads
//! Depths          heads at different depths of a trunk     TaskDag     a later task reads what earlier ones know
//! CrossStitch     a tower a task, mixed layer by layer     Mmoe        shared experts, a gate a task
//! Ple             own and shared experts in levels         Mtan        a trunk, a mask a task on each of its layers
//! ```
//! All but the first are a [`Graph`] of a few kinds of [`Part`], which is where their verbs are written, once. [`HeadRelation`] holds
//! heads together as a task precision does linear models; labels that are nodes of a tree are [`ClassTree`](crate::mtl::ClassTree)'s.

mod architecture;
mod batch;
mod bilinear;
mod cross_stitch;
mod dag;
mod depths;
mod experts;
mod graph;
mod heads;
mod linear_heads;
mod mix;
mod mmoe;
mod model;
mod mtan;
mod network;
mod objective;
mod part;
mod ple;
mod relation;
mod run;
mod settings;
mod softmax;
mod sum;
mod training;
mod watch;
mod weigh;

pub use architecture::{Architecture, Built, Outline, Output};
pub use batch::{TaskBatch, TaskRows};
pub use bilinear::{Attend, Bilinear, Blend, Pairing};
pub use cross_stitch::CrossStitch;
pub use dag::TaskDag;
pub use depths::Depths;
pub use graph::{Columns, Graph, Node, Source};
pub use heads::Heads;
pub use linear_heads::LinearHeads;
pub use mix::Mix;
pub use mmoe::Mmoe;
pub use model::{TaskNetwork, TaskView};
pub use mtan::Mtan;
pub use network::Network;
pub use objective::TaskNetObjective;
pub use part::Part;
pub use ple::Ple;
pub use relation::HeadRelation;
pub use run::TaskNetReport;
pub use settings::{EarlyStopping, MultiTaskMlp};
pub use softmax::Softmax;
pub use sum::Sum;
pub use training::{Outcomes, TaskTraining, TrainingProgress, TrainingState};
pub use watch::Watch;

use core::fmt::Debug;

use cognate_kernels::Real;

use crate::layer::{Tangent, TaskGram};

/// A network of many tasks: any layer with all verbs that may be sent to other threads.
pub trait TaskNet<T: Real>: Tangent<T> + TaskGram<T> + Debug + Send + Sync {}

impl<T: Real, L: Tangent<T> + TaskGram<T> + Debug + Send + Sync> TaskNet<T> for L {}
