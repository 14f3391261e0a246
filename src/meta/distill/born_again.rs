//! Born-again networks (Furlanello and others 2018): a line of students, each of its teacher's own shape, each taught by the one before.

use alloc::vec::Vec;

use cognate_kernels::{MatRef, Real};

use super::taught::taught_links;
use crate::error::Result;
use crate::model::Links;

/// `generations` students for `x: n x d`. `raise(g, teacher)` makes student g, from the links (`n x k`) of student g - 1 on the same rows, of
/// which the first has none. The mean of the students' links is an ensemble that often beats the last of them.
///
/// # Errors
/// Those of `raise`, or if a student has other features than `x`.
pub fn born_again<M: Links>(
    x: MatRef<'_, M::Number>,
    generations: usize,
    mut raise: impl FnMut(usize, Option<MatRef<'_, M::Number>>) -> Result<M>,
) -> Result<Vec<M>> {
    let mut line: Vec<M> = Vec::with_capacity(generations);
    for generation in 0..generations {
        let links = line
            .last()
            .map(|teacher| taught_links(teacher, x))
            .transpose()?;
        let teacher = links.as_ref().zip(line.last());
        let teacher =
            teacher.map(|(links, model)| MatRef::planned(links, x.rows(), model.outputs()));
        line.push(raise(generation, teacher)?);
    }
    Ok(line)
}

/// The mean of several models' links for `x: n x d`: `n x k`, empty without models.
///
/// # Errors
/// If a model has other features than `x`, or `x` a number that is not finite.
pub fn mean_links<T: Real, M: Links<Number = T>>(models: &[M], x: MatRef<'_, T>) -> Result<Vec<T>> {
    let mut mean: Vec<T> = Vec::new();
    for model in models {
        let links = taught_links(model, x)?;
        mean.resize(links.len(), T::ZERO);
        for (mean, link) in mean.iter_mut().zip(links) {
            *mean += link;
        }
    }
    let count = T::from_usize(models.len());
    mean.iter_mut().for_each(|mean| *mean /= count);
    Ok(mean)
}
