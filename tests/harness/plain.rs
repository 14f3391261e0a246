//! A plain function, in f64, as the crate's objective in either element type.

use cognate::Real;
use cognate::objective::Objective;
use cognate::workspace::{Need, Work};

use crate::functions::Function;

/// A [`Function`] as an objective that keeps the visited point in `saved`, and refuses a product at another point.
pub struct Plain<F>(pub F);

fn wide<T: Real>(x: &[T]) -> Vec<f64> {
    x.iter().map(|v| v.to_f64()).collect()
}

impl<T: Real, F: Function> Objective<T> for Plain<F> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn need(&self) -> Need {
        Need {
            saved: self.0.len(),
            ..Need::default()
        }
    }

    fn value_grad(&self, p: &[T], g: Option<&mut [T]>, saved: &mut [T], _: &mut Work<'_, T>) -> T {
        let at = wide(p);
        if let Some(g) = g {
            for (out, v) in g.iter_mut().zip(self.0.gradient(&at)) {
                *out = T::from_f64(v);
            }
            saved[..p.len()].copy_from_slice(p);
        }
        T::from_f64(self.0.value(&at))
    }

    fn hvp(&self, p: &[T], saved: &[T], v: &[T], out: &mut [T], _: &mut Work<'_, T>) {
        assert_eq!(p, &saved[..p.len()], "saved is at another point");
        let (n, h, v) = (p.len(), self.0.hessian(&wide(p)), wide(v));
        for i in 0..n {
            out[i] = T::from_f64((0..n).map(|j| h[i * n + j] * v[j]).sum());
        }
    }

    fn gnvp(&self, p: &[T], saved: &[T], v: &[T], out: &mut [T], w: &mut Work<'_, T>) {
        self.hvp(p, saved, v, out, w);
    }
}
