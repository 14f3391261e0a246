//! A head with the memory that it asks for.

use cognate::loss::Targets;
use cognate::meta::heads::{Head, HeadAdjoint, HeadGradient, HeadPoint, Shape, Support};
use cognate::workspace::Workspace;
use cognate::{MatMut, MatRef, Real};

/// Support and query features, with what the fit of `head` left.
pub struct Fit<'a, T, H> {
    pub head: H,
    pub p: Vec<T>,
    pub shape: Shape,
    pub support: (&'a [T], Targets<'a, T>),
    pub query: &'a [T],
    pub fitted: Vec<T>,
    pub saved: Vec<T>,
    workspace: Workspace<T>,
}

/// Gradients by support, query, targets and the head's own numbers.
pub struct Gradients<T> {
    pub support: Vec<T>,
    pub query: Vec<T>,
    pub targets: Vec<T>,
    pub params: Vec<T>,
}

pub fn start<T: Real, H: Head<T>>(head: &H) -> Vec<T> {
    let mut p = vec![T::ZERO; head.params()];
    head.start(&mut p);
    p
}

impl<'a, T: Real, H: HeadAdjoint<T>> Fit<'a, T, H> {
    pub fn new(
        head: H,
        p: &[T],
        shape: Shape,
        support: (&'a [T], Targets<'a, T>),
        query: &'a [T],
    ) -> Self {
        let need = head.need(&shape);
        let fitted = vec![T::NAN; head.fitted(&shape)];
        let mut fit = Self {
            p: p.to_vec(),
            shape,
            support,
            query,
            fitted,
            saved: vec![T::NAN; need.saved],
            workspace: Workspace::new(need),
            head,
        };
        let support = fit.support();
        let work = &mut fit.workspace.slabs().work;
        let done = fit
            .head
            .fit(&fit.p, &support, &mut fit.fitted, &mut fit.saved, work);
        done.unwrap();
        fit
    }

    pub fn support(&self) -> Support<'a, T> {
        let h = MatRef::planned(self.support.0, self.shape.support, self.shape.features);
        Support::new(h, self.support.1, self.shape.outputs)
    }

    fn query(&self) -> MatRef<'a, T> {
        MatRef::planned(self.query, self.shape.query, self.shape.features)
    }

    /// The query's outputs.
    pub fn outputs(&mut self) -> Vec<T> {
        let (m, c, query) = (self.shape.query, self.shape.outputs, self.query());
        let mut z = vec![T::NAN; m * c];
        let (into, work) = (
            MatMut::planned(&mut z, m, c),
            &mut self.workspace.slabs().work,
        );
        self.head.predict(&self.p, &self.fitted, query, into, work);
        z
    }

    pub fn gradients(&mut self, dz: &[T]) -> Gradients<T> {
        let Shape {
            support: n,
            query: m,
            features: d,
            outputs: c,
        } = self.shape;
        let mut g = Gradients {
            support: vec![T::NAN; n * d],
            query: vec![T::NAN; m * d],
            targets: vec![T::ZERO; n * c],
            params: vec![T::NAN; self.p.len()],
        };
        let at = HeadPoint {
            support: self.support(),
            fitted: &self.fitted,
            saved: &self.saved,
            query: self.query(),
        };
        let into = HeadGradient {
            support: MatMut::planned(&mut g.support, n, d),
            query: MatMut::planned(&mut g.query, m, d),
            targets: Some(MatMut::planned(&mut g.targets, n, c)),
            params: &mut g.params,
        };
        let work = &mut self.workspace.slabs().work;
        let dz = MatRef::planned(dz, m, c);
        self.head.adjoint(&self.p, &at, dz, into, work);
        g
    }

    /// What each support row's residual would be under the fit to the others.
    pub fn work(&mut self) -> (&H, &mut Workspace<T>) {
        (&self.head, &mut self.workspace)
    }
}
