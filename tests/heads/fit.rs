//! A head with the memory that it asks for.

use cognate::loss::Targets;
use cognate::meta::heads::{Head, HeadAdjoint, HeadGradient, HeadPoint, Shape, Support};
use cognate::workspace::Workspace;
use cognate::{MatMut, MatRef};

/// Support and query features, with what the fit of `head` left.
pub struct Fit<'a, H> {
    pub head: H,
    pub p: Vec<f64>,
    pub shape: Shape,
    pub support: (&'a [f64], Targets<'a, f64>),
    pub query: &'a [f64],
    pub fitted: Vec<f64>,
    pub saved: Vec<f64>,
    workspace: Workspace<f64>,
}

/// Gradients by support, query, targets and the head's own numbers.
pub struct Gradients {
    pub support: Vec<f64>,
    pub query: Vec<f64>,
    pub targets: Vec<f64>,
    pub params: Vec<f64>,
}

pub fn start<H: Head<f64>>(head: &H) -> Vec<f64> {
    let mut p = vec![0.0; head.params()];
    head.start(&mut p);
    p
}

impl<'a, H: HeadAdjoint<f64>> Fit<'a, H> {
    pub fn new(
        head: H,
        p: &[f64],
        shape: Shape,
        support: (&'a [f64], Targets<'a, f64>),
        query: &'a [f64],
    ) -> Self {
        let need = head.need(&shape);
        let fitted = vec![f64::NAN; head.fitted(&shape)];
        let mut fit = Self {
            p: p.to_vec(),
            shape,
            support,
            query,
            fitted,
            saved: vec![f64::NAN; need.saved],
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

    pub fn support(&self) -> Support<'a, f64> {
        let h = MatRef::planned(self.support.0, self.shape.support, self.shape.features);
        Support::new(h, self.support.1, self.shape.outputs)
    }

    fn query(&self) -> MatRef<'a, f64> {
        MatRef::planned(self.query, self.shape.query, self.shape.features)
    }

    /// The query's outputs.
    pub fn outputs(&mut self) -> Vec<f64> {
        let (m, c, query) = (self.shape.query, self.shape.outputs, self.query());
        let mut z = vec![f64::NAN; m * c];
        let (into, work) = (
            MatMut::planned(&mut z, m, c),
            &mut self.workspace.slabs().work,
        );
        self.head.predict(&self.p, &self.fitted, query, into, work);
        z
    }

    pub fn gradients(&mut self, dz: &[f64]) -> Gradients {
        let Shape {
            support: n,
            query: m,
            features: d,
            outputs: c,
        } = self.shape;
        let mut g = Gradients {
            support: vec![f64::NAN; n * d],
            query: vec![f64::NAN; m * d],
            targets: vec![0.0; n * c],
            params: vec![f64::NAN; self.p.len()],
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
    pub fn work(&mut self) -> (&H, &mut Workspace<f64>) {
        (&self.head, &mut self.workspace)
    }
}
