//! Prototypes that learn one example at a time, and forget one: sums of features and counts, `O(d)` an example.
//!
//! The means are those of the batch to rounding, and of nothing but what was learned and not forgotten.

use core::marker::PhantomData;

use cognate_kernels::{MatRef, Real};

use super::PrototypeHead;
use crate::check;
use crate::error::{Error, Result};
use crate::workspace::cut_mut;

/// Class means under change. `M` is the caller's buffer of [`PrototypeHead::running_memory`] elements.
#[derive(Clone, Debug)]
pub struct RunningPrototypes<T, M> {
    features: usize,
    classes: usize,
    memory: M,
    kind: PhantomData<T>,
}

impl PrototypeHead {
    /// Elements of memory of [`RunningPrototypes`] for so many features and classes.
    pub const fn running_memory(features: usize, classes: usize) -> usize {
        classes * (features + 1)
    }
}

impl<T: Real, M: AsRef<[T]> + AsMut<[T]>> RunningPrototypes<T, M> {
    /// Prototypes that have seen nothing.
    ///
    /// # Panics
    /// If the memory has another length than [`PrototypeHead::running_memory`].
    #[track_caller]
    pub fn new(features: usize, classes: usize, mut memory: M) -> Self {
        let len = PrototypeHead::running_memory(features, classes);
        assert_eq!(memory.as_mut().len(), len, "memory of the prototypes");
        memory.as_mut().fill(T::ZERO);
        Self {
            features,
            classes,
            memory,
            kind: PhantomData,
        }
    }

    /// Examples of `class`.
    pub fn rows(&self, class: u32) -> usize {
        let counts = &self.memory.as_ref()[self.classes * self.features..];
        counts[class as usize].to_f64() as usize
    }

    fn check(&self, h: &[T], class: u32) -> Result<()> {
        check::shape("h", (1, h.len()), (1, self.features))?;
        check::finite("h", MatRef::planned(h, 1, h.len()))?;
        check::labels(&[class], self.classes)
    }

    fn add(&mut self, h: &[T], class: u32, sign: T) {
        let (d, class) = (self.features, class as usize);
        let sums = self.classes * d;
        let ([sums, counts], _) = cut_mut(self.memory.as_mut(), [sums, self.classes]);
        let sum = &mut sums[class * d..][..d];
        sum.iter_mut().zip(h).for_each(|(sum, &h)| *sum += sign * h);
        counts[class] += sign;
        if counts[class] == T::ZERO {
            sum.fill(T::ZERO); // Not even rounding is left of what was forgotten.
        }
    }

    /// Learns an example of `class` with features `h`.
    ///
    /// # Errors
    /// If `h` or the class does not fit; nothing is learned then.
    pub fn learn(&mut self, h: &[T], class: u32) -> Result<()> {
        self.check(h, class)?;
        self.add(h, class, T::ONE);
        Ok(())
    }

    /// Forgets an example that was learned.
    ///
    /// # Errors
    /// If `h` or the class does not fit, or there is none of that class to forget.
    pub fn forget(&mut self, h: &[T], class: u32) -> Result<()> {
        self.check(h, class)?;
        check::not_empty("the examples of the class", self.rows(class))?;
        self.add(h, class, -T::ONE);
        Ok(())
    }

    /// The class means into `fitted: C x d`, for [`PrototypeHead`] to predict from.
    ///
    /// # Errors
    /// If a class has no example.
    pub fn solve(&self, fitted: &mut [T]) -> Result<()> {
        for (class, mean) in fitted
            .chunks_exact_mut(self.features)
            .take(self.classes)
            .enumerate()
        {
            let found = self.rows(class as u32);
            if found == 0 {
                return Err(Error::FewRows {
                    class: class as u32,
                    found,
                    needed: 1,
                });
            }
            let sum = &self.memory.as_ref()[class * self.features..];
            let count = T::from_usize(found);
            mean.iter_mut()
                .zip(sum)
                .for_each(|(mean, &sum)| *mean = sum / count);
        }
        Ok(())
    }
}
