//! Distillation: a student learns what a teacher says, not only what is right.
//!
//! The regulariser of the one formula, measured in function space: with the student's links `z`, the teacher's `v`, the truth `y` and
//! `alpha` in [0, 1],
//!
//! | loss | a row's `l` | links |
//! |---|---|---|
//! | [`Softened`] | `alpha CE(z, y) + (1 - alpha) T^2 KL(softmax(v/T) | softmax(z/T))` (Hinton, Vinyals and Dean 2015) | a logit a class |
//! | [`SoftenedLogistic`] | the same for each logit by itself | one logit for two classes, or one a label |
//! | [`Matched`] | `alpha/2 (z - y)^2 + (1 - alpha)/2 (z - v)^2`; at alpha 0 of logits: Ba and Caruana 2014 | numbers, or logits |
//! | [`Lessons`] | the sum over tasks, each with a teacher of its own (BAM: Clark and others 2019) | the tasks' side by side |
//! | [`Similarity`] | `|G_s - G_t|^2 / b^2` of the rows' normalised Gram matrices (Tung and Mori 2019) | hidden units, any number |
//!
//! All are losses in link space like any other, with exact Hessian products, so that whatever learns by a loss can learn from a teacher:
//! a network, a linear map, an inner loop. They find the teacher in the targets, which are numbers: of each task first the teacher's
//! links, then the truth, all made once and kept ([`Taught`]). A truth that is masked counts nothing: inputs without labels teach as well.
//!
//! Any model that maps features to links is a teacher ([`taught_links`]), as is a table of probabilities ([`logits_of`]). [`Hint`] is the first stage
//! of FitNets, [`born_again`] a line of students each taught by the last. [`Distillation`] trains a student of one or several teachers by
//! mini-batches.

mod answers;
mod binary;
#[cfg(feature = "alloc")]
mod born_again;
#[cfg(feature = "alloc")]
mod hint;
mod lessons;
mod matched;
mod similarity;
mod softened;
#[cfg(feature = "alloc")]
mod student;
#[cfg(feature = "alloc")]
mod taught;

pub use binary::SoftenedLogistic;
#[cfg(feature = "alloc")]
pub use born_again::{born_again, mean_links};
#[cfg(feature = "alloc")]
pub use hint::{Hint, hidden};
pub use lessons::{Annealing, Lesson, Lessons, Pupil};
pub use matched::Matched;
pub use similarity::Similarity;
pub use softened::Softened;
#[cfg(feature = "alloc")]
pub use student::{Distillation, Student};
#[cfg(feature = "alloc")]
pub use taught::{Taught, logits_of, taught_links};
