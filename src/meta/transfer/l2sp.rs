//! L2-SP (Li, Grandvalet and Davoine 2018): fine-tuning that is held near its starting point.
//!
//! ```text
//! f(p) + sum over spans s of a_s/2 |p_s - p0_s|^2
//! ```
//! with the pretrained `p0`, a strength `a` for the spans that came with it, and another (towards `p0 = 0`, say) for new ones. The pull is
//! a part of the objective, hence of its gradient and Hessian products; an optimiser that scales gradients scales it too. A strength that
//! grows without bound freezes its span, one of 0 leaves it free.

use cognate_kernels::{Level, Real, axpy};

use crate::objective::Objective;
use crate::params::Span;
use crate::workspace::{Need, Work};

/// An objective and the pull of its parameters towards an anchor.
#[derive(Clone, Copy, Debug)]
pub struct L2Sp<'a, T, O> {
    /// What is to be minimised.
    pub inner: O,
    /// `p0`, as long as the parameters.
    pub anchor: &'a [T],
    /// The spans that are pulled, each with its strength `a`.
    pub strengths: &'a [(Span, T)],
}

impl<T: Real, O: Objective<T>> L2Sp<'_, T, O> {
    /// `out += a v` on every span.
    fn add(&self, v: &[T], out: &mut [T], level: Level) {
        for (span, strength) in self.strengths {
            axpy(level, *strength, span.of(v), span.of_mut(out));
        }
    }

    /// The pull's value at `p`; its gradient is added to `g` where there is one.
    fn pull(&self, p: &[T], mut g: Option<&mut [T]>) -> f64 {
        let mut total = 0.0;
        for (span, strength) in self.strengths {
            let mut sum = 0.0;
            for i in span.range() {
                let apart = p[i] - self.anchor[i];
                sum += (apart * apart).to_f64();
                if let Some(g) = &mut g {
                    g[i] += *strength * apart;
                }
            }
            total += 0.5 * strength.to_f64() * sum;
        }
        total
    }
}

impl<T: Real, O: Objective<T>> Objective<T> for L2Sp<'_, T, O> {
    fn len(&self) -> usize {
        self.inner.len()
    }

    fn need(&self) -> Need {
        self.inner.need()
    }

    fn value_grad(
        &self,
        p: &[T],
        mut g: Option<&mut [T]>,
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) -> T {
        let value = self.inner.value_grad(p, g.as_deref_mut(), saved, w);
        T::from_f64(value.to_f64() + self.pull(p, g))
    }

    fn hvp(&self, p: &[T], saved: &[T], v: &[T], out: &mut [T], w: &mut Work<'_, T>) {
        self.inner.hvp(p, saved, v, out, w);
        self.add(v, out, w.level());
    }

    fn gnvp(&self, p: &[T], saved: &[T], v: &[T], out: &mut [T], w: &mut Work<'_, T>) {
        self.inner.gnvp(p, saved, v, out, w);
        self.add(v, out, w.level());
    }
}
