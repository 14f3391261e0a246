//! The gradient of a batch of episodes, side by side on threads, the same bits on any number of them.
//!
//! Episodes are cut into at most 16 shares by a formula of their number alone; a share sums its gradients in the order of its episodes, and
//! the shares are added in theirs. An episode whose head does not fit, or whose loss or gradient is not finite, is left out of the mean and
//! counted.

use cognate_kernels::{Level, Real, axpy, max_abs, scale};

use super::{ClosedForm, Episode, HeadAdjoint, Shape};
use crate::layer::Backward;
use crate::loss::Loss;
use crate::parallel::{MAX_CHUNKS, for_each};
use crate::workspace::{Need, Work, cut_mut};

/// What a batch of episodes says about itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EpisodesReport {
    /// Mean query loss of the episodes used; NaN if there are none.
    pub loss: f64,
    /// Episodes in the mean.
    pub used: usize,
    /// Episodes left out.
    pub skipped: usize,
}

/// One share of a batch, with what it works in.
#[derive(Default)]
struct Part<'s, T> {
    sums: &'s mut [T],
    gradient: &'s mut [T],
    scratch: &'s mut [T],
    first: usize,
    report: EpisodesReport,
}

/// Episodes of a share, and how many shares there are.
fn shares(episodes: usize) -> (usize, usize) {
    let each = episodes.div_ceil(MAX_CHUNKS).max(1);
    (each, episodes.div_ceil(each))
}

impl<T, B, H, L> ClosedForm<T, B, H, L>
where
    T: Real,
    B: Backward<T> + Sync,
    H: HeadAdjoint<T> + Sync,
    L: Loss<T> + Sync,
{
    /// Scratch for [`ClosedForm::batch_grad`] on up to `episodes` episodes of up to this size.
    pub fn batch_need(&self, shape: &Shape, episodes: usize) -> Need {
        let each = 2 * self.params() + self.need(shape).scratch;
        Need::scratch(shares(episodes).1 * each)
    }

    /// The mean gradient of `count` episodes by the meta-parameters `p` into `g` (0 if none can be used), and their mean loss. `shape` is
    /// that of the largest episode; `seed` is the body's, for dropout.
    pub fn batch_grad<'e>(
        &self,
        p: &[T],
        (count, episode): (usize, &(dyn Fn(usize) -> Episode<'e, T> + Sync)),
        (shape, seed): (&Shape, u64),
        g: &mut [T],
        w: &mut Work<'_, T>,
    ) -> EpisodesReport {
        let (level, threads, params) = (w.level(), w.threads(), self.params());
        let (each, shares) = shares(count);
        let room = self.need(shape).scratch;
        let mut slab = w.scratch();
        let mut parts: [Part<'_, T>; MAX_CHUNKS] = Default::default();
        for (share, part) in parts[..shares].iter_mut().enumerate() {
            ([part.sums, part.gradient, part.scratch], slab) =
                cut_mut(slab, [params, params, room]);
            part.first = share * each;
        }
        for_each(threads, &mut parts[..shares], |part| {
            let mine = part.first..(part.first + each).min(count);
            self.share(p, mine.map(episode), seed, part, level);
        });
        let g = &mut g[..params];
        g.fill(T::ZERO);
        let mut report = EpisodesReport::default();
        for part in &parts[..shares] {
            axpy(level, T::ONE, part.sums, g);
            report.loss += part.report.loss;
            report.used += part.report.used;
            report.skipped += part.report.skipped;
        }
        let used = report.used as f64;
        report.loss /= used;
        scale(level, T::from_f64(1.0 / used.max(1.0)), g);
        report
    }

    /// The summed gradients of a share's episodes.
    fn share<'e>(
        &self,
        p: &[T],
        episodes: impl Iterator<Item = Episode<'e, T>>,
        seed: u64,
        part: &mut Part<'_, T>,
        level: Level,
    ) {
        part.sums.fill(T::ZERO);
        for episode in episodes {
            let w = &mut Work::new(level, part.scratch);
            let loss = self.loss_grad(p, &episode, Some(part.gradient), seed, w);
            match loss {
                Ok(loss) if (loss + max_abs(level, part.gradient)).is_finite() => {
                    axpy(level, T::ONE, part.gradient, part.sums);
                    part.report.loss += loss.to_f64();
                    part.report.used += 1;
                }
                _ => part.report.skipped += 1,
            }
        }
    }
}
