//! Learning to learn: `phi` is what is brought to a new task (a starting point, a body, a teacher), `theta_i` what task i makes of it
//! from a few examples.
//!
//! A task is a pair of row sets: the *support* set, from which it is learned, and the *query* set, on which what was learned is judged.
//! With `U` the rule that makes a task's own parameters out of the shared ones, meta-training minimises
//! ```text
//! sum_i L_Qi(theta_i),     theta_i = U(phi, S_i)
//! ```
//! over `phi`, and adaptation is `U` alone, on a support set never seen. The methods differ in `U`: a few steps of gradient descent from
//! `phi` (MAML and its kin), a few steps on a context vector (CAVIA), a regularised optimum (implicit MAML), or a head in closed form on
//! a shared body (ridge, prototypes). Transfer fixes `phi` beforehand; distillation replaces labels by what a teacher says.
//!
//! **Scale of losses.** Meta-learners step on and report means over rows and outputs: `(z - y)^2` for numbers (without the 1/2 that the
//! rest of the crate has), cross-entropy for classes, so that an inner rate means what the papers mean by it.

mod adapt;
mod batch;
mod clip;
mod cut;
pub mod distill;
pub mod heads;
mod implicit;
mod learner;
mod net_tasks;
mod rates;
mod start;
mod tape;
mod tasks;
#[cfg(feature = "alloc")]
pub mod transfer;
mod unroll;

#[cfg(feature = "alloc")]
mod adapter;
#[cfg(feature = "alloc")]
pub mod embedding;
#[cfg(feature = "alloc")]
pub mod episodes;
#[cfg(feature = "alloc")]
mod evaluate;
#[cfg(feature = "alloc")]
mod loss;
#[cfg(feature = "alloc")]
pub mod methods;
#[cfg(feature = "alloc")]
mod mini_batches;
#[cfg(feature = "alloc")]
mod model;
#[cfg(feature = "alloc")]
mod net;
#[cfg(feature = "alloc")]
mod settings;
#[cfg(feature = "alloc")]
mod training;

pub use adapt::Adaptation;
pub use batch::BatchReport;
pub use implicit::{Implicit, Optimum, Solved};
pub use learner::{InnerLoop, Learner, MetaGradient};
pub use net_tasks::{NetTasks, Rows};
pub use rates::{Rates, SharedBy};
pub use tasks::{Gradients, Start, Tasks};

#[cfg(feature = "alloc")]
pub use adapter::{Adapted, Adapter};
#[cfg(feature = "alloc")]
pub use evaluate::{Evaluation, Score};
#[cfg(feature = "alloc")]
pub use mini_batches::{BatchObjective, MiniBatch, MiniBatches};
#[cfg(feature = "alloc")]
pub use model::MetaModel;
#[cfg(feature = "alloc")]
pub use settings::{MetaLearner, MultiStep};
#[cfg(feature = "alloc")]
pub use training::{MetaReport, MetaTraining};
